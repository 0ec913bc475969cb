"""A compiled operation run on its environment's database: statements in order, retries, and models that move.

The engine decides what a row or an SQL error means; here connections, transactions and time are spent (DESIGN 4.1-4.4).
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from common import clock
from common.errors import INTERNAL, SERVICE_UNAVAILABLE, Refused
from common.logs import log
from gateway.domain.directory import Route
from gateway.engine import (
    OBJECTION,
    Again,
    Call,
    Engine,
    Failure,
    Fresh,
    Refusal,
    Request,
    Result,
    Root,
    fitting,
    ids,
    settled,
    slow,
    timed_out,
    unexpected,
)
from gateway.execute.connections import Connections
from gateway.execute.environments import Environments, Served
from gateway.execute.lookup import Lookup
from gateway.execute.pool import Errand
from gateway.execute.wire.messages import Problem
from gateway.execute.wire.outcomes import Lost, Outcome
from gateway.execute.wire.wire import Step

RETRIES: Final = 3
"""Times a root field is run again after it lost against a concurrent transaction."""
CANCELED: Final = "57014"
"""SQLSTATE of a statement that took longer than it may."""
STALE: Final = frozenset({"0A000", "26000"})
"""SQLSTATEs of a prepared statement that must be prepared again: its result changed, or the server does not know it."""
RESOURCES: Final = "53"
"""Class of errors that say what the server is short of."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished operation: what was compiled last, one result per root field, and who served it."""

    served: Served
    call: Call
    results: list[Result]


class Unsettled(Enum):
    """A read that was begun has no result yet."""

    UNSETTLED = "run looks at it again"


UNSETTLED: Final = Unsettled.UNSETTLED


