import base64

import numpy as np
import pytest

from retrieval.encoder import Encoder


@pytest.fixture(scope="module")
def encoder(finished_run):
    return Encoder(str(finished_run / "encoder"), max_length=64)


def test_vectors_are_the_encoders(client, encoder):
    texts = ["red shoe", "blue cup with handle", "red shoe"]
    answer = client().post("/v1/embeddings", json={"input": texts, "model": "mini"}).json()
    assert answer["object"] == "list"
    assert answer["model"] == "mini"
    assert [one["index"] for one in answer["data"]] == [0, 1, 2]
    vectors = np.array([one["embedding"] for one in answer["data"]], dtype=np.float32)
    assert np.array_equal(vectors, encoder.encode_products(texts))
    assert answer["usage"] == {"prompt_tokens": 8, "total_tokens": 8}


def test_base64_holds_the_same_numbers(client):
    http = client()
    plain = http.post("/v1/embeddings", json={"input": "red shoe"}).json()["data"][0]["embedding"]
    coded = http.post("/v1/embeddings", json={"input": "red shoe", "encoding_format": "base64"}).json()
    assert np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), dtype="<f4").tolist() == plain


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": [[1, 2, 3]]}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": "a", "dimensions": 7}, "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": ["a"] * 4}, "input"),
        ({"input": "a" * 51}, "input"),
        ({"input": ["a" * 51]}, "input"),
    ],
)
def test_what_it_cannot_do_is_refused(client, body, field):
    response = client(max_documents=3, max_document_characters=50).post("/v1/embeddings", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["field"].startswith(field)


def test_the_models_own_dimensions_may_be_named(client, encoder):
    assert client().post("/v1/embeddings", json={"input": "a", "dimensions": encoder.dim}).status_code == 200
