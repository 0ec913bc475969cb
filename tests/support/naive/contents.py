"""Random values: ties, nulls, variants of case and accent, wildcards, extremes, and texts that begin alike."""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from tests.support.naive.asked import OMITTED, Document, Given, Word, Wrong
from tests.support.naive.models import ENUMS
from tests.support.naive.schema import ABSENT, Scalar
from tests.support.naive.values import LENGTH_MAX

LONG: Final = "Lorem ipsum dolor sit amet, consectetur " * 4 + "x" * 31
"""191 characters: what is added to them no order and no uniqueness sees."""
WORDS: Final = (
    *("", "a", "A", "á", "Ä", "ab", "aB", "Ab", "abc", "b", "B", "ba", "ß", "ss", "SS", "é", "e\u0301", "E"),
    *("%", "_", "\\", "a%b", "a_b", "axb", "a\\b", "%%", "\\%", "'", '"', "$1", "{}", "null", "\n", " a", "a "),
    *(
        "😀",
        "😀a",
        "a😀",
        "\U0001d538",
        "ﬁ",
        "fi",
        "İ",
        "\u0131",
        "i",
        "I",
        "Ω",
        "ω",
        "ς",
        "Σ",
        "ж",
        "Ж",
        "न",
        "€",
        "日本",
    ),
    *(LONG, LONG + "a", LONG + "A", LONG + "b", LONG + "á", LONG[:-1], LONG[:-1] + "y", LONG.upper()),
)
INTS: Final = (-2_147_483_648, -1000, -2, -1, 0, 0, 1, 1, 2, 3, 1000, 2_147_483_647)
FLOATS: Final = (-1.5, -0.25, 0, 0.1, 0.1, 4, 4.2, 100.5, 100.500000000001, -1e-7, 12345678.9, 1e21, -1e300, 5e-324)
MOMENTS: Final = (
    *("0001-01-02", "0099-05-06", "1582-10-10", "1899-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", "1970", "2016"),
    *("2016-01-01T00:00:00.000Z", "2016-01-01", "2016-02-29T12:00:00", "2016-02-29T14:00:00+02:00"),
    *("2016-02-29T12:00:00.001Z", "2016-02-29T06:30:00-05:30", "2018-07-01T10:20:30.5Z", "9999-12-31T23:59:59.999Z"),
)
DOCUMENTS: Final[tuple[Any, ...]] = (
    *({}, [], {"a": 1}, {"a": [1, None, "x"]}, [1, 2, {"b": True}], {"é": '"\\"', "n": None}, {"f": 1.5}, [[]]),
    *({"deep": {"deep": {"deep": []}}}, ["😀", "\n"]),
)
WRONG: Final[dict[str, tuple[Wrong, ...]]] = {
    "String": (Wrong("4", 4), Wrong("[{}]", [{}])),
    "ID": (Wrong("4.5", 4.5), Wrong("true", value=True)),
    "Int": (Wrong("2147483648", 2_147_483_648), Wrong('"4"', "4"), Wrong("1.5", 1.5)),
    "Float": (Wrong('"x"', "x"), Wrong("true", value=True)),
    "Boolean": (Wrong("1", 1), Wrong('"true"', "true")),
    "DateTime": (Wrong('"2016-13-01"', "2016-13-01"), Wrong('"soon"', "soon"), Wrong('"2015-02-29"', "2015-02-29")),
    "Json": (Wrong('""', ""), Wrong('"4"', 4), Wrong('"{"', "{"), Wrong('"true"', value=True)),
}


def text(chance: Random) -> str:
    """A text, short as a rule."""
    return "".join(chance.choice(WORDS) for _ in range(chance.choice((1, 1, 1, 2))))


def one(chance: Random, kind: str) -> Any:
    """A value of a scalar type or enum, as it may be given."""
    match kind:
        case "String":
            return text(chance)
        case "Int":
            return chance.choice(INTS)
        case "Float":
            return chance.choice(FLOATS)
        case "Boolean":
            return chance.random() < 0.5
        case "DateTime":
            return chance.choice(MOMENTS)
        case "Json":
            return Document(chance.choice(DOCUMENTS))
        case _:
            return Word(chance.choice(ENUMS[kind]))


def wrong(chance: Random, kind: str) -> Wrong:
    """Something that is no value of the type."""
    return chance.choice(WRONG.get(kind, (Wrong("NOTHING", "NOTHING"), Wrong("4", 4))))


def argument(chance: Random, field: Scalar, *, creating: bool) -> Given | None:
    """What to say of a field, if anything: mostly a value that fits."""
    must = creating and field.required and field.default is ABSENT
    kind = field.input_type + ("!" if must else "")
    part = chance.random()
    if part < 0.0007:
        return Given(_excess(field, chance), kind)
    if part < 0.005:
        return Given(wrong(chance, field.type), kind)
    if not must and part < 0.25:
        return Given(OMITTED, kind) if part < 0.05 else None
    if part < (0.40 if not field.required else 0.27 if not must else 0.01):
        return Given(None, kind)
    return Given(_value(chance, field), kind)


def _value(chance: Random, field: Scalar) -> Any:
    if field.many:
        return [Given(one(chance, field.type), f"{field.type}!") for _ in range(chance.choice((0, 1, 1, 2, 4)))]
    return one(chance, field.type)


def _excess(field: Scalar, chance: Random) -> Any:
    """A value that is too long, where the type can be."""
    if field.type == "String":
        longest = "x" * (LENGTH_MAX + 1)
        return [Given(longest, "String!")] if field.many else longest
    if field.type == "Json" and not field.many:
        return Document({"a": "x" * LENGTH_MAX})
    return _value(chance, field)


def as_given(kind: str, value: Any) -> Any:
    """A stored value as it may be given."""
    if kind == "Json":
        return Document(json.loads(json.dumps(value)))
    return value if kind in WRONG else Word(value)
