"""The published description of Elasticsearch's API as JSON Schema, so that a request can be held against it.

The description (elasticsearch-specification's metamodel) has interfaces with inheritance and generics, containers (of
which exactly one variant is given), enumerations and aliases; what a request does not name there is refused here.
"""

import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

PLACE = Path(sys.prefix) / "elastic-schema.json"

Type = dict[str, Any]
Name = tuple[str, str]


def _named(namespace: str, name: str) -> Type:
    return {"kind": "instance_of", "type": {"namespace": namespace, "name": name}}


_STRING = _named("_builtins", "string")
_ANY: Type = {"kind": "user_defined_value"}
_WHOLE = {"byte", "short", "integer", "uint", "long", "ulong"}


def _dictionary(key: Type, value: Type) -> Type:
    return {"kind": "dictionary_of", "key": key, "value": value, "singleKey": False}


PATCHES: dict[tuple[str, str, str], tuple[Type, str]] = {
    ("inference._types", "CustomServiceSettings", "request"): (
        _STRING,
        "said to be an object with `content`; the server reads a string (CustomServiceSettings.fromMap)",
    ),
    ("_types", "TextSimilarityReranker", "allow_rerank_failures"): (
        _named("_builtins", "boolean"),
        "missing; the server reads it from 8.19 and 9.1 on (TextSimilarityRankRetrieverBuilder)",
    ),
    ("inference._types", "CustomServiceSettings", "input_type"): (
        _dictionary(_STRING, _ANY),
        "said to map names to strings; the server reads `translation`, an object, and `default` (InputTypeTranslator)",
    ),
    ("_types", "SortOptions", "_score"): (
        {"kind": "union_of", "items": [_named("_types", "SortOrder"), _named("_types", "ScoreSort")]},
        "said to be an object; the server takes the order alone too, as for any field (SortBuilder)",
    ),
}
"""The faults of the description, each with what the server does instead: owner's namespace, owner, property."""


