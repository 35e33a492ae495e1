"""`POST /v1/embeddings` in OpenAI's shape."""

import base64

import numpy as np
from fastapi import APIRouter, Depends, Request, Response

from serving.json_body import StrictRoute
from serving.problems import invalid
from serving.schemas.base import errors
from serving.schemas.embeddings import Embedding, EmbeddingsRequest, EmbeddingsResponse, Usage
from serving.service import Service, as_json


def router(service: Service) -> APIRouter:
    """The route of the bi-encoder's vectors."""
    routes = APIRouter(route_class=StrictRoute, tags=["embeddings"], dependencies=[Depends(service.access.read)])

    @routes.post(
        "/v1/embeddings", response_model=EmbeddingsResponse, responses=errors(), summary="Embed texts (OpenAI)"
    )
    async def embeddings(body: EmbeddingsRequest, request: Request) -> Response:
        """Unit vectors of texts; `openai.OpenAI().embeddings` works with it unchanged."""
        service.limits.check(body)
        texts = [body.input] if isinstance(body.input, str) else body.input
        encoder = service.engine.served.encoder
        if encoder is not None and body.dimensions not in (None, encoder.dim):
            raise invalid(f"vectors have {encoder.dim} dimensions, not {body.dimensions}", "dimensions")
        queries = body.input_type == "query"
        vectors, tokens = await service.run(request, lambda: service.engine.embed(texts, queries=queries))
        answer = EmbeddingsResponse(
            data=[
                Embedding(index=place, embedding=_written(vector, body.encoding_format))
                for place, vector in enumerate(vectors)
            ],
            model=body.model or service.engine.served.versions.index,
            usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
        )
        return as_json(answer)

    return routes


def _written(vector: np.ndarray, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    return vector.tolist()
