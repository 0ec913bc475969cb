"""After the storm: what was acknowledged is looked up through the public door, in the stream and in the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import aiohttp
import asyncpg
import nats
import orjson

from common import addresses
from common.stream import Stream
from contracts import loglines, names
from contracts.calls import BILLABLE, CALL, Batch
from contracts.loglines import CALL_LINE
from tests.faults.ledger import Finding, Ledger, compare, compare_calls, compare_commands, same
from tests.faults.load import Site, insist
from tests.support.stack import Stack

QUIET_SECONDS_MAX: Final = 60.0
"""How long it may take until everything is where it belongs once nobody kills any more."""
LOOK_AGAIN_SECONDS: Final = 0.5
TEMPLATE: Final = "env_template_"
STILL: Final = 3
"""So many looks in a row must find nothing new before it is believed that nothing more comes."""

PROJECTS: Final = """query($run: String!, $offset: Int!) { projects(
  filters: [{field: "name", value: $run, op: STARTS_WITH}], pagination: {limit: 500, offset: $offset}) { id name } }"""
PROJECT: Final = """query($slug: String!, $organisation: ID!) { project(slug: $slug, organisation: $organisation) {
  clients { id name } keys { id name } } }"""
PLANS: Final = "query($instance: ID!) { ratePlans(instance: $instance) { id price } }"
INVOICE: Final = "query($project: ID!, $client: ID!) { invoice(project: $project, client: $client) { calls subtotal } }"
DECLARED: Final = """query($offset: Int!) { services(pagination: {limit: 20, offset: $offset}) {
  environments { id version } instances { id environments { id version } } } }"""
NOTES: Final = "query($after: String) { allNotes(first: 1000, after: $after) { id text } }"


class Check:
    """Looks everything up that a ledger speaks of."""

    def __init__(self, stack: Stack, client: aiohttp.ClientSession, site: Site, ledger: Ledger) -> None:
        self.stack = stack
        self.client = client
        self.site = site
        self.ledger = ledger

    async def findings(self) -> list[Finding]:
        """All comparisons of a run."""
        # Reading the notes back makes calls, too: calls are compared first.
        return [
            *await self._commands(),
            *await self._calls(),
            *compare("data writes", self.ledger.writes, [text async for text in self._notes()]),
            *await self._orphans(),
        ]

    async def _ask(self, query: str, **variables: Any) -> Any:
        """The only root field of an answer."""
        (value,) = (await insist(self.client, self.site, query, variables)).values()
        return value

    async def _pages(self, query: str, size: int, **variables: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self._ask(query, offset=len(found), **variables)
            found += page
            if len(page) < size:
                return found

    async def _commands(self) -> list[Finding]:
        site = self.site
        projects = await self._pages(PROJECTS, 500, run=f"{site.run}-")
        home = await self._ask(PROJECT, slug=f"{site.run}-home".lower(), organisation=site.organisation)
        plans = await self._ask(PLANS, instance=site.spare_instance)

        def ours(things: list[dict[str, str]]) -> list[tuple[str, str]]:
            return [(thing["name"], thing["id"]) for thing in things if thing["name"].startswith(f"{site.run}-")]

        there = {
            "project": ours(projects),
            "client": ours(home["clients"]),
            "key": ours(home["keys"]),
            "plan": [(f"{site.run}-{int(plan['price'][2:-1])}", plan["id"]) for plan in plans],
        }
        return compare_commands(self.ledger, there)

    async def _calls(self) -> list[Finding]:
        stored, invoiced, logged = await self._quiet()
        return [
            *compare_calls(self.ledger, stored, invoiced),
            *compare("lines of the log", stored, logged),
        ]

    async def _quiet(self) -> tuple[list[str], int, list[str]]:
        """Ids of stored billable calls, the invoice's count and ids of their lines in the log, once all stand still.

        Not before all answered calls are stored, the invoice has counted as many and as many lines are written, unless
        time runs out: then what is wrong stays wrong, and the comparison says so.
        """
        environment = names.environment_id(self.site.instance, "prod")
        loop = asyncio.get_running_loop()
        deadline, still = loop.time() + QUIET_SECONDS_MAX, 0
        before: tuple[list[str], int, list[str]] = ([], -1, [])
        while True:
            invoice = await self._ask(INVOICE, project=self.site.project, client=self.site.payer)
            lines = await logged(self.stack, environment)
            now = (await stored(self.stack, environment), int(invoice["calls"]), lines)
            still = still + 1 if now == before else 0
            calls = set(now[0])
            settled = self.ledger.calls <= calls and now[1] >= len(calls) and calls <= set(lines)
            if still >= STILL and (settled or loop.time() > deadline):
                return now
            before = now
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _notes(self) -> AsyncIterator[str]:
        """All values that were written, read with the client's key."""
        url = f"{self.site.url}/{self.site.endpoint}/graphql"
        after: str | None = None
        while True:
            body = {"query": NOTES, "variables": {"after": after}}
            async with self.client.post(url, json=body, headers={"x-user-authorization": self.site.key}) as response:
                page = (await response.json())["data"]["allNotes"]
            for note in page:
                yield note["text"]
            if not page:
                return
            after = page[-1]["id"]

    async def _orphans(self) -> list[Finding]:
        """Everything declared that runs has a database and a role, and there is none that nobody declared."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_SECONDS_MAX
        while True:
            wanted, databases, roles = await self._declared(), *await there(self.stack)
            if databases == wanted == roles or loop.time() > deadline:
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return [
            same("databases of declared environments", wanted, databases),
            same("roles of declared environments", wanted, roles),
        ]

    async def _declared(self) -> set[str]:
        services = await self._pages(DECLARED, 20)
        owners = [*services, *(instance for service in services for instance in service["instances"])]
        return {
            names.database(environment["id"])
            for owner in owners
            for environment in owner["environments"]
            if environment["version"] is not None
        }


async def stored(stack: Stack, environment: str) -> list[str]:
    """Ids of billable calls in all batches of the stream; of batches with the same number only the first counts."""
    at: Callable[[str], int] = CALL.index
    connection = await nats.connect(addresses.each(stack.nats_url))
    seen: set[tuple[str, int, int]] = set()
    found: list[str] = []
    try:
        stream = connection.jetstream()
        last = (await stream.stream_info("CALLS")).state.last_seq
        reader = await stream.subscribe("calls.>", ordered_consumer=True)
        position = 0
        while position < last:
            message = await reader.next_msg(timeout=10)
            position = message.metadata.sequence.stream
            batch = Batch.model_validate(orjson.loads(message.data))
            key = (batch.gateway, batch.epoch, batch.number)
            if key in seen:
                continue
            seen.add(key)
            found += [
                str(row[at("id")])
                for row in batch.calls
                if row[at("environment")] == environment and row[at("class")] in BILLABLE
            ]
    finally:
        await connection.close()
    return found


async def logged(stack: Stack, environment: str) -> list[str]:
    """Ids of billable calls in the environment's lines of the log."""
    connection = await nats.connect(addresses.each(stack.nats_url))
    at = CALL_LINE.index
    try:
        sheets = [
            loglines.read(message.body)
            for message in await Stream(connection, loglines.STREAM).history(f"logs.*.*.{environment}.calls")
        ]
    finally:
        await connection.close()
    return [str(row[at("id")]) for sheet in sheets for row in sheet.lines if row[at("class")] in BILLABLE]


async def there(stack: Stack) -> tuple[set[str], set[str]]:
    """Databases and roles of environments that exist; the one database that all are copied from is not among them."""
    connection = await asyncpg.connect(stack.postgres_dsn)
    try:
        databases = await connection.fetch("select datname from pg_database where datname like 'env\\_%'")
        roles = await connection.fetch("select rolname from pg_roles where rolname like 'env\\_%'")
    finally:
        await connection.close()
    kept = sorted(row[0] for row in databases if row[0].startswith(TEMPLATE))[:1]
    return {row[0] for row in databases} - {*kept}, {row[0] for row in roles}
