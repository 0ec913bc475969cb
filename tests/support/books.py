"""Facts and calls as the registry and a gateway would write them, for tests of billing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from common import clock
from common.events import Actor, Envelope, Event, schema_uri
from common.log import Log, Subject
from contracts import billing as said
from contracts import names
from contracts import provisioner as made
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
        shop = Shop(await self.an_organisation(), *(clock.new_id() for _ in range(3)))
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

    async def an_organisation(self) -> str:
        """A fresh organisation without anything."""
        org = clock.new_id()
        event = heard.OrganisationRegistered(organisation=org, name="Makers", slug=org, founder="u1")
        await self._say(org, "organisation", org, event)
        await self._seen()
        return org

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

    async def deleted(self, shop: Shop) -> None:
        """The project of the shop is gone."""
        event = heard.ProjectDeleted(project=shop.project, organisation=shop.organisation)
        subject = Subject(shop.organisation, "registry", "project", shop.project)
        log = await Log(self.running.admin, "registry").load(subject)
        said_ = await say(self.running.admin, subject, event, expect=log.position, version=log.version + 1)
        self.facts.append(said_.position)
        await self._seen()

    def batch(self, calls: Sequence[list[Any]], *, watermark_ms: int = LONG_AFTER_MS) -> Batch:
        """The next sealed batch of this gateway, which by default says that nothing is left to tell."""
        self.sent += 1
        return Batch(gateway=self.gateway, epoch=1, number=self.sent, calls=list(calls), watermark_ms=watermark_ms)

    async def append(self, batch: Batch) -> int:
        """Store a batch; its position."""
        subject = f"calls.{batch.gateway}.{batch.epoch}"
        answer = await self.running.admin.request(subject, batch.model_dump_json().encode(), 5)
        return int(json.loads(answer.data)["seq"])

    async def a_plan(
        self, shop: Shop, kind: Literal["PAY_PER_CALL", "MONTHLY"], price: str, *, since: str, client: str | None = None
    ) -> None:
        """A first plan that was in force before the present, which nobody can set any more."""
        event = said.RatePlanAssigned(
            instance=shop.instance,
            organisation=shop.organisation,
            project=shop.project,
            service=shop.service,
            plan=f"{shop.instance}@1",
            kind=kind,
            price=price,
            currency="EUR",
            client=client,
            effective_at=since,
        )
        subject = Subject(shop.organisation, "billing", "subscription", shop.instance)
        position = (await say(self.running.admin, subject, event)).position
        assert await self.running.runtime.runners["plans"].wait_for(position, WAIT_SECONDS)

    async def opened(self, shop: Shop, *, at: str) -> None:
        """The first deployment of prod, at an instant of the past."""
        environment = names.environment_id(shop.instance, "prod")
        event = made.EnvironmentReady(
            environment=environment,
            deployment=clock.new_id(),
            kind="prod",
            service=shop.service,
            instance=shop.instance,
            project=shop.project,
            version="0.0.1",
            model_sha="x",
            sdl_sha="x",
            database=names.database(environment),
            first=True,
        )
        subject = Subject(shop.organisation, "provisioner", "environment", environment)
        envelope = Envelope(
            id=clock.new_id(),
            type=event.TYPE,
            source="/provisioner",
            subject=subject.name,
            time=at,
            recordedtime=at,
            sequence=f"{1:012d}",
            org=subject.org,
            dataschema=schema_uri(made.EnvironmentReady),
            actor=Actor(type="service", id="provisioner"),
            authtype="service_account",
            authid="provisioner",
            correlationid=clock.new_id(),
            causationid=clock.new_id(),
            data=event.model_dump(mode="json"),
        )
        answer = await self.running.admin.request(subject.text, envelope.encode(), 5)
        self.facts.append(int(json.loads(answer.data)["seq"]))
        await self._seen()

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
        "code": None,
    } | changes
    row["environment"] = names.environment_id(shop.instance, row["kind"])
    whens = at or [now] * count
    return [[{"id": clock.new_id(), "at": when, **row}[name] for name in CALL] for when in whens]
