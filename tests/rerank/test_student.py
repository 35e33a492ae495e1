import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertModel

from eval.errors import InputError, MachineError
from rerank.layers import layer_stack
from rerank.parent import build_student
from rerank.student import Student, save_student, train_student
from rerank.training import Group, TrainOptions
from rerank.types import Pair, Reranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title", "brand"), max_characters=400)
TITLES = ["red cotton shirt", "blue wool hat", "wooden table", "usb cable charger", "kids toy knife", ""]


def _pairs() -> list[Pair]:
    queries = [Query("1", "red shirt"), Query("2", "charger  for   phone"), Query("3", "table " * 60), Query("4", "")]
    products = [Product(title, {"title": title, "brand": "acme"}) for title in [*TITLES, "large lamp desk " * 30]]
    return [(query, product) for query in queries for product in products]


def _texts(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(query.text, TEMPLATE.text(product)) for query, product in pairs]


@pytest.fixture
def saved(tiny_bert_dir: Path, tmp_path: Path) -> Path:
    start = build_student(tiny_bert_dir, 2, seed=5)
    facts = {"parent": "tiny", "layers": list(start.layers)}
    save_student(start.model, start.tokenizer, tmp_path / "student", TEMPLATE, max_length=48, facts=facts)
    return tmp_path / "student"


def test_a_student_keeps_its_parents_layers_and_head(tiny_bert_dir: Path):
    whole = build_student(tiny_bert_dir)
    start = build_student(tiny_bert_dir, 3)
    assert start.layers == (0, 2, 3)
    assert start.parent_layers == 4
    assert start.model.config.num_labels == 1
    _, parent_layers = layer_stack(whole.model)
    _, layers = layer_stack(start.model)
    for kept, number in zip(layers, start.layers, strict=True):
        original = parent_layers[number].state_dict()
        assert all(torch.equal(value, original[key]) for key, value in kept.state_dict().items())
    assert torch.equal(start.model.classifier.weight, whole.model.classifier.weight)


def test_what_the_parent_lacks_is_drawn_from_the_seed_alone(tiny_parent: Callable[[str], Path], tmp_path: Path):
    BertModel.from_pretrained(tiny_parent("bert"), add_pooling_layer=False).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_parent("bert")).save_pretrained(tmp_path)

    def weights(seed: int, state: int) -> dict[str, torch.Tensor]:
        torch.manual_seed(state)
        return build_student(tmp_path, 2, seed=seed).model.state_dict()

    first, again, other = weights(1, 10), weights(1, 20), weights(2, 10)
    assert all(torch.equal(first[key], again[key]) for key in first)
    drawn = {key for key in first if not torch.equal(first[key], other[key])}
    assert drawn == {"bert.pooler.dense.weight", "classifier.weight"}
    assert torch.equal(first["classifier.bias"], torch.zeros(1))
    assert first["classifier.weight"].std() > 0.01


def test_a_head_of_another_size_is_replaced(tiny_bert_dir: Path, tmp_path: Path):
    start = build_student(tiny_bert_dir)
    start.model.config.num_labels = 3
    start.model.classifier = torch.nn.Linear(32, 3)
    start.model.save_pretrained(tmp_path)
    start.tokenizer.save_pretrained(tmp_path)
    assert build_student(tmp_path).model.classifier.weight.shape == (1, 32)


def test_parents_that_are_none_are_refused_in_one_line(tiny_bert_dir: Path, tiny_llama_dir: Path, tmp_path: Path):
    shutil.copytree(tiny_bert_dir, tmp_path / "torn")
    config = json.loads((tmp_path / "torn" / "config.json").read_text())
    (tmp_path / "torn" / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}))
    (tmp_path / "empty").mkdir()
    cases = [
        (tmp_path / "empty", "is no model"),
        (tmp_path / "nowhere", "is no model"),
        (tiny_llama_dir, "BERT family"),
        (tmp_path / "torn", "do not belong together"),
    ]
    for parent, reason in cases:
        with pytest.raises(MachineError, match=reason) as caught:
            build_student(parent)
        assert "\n" not in str(caught.value)


def test_a_student_loads_with_the_scores_it_was_saved_with(saved: Path, tiny_bert_dir: Path):
    start = build_student(tiny_bert_dir, 2, seed=5)
    before = Student(start.model, start.tokenizer, TEMPLATE, max_length=48).score(_pairs())
    student = Student.load(saved, device="cpu")
    assert isinstance(student, Reranker)
    assert student.template == TEMPLATE
    assert student.max_length == 48
    assert student.facts["layers"] == [0, 3]
    after = student.score(_pairs())
    assert after.dtype == np.float32
    assert after.shape == (len(_pairs()),)
    np.testing.assert_array_equal(after, before)
    assert student.score([]).shape == (0,)


@pytest.mark.parametrize("removed", [None, "modules.json", "sentence_transformers"])
def test_a_cross_encoder_gives_the_same_scores_wherever_it_reads_the_activation(saved: Path, removed: str | None):
    if removed == "modules.json":  # then `config_sentence_transformers.json` is not read
        (saved / removed).unlink()
    if removed == "sentence_transformers":
        config = json.loads((saved / "config.json").read_text())
        del config[removed]
        (saved / "config.json").write_text(json.dumps(config))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CrossEncoder(str(saved), device="cpu")
        theirs = model.predict(_texts(_pairs()), show_progress_bar=False)
    assert isinstance(model.activation_fn, torch.nn.Identity)
    ours = Student.load(saved, device="cpu").score(_pairs())
    assert np.ptp(ours) > 1e-2
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_scores_do_not_depend_on_the_batches(saved: Path):
    many = Student.load(saved, device="cpu").score(_pairs())
    few = Student.load(saved, device="cpu", token_budget=64).score(_pairs())
    np.testing.assert_allclose(few, many, atol=1e-5)


