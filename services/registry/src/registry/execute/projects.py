"""Commands about projects, their roles and their clients."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.claims import Claim
from common.errors import Refused, bad_input, conflict
from common.ids import derived
from common.log import Cause, Recorded
from contracts.access import Role
from contracts.registry import ProjectCreated
from registry.domain import clients, configuring, grants, projects, wording
from registry.domain.projects import Patch, Project
from registry.execute.deciding import CLIENT, PROJECT, World, caught_up, decide
from registry.store import projects as stored


async def create(  # noqa: PLR0913 - what a project is made of
    world: World,
    *,
    organisation: str,
    name: str,
    slug: str | None,
    description: str | None,
    restricted: bool,
    creator: str,
    cause: Cause,
) -> tuple[str, Recorded]:
    """A project, under the given slug or the first free one that follows from its name."""
    new = derived("project", cause.causation_id)
    candidates = [wording.slug(slug)] if slug is not None else await _free(world, organisation, name)
    for candidate in candidates:
        fact = projects.create(
            None,
            id=new,
            organisation=organisation,
            name=name,
            slug=candidate,
            description=description,
            restricted=restricted,
            creator=creator,
        )
        claim = projects.slug_claim(candidate, organisation=organisation, project=new)
        try:
            recorded = await _created(world, fact, claim, cause)
        except Refused as refused:
            if refused.reason != "CONFLICT":
                raise
            continue
        return new, recorded
    raise taken(candidates[0])


async def update(world: World, organisation: str, id: str, *, patch: Patch, cause: Cause) -> Recorded | None:
    """The project as the patch makes it; another slug gives the old one back."""

    def renamed(project: Project | None) -> tuple[Project, Project] | None:
        known = projects.existing(project)
        wanted = projects.patched(known, patch)
        return None if wanted.slug == known.slug else (known, wanted)

    def claim(project: Project) -> tuple[Claim]:
        return (projects.slug_claim(project.slug, organisation=organisation, project=id),)

    try:
        return await decide(
            world,
            PROJECT,
            organisation,
            id,
            cause=cause,
            verb=lambda project: projects.update(project, patch),
            claims=lambda project: claim(moved[1]) if (moved := renamed(project)) else (),
            releases=lambda project: claim(moved[0]) if (moved := renamed(project)) else (),
        )
    except Refused as refused:
        if refused.reason == "CONFLICT" and patch.slug is not None:
            raise taken(patch.slug) from None
        raise


async def configure(
    world: World,
    organisation: str,
    id: str,
    *,
    approvals: bool | None,
    names: Mapping[str, str | None] | None,
    cause: Cause,
) -> Recorded | None:
    """The project with other settings; what is None stays as it is."""
    return await decide(
        world,
        PROJECT,
        organisation,
        id,
        cause=cause,
        verb=lambda project: configuring.configure(project, approvals=approvals, names=names),
    )


async def delete(world: World, organisation: str, id: str, *, cause: Cause) -> Recorded | None:
    """The project goes, if nothing is in it.

    A service that is added at this very moment is removed again by `handlers`: nobody could have used it yet.
    """
    await caught_up(world)
    async with world.database.reading() as connection:
        used = await stored.services_in(connection, id)
    return await decide(
        world,
        PROJECT,
        organisation,
        id,
        cause=cause,
        verb=lambda project: projects.delete(project, instances=used),
        releases=lambda project: (
            projects.slug_claim(projects.existing(project).slug, organisation=organisation, project=id),
        ),
    )


async def grant(  # noqa: PLR0913 - who gives what to whom
    world: World, organisation: str, id: str, *, user: str, role: Role, held: Role, cause: Cause
) -> Recorded | None:
    return await decide(
        world,
        PROJECT,
        organisation,
        id,
        cause=cause,
        verb=lambda project: grants.grant(project, user=user, role=role, held=held),
    )


async def change_grant(  # noqa: PLR0913 - who gives what to whom
    world: World, organisation: str, id: str, *, grant: str, role: Role, held: Role, operator: bool, cause: Cause
) -> Recorded | None:
    return await decide(
        world,
        PROJECT,
        organisation,
        id,
        cause=cause,
        verb=lambda project: grants.change(project, id=grant, role=role, held=held, operator=operator),
    )


async def withdraw(
    world: World, organisation: str, id: str, *, grant: str, operator: bool, cause: Cause
) -> Recorded | None:
    return await decide(
        world,
        PROJECT,
        organisation,
        id,
        cause=cause,
        verb=lambda project: grants.withdraw(project, id=grant, operator=operator),
    )


async def add_client(  # noqa: PLR0913 - what a client is made of
    world: World,
    organisation: str,
    project: str,
    *,
    name: str,
    email: str | None,
    currency: str,
    time_zone: str,
    cause: Cause,
) -> tuple[str, Recorded]:
    """Somebody who pays. Refuses CONFLICT for a name that another client of the project has."""
    new = derived("client", cause.causation_id)
    name = wording.line(name, field="name", chars=wording.TITLE_CHARS)
    fact = clients.add(
        None,
        id=new,
        organisation=organisation,
        project=project,
        name=name,
        email=await world.sealer.seal(new, wording.email(email)) if email else None,
        currency=currency,
        time_zone=zone(time_zone),
    )
    try:
        recorded = await decide(
            world,
            CLIENT,
            organisation,
            new,
            cause=cause,
            verb=lambda _: fact,
            claims=lambda _: (clients.name_claim(name, project=project, client=new),),
        )
    except Refused as refused:
        if refused.reason == "CONFLICT":
            raise conflict(f"The project already has a client {name!r}.", "Choose another name.") from None
        raise
    assert recorded is not None, "an addition always says something"
    return new, recorded


async def remove_client(world: World, organisation: str, id: str, *, cause: Cause) -> Recorded | None:
    return await decide(
        world,
        CLIENT,
        organisation,
        id,
        cause=cause,
        verb=clients.remove,
        releases=lambda client: (
            clients.name_claim(clients.existing(client).name, project=clients.existing(client).project, client=id),
        ),
    )


def taken(slug: str) -> Refused:
    """The refusal of a slug that another project of the organisation has."""
    return conflict(f"The slug {slug!r} is taken.", "Choose another one.")


async def _created(world: World, fact: ProjectCreated, claim: Claim, cause: Cause) -> Recorded:
    recorded = await decide(
        world,
        PROJECT,
        fact.organisation,
        fact.project,
        cause=cause,
        verb=lambda _: fact,
        claims=lambda _: (claim,),
    )
    assert recorded is not None, "a creation always says something"
    return recorded


async def _free(world: World, organisation: str, name: str) -> list[str]:
    """Slugs to try, the most natural first; those known to be taken are left out."""
    wording.line(name, field="name", chars=wording.NAME_CHARS)
    slug = wording.slug_of(name)
    candidates = [slug, *wording.alternatives(slug)]
    async with world.database.reading() as connection:
        used = await stored.slugs_taken(connection, organisation, candidates)
    return [each for each in candidates if each not in used] or candidates[:1]


def zone(name: str) -> str:
    """A time zone that exists where we run: bills are cut by it."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{wording.shortened(name)!r} is not a time zone."
        hint = "Use an IANA name such as 'Europe/Amsterdam'."
        raise bad_input(message, hint, reason="UNKNOWN_TIME_ZONE", field="timeZone") from None
