"""A load that keeps a ledger: commands to the control API and calls to the data API, both at a steady offered rate.

A command is repeated with the same Idempotency-Key until it gets a final answer, as a careful client would. A call is
sent once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from tests.faults.ledger import Ledger

TRANSIENT: Final = {"SERVICE_UNAVAILABLE", "INTERNAL_SERVER_ERROR"}
GIVE_UP_SECONDS: Final = 60.0

CREATE_PROJECT: Final = """mutation($name: String!, $organisation: ID!) {
  createProject(input: {name: $name, organisation: $organisation}) { id name }
}"""
ADD_CLIENT: Final = """mutation($project: ID!, $name: String!) {
  addClient(projectId: $project, input: {name: $name}) { client { id name } }
}"""
CREATE_KEY: Final = """mutation($project: ID!, $name: String!) {
  createKey(input: {name: $name, kind: project, target: $project}) { key { id name } }
}"""
SET_PLAN: Final = """mutation($instance: ID!, $price: String!) {
  setRatePlan(instance: $instance, plan: {kind: PAY_PER_CALL, price: $price}) { id price }
}"""
ADD_SERVICE: Final = "mutation($project: ID!, $service: ID!) { addService(projectId: $project, serviceId: $service) { id } }"
REMOVE_INSTANCE: Final = "mutation($id: ID!) { removeInstance(id: $id) }"


class Refusal(Exception):  # noqa: N818 - an answer
    """The control API answered with errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors))
        self.codes = {error.get("extensions", {}).get("code", "") for error in errors}


@dataclass(frozen=True)
class Site:
    """What the load works on."""

    url: str
    token: str
    organisation: str
    project: str
    service: str
    instance: str
    spare_instance: str
    """Instance whose rate plan is changed all the time; nobody calls it."""
    endpoint: str
    key: str
    run: str
    """Prefix of every name of this run."""


async def ask(
    client: aiohttp.ClientSession, site_url: str, token: str, query: str, variables: dict[str, Any], key: str | None = None
) -> dict[str, Any]:
    """One control operation. Raises Refusal, aiohttp.ClientError, TimeoutError."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    async with client.post(
        f"{site_url}/query", json={"query": query, "variables": variables}, headers=headers
    ) as response:
        body: dict[str, Any] = await response.json(content_type=None)
    if body.get("errors"):
        raise Refusal(body["errors"])
    data: dict[str, Any] = body["data"]
    return data


async def insist(
    client: aiohttp.ClientSession, site: Site, query: str, variables: dict[str, Any], key: str
) -> dict[str, Any] | None:
    """Repeat a command with its Idempotency-Key until it is answered for good; None when time runs out."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GIVE_UP_SECONDS
    while loop.time() < deadline:
        try:
            return await ask(client, site.url, site.token, query, variables, key)
        except Refusal as refusal:
            if not refusal.codes & TRANSIENT:
                raise
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError):
            pass
        await asyncio.sleep(0.1)
    return None


class Commands:
    """Makes a command of each kind in turn; names carry the run and a number."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.ledger = ledger
        self.numbers = itertools.count(1)

    async def one(self, client: aiohttp.ClientSession) -> None:
        number = next(self.numbers)
        name = f"{self.site.run}-{number}"
        kind, query, variables = self._choose(number, name)
        self.ledger.commands_offered += 1
        self.ledger.doubtful_commands.add(name)
        if await insist(client, self.site, query, variables, key=name) is not None:
            self.ledger.doubtful_commands.discard(name)
            self.ledger.commands[name] = kind

    def _choose(self, number: int, name: str) -> tuple[str, str, dict[str, Any]]:
        site = self.site
        match number % 4:
            case 0:
                return "project", CREATE_PROJECT, {"name": name, "organisation": site.organisation}
            case 1:
                return "client", ADD_CLIENT, {"project": site.project, "name": name}
            case 2:
                return "key", CREATE_KEY, {"project": site.project, "name": name}
            case _:
                return "plan", SET_PLAN, {"instance": site.spare_instance, "price": f"0.{number:012d}"}


class Calls:
    """Calls of the data API: nine of ten read, the tenth writes a value that nobody else writes."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.ledger = ledger
        self.numbers = itertools.count(1)
        self.headers = {"x-user-authorization": site.key}

    async def one(self, client: aiohttp.ClientSession) -> None:
        number = next(self.numbers)
        text = f"{self.site.run}-{number}" if number % 10 == 0 else None
        body = {"query": "{ allNotes(first: 1) { id } }"}
        if text:
            body = {"query": f'mutation {{ createNote(text: "{text}") {{ id }} }}'}
        self.ledger.calls_offered += 1
        try:
            async with client.post(
                f"{self.site.url}/{self.site.endpoint}/graphql", json=body, headers=self.headers
            ) as response:
                answer = await response.json(content_type=None)
                call = response.headers.get("Mortise-Call")
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError):
            self.ledger.doubtful_calls += 1
            return
        if response.status == 200 and answer.get("data") is not None and not answer.get("errors"):  # noqa: PLR2004
            assert call, "an answered call has an id"
            self.ledger.calls.add(call)
            if text:
                self.ledger.writes.add(text)


async def churn(client: aiohttp.ClientSession, site: Site, ledger: Ledger, stop: asyncio.Event) -> None:
    """Add the service to a new project and remove it again, over and over: databases and roles come and go."""
    for number in itertools.count(1):
        if stop.is_set():
            return
        name = f"{site.run}-churn-{number}"
        made = await insist(
            client, site, CREATE_PROJECT, {"name": name, "organisation": site.organisation}, key=name
        )
        if made is None:
            return
        ledger.commands[name] = "project"
        project = made["createProject"]["id"]
        added = await insist(
            client, site, ADD_SERVICE, {"project": project, "service": site.service}, key=f"{name}-add"
        )
        if added is None:
            return
        await asyncio.sleep(1.5)
        await insist(client, site, REMOVE_INSTANCE, {"id": added["addService"]["id"]}, key=f"{name}-remove")


@asynccontextmanager
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """One session for the whole load; a call waits five seconds at most."""
    connector = aiohttp.TCPConnector(limit=128)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as client:
        yield client


async def steadily(one: Any, client: aiohttp.ClientSession, *, per_second: int, at_once: int, stop: asyncio.Event) -> None:
    """Offer work at a fixed rate; what is due but finds `at_once` still running is skipped, never queued."""
    loop = asyncio.get_running_loop()
    running: set[asyncio.Task[None]] = set()
    due = loop.time()
    while not stop.is_set():
        due += 1 / per_second
        await asyncio.sleep(max(0.0, due - loop.time()))
        if len(running) < at_once:
            task = asyncio.create_task(one(client))
            running.add(task)
            task.add_done_callback(running.discard)
    await asyncio.gather(*running)
