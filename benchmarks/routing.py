"""Does it pay to choose, query by query, how many candidates are reranked? python -m benchmarks.routing RUN

Arms: the first stage alone, and the student (blended as served) over windows of 10 to 50. The router is a ridge
regression of each arm's gain on features known once the first stage has answered; it takes the arm with the best
predicted gain less a price for each pair reranked, and the price sets the mean cost. It is compared at equal mean cost
with random routing: the best mixture of two arms, the same for every query. The oracle knows each query's true gain.

It did not pay (docs/experiments.md), so the server has no such router.

RUN is a finished run of a shop config. Fitted on `--fresh` queries that no model saw, generated with true grades (more
and better supervision than judgements give), and once on the run's dev queries alone, with the grades it has; measured
on the run's first `--test` test queries with true grades of the whole catalogue. Prints Markdown.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from augment.guard import LeakGuard
from benchmarks.shop_truth import ShopTruth
from eval.bootstrap import interval
from eval.measures import per_query
from rerank.blend import blend
from retrieval.shop.intents import Intent
from retrieval.tokens import tokenize
from retrieval.types import Hit, Query, Retriever
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.served.opened import OpenedRun, open_run
from workflow.stages.first_stage import open_first_stages

WINDOWS = (0, 10, 20, 50)
BUDGETS = (5, 10, 15, 20, 30, 40)
_NEGATION = re.compile(r"\b(no|not|non|without|w/o|free|less|minus|except)\b|\w+less\b")
_RIDGES = (1.0, 10.0, 100.0, 1000.0)
_FOLDS = 5


class Sample(NamedTuple):
    """Features [n, f] of n queries, and the nDCG@10 [n, arms] of each arm."""

    features: np.ndarray
    values: np.ndarray


class Router:
    """Ridge regressions of each arm's gain over the first arm; `penalty` is chosen out of fold."""

    def __init__(self, sample: Sample) -> None:
        self.mean, self.scale = sample.features.mean(axis=0), sample.features.std(axis=0) + 1e-9
        gains = sample.values - sample.values[:, :1]
        fold = np.random.default_rng(7).permutation(len(gains)) % _FOLDS
        held: dict[float, np.ndarray] = {}
        for penalty in _RIDGES:
            held[penalty] = np.empty_like(gains)
            for number in range(_FOLDS):
                weights = self._solve(sample.features[fold != number], gains[fold != number], penalty)
                held[penalty][fold == number] = self._design(sample.features[fold == number]) @ weights
        self.penalty = min(held, key=lambda penalty: float(((held[penalty] - gains) ** 2).mean()))
        self.out_of_fold = held[self.penalty]
        self.weights = self._solve(sample.features, gains, self.penalty)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predicted gains [n, arms]."""
        return self._design(features) @ self.weights

    def _design(self, features: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(features)), (features - self.mean) / self.scale])

    def _solve(self, features: np.ndarray, gains: np.ndarray, penalty: float) -> np.ndarray:
        design = self._design(features)
        ridge = penalty * np.eye(design.shape[1])
        ridge[0, 0] = 0.0  # the mean is not shrunk
        return np.linalg.solve(design.T @ design + ridge, design.T @ gains)


def choose(gains: np.ndarray, costs: np.ndarray, price: float) -> np.ndarray:
    """The best arm of each query at a price for a pair; of equals the cheaper."""
    return np.argmax(gains - price * costs, axis=1)


def price_for(gains: np.ndarray, costs: np.ndarray, budget: float) -> float:
    """The lowest price at which the chosen arms cost at most `budget` on the mean."""
    low, high = -0.1, 0.1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if costs[choose(gains, costs, middle)].mean() <= budget else (middle, high)
    return high


def mixture(mean_values: np.ndarray, costs: np.ndarray, cost: float) -> np.ndarray:
    """The shares [arms] of the random routing that costs exactly `cost` and has the best mean value."""
    best, shares = -np.inf, np.zeros(len(costs))
    for i, lower in enumerate(costs):
        for j, upper in enumerate(costs):
            if lower <= cost <= upper:
                share = 0.0 if upper == lower else (cost - lower) / (upper - lower)
                value = (1 - share) * mean_values[i] + share * mean_values[j]
                if value > best + 1e-12:
                    best, shares = value, np.zeros(len(costs))
                    shares[i] += 1 - share
                    shares[j] += share
    return shares


def features(text: str, fused: Sequence[Hit], dense: Sequence[Hit], bm25: Sequence[Hit]) -> list[float]:
    """What is known of a query once the first stage has answered; nothing here costs more than microseconds."""
    words = tokenize(text)
    cosine = np.array([hit.score for hit in dense[:50]] or [0.0])
    lexical = np.array([hit.score for hit in bm25[:50]] or [0.0])
    rrf = np.array([hit.score for hit in fused[:50]] or [0.0])
    found = [{hit.product_id for hit in hits[:10]} for hits in (dense, bm25)]
    soft = np.exp((cosine - cosine.max()) / 0.05)
    soft /= soft.sum()
    return [
        float(len(words)),
        float(len(text)),
        float(bool(_NEGATION.search(text.lower()))),
        float(any(word[0].isdigit() for word in words)),
        float(cosine[0]),
        float(cosine[0] - cosine[min(9, len(cosine) - 1)]),
        float(cosine.std()),
        float(-(soft * np.log(soft + 1e-12)).sum()),
        float(lexical[0]) / max(len(words), 1),
        float((lexical[0] - lexical[min(9, len(lexical) - 1)]) / max(lexical[0], 1e-9)),
        float(len(bm25) < 200),
        len(found[0] & found[1]) / 10,
        float(fused[0].product_id in found[0] and fused[0].product_id in found[1]) if fused else 0.0,
        float(rrf[0] - rrf[min(9, len(rrf) - 1)]),
    ]


def main() -> None:
    """Score, fit, compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--fresh", type=int, default=400)
    arguments.add_argument("--test", type=int, default=400)
    options = arguments.parse_args()
    run = RunDirectory(options.run)
    config = load_config(run.config)
    opened, truth = open_run(config, run), ShopTruth(config)
    counts = config.data.shop
    drawn = truth.shop.judged_queries(
        {"train": counts.train, "dev": counts.dev, "test": counts.test + options.fresh},
        counts.judged,
        judge=truth.judge,
    )
    meant = {one.query.id: one.intent for one in drawn}
    queries = {one.query.id: one.query for one in drawn}
    test = [i for i in opened.prepared.split("test") if queries[i] == opened.prepared.queries[i]]
    dev = opened.prepared.split("dev")
    assert len(test) == counts.test
    test = test[: options.test]
    guard = LeakGuard(opened.prepared.queries.values())
    fresh = [one.query.id for one in drawn if one.split == "test" and one.query.id not in opened.prepared.queries]
    fresh = [i for i in fresh if guard.check(queries[i].text) is None]
    print(f"{len(fresh)} fresh queries to fit on, {len(dev)} dev queries, {len(test)} test queries", flush=True)
    arms = Arms(opened, truth, open_first_stages(config, opened.catalogue, run))
    known = {i: queries[i] for i in (*test, *dev, *fresh)}
    lists = {i: arms.rank(query) for i, query in _told(known)}
    measured = arms.sample(test, lists, meant)
    print("\nTrue nDCG@10 of each arm, full catalogue, test queries: ", end="")
    print(
        ", ".join(f"{window}: {value:.4f}" for window, value in zip(WINDOWS, measured.values.mean(axis=0), strict=True))
    )
    compare("fitted on fresh queries with true grades", arms.sample(fresh, lists, meant), measured)
    compare("fitted on dev queries as judged", arms.judged_sample(dev, lists), measured)


