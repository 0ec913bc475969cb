"""What bulk work needs, apart from what calls need: a few turns, connections of its own, and a record in the log.

A worker gives `TURNS` at once. Their connections are none of the calls' budget but of the reserve that is left to
people (see `connections.RESERVED`), so that calls lose nothing to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from common import clock, sealing
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.events import Actor, Event
from common.log import Cause, Conflict, Entry, Log, Subject
from common.logs import log
from contracts.access import Principal
from gateway.domain.bulk.shape import Shape
from gateway.domain.directory import Holder, Key, Route
from gateway.execute.connections import RESERVED, SESSION
from gateway.execute.environments import Environments

TURNS: Final = 2
"""Exports and pieces of imports that one worker handles at the same time."""
WAIT_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 600
"""After that the server ends a statement: no piece takes as long, and a drop of everything hardly ever."""
LOCK_SECONDS: Final = 10
"""So long one waits for a deployment, or for calls that change the same rows."""
WORLD: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
)
"""A server that is down, full, or ends what takes too long."""
MOVED: Final = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.LockNotAvailableError)
"""A deployment was here, or is."""
assert RESERVED > TURNS, "bulk work lives on what calls leave to others"


@dataclass(frozen=True, slots=True)
class Case:
    """One piece of bulk work: where, by whom, on which request."""

    route: Route
    holder: Holder
    request_id: str


class Desk:
    """Turns, connections and facts."""

    def __init__(self, dsn: str, secret_key: bytes, log_: Log, environments: Environments) -> None:
        self._dsn = dsn
        self._secret_key = secret_key
        self._log = log_
        self._environments = environments
        self._turns = asyncio.Semaphore(TURNS)

    async def shape(self, route: Route) -> Shape:
        """What the environment's data looks like. Raises Refused SERVICE_UNAVAILABLE."""
        return Shape((await self._environments.newest(route)).engine.prepared.model)

    def seal(self, text: str) -> str:
        """A keyed hash of what is handed out, to know it again."""
        return sealing.keyed_hash(self._secret_key, "transfer", text)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of the few turns, for as long as the block runs. Raises Refused when there is none in time."""
        await self.take_turn()
        try:
            yield
        finally:
            self.give_turn()

    async def take_turn(self) -> None:
        """The same without a block; `give_turn` must follow."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Refused(
                SERVICE_UNAVAILABLE,
                "Other exports and imports are under way.",
                "Try again in a moment.",
                reason="OVERLOADED",
            ) from None

    def give_turn(self) -> None:
        """The turn is somebody else's."""
        self._turns.release()

    async def connect(self, route: Route) -> asyncpg.Connection[Any]:
        """A connection with the rights of the environment. Raises Refused SERVICE_UNAVAILABLE."""
        settings = SESSION | {
            "application_name": "mortise-bulk",
            "statement_timeout": str(STATEMENT_SECONDS * 1000),
            "lock_timeout": str(LOCK_SECONDS * 1000),
            "idle_in_transaction_session_timeout": str(STATEMENT_SECONDS * 1000),
        }
        try:
            return await asyncpg.connect(
                self._dsn,
                user=route.database,
                database=route.database,
                password=sealing.environment_password(self._secret_key, route.environment),
                timeout=CONNECT_SECONDS,
                statement_cache_size=0,
                server_settings=settings,
            )
        except (asyncpg.PostgresError, *WORLD) as problem:
            log.warning("gateway.bulk", outcome="unreachable", environment=route.environment, problem=str(problem))
            raise unreachable() from problem

    @asynccontextmanager
    async def connected(self, route: Route) -> AsyncIterator[asyncpg.Connection[Any]]:
        """The same for as long as the block runs; what the database then raises becomes Refused SERVICE_UNAVAILABLE."""
        connection = await self.connect(route)
        try:
            yield connection
        except MOVED:
            raise changing() from None
        except WORLD as problem:
            raise unreachable() from problem
        finally:
            await leave(connection)

    async def say(self, case: Case, transfer: str, event: Event) -> bool:
        """Put a fact of a transfer into the log, once; whether it was not there. Raises Refused SERVICE_UNAVAILABLE."""
        subject = Subject(case.route.organisation, "gateway", "transfer", transfer)
        history = await self._log.load(subject)
        if any(each.envelope.type == event.TYPE for each in history.events):
            return False
        cause = Cause(_actor(case.holder), transfer, transfer, case.request_id)
        try:
            await self._log.append(Entry(subject, event, history.position, history.version + 1), cause)
        except Conflict:
            # The same request, sent twice: the other one does it.
            return False
        return True


def new_transfer() -> str:
    """The id of an export, import or drop."""
    return clock.new_id()


async def leave(connection: asyncpg.Connection[Any]) -> None:
    """Close a connection, whatever state it is in."""
    try:
        await connection.close(timeout=CONNECT_SECONDS)
    except WORLD:
        connection.terminate()


def unreachable() -> Refused:
    """The database does not answer."""
    return Refused(SERVICE_UNAVAILABLE, "The environment's database cannot be reached.", "Try again in a moment.")


def changing() -> Refused:
    """A deployment is in the way."""
    return Refused(SERVICE_UNAVAILABLE, "The environment is being changed.", "Try again in a moment.")


def _actor(holder: Holder) -> Actor:
    if isinstance(holder, Key):
        return Actor(type="key", id=holder.id, via="key")
    assert isinstance(holder, Principal), "whoever holds no key is a person"
    return Actor(type="user", id=holder.id, via=holder.via)
