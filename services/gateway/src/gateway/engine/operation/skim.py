"""A first look at a text that costs microseconds: what is far too large is refused before a parser sees it.

The parser takes some 5 us per token and validation many times that, so sizes are counted here on bare tokens. The look
is rough on purpose: it accepts texts that are no GraphQL, and never refuses a document within the limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.domain.bounds import Limits
from gateway.engine.failure import Rejected, limit

NUMBER_CHARACTERS_MAX: Final = 400
"""Characters of a number: the largest Float has 309 digits before its point, and reading digits is quadratic."""

_TOKEN: Final = re.compile(
    r"""
    [\s,\ufeff]*+ (?:
    (?P<word>[_A-Za-z][_0-9A-Za-z]*+)
    | (?P<mark>\.\.\.|[{}()\[\]:@$])
    | (?P<number>-?[0-9][0-9.eE+\-]*+)
    | \"\"\"(?:[^"\\]++|\\\"\"\"|\\|"(?!""))*+(?:\"\"\")?
    | "(?:[^"\\\n\r]++|\\.)*+"?
    | (?P<comment>\#[^\n\r]*+)
    | . | \Z)
    """,
    re.VERBOSE | re.DOTALL,
)
"""It matches wherever it begins, and no alternative fails after its first character: linear in the text."""
_DEFINITIONS: Final = frozenset({"query", "mutation", "subscription", "fragment"})
_BRACES_PER_LEVEL: Final = 4
"""Inline fragments open a selection without a level of fields; that many per level are more than enough."""
_LISTS_PER_LEVEL: Final = 3
"""Brackets and braces that one level of a value may take."""


@dataclass(slots=True)
class _Seen:
    """What was counted so far."""

    definitions: int = 0
    variables: int = 0
    fields: int = 0
    objects: int = 0
    """Objects that are open in a value."""


def skim(text: str, limits: Limits) -> None:
    """Refuse a text whose size alone is beyond the limits. Raises Rejected (1004)."""
    if len(text) > limits.text_characters:
        raise _too("has", len(text), "characters", limits.text_characters)
    if _TOKEN.subn("", text, limits.tokens + 1)[1] > limits.tokens:
        raise _too("has more than", None, "tokens", limits.tokens)
    selections: list[dict[str, int]] = []
    values = 0  # Depth inside of arguments, variables and their values, where words are no fields.
    before = ""
    seen = _Seen()
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "comment":
            continue
        part = token[kind] if kind is not None else ""
        if kind == "word":
            if not values:
                _word(part, before, selections, seen, limits)
        elif kind == "number":
            if len(part) > NUMBER_CHARACTERS_MAX:
                raise Rejected(limit(f"A number has {len(part)} characters; {NUMBER_CHARACTERS_MAX} are allowed."))
        elif kind == "mark" and values:
            values = _value(part, values, seen, limits, declares=not selections)
        elif part == "(":
            values = 1
        elif kind == "mark":
            _brace(part, selections, limits)
        before = part


def _brace(mark: str, selections: list[dict[str, int]], limits: Limits) -> None:
    """A mark outside of arguments that may open or close a selection."""
    if mark == "}":
        if selections:
            selections.pop()
    elif mark == "{":
        selections.append({})
        if len(selections) > _BRACES_PER_LEVEL * limits.depth:
            raise Rejected(limit(f"The operation is nested deeper than {limits.depth} levels."))


def _word(word: str, before: str, selections: list[dict[str, int]], seen: _Seen, limits: Limits) -> None:
    """A word outside of arguments: it opens a definition, names a field, or belongs to the word before it."""
    if not selections:
        if word in _DEFINITIONS and before in ("", "}", "{"):
            seen.definitions += 1
            if seen.definitions > limits.definitions:
                raise _too("holds more than", None, "operations and fragments", limits.definitions)
        return
    if before in (":", "@", "on"):
        return
    seen.fields += 1
    if seen.fields > limits.fields:
        raise _too("selects more than", None, "fields", limits.fields)
    if before == "...":
        return
    keys = selections[-1]
    often = keys[word] = keys.get(word, 0) + 1
    if often > limits.repeated:
        raise Rejected(limit(f"'{word[:40]}' is selected {often} times in one place; {limits.repeated} are allowed."))


def _value(mark: str, depth: int, seen: _Seen, limits: Limits, *, declares: bool) -> int:
    """A mark inside of arguments or of declared variables. Returns the depth after it."""
    if mark in "([{":
        seen.objects += mark == "{"
        if seen.objects > limits.input_depth or depth > _LISTS_PER_LEVEL * limits.input_depth:
            raise Rejected(limit(f"A value is nested deeper than {limits.input_depth} levels."))
        return depth + 1
    if mark in ")]}":
        seen.objects -= mark == "}"
        return depth - 1
    if mark == "$" and declares:
        seen.variables += 1
        if seen.variables > limits.variables:
            raise _too("declares more than", None, "variables", limits.variables)
    return depth


def _too(verb: str, count: int | None, what: str, most: int) -> Rejected:
    if count is None:
        return Rejected(limit(f"The document {verb} {most} {what}."))
    return Rejected(limit(f"The document {verb} {count} {what}; {most} are allowed."))
