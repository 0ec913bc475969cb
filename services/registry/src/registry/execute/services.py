"""Commands about services as such: create and remove. What they run is in `pushes`."""

from __future__ import annotations

import asyncio

from common.errors import Refused
from common.ids import derived
from common.log import Cause, Recorded
from contracts import model
from contracts.model import Model
from registry.domain import sdl, services, templates, versions, wording
from registry.domain.services import Documentation, Version
from registry.execute.deciding import SERVICE, World, caught_up, decide
from registry.store import services as stored

ALTERNATIVES_SHOWN = 3


async def create(
    world: World, organisation: str, *, documentation: Documentation, creator: str, cause: Cause
) -> tuple[str, Recorded]:
    """A service with its first version, from the template. Refuses CONFLICT, with free names, for a taken name."""
    new = derived("service", cause.causation_id)
    slug = wording.slug_of(documentation.name)
    meant = await asyncio.to_thread(sdl.parse, templates.HELLO, service=new, previous=None)
    assert isinstance(meant, Model), "the template has no problems"
    version = Version(
        versions.FIRST,
        sdl_sha=await world.blobs.put(templates.HELLO.encode()),
        model_sha=await world.blobs.put(model.encode(meant)),
    )
    try:
        recorded = await decide(
            world,
            SERVICE,
            organisation,
            new,
            cause=cause,
            verb=lambda service: services.create(
                service,
                id=new,
                organisation=organisation,
                slug=slug,
                documentation=documentation,
                creator=creator,
                version=version,
            ),
            claims=lambda _: (services.slug_claim(slug, organisation=organisation, service=new),),
        )
    except Refused as refused:
        if refused.reason == "CONFLICT":
            raise services.taken(slug, await _free(world, organisation, slug)) from None
        raise
    assert recorded is not None, "a creation always says something"
    return new, recorded


async def remove(world: World, organisation: str, id: str, *, cause: Cause) -> Recorded | None:
    """The service goes, if no project uses it. One that adds it at this very moment loses it again (`handlers`)."""
    await caught_up(world)
    async with world.database.reading() as connection:
        used = await stored.projects_using(connection, id)
    return await decide(
        world,
        SERVICE,
        organisation,
        id,
        cause=cause,
        verb=lambda service: services.remove(service, projects=used),
        releases=lambda service: (
            services.slug_claim(services.existing(service).slug, organisation=organisation, service=id),
        ),
    )


async def retire(world: World, organisation: str, id: str, *, reason: str | None, cause: Cause) -> Recorded | None:
    """No project can take the service any more; None when that is so already."""
    return await decide(
        world,
        SERVICE,
        organisation,
        id,
        cause=cause,
        verb=lambda service: services.retire(service, reason=reason),
    )


async def reinstate(world: World, organisation: str, id: str, *, cause: Cause) -> Recorded | None:
    """The service can be taken again; None when that is so already."""
    return await decide(world, SERVICE, organisation, id, cause=cause, verb=services.reinstate)


async def _free(world: World, organisation: str, slug: str) -> list[str]:
    candidates = wording.alternatives(slug)
    async with world.database.reading() as connection:
        used = await stored.slugs_taken(connection, organisation, candidates)
    return [each for each in candidates if each not in used][:ALTERNATIVES_SHOWN]