class Calls:
    """Runs operations of all environments."""

    def __init__(self, connections: Connections, environments: Environments, lookup: Lookup) -> None:
        self._connections = connections
        self._environments = environments
        self._lookup = lookup

    async def compile(self, served: Served, request: Request) -> tuple[Served, Call | Refusal]:
        """The operation for its environment. What an old model refuses is asked of the newest one once more."""
        call = await _compiled(served, request)
        if isinstance(call, Refusal) and call.stage == "invalid":
            route = self._lookup.directory.routes.get(served.endpoint)
            if route is not None and route != served.route:
                served = await self._environments.newest(route)
                call = await _compiled(served, request)
        return served, call

    def start(self, served: Served, call: Call, done: Callable[[Result | Refused | Unsettled], None]) -> bool:
        """Begin a call of exactly one root field that needs the database, at the least cost; False: it must be `run`.

        `done` is called once, from the event loop, never before this returns, and must not raise: with the result; with
        a Refused, when nothing ran or nobody knows whether it did; or with UNSETTLED, when nothing was written and
        `run` should look at it again, with all the rules.
        """
        if len(call.roots) != 1 or call.roots[0].kind == "constant":
            return False
        route, root = served.route, call.roots[0]

        def told(outcome: Outcome | Refused) -> None:
            done(_settled(served, call, root, outcome))

        statement = root.statements[0]
        if statement.small:
            try:
                values = statement.values(call.variables, _NOT_FRESH)
                self._connections.ask(route.environment, route.database, statement, values, told)
            except ValueError:
                return False
        else:
            errand = Errand(_steps(call, root), told, writes=root.kind == "write", shares=True)
            self._connections.submit(route.environment, route.database, errand)
        return True

    async def run(self, served: Served, request: Request, call: Call, request_id: str) -> Ran | Refusal:
        """Run all root fields. Raises Refused while nothing has run; later refusals stand beside what has."""
        running = _Running(served, call, request_id)
        go = self._reads if call.kind == "query" else self._writes
        if await go(running) is Again.MOVED:
            running.served = served = await self._renewed(served)
            again = await _compiled(served, request)
            if isinstance(again, Refusal):
                return again
            running.call, running.renewed = again, True
            await go(running)
        return Ran(running.served, running.call, running.results)

    async def _renewed(self, served: Served) -> Served:
        await self._lookup.catch_up()
        route = self._lookup.directory.routes.get(served.endpoint)
        if route is None:
            raise Refused(SERVICE_UNAVAILABLE, "The environment is being removed.")
        return await self._environments.newest(route)

    async def _writes(self, running: _Running) -> Again | None:
        """Run what has no result yet, one after the other. MOVED, if that can still be helped: go on with a newer call.

        Raises Refused while nothing has run.
        """
        while len(running.results) < len(running.call.roots):
            outcome = await self._root(running, running.call.roots[len(running.results)])
            if outcome is Again.MOVED and not running.renewed:
                return outcome
            if isinstance(outcome, Refused) and outcome.code != INTERNAL and not running.results:
                raise outcome
            running.results.append(running.placed(running.fitted(running.results, outcome)))
        return None

    async def _reads(self, running: _Running) -> Again | None:
        """Run all root fields: small ones at once, the others one after the other. MOVED: the same with a newer call.

        Raises Refused when nothing could be run.
        """
        roots = running.call.roots
        outcomes: dict[int, Result | Refused | Again] = {}

        async def fill(numbers: Sequence[int]) -> None:
            for number in numbers:
                outcomes[number] = running.fitted(outcomes.values(), await self._root(running, roots[number]))

        alone = [number for number, root in enumerate(roots) if root.kind == "read" and root.statements[0].small]
        groups = [[number] for number in alone] + [[n for n in range(len(roots)) if n not in alone]]
        if len(roots) == 1:
            await fill([0])
        else:
            await asyncio.gather(*(fill(each) for each in groups))
        if Again.MOVED in outcomes.values() and not running.renewed:
            return Again.MOVED
        refused = [one for one in outcomes.values() if isinstance(one, Refused) and one.code != INTERNAL]
        if refused and len(refused) == sum([root.kind != "constant" for root in roots]):
            raise refused[0]
        running.results = [running.placed(outcomes[number]) for number in range(len(roots))]
        return None

    async def _root(self, running: _Running, root: Root) -> Result | Refused | Again:
        """One root field, run again while it loses against concurrent transactions. Of `Again` only MOVED is told."""
        if root.kind == "constant":
            return settled(root)
        call, attempts, lost = running.call, 0, False
        small = root.kind == "read" and root.statements[0].small
        while True:
            outcome = await self._outcome(running.served.route, root, call, small=small)
            match outcome:
                case Lost(set_aside=True):
                    small = False
                    continue
                case Lost(silent=silent):
                    # A read can be asked again; a change may have happened, and only the caller can know what to do.
                    # Where a server stands still, asking again would only take as long once more.
                    if lost or silent or root.kind == "write":
                        return _gone(call)
                    lost = True
                    continue
                case Problem():
                    meaning = _explained(running.served.engine, call, root, outcome)
                case _:
                    return outcome
            if meaning is not Again.RETRY:
                return meaning
            if attempts == RETRIES:
                return _BUSY
            await asyncio.sleep(secrets.randbelow(10 << attempts) / 1000)
            attempts += 1

    async def _outcome(self, route: Route, root: Root, call: Call, *, small: bool) -> Outcome | Refused:
        """What becomes of a root field's statements, run once."""
        answer: asyncio.Future[Outcome | Refused] = asyncio.get_running_loop().create_future()
        batch = root.statements[0].batch if small else ""
        told, writes = functools.partial(_settle, answer), root.kind == "write"
        errand = Errand(_steps(call, root), told, small, batch, writes, shares=writes)
        self._connections.submit(route.environment, route.database, errand)
        try:
            return await answer
        except asyncio.CancelledError:
            # What was sent goes on without us; what still waits is not begun.
            self._connections.withdraw(route.environment, errand)
            raise


def _steps(call: Call, root: Root) -> list[Step]:
    """The statements of a root field with their values."""
    fresh = _NOT_FRESH if root.kind == "read" else _fresh(root)
    return [(one.sql, one.values(call.variables, fresh)) for one in root.statements]


def _settled(served: Served, call: Call, root: Root, outcome: Outcome | Refused) -> Result | Refused | Unsettled:
    """What the first attempt at a call's only root field comes to; UNSETTLED when there should be another."""
    match outcome:
        case None:
            return None
        case str():
            return fitting((), outcome, served.engine.limits.response_bytes)
        case Refused():
            return UNSETTLED if outcome.code == INTERNAL else outcome
        case Lost(silent=silent):
            # Of a write nobody knows what became; where a server stands still, asking again would take as long.
            return _gone(call) if silent or root.kind == "write" else UNSETTLED
        case _:
            meaning = _explained(served.engine, call, root, outcome)
            return meaning if isinstance(meaning, Failure) else UNSETTLED


