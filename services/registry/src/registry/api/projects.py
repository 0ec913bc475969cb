"""Projects, who holds which role in them, and their clients."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from common.errors import bad_input, not_found
from contracts.access import Role
from registry.api.context import Call, Registry, child, must, root
from registry.api.nodes import Node, node
from registry.api.people import given, home, organisation_node, seen, user_node
from registry.domain import lists, rights
from registry.domain.projects import Patch, grant_id
from registry.execute import keys as issue
from registry.execute import projects as act
from registry.store import projects as stored
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
project = ObjectType("Project")
relation = ObjectType("User2Project")
client = ObjectType("Client")


@query.field("projects")
@root
async def projects(call: Call, **page: Any) -> list[Node]:
    want = lists.wanted(stored.PROJECTS, **given(page))
    async with call.world.database.reading() as connection:
        return [node(row) for row in await stored.page(connection, call.caller, want)]


@query.field("project")
@root
async def one_project(call: Call, *, slug: str, organisation: str | None = None) -> Node:
    async with call.world.database.reading() as connection:
        rows = await stored.by_slug(connection, call.caller, slug, None)
    if organisation is not None and organisation not in {row["organisation"] for row in rows}:
        organisation = (await seen(call, organisation))["id"]
    return node(only([row for row in rows if organisation in {None, row["organisation"]}], "Project", slug))


@query.field("user2projects")
@root
async def user2projects(call: Call, *, project: str, **page: Any) -> list[Node]:
    """All relations for admins of the project, one's own for the others."""
    want = lists.wanted(stored.GRANTS, **given(page))
    row, role = await visible(call, project)
    async with call.world.database.reading() as connection:
        rows = await stored.grants_of(connection, row["id"])
    if role != "admin":
        rows = [each for each in rows if each["user_id"] == call.caller.id]
    clear = [await _with_user(call, each) for each in rows]
    return [node(dict(each)) for each in lists.page(clear, want)]


@query.field("client")
@root
async def one_client(call: Call, *, id: str) -> Node:
    return (await _client(call, id, "viewer"))[0]


@project.field("myRole")
@child
async def my_role(registry: Registry, parent: Node) -> Role | None:
    return role_in(registry, parent)


@project.field("organisation")
@child
async def project_organisation(registry: Registry, parent: Node) -> Node:
    return await organisation_node(registry, parent["organisation"])


@project.field("instances")
@child
async def project_instances(registry: Registry, parent: Node) -> list[Node]:
    return [node(row) for row in await registry.load.instances_in(parent["id"]) or []]


@project.field("clients")
@child
async def project_clients(registry: Registry, parent: Node) -> list[Node]:
    return await registry.load.clients_in(parent["id"]) or []


@project.field("keys")
@child
async def project_keys(registry: Registry, parent: Node) -> list[Node]:
    return [node(row) for row in await registry.load.keys(parent["id"]) or []]


@relation.field("user")
@child
async def relation_user(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["user_id"])


@relation.field("project")
@client.field("project")
@child
async def its_project(registry: Registry, parent: Node) -> Node:
    return await project_node(registry, parent["project"])


@mutation.field("createProject")
@root
async def create_project(call: Call, *, input: dict[str, Any]) -> Node:
    organisation = await home(call, input.get("organisation"))
    new, done = await act.create(
        call.world,
        organisation=organisation["id"],
        name=input["name"],
        slug=input.get("slug"),
        description=input.get("description"),
        restricted=bool(input.get("restricted")),
        creator=call.caller.id,
        cause=await call.cause(),
    )
    await call.wrote(done)
    return await project_node(call.registry, new)


@mutation.field("updateProject")
@root
async def update_project(call: Call, *, id: str, input: dict[str, Any]) -> Node:
    """Who may see the project is for admins to say, the rest for editors."""
    row, _ = await visible(call, id, "admin" if "restricted" in input else "editor")
    patch = Patch(given=frozenset(input), **input)
    await call.wrote(
        await act.update(call.world, row["organisation"], row["id"], patch=patch, cause=await call.cause())
    )
    return await project_node(call.registry, row["id"])


