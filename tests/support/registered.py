"""The registry with people in it, and the provisioner's side of the conversation told by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from nats.aio.msg import Msg

from common import clock
from common.log import Log, Subject
from common.service import Service
from contracts import provisioner as heard
from contracts.access import Principal
from contracts.documents import BREAKS, USES
from contracts.names import database
from registry.__main__ import SERVICE
from registry.execute import operator
from registry.execute.deciding import World, world
from registry.store.tables import environments, instances, versions
from tests.support.inside import Inside, inside, say
from tests.support.stack import Stack

OPERATOR = Principal(kind="user", id=operator.OPERATOR, via="token", operator=True)
PASSWORD = "correct horse battery staple"
FIRST = {
    "MORTISE_OPERATOR_EMAIL": "operator@example.org",
    "MORTISE_OPERATOR_PASSWORD": PASSWORD,
    "MORTISE_OPERATOR_TOKEN": "pfy_" + "o" * 43,
}
SCHEMA = "type Album @model {\n  id: ID! @isUnique\n  title: String!\n}\n"


@dataclass
class House:
    """A running registry. `losses`, `problems` and `steps` are what the provisioner would answer next.

    `uses` is what billing would answer, `broken` and `unknown` the gateway; `away` are subjects nobody answers.
    """

    running: Inside
    losses: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    uses: list[dict[str, Any]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)

    @property
    def world(self) -> World:
        return world(self.running.runtime)

    async def data(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        who: Principal = OPERATOR,
        key: str | None = None,
    ) -> dict[str, Any]:
        """The data of an answer without errors."""
        return await self.running.data(query, variables, principal=who, key=key)

    async def refused(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        who: Principal = OPERATOR,
        key: str | None = None,
    ) -> dict[str, Any]:
        """The extensions of the error of an answer that must have one."""
        return await self.running.refused(query, variables, principal=who, key=key)

    # --- people ---------------------------------------------------------------------------------------------------

    async def organisation(self, who: Principal = OPERATOR) -> str:
        """A new organisation of somebody."""
        made = await self.data(
            "mutation($name: String!) { createOrganisation(name: $name) { id } }", {"name": f"Org {short()}"}, who=who
        )
        return str(made["createOrganisation"]["id"])

    async def person(self, organisation: str | None = None, role: str = "member") -> Principal:
        """A new user, with a role in an organisation or with one of his own."""
        name = f"u{short()}"
        made = await self.data(
            "mutation($input: RegisterUserInput!) { registerUser(input: $input) { id } }",
            {"input": {"email": f"{name}@example.org", "username": name, "password": PASSWORD}},
        )
        user = made["registerUser"]["id"]
        if organisation is not None:
            await self.data(
                "mutation($o: ID!, $u: ID!, $r: OrganisationRole!) "
                "{ addMember(organisation: $o, userID: $u, role: $r) { role } }",
                {"o": organisation, "u": user, "r": role},
            )
        return Principal(kind="user", id=user, via="session")

    # --- things ---------------------------------------------------------------------------------------------------

    async def project(self, organisation: str, who: Principal = OPERATOR, **input: Any) -> str:
        """A new project."""
        wanted = {"name": f"Project {short()}", "organisation": organisation, **input}
        made = await self.data(
            "mutation($input: CreateProjectInput!) { createProject(input: $input) { id } }", {"input": wanted}, who=who
        )
        return str(made["createProject"]["id"])

    async def service(self, organisation: str, who: Principal = OPERATOR, **input: Any) -> str:
        """A new service whose first version runs on private and demo."""
        wanted = {
            "name": f"Service {short()}",
            "problem": "Nobody has it",
            "solution": "Everybody gets it",
            "domain": "Media",
            "tags": ["test"],
            "organisation": organisation,
            **input,
        }
        made = await self.data(
            "mutation($input: CreateServiceInput!) { createService(input: $input) { service { id } } }",
            {"input": wanted},
            who=who,
        )
        new = str(made["createService"]["service"]["id"])
        self.services.add(new)
        await self.settle(new)
        return new

    async def push(self, service: str, schema: str, who: Principal = OPERATOR, **input: Any) -> str:
        """A new version, that runs on private."""
        made = await self.data(
            "mutation($input: PushServiceInput!) { pushService(input: $input) { name } }",
            {"input": {"service": service, "schema": schema, "notes": ["note"], **input}},
            who=who,
        )
        await self.settle(service)
        return str(made["pushService"]["name"])

    async def instance(self, project: str, service: str, who: Principal = OPERATOR) -> str:
        """A service in a project, running on dev."""
        made = await self.data(
            "mutation($p: ID!, $s: ID!) { addService(projectId: $p, serviceId: $s) { id } }",
            {"p": project, "s": service},
            who=who,
        )
        new = str(made["addService"]["id"])
        await self.settle(new)
        return new

    # --- the provisioner's side -----------------------------------------------------------------------------------

    async def settle(self, owner: str, *, failing: bool = False) -> None:
        """Every deployment of a service or instance that is under way ends."""
        for row in await self._under_way(owner):
            event = self._failed(row) if failing else self._ready(row)
            subject = Subject(row["organisation"], "provisioner", "environment", row["id"])
            history = await Log(self.running.admin, "provisioner").load(subject)
            recorded = await say(
                self.running.admin, subject, event, expect=history.position, version=history.version + 1
            )
            assert await self.world.runner.wait_for(recorded.position, 20)

    async def answer_losses(self, message: Msg) -> None:
        """What the provisioner answers when it is asked for losses."""
        self.asked.append(orjson.loads(message.data))
        answer = {"losses": self.losses, "problems": self.problems, "steps": self.steps}
        await message.respond(orjson.dumps({"value": answer}))

    async def answer_breaks(self, message: Msg) -> None:
        """What billing and the gateway answer when they are asked for callers and what breaks for them."""
        asked = orjson.loads(message.data)
        if asked["service"] not in self.services:
            return  # somebody else's test
        if message.subject in self.away:
            refusal = {"code": "SERVICE_UNAVAILABLE", "message": "Not now."}
            await message.respond(orjson.dumps({"error": refusal}))
        elif message.subject == USES:
            await message.respond(orjson.dumps({"value": {"uses": self.uses}}))
        else:
            self.sent.append(asked)
            await message.respond(orjson.dumps({"value": {"broken": self.broken, "unknown": self.unknown}}))

    async def _under_way(self, owner: str) -> list[dict[str, Any]]:
        service = sa.func.coalesce(instances.c.service, environments.c.owner)
        statement = (
            sa.select(environments, versions.c.sdl_sha, versions.c.model_sha, service.label("service"))
            .select_from(environments.outerjoin(instances, instances.c.id == environments.c.owner))
            .join(versions, (versions.c.service == service) & (versions.c.name == environments.c.version))
            .where(environments.c.owner == owner, environments.c.declaration.is_distinct_from(environments.c.settled))
        )
        async with self.world.database.reading() as connection:
            return [dict(row) for row in (await connection.execute(statement)).mappings()]

    def _ready(self, row: dict[str, Any]) -> heard.EnvironmentReady:
        return heard.EnvironmentReady(
            environment=row["id"],
            deployment=row["declaration"],
            kind=row["kind"],
            service=row["service"],
            version=row["version"],
            model_sha=row["model_sha"],
            sdl_sha=row["sdl_sha"],
            database=database(row["id"]),
            first=row["running_version"] is None,
        )

    def _failed(self, row: dict[str, Any]) -> heard.DeploymentFailed:
        return heard.DeploymentFailed(
            environment=row["id"],
            deployment=row["declaration"],
            kind=row["kind"],
            service=row["service"],
            version=row["version"],
            code="BROKEN",
            reason="It broke.",
        )


@asynccontextmanager
async def house(servers: Stack, service: Service = SERVICE) -> AsyncIterator[House]:
    """A running registry with its operator."""
    async with inside(servers, service) as running:
        here = House(running)
        await operator.ensure(here.world, FIRST)
        last = await here.world.log.last_position()
        assert await here.world.runner.wait_for(last, 20)
        answering = await running.admin.subscribe("ask.provisioner.loss", cb=here.answer_losses)
        calling = [await running.admin.subscribe(subject, cb=here.answer_breaks) for subject in (USES, BREAKS)]
        yield here
        for each in (answering, *calling):
            await each.unsubscribe()


def short() -> str:
    """A few characters that no other test has."""
    return clock.new_id().replace("-", "")[-12:]