def _told(queries: Mapping[str, Query]) -> Iterator[tuple[str, Query]]:
    for done, item in enumerate(queries.items()):
        if done % 100 == 0:
            print(f"<!-- {done} of {len(queries)} -->", flush=True)
        yield item


class Ranked(NamedTuple):
    """A query's features, and the best ten products of each arm."""

    features: list[float]
    arms: list[list[str]]


class Arms:
    """Every arm's ranking of a query, from one pass of the student over the largest window."""

    def __init__(self, opened: OpenedRun, truth: ShopTruth, stages: Mapping[str, Retriever]) -> None:
        self.opened, self.truth, self.stages = opened, truth, stages

    def rank(self, query: Query) -> "Ranked":
        """What one query yields."""
        dense, bm25 = (self.stages[name].search([query], 200)[0] for name in ("dense", "bm25"))
        pipeline = self.opened.pipeline
        fused = pipeline.retriever.search([query], max(WINDOWS))[0]
        products = self.opened.catalogue.products([self.opened.catalogue.row(hit.product_id) for hit in fused])
        assert pipeline.reranker is not None
        scores = pipeline.reranker.score([(query, product) for product in products])
        ranked = []
        for window in WINDOWS:
            head = fused[:window]
            final = blend([hit.score for hit in head], scores[: len(head)], pipeline.blend_weight)
            order = [head[place] for place in np.argsort(-final, kind="stable")] + list(fused[window:])
            ranked.append([hit.product_id for hit in order[:10]])
        return Ranked(features(query.text, fused, dense, bm25), ranked)

    def sample(self, ids: Sequence[str], lists: Mapping[str, Ranked], meant: Mapping[str, Intent]) -> Sample:
        """With true grades."""
        rows = [(lists[i].features, [self.truth.ndcg(meant[i], arm) for arm in lists[i].arms]) for i in ids]
        rows = [row for row in rows if row[1][0] is not None]
        return Sample(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float64))

    def judged_sample(self, ids: Sequence[str], lists: Mapping[str, Ranked]) -> Sample:
        """With the run's judgements, unjudged products gaining nothing."""
        qrels = {i: self.opened.prepared.qrels[i] for i in ids}
        values = []
        for arm in range(len(WINDOWS)):
            run = {i: {p: float(10 - place) for place, p in enumerate(lists[i].arms[arm])} for i in ids}
            values.append(per_query(qrels, run, ["nDCG@10"])["nDCG@10"])
        kept = [i for i in ids if i in values[0]]
        return Sample(np.array([lists[i].features for i in kept]), np.array([[v[i] for v in values] for i in kept]))


