import csv
import dataclasses
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from augment_toy import OPTIONS, PROTECTED, TEMPLATE, toy_catalogue, toy_log, toy_mine, toy_retrievers

from augment.guard import LeakGuard
from augment.mine_options import MineOptions
from augment.pairs import PAIR_SCHEMA, Pairs
from augment.selection import Stratum
from eval.errors import InputError, PartialError
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery
from retrieval.query_key import query_key
from retrieval.types import Query


def contents(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_every_selected_query_gets_its_products_from_every_stratum_once(tmp_path: Path) -> None:
    pairs = toy_mine(tmp_path / "pairs")
    rows = list(pairs)
    assert len(rows) == len(pairs) == 40 * OPTIONS.products_per_query
    assert len({(row.query_id, row.product_id) for row in rows}) == len(rows)
    assert pairs.manifest["queries"]["selected"] == len({row.query_id for row in rows}) == 40
    ranks = {
        (query_id, hit.product_id): rank
        for query_id, text in {row.query_id: row.query for row in rows}.items()
        for rank, hit in enumerate(toy_retrievers(toy_catalogue())["dense"].search([Query("", text)], 20)[0], start=1)
    }
    for row in rows:
        assert row.rank == ranks.get((row.query_id, row.product_id))
        assert ("dense" in row.source.split("+")) == (row.rank is not None)
    covered = [row for row in rows if row.coverage >= 0.7]
    assert {row.stratum for row in covered} == {"1-4", "5-20", "neighbour", "random"}
    assert Counter(row.stratum for row in rows) == {k: v for k, v in pairs.manifest["strata"].items() if v}
    assert 30 <= len({row.query_id for row in covered}) < 40


def test_neighbours_share_the_category_of_the_best_hit(tmp_path: Path) -> None:
    catalogue = toy_catalogue()
    pairs = toy_mine(tmp_path / "pairs")
    neighbours = [row for row in pairs if row.stratum == "neighbour"]
    assert len(neighbours) >= 30
    for row in neighbours:
        best = toy_retrievers(catalogue)["dense"].search([Query("", row.query)], 1)[0][0].product_id
        assert catalogue.product(row.product_id)["category"] == catalogue.product(best)["category"]
        assert "neighbour" in row.source.split("+")


def test_without_a_category_neighbours_are_near_the_best_hits_title(tmp_path: Path) -> None:
    catalogue = toy_catalogue(categories=False)
    dense = toy_retrievers(catalogue)["dense"]
    pairs = toy_mine(tmp_path / "pairs", catalogue=catalogue)
    neighbours = [row for row in pairs if row.stratum == "neighbour"]
    assert len(neighbours) >= 30
    for row in neighbours:
        best = dense.search([Query("", row.query)], 1)[0][0].product_id
        near = dense.search([Query("", catalogue.product(best)["title"])], 50)[0]
        assert row.product_id in {hit.product_id for hit in near} - {best}


def test_no_held_out_query_is_mined_and_every_leak_is_listed(tmp_path: Path) -> None:
    pairs = toy_mine(tmp_path / "pairs")
    LeakGuard(PROTECTED).assert_clean(row.query for row in pairs)
    with (tmp_path / "pairs" / "leaks.csv").open(encoding="utf-8", newline="") as stream:
        listed = [(row["query"], row["reason"], row["protected_id"]) for row in csv.DictReader(stream)]
    assert listed == [("RED cotton-shirt", "same", "t1"), ("shirt cotton red", "near", "t1")]
    assert pairs.manifest["log"] == {
        "entries": 92,
        "repeated": 1,
        "empty": 1,
        "judged": 0,
        "usable": 88,
        "leaks": {"queries": 2, "entries": 2, "same": 1, "near": 1},
    }


def test_judged_train_queries_enter_flagged_under_their_own_id(tmp_path: Path) -> None:
    judged = [Query("train-1", "Red shirt"), Query("train-2", "not in the log")]
    options = dataclasses.replace(OPTIONS, queries=1000)
    flagged = {
        (row.query_id, row.query) for row in toy_mine(tmp_path / "a", judged=judged, options=options) if row.judged
    }
    assert flagged == {("train-1", "Red shirt")}
    without = toy_mine(tmp_path / "b", judged=judged, options=dataclasses.replace(options, judged=False))
    assert query_key("red shirt") not in {query_key(row.query) for row in without}


def test_the_pool_bounds_how_many_queries_are_examined(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    options = dataclasses.replace(OPTIONS, pool=30, queries=20)
    pairs = toy_mine(tmp_path / "pairs", options=options, progress=lambda *at: done.append(at))
    assert pairs.manifest["coverage"]["examined"] == 30
    assert done == [(30, 50), (37, 50), (44, 50), (50, 50)]
    assert pairs.manifest["shards"] == [7 * 7, 7 * 7, 6 * 7]


def test_pairs_are_the_same_for_a_seed_and_differ_between_seeds(tmp_path: Path) -> None:
    toy_mine(tmp_path / "a")
    toy_mine(tmp_path / "b")
    toy_mine(tmp_path / "c", seed=4)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert Pairs(tmp_path / "a").fingerprint != Pairs(tmp_path / "c").fingerprint


def test_slices_of_pairs_are_those_of_the_whole(tmp_path: Path) -> None:
    pairs = toy_mine(tmp_path / "pairs")
    rows = [row._asdict() for row in pairs]
    for start, stop in ((0, 1), (48, 50), (0, 280), (100, 10_000), (280, 300)):
        table = pairs.table(start, stop)
        assert table.schema == PAIR_SCHEMA
        assert table.to_pylist() == rows[start:stop]


def test_datasets_reads_the_shards(tmp_path: Path) -> None:
    pairs = toy_mine(tmp_path / "pairs")
    files = str(tmp_path / "pairs" / "shard-*.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded.column_names == PAIR_SCHEMA.names
    assert len(loaded) == len(pairs)


def test_it_works_with_the_real_catalogue_and_bm25(tmp_path: Path) -> None:
    toy = toy_catalogue()
    catalogue = Catalogue.write((toy.product(product_id) for product_id in toy.ids), tmp_path / "catalogue")
    bm25 = BM25Retriever.build(catalogue, TEMPLATE, tmp_path / "bm25")
    pairs = toy_mine(tmp_path / "pairs", catalogue=catalogue, retrievers={"bm25": bm25}, first_stage="bm25")
    assert len(pairs) == 40 * OPTIONS.products_per_query
    queries = pq.read_table(tmp_path / "pairs" / "queries.parquet").to_pylist()
    assert all((row["coverage"] >= 0.7) == ("spare part" not in row["query"]) for row in queries)


def test_finished_pairs_are_returned_and_other_inputs_refused(tmp_path: Path) -> None:
    first = toy_mine(tmp_path / "pairs")
    before = contents(tmp_path / "pairs")
    assert toy_mine(tmp_path / "pairs", retrievers={"dense": None, "bm25": None}).fingerprint == first.fingerprint
    with pytest.raises(InputError, match=r"mined with another guard, seed; .*renew"):
        toy_mine(tmp_path / "pairs", seed=9, guard=LeakGuard(PROTECTED[:1]))
    assert contents(tmp_path / "pairs") == before
    assert toy_mine(tmp_path / "pairs", seed=9, renew=True).fingerprint != first.fingerprint


def test_unfinished_pairs_are_not_opened(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > 100:
            raise PartialError("out of budget")

    with pytest.raises(PartialError):
        toy_mine(tmp_path / "pairs", progress=stop)
    with pytest.raises(InputError, match="no finished pairs; run the mine stage"):
        Pairs(tmp_path / "pairs")
    toy_mine(tmp_path / "pairs")
    toy_mine(tmp_path / "whole")
    assert contents(tmp_path / "pairs") == contents(tmp_path / "whole")
    (tmp_path / "pairs" / "shard-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"shard-00001.parquet is missing; remove"):
        Pairs(tmp_path / "pairs")


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="not mined pairs"):
        toy_mine(tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"dear"}


def test_a_log_of_nothing_but_leaks_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none of the log's 2 queries can be used \(1 are held out\)"):
        toy_mine(tmp_path / "pairs", log=[LogQuery("red cotton shirt"), LogQuery("?")])


def test_an_unknown_first_stage_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'hybrid' is none of the retrievers bm25, dense"):
        toy_mine(tmp_path / "pairs", first_stage="hybrid")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queries": 0}, r"mine.queries is 0, expected 1 or more"),
        ({"uncovered_share": 1.5}, r"mine.uncovered_share is 1.5, expected a share"),
        ({"strata": (Stratum(1, 4, 2), Stratum(4, 9, 2))}, r"4-9 \(take 2\) after rank 4, expected rising"),
        ({"strata": (Stratum(1, 90, 2),)}, r"1-90 .* end at mine.depth \(80\)"),
        ({"strata": (), "random": 0, "neighbours": 0}, "ask for no product"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MineOptions(**options)


def test_mining_needs_no_heavy_library() -> None:
    code = (
        "import sys, augment.mining, augment.labelling, augment.sanity; "
        "print([m for m in ('torch', 'transformers', 'datasets', 'faiss', 'ray', 'ir_measures') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert json.loads(done.stdout) == []


def test_the_log_of_the_toy_has_no_ambiguity() -> None:
    assert len(toy_log()) == 92