def test_the_tokenizer_is_saved_without_its_parents_padding(padded_parent: Path, tmp_path: Path):
    start = build_student(padded_parent, 1)
    save_student(start.model, start.tokenizer, tmp_path / "student", TEMPLATE, max_length=48)
    raw = Tokenizer.from_file(str(tmp_path / "student" / "tokenizer.json"))
    assert raw.truncation is None
    assert raw.padding is None
    assert len(raw.encode("red shirt").ids) == 4
    assert len(raw.encode("red " * 30).ids) == 32
    loaded = AutoTokenizer.from_pretrained(tmp_path / "student")
    assert loaded.model_max_length == 48
    assert len(loaded("red " * 90, truncation=True)["input_ids"]) == 48
    assert len(loaded("red shirt")["input_ids"]) == 4


def test_no_file_is_for_the_owner_alone(saved: Path):
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in saved.iterdir())


@pytest.mark.parametrize("max_length", [7, 129])
def test_a_length_without_positions_is_refused(tiny_bert_dir: Path, tmp_path: Path, max_length: int):
    start = build_student(tiny_bert_dir, 1)
    with pytest.raises(InputError, match="choose 8 to 128"):
        save_student(start.model, start.tokenizer, tmp_path / "student", TEMPLATE, max_length=max_length)
    assert not (tmp_path / "student").exists()


def test_directories_that_are_no_students_are_refused(saved: Path, tiny_bert_dir: Path, tmp_path: Path):
    with pytest.raises(MachineError, match="is no directory"):
        Student.load(tmp_path / "nowhere")
    with pytest.raises(MachineError, match=r"student\.json is missing"):
        Student.load(tiny_bert_dir)
    weights = (saved / "model.safetensors").read_bytes()
    (saved / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(MachineError, match="does not load as a model"):
        Student.load(saved)
    (saved / "student.json").write_text('{"template": 3}')
    with pytest.raises(MachineError, match="is not a student's"):
        Student.load(saved)


def _groups() -> list[Group]:
    groups = []
    for number, title in enumerate(TITLES[:5]):
        products = [Product(other, {"title": other, "brand": "acme"}) for other in TITLES[:5]]
        targets = np.array([4.0, 2.0, 0.0, -2.0, -4.0], dtype=np.float32)
        groups.append(Group(Query(str(number), title), products, targets))
    return groups


@pytest.mark.parametrize("loss", ["margin_mse", "pointwise_mse"])
def test_a_student_learns_its_labels_and_is_saved(tiny_bert_dir: Path, tmp_path: Path, loss: str):
    options = TrainOptions(loss=loss, epochs=100, learning_rate=3e-3, pairs_per_batch=25, precision="float32", seed=1)
    student, result = train_student(
        tiny_bert_dir,
        _groups(),
        options,
        tmp_path / "student",
        TEMPLATE,
        layers=2,
        max_length=32,
        facts={"teacher": "t"},
    )
    assert result.losses[-1] < result.losses[0] / 10
    for group in _groups():
        scores = student.score([(group.query, product) for product in group.products])
        assert scores.argsort().tolist() == group.targets.argsort().tolist()
    about = json.loads((tmp_path / "student" / "student.json").read_text())
    assert about["training"]["options"]["loss"] == loss
    assert about["training"]["pairs"] == 25
    assert about["layers"] == [0, 3]
    assert about["parent_layers"] == 4
    assert about["teacher"] == "t"


def test_validation_sees_the_student_as_it_stands(tiny_bert_dir: Path, tmp_path: Path):
    seen = []

    def validate(student: Student) -> float:
        group = _groups()[0]
        seen.append(student.score([(group.query, product) for product in group.products]))
        return float(-len(seen))  # the first epoch stays the best

    options = TrainOptions(epochs=3, learning_rate=1e-3, precision="float32", seed=1)
    student, result = train_student(
        tiny_bert_dir, _groups(), options, tmp_path / "student", TEMPLATE, layers=1, max_length=32, validate=validate
    )
    assert len(seen) == 3
    assert result.best_epoch == 1
    assert not np.array_equal(seen[0], seen[2])
    group = _groups()[0]
    np.testing.assert_allclose(
        student.score([(group.query, product) for product in group.products]), seen[0], atol=1e-6
    )


def test_nothing_to_train_on_is_refused(tiny_bert_dir: Path, tmp_path: Path):
    with pytest.raises(InputError, match="label pairs first"):
        train_student(tiny_bert_dir, [], TrainOptions(), tmp_path / "student", TEMPLATE)


def test_reranking_code_imports_no_index_and_no_data_set_library():
    code = (
        "import sys, rerank.student, rerank.layers, rerank.pipeline, rerank.gate, rerank.blend, rerank.model_card\n"
        "print(sorted({'datasets', 'faiss', 'ir_measures', 'ray'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
