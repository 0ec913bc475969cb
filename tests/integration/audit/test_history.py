"""The history on real servers: everything is kept, signed, proven, and nothing can change unseen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import nats
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from audit.__main__ import SERVICE
from audit.domain.check import Fault, Progress, checked
from audit.domain.leaves import LOG, STREAM
from audit.execute import history as execute
from audit.store import history as store
from common import clock
from common.events import Actor
from common.log import Recorded, Subject
from common.reader import Reader
from common.rebuild import rebuild
from common.stream import Stream
from contracts import audit as said
from contracts import registry as heard
from proof import merkle, notes, verify
from tests.support.inside import Inside, inside, say
from tests.support.stack import Stack, a_directory

WAIT_SECONDS = 20.0


@pytest.fixture(scope="module")
async def audit(servers: Stack) -> AsyncIterator[Inside]:
    async with inside(servers, SERVICE) as running:
        yield running


async def a_project(running: Inside, org: str, *, actor: str = "u1") -> str:
    """A fact; the id of its event."""
    project = clock.new_id()
    event = heard.ProjectCreated(project=project, organisation=org, name="Shop", slug="shop", creator=actor)
    who = Actor(type="user", id=actor, via="token")
    recorded = await say(running.admin, Subject(org, "registry", "project", project), event, actor=who)
    assert await running.runtime.runners["history"].wait_for(recorded.position, WAIT_SECONDS)
    return recorded.envelope.id


async def said_of_the_log(running: Inside, type_: str, so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first fact of the type about the log that is so; waits for it."""
    reader = Reader(running.admin, STREAM, 0)
    await reader.open()
    while True:
        for message in await reader.batch():
            if message.subject != execute.SUBJECT.text:
                continue
            recorded = Recorded.of(message)
            if recorded.envelope.type == type_ and so(recorded.envelope.data):
                return recorded.envelope.data


async def size_of(running: Inside) -> int:
    async with running.runtime.database.reading() as connection:
        return await store.size_of(connection)


async def test_every_message_of_the_stream_has_one_leaf_at_its_place(audit: Inside) -> None:
    await a_project(audit, "o1")
    last = (await Stream(audit.runtime.nats, STREAM).info()).last
    assert await audit.runtime.runners["history"].wait_for(last, WAIT_SECONDS)

    good, fault = await execute.fsck(audit.runtime.database, Reader(audit.runtime.nats, STREAM, 0))

    assert fault is None
    assert good >= last


async def test_what_is_no_envelope_is_kept_as_well(audit: Inside) -> None:
    answer = await audit.admin.request("evt.o1.nobody.thing.alien", b"not json \xff", 5)
    position = json.loads(answer.data)["seq"]

    assert await audit.runtime.runners["history"].wait_for(position, WAIT_SECONDS)
    assert audit.runtime.runners["history"].trouble is None


async def test_heads_are_signed_published_once_and_consistent(audit: Inside) -> None:
    scribe = execute.scribe(audit.runtime)
    sizes = []
    for _ in range(3):
        await a_project(audit, "o1")
        head = await execute.sign(scribe)
        assert head is not None
        assert notes.verify(scribe.signer.key, notes.parse(head.note))
        await execute.publish(scribe, head)
        assert await execute.publish(scribe, head) is None
        sizes.append(head)

    for old, new in pairwise(sizes):
        proof = await execute.consistency(scribe, old.size, new.size)
        assert merkle.verify_consistency(old=old.size, old_root=old.root, new=new.size, new_root=new.root, proof=proof)


async def test_a_log_in_which_only_heads_are_new_is_not_signed_again(audit: Inside) -> None:
    scribe = execute.scribe(audit.runtime)
    await a_project(audit, "o1")
    head = await execute.sign(scribe)
    assert head is not None
    recorded = await execute.publish(scribe, head)
    position = recorded.position if recorded else (await Stream(audit.runtime.nats, STREAM).info()).last
    assert await audit.runtime.runners["history"].wait_for(position, WAIT_SECONDS)

    assert await execute.sign(scribe) == head


async def test_two_roots_are_never_signed_for_one_size(audit: Inside) -> None:
    await a_project(audit, "o1")
    head = await execute.sign(execute.scribe(audit.runtime))
    assert head is not None
    other = execute.scribe(audit.runtime).signer.head(head.size, bytes(32))
    smaller = execute.scribe(audit.runtime).signer.head(head.size - 1, bytes(32))

    for forged in (other, smaller):
        with pytest.raises(DBAPIError, match="does not follow what is signed"):
            async with audit.runtime.database.transaction() as connection:
                await store.keep_head(connection, forged, clock.now())
    for statement in ("delete from signed_head", "update signed_head set note = ''", "truncate signed_head"):
        with pytest.raises(DBAPIError, match="never changed"):
            async with audit.runtime.database.transaction() as connection:
                await connection.execute(sa.text(statement))
    async with audit.runtime.database.transaction() as connection:
        await store.keep_head(connection, head, clock.now())  # the same again is no second head


