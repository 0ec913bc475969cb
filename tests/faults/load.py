"""A load that keeps a ledger: commands to the control API and calls to the data API, each at a steady offered rate.

A command is repeated with the same Idempotency-Key until it gets a final answer, as a careful client would do; some are
sent once more afterwards and must get the same answer. A call is sent once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from tests.faults.ledger import Ledger, Made

TRANSIENT: Final = {"SERVICE_UNAVAILABLE", "INTERNAL_SERVER_ERROR"}
ANSWER_SECONDS_MAX: Final = 20.0
COMMAND_SECONDS_MAX: Final = 4.0
"""After so long a command is sent again, whatever became of it: two of the same may then be under way."""
INSIST_SECONDS_MAX: Final = 40.0
PAUSE_SECONDS_MAX: Final = 8.0
REPEATED: Final = 11
"""Every eleventh command is sent once more; there are ten kinds in turn, so each kind is."""
LOST: Final = (aiohttp.ClientError, TimeoutError, json.JSONDecodeError)

CREATE_PROJECT: Final = """mutation($name: String!, $organisation: ID!) {
  made: createProject(input: {name: $name, organisation: $organisation}) { id name }
}"""
ADD_CLIENT: Final = """mutation($project: ID!, $name: String!) {
  made: addClient(projectId: $project, input: {name: $name}) { client { id name } }
}"""
CREATE_KEY: Final = """mutation($project: ID!, $name: String!) {
  made: createKey(input: {name: $name, kind: project, target: $project}) { key { id name } }
}"""
SET_PLAN: Final = """mutation($instance: ID!, $price: String!) {
  made: setRatePlan(instance: $instance, plan: {kind: PAY_PER_CALL, price: $price}) { id price }
}"""
ADD_SERVICE: Final = """mutation($project: ID!, $service: ID!) {
  made: addService(projectId: $project, serviceId: $service) { id }
}"""
REMOVE_INSTANCE: Final = "mutation($id: ID!) { made: removeInstance(id: $id) }"


class Refusal(Exception):  # noqa: N818 - an answer
    """The control API answered with errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors))
        self.codes = {error.get("extensions", {}).get("code", "") for error in errors}
        self.why = ", ".join(sorted({re.sub(r"\d+", "n", error["message"])[:60] for error in errors}))


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
    """Instance whose rate plan is changed again and again; nobody calls it."""
    payer: str
    endpoint: str
    key: str
    run: str
    """Prefix of every name of this run."""


