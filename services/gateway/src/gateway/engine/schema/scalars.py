"""The two scalars GraphQL does not have: DateTime and Json (G 3)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
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

JSON_DEPTH_MAX: Final = 100

_ISO: Final = re.compile(
    r"""(?P<year>\d{4})
    (?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?
    (?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?
       (?P<zone>Z|z|[+-]\d\d(?::?\d\d)?)?)?""",
    re.VERBOSE | re.ASCII,
)


def moment(text: str) -> datetime:
    """Any ISO-8601 form as UTC with milliseconds; without a zone it is UTC. Raises ValueError."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        message = f"not an ISO-8601 date: {text!r}"
        raise ValueError(message)
    part = found.groupdict()
    millisecond = int((part["fraction"] or "0").ljust(3, "0")[:3])
    local = datetime(
        int(part["year"]),
        int(part["month"] or 1),
        int(part["day"] or 1),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        millisecond * 1000,
        tzinfo=_zone(part["zone"]),
    )
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        message = f"outside the years 1 to 9999: {text!r}"
        raise ValueError(message) from error


def iso(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


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


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


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
