"""Training that is interrupted, by SIGKILL or by a budget, ends with the very bits of training that is not."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from killed_training import OPTIONS, train_toy
from training_toy import toy_groups, toy_model, weight_bytes

from eval.errors import InputError, MachineError, PartialError
from rerank.train_options import TrainOptions
from rerank.training import train

SCRIPT = Path(__file__).with_name("killed_training.py")


def undisturbed(tiny_bert_dir: Path, path: Path, average: int) -> bytes:
    """What uninterrupted training ends with."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    path.mkdir()
    steps: list[int] = []
    result = train_toy(tiny_bert_dir, path, lambda done, _: steps.append(done), average)
    torch.set_num_threads(threads)
    assert steps == list(range(1, len(steps) + 1))
    assert len(set(result.validations)) == OPTIONS.epochs
    assert result.best_epoch == result.validations.index(max(result.validations)) + 1
    return (path / "weights").read_bytes()


@pytest.mark.parametrize("average", [1, 3])
def test_killed_training_ends_with_the_same_bits(tiny_bert_dir: Path, tmp_path: Path, average: int) -> None:
    expected = undisturbed(tiny_bert_dir, tmp_path / "undisturbed", average)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    directory = tmp_path / "killed"
    command = [sys.executable, str(SCRIPT), str(tiny_bert_dir), str(directory), "5", str(average)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    lines = done.stdout.split("\n")[:-1]
    assert lines[-1] == "ended 0", done.stderr
    assert lines.count("killed") >= 2, lines
    assert (directory / "weights").read_bytes() == expected
    assert [path.name for path in (directory / "checkpoints").iterdir()] == ["state.pt"]


def test_a_spent_budget_keeps_what_is_done(tiny_bert_dir: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, learning_rate=1e-3, pairs_per_batch=8, precision="float32")
    model, encoder = toy_model(tiny_bert_dir)
    train(model, encoder, toy_groups(), options)
    whole = weight_bytes(model)

    def stop_at(step: int) -> None:
        def progress(done: int, total: int) -> None:
            seen.append(done)
            if done == step:
                raise PartialError("the budget is spent")

        again, encoder = toy_model(tiny_bert_dir)
        train(again, encoder, toy_groups(), options, checkpoints=tmp_path, progress=progress)
        assert weight_bytes(again) == whole

    seen: list[int] = []
    for step in (1, 4):
        with pytest.raises(PartialError):
            stop_at(step)
    stop_at(-1)
    assert seen == list(range(1, seen[-1] + 1))  # no step was taken twice


def test_finished_training_returns_at_once(tiny_bert_dir: Path, tmp_path: Path) -> None:
    options = TrainOptions(epochs=2, learning_rate=1e-3, pairs_per_batch=8)
    model, encoder = toy_model(tiny_bert_dir)
    values = iter((1.0, 0.0))
    first = train(model, encoder, toy_groups(), options, checkpoints=tmp_path, validate=lambda _: next(values))
    again, encoder = toy_model(tiny_bert_dir)
    steps: list[int] = []
    second = train(
        again,
        encoder,
        toy_groups(),
        options,
        checkpoints=tmp_path,
        validate=lambda _: next(values),
        progress=lambda done, _: steps.append(done),
    )
    assert (first, first.best_epoch, steps) == (second, 1, [])
    assert weight_bytes(again) == weight_bytes(model)
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


@pytest.mark.parametrize("change", ["options", "data", "model"])
def test_another_trainings_checkpoint_is_refused(tiny_bert_dir: Path, tmp_path: Path, change: str) -> None:
    options = TrainOptions(epochs=1, pairs_per_batch=8)
    model, encoder = toy_model(tiny_bert_dir)
    train(model, encoder, toy_groups(), options, checkpoints=tmp_path)
    model, encoder = toy_model(tiny_bert_dir, layers=1 if change == "model" else 2)
    options = TrainOptions(epochs=1, pairs_per_batch=8, seed=1 if change == "options" else 0)
    with pytest.raises(InputError, match=r"other data, options or first weights; remove it"):
        train(model, encoder, toy_groups(weights=change == "data"), options, checkpoints=tmp_path)


def test_a_damaged_checkpoint_says_so(tiny_bert_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"nonsense")
    model, encoder = toy_model(tiny_bert_dir)
    with pytest.raises(MachineError, match=r"state\.pt is damaged \(.*\); remove"):
        train(model, encoder, toy_groups(), TrainOptions(epochs=1), checkpoints=tmp_path)


def test_a_full_disk_says_so(tiny_bert_dir: Path, tmp_path: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # as if the disk were full after so many bytes
    try:
        with pytest.raises(MachineError, match=r"cannot write .*state\.pt.*free space"):
            train(model, encoder, toy_groups(), TrainOptions(epochs=1), checkpoints=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
