from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from augment_toy import WordTeacher, toy_label, toy_mine

from augment.journal import Journal, open_journal
from augment.pairs import Pairs
from augment.sanity import EDGES, Sanity, label_sanity
from eval.errors import InputError
from rerank.types import Label
from retrieval.types import Product, Query


class Scorer(WordTeacher):
    """A teacher that is a function of query and product."""

    def __init__(self, function: Callable[[Query, Product], float]):
        super().__init__()
        self.function = function

    def label(self, pairs: list) -> list[Label]:
        return [Label(self.function(query, product)) for query, product in pairs]


def sanity(root: Path, teacher: WordTeacher) -> Sanity:
    pairs = toy_mine(root / "pairs")
    toy_label(root, teacher)
    return label_sanity(Journal(root / "journal"), pairs)


def test_numbers_by_stratum_are_those_of_numpy(tmp_path: Path) -> None:
    found = sanity(tmp_path, WordTeacher())
    scores, queries = defaultdict(list), defaultdict(list)
    journal = Journal(tmp_path / "journal")
    labels = [row for number in range(journal.shards) for row in journal.read(number).to_pylist()]
    for pair, label in zip(Pairs(tmp_path / "pairs"), labels, strict=True):
        if label["status"] == "ok":
            scores["all"].append(label["score"])
            scores[pair.stratum].append(label["score"])
            queries[pair.query_id].append(label["score"])
    assert set(scores) == {"all", "1-4", "5-20", "neighbour", "random"}
    for name, values in scores.items():
        stratum = found.strata[name]
        assert stratum.n == len(values)
        assert stratum.mean == pytest.approx(np.mean(values))
        assert stratum.std == pytest.approx(np.std(values))
        assert stratum.histogram == np.histogram(values, EDGES)[0].tolist()
    variances = [np.var(values) for values in queries.values() for _ in values]
    assert found.within == pytest.approx(np.sqrt(np.mean(variances)))
    assert found.strata["1-4"].mean > found.strata["random"].mean
    assert found.warnings == []
    assert found.to_json()["strata"]["all"]["n"] == len(scores["all"])


def test_a_constant_teacher_is_called_out(tmp_path: Path) -> None:
    assert "scores are constant (1.250)" in sanity(tmp_path, Scorer(lambda query, product: 1.25)).warnings[0]


def test_a_teacher_that_reads_only_the_query_is_called_out(tmp_path: Path) -> None:
    found = sanity(tmp_path, Scorer(lambda query, product: len(query.text) / 4))
    assert found.strata["all"].std > 0.1
    assert "all products of a query alike" in found.warnings[0]


def test_scores_beyond_the_limit_are_counted_at_the_ends(tmp_path: Path) -> None:
    found = sanity(tmp_path, Scorer(lambda query, product: 99.0 if product.id < "p200" else -99.0))
    assert found.strata["all"].histogram[0] + found.strata["all"].histogram[-1] == found.strata["all"].n == 280


def test_no_labels_yet_is_said(tmp_path: Path) -> None:
    pairs = toy_mine(tmp_path / "pairs")
    journal = open_journal(tmp_path / "journal", pairs, teacher_version="t")
    assert label_sanity(journal, pairs).warnings == ["only 0 labels are ok: nothing to learn from"]
    with pytest.raises(InputError, match="not of the pairs"):
        label_sanity(journal, toy_mine(tmp_path / "other", seed=5))
