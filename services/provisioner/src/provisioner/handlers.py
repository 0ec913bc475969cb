"""From declared to observed: the loop that looks for environments to work on, and what others may ask (DESIGN 2.12)."""

from __future__ import annotations

import asyncio
import functools
import random
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from common import clock, rpc
from common.errors import Refused
from common.logs import observe
from common.service import Runtime, StartFailed
from provisioner.domain.environments import Declared
from provisioner.domain.plan import Plan, PlannedStep
from provisioner.execute import compacting
from provisioner.execute.cluster import WORLD, Cluster
from provisioner.execute.compacting import AskedCompact
from provisioner.execute.deploy import World, advance
from provisioner.execute.migrate import Counted, measure
from provisioner.execute.undoing import AskedUndo
from provisioner.execute.undoing import told as told_undo
from provisioner.execute.yard import Yard, emptied
from provisioner.store import queries

LOSS: Final = "ask.provisioner.loss"
REST: Final = "ask.gateway.rest"
"""Heard by every gateway: let go of the connections to an environment as soon as nothing runs on them."""
UNDO: Final = "ask.provisioner.undo"
EMPTY_SECONDS: Final = 60.0
WORKERS: Final = 4
"""Environments worked on at once by one process."""
TICK_SECONDS: Final = 1.0
BACK_OFF_SECONDS: Final = 0.25
BACK_OFF_SECONDS_MAX: Final = 30.0
SWEEP_SECONDS: Final = 60.0
COUNT_SECONDS: Final = 2.0
ENVIRONMENTS: Final = Gauge("mortise_environments", "Environments by kind and state", ("kind", "state"))
WAITING: Final = Gauge("mortise_environments_retried", "Environments whose last attempt failed; they are tried again")


async def start(runtime: Runtime) -> None:
    """Begin to work. Raises StartFailed when the server for environments cannot be used."""
    world = world_of(runtime)
    await _fit(world.cluster)
    runtime.tasks.create_task(Reconciler(world).run(), name="reconciler")
    runtime.tasks.create_task(_settle_in(world), name="orphans")
    runtime.every(COUNT_SECONDS, "provisioner.counted", lambda: count(world))
    yard = Yard(world.log, world.blobs, world.database, world.cluster)
    runtime.every(EMPTY_SECONDS, "provisioner.empty", lambda: empty(yard))
    rpc.serve(runtime.broker, UNDO, AskedUndo, lambda asked: told_undo(world, asked), queue=runtime.settings.service)
    small = functools.partial(compacting.compact, world.cluster)
    rpc.serve(runtime.broker, compacting.SUBJECT, AskedCompact, small, queue=runtime.settings.service)
    rpc.serve(runtime.broker, LOSS, AskedLoss, lambda asked: told(world, asked), queue=runtime.settings.service)


def world_of(runtime: Runtime) -> World:
    """The world of a running service. Raises StartFailed when it is not told where environments live."""
    dsn = runtime.settings.provision_dsn
    if dsn is None:
        raise StartFailed("MORTISE_PROVISION_DSN is missing: a PostgreSQL user with CREATEDB and CREATEROLE")
    cluster = Cluster(dsn, runtime.settings.secret_key)
    runner, secret_key = runtime.runners["provisioner"], runtime.settings.secret_key

    async def rest(environment: str) -> None:
        # Lost or not: a gateway that does not let go only makes a clone take longer.
        await runtime.nats.publish(REST, ToldRest(environment=environment).model_dump_json().encode())

    return World(runtime.log, runtime.blobs, runtime.database, cluster, runner, secret_key, rest)


async def _fit(cluster: Cluster) -> None:
    try:
        trouble = await cluster.check()
    except WORLD as error:
        # It may come up after us; every deployment tries again.
        observe("provisioner.server_away", outcome="retry", level="warning", error=f"{type(error).__name__}: {error}")
        return
    if trouble is not None:
        raise StartFailed(trouble)


# --- the loop -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pause:
    """When an environment may be tried again."""

    failures: int
    until: float


class Reconciler:
    """Looks for environments that are not as declared and works on several at once, on each alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: set[str] = set()
        self._pauses: dict[str, Pause] = {}
        self._turns = asyncio.Semaphore(WORKERS)

    async def run(self) -> None:
        """Until cancelled. Woken by the read model's next step; a tick every second finds what was missed."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = self._world.runner.position
                for environment in await self._waiting():
                    self._busy.add(environment)
                    tasks.create_task(self._work(environment), name=f"environment {environment}")
                if self._world.runner.position == seen:
                    await self._woken()

    async def _waiting(self) -> list[str]:
        try:
            async with self._world.database.reading() as connection:
                found = await queries.work(connection)
        except (SQLAlchemyError, OSError) as error:
            observe("provisioner.looked", outcome="retry", level="warning", error=f"{type(error).__name__}: {error}")
            return []
        now = asyncio.get_running_loop().time()
        paused = {environment for environment, pause in self._pauses.items() if pause.until > now}
        return [each for each in found if each not in self._busy and each not in paused]

    async def _woken(self) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await self._world.runner.moved()
        except TimeoutError:
            return

    async def _work(self, environment: str) -> None:
        try:
            async with self._turns, self._world.cluster.alone(environment) as server:
                while server is not None and await advance(self._world, server, environment):
                    pass
            self._pauses.pop(environment, None)
            WAITING.set(len(self._pauses))
        except Exception as error:  # noqa: BLE001 - the one place where a broken world becomes another attempt
            self._pause(environment, error)
        finally:
            self._busy.discard(environment)

    def _pause(self, environment: str, error: Exception) -> None:
        failures = self._pauses[environment].failures + 1 if environment in self._pauses else 1
        seconds = min(BACK_OFF_SECONDS_MAX, BACK_OFF_SECONDS * 2 ** min(failures, 10))
        seconds *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        self._pauses[environment] = Pause(failures, asyncio.get_running_loop().time() + seconds)
        WAITING.set(len(self._pauses))
        known = isinstance(error, (*WORLD, SQLAlchemyError, Refused))
        observe(
            "provisioner.interrupted",
            outcome="retry",
            level="warning" if known else "error",
            environment=environment,
            failures=failures,
            error=f"{type(error).__name__}: {error}",
            exc_info=None if known else error,
        )


