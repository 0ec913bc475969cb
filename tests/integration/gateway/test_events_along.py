"""Reading along: how far one is, who is slow, who is gone, and how many may come."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from contracts.registry import ProjectCreated
from gateway.execute import feed_readers
from tests.integration.gateway.test_events import owner, project
from tests.support.along import Along, along
from tests.support.door import Door
from tests.support.listening import everything, listening, refused, sent
from tests.support.waiting import until


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as one:
        yield one


async def test_who_is_told_nothing_for_a_while_still_learns_how_far_he_is(
    door: Door, session: aiohttp.ClientSession
) -> None:
    _, token, home = await owner(door)
    start = await door.say(home, project(home))
    async with along(door, beat=0.05) as here, listening(session, here.url, token, [("after", str(start))]) as one:
        hearing = asyncio.create_task(one.listen())
        last = await door.say("elsewhere", project("elsewhere"))
        await until(lambda: one.cursor >= last)
        hearing.cancel()

    assert one.heard == []
    assert one.beats > 1


@pytest.mark.parametrize("kept_max", [1, 7, 1000])
async def test_nothing_is_missing_and_nothing_comes_twice_however_little_is_kept_in_memory(
    door: Door, session: aiohttp.ClientSession, kept_max: int
) -> None:
    _, token, home = await owner(door)
    start = await door.say(home, project(home))
    before = [await door.say(home, project(home)) for _ in range(30)]
    async with along(door, kept_max=kept_max) as here:
        async with listening(session, here.url, token, [("after", str(start))]) as one:
            after = []
            for _ in range(30):
                await door.say("elsewhere", project("elsewhere"))
                after.append(await door.say(home, project(home)))
            heard = await one.until(60)
        async with listening(session, here.url, token, [("after", str(before[-1]))]) as two:
            again = await two.until(30)

    assert [each.cursor for each in heard] == [*before, *after]
    assert [each.cursor for each in again] == after


async def test_a_long_history_is_read_page_by_page(door: Door, session: aiohttp.ClientSession) -> None:
    user, token, home = await owner(door)
    _, _, second = await owner(door)
    await door.say(second, project(second))
    positions = [await door.say((home, second)[n % 3 == 0], project(home)) for n in range(200)]
    async with along(door) as here:
        alone = await everything(session, here.url, token, [("type", ProjectCreated.TYPE)])
        both = await everything(session, here.url, token)

    mine = [position for n, position in enumerate(positions) if n % 3]
    assert [each.cursor for each in alone] == mine
    assert [each.cursor for each in both][1:] == mine
    assert user


async def stalled(here: Along, token: str, after: int) -> socket.socket:
    """A client that asks and never reads."""
    where = urlsplit(here.url)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((where.hostname, where.port))
    ask = f"GET /events?after={after} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    deaf.sendall(ask.encode())
    return deaf


async def test_who_does_not_read_delays_nobody_holds_little_and_is_cut_off(
    door: Door, session: aiohttp.ClientSession
) -> None:
    _, token, home = await owner(door)
    start = await door.say(home, project(home))
    for _ in range(200):
        await door.say(home, project(home, text="x" * 30_000))
    async with along(door, stall=1.0) as here:
        deaf = await stalled(here, token, start)
        await until(lambda: here.readers.count == 1)
        (held,) = here.events.connections
        heard = await everything(session, here.url, token, [("after", str(start))])
        assert len(heard) == 200
        # What waits for him is one batch and what a connection holds before it says "wait".
        assert 0 < held.get_write_buffer_size() < 1024 * 1024
        await until(lambda: here.readers.count == 0)
        assert held.is_closing()
        deaf.close()


async def test_one_person_has_so_many_connections_and_others_still_come(
    door: Door, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_readers, "READERS_OF_ONE_MAX", 3)
    monkeypatch.setattr(feed_readers, "READERS_MAX", 4)
    _, token, _ = await owner(door)
    _, other, _ = await owner(door)
    async with along(door, beat=0.05) as here:
        opened = [await session.get(f"{here.url}/events", headers=sent(token)) for _ in range(3)]
        status, error = await refused(session, here.url, token)
        assert (status, error["reason"]) == (503, "TOO_MANY_READERS")
        opened.append(await session.get(f"{here.url}/events", headers=sent(other)))
        assert [each.status for each in opened] == [200] * 4
        assert (await refused(session, here.url, other))[1]["reason"] == "TOO_MANY_READERS"
        opened[0].close()
        await until(lambda: here.readers.count == 3)
        async with listening(session, here.url, other):
            assert here.readers.count == 4
        for each in opened:
            each.close()


async def test_a_door_that_closes_tells_its_readers_to_come_again(door: Door, session: aiohttp.ClientSession) -> None:
    _, token, home = await owner(door)
    async with (
        along(door) as here,
        listening(session, here.url, token) as one,
        session.ws_connect(f"{here.url}/events", headers=sent(token)) as two,
    ):
        await door.say(home, project(home))
        await one.until(1)
        closing = asyncio.create_task(here.events.close())
        await one.listen()
        told = [message async for message in two]
        await closing

    assert one.end is not None
    assert one.end["reason"] == "RESTARTING"
    assert two.close_code == 1012
    assert told[-1].json()["end"]["reason"] == "RESTARTING"


async def test_a_socket_tells_what_events_tell_and_takes_nothing(door: Door, session: aiohttp.ClientSession) -> None:
    _, token, home = await owner(door)
    start = await door.say(home, project(home))
    positions = [await door.say(home, project(home)) for _ in range(3)]
    url = f"{door.stack.url}/events"

    async with session.ws_connect(f"{url}?after={start}&follow=false", headers=sent(token)) as one:
        told = [message.json() async for message in one]
    heard = await everything(session, door.stack.url, token, [("after", str(start))])
    async with session.ws_connect(f"{url}?after={positions[0]}", headers=sent(token)) as two:
        again = [await two.receive_json() for _ in range(3)]
        await two.send_str("hello")
        last = await two.receive()

    assert told[0] == {"cursor": start}
    assert [each["cursor"] for each in told[1:]] == positions
    assert [each["event"] for each in told[1:]] == [each.event for each in heard]
    assert one.close_code == 1000
    assert [each["cursor"] for each in again] == positions[:1] + positions[1:]
    assert (last.type, two.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_socket_is_refused_to_strangers_before_it_opens(door: Door, session: aiohttp.ClientSession) -> None:
    _, _, home = await owner(door)
    _, stranger, _ = await owner(door)
    asked = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}

    for token, status in ((None, 401), (stranger, 404)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(f"{door.stack.url}/events?organisation={home}", headers=sent(token))
        assert refusal.value.status == status
    async with session.get(f"{door.stack.url}/events", headers=sent(stranger, **asked)) as answer:
        assert answer.status == 400
