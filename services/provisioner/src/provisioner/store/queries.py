"""Queries over the read model; each bounded, each in a given order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import RowMapping as Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.masks import Mask
from contracts.names import INSTANCE_ENVIRONMENTS, PREVIEW, SERVICE_ENVIRONMENTS
from provisioner.domain.environments import Clone, Declared
from provisioner.store.tables import OPEN, deployments, environments, projects, services, versions

WORK_MAX: Final = 256
ORDER: Final = {kind: place for place, kind in enumerate((*SERVICE_ENVIRONMENTS, *INSTANCE_ENVIRONMENTS, PREVIEW))}


@dataclass(frozen=True, slots=True)
class Deploy:
    """The oldest deployment of an environment that has not ended."""

    declared: Declared
    correlation: str


@dataclass(frozen=True, slots=True)
class Remove:
    """An environment that was declared gone."""

    declared: Declared
    """The last that was declared for it."""
    removal: str
    """Id of the event that declared it gone."""
    correlation: str


async def work(connection: AsyncConnection) -> list[str]:
    """Environments that are not what was declared, those waiting longest first."""
    waiting = (
        sa.select(sa.func.min(deployments.c.position))
        .where(deployments.c.environment == environments.c.id, deployments.c.status.in_(OPEN))
        .scalar_subquery()
    )
    query = (
        sa.select(environments.c.id)
        .where(~environments.c.removed, sa.or_(environments.c.removal.is_not(None), waiting.is_not(None)))
        .order_by(waiting.nulls_first(), environments.c.id)
        .limit(WORK_MAX)
    )
    return list((await connection.execute(query)).scalars())


async def next_task(connection: AsyncConnection, environment: str) -> Deploy | Remove | None:
    """What has to be done next to an environment; None when it is as it was declared."""
    row = await environment_row(connection, environment, removed=False)
    if row is None:
        return None
    query = sa.select(deployments).where(deployments.c.environment == environment)
    if row["removal"] is not None:
        query = query.order_by(deployments.c.position.desc())
    else:
        query = query.where(deployments.c.status.in_(OPEN)).order_by(deployments.c.position)
    deployment = (await connection.execute(query.limit(1))).mappings().first()
    if deployment is None:
        return None
    declared = _declared(row, deployment)
    if row["removal"] is not None:
        return Remove(declared, row["removal"], row["removal_correlation"])
    return Deploy(declared, deployment["correlation"])


async def road(
    connection: AsyncConnection, service: str, version: str | None, *, to: str, model_sha: str
) -> tuple[list[str], bool]:
    """Hashes of the Models from the one after `version` to `model_sha`, and whether that way leads back.

    Only the last where version `to` lies before, or is the same: then it leads back. A Model that is no version yet
    comes after all versions.
    """
    # What was undone is no version on the way, but it may be where the way begins or ends.
    counts = ~versions.c.undone | versions.c.name.in_([version or "", to])
    query = sa.select(versions.c.name, versions.c.model_sha).where(versions.c.service == service, counts)
    known = [(row.name, row.model_sha) for row in await connection.execute(query.order_by(versions.c.position))]
    names, hashes = [name for name, _ in known], [sha for _, sha in known]
    if version is None:
        return [model_sha], False
    start = names.index(version) + 1 if version in names else 0
    later = hashes[start:]
    if to in names:
        end = names.index(to) - start
        return ([*later[:end], model_sha], False) if end >= 0 else ([model_sha], True)
    if model_sha in hashes and model_sha not in later:
        return [model_sha], False
    end = later.index(model_sha) if model_sha in later else len(later)
    return [*later[:end], model_sha], False


async def environment_row(connection: AsyncConnection, environment: str, *, removed: bool | None = None) -> Row | None:
    """The row of an environment."""
    query = sa.select(environments).where(environments.c.id == environment)
    if removed is not None:
        query = query.where(environments.c.removed == removed)
    return (await connection.execute(query)).mappings().first()


async def environments_of(connection: AsyncConnection, owner: str) -> list[Row]:
    """The environments of a service or an instance, in the order of promotion."""
    query = sa.select(environments).where(environments.c.owner == owner, ~environments.c.removed)
    rows = (await connection.execute(query.order_by(environments.c.id))).mappings().all()
    return sorted(rows, key=lambda row: ORDER[row["kind"]])


async def every_environment(connection: AsyncConnection) -> dict[str, bool]:
    """Every environment there ever was, and whether it was removed."""
    rows = await connection.execute(sa.select(environments.c.id, environments.c.removed))
    return {row.id: row.removed for row in rows}


async def environments_by_state(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many environments there are, by kind and state."""
    query = sa.select(environments.c.kind, environments.c.state, sa.func.count()).where(~environments.c.removed)
    rows = await connection.execute(query.group_by(environments.c.kind, environments.c.state))
    return {(kind, state): number for kind, state, number in rows}


