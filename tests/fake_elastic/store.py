"""The cluster's state: indices, their documents, aliases, scrolls; shared by the nodes of one cluster."""

import copy
import fnmatch
import secrets
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fake_elastic.analysis import analyze
from fake_elastic.mappings import check_mapping, flat_fields, learn, values
from fake_elastic.protocol import ElasticError, no_such_index

_ANALYZERS = {"standard", "simple", "whitespace", "keyword", "english"}


@dataclass
class Document:
    """One document, and what is indexed of it."""

    id: str
    source: dict[str, Any]
    version: int
    sequence: int
    fields: dict[str, list[Any]]
    index: str


class Shard:
    """The searchable documents of one shard, with the postings of their text fields."""

    def __init__(self, index: "Index", documents: Iterable[Document]):
        self.index = index
        self.documents = {document.id: document for document in documents}

    @cached_property
    def _fields(self) -> dict[str, dict[str, Any]]:
        return flat_fields(self.index.mapping.get("properties", {}))

    @cached_property
    def _text(self) -> dict[str, tuple[dict[str, dict[str, int]], dict[str, int]]]:
        return {}

    def postings(self, name: str) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
        """Of a text field: by term the documents that hold it and how often, and every document's length."""
        if name not in self._text:
            terms: dict[str, dict[str, int]] = defaultdict(dict)
            lengths: dict[str, int] = {}
            for document in self.documents.values():
                found = Counter(
                    token for value in document.fields.get(name, ()) for token in self.index.tokens(name, value)
                )
                if found:
                    lengths[document.id] = sum(found.values())
                for term, count in found.items():
                    terms[term][document.id] = count
            self._text[name] = (terms, lengths)
        return self._text[name]

    def type_of(self, name: str) -> str | None:
        """The type of a field; None where there is no such field."""
        field = self._fields.get(name)
        return None if field is None else field.get("type", "object")


class Index:
    """One index. What is written is found after `refresh`."""

    def __init__(self, name: str, body: Mapping[str, Any], engine: str):
        self.name = name
        self.uuid = secrets.token_urlsafe(16)
        self.created = int(time.time() * 1000)
        self.settings = _index_settings(body.get("settings", {}))
        self.mapping: dict[str, Any] = copy.deepcopy(dict(body.get("mappings", {})))
        self.aliases: dict[str, Any] = {alias: dict(more) for alias, more in body.get("aliases", {}).items()}
        self.engine = engine
        self.documents: dict[str, Document] = {}
        self.sequence = 0
        self._shards: list[Shard] | None = None
        self._searchable: dict[str, Document] = {}
        check_mapping(self.mapping.get("properties", {}), self.analyzers, engine)

    @property
    def analysis(self) -> dict[str, Any]:
        return self.settings.get("analysis", {})

    @property
    def analyzers(self) -> set[str]:
        return _ANALYZERS | set(self.analysis.get("analyzer", {}))

    @property
    def shard_count(self) -> int:
        return int(self.settings.get("number_of_shards", 1))

    def tokens(self, name: str, text: str, *, searching: bool = False) -> list[str]:
        """The tokens of a text in a field."""
        field = flat_fields(self.mapping.get("properties", {})).get(name, {})
        if field.get("type") not in ("text", "match_only_text"):
            return [text]
        analyzer = field.get("analyzer", "standard")
        return analyze(text, field.get("search_analyzer", analyzer) if searching else analyzer, self.analysis)

    def put_mapping(self, body: Mapping[str, Any]) -> None:
        """Add fields; a field's type cannot change."""
        new = body.get("properties", {})
        check_mapping(new, self.analyzers, self.engine)
        known = flat_fields(self.mapping.get("properties", {}))
        for name, other in flat_fields(new).items():
            if name in known and known[name].get("type") != other.get("type"):
                kinds = f"current_type [{known[name].get('type')}], merged_type [{other.get('type')}]"
                reason = f"mapper [{name}] cannot be changed from type {kinds}"
                raise ElasticError(400, "illegal_argument_exception", reason)
        self.mapping.setdefault("properties", {}).update(copy.deepcopy(dict(new)))
        self.mapping.update({key: value for key, value in body.items() if key in ("_meta", "dynamic", "runtime")})

    def write(self, document_id: str, source: dict[str, Any], *, create: bool = False) -> Document:
        """Index a document; with `create` only where there is none."""
        before = self.documents.get(document_id)
        if create and before is not None:
            raise ElasticError(
                409,
                "version_conflict_engine_exception",
                f"[{document_id}]: version conflict, document already exists (current version [{before.version}])",
            )
        learn(self.mapping, source)
        fields = values(source, flat_fields(self.mapping.get("properties", {})))
        made = Document(document_id, source, before.version + 1 if before else 1, self.sequence, fields, self.name)
        self.sequence += 1
        self.documents[document_id] = made
        return made

    def refresh(self) -> None:
        """Make what was written so far searchable."""
        self._searchable = dict(self.documents)
        self._shards = None

    @property
    def searchable(self) -> dict[str, Document]:
        return self._searchable

    def shards(self) -> list[Shard]:
        """What a search sees, by shard."""
        if self._shards is None:
            parts: list[list[Document]] = [[] for _ in range(self.shard_count)]
            for document in self._searchable.values():
                parts[zlib.crc32(document.id.encode()) % self.shard_count].append(document)
            self._shards = [Shard(self, part) for part in parts]
        return self._shards

    def described(self) -> dict[str, Any]:
        """As `GET /index` shows it."""
        settings = {
            **copy.deepcopy(self.settings),
            "number_of_shards": str(self.shard_count),
            "number_of_replicas": str(self.settings.get("number_of_replicas", 1)),
            "uuid": self.uuid,
            "provided_name": self.name,
            "creation_date": str(self.created),
        }
        return {"aliases": self.aliases, "mappings": self.mapping, "settings": {"index": settings}}


