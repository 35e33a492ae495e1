"""The ensemble teacher of a chain: its members trained, and weighed by labels that they did not learn from.

Cross-encoders score the judgements they learnt far too well, so their weight is fitted on out-of-fold scores: the
chain's judged queries are dealt into folds, each scored by a model trained on the others; the member that labels is
then trained on all of them. First stages learnt nothing and need no folds. Where no judgement is learnt, the given
labels' queries that no member learnt do the weighing.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from augment.guard import LeakGuard
from eval.errors import InputError
from eval.files import atomic_path, fingerprint
from rerank.ensemble import ensemble_features, first_stage_features, save_ensemble, teacher_features
from rerank.logistic import fit_logistic
from rerank.teacher import JudgedQuery, Teacher
from rerank.types import Pair
from retrieval.types import Retriever
from workflow.config.train import TrainSection
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.model_teacher import train_model_teacher


def train_ensemble(
    work: Work,
    prepared: Prepared,
    bases: Mapping[int, str],
    first_stages: Mapping[str, Retriever],
    judged: Sequence[JudgedQuery],
    chain: Chain,
) -> None:
    """Train the chain's ensemble, unless it is there; what is trained of it is kept when the work is cut off.

    Args:
        bases: the model that each cross-encoder among the members starts from, by its place among them; none of them
            has learnt a judged query.
    """
    if chain.teacher.exists():
        return
    section = work.config.teacher
    assert section.train is not None  # one that learns no judgement is weighed by labels
    scratch = work.scratch("teacher") / chain.name.replace(" ", "-")
    pairs, targets = _pairs(prepared, judged)
    folds = deal_folds(judged, section.ensemble_folds, work.seed)
    columns, directories = [], {}
    for place, name in enumerate(section.ensemble):
        if name in first_stages:
            columns.append(first_stage_features(first_stages[name], pairs))
            continue
        directories[place] = scratch / f"member-{place}"
        what = f"{chain.name} member {place + 1}"
        columns.append(
            _out_of_fold(work, prepared, bases[place], judged, folds, section.train, directories[place], what, chain)
        )
        train_model_teacher(
            work, prepared, bases[place], judged, directories[place], section.train, what, chain, seed=place
        )
    _save(work, np.concatenate(columns, axis=1), targets, directories, chain.teacher)


def weigh_by_labels(
    work: Work,
    prepared: Prepared,
    directories: Mapping[int, Path],
    first_stages: Mapping[str, Retriever],
    held_out: Sequence[JudgedQuery],
    path: Path,
) -> None:
    """Weigh an ensemble by given labels, and write it at `path`, unless it is there.

    Args:
        directories: the trained cross-encoders among the members, by their place among them.
        held_out: given labels of queries that no member learnt.
    """
    if path.exists():
        return
    pairs, targets = _pairs(prepared, held_out)
    members = [
        Teacher.load(directories[place]) if place in directories else first_stages[name]
        for place, name in enumerate(work.config.teacher.ensemble)
    ]
    features = ensemble_features(members, pairs, work.progress.task("scoring held-out labels"))
    _save(work, features, targets, directories, path)


def deal_folds(judged: Sequence[JudgedQuery], folds: int, seed: int) -> np.ndarray:
    """The fold of each judged query, int [len(judged)], dealt at random from `seed`.

    Raises:
        InputError: when there are fewer queries than folds.
    """
    if len(judged) < folds:
        raise InputError(f"{len(judged)} judged queries cannot fill {folds} folds; lower teacher.ensemble_folds")
    places = list(range(len(judged)))
    random.Random(seed).shuffle(places)
    found = np.empty(len(judged), dtype=np.int64)
    found[places] = np.arange(len(judged)) % folds
    return found


def _out_of_fold(
    work: Work,
    prepared: Prepared,
    base: str,
    judged: Sequence[JudgedQuery],
    folds: np.ndarray,
    section: TrainSection,
    directory: Path,
    what: str,
    chain: Chain,
) -> np.ndarray:
    """[pairs, 1]: each judged pair's score by a model that learnt neither its query nor a near duplicate."""
    sizes = np.array([len(entry.products) for entry in judged])
    column = np.empty((int(sizes.sum()), 1))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        scores = directory.with_name(f"{directory.name}-fold-{fold}.npy")
        if not scores.exists():
            guard = LeakGuard(entry.query for entry, out in zip(judged, held_out, strict=True) if out)
            learnt = [
                entry
                for entry, out in zip(judged, held_out, strict=True)
                if not out and guard.check(entry.query.text) is None
            ]
            model, named = directory.with_name(f"{directory.name}-fold-{fold}"), f"{what} without fold {fold}"
            train_model_teacher(work, prepared, base, learnt, model, section, named, chain, seed=fold)
            asked = [
                (entry.query, product)
                for entry, out in zip(judged, held_out, strict=True)
                if out
                for product in entry.products
            ]
            found = teacher_features(Teacher.load(model), asked, work.progress.task(f"scoring, {named}"))
            with atomic_path(scores) as temporary, temporary.open("wb") as stream:
                np.save(stream, found)
        column[np.repeat(held_out, sizes)] = np.load(scores)
    return column


def _pairs(prepared: Prepared, judged: Sequence[JudgedQuery]) -> tuple[list[Pair], np.ndarray]:
    """Pairs and their soft targets, float64 [pairs]."""
    pairs: list[Pair] = [(entry.query, product) for entry in judged for product in entry.products]
    shares = (share for entry in judged for share in entry.shares or [None] * len(entry.gains))
    gains = (gain for entry in judged for gain in entry.gains)
    return pairs, np.array([prepared.scale.target(*one) for one in zip(gains, shares, strict=True)])


def _save(work: Work, features: np.ndarray, targets: np.ndarray, directories: Mapping[int, Path], path: Path) -> None:
    """Fit the weights on the members' features, and write the ensemble."""
    sound = np.isfinite(features).all(axis=1)
    weighing = fit_logistic(features[sound], targets[sound])
    save_ensemble(work.config.teacher.ensemble, directories, weighing, _index_version(work.run), path)


def _index_version(run: RunDirectory) -> str:
    """Changes whenever the first stages' scores may."""
    files = ("embeddings/shards.json", "vectors/manifest.json", "bm25/manifest.json", "elastic/index.json")
    return fingerprint(path for name in files if (path := run.index / name).exists())
