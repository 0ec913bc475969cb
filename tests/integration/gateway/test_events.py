"""Events at the public door: who sees which, behind which cursor, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from common import clock
from common.clock import new_id
from common.stream import Stream
from contracts import registry as said
from tests.support.door import Door
from tests.support.listening import Listener, Query, everything, listening, refused, sent
from tests.support.waiting import until

CREATED = said.ProjectCreated.TYPE


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


def project(organisation: str, id_: str | None = None, text: str = "") -> said.ProjectCreated:
    return said.ProjectCreated(
        project=id_ or new_id(), organisation=organisation, slug="p", name="P", description=text, creator="somebody"
    )


def granted(project: str, user: str, role: str) -> said.ProjectRoleGranted:
    return said.ProjectRoleGranted.model_validate({"project": project, "grant": new_id(), "user": user, "role": role})


async def owner(door: Door, organisation: str | None = None) -> tuple[str, str, str]:
    """An owner, his token, and his organisation."""
    home = organisation or new_id()
    user = await door.user(organisation=home, role="owner")
    return user, await door.token(user), home


async def newest(door: Door, type_: str) -> dict[str, Any]:
    """The data of the newest event of a type, which is among the last ten."""
    stream = Stream(door.client, "EVT")
    last = (await stream.info()).last
    bodies = [orjson.loads(each.body) for each in await stream.page("evt.>", max(0, last - 10))]
    found: dict[str, Any] = [body["data"] for body in bodies if body["type"] == type_][-1]
    return found


async def test_an_owner_reads_what_happened_and_what_happens(door: Door, session: aiohttp.ClientSession) -> None:
    _, token, home = await owner(door)
    first = await door.say(home, project(home))

    async with listening(session, door.stack.url, token, [("after", str(first - 1))]) as one:
        assert one.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert one.response.headers["mortise-position"] == str(first - 1)
        assert [each.cursor for each in await one.until(1)] == [first]
    async with listening(session, door.stack.url, token) as one:
        second = await door.say(home, project(home))
        heard = await one.until(1)

    assert [each.cursor for each in heard] == [second]
    stored = await Stream(door.client, "EVT").at(second)
    assert stored is not None
    assert heard[0].raw.encode() == stored.body


async def test_an_interrupted_reader_goes_on_where_it_was(door: Door, session: aiohttp.ClientSession) -> None:
    _, token, home = await owner(door)
    start = await door.say(home, project(home))
    positions = [await door.say(home, project(home)) for _ in range(6)]

    async with listening(session, door.stack.url, token, [("after", str(start))]) as one:
        got = [each.cursor for each in await one.until(2)][:2]
    # A browser sends its address again, and what it got last.
    again: Query = [("after", "0"), ("follow", "false")]
    async with listening(session, door.stack.url, token, again, last_event_id=str(got[-1])) as one:
        await one.listen()

    assert [*got, *(each.cursor for each in one.heard)] == positions
    assert one.end is not None
    assert one.end["reason"] == "DONE"


async def test_strangers_see_nothing_of_an_organisation(door: Door, session: aiohttp.ClientSession) -> None:
    url = door.stack.url
    _, token, home = await owner(door)
    await door.say(home, project(home))
    _, other, elsewhere = await owner(door)
    await door.say(elsewhere, project(elsewhere))

    assert {each.event["org"] for each in await everything(session, url, token)} == {home}
    assert {each.event["org"] for each in await everything(session, url, other)} == {elsewhere}

    status, error = await refused(session, url, other, [("organisation", home)])
    assert (status, error["code"]) == (404, "NOT_FOUND")
    for role in ("member", "guest"):
        low = await door.token(await door.user(organisation=home, role=role))
        for query in ([("organisation", home)], []):
            status, error = await refused(session, url, low, query)
            assert (status, error["code"]) == (403, "FORBIDDEN")
    key, _ = await door.key("project", new_id(), organisation=home)
    for nobody in (None, "pfy_wrong", key):
        status, error = await refused(session, url, nobody)
        assert (status, error["code"]) == (401, "UNAUTHENTICATED")


async def test_an_operator_reads_every_organisation_and_the_platform(
    door: Door, session: aiohttp.ClientSession
) -> None:
    operator = await door.token(await door.user(operator=True))
    _, _, home = await owner(door)
    last = await door.say(home, project(home))

    heard = await everything(session, door.stack.url, operator, [("after", str(last - 4))])

    assert {each.event["org"] for each in heard} == {"_", home}
    assert [each.cursor for each in heard] == list(range(last - 3, last + 1))
    only = await everything(session, door.stack.url, operator, [("organisation", home)])
    assert {each.event["org"] for each in only} == {home}
    assert (await refused(session, door.stack.url, operator, [("organisation", "nowhere")]))[0] == 404


async def test_an_admin_of_a_project_reads_what_names_it_and_nothing_else(
    door: Door, session: aiohttp.ClientSession
) -> None:
    url = door.stack.url
    _, token, home = await owner(door)
    mine, other = new_id(), new_id()
    await door.say(home, project(home, mine), project(home, other))
    admin, viewer = await door.user(organisation=home, role="guest"), await door.user(organisation=home)
    for user, role in ((admin, "admin"), (viewer, "viewer")):
        await door.say(home, granted(mine, user, role))

    heard = await everything(session, url, await door.token(admin), [("project", mine)])

    assert [each.event["data"]["project"] for each in heard] == [mine] * 3
    assert await everything(session, url, token, [("project", mine)]) == heard
    asked: dict[str, Query] = {"admin": [("project", other)], "viewer": [("project", mine)]}
    assert (await refused(session, url, await door.token(admin), asked["admin"]))[0] == 404
    assert (await refused(session, url, await door.token(viewer), asked["viewer"]))[0] == 403
    assert (await refused(session, url, await door.token(viewer), asked["admin"]))[0] == 404
    _, stranger, _ = await owner(door)
    assert (await refused(session, url, stranger, asked["viewer"]))[0] == 404


async def test_types_and_subjects_are_filtered(door: Door, session: aiohttp.ClientSession) -> None:
    user, token, home = await owner(door)
    ids = [new_id(), new_id()]
    for id_ in ids:
        await door.say(home, project(home, id_))
    await door.say(home, granted(ids[0], user, "viewer"))

    async def types(*query: tuple[str, str]) -> list[str]:
        return [each.event["type"].split(".", 2)[2] for each in await everything(session, door.stack.url, token, query)]

    given, created, added = "project.role_granted.v1", "project.created.v1", "organisation.member_added.v1"
    assert await types() == [added, created, created, given]
    assert await types(("type", CREATED)) == [created, created]
    assert await types(("type", "mortise.registry.project.")) == [created, created, given]
    assert await types(("type", "*.role_granted.*"), ("type", "mortise.registry.organisation.*")) == [added, given]
    assert await types(("subject", f"registry.project.{ids[0]}")) == [created, given]
    assert await types(("subject", f"registry.project.{ids[1][:-1]}*"), ("type", CREATED)) == [created]
    assert await types(("subject", "registry.organisation."), ("subject", f"*{ids[1]}")) == [added, created]
    assert await types(("subject", "registry.project.other")) == []


@pytest.mark.parametrize(
    ("query", "headers", "reason", "field"),
    [
        ([("after", "x")], {}, "INVALID_CURSOR", "after"),
        ([("after", "-1")], {}, "INVALID_CURSOR", "after"),
        ([("after", "9" * 30)], {}, "INVALID_CURSOR", "after"),
        ([("after", "999999999")], {}, "NO_POSITION", "after"),
        ([], {"last-event-id": "7f"}, "INVALID_CURSOR", "Last-Event-ID"),
        ([("type", "mortise.registry.project.exploded.v1")], {}, "UNKNOWN_TYPE", "type"),
        ([("type", "a b")], {}, "INVALID_PATTERN", "type"),
        ([("subject", "a>")], {}, "INVALID_PATTERN", "subject"),
        ([("since", "1")], {}, "UNKNOWN_PARAMETER", None),
        ([("after", "1"), ("after", "2")], {}, None, "after"),
        ([("follow", "maybe")], {}, None, "follow"),
        ([("organisation", "a"), ("project", "b")], {}, None, "project"),
        ([("subject", f"a{n}") for n in range(21)], {}, None, "subject"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_its_reason(
    door: Door,
    session: aiohttp.ClientSession,
    query: Query,
    headers: dict[str, str],
    reason: str | None,
    field: str | None,
) -> None:
    _, token, _ = await owner(door)

    status, error = await refused(session, door.stack.url, token, query, headers)

    assert status == 400
    assert error["code"] == "BAD_USER_INPUT"
    assert (error.get("reason"), error.get("field")) == (reason, field)


async def test_a_revoked_token_ends_what_is_open_at_once_and_says_so(
    door: Door, session: aiohttp.ClientSession
) -> None:
    user, token, home = await owner(door)
    issued = (await newest(door, said.TokenCreated.TYPE))["token"]

    async with listening(session, door.stack.url, token) as one:
        hearing = asyncio.create_task(one.listen())
        await door.say(home, project(home))
        await until(lambda: len(one.heard) == 1)
        await door.say("_", said.TokenRevoked(token=issued, user=user))
        await door.say(home, project(home))
        await asyncio.wait_for(hearing, 10)

    assert len(one.heard) == 1
    assert one.end is not None
    assert (one.end["code"], one.end["reason"]) == ("UNAUTHENTICATED", "CREDENTIAL_ENDED")


async def test_an_owner_who_is_removed_hears_of_that_no_more(door: Door, session: aiohttp.ClientSession) -> None:
    user, token, home = await owner(door)

    async with listening(session, door.stack.url, token, [("organisation", home)]) as one:
        hearing = asyncio.create_task(one.listen())
        await door.say(home, project(home))
        await until(lambda: len(one.heard) == 1)
        await door.say(home, said.MemberRemoved(organisation=home, user=user), project(home))
        await asyncio.wait_for(hearing, 10)

    assert len(one.heard) == 1
    assert one.end is not None
    assert one.end["code"] == "NOT_FOUND"


async def test_a_token_that_expires_ends_what_is_open(door: Door, session: aiohttp.ClientSession) -> None:
    user, _, _ = await owner(door)
    life, ended = timedelta(seconds=0.4), False
    while not ended:
        # Long enough to be let in, however busy the machine is.
        token, life = await door.token(user, clock.text(clock.now() + life)), 2 * life
        async with session.get(f"{door.stack.url}/events", headers=sent(token)) as response:
            if response.status == 200:
                one = Listener(response)
                await asyncio.wait_for(one.listen(), 30)
                ended = True

    assert one.end is not None
    assert one.end["reason"] == "CREDENTIAL_ENDED"


async def test_a_ticket_opens_events_and_nothing_else(door: Door, session: aiohttp.ClientSession) -> None:
    url = door.stack.url
    _, token, home = await owner(door)
    position = await door.say(home, project(home))

    async with session.post(f"{url}/events/tickets", headers=sent(token)) as answer:
        assert answer.status == 200
        ticket = (await answer.json())["ticket"]
    heard = await everything(session, url, None, [("ticket", ticket), ("after", str(position - 1))])

    assert [each.cursor for each in heard] == [position]
    forged = ticket[:-2] + ("AA" if ticket[-2:] != "AA" else "BB")
    for wrong in (forged, "met_", "met_x", token, ticket + "AAAA"):
        status, error = await refused(session, url, None, [("ticket", wrong)])
        assert (status, error["reason"]) == (401, "TICKET_ENDED")
    answered = await door.query("{ __schema { types { name } } }", Authorization=f"Bearer {ticket}")
    assert answered.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with session.post(f"{url}/events/tickets") as answer:
        assert answer.status == 401


async def test_the_catalogue_of_events_is_there_for_everybody(door: Door, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{door.stack.url}/asyncapi.json") as answer:
        document = await answer.json()

    assert answer.status == 200
    assert document["asyncapi"] == "3.0.0"
    assert CREATED in document["components"]["messages"]
    assert (await session.post(f"{door.stack.url}/asyncapi.json")).status == 405
    assert (await session.delete(f"{door.stack.url}/events")).status == 405
