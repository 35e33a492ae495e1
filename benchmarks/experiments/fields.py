"""Which product fields should the student read, and in which order?

python -m benchmarks.experiments.fields WORK --out FILE

Each arm warms and trains a student that reads products its way, on the same judgements and labels. The last arm reads
another order than it was trained on.
"""

import dataclasses
from collections.abc import Callable
from functools import partial

from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MAX_LENGTH, TRAIN
from rerank.student import Student
from retrieval.product_text import ProductTemplate

ORDERS = (
    ("title", "brand", "colour"),
    ("title",),
    ("title", "brand"),
    ("brand", "title", "colour"),
    ("colour", "brand", "title"),
)


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, queries=400)
    setting = open_setting(options)

    def student(order: tuple[str, ...], seed: int) -> Student:
        template = ProductTemplate(order)
        groups = setting.groups(setting.budget(options.queries, seed), TRAIN.loss)
        return setting.student(
            groups, dataclasses.replace(TRAIN, seed=seed), setting.start(template=template), template
        )

    def cell(order: tuple[str, ...], seed: int) -> dict[str, float]:
        return setting.values(student(order, seed))

    def misread(seed: int) -> dict[str, float]:
        trained = student(ORDERS[0], seed)
        other = ProductTemplate(ORDERS[-1])
        tokenizer = trained.pair_encoder.tokenizer
        return setting.values(Student(trained.model, tokenizer, other, max_length=MAX_LENGTH, precision="auto"))

    arms: dict[str, Callable[[int], dict[str, float]]] = {", ".join(order): partial(cell, order) for order in ORDERS}
    arms["trained as the first, read as the last"] = misread
    run_cells(options, setting, arms, title="Fields and their order")


if __name__ == "__main__":
    main()
