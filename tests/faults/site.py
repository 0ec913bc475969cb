"""Setting the scene: a service with one type, an instance of it that runs in prod, a client who pays."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final, Protocol

import aiohttp

from tests.faults import load
from tests.faults.load import Refusal, Site, ask

SCHEMA: Final = "type Note @model { id: ID! @isUnique text: String! }"
READY_SECONDS_MAX: Final = 60.0

ORGANISATIONS: Final = "{ organisations { id } }"
CREATE_SERVICE: Final = """mutation($organisation: ID!) { createService(input: {
  name: "Notes", problem: "Forgetting", solution: "Writing down", domain: Other, tags: ["notes"],
  organisation: $organisation}) { service { id } } }"""
PUSH: Final = """mutation($service: ID!, $schema: String!) {
  pushService(input: {service: $service, schema: $schema, notes: ["notes"]}) { name } }"""
PUBLISH: Final = "mutation($service: ID!) { promoteService(id: $service) { name } }"
PROMOTE: Final = """mutation($instance: ID!, $from: EnvironmentName!, $to: EnvironmentName!) {
  promoteInstance(id: $instance, from: $from, to: $to) { id } }"""
CLIENT: Final = """mutation($project: ID!) {
  addClient(projectId: $project, input: {name: "Payer"}) { client { id } clientKey { secret } } }"""
PLAN: Final = """mutation($instance: ID!, $client: ID!) {
  setRatePlan(instance: $instance, plan: {kind: PAY_PER_CALL, price: "0.001", client: $client}) { id } }"""
ENVIRONMENTS: Final = """query($service: ID, $instance: ID) {
  environments(service: $service, instance: $instance) { name state version declaredVersion endpoint reason } }"""


class Reached(Protocol):
    """What setting the scene needs of a stack."""

    @property
    def url(self) -> str: ...
    @property
    def admin_token(self) -> str: ...


class Scene:
    """Asks as the operator."""

    def __init__(self, stack: Reached, client: aiohttp.ClientSession) -> None:
        self.url, self.token, self.client = stack.url, stack.admin_token, client

    async def ask(self, query: str, **variables: Any) -> Any:
        """The only root field of an answer without errors."""
        data = await ask(self.client, self.url, self.token, query, variables)
        (value,) = data.values()
        return value

    async def serving(self, name: str, version: str, **owner: str) -> dict[str, Any]:
        """The environment, once it serves a version. Raises TimeoutError."""
        async with asyncio.timeout(READY_SECONDS_MAX):
            while True:
                # The provisioner may not have heard of a new owner yet.
                with contextlib.suppress(Refusal):
                    for environment in await self.ask(ENVIRONMENTS, **owner):
                        if environment["name"] == name and environment["version"] == version:
                            return dict(environment)
                await asyncio.sleep(0.05)


async def build(stack: Reached, client: aiohttp.ClientSession, run: str) -> Site:
    """The site of a run."""
    scene = Scene(stack, client)
    organisation = (await scene.ask(ORGANISATIONS))[0]["id"]
    service = (await scene.ask(CREATE_SERVICE, organisation=organisation))["service"]["id"]
    for name in ("private", "demo"):
        await scene.serving(name, "0.0.1", service=service)
    await scene.ask(PUSH, service=service, schema=SCHEMA)
    await scene.serving("private", "0.0.2", service=service)
    await scene.ask(PUBLISH, service=service)
    await scene.serving("demo", "0.0.2", service=service)
    project = (await scene.ask(load.CREATE_PROJECT, name=f"{run}-home", organisation=organisation))["id"]
    other = (await scene.ask(load.CREATE_PROJECT, name=f"{run}-spare", organisation=organisation))["id"]
    instance = (await scene.ask(load.ADD_SERVICE, project=project, service=service))["id"]
    spare = (await scene.ask(load.ADD_SERVICE, project=other, service=service))["id"]
    await scene.serving("dev", "0.0.2", instance=instance)
    await scene.ask(PROMOTE, **{"instance": instance, "from": "dev", "to": "prod"})
    prod = await scene.serving("prod", "0.0.2", instance=instance)
    payer = await scene.ask(CLIENT, project=project)
    await scene.ask(PLAN, instance=instance, client=payer["client"]["id"])
    return Site(
        url=stack.url, token=stack.admin_token, organisation=organisation, project=project, service=service,
        instance=instance, spare_instance=spare, endpoint=prod["endpoint"], key=payer["clientKey"]["secret"], run=run,
        payer=payer["client"]["id"],
    )  # fmt: skip
