"""One value of a file, judged as the API would judge it, and written as the database reads it (G 3).

Everything becomes a text that PostgreSQL casts to the column's type: a list becomes the text of an array. Json is kept
as it was written, so numbers of any size survive.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

from contracts.model import Field, Scalar
from contracts.moments import iso, moment

TEXT_CHARACTERS_MAX: Final = 262_144
INT_MAX: Final = 2**31
JSON_DEPTH_MAX: Final = 100
SHOWN_CHARACTERS: Final = 100
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,25}")
_INT: Final = re.compile(r"[+-]?[0-9]{1,12}")
_SPACE: Final = re.compile(r"[ \t\n\r]*")


class Unfit(Exception):  # noqa: N818 - a judgement, caught where the line is known
    """A value that a field cannot hold; the text says why."""


def shown(value: object) -> str:
    """A value as a problem quotes it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def node_id(value: object) -> str:
    """An id as given. Raises Unfit."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise Unfit("an id has 1 to 25 letters, digits, `-` and `_`")
    return value


def stored(field: Field, value: Any, raw: str, values: Sequence[str]) -> str:
    """A value of JSON as a text for the column; `raw` is how it was written. Raises Unfit."""
    if not field.is_list:
        return single(field.scalar, value, raw, values)
    if not isinstance(value, list):
        raise Unfit(f"needs a list of {_type(field, values)}")
    texts = [single(field.scalar, item, text, values) for item, text in _items(value, raw)]
    if sum(len(text) + 1 for text in texts) > TEXT_CHARACTERS_MAX:
        raise Unfit(f"is longer than {TEXT_CHARACTERS_MAX} characters")
    return array(texts)


def cell(field: Field, text: str, values: Sequence[str]) -> str:
    """A cell of a sheet as a text for the column; lists and Json stand in it as JSON. Raises Unfit."""
    if field.is_list or field.scalar is Scalar.JSON:
        return stored(field, parsed(text), text.strip(), values)
    match field.scalar:
        case Scalar.INT:
            value: Any = int(text) if _INT.fullmatch(text) else text
        case Scalar.FLOAT:
            value = _number(text)
        case Scalar.BOOLEAN:
            value = {"true": True, "false": False}.get(text.lower(), text)
        case _:
            value = text
    return single(field.scalar, value, text, values)


def single(scalar: Scalar, value: Any, raw: str, values: Sequence[str]) -> str:
    """One value as a text. Raises Unfit."""
    match scalar:
        case Scalar.STRING if isinstance(value, str):
            return _text(value)
        case Scalar.INT if type(value) is int or (type(value) is float and value.is_integer()):
            if not -INT_MAX <= value < INT_MAX:
                raise Unfit("is beyond 32 bits")
            return str(int(value))
        case Scalar.FLOAT if type(value) in {int, float}:
            return _float(value)
        case Scalar.BOOLEAN if isinstance(value, bool):
            return "true" if value else "false"
        case Scalar.DATETIME if isinstance(value, str):
            try:
                return iso(moment(value))
            except ValueError as problem:
                raise Unfit(str(problem)) from None
        case Scalar.ENUM if isinstance(value, str):
            if value not in values:
                raise Unfit(f"is not one of {', '.join(values[:20])}")
            return value
        case Scalar.JSON:
            return _json(value, raw)
        case Scalar.ID:
            return node_id(value)
        case _:
            raise Unfit(f"needs {'an enum value' if scalar is Scalar.ENUM else scalar.value}")


def array(texts: Sequence[str]) -> str:
    """The texts as one text of a PostgreSQL array."""
    return "{" + ",".join(['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts]) + "}"


def parsed(text: str) -> Any:
    """The value of a JSON text. Raises Unfit."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_int=_integer)
    except (ValueError, RecursionError) as problem:
        raise Unfit(f"is not JSON ({problem})") from None


def members(text: str) -> dict[str, tuple[Any, str]]:
    """The members of a JSON object, each with the text that it was written as. Raises Unfit."""
    found: dict[str, tuple[Any, str]] = {}
    at = _skip(text, 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        value, end = _DECODER.raw_decode(text, at)
        found[name] = (value, text[at:end])
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _items(values: list[Any], raw: str) -> Iterator[tuple[Any, str]]:
    if not any(isinstance(value, dict | list) for value in values):
        yield from ((value, "") for value in values)
        return
    at = _skip(raw, 1)
    for value in values:
        _, end = _DECODER.raw_decode(raw, at)
        yield value, raw[at:end]
        at = _skip(raw, _skip(raw, end) + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None, "the expression fits everywhere"
    return found.end()


def _no_number(name: str) -> NoReturn:
    message = f"{name} is no number of JSON"
    raise ValueError(message)


def _integer(digits: str) -> float:
    # Python refuses to read integers of thousands of digits; the value is only looked at, what is stored is the text.
    return int(digits) if len(digits) < _DIGITS_MAX else float(digits)


_DIGITS_MAX: Final = 20
_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, parse_int=_integer)


def _type(field: Field, values: Sequence[str]) -> str:
    return f"the values {', '.join(values[:20])}" if field.scalar is Scalar.ENUM else field.scalar.value


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _float(value: float) -> str:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("is no finite number")
    return repr(number)


def _text(value: str) -> str:
    if len(value) > TEXT_CHARACTERS_MAX:
        raise Unfit(f"is longer than {TEXT_CHARACTERS_MAX} characters")
    if "\0" in value:
        raise Unfit("holds the character NUL")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unfit("holds half of a surrogate pair") from None
    return value


def _json(value: Any, raw: str) -> str:
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        # The text of a Json value, as a mutation takes it.
        return _json(parsed(value), value.strip())
    if not isinstance(value, dict | list):
        raise Unfit("needs a JSON object or list")
    if len(raw) > TEXT_CHARACTERS_MAX:
        raise Unfit(f"is longer than {TEXT_CHARACTERS_MAX} characters")
    _check_json(value)
    return raw


def _check_json(value: Any) -> None:
    rest = [(value, 0)]
    while rest:
        one, depth = rest.pop()
        if depth > JSON_DEPTH_MAX:
            raise Unfit(f"is nested deeper than {JSON_DEPTH_MAX} levels")
        match one:
            case str():
                _text(one)
            case float() if not math.isfinite(one):
                raise Unfit("holds a number that is not finite")
            case dict():
                rest += [(name, depth) for name in one]
                rest += [(member, depth + 1) for member in one.values()]
            case list():
                rest += [(item, depth + 1) for item in one]
            case _:
                pass
