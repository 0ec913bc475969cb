"""Changes to an ordered plan: what to run, why, and how dangerous it is.

The old and the new layout say which steps there are, the changes say why. References and indexes that go, go first, so
that nothing hangs on a table that moves; those that come, come last, when the data is in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from common.sql import Sql
from provisioner.domain.data import FieldPair, as_text, constant, filling, migration_value
from provisioner.domain.diff import Change, Difference, Grade, changes
from provisioner.domain.layout import Check, Column, Index, Reference, Table, layout, relation_column, relation_table


@dataclass(frozen=True, slots=True)
class DropReference:
    """A foreign key goes."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class DropIndex:
    """An index goes."""

    index: Index


@dataclass(frozen=True, slots=True)
class DropCheck:
    """An enum column may hold anything, until it is checked again."""

    check: Check


@dataclass(frozen=True, slots=True)
class TrashTable:
    """A table with all its rows moves to the trash."""

    table: str
    to: str


@dataclass(frozen=True, slots=True)
class TrashColumn:
    """The values of a column are kept in the trash, and the column goes."""

    table: str
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new table with its columns and its primary key."""

    table: Table


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A new column; `fill` is what rows that exist get."""

    table: str
    column: Column
    fill: Sql | None = None


@dataclass(frozen=True, slots=True)
class ConvertColumn:
    """A column takes another type, and every value becomes that of an expression."""

    table: str
    column: str
    type: str
    to: Sql


@dataclass(frozen=True, slots=True)
class FillColumn:
    """Some rows get a constant."""

    table: str
    column: str
    to: Sql
    where: Sql | None
    keeps: Sql | None
    """Which rows have a value to be kept."""
    copy: str


@dataclass(frozen=True, slots=True)
class MoveEdges:
    """The column of a one-to-one relation changes tables and takes its edges along."""

    column: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class InvertEdges:
    """The column of a one-to-one self relation now stands for the other direction."""

    index: Index


@dataclass(frozen=True, slots=True)
class SwapSides:
    """The columns of a join table change their meaning."""

    table: str
    index: Index


@dataclass(frozen=True, slots=True)
class SetRequired:
    """A column can no longer be null."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class SetOptional:
    """A column may be null."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class AddCheck:
    """An enum column may hold these values only."""

    check: Check


@dataclass(frozen=True, slots=True)
class AddIndex:
    """A new index."""

    index: Index


@dataclass(frozen=True, slots=True)
class AddReference:
    """A new foreign key."""

    reference: Reference


