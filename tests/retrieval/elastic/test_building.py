"""Building in a cluster on a bad day: nothing is lost, nothing counted twice, and searches go on."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_elastic import FakeElastic

from eval.errors import InputError, MachineError, PartialError
from retrieval.catalogue import Catalogue
from retrieval.elastic.build import built_index
from retrieval.elastic.connection import Cluster, ClusterError
from retrieval.elastic.versions import versions
from retrieval.types import Product

from .conftest import Build  # isort: skip


class KilledError(Exception):
    """What a SIGKILL is to the code that it interrupts: nothing after it runs."""


def killed_after(documents: int) -> Any:
    def progress(done: int, count: int) -> None:
        if done >= documents:
            raise KilledError

    return progress


def bulks(node: FakeElastic) -> list[list[str]]:
    """The ids of each bulk request."""
    asked = [request for request in node.requests if request.path.endswith("_bulk")]
    return [[line["index"]["_id"] for line in request.lines()[::2]] for request in asked]


def held(node: FakeElastic, alias: str = "shop") -> set[str]:
    return {document for index in node.store.aliased(alias) for document in index.searchable}


def test_every_product_is_there_once(
    node: FakeElastic, cluster: Cluster, build: Build, products: list[Product], tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    built = build(cluster, progress=lambda done, count: seen.append((done, count)))
    assert (built.documents, built.rejected, built.removed) == (60, 0, ())
    assert held(node) == {product.id for product in products}
    assert seen == [(done, 60) for done in [*range(0, 60, 8), 60]]
    (index,) = node.store.aliased("shop")
    assert index.name == built.index
    shown = index.documents["p7"].source
    assert shown["title"] == "blue cup 7"
    assert shown["product_text"] == "blue cup 7 | b"
    assert shown["product_words"] == "blue cup 7 b"
    assert shown["product_row"] == 7
    assert index.mapping["_meta"]["distilrank"]["complete"] is True
    assert index.settings["refresh_interval"] is None
    assert (tmp_path / "elastic" / "rejected.jsonl").read_text() == ""


@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_a_node_that_goes_away_in_mid_bulk(
    when: Any, node: FakeElastic, cluster: Cluster, build: Build, products: list[Product]
) -> None:
    node.faults.close("_bulk", when, times=2, after=2)
    assert build(cluster).documents == 60
    assert held(node) == {product.id for product in products}


def test_a_second_node_takes_over(build: Build, products: list[Product]) -> None:
    from retrieval.elastic.connection import connect

    with FakeElastic() as first, FakeElastic(store=first.store) as second:
        cluster = connect([first.url, second.url], timeout_s=2.0)
        first.stop()
        assert build(cluster).documents == 60
        assert held(second) == {product.id for product in products}
        cluster.close()


def test_too_many_requests_are_waited_for(
    node: FakeElastic, cluster: Cluster, build: Build, products: list[Product]
) -> None:
    node.faults.status("_bulk", 429, times=2, headers={"Retry-After": "0"})
    node.faults.reject({"p3": 429, "p4": 429}, times=2)
    assert build(cluster).rejected == 0
    assert held(node) == {product.id for product in products}
    again = [ids for ids in bulks(node) if "p3" in ids]
    assert [len(ids) for ids in again] == [8, 8, 8, 2, 2]  # two whole, refused; one with two items refused; those two


def test_a_cluster_that_stays_busy_is_an_error_and_its_work_is_kept(
    node: FakeElastic, cluster: Cluster, build: Build, products: list[Product]
) -> None:
    node.faults.reject({"p20": 429}, times=3)
    with pytest.raises(ClusterError, match="too busy for 1 documents, 3 times"):
        build(cluster)
    assert node.store.aliased("shop") == []
    node.requests.clear()
    assert build(cluster).documents == 60
    assert bulks(node)[0][0] == "p16"  # the batch that p20 is in
    assert held(node) == {product.id for product in products}


@pytest.mark.parametrize("after", [8, 32, 60])
def test_a_killed_build_goes_on_where_it_stopped(
    after: int, node: FakeElastic, cluster: Cluster, build: Build, products: list[Product]
) -> None:
    node.faults.reject({"p2": 400})
    with pytest.raises(KilledError):
        build(cluster, progress=killed_after(after), rejected_share=0.1)
    assert node.store.aliased("shop") == []
    node.requests.clear()
    built = build(cluster, rejected_share=0.1)
    assert (built.documents, built.rejected) == (59, 1)
    sent = [document for ids in bulks(node) for document in ids]
    assert sent == ["p2", *(f"p{n}" for n in range(min(-(-after // 8) * 8, 60), 60))]
    assert held(node) == {product.id for product in products} - {"p2"}


def test_an_index_that_was_deleted_meanwhile_is_filled_anew(node: FakeElastic, cluster: Cluster, build: Build) -> None:
    with pytest.raises(KilledError):
        build(cluster, progress=killed_after(32))
    (begun,) = node.store.indices
    cluster.client.indices.delete(index=begun)
    assert build(cluster).documents == 60


def test_rejected_documents_are_listed_and_the_alias_stays(
    node: FakeElastic, cluster: Cluster, build: Build, catalogue: Catalogue, tmp_path: Path
) -> None:
    node.faults.reject({"p5": 400, "p41": 400, "p42": 413})
    with pytest.raises(PartialError, match=r"refused 3 of 60 products \(2 400 document_parsing_exception, 1 413"):
        build(cluster)
    assert node.store.aliased("shop") == []
    report = [json.loads(line) for line in (tmp_path / "elastic" / "rejected.jsonl").read_text().splitlines()]
    assert [(one["product_id"], one["row"], one["status"]) for one in report] == [
        ("p5", 5, 400),
        ("p41", 41, 400),
        ("p42", 42, 413),
    ]
    assert report[0]["reason"] == "a rejection on purpose"
    node.faults.clear()
    node.faults.reject({"p41": 400})  # the others have been mended in the cluster
    node.requests.clear()
    built = build(cluster, rejected_share=0.02)
    assert (built.documents, built.rejected) == (59, 1)
    assert bulks(node) == [["p5", "p41", "p42"]]
    assert len((tmp_path / "elastic" / "rejected.jsonl").read_text().splitlines()) == 1


def test_a_cluster_that_refuses_everything_is_not_sent_everything(
    node: FakeElastic, cluster: Cluster, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.elastic.filling._HOPELESS", 10)
    node.faults.reject({f"p{n}": 400 for n in range(60)}, times=1)
    with pytest.raises(PartialError, match="refused 16 of 16 products"):
        build(cluster)
    assert len(bulks(node)) == 2
    assert build(cluster, rejected_share=1.0).documents == 16  # each is refused once


def test_a_bulk_that_is_too_large_is_halved(node: FakeElastic, cluster: Cluster, build: Build) -> None:
    node.faults.status("_bulk", 413, times=3)
    assert build(cluster).documents == 60
    assert [len(ids) for ids in bulks(node)][:6] == [8, 4, 2, 1, 1, 2]


def test_a_complete_version_is_used_as_it_is(
    node: FakeElastic, cluster: Cluster, build: Build, catalogue: Catalogue, tmp_path: Path
) -> None:
    first = build(cluster)
    node.requests.clear()
    again = build(cluster, directory=tmp_path / "another run")
    assert (again.index, again.documents) == (first.index, 60)
    assert bulks(node) == []
    assert built_index(cluster, "shop", tmp_path / "another run", "letters", catalogue) == first.index


def test_another_catalogue_is_swapped_in_at_once_and_the_old_removed_on_request(
    node: FakeElastic, cluster: Cluster, build: Build, products: list[Product], tmp_path: Path
) -> None:
    first = build(cluster)
    newer = Catalogue.write([Product("n1", {"title": "a new one", "brand": "a"}), *products[:30]], tmp_path / "newer")
    with pytest.raises(KilledError):
        build(cluster, newer, progress=killed_after(8))
    assert held(node) == {product.id for product in products}  # searched as before, while the new one is filled
    second = build(cluster, newer)
    assert held(node) == {product.id for product in newer.products(range(31))}
    assert sorted(node.store.indices) == sorted([first.index, second.index])
    swap = [request.json()["actions"] for request in node.requests if request.path == "/_aliases"][-1]
    assert swap == [
        {"remove": {"index": first.index, "alias": "shop"}},
        {"add": {"index": second.index, "alias": "shop"}},
    ]
    assert build(cluster, newer, keep_old=False).removed == (first.index,)
    assert [version.name for version in versions(cluster, "shop")] == [second.index]


def test_documents_that_vanish_are_noticed_before_the_swap(node: FakeElastic, cluster: Cluster, build: Build) -> None:
    def steal(done: int, count: int) -> None:
        if done == count:
            (index,) = node.store.indices.values()
            index.documents.pop("p9")

    with pytest.raises(MachineError, match="holds 59 documents, expected 60"):
        build(cluster, progress=steal)
    assert node.store.aliased("shop") == []


def test_a_name_that_belongs_to_somebody_else(node: FakeElastic, cluster: Cluster, build: Build) -> None:
    cluster.client.indices.create(index="shop", body={})
    with pytest.raises(InputError, match="'shop' that distilrank has not made"):
        build(cluster)


def test_what_was_built_is_refused_for_another_encoder_and_when_it_is_gone(
    cluster: Cluster, build: Build, catalogue: Catalogue, tmp_path: Path
) -> None:
    built = build(cluster)
    assert built_index(cluster, "shop", tmp_path / "elastic", "letters", catalogue) == built.index
    with pytest.raises(InputError, match="another encoder"):
        built_index(cluster, "shop", tmp_path / "elastic", "numbers", catalogue)
    cluster.client.indices.delete(index=built.index)
    with pytest.raises(MachineError, match="has no complete index"):
        built_index(cluster, "shop", tmp_path / "elastic", "letters", catalogue)


def test_a_create_whose_answer_was_lost(node: FakeElastic, cluster: Cluster, build: Build) -> None:
    node.faults.close("PUT /shop-", "after")
    assert build(cluster).documents == 60
