"""What environments with limits use: gates by environment, told to the other workers, put to sleep and measured.

Every second a worker adds what it let through to the table that all workers share, and learns the sums. So a limit of
calls a day is overshot by no more than what the other workers let through within that second, and what a worker counted
in its last second is lost when it is killed.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from faststream.nats import NatsBroker
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from common import clock, rpc
from common.db import Database
from common.errors import RATE_LIMITED, Refused
from common.logs import log, observe
from contracts import names, quotas
from contracts.quotas import Quota
from gateway import store
from gateway.domain.directory import Directory, Route
from gateway.domain.quotas import DAY_MS, Gate, limits_anything
from gateway.execute.connections import IDLE_SECONDS, Connections
from gateway.execute.environments import Environments, place_of
from gateway.execute.lookup import Lookup
from gateway.execute.meter import Call, Meter
from gateway.execute.pool import Errand
from gateway.execute.wire.outcomes import Outcome
from gateway.store import Used

ASKED: Final = "ask.gateway.usage"
SIZE: Final = "select pg_database_size(current_database())::text"
SIZE_SECONDS: Final = 3.0
COMPACT: Final = "ask.provisioner.compact"
COMPACT_SECONDS: Final = 60.0
AWAY: Final = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Raised while the server of the read models is away; while connecting, the driver's own errors come through."""
_NEVER: Final = object()


