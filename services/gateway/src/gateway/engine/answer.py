"""Rows, SQL errors and failures -> the body's bytes; JSON that PostgreSQL wrote passes through unread (G 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import orjson

from contracts.model import Model, Relation
from gateway.engine.call import Again, Call, Root
from gateway.engine.failure import (
    NODE,
    Failure,
    Refusal,
    no_node,
    not_unique,
    relation_required,
    shortened,
    too_large,
)

Dialect = Literal["http", "simple"]
"""`http`: GraphQL over HTTP, `extensions.code`. `simple`: the Simple API, `code` and `requestId` in the entry."""

Result = str | Failure | None
"""What became of a root field: JSON text, a failure, or null."""

OBJECTION: Final = "MO001"
"""SQLSTATE of what the database refuses because a statement told it to; see `judge`."""

_MOVED_STATES: Final = frozenset({"42703", "42P01", "42804", "42883", "23502", "23514"})
"""Undefined column or table, a column of another type, NOT NULL or enum check violated: the statement was made for
another model."""
_RETRY_STATES: Final = frozenset({"40001", "40P01"})
_TOO_LARGE_STATES: Final = frozenset({"53200", "54000", "54001"})
"""Out of memory, a text beyond 1 GB, a statement too complex: the answer or the question is too large."""
_KEY: Final = re.compile(r"\(([^()]+)\)=\((.*?)\)")


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a constraint of the database means."""

    kind: Literal["unique", "partner"]
    entity: str
    field: str
    """Empty for a side of a relation that is kept elsewhere, or has no field."""
    far: str = ""


def judge(root: Root, verdict: str, variables: Mapping[str, Any]) -> Failure | Again:
    """What the message of an error of the state `OBJECTION` means: `moved`, or `<number>[:<id>]` of a refusal."""
    if verdict == "moved":
        return Again.MOVED
    if verdict == "large":
        return too_large()
    number, _, detail = verdict.partition(":")
    refused = root.refusals[int(number)]
    failure = refused if isinstance(refused, Failure) else refused(variables)
    assert failure is not None, "the database refuses what the variables get wrong"
    return _named(root, failure, detail or None, variables)


def explain(
    constraints: Mapping[str, Constraint], sqlstate: str, constraint: str | None, detail: str | None
) -> Failure | Again | None:
    """What an SQL error means to the client; None for one that nobody expects."""
    if sqlstate in _MOVED_STATES:
        return Again.MOVED
    if sqlstate in _RETRY_STATES:
        return Again.RETRY
    if sqlstate in _TOO_LARGE_STATES:
        return too_large()
    known = constraints.get(constraint or "")
    if known is None:
        return None
    if sqlstate == "23505":
        # Two mutations gave the same partner at once: the second look sees the first one's edge.
        return not_unique(known.entity, known.field) if known.kind == "unique" else Again.RETRY
    if sqlstate == "23503" and "is not present" in (detail or ""):
        found = _KEY.search(detail or "")
        return no_node(known.far, found.group(2) if found else "")
    if sqlstate in ("23503", "23001") and known.field:
        return relation_required(known.entity, known.field)
    return None


def constraints(model: Model) -> dict[str, Constraint]:
    """The constraints of a model's database by name."""
    found: dict[str, Constraint] = {}
    for entity in model.entities:
        for field in entity.fields:
            if field.unique:
                found[f"{entity.table}_{field.column}_key"] = Constraint("unique", entity.name, field.name)
    for relation in model.relations:
        found.update(_edges(model, relation))
    return found


def settled(root: Root) -> Result:
    """The result of a root field that needs no database."""
    return root.failure or root.constant


def fitting(results: Sequence[Result], result: Result, bytes_max: int) -> Result:
    """The next result of a call, or a failure when the answer would be larger than `bytes_max` with it."""
    if type(result) is not str:
        return result
    # Characters are counted, which are fewer: it is the memory of the gateway that is at stake.
    held = sum([len(one) for one in results if type(one) is str])
    return too_large() if held + len(result) > bytes_max else result


def finish(call: Call, results: Sequence[Result], dialect: Dialect, request_id: str) -> bytes:
    """The body: `data` in the order of the operation, and one entry in `errors` per failure."""
    members: list[str] = []
    errors: list[dict[str, Any]] = []
    null = False
    for root, result in zip(call.roots, results, strict=True):
        if isinstance(result, Failure):
            placed = result if result.path else replace(result, path=(root.key,), locations=(root.location,))
            errors.append(_entry(placed, dialect, request_id))
            null = null or root.required
            members.append(f'"{root.key}":null')
        else:
            members.append(f'"{root.key}":{"null" if result is None else result}')
    data = "null" if null else f"{{{','.join(members)}}}"
    if not errors:
        return f'{{"data":{data}}}'.encode()
    return b'{"data":%b,"errors":%b}' % (data.encode(), orjson.dumps(errors))


def refuse(refusal: Refusal, dialect: Dialect, request_id: str) -> bytes:
    """The body when nothing of the operation runs."""
    if dialect == "simple" and refusal.stage == "syntax":
        return orjson.dumps({"error": shortened(refusal.failures[0].message)})
    errors = [_entry(failure, dialect, request_id) for failure in refusal.failures]
    return orjson.dumps({"data": None, "errors": errors} if dialect == "simple" else {"errors": errors})


def unexpected(request_id: str) -> Failure:
    """An error of ours while a field ran; the request id leads to the log."""
    message = f"Whoops. Looks like an internal server error. Search for the request id '{request_id}' in the logs."
    return Failure("INTERNAL_SERVER_ERROR", message)


def timed_out() -> Failure:
    """The statement took longer than the environment allows."""
    return Failure("TimeoutExceeded", "The query took too long to process.", 1000)


def _entry(failure: Failure, dialect: Dialect, request_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": shortened(failure.message)}
    if failure.locations:
        entry["locations"] = [{"line": line, "column": column} for line, column in failure.locations]
    if failure.path:
        entry["path"] = list(failure.path)
    if dialect == "simple":
        if failure.number is not None:
            entry["code"] = failure.number
        if failure.path:
            entry["requestId"] = request_id
    else:
        code = failure.name if failure.number is None else failure.number
        entry["extensions"] = {"code": code, "name": failure.name, "requestId": request_id}
    return entry


def _named(root: Root, failure: Failure, detail: str | None, variables: Mapping[str, Any]) -> Failure:
    if NODE not in failure.message:
        return failure
    if detail is None and root.node is not None:
        detail = str(root.node(variables))
    return replace(failure, message=failure.message.replace(NODE, detail or ""))


def _edges(model: Model, relation: Relation) -> dict[str, Constraint]:
    a, b = model.entity_by_id[relation.a], model.entity_by_id[relation.b]
    if relation.storage == "join":
        return {
            f"{relation.table}_a_key": Constraint("partner", a.name, relation.a_field, far=b.name),
            f"{relation.table}_a_fkey": Constraint("partner", b.name, "", far=a.name),
            f"{relation.table}_b_fkey": Constraint("partner", a.name, "", far=b.name),
        }
    near, far, name = (a, b, relation.a_field) if relation.storage == "a" else (b, a, relation.b_field)
    known = Constraint("partner", near.name, name or "", far.name)
    return {f"{near.table}_{relation.column}_{suffix}": known for suffix in ("key", "fkey")}
