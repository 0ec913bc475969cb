"""All data of an environment as one stream: one snapshot, at the caller's pace, to be gone on with when it breaks off.

Everything is read in one transaction, so an export shows one moment, whoever writes meanwhile. When the caller goes
away, the transaction is kept open for a minute: whoever comes back with its snapshot gets the rest of the same bytes
from any worker. Later the snapshot is gone, and only a new export is consistent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from common.errors import BAD_USER_INPUT, Refused
from common.logs import log
from common.sql import Sql, literal, sql
from contracts import gateway as said
from gateway.domain.bulk import lines, reading, writing
from gateway.domain.bulk.shape import Shape, Table
from gateway.domain.directory import Route
from gateway.execute.bulk.desk import MOVED, WORLD, Case, Desk, changing, leave, new_transfer, unreachable

HELD_SECONDS: Final = 60.0
"""How long a broken export can be gone on with."""
HELD_MAX: Final = 2
"""Broken exports that a worker keeps open; one more, and the oldest is given up."""
SNAPSHOT: Final = re.compile(r"[0-9A-F]{8}-[0-9A-F]{8}-[0-9]{1,10}")

Send = Callable[[bytes], Awaitable[None]]
Form = Literal["ndjson", "csv"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: everything as NDJSON, or the sheet of one type; the rest of it after so many bytes."""

    form: Form = "ndjson"
    type: str | None = None
    offset: int = 0
    snapshot: str | None = None


