"""Logistic regression on soft targets: which weighted sum of features is the logit of the expected target."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from eval.errors import InputError


@dataclass(frozen=True)
class Logistic:
    """`logits(x) = bias + Σ weights · (x − centre) / spread`; all float64 [features], `bias` a number."""

    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    bias: float

    def logits(self, features: np.ndarray) -> np.ndarray:
        """float64 [n] from features [n, features]."""
        return (features - self.centre) / self.spread @ self.weights + self.bias


def fit_logistic(features: np.ndarray, targets: np.ndarray, penalty: float = 1.0) -> Logistic:
    """Minimise the summed binary cross-entropy with soft targets plus `penalty`/2 · |weights|², features standardised.

    Args:
        features: finite numbers [n, features]; a constant column gets weight 0.
        targets: [n] in [0, 1].

    Raises:
        InputError: when there is no row, or all targets are the same.
    """
    if len(targets) == 0 or np.ptp(targets) == 0:
        raise InputError(f"{len(targets)} judgements of one grade cannot weigh anything; give judgements of several")
    x = np.asarray(features, dtype=np.float64)
    y = np.asarray(targets, dtype=np.float64)
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    x = (x - centre) / spread

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = parameters[:-1], parameters[-1]
        logits = x @ weights + bias
        error = expit(logits) - y
        value = (np.logaddexp(0, logits) - y * logits).sum() + penalty / 2 * weights @ weights
        return float(value), np.append(x.T @ error + penalty * weights, error.sum())

    start = np.zeros(x.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-7})
    return Logistic(centre, spread, found.x[:-1], float(found.x[-1]))
