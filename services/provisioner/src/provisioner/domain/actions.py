"""What a step can do to a database, one dataclass per kind: the words between the planner and the statements.

`HIDDEN` marks what is made before the switch (DESIGN 4.4): the running version knows no name that begins with it, and
whatever has such a name may be dropped at any time without loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from common.sql import Sql
from provisioner.domain.layout import Check, Column, Index, Reference, Table

HIDDEN: Final = "~"
"""First character of the name of everything that is prepared."""


def hidden(name: str) -> str:
    """The name something has until the switch."""
    return HIDDEN + name


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
    keeps: Sql | None
    """Which rows have a value to be kept."""
    copy: str


@dataclass(frozen=True, slots=True)
class FillColumn:
    """Some rows get another value."""

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
    """A column can no longer be null. Rows that are there are looked at now, or later by `Validate`."""

    table: str
    column: str
    now: bool = True


@dataclass(frozen=True, slots=True)
class SetOptional:
    """A column may be null."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class AddCheck:
    """An enum column may hold these values only; see `SetRequired` for `now`."""

    check: Check
    now: bool = True


@dataclass(frozen=True, slots=True)
class AddIndex:
    """A new index."""

    index: Index


@dataclass(frozen=True, slots=True)
class AddReference:
    """A new foreign key; see `SetRequired` for `now`."""

    reference: Reference
    now: bool = True


# --- on large tables: prepared before the switch, validated after it ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shadow:
    """A hidden column that becomes a column, filled in batches and kept current by a log of what is written.

    A row that was written since has no value, or an old one, until it is caught up: so a unique index on it never
    stands in the way of the version that runs.
    """

    table: str
    column: str
    type: str
    to: Sql
    """The value, in terms of the row."""
    unique: bool
    replaces: bool
    """Whether there is a column of that name, which goes."""
    source: tuple[str, str] | None = None
    """Another place whose edges decide the values: table and column that hold ids of `table`'s rows."""

    @property
    def place(self) -> str:
        """What its entries in the log, its trigger and its function are called."""
        return hidden(f"{self.table}_{self.column}")


@dataclass(frozen=True, slots=True)
class Copy:
    """A table of values that will no longer be there, kept current by a log until it moves to the trash."""

    table: str
    column: str
    to: str
    value: Sql
    where: Sql
    type: str

    @property
    def place(self) -> str:
        """What the table, its entries in the log, its trigger and its function are called."""
        return hidden(self.to)


@dataclass(frozen=True, slots=True)
class AddHiddenColumn:
    """A new column that the running version does not know; `fill` is also what rows written until the switch get."""

    table: str
    column: Column
    fill: Sql | None


@dataclass(frozen=True, slots=True)
class AddShadow:
    """The hidden column and the log of what has to be caught up."""

    shadow: Shadow


@dataclass(frozen=True, slots=True)
class StartCopy:
    """The empty copy and the log of what has to be caught up."""

    copy: Copy


@dataclass(frozen=True, slots=True)
class BackFill:
    """The rows that were there, in batches."""

    of: Shadow | Copy


@dataclass(frozen=True, slots=True)
class LetGo:
    """Rows that were written since have no value any more, so that no other row waits for it. In batches."""

    shadow: Shadow


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The rows that were written since: in batches while others write, or all that are left while nobody can."""

    of: Shadow | Copy
    last: bool


@dataclass(frozen=True, slots=True)
class BuildIndex:
    """An index is built while others read and write; on the hidden column where there is one."""

    index: Index
    on: Shadow | Column | None = None


@dataclass(frozen=True, slots=True)
class BuildSides:
    """Key and index that a join table has when its columns have changed their meaning."""

    table: str


@dataclass(frozen=True, slots=True)
class RevealColumn:
    """A hidden column gets its name."""

    table: str
    column: Column
    filled: bool


@dataclass(frozen=True, slots=True)
class SwapColumn:
    """The shadow takes the place of the column."""

    shadow: Shadow


@dataclass(frozen=True, slots=True)
class KeepCopy:
    """The copy moves to the trash."""

    copy: Copy


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column goes whose values are kept elsewhere."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class RevealIndex:
    """A prepared index gets its name."""

    index: Index


@dataclass(frozen=True, slots=True)
class RevealSides:
    """The columns of a join table change their meaning; key and index are there."""

    table: str


@dataclass(frozen=True, slots=True)
class Validate:
    """A constraint that new values obey already is found to hold for all."""

    table: str
    column: str
    constraint: str


Phase = Literal["prepare", "switch", "finish"]
"""Before the old version is touched; the moment at which the new one takes its place; afterwards."""

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
    | AddHiddenColumn
    | AddShadow
    | StartCopy
    | BackFill
    | LetGo
    | CatchUp
    | BuildIndex
    | BuildSides
    | RevealColumn
    | SwapColumn
    | KeepCopy
    | DropColumn
    | RevealIndex
    | RevealSides
    | Validate
)


def place(action: Action) -> tuple[str, str | None]:  # noqa: PLR0911 - one case per shape
    """The table, and the column where there is one, that an action is about."""
    match action:
        case DropReference(each) | AddReference(each):
            return each.table, each.column
        case DropIndex(index) | AddIndex(index) | InvertEdges(index) | BuildIndex(index) | RevealIndex(index):
            return index.table, index.column
        case DropCheck(check) | AddCheck(check):
            return check.table, check.column
        case AddShadow(of) | StartCopy(of) | BackFill(of) | LetGo(of) | CatchUp(of) | SwapColumn(of) | KeepCopy(of):
            return of.table, of.column
        case TrashTable(table) | SwapSides(table) | BuildSides(table) | RevealSides(table):
            return table, None
        case CreateTable(made):
            return made.name, None
        case MoveEdges(column, _, target):
            return target, column
        case AddColumn(table, added) | AddHiddenColumn(table, added) | RevealColumn(table, added):
            return table, added.name
        case _:
            return action.table, action.column
