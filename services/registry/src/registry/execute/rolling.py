"""Commands that declare a version for an environment of an instance: promotion, update, roll back; and their preview.

All of them are migrations of that environment's data to another Model, so all ask the same questions first (C 1.4).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from common import clock
from common.commands import earlier
from common.ids import derived
from common.log import Cause, Recorded
from contracts import model
from contracts.names import EnvironmentKind, environment_id
from contracts.registry import SchemaChange
from registry.domain import approvals, diff, instances, projects, rolling, services
from registry.domain.breaks import Breaks
from registry.domain.instances import Instance, Target
from registry.domain.problems import Problem
from registry.domain.pushes import Loss
from registry.domain.rolling import Direction
from registry.domain.services import Service, Version
from registry.domain.undoing import Undoing
from registry.execute import breaks, pushes
from registry.execute.deciding import INSTANCE, PROJECT, SERVICE, World, caught_up, decide, state
from registry.execute.judged import acceptable
from registry.execute.pushes import ToldStep
from registry.store import services as stored
from registry.store.rows import Row


@dataclass(frozen=True)
class Way:
    """A version on its way to an environment."""

    service: Service
    to: Target
    version: Version
    skips: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Foreseen:
    """What would happen to an environment and its data."""

    way: Way
    running: str | None
    """Version that runs there."""
    direction: Direction
    up_to_date: bool
    needs_approval: bool
    changes: tuple[SchemaChange, ...] = ()
    losses: tuple[Loss, ...] = ()
    problems: tuple[Problem, ...] = ()
    steps: tuple[ToldStep, ...] = ()
    breaks: Breaks | None = None

    @property
    def needs_force(self) -> bool:
        """Whether it would be refused DATA_LOSS or BREAKS_CALLERS without force."""
        return bool(pushes.held(self.losses) or (self.breaks and self.breaks.certain))


async def rolled(world: World, row: Row, service: Row, *, to: EnvironmentKind, asked: str) -> Way:
    """A published version for one environment. Refuses as `rolling.wanted` and `rolling.target` do."""
    made = await state(world, SERVICE, service["organisation"], service["id"])
    offered = services.existing(made)
    assert offered.id == row["service"], "a version of the service that the instance is of"
    return Way(offered, rolling.target(to), rolling.wanted(offered, asked))


async def promoted(world: World, row: Row, service: Row, *, source: EnvironmentKind, to: EnvironmentKind) -> Way:
    """The version that runs in one environment, for another. Refuses NO_SUCH_WAY, RETIRED, NOT_DEPLOYED."""
    target = instances.way(source, to)
    made = await state(world, SERVICE, service["organisation"], service["id"])
    offered = services.existing(made)
    if source == "demo":
        return Way(offered, target, services.takeable(offered).published)
    there = await pushes.running(world, environment_id(row["id"], source), source, what=offered.slug)
    return Way(offered, target, offered.versions[there["running_version"]], rolling.skipped(source, target))


async def foresee(world: World, row: Row, way: Way) -> Foreseen:
    """What going this way would do. Declares nothing."""
    await caught_up(world)
    async with world.database.reading() as connection:
        here = await stored.environment(connection, environment_id(row["id"], way.to))
    running = here["running_version"] if here else None
    used = await state(world, INSTANCE, row["organisation"], row["id"])
    instance = instances.existing(used)
    seen = Foreseen(
        way=way,
        running=running,
        direction=rolling.direction(way.service, running, way.version.name),
        up_to_date=_is_there(instance, way, running),
        needs_approval=await guarded(world, row, way.to),
    )
    if seen.up_to_date:
        return seen
    there = environment_id(row["id"], way.to)
    told, broken = await asyncio.gather(
        pushes.foretold(world, there, way.version.model_sha, way.version.name),
        breaks.of_environment(world, way.service.id, there, way.version.model_sha),
    )
    return Foreseen(
        way=way,
        running=running,
        direction=seen.direction,
        up_to_date=False,
        needs_approval=seen.needs_approval,
        changes=await _changes(world, way.service, running, way.version),
        losses=tuple(pushes.losses_of(told)),
        problems=tuple(await pushes.problems_of(world, way.version, told)),
        steps=tuple(told.steps),
        breaks=broken,
    )


async def done_before(world: World, row: Row, cause: Cause) -> Recorded | None:
    """The fact that this very command has already led to."""
    return earlier(await world.log.load(INSTANCE.subject(row["organisation"], row["id"])), cause)


async def go(world: World, row: Row, way: Way, *, force: bool, who: str, cause: Cause) -> Recorded | None:
    """Declare the version; None when it is there already, or asked for already.

    Where the project demands approval it becomes a request (`approvals`). Refuses DEPLOYMENT_RUNNING, what the data
    forbid, and DATA_LOSS without `force`.
    """
    used = await state(world, INSTANCE, row["organisation"], row["id"])
    instance = instances.existing(used)
    here = await pushes.settled(world, environment_id(row["id"], way.to), what=way.service.slug)
    if _is_there(instance, way, here["running_version"]):
        return None
    await pushes.accepted(world, here["id"], way.to, way.version, force=force)
    await breaks.accepted(world, way.service.id, here, way.version.name, way.version.model_sha, force=force)
    if await guarded(world, row, way.to):
        return await ask_for(world, row, way, force=force, who=who, cause=cause)
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: instances.promote(known, environment=way.to, version=way.version, forced=force),
    )


async def approve(world: World, row: Row, request: Row, *, who: str, cause: Cause) -> Recorded | None:
    """Declare the version that somebody asked for. Refuses as `approvals.approve` does, and what the data now forbid.

    Data may be lost if that was accepted when it was asked for.
    """
    if done := await done_before(world, row, cause):
        return done
    now = clock.text(clock.now())
    used = await state(world, INSTANCE, row["organisation"], row["id"])
    instance = instances.existing(used)
    approvals.approve(instance, id=request["id"], by=who, now=now)
    asked = approvals.pending(instance, request["id"], now)
    here = await pushes.settled(world, environment_id(row["id"], asked.environment), what=row["id"])
    if asked.undone is not None:
        await acceptable(world, here["id"], asked.environment, asked.undone)
    else:
        await pushes.accepted(world, here["id"], asked.environment, asked.version, force=asked.forced)
        version = asked.version
        await breaks.accepted(world, row["service"], here, version.name, version.model_sha, force=asked.forced)
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: approvals.approve(known, id=request["id"], by=who, now=now),
    )


async def refuse(
    world: World, row: Row, request: Row, *, who: str, reason: str | None, cause: Cause
) -> Recorded | None:
    """End a request without a promotion."""
    now = clock.text(clock.now())
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: approvals.refuse(known, id=request["id"], by=who, reason=reason, now=now),
    )


async def ask_for(  # noqa: PLR0913 - what somebody asks for
    world: World, row: Row, way: Way, *, force: bool, who: str, cause: Cause, undone: Undoing | None = None
) -> Recorded | None:
    """Ask for the approval of somebody else."""
    at = clock.now()
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=lambda known: approvals.request(
            known,
            id=derived("request", cause.causation_id),
            environment=way.to,
            version=way.version,
            forced=force,
            requester=who,
            now=clock.text(at),
            expires_at=clock.text(at + timedelta(days=approvals.OPEN_DAYS)),
            undone=undone,
        ),
    )


async def guarded(world: World, row: Row, to: Target) -> bool:
    """Whether a second person has to approve what goes there."""
    if to != approvals.GUARDED:
        return False
    project = await state(world, PROJECT, row["organisation"], row["project"])
    return projects.existing(project).approvals


def _is_there(instance: Instance, way: Way, running: str | None) -> bool:
    return instance.declared.get(way.to) == way.version and running == way.version.name


async def _changes(world: World, service: Service, running: str | None, version: Version) -> tuple[SchemaChange, ...]:
    """What callers of the environment will notice; nothing where nothing runs."""
    if running is None:
        return ()
    before = model.decode(await world.blobs.get(service.versions[running].model_sha))
    return diff.changes(before, model.decode(await world.blobs.get(version.model_sha)))
