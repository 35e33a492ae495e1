"""`_bulk`: an answer for each operation, and half of a request when the node goes away in its middle."""

from typing import Any

from fake_elastic.faults import Faults
from fake_elastic.protocol import ElasticError, Request
from fake_elastic.store import Index, Store


def bulk(
    store: Store, engine: str, faults: Faults, request: Request, index: str | None, *, half: bool
) -> dict[str, Any]:
    """Apply the operations of the request in order; only the first half of them when `half`."""
    operations = _operations(request)
    if half:
        operations = operations[: len(operations) // 2]
    touched: dict[str, Index] = {}
    items = []
    for action, meta, source in operations:
        name = meta.get("_index", index)
        items.append({action: _item(store, engine, faults, action, name, meta, source, touched)})
    if request.parameters.get("refresh", "false") in ("true", "", "wait_for"):
        for one in touched.values():
            one.refresh()
    return {"took": 1, "errors": any("error" in answer for item in items for answer in item.values()), "items": items}


def _operations(request: Request) -> list[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    lines = iter(request.lines())
    found: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = []
    for line in lines:
        action, meta = next(iter(line.items()))
        if action not in ("index", "create", "update", "delete"):
            reason = (
                f"Malformed action/metadata line, expected one of [create, delete, index, update] but found [{action}]"
            )
            raise ElasticError(400, "illegal_argument_exception", reason)
        found.append((action, meta, None if action == "delete" else next(lines)))
    if not found:
        raise ElasticError(400, "parse_exception", "request body is required")
    return found


def _item(
    store: Store,
    engine: str,
    faults: Faults,
    action: str,
    name: str,
    meta: dict[str, Any],
    source: dict[str, Any] | None,
    touched: dict[str, Index],
) -> dict[str, Any]:
    document_id = str(meta.get("_id", f"auto-{id(meta)}"))
    answer: dict[str, Any] = {"_index": name, "_id": document_id}
    rejected = faults.rejection(document_id)
    if rejected is not None:
        return {**answer, "status": rejected[0], "error": rejected[1]}
    try:
        index = store.writable(name, engine, create=not meta.get("require_alias"))
        touched[index.name] = index
        answer["_index"] = index.name
        before = index.documents.get(document_id)
        if action == "delete":
            if before is None:
                return {**answer, "result": "not_found", "status": 404}
            del index.documents[document_id]
            return {**answer, "_version": before.version + 1, "result": "deleted", "status": 200}
        assert source is not None
        if action == "update":
            if before is None and not source.get("doc_as_upsert"):
                raise ElasticError(404, "document_missing_exception", f"[{document_id}]: document missing")
            source = {**(before.source if before else {}), **source.get("doc", {})}
        made = index.write(document_id, source, create=action == "create")
    except ElasticError as error:
        return {**answer, "status": error.status, "error": error.cause}
    result = "created" if before is None else "updated"
    return {
        **answer,
        "_version": made.version,
        "result": result,
        "_seq_no": made.sequence,
        "status": 201 if before is None else 200,
    }
