"""What a cluster approximates: the same first stage by exact indexes of its own, built aside."""

from dataclasses import replace
from pathlib import Path

from rerank.pipeline import SearchPipeline
from retrieval.bm25 import BM25Retriever
from retrieval.dense import DenseRetriever
from retrieval.elastic.retriever import ElasticRetriever
from retrieval.faiss_index import build_index
from retrieval.first_stages import first_stages
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.served.opened import OpenedRun
from workflow.stages.first_stage import open_vectors, words_template


def exactly(config: Config, run: RunDirectory, opened: OpenedRun, directory: Path) -> OpenedRun:
    """The run that searches a cluster, searching instead flat vectors and BM25 that are built in `directory`.

    Takes the run's own embeddings, and memory for them and for the words of all products.
    """
    first, catalogue = opened.pipeline.retriever, opened.catalogue
    assert isinstance(first, ElasticRetriever)
    build_index(
        open_vectors(run),
        directory / "vectors",
        catalogue,
        opened.template,
        kind="flat",
        encoder_fingerprint=first.encoder.fingerprint,
    )
    dense = DenseRetriever.load(directory / "vectors", first.encoder, catalogue)
    bm25 = BM25Retriever.build(catalogue, words_template(config, catalogue), directory / "bm25")
    stages = first_stages(bm25, dense, catalogue, opened.template, config.index.fusion, None)  # as in a cluster
    pipeline = SearchPipeline(
        stages[first.mode],
        opened.pipeline.reranker,
        catalogue,
        opened.template,
        window=opened.pipeline.window,
        blend_weight=opened.pipeline.blend_weight,
    )
    return replace(opened, pipeline=pipeline)
