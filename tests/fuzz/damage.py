"""What is done to a document or a body before it is sent: tokens lost, doubled and replaced, characters put in."""

from __future__ import annotations

import random
from typing import Any, Final

from tests.fuzz.grammar import Draft
from tests.fuzz.values import TOKENS

CHARACTERS: Final = ("\0", "\ufeff", "\u202e", "\ud800", "\udfff", "\u2028", "\x7f", "😀", '"', "\\", "#", "é", "\x1b")
BYTES: Final = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00", b"\\u0000", b"\n")


def tokens(chance: random.Random, whole: list[str], strangers: list[str]) -> list[str]:
    """The tokens with one to three mistakes; `strangers` are tokens of another document."""
    found = list(whole)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(8):
            case 0:
                del found[at : at + chance.randrange(1, 4)]
            case 1:
                piece = found[at : at + chance.randrange(1, 12)]
                found[at:at] = piece * chance.choice((1, 1, 2, 30))
            case 2:
                found[at : at + 1] = [chance.choice(TOKENS)]
            case 3:
                found.insert(at, chance.choice(TOKENS))
            case 4:
                del found[at:]
            case 5:
                other = chance.randrange(len(found) + 1)
                found[min(at, other) : max(at, other)] = reversed(found[min(at, other) : max(at, other)])
            case 6:
                start = chance.randrange(len(strangers))
                found[at:at] = strangers[start : start + chance.randrange(1, 15)]
            case _:
                found[at : at + 1] = [chance.choice(strangers)]
    return found


def characters(chance: random.Random, text: str) -> str:
    """The text with a character put in, or cut off in the middle."""
    at = chance.randrange(len(text) + 1)
    if chance.random() < 0.3:
        return text[:at]
    return text[:at] + chance.choice(CHARACTERS) + text[at:]


def body(chance: random.Random, whole: bytes) -> bytes:
    """The body with some bytes put in, flipped, cut off or said twice."""
    at = chance.randrange(len(whole) + 1)
    match chance.randrange(5):
        case 0:
            return whole[:at]
        case 1:
            return whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :]
        case 2:
            return whole + whole[at:]
        case 3:
            return whole.replace(b'"', b"'", 2)
        case _:
            return whole[:at] + chance.choice(BYTES) + whole[at:]


def bomb(chance: random.Random, field: str, kind: str) -> Draft:
    """A document that is short to write and long to answer; `field` returns a list of `kind`."""
    many = chance.choice((30, 30, 30, 300, 300, 3_000))
    deep = chance.choice((10, 10, 25, 300, 3_000))
    made = Draft("query")
    match chance.randrange(9):
        case 0:
            made.tokens = [*([field, "{"] * deep), "id", *(["}"] * deep)]
        case 1:
            made.tokens = [f"a{number}: {field}(first: 1) {{ id }}" for number in range(many)]
        case 2:
            made.tokens = [f"{field}(first: 1) {{", *(f"a{number}: id" for number in range(many)), "}"]
        case 3:
            levels = [f"}} fragment F{n} on {kind} {{ ...F{n + 1} ...F{n + 1}" for n in range(min(deep, 60))]
            made.tokens = [field, "{ ...F0 }", *levels, f"}} fragment F{len(levels)} on {kind} {{ id"]
        case 4:
            made.tokens = ["...F0 } fragment F0 on Query { ...F1 } fragment F1 on Query { ...F0", "__typename"]
        case 5:
            made.tokens = [field, "(filter:", "{ AND: [" * deep, "]}" * deep, ") { id }"]
        case 6:
            made.tokens = [field, "@skip(if: false)" * many, "{ id }"]
        case 7:
            made.tokens = [field, "(filter: $v0, first: 1) { id }"]
            made.declared = ["$v0:", f"{kind}Filter"]
            made.variables = {"v0": _nested(chance, deep)}
        case _:
            made.tokens = [field, "(filter: { id_in: $v0 }, first: 1) { id }"]
            made.declared = ["$v0: [ID!]"]
            made.variables = {"v0": [f"c{number:024}" for number in range(many)]}
    return made


def _nested(chance: random.Random, deep: int) -> Any:
    inner: Any = {}
    for _ in range(min(deep, 250)):  # the writer of JSON nests by calling itself
        inner = {chance.choice(("AND", "OR")): [inner]}
    return inner
