"""A step's action as statements, and the locks it takes."""

from __future__ import annotations

from typing import Final, Literal, assert_never

from common.sql import EMPTY, Sql, ident, join, literal, sql
from provisioner.domain import preparing
from provisioner.domain.actions import (
    Action,
    AddCheck,
    AddColumn,
    AddHiddenColumn,
    AddIndex,
    AddReference,
    AddShadow,
    BackFill,
    BuildIndex,
    BuildSides,
    CatchUp,
    ConvertColumn,
    Copy,
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
)
from provisioner.domain.layout import SCHEMA, Check, Column, Index, Reference, Table
from provisioner.domain.preparing import TRASH, alter

READERS_WAIT: Final = "access exclusive"
WRITERS_WAIT: Final = "share row exclusive"
CHANGES_WAIT: Final = "share update exclusive"
NOBODY_WAITS: Final = "row exclusive"
"""Lock modes from the strongest. A step that only makes something new takes none."""

Way = Literal["together", "apart", "batches"]
"""Statements of a step: in one transaction; each outside of any; all in one transaction, again and again until the last
one returns null."""

Gently = (
    AddHiddenColumn
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


def kind(action: Action) -> str:
    """The kind of a step in words, such as `create table` or `trash column`."""
    name = type(action).__name__
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name).strip()


def statements(action: Action, *, role: str) -> tuple[Sql, ...]:  # noqa: C901, PLR0911, PLR0912 - one case per action
    """What runs, in order. `role` is the environment's own, which reads and writes rows and nothing else."""
    match action:
        case DropReference(Reference(name, table)) | DropCheck(Check(name, table)):
            return (alter(table, sql("drop constraint {name}", name=ident(name))),)
        case DropIndex(Index(name)):
            return (sql("drop index {name}", name=ident(SCHEMA, name)),)
        case TrashTable(table, to):
            return _trash_table(table, to)
        case TrashColumn(table, column, to):
            return (
                _copy(table, column, to, sql("{column} is not null", column=ident(column))),
                alter(table, sql("drop column {column}", column=ident(column))),
            )
        case CreateTable(made):
            return _create_table(made, role)
        case AddColumn(table, added, fill):
            return _add_column(table, added, fill)
        case ConvertColumn(table, column, type_, to, keeps, copy):
            kept = (_copy(table, column, copy, keeps),) if keeps else ()
            change = sql("alter column {c} type {type} using {to}", c=ident(column), type=Sql((type_,)), to=to)
            return (*kept, alter(table, change))
        case FillColumn(table, column, to, where, keeps, copy):
            kept = (_copy(table, column, copy, keeps),) if keeps else ()
            return (*kept, _update(table, sql("{column} = {to}", column=ident(column), to=to), where))
        case MoveEdges(column, source, target):
            return _move_edges(column, source, target)
        case InvertEdges(index):
            return _invert_edges(index)
        case SwapSides(table, index):
            return _swap_sides(table, index)
        case SetRequired(table, column, now=True):
            return (alter(table, sql("alter column {column} set not null", column=ident(column))),)
        case SetRequired(table, column):
            return (preparing.required_later(table, column),)
        case SetOptional(table, column):
            return (alter(table, sql("alter column {column} drop not null", column=ident(column))),)
        case AddCheck(check, now):
            return (alter(check.table, sql("add {check}{when}", check=_check(check), when=_when(now=now))),)
        case AddIndex(index):
            return (_create_index(index),)
        case AddReference(reference, now):
            change = sql("add {reference}{when}", reference=_reference(reference), when=_when(now=now))
            return (alter(reference.table, change),)
        case _:
            return _gently(action)


