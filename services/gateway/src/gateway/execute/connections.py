"""Connections to the environments' databases: one budget per worker, held as long as they are used (DESIGN 4.6).

A connection belongs to one database and one role, so pools of fixed size would waste most of what the server allows.
Here every environment gets what is free; when nothing is, the connection that was idle longest in another environment
is given up for it, and otherwise the caller waits his turn, at most `WAIT_SECONDS`.

Small reads share a few connections of their environment and do not wait for each other's answers, and so does what was
soon over of late, a write only beside other writes; everything else has a connection for itself, so that nobody stands
behind it.
"""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg

from common import sealing
from common.errors import INTERNAL, SERVICE_UNAVAILABLE, Refused
from common.logs import log
from gateway.engine import Statement
from gateway.execute.commits import LAZY
from gateway.execute.pool import BUSY, Errand, Pool, Told
from gateway.execute.wire.opening import Account, opened
from gateway.execute.wire.outcomes import Outcome
from gateway.execute.wire.wire import Wire

WAIT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 60.0
STATEMENT_SECONDS: Final = 10
"""After that the server ends a statement, where the environment's limits say nothing else."""
SILENT_SECONDS: Final = STATEMENT_SECONDS + 1
"""After that a server that does not even end statements is given up."""
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


class Connections:
    """All connections of this worker. `budget` is how many it may have open, `most` how many of one environment."""

    def __init__(
        self,
        dsn: str,
        secret_key: bytes,
        budget: int,
        most: int = PER_ENVIRONMENT,
        statement_seconds: Callable[[str], int] | None = None,
    ) -> None:
        self._dsn = dsn
        self._statement_seconds = statement_seconds
        self._secret_key = secret_key
        self.budget = budget
        self.most = min(most, budget)
        self.open = 0
        """Connections that are open or being opened."""
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        """By environment, the least recently used first."""
        self._crowded: OrderedDict[str, Pool] = OrderedDict()
        """Those for which somebody waits, the longest waiting first."""
        self._deadline: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Future[None]] = set()
        self._loop = asyncio.get_running_loop()

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, environment: str, database: str, statement: Statement, values: Sequence[Any], told: Told) -> None:
        """Ask a small read. Raises ValueError for values that cannot be sent; then nobody is told anything."""
        pool = self._pools.get(environment)
        if pool is not None and not pool.waiting:
            wire = pool.shared()
            if wire is not None:
                self._pools.move_to_end(environment)
                wire.ask(statement.sql, values, told, statement.batch)
                if wire.outstanding >= BUSY:
                    self._grow(pool)
                return
        self.submit(environment, database, Errand(((statement.sql, values),), told, small=True, batch=statement.batch))

    def submit(self, environment: str, database: str, errand: Errand) -> None:
        """Run an errand when its turn comes. What cannot be run at all, or not in time, is told a Refused."""
        pool = self._pools.get(environment)
        if pool is None:
            pool = self._pools[environment] = Pool(environment, database)
        self._pools.move_to_end(environment)
        if errand.shares and (pool.commits.under_way or not errand.writes):
            errand.depth = pool.paces.depth(errand.steps[0][0])
        wire = None if pool.waiting else pool.free_for(errand, self._loop.time())
        if wire is not None:
            self._start(pool, wire, errand)
            return
        pool.put(errand)
        if pool.needs_another():
            if self._has_room(pool):
                self._open(pool)
            elif pool.waiting[0] is errand:
                # No connection for itself is to be had, but what stands before it here is small.
                wire = pool.shared()
        if wire is not None:
            pool.remove(errand)
            self._start(pool, wire, errand)
            return
        errand.since = self._loop.time()
        self._crowded.setdefault(environment, pool)
        if self._deadline is None:
            self._deadline = self._loop.call_later(WAIT_SECONDS, self._refuse_late)

    def withdraw(self, environment: str, errand: Errand) -> None:
        """Nobody wants it any more: it is not begun if it still waits."""
        pool = self._pools.get(environment)
        if pool is not None and errand in pool.waiting:
            pool.remove(errand)
            self._uncrowd(pool)

    def _start(self, pool: Pool, wire: Wire, errand: Errand) -> None:
        try:
            if errand.small:
                ((sql, values),) = errand.steps
                wire.ask(sql, values, errand.told, errand.batch)
            else:
                done = functools.partial(self._finished, pool, wire, errand)
                wire.run(errand.steps, done, movable=errand.depth > 1 and not errand.writes)
                wire.held = errand.depth == 1
                if errand.writes:
                    pool.commits.begun()
        except ValueError as problem:
            # A value that cannot be a parameter: nothing has left this process.
            log.error("gateway.sql", outcome="unexpected", environment=pool.environment, problem=str(problem))
            self._loop.call_soon(errand.told, Refused(INTERNAL, "Internal server error"))

    def _finished(self, pool: Pool, wire: Wire, errand: Errand, outcome: Outcome) -> None:
        if errand.depth == 1:
            wire.held = False
        if errand.shares and (outcome is None or isinstance(outcome, str)):
            pool.paces.took(errand.steps[0][0], self._loop.time() - wire.since)
        if errand.writes:
            pool.commits.ended(wire, errand.told, outcome)
        else:
            errand.told(outcome)

    # --- turns ----------------------------------------------------------------------------------------------------

    def _answered(self, pool: Pool, wire: Wire) -> None:
        """Answers came in on a connection: it may be free for who waits."""
        pool.commits.flush()
        if wire.retired and not wire.outstanding:
            self._drop(pool, wire)
            self._offer_room()
        elif self._crowded and wire.usable:
            self._serve(pool, wire)

    def _serve(self, pool: Pool, wire: Wire) -> None:
        """Give a connection to who waits: of this environment, or of one that has waited too long."""
        spare = not wire.outstanding and not pool.waiting
        neighbour = self._neighbour(pool, 0.0 if spare else NEIGHBOUR_WAITS_SECONDS)
        if neighbour is not None:
            wire.retired = True
            self._answered(pool, wire)
        else:
            self._give(pool, wire)

    def _give(self, pool: Pool, wire: Wire) -> None:
        """Start on a connection what waits for one in its environment."""
        while pool.waiting and pool.takes(wire):
            self._start(pool, wire, pool.take())
        if not pool.waiting:
            self._uncrowd(pool)
        elif self.open < self.budget and self._may_open(pool):
            self._open(pool)

    def _neighbour(self, pool: Pool, patience: float) -> Pool | None:
        """Another environment where somebody has waited so long for want of room."""
        before = self._loop.time() - patience
        for other in self._crowded.values():
            if other is not pool and other.waiting[0].since <= before and self._may_open(other):
                return other
        return None

    def _may_open(self, pool: Pool) -> bool:
        return pool.size < self.most and pool.needs_another()

    def _offer_room(self) -> None:
        """A connection less: who waits longest may open one."""
        for pool in sorted(self._crowded.values(), key=lambda one: one.waiting[0].since):
            while self.open < self.budget and self._may_open(pool):
                self._open(pool)

    def _uncrowd(self, pool: Pool) -> None:
        if not pool.waiting:
            self._crowded.pop(pool.environment, None)

    def _refuse_late(self) -> None:
        """Nobody waits longer than he should."""
        self._deadline = None
        before = self._loop.time() - WAIT_SECONDS
        for pool in list(self._crowded.values()):
            while pool.waiting and pool.waiting[0].since <= before:
                pool.take().told(_overloaded())
            self._uncrowd(pool)
        if self._crowded:
            first = min([pool.waiting[0].since for pool in self._crowded.values()])
            self._deadline = self._loop.call_later(first - before, self._refuse_late)

    # --- opening and closing --------------------------------------------------------------------------------------

    def _open(self, pool: Pool) -> None:
        """Begin to open a connection."""
        self.open += 1
        pool.opening += 1
        task = self._loop.create_task(self._opened(pool))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _grow(self, pool: Pool) -> None:
        """One more connection for small reads to share, if there is one to spare."""
        if self.open < self.budget and pool.size < self.most and pool.may_grow(self._loop.time()):
            self._open(pool)

    async def _opened(self, pool: Pool) -> None:
        session, silent = SESSION | LAZY, float(SILENT_SECONDS)
        if self._statement_seconds is not None:
            seconds = self._statement_seconds(pool.environment)
            silent += seconds - STATEMENT_SECONDS
            session |= {
                "statement_timeout": str(seconds * 1000),
                "idle_in_transaction_session_timeout": str(2 * seconds * 1000),
            }
        password = _password(self._secret_key, pool.environment)
        account = Account(self._dsn, pool.database, pool.database, password, session)
        answered, ended = functools.partial(self._answered, pool), functools.partial(self._ended, pool)
        try:
            wire = await opened(account, answered, ended, silent_seconds=silent)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            log.warning("gateway.connect", outcome="failed", environment=pool.environment, problem=str(problem))
            self._not_opened(pool)
        except BaseException:
            self._not_opened(pool)
            raise
        else:
            pool.opening -= 1
            pool.wires.append(wire)
            # Whom it was opened for comes first, however long others have waited.
            self._give(pool, wire)

    def _not_opened(self, pool: Pool) -> None:
        pool.opening -= 1
        self.open -= 1
        pool.no_more_until = self._loop.time() + WAIT_SECONDS
        if not pool.size:
            # Nobody else will answer them.
            self._crowded.pop(pool.environment, None)
            for errand in [pool.take() for _ in range(len(pool.waiting))]:
                errand.told(_unreachable())
        self._offer_room()

    def _ended(self, pool: Pool, wire: Wire) -> None:
        """A connection is gone; those who waited for answers know it already."""
        pool.commits.flush()
        if wire in pool.wires:
            pool.wires.remove(wire)
            self.open -= 1
            self._offer_room()

    def _has_room(self, pool: Pool) -> bool:
        """Whether an environment may have one more connection. If need be, another one gives one up that is idle.

        It is the one idle longest, in the environment that was not used for longest.
        """
        if pool.size >= self.most:
            return False
        if self.open < self.budget:
            return True
        for other in self._pools.values():
            wire = other.idle_longest() if other is not pool else None
            if wire is not None:
                self._drop(other, wire)
                return True
        return False

    def _drop(self, pool: Pool, wire: Wire) -> None:
        pool.wires.remove(wire)
        self.open -= 1
        self._closing.add(wire.closed)
        wire.closed.add_done_callback(self._closing.discard)
        wire.close()

    def retire(self, environment: str) -> int:
        """Close an environment's connections, each when what runs on it has ended; how many these are."""
        pool = self._pools.get(environment)
        wires = list(pool.wires) if pool is not None else []
        for wire in wires:
            assert pool is not None, "its connections are there"
            wire.retired = True
            self._answered(pool, wire)
        return len(wires)

    async def keep_tidy(self) -> None:
        """Close what was idle too long, for ever."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            self.sweep(IDLE_SECONDS)

    def sweep(self, idle_seconds: float) -> None:
        """Close connections that were idle for so long, and forget environments without any."""
        before = self._loop.time() - idle_seconds
        for environment, pool in list(self._pools.items()):
            for wire in list(pool.wires):
                if wire.idle and wire.used_at <= before:
                    self._drop(pool, wire)
            if not pool.size and not pool.waiting:
                del self._pools[environment]

    async def close(self) -> None:
        """Close all that is idle; calls that still run keep theirs to their end."""
        await asyncio.gather(*self._opening)
        self.sweep(-1)
        await asyncio.gather(*self._closing)


def share(max_connections: int, workers: int) -> int:
    """One worker's share of a server's connections; of a small server half stays in reserve."""
    return max(2, (max_connections - min(RESERVED, max_connections // 2)) // workers)


def _overloaded() -> Refused:
    return Refused(
        SERVICE_UNAVAILABLE,
        "All database connections are in use.",
        "Try again in a moment, with fewer calls at once.",
        reason="OVERLOADED",
    )


def _unreachable() -> Refused:
    return Refused(SERVICE_UNAVAILABLE, "The environment's database cannot be reached.", "Try again in a moment.")


@functools.lru_cache(maxsize=4096)
def _password(secret_key: bytes, environment: str) -> str:
    return sealing.environment_password(secret_key, environment)
