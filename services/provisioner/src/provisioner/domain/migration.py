"""Changes to an ordered plan: what to run, why, and how dangerous it is.

The old and the new layout say which steps there are, the changes say why. References and indexes that go, go first, so
that nothing hangs on a table that moves; those that come, come last, when the data is in place. That is the switch, and
for small tables it is everything. What would take long on large ones is prepared before or validated after (`gentle`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from common.sql import sql
from provisioner.domain.actions import (
    Action,
    AddCheck,
    AddColumn,
    AddIndex,
    AddReference,
    AddShadow,
    BackFill,
    BuildIndex,
    BuildSides,
    CatchUp,
    ConvertColumn,
    CreateTable,
    DropCheck,
    DropColumn,
    DropIndex,
    DropReference,
    FillColumn,
    InvertEdges,
    KeepCopy,
    LetGo,
    MoveEdges,
    Phase,
    RevealColumn,
    RevealIndex,
    RevealSides,
    SetOptional,
    SetRequired,
    StartCopy,
    SwapColumn,
    SwapSides,
    TrashColumn,
    TrashTable,
    Validate,
    hidden,
    place,
)
from provisioner.domain.both import Both
from provisioner.domain.checks import Rows
from provisioner.domain.data import filling, value
from provisioner.domain.diff import Change, Difference, Grade, changes
from provisioner.domain.gentle import Gentle, gentle
from provisioner.domain.layout import Check, Column, Index, Reference, Table, relation_column, relation_table


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; steps are done in the order of their numbers, from 1."""

    number: int
    phase: Phase
    subject: str
    reason: str
    grade: Grade
    action: Action

    @property
    def catches_up(self) -> bool:
        """Whether it brings up to date what was prepared."""
        return isinstance(self.action, LetGo | CatchUp)


def steps(
    difference: Difference, *, mark: str, large: frozenset[str] = frozenset(), counted: Sequence[Rows] = ()
) -> tuple[Step, ...]:
    """All steps of a migration. `mark` makes the names in the trash unique: it belongs to this deployment alone.

    `counted` are rows that the checks count again in the switch.
    """
    both = Both(difference, mark)
    planner = _Planner(both, gentle(both, large), _count_indexes(both, large, counted))
    reasons = _Reasons(difference)
    phases: tuple[tuple[Phase, Iterator[Action]], ...] = (
        ("prepare", planner.prepare()),
        ("switch", planner.switch()),
        ("finish", planner.finish()),
    )
    ordered = [(phase, action) for phase, actions in phases for action in actions]
    return tuple(
        Step(number, phase, *reasons.of(*place(action)), action) for number, (phase, action) in enumerate(ordered, 1)
    )


