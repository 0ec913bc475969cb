"""Streams leave a server and come back with every sequence number, gaps and headers included."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from common.backup import streams
from common.backup.files import Target
from common.backup.streams import Taken
from common.clock import new_id
from common.errors import Refused
from common.stream import Message, Stream, api
from tests.support.stack import Stack


@pytest.fixture
async def client(servers: Stack) -> AsyncIterator[Client]:
    connection = await nats.connect(servers.nats_url)
    yield connection
    await connection.close()


async def a_stream(client: Client, **config: object) -> tuple[str, str]:
    """Name and subject of a stream of this test's own."""
    name = f"T{new_id().replace('-', '')}"
    subject = f"test.{name}"
    wanted = {"name": name, "subjects": [f"{subject}.>"], "storage": "file", "allow_direct": True, **config}
    await api(client, f"$JS.API.STREAM.CREATE.{name}", wanted)
    return name, subject


async def given(client: Client, subject: str, count: int) -> None:
    for number in range(1, count + 1):
        await client.request(f"{subject}.{number % 3}", b"%d" % number, headers={"Nats-Msg-Id": f"id{number}"})


async def listed(client: Client, name: str) -> list[Message]:
    return await Stream(client, name).page(">", 0)


async def one_by_one(*messages: Message) -> AsyncIterator[Message]:
    for message in messages:
        yield message


async def snapshot(client: Client, name: str, folder: Path) -> tuple[Taken, Path]:
    target = Target(folder / "backup")
    with target.file(name) as sink:
        taken = await streams.snapshot(client, name, sink)
    return taken, folder / "backup" / name


async def test_a_snapshot_brings_back_positions_gaps_and_ids(client: Client, tmp_path: Path) -> None:
    name, subject = await a_stream(client)
    await given(client, subject, 20)
    for position in (1, 2, 9):
        await api(client, f"$JS.API.STREAM.MSG.DELETE.{name}", {"seq": position})
    before, (taken, file) = await listed(client, name), await snapshot(client, name, tmp_path)
    await api(client, f"$JS.API.STREAM.PURGE.{name}", {})
    await api(client, f"$JS.API.STREAM.DELETE.{name}", {})

    restored = await streams.restore(client, name, taken, file)

    assert (restored.state["first_seq"], restored.state["last_seq"], restored.state["messages"]) == (3, 20, 17)
    assert await listed(client, name) == before
    assert restored.config["subjects"] == taken.config["subjects"]


async def test_a_damaged_snapshot_is_refused_by_the_server_as_well(client: Client, tmp_path: Path) -> None:
    name, subject = await a_stream(client)
    await given(client, subject, 20)
    taken, file = await snapshot(client, name, tmp_path)
    await api(client, f"$JS.API.STREAM.DELETE.{name}", {})
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])

    with pytest.raises(Refused, match="could not be restored"):
        await streams.restore(client, name, taken, file)


async def test_messages_are_stored_at_the_positions_they_had_or_not_at_all(client: Client) -> None:
    name, subject = await a_stream(client)
    await given(client, subject, 600)
    before = [each async for page in streams.between(client, name, 0, 600) for each in page]
    other, _ = await a_stream(client, subjects=[f"other.{name}.>"])
    moved = [replace(each, subject=each.subject.replace("test.", "other.", 1)) for each in before]

    last = await streams.refill(client, other, one_by_one(*moved[:400]))
    assert await streams.refill(client, other, one_by_one(*moved[400:]), after=last) == 600

    assert [each async for page in streams.between(client, other, 0, 600) for each in page] == moved
    with pytest.raises(Refused, match="Position 1 of"):
        await streams.refill(client, other, one_by_one(replace(moved[0], id="another")))
    with pytest.raises(Refused, match="Position 601 of"):
        await streams.refill(client, other, one_by_one(replace(moved[-1], position=601)), after=600)
    assert (await Stream(client, other).info()).last == 600


async def test_a_log_with_a_hole_is_not_backed_up(client: Client) -> None:
    name, subject = await a_stream(client)
    await given(client, subject, 10)
    await api(client, f"$JS.API.STREAM.MSG.DELETE.{name}", {"seq": 4})

    with pytest.raises(Refused, match="Position 1 of"):
        async for _ in streams.between(client, name, 0, 10):
            pass


async def test_the_log_is_never_cut_within_an_atomic_batch(client: Client) -> None:
    name, subject = await a_stream(client, allow_atomic=True)
    for number in (1, 2, 3):
        headers = {"Nats-Batch-Id": "b", "Nats-Batch-Sequence": str(number)}
        if number < 3:
            await client.publish(f"{subject}.{number}", b"x", headers=headers)
    stored = await client.request(f"{subject}.3", b"x", headers={**headers, "Nats-Batch-Commit": "1"})
    await client.request(f"{subject}.4", b"x")

    assert json.loads(stored.data)["seq"] == 3
    assert [await streams.goes_on(client, name, position) for position in (1, 2, 3, 4)] == [True, True, False, False]
    assert await streams.whole(client, name) == 4


async def test_only_what_services_say_anew_is_left_out(client: Client) -> None:
    there = set(await streams.names(client))

    assert there >= {"EVT", "CALLS", "DATA", "LOGS", "RUNS", "ACCESS", "OBJ_BLOBS", *streams.NOT_BACKED_UP}
