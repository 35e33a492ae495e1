"""From labels to groups: what weighs, what is dropped and counted, and that by default nothing happens to them."""

from types import SimpleNamespace

import numpy as np

from augment.journal import LabelledQuery
from augment.label_weights import WeightShares, label_weights
from augment.pruning import PruneLimits
from retrieval.types import Product, Query
from workflow.stages.labelled import LabelUse, labelled_groups

IDS = ("p0", "p1", "p2", "p3", "p4")
QUERY = Query("q", "red shoe")
LABELS = LabelledQuery(QUERY, IDS, np.array([5, 4, 3, 2, 0], dtype=np.float32), None)
PREPARED = SimpleNamespace(
    catalogue=SimpleNamespace(row=IDS.index, products=lambda rows: [Product(IDS[row]) for row in rows])
)


class Stage:
    """A first stage whose scores are given."""

    def __init__(self, *scores: float):
        self.scores = scores
        self.asked = 0

    def score_products(self, query: Query, product_ids: tuple[str, ...]) -> list[float]:
        self.asked += 1
        return [self.scores[IDS.index(product_id)] for product_id in product_ids]


def stages() -> dict[str, Stage]:
    return {"bm25": Stage(1, 4, 5, 3, 2), "dense": Stage(2, 5, 4, 3, 1), "hybrid": Stage(5, 4, 3, 2, 1)}


def test_without_a_use_labels_are_as_they_are() -> None:
    groups, dropped = labelled_groups(PREPARED, [LABELS], "margin_mse")
    assert dropped == {}
    assert [product.id for product in groups[0].products] == list(IDS)
    np.testing.assert_array_equal(groups[0].targets, LABELS.scores)
    assert groups[0].weights is None


def test_soft_bce_learns_probabilities() -> None:
    groups, _ = labelled_groups(PREPARED, [LABELS], "soft_bce")
    np.testing.assert_allclose(groups[0].targets, 1 / (1 + np.exp(-LABELS.scores)))


def test_weights_reach_the_group_and_ask_the_first_stage_alone() -> None:
    found = stages()
    groups, dropped = labelled_groups(
        PREPARED, [LABELS], "margin_mse", LabelUse(WeightShares(), PruneLimits(), found, "hybrid")
    )
    expected = label_weights(WeightShares(), LABELS.scores, None, np.array(found["hybrid"].scores))
    np.testing.assert_array_equal(groups[0].weights, expected)
    assert {name: stage.asked for name, stage in found.items()} == {"bm25": 0, "dense": 0, "hybrid": 1}
    assert dropped == {}


def test_dropped_labels_are_counted_and_the_rest_keep_their_weights() -> None:
    limits = PruneLimits(uncertain=0.9, contradicted=0.5)
    groups, dropped = labelled_groups(
        PREPARED, [LABELS, LABELS], "margin_mse", LabelUse(WeightShares(), limits, stages(), "hybrid")
    )
    assert dropped == {"contradicted": 2, "uncertain": 2}
    assert [product.id for product in groups[1].products] == ["p1", "p2", "p3"]
    whole = label_weights(WeightShares(), LABELS.scores, None, np.array(stages()["hybrid"].scores))
    np.testing.assert_array_equal(groups[1].weights, whole[1:4])


def test_a_query_of_which_nothing_is_left_is_no_group() -> None:
    unsure = LabelledQuery(QUERY, IDS[:2], np.zeros(2, dtype=np.float32), None)
    use = LabelUse(None, PruneLimits(uncertain=0.5), stages(), "hybrid")
    groups, dropped = labelled_groups(PREPARED, [unsure, LABELS], "margin_mse", use)
    assert len(groups) == 1
    assert groups[0].weights is None
    assert dropped == {"uncertain": 4}  # both of the first, and the scores 2 and 0 of the second
