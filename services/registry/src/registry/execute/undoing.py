"""The command that takes the last deployment of an environment back, and its preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from common.commands import earlier
from common.log import Cause, Recorded
from contracts import model
from contracts.names import SERVICE_ENVIRONMENTS
from contracts.registry import SchemaChange
from registry.domain import diff, instances, pushes, services, undoing, versions
from registry.domain.instances import Target
from registry.domain.services import Service, Version
from registry.domain.undoing import Undoing
from registry.execute import rolling
from registry.execute.deciding import INSTANCE, SERVICE, World, decide, state
from registry.execute.judged import ToldUndo, judged, misfits
from registry.execute.pushes import settled
from registry.store import services as stored
from registry.store.rows import Row


@dataclass(frozen=True)
class Foreseen:
    """What an undo would do."""

    told: ToldUndo
    version: str
    """What will run: on private a new version that is the earlier one again."""
    needs_approval: bool
    changes: tuple[SchemaChange, ...]


async def foresee(world: World, row: Row, *, limit: int) -> Foreseen:
    """What an undo of the last deployment would do. Declares nothing. Refuses DEPLOYMENT_RUNNING, NOTHING_TO_UNDO."""
    await settled(world, row["id"], what=row["kind"])
    told = await judged(world, row["id"], limit=limit)
    service = await _service(world, row)
    return Foreseen(
        told=told,
        version=_next(service).name if row["kind"] == "private" else told.to,
        needs_approval=await _guarded(world, row),
        changes=await _changes(world, service, told),
    )


async def done_before(world: World, row: Row, cause: Cause) -> Recorded | None:
    """The fact that this very command has already led to."""
    aggregate = SERVICE if row["kind"] in SERVICE_ENVIRONMENTS else INSTANCE
    return earlier(await world.log.load(aggregate.subject(row["organisation"], row["owner"])), cause)


async def undo(world: World, row: Row, *, token: str | None, force: bool, who: str, cause: Cause) -> Recorded | None:
    """Declare the earlier version. Where the project demands approval it becomes a request.

    Refuses DEPLOYMENT_RUNNING, NOTHING_TO_UNDO, DOES_NOT_FIT and LIST_CHANGED.
    """
    await settled(world, row["id"], what=row["kind"])
    told = await judged(world, row["id"])
    listed = undoing.accepted(row["kind"], misfits(told), token=token, listed=told.listed, force=force)
    wanted, service = Undoing(told.undoes, listed), await _service(world, row)
    version = service.versions[told.to]
    organisation, owner = row["organisation"], row["owner"]
    if row["kind"] == "private":
        again, changes = _next(service, version), await _changes(world, service, told)
        return await decide(
            world,
            SERVICE,
            organisation,
            owner,
            cause=cause,
            verb=lambda known: undoing.withdraw(
                known, after=service.pushed.name, version=again, undoing=wanted, changes=changes
            ),
        )
    if row["kind"] == "demo":
        return await decide(
            world,
            SERVICE,
            organisation,
            owner,
            cause=cause,
            verb=lambda known: undoing.unpublish(known, version=version, undoing=wanted),
        )
    to, instance = cast("Target", row["kind"]), await _instance(world, row)
    if await rolling.guarded(world, instance, to):
        way = rolling.Way(service, to, version)
        return await rolling.ask_for(world, instance, way, force=force, who=who, cause=cause, undone=wanted)
    return await decide(
        world,
        INSTANCE,
        organisation,
        owner,
        cause=cause,
        verb=lambda known: undoing.marked(
            instances.promote(known, environment=to, version=version, forced=wanted.forced), wanted
        ),
    )


async def _service(world: World, row: Row) -> Service:
    """The service whose version runs there."""
    service, organisation = row["owner"], row["organisation"]
    if row["kind"] not in SERVICE_ENVIRONMENTS:
        service = (await _instance(world, row))["service"]
        async with world.database.reading() as connection:
            found = await stored.by_ids(connection, [service])
        assert found, "a service with instances is not removed"
        organisation = found[0]["organisation"]
    known = await state(world, SERVICE, organisation, service)
    return services.existing(known)


async def _instance(world: World, row: Row) -> Row:
    async with world.database.reading() as connection:
        found = await stored.instance(connection, row["owner"])
    if found is None:
        raise pushes.nothing_there(row["owner"], row["kind"])
    return found


async def _guarded(world: World, row: Row) -> bool:
    if row["kind"] not in instances.TARGETS:
        return False
    return await rolling.guarded(world, await _instance(world, row), cast("Target", row["kind"]))


def _next(service: Service, version: Version | None = None) -> Version:
    """A new version with the documents of an earlier one."""
    like = version or service.pushed
    return Version(versions.next_version(service.pushed.name, None), like.sdl_sha, like.model_sha)


async def _changes(world: World, service: Service, told: ToldUndo) -> tuple[SchemaChange, ...]:
    before = model.decode(await world.blobs.get(service.versions[told.version].model_sha))
    return diff.changes(before, model.decode(await world.blobs.get(told.model_sha)))
