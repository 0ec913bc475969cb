"""Scalars of a declaration file: plain words, quoted texts, and blocks of lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
TRUTHS: Final = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_ESCAPES: Final = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_HEX: Final = {"x": 2, "u": 4, "U": 8}
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HEADER: Final = re.compile(r"([|>])([+-]?)\s*(?:\s#.*)?")


@dataclass(frozen=True, slots=True)
class At:
    """A place in a text; both count from 1."""

    line: int
    column: int


class UnreadableError(Exception):
    """The text is not of the notation."""

    def __init__(self, at: At, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def value(text: str) -> str | bool | None:
    """What a plain scalar says: nothing, a truth, or a text. Numbers are texts here: no digit is lost on the way."""
    if text in NULLS:
        return None
    return TRUTHS.get(text, text)


def quoted(line: str, start: int, at: At) -> tuple[str, int]:
    """The text of a quoted scalar that begins at `start`, and where it ended. Raises UnreadableError."""
    mark = line[start]
    end = start + 1
    found: list[str] = []
    while end < len(line):
        char = line[end]
        if char == mark:
            if mark == '"' or line[end + 1 : end + 2] != "'":
                return _joined("".join(found), at), end + 1
            end += 1
        elif char == "\\" and mark == '"':
            char, end = _escaped(line, end + 1, at)
            end -= 1
        found.append(char)
        end += 1
    raise UnreadableError(at, "The quotation does not end on its line. Longer texts are written with `|`.")


def block(header: str, lines: Sequence[str], at: At) -> str:
    """The text of a block scalar, whose lines come without their indentation; blank ones are empty.

    Raises UnreadableError for a header that this notation does not have.
    """
    kind = _HEADER.fullmatch(header)
    if kind is None:
        raise UnreadableError(at, f"`{header}` begins no text. Write `|` or `>`, and the text below it.")
    style, chomp = kind.groups()
    kept = list(lines)
    blank = 0
    while kept and not kept[-1]:
        kept.pop()
        blank += 1
    text = "\n".join(kept) if style == "|" else _folded(kept)
    if chomp == "-" or not kept:
        return text + "\n" * (blank if chomp == "+" else 0)
    return text + "\n" * (1 + (blank if chomp == "+" else 0))


def _folded(lines: Sequence[str]) -> str:
    """Lines as one, unless they are indented further; blank lines are line breaks."""
    parts: list[str] = []
    breaks = 0
    before: str | None = None
    for line in lines:
        if not line:
            breaks += 1
            continue
        if before is None:
            parts.append("\n" * breaks)
        elif line.startswith((" ", "\t")) or before.startswith((" ", "\t")):
            parts.append("\n" * (breaks + 1))
        else:
            parts.append("\n" * breaks if breaks else " ")
        parts.append(line)
        breaks, before = 0, line
    return "".join(parts)


def _escaped(line: str, start: int, at: At) -> tuple[str, int]:
    char = line[start : start + 1]
    if char in _ESCAPES:
        return _ESCAPES[char], start + 1
    digits = line[start + 1 : start + 1 + _HEX.get(char, 0)]
    if char in _HEX and re.fullmatch(r"[0-9A-Fa-f]+", digits) and len(digits) == _HEX[char]:
        number = int(digits, 16)
        if number <= 0x10FFFF:  # noqa: PLR2004 - the last character there is
            return chr(number), start + 1 + len(digits)
    raise UnreadableError(At(at.line, start), f"`\\{char}` stands for nothing. A backslash itself is written twice.")


def _joined(text: str, at: At) -> str:
    """The text with pairs of surrogates as the characters they stand for. Half a pair is no text."""
    whole = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    try:
        whole.encode()
    except UnicodeEncodeError:
        raise UnreadableError(at, "The text holds half a character.") from None
    return whole