def _settle(answer: asyncio.Future[Outcome | Refused], outcome: Outcome | Refused) -> None:
    if not answer.done():
        answer.set_result(outcome)


@dataclass(slots=True)
class _Running:
    """An operation while it runs."""

    served: Served
    call: Call
    request_id: str
    results: list[Result] = field(default_factory=list)
    renewed: bool = False
    """Its call was compiled once more, for a newer model."""

    def fitted(self, outcomes: Iterable[object], outcome: Result | Refused | Again) -> Result | Refused | Again:
        """The next outcome, or a failure when the answer would be larger with it than the environment allows."""
        if not isinstance(outcome, str):
            return outcome
        held = [one for one in outcomes if isinstance(one, str)]
        return fitting(held, outcome, self.served.engine.limits.response_bytes)

    def placed(self, outcome: Result | Refused | Again) -> Result:
        """What stands in the place of one root field (G 7.1)."""
        if isinstance(outcome, Again):
            outcome = _CHANGING
        if not isinstance(outcome, Refused):
            return outcome
        if outcome.code == INTERNAL:
            return unexpected(self.request_id)
        return Failure(outcome.code, f"{outcome.message} {outcome.hint or ''}".strip())


_CHANGING: Final = Refused(SERVICE_UNAVAILABLE, "The environment is being changed.", "Try again in a moment.")
_BUSY: Final = Refused(SERVICE_UNAVAILABLE, "Too many concurrent changes of the same data.", "Try again in a moment.")


async def _compiled(served: Served, request: Request) -> Call | Refusal:
    if slow(request.text):
        # An engine of its own, because a thread runs it: caches are not shared between threads.
        return await asyncio.get_running_loop().run_in_executor(_SLOW, served.slow_engine.call, request)
    return served.engine.call(request)


_SLOW: Final = ThreadPoolExecutor(1, thread_name_prefix="compiler")


_NOT_FRESH: Final = Fresh(datetime.min.replace(tzinfo=UTC))
"""What a read takes: only writes ask for the time or for ids, so it is not worth looking at the clock."""


def _fresh(root: Root) -> Fresh:
    milliseconds = clock.milliseconds()
    at = clock.at(milliseconds)
    if not root.ids:
        return Fresh(at)
    return Fresh(at, _IDS.take(root.ids, milliseconds=milliseconds, chance=_CHANCE.take(root.ids * ids.CHANCE_BYTES)))


class _Chance:
    """Random bytes, drawn from the system many at a time: each time costs as much as the rest of an id."""

    def __init__(self) -> None:
        self._drawn = b""

    def take(self, size: int) -> bytes:
        if len(self._drawn) < size:
            self._drawn = secrets.token_bytes(max(size, _CHANCE_DRAWN))
        taken, self._drawn = self._drawn[:size], self._drawn[size:]
        return taken


_CHANCE_DRAWN: Final = 1200
_CHANCE: Final = _Chance()
_IDS: Final = ids.Sequence()


def _explained(engine: Engine, call: Call, root: Root, problem: Problem) -> Failure | Refused | Again:
    """What an SQL error means."""
    state = problem.sqlstate
    if state == OBJECTION:
        return engine.judge(root, problem.message, call.variables)
    if state == CANCELED:
        return timed_out()
    if state in STALE:
        return Again.RETRY
    if state.startswith(RESOURCES):
        log.error("gateway.sql", outcome="resources", sqlstate=state, problem=problem.message)
        return Refused(SERVICE_UNAVAILABLE, "The database is short of resources.")
    meaning = engine.explain(state, problem.constraint, problem.detail)
    if meaning is not None:
        return meaning
    log.error("gateway.sql", outcome="unexpected", sqlstate=state, problem=problem.message)
    return Refused(INTERNAL, "Internal server error")


def _gone(call: Call) -> Refused:
    if call.kind == "mutation":
        return Refused(
            SERVICE_UNAVAILABLE,
            "The connection to the database was lost; the change may have happened.",
            "Read the data before you try again.",
            reason="OUTCOME_UNKNOWN",
        )
    return Refused(SERVICE_UNAVAILABLE, "The connection to the database was lost.", "Try again in a moment.")