async def ask(
    client: aiohttp.ClientSession, url: str, token: str, query: str, variables: dict[str, Any], key: str | None = None
) -> dict[str, Any]:
    """One control operation. Raises Refusal, aiohttp.ClientError, TimeoutError."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
    body = {"query": query, "variables": variables}
    patience = aiohttp.ClientTimeout(total=COMMAND_SECONDS_MAX if key else ANSWER_SECONDS_MAX)
    async with client.post(f"{url}/query", json=body, headers=headers, timeout=patience) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
    if answer.get("errors"):
        raise Refusal(answer["errors"])
    data: dict[str, Any] = answer["data"]
    return data


async def insist(
    client: aiohttp.ClientSession,
    site: Site,
    query: str,
    variables: dict[str, Any],
    *,
    key: str | None = None,
    tally: Counter[str] | None = None,
) -> dict[str, Any]:
    """Ask until there is an answer for good. Raises Refusal, and TimeoutError when there is none in time."""
    told: Counter[str] = Counter() if tally is None else tally
    pause = 0.25
    async with asyncio.timeout(INSIST_SECONDS_MAX):
        while True:
            told["command attempts"] += 1
            try:
                return await ask(client, site.url, site.token, query, variables, key)
            except Refusal as refusal:
                if not refusal.codes & TRANSIENT:
                    raise
                told[f"command put off: {refusal.why}"] += 1
            except LOST as problem:
                told[f"command lost: {type(problem).__name__}"] += 1
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - so that not all come back at once
            pause = min(pause * 2, PAUSE_SECONDS_MAX)


@dataclass(frozen=True)
class Work:
    """How much of what is offered."""

    what: str
    per_second: float
    at_once: int


class Commands:
    """Makes a command of each kind in turn; names carry the run and a number."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.ledger = ledger
        self.numbers = itertools.count(1)

    async def one(self, client: aiohttp.ClientSession) -> None:
        """Send the next command and write down what came of it."""
        number = next(self.numbers)
        name = f"{self.site.run}-{number}"
        kind, query, variables = self._choose(number, name)
        told = await self.command(client, name, kind, query, variables)
        if told is None or number % REPEATED:
            return
        self.ledger.repeated += 1
        again = await self.command(client, name, kind, query, variables)
        if again is not None and again != told:
            self.ledger.repeated_differently.append(f"{kind} {name}: {told} then {again}")

    async def command(
        self, client: aiohttp.ClientSession, name: str, kind: str, query: str, variables: dict[str, Any]
    ) -> str | None:
        """The id of what the command made; None when it was not answered for good."""
        ledger = self.ledger
        ledger.commands_open.add(name)
        try:
            answer = await insist(client, self.site, query, variables, key=name, tally=ledger.tally)
        except Refusal as refusal:
            ledger.refused[name] = str(refusal)
            ledger.commands_open.discard(name)
            return None
        except TimeoutError:
            return None
        ledger.commands_open.discard(name)
        ledger.tally["commands answered"] += 1
        made = answer["made"]
        if isinstance(made, dict):
            made = (made.get("client") or made.get("key") or made)["id"]
        ledger.commands[name] = Made(kind, str(made))
        return str(made)

    def _choose(self, number: int, name: str) -> tuple[str, str, dict[str, Any]]:
        site = self.site
        match number % 10:
            case 0 | 1 | 2 | 3:
                return "project", CREATE_PROJECT, {"name": name, "organisation": site.organisation}
            case 4 | 5 | 6:
                return "client", ADD_CLIENT, {"project": site.project, "name": name}
            case 7 | 8:
                return "key", CREATE_KEY, {"project": site.project, "name": name}
            case _:
                return "plan", SET_PLAN, {"instance": site.spare_instance, "price": price(number)}

    async def churn(self, client: aiohttp.ClientSession, lane: int, stop: asyncio.Event) -> None:
        """Add the service to a new project and mostly remove it again: databases and roles come and go."""
        site = self.site
        for number in itertools.count(1):
            if stop.is_set():
                return
            name = f"{site.run}-churn-{lane}-{number}"
            wanted = {"name": name, "organisation": site.organisation}
            project = await self.command(client, name, "project", CREATE_PROJECT, wanted)
            if project is None:
                continue
            wanted = {"project": project, "service": site.service}
            instance = await self.command(client, f"{name}-add", "instance", ADD_SERVICE, wanted)
            if instance is not None and number % 4:
                await asyncio.sleep(number % 3)  # at times at once: while its database is being made
                await self.command(client, f"{name}-remove", "removal", REMOVE_INSTANCE, {"id": instance})


def price(number: int) -> str:
    """A price nobody else sets; the decimal text that comes back."""
    return f"0.{number:011d}1"


class Calls:
    """Calls of the data API: nine of ten read, the tenth writes a value that nobody else writes."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.ledger = ledger
        self.numbers = itertools.count(1)
        self.headers = {"x-user-authorization": site.key}
        self.url = f"{site.url}/{site.endpoint}/graphql"

    async def one(self, client: aiohttp.ClientSession) -> None:
        """Send the next call and write down what came of it."""
        number = next(self.numbers)
        text = f"{self.site.run}-{number}" if number % 10 == 0 else None
        query = "{ allNotes(first: 1) { id } }"
        if text:
            query = f'mutation {{ createNote(text: "{text}") {{ id }} }}'
        ledger = self.ledger
        try:
            async with client.post(self.url, json={"query": query}, headers=self.headers) as response:
                answer = await response.json(content_type=None)
                call = response.headers.get("Mortise-Call")
        except aiohttp.ClientConnectorError:
            ledger.tally["call not sent: nobody listened"] += 1
            return
        except LOST as problem:
            ledger.calls_open += 1
            ledger.tally[f"call lost: {type(problem).__name__}"] += 1
            return
        if answer.get("data") is None:
            ledger.tally[f"call refused with {response.status}"] += 1
            return
        assert call, f"an answered call has an id: {answer}"
        ledger.tally["calls answered"] += 1
        ledger.calls.add(str(call))
        if text and not answer.get("errors"):
            ledger.writes.add(text)


@asynccontextmanager
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """One session for the whole load."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        yield client


async def steadily(
    one: Callable[[], Coroutine[Any, Any, None]], tally: Counter[str], work: Work, stop: asyncio.Event
) -> None:
    """Offer work at a fixed rate whatever becomes of it; return when all of it has come to an end.

    What is offered while `at_once` are still unanswered is turned away here, and counted as that: a caller whose
    caller queues without end would only measure the queue.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            due += 1 / work.per_second
            await asyncio.sleep(max(0.0, due - loop.time()))
            tally[f"{work.what} offered"] += 1
            if len(running) >= work.at_once:
                tally[f"{work.what} turned away by the load itself"] += 1
                continue
            task = group.create_task(one())
            running.add(task)
            task.add_done_callback(running.discard)
