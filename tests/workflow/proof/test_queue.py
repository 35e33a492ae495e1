"""The round trip: a run's queue, rated in Quepid, becomes judgements that the next run reads; no test query leaks."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from distilrank import main
from workflow.config.run import load_config
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.inputs import key_options, read_input
from workflow.run.prepared import load_prepared, write_prepared


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_queue_is_written_rated_and_read_back(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "queue.csv"
    command = ["queue", str(finished_run), str(out), "--pairs", "40", "--per-query", "2", "--mined", "100"]
    assert main(command) == 0
    assert "40 pairs of" in capsys.readouterr().out
    queue, why = _rows(out), _rows(tmp_path / "queue.why.csv")
    pairs = [(row["query"], row["docid"]) for row in queue]
    assert pairs == [(row["query"], row["docid"]) for row in why]
    assert len(set(pairs)) == 40
    assert max([text for text, _ in pairs].count(text) for text, _ in pairs) == 2
    assert {row["rating"] for row in queue} == {""}  # the rater does not know what was said before
    gaps = [float(row["gap"]) for row in why]
    assert gaps == sorted(gaps, reverse=True)
    assert {row["source"] for row in why} >= {"mined", "test"}
    for row in why:
        assert float(row[row["higher"]]) - float(row[row["lower"]]) == pytest.approx(float(row["gap"]), abs=2e-3)
    assert main(command) == 2  # overwrites nothing

    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["query", "docid", "rating"])
        writer.writerows([row["query"], row["docid"], 3] for row in queue)
    tree = yaml.safe_load((finished_run / "config.yaml").read_text())
    tree["data"]["ratings"] = str(out)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    config = load_config(tmp_path / "config.yaml")
    before, after = load_prepared(finished_run / "data"), read_input(config)
    ids = {query.text: query_id for query_id, query in after.queries.items()}
    best = after.scale.gains[0]
    assert all(after.qrels[ids[text]][product_id] == best for text, product_id in pairs)
    assert {i: after.splits[i] for i in before.splits} == before.splits
    assert {after.splits[i] for i in after.splits.keys() - before.splits.keys()} <= {"train"}
    write_prepared(after, tmp_path / "data")
    prepared = load_prepared(tmp_path / "data")
    learnt = {i for chain in chains(config, prepared, RunDirectory(tmp_path)) for i in chain.train_ids}
    assert not learnt & {i for i, split in before.splits.items() if split == "test"}


def test_ratings_count_by_their_bytes(write_config: Callable[..., Path], tmp_path: Path) -> None:
    config = write_config(tmp_path)
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("query,docid,rating\nx,p1,3\n")
    keys = []
    for path, text in ((ratings, "query,docid,rating\nx,p1,3\n"), (tmp_path / "copy.csv", None), (ratings, "changed")):
        if text is None:
            shutil.copy(ratings, path)
        else:
            path.write_text(text)
        keys.append(key_options(load_config(config, {"data.ratings": str(path)}))["data"]["ratings"])
    assert keys[0] != keys[2]
    assert keys[0] is not None
