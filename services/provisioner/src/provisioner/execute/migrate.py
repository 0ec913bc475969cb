"""Carries out a plan in an environment's database, or counts what it would meet there.

Checks and steps run in one transaction that ends by setting `app._mortise`: a plan is done or it is not, at whatever
instruction somebody pulls the plug. A failed attempt leaves the old version as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from common.errors import SERVICE_UNAVAILABLE, Refused
from common.sql import Sql, ident, sql
from contracts.names import database
from provisioner.domain import birth
from provisioner.domain.checks import COUNT
from provisioner.domain.layout import SCHEMA
from provisioner.domain.plan import Plan, PlannedCheck
from provisioner.execute.cluster import WORLD, Cluster

ATTEMPTS: Final = 12
LOCK_MILLISECONDS: Final = 2000
"""How long readers may queue behind us before we step back and let them through."""
STEP_BACK_SECONDS: Final = 0.25
MIGRATION_SECONDS: Final = 600.0
COUNTING_SECONDS: Final = 5.0
TOLD_MAX: Final = 20
"""Problems or losses in the reason of a refusal."""

DATA_LOSS: Final = "DATA_LOSS"
MIGRATION_FAILED: Final = "MIGRATION_FAILED"
BUSY: Final = "BUSY"
INCONSISTENT: Final = "INCONSISTENT"
IN_THE_WAY: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan was not carried out. It will not be tried again."""

    code: str
    """A number of G 7.4, or one of the words above."""
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A check whose count is more than it may be."""

    check: PlannedCheck
    rows: int

    @property
    def message(self) -> str:
        """What is told of a problem."""
        return (self.check.message or "").replace(COUNT, str(self.rows))


class Stopped(Exception):  # noqa: N818 - it carries a refusal out of a transaction
    """The plan must not be carried out."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


async def migrate(cluster: Cluster, plan: Plan) -> Refusal | None:
    """Carry out the plan; None when it is done, also when it had been done before.

    Raises errors of `cluster.WORLD` when the server does not let us.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with cluster.connected(plan.environment) as connection:
                return await _attempt(connection, plan)
        except IN_THE_WAY:
            await asyncio.sleep(STEP_BACK_SECONDS * attempt)
    return Refusal(BUSY, f"Some calls held the tables longer than {ATTEMPTS} attempts to change them. Deploy again.")


async def measure(cluster: Cluster, plan: Plan) -> tuple[Counted, ...]:
    """The losses, also those of nothing, and the problems the plan would meet now. Nothing where there is no database.

    Raises Refused SERVICE_UNAVAILABLE when counting takes more than a few seconds.
    """
    try:
        async with cluster.connected(plan.environment) as connection, connection.transaction(readonly=True):
            await connection.execute(f"set local statement_timeout = {int(COUNTING_SECONDS * 1000)}")
            async with asyncio.timeout(COUNTING_SECONDS):
                counted = await _counted(connection, plan.checks)
    except asyncpg.InvalidCatalogNameError:
        return ()
    except (TimeoutError, asyncpg.QueryCanceledError):
        message = f"Counting what would be lost took longer than {COUNTING_SECONDS:.0f} s."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again later.", reason="TIMEOUT") from None
    return tuple(each for each in counted if each.check.kind == "loss" or each.rows > each.check.allowed)


async def _attempt(connection: asyncpg.Connection, plan: Plan) -> Refusal | None:
    try:
        async with connection.transaction():
            await _carry_out(connection, plan)
    except Stopped as stopped:
        return stopped.refusal
    except TimeoutError:
        return Refusal(MIGRATION_FAILED, f"A statement took longer than {MIGRATION_SECONDS:.0f} s.")
    return None


async def _carry_out(connection: asyncpg.Connection, plan: Plan) -> None:
    await connection.execute(f"set local lock_timeout = {LOCK_MILLISECONDS}")
    row = await connection.fetchrow("select model_sha from app._mortise for update")
    assert row is not None, "_mortise has one row from birth"
    if row["model_sha"] == plan.model_sha:
        return
    if row["model_sha"] != plan.from_model_sha:
        reason = f"{database(plan.environment)} holds {row['model_sha']}, the plan starts from {plan.from_model_sha}."
        raise Stopped(Refusal(INCONSISTENT, reason))
    if row["model_sha"] is None:
        for statement in birth.opened(database(plan.environment)):
            await connection.execute(statement.text)
    for table, mode in plan.locks.items():
        await connection.execute(_lock(table, mode).text)
    _judge(await _counted(connection, plan.checks), forced=plan.forced)
    for step in plan.steps:
        for statement_text in step.sql:
            await _step(connection, statement_text, f"Step {step.number}, {step.kind} {step.subject}")
    done = "update app._mortise set model_sha = $1, step = $2"
    await connection.execute(done, plan.model_sha, len(plan.steps))


def _lock(table: str, mode: str) -> Sql:
    return sql("lock table {table} in {mode} mode", table=ident(SCHEMA, table), mode=Sql((mode,)))


async def _counted(connection: asyncpg.Connection, checks: Sequence[PlannedCheck]) -> list[Counted]:
    return [Counted(check, await _count(connection, check)) for check in checks]


async def _count(connection: asyncpg.Connection, check: PlannedCheck) -> int:
    if check.count is None:
        return check.allowed + 1
    return int(await connection.fetchval(check.count, timeout=MIGRATION_SECONDS))


def _judge(counted: Sequence[Counted], *, forced: bool) -> None:
    problems = [each for each in counted if each.check.kind == "problem" and each.rows > each.check.allowed]
    if problems:
        raise Stopped(Refusal(str(problems[0].check.code), _told([each.message for each in problems], " ")))
    losses = [each for each in counted if each.check.kind == "loss" and each.rows > 0]
    if losses and not forced:
        held = _told([f"{each.check.path} ({each.rows})" for each in losses], ", ")
        reason = f"Data would be lost: {held}. Deploy with force to accept that."
        raise Stopped(Refusal(DATA_LOSS, reason))


def _told(each: Sequence[str], separator: str) -> str:
    """As many as fit into an event; the others are counted."""
    more = [f"and {len(each) - TOLD_MAX} more"] if len(each) > TOLD_MAX else []
    return separator.join([*each[:TOLD_MAX], *more])


async def _step(connection: asyncpg.Connection, statement: str, what: str) -> None:
    try:
        await connection.execute(statement, timeout=MIGRATION_SECONDS)
    except asyncpg.PostgresError as error:
        if isinstance(error, (*WORLD, *IN_THE_WAY)):
            raise
        # The message of the server names tables and indexes; its detail holds data and is left out.
        raise Stopped(Refusal(MIGRATION_FAILED, f"{what}: {error.args[0]}.")) from error
