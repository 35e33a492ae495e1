"""Live changes through the routes, over the real log and the real index."""

import json
import os

import pytest

from serving.engine import SearchEngine
from serving.settings import ServeSettings

NEW = {"title": "zebra striped wool blanket", "brand": "Zebrissimo", "colour": "black"}


@pytest.fixture
def live(client, live_served):
    def make(**settings):
        one = SearchEngine(live_served, ServeSettings(deadline_ms=0, workers=2, refresh_ms=20, **settings))
        return client(one)

    return make


def _ids(http, query="zebra striped wool blanket", **body):
    answer = http.post("/v1/search", json={"query": query, "size": 100, **body}).json()
    return [hit["id"] for hit in answer["hits"]], answer["version"]["live"]


def test_a_product_is_found_as_soon_as_it_is_acknowledged_and_gone_when_deleted(live):
    http = live()
    assert "new/1" not in _ids(http)[0]
    changed = http.put("/v1/products/new%2F1", json={"fields": NEW})
    assert changed.status_code == 200, changed.text
    assert changed.json()["changes"] == 1
    ids, version = _ids(http)
    assert "new/1" in ids
    assert version == changed.json()["version"] == 1
    assert http.get("/v1/products/new/1").json()["fields"] == {**dict.fromkeys(_fields(http), ""), **NEW}
    assert _ids(http, filters={"brand": "Zebrissimo"})[0] == ["new/1"]
    assert http.put("/v1/products/new/1", json={"fields": NEW | {"brand": "Other"}}).status_code == 200
    assert _ids(http, filters={"brand": "Zebrissimo"})[0] == []
    assert http.delete("/v1/products/new/1").json()["version"] == 3
    assert "new/1" not in _ids(http)[0]
    assert http.get("/v1/products/new/1").status_code == 404
    assert http.delete("/v1/products/new/1").status_code == 200  # a second time is no error
    info = http.get("/v1/info").json()
    assert (info["live"], info["writes"]) == (3, True)


def _fields(http):
    return http.get("/v1/info").json()["fields"]


def test_another_process_sees_the_change(live, live_served):
    http = live()
    other = live_served()  # opened on the same log, as another replica has it
    http.put("/v1/products/p-new", json={"fields": NEW})
    assert other.shop.view().version == 0
    assert other.shop.refresh()
    assert other.shop.view().catalogue.row("p-new") >= 150
    other.shop.put([other.shop.view().catalogue.products([0])[0].__class__("from-other", NEW)])
    for _ in range(300):  # the background thread looks every 20 ms
        if "from-other" in _ids(http)[0]:
            break
    assert "from-other" in _ids(http)[0]
    other.close()


@pytest.mark.parametrize("lines", [True, False])
def test_bulk_changes_are_made_in_order(live, opened, lines):
    http = live()
    gone = opened.catalogue.ids[0]
    changes = [
        {"put": {"id": "a", "fields": NEW}},
        {"delete": "a"},
        {"put": {"id": "a", "fields": NEW | {"brand": "Second"}}},
        {"put": {"id": "b", "fields": NEW}},
        {"delete": gone},
    ]
    if lines:
        body = "\n".join(json.dumps(change) for change in changes) + "\n\n"
        response = http.post("/v1/products:bulk", content=body, headers={"content-type": "application/x-ndjson"})
    else:
        response = http.post("/v1/products:bulk", json=changes)
    assert response.status_code == 200, response.text
    assert response.json()["changes"] == 5
    assert http.get("/v1/products/a").json()["fields"]["brand"] == "Second"
    assert http.get("/v1/products/b").status_code == 200
    assert http.get(f"/v1/products/{gone}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([], "0 changes"),
        ({"put": 1}, "no list"),
        ([{"put": {"id": "a", "fields": NEW}}, {}], "change 1: put: Field required"),
        ([{"put": {"id": "a", "fields": NEW}}, {"put": {"id": "b", "fields": {"colr": "x"}}}], "'colr'"),
        ([{"put": {"id": "a", "fields": {"title": 3}}}], "valid string"),
        ([{"delete": "a\u0000b"}], "control characters"),
        ([{"delete": "a", "put": {"id": "a", "fields": NEW}}], "change 0: put: Extra inputs"),
        ([7], "change 0: Input should be a valid dictionary"),
        ([{"delete": " "}], "not blank"),
        ([{"delete": "a" * 513}], "at most 512"),
        ([{"delete": "a"}] * 6, "1 to 5"),
    ],
)
def test_a_bulk_with_anything_wrong_changes_nothing(live, changes, message):
    http = live(max_documents=5)
    response = http.post("/v1/products:bulk", json=changes)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]
    assert http.get("/v1/info").json()["live"] == 0


@pytest.mark.parametrize(
    "product_id",
    [
        "../../etc/passwd",
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2f%2e%2e%2fx",
        "a%00b",
        "C:\\x",
        "~",
        "-rf",
        "%s%n",
        "💥",
        "CON",
    ],
)
def test_ids_are_only_ids(live, live_served, product_id, tmp_path):
    before = sorted(os.listdir(tmp_path))
    http = live()
    response = http.put(f"/v1/products/{product_id}", json={"fields": NEW})
    assert response.status_code in (200, 400, 404)
    assert str(tmp_path) not in response.text
    if response.status_code == 200:
        assert "Zebrissimo" in http.get(f"/v1/products/{product_id}").text
    assert sorted(os.listdir(tmp_path)) == sorted({*before, "live"})


def test_a_shop_that_takes_no_changes_says_so(client, live):
    for http in (client(), live(writes=False)):
        for response in (http.put("/v1/products/a", json={"fields": NEW}), http.delete("/v1/products/a")):
            assert response.status_code == 404
            assert "takes no product changes" in response.json()["error"]["message"]
        assert http.get("/v1/info").json()["writes"] is False


def test_a_change_that_cannot_be_stored_is_not_acknowledged_and_search_goes_on(live, tmp_path):
    http = live()
    assert http.put("/v1/products/a", json={"fields": NEW}).status_code == 200
    lock = tmp_path / "live" / "CURRENT"
    lock.unlink()
    response = http.put("/v1/products/b", json={"fields": NEW})
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "unavailable"
    assert str(tmp_path) not in response.text
    assert "a" in _ids(http)[0]
    assert "b" not in _ids(http)[0]


def test_many_changes_are_merged_in_the_background_and_nothing_is_lost(live):
    http = live(merge_at=5)
    for number in range(6):
        http.put(f"/v1/products/n{number}", json={"fields": NEW})
    for _ in range(500):
        info = http.get("/v1/info").json()
        if info["delta_rows"] <= 1:  # the last may have come while the first five were merged
            break
        _ids(http)
    assert info["delta_rows"] <= 1
    assert (info["retired"], info["live"], info["products"]) == (0, 6, 156)
    assert {f"n{number}" for number in range(6)} <= set(_ids(http)[0])
    for _ in range(500):
        if 'distilrank_merges_total{outcome="done"}' in (text := http.get("/metrics").text):
            break
    assert 'distilrank_merges_total{outcome="done"} 1.0' in text
