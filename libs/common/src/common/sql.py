"""SQL as a value: pieces of text and the values they need, joined only through these doors (STYLE rule 25).

Text enters as a template that a programmer wrote; everything else enters through `ident` (a name), `value` (a bound
parameter) or `literal` (a quoted constant, for statements that take no parameters). Nothing here opens a connection.

    sql("select {cols} from {table} where {key} = {id}", cols=join(", ", [ident("id"), ident("c1")]),
        table=ident("app", "t1"), key=ident("id"), id=value("x"))
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Final


@dataclass(frozen=True, slots=True)
class Value:
    """A bound parameter; its number is given when the statement is rendered."""

    of: object


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of a statement, or a whole one."""

    pieces: tuple[str | Value, ...] = ()

    @property
    def text(self) -> str:
        """The statement with its parameters numbered `$1`, `$2` … in the order they stand."""
        numbers = iter(range(1, len(self.pieces) + 1))
        return "".join(piece if isinstance(piece, str) else f"${next(numbers)}" for piece in self.pieces)

    @property
    def values(self) -> tuple[object, ...]:
        """What the parameters stand for, in the order of their numbers."""
        return tuple(piece.of for piece in self.pieces if isinstance(piece, Value))

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.pieces)


EMPTY: Final = Sql()
NULL: Final = Sql(("null",))


def sql(template: str, /, **parts: Sql) -> Sql:
    """A template whose `{name}` slots are filled; SQL's own braces are doubled. Raises KeyError for an open slot."""
    pieces: list[str | Value] = []
    for text, slot in _parsed(template):
        pieces.append(text)
        if slot is not None:
            pieces.extend(parts[slot].pieces)
    return Sql(_compacted(pieces))


def join(separator: str, parts: Iterable[Sql]) -> Sql:
    """The parts one after the other, with the separator between them; empty parts are left out."""
    pieces: list[str | Value] = []
    for part in parts:
        if not part:
            continue
        if pieces:
            pieces.append(separator)
        pieces.extend(part.pieces)
    return Sql(_compacted(pieces))


def ident(*names: str) -> Sql:
    """A quoted name, qualified when there are several. Raises ValueError for what cannot be a name."""
    for name in names:
        if not name or "\0" in name or len(name.encode()) > _NAME_BYTES_MAX:
            raise ValueError(f"not a name for the database: {name!r}")
    return Sql((".".join('"' + name.replace('"', '""') + '"' for name in names),))


def value(of: object) -> Sql:
    """A bound parameter."""
    return Sql((Value(of),))


def literal(of: str | float | bool | Iterable[str | float | bool | None] | None) -> Sql:  # noqa: FBT001 - a boolean constant is one of the constants
    """A quoted constant: for DDL, which takes no parameters. Raises ValueError for what SQL cannot write."""
    return Sql((_quoted(of),))


_NAME_BYTES_MAX: Final = 63
"""PostgreSQL silently cuts longer names, and two names would become one."""


def _quoted(of: object) -> str:
    match of:
        case None:
            return "null"
        case bool():
            return "true" if of else "false"
        case int():
            return str(of)
        case float():
            if not math.isfinite(of):
                raise ValueError(f"not a number that can be written: {of!r}")
            return repr(of)
        case str():
            if "\0" in of:
                raise ValueError("text for the database cannot contain NUL")
            # A backslash is itself whatever the server's standard_conforming_strings says, only in this form.
            return "'" + of.replace("'", "''") + "'" if "\\" not in of else _escaped(of)
        case Iterable():
            return "array[" + ", ".join(_quoted(member) for member in of) + "]"
        case _:
            raise ValueError(f"not a constant: {of!r}")


def _escaped(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@lru_cache(maxsize=2048)
def _parsed(template: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((text, slot) for text, slot, _, _ in Formatter().parse(template))


def _compacted(pieces: list[str | Value]) -> tuple[str | Value, ...]:
    return tuple(_merged(pieces))


def _merged(pieces: list[str | Value]) -> Iterator[str | Value]:
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
            continue
        if any(text):
            yield "".join(text)
        text = []
        yield piece
    if any(text):
        yield "".join(text)
