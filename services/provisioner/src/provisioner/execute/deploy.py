"""One environment towards what was declared: plan, write the plan down, carry it out, say how it ended.

Every act may be cut off anywhere and is repeated: what has been said stands in the log, what has been done stands in
the database, and both are asked first.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import asyncpg

from common.blobs import Blobs
from common.commands import execute
from common.db import Database
from common.errors import Refused
from common.events import Actor, Event
from common.log import Cause, History, Log, Recorded, Subject
from common.logs import observe
from common.projection import Runner
from common.sealing import purpose_key
from contracts import masks
from contracts import provisioner as said
from contracts.model import Model
from contracts.model import decode as decode_model
from provisioner.domain import cloning, environments
from provisioner.domain.environments import Clone, Declared, Environment, Live
from provisioner.domain.gentle import LARGE_BYTES
from provisioner.domain.plan import Plan, decode, encode, heavy, plan
from provisioner.domain.trash import held
from provisioner.domain.undo import Listed, Undo
from provisioner.domain.versions import back, between
from provisioner.execute.clone import Cloning, Rest, clone
from provisioner.execute.cluster import Cluster
from provisioner.execute.migrate import Refusal, finish, migrate, sizes
from provisioner.execute.trash import present
from provisioner.store import queries
from provisioner.store.queries import Deploy, Remove

NOT_LAST: Final = "NOT_LAST"
SOURCE_GONE: Final = "SOURCE_GONE"
SOURCE_CHANGED: Final = "SOURCE_CHANGED"
ACTOR: Final = Actor(type="system", id="provisioner", via="reconciler")
EVENTS: Final = {event.TYPE: event for event in environments.EVENTS}
MODELS_KEPT: Final = 64
SEEN_SECONDS: Final = 2.0


@dataclass
class World:
    """What a deployment works with."""

    log: Log
    blobs: Blobs
    database: Database
    cluster: Cluster
    runner: Runner
    secret_key: bytes
    rest: Rest
    models: OrderedDict[str, Model] = field(default_factory=OrderedDict)
    """The Models used last, by hash."""

    async def model(self, sha: str) -> Model:
        """The Model of a hash. Raises LookupError when its document is not there."""
        known = self.models.get(sha)
        if known is None:
            known = decode_model(await self.blobs.get(sha))
            self.models[sha] = known
            if len(self.models) > MODELS_KEPT:
                self.models.popitem(last=False)
        self.models.move_to_end(sha)
        return known

    async def known(self, organisation: str, environment: str) -> tuple[Subject, Environment, Sequence[Recorded]]:
        """The environment as the log has it."""
        subject = Subject(organisation, "provisioner", "environment", environment)
        history = await self.log.load(subject)
        return subject, _folded(history), history.events

    async def planned(self, declared: Declared, live: environments.Live | None) -> Plan:
        """The plan from what runs to what was declared. Raises errors of `cluster.WORLD`."""
        async with self.database.reading() as connection:
            version = live.version if live else None
            road, behind = await queries.road(
                connection, declared.service, version, to=declared.version, model_sha=declared.model_sha
            )
        before = await self.model(live.model_sha) if live else None
        models = [await self.model(sha) for sha in road]
        difference = back(before, models[-1]) if behind and before else between(before, models)
        heavy_tables = heavy(difference)
        found = await sizes(self.cluster, declared.environment, heavy_tables) if heavy_tables else {}
        return plan(
            difference,
            environment=declared.environment,
            deployment=declared.deployment,
            from_model_sha=live.model_sha if live else None,
            model_sha=declared.model_sha,
            forced=declared.forced,
            large=frozenset(table for table, size in found.items() if size > LARGE_BYTES),
        )

    async def undo(self, served: said.MigrationPlanned) -> Undo:
        """How what serves is taken back, with what is left of it in the trash. Raises errors of `cluster.WORLD`."""
        assert served.from_model_sha is not None, "something ran before it"
        before, after = await self.model(served.model_sha), await self.model(served.from_model_sha)
        made = decode(await self.blobs.get(served.plan_sha))
        there = await present(self.cluster, served.environment)
        return Undo(before, after, held(each for each in made.kept if each.name in there))

    async def undoing(self, declared: Declared, served: said.MigrationPlanned) -> Plan:
        """The plan that takes back what serves. Raises errors of `cluster.WORLD`."""
        assert declared.undoes is not None, "it says what it takes back"
        listed: Listed | None = None
        if declared.listed is not None:
            listed = json.loads(await self.blobs.get(declared.listed))["listed"]
        undo = await self.undo(served)
        return undo.plan(
            environment=declared.environment,
            deployment=declared.deployment,
            undoes=declared.undoes,
            from_model_sha=served.model_sha,
            model_sha=declared.model_sha,
            listed=listed,
        )


async def advance(world: World, server: asyncpg.Connection, environment: str) -> bool:
    """Do what has to be done next to an environment; False when there was nothing. For one worker at a time."""
    async with world.database.reading() as connection:
        task = await queries.next_task(connection, environment)
    match task:
        case None:
            return False
        case Deploy(Declared(clone=Clone() as wanted)):
            ended = await _clone(world, server, task, wanted)
        case Deploy():
            ended = await _deploy(world, server, task)
        case Remove():
            ended = await _remove(world, server, task)
    if ended is None:
        return False
    await world.runner.wait_for(ended.position, SEEN_SECONDS)
    return True


async def _deploy(world: World, server: asyncpg.Connection, task: Deploy) -> Recorded | None:
    began, declared = time.perf_counter(), task.declared
    subject, environment, events = await world.known(declared.organisation, declared.environment)
    if not environments.open_for(environment, declared.deployment):
        # The log is ahead of our tables; they will follow.
        return events[-1]
    if declared.undoes is not None and environment.planned is None and not _undoable(environment, declared):
        late = Refusal(NOT_LAST, "It is no longer the last deployment of the environment.")
        cause = _cause(declared.deployment, task.correlation)
        return await execute(world.log, subject, cause=cause, decide=_end(declared, late))
    planned = await _planned(world, subject, environment, events, task)
    if planned is None:
        return None
    made = decode(await world.blobs.get(said.MigrationPlanned.model_validate(planned.envelope.data).plan_sha))
    await world.cluster.ensure(server, declared.environment)
    refusal = await migrate(world.cluster, made)
    cause = _cause(planned.envelope.id, task.correlation)
    ended = await execute(world.log, subject, cause=cause, decide=_end(declared, refusal))
    if refusal is None:
        # Only now, because nobody is told before what serves.
        await finish(world.cluster, made)
    observe(
        "provisioner.deployed",
        outcome=refusal.code if refusal else "ok",
        took_ms=(time.perf_counter() - began) * 1000,
        environment=declared.environment,
        kind=declared.kind,
        version=declared.version,
        steps=len(made.steps),
    )
    return ended


async def _clone(world: World, server: asyncpg.Connection, task: Deploy, wanted: Clone) -> Recorded | None:
    """What serves in the source, schema and data. None while the source is being deployed to: it comes first."""
    began = time.perf_counter()
    subject, environment, events = await world.known(task.declared.organisation, task.declared.environment)
    if not environments.open_for(environment, task.declared.deployment):
        return events[-1]
    async with world.cluster.alone(wanted.source) as alone:
        _, source, _ = await world.known(task.declared.organisation, wanted.source)
        if alone is None or source.planned is not None:
            return None
        made = await _cloned(world, server, task, wanted, source.live)
    how = "refused" if isinstance(made, Refusal) else made
    refusal = made if isinstance(made, Refusal) else None
    _, _, events = await world.known(task.declared.organisation, task.declared.environment)
    cause = _cause(events[-1].envelope.id if events else task.declared.deployment, task.correlation)
    ended = await execute(world.log, subject, cause=cause, decide=_end(task.declared, refusal))
    took = (time.perf_counter() - began) * 1000
    outcome = refusal.code if refusal else "ok"
    where = {"environment": task.declared.environment, "source": wanted.source, "how": how}
    observe("provisioner.cloned", outcome=outcome, took_ms=took, **where)
    return ended


async def _cloned(
    world: World, server: asyncpg.Connection, task: Deploy, wanted: Clone, live: Live | None
) -> str | Refusal:
    """Plan it, write the plan down, make it; how it was made."""
    if live is None:
        return Refusal(SOURCE_GONE, "Nothing runs in the source any more.")
    declared = replace(task.declared, version=live.version, sdl_sha=live.sdl_sha, model_sha=live.model_sha)
    model = await world.model(live.model_sha)
    try:
        masks.checked(model, wanted.masks)
    except Refused as refused:
        return Refusal(refused.reason or refused.code, f"Version {live.version} runs in the source. {refused.message}")
    made = cloning.clone_plan(
        model,
        wanted.masks,
        environment=declared.environment,
        deployment=declared.deployment,
        model_sha=live.model_sha,
    )
    sha = await world.blobs.put(encode(made))
    subject, environment, _ = await world.known(declared.organisation, declared.environment)
    await execute(
        world.log,
        subject,
        cause=_cause(declared.deployment, task.correlation),
        decide=lambda history: environments.plan(_folded(history), declared, made, sha),
    )
    if environment.planned is not None and environment.planned.model_sha != live.model_sha:
        return Refusal(SOURCE_CHANGED, f"The source got version {live.version} before its clone was made.")
    key = purpose_key(world.secret_key, f"masks/{declared.environment}")
    return await clone(world.cluster, server, Cloning(wanted.source, model, wanted.masks, made, key), world.rest)


async def _planned(
    world: World, subject: Subject, environment: Environment, events: Sequence[Recorded], task: Deploy
) -> Recorded | None:
    """The written plan: the one that is there, or a new one. None when another deployment has not ended."""
    declared = task.declared
    if environment.planned is not None:
        if environment.planned.deployment != declared.deployment:
            return None
        return next(each for each in reversed(events) if each.envelope.type == said.MigrationPlanned.TYPE)
    served = environments.last(environment)
    if declared.undoes is not None and served is not None:
        made = await world.undoing(declared, served)
    else:
        made = await world.planned(declared, environment.live)
    sha = await world.blobs.put(encode(made))

    def decide(history: History) -> said.MigrationPlanned | None:
        return environments.plan(_folded(history), declared, made, sha)

    return await execute(world.log, subject, cause=_cause(declared.deployment, task.correlation), decide=decide)


def _undoable(environment: Environment, declared: Declared) -> bool:
    served = environments.last(environment)
    return served is not None and (served.deployment, served.from_model_sha) == (declared.undoes, declared.model_sha)


def _end(declared: Declared, refusal: Refusal | None) -> Callable[[History], Event | None]:
    def decide(history: History) -> Event | None:
        if refusal is None:
            return environments.ready(_folded(history), declared.deployment)
        return environments.fail(_folded(history), declared, code=refusal.code, reason=refusal.reason)

    return decide


async def _remove(world: World, server: asyncpg.Connection, task: Remove) -> Recorded | None:
    began, declared = time.perf_counter(), task.declared
    subject, environment, events = await world.known(declared.organisation, declared.environment)
    if environment.removed:
        return events[-1]
    await world.cluster.remove(server, declared.environment)
    ended = await execute(
        world.log,
        subject,
        cause=_cause(task.removal, task.correlation),
        decide=lambda history: environments.remove(_folded(history), declared),
    )
    took = (time.perf_counter() - began) * 1000
    observe("provisioner.removed", took_ms=took, environment=declared.environment, kind=declared.kind)
    return ended


def _folded(history: History) -> Environment:
    return environments.fold(EVENTS[each.envelope.type].model_validate(each.envelope.data) for each in history.events)


def _cause(causation: str, correlation: str) -> Cause:
    return Cause(ACTOR, causation, correlation)