@dataclass
class Store:
    """All indices of the cluster, and what searches keep open."""

    indices: dict[str, Index] = field(default_factory=dict)
    scrolls: dict[str, Any] = field(default_factory=dict)
    points: dict[str, list[Index]] = field(default_factory=dict)
    inference: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, name: str, body: Mapping[str, Any], engine: str) -> Index:
        """A new index."""
        if name in self.indices or self.aliased(name):
            what = f"index [{name}/{self.named(name)[0].uuid}] already exists"
            raise ElasticError(400, "resource_already_exists_exception", what, index=name)
        if name != name.lower() or name.startswith(("-", "_", "+")) or set(name) & set('\\/*?"<>| ,#:'):
            reason = f"Invalid index name [{name}], must be lowercase and hold no special characters"
            raise ElasticError(400, "invalid_index_name_exception", reason, index=name)
        self.indices[name] = Index(name, body, engine)
        return self.indices[name]

    def aliased(self, alias: str) -> list[Index]:
        """The indices that an alias stands for."""
        return [index for index in self.indices.values() if alias in index.aliases]

    def named(self, expression: str, *, ignore_missing: bool = False) -> list[Index]:
        """The indices of an expression: names, aliases and patterns, joined by commas.

        Raises:
            ElasticError: a name, not a pattern, that stands for nothing.
        """
        found: dict[str, Index] = {}
        for part in expression.split(","):
            if part in ("_all", "*") or "*" in part:
                pattern = "*" if part == "_all" else part
                matches = [
                    index
                    for index in self.indices.values()
                    if any(fnmatch.fnmatchcase(name, pattern) for name in (index.name, *index.aliases))
                ]
            else:
                matches = [self.indices[part]] if part in self.indices else self.aliased(part)
                if not matches and not ignore_missing:
                    raise no_such_index(part)
            found.update({index.name: index for index in matches})
        return list(found.values())

    def writable(self, name: str, engine: str, *, create: bool = True) -> Index:
        """The one index that documents written to `name` go to; made where it is missing."""
        found = [self.indices[name]] if name in self.indices else self.aliased(name)
        if len(found) > 1:
            chosen = [index for index in found if index.aliases[name].get("is_write_index")]
            if len(chosen) != 1:
                reason = f"no write index is defined for alias [{name}]."
                raise ElasticError(400, "illegal_argument_exception", reason)
            return chosen[0]
        if not found:
            if not create:
                raise no_such_index(name)
            return self.create(name, {}, engine)
        return found[0]


def _index_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without their optional "index." prefix."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "index" and isinstance(value, Mapping):
            found.update(value)
        else:
            found[name.removeprefix("index.")] = value
    return copy.deepcopy(found)