class Quotas:
    """The gates of this worker."""

    def __init__(  # noqa: PLR0913 - all that an environment's use is made of
        self,
        table: Mapping[str, Quota],
        workers: int,
        *,
        lookup: Lookup,
        database: Database,
        connections: Connections,
        environments: Environments,
        meter: Meter,
        broker: NatsBroker,
    ) -> None:
        self._broker = broker
        self._table = table
        self._workers = workers
        self._lookup = lookup
        self._database = database
        self._connections = connections
        self._environments = environments
        self._meter = meter
        self._gates: dict[str, tuple[Any, Gate | None]] = {}
        """By environment, with the row of the directory that it was made by."""
        self._awake: dict[str, Gate] = {}
        self._known: dict[str, Used] = {}
        """What was used of today before this worker began."""
        self._telling = asyncio.Lock()
        """What is on its way must not be told a second time."""

    async def start(self) -> None:
        """Load what was used today."""
        self._known = await store.prepare_usage(self._database, clock.milliseconds() // DAY_MS)

    # --- on the way of a call -----------------------------------------------------------------------------------------

    def gate(self, route: Route) -> Gate | None:
        """The gate of an environment; None when nothing is limited there."""
        declared = self._directory.rows["caps"].get(route.environment)
        kept, gate = self._gates.get(route.environment, (_NEVER, None))
        if kept is declared:
            return gate
        quota = self._quota(route)
        if gate is None and limits_anything(quota):
            gate = self._new(route)
        if gate is not None:
            gate.bound(quota, self._workers)
        self._gates[route.environment] = (declared, gate)
        return gate

    def wake(self, route: Route, gate: Gate) -> None:
        """A call is let through on the common way, which every call goes that finds its environment asleep."""
        self._awake[route.environment] = gate

    def limited(self, route: Route, caller: tuple[str | None, str | None], bytes_in: int, bytes_out: int) -> None:
        """A call of (credential, client) was refused because of a limit; it is recorded with others of its kind."""
        gate = self.gate(route)
        assert gate is not None, "what was refused because of a limit has one"
        self._awake[route.environment] = gate
        gate.refuse(caller, bytes_in, bytes_out)

    def writing(self, route: Route, gate: Gate, bytes_in: int) -> None:
        """A call wants to write: see to it that the size of the database is known."""
        now_ms = clock.milliseconds()
        if gate.wrote(bytes_in, now_ms):
            gate.measuring = True
            told = functools.partial(_measured, gate)
            errand = Errand(((SIZE, ()),), told, small=True)
            self._connections.submit(route.environment, route.database, errand)

    # --- from time to time --------------------------------------------------------------------------------------------

    async def tell(self) -> None:
        """Record what was refused, and tell and learn how much was used."""
        try:
            self._record()
        except OSError as problem:
            # The disk of the write-ahead log: whoever is let through meets it, too, and is told.
            log.error("gateway.wal", outcome="lost", problem=str(problem))
        async with self._telling:
            await self._tell_usage()

    async def _tell_usage(self) -> None:
        gates = {
            environment: gate for environment, gate in self._awake.items() if gate.calls != gate.told or gate.limited
        }
        if not gates:
            return
        at_send = {environment: (gate.calls, gate.limited) for environment, gate in gates.items()}
        news = [
            Used(environment, gate.day, gate.calls - gate.told, gate.limited, gate.at_ms)
            for environment, gate in gates.items()
        ]
        try:
            sums = await store.add_usage(self._database, news)
        except AWAY as problem:
            # It is told with the next turn. If it did arrive, calls count twice: the day ends a little early.
            observe("gateway.usage", outcome="retry", level="warning", error=f"{type(problem).__name__}: {problem}")
            return
        for used in sums:
            calls, limited = at_send[used.environment]
            gates[used.environment].learn(used.day, used.calls, calls)
            gates[used.environment].limited -= limited

    def _record(self) -> None:
        """One record for the calls of one caller that were refused since the last time."""
        some = False
        for environment, gate in self._awake.items():
            if not gate.refused:
                continue
            route = self._directory.routes.get(names.endpoint(environment))
            refused, gate.refused = gate.refused, {}
            if route is None:
                continue
            for (credential, client), noted in refused.items():
                call = Call("limited", 0, noted.bytes_in, noted.bytes_out, credential, client, code=RATE_LIMITED)
                self._meter.record(place_of(route), call, noted.times)
                observe("gateway.limited", environment=environment, kind=route.kind, calls=noted.times)
                some = True
        if some:
            self._meter.write()

    async def put_to_sleep(self) -> None:
        """Let go of what is held for environments that nobody has called for long, or that are gone."""
        now_ms = clock.milliseconds()
        live = {route.environment for route in self._directory.routes.values()}
        for environment, (_, gate) in self._gates.items():
            # A call that took long may have brought back what was let go of.
            if gate is not None and environment not in self._awake and self._environments.awake(environment):
                self._awake[environment] = gate
        asleep = 0
        for environment, gate in list(self._awake.items()):
            if environment not in live or (gate.may_sleep(now_ms) and gate.calls == gate.told and not gate.limited):
                self._environments.sleep(environment)
                del self._awake[environment]
                asleep += 1
        for environment in [one for one in self._gates if one not in live]:
            del self._gates[environment]
        if asleep:
            self._connections.sweep(IDLE_SECONDS)
            observe("gateway.asleep", environments=asleep)

    async def compact(self) -> None:
        """Have full databases made smaller from which something was taken away."""
        for environment, gate in list(self._awake.items()):
            now_ms = clock.milliseconds()
            if not gate.may_shrink(now_ms):
                continue
            gate.emptied, gate.compacted_ms = False, now_ms
            told = await rpc.request(self._broker, COMPACT, {"environment": environment}, ToldCompact, COMPACT_SECONDS)
            gate.measured(told.bytes, clock.milliseconds())
            observe("gateway.compacted", environment=environment, bytes=told.bytes)

    # --- what others ask ----------------------------------------------------------------------------------------------

    def asleep(self) -> int:
        """How many environments sleep as far as this worker is concerned."""
        kinds = {kind for kind, quota in self._table.items() if quota.sleep_minutes is not None}
        return sum(
            [
                route.kind in kinds and not self._environments.awake(route.environment)
                for route in self._directory.routes.values()
            ]
        )

    async def usage(self, asked: AskedUsage) -> ToldUsage:
        """What one environment uses now. Raises Refused SERVICE_UNAVAILABLE."""
        await self._lookup.wait_for(asked.position)
        await self.tell()
        route = self._directory.routes.get(names.endpoint(asked.environment))
        if route is None:
            return ToldUsage()
        now_ms = clock.milliseconds()
        used = await store.usage_of(self._database, asked.environment)
        quota = self._quota(route)
        bytes_ = await self._size(route)
        today = used is not None and used.day == now_ms // DAY_MS
        sleep_ms = None if quota.sleep_minutes is None else quota.sleep_minutes * 60_000
        return ToldUsage(
            live=True,
            calls=used.calls if used is not None and today else 0,
            limited=used.limited if used is not None and today else 0,
            counted=limits_anything(quota),
            called_at_ms=used.called_at_ms if used is not None and used.called_at_ms else None,
            asleep=sleep_ms is not None and (used is None or now_ms - used.called_at_ms >= sleep_ms),
            database_bytes=bytes_,
        )

    async def _size(self, route: Route) -> int | None:
        """The size of a database now; None when nobody can tell in time."""
        answer: asyncio.Future[Outcome | Refused] = asyncio.get_running_loop().create_future()

        def told(outcome: Outcome | Refused) -> None:
            if not answer.done():
                answer.set_result(outcome)

        self._connections.submit(route.environment, route.database, Errand(((SIZE, ()),), told, small=True))
        try:
            async with asyncio.timeout(SIZE_SECONDS):
                return _bytes(await answer)
        except TimeoutError:
            return None

    # --- gates --------------------------------------------------------------------------------------------------------

    @property
    def _directory(self) -> Directory:
        return self._lookup.directory

    def _quota(self, route: Route) -> Quota:
        declared = self._directory.rows["caps"].get(route.environment) or {}
        return quotas.in_force(quotas.of_kind(self._table, route.kind), declared.get("granted"), declared.get("caps"))

    def _new(self, route: Route) -> Gate:
        gate = Gate()
        used = self._known.pop(route.environment, None)
        if used is not None:
            gate.midnight_ms = (used.day + 1) * DAY_MS
            gate.calls = gate.told = used.calls
        return gate


class ToldCompact(BaseModel):
    """What the provisioner answers: the size of the database now."""

    bytes: int | None = None


class AskedUsage(BaseModel):
    """The question how much an environment uses, as the log was at a position at least."""

    environment: str
    position: int = 0


class ToldUsage(BaseModel):
    """The answer; `live` is false, and the rest without meaning, where nothing is deployed."""

    live: bool = False
    counted: bool = False
    """Whether calls are counted here: where nothing is limited they are not."""
    calls: int = 0
    limited: int = 0
    called_at_ms: int | None = None
    asleep: bool = False
    database_bytes: int | None = None


def _bytes(outcome: Outcome | Refused) -> int | None:
    return int(outcome) if isinstance(outcome, str) and outcome.isdecimal() else None


def _measured(gate: Gate, outcome: Outcome | Refused) -> None:
    was = gate.full
    gate.measured(_bytes(outcome), clock.milliseconds())
    if gate.full is not was:
        log.info("gateway.database", outcome="full" if gate.full else "room", bytes=gate.bytes)
