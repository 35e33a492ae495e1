"""The doctor: whatever a run would trip over later is said before it starts, and what is well is left in peace."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from workflow.checks.doctor import examine, static_checks
from workflow.checks.estimate import Rates, Work, describe_estimate, estimate
from workflow.checks.findings import Finding
from workflow.checks.judged_plan import JudgedPlan
from workflow.config.run import Config, load_config

EXAMPLES = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))
SHOP = {"products": 120, "train": 8, "dev": 6, "test": 8, "log": 40, "judged": 24}


def _errors(found: list[Finding]) -> dict[str, str]:
    return {item.check: item.detail for item in found if item.state == "error"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_configs_that_ship_have_nothing_to_mend_but_what_needs_a_hub(path: Path, tmp_path: Path) -> None:
    overrides: dict[str, Any] = {"data.format": "shop", "data.shop": SHOP, "data.path": str(tmp_path)}
    overrides["measure.min_judged"] = 2  # the shop's lists are short
    if load_config(path).data.format != "shop":  # the shop's products have their own fields
        overrides |= {"fields.student": ["title", "brand"], "fields.teacher": ["title", "brand", "description"]}
    rows = {"query": ["red tent"] * 2, "product_id": ["p0", "p1"], "grade": ["E", "I"]}
    config = load_config(path, overrides)
    product_ids = _product_ids(config)
    rows["product_id"] = product_ids[:2]
    pq.write_table(pa.table(rows), tmp_path / "llm_labels.parquet")
    found, work = static_checks(config, tmp_path)
    unreached = {item.check for item in found if item.state == "error" and "no model hub gave it" in item.detail}
    assert _errors(found).keys() == unreached
    names = {"model of the teacher": config.teacher.model, "model of the student": config.student.parent}
    elsewhere = {"esci-full-llm": set(names), "shop-decoder": {"model of the teacher"}}  # the latter's is made first
    assert unreached == elsewhere.get(path.stem, set())
    for check in unreached:
        assert _errors(found)[check].startswith(names[check])
    assert work is not None
    assert work.given == (2 if config.teacher.labels else 0)


def _product_ids(config: Config) -> list[str]:
    from workflow.run.inputs import read_input

    return [product.id for product in read_input(config).products()]


def _config(directory: Path, models: tuple[Path, Path], **sections: Any) -> Config:
    """A tiny shop with tiny models; keyword arguments are merged into the sections."""
    bert, encoder = (str(path) for path in models)
    tree: dict[str, Any] = {
        "name": "tiny",
        "data": {"format": "shop", "shop": SHOP},
        "encoder": {"model": encoder, "max_length": 64},
        "teacher": {"model": bert, "max_length": 64},
        "student": {"parent": bert, "layers": 2},
    }
    for name, section in sections.items():
        tree[name] = section and {**tree.get(name, {}), **section}
    path = directory / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    return load_config(path)


@pytest.fixture
def models(tiny_bert_dir: Path, tiny_encoder_dir: Path) -> tuple[Path, Path]:
    return tiny_bert_dir, tiny_encoder_dir


@pytest.mark.parametrize(
    ("sections", "check", "message"),
    [
        ({"fields": {"teacher": ["title", "bullets"]}}, "fields.teacher", "names bullets, which the products lack"),
        ({"teacher": {"labels": "none.parquet"}}, "teacher.labels", "none.parquet does not exist"),
        ({"teacher": {"labels": "bad.csv"}}, "teacher.labels", "grade"),
        ({"measure": {"min_judged": 99}}, "judgements", "measure.min_judged (99)"),
        ({"student": {"layers": 9}}, "model of the student", "its parent has 4"),
        ({"student": {"max_length": 4000}}, "model of the student", "max_length 4000 does not fit"),
        ({"teacher": {"model": "no-one/nowhere"}}, "model of the teacher", "no-one/nowhere is no directory here"),
    ],
)
def test_what_a_run_would_trip_over_is_named(
    sections: dict[str, Any], check: str, message: str, tmp_path: Path, models: tuple[Path, Path]
) -> None:
    (tmp_path / "bad.csv").write_text("query,product_id,label\nred tent,p1,E\n")
    data = {"data": {"path": str(tmp_path)}}
    found, _ = static_checks(_config(tmp_path, models, **(data | sections)), tmp_path)
    assert message in _errors(found)[check]
    assert len(_errors(found)) == 1


def _plain(tmp_path: Path, models: tuple[Path, Path], queries: dict[str, str], **sections: Any) -> Config:
    """Two products, and train queries with the judgements of `queries` ("EI": both products, graded E and I)."""
    (tmp_path / "products.csv").write_text("product_id,title,brand,colour\n" + "p1,tent,a,red\np2,lamp,b,blue\n")
    rows = [
        f"{query},p{place},{grade},train" for query, grades in queries.items() for place, grade in enumerate(grades, 1)
    ]
    (tmp_path / "judgements.csv").write_text("\n".join(["query,product_id,grade,split", *rows]) + "\n")
    data = {"format": "plain", "path": str(tmp_path), "dev": "folds", "folds": 2}
    return _config(tmp_path, models, data=data, **sections)


GRADED = {"tent": "EI", "lamp": "EI", "rope": "EI"}


def test_an_empty_log_and_a_missing_test_query_are_warnings(tmp_path: Path, models: tuple[Path, Path]) -> None:
    found, work = static_checks(_plain(tmp_path, models, GRADED | {"axe": "E", "saw": "I", "tents": "E"}), tmp_path)
    said = {item.check: (item.state, item.detail) for item in found}
    assert said["query log"] == (
        "warning",
        "there is none: of the 6 train queries, which are mined instead, 3 neither measure nor nearly equal one that "
        "does; data.log names a log",
    )
    assert said["judgements"][0] == "warning"
    assert "out-of-fold figures alone" in said["judgements"][1]
    assert work is not None
    assert work.logged == 3


@pytest.mark.parametrize(
    ("queries", "sections", "ways"),
    [
        (GRADED, {}, ["generate.templates", "pretrain: null"]),
        (GRADED, {"pretrain": None}, ["generate.templates"]),
        (GRADED, {"generate": {"templates": 5}}, ["pretrain: null"]),
        (GRADED, {"generate": {"templates": 5}, "pretrain": None}, []),
        (GRADED | {"axe": "E"}, {"mine": {"judged": False}}, ["generate.templates"]),
        (GRADED | {"axe": "E"}, {"mine": {"judged": False}, "generate": {"templates": 5}}, []),
        (GRADED | {"axe": "E"}, {}, []),
    ],
)
def test_a_log_that_leaves_nothing_to_mine_is_an_error(
    queries: dict[str, str], sections: dict[str, Any], ways: list[str], tmp_path: Path, models: tuple[Path, Path]
) -> None:
    found, _ = static_checks(_plain(tmp_path, models, queries, **sections), tmp_path)
    (said,) = [item for item in found if item.check == "query log"]
    assert said.state == ("error" if ways else "warning")
    assert "data.log" in said.detail
    assert [way for way in ("generate.templates", "pretrain: null") if way in said.detail] == ways


def test_a_file_of_labels_needs_no_log(tmp_path: Path, models: tuple[Path, Path]) -> None:
    (tmp_path / "labels.csv").write_text("query,product_id,grade\nred tent,p1,E\nred tent,p2,I\n")
    labels = {"kind": "file", "labels": "labels.csv"}
    found, _ = static_checks(_plain(tmp_path, models, GRADED, teacher=labels, pretrain=None), tmp_path)
    assert "query log" not in {item.check for item in found}
    found, _ = static_checks(_plain(tmp_path, models, GRADED, teacher=labels), tmp_path)  # the student's start does
    assert "pretrain: null" in _errors(found)["query log"]


def test_too_little_disk_is_an_error(
    tmp_path: Path, models: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("workflow.checks.machine.shutil.disk_usage", lambda _: Usage)
    found, _ = static_checks(_config(tmp_path, models), tmp_path)
    assert "make room" in _errors(found)["disk"]


def test_the_threads_shown_are_those_that_are_used(tmp_path: Path, models: tuple[Path, Path]) -> None:
    threads = torch.get_num_threads()
    for asked, state in ((threads, "ok"), (threads + 1, "warning")):
        config = _config(tmp_path, models).model_copy(update={"threads": asked})
        compute = next(item for item in static_checks(config, tmp_path)[0] if item.check == "compute")
        assert (compute.state, compute.detail.split()[0]) == (state, str(threads))


def test_a_decoder_teacher_and_a_student_of_the_teacher_are_timed(
    tmp_path: Path, models: tuple[Path, Path], tiny_llama_dir: Path
) -> None:
    for sections in (
        {"teacher": {"model": str(tiny_llama_dir), "max_length": 64, "lora": {}}},
        {"student": {"parent": "teacher", "layers": 2}},
    ):
        found = examine(_config(tmp_path, models, **sections), tmp_path)
        assert _errors(found) == {}
        assert "minutes" in next(item.detail for item in found if item.check == "estimate")


def test_the_estimate_counts_every_piece_of_work() -> None:
    plan = JudgedPlan(
        chains=3,
        learnt=1000,
        sets={"test": 10},
        measured_queries=10,
        measured_pairs=200,
        audited_pairs=100,
        protected=(),
    )
    tree = {
        "name": "a",
        "encoder": {"train": {"epochs": 2, "pairs": 3000}},
        "teacher": {"labels": "l.parquet", "labels_train": {"epochs": 1}, "train": {"epochs": 2}},
        "student": {
            "parent": "default",
            "train": {"epochs": 2},
            "final_train": {"epochs": 1},
            "judgements_train": {"epochs": 3},
        },
        "pretrain": {"queries": 60},
        "mine": {"queries": 50, "pool": 80},
        "measure": {"window": 20, "timed_queries": 5},
    }
    found = estimate(Config.model_validate(tree), Work(plan, given=500, products=4000, logged=100), Rates(10, 20, 40))
    assert found == pytest.approx(
        {
            "encoder": 3.5 * 2 * (500 + 2 * 3000) / 10,
            "index": 4000 / 10,
            "pretrain": 3.5 * 60 * 12 * (1 / 20 + 1 / 40),
            "teacher": 3.5 * (1000 * 2 + 500 * 1) / 20 + 100 / 20,
            "mine": (80 + 50) / 10,
            "label": 3 * 50 * 12 / 20,  # 4 + 3 + 2 of the strata, 1 random, 2 neighbours
            "student": 3.5 * (3 * 50 * 12 * 2 + 1000 * 1 + 1000 * 3) / 40,
            "measure": (200 + 15 * 20) * (1 / 20 + 2 / 40) + 10 / 10,
        }
    )


def test_chains_that_are_alike_are_labelled_and_distilled_once() -> None:
    plan = JudgedPlan(3, 1000, {"test": 10}, 10, 200, 100, ())
    work = Work(plan, given=500, products=4000, logged=100)
    teacher = {"labels": "l.parquet", "train": None}
    tree = {"name": "a", "teacher": teacher, "student": {"train": {"epochs": 2}, "judgements_train": None}}
    config, rates = Config.model_validate(tree), Rates(10, 20, 40)
    found, pairs = estimate(config, work, rates), 100 * 12
    assert found["label"] == pytest.approx(pairs / 20)
    assert found["student"] == pytest.approx(3.5 * pairs * 2 / 40)
    assert "teachers" not in describe_estimate(config, work, rates)
