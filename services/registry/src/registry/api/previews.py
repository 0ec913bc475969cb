"""Previews: clones of an instance's environments under a lease."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from common.errors import Refused
from contracts.access import Role
from contracts.masks import Mask
from registry.api.context import Call, Registry, child, must, root
from registry.api.instances import instance as instance_type
from registry.api.instances import known
from registry.api.nodes import Node, environment, node
from registry.api.people import user_node
from registry.api.projects import role_in
from registry.domain import previews, rights
from registry.execute import previews as act
from registry.execute import rolling
from registry.store import previews as stored
from registry.store import services
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
preview = ObjectType("Preview")


@query.field("preview")
@root
async def one_preview(call: Call, *, id: str) -> Node:
    return _node((await _known(call, id, "viewer"))[1])


@instance_type.field("previews")
@child
async def instance_previews(registry: Registry, parent: Node) -> list[Node]:
    return [_node(row) for row in await registry.load.previews(parent["id"]) or []]


@preview.field("instance")
@child
async def preview_instance(registry: Registry, parent: Node) -> Node:
    async with registry.world.database.reading() as connection:
        row = await services.instance(connection, parent["instance"])
    assert row is not None, "a preview goes with its instance"
    return node(row)


@preview.field("environment")
@child
async def preview_environment(registry: Registry, parent: Node) -> Node:
    (row,) = await registry.load.environments(parent["id"]) or []
    return environment(row)


@preview.field("creator")
@child
async def creator(registry: Registry, parent: Node) -> Node | None:
    return await user_node(registry, parent["creator"]) if parent["creator"] else None


@mutation.field("createPreview")
@root
async def create_preview(call: Call, *, input: dict[str, Any]) -> Node:
    """For editors of the project; a clone of prod for its admins."""
    source = previews.source_of(input["source"])
    row, cause = await known(call, input["instance"], "editor"), await call.cause()
    await _may(call, row, previews.NEEDED[source])
    done = await rolling.done_before(call.world, row, cause)
    if done is None:
        wanted = act.Wanted(
            name=previews.name_of(input["name"]),
            source=source,
            masks=tuple(_mask(each) for each in input.get("masks") or ()),
            minutes=input.get("leaseMinutes"),
        )
        previews.disclosed(source, wanted.masks, unmasked=bool(input.get("unmasked")))
        service = await must(call.registry.load.service(row["service"]), "Service", row["service"])
        done = await act.create(call.world, row, wanted, what=service["slug"], cause=cause)
    await call.wrote(done)
    return _node((await _known(call, act.named(cause), "viewer"))[1])


@mutation.field("extendPreview")
@root
async def extend_preview(call: Call, *, id: str, **named: int | None) -> Node:
    """For whoever may clone the source."""
    row, found = await _known(call, id, "editor")
    await _may(call, row, previews.NEEDED[previews.source_of(found["source"])])
    done = await act.extend(call.world, row, found, minutes=named.get("leaseMinutes"), cause=await call.cause())
    await call.wrote(done)
    return _node((await _known(call, id, "viewer"))[1])


@mutation.field("deletePreview")
@root
async def delete_preview(call: Call, *, id: str) -> bool:
    """For editors of the project."""
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    row, found = await _known(call, id, "editor")
    await call.wrote(await act.delete(call.world, row, found, cause=cause))
    return True


async def _known(call: Call, id: str, needed: Role) -> tuple[Row, Row]:
    """The instance of a preview in a project in which the caller's role suffices, and the preview."""
    async with call.world.database.reading() as connection:
        found = await stored.preview(connection, id)
    if found is None:
        raise previews.unknown(id)
    try:
        return await known(call, found["instance"], needed), found
    except Refused as refused:
        if refused.code == "NOT_FOUND":
            raise previews.unknown(id) from None
        raise


async def _may(call: Call, row: Row, needed: Role) -> None:
    project = await call.registry.load.project(row["project"])
    held = role_in(call.registry, project) if project else None
    rights.need(held, needed, what="Project", ref=project["slug"] if project else row["project"])


def _mask(given: dict[str, Any]) -> Mask:
    return Mask(type=given["type"], field=given["field"], rule=given["rule"].lower(), value=given.get("value"))


def _node(row: Row) -> Node:
    masks = [{**mask, "rule": mask["rule"].upper()} for mask in row["masks"]]
    return node(row) | {"masks": masks}
