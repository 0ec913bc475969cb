"""What tells webhooks and people, started and stopped by a test; webhooks, and facts for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common import clock
from common.outbound import Outbound, networks
from contracts.access import Principal
from registry.domain.deliveries import Pace
from registry.execute.deliveries import Deliverer
from tests.support.registered import OPERATOR, House
from tests.support.waiting import until

QUICK = Pace(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=100), window=timedelta(days=3))
LOOPBACK = "127.0.0.0/8, ::1"
PROJECTS = "mortise.registry.project.created.*"

ADD = """mutation($input: AddWebhookInput!) { addWebhook(input: $input) {
  secret webhook { id url types disabled position } } }"""
SHOW = """query($id: ID!) { webhook(id: $id) { id url types description disabled position failingSince nextAttemptAt
  organisation { id } project { id } attempts { event type position attempt status error tookMs } } }"""


@dataclass(frozen=True)
class Hooked:
    """A webhook and the secret that was shown for it."""

    id: str
    secret: str


async def hooked(house: House, who: Principal = OPERATOR, **input: Any) -> Hooked:
    """A new webhook; by default for new projects."""
    made = await house.data(ADD, {"input": {"types": [PROJECTS], **input}}, who=who)
    return Hooked(made["addWebhook"]["webhook"]["id"], made["addWebhook"]["secret"])


async def shown(house: House, id: str, who: Principal = OPERATOR) -> dict[str, Any]:
    """A webhook as its owner sees it."""
    found: dict[str, Any] = (await house.data(SHOW, {"id": id}, who=who))["webhook"]
    return found


async def projects(house: House, organisation: str, count: int) -> list[str]:
    """So many facts for webhooks: new projects, by id."""
    return [await house.project(organisation) for _ in range(count)]


@asynccontextmanager
async def delivering(
    house: House,
    *,
    pace: Pace = QUICK,
    allowed: str = LOOPBACK,
    seconds_max: float = 5.0,
    now: Callable[[], datetime] = clock.now,
) -> AsyncIterator[Deliverer]:
    """The deliverer, until it is killed at the end."""
    world = house.world
    await until(lambda: world.runner.leading)
    outbound = Outbound(networks(allowed), seconds_max=seconds_max)
    deliverer = Deliverer(world, house.running.runtime.nats, outbound, pace=pace, look_seconds=0.02, now=now)
    life = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
