"""Statements that prepare a switch beside the running version, and those that finish it.

`app."~plan"` says which plan is being prepared and how far it is, `app."~touched"` which rows were written since. Every
statement can be run again: what it makes is dropped first, what it fills is filled the same.
"""

from __future__ import annotations

from typing import Final

from common.sql import EMPTY, Sql, ident, literal, sql
from provisioner.domain.actions import Copy, Shadow, hidden
from provisioner.domain.layout import ID_TYPE, SCHEMA, Column, Index

BATCH_ROWS: Final = 1000
"""Rows changed by one transaction: writers of the same rows wait that long, some hundredths of a second."""

PLAN: Final = ident(SCHEMA, hidden("plan"))
TOUCHED: Final = ident(SCHEMA, hidden("touched"))
ID: Final = Sql((ID_TYPE,))
TRASH: Final = "trash"

BEGUN: Final = (
    sql("create table {plan} (mark text not null, step int4 not null, last {id})", plan=PLAN, id=ID),
    sql(
        "create table {touched} "
        "(place text, id {id}, freed bool not null default false, taken bool not null default false)",
        touched=TOUCHED,
        id=ID,
    ),
)
"""Before the first step."""
ENDED: Final = (sql("drop table {plan}", plan=PLAN), sql("drop table {touched}", touched=TOUCHED))
"""After the last one of the switch."""


def alter(table: str, change: Sql) -> Sql:
    """A change of a table."""
    return sql("alter table {table} {change}", table=ident(SCHEMA, table), change=change)


# --- columns and copies -------------------------------------------------------------------------------------------


def add_hidden_column(table: str, column: Column, fill: Sql | None) -> tuple[Sql, ...]:
    """A default serves the rows that are there and those that are written until the switch, without touching any."""
    name = ident(hidden(column.name))
    null = sql(" constraint {name} not null", name=_not_null(table, hidden(column.name))) if column.required else EMPTY
    default = sql(" default {fill}", fill=fill) if fill else EMPTY
    added = sql("add column {name} {type}{null}{default}", name=name, type=_type(column), null=null, default=default)
    return (_drop_column(table, hidden(column.name)), alter(table, added))


def reveal_column(table: str, column: Column, *, filled: bool) -> tuple[Sql, ...]:
    """The hidden column gets its name, its NOT NULL the name it would have had."""
    name = ident(hidden(column.name))
    statements = [alter(table, sql("alter column {name} drop default", name=name))] if filled else []
    if column.required:
        old, new = _not_null(table, hidden(column.name)), _not_null(table, column.name)
        statements.append(alter(table, sql("rename constraint {old} to {new}", old=old, new=new)))
    return (*statements, _rename_column(table, column.name))


def add_shadow(shadow: Shadow) -> tuple[Sql, ...]:
    """The hidden column, and the log of the rows whose value it has to follow."""
    name = hidden(shadow.column)
    added = sql("add column {name} {type}", name=ident(name), type=Sql((shadow.type,)))
    if shadow.source is None:
        update = sql(" or update of {column}", column=ident(shadow.column)) if shadow.replaces else EMPTY
        logged = _logged(shadow.place, shadow.table, sql("insert{update}", update=update), sql("array[new.id]"))
    else:
        table, column = shadow.source
        event = sql("insert or update of {column} or delete", column=ident(column))
        logged = _logged(shadow.place, table, event, sql("array[old.{column}, new.{column}]", column=ident(column)))
    return (_drop_column(shadow.table, name), alter(shadow.table, added), *logged)


def start_copy(copy: Copy) -> tuple[Sql, ...]:
    """The empty copy, and the log of the rows whose value it has to follow."""
    name = ident(SCHEMA, copy.place)
    columns = sql("id {id} primary key, value {type}", id=ID, type=Sql((copy.type,)))
    event = sql("insert or update of {column} or delete", column=ident(copy.column))
    return (
        sql("drop table if exists {name}", name=name),
        sql("create table {name} ({columns})", name=name, columns=columns),
        *_logged(copy.place, copy.table, event, sql("array[coalesce(new.id, old.id)]")),
    )


def swap_column(shadow: Shadow) -> tuple[Sql, ...]:
    """The shadow takes the place of the column, with nothing left of the log."""
    dropped = sql("drop column {column}", column=ident(shadow.column))
    return (
        _unlogged(shadow.place),
        *([alter(shadow.table, dropped)] if shadow.replaces else []),
        _rename_column(shadow.table, shadow.column),
    )


