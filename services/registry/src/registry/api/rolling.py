"""Versions through the environments of an instance: promotion, update, roll back, and what they would do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import cast

from ariadne import MutationType, ObjectType, QueryType

from common import clock
from common.errors import Refused, not_found
from contracts.names import EnvironmentKind
from registry.api.breaks import breaks_node
from registry.api.context import Call, Registry, child, root
from registry.api.instances import instance as instance_type
from registry.api.instances import known
from registry.api.nodes import Node, node
from registry.api.people import user_node
from registry.api.projects import role_in
from registry.domain import approvals, rights, rolling
from registry.execute import rolling as act
from registry.execute.rolling import Foreseen, Way
from registry.store import services as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
preview = ObjectType("DeploymentPreview")
request = ObjectType("PromotionRequest")


@query.field("previewRoll")
@root
async def preview_roll(call: Call, *, instance: str, environment: EnvironmentKind, version: str) -> Node:
    row = await known(call, instance, "editor")
    way = await act.rolled(call.world, row, await _service(call, row), to=environment, asked=version)
    return await _preview(call.registry, await act.foresee(call.world, row, way))


@query.field("previewPromotion")
@root
async def preview_promotion(call: Call, *, instance: str, to: EnvironmentKind, **named: str) -> Node:
    row = await known(call, instance, "editor")
    source = cast("EnvironmentKind", named["from"])
    way = await act.promoted(call.world, row, await _service(call, row), source=source, to=to)
    return await _preview(call.registry, await act.foresee(call.world, row, way))


@preview.field("passes")
@child
async def passes(registry: Registry, parent: Node) -> list[Node]:
    found = {row["name"]: row for row in await registry.load.versions(parent["service"]) or []}
    return [{"name": name, "notes": found[name]["notes"]} for name in parent["passed"]]


@mutation.field("rollInstance")
@root
async def roll_instance(
    call: Call, *, id: str, environment: EnvironmentKind, version: str, force: bool | None = False
) -> Node:
    def found(row: Row, service: Row) -> Awaitable[Way]:
        return act.rolled(call.world, row, service, to=environment, asked=version)

    return await _go(call, id, found, force=bool(force))


@mutation.field("promoteInstance")
@root
async def promote_instance(
    call: Call, *, id: str, to: EnvironmentKind, force: bool | None = False, **named: str
) -> Node:
    source = cast("EnvironmentKind", named["from"])

    def found(row: Row, service: Row) -> Awaitable[Way]:
        return act.promoted(call.world, row, service, source=source, to=to)

    return await _go(call, id, found, force=bool(force))


async def _go(call: Call, id: str, found: Callable[[Row, Row], Awaitable[Way]], *, force: bool) -> Node:
    """The instance after a version was declared or asked for. A repeat looks for no version: it may have moved on."""
    row, cause = await known(call, id, "editor"), await call.cause()
    done = await act.done_before(call.world, row, cause)
    if done is None:
        way = await found(row, await _service(call, row))
        done = await act.go(call.world, row, way, force=force, who=call.caller.id, cause=cause)
    await call.wrote(done)
    return node(await known(call, id, "viewer"))


# --- approvals ----------------------------------------------------------------------------------------------------


@mutation.field("approvePromotion")
@root
async def approve_promotion(call: Call, *, id: str) -> Node:
    """For admins of the project, but not for whoever asked."""
    row, asked = await _request(call, id)
    await _admin(call, row)
    cause = await call.cause()
    await call.wrote(await act.approve(call.world, row, asked, who=call.caller.id, cause=cause))
    return node(await known(call, row["id"], "viewer"))


@mutation.field("refusePromotion")
@root
async def refuse_promotion(call: Call, *, id: str, reason: str | None = None) -> Node:
    """For admins of the project, and for whoever asked: he takes it back."""
    row, asked = await _request(call, id)
    if asked["requester"] != call.caller.id:
        await _admin(call, row)
    cause = await call.cause()
    await call.wrote(await act.refuse(call.world, row, asked, who=call.caller.id, reason=reason, cause=cause))
    return request_node((await _request(call, id))[1])


@instance_type.field("requests")
@child
async def requests(registry: Registry, parent: Node) -> list[Node]:
    return [request_node(row) for row in await registry.load.requests(parent["id"]) or []]


@request.field("requester")
@child
async def requester(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["requester"])


@request.field("answeredBy")
@child
async def answered_by(registry: Registry, parent: Node) -> Node | None:
    return await user_node(registry, parent["answered_by"]) if parent["answered_by"] else None


async def _request(call: Call, id: str) -> tuple[Row, Row]:
    """The instance of a request that the caller may see, and the request."""
    async with call.world.database.reading() as connection:
        asked = await stored.request(connection, id)
    if asked is None:
        raise approvals.unknown(id)
    try:
        return await known(call, asked["instance"], "viewer"), asked
    except Refused as refused:
        if refused.code == "NOT_FOUND":
            raise approvals.unknown(id) from None
        raise


async def _admin(call: Call, row: Row) -> None:
    project = await call.registry.load.project(row["project"])
    held = role_in(call.registry, project) if project else None
    rights.need(held, "admin", what="Project", ref=project["slug"] if project else row["project"])


def request_node(row: Row) -> Node:
    state = approvals.outcome(row["state"], clock.text(row["expires_at"]), clock.text(clock.now()))
    return node(row) | {"state": state}


async def _service(call: Call, row: Row) -> Row:
    service: Row | None = await call.registry.load.service(row["service"])
    if service is None:
        raise not_found("Service", row["service"])
    return service


async def _preview(registry: Registry, seen: Foreseen) -> Node:
    way = seen.way
    return {
        "service": way.service.id,
        "passed": rolling.passed(way.service, seen.running, way.version.name),
        "environment": way.to,
        "from": seen.running,
        "version": way.version.name,
        "direction": seen.direction,
        "skips": way.skips,
        "upToDate": seen.up_to_date,
        "needsApproval": seen.needs_approval,
        "problems": [asdict(problem) for problem in seen.problems],
        "changes": [change.model_dump() for change in seen.changes],
        "losses": [asdict(loss) for loss in seen.losses],
        "needsForce": seen.needs_force,
        "steps": [step.model_dump() for step in seen.steps],
        "breaks": await breaks_node(registry, seen.breaks) if seen.breaks else None,
    }
