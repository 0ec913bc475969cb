"""Values that somebody hostile would send: texts, numbers and JSON of every kind, chosen by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final


class Name(str):
    """Written without quotes in a document: an enum value, a variable, whatever a parser may stumble over."""

    __slots__ = ()


TEXTS: Final[tuple[str, ...]] = (
    "",
    " ",
    "a",
    "null",
    "true",
    "0",
    "-1",
    "{}",
    "[]",
    '{"a": 1}',
    '[{"a": [null, 1e3, "x"]}]',
    '{"a": 1, "a": 2}',
    '{"big": 123456789012345678901234567890.123456789, "tiny": 1e-300}',
    '{"e": 1e400}',
    '{"e": 1' + "0" * 400 + "}",
    '{"nul": "\\u0000"}',
    '{"half": "\\ud800"}',
    '{"unclosed": ',
    "2016",
    "2016-02-30",
    "2015-11-22T13:57:31.123Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "10000-01-01",
    "2015-11-22T25:61:61Z",
    "'; drop table users; --",
    "' or '1'='1",
    "$1",
    "$1::text",
    "\\",
    "\\'",
    "E'\\\\'",
    '"',
    "'",
    "--",
    "/* */",
    "*/",
    ";",
    "%",
    "_",
    "%%%%%%%%%%%%",
    "\\%",
    "[a-z]*",
    "(?:a+)+$",
    "{0}",
    "%s%n",
    "${jndi}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\0",
    "a\0b",
    "\x01\x02\x1f\x7f",
    "\r\nSet-Cookie: a=b",
    "\ufeff",
    "\u202eabc\u202d",
    "\u2066\u2069\u200f",
    "\u2028\u2029",
    "\ud800",
    "\udfff",
    "a\udc00b",
    "\ufffe\uffff",
    "😀" * 3,
    "e\u0301\u0301\u0301",
    "\u0130\u0131\xdf\u1e9e\u017f\u212a\u212b",
    "\u0130" * 6,
    "ﬃ",
    "Z͑ͫ̓a̴͞l̡g̵o",
    "नमस्ते",
    "你好",
    "__proto__",
    "constructor",
    "__typename",
    "id",
    "$v0",
    "x" * 191,
    "x" * 192,
    "ß" * 200,
    "y" * 5_000,
)
IDS: Final[tuple[str, ...]] = (
    "",
    "c",
    "c" + "0" * 24,
    "c" + "z" * 24,
    "C" + "0" * 24,
    "c" + "0" * 25,
    "x" * 300,
    "null",
    "1",
    "c0000'; --",
    "c\u0000abc",
    "c\u202e00000000000000000000000",
    "__proto__",
    "00000000-0000-0000-0000-000000000000",
)
INTEGERS: Final[tuple[int, ...]] = (0, 1, 2, 3, 5, 10, 100, -1, -2, 999, 2**31 - 1, -(2**31))
NO_INTEGERS: Final[tuple[int, ...]] = (
    *(2**31, -(2**31) - 1, 2**53, 2**53 + 1, 2**63, 2**64, 10**30, 10**308, 10**310, -(10**400)),
)
FLOATS: Final[tuple[Any, ...]] = (
    *(0.0, -0.0, 1.5, -1.5, 1e-7, 1e20, 0.1 + 0.2, 100.500000000001, 7, -3, 123456789.12345678901234567890),
)
NO_FLOATS: Final[tuple[Any, ...]] = (
    *(1e100, 1.7976931348623157e308, 5e-324, float("inf"), float("-inf"), float("nan"), 10**40, 10**400),
)
MOMENTS: Final[tuple[str, ...]] = (
    *("2016", "2016-01", "2016-02-29", "2015-11-22T13:57:31.123Z", "2015-11-22T13:57:31+05:30", "1815-01-01"),
    *("2016-01-01T00:00:00.999999999Z", "0001-01-01", "9999-12-31T23:59:59.999Z"),
)
NO_MOMENTS: Final[tuple[str, ...]] = (
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999-14:00", "2016-13-01", "yesterday", "2016-02-30", "1e9"),
    *("٢٠١٦", "2016-01-01T24:00:00Z", "-0001", "00000"),
)
DOCUMENTS: Final[tuple[Any, ...]] = (
    *({}, [], {"a": None}, [[[[[]]]]], {"__proto__": {"a": 1}}, {"": ""}, {"a": 10**15}, [1, "2", 3.5, None, True]),
    *('{"a": 1}', "[]", '{"a": 123456789012345678901234567890.5}', '{"a":1,"a":2}'),
)
NO_DOCUMENTS: Final[tuple[Any, ...]] = (
    *("", "1", "null", '"x"', '{"a": 1e999}', '{"a":"\\u0000"}', "{'a': 1}", '{"a": NaN}', {"a": 10**30}),
    *({"a": "\0"}, {"\ud800": 1}, {"a": float("nan")}, 1, True, "x", '{"a": "\\ud800"}', "[" * 200 + "]" * 200),
)
ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, "", "x", [], {}, [None], [[]], {"a": 1}, {"id": 1}, {"__proto__": None}),
    *(10**400, -(10**30), float("nan"), "\0", "\ud800", ["a", 1, None, {}], {"AND": {}}, {"OR": [None]}),
)
TOKENS: Final[tuple[str, ...]] = (
    *("{", "}", "(", ")", "[", "]", ":", "=", "!", "|", "&", "@", "$", "...", "...on", ",", "#", "#\n", '"', '"""'),
    *("null", "true", "on", "query", "subscription", "fragment", "type", "schema", "extend", "__typename", "__schema"),
    *("__type", "$v0", "$", "@skip(if: true)", "@include(if: $v0)", "@deprecated", "@defer", "@stream", "@oneOf"),
    *(
        "0",
        "-",
        "-0",
        "00",
        "1.",
        "1e",
        "1e400",
        "9" * 400,
        "0x1F",
        ".5",
        "1_000",
        '"\\u',
        '"\\ud800"',
        '"\\u{110000}"',
    ),
    *('"\\u{0}"', '"\\u0000"', '"\\q"', '"""\\"""', "\ufeff", "\u202e", "\u00a0", "\0", "é", "😀", "'", "`", "\\", ";"),
    *("id", "first", "last", "skip", "after", "before", "filter", "orderBy", "AND", "OR", "where", "x" * 300),
)
"""What may stand in the place of a token of a document. `mutation` is not among them: a query stays one."""


