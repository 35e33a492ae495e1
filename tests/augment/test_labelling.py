import math
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from augment_toy import OPTIONS, PROTECTED, WordTeacher, toy_catalogue, toy_label, toy_mine

from augment.guard import LeakGuard
from augment.journal import Journal, open_journal, read_labels
from augment.labelling import label_pairs
from augment.pairs import Pairs
from eval.errors import InputError, MachineError, PartialError
from rerank.types import Label
from retrieval.types import Query


@pytest.fixture
def root(tmp_path: Path) -> Path:
    toy_mine(tmp_path / "pairs")
    return tmp_path


def rows(root: Path) -> list[dict]:
    return [row for file in sorted((root / "journal").glob("shard-*")) for row in pq.read_table(file).to_pylist()]


def test_labels_are_the_teachers(root: Path) -> None:
    with pytest.raises(PartialError):
        toy_label(root, WordTeacher(), share=0.0)
    catalogue, oracle = toy_catalogue(), WordTeacher()
    assert [(row["query_id"], row["query"], row["product_id"]) for row in rows(root)] == [
        (pair.query_id, pair.query, pair.product_id) for pair in Pairs(root / "pairs")
    ]
    for row in rows(root):
        said = oracle.one(Query(row["query_id"], row["query"]), catalogue.product(row["product_id"]))
        assert (row["status"], row["reason"], row["teacher_version"]) == (said.status, said.reason, "toy-1")
        if said.status == "ok":
            assert row["score"] == pytest.approx(said.score)
            assert row["distribution"] == pytest.approx(said.distribution)
        else:
            assert row["score"] is None
            assert row["distribution"] is None


def test_counts_say_what_failed_and_too_many_failures_end_with_code_5(root: Path) -> None:
    counts = toy_label(root, WordTeacher())
    failed = Counter(row["reason"] for row in rows(root) if row["status"] != "ok")
    assert counts.failed == failed
    assert counts.ok == len(Pairs(root / "pairs")) - counts.failures
    assert counts.missing == 0
    assert 0 < counts.failures < 0.5 * counts.total
    share = counts.failures / counts.total
    with pytest.raises(
        PartialError, match=rf"{counts.ok} of {counts.total} pairs .*{counts.failures} no grade"
    ) as caught:
        toy_label(root, WordTeacher(), share=share * 0.99)
    assert caught.value.exit_code == 5
    assert toy_label(root, WordTeacher(), share=share).ok == counts.ok


def test_retrying_asks_for_the_failed_pairs_alone_and_keeps_the_rest(root: Path) -> None:
    counts = toy_label(root, WordTeacher())
    before = rows(root)
    idle, mended = WordTeacher(), WordTeacher(mended=True)
    toy_label(root, idle)
    assert idle.asked == []
    again = toy_label(root, mended, retry=True)
    assert mended.asked == [(row["query_id"], row["product_id"]) for row in before if row["status"] != "ok"]
    assert again.ok == counts.total
    assert again.failed == {}
    for old, new in zip(before, rows(root), strict=True):
        assert new["status"] == "ok"
        assert old["status"] != "ok" or old == new


def test_progress_counts_pairs_and_may_stop_the_work(root: Path) -> None:
    done: list[tuple[int, int]] = []

    def stop(*at: int) -> None:
        done.append(at)
        if at[0] >= 46:
            raise PartialError("out of budget")

    with pytest.raises(PartialError, match="out of budget"):
        toy_label(root, WordTeacher(), progress=stop)
    assert done == [(23, 280), (46, 280)]
    journal = Journal(root / "journal")
    assert journal.counts().missing == 280 - 46
    assert str(journal.counts()).endswith("234 to go")
    with pytest.raises(InputError, match=r"lacks 11 of 13 shards; run the label stage"):
        next(read_labels(root / "journal"))
    toy_label(root, WordTeacher(), progress=lambda *at: done.append(at))
    assert done[-1] == (280, 280)
    assert journal.counts().missing == 0


def test_labels_are_read_back_by_query_without_the_failed_ones(root: Path) -> None:
    toy_label(root, WordTeacher())
    catalogue, oracle, pairs = toy_catalogue(), WordTeacher(), list(Pairs(root / "pairs"))
    groups = list(read_labels(root / "journal"))
    assert [group.query.id for group in groups] == list(dict.fromkeys(pair.query_id for pair in pairs))
    for group in groups:
        said = {
            pair.product_id: oracle.one(group.query, catalogue.product(pair.product_id))
            for pair in pairs
            if pair.query_id == group.query.id
        }
        assert list(group.product_ids) == [product_id for product_id, label in said.items() if label.status == "ok"]
        assert group.scores.tolist() == pytest.approx([said[product_id].score for product_id in group.product_ids])
        assert group.distributions.shape == (len(group.product_ids), 2)


class Odd(WordTeacher):
    """A teacher whose answers are as broken as `said`."""

    def __init__(self, said: object):
        super().__init__()
        self.said = said

    def label(self, pairs: list) -> list[Label]:
        return self.said(pairs)


def test_a_score_that_is_no_number_is_a_failed_label_and_a_teacher_without_grades_has_no_distribution(
    root: Path,
) -> None:
    counts = toy_label(root, Odd(lambda pairs: [Label(math.inf if i == 0 else 1.0) for i in range(len(pairs))]))
    assert counts.failed == {"score is not finite": 13}
    assert {row["distribution"] for row in rows(root)} == {None}
    assert all(group.distributions is None for group in read_labels(root / "journal"))


def test_a_teacher_that_loses_labels_is_stopped(root: Path) -> None:
    with pytest.raises(MachineError, match="'toy-1' returned 22 labels for 23 pairs"):
        toy_label(root, Odd(lambda pairs: [Label(0.0)] * (len(pairs) - 1)))
    assert rows(root) == []


def test_a_product_that_has_left_the_catalogue_is_a_failed_label(root: Path) -> None:
    pairs, catalogue = Pairs(root / "pairs"), toy_catalogue()
    gone = next(iter(pairs)).product_id
    del catalogue._rows[gone]
    journal = open_journal(root / "journal", pairs, teacher_version="toy-1")
    guard = LeakGuard(PROTECTED)
    counts = label_pairs(pairs, catalogue, WordTeacher(mended=True), journal, guard=guard, failed_share=1)
    assert counts.failed == {"product not in the catalogue": sum(pair.product_id == gone for pair in pairs)}


def test_a_held_out_query_never_reaches_the_journal(root: Path) -> None:
    pairs = Pairs(root / "pairs")
    leaked = next(iter(pairs)).query
    journal = open_journal(root / "journal", pairs, teacher_version="toy-1")
    with pytest.raises(InputError, match=r"1 held-out queries reached the training data.*query held"):
        label_pairs(pairs, toy_catalogue(), WordTeacher(), journal, guard=LeakGuard([Query("held", leaked)]))
    assert rows(root) == []


def test_another_teacher_or_other_pairs_are_refused(root: Path) -> None:
    pairs, other = Pairs(root / "pairs"), toy_mine(root / "other", seed=8)
    journal = open_journal(root / "journal", pairs, teacher_version="toy-1")
    guard = LeakGuard(PROTECTED)
    with pytest.raises(InputError, match=r"was begun by teacher 'toy-1', this is 'toy-2'; renew the journal"):
        label_pairs(pairs, toy_catalogue(), WordTeacher("toy-2"), journal, guard=guard)
    with pytest.raises(InputError, match="is not of the pairs in"):
        label_pairs(other, toy_catalogue(), WordTeacher(), journal, guard=guard)
    assert OPTIONS.queries == other.manifest["queries"]["selected"]
