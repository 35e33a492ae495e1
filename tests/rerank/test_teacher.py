"""Teachers of every kind learn a small separable set, and come back from disk as they were."""

import builtins
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from training_toy import TEMPLATE, toy_groups

from eval.errors import InputError, MachineError
from eval.files import read_json, write_json
from eval.grades import ESCI
from rerank.lora import LoraOptions
from rerank.teacher import JudgedQuery, Teacher, train_teacher
from rerank.train_options import TrainOptions
from rerank.types import Pair, Reranker

OPTIONS = TrainOptions(epochs=25, learning_rate=5e-3, pairs_per_batch=12, precision="float32")
LORA = LoraOptions(rank=8)
JUDGED = [
    JudgedQuery(group.query, group.products, [{3: 100, 0: 10, -3: 0}[int(target)] for target in group.targets])
    for group in toy_groups()
]
PAIRS: list[Pair] = [(entry.query, product) for entry in JUDGED for product in entry.products]


def _train(
    base: Path, head: str, path: Path, options: TrainOptions = OPTIONS, lora: LoraOptions | None = None
) -> Teacher:
    return train_teacher(base, head, JUDGED, ESCI, TEMPLATE, path, options, max_length=96, lora=lora, device="cpu")[0]


@pytest.fixture(
    scope="module", params=["encoder soft", "encoder grades", "decoder soft", "decoder grades", "lora soft"]
)
def trained(
    request: pytest.FixtureRequest, tiny_bert_dir: Path, tiny_llama_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Teacher]:
    """A teacher of each kind with its directory."""
    kind, head = request.param.split()
    path = tmp_path_factory.mktemp("teachers") / "teacher"
    options = TrainOptions(epochs=25, learning_rate=2e-2, pairs_per_batch=12, precision="float32")
    if kind == "lora":
        return request.param, path, _train(tiny_llama_dir, head, path, options, LORA)
    return request.param, path, _train(tiny_bert_dir if kind == "encoder" else tiny_llama_dir, head, path)


def test_it_ranks_what_it_has_learnt(trained: tuple[str, Path, Teacher]) -> None:
    _, _, teacher = trained
    assert isinstance(teacher, Reranker)
    scores = teacher.score(PAIRS)
    assert scores.dtype == np.float32
    assert scores.shape == (len(PAIRS),)
    for row in scores.reshape(len(JUDGED), 6):
        assert row[0] > row[1:3].max()
        assert row[1:3].min() > row[3:].max()
    # the soft targets 1, .5 and 0 have the logits ∞, 0 and −∞
    assert scores.reshape(-1, 6)[:, 0].min() > 1
    assert np.abs(scores.reshape(-1, 6)[:, 1:3]).max() < 1
    assert scores.reshape(-1, 6)[:, 3:].max() < -1


def test_its_labels_are_whole(trained: tuple[str, Path, Teacher]) -> None:
    name, _, teacher = trained
    seen: list[tuple[int, int]] = []
    labels = teacher.label(PAIRS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(PAIRS), len(PAIRS))
    assert [label.score for label in labels] == pytest.approx(teacher.score(PAIRS).tolist(), rel=1e-6)
    for label in labels:
        assert (label.status, label.reason) == ("ok", "")
        assert -8 <= label.score <= 8
        if "soft" in name:
            assert label.distribution is None
            continue
        assert label.distribution is not None
        assert sum(label.distribution) == pytest.approx(1)
        expected = float(np.dot(label.distribution, [1, 0.5, 0.1, 0]))
        assert label.score == pytest.approx(np.log(expected / (1 - expected)), abs=1e-4)


def test_it_comes_back_from_disk_as_it_was(trained: tuple[str, Path, Teacher], tmp_path: Path) -> None:
    _, path, teacher = trained
    shutil.copytree(path, tmp_path / "copy")
    loaded = Teacher.load(tmp_path / "copy", "cpu", precision="float32")
    assert loaded.version == teacher.version
    assert loaded.pair_encoder.template == TEMPLATE
    assert loaded.pair_encoder.max_length == 96
    assert loaded.head.scale == ESCI
    assert not loaded.model.training
    assert np.array_equal(loaded.score(PAIRS), teacher.score(PAIRS))


def test_lora_keeps_adapters_only(trained: tuple[str, Path, Teacher]) -> None:
    name, path, teacher = trained
    files = {file.name for file in path.iterdir()}
    assert ("adapter_model.safetensors" in files) == ("lora" in name)
    assert ("model.safetensors" in files) == ("lora" not in name)
    assert not any("lora" in parameter for parameter, _ in teacher.model.named_parameters())  # merged when loaded


def test_the_same_training_writes_the_same_bytes(tiny_bert_dir: Path, tiny_llama_dir: Path, tmp_path: Path) -> None:
    short = TrainOptions(epochs=1, learning_rate=1e-3, precision="float32", seed=4)

    def contents(name: str, base: Path, options: TrainOptions, lora: LoraOptions | None) -> dict[str, bytes]:
        torch.rand(1)  # whatever the caller drew
        _train(base, "soft", tmp_path / name, options, lora)
        return {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}

    for base, lora in ((tiny_bert_dir, None), (tiny_llama_dir, LORA)):
        first = contents("a", base, short, lora)
        assert contents("b", base, short, lora) == first
        other = contents("c", base, TrainOptions(epochs=1, learning_rate=1e-3, precision="float32", seed=5), lora)
        assert other["teacher.json"] != first["teacher.json"]  # another version


