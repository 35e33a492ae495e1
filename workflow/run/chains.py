"""Which queries each teacher and student may learn from, so that every figure is on queries they never saw.

`dev: given`: one chain, trained on train, watched on dev (early stopping, gate, blend), measured on test.
`dev: holdout`: the same, dev being a share of the train queries with two grades or more; cheap, for large data.
`dev: folds`: the train queries with two grades or more are dealt into folds; each fold's chain learns from the others,
so that every train query has an out-of-fold result (gate, blend); the main chain learns from all of train and is
measured on test. No test query is ever learnt from. Nothing is stopped early on a fold: its queries measure.
"""

import random

from augment.guard import LeakGuard
from eval.errors import InputError
from workflow.config.run import Config
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared


def chains(config: Config, prepared: Prepared, run: RunDirectory) -> list[Chain]:
    """The folds' chains in order (none with `dev: given`), then the main chain.

    Raises:
        InputError: when there is nothing to train on, or no dev queries to watch.
    """
    given = config.data.dev == "given"
    # Without a given dev split, what the data calls dev is there to learn from.
    train = prepared.split("train") if given else prepared.split("train", "dev")
    train = _unlike(train, prepared.split("test"), prepared)
    graded = prepared.graded(train)
    if not graded:
        raise InputError("no train query has two grades or more: nothing to learn a ranking from; add judgements")
    if given:
        dev = prepared.graded(prepared.split("dev"))
        if not dev:
            raise InputError("the data has no dev queries with two grades or more; set data.dev: folds")
        return [Chain(run.root, tuple(_unlike(train, dev, prepared)), tuple(dev))]
    dealt = sorted(graded)
    random.Random(config.seed).shuffle(dealt)
    if config.data.dev == "holdout":
        dev = dealt[: max(1, round(config.data.holdout * len(dealt)))]
        learnt = _unlike(_without(train, dev), dev, prepared)
        if not prepared.graded(learnt):
            raise InputError(f"{len(graded)} train query with two grades leaves nothing to learn from; add judgements")
        return [Chain(run.root, tuple(learnt), tuple(dev))]
    if len(graded) < config.data.folds:
        raise InputError(
            f"{len(graded)} train queries with two grades cannot fill {config.data.folds} folds; lower data.folds"
        )
    made = []
    for fold in range(config.data.folds):
        held_out = dealt[fold :: config.data.folds]
        learnt = _unlike(_without(train, held_out), held_out, prepared)
        made.append(Chain(run.folds / str(fold), tuple(learnt), tuple(held_out), fold))
    return [*made, Chain(run.root, tuple(train), ())]


def _without(query_ids: list[str], left_out: list[str]) -> list[str]:
    gone = set(left_out)
    return [query_id for query_id in query_ids if query_id not in gone]


def _unlike(query_ids: list[str], held_out: list[str], prepared: Prepared) -> list[str]:
    """Those that are neither the same as a held-out query nor nearly: judged queries leak like logged ones."""
    guard = LeakGuard(prepared.queries[query_id] for query_id in held_out)
    return [query_id for query_id in query_ids if guard.check(prepared.queries[query_id].text) is None]


def protected_queries(prepared: Prepared, made: list[Chain]) -> list[str]:
    """Ids of the queries that must not reach the mined pairs: test, dev, and every fold's queries."""
    return prepared.split("test") + [query_id for chain in made for query_id in chain.dev_ids]
