"""Canonical JSON (RFC 8785): one value has exactly one text, so a hash of the text is a hash of the value.

Stricter than the RFC where a value would not survive the journey: integers beyond 2^53 - 1, lone surrogates, strings
that are not in Unicode normal form C, keys that are not text and keys that occur twice are refused, never mended.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, NoReturn

LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it a reader that keeps numbers as doubles would see another number."""

_PLAIN_EXPONENT_MAX: Final = 21
_PLAIN_EXPONENT_MIN: Final = -6
_ESCAPES: Final = {
    **{code: f"\\u{code:04x}" for code in range(0x20)},
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}


class NotCanonical(ValueError):  # noqa: N818 - says what the value is, as its readers do
    """The value or text has no canonical form; `path` says where (`$.lines[2].amount`)."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def encode(value: object) -> bytes:
    """The canonical UTF-8 text of a JSON value. Raises NotCanonical with the path of what cannot be written."""
    try:
        return _text(value, "$").encode()
    except RecursionError:
        raise NotCanonical("$", "nested too deeply") from None


def parse(text: str) -> Any:
    """The value of a JSON text in which no key occurs twice and every number is one. Raises NotCanonical."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer)
    except NotCanonical:
        raise
    except RecursionError:
        raise NotCanonical("$", "nested too deeply") from None
    except ValueError as error:
        raise NotCanonical("$", f"not JSON: {error}") from None


def decode(data: bytes | str) -> Any:
    """The value of a JSON text that need not be canonical, but must have a canonical form. Raises NotCanonical."""
    try:
        text = data if isinstance(data, str) else data.decode()
    except UnicodeDecodeError as error:
        raise NotCanonical("$", f"not UTF-8: {error}") from None
    value = parse(text)
    encode(value)
    return value


def require(data: bytes | str) -> Any:
    """The value of a text that is canonical byte for byte. Raises NotCanonical otherwise."""
    value = decode(data)
    written = encode(value)
    found = data.encode() if isinstance(data, str) else data
    if written != found:
        at = next((i for i, pair in enumerate(zip(written, found, strict=False)) if pair[0] != pair[1]), len(written))
        raise NotCanonical("$", f"not in canonical form from byte {min(at, len(found))}")
    return value


def _text(value: object, path: str) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value, path)
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise NotCanonical(path, "integer beyond 2^53 - 1; write it as text")
            return str(int(value))
        case float():
            return _number(value, path)
        case Mapping():
            return _object(value, path)
        case list() | tuple():
            return "[" + ",".join([_text(item, f"{path}[{i}]") for i, item in enumerate(value)]) + "]"
        case _:
            raise NotCanonical(path, f"{type(value).__name__} is no JSON value")


def _object(value: Mapping[Any, object], path: str) -> str:
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(path, f"key {key!r} is not text")
        if not _encodable(key):
            raise NotCanonical(path, f"key {key!r} holds a lone surrogate")
    # RFC 8785 3.2.3: members are sorted by UTF-16 code units, which is not the order of code points.
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join([f"{_quoted(key, path)}:{_text(item, f'{path}.{key}')}" for key, item in members]) + "}"


def _quoted(text: str, path: str) -> str:
    if not text.isascii():
        if not _encodable(text):
            raise NotCanonical(path, "lone surrogate")
        if not unicodedata.is_normalized("NFC", text):
            raise NotCanonical(path, f"{text[:80]!r} is not in normal form C")
    return f'"{text.translate(_ESCAPES)}"'


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _number(value: float, path: str) -> str:
    """ECMAScript's Number::toString; `repr` finds the same shortest digits and only writes them differently."""
    if not math.isfinite(value):
        raise NotCanonical(path, f"{value!r} is no JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    point = len(whole) + int(exponent_text or 0)
    if whole == "0":
        point -= 1 + len(fraction) - len(fraction.lstrip("0"))
        digits = fraction.lstrip("0")
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point after the first `point` of them, as ECMAScript 6.1.6.1.20 lays them out."""
    if len(digits) <= point <= _PLAIN_EXPONENT_MAX:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _PLAIN_EXPONENT_MAX:
        return f"{digits[:point]}.{digits[point:]}"
    if _PLAIN_EXPONENT_MIN < point <= 0:
        return "0." + "0" * -point + digits
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{point - 1:+d}"


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    for one, other in pairwise(sorted(key for key, _ in members)):
        if one == other:
            raise NotCanonical("$", f"key {one!r} occurs twice")
    return dict(members)


def _no_constant(name: str) -> NoReturn:
    raise NotCanonical("$", f"{name} is no JSON number")


def _integer(text: str) -> int:
    if len(text) > len(str(-LARGEST_INTEGER)):
        raise NotCanonical("$", f"integer {text[:24]}... beyond 2^53 - 1; write it as text")
    return int(text)