class Exports:
    """The exports of this worker."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._held: list[Export] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, case: Case, wanted: Wanted) -> Export:
        """An export that is ready to `run`, which must follow. Raises Refused."""
        shape = await self._desk.shape(case.route)
        parts = tuple(_parts(shape, wanted))
        await self._desk.take_turn()
        try:
            connection = await self._desk.connect(case.route)
        except BaseException:
            self._desk.give_turn()
            raise
        try:
            snapshot = await _opened(connection, shape, wanted.snapshot)
            await _served(connection, case.route)
        except BaseException as problem:
            self._desk.give_turn()
            await leave(connection)
            if isinstance(problem, WORLD):
                raise unreachable() from problem
            raise
        return Export(self, case, wanted, connection, snapshot, shape, parts)

    async def ended(self, export: Export, *, complete: bool) -> None:
        """Give the turn back; what broke off is kept for whoever comes back."""
        self._desk.give_turn()
        if complete or export.connection.is_closed():
            await leave(export.connection)
            return
        self._held.append(export)
        task = asyncio.create_task(self._hold(export))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if len(self._held) > HELD_MAX:
            self._held[0].given_up.set()

    async def _hold(self, export: Export) -> None:
        try:
            async with asyncio.timeout(HELD_SECONDS):
                await export.given_up.wait()
        except TimeoutError:
            pass
        finally:
            self._held.remove(export)
            await leave(export.connection)

    async def tell(self, export: Export, *, complete: bool) -> None:
        """Put into the log what went out, before the last of it does. Raises Refused SERVICE_UNAVAILABLE."""
        route = export.case.route
        fact = said.DataExported(
            transfer=export.transfer,
            environment=route.environment,
            kind=route.kind,
            form=export.wanted.form,
            types=tuple(export.types),
            nodes=export.nodes,
            edges=export.edges,
            bytes_out=export.bytes_out,
            complete=complete,
        )
        await self._desk.say(export.case, export.transfer, fact)

    async def close(self) -> None:
        """Give up what is held."""
        for export in list(self._held):
            export.given_up.set()
        await asyncio.gather(*self._tasks)


@dataclass(frozen=True, slots=True)
class Part:
    """A statement of an export, and what its rows are."""

    kind: Literal["node", "edge"]
    statement: Sql
    type: str | None = None


class Export:
    """One export under way."""

    def __init__(  # noqa: PLR0913, PLR0917 - an export, told whole
        self,
        exports: Exports,
        case: Case,
        wanted: Wanted,
        connection: asyncpg.Connection[Any],
        snapshot: str,
        shape: Shape,
        parts: tuple[Part, ...],
    ) -> None:
        self._exports = exports
        self._shape = shape
        self._parts = parts
        self._skip = wanted.offset
        self.case = case
        self.wanted = wanted
        self.connection = connection
        self.snapshot = snapshot
        self.transfer = new_transfer()
        self.types = [part.type for part in parts if part.type is not None]
        self.nodes = 0
        self.edges = 0
        self.bytes_out = 0
        self.given_up = asyncio.Event()

    async def run(self, send: Send) -> None:
        """Send all of it. Raises what `send` raises; then it can be gone on with. Raises Refused when the log is down.

        The log has the fact before the last bytes leave: no export is complete without its record.
        """
        complete = False
        try:
            await self._body(send)
            await self._exports.tell(self, complete=True)
            complete = True
            if self.wanted.form == "ndjson":
                await self._sent(send, lines.last(self.nodes, self.edges))
        finally:
            await asyncio.shield(self._end(complete=complete))

    async def _end(self, *, complete: bool) -> None:
        try:
            if not complete:
                await self._exports.tell(self, complete=False)
        except Refused as refusal:
            log.error("gateway.bulk", outcome="unrecorded", transfer=self.transfer, problem=refusal.message)
        finally:
            await self._exports.ended(self, complete=complete)

    async def _body(self, send: Send) -> None:
        if self.wanted.form == "ndjson":
            await self._sent(send, lines.first(self._shape))
        for part in self._parts:
            rows = await self._copied(send, part)
            if part.kind == "node":
                self.nodes += rows
            else:
                self.edges += rows

    async def _copied(self, send: Send, part: Part) -> int:
        """Send the rows of a statement; how many. What fails is rolled back to here, so that the snapshot lives on."""

        async def output(data: bytes) -> None:
            await self._sent(send, bytes(data))

        plain: dict[str, Any] = (
            {"delimiter": "\x02", "quote": "\x01"} if self.wanted.form == "ndjson" else {"header": True}
        )
        async with self.connection.transaction():
            status = await self.connection.copy_from_query(part.statement.text, output=output, format="csv", **plain)
        return int(status.rpartition(" ")[2])

    async def _sent(self, send: Send, data: bytes) -> None:
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        if data:
            await send(data)
            self.bytes_out += len(data)


async def _served(connection: asyncpg.Connection[Any], route: Route) -> None:
    """Refuse to read with one model what is of another."""
    if await connection.fetchval(writing.SERVED.text) != route.model_sha:
        raise changing()


def _parts(shape: Shape, wanted: Wanted) -> Iterator[Part]:
    if wanted.form == "csv":
        table = typed(shape, wanted.type)
        yield Part("node", reading.sheet(table), table.name)
        return
    for table in shape.order:
        yield Part("node", reading.nodes(table), table.name)
    for relation in shape.loose:
        yield Part("edge", reading.edges(shape, relation))


def typed(shape: Shape, name: str | None) -> Table:
    """The type of a sheet. Raises Refused."""
    table = shape.table.get(name or "")
    if table is None:
        hint = f"There are {', '.join(list(shape.table)[:50])}."
        raise Refused(BAD_USER_INPUT, f"There is no type {(name or '')[:64]!r}.", hint, reason="UNKNOWN_TYPE")
    return table


async def _opened(connection: asyncpg.Connection[Any], shape: Shape, snapshot: str | None) -> str:
    """Begin the transaction and keep deployments out; the name under which others see the same moment."""
    await connection.transaction(isolation="repeatable_read", readonly=True).start()
    try:
        if shape.model.entities:
            await connection.execute(reading.lock(shape).text)
        # It takes as long as its caller takes, who is cut off when he takes nothing.
        await connection.execute("set statement_timeout = 0")
        if snapshot is not None:
            if not SNAPSHOT.fullmatch(snapshot):
                raise _gone(snapshot)
            await connection.execute(sql("set transaction snapshot {s}", s=literal(snapshot)).text)
        return str(await connection.fetchval("select pg_export_snapshot()"))
    except (
        asyncpg.UndefinedObjectError,
        asyncpg.InvalidParameterValueError,
        asyncpg.ObjectNotInPrerequisiteStateError,
    ):
        raise _gone(snapshot or "") from None
    except MOVED:
        raise changing() from None


def _gone(snapshot: str) -> Refused:
    return Refused(
        BAD_USER_INPUT,
        f"The snapshot {snapshot[:40]!r} is gone: an export can be gone on with for {HELD_SECONDS:.0f} seconds.",
        "Begin the export again.",
        reason="SNAPSHOT_GONE",
    )
