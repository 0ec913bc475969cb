"""Signing, proving, raising the alarm and checking: what audit does to the world.

Heads are persisted before anybody sees them, then published as facts. Whoever crashes in between finds the head in
`signed_head` and publishes the same bytes (B06).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.domain import heads, proofs
from audit.domain.check import Fault, Progress, checked, finished
from audit.domain.heads import Head, Signer
from audit.domain.leaves import LOG, STREAM
from audit.store import history as store
from common import clock
from common.db import Database
from common.errors import SERVICE_UNAVAILABLE, Refused, not_found
from common.events import Actor, Event
from common.ids import derived
from common.log import Cause, Conflict, Entry, Log, Recorded, Subject
from common.logs import observe
from common.reader import Reader
from common.sealing import purpose_key
from common.service import Runtime
from common.stream import Stream
from contracts import audit as said
from contracts.names import PLATFORM
from proof import merkle, notes

SUBJECT: Final = Subject(PLATFORM, "audit", "log", "evt")
ACTOR: Final = Actor(type="service", id="audit", via="checkpoint")
CHUNK: Final = 1000


@dataclass(frozen=True)
class Scribe:
    """What it takes to sign the log and to write about it."""

    log: Log
    stream: Stream
    database: Database
    signer: Signer


@dataclass(frozen=True)
class Proven:
    """A record with its path to a signed head."""

    entry: store.Entry
    head: Head
    signed_at: datetime
    hashes: tuple[bytes, ...]
    bundle: dict[str, Any]


def signer(secret_key: bytes) -> Signer:
    """The log's signer. Its key follows from the installation's secret key, so there is nothing to store or ship."""
    private = Ed25519PrivateKey.from_private_bytes(purpose_key(secret_key, f"audit/{LOG}"))
    return Signer(notes.Key(LOG, private.public_key().public_bytes_raw()), private.sign)


def scribe(runtime: Runtime) -> Scribe:
    """What it takes to sign in this process."""
    key = signer(runtime.settings.secret_key)
    return Scribe(runtime.log, Stream(runtime.nats, STREAM), runtime.database, key)


# --- heads --------------------------------------------------------------------------------------------------------


async def sign(scribe: Scribe) -> Head | None:
    """Sign the present size if there is something new in it; the newest head, None while the log is empty."""
    async with scribe.database.transaction() as connection:
        known = await store.newest_head(connection)
        last = known[0] if known else None
        size = await store.size_of(connection)
        since = last.size if last else 0
        if not heads.due(size=size, heads_after=await store.published_after(connection, since), last_size=since):
            return last
        head = scribe.signer.head(size, await store.root_at(connection, size))
        await store.keep_head(connection, head, clock.now())
    return head


async def newest(scribe: Scribe, *, covering: int = 0) -> tuple[Head, datetime]:
    """The newest head and when it was signed; one is signed now if none covers leaf `covering` yet."""
    found = await _stored_head(scribe)
    if found is None or found[0].size <= covering:
        await sign(scribe)
        found = await _stored_head(scribe)
    if found is None or found[0].size <= covering:
        message = f"No signed head covers entry {covering} yet."
        raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a few seconds.", reason="NOT_YET")
    return found


async def _stored_head(scribe: Scribe) -> tuple[Head, datetime] | None:
    async with scribe.database.reading() as connection:
        return await store.newest_head(connection)


async def publish(scribe: Scribe, head: Head) -> Recorded | None:
    """Tell the log about a head, once; None when it has been told already."""
    last = await scribe.stream.last(SUBJECT.text)
    told = Recorded.of(last) if last else None
    if told and told.envelope.type == said.CheckpointSigned.TYPE and int(told.envelope.data["size"]) >= head.size:
        return None
    event = said.CheckpointSigned(log=LOG, size=head.size, root=head.root.hex(), note=head.note)
    return await _say(scribe, event, told, derived("checkpoint", LOG, str(head.size)))


async def alarm(scribe: Scribe, index: int, why: str) -> Recorded | None:
    """Write down that stream and history disagree, as far as the log still takes it."""
    last = await scribe.stream.last(SUBJECT.text)
    told = Recorded.of(last) if last else None
    event = said.TamperFound(log=LOG, index=index, expected=f"the stream as it was read up to {index}", found=why)
    if told and told.envelope.type == event.TYPE and told.envelope.data == event.model_dump(mode="json"):
        return None  # said before a restart
    return await _say(scribe, event, told, derived("tamper", LOG, str(index), why))


async def _say(scribe: Scribe, event: Event, last: Recorded | None, causation: str) -> Recorded | None:
    # The aggregate grows for ever and nothing is decided from its history: its last fact is all that is needed.
    expect, version = (last.position, last.envelope.version) if last else (0, 0)
    try:
        return await scribe.log.append(Entry(SUBJECT, event, expect, version + 1), Cause(ACTOR, causation, causation))
    except Conflict:
        observe("audit.outrun", outcome="conflict", type=event.TYPE)  # another replica said it
        return None


# --- proofs -------------------------------------------------------------------------------------------------------


async def prove(scribe: Scribe, entry: store.Entry) -> Proven:
    """The entry's path to a signed head; one is signed now if none covers it yet."""
    index = entry.record.index
    head, signed_at = await newest(scribe, covering=index)
    async with scribe.database.reading() as connection:
        if await store.size_of(connection) < head.size:
            message = f"The history is being replayed and does not reach {head.size} entries yet."
            raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a few seconds.", reason="NOT_YET")
        ranges = merkle.inclusion_ranges(index, head.size)
        hashes = merkle.hashes_of(ranges, await store.lookup_for(connection, merkle.nodes_of(ranges)))
    document = proofs.bundle(
        leaf=entry.record.leaf,
        event=entry.record.stored.body,
        index=index,
        hashes=hashes,
        head=head,
        key=scribe.signer.key,
    )
    return Proven(entry, head, signed_at, hashes, document)


