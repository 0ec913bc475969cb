"""Append facts to the event log and load the history of an aggregate (DESIGN 2.1-2.4).

The stream is the judge: every append names the last message it knows of its subject, so of two writers one loses. A
message is sent again with the same id until the log has answered, and a refusal is first compared with our own id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from nats.aio.client import Client

from common import clock, facts, metrics, tracing
from common.claims import NameClaimed, NameReleased
from common.events import AUTH_TYPES, Actor, Change, Envelope, Event, schema_uri
from common.stream import REPLY_SECONDS, ApiError, Message, Stream, Unavailable, checked, patiently

STREAM: Final = "EVT"
WRONG_SEQUENCE: Final = 10071
ALREADY_STORED: Final = 10201
BATCH_GONE: Final = 10176
TOO_MANY_BATCHES: Final = 10210
BATCHES_AT_ONCE: Final = 8
"""A server holds 50 open batches of a stream; every process stays well below its share."""

BatchUse = Literal["claim+fact", "rename", "invoice+number"]


@dataclass(frozen=True)
class Subject:
    """The identity of an aggregate in the log."""

    org: str
    context: str
    aggregate: str
    id: str

    def __post_init__(self) -> None:
        """Raises ValueError for a part that NATS would not read as one token."""
        for part in (self.org, self.context, self.aggregate, self.id):
            if not facts.TOKEN.fullmatch(part):
                message = f"not one token of a subject: {part!r}"
                raise ValueError(message)

    @property
    def text(self) -> str:
        """The NATS subject `evt.<org>.<context>.<aggregate>.<id>`."""
        return f"evt.{self.org}.{self.context}.{self.aggregate}.{self.id}"

    @property
    def name(self) -> str:
        """The envelope's subject `<context>.<aggregate>.<id>`."""
        return f"{self.context}.{self.aggregate}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Subject:
        """The subject of a stored message. Raises ValueError when it is none of the event log."""
        parts = text.split(".")
        if len(parts) != 5 or parts[0] != "evt":  # noqa: PLR2004 - evt, org, context, aggregate, id
            message = f"not a subject of the event log: {text!r}"
            raise ValueError(message)
        return cls(*parts[1:])


@dataclass(frozen=True)
class Recorded:
    """A fact as it is stored; `position` is its place in the whole log."""

    position: int
    envelope: Envelope
    body: bytes

    @classmethod
    def of(cls, message: Message) -> Recorded:
        """Raises ValueError when the bytes are no envelope."""
        return cls(message.position, Envelope.decode(message.body), message.body)


@dataclass(frozen=True)
class History:
    """All facts of one aggregate in order of acceptance."""

    events: tuple[Recorded, ...] = ()

    @property
    def position(self) -> int:
        """Position of the last fact: what the next append expects. 0 if there is none."""
        return self.events[-1].position if self.events else 0

    @property
    def version(self) -> int:
        """Version of the aggregate, 0 if it does not exist."""
        return self.events[-1].envelope.version if self.events else 0


@dataclass(frozen=True)
class Cause:
    """Why something is written: who did it and what it follows from."""

    actor: Actor
    causation_id: str
    """Id of the command or event."""
    correlation_id: str
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Entry:
    """One fact to append: where, after which position, as which version."""

    subject: Subject
    event: Event
    expect: int
    version: int
    changes: Mapping[str, Change] = field(default_factory=dict)


class Conflict(Exception):  # noqa: N818 - the name callers catch
    """Somebody else appended first."""


