"""The provisioner's part of the control API: what exists, what runs, and what lies in the trash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType
from graphql import GraphQLResolveInfo
from sqlalchemy import RowMapping as Row
from sqlalchemy.ext.asyncio import AsyncConnection

from common import clock
from common.blobs import Blobs
from common.db import Database
from common.errors import UNAUTHENTICATED, Refused, bad_input, forbidden, not_found
from common.events import Actor
from common.graphs import Context, Graph, load_schema
from common.service import Runtime, StartFailed
from contracts.access import Principal
from contracts.names import database, endpoint
from provisioner.domain.plan import decode
from provisioner.domain.visibility import changes_project, changes_service, sees_project, sees_service
from provisioner.execute.cluster import Cluster
from provisioner.execute.yard import Lying, Yard, bring_back, lying
from provisioner.store import queries

Info = GraphQLResolveInfo[Context]

STEP: Final = {"number", "phase", "kind", "subject", "reason", "grade"}
LIMIT: Final = 50
LIMIT_MAX: Final = 500


def graph(runtime: Runtime) -> Graph:
    """The resolvers over a running service."""
    dsn = runtime.settings.provision_dsn
    if dsn is None:
        raise StartFailed("MORTISE_PROVISION_DSN is missing: a PostgreSQL user with CREATEDB and CREATEROLE")
    yard = Yard(runtime.log, runtime.blobs, runtime.database, Cluster(dsn, runtime.settings.secret_key))
    answers = Answers(runtime.database, runtime.blobs, yard)
    query, mutation = QueryType(), MutationType()
    query.set_field("trash", answers.trash)
    mutation.set_field("restoreTrash", answers.restore_trash)
    query.set_field("environments", answers.environments)
    query.set_field("environment", answers.environment)
    query.set_field("deployments", answers.deployments)
    query.set_field("deployment", answers.deployment)
    environment = ObjectType("Environment")
    environment.set_field("deployments", answers.deployments_of)
    deployment = ObjectType("Deployment")
    deployment.set_field("plan", answers.plan)
    return Graph(load_schema("provisioner", query, mutation, environment, deployment), list(runtime.runners.values()))


class Answers:
    """Resolvers; each checks first what the caller may see."""

    def __init__(self, read_model: Database, blobs: Blobs, yard: Yard) -> None:
        self._database = read_model
        self._blobs = blobs
        self._yard = yard

    async def environments(
        self, _: Any, info: Info, *, service: str | None = None, instance: str | None = None
    ) -> list[dict[str, Any]]:
        """All environments of a service or of an instance."""
        principal = _principal(info)
        if (service is None) == (instance is None):
            raise bad_input("Give exactly one of `service` and `instance`.", field="service")
        async with self._database.reading() as connection:
            if service is not None:
                known = await queries.service_row(connection, service)
                if known is None or not sees_service(principal, organisation=known["organisation"]):
                    raise not_found("Service", service)
                return [_environment(row) for row in await queries.environments_of(connection, service)]
            assert instance is not None, "one of the two is given"
            rows = await queries.environments_of(connection, instance)
            # A service's own environments have its id as owner: they are not an instance's.
            if not rows or rows[0]["instance"] is None or not await _visible(connection, principal, rows[0]):
                raise not_found("Instance", instance)
            return [_environment(row) for row in rows]

    async def environment(self, _: Any, info: Info, *, id: str) -> dict[str, Any]:
        """One environment."""
        principal = _principal(info)
        async with self._database.reading() as connection:
            return _environment(await _seen(connection, principal, "Environment", id, id))

    async def deployments(
        self, _: Any, info: Info, *, environment: str, pagination: Mapping[str, int] | None = None
    ) -> list[dict[str, Any]]:
        """The deployments of an environment, newest first."""
        principal = _principal(info)
        limit, offset = _page(pagination)
        async with self._database.reading() as connection:
            row = await _seen(connection, principal, "Environment", environment, environment)
            found = await queries.deployments_of(connection, environment, limit, offset)
        return [_deployment(each, row["kind"]) for each in found]

    async def deployment(self, _: Any, info: Info, *, id: str) -> dict[str, Any]:
        """One deployment."""
        principal = _principal(info)
        async with self._database.reading() as connection:
            found = await queries.deployment_row(connection, id)
            if found is None:
                raise not_found("Deployment", id)
            row = await _seen(connection, principal, "Deployment", id, found["environment"])
        return _deployment(found, row["kind"])

    async def trash(self, _: Any, info: Info, *, environment: str) -> list[dict[str, Any]]:
        """What lies in the trash of an environment, newest first."""
        principal = _principal(info)
        async with self._database.reading() as connection:
            await _seen(connection, principal, "Environment", environment, environment)
        return [_lying(each) for each in await lying(self._yard, environment)]

    async def restore_trash(self, _: Any, info: Info, *, environment: str, item: str) -> dict[str, Any]:
        """One thing of the trash into what runs. For developers of the service, or editors of the project."""
        principal = _principal(info)
        async with self._database.reading() as connection:
            row = await _seen(connection, principal, "Environment", environment, environment)
            if not await _changeable(connection, principal, row):
                raise forbidden("You may look at this environment, but not change it.", "Ask an admin of the project.")
        cause = info.context.cause(str(info.path.key), Actor(type="user", id=principal.id, via=principal.via))
        done = await bring_back(self._yard, row, item, cause)
        return {"item": done.item, "path": done.path, "restored": done.restored, "left": done.left}

    async def deployments_of(self, parent: dict[str, Any], _: Info) -> list[dict[str, Any]]:
        """The last deployments of an environment that may be seen."""
        async with self._database.reading() as connection:
            found = await queries.deployments_of(connection, parent["id"], LIMIT, 0)
        return [_deployment(each, parent["name"]) for each in found]

    async def plan(self, parent: dict[str, Any], _: Info) -> list[dict[str, Any]] | None:
        """The steps of a deployment's plan."""
        if parent["planSha"] is None:
            return None
        plan = decode(await self._blobs.get(parent["planSha"]))
        return [
            step.model_dump(include={"number", "phase", "kind", "subject", "reason", "grade"}) for step in plan.steps
        ]


