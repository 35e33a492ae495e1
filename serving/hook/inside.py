"""The student inside Elasticsearch, on its machine-learning nodes (8.19, 9.1 and later; Enterprise or trial licence).

`eland_export.py` writes the model as eland imports it; this is the inference endpoint on the imported model. Making the
endpoint deploys the model, deleting it stops the deployment.
"""

from typing import Any

from serving.hook.pieces import Call, Ids, Piece


def rerank_body(model_id: str, *, allocations: int = 1, threads: int = 1) -> dict[str, Any]:
    """The body of `PUT /_inference/rerank/NAME`.

    Args:
        model_id: under which eland imported the student.
        allocations: copies that answer at once.
        threads: of each; a power of two.
    """
    settings = {"model_id": model_id, "num_allocations": allocations, "num_threads": threads}
    return {"service": "elasticsearch", "service_settings": settings, "task_settings": {"return_documents": False}}


def pieces(name: str, model_id: str) -> list[Piece]:
    """`NAME-rerank`, on a model that eland has imported."""

    def rerank(_: Ids) -> Call:
        return Call("PUT", f"/_inference/rerank/{name}-rerank", rerank_body(model_id))

    return [Piece("rerank endpoint", f"{name}-rerank", rerank, "/_inference/rerank/{id}", model_id)]
