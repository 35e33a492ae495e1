"""Rankings that know nothing: what a measure is worth by chance."""

import random

from eval.trec import Qrels, Run


def random_run(qrels: Qrels, seed: int) -> Run:
    """Each query's judged products with random scores in [0, 1); the same for a query whatever others are there."""
    run: Run = {}
    for query, products in qrels.items():
        generator = random.Random(f"{seed} {query}")  # seeding by text does not depend on the process's hash seed
        run[query] = {product: generator.random() for product in sorted(products)}
    return run
