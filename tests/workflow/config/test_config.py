"""Configs: every typo is named, every option is checked before any hour is spent."""

from pathlib import Path

import pytest

from eval.errors import InputError
from workflow.config.run import Config, load_config, save_config

EXAMPLES = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_configs_that_ship_are_valid(path: Path) -> None:
    assert load_config(path).name == path.stem


def test_an_override_wins_over_the_file_and_a_saved_config_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: mine\nstudent: {layers: 3}\n")
    config = load_config(path, {"student.layers": 2, "mine.queries": 5})
    assert (config.student.layers, config.mine.queries) == (2, 5)
    save_config(config, tmp_path / "resolved.yaml")
    assert load_config(tmp_path / "resolved.yaml") == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nstudnet: {}\n", "unknown option 'studnet'; did you mean 'student'?"),
        ("name: a\nstudent: {train: {epoch: 2}}\n", "unknown option 'student.train.epoch'; did you mean 'epochs'?"),
        (
            "name: a\nstudent: {judgements_train: {lr: 2}}\n",
            "unknown option 'student.judgements_train.lr'; known here:",
        ),
        ("seed: 1\n", "option 'name' is missing"),
        ("name: a\nmine: {queries: 0}\n", "option 'mine.queries' is 0"),
        ("name: ../elsewhere\n", "option 'name' is '../elsewhere'"),
        ("name: [\n", "cannot be read as YAML"),
        ("- a\n", "holds list, expected options"),
        ("name: a\nteacher: {labels: l.parquet, lora: {}}\n", "teacher.labels and teacher.lora"),
        ("name: a\nstudent: {parent: teacher}\nteacher: {lora: {}}\n", "student.parent is 'teacher' and teacher.lora"),
        (
            "name: a\nteacher: {kind: ensemble, ensemble: [bm25]}\n",
            "teacher.ensemble has 1 members, expected two or more",
        ),
        ("name: a\nteacher: {kind: file}\n", "teacher.kind is 'file' and teacher.labels is missing"),
        ("name: a\nteacher: {kind: api}\n", "teacher.kind is 'api' and teacher.api is missing"),
        ("name: a\nteacher: {api: {base_url: 'http://h/v1', model: m}}\n", "set teacher.kind: api"),
        ("name: a\nteacher: {kind: api, api: {base_url: h, model: m}}\n", "teacher.api.base_url is not an address"),
        (
            "name: a\nteacher: {kind: api, api: {base_url: 'https://user:sk-key@h/v1', model: m}}\n",
            "a key belongs into the environment variable OPENAI_API_KEY",
        ),
        (
            "name: a\nteacher: {kind: api, api: {base_url: 'http://h/v1', model: m, limit_money: 1}}\n",
            "teacher.api.limit_money is given without prices",
        ),
        ("name: a\nteacher: {ensemble: [bm25, dense]}\n", "set teacher.kind: ensemble"),
        (
            "name: a\nstudent: {parent: teacher}\nteacher: {kind: ensemble, ensemble: [bm25, dense]}\n",
            "student.parent is 'teacher' and teacher.kind is 'ensemble' without a model of its own",
        ),
        ("name: a\nmine: {depth: 40}\n", "mine.strata has 21-80 (take 2) after rank 20"),
        ("name: a\nmine: {strata: [], random: 0, neighbours: 0}\n", "ask for no product"),
        ("name: a\nfields: {student: [title, brand, title]}\n", "fields.student: the product text names title twice"),
        ("name: a\nfields: {teacher: []}\n", "fields.teacher: the product text has no fields"),
        ("name: a\ndata: {scale: {}}\n", "data.scale has 0 grades, expected two or more"),
        ("name: a\ndata: {scale: {good: [1, 1.0]}}\n", "data.scale has 1 grades"),
        ("name: a\ndata: {scale: {good: [1, 1.0], fair: [1, 0.5]}}\n", "list the best first, each once"),
        ("name: a\nbudget_minutes: {prepare: 5}\n", "unknown option 'budget_minutes.prepare'"),
        ("name: a\nbudget_minutes: {measure: 5}\n", "unknown option 'budget_minutes.measure'"),
    ],
)
def test_a_mistake_is_named_with_its_fix(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert "sk-key" not in str(caught.value)
    assert "\n" not in str(caught.value)


def _defaults(section: str) -> dict[str, object]:
    tree = Config(name="a").model_dump()
    for part in section.split("."):
        tree = tree[part]
    return tree


@pytest.mark.parametrize(
    "section", ["teacher.labels_train", "teacher.train", "student.train", "student.judgements_train"]
)
def test_setting_one_training_option_leaves_the_others(tmp_path: Path, section: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: a\n")
    config = load_config(path, {f"{section}.checkpoint_seconds": 10}).model_dump()
    for part in section.split("."):
        config = config[part]
    assert config == _defaults(section) | {"checkpoint_seconds": 10.0}


@pytest.mark.parametrize(
    ("teacher", "parent"),
    [
        ({}, "teacher"),
        ({"model": "some/encoder"}, "default"),
        ({"lora": {}}, "default"),
        ({"kind": "api", "api": {"base_url": "http://h/v1", "model": "m"}}, "default"),
        ({"kind": "file", "labels": "l.csv"}, "default"),
        ({"kind": "ensemble", "ensemble": ["bm25", "default"]}, "teacher"),
        ({"kind": "ensemble", "ensemble": ["some/encoder", "default"]}, "default"),
    ],
)
def test_a_student_has_layers_of_its_teacher_where_that_is_the_default_model(teacher: dict, parent: str) -> None:
    config = Config.model_validate({"name": "a", "teacher": teacher})
    assert config.student_parent == parent
    given = Config.model_validate({"name": "a", "teacher": teacher, "student": {"parent": "other/encoder"}})
    assert given.student_parent == "other/encoder"


def test_each_training_has_the_documented_defaults(tmp_path: Path) -> None:
    config = Config.model_validate({"name": "a", "student": {"final_train": {}}})
    sections = (
        config.teacher.labels_train,
        config.teacher.train,
        config.student.train,
        config.student.final_train,
        config.student.judgements_train,
    )
    found = [(section.epochs, section.learning_rate) for section in sections if section is not None]
    assert found == [(2, 5e-5), (3, 5e-5), (3, 1e-4), (2, 5e-5), (8, 1e-4)]


def test_a_missing_config_and_a_section_set_as_a_value(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_config(tmp_path / "none.yaml")
    path = tmp_path / "c.yaml"
    path.write_text("name: a\nseed: 3\n")
    with pytest.raises(InputError, match="seed is not a section"):
        load_config(path, {"seed.deep": 1})
