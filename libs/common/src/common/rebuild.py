"""Replay a read model from the first message and compare: the proof that it holds nothing but the log (C08, C09).

The replay fills tables of the same names in the schema `<schema>_scratch` while readers go on with the live ones; then
one transaction compares both at the same position and exchanges the rows. A reader sees the old version completely or
the new one completely. Projections have no side effects, so none can happen again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database
from common.errors import BAD_USER_INPUT, Refused
from common.logs import observe
from common.projection import lay_out
from common.reader import Lost, Reader
from common.readmodel import PARKED, POSITIONS, Place, Projection, place, take
from common.stream import Stream

CLOSE_ENOUGH: Final = 500
"""Messages left to replay while the live projection waits."""


@dataclass(frozen=True)
class Table:
    """One table before and after: number of rows and digest of their contents."""

    name: str
    rows_before: int
    rows: int
    digest_before: str
    digest: str

    @property
    def equal(self) -> bool:
        """Whether replaying gave what was there."""
        return (self.rows_before, self.digest_before) == (self.rows, self.digest)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    projection: str
    position: int
    messages: int
    seconds: float
    tables: tuple[Table, ...]

    @property
    def equal(self) -> bool:
        """Whether every table came out as it was."""
        return all(table.equal for table in self.tables)

    def told(self) -> dict[str, object]:
        """The report as JSON values."""
        tables = [
            {"name": table.name, "rows": table.rows, "digest": table.digest, "before": table.digest_before}
            | {"equal": table.equal}
            for table in self.tables
        ]
        speed = round(self.messages / self.seconds) if self.seconds else 0
        return {"projection": self.projection, "position": self.position, "messages": self.messages} | {
            "seconds": round(self.seconds, 3),
            "messages_per_second": speed,
            "equal": self.equal,
            "tables": tables,
        }


async def rebuild(projection: Projection, database: Database, client: Client) -> Rebuilt:
    """Replay, compare, exchange. One rebuild of a service at a time; Refused CONFLICT while another one runs.

    Refused as well when the stream has let its first messages go: what it no longer holds would be forgotten.
    """
    began = asyncio.get_running_loop().time()
    first = (await Stream(client, projection.stream).info()).first
    if first > 1:
        message = f"{projection.stream} begins at {first}: {projection.name} holds more than can be replayed."
        raise Refused(BAD_USER_INPUT, message, "Restore the stream first, or leave the tables.", reason="LOG_CUT")
    async with _alone(database), _scratch(database) as scratch:
        await lay_out(scratch, [projection])
        here, read = await _replay(projection, database, scratch, client)
        async with database.transaction() as connection:
            await connection.execute(sa.text("set local statement_timeout = 0"))
            # From here on the live projection waits, so that both sides are compared at one position.
            live = await place(connection, projection.name, lock=True)
            assert live is not None, "a running projection is laid out"
            here, more = await _replay_until(projection, scratch, client, here, live.position)
            tables = await _compare(connection, projection, database.schema, scratch.schema)
            await _exchange(connection, projection, database.schema, scratch.schema, live)
    seconds = asyncio.get_running_loop().time() - began
    done = Rebuilt(projection.name, live.position, read + more, seconds, tables)
    observe(
        "projection.rebuilt",
        outcome="ok" if done.equal else "different",
        took_ms=seconds * 1000,
        projection=done.projection,
        messages=done.messages,
    )
    return done


async def digests(connection: AsyncConnection, projection: Projection, schema: str) -> dict[str, tuple[int, str]]:
    """Rows and digest of each table; the digest does not depend on the order of rows."""
    found: dict[str, tuple[int, str]] = {}
    for table in projection.metadata.sorted_tables:
        columns: list[sa.ColumnClause[Any]] = [
            sa.column(column.name) for column in table.columns if not column.info.get("volatile")
        ]
        one = sa.func.sha256(sa.func.convert_to(sa.cast(sa.func.row(*columns), sa.Text), "UTF8"))
        number = sa.cast(sa.literal_column("'x'").concat(sa.func.left(sa.func.encode(one, "hex"), 15)), BIT60)
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.cast(number, sa.BigInteger)), 0))
        rows, digest = (await connection.execute(query.select_from(sa.table(table.name, schema=schema)))).one()
        found[table.name] = (rows, f"{int(digest):x}")
    return found


class _Bit60(sa.types.UserDefinedType[int]):
    """Sixty bits of a hash, which fit a bigint without a sign."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "bit(60)"


