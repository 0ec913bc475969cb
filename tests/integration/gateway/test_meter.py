"""Every call recorded before it is answered, and stored exactly once, whatever dies in between (MA 5)."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import nats
import pytest
from nats.aio.client import Client

from common.stream import Stream
from contracts import registry as said
from contracts.calls import CALL, Batch
from gateway.domain import batches, journal
from gateway.domain.journal import Place
from gateway.execute.meter import Call, Meter
from gateway.execute.sender import Sender
from gateway.execute.wal import Directory, Journal
from tests.support.door import Door, Live
from tests.support.stack import Stack, a_directory

SDL = "type Note @model { id: ID! @isUnique text: String }"
QUERY = "query Notes { allNotes { id } }"
PLACE = journal.place(("e1", "prod", "i1", "s1", "p1", "o1"), "0.0.1")
OK = Call("ok", 100, 10, 20)


# --- through the door ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    return await door.environment(SDL, "prod")


async def test_each_call_is_recorded_once_in_its_class_with_who_pays_for_it(door: Door, live: Live) -> None:
    key, key_id = await door.key("client", str(live.project), organisation=live.organisation, client="c-9")
    good = await door.call(live, QUERY, key=key)
    await door.call(live, "{ nothing }", key=key)
    await door.call(live, "{ __schema { queryType { name } } }", key=key)
    await door.call(live, 'mutation { deleteNote(id: "cjnothere000000000000000x") { id } }', key=key)
    await door.call(live, QUERY, key="mck_wrong")
    await door.http.post(
        live.path, content=b"{", headers={"Content-Type": "application/json", "x-user-authorization": key}
    )
    batch = [{"query": "{ _allNotesMeta { count } }"}, {"query": "{ nothing }"}]
    several = await door.http.post(
        f"/simple/v1/{live.endpoint}", json=batch, headers={"Authorization": f"Bearer {key}"}
    )

    calls = await door.calls(live.place.id, 8)

    assert [call["class"] for call in calls] == [
        "ok",
        "client_error",
        "introspection",
        "partial",
        "client_error",
        "client_error",
        "ok",
        "client_error",
    ]
    assert [call["code"] for call in calls] == [
        None,
        "GRAPHQL_VALIDATION_FAILED",
        None,
        "DataItemDoesNotExist",
        "UNAUTHENTICATED",
        "BAD_USER_INPUT",
        None,
        "GRAPHQL_VALIDATION_FAILED",
    ]
    first, wrong = calls[0], calls[4]
    assert (first["client"], first["credential"], first["operation"]) == ("c-9", key_id, "Notes")
    assert (first["instance"], first["service"], first["project"]) == (live.instance, live.service, live.project)
    assert (first["organisation"], first["kind"], first["version"]) == (live.organisation, "prod", "0.0.1")
    assert first["bytes_out"] == len(good.content)
    assert first["duration_us"] > 0
    assert len(first["hash"]) == 16
    assert (wrong["client"], wrong["credential"]) == (None, None)
    assert len({call["id"] for call in calls}) == len(calls)
    assert good.headers["Mortise-Call"] == first["id"]
    assert several.headers["Mortise-Call"].split(", ") == [call["id"] for call in calls[-2:]]


async def test_a_gateway_that_is_killed_under_load_loses_and_doubles_no_answered_call(door: Door) -> None:
    live = await door.environment(SDL, "prod")
    await door.say(
        live.organisation,
        said.AccessChanged(environment=live.place.id, organisation=live.organisation, mode="public"),
    )
    answered: list[str] = []
    stopping = asyncio.Event()

    async def caller(number: int) -> None:
        async with httpx.AsyncClient(base_url=door.stack.url, timeout=30) as client:
            sent = 0
            while not stopping.is_set():
                name = f"c{number}n{sent}"
                sent += 1
                try:
                    answer = await client.post(
                        live.path, json={"query": f"query {name} {{ _allNotesMeta {{ count }} }}"}
                    )
                except httpx.HTTPError:
                    continue
                if answer.status_code == 200:
                    answered.append(name)

    callers = [asyncio.create_task(caller(number)) for number in range(4)]
    for _ in range(3):
        enough = len(answered) + 150
        while len(answered) < enough:
            await asyncio.wait(callers, timeout=0.05)
        await asyncio.to_thread(door.stack.kill, "gateway-0", signal.SIGKILL)
    stopping.set()
    await asyncio.gather(*callers)

    # The last batch of a killed worker comes with its successor; a call after all others shows that it has come.
    marker = await door.call(live, "query marker { _allNotesMeta { count } }")
    assert marker.status_code == 200
    calls = await _until_recorded(door, live, {*answered, "marker"})

    assert set(answered) <= set(calls)
    assert len(calls) == len(set(calls))
    _assert_chained(await door.batches())


async def _until_recorded(door: Door, live: Live, names: set[str]) -> list[str]:
    """The operations recorded of an environment, once all these are among them or it has taken too long."""
    deadline = asyncio.get_running_loop().time() + 20
    while True:
        calls = [call["operation"] for call in await door.calls(live.place.id, len(names))]
        if names <= set(calls) or asyncio.get_running_loop().time() > deadline:
            return calls


def _assert_chained(stored: list[dict[str, object]]) -> None:
    """Numbers of every epoch rise by one, every row is one of the contract, and nothing follows a final batch."""
    last: dict[tuple[str, int], Batch] = {}
    for content in stored:
        batch = Batch.model_validate(content)
        before = last.get((batch.gateway, batch.epoch))
        assert batch.number == (before.number + 1 if before else 1)
        assert before is None or not before.final
        assert before is None or batch.watermark_ms >= before.watermark_ms
        assert all(len(row) == len(CALL) for row in batch.calls)
        last[batch.gateway, batch.epoch] = batch
    newest = {gateway: max(epoch for name, epoch in last if name == gateway) for gateway, _ in last}
    for (gateway, epoch), batch in last.items():
        assert batch.final or epoch == newest[gateway], f"{gateway}-{epoch} was left and never closed"


async def test_workers_share_the_port_and_each_has_a_directory_that_others_adopt_when_it_dies() -> None:
    with a_directory() as data, Stack(data, services=("gateway",), workers=2) as stack:
        held = sorted(path.name for path in (data / "wal").iterdir())
        assert len(held) == 2
        assert stack.http.get("/readyz").json() == {"ready": True}
        stack.kill("gateway-0")
        stack.kill("gateway-1")

        # Whoever comes next takes a directory that is left and makes no third.
        assert sorted(path.name for path in (data / "wal").iterdir()) == held
        client = await nats.connect(stack.nats_url)
        open_ = set(held)
        while open_:
            open_ -= {name for name in held if any(batch.final for batch in await stored(client, name))}
        await client.close()


# --- by itself ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(servers: Stack) -> AsyncIterator[Client]:
    connected = await nats.connect(servers.nats_url)
    yield connected
    await connected.close()


async def stored(client: Client, gateway: str) -> list[Batch]:
    messages = await Stream(client, "CALLS").history(f"calls.{gateway}.>")
    return [Batch.model_validate_json(message.body) for message in messages]


def ids(found: list[Batch]) -> list[str]:
    return [row[0] for batch in found for row in batch.calls]


def crashed(root: Path, records: int, seals: int = 0) -> Journal:
    """A directory as a worker leaves it that died: records, of which some are sealed, and nothing sent."""
    directory = Directory.own(root)
    left = Journal(directory, directory.begin_epoch())
    for number in range(1, records + 1):
        row_id = f"{directory.gateway}-{left.epoch}-{number}".encode()
        left.append(_row(row_id))
        left.write()
        if number % 3 == 0 and left.number < seals:
            left.seal(watermark_ms=1_000 * left.number)
    left.close()
    directory.release()
    return left


def _row(row_id: bytes, place: Place = PLACE) -> bytes:
    return journal.row(
        row_id,
        place,
        client=b"null",
        credential=b"null",
        outcome="ok",
        at_ms=1,
        duration_us=1,
        bytes_in=1,
        bytes_out=1,
        operation=b"null",
        digest=b"null",
    )


async def run_until(meter: Meter, client: Client, gateway: str, so: int) -> list[Batch]:
    """Run a meter until a gateway has so many calls in the stream, then stop it."""
    running = asyncio.create_task(meter.run())
    adopting = asyncio.create_task(meter.adopt_orphans())
    while len(ids(await stored(client, gateway))) < so:
        assert not running.done(), running
    meter.stop()
    await running
    adopting.cancel()
    meter.close()
    return await stored(client, gateway)


@pytest.mark.parametrize("seals", [0, 1, 3])
async def test_what_a_dead_worker_left_is_stored_under_its_own_epoch_and_the_epoch_closed(
    client: Client, tmp_path: Path, seals: int
) -> None:
    left = crashed(tmp_path, 10, seals)
    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    assert meter.gateway == left.directory.gateway

    found = await run_until(meter, client, meter.gateway, 10)

    old = [batch for batch in found if batch.epoch == 1]
    assert ids(old) == [f"{meter.gateway}-1-{number}" for number in range(1, 11)]
    assert [batch.number for batch in old] == list(range(1, len(old) + 1))
    assert [batch.final for batch in old] == [False] * (len(old) - 1) + [True]
    new = [batch for batch in found if batch.epoch == 2]
    assert new[-1].final


async def test_a_torn_record_at_the_end_is_cut_off_and_nothing_before_it(client: Client, tmp_path: Path) -> None:
    left = crashed(tmp_path, 5)
    with left.directory.segment_path(1, 1).open("ab") as file:
        file.write(b'C 00000000 ["torn')
    meter = Meter(client, tmp_path, "fast")
    await meter.start()

    assert len(ids(await run_until(meter, client, meter.gateway, 5))) == 5


async def test_a_batch_that_was_stored_but_not_acknowledged_is_not_stored_again(client: Client, tmp_path: Path) -> None:
    left = crashed(tmp_path, 9, seals=3)
    zombie = Directory.take(left.directory.path)
    assert zombie is not None
    reopened = Journal(zombie, 1, zombie.recovered(1))
    sender = Sender(client, reopened, zombie.recovered(1).seals[:2])
    await sender.send_all()
    reopened.close()
    zombie.release()

    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    found = await run_until(meter, client, meter.gateway, 9)

    assert len(ids(found)) == len(set(ids(found))) == 9


async def test_two_senders_of_the_same_batches_store_each_once(client: Client, tmp_path: Path) -> None:
    left = crashed(tmp_path, 90, seals=30)
    directory = left.directory
    seals = directory.recovered(1).seals
    senders = [Sender(client, Journal(directory, 1, directory.recovered(1)), list(seals)) for _ in range(2)]

    await asyncio.gather(*(sender.send_all() for sender in senders))

    found = await stored(client, directory.gateway)
    assert [batch.number for batch in found] == list(range(1, 31))


async def test_without_the_guard_two_senders_do_store_twice_so_the_test_above_can_fail(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORTISE_BATCH_GUARD", "off")
    left = crashed(tmp_path, 9, seals=3)
    directory = left.directory
    seals = directory.recovered(1).seals
    for _ in range(2):
        await Sender(client, Journal(directory, 1, directory.recovered(1)), list(seals)).send_all()

    assert len(await stored(client, directory.gateway)) == 6


async def test_a_late_copy_of_a_left_worker_is_refused_by_the_stream(client: Client, tmp_path: Path) -> None:
    left = crashed(tmp_path, 3)
    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    found = await run_until(meter, client, meter.gateway, 3)

    # What the dead one might still have had on its way: its first batch, expecting an empty subject.
    late = await client.request(
        batches.subject(meter.gateway, 1), b"{}", headers={"Nats-Expected-Last-Subject-Sequence": "0"}
    )

    assert json.loads(late.data)["error"]["err_code"] == 10071
    assert left.directory.gateway == meter.gateway
    assert await stored(client, meter.gateway) == found


async def test_a_living_workers_directory_is_not_taken_and_an_orphan_is_adopted(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.meter.ADOPT_SECONDS", 0.05)
    first, second = Meter(client, tmp_path, "fast"), Meter(client, tmp_path, "fast")
    await first.start()
    await second.start()
    assert first.gateway != second.gateway
    second.record(PLACE, OK)
    second.write()
    second.close()  # it dies with a record that nobody sealed

    found = await run_until(first, client, second.gateway, 1)

    assert ids(found) == [f"{second.gateway}-1-1"]
    assert found[-1].final


async def test_the_answer_in_strict_mode_waits_for_the_disk_and_many_share_one_sync(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("gateway.execute.wal._sync", lambda files: synced.append(len(files)))
    meter = Meter(client, tmp_path, "kind")
    await meter.start()
    assert (meter.strict("prod"), meter.strict("dev")) == (True, False)

    async def call() -> None:
        meter.record(PLACE, OK)
        meter.write()
        await meter.on_disk()

    await asyncio.gather(*(call() for _ in range(100)))

    # One for the first, and one for all who came while it ran.
    assert len(synced) == 2
    meter.close()


async def test_a_batch_has_at_most_five_hundred_calls_and_keeps_their_order(client: Client, tmp_path: Path) -> None:
    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    for _ in range(1_203):
        meter.record(PLACE, OK)
        meter.write()

    found = await run_until(meter, client, meter.gateway, 1_203)

    assert [len(batch.calls) for batch in found if batch.calls] == [500, 500, 203]
    assert ids(found) == [f"{meter.gateway}-1-{number}" for number in range(1, 1_204)]


async def test_sent_segments_are_deleted_except_the_last_few(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.execute.wal.SEGMENT_BYTES", 1)
    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    for _ in range(5_000):
        meter.record(PLACE, OK)
        meter.write()

    found = await run_until(meter, client, meter.gateway, 5_000)

    assert len(ids(found)) == 5_000
    assert len(list((tmp_path / meter.gateway).glob("*.wal"))) <= 6


async def test_a_stream_that_cannot_be_reached_delays_batches_and_loses_none(servers: Stack, tmp_path: Path) -> None:
    client = await nats.connect(servers.nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    meter = Meter(client, tmp_path, "fast")
    await meter.start()
    running = asyncio.create_task(meter.run())
    meter.record(PLACE, OK)
    meter.write()
    killing = asyncio.create_task(asyncio.to_thread(servers.kill, "nats-server"))
    for _ in range(200):
        meter.record(PLACE, OK)
        meter.write()
        await asyncio.wait([killing], timeout=0.005)
    await killing
    meter.stop()
    await running
    meter.close()

    found = await stored(client, meter.gateway)

    assert ids(found) == [f"{meter.gateway}-1-{number}" for number in range(1, 202)]
    assert found[-1].final
    await client.close()


async def test_nothing_is_recorded_when_metering_is_off(client: Client, tmp_path: Path) -> None:
    meter = Meter(client, tmp_path, "off")
    await meter.start()
    meter.record(PLACE, OK)
    meter.write()
    await meter.on_disk()
    running = asyncio.create_task(meter.run())
    meter.stop()
    await running
    meter.close()

    assert ids(await stored(client, meter.gateway)) == []
