"""What each part of the first stage is worth: the fields that BM25 reads, "without X", fusion, and looking twice.

"Without X" counts as any words, is not searched for, or is not searched for and what mentions X falls behind. The last
arm also looks for words that the best products share (`retrieval.expansion`).

    python -m benchmarks.first_stage WORK --data PATH [--split train]

PATH holds the ESCI data; WORK is a directory for the indexes, made where it is missing and kept. Each arm ranks the
queries with 40 judged products or more; nothing is trained. Two tables: judged products alone, whole catalogue.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from eval.evaluation import evaluate, render
from eval.trec import Run
from rerank.pipeline import SearchPipeline
from retrieval.bm25 import BM25Retriever
from retrieval.demotion import DemotingRetriever, Demotion
from retrieval.expansion import ExpandingRetriever, Expansion
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR, Fusion
from retrieval.hybrid import HybridRetriever
from retrieval.types import Retriever
from workflow.config.run import Config
from workflow.measure.systems import RememberedRetriever, full_catalogue, retriever_judged
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.runner import run_stages
from workflow.stages.first_stage import open_first_stages, student_template, words_template

_OLD = "hybrid, as it was"
_WORDS: dict[str, dict[str, int] | None] = {
    "the student's fields": None,
    "all fields": {"title": 1, "brand": 1, "colour": 1, "bullets": 1, "description": 1},
    "all fields, weighted": {"title": 3, "brand": 3, "colour": 3, "bullets": 1, "description": 1},
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=["train", "test"], default="train")
    options = parser.parse_args()
    data = {"format": "esci", "path": str(options.data), "dev": "folds"}
    config = Config.model_validate({"name": options.work.name, "data": data})
    run = RunDirectory(options.work)
    run_stages(config, run, "index", Console(), accept=frozenset(), retry_failed=False)
    prepared = load_prepared(run.data)
    ids = [i for i in prepared.graded(prepared.split(options.split)) if len(prepared.qrels[i]) >= 40]
    lexical: dict[str, BM25Retriever] = {}
    for name, words in _WORDS.items():
        fields = config.fields.model_copy(update={"words": words})
        template = words_template(config.model_copy(update={"fields": fields}), prepared.catalogue)
        path = run.root / f"bm25-{name.replace(' ', '-')}"
        lexical[name] = (
            BM25Retriever.load(path, prepared.catalogue)
            if path.exists()
            else BM25Retriever.build(prepared.catalogue, template, path)
        )
    template = student_template(config, prepared.catalogue)
    demotion = Demotion(prepared.catalogue, template)
    stages = {name: DemotingRetriever(one, demotion, BM25_FLOOR) for name, one in lexical.items()}
    stages["dense"] = open_first_stages(config, prepared.catalogue, run)["dense"]
    weighted = list(_WORDS)[-1]

    def ranked(retriever: Retriever) -> tuple[Run, Run]:
        everything = SearchPipeline(retriever, None, prepared.catalogue, template)
        order = full_catalogue(everything, prepared, ids, 100, lambda done, of: None).order
        return retriever_judged(retriever, prepared, ids), order

    runs: dict[str, tuple[Run, Run]] = {}

    def fused(words: Retriever, vectors: Retriever, fusion: Fusion) -> HybridRetriever:
        return HybridRetriever([(words, BM25_FLOOR), (vectors, COSINE_FLOOR)], prepared.catalogue, fusion=fusion)

    contexts = {"": _everything_wanted, ', "X" not searched for': _nothing_behind, ', "X" behind': nullcontext}
    for negation, ignoring in contexts.items():
        with ignoring():
            parts = {name: RememberedRetriever(one) for name, one in stages.items()}
            if not negation:
                runs[_OLD] = ranked(fused(parts["the student's fields"], parts["dense"], "ranks"))
            runs |= _arms(parts, negation, weighted, fused, ranked)
    for fusion in ("ranks", "scores"):
        once = fused(stages[weighted], stages["dense"], fusion)
        twice = ExpandingRetriever(once, lexical[weighted], demotion, template, Expansion())
        runs[f'hybrid by {fusion}, {weighted}, "X" behind, looking twice'] = ranked(twice)
    for place, judged in enumerate((True, False)):
        found = evaluate(
            {i: prepared.qrels[i] for i in ids},
            {name: both[place] for name, both in runs.items()},
            ["nDCG@10"] if judged else ["nDCG@10", "R@100"],
            relevant_gain=prepared.scale.relevant_gain,
            judged_only=judged,
            baseline=_OLD,
            seed=config.seed,
        )
        print(render(found, prepared.scale.convention))


def _arms(
    parts: Mapping[str, Retriever],
    negation: str,
    weighted: str,
    fuse: Callable[..., Retriever],
    ranked: Callable[[Retriever], tuple[Run, Run]],
) -> dict[str, tuple[Run, Run]]:
    made: dict[str, Retriever] = {f"dense{negation}": parts["dense"]}
    for name in _WORDS:
        made[f"bm25 over {name}{negation}"] = parts[name]
    for fusion in ("ranks", "scores"):
        made[f"hybrid by {fusion}, {weighted}{negation}"] = fuse(parts[weighted], parts["dense"], fusion)
    return {name: ranked(retriever) for name, retriever in made.items()}


@contextmanager
def _everything_wanted() -> Iterator[None]:
    """The first stages search for the whole query, what it is to be without included."""
    with _nothing_behind(), patch("retrieval.bm25.wanted", str), patch("retrieval.dense.wanted", str):
        yield


@contextmanager
def _nothing_behind() -> Iterator[None]:
    """The first stages do not search for what is unwanted, and take no notice of it where they find it."""
    with patch("retrieval.demotion.unwanted", lambda _: []):
        yield


if __name__ == "__main__":
    main()
