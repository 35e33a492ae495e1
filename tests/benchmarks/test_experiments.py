"""The experiments' harness: cells are run once, a torn line is passed over, the table compares what is complete."""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.experiments.cells import read_cells, run_cells
from benchmarks.experiments.rater import Rater
from benchmarks.shop_truth import ShopTruth
from retrieval.types import Query
from workflow.config.run import Config

SETTING = SimpleNamespace(
    prepared=SimpleNamespace(scale=SimpleNamespace(convention="gains E 100")),
    references=lambda: {"hybrid": {"q1": 0.25, "q2": 0.5}},
)


class Counted:
    """An arm that remembers which seeds it was asked for."""

    def __init__(self, base: float):
        self.base = base
        self.seeds: list[int] = []

    def __call__(self, seed: int) -> dict[str, float]:
        self.seeds.append(seed)
        return {"q1": self.base + seed / 100, "q2": self.base + 0.2}


def options(path: Path, *seeds: int) -> argparse.Namespace:
    return argparse.Namespace(out=path / "cells.jsonl", seeds=list(seeds), picture=path / "picture.svg", arm=None)


def test_finished_cells_are_not_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arms = {"plain": Counted(0.5), "better": Counted(0.6)}
    run_cells(options(tmp_path, 1), SETTING, arms, title="Arms")
    run_cells(options(tmp_path, 1, 2), SETTING, arms, title="Arms")
    assert [arm.seeds for arm in arms.values()] == [[1, 2], [1, 2]]
    table = capsys.readouterr().out.split("### Arms")[-1]
    assert "2 test queries × 2 seeds (1, 2)" in table
    assert "| (hybrid) | 0.3750 | |" in table
    assert "| better | 0.7075 [" in table
    assert "| +0.1000 [+0.1000, +0.1000] |" in table  # the same for every query and seed
    texts = [element.text for element in ElementTree.parse(tmp_path / "picture.svg").iter() if element.text]
    assert {"plain", "better", "Arms", "first stage"} <= set(texts)


def test_a_line_that_a_kill_tore_is_run_again_and_the_rest_kept(tmp_path: Path) -> None:
    arms = {"plain": Counted(0.5), "better": Counted(0.6)}
    run_cells(options(tmp_path, 1), SETTING, arms, title="Arms")
    file = tmp_path / "cells.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    run_cells(options(tmp_path, 1), SETTING, arms, title="Arms")
    assert [arm.seeds for arm in arms.values()] == [[1], [1, 1]]
    assert set(read_cells(file)) == {("plain", 1), ("better", 1)}
    assert json.loads(file.read_text().splitlines()[-1])["arm"] == "better"


def test_seeds_that_lack_an_arm_are_left_out_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_cells(options(tmp_path, 1, 2), SETTING, {"plain": Counted(0.5)}, title="Arms")
    run_cells(options(tmp_path, 1), SETTING, {"plain": Counted(0.5), "better": Counted(0.6)}, title="Arms")
    assert "1 seeds (1)" in capsys.readouterr().out.split("### Arms")[-1]


def test_the_rater_is_mostly_right_repeatable_and_as_noisy_as_asked() -> None:
    shop = {"products": 300, "train": 8, "dev": 2, "test": 2, "log": 20, "judged": 16}
    truth = ShopTruth(Config.model_validate({"name": "a", "data": {"format": "shop", "shop": shop}}))
    judged = truth.shop.judged_queries({"train": 8}, 16, judge=truth.judge)
    meant = {one.query.text: one.intent for one in judged}
    products = {product.id: product for product in truth.shop.products()}
    pairs = [(Query("q", one.query.text), products[i]) for one in judged for i in one.grades]
    truly = np.array(["ESCI".index(grade) for one in judged for grade in one.grades.values()])

    def right(noise: float) -> float:
        labels = Rater(truth, meant, seed=1, noise=noise).label(pairs)
        return float(np.mean([np.argmax(label.distribution) for label in labels] == truly))

    assert 0.6 < right(0.0) < 0.9
    assert right(0.0) == right(0.0)
    assert right(1.0) == pytest.approx(0.25, abs=0.12)
    first, again = (Rater(truth, meant, seed=1).score(pairs[5:9]) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, Rater(truth, meant, seed=1).score(pairs)[5:9])
    assert not np.array_equal(first, Rater(truth, meant, seed=2).score(pairs[5:9]))


def test_one_arm_alone_is_run_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = options(tmp_path, 1)
    asked.arm = ["better"]
    plain = Counted(0.5)
    run_cells(asked, SETTING, {"plain": plain, "better": Counted(0.6)}, title="Arms")
    assert list(read_cells(asked.out)) == [("better", 1)]
    assert "| plain |" not in capsys.readouterr().out
    asked.arm = ["best"]
    with pytest.raises(SystemExit, match="'best' is none of the arms: 'plain', 'better'"):
        run_cells(asked, SETTING, {"plain": plain, "better": plain}, title="Arms")
