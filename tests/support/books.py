"""Facts and calls as the registry and a gateway would write them, for tests of billing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from common import clock
from common.events import Event
from common.log import Subject
from contracts import names
from contracts import registry as heard
from contracts.calls import CALL, Batch
from tests.support.inside import Inside, say

WAIT_SECONDS = 20.0
LONG_AFTER_MS = 4_000_000_000_000


@dataclass(frozen=True)
class Shop:
    """An instance of a service in a project."""

    organisation: str
    project: str
    service: str
    instance: str


@dataclass
class Books:
    """A running billing service, and a gateway's side of it."""

    running: Inside
    gateway: str
    sent: int = 0
    facts: list[int] = field(default_factory=list)

    async def a_shop(self, *, restricted: bool = False) -> Shop:
        """A fresh organisation with a project, a service and an instance of it."""
        shop = Shop(*(clock.new_id() for _ in range(4)))
        org = shop.organisation
        await self._say(
            org,
            "project",
            shop.project,
            heard.ProjectCreated(
                project=shop.project, organisation=org, name="Shop", slug="shop", restricted=restricted, creator="u1"
            ),
        )
        await self._say(
            org,
            "service",
            shop.service,
            heard.ServiceCreated(
                service=shop.service,
                organisation=org,
                slug="cart",
                name="Cart",
                problem="p",
                solution="s",
                domain="d",
                tags=(),
                creator="u1",
                version="0.0.1",
                sdl_sha="x",
                model_sha="x",
            ),
        )
        await self._say(
            org,
            "instance",
            shop.instance,
            heard.InstanceAdded(
                instance=shop.instance,
                organisation=org,
                project=shop.project,
                service=shop.service,
                version="0.0.1",
                sdl_sha="x",
                model_sha="x",
            ),
        )
        await self._seen()
        return shop

    async def a_client(self, shop: Shop, *, currency: str = "EUR", zone: str = "UTC") -> str:
        """A client of the shop's project."""
        client = clock.new_id()
        await self._say(
            shop.organisation,
            "client",
            client,
            heard.ClientAdded(
                client=client,
                organisation=shop.organisation,
                project=shop.project,
                name="Acme",
                currency=currency,
                time_zone=zone,
            ),
        )
        await self._seen()
        return client

    def batch(self, calls: Sequence[list[Any]], *, watermark_ms: int = LONG_AFTER_MS) -> Batch:
        """The next sealed batch of this gateway, which by default says that nothing is left to tell."""
        self.sent += 1
        return Batch(gateway=self.gateway, epoch=1, number=self.sent, calls=list(calls), watermark_ms=watermark_ms)

    async def append(self, batch: Batch) -> int:
        """Store a batch; its position."""
        subject = f"calls.{batch.gateway}.{batch.epoch}"
        answer = await self.running.admin.request(subject, batch.model_dump_json().encode(), 5)
        return int(json.loads(answer.data)["seq"])

    async def _say(self, org: str, aggregate: str, id: str, event: Event) -> None:
        self.facts.append((await say(self.running.admin, Subject(org, "registry", aggregate, id), event)).position)

    async def _seen(self) -> None:
        assert await self.running.runtime.runners["directory"].wait_for(self.facts[-1], WAIT_SECONDS)


async def books(running: Inside) -> Books:
    """A gateway of its own name, so that tests do not share batch numbers."""
    return Books(running, f"g{clock.new_id()}")


def calls_of(shop: Shop, count: int, *, at: Sequence[int] = (), **changes: Any) -> list[list[Any]]:
    """Rows of calls on an environment of the shop; now, unless `at` says when."""
    now = int(clock.now().timestamp() * 1000)
    row: dict[str, Any] = {
        "kind": "prod",
        "instance": shop.instance,
        "service": shop.service,
        "project": shop.project,
        "organisation": shop.organisation,
        "client": None,
        "credential": None,
        "class": "ok",
        "duration_us": 10,
        "bytes_in": 2,
        "bytes_out": 3,
        "operation": None,
        "hash": None,
        "version": "0.0.1",
    } | changes
    row["environment"] = names.environment_id(shop.instance, row["kind"])
    whens = at or [now] * count
    return [[{"id": clock.new_id(), "at": when, **row}[name] for name in CALL] for when in whens]
