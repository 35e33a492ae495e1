"""The two-stage service that most tutorials would have you write: the peer that `benchmarks/serve.py` compares with.

    python -m benchmarks.peer_service RUN PORT

FastAPI, a SentenceTransformer with a FAISS index, a CrossEncoder with the library's defaults; the same products, the
same encoder and the same student as the run. Endpoints are plain functions, as FastAPI's documentation has it for
blocking work: they run in its thread pool.
"""

import sys
import time
from pathlib import Path

import faiss
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import CrossEncoder, SentenceTransformer

from retrieval.catalogue import Catalogue
from workflow.config.run import load_config
from workflow.stages.first_stage import student_template


class Search(BaseModel):
    """One search."""

    query: str
    size: int = 10
    window: int = 100


def make_app(run: Path) -> FastAPI:
    """The service over a run's products, encoder and student."""
    config = load_config(run / "config.yaml")
    catalogue = Catalogue.load(run / "data" / "catalogue")
    template = student_template(config, catalogue)
    texts = catalogue.texts(template, 0, len(catalogue))
    encoder = SentenceTransformer(str(run / "encoder"))
    reranker = CrossEncoder(str(run / "student"))
    stored = run / "index" / "embeddings" / "embeddings.npy"
    vectors = np.load(stored) if stored.exists() else encoder.encode(texts, normalize_embeddings=True)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    ids = catalogue.ids
    app = FastAPI()

    @app.post("/v1/search")
    def search(body: Search) -> dict:
        started = time.perf_counter()
        vector = encoder.encode([body.query], normalize_embeddings=True)
        _scores, rows = index.search(vector, body.window)
        retrieved = time.perf_counter()
        reranked = reranker.predict([(body.query, texts[row]) for row in rows[0]])
        order = np.argsort(-reranked)[: body.size]
        ended = time.perf_counter()
        return {
            "hits": [{"id": ids[rows[0][place]], "score": float(reranked[place])} for place in order],
            "degraded": False,
            "degraded_reason": None,
            "timings_ms": {"retrieve": (retrieved - started) * 1e3, "rerank": (ended - retrieved) * 1e3},
        }

    @app.get("/health/live")
    def live() -> dict:
        return {"status": "alive"}

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="warning")