Action = (
    DropReference
    | DropIndex
    | DropCheck
    | TrashTable
    | TrashColumn
    | CreateTable
    | AddColumn
    | ConvertColumn
    | FillColumn
    | MoveEdges
    | InvertEdges
    | SwapSides
    | SetRequired
    | SetOptional
    | AddCheck
    | AddIndex
    | AddReference
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; steps are done in the order of their numbers, from 1."""

    number: int
    subject: str
    reason: str
    grade: Grade
    action: Action


def steps(difference: Difference, *, mark: str) -> tuple[Step, ...]:
    """All steps of a migration. `mark` makes the names in the trash unique: it belongs to this deployment alone."""
    return tuple(_Planner(difference, mark).steps())


class _Planner:
    """Both layouts, and what they do not tell."""

    def __init__(self, difference: Difference, mark: str) -> None:
        self.difference = difference
        self.mark = mark
        self.causes = changes(difference)
        self.old = layout(difference.before)
        self.new = layout(difference.after)
        self.names: dict[tuple[str, str | None], str] = {
            (entity.table, field.column): f"{entity.name}.{field.name}"
            for model in (difference.before, difference.after)
            for entity in model.entities
            for field in entity.fields
        }
        self.pairs: dict[tuple[str, str], FieldPair] = {
            (pair.after.table, kept.after.column): kept
            for pair in difference.kept
            for kept in pair.kept
            if not kept.after.system
        }
        self.fills: dict[tuple[str, str], Sql | None] = {
            (pair.after.table, field.column): migration_value(field)
            or (constant(field, None) if field.has_migration_value else None)
            for pair in difference.kept
            for field in (*pair.added, *(each.after for each in pair.replaced))
        }
        self.renewed_tables, self.renewed_columns = self._renewed()
        self.moved = dict(self._moved())
        self.staying = [name for name in self.new if name in self.old and name not in self.renewed_tables]

    def steps(self) -> Iterator[Step]:
        ordered = (
            *self._loosened(),
            *self._trashed(),
            *self._created(),
            *self._edges(),
            *self._values(),
            *self._tightened(),
        )
        for number, action in enumerate(ordered, 1):
            subject, reason, grade = self._cause(*_place(action))
            yield Step(number, subject, reason, grade, action)

    def _renewed(self) -> tuple[set[str], set[tuple[str, str]]]:
        """Tables and columns that get another meaning under the same name: what they hold goes, nothing stays."""
        again = {each.relation.id for each in self.difference.relations_added}
        tables: set[str] = set()
        columns = {
            (pair.after.table, each.after.column)
            for pair in self.difference.kept
            for each in pair.replaced
            if each.before.column == each.after.column
        }
        for each in self.difference.relations_removed:
            if each.relation.id not in again:
                continue
            held = relation_column(self.difference.before, each.relation)
            if held is None:
                tables.add(relation_table(each.relation))
            else:
                columns.add(held)
        return tables, columns

    def _moved(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Relation columns that change tables: (new table, column) to old table."""
        for pair in self.difference.relations_kept:
            before = relation_column(self.difference.before, pair.before.relation)
            after = relation_column(self.difference.after, pair.after.relation)
            if before is not None and after is not None and before != after:
                yield after, before[0]

    def _loosened(self) -> Iterator[Action]:
        for table in self.old.values():
            after = self._after(table.name)
            kept = after.references if after else ()
            yield from (DropReference(each) for each in table.references if each not in kept or self._renews(each))
        for table in self.old.values():
            after = self._after(table.name)
            kept_indexes = after.indexes if after else ()
            yield from (DropIndex(each) for each in table.indexes if each not in kept_indexes or self._renews(each))
            if after is not None:
                yield from (DropCheck(each) for each in table.checks if each not in after.checks or self._renews(each))

    def _trashed(self) -> Iterator[Action]:
        for name in self.old:
            if self._after(name) is None:
                yield TrashTable(name, f"{name}_{self.mark}")
        for name in self.staying:
            for column in self.old[name].columns:
                gone = self.new[name].column(column.name) is None or (name, column.name) in self.renewed_columns
                if gone and (column.name, name) not in {(new[1], old) for new, old in self.moved.items()}:
                    yield TrashColumn(name, column.name, f"{name}_{column.name}_{self.mark}")

    def _created(self) -> Iterator[Action]:
        for name, table in self.new.items():
            if name not in self.staying:
                # A column that takes edges along is filled from the table it leaves, and required afterwards.
                columns = tuple(each for each in table.columns if (name, each.name) not in self.moved)
                yield CreateTable(Table(name, columns, table.key))
            for column in table.columns:
                if (name, column.name) in self.moved:
                    yield AddColumn(name, Column(column.name, column.type, required=False))
                elif name in self.staying and self._is_new(name, column):
                    yield AddColumn(name, column, self.fills.get((name, column.name)))

    def _edges(self) -> Iterator[Action]:
        for (target, column), source in self.moved.items():
            yield MoveEdges(column, source, target)
            if self._column(target, column).required:
                yield SetRequired(target, column)
        for pair in self.difference.relations_kept:
            held = relation_column(self.difference.after, pair.after.relation)
            if held is not None and pair.inverted:
                yield from self._inverted(*held)
            if held is None and pair.swapped:
                table = relation_table(pair.after.relation)
                index = next(each for each in self.new[table].indexes if each.column == "b")
                yield SwapSides(table, index)

    def _inverted(self, table: str, column: str) -> Iterator[Action]:
        before, after = self._old_column(table, column), self._column(table, column)
        if before.required and not after.required:
            yield SetOptional(table, column)
        yield InvertEdges(next(each for each in self.new[table].indexes if each.column == column))
        if after.required and not before.required:
            yield SetRequired(table, column)

    def _values(self) -> Iterator[Action]:
        inverted = {
            relation_column(self.difference.after, pair.after.relation)
            for pair in self.difference.relations_kept
            if pair.inverted
        }
        for name in self.staying:
            for column in self.new[name].columns:
                if self._is_new(name, column) or (name, column.name) in inverted:
                    continue
                before = self._old_column(name, column.name)
                if before.required and not column.required:
                    yield SetOptional(name, column.name)
                yield from self._rewritten(name, column)
                if column.required and not before.required:
                    yield SetRequired(name, column.name)

    def _rewritten(self, table: str, column: Column) -> Iterator[Action]:
        pair = self.pairs.get((table, column.name))
        if pair is None:
            return
        text, filled = as_text(pair), filling(pair)
        if text is not None:
            yield ConvertColumn(table, column.name, column.type, text)
        if filled is not None:
            copy = f"{table}_{column.name}_{self.mark}"
            yield FillColumn(table, column.name, filled.to, filled.where, filled.keeps, copy)

    def _tightened(self) -> Iterator[Action]:
        for name, table in self.new.items():
            before = self.old[name] if name in self.staying else Table(name, (), ())
            yield from (AddCheck(each) for each in table.checks if each not in before.checks or self._renews(each))
            yield from (AddIndex(each) for each in table.indexes if each not in before.indexes or self._renews(each))
        for name, table in self.new.items():
            known = self.old[name].references if name in self.staying else ()
            yield from (AddReference(each) for each in table.references if each not in known or self._renews(each))

    def _after(self, name: str) -> Table | None:
        return None if name in self.renewed_tables else self.new.get(name)

    def _renews(self, each: Check | Index | Reference) -> bool:
        return (each.table, each.column) in self.renewed_columns

    def _is_new(self, table: str, column: Column) -> bool:
        return self.old[table].column(column.name) is None or (table, column.name) in self.renewed_columns

    def _column(self, table: str, column: str) -> Column:
        found = self.new[table].column(column)
        assert found is not None, f"{table} has no column {column} afterwards"
        return found

    def _old_column(self, table: str, column: str) -> Column:
        found = self.old[table].column(column)
        assert found is not None, f"{table} has no column {column} before"
        return found

    def _cause(self, table: str, column: str | None) -> tuple[str, str, Grade]:
        """Subject, reason and grade of a step at a place: every step has a change that asked for it."""
        found: list[Change] = [each for each in self.causes if (table, column) in each.touches]
        found = found or [each for each in self.causes if (table, None) in each.touches]
        assert found, f"nothing asks for a step at {table}.{column}"
        worst = max(found, key=lambda each: list(Grade).index(each.grade))
        reasons = dict.fromkeys(each.reason for each in found if each.kind != "renamed")
        return self.names.get((table, column), worst.subject), "; ".join(reasons), worst.grade


def _place(action: Action) -> tuple[str, str | None]:
    """The table, and the column where there is one, that an action is about."""
    match action:
        case DropReference(each) | AddReference(each):
            return each.table, each.column
        case DropIndex(index) | AddIndex(index) | InvertEdges(index):
            return index.table, index.column
        case DropCheck(check) | AddCheck(check):
            return check.table, check.column
        case TrashTable(table) | SwapSides(table):
            return table, None
        case CreateTable(made):
            return made.name, None
        case MoveEdges(column, _, target):
            return target, column
        case AddColumn(table, added):
            return table, added.name
        case _:
            return action.table, action.column
