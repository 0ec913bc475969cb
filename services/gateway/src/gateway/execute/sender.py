"""Sealed batches of one epoch on their way into the stream, each exactly once (MA 5.2)."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Final
from weakref import WeakSet

import orjson
from nats.aio.client import Client

from common.errors import Refused
from common.log import WRONG_SEQUENCE
from common.logs import log
from common.stream import REPLY_SECONDS, TRANSIENT, ApiError, Stream, Unavailable, checked
from gateway.domain import batches
from gateway.domain.batches import Chain
from gateway.domain.journal import Seal
from gateway.execute.wal import Journal

STREAM: Final = "CALLS"
_PAUSE_SECONDS: Final = 0.05
_PAUSE_SECONDS_MAX: Final = 2.0
_senders: Final[WeakSet[Sender]] = WeakSet()
"""Those of this process: its own calls, and those it has taken over."""


def guarded() -> bool:
    """Whether batches carry the chain header.

    MORTISE_BATCH_GUARD=off exists for one purpose: the control run of the kill test, which must then fail.
    """
    return os.environ.get("MORTISE_BATCH_GUARD", "on") != "off"


class Sender:
    """Sends the batches of a journal in order. `chain` is None when the stream must be asked how far it is."""

    def __init__(self, client: Client, journal: Journal, pending: list[Seal]) -> None:
        self._client = client
        self._journal = journal
        self._subject = batches.subject(journal.directory.gateway, journal.epoch)
        self._guard = guarded()
        self.pending: deque[Seal] = deque(pending)
        self.chain: Chain | None = None if self._guard else Chain()
        _senders.add(self)

    @property
    def unsent(self) -> int:
        """Calls of the journal that the stream is not known to hold."""
        return self._journal.open_count + sum([seal.count for seal in self.pending])

    @property
    def waiting_since_ms(self) -> int | None:
        """When the batch was sealed that has waited longest; milliseconds since the epoch."""
        return self.pending[0].watermark_ms if self.pending else None

    async def send_all(self) -> None:
        """Store all pending batches, however long the stream cannot be reached."""
        pause = _PAUSE_SECONDS
        while self.pending:
            try:
                await self._next()
                pause = _PAUSE_SECONDS
            except (*TRANSIENT, ApiError, Unavailable, Refused) as problem:
                # The batch may be stored: the stream is asked before anything is sent again.
                self.chain = None if self._guard else self.chain
                log.warning("gateway.batch", outcome="delayed", subject=self._subject, problem=repr(problem))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PAUSE_SECONDS_MAX)

    async def _next(self) -> None:
        if self.chain is None:
            self.chain = await self._stored()
        seal = self.pending[0]
        if not self.chain.holds(seal.number):
            self.chain = await self._send(seal, self.chain)
        if self.chain is not None and self.chain.holds(seal.number):
            self.pending.popleft()

    async def _send(self, seal: Seal, chain: Chain) -> Chain | None:
        headers = {"Nats-Expected-Last-Subject-Sequence": str(chain.sequence)} if self._guard else None
        message = self._journal.message(seal)
        reply = await self._client.request(self._subject, message, timeout=REPLY_SECONDS, headers=headers)
        try:
            return chain.grown(seal.number, int(checked(reply.data)["seq"]))
        except ApiError as problem:
            if problem.code != WRONG_SEQUENCE:
                raise
            # Our own earlier copy, or one of the worker that left these calls: what is stored says which.
            return None

    async def _stored(self) -> Chain:
        last = await Stream(self._client, STREAM).last(self._subject)
        return Chain() if last is None else Chain(int(orjson.loads(last.body)["number"]), last.position)


def unsent_calls() -> int:
    """Calls that this process has recorded or taken over, and that the stream is not known to hold."""
    return sum([sender.unsent for sender in _senders])


def waiting_since_ms() -> int | None:
    """When the batch of this process was sealed that has waited longest; None when none waits."""
    return min([since for sender in _senders if (since := sender.waiting_since_ms) is not None], default=None)
