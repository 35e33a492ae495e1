"""Distillation in rounds: what the student finds hardest is labelled next.

Round n + 1 of a chain trains a student on the labels of rounds 1 … n, has it score the candidates of log queries that
were not labelled yet (cheap, where the teacher is dear), mines the pairs where its ranks are farthest from the first
stage's, and has the teacher label these. The run's student then learns the labels of all rounds.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from augment.journal import LabelledQuery, read_labels
from augment.mining import mine
from augment.pairs import Pairs
from eval.bootstrap import interval, paired_interval
from eval.files import fingerprint, read_json, write_json
from eval.measures import per_query
from rerank.student import Student
from retrieval.data.search_data import LogQuery
from workflow.measure.systems import reranker_judged
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.stage_titles import round_stage
from workflow.run.work import Work
from workflow.stages.first_stage import open_first_stages, student_template
from workflow.stages.labelling import label_pairs_of
from workflow.stages.students import distil

HARDEST = "difficulty"


def labels_of(chain: Chain, rounds: int) -> Iterator[LabelledQuery]:
    """The chain's labels of rounds 1 … `rounds`, query by query."""
    journals = [chain.journal, *(chain.round(number) / "journal" for number in range(2, rounds + 1))]
    return itertools.chain.from_iterable(read_labels(journal) for journal in journals)


def label_hardest(work: Work, number: int) -> dict[str, Any]:
    """Round `number` of every chain."""
    prepared = work.prepared()
    made = work.chains(prepared)
    facts: dict[str, Any] = {chain.name: label_hardest_of(work, prepared, chain, number) for chain in made}
    choosers = [chain.round(number) / "student" for chain in made]
    return {
        **facts,
        f"after round {number - 1}": dev_quality(work, prepared, made, choosers, number - 1),
        "warnings": [f"{chain.name}: {line}" for chain in made for line in facts[chain.name]["sanity"]["warnings"]],
        "fingerprint": fingerprint([chain.round(number) / "journal" for chain in made]),
    }


def label_hardest_of(work: Work, prepared: Prepared, chain: Chain, number: int) -> dict[str, Any]:
    """Round `number` of one chain: a student of the rounds before chooses, the chain's teacher labels.

    Everything in it resumes where it was killed: the student by its checkpoints, the pairs by their shards, the labels
    by their journal, each exactly once.
    """
    chooser = chain.round(number) / "student"
    if not chooser.exists():
        distil(work, prepared, chain, labels_of(chain, number - 1), chooser, stage=round_stage(number))
    pairs = _mine(work, prepared, chain, number, Student.load(chooser, precision="auto"))
    journal = chain.round(number) / "journal"
    found = label_pairs_of(work, prepared, pairs, chain, journal, f"labelling round {number}, {chain.name}")
    return {"pairs": len(pairs), **found}


def dev_quality(work: Work, prepared: Prepared, made: list[Chain], students: list[Path], number: int) -> dict[str, Any]:
    """The nDCG of round `number`'s students on their chains' dev queries, and what it bought over the round before.

    Judged-only, with 95 % bootstrap intervals over queries, paired for the difference.
    """
    measure = f"nDCG@{work.config.measure.cutoff}"
    run = {}
    for chain, path in zip(made, students, strict=True):
        if chain.dev_ids:
            run.update(reranker_judged(Student.load(path, precision="auto"), prepared, chain.dev_ids))
    values = per_query({i: prepared.qrels[i] for i in run}, run, [measure])[measure]
    write_json(_values(work, number), values)
    seed = work.config.seed
    found = {measure: interval(values, seed=seed)._asdict()}
    if number > 1:
        found["bought"] = paired_interval(values, read_json(_values(work, number - 1)), seed=seed)._asdict()
    return found


def _mine(work: Work, prepared: Prepared, chain: Chain, number: int, student: Student) -> Pairs:
    config = work.config
    before = [work.run.pairs, *(chain.round(earlier) / "pairs" for earlier in range(2, number))]
    labelled = {i for path in before for i in pq.read_table(path / "queries.parquet")["query_id"].to_pylist()}
    learnt = [prepared.queries[i] for i in chain.train_ids]
    return mine(
        prepared.log or [LogQuery(query.text) for query in learnt],
        open_first_stages(config, prepared.catalogue, work.run),
        prepared.catalogue,
        chain.round(number) / "pairs",
        first_stage=config.index.first_stage,
        guard=work.guard(prepared),
        template=student_template(config, prepared.catalogue),
        options=dataclasses.replace(config.mine.options(), selection=HARDEST),
        seed=config.seed + number - 1,
        judged=learnt,
        labelled=labelled,
        scorer=student,
        progress=work.progress.task(f"mining round {number}, {chain.name}"),
    )


def _values(work: Work, number: int) -> Path:
    """Where the dev values of the students that learnt rounds 1 … `number` stand."""
    return work.run.root / "rounds" / f"dev-{number}.json"
