"""Which products might match? Data, catalogue, bi-encoder, indexes and first-stage retrievers.

Must not know: rerank, augment, serving.
"""
