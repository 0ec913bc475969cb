"""What a resolver has at hand: who calls, the world, batched children, and the way back from what it wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from graphql import GraphQLResolveInfo

from common.errors import SERVICE_UNAVAILABLE, Refused, not_found
from common.events import Actor
from common.graphs import Context
from common.log import Cause, Recorded
from common.rpc import Ask
from contracts.access import Principal
from registry.api import nodes
from registry.api.loading import Loader
from registry.api.nodes import Node, grouped, node
from registry.domain import rights
from registry.execute.deciding import CATCH_UP_SECONDS, World
from registry.execute.people import sealed
from registry.store import people, previews, projects, services
from registry.store.rows import Row

Result = TypeVar("Result")
Read = Callable[..., Awaitable[list[Row]]]


class Registry(Context):
    """One request. Rights are read from our own tables: they are as new as everything else in the answer."""

    def __init__(self, ask: Ask, world: World) -> None:
        super().__init__(ask)
        self.world = world
        self.caller = Principal.model_validate(ask.principal)
        self.load = Loaders(self)
        self._rights: asyncio.Future[None] | None = None

    async def arrive(self) -> None:
        """Know what the caller may do; asked once, whatever the number of root fields."""
        if self._rights is None:
            self._rights = asyncio.ensure_future(self._read_rights())
        await self._rights

    async def wait_for(self, recorded: Recorded | None) -> None:
        """Go on once what was written can be read. Refuses SERVICE_UNAVAILABLE after 2 s: it did happen."""
        if recorded is None:
            return
        self.wrote(recorded)
        if not await self.world.runner.wait_for(recorded.position, CATCH_UP_SECONDS):
            message = f"It was done (position {recorded.position}) but cannot be read back yet."
            raise Refused(SERVICE_UNAVAILABLE, message, "Send it again with the same Idempotency-Key.")
        self.load = Loaders(self)
        self._rights = None
        await self.arrive()

    async def _read_rights(self) -> None:
        if self.caller.kind != "user":
            return
        async with self.world.database.reading() as connection:
            organisations, granted = await people.roles(connection, self.caller.id)
        known = {
            "organisations": organisations,
            "grants": {f"project:{project}": role for project, role in granted.items()},
        }
        self.caller = Principal.model_validate(self.caller.model_dump() | known)


class Loaders:
    """Children of nodes, batched."""

    def __init__(self, registry: Registry) -> None:
        world = registry.world

        def rows(read: Read, *, by: str | None = None, before: tuple[Any, ...] = ()) -> Loader[Any]:
            """A loader of rows by id, or of lists of rows by another column."""

            async def load(ids: Sequence[str]) -> Mapping[str, Any]:
                async with world.database.reading() as connection:
                    found = await read(connection, *before, ids)
                return grouped(found, by) if by else {row["id"]: row for row in found}

            return Loader(load)

        async def users(ids: Sequence[str]) -> Mapping[str, Node]:
            async with world.database.reading() as connection:
                found = await people.users_by_id(connection, ids)
            return {each["id"]: each for each in await nodes.users(world.sealer, found)}

        async def clients(ids: Sequence[str]) -> Mapping[str, Node]:
            async with world.database.reading() as connection:
                found = await projects.clients_by_id(connection, ids)
            return {each["id"]: each for each in await nodes.clients(world.sealer, found)}

        async def clients_in(ids: Sequence[str]) -> Mapping[str, list[Node]]:
            async with world.database.reading() as connection:
                found = await projects.clients_in(connection, ids)
            return grouped(await nodes.clients(world.sealer, found), "project")

        self.user = Loader(users)
        self.client = Loader(clients)
        self.clients_in = Loader(clients_in)
        self.organisation = rows(people.organisations_by_id)
        self.members = rows(people.members_of, by="organisation")
        self.project = rows(projects.by_ids)
        self.key = rows(projects.keys_by_ids)
        self.keys = rows(projects.keys_to, by="target")
        self.service = rows(services.by_ids)
        self.versions = rows(services.versions_of, by="service")
        self.instances_in = rows(services.instances_in, by="project")
        self.instances_of = Loader(lambda ids: _instances_of(registry, ids))
        self.environments = rows(services.environments_of, by="owner")
        self.requests = rows(services.requests_of, by="instance")
        self.previews = rows(previews.of_instances, by="instance")
        self.places = Loader(lambda ids: _places(registry, ids))


async def _instances_of(registry: Registry, ids: Sequence[str]) -> Mapping[str, list[Row]]:
    async with registry.world.database.reading() as connection:
        return grouped(await services.instances_of(connection, registry.caller, ids), "service")


async def _places(registry: Registry, ids: Sequence[str]) -> Mapping[str, list[Row]]:
    async with registry.world.database.reading() as connection:
        return grouped(await services.places_of(connection, registry.caller, ids), "service")


@dataclass(frozen=True)
class Call:
    """One root field of a request."""

    registry: Registry
    key: str
    """Its response key: part of the identity of a command (DESIGN 2.11)."""

    @property
    def caller(self) -> Principal:
        """Who calls."""
        return self.registry.caller

    @property
    def world(self) -> World:
        """The world."""
        return self.registry.world

    async def cause(self) -> Cause:
        """Why something is written: this field, by this person. Address and browser stand in it sealed."""
        ask, who = self.registry.ask, self.caller
        actor = Actor(
            type="user" if who.kind == "user" else "unauthenticated",
            id=who.id,
            via=who.via,
            client_ip=await sealed(self.world, who.id, ask.client_ip) if who.kind == "user" else None,
            user_agent=await sealed(self.world, who.id, ask.user_agent) if who.kind == "user" else None,
        )
        return self.registry.cause(self.key, actor)

    async def wrote(self, recorded: Recorded | None) -> None:
        """Go on once it can be read back."""
        await self.registry.wait_for(recorded)

    async def removed_before(self, cause: Cause) -> bool:
        """Whether this is the repeat of a command that took something away."""
        if not self.registry.ask.idempotency_key:
            return False
        async with self.world.database.reading() as connection:
            return await people.removed_by(connection, cause.causation_id)


def root(resolver: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """A root field for signed-in people: `resolver(call, **arguments)`."""

    @wraps(resolver)
    async def resolve(_: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Result:
        registry = cast("Registry", info.context)
        rights.signed_in(registry.caller)
        await registry.arrive()
        return await _answered(resolver, Call(registry, str(info.path.key)), arguments)

    return resolve


def open_root(resolver: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """A root field that needs nobody to be signed in; a bad credential is refused all the same (P 1.1)."""

    @wraps(resolver)
    async def resolve(_: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Result:
        registry = cast("Registry", info.context)
        if registry.caller.kind == "invalid":
            rights.signed_in(registry.caller)
        return await _answered(resolver, Call(registry, str(info.path.key)), arguments)

    return resolve


def child(resolver: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """A field of a node: `resolver(registry, parent)`."""

    @wraps(resolver)
    async def resolve(parent: Node, info: GraphQLResolveInfo[Any], **arguments: Any) -> Result:
        return await resolver(cast("Registry", info.context), parent, **arguments)

    return resolve


async def _answered(resolver: Callable[..., Awaitable[Result]], call: Call, arguments: dict[str, Any]) -> Result:
    """The answer; a refusal names its field by the whole input path."""
    try:
        return await resolver(call, **arguments)
    except Refused as refused:
        field = refused.field
        if field and "input" in arguments and field not in arguments and not field.startswith("input."):
            refused.field = f"input.{field}"
        raise


async def must(loaded: Awaitable[Row | None], what: str, ref: str) -> Node:
    """The node of a row that another row refers to."""
    row = await loaded
    if row is None:
        raise not_found(what, ref)
    return node(row)
