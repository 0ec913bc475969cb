"""A compiled operation run on its environment's database: statements in order, retries, and models that move.

The engine decides what a row or an SQL error means; here connections, transactions and time are spent (DESIGN 4.1-4.4).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from common import clock
from common.errors import INTERNAL, SERVICE_UNAVAILABLE, Refused
from common.logs import log
from gateway.engine import (
    Again,
    Answered,
    Call,
    Engine,
    Failure,
    Fresh,
    Refusal,
    Request,
    Result,
    Root,
    ids,
    introspects,
    judge,
    settled,
    timed_out,
    unexpected,
)
from gateway.execute.connections import LOST, Connection, Connections
from gateway.execute.environments import Environments, Served
from gateway.execute.lookup import Lookup

RETRIES: Final = 3
"""Times a root field is run again after it lost against a concurrent transaction."""
CONSTRAINED: Final = asyncpg.IntegrityConstraintViolationError

CANCELED: Final = "57014"
"""SQLSTATE of a statement that took longer than it may."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished operation: what was compiled last, one result per root field, and who served it."""

    served: Served
    call: Call
    results: list[Result]


class _Moved(Exception):  # noqa: N818 - a state of the world
    """The environment serves another model than the one this call was compiled for."""


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

    async def run(self, served: Served, request: Request, call: Call, request_id: str) -> Ran | Refusal:
        """Run all root fields. Raises Refused while nothing has run; later refusals stand beside what has."""
        results: list[Result] = []
        renewed = False
        while len(results) < len(call.roots):
            try:
                await self._roots(served, call, results)
            except Refused as refusal:
                if not results and refusal.code != INTERNAL:
                    raise
                results.append(_failed(refusal, request_id))
            except _Moved:
                if renewed:
                    results.append(_failed(_CHANGING, request_id))
                    continue
                renewed = True
                served = await self._renewed(served)
                again = await _compiled(served, request)
                if isinstance(again, Refusal):
                    return again
                call = again
        return Ran(served, call, results)

    async def _renewed(self, served: Served) -> Served:
        await self._lookup.catch_up()
        route = self._lookup.directory.routes.get(served.endpoint)
        if route is None:
            raise Refused(SERVICE_UNAVAILABLE, "The environment is being removed.")
        return await self._environments.newest(route)

    async def _roots(self, served: Served, call: Call, results: list[Result]) -> None:
        """Run what has no result yet."""
        if all(root.kind == "constant" for root in call.roots):
            results += [settled(root) for root in call.roots]
            return
        route = served.route
        for number in range(2):
            try:
                connection = await self._connections.take(route.environment, route.database)
                try:
                    while len(results) < len(call.roots):
                        results.append(await _root(connection, served.engine, call, call.roots[len(results)]))
                except LOST:
                    # The driver may not have noticed yet; nobody must be given this one.
                    connection.terminate()
                    raise
                finally:
                    self._connections.give_back(route.environment, connection)
            except LOST as problem:
                # A read can be asked again; a change may have happened, and only the caller can know what to do.
                # Where a server stands still, asking again would only take as long once more.
                silent = isinstance(problem, TimeoutError)
                if number or silent or call.roots[len(results)].kind == "write":
                    raise _gone(call) from problem
            else:
                return


async def _root(connection: Connection, engine: Engine, call: Call, root: Root) -> Result:
    """One root field, run again while it loses against concurrent transactions. Raises _Moved, Refused."""
    if root.kind == "constant":
        return settled(root)
    for attempt in range(RETRIES + 1):
        try:
            outcome = await (_read if root.kind == "read" else _write)(connection, call, root)
        except ValueError as problem:
            # asyncpg's word for a parameter that does not fit its type: the statement never left this process.
            log.error("gateway.sql", outcome="unexpected", problem=str(problem))
            raise Refused(INTERNAL, "Internal server error") from problem
        except LOST:
            raise
        except asyncpg.PostgresError as problem:
            outcome = _explained(engine, problem)
        match outcome:
            case Again.MOVED:
                raise _Moved
            case Again.RETRY if attempt < RETRIES:
                await asyncio.sleep(secrets.randbelow(10 << attempt) / 1000)
            case Again.RETRY:
                break
            case _:
                return outcome
    raise Refused(SERVICE_UNAVAILABLE, "Too many concurrent changes of the same data.", "Try again in a moment.")


