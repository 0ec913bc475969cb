"""Users, organisations and their members; signing in and out."""

from __future__ import annotations

from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from common import clock
from common.errors import bad_input, conflict, not_found
from common.ids import derived
from contracts.access import OrganisationRole
from registry.api import nodes
from registry.api.context import Call, Registry, child, must, open_root, root
from registry.api.nodes import Node, node
from registry.domain import lists, rights
from registry.execute import people as act
from registry.store import people as stored
from registry.store.rows import Row

PERSONAL_ORGANISATION: Final = "Personal"

query = QueryType()
mutation = MutationType()
organisation = ObjectType("Organisation")
member = ObjectType("Member")


@query.field("me")
@root
async def me(call: Call) -> Node:
    return await user_node(call.registry, call.caller.id)


@query.field("users")
@root
async def users(call: Call, **page: Any) -> list[Node]:
    want = lists.wanted(stored.USERS, **given(page))
    async with call.world.database.reading() as connection:
        rows = await stored.visible_users(connection, call.caller)
    clear = await nodes.users_in_clear(call.world.sealer, rows)
    return [node({**row, "username": row["username"] or nodes.FORGOTTEN}) for row in lists.page(clear, want)]


@query.field("organisations")
@root
async def organisations(call: Call, **page: Any) -> list[Node]:
    want = lists.wanted(stored.ORGANISATIONS, **given(page))
    async with call.world.database.reading() as connection:
        return [node(row) for row in await stored.organisation_page(connection, call.caller, want)]


@query.field("organisation")
@root
async def one_organisation(call: Call, *, id: str) -> Node:
    return node(await seen(call, id))


@organisation.field("myRole")
@child
async def my_role(registry: Registry, parent: Node) -> OrganisationRole | None:
    return registry.caller.organisations.get(parent["id"])


@organisation.field("members")
@child
async def members(registry: Registry, parent: Node) -> list[Node]:
    """Nobody, for those who see the organisation only because a project of it was opened to them."""
    if rights.organisation_role(registry.caller, parent["id"]) is None:
        return []
    return [node(row) for row in await registry.load.members(parent["id"]) or []]


@member.field("user")
@child
async def member_user(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["user_id"])


@mutation.field("registerUser")
@root
async def register_user(call: Call, *, input: dict[str, Any], organisation: str | None = None) -> Node:
    rights.operator(call.caller)
    home = await seen(call, organisation) if organisation is not None else None
    cause = await call.cause()
    person = act.Person(input["email"], input["username"], input.get("displayName"), input["password"])
    new = derived("user", cause.causation_id)
    await act.register_user(call.world, person, id=new, cause=cause)
    if home is not None:
        done = await act.add_member(call.world, home["id"], user=new, role="member", cause=cause)
    else:
        own = derived("organisation", cause.causation_id)
        done = await act.create_organisation(
            call.world, id=own, name=PERSONAL_ORGANISATION, slug=f"personal-{own[:8]}", founder=new, cause=cause
        )
    await call.wrote(done)
    return await user_node(call.registry, new)


@mutation.field("disableUser")
@root
async def disable_user(call: Call, *, id: str) -> Node:
    rights.operator(call.caller)
    await user_node(call.registry, id)
    await call.wrote(await act.disable_user(call.world, id, by=call.caller.id, cause=await call.cause()))
    return await user_node(call.registry, id)


@mutation.field("signIn")
@open_root
async def sign_in(call: Call, *, email: str, password: str) -> Node:
    ask = call.registry.ask
    caller = act.Caller(ask.client_ip, ask.user_agent)
    secret, user, end = await act.sign_in(call.world, email, password, caller=caller, cause=await call.cause())
    await call.wrote(secret.recorded)
    return {"token": secret.value, "expiresAt": clock.text(end), "user": await user_node(call.registry, user)}