@mutation.field("deleteProject")
@root
async def delete_project(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    row, _ = await visible(call, id, "admin")
    await call.wrote(await act.delete(call.world, row["organisation"], row["id"], cause=cause))
    return True


@mutation.field("addUserToProject")
@root
async def add_user_to_project(call: Call, *, role: Role, **named: str) -> Node:
    row, held = await visible(call, named["projectID"], "admin")
    user = (await user_node(call.registry, named["userID"]))["id"]
    cause = await call.cause()
    await call.wrote(
        await act.grant(call.world, row["organisation"], row["id"], user=user, role=role, held=held, cause=cause)
    )
    return node((await _grant(call, grant_id(row["id"], user), "admin"))[0])


@mutation.field("updateUserProjectRole")
@root
async def update_user_project_role(call: Call, *, id: str, role: Role) -> Node:
    grant, row, held = await _grant(call, id, "admin")
    await call.wrote(
        await act.change_grant(
            call.world,
            row["organisation"],
            row["id"],
            grant=grant["id"],
            role=role,
            held=held,
            operator=call.caller.operator,
            cause=await call.cause(),
        )
    )
    return node((await _grant(call, id, "viewer"))[0])


@mutation.field("removeUserFromProject")
@root
async def remove_user_from_project(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    grant, row, _ = await _grant(call, id, "admin")
    await call.wrote(
        await act.withdraw(
            call.world,
            row["organisation"],
            row["id"],
            grant=grant["id"],
            operator=call.caller.operator,
            cause=cause,
        )
    )
    return True


@mutation.field("addClient")
@root
async def add_client(call: Call, *, input: dict[str, Any], **named: str) -> Node:
    """A client and the key its calls are made with."""
    row, _ = await visible(call, named["projectId"], "admin")
    cause = await call.cause()
    new, _ = await act.add_client(
        call.world,
        row["organisation"],
        row["id"],
        name=input["name"],
        email=input.get("email"),
        currency=_given(input.get("currency"), "EUR"),
        time_zone=_given(input.get("timeZone"), "UTC"),
        cause=cause,
    )
    secret = await issue.issue(
        call.world,
        row["organisation"],
        kind="client",
        target=row["id"],
        client=new,
        name="client",
        cause=cause,
    )
    await call.wrote(secret.recorded)
    added = await call.registry.load.client(new)
    return {"client": added, "clientKey": await key_with_secret(call, secret.id, secret.value)}


@mutation.field("removeClient")
@root
async def remove_client(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    _, row = await _client(call, id, "admin")
    await call.wrote(await act.remove_client(call.world, row["organisation"], id, cause=cause))
    return True


def role_in(registry: Registry, row: Row) -> Role | None:
    """The caller's role in a project."""
    return rights.project_role(
        registry.caller, organisation=row["organisation"], project=row["id"], restricted=row["restricted"]
    )


async def project_node(registry: Registry, id: str) -> Node:
    """A project that something belongs to."""
    return await must(registry.load.project(id), "Project", id)


async def visible(call: Call, ref: str, needed: Role = "viewer") -> tuple[Row, Role]:
    """A project by id or slug, and the caller's role in it, which must suffice."""
    async with call.world.database.reading() as connection:
        rows = await stored.by_ref(connection, call.caller, ref)
    row = only(rows, "Project", ref)
    return row, rights.need(role_in(call.registry, row), needed, what="Project", ref=row["slug"])


def only(rows: list[Row], what: str, ref: str) -> Row:
    """The one row that a reference means. Refuses a slug that several organisations of the caller have."""
    if not rows:
        raise not_found(what, ref)
    if len(rows) > 1 and rows[0]["id"] != ref:
        raise bad_input(f"{what} {ref!r} is in {len(rows)} of your organisations.", "Use its id.", reason="AMBIGUOUS")
    return rows[0]


async def key_with_secret(call: Call, id: str, secret: str | None) -> Node:
    """A key as it is shown once."""
    async with call.world.database.reading() as connection:
        row = await stored.key(connection, id)
    if row is None:
        raise not_found("Key", id)
    return {"secret": secret, "key": node(row)}


async def _client(call: Call, id: str, needed: Role) -> tuple[Node, Row]:
    """A client that is still there, and its project."""
    found = await call.registry.load.client(id)
    if found is None or found["removed"]:
        raise not_found("Client", id)
    row = await call.registry.load.project(found["project"])
    if row is None:
        raise not_found("Client", id)
    rights.need(role_in(call.registry, row), needed, what="Client", ref=id)
    return found, row


async def _grant(call: Call, id: str, needed: Role) -> tuple[Row, Row, Role]:
    """A relation, its project, and the caller's role there."""
    async with call.world.database.reading() as connection:
        grant = await stored.grant(connection, id)
    row = await call.registry.load.project(grant["project"]) if grant else None
    if grant is None or row is None:
        raise not_found("User2Project", id)
    return grant, row, rights.need(role_in(call.registry, row), needed, what="User2Project", ref=id)


async def _with_user(call: Call, grant: Row) -> Row:
    user = await user_node(call.registry, grant["user_id"])
    return {**grant, "username": user["username"], "email": user["email"]}


def _given(value: str | None, default: str) -> str:
    """What was written, even if it is nothing; a default only for what was left out."""
    return default if value is None else value