# --- at the start -------------------------------------------------------------------------------------------------


async def _settle_in(world: World) -> None:
    """The template stands, and what was left behind by removed environments goes."""
    try:
        await world.cluster.prepare()
        await sweep(world)
    except (*WORLD, SQLAlchemyError, Refused) as error:
        # Nothing waits for it: the template is made with the first environment, the sweep comes with the next start.
        observe("provisioner.swept", outcome="skipped", level="warning", error=f"{type(error).__name__}: {error}")


async def sweep(world: World) -> None:
    """Remove databases and roles of environments that were removed by a fact; report those that nobody declared."""
    if not await world.runner.wait_for(await world.log.last_position(), SWEEP_SECONDS):
        observe("provisioner.swept", outcome="skipped", level="warning", error="the read model is behind")
        return
    found = await world.cluster.found()
    async with world.database.reading() as connection:
        known = await queries.every_environment(connection)
    for environment in sorted(found.databases | found.roles):
        removed = known.get(environment)
        if removed is None:
            observe("provisioner.orphan", outcome="kept", level="warning", environment=environment)
        elif removed:
            async with world.cluster.alone(environment) as server:
                if server is not None:
                    await world.cluster.remove(server, environment)
                    observe("provisioner.orphan", outcome="removed", environment=environment)


async def count(world: World) -> None:
    """Environments as figures, those of the read model."""
    async with world.database.reading() as connection:
        found = await queries.environments_by_state(connection)
    ENVIRONMENTS.clear()
    for labels, number in found.items():
        ENVIRONMENTS.labels(*labels).set(number)


async def empty(yard: Yard) -> None:
    """Empty the trash of what was kept for its time."""
    try:
        await emptied(yard, clock.now())
    except (*WORLD, SQLAlchemyError, Refused) as error:
        observe("provisioner.emptied", outcome="retry", level="warning", error=f"{type(error).__name__}: {error}")


# --- what others ask ----------------------------------------------------------------------------------------------


class ToldRest(BaseModel):
    """What gateways are told when an environment is to be left alone for a moment."""

    environment: str


class AskedLoss(BaseModel):
    """The question what a deployment of this Model to this environment would lose."""

    environment: str
    model_sha: str
    version: str | None = None
    """Its name, if it is a version already: then it is known whether the way leads back."""


class ToldLoss(BaseModel):
    """Data that would no longer be served; also where there is none at present (G 4.3)."""

    path: str
    rows: int


class ToldProblem(BaseModel):
    """Something the data forbid."""

    code: int
    type: str | None
    field: str | None
    message: str


class ToldChange(BaseModel):
    """A difference in the words of the schema."""

    kind: str
    subject: str
    reason: str
    grade: str


class ToldStep(BaseModel):
    """One step of the plan that a deployment would carry out now."""

    number: int
    phase: str
    kind: str
    subject: str
    reason: str
    grade: str
    locks: list[str]
    """`Type: mode` or `relation Name: mode`, modes as PostgreSQL calls them."""


class ToldLosses(BaseModel):
    """The answer; without losses and problems where nothing runs yet, empty where nothing would change."""

    losses: list[ToldLoss] = []
    problems: list[ToldProblem] = []
    changes: list[ToldChange] = []
    steps: list[ToldStep] = []


async def told(world: World, asked: AskedLoss) -> ToldLosses:
    """Counted now. Refused SERVICE_UNAVAILABLE when it takes too long or the server is away."""
    async with world.database.reading() as connection:
        row = await queries.environment_row(connection, asked.environment, removed=False)
    if row is None:
        return ToldLosses()
    _, environment, _ = await world.known(row["organisation"], asked.environment)
    declared = Declared(
        environment=asked.environment,
        organisation=row["organisation"],
        kind=row["kind"],
        service=row["service"],
        instance=row["instance"],
        project=row["project"],
        deployment="",
        version=asked.version or "",
        sdl_sha="",
        model_sha=asked.model_sha,
        forced=False,
    )
    try:
        plan = await world.planned(declared, environment.live)
        counted = await measure(world.cluster, plan) if environment.live is not None else ()
    except WORLD as error:
        observe("provisioner.measured", outcome="failed", level="warning", error=f"{type(error).__name__}: {error}")
        message = "The database of the environment does not answer."
        raise Refused("SERVICE_UNAVAILABLE", message, "Try again later.") from error
    return ToldLosses(
        losses=[ToldLoss(path=each.check.path, rows=each.rows) for each in counted if each.check.kind == "loss"],
        problems=[_problem(each) for each in counted if each.check.kind == "problem"],
        changes=[ToldChange.model_validate(each.model_dump()) for each in plan.changes],
        steps=[_step(plan, each) for each in plan.steps],
    )


def _step(plan: Plan, step: PlannedStep) -> ToldStep:
    locks = [f"{plan.names.get(table, table)}: {mode}" for table, mode in sorted(step.locks.items())]
    return ToldStep.model_validate({**step.model_dump(exclude={"sql"}), "locks": locks})


def _problem(counted: Counted) -> ToldProblem:
    check = counted.check
    assert check.code is not None, "a problem has a code"
    return ToldProblem(code=check.code, type=check.type, field=check.field, message=counted.message)
