"""Commands about instances: a service into a project, out of it again, and access to its environments.

Versions through the environments are in `rolling`.
"""

from __future__ import annotations

from common.errors import Refused, conflict
from common.ids import derived
from common.log import Cause, Recorded
from registry.domain import access, instances, previews, projects, services
from registry.domain.access import Mode
from registry.execute.deciding import ACCESS, INSTANCE, PROJECT, SERVICE, World, decide, state
from registry.store.rows import Row


async def add(world: World, project: Row, service: Row, *, cause: Cause) -> tuple[str, Recorded]:
    """The published version of a service, for dev of the project. Refuses CONFLICT when the project has the service."""
    new = derived("instance", cause.causation_id)
    target = await state(world, PROJECT, project["organisation"], project["id"])
    projects.existing(target)
    source = await state(world, SERVICE, service["organisation"], service["id"])
    offered = services.takeable(services.existing(source))
    try:
        recorded = await decide(
            world,
            INSTANCE,
            project["organisation"],
            new,
            cause=cause,
            verb=lambda instance: instances.add(
                instance,
                id=new,
                organisation=project["organisation"],
                project=project["id"],
                service=offered.id,
                version=offered.published,
            ),
            claims=lambda _: (instances.once_claim(project=project["id"], service=offered.id, instance=new),),
        )
    except Refused as refused:
        if refused.reason == "CONFLICT":
            message = f"Project {project['slug']!r} already uses service {offered.slug!r}."
            raise conflict(message, "Promote the instance that is there.") from None
        raise
    assert recorded is not None, "an addition always says something"
    return new, recorded


async def remove(world: World, row: Row, *, cause: Cause) -> Recorded | None:
    """The instance goes with its previews; the project may add the service again."""
    claim = instances.once_claim(project=row["project"], service=row["service"], instance=row["id"])
    return await decide(
        world,
        INSTANCE,
        row["organisation"],
        row["id"],
        cause=cause,
        verb=instances.remove,
        releases=lambda instance: (claim, *previews.slot_claims(instance)),
    )


async def set_access(world: World, environment: Row, *, mode: Mode, cause: Cause) -> Recorded | None:
    return await decide(
        world,
        ACCESS,
        environment["organisation"],
        environment["id"],
        cause=cause,
        verb=lambda known: access.change(
            known,
            environment=environment["id"],
            kind=environment["kind"],
            organisation=environment["organisation"],
            mode=mode,
        ),
    )
