"""Instances: services in projects. Their versions are in `rolling`."""

from __future__ import annotations

from ariadne import MutationType, ObjectType, QueryType

from common.errors import Refused, forbidden, not_found
from contracts.access import Role, at_least
from contracts.names import PREVIEW
from registry.api.context import Call, Registry, child, root
from registry.api.nodes import Node, environment, node
from registry.api.projects import project_node, role_in, visible
from registry.api.services import offered, service_node
from registry.domain import rights
from registry.domain.access import Mode
from registry.execute import instances as act
from registry.store import previews
from registry.store import services as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
instance = ObjectType("Instance")


@query.field("instance")
@root
async def one_instance(call: Call, *, id: str) -> Node:
    return node(await known(call, id, "viewer"))


@instance.field("project")
@child
async def instance_project(registry: Registry, parent: Node) -> Node:
    return await project_node(registry, parent["project"])


@instance.field("service")
@child
async def instance_service(registry: Registry, parent: Node) -> Node:
    return await service_node(registry, parent["service"])


@instance.field("environments")
@child
async def environments(registry: Registry, parent: Node) -> list[Node]:
    return [environment(row) for row in await registry.load.environments(parent["id"]) or []]


@mutation.field("addService")
@root
async def add_service(call: Call, **named: str) -> Node:
    """For editors of the project, and for every developer of its organisation (DESIGN 3)."""
    project, role = await visible(call, named["projectId"])
    service, _ = await offered(call, named["serviceId"], "viewer")
    developer = rights.may_develop(call.caller, project["organisation"]) and not project["restricted"]
    if not developer and not at_least(role, "editor"):
        raise forbidden(f"You are {role} of project {project['slug']!r}; this needs editor.")
    new, done = await act.add(call.world, project, service, cause=await call.cause())
    await call.wrote(done)
    return node(await known(call, new, "viewer"))


@mutation.field("removeInstance")
@root
async def remove_instance(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    row = await known(call, id, "editor")
    await call.wrote(await act.remove(call.world, row, cause=cause))
    return True


@mutation.field("setAccess")
@root
async def set_access(call: Call, *, mode: Mode, **named: str) -> Node:
    """For developers of the service (private, demo) or editors of the project (dev, stage, prod)."""
    row = await environment_row(call, named["environment"], "editor")
    await call.wrote(await act.set_access(call.world, row, mode=mode, cause=await call.cause()))
    return environment(await environment_row(call, row["id"], "viewer"))


async def known(call: Call, id: str, needed: Role) -> Row:
    """An instance in a project in which the caller's role suffices."""
    async with call.world.database.reading() as connection:
        row = await stored.instance(connection, id)
    project = await call.registry.load.project(row["project"]) if row else None
    if row is None or project is None:
        raise not_found("Instance", id)
    rights.need(role_in(call.registry, project), needed, what="Instance", ref=id)
    return row


async def environment_row(call: Call, id: str, needed: Role) -> Row:
    """An environment whose owner's rules the caller satisfies."""
    async with call.world.database.reading() as connection:
        row = await stored.environment(connection, id)
    if row is None:
        raise not_found("Environment", id)
    if row["kind"] in {"private", "demo"}:
        rights.need(rights.service_role(call.caller, row["organisation"]), needed, what="Environment", ref=id)
        return row
    try:
        await known(call, await _instance_of(call, row), needed)
    except Refused as refused:
        if refused.code == "NOT_FOUND":
            raise not_found("Environment", id) from None
        raise
    return row


async def _instance_of(call: Call, environment: Row) -> str:
    """The instance that an environment belongs to, itself or through its preview."""
    owner: str = environment["owner"]
    if environment["kind"] != PREVIEW:
        return owner
    async with call.world.database.reading() as connection:
        preview = await previews.preview(connection, owner)
    return preview["instance"] if preview else owner
