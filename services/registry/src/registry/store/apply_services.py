"""Facts about services, instances, access and what the provisioner reports, as rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.log import Recorded
from contracts import provisioner as heard
from contracts import registry as said
from contracts.names import INSTANCE_ENVIRONMENTS, SERVICE_ENVIRONMENTS, environment_id
from registry.store import previews, search
from registry.store.tables import environments, instances, keys, requests, services, versions


async def service_created(connection: AsyncConnection, recorded: Recorded, event: said.ServiceCreated) -> None:
    at = clock.parse(recorded.envelope.time)
    row = {
        "id": event.service,
        "organisation": event.organisation,
        "slug": event.slug,
        "name": event.name,
        "problem": event.problem,
        "solution": event.solution,
        "domain": event.domain,
        "tags": list(event.tags),
        "creator": event.creator,
        "private_version": event.version,
        "published_version": event.version,
        "retired": False,
        "words": search.words(event),
        "created_at": at,
        "updated_at": at,
    }
    await connection.execute(sa.insert(services).values(row))
    await connection.execute(sa.insert(versions).values(_version(recorded, event) | {"published_at": at}))
    declared = {"version": event.version, "declaration": recorded.envelope.id}
    rows = [_environment(event.service, kind, event.organisation) | declared for kind in SERVICE_ENVIRONMENTS]
    await connection.execute(sa.insert(environments).values(rows))


async def version_pushed(connection: AsyncConnection, recorded: Recorded, event: said.VersionPushed) -> None:
    await connection.execute(sa.insert(versions).values(_version(recorded, event)))
    await _service_changed(connection, recorded, event.service, private_version=event.version)
    await _declared(connection, recorded, environment_id(event.service, "private"), event.version)


async def version_published(connection: AsyncConnection, recorded: Recorded, event: said.VersionPublished) -> None:
    await _service_changed(connection, recorded, event.service, published_version=event.version)
    await _declared(connection, recorded, environment_id(event.service, "demo"), event.version)
    first = (versions.c.service == event.service, versions.c.name == event.version, versions.c.published_at.is_(None))
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(versions).where(*first).values(published_at=at))


async def service_retired(connection: AsyncConnection, recorded: Recorded, event: said.ServiceRetired) -> None:
    await _service_changed(connection, recorded, event.service, retired=True, retired_reason=event.reason)


async def service_reinstated(connection: AsyncConnection, recorded: Recorded, event: said.ServiceReinstated) -> None:
    await _service_changed(connection, recorded, event.service, retired=False, retired_reason=None)


async def service_removed(connection: AsyncConnection, _recorded: Recorded, event: said.ServiceRemoved) -> None:
    await connection.execute(sa.delete(services).where(services.c.id == event.service))
    await connection.execute(sa.delete(versions).where(versions.c.service == event.service))
    await connection.execute(sa.delete(keys).where(keys.c.target == event.service))
    await connection.execute(sa.delete(environments).where(environments.c.owner == event.service))


async def instance_added(connection: AsyncConnection, recorded: Recorded, event: said.InstanceAdded) -> None:
    row = {
        "id": event.instance,
        "organisation": event.organisation,
        "project": event.project,
        "service": event.service,
        "created_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(instances).values(row))
    rows = [_environment(event.instance, kind, event.organisation) for kind in INSTANCE_ENVIRONMENTS]
    await connection.execute(sa.insert(environments).values(rows))
    await _declared(connection, recorded, environment_id(event.instance, "dev"), event.version)


async def instance_promoted(connection: AsyncConnection, recorded: Recorded, event: said.InstancePromoted) -> None:
    await _declared(connection, recorded, environment_id(event.instance, event.environment), event.version)
    if event.request is not None:
        await _answered(connection, recorded, event.request, state="APPROVED", answered_by=recorded.envelope.actor.id)


async def promotion_requested(connection: AsyncConnection, recorded: Recorded, event: said.PromotionRequested) -> None:
    same = (requests.c.instance == event.instance, requests.c.environment == event.environment)
    await connection.execute(sa.update(requests).where(*same, requests.c.state == "OPEN").values(state="REPLACED"))
    row = {
        "id": event.request,
        "instance": event.instance,
        "environment": event.environment,
        "version": event.version,
        "forced": event.forced,
        "requester": event.requester,
        "state": "OPEN",
        "expires_at": clock.parse(event.expires_at),
        "created_at": clock.parse(recorded.envelope.time),
    }
    await connection.execute(sa.insert(requests).values(row))


async def promotion_refused(connection: AsyncConnection, recorded: Recorded, event: said.PromotionRefused) -> None:
    mine = sa.case((requests.c.requester == event.by, "WITHDRAWN"), else_="REFUSED")
    await _answered(connection, recorded, event.request, state=mine, answered_by=event.by, reason=event.reason)


async def instance_removed(connection: AsyncConnection, _recorded: Recorded, event: said.InstanceRemoved) -> None:
    await connection.execute(sa.delete(instances).where(instances.c.id == event.instance))
    await connection.execute(sa.delete(environments).where(environments.c.owner == event.instance))
    await connection.execute(sa.delete(requests).where(requests.c.instance == event.instance))
    await previews.removed_with(connection, event.instance)


async def access_changed(connection: AsyncConnection, _recorded: Recorded, event: said.AccessChanged) -> None:
    where = environments.c.id == event.environment
    await connection.execute(sa.update(environments).where(where).values(access=event.mode))


async def caps_changed(connection: AsyncConnection, _recorded: Recorded, event: said.CapsChanged) -> None:
    where = environments.c.id == event.environment
    numbers = {"granted": event.granted.model_dump(), "caps": event.caps.model_dump()}
    await connection.execute(sa.update(environments).where(where).values(numbers))


async def environment_ready(connection: AsyncConnection, _recorded: Recorded, event: heard.EnvironmentReady) -> None:
    running = {
        "settled": event.deployment,
        "running_version": event.version,
        "running_sdl_sha": event.sdl_sha,
        "running_model_sha": event.model_sha,
    }
    where = environments.c.id == event.environment
    await connection.execute(sa.update(environments).where(where).values(running))


async def deployment_failed(connection: AsyncConnection, _recorded: Recorded, event: heard.DeploymentFailed) -> None:
    where = environments.c.id == event.environment
    await connection.execute(sa.update(environments).where(where).values(settled=event.deployment))


async def environment_removed(
    connection: AsyncConnection, _recorded: Recorded, event: heard.EnvironmentRemoved
) -> None:
    where = environments.c.id == event.environment
    nothing = {"running_version": None, "running_sdl_sha": None, "running_model_sha": None}
    await connection.execute(sa.update(environments).where(where).values(nothing))


def _version(recorded: Recorded, event: said.ServiceCreated | said.VersionPushed) -> dict[str, Any]:
    pushed = event if isinstance(event, said.VersionPushed) else None
    return {
        "id": recorded.envelope.id,
        "service": event.service,
        "name": event.version,
        "sdl_sha": event.sdl_sha,
        "model_sha": event.model_sha,
        "notes": list(pushed.notes) if pushed else [],
        "changes": [change.model_dump(mode="json") for change in pushed.changes] if pushed else [],
        "position": recorded.position,
        "pushed_by": recorded.envelope.actor.id if recorded.envelope.actor.type == "user" else None,
        "created_at": clock.parse(recorded.envelope.time),
    }


def _environment(owner: str, kind: str, organisation: str) -> dict[str, Any]:
    return {"id": environment_id(owner, kind), "owner": owner, "kind": kind, "organisation": organisation}


async def _declared(connection: AsyncConnection, recorded: Recorded, environment: str, version: str) -> None:
    declared = {"version": version, "declaration": recorded.envelope.id}
    await connection.execute(sa.update(environments).where(environments.c.id == environment).values(declared))


async def _answered(connection: AsyncConnection, recorded: Recorded, request: str, **answer: Any) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(requests).where(requests.c.id == request).values(**answer, answered_at=at))


async def _service_changed(connection: AsyncConnection, recorded: Recorded, service: str, **changed: Any) -> None:
    at = clock.parse(recorded.envelope.time)
    await connection.execute(sa.update(services).where(services.c.id == service).values(**changed, updated_at=at))
