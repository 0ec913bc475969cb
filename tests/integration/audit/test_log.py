"""Every call and deployment stands in the log once, is found, ends in time, and is nobody else's to see."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from audit.__main__ import SERVICE
from audit.execute.lines import Writer
from common import clock
from common.events import Actor
from common.log import Log, Subject
from common.stream import Message, Stream
from contracts import names
from contracts import provisioner as made
from contracts import registry as heard
from contracts.access import Principal
from contracts.calls import CALL, Batch
from contracts.loglines import DAY_SECONDS, Place
from tests.support.inside import NOBODY, OPERATOR, Inside, inside, say
from tests.support.stack import Stack

LOGS = """query($environment: ID, $project: ID, $service: ID, $filter: LogFilter,
  $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  logs(environment: $environment, project: $project, service: $service, filter: $filter,
    first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id time environmentName serviceName class code text operation durationUs times
      keyPrefix clientName what version actor { id } } } } }"""
FAR = 10**9
"""Positions that the stream of a test does not reach."""


@pytest.fixture(scope="module")
async def audit(servers: Stack) -> AsyncIterator[Inside]:
    async with inside(servers, SERVICE) as running:
        yield running


@dataclass
class Site:
    """A project with an instance and its client, and a gateway of its own that tells of calls."""

    running: Inside
    org: str
    project: str
    service: str
    instance: str
    client: str
    key: str
    gateway: str
    number: int = 0

    def place(self, kind: str = "dev") -> Place:
        environment = names.environment_id(self.instance, kind)
        return Place(environment, kind, self.instance, self.service, self.project, self.org)

    def call(self, id: str, kind: str = "dev", **changes: Any) -> list[Any]:
        row: dict[str, Any] = {"id": id, "client": None, "credential": None, "class": "ok", "duration_us": 1500}
        row |= {"at": clock.milliseconds(), "bytes_in": 1, "bytes_out": 2, "operation": None, "hash": None}
        row |= dict(zip(CALL[1:7], self.place(kind).columns, strict=True)) | {"version": "0.0.1", "code": None}
        return [(row | changes)[name] for name in CALL]

    def batch(self, calls: list[list[Any]]) -> bytes:
        self.number += 1
        sealed = Batch(
            gateway=self.gateway, epoch=1, number=self.number, calls=calls, watermark_ms=clock.milliseconds()
        )
        return sealed.model_dump_json().encode()

    async def write(self, *calls: list[Any]) -> None:
        """Lines of calls, written at once and as a message of their own."""
        batch = self.batch(list(calls))
        message = Message(FAR + self.number, f"calls.{self.gateway}.1", "", batch)
        async with self.running.runtime.database.reading() as connection:
            await Writer(self.running.runtime.nats).calls(connection, [message])

    async def tell(self, *calls: list[Any]) -> int:
        """Store a batch, and wait until its lines are written; its position."""
        answer = await self.running.admin.request(f"calls.{self.gateway}.1", self.batch(list(calls)), 5)
        position = int(orjson.loads(answer.data)["seq"])
        assert await self.running.runtime.runners["call-lines"].wait_for(position, 20)
        return position

    async def fact(self, event: Any) -> None:
        """What the provisioner says about an environment, once its line is written."""
        subject = Subject(self.org, "provisioner", "environment", event.environment)
        log = await Log(self.running.admin, "provisioner").load(subject)
        told = await say(self.running.admin, subject, event, expect=log.position, version=log.version + 1)
        for name in ("people", "deployment-lines", "history"):
            assert await self.running.runtime.runners[name].wait_for(told.position, 20)

    def ready(self, kind: str = "dev", deployment: str = "d1") -> made.EnvironmentReady:
        """Version 0.0.2 runs in an environment."""
        place = self.place(kind)
        return made.EnvironmentReady(
            environment=place.environment,
            deployment=deployment,
            kind=kind,
            version="0.0.2",
            service=self.service,
            instance=self.instance,
            project=self.project,
            model_sha="x",
            sdl_sha="x",
            database="x",
            first=True,
        )

    async def logs(self, principal: Principal = OPERATOR, **asked: Any) -> dict[str, Any]:
        of = {} if {"environment", "service", "project"} & set(asked) else {"project": self.project}
        found: dict[str, Any] = (await self.running.data(LOGS, of | asked, principal=principal))["logs"]
        return found

    async def ids(self, **asked: Any) -> list[str]:
        return [edge["node"]["id"] for edge in (await self.logs(**asked))["edges"]]


@pytest.fixture
async def site(audit: Inside) -> Site:
    org, project, service, instance, client, key = (clock.new_id() for _ in range(6))
    found = Site(audit, org, project, service, instance, client, key, f"g{clock.new_id()[-12:]}")
    facts = {
        ("project", project): heard.ProjectCreated(
            project=project, organisation=org, name="Hotel", slug="hotel", creator="u1"
        ),
        ("service", service): heard.ServiceCreated(
            service=service,
            organisation=org,
            slug="cafe",
            name="Café",
            tags=(),
            creator="u1",
            **dict.fromkeys(("problem", "solution", "domain", "version", "sdl_sha", "model_sha"), "x"),
        ),
        ("client", client): heard.ClientAdded(
            client=client, organisation=org, project=project, name="Grand Hôtel", currency="EUR", time_zone="UTC"
        ),
        ("key", found.key): heard.KeyIssued(
            key=found.key,
            organisation=org,
            kind="client",
            target=project,
            client=client,
            name="till",
            prefix=f"mck_{found.key[-6:]}",
            key_hash=found.key,
        ),
    }
    for (aggregate, id_), event in facts.items():
        told = await say(audit.admin, Subject(org, "registry", aggregate, id_), event)
    assert await audit.runtime.runners["people"].wait_for(told.position, 20)
    return found


def member(org: str, role: str = "member", **grants: str) -> Principal:
    return Principal.model_validate({"kind": "user", "id": "u2", "organisations": {org: role}, "grants": grants})


async def test_calls_are_lines_of_their_environment_in_order(site: Site) -> None:
    await site.tell(site.call("g-1-1"), site.call("g-1-2", "prod"), site.call("g-1-3"))
    await site.tell(site.call("g-1-4", operation='a],["b', code="RATE_LIMITED", **{"class": "limited"}))

    found = await site.ids()
    assert sorted(found) == ["g-1-1", "g-1-2", "g-1-3", "g-1-4"]
    assert found[-1] == "g-1-4"
    assert await site.ids(filter={"environment": "dev"}) == ["g-1-1", "g-1-3", "g-1-4"]
    assert len(await site.ids(first=9, filter={"sinceSeconds": 600})) == 4
    assert await site.ids(first=9, filter={"from": "2100-01-01T00:00:00Z"}) == []
    assert await site.ids(last=9, filter={"to": "2020-01-01T00:00:00Z"}) == []
    last = (await site.logs(last=1))["edges"][0]["node"]
    assert (last["class"], last["code"], last["operation"]) == ("limited", "RATE_LIMITED", 'a],["b')
    assert last["text"] == 'dev Café limited a],["b RATE_LIMITED 0.0.1 g-1-4'


async def test_a_page_goes_on_where_the_last_one_ended_in_both_directions(site: Site) -> None:
    ids = [f"g-1-{n}" for n in range(24)]
    for at in range(0, 24, 4):
        await site.write(*[site.call(id_) for id_ in ids[at : at + 4]])

    onwards: list[str] = []
    page = await site.logs(first=5)
    while True:
        onwards += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await site.logs(first=5, after=page["pageInfo"]["endCursor"])
    back: list[str] = []
    page = newest = await site.logs(last=7)
    while True:
        back = [edge["node"]["id"] for edge in page["edges"]] + back
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        page = await site.logs(last=7, before=page["pageInfo"]["startCursor"])
    assert onwards == back == ids

    # Who looked at the newest lines goes on with what comes.
    assert await site.ids(after=newest["pageInfo"]["endCursor"]) == []
    await site.write(site.call("g-1-24"), site.call("g-1-25"))
    assert await site.ids(after=newest["pageInfo"]["endCursor"]) == ["g-1-24", "g-1-25"]
    assert await site.ids(after=page["edges"][1]["cursor"], first=2) == ids[2:4]


async def test_lines_are_written_once_whoever_writes_and_however_often(site: Site) -> None:
    ids = [f"g-1-{n}" for n in range(3)]
    positions = [await site.tell(site.call(id_), site.call(f"{id_}-prod", "prod")) for id_ in ids]
    stream = Stream(site.running.admin, "CALLS")
    messages = [message for each in positions if (message := await stream.at(each)) is not None]

    async def again(messages: list[Message], size: int) -> None:
        writer = Writer(site.running.runtime.nats)
        for at in range(0, len(messages), size):
            await writer.calls(connection, messages[at : at + size])

    async with site.running.runtime.database.reading() as connection:
        await asyncio.gather(*(again(messages, size) for size in (1, 2, 5)))
        assert await site.ids(filter={"environment": "dev"}) == ids

        # Of writers that have the same news, whichever comes first writes them.
        bodies = [site.batch([site.call(f"g-1-{n}")]) for n in range(3, 27)]
        news = [Message(FAR + n, f"calls.{site.gateway}.1", "", each) for n, each in enumerate(bodies)]
        await asyncio.gather(*(again(news, size) for size in (1, 3, 5)))
        all_of_them = [f"g-1-{n}" for n in range(27)]
        assert await site.ids(first=200, filter={"environment": "dev"}) == all_of_them
        assert await site.ids(last=200, filter={"environment": "dev"}) == all_of_them


@pytest.mark.parametrize(("kind", "days"), [("dev", 7), ("prod", 30)])
async def test_a_line_ends_by_itself_when_its_kind_of_environment_keeps_it_no_longer(
    site: Site, kind: str, days: int
) -> None:
    await site.write(site.call("g-1-1", kind))

    subject = site.place(kind).subject("calls")
    ask = orjson.dumps({"last_by_subj": subject})
    answer = orjson.loads((await site.running.admin.request("$JS.API.STREAM.MSG.GET.LOGS", ask, 5)).data)
    headers = base64.b64decode(answer["message"]["hdrs"]).decode()
    seconds = int(headers.partition("Nats-TTL: ")[2].partition("s")[0])
    assert days * DAY_SECONDS - 20 <= seconds <= days * DAY_SECONDS

    # What is older already is not written again.
    old = orjson.loads(site.batch([site.call("g-1-2", kind)]))
    old["watermark_ms"] -= days * DAY_SECONDS * 1000
    async with site.running.runtime.database.reading() as connection:
        message = Message(FAR + 2, "calls.g.1", "", orjson.dumps(old))
        await Writer(site.running.runtime.nats).calls(connection, [message])
    assert await site.ids() == ["g-1-1"]


async def test_search_finds_words_whatever_their_case_and_accents(site: Site) -> None:
    paid = {"client": site.client, "credential": site.key}
    await site.write(site.call("g-1-1", "prod", operation="allGuests", **paid), site.call("g-1-2", code="TOO_LONG"))

    for search in ("GRAND hotel", "hôtel", "CAFÉ allguests", "mck_ Grand", "g-1-1", "  "):
        assert "g-1-1" in await site.ids(filter={"search": search}), search
    assert await site.ids(filter={"search": "cafe too_long"}) == ["g-1-2"]
    assert await site.ids(filter={"search": "grand too_long"}) == []
    node = (await site.logs(filter={"key": "mck_", "client": site.client}))["edges"][0]["node"]
    assert (node["clientName"], node["keyPrefix"]) == ("Grand Hôtel", f"mck_{site.key[-6:]}")
    refused = await site.running.refused(
        LOGS, {"project": site.project, "filter": {"search": "a " * 9 + "b c d e f g h i"}}
    )
    assert refused["reason"] == "TOO_LONG"


async def test_deployments_stand_between_the_calls_with_who_declared_them(site: Site) -> None:
    await site.write(site.call("g-1-1"))
    pushed = await say(
        site.running.admin,
        Subject(site.org, "registry", "instance", site.instance),
        heard.InstanceRemoved(
            instance=site.instance, organisation=site.org, project=site.project, service=site.service
        ),
        actor=Actor(type="user", id="u9"),
    )
    await site.fact(site.ready(deployment=pushed.envelope.id))
    failed = {**site.ready().model_dump(), "code": "DATA_LOSS", "reason": "Ünique email is not unique."}
    await site.fact(
        made.DeploymentFailed.model_validate({name: failed[name] for name in made.DeploymentFailed.model_fields})
    )
    await site.write(site.call("g-1-2"))

    nodes = [edge["node"] for edge in (await site.logs(environment=site.place().environment))["edges"]]
    assert [node["what"] for node in nodes] == [None, "ran", "failed", None]
    assert (nodes[1]["actor"], nodes[1]["version"], nodes[1]["class"]) == ({"id": "u9"}, "0.0.2", "deployment")
    assert (nodes[2]["code"], nodes[2]["actor"]) == ("DATA_LOSS", None)
    only = await site.logs(filter={"classes": ["deployment"], "search": "unique"})
    assert [edge["node"]["what"] for edge in only["edges"]] == ["failed"]


async def test_a_question_that_finds_nothing_says_how_far_it_looked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.execute.looking.LINES_MAX", 10)
    for at in range(0, 40, 4):
        await site.write(*[site.call(f"g-1-{n}") for n in range(at, at + 4)])
    await site.write(site.call("g-1-rare", operation="rare"))

    asked, page = 1, await site.logs(first=5, filter={"operation": "rare"})
    while page["pageInfo"]["hasNextPage"]:
        assert page["edges"] == []
        page = await site.logs(first=5, filter={"operation": "rare"}, after=page["pageInfo"]["endCursor"])
        asked += 1
    assert [edge["node"]["id"] for edge in page["edges"]] == ["g-1-rare"]
    assert 3 <= asked <= 6

    page = await site.logs(last=5, filter={"code": "none"})
    while page["pageInfo"]["hasPreviousPage"]:
        asked += 1
        page = await site.logs(last=5, filter={"code": "none"}, before=page["pageInfo"]["startCursor"])
    assert page["edges"] == []
    assert 6 <= asked <= 12


async def test_only_who_sees_the_project_or_service_sees_its_log(site: Site) -> None:
    await site.write(site.call("g-1-1"))
    await site.fact(site.ready())
    everywhere = [{"project": site.project}, {"environment": site.place().environment}]
    mine = member(site.org)

    for of in everywhere:
        assert "g-1-1" in await site.ids(principal=mine, **of)
        assert "g-1-1" in await site.ids(principal=member("o", **{f"project:{site.project}": "viewer"}), **of)
        for stranger in (member("o"), member("o", "owner"), member(site.org, "guest")):
            assert (await site.running.refused(LOGS, of, principal=stranger))["code"] == "NOT_FOUND"
        assert (await site.running.refused(LOGS, of, principal=NOBODY))["code"] == "UNAUTHENTICATED"
    assert await site.ids(principal=mine, service=site.service) == []
    assert (await site.running.refused(LOGS, {"service": site.service}, principal=member("o")))["code"] == "NOT_FOUND"
    assert (await site.running.refused(LOGS, {"project": "nothing"}, principal=mine))["code"] == "NOT_FOUND"

    # A project that is closed to members of the organisation without a grant.
    closed = heard.ProjectRenamed(project=site.project, organisation=site.org, name="H", slug="h", restricted=True)
    subject = Subject(site.org, "registry", "project", site.project)
    held = await Log(site.running.admin, "registry").load(subject)
    told = await say(site.running.admin, subject, closed, expect=held.position, version=2)
    assert await site.running.runtime.runners["people"].wait_for(told.position, 20)
    for of in everywhere:
        assert (await site.running.refused(LOGS, of, principal=mine))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, None),
        ({"project": "p", "service": "s"}, "service"),
        ({"first": 501}, "first"),
        ({"last": 0}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "bGluZTox"}, "after"),
        ({"after": "line:1:1"}, "after"),
        ({"filter": {"from": "yesterday"}}, "filter.from"),
        ({"filter": {"minDurationMs": -1}}, "filter.minDurationMs"),
        ({"filter": {"sinceSeconds": 9, "from": "2026-01-01T00:00:00Z"}}, "filter.sinceSeconds"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused_with_its_field(
    site: Site, asked: dict[str, Any], field: str | None
) -> None:
    of = asked if not asked or "project" in asked else {"project": site.project, **asked}
    refused = await site.running.refused(LOGS, of)
    assert (refused["code"], refused.get("field")) == ("BAD_USER_INPUT", field)
