"""Making the pieces of a way in a cluster, and taking them away again.

The record is written before each request and after its answer, so a run that is killed at any moment can be taken up or
undone. Only what the record holds and the cluster still shows to be ours is ever deleted.
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from eval.errors import DistilrankError, InputError, PartialError
from serving.hook.cluster import Cluster, ClusterError
from serving.hook.pieces import Call, Piece
from serving.hook.record import Made, Record

Say = Callable[[str], None]

_READY_S = 60.0
_STEP_S = 0.5


def install(cluster: Cluster, pieces: Sequence[Piece], record: Record, say: Say, *, ready_s: float = _READY_S) -> bool:
    """Make all pieces and rerank through them, or leave none of them; False when all stood there, as they should.

    An installation that differs (another address, another key) is taken away first, and not put back when the new one
    fails: a doctor's probe tells beforehand.

    Args:
        record: of an earlier installation, or a new one; it is kept up to date on disk.
        say: told what is done, a line at a time.
        ready_s: how long a piece may take to become usable.

    Raises:
        InputError: when something of that name is there and is not ours.
        ClusterError: when the cluster refuses, or cannot rerank; what was made by this call is undone.
        PartialError: when it could not be undone either; the record holds what is left.
    """
    ids: dict[str, str] = {}
    if _stands(cluster, pieces, record, ids):
        try_out(cluster, record)
        return False
    if record.made:
        say("what was installed differs, or is not whole: it is taken away first")
        remove(cluster, record, say)
    ids.clear()
    try:
        for piece in pieces:
            _make(cluster, piece, record, ids, ready_s)
            say(f"made {piece.kind} {piece.name}")
        try_out(cluster, record)
        say("tried: the cluster reranks through it")
    except (DistilrankError, KeyboardInterrupt) as error:
        _undo(cluster, record, error, say)
        raise
    return True


def try_out(cluster: Cluster, record: Record) -> None:
    """Have the cluster rerank two texts through what is installed.

    Raises:
        ClusterError: when it cannot; its reason says where the way is blocked.
    """
    query, texts = "red shoe", ["a red leather shoe", "a blue cup"]
    ids = {made.kind: made.id for made in record.made}
    if "model" in ids:
        body = {"query_text": query, "text_docs": texts}
        call = Call("POST", f"/_plugins/_ml/_predict/text_similarity/{ids['model']}", body)
        answer = cluster.call(call)
        scores = [one for result in answer["inference_results"] for one in result["output"]]
    else:
        call = Call("POST", f"/_inference/rerank/{ids['rerank endpoint']}", {"query": query, "input": texts})
        scores = cluster.call(call)["rerank"]
    if len(scores) != len(texts):
        raise ClusterError(f"{cluster.url}: {len(texts)} texts got {len(scores)} scores; each needs one", 200)


def remove(cluster: Cluster, record: Record, say: Say) -> None:
    """Take away what the record holds, the last made first.

    Raises:
        ClusterError: when the cluster refuses; the record keeps what is left.
    """
    while record.made:
        made = record.made[-1]
        say(f"{_take_away(cluster, made)} {made.kind} {made.name}")
        record.made.pop()
        record.save()


def _stands(cluster: Cluster, pieces: Sequence[Piece], record: Record, ids: dict[str, str]) -> bool:
    """Whether the record holds exactly these pieces, whole, and the cluster has them."""
    if [made.kind for made in record.made] != [piece.kind for piece in pieces]:
        return False
    for made, piece in zip(record.made, pieces, strict=True):
        if not made.done or made.id is None or made.name != piece.name:
            return False
        there = cluster.read(piece.at(made.id))
        if made.digest != record.digest(piece.create(ids)) or not _is_ours(there, made) or not _is_ready(there, piece):
            return False
        ids[piece.kind] = made.id
    return True


def _make(cluster: Cluster, piece: Piece, record: Record, ids: dict[str, str], ready_s: float) -> None:
    if piece.id_field is None and cluster.read(piece.at(piece.name)) is not None:
        raise InputError(
            f"{cluster.url} has a {piece.kind} {piece.name} that this installation did not make; it is left as it is: "
            "choose another --name, name its --record, or delete it yourself"
        )
    call = piece.create(ids)
    made = Made(piece.kind, piece.name, piece.place, piece.sign, record.digest(call), piece.listing, piece.undo_first)
    if piece.id_field is None:
        made.id = piece.name
    record.made.append(made)
    record.save()
    answer = cluster.call(call)
    if piece.id_field is not None:
        made.id = str(answer[piece.id_field])
        record.save()
    assert made.id is not None
    if piece.ready is not None:
        _wait(cluster, piece, made.id, ready_s)
    made.done = True
    record.save()
    ids[piece.kind] = made.id


def _wait(cluster: Cluster, piece: Piece, identity: str, ready_s: float) -> None:
    """Until a piece can be used.

    Raises:
        ClusterError: when the cluster says that it failed, or time is up.
    """
    assert piece.ready is not None
    name, wanted = piece.ready
    end = time.monotonic() + ready_s
    state = "unknown"
    while time.monotonic() < end:
        state = str((cluster.read(piece.at(identity)) or {}).get(name, "gone"))
        if state == wanted:
            return
        if "FAIL" in state:
            break
        time.sleep(min(_STEP_S, ready_s / 10))
    raise ClusterError(
        f"{cluster.url}: {piece.kind} {piece.name} is {state}, not {wanted}; the cluster's log says why", 200
    )


def _undo(cluster: Cluster, record: Record, error: BaseException, say: Say) -> None:
    try:
        remove(cluster, record, say)
    except ClusterError as second:
        what = ", ".join(f"{made.kind} {made.name}" for made in record.made)
        raise PartialError(
            f"{error}. What was made could not be undone ({second}): {what} is left, and stands in "
            f"{record.path}; run distilrank hook remove when the cluster answers"
        ) from None


def _take_away(cluster: Cluster, made: Made) -> str:
    """Delete a piece if it is there and ours; says what was done."""
    identity = made.id or _found(cluster, made)
    if identity is None:
        return "never made:"
    path = made.place.format(id=quote(identity, safe=""))
    there = cluster.read(path)
    if there is None:
        return "already gone:"
    if not _is_ours(there, made):
        return "left, because it is not ours any more:"
    if made.undo_first is not None:
        cluster.call(Call("POST", made.undo_first.format(id=quote(identity, safe=""))))
    cluster.call(Call("DELETE", path))
    return "removed"


def _found(cluster: Cluster, made: Made) -> str | None:
    """The id of a piece whose answer never came, if it was made; it is known by its sign."""
    if made.listing is None:
        return None
    call = Call("POST", made.listing, {"query": {"match": {"name": made.name}}, "size": 1000})
    try:
        answer = cluster.call(call)
    except ClusterError as error:
        if error.status == 404:  # nothing of the kind was ever made
            return None
        raise
    for hit in answer["hits"]["hits"]:
        if _is_ours(hit["_source"], made):
            return str(hit["_id"])
    return None


def _is_ready(description: Any, piece: Piece) -> bool:
    return piece.ready is None or description.get(piece.ready[0]) == piece.ready[1]


def _is_ours(description: Any, made: Made) -> bool:
    return description is not None and json.dumps(made.sign)[1:-1] in json.dumps(description)