def keep_copy(copy: Copy) -> tuple[Sql, ...]:
    """The copy moves to the trash, its key with it."""
    name, to = ident(SCHEMA, copy.place), ident(copy.to)
    key, gone = ident(f"{copy.place}_pkey"), ident(f"{copy.to}_pkey")
    return (
        _unlogged(copy.place),
        sql("alter table {name} rename constraint {key} to {gone}", name=name, key=key, gone=gone),
        sql("alter table {name} rename to {to}", name=name, to=to),
        sql("alter table {to} set schema {trash}", to=ident(SCHEMA, copy.to), trash=ident(TRASH)),
    )


# --- rows ---------------------------------------------------------------------------------------------------------


def back_fill(of: Shadow | Copy) -> tuple[Sql, ...]:
    """One batch in the order of ids; the last id of it, or null after the last batch."""
    template = (
        'with batch as materialized (select array(select "id" from {table} where "id" > '
        "(select coalesce(last, '') from {plan}) order by \"id\" limit {rows}) as ids), done as ({change}) "
        "update {plan} set last = (select ids[cardinality(ids)] from batch) returning last"
    )
    ids = sql("(select ids from batch)::text[]")
    change = _copied(of, ids) if isinstance(of, Copy) else _set(of, ids, of.to)
    return (sql(template, table=ident(SCHEMA, of.table), plan=PLAN, rows=literal(BATCH_ROWS), change=change),)


def let_go(shadow: Shadow) -> tuple[Sql, ...]:
    """A batch of rows of the log lose their value; not null as long as there may be more."""
    mine = _mine(shadow)
    freed = _freed(shadow, sql("{mine} and ctid = any({batch})", mine=mine, batch=_batch(sql("not freed"), mine)))
    more = sql(
        "select case when exists (select from {touched} where {mine} and not freed offset {rows}) then '' end",
        touched=TOUCHED,
        mine=mine,
        rows=literal(BATCH_ROWS),
    )
    return (freed, more)


def catch_up(of: Shadow | Copy, *, last: bool) -> tuple[Sql, ...]:
    """Rows of the log get their value, a batch of them or all; not null as long as there may be more."""
    mine = _mine(of)
    unique = isinstance(of, Shadow) and of.unique
    taken = sql("array(select distinct id from {touched} where {mine} and taken)", touched=TOUCHED, mine=mine)
    # What another row had may now be this one's: nobody keeps an old value while others get theirs. Whoever let go of
    # it did so before; what was logged in between is not among those that are taken.
    statements = [_freed(of, mine)] if isinstance(of, Shadow) and unique else []
    known = sql("freed") if unique else sql("true")
    some = EMPTY if last else sql(" and ctid = any({batch})", batch=_batch(known, mine))
    take = "update {touched} set taken = true where {mine} and {known}{some}"
    statements.append(sql(take, touched=TOUCHED, mine=mine, known=known, some=some))
    if isinstance(of, Copy):
        copy = ident(SCHEMA, of.place)
        statements += [sql("delete from {copy} where id = any({taken})", copy=copy, taken=taken), _copied(of, taken)]
    else:
        statements.append(_set(of, taken, of.to))
    statements.append(
        sql(
            "with gone as (delete from {touched} where {mine} and taken returning 1) "
            "select case when count(*) >= {rows} then '' end from gone",
            touched=TOUCHED,
            mine=mine,
            rows=literal(BATCH_ROWS),
        )
    )
    return tuple(statements)


def _mine(of: Shadow | Copy) -> Sql:
    return sql("place = {place}", place=literal(of.place))


def _batch(which: Sql, mine: Sql) -> Sql:
    template = "array(select ctid from {touched} where {mine} and {which} limit {rows})"
    return sql(template, touched=TOUCHED, mine=mine, which=which, rows=literal(BATCH_ROWS))


def _freed(shadow: Shadow, which: Sql) -> Sql:
    name = ident(hidden(shadow.column))
    return sql(
        "with freed as (update {touched} set freed = true where {which} and not freed returning id) "
        "update {table} set {name} = null "
        'where "id" = any(array(select distinct id from freed)) and {name} is not null',
        touched=TOUCHED,
        which=which,
        table=ident(SCHEMA, shadow.table),
        name=name,
    )


def _set(shadow: Shadow, ids: Sql, to: Sql) -> Sql:
    return sql(
        'update {table} as node set {name} = {to} where "id" = any({ids})',
        table=ident(SCHEMA, shadow.table),
        name=ident(hidden(shadow.column)),
        to=to,
        ids=ids,
    )


