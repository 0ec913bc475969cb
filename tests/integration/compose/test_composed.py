"""docker-compose.yml as it stands, run as processes: from bootstrap to a bill, with the accounts that it gives."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from common.bootstrap import accounts
from tests.faults import load, site
from tests.support.collector import Collector, Told, collecting
from tests.support.composed import Composed, told
from tests.support.stack import a_directory
from tests.support.waiting import until

NATS = {"nats", "nats-2", "nats-3"}
INVOICE = "query($project: ID!, $client: ID!) { invoice(project: $project, client: $client) { calls subtotal } }"
CLUSTER = {
    "COMPOSE_PROFILES": "cluster",
    "MORTISE_NATS_URL": "nats://nats:4222,nats://nats-2:4222,nats://nats-3:4222",
    "MORTISE_NATS_REPLICAS": "3",
}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@dataclass(frozen=True)
class Reached:
    """As far as a stack that was not started by us is known."""

    url: str
    admin_token: str


@pytest.fixture
def folder() -> Iterator[Path]:
    with a_directory() as path:
        yield path


@pytest.fixture(scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
async def composed(collector: Collector) -> AsyncIterator[Composed]:
    with a_directory() as path, Composed(path, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}) as composed:
        # In a thread, for the collector lives in this loop and must go on answering.
        await asyncio.to_thread(composed.up)
        for service in accounts.SERVICES:
            await asyncio.to_thread(composed.until_healthy, service)
        yield composed
        await asyncio.to_thread(composed.down)


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with load.http() as client:
        yield client


@pytest.fixture(scope="module")
async def place(composed: Composed, client: aiohttp.ClientSession) -> load.Site:
    reached = Reached(f"http://{composed.address['gateway']}:4000", composed.secret("operator_token"))
    return await site.build(reached, client, "composed")


async def called(client: aiohttp.ClientSession, place: load.Site, **headers: str) -> None:
    call = {"query": 'mutation { createNote(text: "Lovely view") { id } }'}
    sent = {"authorization": f"Bearer {place.key}", **headers}
    async with client.post(f"{place.url}/{place.endpoint}/graphql", json=call, headers=sent) as response:
        answer = await response.json()
    assert "errors" not in answer, answer


# --- one server ---------------------------------------------------------------------------------------------------


async def test_the_file_stands_up_and_carries_a_service_from_push_to_bill(
    composed: Composed, client: aiohttp.ClientSession, place: load.Site
) -> None:
    await called(client, place)

    async def billed() -> bool:
        wanted = {"project": place.project, "client": place.payer}
        return bool((await load.ask(client, place.url, place.token, INVOICE, wanted))["invoice"]["calls"] == 1)

    await until(billed, 20)
    written = {path.name for home in (composed.folder / "homes").iterdir() for path in home.iterdir()}
    assert written == set(), "outside of volumes nobody writes anything, for images are read-only"


async def test_bootstrap_works_as_a_role_that_makes_databases_and_roles_and_is_no_superuser(composed: Composed) -> None:
    where = f"{composed.address['postgres']}:5432"
    connection = await asyncpg.connect(
        f"postgresql://mortise:{composed.secret('password_postgres')}@{where}/postgres", ssl=False
    )
    try:
        query = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user"
        assert [tuple(row) for row in await connection.fetch(query)] == [(False, True, True)]
    finally:
        await connection.close()


# --- spans --------------------------------------------------------------------------------------------------------


async def test_a_command_is_one_trace_from_its_callers_span_over_gateway_and_owner_to_the_event(
    collector: Collector, client: aiohttp.ClientSession, place: load.Site
) -> None:
    headers = {"authorization": f"Bearer {place.token}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    body = {"query": load.CREATE_PROJECT, "variables": {"name": "Traced", "organisation": place.organisation}}
    async with client.post(f"{place.url}/query", json=body, headers=headers) as response:
        assert "errors" not in await response.json()

    await until(lambda: len(collector.trace(TRACE)) >= 3)

    spans = {each.name: each for each in collector.trace(TRACE)}
    request, graph, append = spans["POST /query"], spans["graph"], spans["append"]
    assert (request.service, graph.service, append.service) == ("mortise-gateway", *["mortise-registry"] * 2)
    assert (request.parent, graph.parent, append.parent) == (PARENT, request.id, graph.id)
    assert request.took_us >= graph.took_us >= append.took_us > 0
    assert request.attributes["http.response.status_code"] == 200
    assert append.attributes["event.type"] == "mortise.registry.project.created.v1"


async def test_a_data_call_is_told_below_its_request_or_alone_when_it_comes_by_the_lean_lane(
    collector: Collector, client: aiohttp.ClientSession, place: load.Site
) -> None:
    trace = TRACE[::-1]
    for _ in range(3):
        await called(client, place)
    await called(client, place, traceparent=f"00-{trace}-{PARENT}-01")

    def calls(*, rooted: bool) -> list[Told]:
        return [each for each in collector.spans if each.name == "call" and (each.parent is None) == rooted]

    await until(lambda: len(collector.trace(trace)) == 2 and bool(calls(rooted=True)))

    request, call = sorted(collector.trace(trace), key=lambda each: each.name)
    assert (request.name, request.parent) == ("POST /{endpoint}/graphql", PARENT)
    assert (call.name, call.parent, call.attributes["class"]) == ("call", request.id, "ok")
    assert call.attributes["environment.kind"] == "prod"
    assert all(each.attributes["class"] == "ok" for each in calls(rooted=True))
    await until(lambda: any(each.name == "apply usage" for each in collector.spans))


async def test_a_trace_that_its_caller_does_not_sample_is_told_nowhere(
    collector: Collector, client: aiohttp.ClientSession, place: load.Site
) -> None:
    unsampled, sampled = "a" * 32, "b" * 32
    body = {"query": load.CREATE_PROJECT, "variables": {"name": "Quiet", "organisation": place.organisation}}
    for trace, flags in ((unsampled, "00"), (sampled, "01")):
        headers = {"authorization": f"Bearer {place.token}", "traceparent": f"00-{trace}-{PARENT}-{flags}"}
        async with client.post(f"{place.url}/query", json=body, headers=headers) as response:
            await response.read()

    await until(lambda: len(collector.trace(sampled)) >= 2)

    assert collector.trace(unsampled) == []


# --- three servers ------------------------------------------------------------------------------------------------


async def test_the_three_servers_of_the_profile_find_each_other(folder: Path) -> None:
    with Composed(folder, CLUSTER) as composed:
        composed.up(*sorted(NATS))

        await until(lambda: all(_routes(composed, name) == NATS - {name} for name in NATS), 20)

        config = json.loads((folder / "volumes" / "nats-config" / "nats-2.conf").read_text())
        assert config["cluster"]["authorization"]["password"] == composed.secret("password_admin")
        assert config["jetstream"]["sync_interval"] == "always"


def _routes(composed: Composed, name: str) -> set[str]:
    try:
        with urllib.request.urlopen(f"http://{composed.address[name]}:8222/routez", timeout=1) as answer:
            return {route["remote_name"] for route in json.load(answer)["routes"]}
    except OSError:
        return set()


def test_without_the_profile_there_is_one_server_and_no_copy() -> None:
    parts = told({})["services"]

    assert "nats-2" not in parts
    assert parts["bootstrap"]["environment"]["MORTISE_NATS_REPLICAS"] == "1"
    assert told(CLUSTER)["services"]["bootstrap"]["environment"]["MORTISE_NATS_REPLICAS"] == "3"
