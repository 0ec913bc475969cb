"""What is prepared on large tables so that the switch is short: hidden columns, copies and indexes (DESIGN 4.4).

The old version goes on reading and writing meanwhile, so nothing that is prepared may object to what it writes: a
hidden column has no constraint, a unique index stands on hidden columns only, and every constraint is added in the
switch for new values and found to hold for the others afterwards, the checks having counted that none is in the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from common.sql import ident, sql
from provisioner.domain.actions import AddHiddenColumn, Copy, Shadow
from provisioner.domain.both import Both, Place
from provisioner.domain.data import filling, value
from provisioner.domain.layout import SCHEMA, Column, Index

LARGE_BYTES: Final = 1024 * 1024
"""A table with more is changed in phases. Below that, reading or rewriting all of it takes some hundredths of a second:
less than preparing it would cost the push, and not noticed by callers."""


@dataclass(frozen=True, slots=True)
class Gentle:
    """What is prepared, by place; empty when no table is large."""

    both: Both
    large: frozenset[str]
    shadows: dict[Place, Shadow] = field(default_factory=dict)
    copies: dict[Place, Copy] = field(default_factory=dict)
    hidden: dict[Place, AddHiddenColumn] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[Shadow | Copy, ...]:
        """Everything that is kept current until the switch."""
        return (*self.shadows.values(), *self.copies.values())

    def now(self, table: str) -> bool:
        """Whether rows may be looked at while nobody else can look at them."""
        return table not in self.large or table not in self.both.staying

    def hidden_column(self, table: str, column: str) -> Shadow | Column | None:
        """What is to become a column."""
        made = self.hidden.get((table, column))
        return made.column if made else self.shadows.get((table, column))

    def builds(self, index: Index) -> bool:
        """Whether an index is built before the switch."""
        if self.hidden_column(index.table, index.column) is not None:
            return True
        # The unique index of a join table would stand in the way of those who write.
        return index.table in self.large and index.table in self.both.staying and not index.unique


def gentle(both: Both, large: frozenset[str]) -> Gentle:
    """What has to be prepared when these tables are large."""
    shadows = {(each.table, each.column): each for each in _shadows(both, large)}
    copies = {(each.table, each.column): each for each in _copies(both, large, shadows)}
    hidden = {(each.table, each.column.name): each for each in _hidden(both, large, shadows)}
    return Gentle(both, large, shadows, copies, hidden)


def _with_ids(both: Both, large: frozenset[str]) -> Iterator[str]:
    return (name for name in both.staying if name in large and both.new[name].key == ("id",))


def _shadows(both: Both, large: frozenset[str]) -> Iterator[Shadow]:
    for (table, column), source in both.moved.items():
        if table in large or source in large:
            yield _edges(both.column(table, column), table, source)
    for name in _with_ids(both, large):
        for each in both.new[name].columns:
            place = (name, each.name)
            if place in both.inverted:
                yield _edges(each, name, name)
            elif not both.is_new(*place):
                yield from _rewritten(both, name, each)
            elif place not in both.moved:
                yield from _new(both, name, each)


def _new(both: Both, table: str, column: Column) -> Iterator[Shadow]:
    """A new column that is filled and unique: rows written until the switch must not have the value at once."""
    fill = both.fills.get((table, column.name))
    if fill is not None and any(each.unique for each in both.new_indexes(table, column.name)):
        yield Shadow(table, column.name, column.type, fill, unique=True, replaces=False)


def _rewritten(both: Both, table: str, column: Column) -> Iterator[Shadow]:
    pair = both.pairs.get((table, column.name))
    indexes = both.new_indexes(table, column.name)
    becomes_unique = any(each.unique and each not in both.old[table].indexes for each in indexes)
    to = ident(column.name) if pair is None else value(pair)
    if to == ident(column.name) and not becomes_unique:
        return
    unique = any(each.unique for each in indexes)
    yield Shadow(table, column.name, column.type, to, unique=unique, replaces=True)


def _edges(column: Column, table: str, source: str) -> Shadow:
    to = sql(
        '(select source."id" from {source} as source where source.{column} = node."id")',
        source=ident(SCHEMA, source),
        column=ident(column.name),
    )
    place = (source, column.name)
    return Shadow(table, column.name, column.type, to, unique=True, replaces=table == source, source=place)


def _copies(both: Both, large: frozenset[str], shadows: dict[Place, Shadow]) -> Iterator[Copy]:
    for table in _with_ids(both, large):
        for column in both.old[table].columns:
            if both.goes(table, column.name):
                there = sql("{column} is not null", column=ident(column.name))
                to = both.copy_name(table, column.name)
                yield Copy(table, column.name, to, ident(column.name), there, column.type)
    for table, name in shadows:
        pair = both.pairs.get((table, name))
        filled = filling(pair) if pair else None
        if filled is not None and filled.keeps is not None:
            to, was = both.copy_name(table, name), both.old_column(table, name)
            yield Copy(table, name, to, ident(name), filled.keeps, was.type)


def _hidden(both: Both, large: frozenset[str], shadows: dict[Place, Shadow]) -> Iterator[AddHiddenColumn]:
    for table in _with_ids(both, large):
        for column in both.new[table].columns:
            place = (table, column.name)
            if place in shadows or place in both.moved or not both.is_new(*place):
                continue
            if both.new_indexes(*place):
                fill = both.fills.get(place)
                required = column.required and fill is not None
                yield AddHiddenColumn(table, Column(column.name, column.type, required=required), fill)
