"""Facts about projects, grants, clients and keys, as rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.log import Recorded
from contracts import registry as said
from registry.domain.projects import grant_id
from registry.store.tables import clients, grants, keys, projects


async def project_created(connection: AsyncConnection, recorded: Recorded, event: said.ProjectCreated) -> None:
    at = clock.parse(recorded.envelope.time)
    row: dict[str, Any] = {
        "id": event.project,
        "organisation": event.organisation,
        "name": event.name,
        "slug": event.slug,
        "description": event.description,
        "restricted": event.restricted,
        "approvals": False,
        "environment_names": {},
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(projects).values(row))
    grant = {
        "id": grant_id(event.project, event.creator),
        "project": event.project,
        "user_id": event.creator,
        "role": "admin",
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(grants).values(grant))


async def project_renamed(connection: AsyncConnection, recorded: Recorded, event: said.ProjectRenamed) -> None:
    changed = {
        "name": event.name,
        "slug": event.slug,
        "description": event.description,
        "restricted": event.restricted,
        "updated_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.update(projects).where(projects.c.id == event.project).values(changed))


async def project_configured(connection: AsyncConnection, recorded: Recorded, event: said.ProjectConfigured) -> None:
    changed = {
        "approvals": event.approvals,
        "environment_names": event.environment_names.model_dump(exclude_none=True),
        "updated_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.update(projects).where(projects.c.id == event.project).values(changed))


async def project_deleted(connection: AsyncConnection, _recorded: Recorded, event: said.ProjectDeleted) -> None:
    await connection.execute(sa.delete(projects).where(projects.c.id == event.project))
    await connection.execute(sa.delete(grants).where(grants.c.project == event.project))
    await connection.execute(sa.delete(keys).where(keys.c.target == event.project))
    await connection.execute(sa.update(clients).where(clients.c.project == event.project).values(removed=True))


async def role_granted(connection: AsyncConnection, recorded: Recorded, event: said.ProjectRoleGranted) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.grant,
        "project": event.project,
        "user_id": event.user,
        "role": event.role,
        "created_at": at,
        "updated_at": at,
    }
    again = (
        insert(grants)
        .values(row)
        .on_conflict_do_update(index_elements=[grants.c.id], set_={"role": event.role, "updated_at": at})
    )
    await connection.execute(again)


async def role_withdrawn(connection: AsyncConnection, _recorded: Recorded, event: said.ProjectRoleWithdrawn) -> None:
    await connection.execute(sa.delete(grants).where(grants.c.id == event.grant))


async def client_added(connection: AsyncConnection, recorded: Recorded, event: said.ClientAdded) -> None:
    row = {
        "id": event.client,
        "organisation": event.organisation,
        "project": event.project,
        "name": event.name,
        "email": event.email,
        "currency": event.currency,
        "time_zone": event.time_zone,
        "removed": False,
        "created_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(clients).values(row))


async def client_removed(connection: AsyncConnection, recorded: Recorded, event: said.ClientRemoved) -> None:
    """A client's keys end with it."""
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(clients).where(clients.c.id == event.client).values(removed=True))
    await connection.execute(sa.update(keys).where(keys.c.client == event.client).values(revoked=True, updated_at=at))


async def key_issued(connection: AsyncConnection, recorded: Recorded, event: said.KeyIssued) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.key,
        "organisation": event.organisation,
        "kind": event.kind,
        "target": event.target,
        "client": event.client,
        "name": event.name,
        "prefix": event.prefix,
        "expires_at": clock.parse(event.expires_at) if event.expires_at else None,
        "revoked": False,
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(keys).values(row))


async def key_rotated(connection: AsyncConnection, recorded: Recorded, event: said.KeyRotated) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(keys).where(keys.c.id == event.key).values(prefix=event.prefix, updated_at=at))


async def key_revoked(connection: AsyncConnection, recorded: Recorded, event: said.KeyRevoked) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(keys).where(keys.c.id == event.key).values(revoked=True, updated_at=at))
