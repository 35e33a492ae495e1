"""What a way of hooking in makes in a cluster: pieces, in the order in which they depend on each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

Ids = Mapping[str, str]
"""Of pieces made before: kind to the id that the cluster knows it by."""


class Call(NamedTuple):
    """One request to a cluster."""

    method: str
    path: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Piece:
    """One thing that is made in a cluster, and taken away again.

    Args:
        kind: what it is, in words; no two pieces of a way are of one kind.
        name: what it is called.
        create: the request that makes it, given the ids of the pieces before it.
        place: the path where it is read and deleted; "{id}" stands for its id.
        sign: a text that the cluster's own description of it holds when it is ours.
        id_field: where in the answer to `create` the cluster says which id it gave; None where the id is the name.
        listing: where such ids are searched by name.
        undo_first: a request before it can be deleted.
        ready: a field of its description, with the value that says it can be used.
    """

    kind: str
    name: str
    create: Callable[[Ids], Call]
    place: str
    sign: str
    id_field: str | None = None
    listing: str | None = None
    undo_first: str | None = None
    ready: tuple[str, str] | None = None

    def at(self, identity: str) -> str:
        """Its path, once its id is known."""
        return self.place.format(id=quote(identity, safe=""))


def rendered(pieces: list[Piece]) -> list[Call]:
    """The requests as they are printed: an id that only the cluster knows is named in angle brackets."""
    ids = {piece.kind: piece.name if piece.id_field is None else f"<{piece.id_field}>" for piece in pieces}
    return [piece.create(ids) for piece in pieces]
