"""An ensemble teacher: cross-encoders, the bi-encoder and BM25, weighed by a logistic regression on judgements.

A pair's label is a function of the pair alone, never of the pairs labelled beside it, so that a slice cut elsewhere or
a retry gives the same label. That is why a first stage's scores are standardised over the query's own best hits in the
catalogue, and not over the products that happen to be asked about. It must not know how its members were trained.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.errors import MachineError
from eval.files import atomic_path, read_json, write_json
from rerank.logistic import Logistic
from rerank.teacher import TEACHER_FILE, Teacher
from rerank.types import SCORE_LIMIT, Label, Pair, label_scores
from retrieval.types import Query, Retriever

ENSEMBLE = "ensemble"
"""The `kind` in an ensemble's teacher.json."""

Member = Retriever | Teacher

_DEPTH = 100  # the hits that a first stage's scores are standardised over
_FARTHEST = 5.0  # standard deviations
_QUERIES = 64  # searched at once
_MEMBERS = "members"


@dataclass(frozen=True)
class EnsembleTeacher:
    """Members by name, in the order of the features, and how they are weighed; a `Reranker` that also labels.

    `Label.score` is the weighted sum, the logit of the expected soft target; there is no distribution over grades.
    """

    names: tuple[str, ...]
    members: tuple[Member, ...]
    weighing: Logistic
    version: str

    def label(self, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None = None) -> list[Label]:
        """One label a pair, in order; a pair that a member cannot score gets a failed label, which names it."""
        features = ensemble_features(self.members, pairs, progress)
        finite = np.isfinite(features)
        scores = self.weighing.logits(np.where(finite, features, 0.0))
        owners = [name for name, member in zip(self.names, self.members, strict=True) for _ in range(_width(member))]
        labels = []
        for score, sound in zip(scores, finite, strict=True):
            if sound.all():
                labels.append(Label(float(np.clip(score, -SCORE_LIMIT, SCORE_LIMIT))))
            else:
                labels.append(Label(float("nan"), None, "failed", f"{owners[int(np.argmin(sound))]} gave no score"))
        return labels

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 label scores [len(pairs)], within ±8; a pair whose label failed ranks last (−8)."""
        return label_scores(self.label(pairs))


def ensemble_features(
    members: Sequence[Member], pairs: Sequence[Pair], progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """float64 [len(pairs), features]: one of a cross-encoder (its label's score), two of a first stage.

    NaN where a member gave no score. `progress` counts the pairs of all members.
    """
    columns = []
    for place, member in enumerate(members):
        if isinstance(member, Teacher):
            report = None if progress is None else _after(progress, place * len(pairs), len(members) * len(pairs))
            columns.append(teacher_features(member, pairs, report))
        else:
            columns.append(first_stage_features(member, pairs))
    return np.concatenate(columns, axis=1) if columns else np.zeros((len(pairs), 0))


def teacher_features(
    teacher: Teacher, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """float64 [len(pairs), 1]: the label's score, NaN where the label failed."""
    return np.array([[label.score] for label in teacher.label(pairs, progress)]).reshape(len(pairs), 1)


def first_stage_features(retriever: Retriever, pairs: Sequence[Pair]) -> np.ndarray:
    """float64 [len(pairs), 2]: a first stage's score, and the same standardised over the query's best 100 hits.

    The second says how good a score is for this query; it is cut at ±5, and 0 where the hits do not vary.
    """
    places: dict[Query, list[int]] = {}
    for place, (query, _) in enumerate(pairs):
        places.setdefault(query, []).append(place)
    features = np.zeros((len(pairs), 2))
    queries = list(places)
    for start in range(0, len(queries), _QUERIES):
        chunk = queries[start : start + _QUERIES]
        for query, hits in zip(chunk, retriever.search(chunk, _DEPTH), strict=True):
            own = places[query]
            scores = np.array(retriever.score_products(query, [pairs[place][1].id for place in own]))
            best = np.array([hit.score for hit in hits])
            features[own, 0] = scores
            if len(best) > 1 and best.std() > 1e-6:
                features[own, 1] = np.clip((scores - best.mean()) / best.std(), -_FARTHEST, _FARTHEST)
    return features


def save_ensemble(
    names: Sequence[str], directories: Mapping[int, Path], weighing: Logistic, index_version: str, path: Path
) -> None:
    """Write the teacher directory `path`, whole or not at all.

    Args:
        names: of the members, in the order of the features.
        directories: where the teachers among them lie, by their place; their files are linked or copied.
        index_version: changes whenever the first stages' scores may.
    """
    versions = {place: read_json(directory / TEACHER_FILE)["version"] for place, directory in directories.items()}
    about = {
        "kind": ENSEMBLE,
        "members": [{"name": name, "version": versions.get(place, index_version)} for place, name in enumerate(names)],
        "centre": weighing.centre.tolist(),
        "spread": weighing.spread.tolist(),
        "weights": weighing.weights.tolist(),
        "bias": weighing.bias,
    }
    version = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        for place, directory in directories.items():
            shutil.copytree(directory, temporary / _MEMBERS / str(place), copy_function=_link)
        write_json(temporary / TEACHER_FILE, {**about, "version": version})


def load_ensemble(path: Path, first_stages: Mapping[str, Retriever], device: str | None = None) -> EnsembleTeacher:
    """Read what `save_ensemble` wrote; members that are first stages are taken from `first_stages` by name.

    Raises:
        MachineError: when the file is damaged or a member's model is missing.
    """
    about = read_json(path / TEACHER_FILE)
    try:
        names = tuple(member["name"] for member in about["members"])
        centre, spread, weights = (np.array(about[name]) for name in ("centre", "spread", "weights"))
        weighing = Logistic(centre, spread, weights, float(about["bias"]))
        version = about["version"]
    except (KeyError, TypeError, ValueError) as error:
        raise MachineError(f"{path / TEACHER_FILE} is damaged ({error!r}); train the teacher again") from error
    members = tuple(
        first_stages[name] if name in first_stages else Teacher.load(path / _MEMBERS / str(place), device)
        for place, name in enumerate(names)
    )
    return EnsembleTeacher(names, members, weighing, version)


def first_model(path: Path) -> Path:
    """The directory of the first cross-encoder among the members of the ensemble at `path`."""
    return min((path / _MEMBERS).iterdir(), key=lambda member: int(member.name))


def _width(member: Member) -> int:
    return 1 if isinstance(member, Teacher) else 2


def _after(progress: Callable[[int, int], None], before: int, total: int) -> Callable[[int, int], None]:
    return lambda done, _: progress(before + done, total)


def _link(source: str, target: str) -> None:
    """A second name of the same file, where the file system has such; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