async def consistency(scribe: Scribe, old: int, new: int) -> tuple[bytes, ...]:
    """The proof that the log of `new` leaves begins with the log of `old`. Refuses sizes the log never had."""
    async with scribe.database.reading() as connection:
        size = await store.size_of(connection)
        if not 0 <= old <= new <= size:
            raise not_found("Range of the log", f"{old}..{new}, the log has {size} entries")
        ranges = merkle.consistency_ranges(old, new)
        return merkle.hashes_of(ranges, await store.lookup_for(connection, merkle.nodes_of(ranges)))


# --- checking -----------------------------------------------------------------------------------------------------


async def fsck(database: Database, reader: Reader | None = None) -> tuple[int, Fault | None]:
    """Derive everything again from the byte copies; how many records are good, and the first fault (B05).

    With `reader`, one of the stream from its beginning, every byte copy is compared with the stream as well.
    """
    async with database.reading() as connection:
        progress = Progress(heads=await store.heads(connection))
        while chunk := await store.records(connection, progress.edge.size, CHUNK):
            tiles = await store.tiles_between(connection, progress.edge.size, progress.edge.size + len(chunk))
            outcome = checked(progress, chunk, tiles)
            if isinstance(outcome, Fault):
                return outcome.index, outcome
            progress = outcome
        fault = finished(progress)
        if fault is None and reader is not None:
            fault = await _same_as_stream(connection, reader, progress.edge.size)
    return (progress.edge.size if fault is None else fault.index), fault


async def _same_as_stream(connection: Any, reader: Reader, size: int) -> Fault | None:
    await reader.open()
    try:
        index = 0
        while index < size:
            messages = [message for message in await reader.batch() if message.position <= size]
            copies = await store.records(connection, index, len(messages)) if messages else []
            if not messages and reader.pending == 0:
                return Fault(index, "stream", f"{size} messages", f"{index} messages")
            for copy, message in zip(copies, messages, strict=True):
                there = (message.position - 1, message.subject, message.body)
                if (copy.index, copy.stored.subject, copy.stored.body) != there:
                    return Fault(copy.index, "stream", copy.stored.body.decode(errors="replace"), repr(there))
            index += len(messages)
    finally:
        await reader.close()
    return None
