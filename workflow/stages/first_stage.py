"""The first stage of a run: encode the catalogue, build its indexes (or fill a cluster), and open them again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from eval.errors import InputError
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.embeddings import EMBEDDINGS, EncodeShards, embed_catalogue
from retrieval.encoder import Encoder, EncoderSource, default_encoder_path
from retrieval.faiss_index import build_index
from retrieval.first_stages import first_stages
from retrieval.graph_encoder import open_text_encoder
from retrieval.graph_tracing import write_graph_encoder
from retrieval.index_kinds import choose_kind
from retrieval.index_recall import DEPTH, ENOUGH
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Retriever, TextEncoder
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.progress import StageProgress
from workflow.stages.cluster import fill_cluster, open_cluster_stages

_BATCH = 4096
_GRAPH = "encoder"  # in the index's directory
_WORDS_CHARACTERS = 20_000  # BM25 reads long descriptions whole, several times where a field weighs more


def model_path(name: str) -> str:
    """A model's directory or hub name; "default" is the embedded MiniLM."""
    return default_encoder_path() if name == "default" else name


def student_template(config: Config, catalogue: Catalogue) -> ProductTemplate:
    """What the first stage and the student read of a product; InputError when the catalogue lacks a field."""
    return _template(config.fields.student, "student", catalogue)


def teacher_template(config: Config, catalogue: Catalogue) -> ProductTemplate:
    """What the teacher reads of a product; InputError when the catalogue lacks a field."""
    return _template(config.fields.teacher, "teacher", catalogue)


def words_template(config: Config, catalogue: Catalogue) -> ProductTemplate:
    """What BM25 reads of a product; InputError when the catalogue lacks a field."""
    if config.fields.words is None:
        return student_template(config, catalogue)
    fields = tuple(config.fields.words)
    _template(fields, "words", catalogue)
    return ProductTemplate(fields, _WORDS_CHARACTERS, tuple(config.fields.words.values()))


def build_first_stage(
    config: Config,
    catalogue: Catalogue,
    asked: Sequence[str],
    run: RunDirectory,
    progress: StageProgress,
    encode_shards: EncodeShards | None = None,
) -> dict[str, Any]:
    """Write `index/` (embeddings, and vectors and bm25, or elastic) with the run's encoder; goes on where a killed run
    stopped.

    `asked` are texts of queries, to measure the vector index's recall with; `encode_shards`: see `embed_catalogue`.
    Returns facts for the stage's record.
    """
    template, words = student_template(config, catalogue), words_template(config, catalogue)
    source = _source(config, str(run.encoder))
    encoder = source.load()
    embeddings = embed_catalogue(
        encoder,
        catalogue,
        template,
        run.index / "embeddings",
        batch_size=config.encoder.batch_size,
        encode_shards=encode_shards,
        progress=progress.task("encoding products"),
    )
    graph = write_graph_encoder(source, encoder, run.index / _GRAPH)
    if config.index.in_cluster:
        report = progress.task("filling the cluster")
        filled = fill_cluster(config, catalogue, template, words, embeddings, encoder, run, report)
        return {**filled, **_graph_facts(graph, filled["warnings"])}
    asking = open_run_encoder(config, run)
    made = build_index(
        embeddings,
        run.index / "vectors",
        catalogue,
        template,
        kind=choose_kind(config.index.kind, len(catalogue)),
        encoder_fingerprint=encoder.fingerprint,
        queries=asking.encode_queries(asked) if asked else None,
        gpu=config.index.gpu,
    )
    BM25Retriever.build(catalogue, words, run.index / "bm25", progress=progress.task("indexing words"))
    low = (
        f"the {made.kind} index finds {made.recall:.1%} of the exact best {DEPTH}; index.kind: flat finds all, at the "
        "cost of time"
    )
    return {
        "kind": made.kind,
        "recall@100": made.recall,
        "probes": made.probes,
        **_graph_facts(graph, [low] if made.recall < ENOUGH else []),
    }


def open_encoder(config: Config, path: str) -> Encoder:
    """A bi-encoder in torch with the config's length and prefixes: to train, or to encode a catalogue."""
    return _source(config, path).load()


def open_run_encoder(config: Config, run: RunDirectory) -> TextEncoder:
    """The run's bi-encoder as all that search or serve the run ask it: the index's graph, or torch where it must be."""
    return open_text_encoder(run.index / _GRAPH, _source(config, str(run.encoder)))


def open_vectors(run: RunDirectory) -> np.ndarray:
    """The catalogue's unit vectors by row, memory-mapped."""
    return np.load(run.index / "embeddings" / EMBEDDINGS, mmap_mode="r")


def open_first_stages(config: Config, catalogue: Catalogue, run: RunDirectory) -> Mapping[str, Retriever]:
    """The retrievers bm25, dense and hybrid over the run's indexes; in a cluster "elasticsearch" too, which is one of
    them."""
    encoder, template = open_run_encoder(config, run), student_template(config, catalogue)
    if config.index.in_cluster:
        return open_cluster_stages(config, catalogue, template, encoder, run)
    bm25 = BM25Retriever.load(run.index / "bm25", catalogue)
    dense = DenseRetriever.load(run.index / "vectors", encoder, catalogue, gpu=config.index.gpu)
    return first_stages(bm25, dense, catalogue, template, config.index.fusion, config.index.expansion_options())


def distinct(stages: Mapping[str, Retriever], first_stage: str) -> dict[str, Retriever]:
    """The first stages without the one that `first_stage` is another name for."""
    chosen = stages[first_stage]
    return {name: stage for name, stage in stages.items() if name == first_stage or stage is not chosen}


def product_words(config: Config, catalogue: Catalogue, run: RunDirectory) -> Collection[str]:
    """The words of all products, as BM25 reads them."""
    if not config.index.in_cluster:
        return BM25Retriever.load(run.index / "bm25", catalogue).vocabulary
    template = words_template(config, catalogue)
    starts = range(0, len(catalogue), _BATCH)
    texts = (text for start in starts for text in catalogue.texts(template, start, start + _BATCH))
    return {word for text in texts for word in tokenize(text)}


def _source(config: Config, path: str) -> EncoderSource:
    section = config.encoder
    return EncoderSource(path, section.max_length, section.query_prefix, section.product_prefix)


def _graph_facts(graph: Mapping[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    if "why_torch" not in graph:
        return {"graph's largest difference": graph["largest_difference"], "warnings": list(warnings)}
    slower = f"queries are encoded by torch, which takes longer ({graph['why_torch']})"
    return {"warnings": [*warnings, slower]}


def _template(fields: tuple[str, ...], who: str, catalogue: Catalogue) -> ProductTemplate:
    missing = [name for name in fields if name not in catalogue.fields]
    if missing:
        known = ", ".join(catalogue.fields)
        raise InputError(f"fields.{who} names {', '.join(missing)}, which the catalogue lacks; it has {known}")
    return ProductTemplate(tuple(fields))
