import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from augment_toy import TEMPLATE, toy_catalogue, toy_retrievers

from augment.coverage import CHUNK, WordWeights, coverage, measure_coverage
from retrieval.types import Query


def test_lexical_cover_is_the_share_of_idf_in_the_best_single_text() -> None:
    weights = WordWeights(["red shirt", "green shirt", "red shoe"], {"red", "shirt", "zebra", "shoe"})
    red, zebra = math.log(1 + 3 / 3), math.log(1 + 3 / 1)
    assert weights.weight("red") == pytest.approx(red)
    assert weights.weight("zebra") == pytest.approx(zebra)
    assert weights.lexical("red shirts", ["Red shirt | shop"]) == pytest.approx(1.0)
    assert weights.lexical("red zebra", ["a red shirt", "green"]) == pytest.approx(red / (red + zebra))
    assert weights.lexical("red shoe", ["green shoe", "red shirt"]) < 1  # no single product holds both
    assert weights.lexical("red", []) == 0.0
    assert weights.lexical("!!!", ["red"]) == 0.0


def test_evidence_is_averaged_and_clipped() -> None:
    assert coverage(0.5, None) == 0.5
    assert coverage(0.5, 0.7) == pytest.approx(0.6)
    assert coverage(1.0, 1.00001) == 1.0
    assert coverage(0.5, -0.3) == 0.25


def test_what_the_catalogue_sells_is_covered_better_than_what_it_does_not(tmp_path: Path) -> None:
    catalogue = toy_catalogue()
    queries = [Query("1", "red shirt"), Query("2", "red zebra"), Query("3", "quantum zebra")] * 400
    done: list[int] = []
    values = measure_coverage(
        queries, toy_retrievers(catalogue), catalogue, TEMPLATE, tmp_path / "c", evidence=3, report=done.append
    )
    assert values.dtype == np.float32
    assert values[0] > 0.85 > 0.5 > values[1] > values[2] == 0.0
    assert np.array_equal(values, np.tile(values[:3], 400))
    assert done == [CHUNK, 1200]
    table = pq.read_table(tmp_path / "c" / "shard-00000.parquet")
    assert table.column_names == ["lexical", "cosine", "coverage"]
    assert table["lexical"][0].as_py() == pytest.approx(1.0)


def test_without_a_dense_retriever_the_words_decide(tmp_path: Path) -> None:
    catalogue = toy_catalogue()
    bm25 = {"bm25": toy_retrievers(catalogue)["bm25"]}
    queries = [Query("1", "red shirt"), Query("2", "red zebra")]
    values = measure_coverage(queries, bm25, catalogue, TEMPLATE, tmp_path, evidence=3, report=lambda done: None)
    assert values[0] == 1.0
    assert 0 < values[1] < 0.5
