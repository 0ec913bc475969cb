"""Fills the read model: what the registry declares, what the provisioner itself has said."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.events import Event
from common.log import Recorded
from common.projection import Projection
from contracts import previews
from contracts import provisioner as said
from contracts import registry as heard
from contracts.names import INSTANCE_ENVIRONMENTS, PREVIEW, SERVICE_ENVIRONMENTS, environment_id
from provisioner.domain.plan import deployment_id
from provisioner.store.tables import METADATA, OPEN, deployments, environments, projects, services, versions

Versioned = (
    heard.ServiceCreated
    | heard.VersionPushed
    | heard.VersionPublished
    | heard.InstanceAdded
    | heard.InstancePromoted
    | previews.PreviewCreated
)


async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one case per fact
    """One fact."""
    match event:
        case heard.ProjectCreated() | heard.ProjectRenamed():
            row = {"id": event.project, "organisation": event.organisation, "restricted": event.restricted}
            new = insert(projects).values(row)
            await connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=row))
        case heard.ProjectDeleted():
            await connection.execute(sa.delete(projects).where(projects.c.id == event.project))
        case heard.ServiceCreated():
            await connection.execute(sa.insert(services).values(id=event.service, organisation=event.organisation))
            await _version(connection, recorded, event)
            for kind in SERVICE_ENVIRONMENTS:
                await _environment(connection, recorded, event, kind)
                await _declare(connection, recorded, event, environment_id(event.service, kind), forced=False)
        case heard.VersionPushed():
            await _version(connection, recorded, event)
            where = environment_id(event.service, "private")
            await _declare(connection, recorded, event, where, forced=event.forced)
        case heard.VersionPublished():
            where = environment_id(event.service, "demo")
            await _declare(connection, recorded, event, where, forced=event.forced)
        case heard.InstanceAdded():
            for kind in INSTANCE_ENVIRONMENTS:
                await _environment(connection, recorded, event, kind)
            await _declare(connection, recorded, event, environment_id(event.instance, "dev"), forced=False)
        case heard.InstancePromoted():
            where = environment_id(event.instance, event.environment)
            await _declare(connection, recorded, event, where, forced=event.forced)
        case previews.PreviewCreated():
            await _preview(connection, recorded, event)
            await _declare(connection, recorded, event, event.environment, forced=False)
        case previews.PreviewDeleted():
            await _remove(connection, recorded, event.preview)
        case heard.ServiceRemoved():
            await connection.execute(sa.delete(services).where(services.c.id == event.service))
            await _remove(connection, recorded, event.service)
        case heard.InstanceRemoved():
            await _remove(connection, recorded, event.instance)
        case said.MigrationPlanned():
            await _planned(connection, recorded, event)
        case said.EnvironmentReady():
            await _ready(connection, recorded, event)
        case said.DeploymentFailed():
            await _failed(connection, recorded, event)
        case said.EnvironmentRemoved():
            await _removed(connection, recorded, event.environment)
        case said.TrashEmptied():
            done = sa.update(deployments).where(deployments.c.id == deployment_id(event.environment, event.deployment))
            await connection.execute(done.values(emptied=True))
        case _:
            raise AssertionError(f"an event this projection does not act on: {type(event).__name__}")


async def _version(
    connection: AsyncConnection, recorded: Recorded, event: heard.ServiceCreated | heard.VersionPushed
) -> None:
    row = {"service": event.service, "position": recorded.position, "name": event.version, "model_sha": event.model_sha}
    if isinstance(event, heard.VersionPushed) and event.undoes is not None:
        undone = sa.select(deployments.c.version).where(deployments.c.declaration == event.undoes).scalar_subquery()
        mine = sa.update(versions).where(versions.c.service == event.service, versions.c.name == undone)
        await connection.execute(mine.values(undone=True))
    await connection.execute(sa.insert(versions).values(row))


async def _environment(
    connection: AsyncConnection, recorded: Recorded, event: heard.ServiceCreated | heard.InstanceAdded, kind: str
) -> None:
    instance = event.instance if isinstance(event, heard.InstanceAdded) else None
    owner = instance or event.service
    row = {
        "id": environment_id(owner, kind),
        "organisation": event.organisation,
        "kind": kind,
        "service": event.service,
        "instance": instance,
        "project": event.project if isinstance(event, heard.InstanceAdded) else None,
        "owner": owner,
        "state": "absent",
        "removed": False,
        "updated_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(environments).values(row))


async def _preview(connection: AsyncConnection, recorded: Recorded, event: previews.PreviewCreated) -> None:
    row = {
        "id": event.environment,
        "organisation": event.organisation,
        "kind": PREVIEW,
        "service": event.service,
        "instance": event.instance,
        "project": event.project,
        "owner": event.preview,
        "source": environment_id(event.instance, event.source),
        "masks": [mask.model_dump() for mask in event.masks],
        "state": "absent",
        "removed": False,
        "updated_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(environments).values(row))


async def _declare(
    connection: AsyncConnection, recorded: Recorded, event: Versioned, environment: str, *, forced: bool
) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": deployment_id(environment, recorded.envelope.id),
        "environment": environment,
        "position": recorded.position,
        "declaration": recorded.envelope.id,
        "correlation": recorded.envelope.correlationid,
        "version": event.version,
        "sdl_sha": event.sdl_sha,
        "model_sha": event.model_sha,
        "forced": forced,
        "undoes": getattr(event, "undoes", None),
        "listed": getattr(event, "listed", None),
        "status": "INITIALIZED",
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(deployments).values(row))
    await _update(connection, recorded, environment, declared_version=event.version)


async def _remove(connection: AsyncConnection, recorded: Recorded, owner: str) -> None:
    """All of a service, an instance with its previews, or one preview.

    Environments that were never declared have nothing to be removed and are gone at once.
    """
    preview = sa.and_(environments.c.kind == PREVIEW, environments.c.instance == owner)
    deployed = sa.exists().where(deployments.c.environment == environments.c.id)
    mine = sa.update(environments).where(sa.or_(environments.c.owner == owner, preview), ~environments.c.removed)
    at = clock.parse(recorded.envelope.time)
    await connection.execute(mine.where(~deployed).values(removed=True, state="absent", updated_at=at))
    removal = {"removal": recorded.envelope.id, "removal_correlation": recorded.envelope.correlationid}
    await connection.execute(mine.where(deployed).values(state="removing", updated_at=at, **removal))


async def _planned(connection: AsyncConnection, recorded: Recorded, event: said.MigrationPlanned) -> None:
    await _deployment(connection, recorded, event, status="IN_PROGRESS", plan_sha=event.plan_sha, kept=event.kept)
    state = "creating" if event.from_version is None else "migrating"
    await _update(connection, recorded, event.environment, state=state, reason=None)


async def _ready(connection: AsyncConnection, recorded: Recorded, event: said.EnvironmentReady) -> None:
    await _deployment(connection, recorded, event, status="DEPLOYED")
    live = {"version": event.version, "model_sha": event.model_sha}
    await _update(connection, recorded, event.environment, state="ready", reason=None, **live)


async def _failed(connection: AsyncConnection, recorded: Recorded, event: said.DeploymentFailed) -> None:
    await _deployment(connection, recorded, event, status="FAILED", reason=event.reason)
    await _update(connection, recorded, event.environment, state="failed", reason=event.reason)


async def _removed(connection: AsyncConnection, recorded: Recorded, environment: str) -> None:
    at = clock.parse(recorded.envelope.time)
    gone = {"removed": True, "state": "absent", "version": None, "model_sha": None, "updated_at": at}
    await connection.execute(sa.update(environments).where(environments.c.id == environment).values(gone))
    await connection.execute(
        sa.update(deployments)
        .where(deployments.c.environment == environment, deployments.c.status.in_(OPEN))
        .values(status="FAILED", reason="The environment was removed.", updated_at=at)
    )


async def _deployment(
    connection: AsyncConnection,
    recorded: Recorded,
    event: said.MigrationPlanned | said.EnvironmentReady | said.DeploymentFailed,
    **values: Any,
) -> None:
    known = deployments.c.id == deployment_id(event.environment, event.deployment)
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(deployments).where(known).values(updated_at=at, **values))


async def _update(connection: AsyncConnection, recorded: Recorded, environment: str, **values: Any) -> None:
    """An environment that is going says so until it is gone."""
    if "state" in values:
        values["state"] = sa.case((environments.c.removal.is_not(None), "removing"), else_=values["state"])
    at = clock.parse(recorded.envelope.time)
    known = environments.c.id == environment
    await connection.execute(sa.update(environments).where(known).values(updated_at=at, **values))


PROJECTION: Final = Projection(
    name="provisioner",
    metadata=METADATA,
    events=(
        heard.ProjectCreated,
        heard.ProjectRenamed,
        heard.ProjectDeleted,
        heard.ServiceCreated,
        heard.VersionPushed,
        heard.VersionPublished,
        heard.ServiceRemoved,
        heard.InstanceAdded,
        heard.InstancePromoted,
        heard.InstanceRemoved,
        previews.PreviewCreated,
        previews.PreviewDeleted,
        said.MigrationPlanned,
        said.EnvironmentReady,
        said.DeploymentFailed,
        said.EnvironmentRemoved,
        said.TrashEmptied,
    ),
    apply=apply,
    ignored=frozenset(
        event.TYPE
        for event in (
            heard.ProjectConfigured,
            heard.ProjectRoleGranted,
            heard.ProjectRoleWithdrawn,
            heard.ServiceRetired,
            heard.ServiceReinstated,
            heard.PromotionRequested,
            heard.PromotionRefused,
            previews.PreviewExtended,
            said.TrashRestored,
        )
    ),
)
