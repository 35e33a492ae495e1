from pathlib import Path

import datasets
import pytest
from augment_toy import WordTeacher, toy_label, toy_mine

from augment.journal import LABEL_SCHEMA, Journal, open_journal, read_labels
from augment.pairs import Pairs
from eval.errors import InputError
from eval.files import read_json


@pytest.fixture
def pairs(tmp_path: Path) -> Pairs:
    return toy_mine(tmp_path / "pairs")


def test_the_manifest_says_who_labels_what(tmp_path: Path, pairs: Pairs) -> None:
    journal = open_journal(tmp_path / "j", pairs, teacher_version="t-1", prompt_version="p-3", shard_pairs=100)
    assert read_json(tmp_path / "j" / "manifest.json") == {
        "teacher_version": "t-1",
        "prompt_version": "p-3",
        "pairs_fingerprint": pairs.fingerprint,
        "pairs": 280,
        "shard_pairs": 100,
    }
    assert [journal.bounds(number) for number in range(journal.shards)] == [(0, 100), (100, 200), (200, 280)]
    assert (
        open_journal(tmp_path / "j", pairs, teacher_version="t-1", prompt_version="p-3", shard_pairs=100).manifest
        == journal.manifest
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher_version": "t-2"}, "begun with teacher_version 't-1', this run has 't-2'; .*renew it explicitly"),
        ({"prompt_version": "p-4"}, "begun with prompt_version 'p-3', this run has 'p-4'"),
        ({"shard_pairs": 50}, "begun with shard_pairs 100, this run has 50"),
        ({"shard_pairs": 0}, "label.shard_pairs is 0"),
    ],
)
def test_another_journal_is_refused(tmp_path: Path, pairs: Pairs, change: dict, message: str) -> None:
    arguments = {"teacher_version": "t-1", "prompt_version": "p-3", "shard_pairs": 100}
    open_journal(tmp_path / "j", pairs, **arguments)
    with pytest.raises(InputError, match=message):
        open_journal(tmp_path / "j", pairs, **(arguments | change))


def test_other_pairs_are_refused(tmp_path: Path, pairs: Pairs) -> None:
    open_journal(tmp_path / "j", pairs, teacher_version="t-1")
    with pytest.raises(InputError, match="begun with pairs_fingerprint"):
        open_journal(tmp_path / "j", toy_mine(tmp_path / "others", seed=9), teacher_version="t-1")


def test_renewing_puts_the_old_labels_aside(tmp_path: Path, pairs: Pairs) -> None:
    toy_label(tmp_path, WordTeacher())
    old = {file.name: file.read_bytes() for file in (tmp_path / "journal").iterdir()}
    for version in ("t-2", "t-3"):
        journal = open_journal(tmp_path / "journal", pairs, teacher_version=version, renew=True)
        assert journal.counts().missing == 280
    aside = tmp_path / "journal.replaced-1"
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == old
    assert Journal(tmp_path / "journal.replaced-2").teacher_version == "t-2"


def test_renewing_what_is_the_same_keeps_it(tmp_path: Path, pairs: Pairs) -> None:
    arguments = {"teacher_version": "toy-1", "prompt_version": "p1", "shard_pairs": 23}
    toy_label(tmp_path, WordTeacher())
    assert open_journal(tmp_path / "journal", pairs, renew=True, **arguments).counts().missing == 0
    assert not (tmp_path / "journal.replaced-1").exists()


def test_a_shard_of_the_wrong_size_is_not_written(tmp_path: Path, pairs: Pairs) -> None:
    journal = open_journal(tmp_path / "j", pairs, teacher_version="t-1", shard_pairs=100)
    with pytest.raises(ValueError, match="shard 2 holds 80 pairs, got 0 labels"):
        journal.write(2, LABEL_SCHEMA.empty_table())
    assert not journal.has(2)


def test_datasets_reads_the_journal(tmp_path: Path, pairs: Pairs) -> None:
    toy_label(tmp_path, WordTeacher())
    files = str(tmp_path / "journal" / "shard-*.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded.column_names == LABEL_SCHEMA.names
    assert len(loaded) == len(pairs)


def test_no_journal_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no label journal; run the label stage"):
        next(read_labels(tmp_path))
