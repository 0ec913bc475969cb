"""Texts and literals of @defaultValue and @migrationValue to values of the field's type (G 2.3, 3, 15.1).

Values are JSON as the Model keeps them: a DateTime as its output text, an enum value as its name, Json as the value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from graphql.language import ast
from pydantic import JsonValue

from contracts.model import Scalar
from contracts.moments import iso, moment
from registry.domain.declarations import UNSTORABLE

TEXT_CHARACTERS_MAX: Final = 262_144
FLOAT_CHARACTERS_MAX: Final = 35
JSON_DEPTH_MAX: Final = 100
INT_MIN: Final = -(2**31)
INT_MAX: Final = 2**31 - 1

_INT: Final = re.compile(r"-?[0-9]{1,11}")
_FLOAT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Unfit(Exception):  # noqa: N818 - a value that does not fit is an answer
    """The value is not one of the type; `shown` is how it was written."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown)
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Kind:
    """The type a value must have. `values` are the names of the enum's values when `scalar` is ENUM."""

    scalar: Scalar
    is_list: bool = False
    values: Collection[str] = ()


def value_of(node: ast.ValueNode, kind: Kind) -> JsonValue:
    """The value of a directive's `value` argument. Raises Unfit.

    Every type may be written as a string, as the dialect documents it, or as a literal. `null`, bare or as a text of a
    type other than String, is None.
    """
    shown = _shown(node)
    if len(shown) > TEXT_CHARACTERS_MAX:
        raise Unfit(shown[:40] + "…")
    if isinstance(node, ast.NullValueNode):
        return None
    if isinstance(node, ast.StringValueNode) and shown == "null" and kind != Kind(Scalar.STRING):
        return None
    if not kind.is_list:
        return _single(_plain(node, kind), kind, shown)
    elements = _elements(_plain(node, kind), kind, shown)
    return [_single(each, kind, shown) for each in elements]


def instant(text: str) -> str | None:
    """The output form of an ISO 8601 date or date with time; None when it is neither."""
    try:
        return iso(moment(text))
    except ValueError:
        return None


def _shown(node: ast.ValueNode) -> str:
    match node:
        case ast.ListValueNode() | ast.ObjectValueNode():
            return _written(node)
        case ast.NullValueNode():
            return "null"
        case ast.BooleanValueNode():
            return "true" if node.value else "false"
        case ast.IntValueNode() | ast.FloatValueNode() | ast.StringValueNode() | ast.EnumValueNode():
            return node.value
        case _:
            return "a variable"


def _written(node: ast.ValueNode) -> str:
    """A literal as its writer would put it into one line."""
    match node:
        case ast.ListValueNode():
            return f"[{', '.join(map(_written, node.values))}]"
        case ast.ObjectValueNode():
            return f"{{{', '.join(f'{each.name.value}: {_written(each.value)}' for each in node.fields)}}}"
        case ast.StringValueNode():
            return json.dumps(node.value, ensure_ascii=False)
        case _:
            return _shown(node)


def _literal(node: ast.ValueNode) -> Any:
    """A literal as a plain value; numbers stay texts, because the field's type decides what they are."""
    match node:
        case ast.ListValueNode():
            return [_literal(each) for each in node.values]
        case ast.ObjectValueNode():
            return {each.name.value: _literal(each.value) for each in node.fields}
        case ast.NullValueNode():
            return None
        case _:
            return _shown(node)


def _plain(node: ast.ValueNode, kind: Kind) -> Any:
    """What was written, with the outermost string of lists and Json opened."""
    if kind.scalar is Scalar.JSON and not kind.is_list:
        return _json(_shown(node)) if isinstance(node, ast.StringValueNode) else _typed(node)
    if kind.is_list and isinstance(node, ast.StringValueNode):
        if kind.scalar is Scalar.ENUM:
            return _bare_names(node.value)
        return _json(node.value)
    if kind.is_list and kind.scalar is Scalar.JSON:
        return _typed(node)
    return _literal(node)


def _typed(node: ast.ValueNode) -> Any:
    """A literal as the JSON value it looks like."""
    match node:
        case ast.ListValueNode():
            return [_typed(each) for each in node.values]
        case ast.ObjectValueNode():
            return {each.name.value: _typed(each.value) for each in node.fields}
        case ast.IntValueNode() | ast.FloatValueNode():
            return _json(node.value)
        case ast.BooleanValueNode():
            return node.value
        case _:
            return _literal(node)


def _bare_names(text: str) -> Any:
    """`[A, B]`, the names with or without quotes."""
    if not (text.startswith("[") and text.endswith("]")):
        raise Unfit(text)
    inner = text[1:-1].strip()
    return [each.strip().strip('"') for each in inner.split(",")] if inner else []


def _json(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unfit(text) from None


def _elements(value: Any, kind: Kind, shown: str) -> list[Any]:
    if not isinstance(value, list):
        raise Unfit(shown)
    if kind.scalar is Scalar.JSON:
        return [_json(each) if isinstance(each, str) else each for each in value]
    return value


def _single(value: Any, kind: Kind, shown: str) -> JsonValue:
    fit: JsonValue
    match kind.scalar:
        case Scalar.STRING:
            fit = value if isinstance(value, str) and not UNSTORABLE.search(value) else None
        case Scalar.INT:
            fit = _int(value)
        case Scalar.FLOAT:
            fit = _float(value)
        case Scalar.BOOLEAN:
            fit = _boolean(value)
        case Scalar.DATETIME:
            fit = instant(value) if isinstance(value, str) else None
        case Scalar.ENUM:
            fit = value if isinstance(value, str) and value in kind.values else None
        case Scalar.JSON:
            fit = value if isinstance(value, dict | list) and _storable(value, JSON_DEPTH_MAX) else None
        case Scalar.ID:
            fit = None
    if fit is None:
        raise Unfit(shown)
    return fit


def _boolean(value: Any) -> bool | None:
    # Compared by identity and type: 1 equals True in Python, and is no Boolean here.
    if value is True or value is False:
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _int(value: Any) -> int | None:
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    number = int(text) if _INT.fullmatch(text) else INT_MAX + 1
    return number if INT_MIN <= number <= INT_MAX else None


def _float(value: Any) -> float | None:
    text = value if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
    if len(text) > FLOAT_CHARACTERS_MAX or not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _storable(value: Any, depth: int) -> bool:
    """Whether JSON nests no deeper than `depth` and holds only text that can be stored."""
    match value:
        case str():
            return not UNSTORABLE.search(value)
        case dict():
            return depth > 0 and all(_storable(k, 1) and _storable(v, depth - 1) for k, v in value.items())
        case list():
            return depth > 0 and all(_storable(each, depth - 1) for each in value)
        case _:
            return True