def compare(name: str, fit: Sample, test: Sample) -> None:
    """Router, random routing and oracle at equal mean cost, for each budget."""
    router = Router(fit)
    costs = np.array(WINDOWS, dtype=np.float64)
    gains = fit.values - fit.values[:, :1]
    error = ((router.out_of_fold - gains) ** 2).sum(axis=0)[1:] / ((gains - gains.mean(axis=0)) ** 2).sum(axis=0)[1:]
    print(f"\n### {name}: n {len(gains)}, penalty {router.penalty:g}; out-of-fold R² of the gains "
          f"{', '.join(f'{1 - e:+.3f}' for e in error)}\n")  # fmt: skip
    print("| pairs a query | router | random routing | router − random | oracle |")
    print("|---|---|---|---|---|")
    predicted, true = router.predict(test.features), test.values - test.values[:, :1]
    everyone = np.arange(len(test.values))
    for budget in BUDGETS:
        picked = choose(predicted, costs, price_for(router.out_of_fold, costs, budget))
        cost = float(costs[picked].mean())
        ours = test.values[everyone, picked]
        random = test.values @ mixture(fit.values.mean(axis=0), costs, cost)
        oracle = test.values[everyone, choose(true, costs, price_for(true, costs, cost))]
        gap = interval(ours - random, seed=7)
        print(
            f"| {cost:.1f} | {ours.mean():.4f} | {random.mean():.4f} "
            f"| {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] | {oracle.mean():.4f} |"
        )


if __name__ == "__main__":
    main()
