"""An environment that nobody calls costs no memory and no connection, and its next call finds it as it was (C 1.4)."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from faststream.nats import NatsBroker

from common import clock
from common.db import Database
from contracts import names, quotas
from gateway.domain.directory import Route
from gateway.execute.connections import Connections
from gateway.execute.environments import Environments
from gateway.execute.lookup import Lookup
from gateway.execute.meter import Meter
from gateway.execute.quotas import AskedUsage, Quotas
from tests.support.door import Door, Live
from tests.support.inside import service_dsn
from tests.support.waiting import until

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUARTER_MS = 15 * 60_000


@dataclass
class Worker:
    """What a worker keeps of environments, with the limits of a fresh Mortise, and no door before it."""

    lookup: Lookup
    environments: Environments
    connections: Connections
    quotas: Quotas

    async def call(self, route: Route) -> None:
        """A call is let through on the common way."""
        gate = self.quotas.gate(route)
        assert gate is not None
        assert gate.enter(clock.milliseconds()) == 0
        self.quotas.wake(route, gate)
        await self.environments.newest(route)

    async def asleep(self, route: Route) -> bool:
        """Whether all workers together say that it sleeps."""
        return (await self.quotas.usage(AskedUsage(environment=route.environment))).asleep


@pytest.fixture
async def worker(door: Door, made: list[Connections], tmp_path: Path) -> AsyncIterator[Worker]:
    database = Database(service_dsn(door.stack, "gateway"), "gateway")
    server = urlsplit(door.stack.postgres_dsn)
    connections = Connections(f"postgresql://{server.hostname}:{server.port}", door.secret_key, 4)
    made.append(connections)
    lookup = Lookup(database, door.client, door.log, door.secret_key)
    meter = Meter(door.client, tmp_path, "off")
    await meter.start()
    environments = Environments(door.blobs)
    kept = Quotas(
        quotas.DEFAULTS,
        1,
        lookup=lookup,
        database=database,
        connections=connections,
        environments=environments,
        meter=meter,
        broker=NatsBroker(door.stack.nats_url),
    )
    await kept.start()
    yield Worker(lookup, environments, connections, kept)
    meter.close()
    await database.close()


async def route_of(worker: Worker, live: Live) -> Route:
    """The environment, once the directory holds it."""

    async def known() -> bool:
        await worker.lookup.start()
        return live.endpoint in worker.lookup.directory.routes

    await until(known)
    return worker.lookup.directory.routes[names.endpoint(live.place.id)]


async def test_it_sleeps_after_a_quarter_of_an_hour_and_wakes_with_the_next_call(
    door: Door, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = await route_of(worker, await door.environment(SDL, "dev"))
    await worker.call(route)
    compiled = weakref.ref((await worker.environments.newest(route)).engine.prepared.generated.schema)

    await worker.quotas.put_to_sleep()
    awake = (worker.environments.awake(route.environment), await worker.asleep(route))
    monkeypatch.setattr(clock, "_SHIFT_MS", QUARTER_MS)
    asleep_for_all = await worker.asleep(route)
    await worker.quotas.put_to_sleep()
    held = worker.environments.awake(route.environment)
    gc.collect()
    freed = compiled() is None
    count = worker.quotas.asleep()
    await worker.call(route)
    await worker.quotas.tell()

    assert awake == (True, False)
    assert (asleep_for_all, held, freed) == (True, False, True)
    assert count == worker.quotas.asleep() + 1
    assert (worker.environments.awake(route.environment), await worker.asleep(route)) == (True, False)


async def test_one_that_is_called_stays_awake_and_production_always_does(
    door: Door, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = await route_of(worker, await door.environment(SDL, "dev"))
    prod = await route_of(worker, await door.environment(SDL, "prod"))
    await worker.call(dev)
    await worker.environments.newest(prod)

    for minutes in (10, 20, 30):
        monkeypatch.setattr(clock, "_SHIFT_MS", minutes * 60_000)
        await worker.call(dev)
        await worker.quotas.put_to_sleep()

    assert worker.quotas.gate(prod) is None
    assert worker.environments.awake(dev.environment)
    assert worker.environments.awake(prod.environment)


async def test_midnight_begins_the_count_anew(door: Door, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    route = await route_of(worker, await door.environment(SDL, "dev"))
    for _ in range(3):
        await worker.call(route)
    today = (await worker.quotas.usage(AskedUsage(environment=route.environment))).calls

    monkeypatch.setattr(clock, "_SHIFT_MS", 24 * 3_600_000)
    tomorrow = (await worker.quotas.usage(AskedUsage(environment=route.environment))).calls
    await worker.call(route)
    after_a_call = (await worker.quotas.usage(AskedUsage(environment=route.environment))).calls

    assert (today, tomorrow, after_a_call) == (3, 0, 1)


async def test_everybody_who_calls_while_it_wakes_is_answered(door: Door) -> None:
    live = await door.environment(SDL, "private")
    await live.place.insert("Note", [{"text": "there"}])
    key, _ = await door.key("service", live.service, organisation=live.organisation)

    answers = await asyncio.gather(*(door.call(live, "{ allNotes { text } }", key=key) for _ in range(40)))

    assert [answer.json() for answer in answers] == [{"data": {"allNotes": [{"text": "there"}]}}] * 40
