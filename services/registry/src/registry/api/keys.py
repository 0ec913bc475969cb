"""Environment keys: made, changed and ended by those who may do so with what they open."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType

from common.errors import bad_input, not_found
from contracts.access import Role
from registry.api.context import Call, Registry, child, root
from registry.api.nodes import Node, moment
from registry.api.projects import key_with_secret, role_in, visible
from registry.api.services import offered
from registry.domain import rights
from registry.execute import keys as act
from registry.store import projects as stored
from registry.store.rows import Row

mutation = MutationType()
key = ObjectType("Key")


@key.field("client")
@child
async def key_client(registry: Registry, parent: Node) -> Node | None:
    return await registry.load.client(parent["client"]) if parent["client"] else None


@mutation.field("createKey")
@root
async def create_key(call: Call, *, input: dict[str, Any]) -> Node:
    """Keys to a service are its developers'; keys to a project are credentials of all its environments: admins'."""
    kind, client = input["kind"], input.get("client")
    if kind == "service":
        target, _ = await offered(call, input["target"], "editor")
    else:
        target, _ = await visible(call, input["target"], "admin")
    if kind == "client":
        await _client_of(call, target, client)
    elif client is not None:
        raise bad_input(f"A {kind} key has no client.", "Leave `client` out, or use kind `client`.", field="client")
    secret = await act.issue(
        call.world,
        target["organisation"],
        kind=kind,
        target=target["id"],
        client=client,
        name=input["name"],
        expires_at=moment(input.get("expiresAt"), field="expiresAt"),
        cause=await call.cause(),
    )
    await call.wrote(secret.recorded)
    return await key_with_secret(call, secret.id, secret.value)


@mutation.field("rotateKey")
@root
async def rotate_key(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    secret = await act.rotate(call.world, row["organisation"], id, kind=row["kind"], cause=await call.cause())
    await call.wrote(secret.recorded)
    return await key_with_secret(call, id, secret.value)


@mutation.field("revokeKey")
@root
async def revoke_key(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.revoke(call.world, row["organisation"], id, cause=await call.cause()))
    shown: Node = (await key_with_secret(call, id, None))["key"]
    return shown


async def _row(call: Call, id: str) -> Row:
    """A key that the caller may change."""
    async with call.world.database.reading() as connection:
        row = await stored.key(connection, id)
    if row is None:
        raise not_found("Key", id)
    held: Role | None = None
    if row["kind"] == "service":
        held = rights.service_role(call.caller, row["organisation"])
    elif (target := await call.registry.load.project(row["target"])) is not None:
        held = role_in(call.registry, target)
    rights.need(held, "editor" if row["kind"] == "service" else "admin", what="Key", ref=id)
    return row


async def _client_of(call: Call, project: Row, client: str | None) -> None:
    if client is None:
        raise bad_input("A client key needs a client.", "Set `client` to its id.", reason="REQUIRED", field="client")
    found = await call.registry.load.client(client)
    if found is None or found["removed"] or found["project"] != project["id"]:
        raise not_found("Client", client)
