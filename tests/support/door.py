"""The gateway alone before real servers: what other services would say is said by the test, straight into the log.

So a test of the door needs no registry and no provisioner, and can say what they would say in any order.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import nats
import orjson
from nats.aio.client import Client

from common.blobs import Blobs
from common.clock import new_id, secret
from common.events import Actor, Event
from common.log import Cause, Entry, Log, Recorded, Subject
from common.sealing import keyed_hash
from common.stream import Message, Stream
from contracts import names
from contracts import provisioner as made
from contracts import registry as said
from contracts.calls import CALL
from contracts.model import encode
from provisioner.execute.cluster import Cluster
from tests.support.environments import Place
from tests.support.stack import Stack

NEVER = "2099-01-01T00:00:00.000Z"
PREFIX = {"service": "msk_", "project": "mpk_", "client": "mck_"}


@dataclass
class Live:
    """An environment that was announced to the gateway."""

    endpoint: str
    place: Place
    organisation: str
    service: str
    instance: str | None
    project: str | None
    kind: str

    @property
    def path(self) -> str:
        """Of its endpoint."""
        return f"/{self.endpoint}/graphql"


class Door:
    """A running gateway and everything around it that a test needs."""

    def __init__(self, stack: Stack, client: Client, cluster: Cluster) -> None:
        self.stack = stack
        self.client = client
        self.cluster = cluster
        self.log = Log(client, "registry")
        self.blobs = Blobs(client)
        self.http = httpx.AsyncClient(base_url=stack.url, timeout=30.0)
        self.secret_key = bytes.fromhex(Path(stack.data / "secret.key").read_text().strip())
        self.position = 0

    # --- what others say ---

    async def say(self, organisation: str, *events: Event) -> int:
        """Append facts; the position of the last one."""
        for event in events:
            self.position = (await self._append(organisation, event)).position
        return self.position

    async def _append(self, organisation: str, event: Event) -> Recorded:
        _, context, aggregate, *_ = event.TYPE.split(".")
        id_ = str(getattr(event, "environment" if aggregate in ("access", "caps") else aggregate))
        subject = Subject(organisation, context, aggregate, id_)
        history = await self.log.load(subject)
        cause = Cause(Actor(type="system", id="test"), new_id(), new_id())
        return await self.log.append(Entry(subject, event, history.position, history.version + 1), cause)

    async def user(self, *, organisation: str | None = None, role: str = "member", operator: bool = False) -> str:
        """A person who can sign in; his id."""
        id_ = new_id()
        await self.say("_", said.UserRegistered(user=id_, username="s", email="s", email_hash=id_, operator=operator))
        if organisation is not None:
            member = said.MemberAdded.model_validate({"organisation": organisation, "user": id_, "role": role})
            await self.say(organisation, member)
        return id_

    def hash(self, value: str) -> str:
        """What stands in events in the place of a secret."""
        return keyed_hash(self.secret_key, "token", value)

    async def token(self, user: str, expires_at: str | None = None) -> str:
        """A personal access token."""
        value, id_ = secret("pfy_"), new_id()
        token = said.TokenCreated(
            token=id_, user=user, name="t", prefix=value[:8], token_hash=self.hash(value), expires_at=expires_at
        )
        await self.say("_", token)
        return value

    async def key(
        self, kind: str, target: str, *, organisation: str, client: str | None = None, **more: Any
    ) -> tuple[str, str]:
        """A key's secret and its id."""
        value, id_ = secret(PREFIX[kind]), new_id()
        issued = {
            "key": id_,
            "organisation": organisation,
            "kind": kind,
            "target": target,
            "client": client,
            "name": "k",
        }
        issued |= {"prefix": value[:8], "key_hash": self.hash(value), **more}
        await self.say(organisation, said.KeyIssued.model_validate(issued))
        return value, id_

    # --- environments ---

    async def environment(self, text: str, kind: str = "prod", *, organisation: str | None = None) -> Live:
        """A live environment of a schema text, with its own database."""
        organisation, service = organisation or new_id(), new_id()
        instance, project = (None, None) if kind in names.SERVICE_ENVIRONMENTS else (new_id(), new_id())
        place = Place(self.cluster)
        place.id = names.environment_id(instance or service, kind)
        await place.made()
        live = Live(names.endpoint(place.id), place, organisation, service, instance, project, kind)
        await self.deploy(live, text)
        return live

    async def deploy(self, live: Live, text: str, version: str = "0.0.1", *, forced: bool = False) -> int:
        """Migrate the database and announce it, as the provisioner does."""
        await self.migrate(live, text, forced=forced)
        return await self.announce(live, version)

    async def migrate(self, live: Live, text: str, *, forced: bool = False) -> None:
        """Change the database and tell nobody."""
        assert await live.place.deploy(text, forced=forced) is None

    async def announce(self, live: Live, version: str = "0.0.1") -> int:
        """Say that the environment serves the model that its database has."""
        assert live.place.model is not None
        sha = await self.blobs.put(encode(live.place.model))
        ready = made.EnvironmentReady(
            environment=live.place.id,
            deployment=new_id(),
            kind=live.kind,
            service=live.service,
            instance=live.instance,
            project=live.project,
            version=version,
            model_sha=sha,
            sdl_sha=sha,
            database=names.database(live.place.id),
            first=version == "0.0.1",
        )
        return await self.say(live.organisation, ready)

    async def open_to_all(self, live: Live) -> None:
        """Let anybody call, and wait until the gateway knows it."""
        opened = said.AccessChanged(environment=live.place.id, organisation=live.organisation, mode="public")
        position = await self.say(live.organisation, opened)
        await self.call(live, "{ __typename }", headers={"mortise-position": str(position)})

    # --- calling ---

    async def call(
        self,
        live: Live,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A data call in the modern form."""
        sent = {"x-user-authorization": key} if key else {}
        body = {"query": query, "variables": dict(variables or {})}
        return await self.http.post(live.path, json=body, headers={**sent, **(headers or {})})

    async def query(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """A control call; header names with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/query", json={"query": query, "variables": dict(variables or {})}, headers=sent)

    # --- what was recorded ---

    async def calls(self, environment: str, count: int, seconds: float = 15.0) -> list[dict[str, Any]]:
        """The recorded calls of an environment, once there are as many."""
        deadline = time.monotonic() + seconds
        while True:
            found = [
                dict(zip(CALL, row, strict=True))
                for batch in await self.batches()
                for row in batch["calls"]
                if row[1] == environment
            ]
            if len(found) >= count or time.monotonic() > deadline:
                return found

    async def batches(self) -> list[dict[str, Any]]:
        """All sealed batches in the order of the stream."""
        return [orjson.loads(message.body) for message in await self.messages()]

    async def messages(self) -> list[Message]:
        """All messages of CALLS."""
        return await Stream(self.client, "CALLS").history("calls.>")

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.aclose()


@asynccontextmanager
async def opened(gateway: Stack) -> AsyncIterator[Door]:
    """The door of a stack that runs the gateway alone."""
    user, password = gateway.account("provision")
    server = urlsplit(gateway.postgres_dsn)
    key = bytes.fromhex((gateway.data / "secret.key").read_text().strip())
    client = await nats.connect(gateway.nats_url)
    dsn = f"postgresql://{user}:{password}@{server.hostname}:{server.port}/mortise"
    door = Door(gateway, client, Cluster(dsn, key))
    try:
        yield door
    finally:
        await door.close()
        await client.close()
