"""Documents against mappings: what each field holds, and what is refused."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fake_elastic.protocol import ElasticError

NUMBERS = ("long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float", "rank_feature")
VECTORS = ("dense_vector", "knn_vector")
_TYPES = (*NUMBERS, *VECTORS, "text", "match_only_text", "keyword", "boolean", "date", "object", "geo_point", "ip")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def check_mapping(properties: Mapping[str, Any], analyzers: set[str], engine: str) -> None:
    """Refuse field types that this engine has not, and analyzers that are not configured."""
    foreign = "knn_vector" if engine == "elasticsearch" else "dense_vector"
    for name, field in properties.items():
        kind = field.get("type", "object")
        if kind not in _TYPES or kind == foreign:
            raise _refused(f"The mapper type [{kind}] declared on field [{name}] does not exist.")
        analyzer = field.get("analyzer")
        if analyzer is not None and analyzer not in analyzers:
            raise _refused(f"analyzer [{analyzer}] has not been configured in mappings")
        if kind == "knn_vector" and not isinstance(field.get("dimension"), int):
            raise _refused(f"Dimension value missing for vector: {name}")
        check_mapping({**field.get("properties", {}), **field.get("fields", {})}, analyzers, engine)


def flat_fields(properties: Mapping[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Every field by its dotted name, multi-fields too."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in properties.items():
        path = f"{prefix}{name}"
        if "properties" in field:
            found.update(flat_fields(field["properties"], f"{path}."))
        else:
            found[path] = field
        found.update(flat_fields(field.get("fields", {}), f"{path}."))
    return found


def leaves(source: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values; the values of a list one by one, but for lists of numbers (vectors)."""
    for name, value in source.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}.")
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for item in value:
                yield from leaves(item, f"{path}.")
        else:
            yield path, value


def learn(mapping: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Add the fields that a document brings, as the mapping's `dynamic` says."""
    known = flat_fields(mapping.setdefault("properties", {}))
    for path, value in leaves(source):
        if path in known or value is None or value == []:
            continue
        dynamic = str(mapping.get("dynamic", True)).lower()
        if dynamic == "strict":
            raise ElasticError(
                400,
                "strict_dynamic_mapping_exception",
                f"mapping set to strict, dynamic introduction of [{path}] within [_doc] is not allowed",
            )
        if dynamic == "true":
            *parents, name = path.split(".")
            place = mapping["properties"]
            for parent in parents:
                place = place.setdefault(parent, {}).setdefault("properties", {})
            place[name] = _guessed(value)


def values(source: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What is indexed of a document, by field.

    Raises:
        ElasticError: a value that does not fit its field's type.
    """
    found: dict[str, list[Any]] = {}
    given = dict(leaves(source))
    for path, field in fields.items():
        raw = given.get(path, given.get(path.rpartition(".")[0]) if path.rpartition(".")[0] in fields else None)
        if raw is None:
            continue
        kind = field.get("type")
        if kind in VECTORS:
            found[path] = [_vector(path, raw, field)]
            continue
        made = [_value(path, item, field) for item in (raw if isinstance(raw, list) else [raw]) if item is not None]
        if kind == "keyword":
            made = [item for item in made if len(item) <= field.get("ignore_above", 2**31)]
        if made:
            found[path] = made
    return found


def _guessed(value: Any) -> dict[str, Any]:
    value = value[0] if isinstance(value, list) else value
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "long"}
    if isinstance(value, float):
        return {"type": "float"}
    if _DATE.match(value):
        return {"type": "date"}
    return {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


def _value(path: str, value: Any, field: Mapping[str, Any]) -> Any:
    kind = field.get("type")
    if kind in NUMBERS:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise _unparsed(path, kind, value) from None
        return int(number) if kind in ("long", "integer", "short", "byte") else number
    if kind == "boolean":
        if value not in (True, False, "true", "false", ""):
            raise _unparsed(path, kind, value)
        return value in (True, "true")
    if isinstance(value, bool):
        return str(value).lower()
    if kind == "date":
        return value
    return str(value)


def _vector(path: str, raw: Any, field: Mapping[str, Any]) -> list[float]:
    dims = field.get("dims", field.get("dimension", len(raw)))
    if len(raw) != dims:
        raise ElasticError(
            400,
            "document_parsing_exception",
            f"failed to parse: The [{field['type']}] field [{path}] has a different number of dimensions [{len(raw)}] "
            f"than defined in the mapping [{dims}]",
        )
    similarity = field.get("similarity", field.get("space_type", field.get("method", {}).get("space_type", "cosine")))
    if similarity in ("cosine", "cosinesimil") and not any(raw):
        raise ElasticError(
            400,
            "document_parsing_exception",
            "failed to parse: The [cosine] similarity does not support vectors with zero magnitude.",
        )
    return [float(number) for number in raw]


def _unparsed(path: str, kind: str, value: Any) -> ElasticError:
    reason = f"failed to parse field [{path}] of type [{kind}] in document. Preview of field's value: '{value}'"
    return ElasticError(400, "document_parsing_exception", reason)


def _refused(reason: str) -> ElasticError:
    return ElasticError(400, "mapper_parsing_exception", f"Failed to parse mapping: {reason}")