def _gently(action: Gently) -> tuple[Sql, ...]:  # noqa: C901, PLR0911, PLR0912 - one case per action
    """What runs before and after the switch, and what it finds prepared."""
    match action:
        case AddHiddenColumn(table, column, fill):
            return preparing.add_hidden_column(table, column, fill)
        case AddShadow(shadow):
            return preparing.add_shadow(shadow)
        case StartCopy(copy):
            return preparing.start_copy(copy)
        case BackFill(of):
            return preparing.back_fill(of)
        case LetGo(shadow):
            return preparing.let_go(shadow)
        case CatchUp(of, last):
            return preparing.catch_up(of, last=last)
        case BuildIndex(index, on):
            return preparing.build_index(index, column=on)
        case BuildSides(table):
            return preparing.build_sides(table)
        case RevealColumn(table, column, filled):
            return preparing.reveal_column(table, column, filled=filled)
        case SwapColumn(shadow):
            return preparing.swap_column(shadow)
        case KeepCopy(copy):
            return preparing.keep_copy(copy)
        case DropColumn(table, gone):
            return (alter(table, sql("drop column {column}", column=ident(gone))),)
        case RevealIndex(index):
            return (preparing.reveal_index(index.name),)
        case RevealSides(table):
            return preparing.reveal_sides(table)
        case Validate(table, _, constraint):
            return (preparing.validate(table, constraint),)
        case _:
            assert_never(action)


def way(action: Action) -> Way:
    """How the statements of an action are run."""
    match action:
        case BuildIndex() | BuildSides():
            return "apart"
        case BackFill() | LetGo() | CatchUp(last=False):
            return "batches"
        case _:
            return "together"


def locks(action: Action) -> dict[str, str]:  # noqa: C901, PLR0911, PLR0912 - one case per action
    """The tables an action locks, and how."""
    match action:
        case CreateTable():
            return {}
        case BackFill(of) | LetGo(of) | CatchUp(of):
            return {of.table: NOBODY_WAITS}
        case BuildIndex(Index(table=table)) | BuildSides(table) | Validate(table):
            return {table: CHANGES_WAIT}
        case StartCopy(Copy(table=table)):
            return {table: WRITERS_WAIT}
        case AddShadow(shadow) if shadow.source is not None:
            return {shadow.table: READERS_WAIT, shadow.source[0]: WRITERS_WAIT} | (
                {shadow.table: READERS_WAIT} if shadow.source[0] == shadow.table else {}
            )
        case SwapColumn(shadow) if shadow.source is not None:
            return {shadow.table: READERS_WAIT, shadow.source[0]: READERS_WAIT}
        case AddShadow(of) | SwapColumn(of) | KeepCopy(of):
            return {of.table: READERS_WAIT}
        case RevealIndex(Index(table=table)):
            return {table: READERS_WAIT}
        case AddIndex(Index(table=table)):
            return {table: WRITERS_WAIT}
        case AddReference(Reference(table=table, target=target)):
            return {table: READERS_WAIT, target: WRITERS_WAIT} if table != target else {table: READERS_WAIT}
        case DropReference(Reference(table=table, target=target)):
            return {table: READERS_WAIT, target: READERS_WAIT}
        case DropIndex(Index(table=table)) | InvertEdges(Index(table=table)):
            return {table: READERS_WAIT}
        case DropCheck(Check(table=table)) | AddCheck(Check(table=table)):
            return {table: READERS_WAIT}
        case MoveEdges(_, source, target):
            return {source: READERS_WAIT, target: READERS_WAIT}
        case _:
            return {action.table: READERS_WAIT}


def _update(table: str, change: Sql, where: Sql | None) -> Sql:
    rows = EMPTY if where is None else sql(" where {where}", where=where)
    return sql("update {table} set {change}{rows}", table=ident(SCHEMA, table), change=change, rows=rows)


def _copy(table: str, column: str, to: str, where: Sql) -> Sql:
    return sql(
        'create table {to} as select "id", {column} as value from {table} where {where}',
        to=ident(TRASH, to),
        column=ident(column),
        table=ident(SCHEMA, table),
        where=where,
    )


