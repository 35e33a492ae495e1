import random
import time

import pytest

from augment.guard import LeakGuard
from eval.errors import InputError
from retrieval.types import Query


def test_check_names_the_protected_query_and_how_close_it_is() -> None:
    guard = LeakGuard([Query("1", "iPhone case"), Query("2", "red wool winter hat"), Query("3", "red wool hat")])
    same = guard.check("i-phone CASE")
    assert same is not None
    assert (same.kind, same.query.id, same.similarity) == ("same", "1", 1.0)
    near = guard.check("hat red wool")
    assert near is not None
    assert (near.kind, near.query.id, near.similarity) == ("near", "3", 1.0)
    at_threshold = guard.check("red wool winter")  # 3 of 4 with query 2; 2 of 4 with query 3
    assert at_threshold is not None
    assert (at_threshold.query.id, at_threshold.similarity) == ("2", 0.75)
    assert guard.check("red wool") is None
    assert guard.check("???") is None


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.75, 0.8, 1.0])
def test_near_duplicates_are_those_of_brute_force(threshold: float) -> None:
    generator = random.Random(5)
    words = [f"w{number}" for number in range(12)]

    def some() -> str:
        return " ".join(generator.choices(words, k=generator.randint(1, 9)))

    protected = [Query(str(number), some()) for number in range(60)]
    guard = LeakGuard(protected, threshold)
    outcomes = set()
    for text in (some() for _ in range(1500)):
        mine = set(text.split())
        similar = [len(mine & (other := set(query.text.split()))) / len(mine | other) for query in protected]
        best = max(similar)
        found = guard.check(text)
        assert (found is not None) == (best >= threshold - 1e-12)
        if found is not None:
            assert found.similarity == pytest.approx(best)
            if found.kind == "near":
                assert found.query == protected[similar.index(best)]
        outcomes.add(found and found.kind)
    assert outcomes == {None, "same", "near"} or threshold == 1.0


def test_a_long_log_is_checked_fast_against_thousands_of_protected_queries() -> None:
    generator = random.Random(1)
    words = [f"word{number}" for number in range(3000)]
    likely = [1 / (rank + 1) for rank in range(len(words))]
    texts = [" ".join(generator.choices(words, likely, k=generator.randint(2, 7))) for _ in range(10_000)]
    guard = LeakGuard(Query(str(number), text) for number, text in enumerate(texts[:2000]))
    begun = time.process_time()
    leaked = sum(guard.check(text) is not None for text in texts[2000:])
    assert leaked > 0
    assert time.process_time() - begun < 5  # 8,000 x 2,000 comparisons would take longer


def test_assert_clean_says_what_leaked() -> None:
    guard = LeakGuard([Query("q7", "garden chair")])
    guard.assert_clean(["garden table", "chair"])
    with pytest.raises(InputError, match=r"1 held-out queries.*'Garden Chairs?'.*query q7 'garden chair'"):
        guard.assert_clean(["garden table", "Garden Chair"])


def test_fingerprint_follows_the_protected_texts() -> None:
    one = LeakGuard([Query("1", "a b"), Query("2", "c")])
    assert one.fingerprint == LeakGuard([Query("2", "C"), Query("9", "a b")]).fingerprint
    assert one.fingerprint != LeakGuard([Query("1", "a b")]).fingerprint
    assert one.fingerprint != LeakGuard([Query("1", "a b"), Query("2", "c")], 0.8).fingerprint


def test_a_threshold_out_of_range_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"threshold is 75.*\(0, 1\]"):
        LeakGuard([], 75)
