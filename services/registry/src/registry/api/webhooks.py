"""Webhooks: for owners of an organisation, or for admins of the one project whose facts they tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from common.errors import bad_input, not_found
from contracts.access import Role
from registry.api.context import Call, Registry, child, root
from registry.api.nodes import Node, node
from registry.api.people import organisation_node, owned
from registry.api.projects import project_node, role_in, visible
from registry.domain import rights
from registry.execute import webhooks as act
from registry.store import webhooks as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
webhook = ObjectType("Webhook")

ATTEMPTS_MAX: Final = 200


@query.field("webhooks")
@root
async def webhooks(call: Call, *, organisation: str | None = None, project: str | None = None) -> list[Node]:
    home, only = await _place(call, organisation, project)
    async with call.world.database.reading() as connection:
        rows = await stored.of_organisation(connection, home)
    return await _nodes(call, [row for row in rows if only in {None, row["project"]}])


@query.field("webhook")
@root
async def one_webhook(call: Call, *, id: str) -> Node:
    return await _shown(call, id)


@webhook.field("organisation")
@child
async def organisation_of(registry: Registry, parent: Node) -> Node:
    return await organisation_node(registry, parent["organisation"])


@webhook.field("project")
@child
async def project_of(registry: Registry, parent: Node) -> Node | None:
    """None for a project that was deleted; nothing more is said of it."""
    found = await registry.load.project(parent["project"]) if parent["project"] else None
    return await project_node(registry, found["id"]) if found else None


@webhook.field("attempts")
@child
async def attempts(registry: Registry, parent: Node, *, first: int = 50) -> list[Node]:
    if not 0 <= first <= ATTEMPTS_MAX:
        raise bad_input(f"{first} attempts cannot be shown.", f"Ask for 0 to {ATTEMPTS_MAX}.", field="first")
    async with registry.world.database.reading() as connection:
        return [node(row) for row in await stored.attempts_of(connection, parent["id"], first)]


@mutation.field("addWebhook")
@root
async def add_webhook(call: Call, *, input: dict[str, Any]) -> Node:
    home, project = await _place(call, input.get("organisation"), input.get("project"))
    secret = await act.add(call.world, home, project=project, given=input, cause=await call.cause())
    await call.wrote(secret.recorded)
    return {"secret": secret.value, "webhook": await _shown(call, secret.id)}


@mutation.field("updateWebhook")
@root
async def update_webhook(call: Call, *, id: str, input: dict[str, Any]) -> Node:
    row = await _row(call, id)
    done = await act.change(
        call.world,
        row,
        url=input.get("url"),
        types=input.get("types"),
        description=input.get("description"),
        cause=await call.cause(),
    )
    await call.wrote(done)
    return await _shown(call, id)


@mutation.field("rotateWebhookSecret")
@root
async def rotate_webhook_secret(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    secret = await act.rotate(call.world, row, cause=await call.cause())
    await call.wrote(secret.recorded)
    return {"secret": secret.value, "webhook": await _shown(call, id)}


@mutation.field("replayWebhook")
@root
async def replay_webhook(call: Call, *, id: str, after: int) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.replay(call.world, row, after=after, cause=await call.cause()))
    return await _shown(call, id)


@mutation.field("enableWebhook")
@root
async def enable_webhook(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.switch(call.world, row, on=True, cause=await call.cause()))
    return await _shown(call, id)


@mutation.field("disableWebhook")
@root
async def disable_webhook(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.switch(call.world, row, on=False, cause=await call.cause()))
    return await _shown(call, id)


@mutation.field("removeWebhook")
@root
async def remove_webhook(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    row = await _row(call, id)
    await call.wrote(await act.remove(call.world, row, cause=cause))
    return True


async def _place(call: Call, organisation: str | None, project: str | None) -> tuple[str, str | None]:
    """The organisation, which the caller must own, or the project, which he must administer."""
    if (organisation is None) == (project is None):
        raise bad_input("Name an organisation, or a project.", "Set one of the two.", reason="REQUIRED")
    if organisation is not None:
        return (await owned(call, organisation))["id"], None
    row, _ = await visible(call, str(project), "admin")
    return row["organisation"], row["id"]


async def _row(call: Call, id: str) -> Row:
    """A webhook that the caller may see, and therefore change."""
    async with call.world.database.reading() as connection:
        row = await stored.by_id(connection, id)
    if row is None:
        raise not_found("Webhook", id)
    held: Role | None = rights.organisation_role(call.caller, row["organisation"])
    if held != "admin" and row["project"] and (project := await call.registry.load.project(row["project"])):
        held = role_in(call.registry, project)
    rights.need(held, "admin", what="Webhook", ref=id)
    return row


async def _shown(call: Call, id: str) -> Node:
    return (await _nodes(call, [await _row(call, id)]))[0]


async def _nodes(call: Call, rows: Sequence[Row]) -> list[Node]:
    """Webhooks and how far each is told."""
    async with call.world.database.reading() as connection:
        courses = {each["webhook"]: each for each in await stored.courses_of(connection, [row["id"] for row in rows])}
    return [node({**row, **_course(row, courses.get(row["id"]))}) for row in rows]


def _course(row: Row, course: Row | None) -> Row:
    """Position and trouble; a course that began before the last start says nothing any more."""
    if course is None or course["start"] < row["start"]:
        return {"position": row["after"], "failing_since": None, "next_attempt_at": None}
    told = row["disabled"] is None
    return {
        "position": course["position"],
        "failing_since": course["failing_since"] if told else None,
        "next_attempt_at": course["next_at"] if told else None,
    }
