"""A registry of the tests' own: declares services, versions and instances, and watches what the provisioner says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import nats
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import rpc
from common.blobs import Blobs
from common.clock import new_id
from common.events import Actor, Envelope, Event
from common.log import Cause, Entry, Log, Recorded, Subject
from common.rpc import Answer, Ask
from contracts import provisioner as heard
from contracts import registry as said
from contracts.access import OrganisationRole, Principal, Role
from contracts.model import Model, digest, encode
from contracts.names import environment_id
from provisioner.handlers import AskedLoss, ToldLosses
from tests.support.schemas import model

ACTOR = Actor(type="user", id="maker", via="session")
WAIT_SECONDS = 30.0
EMPTY = "type Note @model { id: ID! @isUnique text: String }"

Outcome = heard.EnvironmentReady | heard.DeploymentFailed
Said = TypeVar("Said", bound=Event)


class Declarer:
    """Says what a registry would say. Everything lies in one organisation of its own."""

    def __init__(self, client: Client, broker: NatsBroker) -> None:
        self.organisation = new_id()
        self.log = Log(client, "registry")
        self.blobs = Blobs(client)
        self.models: dict[str, Model] = {}
        self._broker = broker
        self._envelopes: list[Envelope] = []
        self._told = asyncio.Condition()

    async def hear(self, message: Msg) -> None:
        """A fact of an environment, as it is stored."""
        async with self._told:
            self._envelopes.append(Envelope.decode(message.data))
            self._told.notify_all()

    # --- declaring ------------------------------------------------------------------------------------------------

    async def append(self, aggregate: str, id: str, event: Event) -> Recorded:
        subject = Subject(self.organisation, "registry", aggregate, id)
        history = await self.log.load(subject)
        cause = Cause(ACTOR, new_id(), new_id())
        return await self.log.append(Entry(subject, event, history.position, history.version + 1), cause)

    async def shas(self, key: str, text: str) -> dict[str, str]:
        """The hashes of a version of a service, its documents stored."""
        made = model(text, self.models.get(key), service=key)
        self.models[key] = made
        document = encode(made)
        await self.blobs.put(document)
        return {"sdl_sha": await self.blobs.put(text.encode()), "model_sha": digest(document)}

    async def service(self, text: str = EMPTY) -> str:
        """A new service with version 0.0.1."""
        service = new_id()
        event = said.ServiceCreated(
            service=service,
            organisation=self.organisation,
            slug="s",
            name="S",
            problem="p",
            solution="s",
            domain="Other",
            tags=(),
            creator="maker",
            version="0.0.1",
            **await self.shas(service, text),
        )
        await self.append("service", service, event)
        return service

    async def push(self, service: str, version: str, text: str, *, forced: bool = False) -> Recorded:
        shas = await self.shas(service, text)
        event = said.VersionPushed(
            service=service,
            organisation=self.organisation,
            version=version,
            notes=("n",),
            changes=(),
            forced=forced,
            **shas,
        )
        return await self.append("service", service, event)

    async def publish(self, service: str, version: str, text: str) -> Recorded:
        shas = {"sdl_sha": await self.blobs.put(text.encode()), "model_sha": digest(encode(self.models[service]))}
        event = said.VersionPublished(service=service, organisation=self.organisation, version=version, **shas)
        return await self.append("service", service, event)

    async def remove_service(self, service: str) -> Recorded:
        event = said.ServiceRemoved(service=service, organisation=self.organisation)
        return await self.append("service", service, event)

    async def project(self, *, restricted: bool = False) -> str:
        project = new_id()
        event = said.ProjectCreated(
            project=project,
            organisation=self.organisation,
            name="P",
            slug=project,
            restricted=restricted,
            creator="maker",
        )
        await self.append("project", project, event)
        return project

    async def instance(self, service: str, project: str) -> str:
        instance = new_id()
        event = said.InstanceAdded(
            instance=instance,
            organisation=self.organisation,
            project=project,
            service=service,
            version="0.0.1",
            **self._latest(service),
        )
        await self.append("instance", instance, event)
        return instance

    async def promote(
        self, instance: str, service: str, project: str, environment: Any, version: str, *, forced: bool = False
    ) -> Recorded:
        event = said.InstancePromoted(
            instance=instance,
            organisation=self.organisation,
            project=project,
            service=service,
            environment=environment,
            version=version,
            forced=forced,
            **self._latest(service),
        )
        return await self.append("instance", instance, event)

    async def back(self, instance: str, service: str, project: str, version: str, older: Model) -> Recorded:
        """An older version for dev."""
        sha = digest(encode(older))
        event = said.InstancePromoted(
            instance=instance,
            organisation=self.organisation,
            project=project,
            service=service,
            environment="dev",
            version=version,
            sdl_sha=sha,
            model_sha=sha,
        )
        return await self.append("instance", instance, event)

    async def remove_instance(self, instance: str, service: str, project: str) -> Recorded:
        event = said.InstanceRemoved(
            instance=instance, organisation=self.organisation, project=project, service=service
        )
        return await self.append("instance", instance, event)

    def _latest(self, service: str) -> dict[str, str]:
        sha = digest(encode(self.models[service]))
        return {"sdl_sha": sha, "model_sha": sha}

    # --- watching -------------------------------------------------------------------------------------------------

    def events(self, environment: str) -> list[Envelope]:
        """What was heard of an environment, each fact once, in order."""
        found = {each.id: each for each in self._envelopes if each.subject.endswith(environment)}
        return list(found.values())

    async def until(self, so: Callable[[], Said | None]) -> Said:
        """Wait for something to be heard."""
        async with asyncio.timeout(WAIT_SECONDS), self._told:
            while (found := so()) is None:
                await self._told.wait()
            return found

    async def outcome(self, environment: str, version: str) -> Outcome:
        """How the last deployment of a version to an environment ended."""

        def ended() -> Outcome | None:
            for each in reversed(self.events(environment)):
                for kind in (heard.EnvironmentReady, heard.DeploymentFailed):
                    if each.type == kind.TYPE and each.data["version"] == version:
                        return kind.model_validate(each.data)
            return None

        return await self.until(ended)

    async def ready(self, owner: str, kind: str, version: str = "0.0.1") -> str:
        """Wait until a version serves; the environment's id."""
        environment = environment_id(owner, kind)
        outcome = await self.outcome(environment, version)
        assert isinstance(outcome, heard.EnvironmentReady), outcome
        return environment

    async def removed(self, environment: str) -> heard.EnvironmentRemoved:
        def gone() -> heard.EnvironmentRemoved | None:
            last = self.events(environment)[-1:]
            found = [each for each in last if each.type == heard.EnvironmentRemoved.TYPE]
            return heard.EnvironmentRemoved.model_validate(found[0].data) if found else None

        return await self.until(gone)

    # --- asking ---------------------------------------------------------------------------------------------------

    async def losses(self, environment: str, model_sha: str, version: str | None = None) -> ToldLosses:
        asked = AskedLoss(environment=environment, model_sha=model_sha, version=version)
        return await rpc.request(self._broker, "ask.provisioner.loss", asked, ToldLosses, 10.0)

    async def ask(self, query: str, principal: Principal, **variables: Any) -> Answer:
        ask = Ask(
            query=query,
            variables=variables,
            principal=principal.model_dump(mode="json"),
            request_id=new_id(),
            position=await self.log.last_position(),
        )
        return await rpc.request(self._broker, "api.provisioner", ask, Answer, 10.0)

    def person(self, role: OrganisationRole | None, grants: dict[str, Role] | None = None) -> Principal:
        """Somebody with a role in the organisation, or with none."""
        organisations = {self.organisation: role} if role else {}
        return Principal(kind="user", id=new_id(), via="token", organisations=organisations, grants=grants or {})


@asynccontextmanager
async def declarer(nats_url: str) -> AsyncIterator[Declarer]:
    client = await nats.connect(nats_url, max_reconnect_attempts=-1)
    broker = NatsBroker(nats_url, logger=None)
    await broker.connect()
    made = Declarer(client, broker)
    subscription = await client.subscribe(f"evt.{made.organisation}.provisioner.>", cb=made.hear)
    # What is declared from here on is heard: the server has the subscription when it has answered.
    await client.flush()
    yield made
    await subscription.unsubscribe()
    await broker.stop()
    await client.close()