@mutation.field("signOut")
@root
async def sign_out(call: Call) -> bool:
    if call.caller.via != "session" or call.caller.credential is None:
        raise bad_input("You are not signed in with a session.", "Revoke the token instead.", reason="NO_SESSION")
    await call.wrote(await act.sign_out(call.world, call.caller.credential, cause=await call.cause()))
    return True


@mutation.field("changePassword")
@root
async def change_password(call: Call, *, current: str, new: str) -> bool:
    cause = await call.cause()
    await call.wrote(await act.change_password(call.world, call.caller.id, current=current, new=new, cause=cause))
    return True


@mutation.field("createOrganisation")
@root
async def create_organisation(call: Call, *, name: str, slug: str | None = None) -> Node:
    cause = await call.cause()
    new = derived("organisation", cause.causation_id)
    await call.wrote(
        await act.create_organisation(call.world, id=new, name=name, slug=slug, founder=call.caller.id, cause=cause)
    )
    return node(await seen(call, new))


@mutation.field("addMember")
@root
async def add_member(call: Call, *, organisation: str, role: OrganisationRole, **named: str) -> Node:
    user = named["userID"]
    home = await owned(call, organisation)
    await user_node(call.registry, user)
    await call.wrote(await act.add_member(call.world, home["id"], user=user, role=role, cause=await call.cause()))
    return await _member(call, home["id"], user)


@mutation.field("updateMemberRole")
@root
async def update_member_role(call: Call, *, organisation: str, role: OrganisationRole, **named: str) -> Node:
    user = named["userID"]
    home = await owned(call, organisation)
    await call.wrote(await act.change_role(call.world, home["id"], user=user, role=role, cause=await call.cause()))
    return await _member(call, home["id"], user)


@mutation.field("removeMember")
@root
async def remove_member(call: Call, *, organisation: str, **named: str) -> bool:
    """Owners remove anybody; everybody may leave."""
    user, cause = named["userID"], await call.cause()
    if await call.removed_before(cause):
        return True
    home = await (seen(call, organisation) if user == call.caller.id else owned(call, organisation))
    await call.wrote(await act.remove_member(call.world, home["id"], user=user, cause=cause))
    return True


def given(page: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a list, absent ones as None."""
    return {"filters": None, "order": None, "pagination": None} | page


async def user_node(registry: Registry, id: str) -> Node:
    """A user by id."""
    found = await registry.load.user(id)
    if found is None:
        raise not_found("User", id)
    return found


async def organisation_node(registry: Registry, id: str) -> Node:
    """An organisation that something belongs to."""
    return await must(registry.load.organisation(id), "Organisation", id)


async def seen(call: Call, ref: str) -> Row:
    """An organisation the caller belongs to, by id or slug."""
    async with call.world.database.reading() as connection:
        row = await stored.organisation(connection, call.caller, ref)
    if row is None:
        raise not_found("Organisation", ref)
    return row


async def owned(call: Call, ref: str) -> Row:
    """An organisation the caller owns."""
    row = await seen(call, ref)
    rights.need(rights.organisation_role(call.caller, row["id"]), "admin", what="Organisation", ref=row["slug"])
    return row


async def home(call: Call, ref: str | None) -> Row:
    """The organisation in which the caller wants to create something: his only one, unless he names it."""
    if ref is None:
        mine = [each for each in call.caller.organisations if rights.may_develop(call.caller, each)]
        if len(mine) != 1:
            raise conflict(
                f"You develop in {len(mine)} organisations.", "Say in which one: set `organisation` to its id or slug."
            )
        ref = mine[0]
    row = await seen(call, ref)
    rights.need(rights.service_role(call.caller, row["id"]) or "viewer", "editor", what="Organisation", ref=row["slug"])
    return row


async def _member(call: Call, organisation: str, user: str) -> Node:
    async with call.world.database.reading() as connection:
        row = await stored.member(connection, organisation, user)
    if row is None:
        raise not_found("Member", user)
    return node(row)
