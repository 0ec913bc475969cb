"""What a plan leaves in the trash: which thing, its name there, and what took the place of its values (DESIGN 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from common.sql import Sql
from contracts.model import Field, Model
from provisioner.domain.actions import (
    Action,
    ConvertColumn,
    FillColumn,
    KeepCopy,
    SwapColumn,
    TrashColumn,
    TrashTable,
)
from provisioner.domain.both import Both
from provisioner.domain.layout import relation_column

DAYS: Final = 30
"""How long the trash keeps a thing."""

What = Literal["table", "values", "rows", "edges"]
"""A whole table; values of a column by id; whole rows that did not fit; edges of a relation that did not fit."""


class Kept(BaseModel):
    """One table in the schema `trash`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Its name there; no other deployment of the environment uses it."""
    table: str
    """The table it was taken from."""
    column: str | None = None
    what: What
    subject: str
    """`Type`, `Type.field` or `relation Name` at the removal."""
    type: str | None = None
    """Of a field's values, as a schema writes it."""
    became: str | None = None
    """Where the column goes on: what a value was replaced by, as SQL in terms of the column."""


Held = Mapping[tuple[str, str | None], Kept]
"""What can be brought back, by table and column; no column for a whole table."""


def kept(both: Both, actions: Iterable[Action]) -> tuple[Kept, ...]:
    """Everything that the actions put into the trash, in their order."""
    every = list(actions)
    shadows = {
        (each.shadow.table, each.shadow.column): each.shadow.to for each in every if isinstance(each, SwapColumn)
    }
    return tuple(_kept(both, every, shadows))


def held(items: Iterable[Kept]) -> Held:
    """Whole tables and values by where they were."""
    return {(each.table, each.column): each for each in items if each.what in {"table", "values"}}


def subjects(model: Model) -> dict[tuple[str, str | None], str]:
    """What people call tables and columns."""
    named: dict[tuple[str, str | None], str] = {}
    for entity in model.entities:
        named[entity.table, None] = entity.name
        named |= {(entity.table, field.column): f"{entity.name}.{field.name}" for field in entity.fields}
    for relation in model.relations:
        place = relation_column(model, relation) or (relation.table or "", None)
        named[place] = f"relation {relation.name}"
    return named


def type_name(model: Model, field: Field) -> str:
    """The type of a field's values as a schema writes it."""
    single = model.enum_by_id[field.enum].name if field.enum is not None else field.scalar.value
    return f"[{single}!]" if field.is_list else single


def _kept(both: Both, actions: list[Action], shadows: Mapping[tuple[str, str], Sql]) -> Iterator[Kept]:
    before = both.difference.before
    named = subjects(before)
    types = {
        (entity.table, field.column): type_name(before, field) for entity in before.entities for field in entity.fields
    }
    for action in actions:
        match action:
            case TrashTable(table, to):
                what: What = "table"
                place: tuple[str, str | None] = (table, None)
                became = None
            case TrashColumn(table, column, to):
                what, place, became = "values", (table, column), _refilled(both, table, column)
            case ConvertColumn(table, column, _, after, keeps, to) | FillColumn(table, column, after, _, keeps, to):
                if keeps is None:
                    continue
                what, place, became = "values", (table, column), after.text
            case KeepCopy(copy):
                to, table = copy.to, copy.table
                after_swap = shadows.get((table, copy.column))
                became = after_swap.text if after_swap else _refilled(both, table, copy.column)
                what, place = "values", (table, copy.column)
            case _:
                continue
        yield Kept(
            name=to,
            table=table,
            column=place[1],
            what=what,
            subject=named[place],
            type=types.get((table, place[1] or "")),
            became=became,
        )


def _refilled(both: Both, table: str, column: str) -> str | None:
    """What stands in a column of the same name that took its place."""
    if table not in both.staying or both.new[table].column(column) is None:
        return None
    fill = both.fills.get((table, column))
    return "null" if fill is None else fill.text
