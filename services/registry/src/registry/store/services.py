"""Services, versions, instances and environments, as they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Principal
from registry.domain.lists import Columns, Wanted
from registry.store import listing, search, visible
from registry.store.rows import Row, by, many, one
from registry.store.tables import environments, instances, projects, removals, requests, services, versions

SERVICES: Final = Columns(
    {
        "id": "exact",
        "name": "text",
        "slug": "exact",
        "problem": "text",
        "solution": "text",
        "domain": "exact",
        "tags": "text",
        "organisation": "exact",
        "private_version": "exact",
        "published_version": "exact",
        "retired": "boolean",
        "created_at": "time",
        "updated_at": "time",
    },
    "name",
)

KINDS: Final = {"private": 0, "demo": 1, "dev": 2, "stage": 3, "prod": 4, "preview": 5}
"""From maker to customer."""
COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(column for column in services.c if column.name != "words")
LISTED: Final[dict[str, sa.ColumnElement[Any]]] = {
    **{column.name: column for column in COLUMNS},
    "tags": sa.func.array_to_string(services.c.tags, " ", type_=sa.Text()),
}


async def page(
    connection: AsyncConnection, principal: Principal, want: Wanted, *, query: str | None, ordered: bool
) -> list[Row]:
    """Services the caller may see. A query ranks them, best first, unless an order was asked for (`ordered`)."""
    seen = visible.service(principal)
    found = await search.ranked(connection, query, seen) if query else None
    if found is None:
        return await many(connection, listing.page(sa.select(*COLUMNS).where(seen), LISTED, want))
    joined = sa.select(*COLUMNS, found.c.rank).select_from(services.join(found, found.c.id == services.c.id))
    if ordered:
        return await many(connection, listing.page(joined, LISTED, want))
    for test in want.tests:
        joined = joined.where(listing.condition(LISTED[test.column], test))
    best = joined.order_by(found.c.rank.desc(), services.c.name, services.c.id)
    return await many(connection, best.limit(want.limit).offset(want.offset))


async def by_ref(connection: AsyncConnection, principal: Principal, ref: str) -> list[Row]:
    """The services the caller may see under an id or slug: one, unless he is in several organisations."""
    match = sa.or_(services.c.id == ref, services.c.slug == ref)
    statement = sa.select(*COLUMNS).where(match, visible.service(principal))
    return await many(connection, statement.order_by((services.c.id == ref).desc(), services.c.id))


async def by_ids(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    return await by(connection, sa.select(*COLUMNS), services.c.id, ids)


async def slugs_taken(connection: AsyncConnection, organisation: str, slugs: Sequence[str]) -> set[str]:
    """Which of these slugs services of the organisation have."""
    statement = sa.select(services.c.slug).where(services.c.organisation == organisation)
    return {row["slug"] for row in await by(connection, statement, services.c.slug, slugs)}


async def projects_using(connection: AsyncConnection, service: str) -> list[str]:
    """Slugs of the projects that use the service."""
    statement = (
        sa.select(sa.func.coalesce(projects.c.slug, instances.c.project).label("slug"))
        .select_from(instances.outerjoin(projects, projects.c.id == instances.c.project))
        .where(instances.c.service == service)
        .order_by("slug")
    )
    return [row["slug"] for row in await many(connection, statement)]


async def versions_of(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Versions of services, newest first."""
    return await by(connection, sa.select(versions).order_by(versions.c.position.desc()), versions.c.service, ids)


async def version(connection: AsyncConnection, service: str, name: str) -> Row | None:
    match = (versions.c.service == service) & (versions.c.name == name)
    return await one(connection, sa.select(versions).where(match))


async def instance(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(instances).where(instances.c.id == id))


async def instances_in(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Instances in projects, oldest first."""
    statement = sa.select(instances).order_by(instances.c.created_at, instances.c.id)
    return await by(connection, statement, instances.c.project, ids)


async def instances_of(connection: AsyncConnection, principal: Principal, ids: Sequence[str]) -> list[Row]:
    """Instances of services, in projects that the caller may see, oldest first."""
    statement = (
        sa.select(instances)
        .select_from(instances.join(projects, projects.c.id == instances.c.project))
        .where(visible.project(principal))
        .order_by(instances.c.created_at, instances.c.id)
    )
    return await by(connection, statement, instances.c.service, ids)


async def places_of(connection: AsyncConnection, principal: Principal, ids: Sequence[str]) -> list[Row]:
    """Where versions of services run: their own environments, and those of instances the caller may see."""
    service = sa.func.coalesce(instances.c.service, environments.c.owner)
    used = sa.select(instances.c.id).where(instances.c.service.in_(list(ids)))
    owners = used.union_all(sa.select(services.c.id).where(services.c.id.in_(list(ids))))
    statement = (
        sa.select(
            service.label("service"),
            instances.c.id.label("instance"),
            instances.c.project,
            environments.c.kind,
            environments.c.running_version.label("version"),
        )
        .select_from(
            environments.outerjoin(instances, instances.c.id == environments.c.owner).outerjoin(
                projects, projects.c.id == instances.c.project
            )
        )
        .where(
            environments.c.owner.in_(owners),
            environments.c.running_version.is_not(None),
            sa.or_(instances.c.id.is_(None), visible.project(principal)),
        )
        .order_by(projects.c.slug.nulls_first(), instances.c.id, sa.case(KINDS, value=environments.c.kind))
    )
    return await many(connection, statement)


async def running_of(connection: AsyncConnection, service: str) -> list[Row]:
    """Environments of a service and of all its instances in which something serves calls."""
    used = sa.select(instances.c.id).where(instances.c.service == service)
    statement = (
        sa.select(environments)
        .where(
            sa.or_(environments.c.owner == service, environments.c.owner.in_(used)),
            environments.c.running_model_sha.is_not(None),
        )
        .order_by(environments.c.id)
    )
    return await many(connection, statement)


async def requests_of(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Requests for promotions of instances, newest first."""
    statement = sa.select(requests).order_by(requests.c.created_at.desc(), requests.c.id)
    return await by(connection, statement, requests.c.instance, ids)


async def request(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(requests).where(requests.c.id == id))


async def environments_of(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """What is declared for the environments of services and instances, from maker to customer."""
    statement = sa.select(environments).order_by(sa.case(KINDS, value=environments.c.kind))
    return await by(connection, statement, environments.c.owner, ids)


async def environment(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(environments).where(environments.c.id == id))


async def left_behind(connection: AsyncConnection) -> list[Row]:
    """Instances whose project or service was removed in the moment in which they were added."""
    gone = sa.select(removals.c.gone).where(removals.c.gone.is_not(None))
    where = sa.or_(instances.c.project.in_(gone), instances.c.service.in_(gone))
    return await many(connection, sa.select(instances).where(where).limit(100))
