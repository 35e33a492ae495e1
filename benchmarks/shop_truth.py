"""The true nDCG of any ranking for a query of the synthetic shop: every product of its catalogue has a grade."""

import math
from collections.abc import Sequence

from eval.grades import ESCI
from retrieval.shop.intents import Intent, grade
from retrieval.shop.judged_lists import Judge
from retrieval.shop.shop import Shop, product_index
from workflow.config.run import Config


class ShopTruth:
    """The shop of a run's config; the catalogue must not be larger than the pool that grades are drawn from."""

    def __init__(self, config: Config) -> None:
        options = config.data.shop
        self.options = options
        self.shop = Shop(options.seed, options.products, world=options.world)
        self.judge: Judge = self.shop.judge()
        self.scale = ESCI
        assert len(self.judge.records) == options.products

    def ndcg(self, intent: Intent, product_ids: Sequence[str], cutoff: int = 10) -> float | None:
        """nDCG@cutoff with the ESCI gains and nothing unjudged; None where no product of the shop has a gain."""
        ideal = self._ideal(intent, cutoff)
        if not ideal:
            return None
        return _dcg([self.gain(intent, product_id) for product_id in product_ids[:cutoff]]) / ideal

    def gain(self, intent: Intent, product_id: str) -> int:
        """The gain of a product's true grade."""
        return ESCI.gain(grade(intent, self.judge.records[product_index(product_id)]))

    def _ideal(self, intent: Intent, cutoff: int) -> float:
        concept = intent.concept
        types = dict.fromkeys([*concept.types, *sorted(concept.siblings), *sorted(concept.complements)])
        gains = [ESCI.gain(grade(intent, record)) for name in types for record in self.judge.by_type[name]]
        return _dcg(sorted(gains, reverse=True)[:cutoff])


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