BIT60: Final = _Bit60()


async def _replay(projection: Projection, database: Database, scratch: Database, client: Client) -> tuple[Place, int]:
    """Replay until the live projection is nearly reached."""
    async with scratch.reading() as connection:
        here = await place(connection, projection.name)
    assert here is not None, "lay_out() comes first"
    read = 0
    while True:
        async with database.reading() as connection:
            live = await place(connection, projection.name)
        assert live is not None, "a running projection is laid out"
        here, more = await _replay_until(projection, scratch, client, here, live.position)
        read += more
        if more <= CLOSE_ENOUGH:
            return here, read


async def _replay_until(
    projection: Projection, scratch: Database, client: Client, here: Place, until: int
) -> tuple[Place, int]:
    read = 0
    while here.position < until:
        reader = Reader(client, projection.stream, here.position)
        try:
            await reader.open()
            while here.position < until:
                messages = [message for message in await reader.batch() if message.position <= until]
                if not messages:
                    continue
                async with scratch.transaction() as connection:
                    here, poisons = await take(connection, projection, here, messages)
                read += len(messages)
                if poisons and projection.stop_the_line:
                    raise poisons[0]
        except Lost:
            continue
        finally:
            await reader.close()
    return here, read


async def _compare(connection: AsyncConnection, projection: Projection, live: str, scratch: str) -> tuple[Table, ...]:
    before = await digests(connection, projection, live)
    after = await digests(connection, projection, scratch)
    return tuple(
        Table(name, before[name][0], after[name][0], before[name][1], after[name][1]) for name in sorted(after)
    )


async def _exchange(connection: AsyncConnection, projection: Projection, live: str, scratch: str, at: Place) -> None:
    """Rows, not tables, change places: a reader that has begun keeps its snapshot of the old ones."""
    tables = projection.metadata.sorted_tables
    for table in reversed(tables):
        await connection.execute(sa.delete(sa.table(table.name, schema=live)))
    for table in tables:
        names = [column.name for column in table.columns if column.computed is None]
        source = sa.table(table.name, *map(sa.column, names), schema=scratch)
        target = sa.table(table.name, *map(sa.column, names), schema=live)
        await connection.execute(sa.insert(target).from_select(names, sa.select(source)))
    await connection.execute(sa.delete(PARKED).where(PARKED.c.name == projection.name))
    names = [column.name for column in PARKED.columns]
    source = sa.table("parked", *map(sa.column, names), schema=scratch)
    await connection.execute(sa.insert(PARKED).from_select(names, sa.select(source)))
    held = sa.update(POSITIONS).where(POSITIONS.c.name == projection.name, POSITIONS.c.position == at.position)
    assert (await connection.execute(held.values(layout=projection.layout()))).rowcount == 1, "the place is locked"


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    async with database.engine.connect() as connection:
        key = {"key": f"{database.schema}/rebuild"}
        if not await connection.scalar(sa.text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), key):
            message = f"A rebuild of {database.schema} is running."
            raise Refused("BAD_USER_INPUT", message, "Wait for its end.", reason="CONFLICT")
        try:
            await connection.commit()
            yield
        finally:
            await connection.invalidate()


@asynccontextmanager
async def _scratch(database: Database) -> AsyncIterator[Database]:
    """An empty schema beside the live one; a projection that runs in it sees nothing else."""
    name = f"{database.schema}_scratch"
    async with database.transaction() as connection:
        present = await connection.scalar(sa.text("select to_regnamespace(:name) is not null"), {"name": name})
        if not present:
            await connection.execute(sa.schema.CreateSchema(name))
        else:
            await _empty(connection, name)
    scratch = database.beside(name)
    try:
        yield scratch
    finally:
        await scratch.close()
        async with database.transaction() as connection:
            await _empty(connection, name)


async def _empty(connection: AsyncConnection, schema: str) -> None:
    """Drop the tables but keep the schema: the role may own it without being allowed to make another."""
    query = sa.text("select tablename from pg_tables where schemaname = :schema order by tablename")
    for table in (await connection.execute(query, {"schema": schema})).scalars().all():
        await connection.execute(sa.text(f'drop table "{schema}"."{table}" cascade'))
