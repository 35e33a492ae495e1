import hashlib
import logging

import pytest
from pydantic import SecretStr

from eval.errors import InputError
from serving.access import Access
from serving.settings import ServeSettings

SEARCH = {"query": "red shoe"}
DIGEST = "sha256:" + hashlib.sha256(b"third-key").hexdigest()


def _status(http, **headers):
    return http.post("/v1/search", json=SEARCH, headers=headers).status_code


def test_without_keys_all_may_read(client):
    assert _status(client()) == 200


def test_a_key_opens_the_routes_in_either_header(client, caplog):
    caplog.set_level(logging.DEBUG)
    http = client(api_keys=("first-key", "schlüssel-zwei", DIGEST))
    assert _status(http) == 401
    assert _status(http, **{"X-API-Key": "wrong"}) == 401
    assert _status(http, **{"X-API-Key": ""}) == 401
    assert _status(http, Authorization="Basic first-key") == 401
    assert _status(http, **{"X-API-Key": DIGEST}) == 401  # the digest itself is no key
    assert _status(http, **{"X-API-Key": "first-key"}) == 200
    assert _status(http, Authorization="Bearer first-key") == 200
    assert _status(http, authorization="bearer third-key") == 200
    assert _status(http, **{"X-API-Key": "schlüssel-zwei".encode()}) == 200
    refused = http.post("/v1/search", json=SEARCH, headers={"X-API-Key": "wrong-key"})
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["type"] == "unauthorized"
    assert "wrong-key" not in refused.text
    assert not any(key in caplog.text for key in ("first-key", "wrong-key", "third-key"))


def test_every_route_but_health_metrics_and_the_page_asks_for_the_key(client):
    http = client(api_keys=("a-key",))
    paths = http.get("/openapi.json").json()["paths"]
    open_to_all = {"/health/live", "/health/ready", "/metrics", "/v1/examples"}
    for path, operations in paths.items():
        for method in operations:
            response = http.request(method, path.replace("{product_id}", "p1"), json={})
            assert (response.status_code == 401) == (path not in open_to_all), (method, path)


def test_write_keys_read_and_write_and_read_keys_only_read(client):
    http = client(api_keys=("reader",), write_keys=("writer",))
    assert _status(http, **{"X-API-Key": "reader"}) == 200
    assert _status(http, **{"X-API-Key": "writer"}) == 200
    body = {"fields": {"title": "x"}}
    assert http.put("/v1/products/p", json=body, headers={"X-API-Key": "reader"}).status_code == 401
    # This shop is a fixed one: who may write is told so.
    assert http.put("/v1/products/p", json=body, headers={"X-API-Key": "writer"}).status_code == 404


def test_with_write_keys_alone_reading_is_open(client):
    http = client(write_keys=("writer",))
    assert _status(http) == 200
    assert http.delete("/v1/products/p").status_code == 401


@pytest.mark.parametrize("key", ["", "  ", "sha256:12", "sha256:" + "G" * 64])
def test_keys_that_are_none_are_refused_at_the_start(key):
    with pytest.raises(InputError, match="API key"):
        Access(ServeSettings(api_keys=(SecretStr(key),)))


def test_settings_do_not_show_keys():
    settings = ServeSettings(api_keys=("very-secret",), write_keys=("more-secret",))
    assert "secret" not in repr(settings).replace("SecretStr", "")
    assert "very-secret" not in settings.model_dump_json()
