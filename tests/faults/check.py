"""After the storm: everything that was acknowledged is looked up through the public door, the stream and the catalogue."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import aiohttp
import asyncpg
import nats
import orjson

from contracts import names
from contracts.calls import BILLABLE, CALL, Batch
from tests.faults.ledger import Finding, Ledger, compare, compare_calls
from tests.faults.load import Site, ask
from tests.support.stack import Stack

QUIET_SECONDS_MAX: Final = 60.0
PAGE: Final = 500

PROJECTS: Final = """query($run: String!, $offset: Int!) { projects(
  filters: [{field: "name", value: $run, op: STARTS_WITH}], pagination: {limit: 500, offset: $offset}) { name } }"""
PROJECT: Final = "query($slug: String!) { project(slug: $slug) { clients { name } keys { name } } }"
PLANS: Final = "query($instance: ID!) { ratePlans(instance: $instance) { price } }"
INVOICE: Final = "query($project: ID!, $client: ID!) { invoice(project: $project, client: $client) { calls subtotal } }"
INSTANCES: Final = """query($offset: Int!) { projects(pagination: {limit: 500, offset: $offset}) {
  instances { id service { id } } } }"""
NOTES: Final = "query($after: String) { allNotes(first: 1000, after: $after) { id text } }"


async def findings(
    stack: Stack, client: aiohttp.ClientSession, site: Site, payer: str, ledger: Ledger
) -> list[Finding]:
    """All comparisons of one run."""
    return [
        *await _commands(client, site, ledger),
        *await _calls(stack, client, site, payer, ledger),
        *compare("data writes", ledger.writes, await _notes(client, site)),
        *await _orphans(stack, client, site),
    ]


async def _commands(client: aiohttp.ClientSession, site: Site, ledger: Ledger) -> list[Finding]:
    def of(kind: str) -> set[str]:
        return {name for name, what in ledger.commands.items() if what == kind}

    projects = [project["name"] for project in await _pages(client, site, PROJECTS, run=site.run)]
    home = (await ask(client, site.url, site.token, PROJECT, {"slug": f"{site.run}-home"}))["project"]
    plans = (await ask(client, site.url, site.token, PLANS, {"instance": site.spare_instance}))["ratePlans"]
    prices = {f"{site.run}-{int(plan['price'].partition('.')[2].ljust(12, '0'))}" for plan in plans}
    keys = [key["name"] for key in home["keys"] if key["name"].startswith(site.run)]
    clients = [one["name"] for one in home["clients"] if one["name"].startswith(site.run)]
    return [
        *compare("projects", of("project"), projects),
        *compare("clients", of("client"), clients),
        *compare("keys", of("key"), keys),
        *compare("rate plans", of("plan"), prices),
    ]


async def _pages(client: aiohttp.ClientSession, site: Site, query: str, **variables: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = await ask(client, site.url, site.token, query, {**variables, "offset": len(found)})
        (rows,) = page.values()
        found += rows
        if len(rows) < PAGE:
            return found


async def _calls(
    stack: Stack, client: aiohttp.ClientSession, site: Site, payer: str, ledger: Ledger
) -> list[Finding]:
    """Wait until nothing moves any more, then compare stream, ledger and invoice."""
    environment = names.environment_id(site.instance, "prod")
    before = -1
    async with asyncio.timeout(QUIET_SECONDS_MAX):
        while True:
            stored = await _stored(stack, environment)
            invoice = (await ask(client, site.url, site.token, INVOICE, {"project": site.project, "client": payer}))
            calls = int(invoice["invoice"]["calls"])
            if len(stored) == before and ledger.calls <= set(stored) and calls >= len(set(stored)):
                break
            if len(stored) == before:
                break_after = calls
                await asyncio.sleep(3)
                if break_after == calls and len(await _stored(stack, environment)) == before:
                    break
            before = len(stored)
            await asyncio.sleep(1)
    return compare_calls(ledger, stored, calls)


async def _stored(stack: Stack, environment: str) -> list[str]:
    """Ids of billable calls in all batches of the stream; of two batches with one number only the first counts."""
    connection = await nats.connect(stack.nats_url)
    where = {name: number for number, name in enumerate(CALL)}
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
                str(row[where["id"]])
                for row in batch.calls
                if row[where["environment"]] == environment and row[where["class"]] in BILLABLE
            ]
    finally:
        await connection.close()
    return found


async def _notes(client: aiohttp.ClientSession, site: Site) -> list[str]:
    """All values that were written. Asked with the client's key, so these are calls too: after the comparison of calls."""
    found: list[str] = []
    after: str | None = None
    while True:
        body = {"query": NOTES, "variables": {"after": after}}
        url, headers = f"{site.url}/{site.endpoint}/graphql", {"x-user-authorization": site.key}
        async with client.post(url, json=body, headers=headers) as response:
            page = (await response.json())["data"]["allNotes"]
        if not page:
            return found
        found += [note["text"] for note in page]
        after = page[-1]["id"]


async def _orphans(stack: Stack, client: aiohttp.ClientSession, site: Site) -> list[Finding]:
    """Every environment database and role belongs to something declared, and everything that serves has both."""
    async with asyncio.timeout(QUIET_SECONDS_MAX):
        while True:
            wanted = await _wanted(client, site)
            databases, roles = await _there(stack)
            if databases == wanted == roles:
                break
            await asyncio.sleep(1)
            if asyncio.get_running_loop().time() > _deadline(asyncio.current_task()):
                break
    return [
        Finding("databases = declared environments", str(len(wanted)), f"{len(databases)}", databases == wanted),
        Finding("roles = declared environments", str(len(wanted)), f"{len(roles)}", roles == wanted),
    ]
