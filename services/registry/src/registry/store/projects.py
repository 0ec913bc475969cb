"""Projects, grants, clients and keys, as they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access import Principal
from registry.domain.lists import Columns, Wanted
from registry.store import listing, visible
from registry.store.rows import Row, by, many, one
from registry.store.tables import clients, grants, instances, keys, projects, services

PROJECTS: Final = Columns(
    {
        "id": "exact",
        "name": "text",
        "slug": "exact",
        "description": "text",
        "restricted": "boolean",
        "created_at": "time",
        "updated_at": "time",
    },
    "name",
)
GRANTS: Final = Columns(
    {
        "id": "exact",
        "role": "exact",
        "user_id": "exact",
        "username": "text",
        "email": "text",
        "created_at": "time",
        "updated_at": "time",
    },
    "created_at",
    "DESC",
)


async def page(connection: AsyncConnection, principal: Principal, want: Wanted) -> list[Row]:
    """Projects the caller may see."""
    statement = sa.select(projects).where(visible.project(principal))
    return await many(connection, listing.page(statement, dict(projects.c.items()), want))


async def by_slug(connection: AsyncConnection, principal: Principal, slug: str, organisation: str | None) -> list[Row]:
    """The projects of that slug that the caller may see: one, unless he is in several organisations."""
    statement = sa.select(projects).where(projects.c.slug == slug, visible.project(principal))
    if organisation is not None:
        statement = statement.where(projects.c.organisation == organisation)
    return await many(connection, statement.order_by(projects.c.id))


async def by_ref(connection: AsyncConnection, principal: Principal, ref: str) -> list[Row]:
    """The projects the caller may see under an id or slug."""
    match = sa.or_(projects.c.id == ref, projects.c.slug == ref)
    statement = sa.select(projects).where(match, visible.project(principal))
    return await many(connection, statement.order_by((projects.c.id == ref).desc(), projects.c.id))


async def by_ids(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    return await by(connection, sa.select(projects), projects.c.id, ids)


async def slugs_taken(connection: AsyncConnection, organisation: str, slugs: Sequence[str]) -> set[str]:
    """Which of these slugs projects of the organisation have."""
    statement = sa.select(projects.c.slug).where(projects.c.organisation == organisation)
    return {row["slug"] for row in await by(connection, statement, projects.c.slug, slugs)}


async def services_in(connection: AsyncConnection, project: str) -> list[str]:
    """Slugs of the services that the project uses."""
    statement = (
        sa.select(sa.func.coalesce(services.c.slug, instances.c.service).label("slug"))
        .select_from(instances.outerjoin(services, services.c.id == instances.c.service))
        .where(instances.c.project == project)
        .order_by("slug")
    )
    return [row["slug"] for row in await many(connection, statement)]


async def grants_of(connection: AsyncConnection, project: str) -> list[Row]:
    """Every grant of a project; names of users stand sealed elsewhere, so pages are cut in memory."""
    return await many(connection, sa.select(grants).where(grants.c.project == project))


async def grant(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(grants).where(grants.c.id == id))


async def clients_in(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Clients of projects, by name."""
    statement = sa.select(clients).where(sa.not_(clients.c.removed)).order_by(clients.c.name, clients.c.id)
    return await by(connection, statement, clients.c.project, ids)


async def clients_by_id(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Clients, removed ones too: their keys remain in lists."""
    return await by(connection, sa.select(clients), clients.c.id, ids)


async def key(connection: AsyncConnection, id: str) -> Row | None:
    return await one(connection, sa.select(keys).where(keys.c.id == id))


async def keys_by_ids(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Keys, revoked ones too: they were used."""
    return await by(connection, sa.select(keys), keys.c.id, ids)


async def keys_to(connection: AsyncConnection, ids: Sequence[str]) -> list[Row]:
    """Keys to services or projects, newest first."""
    statement = sa.select(keys).order_by(keys.c.created_at.desc(), keys.c.id)
    return await by(connection, statement, keys.c.target, ids)