async def deployments_of(connection: AsyncConnection, environment: str, limit: int, offset: int) -> Sequence[Row]:
    """The deployments of an environment, newest first."""
    query = sa.select(deployments).where(deployments.c.environment == environment)
    query = query.order_by(deployments.c.position.desc()).limit(limit).offset(offset)
    return (await connection.execute(query)).mappings().all()


async def deployment_row(connection: AsyncConnection, deployment: str) -> Row | None:
    """The row of a deployment."""
    query = sa.select(deployments).where(deployments.c.id == deployment)
    return (await connection.execute(query)).mappings().first()


async def keeping(connection: AsyncConnection, environment: str, since: datetime) -> Sequence[Row]:
    """Deployments after `since` that left something in the trash of an environment, newest first."""
    query = sa.select(deployments).where(
        deployments.c.environment == environment,
        deployments.c.status == "DEPLOYED",
        deployments.c.kept > 0,
        deployments.c.updated_at > since,
        ~deployments.c.emptied,
    )
    return (await connection.execute(query.order_by(deployments.c.position.desc()))).mappings().all()


async def kept_too_long(connection: AsyncConnection, until: datetime, limit: int) -> Sequence[Row]:
    """Deployments up to `until` whose things are still in the trash, oldest first, with their organisation."""
    query = (
        sa.select(deployments, environments.c.organisation)
        .join(environments, environments.c.id == deployments.c.environment)
        .where(
            deployments.c.status == "DEPLOYED",
            deployments.c.kept > 0,
            deployments.c.updated_at <= until,
            ~deployments.c.emptied,
            ~environments.c.removed,
            environments.c.removal.is_(None),
        )
        .order_by(deployments.c.updated_at, deployments.c.id)
        .limit(limit)
    )
    return (await connection.execute(query)).mappings().all()


async def service_row(connection: AsyncConnection, service: str) -> Row | None:
    """The row of a service."""
    return (await connection.execute(sa.select(services).where(services.c.id == service))).mappings().first()


async def project_row(connection: AsyncConnection, project: str) -> Row | None:
    """The row of a project."""
    return (await connection.execute(sa.select(projects).where(projects.c.id == project))).mappings().first()


def _declared(environment: Row, deployment: Row) -> Declared:
    return Declared(
        environment=environment["id"],
        organisation=environment["organisation"],
        kind=environment["kind"],
        service=environment["service"],
        instance=environment["instance"],
        project=environment["project"],
        deployment=deployment["declaration"],
        version=deployment["version"],
        sdl_sha=deployment["sdl_sha"],
        model_sha=deployment["model_sha"],
        forced=deployment["forced"],
        clone=_clone(environment),
        undoes=deployment["undoes"],
        listed=deployment["listed"],
    )


def _clone(environment: Row) -> Clone | None:
    if environment["source"] is None:
        return None
    return Clone(environment["source"], tuple(Mask.model_validate(mask) for mask in environment["masks"]))
