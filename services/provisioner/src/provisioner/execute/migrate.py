"""Carries out a plan in an environment's database, or counts what it would meet there.

What a plan prepares is recorded step by step and can be resumed; checks are counted and steps done in one transaction
that ends by setting `app._mortise`: a plan is done or it is not, at whatever instruction somebody pulls the plug. A
failed attempt leaves the old version as it was, with nothing of what was prepared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import asyncpg

from common.errors import SERVICE_UNAVAILABLE, Refused
from common.sql import Sql, ident, sql
from contracts.names import database
from provisioner.domain import birth, preparing
from provisioner.domain.checks import COUNT
from provisioner.domain.layout import SCHEMA
from provisioner.domain.plan import Plan, PlannedCheck, PlannedStep
from provisioner.execute import leftovers
from provisioner.execute.cluster import WORLD, Cluster

T = TypeVar("T")

ATTEMPTS: Final = 20
LOCK_MILLISECONDS: Final = 500
"""How long readers may queue behind us before we step back and let them through."""
STEP_BACK_SECONDS: Final = 0.25
SWITCH_SECONDS: Final = 600.0
PREPARE_SECONDS: Final = 6 * 3600.0
"""Longest statement: an index of a very large table."""
COUNTING_SECONDS: Final = 5.0
TOLD_MAX: Final = 20
"""Problems or losses in the reason of a refusal."""

DATA_LOSS: Final = "DATA_LOSS"
LIST_CHANGED: Final = "LIST_CHANGED"
MIGRATION_FAILED: Final = "MIGRATION_FAILED"
BUSY: Final = "BUSY"
INCONSISTENT: Final = "INCONSISTENT"
IN_THE_WAY: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

NAME: Final = "mortise-migration"
ALONE: Final = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
    "where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()"
)
"""Whoever prepared a plan here before has died, though the server may not have noticed yet."""
SIZES: Final = (
    "select relname, pg_table_size(oid) as bytes from pg_class "
    "where relnamespace = 'app'::regnamespace and relkind = 'r' and relname = any($1)"
)


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
    """Carry out the plan up to the switch; None when it is done, also when it had been done before.

    Raises errors of `cluster.WORLD` when the server does not let us.
    """
    async with cluster.connected(plan.environment) as connection:
        migration = _Migration(connection, plan)
        try:
            await migration.run()
        except Stopped as stopped:
            await migration.clear()
            return stopped.refusal
    return None


async def finish(cluster: Cluster, plan: Plan) -> None:
    """What a plan leaves for when the new version serves. Raises errors of `cluster.WORLD`.

    What is not finished is not wrong: new values obey already, and old ones were counted. The next plan finishes it.
    """
    steps = [step for step in plan.steps if step.phase == "finish"]
    if steps:
        async with cluster.connected(plan.environment) as connection:
            for step in steps:
                for statement in step.sql:
                    await connection.execute(statement, timeout=PREPARE_SECONDS)


async def sizes(cluster: Cluster, environment: str, tables: frozenset[str]) -> dict[str, int]:
    """Bytes of each table; none where there is no database. Raises errors of `cluster.WORLD`."""
    try:
        async with cluster.connected(environment) as connection:
            return {row["relname"]: row["bytes"] for row in await connection.fetch(SIZES, sorted(tables))}
    except asyncpg.InvalidCatalogNameError:
        return {}


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


class _Migration:
    """One plan on one connection."""

    def __init__(self, connection: asyncpg.Connection, plan: Plan) -> None:
        self._connection = connection
        self._plan = plan
        self._prepares = [step for step in plan.steps if step.phase == "prepare"]
        self._switches = [step for step in plan.steps if step.phase == "switch"]

    async def run(self) -> None:
        """Raises Stopped."""
        found = await leftovers.state(self._connection)
        if self._is_done(found.model_sha, found.step):
            return
        mark, done = found.prepared or ("", 0)
        if self._prepares:
            await self._connection.execute(ALONE, NAME)
            await self._connection.execute(f"set application_name = '{NAME}'")
        await self._finish(found.unfinished)
        if mark and (mark != self._plan.mark or not self._prepares):
            await self.clear()
            mark, done = "", 0
        if self._prepares:
            await self._prepare(done, begun=bool(mark))
        await self._patiently(self._switch, between=self._catch_up)

    async def _finish(self, unfinished: Sequence[str]) -> None:
        """What an earlier plan has left. Raises Stopped where somebody has changed data behind our back."""
        for statement in unfinished:
            try:
                await self._connection.execute(statement, timeout=PREPARE_SECONDS)
            except asyncpg.IntegrityConstraintViolationError as error:
                raise Stopped(Refusal(INCONSISTENT, f"{statement}: {error.args[0]}.")) from error

    async def clear(self) -> None:
        """Drop what was prepared, of this plan and of any other. Raises TimeoutError where calls do not let us."""
        await self._connection.execute(f"set lock_timeout = {LOCK_MILLISECONDS}")
        try:
            while (statement := await leftovers.next_leftover(self._connection)) is not None:
                await self._patiently(partial(self._connection.execute, statement))
        except Stopped as stopped:
            raise TimeoutError(f"What was prepared cannot be dropped yet. {stopped.refusal.reason}") from None

    # --- before the switch ----------------------------------------------------------------------------------------

    async def _prepare(self, done: int, *, begun: bool) -> None:
        await self._patiently(partial(self._judge, self._plan.checks))
        if not begun:
            async with self._connection.transaction():
                for statement in preparing.BEGUN:
                    await self._connection.execute(statement.text)
                await self._connection.execute('insert into app."~plan" (mark, step) values ($1, 0)', self._plan.mark)
        for step in self._prepares:
            if step.number > done:
                await self._prepared(step)

    async def _catch_up(self) -> None:
        """What was written while we waited for the switch: it would make the switch longer."""
        for step in self._prepares:
            if step.repeated:
                await self._prepared(step)

    async def _prepared(self, step: PlannedStep) -> None:
        # To wait for others holds nobody up while an index is built.
        milliseconds = 0 if step.way == "apart" else LOCK_MILLISECONDS
        await self._connection.execute(f"set lock_timeout = {milliseconds}")
        match step.way:
            case "together":
                await self._patiently(partial(self._together, step))
            case "apart":
                await self._patiently(partial(self._statements, step))
                await self._note(step)
            case "batches":
                while await self._patiently(partial(self._batch, step)) is not None:
                    pass
                await self._note(step)

    async def _together(self, step: PlannedStep) -> None:
        async with self._connection.transaction():
            await self._statements(step)
            await self._note(step)

    async def _note(self, step: PlannedStep) -> None:
        await self._connection.execute('update app."~plan" set step = greatest(step, $1), last = null', step.number)

    async def _batch(self, step: PlannedStep) -> str | None:
        async with self._connection.transaction():
            return await self._statements(step)

    # --- the switch -----------------------------------------------------------------------------------------------

    async def _switch(self) -> None:
        async with self._connection.transaction():
            await self._connection.execute(f"set local lock_timeout = {LOCK_MILLISECONDS}")
            row = await self._connection.fetchrow("select model_sha, step from app._mortise for update")
            assert row is not None, "_mortise has one row from birth"
            if self._is_done(row["model_sha"], row["step"]):
                return
            if row["model_sha"] is None:
                for opened in birth.opened(database(self._plan.environment)):
                    await self._connection.execute(opened.text)
            for table, mode in self._plan.locks.items():
                await self._connection.execute(_lock(table, mode).text)
            for step in self._switches:
                if step.number <= self._plan.counts_after:
                    await self._statements(step)
            await self._judge([_again(check) for check in self._plan.checks if check.again])
            for step in self._switches:
                if step.number > self._plan.counts_after:
                    await self._statements(step)
            for ended in preparing.ENDED if self._prepares else ():
                await self._connection.execute(ended.text)
            done = "update app._mortise set model_sha = $1, step = $2"
            await self._connection.execute(done, self._plan.model_sha, self._plan.end)

    def _is_done(self, model_sha: str | None, step: int) -> bool:
        """Raises Stopped when neither the plan's beginning nor its end is there."""
        plan = self._plan
        if model_sha in {plan.model_sha, plan.from_model_sha}:
            return model_sha == plan.model_sha and (plan.from_model_sha != plan.model_sha or step == plan.end)
        reason = f"{database(plan.environment)} holds {model_sha}, the plan starts from {plan.from_model_sha}."
        raise Stopped(Refusal(INCONSISTENT, reason))

    # --- both -----------------------------------------------------------------------------------------------------

    async def _patiently(
        self, act: Callable[[], Awaitable[T]], between: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Again and again while others are in the way. Raises Stopped when they always are."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await act()
            except IN_THE_WAY:
                pass
            except asyncpg.UniqueViolationError:
                # Others wrote it since it was counted; or they did, and it is no longer so.
                await self._judge(self._plan.checks)
            except TimeoutError:
                raise Stopped(Refusal(MIGRATION_FAILED, "A statement took too long.")) from None
            await asyncio.sleep(STEP_BACK_SECONDS * attempt)
            if between is not None:
                await between()
        raise Stopped(
            Refusal(BUSY, f"Some calls held the tables longer than {ATTEMPTS} attempts to change them. Deploy again.")
        )

    async def _statements(self, step: PlannedStep) -> str | None:
        """All of a step; what the last one returns."""
        seconds = SWITCH_SECONDS if step.phase == "switch" else PREPARE_SECONDS
        *first, last = step.sql
        try:
            for statement in first:
                await self._connection.execute(statement, timeout=seconds)
            if step.way != "batches":
                await self._connection.execute(last, timeout=seconds)
                return None
            more: str | None = await self._connection.fetchval(last, timeout=seconds)
        except asyncpg.PostgresError as error:
            repeated = isinstance(error, asyncpg.UniqueViolationError) and self._prepares
            if repeated or isinstance(error, (*WORLD, *IN_THE_WAY)):
                raise
            # The message of the server names tables and indexes; its detail holds data and is left out.
            what = f"Step {step.number}, {step.kind} {step.subject}"
            raise Stopped(Refusal(MIGRATION_FAILED, f"{what}: {error.args[0]}.")) from error
        return more

    async def _judge(self, checks: Sequence[PlannedCheck]) -> None:
        """Raises Stopped where more is counted than may be."""
        counted = await _counted(self._connection, [each for each in checks if each.kind == "problem" or each.again])
        problems = [each for each in counted if each.check.kind == "problem" and each.rows > each.check.allowed]
        if problems:
            told = _told([each.message for each in problems], " ")
            raise Stopped(Refusal(str(problems[0].check.code), told))
        losses = [each for each in counted if each.check.kind == "loss" and each.rows > 0]
        if losses:
            held = _told([f"{each.check.path} ({each.rows})" for each in losses], ", ")
            if self._plan.undoes is not None:
                more = f"More does not fit than was listed: {held}. Look at the list again, or undo with force."
                raise Stopped(Refusal(LIST_CHANGED, more))
            raise Stopped(Refusal(DATA_LOSS, f"Data would be lost: {held}. Deploy with force to accept that."))


def _again(check: PlannedCheck) -> PlannedCheck:
    return check if check.instead is None else check.model_copy(update={"count": check.instead})


def _lock(table: str, mode: str) -> Sql:
    return sql("lock table {table} in {mode} mode", table=ident(SCHEMA, table), mode=Sql((mode,)))


async def _counted(connection: asyncpg.Connection, checks: Sequence[PlannedCheck]) -> list[Counted]:
    return [Counted(check, await _count(connection, check)) for check in checks]


async def _count(connection: asyncpg.Connection, check: PlannedCheck) -> int:
    if check.count is None:
        return check.allowed + 1
    return int(await connection.fetchval(check.count, timeout=SWITCH_SECONDS))


def _told(each: Sequence[str], separator: str) -> str:
    """As many as fit into an event; the others are counted."""
    more = [f"and {len(each) - TOLD_MAX} more"] if len(each) > TOLD_MAX else []
    return separator.join([*each[:TOLD_MAX], *more])
