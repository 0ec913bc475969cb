"""What happens to the values of a field that stays, and the constants that fill a column (G 4.5)."""

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
    """The values of some rows become a constant."""

    to: Sql
    where: Sql | None
    """Which rows; None for all."""
    keeps: Sql | None
    """Which rows have a value that is lost by it, and is therefore kept in the trash; None when none has."""


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


def as_text(pair: FieldPair) -> Sql | None:
    """The text form of a kept column's values, when the field becomes a String; None when it keeps its type."""
    if not pair.changes_type:
        return None
    before, column = pair.before, ident(pair.before.column)
    if before.scalar is Scalar.DATETIME:
        return sql("app.instants({column})" if before.is_list else "app.instant({column})", column=column)
    return sql("{column}::{type}", column=column, type=_type(pair.after))


def filling(pair: FieldPair) -> Filling | None:
    """Which rows get the migration value; None when it is for none (G 4.5).

    Nulls when the field becomes required; values that are no more when its enum shrinks; all rows when neither asks for
    a migration value, or when a list becomes required.
    """
    after, column = pair.after, ident(pair.after.column)
    value, lost = migration_value(after), has_gone(after, pair.gone)
    if value is None:
        instead = pair.new.migration_value if pair.new else None
        if lost is None or instead is None:
            return None
        return Filling(constant(after, [instead] if after.is_list else instead), lost, lost)
    becomes_required = after.required and not pair.before.required
    if lost is None and (not becomes_required or after.is_list):
        return Filling(value, None, sql("{column} is not null", column=column))
    empty = sql("{column} is null", column=column) if becomes_required else None
    return Filling(value, join(" or ", [each for each in (empty, lost) if each is not None]), lost)


def has_gone(field: Field, gone: tuple[str, ...]) -> Sql | None:
    """Which rows hold one of the enum values."""
    if not gone:
        return None
    template = "{column} && {gone}::text[]" if field.is_list else "{column} = any({gone}::text[])"
    return sql(template, column=ident(field.column), gone=literal(list(gone)))


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
