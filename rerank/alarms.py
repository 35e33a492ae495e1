"""Alarms that a trained model raises about itself."""

from collections.abc import Sequence

import numpy as np
from transformers import PreTrainedModel

from rerank.inputs import PairEncoder
from rerank.precision import Precision
from rerank.scoring import predict
from rerank.training_data import Group

_ALARM_PAIRS = 512
_ALARM_DEVIATION = 1e-3


def constant_scores_alarm(
    model: PreTrainedModel, pair_encoder: PairEncoder, groups: Sequence[Group], precision: Precision
) -> tuple[str, ...]:
    """A warning when the trained model gives a query's products (or, where all are single, all pairs) one score.

    A collapsed cross-encoder is silent otherwise: its loss looks plausible and its ranking is the tie-break's.
    """
    sample, size = [], 0
    for group in sorted(groups, key=lambda group: len(group.products) < 2):
        sample.append(group)
        size += len(group.products)
        if size >= _ALARM_PAIRS:
            break
    pairs = [(group.query, product) for group in sample for product in group.products]
    scores = predict(model, pair_encoder, pairs, precision=precision)
    if len(sample[0].products) >= 2:
        ends = np.cumsum([len(group.products) for group in sample])[:-1]
        rows = [part - part.mean(axis=0) for part in np.split(scores, ends) if len(part) >= 2]
        scores = np.concatenate(rows)
    deviation = float(scores.std(axis=0).max())
    if deviation >= _ALARM_DEVIATION or len(scores) < 2:
        return ()
    return (
        f"the trained model scores all products of a query alike (standard deviation {deviation:.1e} over "
        f"{len(scores)} pairs): it has learnt nothing; lower learning_rate, train longer or look at the targets",
    )
