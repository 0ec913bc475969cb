"""A short storm, and what a crash must not change, one sentence each. The long runs are `make faults`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from contracts import names
from tests.faults import load, site, storm
from tests.faults.check import there
from tests.faults.run import Plan, run
from tests.faults.site import Scene
from tests.support.stack import Stack

INVOICES = "query($project: ID!) { made: invoices(project: $project) { id } }"
NAMED = """query($name: String!) { projects(filters: [{field: "name", value: $name, op: EQ}]) { id } }"""
BACK_SECONDS_MAX = 60.0


async def test_a_storm_over_every_process_loses_doubles_and_leaves_nothing() -> None:
    outcome = await run(Plan(seed=7, kills=len(storm.PROCESSES) + 2, seconds=10, commands_per_second=20))

    assert [finding for finding in outcome.findings if not finding.good] == []
    assert set(outcome.killed) == set(storm.PROCESSES)
    assert outcome.tally["calls answered"] > 100
    assert outcome.tally["commands answered"] > 10


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with load.http() as session:
        yield session


@pytest.fixture(scope="module")
async def house(stack: Stack, client: aiohttp.ClientSession) -> load.Site:
    return await site.build(stack, client, "crash")


async def made(client: aiohttp.ClientSession, house: load.Site, query: str, key: str, **variables: Any) -> Any:
    """What a command made, however often it has to be sent."""
    return (await load.insist(client, house, query, variables, key=key))["made"]


@pytest.mark.parametrize("process", ["registry-0", "nats-server", "postgres", "gateway-0"])
async def test_a_command_sent_again_after_a_crash_returns_the_first_result(
    stack: Stack, client: aiohttp.ClientSession, house: load.Site, process: str
) -> None:
    name = f"again-{process}"
    wanted = {"name": name, "organisation": house.organisation}
    first = await made(client, house, load.CREATE_PROJECT, name, **wanted)

    killed = asyncio.create_task(asyncio.to_thread(stack.kill, process))
    second = await made(client, house, load.CREATE_PROJECT, name, **wanted)

    assert second == first
    found = await load.insist(client, house, NAMED, {"name": name})
    assert found["projects"] == [{"id": first["id"]}]
    await killed


async def test_an_instance_added_while_nobody_can_make_it_is_made_afterwards(
    stack: Stack, client: aiohttp.ClientSession, house: load.Site
) -> None:
    project = await made(client, house, load.CREATE_PROJECT, "later", name="later", organisation=house.organisation)
    os.kill(stack.pids["provisioner-0"], signal.SIGSTOP)
    instance = await made(client, house, load.ADD_SERVICE, "later-add", project=project["id"], service=house.service)
    await asyncio.to_thread(stack.kill, "provisioner-0")

    environment = await Scene(stack, client).serving("dev", "0.0.2", instance=instance["id"])

    assert environment["reason"] is None


async def test_what_is_removed_while_it_is_being_made_leaves_neither_database_nor_role(
    stack: Stack, client: aiohttp.ClientSession, house: load.Site
) -> None:
    project = await made(client, house, load.CREATE_PROJECT, "brief", name="brief", organisation=house.organisation)
    wanted = {"project": project["id"], "service": house.service}
    gone: set[str] = set()
    for number in range(3):
        instance = await made(client, house, load.ADD_SERVICE, f"brief-{number}", **wanted)
        killed = asyncio.create_task(asyncio.to_thread(stack.kill, "provisioner-0"))
        assert await made(client, house, load.REMOVE_INSTANCE, f"brief-{number}-remove", id=instance["id"])
        gone.add(names.database(names.environment_id(instance["id"], "dev")))
        await killed

    async with asyncio.timeout(BACK_SECONDS_MAX):
        databases, roles = await there(stack)
        while gone & (databases | roles):
            databases, roles = await there(stack)


async def test_what_was_just_written_is_seen_by_another_service_that_is_told_the_position(
    client: aiohttp.ClientSession, house: load.Site
) -> None:
    """C16: or it says that it is not yet there; never that it does not exist."""
    for number in range(20):
        name = f"seen-{number}"
        body = {"query": load.CREATE_PROJECT, "variables": {"name": name, "organisation": house.organisation}}
        headers = {"Authorization": f"Bearer {house.token}"}
        async with client.post(f"{house.url}/query", json=body, headers=headers) as answer:
            project = (await answer.json())["data"]["made"]["id"]
            position = answer.headers["Mortise-Position"]
        body = {"query": INVOICES, "variables": {"project": project}}
        async with client.post(
            f"{house.url}/query", json=body, headers={**headers, "Mortise-Position": position}
        ) as answer:
            seen = await answer.json()

        assert "errors" not in seen or seen["errors"][0]["extensions"]["reason"] == "NOT_YET", seen
