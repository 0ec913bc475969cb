"""`GET /events`: events as they happen, as server-sent events, or over a WebSocket when the request is an upgrade.

A caller is told everything that he may read behind his cursor, in order, each once; with what he got last he goes on
after any interruption. Whoever takes nothing for half a minute is cut off and goes on from there when he likes.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from common import clock
from common.errors import UNAUTHENTICATED, Refused
from common.log import Log
from common.logs import observe
from common.sealing import purpose_key
from contracts.access import Principal
from gateway.api import events_socket, http
from gateway.api.http import POSITION, Asked, Reply, Send
from gateway.domain import subscribing, subscribing_tickets
from gateway.domain.admission import control_credential
from gateway.domain.subscribing import Fact, Wanted
from gateway.execute.feed_readers import EventReader, Readers
from gateway.execute.lookup import Lookup

PATH: Final = "/events"
TICKETS: Final = "/events/tickets"
BEAT_SECONDS: Final = 15.0
"""How often a reader hears something when there is nothing to tell."""
STALL_SECONDS: Final = 30.0
"""Whoever takes nothing for so long is cut off."""
CLOSE_SECONDS: Final = 3.0
RETRY_MS: Final = 1000
"""After how long a browser connects again by itself."""
DONE: Final = {"reason": "DONE", "message": "This was all up to the end of the log."}


class Events:
    """The doors `/events` and `/events/tickets`."""

    def __init__(
        self,
        readers: Readers,
        lookup: Lookup,
        log_: Log,
        secret_key: bytes,
        *,
        beat_seconds: float = BEAT_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._readers = readers
        self._lookup = lookup
        self._log = log_
        self._key = purpose_key(secret_key, "event ticket")
        self._beat = beat_seconds
        self._stall = stall_seconds
        self.connections: set[Any] = set()
        """Transports of all readers."""

    async def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.path == TICKETS:
            return await self._ticket(asked) if asked.method == "POST" else http.method_not_allowed(asked, "POST")
        if asked.method != "GET":
            return http.method_not_allowed(asked, "GET")
        await self._lookup.wait_for(http.position_of(asked))
        hashed = await self._credential(asked)
        wanted = subscribing.wanted(_query(asked), asked.header("last-event-id"))
        last = await self._last(wanted)
        socket = events_socket.is_asked_for(asked.request)
        reader = await self._readers.admit(hashed, wanted, last)
        if socket:
            return await self._talk(asked, reader)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", POSITION: str(reader.cursor)}
        stream = functools.partial(self._stream, asked, reader)
        return Reply(b"", content_type="text/event-stream; charset=utf-8", headers=headers, stream=stream)

    async def close(self) -> None:
        """Tell all readers to connect again, and cut off those who do not listen."""
        await self._readers.close(CLOSE_SECONDS)
        for transport in list(self.connections):
            transport.abort()

    # --- who ----------------------------------------------------------------------------------------------------------

    async def _credential(self, asked: Asked) -> str:
        """The keyed hash of what the caller shows. Raises Refused UNAUTHENTICATED when that opens nothing."""
        secret, ticket = control_credential(asked.header("authorization")), asked.query.get("ticket")
        if secret is None and ticket is not None:
            hashed = subscribing_tickets.credential(self._key, ticket, clock.milliseconds())
            if hashed is None:
                raise Refused(
                    UNAUTHENTICATED,
                    "The ticket is not valid.",
                    "It may be over: POST /events/tickets gives another one.",
                    reason="TICKET_ENDED",
                )
            return hashed
        if secret is None:
            subscribing.signed_in(None)
        return await self._known(secret or "")

    async def _known(self, secret: str) -> str:
        holder = await self._lookup.holder(secret)
        if not isinstance(holder, Principal):
            raise Refused(
                UNAUTHENTICATED,
                "The token is not valid.",
                "It may be mistyped, expired or revoked; keys open no events.",
            )
        self._lookup.accepted(holder)
        return self._lookup.hashed(secret)

    async def _ticket(self, asked: Asked) -> Reply:
        secret = control_credential(asked.header("authorization"))
        if secret is None:
            subscribing.signed_in(None)
        hashed = await self._known(secret or "")
        until = clock.milliseconds() + subscribing_tickets.LIFE_MS
        ticket = subscribing_tickets.ticket(self._key, hashed, until)
        expires = clock.text(datetime.fromtimestamp(until / 1000, UTC))
        return Reply(orjson.dumps({"ticket": ticket, "expiresAt": expires}), headers={"Cache-Control": "no-store"})

    async def _last(self, wanted: Wanted) -> int:
        """Where the log ends; the log itself is asked only if it matters."""
        known = self._lookup.directory.position
        if wanted.follow and wanted.after is not None and wanted.after <= known:
            return known
        return await self._log.last_position()

    # --- telling ------------------------------------------------------------------------------------------------------

    async def _stream(self, asked: Asked, reader: EventReader, send: Send) -> None:
        """Tell by server-sent events until there is nothing more to tell, or nobody to tell it to."""

        async def patiently(piece: bytes) -> None:
            async with asyncio.timeout(self._stall):
                await send(piece)

        with self._counted(asked, reader):
            await patiently(b"retry: %d\nid: %d\n\n" % (RETRY_MS, reader.cursor))
            try:
                while (facts := await reader.batch(self._beat)) is not None:
                    await patiently(b"".join(map(_frame, facts)) or b": beat\nid: %d\n\n" % reader.cursor)
                await patiently(_last_words(DONE))
            except Refused as refusal:
                await patiently(_last_words(events_socket.told(refusal)))

    async def _talk(self, asked: Asked, reader: EventReader) -> Reply:
        """Tell over a WebSocket, from the handshake to the end."""
        with self._counted(asked, reader):
            response = await events_socket.conversation(asked.request, reader, beat=self._beat, stall=self._stall)
        return Reply(b"", whole=response)

    @contextmanager
    def _counted(self, asked: Asked, reader: EventReader) -> Iterator[None]:
        transport, began, start = asked.request.transport, time.perf_counter(), reader.cursor
        if transport is not None:
            self.connections.add(transport)
        try:
            yield
        finally:
            self._readers.leave(reader)
            self.connections.discard(transport)
            took = (time.perf_counter() - began) * 1000
            person, end = reader.person, reader.cursor
            observe("gateway.events", took_ms=took, request=asked.request_id, user=person, start=start, end=end)


def _query(asked: Asked) -> Mapping[str, Sequence[str]]:
    given = asked.request.query
    return {name: given.getall(name) for name in given}


def _frame(fact: Fact) -> bytes:
    """One event. It has no name of its own, so that a browser's `onmessage` hears every type."""
    return b"id: %d\ndata: %b\n\n" % (fact.position, b"\ndata: ".join(fact.body.splitlines()))


def _last_words(said: Mapping[str, Any]) -> bytes:
    return b"event: end\ndata: %b\n\n" % orjson.dumps(dict(said))
