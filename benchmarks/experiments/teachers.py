"""Which kind of teacher? python -m benchmarks.experiments.teachers WORK --out FILE [--decoder DIR]

Each arm is a whole run up to its student (`distilrank run`'s own stages): the teacher learns the shop's judged train
queries, labels the same mined pairs, and a two-layer student learns them from the same start. Teacher and student are
arms of their own. An encoder (MiniLM), an ensemble of it with BM25 and the bi-encoder, and a decoder with adapters,
where --decoder gives one that has learnt words (`python -m benchmarks.decoder_teacher` makes a small one).
"""

import argparse
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MAX_LENGTH, Setting
from rerank.student import Student
from workflow.config import Config
from workflow.open_teacher import open_teacher
from workflow.run_directory import RunDirectory
from workflow.runner import run_stages

_TRAIN = {"pairs_per_batch": 48, "freeze_embeddings": True, "dropout": 0.0}


def main() -> None:
    """Run, measure, compare."""
    options = parse(__doc__, {"decoder": Path}, queries=300)
    setting = open_setting(options)
    kinds: dict[str, dict] = {
        "encoder": {"model": "default"},
        "ensemble": {"kind": "ensemble", "ensemble": ["default", "bm25", "dense"]},
    }
    if options.decoder is not None:
        adapters = {"rank": 16, "alpha": 32, "targets": ["q_proj", "k_proj", "v_proj", "o_proj"]}
        kinds["decoder"] = {"model": str(options.decoder), "lora": adapters}
    arms = {}
    for name, section in kinds.items():
        arms[f"{name}, its student"] = partial(_measured, setting, options, name, section, "student")
        arms[name] = partial(_measured, setting, options, name, section, "teacher")
    run_cells(options, setting, arms, title="Kinds of teacher")


def _measured(
    setting: Setting, options: argparse.Namespace, name: str, section: dict, which: str, seed: int
) -> dict[str, float]:
    """The values of a run's teacher or student; the run is kept, and goes on where it was stopped."""
    config = Config.model_validate(
        {
            "name": f"{name}-{seed}",
            "seed": seed,
            "threads": 1,
            "data": setting.config.data.model_dump(),
            "teacher": {**section, "max_length": MAX_LENGTH, "train": {"epochs": 3, "learning_rate": 1e-4, **_TRAIN}},
            "mine": {"queries": options.queries, "pool": 4 * options.queries},
            "student": {
                "parent": str(setting.start()),
                "max_length": MAX_LENGTH,
                "train": {"epochs": 1, "learning_rate": 1e-4, **_TRAIN},
                "judgements_train": None,
            },
        }
    )
    run = RunDirectory(options.work / "teachers" / config.name)
    accept = frozenset({"teacher", "student"})
    run_stages(config, run, "student", Console(quiet=True), accept=accept, retry_failed=False)
    if which == "teacher":
        return setting.values(open_teacher(config, setting.prepared, run, run.root / "teacher"))
    return setting.values(Student.load(run.root / "student", precision="auto"))


if __name__ == "__main__":
    main()