def _trash_table(table: str, to: str) -> tuple[Sql, ...]:
    # The key's name would be taken in the trash if the same relation were replaced twice.
    key, gone = ident(f"{table}_pkey"), ident(f"{to}_pkey")
    return (
        alter(table, sql("rename constraint {key} to {gone}", key=key, gone=gone)),
        alter(table, sql("rename to {to}", to=ident(to))),
        alter(to, sql("set schema {trash}", trash=ident(TRASH))),
    )


def _create_table(table: Table, role: str) -> tuple[Sql, ...]:
    key = join(", ", [ident(column) for column in table.key])
    lines = [
        *(_column(column) for column in table.columns),
        sql("constraint {name} primary key ({key})", name=ident(f"{table.name}_pkey"), key=key),
    ]
    made = ident(SCHEMA, table.name)
    return (
        sql("create table {table} (\n  {lines}\n)", table=made, lines=join(",\n  ", lines)),
        sql("grant select, insert, update, delete on {table} to {role}", table=made, role=ident(role)),
    )


def _column(column: Column) -> Sql:
    null = sql(" not null") if column.required else EMPTY
    return sql("{name} {type}{null}", name=ident(column.name), type=Sql((column.type,)), null=null)


def _add_column(table: str, column: Column, fill: Sql | None) -> tuple[Sql, ...]:
    if fill is None:
        return (alter(table, sql("add column {column}", column=_column(column))),)
    # The default fills rows that exist without rewriting them; defaults of new nodes are no matter of the database.
    filled = sql("add column {column} default {fill}", column=_column(column), fill=fill)
    return (
        alter(table, filled),
        alter(table, sql("alter column {column} drop default", column=ident(column.name))),
    )


def _check(check: Check) -> Sql:
    template = "{column} <@ {values}::text[]" if check.is_list else "{column} = any({values}::text[])"
    allowed = sql(template, column=ident(check.column), values=literal(list(check.values)))
    return sql("constraint {name} check ({allowed})", name=ident(check.name), allowed=allowed)


def _when(*, now: bool) -> Sql:
    return EMPTY if now else sql(" not valid")


def _create_index(index: Index) -> Sql:
    return sql(
        "create {unique}index {name} on {table} {on}",
        unique=sql("unique ") if index.unique else EMPTY,
        name=ident(index.name),
        table=ident(SCHEMA, index.table),
        on=index.on,
    )


def _reference(reference: Reference) -> Sql:
    return sql(
        'constraint {name} foreign key ({column}) references {target} ("id") on delete {act}{when}',
        name=ident(reference.name),
        column=ident(reference.column),
        target=ident(SCHEMA, reference.target),
        act=Sql((reference.on_delete,)),
        when=sql(" deferrable initially immediate") if reference.deferrable else EMPTY,
    )


def _move_edges(column: str, source: str, target: str) -> tuple[Sql, ...]:
    return (
        sql(
            'update {target} as target set {column} = source."id" from {source} as source '
            'where source.{column} = target."id"',
            target=ident(SCHEMA, target),
            source=ident(SCHEMA, source),
            column=ident(column),
        ),
        alter(source, sql("drop column {column}", column=ident(column))),
    )


def _invert_edges(index: Index) -> tuple[Sql, ...]:
    table, column = ident(SCHEMA, index.table), ident(index.column)
    # Uniqueness is judged row by row, and half way through two rows may have the same partner.
    return (
        sql("drop index {name}", name=ident(SCHEMA, index.name)),
        sql(
            'update {table} as node set {column} = (select other."id" from {table} as other '
            'where other.{column} = node."id")',
            table=table,
            column=column,
        ),
        _create_index(index),
    )


def _swap_sides(table: str, index: Index) -> tuple[Sql, ...]:
    key = ident(f"{table}_pkey")
    return (
        alter(table, sql("drop constraint {key}", key=key)),
        sql("drop index {name}", name=ident(SCHEMA, index.name)),
        alter(table, sql('rename column "a" to "was_a"')),
        alter(table, sql('rename column "b" to "a"')),
        alter(table, sql('rename column "was_a" to "b"')),
        alter(table, sql('add constraint {key} primary key ("a", "b")', key=key)),
        _create_index(index),
    )
