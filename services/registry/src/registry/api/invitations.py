"""Invitations and billing details."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from common import clock
from common.errors import bad_input, not_found
from contracts.access import OrganisationRole, Role
from registry.api.context import Call, Registry, child, open_root, root
from registry.api.nodes import Node, node
from registry.api.people import organisation_node, owned, user_node
from registry.api.projects import key_with_secret, project_node, role_in, visible
from registry.domain import rights
from registry.domain.accounts import Details
from registry.execute import accounts, projects
from registry.execute import invitations as act
from registry.store import invitations as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
invitation = ObjectType("Invitation")

SEALED = ("legal_name", "street", "postal_code", "city", "tax_id", "email")


@query.field("invitations")
@root
async def invitations(call: Call, *, organisation: str | None = None, project: str | None = None) -> list[Node]:
    """Those of an organisation for its owners, those of a project's clients for its admins."""
    if (organisation is None) == (project is None):
        raise bad_input("Name an organisation, or a project.", "Set one of the two.", reason="REQUIRED")
    if organisation is not None:
        home = await owned(call, organisation)
        async with call.world.database.reading() as connection:
            rows = await stored.of_organisation(connection, home["id"])
    else:
        row, _ = await visible(call, str(project), "admin")
        async with call.world.database.reading() as connection:
            rows = await stored.of_project(connection, row["id"])
    return await _nodes(call, rows)


@invitation.field("organisation")
@child
async def organisation_of(registry: Registry, parent: Node) -> Node:
    return await organisation_node(registry, parent["organisation"])


@invitation.field("project")
@child
async def project_of(registry: Registry, parent: Node) -> Node | None:
    return await project_node(registry, parent["project"]) if parent["project"] else None


@invitation.field("client")
@child
async def client_of(registry: Registry, parent: Node) -> Node | None:
    return await registry.load.client(parent["client"]) if parent["client"] else None


@invitation.field("invitedBy")
@child
async def invited_by(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["inviter"])


@invitation.field("user")
@child
async def user_of(registry: Registry, parent: Node) -> Node | None:
    return await user_node(registry, parent["user_id"]) if parent["user_id"] else None


@mutation.field("inviteMember")
@root
async def invite_member(call: Call, *, organisation: str, email: str, role: OrganisationRole) -> Node:
    home = await owned(call, organisation)
    new, done = await act.invite_member(
        call.world, home["id"], email=email, role=role, inviter=call.caller.id, cause=await call.cause()
    )
    await call.wrote(done)
    return await _shown(call, new)


@mutation.field("inviteClient")
@root
async def invite_client(call: Call, *, input: dict[str, Any], **named: str) -> Node:
    """Somebody of a client that is there, or of a new one."""
    row, _ = await visible(call, named["projectId"], "admin")
    cause, client = await call.cause(), input.get("client")
    await act.room(call.world, row["organisation"], cause=cause)
    if client is None:
        client, _ = await projects.add_client(
            call.world,
            row["organisation"],
            row["id"],
            name=input.get("name") or input["email"],
            email=input["email"],
            currency=input.get("currency") or "EUR",
            time_zone=input.get("timeZone") or "UTC",
            cause=cause,
        )
    else:
        found = await call.registry.load.client(client)
        if found is None or found["removed"] or found["project"] != row["id"]:
            raise not_found("Client", client)
    new, done = await act.invite_client(
        call.world,
        row["organisation"],
        project=row["id"],
        client=client,
        email=input["email"],
        inviter=call.caller.id,
        cause=cause,
    )
    await call.wrote(done)
    return await _shown(call, new)


@mutation.field("resendInvitation")
@root
async def resend_invitation(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.resend(call.world, row, cause=await call.cause()))
    return await _shown(call, id)


@mutation.field("withdrawInvitation")
@root
async def withdraw_invitation(call: Call, *, id: str) -> Node:
    row = await _row(call, id)
    await call.wrote(await act.withdraw(call.world, row, cause=await call.cause()))
    return await _shown(call, id)


@mutation.field("acceptInvitation")
@open_root
async def accept_invitation(call: Call, *, token: str, input: dict[str, Any] | None = None) -> Node:
    """Whoever holds the secret: signed in, he joins as himself; else as a new user."""
    me = call.caller.id if call.caller.kind == "user" else None
    done = await act.accept(call.world, token, user=me, person=input, cause=await call.cause())
    await call.wrote(done.recorded)
    row = done.invitation
    async with call.world.database.reading() as connection:
        ids = [each for each in (row["organisation"], row["project"]) if each]
        names = await stored.names(connection, ids)
    return {
        "kind": row["kind"],
        "user": await user_node(call.registry, done.user),
        "organisationName": names[row["organisation"]],
        "projectName": names.get(row["project"] or ""),
        "clientKey": await key_with_secret(call, done.key.id, done.key.value) if done.key else None,
    }


@query.field("billingDetails")
@root
async def billing_details(call: Call, *, organisation: str) -> Node | None:
    home = await owned(call, organisation)
    return await _details(call, home["id"])


@mutation.field("setBillingDetails")
@root
async def set_billing_details(call: Call, *, organisation: str, input: dict[str, Any]) -> Node | None:
    home = await owned(call, organisation)
    given = Details(
        legal_name=input["legalName"],
        street=input["street"],
        postal_code=input.get("postalCode"),
        city=input["city"],
        country=input["country"],
        tax_id=input.get("taxId"),
        email=input["email"],
        currency=input.get("currency") or "EUR",
        time_zone=input.get("timeZone") or "UTC",
    )
    await call.wrote(await accounts.set_details(call.world, home["id"], given, cause=await call.cause()))
    return await _details(call, home["id"])


async def _row(call: Call, id: str) -> Row:
    """An invitation that the caller may change."""
    async with call.world.database.reading() as connection:
        row = await stored.by_id(connection, id)
    if row is None:
        raise not_found("Invitation", id)
    held: Role | None = None
    if row["kind"] == "member":
        held = rights.organisation_role(call.caller, row["organisation"])
    elif (project := await call.registry.load.project(row["project"])) is not None:
        held = role_in(call.registry, project)
    rights.need(held, "admin", what="Invitation", ref=id)
    return row


async def _details(call: Call, organisation: str) -> Node | None:
    """Billing details in clear text; what was forgotten is None."""
    async with call.world.database.reading() as connection:
        row = await stored.account(connection, organisation)
    if row is None:
        return None
    tokens = [row[name] for name in SEALED if row[name] is not None]
    clear = dict(zip(tokens, await call.world.sealer.open_all(tokens), strict=True))
    return node({**row, **{name: clear[row[name]] for name in SEALED if row[name] is not None}})


async def _shown(call: Call, id: str) -> Node:
    return (await _nodes(call, [await _row(call, id)]))[0]


async def _nodes(call: Call, rows: list[Row]) -> list[Node]:
    """Invitations with their addresses in clear text and the state they are in now."""
    clear = await call.world.sealer.open_all([row["email"] for row in rows])
    return [node({**row, "email": email, "status": _status(row)}) for row, email in zip(rows, clear, strict=True)]


def _status(row: Row) -> str:
    if row["user_id"] is not None:
        return "accepted"
    if row["withdrawn"]:
        return "withdrawn"
    return "expired" if row["expires_at"] <= clock.now() else "open"
