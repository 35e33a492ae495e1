"""From the journal to what the student trains on: what each of the teacher's labels counts, and which are dropped."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from augment.journal import LabelledQuery
from augment.label_weights import WeightShares, label_weights
from augment.pruning import PruneLimits, prune
from rerank.training import Group
from retrieval.types import Retriever
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared
from workflow.stages.first_stage import open_first_stages
from workflow.stages.training import products_of


@dataclass(frozen=True)
class LabelUse:
    """How the teacher's labels are learnt: what each counts (`weights` None: all the same), and which are dropped.

    `stages` are the first stages by name, which teacher and labels are compared to; `first` names the one that
    `WeightShares.consistency` asks. They are asked only where something needs them.
    """

    weights: WeightShares | None
    limits: PruneLimits
    stages: Mapping[str, Retriever]
    first: str


def label_use(config: Config, prepared: Prepared, run: RunDirectory) -> LabelUse | None:
    """What the config says of labels; None where each simply counts as one."""
    options = config.student
    limits = PruneLimits(**options.prune.model_dump())
    if options.weights is None and limits == PruneLimits():
        return None
    weights = None if options.weights is None else WeightShares(**options.weights.model_dump())
    return LabelUse(weights, limits, open_first_stages(config, prepared.catalogue, run), config.index.first_stage)


def labelled_groups(
    prepared: Prepared, labels: Iterable[LabelledQuery], loss: str, use: LabelUse | None = None
) -> tuple[list[Group], dict[str, int]]:
    """The labels, query by query, and how many were dropped, by reason: the student's targets are the teacher's scores.

    These are logits; `soft_bce` learns probabilities.
    """
    groups, dropped = [], Counter[str]()
    for entry in labels:
        weights = None
        if use is not None:
            kept, weights = _use(entry, use)
            dropped.update(reason for reason in kept if reason is not None)
            places = [place for place, reason in enumerate(kept) if reason is None]
            if not places:
                continue
            scores, ids = entry.scores[places], [entry.product_ids[place] for place in places]
            weights = None if weights is None else weights[places]
        else:
            scores, ids = entry.scores, list(entry.product_ids)
        targets = expit(scores) if loss == "soft_bce" else scores
        groups.append(Group(entry.query, products_of(prepared, ids), targets, weights))
    return groups, dict(dropped)


def _use(entry: LabelledQuery, use: LabelUse) -> tuple[list[str | None], np.ndarray | None]:
    """Why each label is dropped (None: it stays), and the labels' weights."""

    def asked(name: str) -> np.ndarray:
        return np.array(use.stages[name].score_products(entry.query, entry.product_ids), dtype=np.float32)

    sources = [asked(name) for name in ("bm25", "dense")] if use.limits.contradicted is not None else []
    reasons = prune(use.limits, entry.scores, entry.distributions, sources)
    if use.weights is None:
        return reasons, None
    return reasons, label_weights(use.weights, entry.scores, entry.distributions, asked(use.first))
