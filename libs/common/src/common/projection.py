"""Runs a projection: one process applies, every process knows how far it is (MA 3.11).

Of all replicas the one that holds a PostgreSQL advisory lock applies; the others follow the position table. If the lock
holder's connection dies, the position itself fences it off. What a runner cannot get over it says on /readyz.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import nats.errors
import sqlalchemy as sa
from nats.aio.client import Client
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from common import metrics, tracing
from common.db import Database
from common.errors import Refused
from common.logs import observe
from common.reader import Lost, Reader
from common.readmodel import (
    PARKED,
    PLUMBING,
    POSITIONS,
    Fenced,
    Place,
    Poison,
    Projection,
    park,
    place,
    retake,
    take,
)
from common.stream import ApiError, Message, Stream, Unavailable, heed_cancelling

__all__ = ["Discontinuity", "Place", "Projection", "Runner", "lay_out"]

FOLLOW_SECONDS: Final = 0.5
WATCH_SECONDS: Final = 2.0
STALLED_SECONDS: Final = 10.0
CATCHING_UP: Final = 1000
"""A projection further behind than this does not count as ready."""
RETRY_SECONDS: Final = 1.0
STOPPED_RETRY_SECONDS: Final = 10.0
WORLD: Final = (
    *(DBAPIError, InterfaceError, PoolTimeoutError, OSError),
    # While connecting, SQLAlchemy lets the driver's own errors through.
    *(asyncpg.PostgresError, asyncpg.InterfaceError),
    *(nats.errors.Error, ApiError, Unavailable, Refused, Lost, Fenced),
)
"""What passes by itself: servers that restart, replicas that change places."""


class Discontinuity(Exception):  # noqa: N818 - it is a finding
    """The stream is not the one that was read before (C17)."""


async def lay_out(database: Database, projections: list[Projection]) -> None:
    """Make the tables of the projections. One whose layout changed is emptied and will be replayed from the log."""
    async with database.transaction() as connection:
        await connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": "lay out"})
        await connection.run_sync(PLUMBING.create_all)
        for projection in projections:
            layout = projection.layout()
            known = await place(connection, projection.name, lock=True)
            if known is not None and known.layout == layout:
                continue
            await connection.run_sync(projection.metadata.drop_all)
            await connection.run_sync(projection.metadata.create_all)
            await connection.execute(sa.delete(PARKED).where(PARKED.c.name == projection.name))
            await connection.execute(sa.delete(POSITIONS).where(POSITIONS.c.name == projection.name))
            start = {"name": projection.name, "stream": projection.stream, "position": 0}
            await connection.execute(sa.insert(POSITIONS).values(**start, last_id="", last_sha256="", layout=layout))
            if known is not None:
                observe("projection.layout_changed", projection=projection.name, position=known.position)


class Runner:
    """One projection in one process."""

    def __init__(self, projection: Projection, database: Database, client: Client) -> None:
        self.projection = projection
        self.position = 0
        """Last applied position as this process knows it."""
        self.lag = 0
        """Messages of the stream that were not applied when last looked."""
        self.leading = False
        self.trouble: str | None = None
        """Why it stands still; None while it runs."""
        self._database = database
        self._client = client
        self._stream = Stream(client, projection.stream)
        self._moved = asyncio.Event()
        self._moved_at = 0.0

    async def run(self) -> None:
        """Apply, or follow the process that does, until cancelled."""
        self._moved_at = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name=f"watch {self.projection.name}")
            group.create_task(self._keep_running(), name=f"run {self.projection.name}")

    async def wait_for(self, position: int, seconds: float = 2.0) -> bool:
        """Wait until everything up to `position` is in the read model. False when it is not in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.position < position:
                    if self.leading:
                        await self._moved.wait()
                    else:
                        await self._refresh()
                        if self.position < position:
                            await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    async def moved(self) -> int:
        """Wait for the next step forward; the position after it. Followers take up to half a second to see it."""
        await self._moved.wait()
        return self.position

    def check(self) -> str | None:
        """For /readyz: why this read model cannot be trusted to be recent."""
        if self.trouble is not None:
            return self.trouble
        if self.lag > CATCHING_UP:
            return f"catching up: {self.lag} messages behind"
        still = asyncio.get_running_loop().time() - self._moved_at
        if self.lag > 0 and still > STALLED_SECONDS:
            return f"stalled at {self.position} for {still:.0f} s, {self.lag} messages behind"
        return None

    async def retry(self, aggregate: str) -> str | None:
        """Take a parked aggregate (its whole subject) in again, in order. None when it worked, else what is wrong."""
        name = self.projection.name
        mine = (PARKED.c.name == name, PARKED.c.aggregate == aggregate)
        async with self._database.transaction() as connection:
            # The lock holds the runner off, so nothing of the aggregate can pass between reading and applying.
            held = await place(connection, name, lock=True)
            row = (await connection.execute(sa.select(PARKED).where(*mine))).first()
            if held is None or row is None:
                return f"{aggregate} is not parked in {name}"
            messages = await self._stream.history(aggregate, row.from_position - 1, held.position)
            poison = await retake(connection, self.projection, messages)
            if poison is not None:
                await park(connection, name, poison)
                return str(poison)
            await connection.execute(sa.delete(PARKED).where(*mine))
        observe("projection.unparked", projection=name, aggregate=aggregate, messages=len(messages))
        return None

    async def parked(self) -> list[dict[str, object]]:
        """What this projection has set aside."""
        query = sa.select(PARKED).where(PARKED.c.name == self.projection.name).order_by(PARKED.c.from_position)
        async with self._database.reading() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    # --- the loop -------------------------------------------------------------------------------------------------

    async def _keep_running(self) -> None:
        while True:
            heed_cancelling()
            try:
                async with self._lock() as connection:
                    if connection is not None:
                        await self._lead(connection)
                await self._refresh()
                await asyncio.sleep(FOLLOW_SECONDS)
            except Discontinuity as error:
                # Nothing we could do would be right; a person must look. Readers keep what was there before.
                self._stop(f"the stream {self.projection.stream} is not the one read before: {error}")
                return
            except Poison as error:
                self._stop(f"stopped: {error}")
                await asyncio.sleep(STOPPED_RETRY_SECONDS)
            except WORLD as error:
                observe("projection.interrupted", outcome="retry", level="warning", **self._named(error))
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self.leading = False

    @asynccontextmanager
    async def _lock(self) -> AsyncIterator[AsyncConnection | None]:
        """The connection that applies, if this process is the one to do so."""
        key = {"key": f"{self._database.schema}/{self.projection.name}"}
        async with self._database.engine.connect() as connection:
            got = await connection.scalar(sa.text("select pg_try_advisory_lock(hashtextextended(:key, 0))"), key)
            await connection.commit()
            if not got:
                yield None
                return
            try:
                yield connection
            finally:
                # Closing the session is the one way to free the lock that needs nothing to work.
                await connection.invalidate()

    async def _lead(self, connection: AsyncConnection) -> None:
        await self._refresh()
        here = await self._continue_at(connection)
        self.leading = True
        await self._retry_all()
        reader = Reader(self._client, self.projection.stream, here.position)
        metrics.REDELIVERED.labels(self.projection.name).inc()
        try:
            await reader.open()
            while True:
                messages = await reader.batch()
                if messages:
                    here = await self._take(connection, here, messages)
                self.lag = max(0, reader.pending)
                self.trouble = None
                if messages and reader.pending <= 0:
                    await asyncio.sleep(self.projection.linger)
        finally:
            self.leading = False
            await reader.close()

    async def _take(self, connection: AsyncConnection, here: Place, messages: Sequence[Message]) -> Place:
        name = self.projection.name
        told: tracing.Attributes = {"messaging.batch.message_count": len(messages), "stream": self.projection.stream}
        with tracing.span(f"apply {name}", told, kind=tracing.CONSUMER, root=True) as span:
            async with connection.begin():
                after, poisons = await take(connection, self.projection, here, messages)
            span.tell({"position": after.position, "parked": len(poisons)})
        self._arrive(after)
        metrics.APPLIED.labels(self.projection.name).inc(len(messages))
        if poisons and self.projection.stop_the_line:
            raise poisons[0]
        for poison in poisons:
            aggregate = poison.message.subject
            observe(
                "projection.parked",
                outcome="parked",
                level="error",
                projection=self.projection.name,
                aggregate=aggregate,
                error=str(poison),
            )
        return after

    async def _continue_at(self, connection: AsyncConnection) -> Place:
        """The place to go on from, after making sure that the stream is still the one it was (C17)."""
        async with connection.begin():
            here = await place(connection, self.projection.name)
            assert here is not None, "lay_out() comes first"
            info = await self._stream.info()
            if here.stream_created is None:
                await connection.execute(
                    sa.update(POSITIONS)
                    .where(POSITIONS.c.name == self.projection.name)
                    .values(stream_created=info.created)
                )
                return Place(here.position, here.last_id, here.last_sha256, info.created, here.layout)
        if here.stream_created != info.created:
            message = f"created {info.created.isoformat()}, not {here.stream_created.isoformat()}"
            raise Discontinuity(message)
        if info.last < here.position:
            message = f"it ends at {info.last}, position {here.position} was read"
            raise Discontinuity(message)
        if info.first > here.position + 1:
            message = f"it begins at {info.first}, position {here.position} was read: messages are missing"
            raise Discontinuity(message)
        if 0 < info.first <= here.position:  # a stream that never held a message begins at 0
            stored = await self._stream.at(here.position)
            if stored is None or (stored.id, stored.sha256) != (here.last_id, here.last_sha256):
                message = f"another message lies at position {here.position}"
                raise Discontinuity(message)
        return here

    async def _retry_all(self) -> None:
        """New code may understand what the old one could not: try what is parked once at every start."""
        for row in await self.parked():
            await self.retry(str(row["aggregate"]))

    async def _refresh(self) -> None:
        async with self._database.reading() as connection:
            here = await place(connection, self.projection.name)
        if here is not None and here.position != self.position:
            self._arrive(here)

    async def _watch(self) -> None:
        """Lag and parked aggregates as figures, whoever applies (C18)."""
        while True:
            heed_cancelling()
            try:
                self.lag = max(0, (await self._stream.info()).last - self.position)
                metrics.LAG.labels(self.projection.name).set(self.lag)
                metrics.PARKED.labels(self.projection.name).set(len(await self.parked()))
            except WORLD as error:
                observe("projection.unwatched", outcome="retry", level="warning", **self._named(error))
            await asyncio.sleep(WATCH_SECONDS)

    def _arrive(self, here: Place) -> None:
        self.position = here.position
        metrics.POSITION.labels(self.projection.name).set(here.position)
        self._moved_at = asyncio.get_running_loop().time()
        self._moved.set()
        self._moved = asyncio.Event()

    def _stop(self, why: str) -> None:
        self.trouble = why
        observe("projection.stopped", outcome="stopped", level="error", projection=self.projection.name, why=why)

    def _named(self, error: Exception) -> dict[str, Any]:
        return {"projection": self.projection.name, "error": f"{type(error).__name__}: {error}"[:500]}
