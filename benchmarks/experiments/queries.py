"""Generated against logged queries: what if a shop has no log? python -m benchmarks.experiments.queries WORK --out FILE

Each arm is a whole run up to its student over the same number of queries and one teacher: all from the log, half of
them, or all but one, made from products by template (`generate.templates`).
"""

from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.whole_run import run_to_student, student_values


def main() -> None:
    """Run, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def cell(name: str, logged: int, seed: int) -> dict[str, float]:
        mining = {"queries": logged, "pool": 4 * options.queries}
        generated = {"templates": options.queries - logged}
        like = "logged" if name != "logged" else None
        return student_values(
            setting, run_to_student(setting, options, name, seed, like, mine=mining, generate=generated)
        )

    arms = {
        "logged": partial(cell, "logged", options.queries),
        "half generated": partial(cell, "half-generated", options.queries // 2),
        "generated": partial(cell, "generated", 1),
    }
    run_cells(options, setting, arms, title="Generated against logged queries")


if __name__ == "__main__":
    main()
