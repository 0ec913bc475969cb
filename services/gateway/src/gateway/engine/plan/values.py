"""Scalar values of a written node: what each becomes, and what it may not be (G 2.3, 3, 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from contracts.model import Entity, Field, Scalar
from gateway.engine.failure import Failed, Failure, cannot_be_null, null_input, too_long
from gateway.engine.operation.given import Given, Null, Value
from gateway.engine.plan.changes import Assign
from gateway.engine.plan.pages import require
from gateway.engine.plan.tree import Check
from gateway.engine.schema.scalars import moment
from gateway.engine.source import Const

TEXT_CHARACTERS_MAX: Final = 262_144
FLOAT_CHARACTERS_MAX: Final = 35


def created(entity: Entity, fields: Sequence[Field], members: Mapping[str, Given], checks: list[Check]) -> list[Assign]:
    """The values of a new node; what is left out has its default. Raises Failed."""
    assigns: list[Assign] = []
    for stored in fields:
        given = members.get(stored.name)
        if given is None:
            if stored.has_default:
                assigns.append(Assign(stored.column, stored, Const(stored_default(stored))))
        elif isinstance(given, Null):
            if stored.required:
                raise Failed(null_input(entity.name, stored.name))
            assigns.append(Assign(stored.column, stored, Const(None)))
        else:
            assigns.append(_assign(stored, given, checks))
    return assigns


def updated(entity: Entity, fields: Sequence[Field], members: Mapping[str, Given], checks: list[Check]) -> list[Assign]:
    """The values that an update sets; what is left out stays. Raises Failed."""
    assigns: list[Assign] = []
    for stored in fields:
        given = members.get(stored.name)
        if isinstance(given, Null):
            if stored.required:
                raise Failed(cannot_be_null(entity.name, stored.name))
            assigns.append(Assign(stored.column, stored, Const(None)))
        elif given is not None:
            assigns.append(_assign(stored, given, checks))
    return assigns


def stored_default(stored: Field) -> Any:
    """The default of a field as a parameter value."""
    given = stored.default
    if stored.is_list and isinstance(given, list):
        return tuple([_scalar(stored, item) for item in given])
    return None if given is None else _scalar(stored, given)


def _assign(stored: Field, given: Given, checks: list[Check]) -> Assign:
    assert isinstance(given, Value), "a scalar argument holds a value"
    if isinstance(given.source, Const) and given.source.length > FLOAT_CHARACTERS_MAX:
        raise Failed(too_long(stored.name))
    if stored.is_list or stored.scalar in (Scalar.STRING, Scalar.JSON):
        require(given.source, lambda value: _length_failure(stored, value), checks)
    return Assign(stored.column, stored, given.source)


def _scalar(stored: Field, given: Any) -> Any:
    match stored.scalar:
        case Scalar.DATETIME:
            return moment(given)
        case Scalar.JSON:
            return orjson.dumps(given).decode()
        case Scalar.FLOAT:
            return float(given)
        case _:
            return given


def _length_failure(stored: Field, value: Any) -> Failure | None:
    if isinstance(value, str):
        return too_long(stored.name) if len(value) > TEXT_CHARACTERS_MAX else None
    if isinstance(value, tuple):
        texts = value if stored.scalar is Scalar.JSON else [_json_of(item) for item in value]
        if sum(len(text) + 1 for text in texts) + 1 > TEXT_CHARACTERS_MAX:
            return too_long(stored.name)
    return None


def _json_of(item: Any) -> str:
    return orjson.dumps(item, default=str).decode()
