"""A finished run, opened for searching with the pipeline that was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.errors import InputError
from eval.files import read_json
from rerank.pipeline import SearchPipeline, SearchResult
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.finished import finished
from workflow.run.prepared import Prepared, load_prepared
from workflow.served.rerankers import Rerankers
from workflow.stages.first_stage import open_first_stages, student_template


@dataclass(frozen=True)
class OpenedRun:
    """The search pipeline of a run, and the data it was made of."""

    pipeline: SearchPipeline
    prepared: Prepared
    template: ProductTemplate

    @property
    def catalogue(self) -> Catalogue:
        return self.prepared.catalogue

    @property
    def example(self) -> Query:
        """A query to try: the first of the test split, or else the first there is."""
        query_id = next(iter([*self.prepared.split("test"), *self.prepared.queries]), None)
        if query_id is None:
            raise InputError("the run's data holds no query to try; type one")
        return self.prepared.queries[query_id]

    def search(self, text: str | None, k: int, where: Mapping[str, Sequence[str]]) -> SearchResult:
        """One query's hits; without a text, the example's."""
        if text is not None and not text.strip():
            raise InputError("the query is empty; type what a shopper would")
        query = self.example if text is None else Query("typed", text)
        return self.pipeline.search([query], k, where or None)[0]

    def product(self, product_id: str) -> Product:
        """The catalogue's product."""
        return self.catalogue.product(product_id)


def open_run(config: Config, run: RunDirectory) -> OpenedRun:
    """Open the run's first stage and what reranks it (its export where there is one), blended as the report says.

    Raises:
        InputError: when the run is not finished.
    """
    finished(run.root)
    weight = read_json(run.report / "metrics.json")["blend_weights"]["full catalogue"]
    prepared = load_prepared(run.data)
    catalogue = prepared.catalogue
    template = student_template(config, catalogue)
    first = open_first_stages(config, catalogue, run)[config.index.first_stage]
    reranker = Rerankers(run, template).open(None, catalogue)
    pipeline = SearchPipeline(first, reranker, catalogue, template, window=config.measure.window, blend_weight=weight)
    return OpenedRun(pipeline, prepared, template)
