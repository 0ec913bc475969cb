"""A problem in a schema text, said so that its writer can find and mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MESSAGE_CHARACTERS_MAX: Final = 600
NAME_CHARACTERS_MAX: Final = 200

SCHEMA_INVALID: Final = 2040
"""The code of what is no part of the data model."""

GLOBAL: Final = "Global"
"""The `type` of a problem that belongs to no declaration."""


@dataclass(frozen=True, slots=True)
class At:
    """A place in the text; line and column count from 1, in characters."""

    line: int
    column: int


TOP: Final = At(1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that must change before the schema can be accepted (G 2.7, 7.4).

    `type` is the declaration's name or `Global`, `field` the field's name or None. Problems of shape have no code;
    those of names, values and data carry the dialect's 2xxx and 4xxx codes.
    """

    line: int
    column: int
    type: str
    field: str | None
    code: int | None
    message: str


def problem(at: At, type_: str, field: str | None, message: str, *, code: int | None = None) -> Problem:
    """A problem at a place. What it quotes is cut, so that a list of problems is never larger than the text."""
    cut = message if len(message) <= MESSAGE_CHARACTERS_MAX else message[:MESSAGE_CHARACTERS_MAX] + "…"
    short = field[:NAME_CHARACTERS_MAX] if field else field
    return Problem(at.line, at.column, type_[:NAME_CHARACTERS_MAX], short, code, cut)
