"""What happens to the values of a field that stays, and the constants that fill a column (G 4.5).

Where versions were skipped it is what each of them would have done, one after the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from common.sql import Sql, ident, join, literal, sql
from contracts.model import Enum, Field, Scalar
from provisioner.domain.layout import value_type

EXAMPLES: Final[dict[Scalar, str]] = {
    Scalar.ID: "x",
    Scalar.STRING: "unknown",
    Scalar.INT: "0",
    Scalar.FLOAT: "0.0",
    Scalar.BOOLEAN: "false",
    Scalar.DATETIME: "1970-01-01T00:00:00.000Z",
    Scalar.JSON: "{}",
}


@dataclass(frozen=True, slots=True)
class FieldPair:
    """A stored field before and after, and its enums."""

    before: Field
    after: Field
    old: Enum | None
    new: Enum | None
    hops: tuple[FieldPair, ...] = ()
    """The same from version to version, where versions are skipped."""

    @property
    def effective(self) -> tuple[FieldPair, ...]:
        """What is done to values, in order."""
        if not self.hops:
            return (self,)
        return tuple(each for each in self.hops if each.changes_type or filling(each) is not None)

    @property
    def changes_type(self) -> bool:
        """Whether the values are of another kind. Two enums are two kinds."""
        return self.before.scalar is not self.after.scalar or self.before.enum != self.after.enum

    @property
    def keeps_column(self) -> bool:
        """Whether the column can go on holding the values; every type has a text form, nothing else is converted."""
        if self.before.is_list != self.after.is_list:
            return False
        return not self.changes_type or self.after.scalar is Scalar.STRING

    @property
    def gone(self) -> tuple[str, ...]:
        """Enum values that the field can no longer hold, as long as its enum is the same one."""
        if self.old is None or self.new is None or self.old.id != self.new.id:
            return ()
        return tuple(value for value in self.old.values if value not in self.new.values)


@dataclass(frozen=True, slots=True)
class Filling:
    """The values of some rows become others."""

    to: Sql
    where: Sql | None
    """Which rows; None for all."""
    keeps: Sql | None
    """Which rows have a value that is lost by it, and is therefore kept in the trash; None when none has."""
    complete: bool
    """Whether no row is without a value afterwards."""
    constant: bool = True
    """Whether `to` is a constant; otherwise it is what several versions make of the value."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What rows that exist get in a new column."""

    to: Sql | None = None
    complete: bool = False
    """Whether it is known not to be null."""


def constant(field: Field, value: JsonValue) -> Sql:
    """A value of the field's type as SQL."""
    if value is None:
        return sql("null::{type}", type=_type(field))
    if not field.is_list:
        return sql("{value}::{type}", value=_member(field, value), type=_type(field))
    assert isinstance(value, list), f"the value of the list field {field.name} is no list: {value!r}"
    members = join(", ", [_member(field, member) for member in value])
    return sql("array[{members}]::{type}", members=members, type=_type(field))


def migration_value(field: Field) -> Sql | None:
    """The value existing nodes get, when the deployment brings a usable one."""
    if not field.has_migration_value or (field.required and field.migration_value is None):
        return None
    return constant(field, field.migration_value)


def filling(pair: FieldPair) -> Filling | None:
    """Which rows get which value; None when none gets another one (G 4.5).

    Nulls when the field becomes required; values that are no more when its enum shrinks; all rows when neither asks for
    a migration value, or when a list becomes required. What several versions do comes out as one.
    """
    if not pair.hops:
        return _filling(pair, ident(pair.after.column))
    if len(pair.effective) == 1:
        return filling(pair.effective[0])
    of, kept, complete = ident(pair.before.column), [], False
    for hop in pair.effective:
        done = _filling(hop, _as_text(hop, of))
        if done is not None:
            kept.append(done.keeps)
            complete = _completes(done, complete)
        of = _hopped(hop, of)
    keeps = join(" or ", [sql("({rows})", rows=each) for each in kept if each is not None])
    return Filling(of, None, keeps or None, complete, constant=False) if kept else None


