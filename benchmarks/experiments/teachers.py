"""Which kind of teacher? python -m benchmarks.experiments.teachers WORK --out FILE [--decoder DIR]

Each arm is a whole run up to its student (`distilrank run`'s own stages): the teacher learns the shop's judged train
queries, labels the same mined pairs, and a two-layer student learns them from the same start. Teacher and student are
arms of their own. An encoder (MiniLM), an ensemble of it with BM25 and the bi-encoder, and a decoder with adapters,
where --decoder gives one that has learnt words (`python -m benchmarks.decoder_teacher` makes a small one).
"""

from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.whole_run import run_to_student, student_values, teacher, teacher_values


def main() -> None:
    """Run, measure, compare."""
    options = parse(__doc__, {"decoder": Path}, queries=400)
    setting = open_setting(options)
    kinds: dict[str, dict[str, Any]] = {
        "encoder": {},
        "ensemble": {"kind": "ensemble", "ensemble": [str(setting.start(6)), "bm25", "dense"]},
    }
    if options.decoder is not None:
        adapters = {"rank": 16, "alpha": 32, "targets": ["q_proj", "k_proj", "v_proj", "o_proj"]}
        kinds["decoder"] = {"model": str(options.decoder), "lora": adapters}

    def cell(name: str, which: str, seed: int) -> dict[str, float]:
        run = run_to_student(setting, options, name, seed, teacher={**teacher(setting), **kinds[name]})
        if which == "student":
            return student_values(setting, run)
        return teacher_values(setting, run)

    arms = {}
    for name in kinds:
        arms[f"{name}, its student"] = partial(cell, name, "student")
        arms[name] = partial(cell, name, "teacher")
    run_cells(options, setting, arms, title="Kinds of teacher")


if __name__ == "__main__":
    main()