class ElasticApi:
    """The description, read and mended."""

    def __init__(self, path: Path, patches: Mapping[tuple[str, str, str], tuple[Type, str]] = PATCHES) -> None:
        whole = json.loads(path.read_text(encoding="utf-8"))
        self._types: dict[Name, Type] = {_name(one["name"]): one for one in whole["types"]}
        self._endpoints: list[Type] = whole["endpoints"]
        self._defs: dict[str, Any] = {}
        for (namespace, owner, name), (kind, _) in patches.items():
            properties = self._types[namespace, owner]["properties"]
            known = {one["name"]: one for one in properties}
            if name in known:
                known[name]["type"] = kind
            else:
                properties.append({"name": name, "required": False, "type": kind})

    def check(self, method: str, path: str, body: Any, *, endpoint: str | None = None) -> str:
        """Hold a request against the endpoint that its method and path belong to; gives that endpoint's name.

        Args:
            endpoint: where several share the path, and the body says which.

        Raises:
            AssertionError: when there is no such endpoint, it does not take such a body, or not this one.
        """
        found = [
            one
            for one in self._endpoints
            if (endpoint is None or one["name"] == endpoint)
            and any(method in url["methods"] and _matches(url["path"], path) for url in one["urls"])
        ]
        assert found, f"no endpoint {endpoint or ''} takes {method} {path}"
        one = found[0]
        error = self.error(one["name"], body)
        where = "" if error is None else "/".join(map(str, error.absolute_path))
        assert error is None, f"{one['name']}: at {where or 'the root'}: {error and error.message}"
        return one["name"]

    def error(self, endpoint: str, body: Any) -> ValidationError | None:
        """What is wrong with the body of a request; None when nothing is."""
        request = next(one["request"] for one in self._endpoints if one["name"] == endpoint)
        whole = self._types[_name(request)]
        of = whole["body"]
        documents = {_name(one): _ANY for one in whole.get("generics", ())}  # whatever the index holds
        if of["kind"] == "no_body":
            schema: Any = {"type": "null"}
        elif of["kind"] == "value":
            schema = self._schema(of["value"], documents)
        else:
            schema = self._object(whole, documents, of["properties"])
        return best_match(Draft202012Validator({**schema, "$defs": self._defs}).iter_errors(body))

    def examples(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str, Any]]:
        """The description's own example bodies of endpoints with these names: endpoint, example, body."""
        for one in self._endpoints:
            request = self._types.get(_name(one["request"])) if one.get("request") else None
            if request is None or not one["name"].startswith(prefixes):
                continue
            for name, example in request.get("examples", {}).items():
                try:
                    body = json.loads(example["value"])
                except (KeyError, TypeError, ValueError):  # none, newline-delimited, or shortened by "..."
                    continue
                yield one["name"], name, body

    def _schema(self, kind: Type, generics: Mapping[Name, Type]) -> dict[str, Any]:
        match kind["kind"]:
            case "user_defined_value":
                return {}
            case "literal_value":
                return {"const": kind["value"]}
            case "array_of":
                return {"type": "array", "items": self._schema(kind["value"], generics)}
            case "union_of":
                return {"anyOf": [self._schema(one, generics) for one in kind["items"]]}
            case "dictionary_of":
                single = {"minProperties": 1, "maxProperties": 1} if kind["singleKey"] else {}
                names = self._schema(kind["key"], generics)
                values = self._schema(kind["value"], generics)
                return {"type": "object", "propertyNames": names, "additionalProperties": values, **single}
            case "instance_of":
                return self._instance(kind, generics)
        raise NotImplementedError(kind["kind"])

    def _instance(self, kind: Type, generics: Mapping[Name, Type]) -> dict[str, Any]:
        name = _name(kind["type"])
        if name in generics:
            return self._schema(generics[name], {})
        if name[0] == "_builtins":
            of = {"binary": "string", "void": "null"}.get(name[1], name[1])
            return {"type": of}
        if name[0] == "_types" and name[1] in _WHOLE:
            return {"type": "integer"}
        given = [_filled(one, generics) for one in kind.get("generics", ())]
        key = json.dumps([name, given], sort_keys=True)
        key = re.sub(r"[^A-Za-z0-9_.]+", "-", key)
        if key not in self._defs:
            self._defs[key] = {}  # types refer to themselves
            self._defs[key] = self._defined(self._types[name], given)
        return {"$ref": f"#/$defs/{key}"}

    def _defined(self, of: Type, given: list[Type]) -> dict[str, Any]:
        generics = {_name(one): value for one, value in zip(of.get("generics", ()), given, strict=True)}
        if of["kind"] == "enum":
            names = [name for one in of["members"] for name in (one["name"], *one.get("aliases", ()))]
            return {"type": "string"} if of.get("isOpen") else {"enum": names}
        if of["kind"] == "type_alias":
            return self._schema(of["type"], generics)
        whole = self._object(of, generics, of["properties"])
        if "shortcutProperty" in of:
            short = next(one for one in self._inherited(of, generics) if one[0]["name"] == of["shortcutProperty"])
            return {"anyOf": [whole, self._schema(short[0]["type"], short[1])]}
        return whole

    def _object(self, of: Type, generics: Mapping[Name, Type], own: list[Type]) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        variants: list[str] = []
        container = of.get("variants", {}).get("kind") == "container"
        inherited = [(one, generics) for one in own] + self._inherited(of, generics)[len(of.get("properties", ())) :]
        for one, filled in inherited:
            for name in (one["name"], *one.get("aliases", ())):
                properties.setdefault(name, self._schema(one["type"], filled))
            if one["required"] and not one.get("aliases"):
                required.append(one["name"])
            if container and not one.get("containerProperty"):
                variants.append(one["name"])
        schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
        open_ended = [one for one in of.get("behaviors", ()) if one["type"]["name"].startswith("AdditionalPropert")]
        if open_ended:
            schema["additionalProperties"] = self._schema(open_ended[0]["generics"][1], generics)
        else:
            schema["additionalProperties"] = False  # also where plugins may add variants: we use none
        if variants and not open_ended:
            schema["oneOf"] = [{"required": [name]} for name in variants]
        return schema

    def _inherited(self, of: Type, generics: Mapping[Name, Type]) -> list[tuple[Type, Mapping[Name, Type]]]:
        """All properties, its own first, each with the generics that it is written in."""
        found = [(one, generics) for one in of.get("properties", ())]
        parent = of.get("inherits")
        if parent is not None and _name(parent["type"]) in self._types:
            above = self._types[_name(parent["type"])]
            if above["kind"] == "interface":
                given = [_filled(one, generics) for one in parent.get("generics", ())]
                names = map(_name, above.get("generics", ()))
                found += self._inherited(above, dict(zip(names, given, strict=True)))
        return found


@functools.cache
def elastic_api() -> ElasticApi:
    """The description that `make test` fetched."""
    return ElasticApi(PLACE)


def _name(of: Type) -> Name:
    return of["namespace"], of["name"]


def _filled(kind: Any, generics: Mapping[Name, Type]) -> Any:
    """A type with the type parameters in it replaced."""
    if isinstance(kind, dict):
        if kind.get("kind") == "instance_of" and _name(kind["type"]) in generics:
            return generics[_name(kind["type"])]
        return {name: _filled(value, generics) for name, value in kind.items()}
    if isinstance(kind, list):
        return [_filled(one, generics) for one in kind]
    return kind


def _matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path.partition("?")[0]) is not None
