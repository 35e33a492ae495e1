"""What the judgements teach a student, loss by loss."""

from math import log

import numpy as np
import pytest

from rerank.losses import LOSSES
from retrieval.shop.shop import shop_data
from workflow.run.prepared import Prepared, load_prepared, write_prepared
from workflow.stages.training import soft_groups

PROBABILITIES = {"E": 1.0, "S": 0.5, "C": 0.1, "I": 0.0}
# .9 falls to a judge's grade, the rest to its neighbours: E is .9 * 1 + .1 * .5, S is .05 * 1 + .9 * .5 + .05 * .1.
EXPECTED = {"E": 0.95, "S": 0.505, "C": 0.115, "I": 0.01}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    path = tmp_path_factory.mktemp("judged") / "data"
    write_prepared(shop_data(products=60, train=12, dev=2, test=2, log=5, seed=3, judged=10), path)
    return load_prepared(path)


@pytest.mark.parametrize("loss", sorted({*LOSSES} - {"soft_cross_entropy"}))
def test_judgements_are_probabilities_for_soft_bce_and_logits_for_all_else(loss: str, prepared: Prepared) -> None:
    train = prepared.split("train")
    wanted = {grade: log(share / (1 - share)) for grade, share in EXPECTED.items()}
    names = {grade.gain: grade.name for grade in prepared.scale.grades}
    seen = set()
    for query_id, group in zip(train, soft_groups(prepared, train, loss), strict=True):
        gains = prepared.qrels[query_id]
        grades = [names[gains[product.id]] for product in group.products]
        expected = [(PROBABILITIES if loss == "soft_bce" else wanted)[grade] for grade in grades]
        assert group.targets.dtype == np.float32
        np.testing.assert_allclose(group.targets, expected, rtol=1e-5)
        seen |= set(grades)
    assert seen == {"E", "S", "C", "I"}
