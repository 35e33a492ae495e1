"""The student as it is served: exported to ONNX, products tokenised once, batches planned by measurement.

It must not know how a student is trained, nor who asks it.
"""
