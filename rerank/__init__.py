"""In which order? The teacher, the student, their losses and training, and the two-stage search pipeline.

Must not know: augment, serving.
"""
