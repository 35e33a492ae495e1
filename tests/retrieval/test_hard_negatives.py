"""Hard negatives: found, unknown, and not too good."""

from collections.abc import Sequence

from retrieval.hard_negatives import hard_negatives
from retrieval.types import Filter, Hit, Query


class Numbered:
    """Finds products 0, 1, 2 … for every query, and remembers how many queries came at once."""

    def __init__(self) -> None:
        self.at_once: list[int] = []

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        self.at_once.append(len(queries))
        return [[Hit(str(number), -number) for number in range(k)] for _ in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return [-float(product_id) for product_id in product_ids]


def _odd(query: Query, product_ids: Sequence[str]) -> list[bool]:
    return [int(product_id) % 2 == 1 for product_id in product_ids]


def test_known_products_and_what_is_too_good_are_left_out_and_memory_is_bounded() -> None:
    queries = [Query(str(number), "q") for number in range(600)]
    known = [{"0", "2"}] * 600
    retriever = Numbered()
    found = hard_negatives(queries, known, retriever, take=2, depth=10, too_good=_odd, seed=1)
    assert len(found) == 600
    assert all(set(one) <= {"4", "6", "8"} and one == sorted(one, key=int) for one in found)
    assert {tuple(one) for one in found} >= {("4", "6"), ("4", "8"), ("6", "8")}  # drawn, not always the first
    assert max(retriever.at_once) <= 256
    assert found == hard_negatives(queries, known, Numbered(), take=2, depth=10, too_good=_odd, seed=1)


def test_no_candidate_is_no_negative() -> None:
    every = {str(number) for number in range(5)}
    assert hard_negatives([Query("q", "q")], [every], Numbered(), take=2, depth=5, too_good=_odd, seed=1) == [[]]
