"""Mining: which pairs of logged queries and catalogue products the teacher is asked about.

Guard, then coverage of the log's queries, then a budget of queries, then candidates of each, stratified. Works in
chunks of queries, each an atomically written shard that depends on nothing but the inputs and its number, so a killed
run goes on where it stopped and ends with the same bytes.
"""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from augment.candidates import CandidateSources
from augment.coverage import measure_coverage
from augment.generated import GeneratedQuery, clean_generated
from augment.guard import LeakGuard
from augment.mine_options import MineOptions
from augment.mine_summary import mining_summary
from augment.pairs import PAIR_SCHEMA, MinedPair, Pairs, remove_leftovers, shard_name, write_table
from augment.picking import Picker
from augment.query_log import CleanLog, LoggedQuery, clean_log, write_leaks
from augment.selection import sample, select_products, select_queries
from eval.errors import InputError
from eval.files import read_json, write_json
from rerank.types import Reranker
from retrieval.product_text import ProductTemplate
from retrieval.query_key import query_key
from retrieval.types import Query, Retriever

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue
    from retrieval.data.search_data import LogQuery

Progress = Callable[[int, int], None]
"""Called with (done, total) after each chunk; what it raises ends the work, which can be resumed."""


def mine(
    log: "Iterable[LogQuery]",
    retrievers: Mapping[str, Retriever],
    catalogue: "Catalogue",
    path: Path,
    *,
    first_stage: str,
    guard: LeakGuard,
    template: ProductTemplate,
    options: MineOptions,
    seed: int,
    judged: Iterable[Query] = (),
    generated: Iterable[GeneratedQuery] = (),
    labelled: Collection[str] = (),
    vectors: np.ndarray | None = None,
    scorer: Reranker | None = None,
    renew: bool = False,
    progress: Progress | None = None,
) -> Pairs:
    """Write the directory `path` (see augment.pairs) and open it; finished work is returned as it is.

    Args:
        retrievers: sources of candidates by name. "dense" (scores are cosines) and "bm25" also give the evidence for
            coverage; where neither is there, the first stage does.
        first_stage: the name in `retrievers` whose ranks the strata are about.
        guard: protects the held-out queries. judged: the train queries, to recognise them in the log and among the
            generated.
        labelled: ids of queries whose pairs have been labelled before; they are passed over.
        vectors, scorer: what some strategies of `options.selection` need, see `augment.picking.Picker`.
        renew: discard what is at `path` first.

    Raises:
        InputError: when neither log nor generated queries leave one to mine, or `path` was begun with other inputs.
    """
    path = Path(path)
    if first_stage not in retrievers:
        raise InputError(f"the first stage {first_stage!r} is none of the retrievers {', '.join(sorted(retrievers))}")
    if renew:
        shutil.rmtree(path, ignore_errors=True)
    entries, train, written = list(log), list(judged), list(generated)
    plan = {
        "options": dataclasses.asdict(options),
        "seed": seed,
        "first_stage": first_stage,
        "retrievers": sorted(retrievers),
        "template": dataclasses.asdict(template),
        "log": _digest(f"{entry.frequency} {entry.text}" for entry in entries),
        "judged": _digest(f"{query.id} {query.text}" for query in train),
        "generated": _digest(f"{query.origin} {query.text}" for query in written),
        "guard": guard.fingerprint,
        "labelled": _digest(sorted(labelled)),
        "scored": scorer is not None,
        "catalogue": _digest(catalogue.ids),
    }
    _claim(path, plan)
    if (path / "manifest.json").exists():
        return Pairs(path)

    clean = clean_log(entries, guard, train, keep_judged=options.judged)
    known = {query_key(query.text) for query in (*train, *(logged.query for logged in clean.queries))}
    past = set(labelled)
    extra = clean_generated(written, guard, known, past)
    write_leaks([*clean.leaks, *extra.leaks], path / "leaks.csv")
    fresh = [logged for logged in clean.queries if logged.query.id not in past]
    if not fresh and not extra.queries:
        raise InputError(_nothing_to_mine(clean))
    pool = _pool(fresh, options, seed)
    examined = len(pool) + len(extra.queries)
    total = examined + min(options.queries, len(pool)) + len(extra.queries)
    report = progress or (lambda done, total: None)
    witnesses = [name for name in ("dense", "bm25") if name in retrievers] or [first_stage]

    def coverage(queries: Sequence[LoggedQuery], folder: str, before: int) -> np.ndarray:
        return measure_coverage(
            [logged.query for logged in queries],
            {name: retrievers[name] for name in witnesses},
            catalogue,
            template,
            path / folder,
            evidence=options.evidence,
            report=lambda done: report(before + done, total),
        )

    covered = coverage(pool, "coverage", 0)
    frequency = np.array([logged.frequency for logged in pool], dtype=np.int64)
    places = select_queries(
        covered,
        frequency,
        options.queries,
        well_covered=options.well_covered,
        uncovered_share=options.uncovered_share,
        by_frequency=options.by_frequency,
        seed=seed,
    )
    selected = [(pool[place], float(covered[place])) for place in places]
    if extra.queries:
        selected += zip(extra.queries, coverage(extra.queries, "coverage-generated", len(pool)).tolist(), strict=True)
    _write_queries(selected, path / "queries.parquet")

    sources = CandidateSources(retrievers, first_stage, catalogue, template, options.category_field)
    picker = Picker(options, sources, vectors, scorer)
    shards = -(-len(selected) // options.chunk_queries)
    for number in range(shards):
        chunk = selected[number * options.chunk_queries : (number + 1) * options.chunk_queries]
        if not (path / shard_name(number)).exists():
            pairs = _mine_chunk(chunk, sources, picker, options, seed)
            guard.assert_clean(logged.query.text for logged, _ in chunk)
            write_table(
                pa.Table.from_pylist([pair._asdict() for pair in pairs], schema=PAIR_SCHEMA), path / shard_name(number)
            )
        report(examined + number * options.chunk_queries + len(chunk), total)
    write_json(path / "manifest.json", mining_summary(path, shards, clean, extra, covered, selected, options))
    return Pairs(path)


def _nothing_to_mine(clean: CleanLog) -> str:
    if not clean.queries:
        left_out = f"{len(clean.leaks)} are held out"
        return f"none of the log's {clean.entries} queries can be used ({left_out}); add a log, or generate queries"
    return (
        f"all {len(clean.queries)} usable queries of the log have been labelled; lower mine.queries or rounds, or "
        "give a longer log"
    )


def _claim(path: Path, plan: dict[str, Any]) -> None:
    plan = json.loads(json.dumps(plan))  # tuples become lists, as they are in the file
    if (path / "plan.json").exists():
        begun = read_json(path / "plan.json")
        changed = sorted(name for name in plan if begun.get(name) != plan[name])
        if changed:
            raise InputError(
                f"{path} was mined with another {', '.join(changed)}; choose another directory, or renew it"
            )
        remove_leftovers(path)
    elif path.exists() and any(entry.name != ".plan.json.tmp" for entry in path.iterdir()):
        raise InputError(f"{path} holds something that is not mined pairs; choose another directory")
    else:
        write_json(path / "plan.json", plan)


def _pool(queries: Sequence[LoggedQuery], options: MineOptions, seed: int) -> list[LoggedQuery]:
    if len(queries) <= options.pool:
        return list(queries)
    weights = np.sqrt([float(logged.frequency) for logged in queries]) if options.by_frequency else None
    drawn = sample(np.arange(len(queries)), options.pool, np.random.default_rng([seed, 0]), weights)
    return [queries[place] for place in np.sort(drawn)]


def _mine_chunk(
    chunk: Sequence[tuple[LoggedQuery, float]],
    sources: CandidateSources,
    picker: Picker,
    options: MineOptions,
    seed: int,
) -> list[MinedPair]:
    queries = [logged.query for logged, _ in chunk]
    generators = [np.random.default_rng([seed, 2, int(_digest([query.id]), 16)]) for query in queries]
    ranked = sources.ranked(queries, options.depth)
    neighbours = sources.neighbours(ranked, options.neighbours, generators)
    picked = picker.pick(queries, ranked, generators)
    pairs = []
    for place, (logged, covered) in enumerate(chunk):
        chosen = select_products(
            ranked[place],
            neighbours[place],
            sources.catalogue.ids,
            options.strata,
            take_neighbours=options.neighbours,
            take_random=options.random,
            generator=generators[place],
            picked=picked[place],
        )
        query = logged.query
        pairs += [
            MinedPair(query.id, query.text, c.product_id, "+".join(c.sources), c.rank, stratum, covered, logged.judged)
            for c, stratum in chosen
        ]
    return pairs


def _write_queries(selected: Sequence[tuple[LoggedQuery, float]], path: Path) -> None:
    columns = {
        "query_id": pa.array([logged.query.id for logged, _ in selected], pa.string()),
        "query": pa.array([logged.query.text for logged, _ in selected], pa.string()),
        "frequency": pa.array([logged.frequency for logged, _ in selected], pa.int64()),
        "coverage": pa.array([covered for _, covered in selected], pa.float32()),
        "judged": pa.array([logged.judged for logged, _ in selected], pa.bool_()),
        "origin": pa.array([logged.origin for logged, _ in selected], pa.string()),
    }
    write_table(pa.table(columns), path)


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]