def _copied(copy: Copy, ids: Sql) -> Sql:
    return sql(
        'insert into {copy} select "id", {value} from {table} where ({where}) and "id" = any({ids}) '
        "on conflict (id) do nothing",
        copy=ident(SCHEMA, copy.place),
        value=copy.value,
        table=ident(SCHEMA, copy.table),
        where=copy.where,
        ids=ids,
    )


# --- indexes and constraints --------------------------------------------------------------------------------------


def build_index(index: Index, *, column: Shadow | Column | None) -> tuple[Sql, ...]:
    """An index of which half was built by somebody who was interrupted is of no use, and built anew."""
    on = index.on
    # A row that has its old value still, while another one has it now, is no reason to refuse a unique index.
    current = catch_up(column, last=True) if isinstance(column, Shadow) and index.unique else ()
    if column is not None:
        # The words of an index name its column once, quoted, and nothing else is called like it.
        name, other = ident(index.column).text, ident(hidden(index.column)).text
        on = Sql(tuple(piece.replace(name, other) if isinstance(piece, str) else piece for piece in on.pieces))
    dropped, built = _built(hidden(index.name), index.table, on, unique=index.unique)
    return (dropped, *current, built)


def build_sides(table: str) -> tuple[Sql, ...]:
    """Key and second index as they will be when a and b have changed places."""
    return (
        *_built(hidden(f"{table}_pkey"), table, sql('("b", "a")'), unique=True),
        *_built(hidden(f"{table}_b_idx"), table, sql('("a", "b")'), unique=False),
    )


def reveal_index(name: str) -> Sql:
    """A prepared index gets its name."""
    return sql("alter index {name} rename to {to}", name=ident(SCHEMA, hidden(name)), to=ident(name))


def reveal_sides(table: str) -> tuple[Sql, ...]:
    """The columns change their names, and what was built for it takes the place of key and index."""
    key, index = f"{table}_pkey", f"{table}_b_idx"
    built = sql("add constraint {key} primary key using index {built}", key=ident(key), built=ident(hidden(key)))
    return (
        alter(table, sql("drop constraint {key}", key=ident(key))),
        sql("drop index {index}", index=ident(SCHEMA, index)),
        alter(table, sql('rename column "a" to "was_a"')),
        alter(table, sql('rename column "b" to "a"')),
        alter(table, sql('rename column "was_a" to "b"')),
        alter(table, built),
        reveal_index(index),
    )


def required_later(table: str, column: str) -> Sql:
    """NOT NULL for new values; for the others when it is validated."""
    name = _not_null(table, column)
    return alter(table, sql("add constraint {name} not null {column} not valid", name=name, column=ident(column)))


def validate(table: str, constraint: str) -> Sql:
    """A look at all rows, which keeps nobody from reading or writing."""
    return alter(table, sql("validate constraint {name}", name=ident(constraint)))


def _built(name: str, table: str, on: Sql, *, unique: bool) -> tuple[Sql, Sql]:
    return (
        sql("drop index concurrently if exists {name}", name=ident(SCHEMA, name)),
        sql(
            "create {unique}index concurrently {name} on {table} {on}",
            unique=sql("unique ") if unique else EMPTY,
            name=ident(name),
            table=ident(SCHEMA, table),
            on=on,
        ),
    )


# --- the log ------------------------------------------------------------------------------------------------------


def _logged(place: str, table: str, event: Sql, ids: Sql) -> tuple[Sql, ...]:
    """A trigger that writes down ids. Its function runs as its owner: the environment's role sees nothing of it."""
    function, trigger = ident(SCHEMA, place), ident(place)
    return (
        sql("drop function if exists {function} cascade", function=function),
        sql(
            "create function {function}() returns trigger language plpgsql security definer "
            "set search_path = pg_catalog as $$begin insert into {touched} (place, id) "
            "select {place}, each from unnest({ids}) as each where each is not null; return null; end$$",
            function=function,
            touched=TOUCHED,
            place=literal(place),
            ids=ids,
        ),
        sql(
            "create trigger {trigger} after {event} on {table} for each row execute function {function}()",
            trigger=trigger,
            event=event,
            table=ident(SCHEMA, table),
            function=function,
        ),
    )


def _unlogged(place: str) -> Sql:
    return sql("drop function {function} cascade", function=ident(SCHEMA, place))


def _not_null(table: str, column: str) -> Sql:
    return ident(f"{table}_{column}_not_null")


def _drop_column(table: str, column: str) -> Sql:
    return alter(table, sql("drop column if exists {column}", column=ident(column)))


def _rename_column(table: str, column: str) -> Sql:
    return alter(table, sql("rename column {old} to {new}", old=ident(hidden(column)), new=ident(column)))


def _type(column: Column) -> Sql:
    return Sql((column.type,))
