"""Streams copied out and in with their sequence numbers: the event log message by message, the others by the server.

JetStream's own snapshot is taken while others write: it holds at least what its state says, and maybe a little more.
That is good enough for streams that nothing else must fit to. The event log is read up to one position exactly, and
stored again with that position as the expectation of every message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from common.backup.files import Sink
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.stream import ApiError, Message, Stream, Unavailable, api, checked, patiently

CHUNK_BYTES: Final = 256 * 1024
SILENCE_SECONDS: Final = 20.0
WINDOW: Final = 256
"""Messages on their way into a stream at once."""
NOT_BACKED_UP: Final = frozenset({"DOCUMENTS", "KV_API", "LOGS"})
"""What services say anew when they start or are called, and what audit writes again from what is backed up."""
BATCH: Final = "Nats-Batch-Id"
COMMIT: Final = "Nats-Batch-Commit"


@dataclass(frozen=True)
class Taken:
    """A stream as it was when its snapshot began."""

    config: dict[str, Any]
    state: dict[str, Any]


async def names(client: Client) -> list[str]:
    """All streams of the account."""
    found: list[str] = []
    while True:
        answer = await api(client, "$JS.API.STREAM.NAMES", {"offset": len(found)})
        page = answer.get("streams") or []
        found += page
        if not page or len(found) >= int(answer["total"]):
            return sorted(found)


async def taken(client: Client, name: str) -> Taken:
    """Configuration and state of a stream."""
    answer = await api(client, f"$JS.API.STREAM.INFO.{name}", {})
    return Taken(answer["config"], answer["state"])


# --- snapshots ----------------------------------------------------------------------------------------------------


async def snapshot(client: Client, name: str, sink: Sink) -> Taken:
    """A stream as its server packs it; consumers are left out, for readers keep their place elsewhere."""
    inbox = client.new_inbox()
    replies = await client.subscribe(inbox, pending_bytes_limit=0)
    try:
        ask = {"deliver_subject": inbox, "no_consumers": True, "chunk_size": CHUNK_BYTES}
        answer = await api(client, f"$JS.API.STREAM.SNAPSHOT.{name}", ask)
        while chunk := await _chunk(name, replies.next_msg(timeout=SILENCE_SECONDS)):
            sink.write(chunk.data)
            if chunk.reply:  # what is not acknowledged holds the server back: memory stays bounded
                await client.publish(chunk.reply, b"")
    finally:
        await replies.unsubscribe()
    return Taken(answer["config"], answer["state"])


async def restore(client: Client, name: str, held: Taken, file: Path) -> Taken:
    """An empty stream replaced by a snapshot; as it stands now. Raises Refused when the server does not take it."""
    here = await taken(client, name) if name in await names(client) else None
    config = held.config
    if here is not None:
        assert not int(here.state["last_seq"]), "only an empty stream is replaced"
        config = {**config, "num_replicas": here.config["num_replicas"]}
        await api(client, f"$JS.API.STREAM.DELETE.{name}", {})
    answer = await api(client, f"$JS.API.STREAM.RESTORE.{name}", {"config": config, "state": held.state})
    where = answer["deliver_subject"]
    with file.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            await _given(client, name, where, chunk)
    stored = await _given(client, name, where, b"")
    return Taken(stored["config"], stored["state"])


async def _chunk(name: str, arriving: Any) -> Msg | None:
    """The next piece; None after the last."""
    try:
        message: Msg = await arriving
    except nats.errors.TimeoutError:
        raise _broken(f"The snapshot of {name} stopped.") from None
    status = (message.headers or {}).get("Status", "204")
    if status != "204":
        raise _broken(f"The snapshot of {name} stopped: {(message.headers or {}).get('Description', status)}.")
    return message if message.data else None


async def _given(client: Client, name: str, where: str, chunk: bytes) -> dict[str, Any]:
    try:
        reply = await client.request(where, chunk, timeout=SILENCE_SECONDS)
        return checked(reply.data) if reply.data else {}
    except (ApiError, nats.errors.Error, TimeoutError) as error:
        raise _broken(f"The stream {name} could not be restored: {error}.") from error


def _broken(message: str) -> Refused:
    return Refused(SERVICE_UNAVAILABLE, message, "Look into the log of nats-server, then begin again.")


# --- the event log ------------------------------------------------------------------------------------------------


async def whole(client: Client, name: str) -> int:
    """The last position of the stream that ends no atomic batch in its middle."""
    position = (await Stream(client, name).info()).last
    while position and await goes_on(client, name, position):
        position += 1
    return position


async def goes_on(client: Client, name: str, position: int) -> bool:
    """Whether an atomic batch goes on behind this message: a log that ends here would hold half of it."""

    async def once() -> Msg:
        return await client.request(f"$JS.API.DIRECT.GET.{name}", orjson.dumps({"seq": position}), timeout=2)

    headers = (await patiently(once)).headers or {}
    return BATCH in headers and COMMIT not in headers


async def last_of(client: Client, name: str, subject: str) -> int:
    """Position of the last message of a subject, which may have wildcards; 0 when there is none."""
    found = await Stream(client, name).last(subject)
    return found.position if found else 0


async def between(client: Client, name: str, after: int, until: int) -> AsyncIterator[list[Message]]:
    """The messages behind `after` up to `until`, in pages, without a gap. Raises Refused where one is missing."""
    stream = Stream(client, name)
    while after < until:
        here = after
        page = [each for each in await _page(stream, here) if each.position <= until]
        positions = [each.position for each in page]
        if positions != list(range(after + 1, after + 1 + len(page))) or not page:
            raise _broken(f"Position {after + 1} of {name} is missing: it cannot be backed up.")
        after = positions[-1]
        yield page


async def _page(stream: Stream, after: int) -> list[Message]:
    async def once() -> list[Message]:
        messages = await stream.page(">", after)
        if not messages:
            raise Unavailable(f"a copy of {stream.name} that lags behind was asked")
        return messages

    return await patiently(once)


async def refill(client: Client, name: str, messages: AsyncIterator[Message], *, after: int = 0) -> int:
    """Store messages behind position `after`, each at the position it had; the last position.

    Raises Refused when the stream does not take one at its place: then somebody else writes to it.
    """
    sending: deque[asyncio.Task[None]] = deque()
    last = after
    try:
        async for message in messages:
            sending.append(asyncio.create_task(_stored(client, name, message)))
            last = message.position
            if len(sending) >= WINDOW:
                await sending.popleft()
        while sending:
            await sending.popleft()
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
    return last


async def _stored(client: Client, name: str, message: Message) -> None:
    headers = {"Nats-Expected-Last-Sequence": str(message.position - 1), "Nats-Expected-Stream": name}
    if message.id:
        headers["Nats-Msg-Id"] = message.id
    try:
        reply = await client.request(message.subject, message.body, timeout=SILENCE_SECONDS, headers=headers)
        position = int(checked(reply.data)["seq"])
    except (ApiError, nats.errors.Error, TimeoutError) as error:
        raise _broken(f"Position {message.position} of {name} could not be stored: {error}.") from error
    if position != message.position:
        raise _broken(f"Position {message.position} of {name} was stored at {position}: {message.id} is in it twice.")
