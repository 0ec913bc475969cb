"""How the dialect's text compares in SQL: folded, indexed by its first characters (DESIGN 4.3, G 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.sql import EMPTY, Sql, ident, sql, value
from contracts.model import Field, Scalar
from gateway.engine.source import Listed, Source

KEY_CHARACTERS: Final = 191
"""Characters of a text that count for uniqueness and order."""

_TYPES: Final[dict[Scalar, str]] = {
    Scalar.ID: "text",
    Scalar.STRING: "text",
    Scalar.INT: "int4",
    Scalar.FLOAT: "float8",
    Scalar.BOOLEAN: "bool",
    Scalar.DATETIME: "timestamptz",
    Scalar.ENUM: "text",
    Scalar.JSON: "json",
}


def type_of(field: Field, *, listed: bool | None = None) -> str:
    """The SQL type of a field's value; `listed` says whether a list of values is meant, if not what the field says."""
    return _TYPES[field.scalar] + ("[]" if (field.is_list if listed is None else listed) else "")


def column(alias: str, name: str) -> Sql:
    """`"a"."c1"`."""
    return ident(alias, name)


def table(name: str) -> Sql:
    """`"app"."t1"`."""
    return ident("app", name)


def folded(expression: Sql) -> Sql:
    """The form in which texts are compared."""
    return sql("app.fold({text})", text=expression)


def key(expression: Sql) -> Sql:
    """The indexed part of a folded text."""
    return sql("left({text}, 191)", text=folded(expression))


def order_key(alias: str, field: Field) -> Sql:
    """What a field is ordered by."""
    stored = column(alias, field.column)
    match field.scalar:
        case Scalar.STRING:
            return key(stored)
        case Scalar.JSON:
            return sql("{value}::text", value=stored)
        case _:
            return stored


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value the statement takes, cast to its type so that the server never guesses."""

    source: Source
    type: str


def parameter(source: Source, kind: str) -> Sql:
    """A parameter of an SQL type."""
    return value(Parameter(source, kind))


def render(statement: Sql) -> tuple[str, tuple[Source, ...]]:
    """The text with `$1::text` and so on, and where the values come from; one source of one type is one parameter."""
    written: list[str] = []
    numbers: dict[Parameter, int] = {}
    for piece in statement.pieces:
        if isinstance(piece, str):
            written.append(piece)
            continue
        given = piece.of
        assert isinstance(given, Parameter), "the engine makes no other values"
        number = numbers.setdefault(given, len(numbers) + 1)
        written.append(f"${number}::{given.type}")
    return "".join(written), tuple([one.source for one in numbers])


def text(source: Source) -> Sql:
    """A text parameter."""
    return parameter(source, "text")


def texts(source: Source) -> Sql:
    """A parameter that is a list of texts."""
    return parameter(source, "text[]")


def equals(alias: str, field: Field, source: Source) -> Sql:
    """The field has the given value; by the index if it has one."""
    stored = column(alias, field.column)
    if field.scalar is not Scalar.STRING:
        return sql("{stored} = {given}", stored=stored, given=parameter(source, type_of(field)))
    whole = sql("{stored} = {given}", stored=folded(stored), given=folded(text(source)))
    if not (field.unique or field.indexed):
        return whole
    return sql("{stored} = {given} and {whole}", stored=key(stored), given=key(text(source)), whole=whole)


def among(column: Sql, ids: Source) -> Sql:
    """The column holds the id, or one of the list of ids."""
    if isinstance(ids, Listed):
        return sql("{column} = any({ids})", column=column, ids=texts(ids))
    return sql("{column} = {id}", column=column, id=text(ids))


def outside(column: Sql, ids: Source | None) -> Sql:
    """` and` the column holds none of the ids; nothing to add when there are none."""
    if ids is None:
        return EMPTY
    if isinstance(ids, Listed):
        return sql(" and {column} <> all({ids})", column=column, ids=texts(ids))
    return sql(" and {column} <> {id}", column=column, id=text(ids))


def also(gate: Sql) -> Sql:
    """` and` the gate is open; nothing to add when there is none."""
    return sql(" and {gate}", gate=gate) if gate else EMPTY


def where(gate: Sql) -> Sql:
    """` where` the gate is open; nothing to add when there is none."""
    return sql(" where {gate}", gate=gate) if gate else EMPTY