def mostly(chance: random.Random, good: Sequence[Any], bad: Sequence[Any]) -> Any:
    """One of the good ones, and seldom a bad one."""
    return chance.choice(good if chance.random() < 0.95 else bad)


def text(chance: random.Random, own: Sequence[str]) -> str:
    """A text: one the environment has stored, a piece of one, or a hostile one."""
    drawn = chance.random()
    if drawn < 0.4:
        return chance.choice(own)
    if drawn < 0.6:
        chosen = chance.choice(own)
        return chosen[: chance.randrange(len(chosen) + 1)]
    if drawn < 0.63:
        return chance.choice(TEXTS) + chance.choice(TEXTS)
    if drawn < 0.631:
        return "z" * chance.choice((1_000, 262_144, 262_145, 400_000))
    return chance.choice(TEXTS)


def node(chance: random.Random, known: Sequence[str], foreign: Sequence[str]) -> str:
    """An id: mostly one that is known here, else one of another environment, or none at all."""
    drawn = chance.random()
    if drawn < 0.7:
        return chance.choice(known)
    return chance.choice(foreign if drawn < 0.85 else IDS)


def any_json(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, now and then deep or long."""
    drawn = chance.random()
    if depth > 4 or drawn < 0.6:
        return chance.choice(ODD)
    if drawn < 0.75:
        return [any_json(chance, depth + 1) for _ in range(chance.randrange(4))]
    if drawn < 0.9:
        return {chance.choice(TEXTS)[:40]: any_json(chance, depth + 1) for _ in range(chance.randrange(4))}
    value: Any = chance.choice(ODD)
    for _ in range(chance.choice((10, 30, 120, 250))):
        value = [value] if drawn < 0.95 else {"a": value}
    return value