class Log:
    """The event log as one service writes it. `source` is the service's name."""

    def __init__(self, client: Client, source: str) -> None:
        self._client = client
        self._source = f"/{source}"
        self._stream = Stream(client, STREAM)
        self._batches = asyncio.Semaphore(BATCHES_AT_ONCE)
        self._copies: int | None = None
        """How many servers hold the log; None until it was asked."""

    async def load(self, subject: Subject) -> History:
        """The history of an aggregate; empty when it does not exist. Raises RuntimeError when a version is missing."""
        events = tuple(Recorded.of(message) for message in await self._newest(subject.text))
        for number, recorded in enumerate(events, start=1):
            if recorded.envelope.version != number:
                message = f"{subject.text}: version {number} is missing before position {recorded.position}"
                raise RuntimeError(message)
        return History(events)

    async def _newest(self, subject: str) -> list[Message]:
        """All messages of a subject, those too that a server which follows another may not have yet.

        Pages come from any server that holds a copy; only the leader knows which message is the last.
        """
        if self._copies is None:
            self._copies = (await self._stream.info()).replicas
        if self._copies == 1:
            return await self._stream.history(subject)
        found, last = await asyncio.gather(self._stream.history(subject), self._stream.last(subject))
        while last is not None and (not found or found[-1].position < last.position):
            missing = await self._stream.after(subject, found[-1].position if found else 0)
            if missing is None:
                break
            found.append(missing)
        return found

    async def last_position(self) -> int:
        """Position of the newest fact of the whole log."""
        return (await self._stream.info()).last

    async def append(self, entry: Entry, cause: Cause) -> Recorded:
        """Store one fact exactly once.

        Raises Conflict when the aggregate has moved on, Refused BAD_USER_INPUT when the fact is too large,
        SERVICE_UNAVAILABLE when the log did not answer for 15 s (the fact may be stored all the same).
        """
        told = {"event.type": type(entry.event).TYPE}
        with tracing.span("append", told, kind=tracing.PRODUCER, parent=cause.traceparent) as span:
            stored = await self._append(entry, replace(cause, traceparent=span.onward(cause.traceparent)))
            span.tell({"event.id": stored.envelope.id, "event.position": stored.position})
        return stored

    async def _append(self, entry: Entry, cause: Cause) -> Recorded:
        envelope, body = self._written(entry, cause)
        headers = {"Nats-Msg-Id": envelope.id, "Nats-Expected-Last-Subject-Sequence": str(entry.expect)}

        async def once() -> int:
            reply = await self._client.request(entry.subject.text, body, timeout=REPLY_SECONDS, headers=headers)
            return int(checked(reply.data)["seq"])

        try:
            position = await patiently(once, again=metrics.RETRIES.labels(entry.subject.context).inc)
        except ApiError as error:
            if error.code != WRONG_SEQUENCE:
                raise
            # The refusal may be of our own second sending: what follows the expected message decides (STACK 3.1).
            winner = await self._stream.after(entry.subject.text, entry.expect)
            if winner is None or winner.id != envelope.id:
                metrics.CONFLICTS.labels(entry.subject.context).inc()
                raise Conflict(entry.subject.text) from None
            position = winner.position
        return Recorded(position, envelope, body)

    async def append_batch(self, entries: Sequence[Entry], cause: Cause, *, use: BatchUse) -> tuple[Recorded, ...]:
        """Store several facts of different aggregates, all or none. Errors as for `append`.

        Only for the closed list of uses (DESIGN 2.2): a single server does some 350 batches a second.
        """
        _fits(entries, use)
        told = {"event.type": type(entries[-1].event).TYPE, "batch.use": use}
        with tracing.span("append", told, kind=tracing.PRODUCER, parent=cause.traceparent) as span:
            onward = replace(cause, traceparent=span.onward(cause.traceparent))
            stored = await self._append_batch(entries, onward)
            span.tell({"event.id": stored[-1].envelope.id, "event.position": stored[-1].position})
        return stored

    async def _append_batch(self, entries: Sequence[Entry], cause: Cause) -> tuple[Recorded, ...]:
        written = [self._written(entry, cause) for entry in entries]
        async with self._batches:
            try:
                last = await patiently(
                    lambda: self._send_batch(entries, written),
                    again=metrics.RETRIES.labels(entries[0].subject.context).inc,
                )
                positions = [last - len(entries) + 1 + number for number in range(len(entries))]
            except ApiError as error:
                if error.code not in {WRONG_SEQUENCE, ALREADY_STORED}:
                    raise
                positions = await self._stored(entries, written)
        stored = zip(positions, written, strict=True)
        return tuple(Recorded(position, envelope, body) for position, (envelope, body) in stored)

    async def _send_batch(self, entries: Sequence[Entry], written: Sequence[tuple[Envelope, bytes]]) -> int:
        batch = clock.new_id()
        last = len(entries)
        for number, (entry, (envelope, body)) in enumerate(zip(entries, written, strict=True), start=1):
            headers = {
                "Nats-Batch-Id": batch,
                "Nats-Batch-Sequence": str(number),
                "Nats-Msg-Id": envelope.id,
                "Nats-Expected-Last-Subject-Sequence": str(entry.expect),
            }
            if number < last:
                await self._client.publish(entry.subject.text, body, headers=headers)
                continue
            headers["Nats-Batch-Commit"] = "1"
            reply = await self._client.request(entry.subject.text, body, timeout=REPLY_SECONDS, headers=headers)
            try:
                return int(checked(reply.data)["seq"])
            except ApiError as error:
                if error.code in {BATCH_GONE, TOO_MANY_BATCHES}:
                    raise Unavailable(error.description) from error
                raise
        message = "a batch has at least one entry"
        raise AssertionError(message)

    async def _stored(self, entries: Sequence[Entry], written: Sequence[tuple[Envelope, bytes]]) -> list[int]:
        """Where an earlier sending of this batch lies. Raises Conflict when it never was stored."""
        found: list[int] = []
        for entry, (envelope, _) in zip(entries, written, strict=True):
            winner = await self._stream.after(entry.subject.text, entry.expect)
            if winner is not None and winner.id == envelope.id:
                found.append(winner.position)
        if not found:
            metrics.CONFLICTS.labels(entries[0].subject.context).inc()
            raise Conflict(", ".join(entry.subject.text for entry in entries))
        assert len(found) == len(entries), "a batch is stored whole or not at all"
        return found

    def _written(self, entry: Entry, cause: Cause) -> tuple[Envelope, bytes]:
        """The envelope and its bytes, made once, so that every sending is the same message."""
        at = clock.text(clock.now())
        envelope = Envelope(
            id=clock.new_id(),
            type=type(entry.event).TYPE,
            source=self._source,
            subject=entry.subject.name,
            time=at,
            recordedtime=at,
            sequence=f"{entry.version:012d}",
            org=entry.subject.org,
            dataschema=schema_uri(type(entry.event)),
            actor=cause.actor,
            authtype=AUTH_TYPES[cause.actor.type],
            authid=cause.actor.id,
            correlationid=cause.correlation_id,
            causationid=cause.causation_id,
            requestid=cause.request_id,
            traceparent=cause.traceparent,
            changes=dict(entry.changes),
            data=entry.event.model_dump(mode="json"),
        )
        facts.check(envelope, entry.event, entry.expect)
        return envelope, facts.encoded(envelope)


def _fits(entries: Sequence[Entry], use: BatchUse) -> None:
    assert use in get_args(BatchUse), "batches have a closed list of uses"
    assert len({entry.subject.text for entry in entries}) == len(entries), "one message per aggregate in a batch"
    claims = sum(isinstance(entry.event, NameClaimed) for entry in entries)
    releases = sum(isinstance(entry.event, NameReleased) for entry in entries)
    facts = len(entries) - claims - releases
    fits = {
        "claim+fact": facts == 1 and claims + releases >= 1 and not (claims and releases),
        "rename": facts == 1 and claims >= 1 and releases >= 1,
        "invoice+number": len(entries) == facts == 2,  # noqa: PLR2004 - the invoice and its number
    }
    assert fits[use], f"{claims} claims, {releases} releases and {facts} facts are no {use!r}"
