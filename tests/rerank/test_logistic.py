"""The soft-target logistic regression against scikit-learn's."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from eval.errors import InputError
from rerank.logistic import fit_logistic


def test_soft_targets_are_weighted_hard_ones() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 3)) * [1, 20, 0] + [0, 5, 7]
    targets = expit(features[:, 0] - 0.1 * features[:, 1] + rng.normal(size=200))
    ours = fit_logistic(features, targets)
    # A soft target is a 1 with weight y and a 0 with weight 1 − y.
    scaled = (features - features.mean(0)) / np.where(features.std(0) > 0, features.std(0), 1)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000)
    theirs.fit(np.tile(scaled, (2, 1)), np.repeat([1, 0], 200), sample_weight=np.concatenate([targets, 1 - targets]))
    np.testing.assert_allclose(ours.logits(features), theirs.decision_function(scaled), atol=1e-4)
    assert ours.weights[2] == 0


@pytest.mark.parametrize("targets", [[], [0.5, 0.5]])
def test_one_grade_weighs_nothing(targets: list[float]) -> None:
    with pytest.raises(InputError, match="of one grade"):
        fit_logistic(np.zeros((len(targets), 2)), np.array(targets))