async def test_a_rebuilt_history_has_the_same_rows_and_roots(audit: Inside) -> None:
    for _ in range(5):
        await a_project(audit, "o1")
    runtime = audit.runtime

    report = await rebuild(runtime.runners["history"].projection, runtime.database, runtime.nats)

    assert report.equal, report
    async with runtime.database.reading() as connection:
        for size, root in (await store.heads(connection)).items():
            assert await store.root_at(connection, size) == root


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        ("update entry set body = set_byte(body, 20, get_byte(body, 20) # 1) where index = {n}", "leaf"),
        ("update entry set leaf = set_byte(leaf, 5, get_byte(leaf, 5) # 1) where index = {n}", "leaf"),
        ("update entry set hash = set_byte(hash, 5, get_byte(hash, 5) # 1) where index = {n}", "hash"),
        ("delete from entry where index = {n}", "index"),
    ],
)
async def test_a_flipped_bit_in_the_database_is_found_and_named(audit: Inside, statement: str, field: str) -> None:
    await a_project(audit, "o1")
    await a_project(audit, "o1")
    n = await size_of(audit) - 2
    runtime = audit.runtime
    async with runtime.database.engine.connect() as connection:
        change = await connection.begin()
        await connection.execute(sa.text(statement.format(n=n)))
        records = await store.records(connection, n, 10)
        edge = await store.load_edge(connection, n)
        await change.rollback()

    outcome = checked(Progress(edge=edge), records, {})
    assert isinstance(outcome, Fault)
    assert (outcome.index, outcome.field) == (n, field)
    assert (await execute.fsck(runtime.database))[1] is None


async def test_a_proof_from_the_api_verifies_offline_and_a_flipped_bit_does_not(audit: Inside) -> None:
    event = await a_project(audit, "o1")

    data = await audit.data(
        "query($id: ID!) { auditProof(id: $id) { index size bundle checkpoint { key } } }", {"id": event}
    )

    found = data["auditProof"]
    bundle = json.dumps(found["bundle"], ensure_ascii=False, separators=(",", ":")).encode()
    verdict = verify.verify(bundle, key=found["checkpoint"]["key"])
    assert (verdict.code, verdict.index) == (verify.GOOD, found["index"])
    for at in range(0, len(bundle), 97):
        changed = bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :]
        assert verify.verify(changed, key=found["checkpoint"]["key"]).code != verify.GOOD


async def test_a_checkpoint_covers_an_event_within_ten_seconds(audit: Inside) -> None:
    event = await a_project(audit, "o1")
    async with audit.runtime.database.reading() as connection:
        entry = await store.find(connection, event)
    assert entry is not None
    index = entry.record.index

    async with asyncio.timeout(10):
        await said_of_the_log(audit, said.CheckpointSigned.TYPE, lambda data: int(data["size"]) > index)


# --- a stream that is not the one that was read -------------------------------------------------------------------


async def _ten_facts(running: Inside) -> None:
    for _ in range(10):
        await a_project(running, "o1")


@pytest.mark.parametrize("how", ["recreated", "shortened"])
async def test_a_shortened_or_recreated_stream_stops_the_history_with_an_alarm(how: str) -> None:
    with a_directory() as data, Stack(data, services=()) as own:
        async with inside(own, SERVICE) as running:
            await _ten_facts(running)
            position = running.runtime.runners["history"].position
            config = json.loads((await running.admin.request("$JS.API.STREAM.INFO.EVT", b"", 5)).data)["config"]
            kept = [await Stream(running.admin, STREAM).at(number) for number in range(1, 5)]
        async with inside(own, SERVICE) as running:  # the same stream is no reason for an alarm
            assert await running.runtime.health.troubles() == {}
        admin = await nats.connect(own.nats_url)
        await admin.request("$JS.API.STREAM.DELETE.EVT", b"", 5)
        await admin.request("$JS.API.STREAM.CREATE.EVT", json.dumps(config).encode(), 5)
        for message in kept if how == "shortened" else []:
            assert message is not None
            await admin.request(message.subject, message.body, 5)
        await admin.close()
        async with inside(own, SERVICE, node="after") as running:
            async with asyncio.timeout(WAIT_SECONDS):
                told = await said_of_the_log(running, said.TamperFound.TYPE, lambda _: True)

            history = running.runtime.runners["history"]
            assert "projection history" in await running.runtime.health.troubles()
            assert (told["log"], told["index"]) == (LOG, history.position)
            assert history.position >= position, "nothing of the new stream was taken in"


async def test_a_published_head_that_does_not_come_out_again_stops_the_history() -> None:
    with a_directory() as data, Stack(data, services=()) as own:
        async with inside(own, SERVICE) as running:
            await a_project(running, "o1")
            last = await Stream(running.admin, STREAM).last(execute.SUBJECT.text)
            told = Recorded.of(last) if last else None
            forged = said.CheckpointSigned(log=LOG, size=1, root="00" * 32, note="")
            expect, version = (told.position, told.envelope.version + 1) if told else (0, 1)
            recorded = await say(running.admin, execute.SUBJECT, forged, expect=expect, version=version)

            async with asyncio.timeout(WAIT_SECONDS):
                found = await said_of_the_log(running, said.TamperFound.TYPE, lambda _: True)

            assert "root" in found["found"]
            assert running.runtime.runners["history"].position == recorded.position - 1
            assert "projection history" in await running.runtime.health.troubles()
