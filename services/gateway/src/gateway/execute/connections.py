"""Connections to the environments' databases: one budget per worker, held as long as they are used (DESIGN 4.6).

A connection belongs to one database and one role, so pools of fixed size would waste most of what the server allows.
Here every environment gets what is free; when nothing is, the connection that was idle longest in another environment
is given up for it, and otherwise the caller waits his turn, at most `WAIT_SECONDS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import asyncpg

from common import sealing
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.logs import log

WAIT_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 60.0
STATEMENT_SECONDS: Final = 10
"""After that the server ends a statement."""
SILENT_SECONDS: Final = STATEMENT_SECONDS + 1
"""After that a server that does not even end statements is given up."""
STATEMENTS_CACHED: Final = 200
"""Prepared statements per connection; each costs the server memory."""
STATEMENT_BYTES_MAX: Final = 64 * 1024
"""Longer statements are not kept prepared."""
RESERVED: Final = 60
"""Connections of the server that are left to services, migrations and people."""
PER_ENVIRONMENT: Final = 24
"""More connections of one database only make each other slower."""
SESSION: Final = {
    "application_name": "mortise-gateway",
    "statement_timeout": str(STATEMENT_SECONDS * 1000),
    "idle_in_transaction_session_timeout": str(2 * STATEMENT_SECONDS * 1000),
    "timezone": "UTC",
    "jit": "off",
}
NEIGHBOUR_WAITS_SECONDS: Final = 0.1
"""As long as nobody waits longer, a connection stays with its environment: reconnecting costs milliseconds."""

Connection: TypeAlias = "asyncpg.Connection[Any]"


LOST: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
)
"""The connection is gone, and with it the knowledge of what became of a statement."""


@dataclass(slots=True)
class _Waiting:
    environment: str
    since: float
    turn: asyncio.Future[Connection | None]
    """None: there is room, already counted, to open a new connection."""


@dataclass(slots=True)
class _Pool:
    idle: deque[tuple[Connection, float]] = field(default_factory=deque)
    size: int = 0
    """Connections idle, in use or being opened."""


class Connections:
    """All connections of this worker. `budget` is how many it may have open, `most` how many of one environment."""

    def __init__(self, dsn: str, secret_key: bytes, budget: int, most: int = PER_ENVIRONMENT) -> None:
        self._dsn = dsn
        self._secret_key = secret_key
        self.budget = budget
        self.most = min(most, budget)
        self.open = 0
        self._pools: OrderedDict[str, _Pool] = OrderedDict()
        self._waiting: deque[_Waiting] = deque()
        self._closing: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @contextlib.asynccontextmanager
    async def use(self, environment: str, database: str) -> AsyncIterator[Connection]:
        """A connection to an environment's database. Raises Refused SERVICE_UNAVAILABLE when none is free in time."""
        connection = await self.take(environment, database)
        try:
            yield connection
        except LOST:
            # The driver may not have noticed yet; nobody must be given this one.
            connection.terminate()
            raise
        finally:
            self.give_back(environment, connection)

    async def take(self, environment: str, database: str) -> Connection:
        """A connection that the caller gives back. Raises Refused SERVICE_UNAVAILABLE."""
        pool = self._pools.setdefault(environment, _Pool())
        self._pools.move_to_end(environment)
        while pool.idle:
            connection, _ = pool.idle.pop()
            if not connection.is_closed():
                return connection
            self._uncount(environment)
        if pool.size < self.most and (self.open < self.budget or self._evict(environment)):
            self._count(environment)
            return await self._connect(environment, database)
        given = await self._turn(environment)
        return given if given is not None else await self._connect(environment, database)

    def give_back(self, environment: str, connection: Connection) -> None:
        """The connection is free for the next call: of this environment, or of one that has waited too long."""
        if connection.is_closed() or connection.is_in_transaction():
            self._drop(environment, connection)
            self._offer_room()
            return
        waiting = self._next(environment)
        if waiting is None:
            self._pools[environment].idle.append((connection, self._loop.time()))
        elif waiting.environment == environment:
            waiting.turn.set_result(connection)
        else:
            self._drop(environment, connection)
            self._count(waiting.environment)
            waiting.turn.set_result(None)

    async def keep_tidy(self) -> None:
        """Close what was idle too long, for ever."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            self.sweep(IDLE_SECONDS)

    def sweep(self, idle_seconds: float) -> None:
        """Close connections that were idle for so long, and forget environments without any."""
        before = self._loop.time() - idle_seconds
        for environment, pool in list(self._pools.items()):
            while pool.idle and pool.idle[0][1] <= before:
                self._drop(environment, pool.idle.popleft()[0])
            if not pool.size:
                del self._pools[environment]

    async def close(self) -> None:
        """Close all that is idle; calls that still run keep theirs to their end."""
        self.sweep(-1)
        await asyncio.gather(*self._closing)

    def _count(self, environment: str) -> None:
        self.open += 1
        self._pools.setdefault(environment, _Pool()).size += 1

    def _uncount(self, environment: str) -> None:
        self.open -= 1
        self._pools[environment].size -= 1

    def _next(self, environment: str) -> _Waiting | None:
        """Who gets what is free: the longest waiting, unless one of the same environment can spare us a change."""
        able = [one for one in self._waiting if not one.turn.done() and self._may_have(one, environment)]
        if not able:
            return None
        first = able[0]
        if self._loop.time() - first.since < NEIGHBOUR_WAITS_SECONDS:
            first = next((one for one in able if one.environment == environment), first)
        self._waiting.remove(first)
        return first

    def _may_have(self, waiting: _Waiting, environment: str) -> bool:
        if waiting.environment == environment:
            return True
        pool = self._pools.get(waiting.environment)
        return pool is None or pool.size < self.most

    def _offer_room(self) -> None:
        """A connection less: somebody may open one."""
        waiting = self._next("") if self.open < self.budget else None
        if waiting is not None:
            self._count(waiting.environment)
            waiting.turn.set_result(None)

    async def _turn(self, environment: str) -> Connection | None:
        waiting = _Waiting(environment, self._loop.time(), self._loop.create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await waiting.turn
        except (TimeoutError, asyncio.CancelledError) as end:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            if waiting.turn.done() and not waiting.turn.cancelled():
                self._return_unused(environment, waiting.turn.result())
            if isinstance(end, asyncio.CancelledError):
                raise
            raise Refused(
                SERVICE_UNAVAILABLE,
                "All database connections are in use.",
                "Try again in a moment, with fewer calls at once.",
                reason="OVERLOADED",
            ) from None

    def _return_unused(self, environment: str, given: Connection | None) -> None:
        if given is not None:
            self.give_back(environment, given)
        else:
            self._uncount(environment)
            self._offer_room()

    def _evict(self, environment: str) -> bool:
        """Make room by closing the connection that was idle longest in the least recently used other environment."""
        for other, pool in self._pools.items():
            if other != environment and pool.idle:
                self._drop(other, pool.idle.popleft()[0])
                return True
        return False

    def _drop(self, environment: str, connection: Connection) -> None:
        self._uncount(environment)
        task = self._loop.create_task(_closed(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _connect(self, environment: str, database: str) -> Connection:
        """A new connection, counted already."""
        try:
            return await asyncpg.connect(
                self._dsn,
                user=database,
                database=database,
                password=_password(self._secret_key, environment),
                timeout=CONNECT_SECONDS,
                command_timeout=SILENT_SECONDS,
                statement_cache_size=STATEMENTS_CACHED,
                max_cacheable_statement_size=STATEMENT_BYTES_MAX,
                max_cached_statement_lifetime=0,
                server_settings=SESSION,
            )
        except BaseException as problem:
            self._uncount(environment)
            self._offer_room()
            if not isinstance(problem, OSError | TimeoutError | asyncpg.PostgresError | asyncpg.InterfaceError):
                raise
            log.warning("gateway.connect", outcome="failed", environment=environment, problem=str(problem))
            raise Refused(
                SERVICE_UNAVAILABLE, "The environment's database cannot be reached.", "Try again in a moment."
            ) from problem


def share(max_connections: int, workers: int) -> int:
    """One worker's share of a server's connections; of a small server half stays in reserve."""
    return max(2, (max_connections - min(RESERVED, max_connections // 2)) // workers)


async def _closed(connection: Connection) -> None:
    with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=2)


@functools.lru_cache(maxsize=4096)
def _password(secret_key: bytes, environment: str) -> str:
    return sealing.environment_password(secret_key, environment)
