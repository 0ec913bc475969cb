"""A service inside the test's own loop, on real servers: its runtime at hand, its graph asked as the gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import nats
import orjson
from nats.aio.client import Client

from common import clock
from common.events import Actor, Event
from common.log import Cause, Entry, Log, Recorded, Subject
from common.rpc import Answer, Ask
from common.service import Runtime, Service, live
from common.settings import Settings
from common.stream import patiently
from contracts.access import Principal
from tests.support.stack import Stack

SECRET = bytes(range(32))
OPERATOR = Principal(kind="user", id="operator", via="token", operator=True)
NOBODY = Principal(kind="anonymous", id="anonymous")


@dataclass(frozen=True)
class Inside:
    """A running service."""

    runtime: Runtime
    admin: Client
    """A NATS connection that may do everything, as the other services together."""

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        principal: Principal = OPERATOR,
        position: int = 0,
        key: str | None = None,
    ) -> Answer:
        """One operation, over NATS, as the gateway would send it."""
        wanted = Ask(
            query=query,
            variables=dict(variables or {}),
            principal=principal.model_dump(),
            request_id=clock.new_id(),
            position=position,
            idempotency_key=key,
        )
        return await answered(self.admin, self.runtime.settings.service, wanted)

    async def data(self, query: str, variables: Mapping[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.ask(query, variables, **how)
        assert answer.errors is None, answer.errors
        assert answer.data is not None
        return answer.data

    async def refused(self, query: str, variables: Mapping[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """The extensions of the first error of an answer that must have one."""
        answer = await self.ask(query, variables, **how)
        assert answer.errors, answer.data
        extensions: dict[str, Any] = answer.errors[0]["extensions"]
        return extensions


@asynccontextmanager
async def inside(stack: Stack, service: Service, *, node: str = "test") -> AsyncIterator[Inside]:
    """The service from its start to its orderly end."""
    user, password = stack.account(service.name)
    started: asyncio.Future[Runtime] = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()

    async def start(runtime: Runtime) -> None:
        if service.start is not None:
            await service.start(runtime)
        started.set_result(runtime)

    settings = Settings(
        service=service.name,
        node=node,
        nats_url=without_account(stack.nats_url),
        nats_user=user,
        nats_password=password,
        postgres_dsn=service_dsn(stack, service.name),
        secret_key=SECRET,
        data_dir=Path(stack.data),
        log_level="error",
    )
    life = asyncio.create_task(live(replace(service, start=start), settings, stopping=stopping))
    admin = await nats.connect(stack.nats_url)
    try:
        life.add_done_callback(lambda _: None if started.done() else started.cancel())
        try:
            runtime = await started
        except asyncio.CancelledError:
            await life
            raise
        hello = Ask(query="{ __typename }", principal=NOBODY.model_dump(), request_id=clock.new_id())
        await answered(admin, service.name, hello)
        yield Inside(runtime, admin)
    finally:
        stopping.set()
        await life
        await admin.close()


async def say(
    admin: Client, subject: Subject, event: Event, *, expect: int = 0, version: int = 1, actor: Actor | None = None
) -> Recorded:
    """Append a fact as the service that owns its context would."""
    log = Log(admin, subject.context)
    who = actor or Actor(type="user", id="u-test", via="token")
    command = clock.new_id()
    return await log.append(Entry(subject, event, expect, version), Cause(who, command, command, request_id=command))


def service_dsn(stack: Stack, service: str) -> str:
    """The platform's database as the role of a service."""
    user, password = stack.account(service)
    parts = urlsplit(stack.postgres_dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{place}", path="/mortise", query=""))


def without_account(url: str) -> str:
    """A NATS address without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def answered(admin: Client, service: str, ask: Ask) -> Answer:
    """The answer of a service, asked until it listens."""

    async def once() -> bytes:
        return (await admin.request(f"api.{service}", ask.model_dump_json().encode(), 10)).data

    envelope = orjson.loads(await patiently(once))
    return Answer.model_validate(envelope["value"])