def value(pair: FieldPair) -> Sql:
    """What the value of any row becomes, in terms of the row."""
    of = ident(pair.before.column)
    for hop in pair.effective:
        of = _hopped(hop, of)
    return of


def as_text(pair: FieldPair) -> Sql:
    """The text form of a row's value, when the field becomes a String in one step; the value when it keeps its type."""
    return _as_text(pair, ident(pair.before.column))


def fill(origin: Field, hops: tuple[FieldPair, ...] = ()) -> Fill:
    """What a field that came with one version is filled with, when other versions came after it."""
    known = migration_value(origin)
    first = constant(origin, None) if known is None and origin.has_migration_value else known
    complete = known is not None and origin.migration_value is not None
    effective = [hop for hop in hops if hop.changes_type or filling(hop) is not None]
    if not effective:
        return Fill(first, complete)
    of, given = (constant(origin, None), False) if first is None else (first, True)
    for hop in effective:
        done = _filling(hop, of)
        given = given or done is not None
        complete = _completes(done, complete) if done is not None else complete
        of = _hopped(hop, of)
    return Fill(of if given else None, complete)


def has_gone(field: Field, gone: tuple[str, ...], of: Sql | None = None) -> Sql | None:
    """Which rows hold one of the enum values, in their column or in `of`."""
    if not gone:
        return None
    template = "{of} && {gone}::text[]" if field.is_list else "{of} = any({gone}::text[])"
    return sql(template, of=ident(field.column) if of is None else of, gone=literal(list(gone)))


def _filling(pair: FieldPair, of: Sql) -> Filling | None:
    """What one version does to the values `of`."""
    after = pair.after
    known, lost = migration_value(after), has_gone(after, pair.gone, of)
    if known is None:
        instead = pair.new.migration_value if pair.new else None
        if lost is None or instead is None:
            return None
        to = constant(after, [instead] if after.is_list else instead)
        return Filling(to, lost, lost, complete=False)
    becomes_required = after.required and not pair.before.required
    if lost is None and (not becomes_required or after.is_list):
        keeps = sql("{of} is not null", of=of)
        return Filling(known, None, keeps, complete=after.migration_value is not None)
    empty = sql("{of} is null", of=of) if becomes_required else None
    where = join(" or ", [each for each in (empty, lost) if each is not None])
    return Filling(known, where, lost, complete=becomes_required)


def _completes(done: Filling, before: bool) -> bool:  # noqa: FBT001 - how it was so far
    """Whether no row is without a value afterwards."""
    return done.complete if done.where is None or done.complete else before


def _hopped(pair: FieldPair, of: Sql) -> Sql:
    """What one version makes of the value `of`."""
    text = _as_text(pair, of)
    done = _filling(pair, text)
    if done is None:
        return text
    if done.where is None:
        return done.to
    return sql("case when {where} then {to} else {of} end", where=done.where, to=done.to, of=text)


def _as_text(pair: FieldPair, of: Sql) -> Sql:
    """The text form of a value, when the field becomes a String; itself when it keeps its type."""
    if not pair.changes_type:
        return of
    if pair.before.scalar is Scalar.DATETIME:
        return sql("app.instants({of})" if pair.before.is_list else "app.instant({of})", of=of)
    plain = of == ident(pair.before.column)
    return sql("{of}::{type}" if plain else "({of})::{type}", of=of, type=_type(pair.after))


def example(field: Field, values: tuple[str, ...] = ()) -> str:
    """A `@migrationValue` that would do, for the text of a refusal."""
    text = values[0] if values else EXAMPLES.get(field.scalar, "")
    if field.is_list:
        text = f'[\\"{text}\\"]' if field.scalar in {Scalar.STRING, Scalar.DATETIME} else f"[{text}]"
    return f'@migrationValue(value: "{text}")'


def _member(field: Field, value: JsonValue) -> Sql:
    if field.scalar is Scalar.JSON:
        return sql("{value}::json", value=literal(json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
    assert value is None or isinstance(value, str | int | float | bool), f"no {field.scalar}: {value!r}"
    return literal(value)


def _type(field: Field) -> Sql:
    return Sql((value_type(field),))