_CHANGING: Final = Refused(SERVICE_UNAVAILABLE, "The environment is being changed.", "Try again in a moment.")


def _failed(refusal: Refused, request_id: str) -> Failure:
    """A refusal in the place of one root field (G 7.1)."""
    if refusal.code != INTERNAL:
        return Failure(refusal.code, f"{refusal.message} {refusal.hint or ''}".strip())
    return unexpected(request_id)


async def _compiled(served: Served, request: Request) -> Call | Refusal:
    if introspects(request.text):
        # An engine of its own, because a thread runs it: caches are not shared between threads.
        return await asyncio.get_running_loop().run_in_executor(_INTROSPECTION, served.schema_engine.call, request)
    return served.engine.call(request)


_INTROSPECTION: Final = ThreadPoolExecutor(1, thread_name_prefix="introspection")


async def _read(connection: Connection, call: Call, root: Root) -> Result | Again:
    (statement,) = root.statements
    row = await connection.fetchrow(statement.sql, *statement.values(call.variables, _NOT_FRESH))
    answer: str | None = None if row is None else row[0]
    return answer


async def _write(connection: Connection, call: Call, root: Root) -> Result | Again:
    if len(root.statements) == 1:
        # It is a transaction of its own, and writes nothing when its verdict objects.
        outcome = await _statements(connection, call, root)
        return outcome.text if isinstance(outcome, Answered) else outcome
    transaction = connection.transaction()
    await transaction.start()
    try:
        outcome = await _statements(connection, call, root)
    except LOST:
        raise
    except BaseException:
        with contextlib.suppress(*LOST):
            await transaction.rollback()
        raise
    if isinstance(outcome, Answered):
        await transaction.commit()
        return outcome.text
    await transaction.rollback()
    return outcome


async def _statements(connection: Connection, call: Call, root: Root) -> Answered | Failure | Again:
    """The statements of a write in order, up to the first one that says no."""
    fresh = _fresh(root)
    for statement in root.statements:
        values = statement.values(call.variables, fresh)
        if statement.expects == "nothing":
            await connection.execute(statement.sql, *values)
            continue
        outcome = judge(statement, await connection.fetchrow(statement.sql, *values), call.variables)
        if outcome is not None:
            return outcome
    raise AssertionError("the last statement of a write answers")


_NOT_FRESH: Final = Fresh(datetime.min.replace(tzinfo=UTC))
"""What a read takes: only writes ask for the time or for ids, so it is not worth looking at the clock."""


def _fresh(root: Root) -> Fresh:
    now = clock.now()
    if not root.ids:
        return Fresh(now)
    chance = secrets.token_bytes(root.ids * ids.CHANCE_BYTES)
    return Fresh(now, _IDS.take(root.ids, milliseconds=round(now.timestamp() * 1000), chance=chance))


_IDS: Final = ids.Sequence()


def _explained(engine: Engine, problem: asyncpg.PostgresError) -> Failure | Again:
    """What an SQL error means. Raises Refused INTERNAL for one that nobody foresaw."""
    state: str = problem.sqlstate or ""
    if state == CANCELED:
        return timed_out()
    if isinstance(problem, asyncpg.InsufficientResourcesError):
        log.error("gateway.sql", outcome="resources", sqlstate=state, problem=str(problem))
        raise Refused(SERVICE_UNAVAILABLE, "The database is short of resources.") from problem
    constraint = problem.constraint_name if isinstance(problem, CONSTRAINED) else None
    meaning = engine.explain(state, constraint, problem.detail)
    if meaning is None:
        log.error("gateway.sql", outcome="unexpected", sqlstate=problem.sqlstate, problem=str(problem))
        raise Refused(INTERNAL, "Internal server error") from problem
    return meaning


def _gone(call: Call) -> Refused:
    if call.kind == "mutation":
        return Refused(
            SERVICE_UNAVAILABLE,
            "The connection to the database was lost; the change may have happened.",
            "Read the data before you try again.",
            reason="OUTCOME_UNKNOWN",
        )
    return Refused(SERVICE_UNAVAILABLE, "The connection to the database was lost.", "Try again in a moment.")
