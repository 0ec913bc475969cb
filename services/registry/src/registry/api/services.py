"""Services, their versions, and what runs on private and demo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from common.errors import not_found
from contracts.access import Role
from registry.api.breaks import breaks_node
from registry.api.context import Call, Registry, child, must, root
from registry.api.nodes import Node, environment, node
from registry.api.people import given, home, organisation_node, user_node
from registry.api.projects import key_with_secret, only
from registry.domain import lists, rights, services
from registry.domain.telling import Told
from registry.execute import keys as issue
from registry.execute import pushes
from registry.execute import services as act
from registry.store import services as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
service = ObjectType("Service")
version = ObjectType("Version")


@query.field("services")
@root
async def all_services(call: Call, search: str | None = None, **page: Any) -> list[Node]:
    want = lists.wanted(stored.SERVICES, **given(page))
    ordered = page.get("order") is not None
    async with call.world.database.reading() as connection:
        rows = await stored.page(connection, call.caller, want, query=search, ordered=ordered)
    return [node(row) for row in rows]


@query.field("service")
@root
async def one_service(call: Call, *, id: str) -> Node:
    return node((await offered(call, id, "viewer"))[0])


@query.field("version")
@root
async def one_version(call: Call, *, name: str, **named: str) -> Node:
    row, _ = await offered(call, named["service"], "viewer")
    return await _version(call, row, name)


@query.field("previewPush")
@root
async def preview_push(call: Call, *, schema: str, version: str | None = None, **named: str) -> Node:
    row, _ = await offered(call, named["service"], "editor")
    found = await pushes.preview(call.world, row["organisation"], row["id"], text=schema, asked=version)
    return {
        "problems": [asdict(problem) for problem in found.judged.problems],
        "upToDate": found.up_to_date,
        "changes": [change.model_dump() for change in found.judged.changes],
        "messages": [_message(each) for each in found.judged.told],
        "losses": [asdict(loss) for loss in found.losses],
        "needsForce": found.needs_force,
        "steps": [step.model_dump() for step in found.steps],
        "version": found.version,
        "breaks": await breaks_node(call.registry, found.breaks) if found.breaks else None,
    }


def _message(told: Told) -> Node:
    return {
        "type": told.type,
        "action": told.action,
        "name": told.name,
        "description": told.description,
        "subDescriptions": [_message(each) for each in told.inner],
    }


@service.field("organisation")
@child
async def service_organisation(registry: Registry, parent: Node) -> Node:
    return await organisation_node(registry, parent["organisation"])


@service.field("maker")
@child
async def maker(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["creator"])


@service.field("versions")
@child
async def versions(registry: Registry, parent: Node) -> list[Node]:
    return [node(row) for row in await registry.load.versions(parent["id"]) or []] if inside(registry, parent) else []


@service.field("instances")
@child
async def service_instances(registry: Registry, parent: Node) -> list[Node]:
    return [node(row) for row in await registry.load.instances_of(parent["id"]) or []]


@service.field("keys")
@child
async def service_keys(registry: Registry, parent: Node) -> list[Node]:
    return [node(row) for row in await registry.load.keys(parent["id"]) or []] if inside(registry, parent) else []


@service.field("environments")
@child
async def environments(registry: Registry, parent: Node) -> list[Node]:
    if not inside(registry, parent):
        return []
    return [environment(row) for row in await registry.load.environments(parent["id"]) or []]


@version.field("schema")
@child
async def schema(registry: Registry, parent: Node) -> str:
    return (await registry.world.blobs.get(parent["sdl_sha"])).decode()


@mutation.field("createService")
@root
async def create_service(call: Call, *, input: dict[str, Any]) -> Node:
    organisation = await home(call, input.get("organisation"))
    documentation = services.documented(
        name=input["name"],
        problem=input["problem"],
        solution=input["solution"],
        domain=input["domain"],
        tags=input["tags"],
    )
    cause = await call.cause()
    new, _ = await act.create(
        call.world, organisation["id"], documentation=documentation, creator=call.caller.id, cause=cause
    )
    secret = await issue.issue(
        call.world, organisation["id"], kind="service", target=new, name="developer", cause=cause
    )
    await call.wrote(secret.recorded)
    return {
        "service": await service_node(call.registry, new),
        "developerKey": await key_with_secret(call, secret.id, secret.value),
    }


@mutation.field("removeService")
@root
async def remove_service(call: Call, *, id: str) -> bool:
    """For its maker and the owners of the organisation."""
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    row = await _own(call, id)
    await call.wrote(await act.remove(call.world, row["organisation"], row["id"], cause=cause))
    return True


@mutation.field("retireService")
@root
async def retire_service(call: Call, *, id: str, reason: str | None = None) -> Node:
    """For its maker and the owners of the organisation."""
    row = await _own(call, id)
    cause = await call.cause()
    await call.wrote(await act.retire(call.world, row["organisation"], row["id"], reason=reason, cause=cause))
    return await service_node(call.registry, row["id"])


@mutation.field("reinstateService")
@root
async def reinstate_service(call: Call, *, id: str) -> Node:
    """For its maker and the owners of the organisation."""
    row = await _own(call, id)
    await call.wrote(await act.reinstate(call.world, row["organisation"], row["id"], cause=await call.cause()))
    return await service_node(call.registry, row["id"])


@mutation.field("pushService")
@root
async def push_service(call: Call, *, input: dict[str, Any]) -> Node:
    row, _ = await offered(call, input["service"], "editor")
    done = await pushes.push(
        call.world,
        row["organisation"],
        row["id"],
        text=input["schema"],
        notes=input["notes"],
        asked=input.get("version"),
        force=bool(input.get("force")),
        cause=await call.cause(),
    )
    await call.wrote(done)
    return await _version(call, row, done.envelope.data["version"])


@mutation.field("promoteService")
@root
async def promote_service(call: Call, *, id: str, force: bool | None = False) -> Node:
    row, _ = await offered(call, id, "editor")
    cause = await call.cause()
    name, done = await pushes.publish(call.world, row["organisation"], row["id"], force=bool(force), cause=cause)
    await call.wrote(done)
    return await _version(call, row, name)


def inside(registry: Registry, row: Row) -> bool:
    """Whether the caller develops where the service is made; users of it see what it is, not how it is made."""
    return rights.service_role(registry.caller, row["organisation"]) is not None


async def service_node(registry: Registry, id: str) -> Node:
    """A service that something uses."""
    return await must(registry.load.service(id), "Service", id)


async def offered(call: Call, ref: str, needed: Role) -> tuple[Row, Role]:
    """A service by id or slug, and the caller's role in its making, which must suffice."""
    async with call.world.database.reading() as connection:
        rows = await stored.by_ref(connection, call.caller, ref)
    row = only(rows, "Service", ref)
    held = rights.service_role(call.caller, row["organisation"])
    return row, rights.need(held, needed, what="Service", ref=row["slug"])


async def _own(call: Call, ref: str) -> Row:
    """A service that the caller may take away from others."""
    row, role = await offered(call, ref, "editor")
    if row["creator"] != call.caller.id:
        rights.need(role, "admin", what="Service", ref=row["slug"])
    return row


async def _version(call: Call, row: Row, name: str) -> Node:
    async with call.world.database.reading() as connection:
        found = await stored.version(connection, row["id"], name)
    if found is None:
        raise not_found("Version", name)
    return node(found)
