"""The directory as rows: written by one process, loaded by every worker at its start (DESIGN 4.7).

Beside it stands `usage`, which is no read model: what environments with limits have used, added up by all workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database
from common.events import Event
from common.log import Recorded
from common.projection import Projection
from common.readmodel import place
from gateway.domain import directory as domain
from gateway.domain.directory import Directory, Drop, DropAll, Put

NAME: Final = "gateway"
TABLES: Final = sa.MetaData()
DIRECTORY: Final = sa.Table(
    "directory",
    TABLES,
    sa.Column("kind", sa.Text(collation="C"), primary_key=True),
    sa.Column("id", sa.Text(collation="C"), primary_key=True),
    sa.Column("row", JSONB, nullable=False),
)


async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    """Write what a fact changes."""
    for change in domain.changes(recorded.position, recorded.envelope.org, event):
        match change:
            case Put(kind, id, row):
                new = insert(DIRECTORY).values(kind=kind, id=id, row=dict(row))
                merged = {"row": DIRECTORY.c.row.op("||")(new.excluded.row)}
                await connection.execute(new.on_conflict_do_update(index_elements=["kind", "id"], set_=merged))
            case Drop(kind, id):
                await connection.execute(sa.delete(DIRECTORY).where(DIRECTORY.c.kind == kind, DIRECTORY.c.id == id))
            case DropAll(kind, member, value):
                same = DIRECTORY.c.row[member].astext == value
                await connection.execute(sa.delete(DIRECTORY).where(DIRECTORY.c.kind == kind, same))


PROJECTION: Final = Projection(
    name=NAME,
    metadata=TABLES,
    events=domain.EVENTS,
    contexts=domain.CONTEXTS,
    apply=apply,
    ignored=domain.IGNORED,
)


async def snapshot(database: Database) -> Directory:
    """The directory as it was at one position of the log."""
    found = Directory()
    async with database.reading() as connection:
        here = await place(connection, NAME)
        for row in await connection.execute(sa.select(DIRECTORY)):
            found.apply(Put(row.kind, row.id, row.row))
    found.position = here.position if here is not None else 0
    return found


# --- usage --------------------------------------------------------------------------------------------------------

_EXACT: Final = sa.Text(collation="C")
USAGE_TABLES: Final = sa.MetaData()
USAGE: Final = sa.Table(
    "usage",
    USAGE_TABLES,
    sa.Column("environment", _EXACT, primary_key=True),
    sa.Column("day", sa.BigInteger, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("limited", sa.BigInteger, nullable=False),
    sa.Column("called_at_ms", sa.BigInteger, nullable=False),
)
"""One row for each environment: its last day with calls (number since the start of 1970), and what came on it."""
KEPT_DAYS: Final = 400


@dataclass(frozen=True, slots=True)
class Used:
    """Calls of an environment on one day. To be added, or the sum; `called_at_ms` 0: none was let through."""

    environment: str
    day: int
    calls: int
    limited: int
    called_at_ms: int


async def prepare_usage(database: Database, today: int) -> dict[str, Used]:
    """Make the table, forget what nobody called for long, and give what was used today, by environment."""
    async with database.transaction() as connection:
        await connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": "lay out"})
        await connection.run_sync(USAGE_TABLES.create_all)
        await connection.execute(sa.delete(USAGE).where(USAGE.c.day < today - KEPT_DAYS))
        rows = await connection.execute(sa.select(USAGE).where(USAGE.c.day >= today))
        return {row.environment: Used(*row) for row in rows}


async def add_usage(database: Database, news: Sequence[Used]) -> list[Used]:
    """Add what this worker let through and refused; the sums of all workers."""
    rows = sorted(news, key=lambda one: one.environment)  # in one order: two workers cannot lock each other out
    columns = {column.name: [getattr(one, column.name) for one in rows] for column in USAGE.columns}
    async with database.transaction() as connection:
        return [Used(*row) for row in await connection.execute(_ADD, columns)]


async def usage_of(database: Database, environment: str) -> Used | None:
    """What is known of one environment."""
    async with database.reading() as connection:
        row = (await connection.execute(sa.select(USAGE).where(USAGE.c.environment == environment))).one_or_none()
    return None if row is None else Used(*row)


def _adding() -> sa.Executable:
    lists = (sa.bindparam(column.name, type_=ARRAY(column.type)) for column in USAGE.columns)
    rows = sa.func.unnest(*lists).table_valued(*(column.name for column in USAGE.columns)).render_derived()
    new = insert(USAGE).from_select(list(USAGE.columns), sa.select(rows))
    later = USAGE.c.day < new.excluded.day
    sums: Mapping[str, Any] = {
        name: sa.case((later, new.excluded[name]), else_=USAGE.c[name] + new.excluded[name])
        for name in ("calls", "limited")
    }
    newest = {name: sa.func.greatest(USAGE.c[name], new.excluded[name]) for name in ("day", "called_at_ms")}
    return new.on_conflict_do_update(constraint=USAGE.primary_key, set_={**sums, **newest}).returning(*USAGE.columns)


_ADD: Final = _adding()
