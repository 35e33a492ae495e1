"""Queries and judgements as they are read, checked against the catalogue, then joined into a data set."""

from collections.abc import Collection, Mapping

from eval.errors import InputError
from eval.grades import GradeScale
from eval.trec import Qrels
from retrieval.data.grading import GainReader
from retrieval.data.problems import Problems
from retrieval.data.product_stream import ProductStream, note_id
from retrieval.data.query_text import clean_query
from retrieval.data.search_data import LogQuery, SearchData, Split
from retrieval.data.splits import seeded_split, text_key
from retrieval.types import Query


class Judgements:
    """Collects queries and judgements; counts or refuses what is wrong with them."""

    def __init__(self, scale: GradeScale, known_products: Collection[str], problems: Problems) -> None:
        self.scale = scale
        self.queries: dict[str, Query] = {}
        self.qrels: Qrels = {}
        self.splits: dict[str, Split] = {}
        self._known_products = known_products
        self._problems = problems
        self._gains = GainReader(scale)
        self._raw_texts: dict[str, str | None] = {}

    def add_query(self, raw_id: str | None, text: str | None, place: str) -> None:
        """Take a query; the same one again changes nothing, so that a query may stand with each of its judgements.

        Queries without text or id are left out, and of two texts under one id the first is kept; all are counted.
        """
        query_id = (raw_id or "").strip()
        if not query_id:
            self._problems.add("queries without an id (left out)", place)
        elif query_id not in self._raw_texts:
            self._raw_texts[query_id] = text
            note_id(query_id, "query", self._problems)
            cleaned = clean_query(text, f"query {query_id}", self._problems)
            if cleaned is not None:
                self.queries[query_id] = Query(query_id, cleaned)
        elif self._raw_texts[query_id] != text:
            self._problems.add("another query text under a known id (the first kept)", f"{query_id} at {place}")

    def set_split(self, raw_id: str | None, split: Split, place: str) -> None:
        """Put a query in a split.

        Raises:
            InputError: when it is in another one already: measuring on what was trained on proves nothing.
        """
        query_id = (raw_id or "").strip()
        known = self.splits.setdefault(query_id, split)
        if known != split:
            raise InputError(
                f"{place}: query {query_id!r} is in {split} here and in {known} before; keep it in one split"
            )

    def add(self, raw_query: str | None, raw_product: str | None, grade: str | None, place: str) -> None:
        """Take a judgement; of unknown queries and products it is counted and dropped, a repeated one is counted.

        Raises:
            InputError: when the grade is unknown, or the same pair has another grade already.
        """
        gain = self._gains.gain(grade, place)
        query_id, product_id = (raw_query or "").strip(), (raw_product or "").strip()
        if query_id not in self.queries:
            self._problems.add("judgements of unknown queries (dropped)", f"{query_id or 'no id'} at {place}")
            return
        if product_id not in self._known_products:
            self._problems.add("judgements of unknown products (dropped)", f"{product_id or 'no id'} at {place}")
            return
        judged = self.qrels.setdefault(query_id, {})
        known = judged.get(product_id)
        if known is None:
            judged[product_id] = gain
        elif known == gain:
            self._problems.add("the same judgement again (one kept)", f"{query_id} and {product_id} at {place}")
        else:
            names = {grade.gain: grade.name for grade in self.scale.grades}
            raise InputError(
                f"{place}: query {query_id!r} and product {product_id!r} have the grade {names[gain]} here and "
                f"{names[known]} before; keep one"
            )


def join(
    name: str,
    products: ProductStream,
    judgements: Judgements,
    log: list[LogQuery],
    problems: Problems,
    seed: int | None = None,
) -> SearchData:
    """Join what was read: queries without a judged product are left out; a `seed` asks for a split to be made.

    Raises:
        InputError: when no judged query is left, or one has no split.
    """
    queries: dict[str, Query] = {}
    for query in judgements.queries.values():
        if query.id in judgements.qrels:
            queries[query.id] = query
        else:
            problems.add("queries without a judged product (left out)", query.id)
    if not queries:
        raise InputError(f"{name}: no judgement is of a known query and a known product; check that the ids agree")
    splits = judgements.splits if seed is None else seeded_split(queries, seed)
    for query_id in queries:
        if query_id not in splits:
            raise InputError(f"{name}: query {query_id!r} has no split; expected train, dev or test")
    splits = {query_id: splits[query_id] for query_id in queries}
    _note_splits(queries, splits, problems)
    qrels = {query_id: judgements.qrels[query_id] for query_id in queries}
    return SearchData(name, products, queries, qrels, splits, judgements.scale, log, problems)


def _note_splits(queries: Mapping[str, Query], splits: Mapping[str, Split], problems: Problems) -> None:
    measured = {text_key(queries[query_id].text): split for query_id, split in splits.items() if split != "train"}
    for query_id, query in queries.items():
        split = measured.get(text_key(query.text), splits[query_id])
        if split != splits[query_id]:
            problems.add(
                "queries whose text is in another split too (figures on it flatter)", f"{query_id}: {query.text}"
            )
    for split in ("train", "test"):
        if split not in splits.values():
            problems.add("splits without a query", split)