def _principal(info: Info) -> Principal:
    principal = Principal.model_validate(info.context.principal)
    if principal.kind != "user":
        raise Refused(UNAUTHENTICATED, "Sign in to see environments.", "Send a session or personal access token.")
    return principal


async def _seen(connection: AsyncConnection, principal: Principal, what: str, ref: str, environment: str) -> Row:
    """The row of an environment. Refuses NOT_FOUND what is not there and what the caller may not see alike."""
    row = await queries.environment_row(connection, environment, removed=False)
    if row is None or not await _visible(connection, principal, row):
        raise not_found(what, ref)
    return row


async def _visible(connection: AsyncConnection, principal: Principal, row: Row) -> bool:
    if row["project"] is None:
        return sees_service(principal, organisation=row["organisation"])
    project = await queries.project_row(connection, row["project"])
    if project is None:
        return False
    return sees_project(
        principal,
        organisation=project["organisation"],
        project=project["id"],
        restricted=project["restricted"],
    )


async def _changeable(connection: AsyncConnection, principal: Principal, row: Row) -> bool:
    if row["project"] is None:
        return changes_service(principal, organisation=row["organisation"])
    project = await queries.project_row(connection, row["project"])
    return project is not None and changes_project(
        principal,
        organisation=project["organisation"],
        project=project["id"],
        restricted=project["restricted"],
    )


def _page(pagination: Mapping[str, int] | None) -> tuple[int, int]:
    limit, offset = (pagination["limit"], pagination["offset"]) if pagination else (LIMIT, 0)
    if not 0 <= limit <= LIMIT_MAX:
        raise bad_input(f"limit is {limit}.", f"Use 0 to {LIMIT_MAX}.", field="pagination.limit")
    if offset < 0:
        raise bad_input(f"offset is {offset}.", "Use 0 or more.", field="pagination.offset")
    return limit, offset


def _environment(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["kind"],
        "state": row["state"],
        "reason": row["reason"],
        "version": row["version"],
        "declaredVersion": row["declared_version"],
        "endpoint": endpoint(row["id"]),
        "service": row["service"],
        "instance": row["instance"],
        "project": row["project"],
        "database": database(row["id"]) if row["version"] is not None else None,
        "updatedAt": clock.text(row["updated_at"]),
    }


def _lying(each: Lying) -> dict[str, Any]:
    return {
        "item": each.kept.name,
        "path": each.kept.subject,
        "what": each.kept.what,
        "rows": each.rows,
        "bytes": str(each.bytes),
        "deployment": each.deployment,
        "version": each.version,
        "removedAt": clock.text(each.removed_at),
        "keptUntil": clock.text(each.kept_until),
    }


def _deployment(row: Row, kind: str) -> dict[str, Any]:
    return {
        "id": row["id"],
        "environment": row["environment"],
        "environmentName": kind,
        "version": row["version"],
        "status": row["status"],
        "reason": row["reason"],
        "createdAt": clock.text(row["created_at"]),
        "updatedAt": clock.text(row["updated_at"]),
        "planSha": row["plan_sha"],
    }