def unique_shadows(difference: Difference, large: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Places where an index that is built before the switch tells whether values repeat: they need not be counted."""
    shadows = gentle(Both(difference, ""), large).shadows
    return frozenset(place for place, shadow in shadows.items() if shadow.unique)


def _count_indexes(both: Both, large: frozenset[str], counted: Sequence[Rows]) -> tuple[Index, ...]:
    """What makes counting fast in the switch: usually they are empty, for what is counted must not be."""
    rows = [each for each in counted if each.table in large and both.old[each.table].key == ("id",)]
    return tuple(
        Index(f"count_{n}", each.table, each.column, unique=False, on=sql('("id") where {where}', where=each.where))
        for n, each in enumerate(dict.fromkeys(rows), 1)
    )


class _Planner:
    """The actions of each phase in order."""

    def __init__(self, both: Both, gentle: Gentle, counts: tuple[Index, ...]) -> None:
        self.both = both
        self.gentle = gentle
        self.counts = counts
        self.old, self.new, self.staying = both.old, both.new, both.staying

    def prepare(self) -> Iterator[Action]:
        shadows, copies = self.gentle.shadows.values(), self.gentle.copies.values()
        yield from self.gentle.hidden.values()
        yield from (AddShadow(each) for each in shadows)
        yield from (StartCopy(each) for each in copies)
        yield from (BackFill(each) for each in self.gentle.kept)
        for shadow in shadows:
            if shadow.unique:
                yield LetGo(shadow)
                yield CatchUp(shadow, last=False)
        for index in self._missing_indexes():
            if self.gentle.builds(index):
                yield BuildIndex(index, self.gentle.hidden_column(index.table, index.column))
        yield from (BuildSides(table) for table, _ in self._swapped() if not self.gentle.now(table))
        yield from (BuildIndex(each) for each in self.counts)
        yield from (LetGo(each) for each in shadows if each.unique)
        yield from (CatchUp(each, last=False) for each in self.gentle.kept)

    def switch(self) -> Iterator[Action]:
        yield from (CatchUp(each, last=True) for each in self.gentle.kept)
        yield from (DropIndex(replace(each, name=hidden(each.name))) for each in self.counts)
        yield from self._loosened()
        yield from self._trashed()
        yield from self._created()
        yield from self._edges()
        yield from self._values()
        yield from self._tightened()

    def finish(self) -> Iterator[Action]:
        for action in self.switch():
            match action:
                case SetRequired(table, column, now=False):
                    yield Validate(table, column, f"{table}_{column}_not_null")
                case AddCheck(each, now=False) | AddReference(each, now=False):
                    yield Validate(each.table, each.column, each.name)

    def _loosened(self) -> Iterator[Action]:
        for table in self.old.values():
            after = self.both.after(table.name)
            kept = after.references if after else ()
            yield from (DropReference(each) for each in table.references if each not in kept or self._again(each))
        for table in self.old.values():
            after = self.both.after(table.name)
            kept_indexes = after.indexes if after else ()
            yield from (DropIndex(each) for each in table.indexes if each not in kept_indexes or self._again(each))
            if after is not None:
                yield from (DropCheck(each) for each in table.checks if each not in after.checks or self._again(each))

    def _trashed(self) -> Iterator[Action]:
        for name in self.old:
            if self.both.after(name) is None:
                yield TrashTable(name, f"{name}_{self.both.mark}")
        for name in self.staying:
            for column in self.old[name].columns:
                if self.both.goes(name, column.name):
                    yield from self._trashed_column(name, column.name)

    def _trashed_column(self, table: str, column: str) -> Iterator[Action]:
        copy = self.gentle.copies.get((table, column))
        if copy is None:
            yield TrashColumn(table, column, self.both.copy_name(table, column))
        else:
            yield KeepCopy(copy)
            yield DropColumn(table, column)

    def _created(self) -> Iterator[Action]:
        for name, table in self.new.items():
            if name not in self.staying:
                # A column that takes edges along is filled from the table it leaves, and required afterwards.
                columns = tuple(each for each in table.columns if (name, each.name) not in self.both.moved)
                yield CreateTable(Table(name, columns, table.key))
            for column in table.columns:
                yield from self._created_column(name, column)

    def _created_column(self, table: str, column: Column) -> Iterator[Action]:
        place = (table, column.name)
        if place in self.both.moved:
            if place not in self.gentle.shadows:
                yield AddColumn(table, Column(column.name, column.type, required=False))
        elif table in self.staying and self.both.is_new(*place):
            there: Action
            if place in self.gentle.shadows:
                there = SwapColumn(self.gentle.shadows[place])
            elif place in self.gentle.hidden:
                made = self.gentle.hidden[place]
                there = RevealColumn(table, made.column, filled=made.fill is not None)
            else:
                there = AddColumn(table, column, self.both.fills.get(place))
            yield there
            if column.required and not (isinstance(there, AddColumn) or self._is_required(there)):
                yield SetRequired(*place, now=False)

    def _edges(self) -> Iterator[Action]:
        for (target, column), source in self.both.moved.items():
            shadow = self.gentle.shadows.get((target, column))
            if shadow is None:
                yield MoveEdges(column, source, target)
            else:
                yield SwapColumn(shadow)
                yield DropColumn(source, column)
            if self.both.column(target, column).required:
                yield SetRequired(target, column, now=self.gentle.now(target))
        for table, column in sorted(self.both.inverted):
            yield from self._inverted(table, column)
        for table, index in self._swapped():
            yield SwapSides(table, index) if self.gentle.now(table) else RevealSides(table)

    def _inverted(self, table: str, column: str) -> Iterator[Action]:
        before, after = self.both.old_column(table, column), self.both.column(table, column)
        shadow = self.gentle.shadows.get((table, column))
        if shadow is not None:
            yield SwapColumn(shadow)
            if after.required:
                yield SetRequired(table, column, now=False)
            return
        if before.required and not after.required:
            yield SetOptional(table, column)
        yield InvertEdges(next(each for each in self.new[table].indexes if each.column == column))
        if after.required and not before.required:
            yield SetRequired(table, column)

    def _values(self) -> Iterator[Action]:
        for name in self.staying:
            for column in self.new[name].columns:
                if self.both.is_new(name, column.name) or (name, column.name) in self.both.inverted:
                    continue
                if (name, column.name) in self.gentle.shadows:
                    yield from self._swapped_column(name, column)
                    continue
                before = self.both.old_column(name, column.name)
                if before.required and not column.required:
                    yield SetOptional(name, column.name)
                yield from self._rewritten(name, column)
                if column.required and not before.required:
                    yield SetRequired(name, column.name, now=self.gentle.now(name))

    def _swapped_column(self, table: str, column: Column) -> Iterator[Action]:
        copy = self.gentle.copies.get((table, column.name))
        if copy is not None:
            yield KeepCopy(copy)
        yield SwapColumn(self.gentle.shadows[(table, column.name)])
        if column.required:
            yield SetRequired(table, column.name, now=False)

    def _rewritten(self, table: str, column: Column) -> Iterator[Action]:
        pair = self.both.pairs.get((table, column.name))
        if pair is None:
            return
        filled, copy = filling(pair), self.both.copy_name(table, column.name)
        keeps = filled.keeps if filled else None
        if pair.changes_type:
            yield ConvertColumn(table, column.name, column.type, value(pair), keeps, copy)
        elif filled is not None:
            yield FillColumn(table, column.name, filled.to, filled.where, keeps, copy)

    def _tightened(self) -> Iterator[Action]:
        missing = list(self._missing_indexes())
        for name, table in self.new.items():
            before = self.old[name] if name in self.staying else Table(name, (), ())
            now = self.gentle.now(name)
            yield from (AddCheck(each, now) for each in table.checks if each not in before.checks or self._again(each))
            for index in (each for each in missing if each.table == name):
                yield RevealIndex(index) if self.gentle.builds(index) else AddIndex(index)
        for name, table in self.new.items():
            known = self.old[name].references if name in self.staying else ()
            now = self.gentle.now(name)
            yield from (AddReference(each, now) for each in table.references if each not in known or self._again(each))

    def _missing_indexes(self) -> Iterator[Index]:
        for name, table in self.new.items():
            before = self.old[name].indexes if name in self.staying else ()
            yield from (each for each in table.indexes if each not in before or self._again(each))

    def _swapped(self) -> Iterator[tuple[str, Index]]:
        """Join tables whose columns change their meaning, and the index that stands on the second one."""
        for pair in self.both.difference.relations_kept:
            relation = pair.after.relation
            if relation_column(self.both.difference.after, relation) is None and pair.swapped:
                table = relation_table(relation)
                yield table, next(each for each in self.new[table].indexes if each.column == "b")

    def _again(self, each: Check | Index | Reference) -> bool:
        """Whether what hangs on a column hangs on another one afterwards, though the words are the same."""
        return self.both.renews(each) or (each.table, each.column) in self.gentle.shadows

    def _is_required(self, there: Action) -> bool:
        return isinstance(there, RevealColumn) and there.column.required


class _Reasons:
    """Every step has a change that asked for it."""

    def __init__(self, difference: Difference) -> None:
        self.changes = changes(difference)
        self.names: dict[tuple[str, str | None], str] = {
            (entity.table, field.column): f"{entity.name}.{field.name}"
            for model in (difference.before, difference.after)
            for entity in model.entities
            for field in entity.fields
        }

    def of(self, table: str, column: str | None) -> tuple[str, str, Grade]:
        """Subject, reason and grade of a step at a place."""
        found: list[Change] = [each for each in self.changes if (table, column) in each.touches]
        found = found or [each for each in self.changes if (table, None) in each.touches]
        assert found, f"nothing asks for a step at {table}.{column}"
        worst = max(found, key=lambda each: list(Grade).index(each.grade))
        reasons = dict.fromkeys(each.reason for each in found if each.kind != "renamed")
        return self.names.get((table, column), worst.subject), "; ".join(reasons), worst.grade