def test_training_goes_on_from_its_checkpoint(tiny_llama_dir: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, learning_rate=1e-2, pairs_per_batch=12, precision="float32")
    qualities: list[float] = []

    def validate(teacher: Teacher) -> float:
        qualities.append(float(teacher.score(PAIRS)[0]))
        return qualities[-1]

    def run(name: str) -> str:
        teacher, result = train_teacher(
            tiny_llama_dir,
            "grades",
            JUDGED,
            ESCI,
            TEMPLATE,
            tmp_path / name,
            options,
            max_length=96,
            lora=LORA,
            checkpoints=tmp_path / "checkpoints",
            validate=validate,
        )
        assert result.validations == tuple(qualities)
        return teacher.version

    assert run("first") == run("again")
    assert len(qualities) == 2


def test_recomputing_and_spreading_change_where_and_when_but_not_what(tiny_llama_dir: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, learning_rate=1e-2, pairs_per_batch=12, precision="float32")

    def learnt(name: str, **how: bool) -> Teacher:
        path = tmp_path / name
        return train_teacher(
            tiny_llama_dir, "soft", JUDGED, ESCI, TEMPLATE, path, options, max_length=96, lora=LORA, **how
        )[0]

    plain, spared = learnt("plain"), learnt("spared", recompute=True, spread=True)
    np.testing.assert_allclose(spared.score(PAIRS), plain.score(PAIRS), atol=1e-5)
    assert np.abs(plain.score(PAIRS)).max() > 0.5


def test_four_bits_need_a_gpu(tiny_llama_dir: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(MachineError, match=r"lora\.four_bit needs an NVIDIA GPU"):
        _train(tiny_llama_dir, "soft", tmp_path / "t", lora=LoraOptions(four_bit=True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_four_bit_weights_learn_and_come_back(tiny_llama_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    lora = LoraOptions(rank=8, four_bit=True)
    options = TrainOptions(epochs=25, learning_rate=2e-2, pairs_per_batch=12)
    teacher = train_teacher(
        tiny_llama_dir, "soft", JUDGED, ESCI, TEMPLATE, tmp_path / "t", options, max_length=96, lora=lora
    )[0]
    scores = teacher.score(PAIRS)
    for row in scores.reshape(len(JUDGED), 6):
        assert row[0] > row[3:].max()
    np.testing.assert_allclose(Teacher.load(tmp_path / "t").score(PAIRS), scores, atol=0.05)


def test_a_broken_model_fails_its_labels_and_ranks_them_last(tiny_bert_dir: Path, tmp_path: Path) -> None:
    short = TrainOptions(epochs=1, learning_rate=1e-4, precision="float32")
    teacher = _train(tiny_bert_dir, "grades", tmp_path / "teacher", short)
    with torch.no_grad():
        teacher.model.classifier.bias[2] = float("nan")
    labels = teacher.label(PAIRS[:3])
    assert {label.status for label in labels} == {"failed"}
    assert all("not finite" in label.reason for label in labels)
    assert teacher.score(PAIRS[:3]).tolist() == [-8, -8, -8]


def _no_directory(path: Path) -> None:
    """Nothing there."""


def _empty(path: Path) -> None:
    path.mkdir()


def _no_weights(path: Path) -> None:
    path.mkdir()
    about = {"head": "soft", "base": "x", "max_length": 64, "version": "v", "lora": None}
    about["template"] = {"fields": ["title"], "max_characters": 100}
    about["scale"] = {"name": "s", "grades": [["a", 1, 1.0], ["b", 0, 0.0]], "relevant_from": "a"}
    write_json(path / "teacher.json", about)


def _damaged(path: Path) -> None:
    _no_weights(path)
    about = read_json(path / "teacher.json")
    del about["scale"]
    write_json(path / "teacher.json", about)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (_no_directory, "is no teacher"),
        (_empty, "is no teacher"),
        (_no_weights, "does not load as a classifier"),
        (_damaged, "teacher.json is damaged"),
    ],
)
def test_a_directory_that_is_no_teacher(make: Callable[[Path], None], expected: str, tmp_path: Path) -> None:
    make(tmp_path / "t")
    with pytest.raises(MachineError, match=expected):
        Teacher.load(tmp_path / "t")


def test_bad_requests_are_named(tiny_bert_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MachineError, match="does not load as a classifier"):
        _train(tmp_path, "soft", tmp_path / "t")
    with pytest.raises(InputError, match=r"lora targets q_proj, v_proj: .* it has .*query, value"):
        _train(tiny_bert_dir, "soft", tmp_path / "t", lora=LORA)
    with pytest.raises(InputError, match="no judged query"):
        train_teacher(tiny_bert_dir, "soft", [], ESCI, TEMPLATE, tmp_path / "t", OPTIONS)

    real_import = builtins.__import__

    def without_peft(name: str, *arguments: object) -> object:
        if name == "peft":
            raise ImportError(name)
        return real_import(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_peft)
    with pytest.raises(MachineError, match=r"pip install 'distilrank\[llm\]'"):
        _train(tiny_bert_dir, "soft", tmp_path / "t", lora=LORA)
    assert not (tmp_path / "t").exists()
