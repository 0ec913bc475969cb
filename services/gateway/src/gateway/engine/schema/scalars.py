"""The two scalars GraphQL does not have: DateTime and Json (G 3)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final, NoReturn

import orjson
from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)

from contracts.moments import iso, moment

__all__ = ["DATE_TIME", "JSON", "iso", "json_text", "moment"]

JSON_DEPTH_MAX: Final = 100


def json_text(given: object) -> str:
    """The stored text of a Json value: a text that holds an object or a list, or such a value. Raises GraphQLError."""
    value = given
    if isinstance(given, str):
        try:
            value = orjson.loads(given)
        except orjson.JSONDecodeError:
            _refuse("Json", "needs the text of a JSON object or list", given)
    if not isinstance(value, dict | list):
        _refuse("Json", "needs a JSON object or list at the top", given)
    _check_json(value, 0)
    if isinstance(given, str):
        return given.strip()  # Kept as written: numbers of any size survive.
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        _refuse("Json", "cannot represent this value", given)


def _check_json(value: object, depth: int) -> None:
    if depth > JSON_DEPTH_MAX:
        message = f"Json is nested deeper than {JSON_DEPTH_MAX} levels."
        raise GraphQLError(message)
    match value:
        case str():
            if "\0" in value:
                message = "Json cannot hold the character NUL."
                raise GraphQLError(message)
        case float() if not math.isfinite(value):
            message = "Json cannot hold NaN or Infinity."
            raise GraphQLError(message)
        case dict():
            for key, member in value.items():
                _check_json(key, depth)
                _check_json(member, depth + 1)
        case list():
            for item in value:
                _check_json(item, depth + 1)
        case _:
            pass


def _date_time(given: object) -> datetime:
    if not isinstance(given, str):
        _refuse("DateTime", "needs an ISO-8601 text", given)
    try:
        return moment(given)
    except ValueError as error:
        _refuse("DateTime", str(error), given)


def _date_time_literal(node: ValueNode) -> datetime:
    return _date_time(node.value if isinstance(node, StringValueNode) else _plain(node))


def _json_literal(node: ValueNode) -> str:
    # A text literal is the documented form (G 3); an object or list literal means the same value.
    return json_text(node.value if isinstance(node, StringValueNode) else _plain(node))


def _plain(node: ValueNode) -> Any:
    match node:
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case BooleanValueNode() | StringValueNode() | EnumValueNode():
            return node.value
        case ListValueNode():
            return [_plain(item) for item in node.values]
        case ObjectValueNode():
            return {member.name.value: _plain(member.value) for member in node.fields}
        case NullValueNode():
            return None
        case _:
            message = "a variable cannot stand inside a Json literal: pass the whole value as a variable"
            raise GraphQLError(message)


def _refuse(scalar: str, why: str, given: object) -> NoReturn:
    shown = repr(given)
    message = f"{scalar} {why}: {shown if len(shown) <= 100 else shown[:100] + '...'}"  # noqa: PLR2004 - enough to see
    raise GraphQLError(message)


def _same(given: object) -> object:
    return given


DATE_TIME: Final = GraphQLScalarType(
    "DateTime",
    description="A moment, `YYYY-MM-DDTHH:MM:SS.mmmZ`. Any ISO-8601 form is accepted; without a zone it is UTC.",
    coerce_output_value=_same,
    coerce_input_value=_date_time,
    coerce_input_literal=_date_time_literal,
)
JSON: Final = GraphQLScalarType(
    "Json",
    description="A JSON object or list. As a literal it is written as a text that holds JSON.",
    coerce_output_value=_same,
    coerce_input_value=json_text,
    coerce_input_literal=_json_literal,
)
