"""The bi-encoder of a run: trained on what it may know, watched, and used only where it is not clearly worse."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from augment.guard import LeakGuard
from distilrank import main
from eval.files import read_json
from retrieval.encoder import Encoder, default_encoder_path
from workflow.config.run import Config, load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import open_first_stages

WriteConfig = Callable[..., Path]
TRAIN = {"epochs": 2, "learning_rate": 1e-3, "dropout": 0.0, "products_per_batch": 32, "pairs_per_batch": 16}


def _config(write_config: WriteConfig, directory: Path, encoder: dict[str, Any], **sections: Any) -> Path:
    """The tiny run's config with the encoder's section extended."""
    path = write_config(directory, **sections)
    tree = yaml.safe_load(path.read_text())
    tree["encoder"]["train"] = {**TRAIN, **encoder}
    path.write_text(yaml.safe_dump(tree))
    return path


def test_judgements_and_the_catalogues_text_train_it(
    write_config: WriteConfig, tiny_encoder_dir: Path, tmp_path: Path
) -> None:
    config = _config(write_config, tmp_path, {"judgements": True, "pairs": 60})
    assert main(["index", str(config), "--runs", str(tmp_path / "runs")]) == 0
    run = RunDirectory(tmp_path / "runs" / "tiny")
    facts = read_json(run.stages / "encoder.json")["facts"]
    assert (facts["queries"], facts["judged pairs"], facts["text pairs"]) == (8, 8 * 12, 60)
    assert 0 < facts["hard negatives"] <= 8 * 2
    assert facts["watched queries"] == 6
    assert facts["shares"]["0"] <= max(facts["shares"].values()) == facts["shares"][f"{facts['share']:g}"]
    assert facts["trained"]
    assert "the untouched bi-encoder" in facts["gate"]
    texts = ["steel lamp", "shirt for kids"]
    moved = np.abs(Encoder(str(run.encoder)).encode(texts) - Encoder(str(tiny_encoder_dir)).encode(texts)).max()
    assert (moved > 1e-3) == (facts["share"] > 0)
    prepared = load_prepared(run.data)
    dense = open_first_stages(load_config(config), prepared.catalogue, run)["dense"]  # the index knows this encoder
    assert len(dense.search([next(iter(prepared.queries.values()))], 5)[0]) == 5
    assert not run.scratch("encoder").exists()


def test_it_may_have_soft_targets_of_its_own(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def trained(name: str, targets: dict[str, float] | None) -> int:
        train = {"judgements": True, "self_supervised": False, "interpolate": [1.0], "targets": targets}
        train |= {"learning_rate": 1e-2}  # enough for other lessons to end in another order
        config = _config(write_config, tmp_path / name, train)
        return main(["encoder", str(config), "--runs", str(tmp_path / name)])

    def quality(name: str) -> float:
        return read_json(tmp_path / name / "tiny" / "stages" / "encoder.json")["facts"]["shares"]["1"]

    assert trained("scale", None) == trained("same", {"E": 1, "S": 0.5, "C": 0.1, "I": 0}) == 0
    assert trained("steep", {"E": 1, "S": 0, "C": 0, "I": 0}) == 0
    assert quality("same") == quality("scale") != quality("steep")
    assert trained("wrong", {"E": 1, "S": 0.5}) == 2
    assert "expected one for each of E, S, C, I" in " ".join(capsys.readouterr().err.split())


def test_one_that_is_clearly_worse_is_not_used_and_held_out_labels_are_not_learnt(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = str(tmp_path / "runs")
    shop = {"products": 150, "train": 30, "dev": 1, "test": 4, "log": 40, "judged": 8}
    data = {"format": "shop", "dev": "folds", "folds": 2, "shop": shop}
    train = {"epochs": 1, "learning_rate": 5e-3, "self_supervised": False, "hard_negatives": 0, "interpolate": [1.0]}
    config = _config(write_config, tmp_path, train, data=data)
    model = ["--set", "encoder.model=default"]  # the embedded MiniLM: a model that has something to lose
    assert main(["prepare", str(config), "--runs", runs, *model, "--set", "encoder.train=null"]) == 0
    prepared = load_prepared(tmp_path / "runs" / "tiny" / "data")
    held_out = prepared.queries[prepared.graded(prepared.split("train"))[0]].text
    best, worst = (prepared.scale.grades[place].name for place in (0, -1))
    products = prepared.catalogue.products(range(100))
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["query", "product_id", "grade", *(f"p_{grade.name}" for grade in prepared.scale.grades)])
        writer.writerow([held_out, products[0].id, best, 1, 0, 0, 0])
        for place, product in enumerate(products[:40]):  # a judge who has it all wrong
            writer.writerow([product["title"], product.id, worst, 0, 0, 0.1, 0.9])
            writer.writerow([product["title"], products[place + 40].id, best, 0.95, 0.05, 0, 0])
    command = ["encoder", str(config), "--runs", runs, *model, "--set", f"teacher.labels={tmp_path / 'labels.csv'}"]
    assert main(command) == 0
    facts = read_json(tmp_path / "runs" / "tiny" / "stages" / "encoder.json")["facts"]
    guard = LeakGuard(prepared.queries[query_id] for query_id in prepared.qrels)
    clean = {product["title"] for product in products[:40] if guard.check(product["title"]) is None}
    assert facts["queries"] + facts["watched queries"] == len(clean) < 41
    assert facts["watched queries"] == 4
    assert facts["share"] == 1.0  # the wrong judge's own held-out labels speak for it
    assert not facts["trained"]
    (warning,) = facts["warnings"]
    assert "clearly worse than the untouched bi-encoder" in warning
    assert "the untouched one is used" in " ".join(capsys.readouterr().out.split())
    used = tmp_path / "runs" / "tiny" / "encoder" / "model.safetensors"
    assert used.read_bytes() == (Path(default_encoder_path()) / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("train", "data", "said"),
    [
        ({"judgements": True}, {"dev": "folds"}, "one encoder serves all folds"),
        ({"self_supervised": False}, {}, "encoder.train has nothing to learn from"),
    ],
)
def test_what_cannot_be_is_said_before_any_hour(train: dict[str, Any], data: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Config.model_validate({"name": "a", "encoder": {"train": train}, "data": data})
