"""Every call recorded before it is answered, and sent in sealed batches (DESIGN 6).

`fast`: the record is in the file before the answer leaves; it survives the end of the process. `strict` (prod): the
answer waits until it is on disk. A batch is on disk before it is sent, in either mode.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nats.aio.client import Client

from common import clock
from common.logs import log
from contracts.calls import CallClass
from gateway.domain import batches, journal
from gateway.domain.journal import Place
from gateway.execute.sender import Sender
from gateway.execute.wal import Directory, Journal

Mode = Literal["off", "fast", "strict", "kind"]
"""`kind`: strict for prod, fast elsewhere. The others override it for measurements (MORTISE_METERING)."""
ADOPT_SECONDS: Final = 15.0
"""How often directories of workers that are gone are looked for."""


@dataclass(slots=True)
class Call:
    """What is recorded of one call besides its place. Not frozen: that would double what making one costs.

    Its maker names the members by their order, as they stand here: that is cheaper too.
    """

    outcome: CallClass
    duration_us: int
    bytes_in: int
    bytes_out: int
    credential: str | None = None
    client: str | None = None
    operation: str | None = None
    digest: str | None = None
    """First 16 hex digits of the document's SHA-256."""
    code: str | None = None
    """Why the call was refused or failed: a code that never changes."""


class Meter:
    """The record of this worker's calls."""

    def __init__(self, client: Client, root: Path, mode: Mode) -> None:
        self._client = client
        self._root = root
        self._mode = mode
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._calls = 0
        self._last_ms = 0
        self._stopping = False
        self._left: list[Adoption] = []

    async def start(self) -> None:
        """Take a directory, seal what its last epochs left open, and begin a new one. `run` then sends."""
        directory = Directory.own(self._root)
        self._left = [await adopt(self._client, directory, epoch) for epoch in directory.unsent()]
        self._journal = Journal(directory, directory.begin_epoch())
        self._prefix = f"{directory.gateway}-{self._journal.epoch}-".encode()
        self._sender = Sender(self._client, self._journal, [])

    async def run(self) -> None:
        """Seal in time and send until `stop`; nothing else sends for this epoch."""
        for left in self._left:
            await left.finish()
        while not self._stopping:
            await self._pause()
            if self._journal.open_count or not self._sender.pending:
                self._seal()
            await self._send()
        self._seal(final=True)
        await self._send()
        self._journal.directory.all_sent(self._journal.epoch)

    async def adopt_orphans(self) -> None:
        """From time to time send what workers that are gone have left."""
        while not self._stopping:
            await asyncio.sleep(ADOPT_SECONDS)
            for directory in Directory.orphans(self._root):
                try:
                    for epoch in directory.unsent():
                        await (await adopt(self._client, directory, epoch)).finish()
                finally:
                    directory.release()

    def stop(self) -> None:
        """Ask `run` to seal and send what is recorded, close the epoch and return."""
        self._stopping = True
        self._some.set()
        self._full.set()

    def close(self) -> None:
        """Let others have the directory; whatever was not sent they will send."""
        self._journal.close()
        self._journal.directory.release()

    @property
    def gateway(self) -> str:
        """The name that this worker's calls are stored under."""
        return self._journal.directory.gateway

    def strict(self, kind: str) -> bool:
        """Whether an answer of an environment of this kind waits for the disk."""
        return self._mode == "strict" or (self._mode == "kind" and kind == "prod")

    def record(self, place: Place, call: Call, times: int = 1) -> str | None:
        """Record a call whose outcome is known; its id, None when nothing is metered. `write` must follow.

        With `times` it is a sum of so many calls that ended alike, and the id stands for all of them.

        Raises OSError when it is the last one of a batch, and `write` did so; then no record since the last one counts.
        """
        if self._mode == "off":
            return None
        self._calls += 1
        call_id = b"%b%d" % (self._prefix, self._calls)
        row = journal.row(
            call_id,
            place,
            client=journal.text(call.client),
            credential=journal.text(call.credential),
            outcome=call.outcome,
            at_ms=self._now_ms(),
            duration_us=call.duration_us,
            bytes_in=call.bytes_in,
            bytes_out=call.bytes_out,
            operation=journal.text(call.operation),
            digest=journal.text(call.digest),
            code=journal.text(call.code),
        )
        self._journal.append(row if times == 1 else journal.repeated(row, times))
        if self._journal.open_count >= batches.CALLS_MAX:
            self.write()
        return call_id.decode()

    def write(self) -> None:
        """Write what was recorded: it survives the end of this process. Raises OSError when it will not."""
        if self._mode == "off":
            return
        journal_ = self._journal
        try:
            journal_.write()
        except OSError:
            journal_.forget()
            raise
        if journal_.open_count >= batches.CALLS_MAX:
            self._seal()
            self._full.set()
        if not self._some.is_set():
            self._some.set()

    def on_disk(self) -> asyncio.Future[None]:
        """Completes when all that was written so far would survive a power loss. Fails with OSError if it would not."""
        if self._mode == "off":
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        # Others wait for the same fsync: one caller who goes away must not cancel it.
        return asyncio.shield(self._journal.syncing.done())

    def _now_ms(self) -> int:
        """Milliseconds since the epoch that never go back, so that a watermark stays true when the clock is set."""
        self._last_ms = max(self._last_ms, clock.milliseconds())
        return self._last_ms

    def _seal(self, *, final: bool = False) -> None:
        self._sender.pending.append(self._journal.seal(watermark_ms=self._now_ms(), final=final))

    async def _pause(self) -> None:
        """Until calls have waited long enough, or fill a batch, or nothing came for so long that a watermark is due."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), batches.WATERMARK_SECONDS)
            await asyncio.wait_for(self._full.wait(), batches.FLUSH_SECONDS)
        if not self._stopping:
            self._some.clear()
            self._full.clear()

    async def _send(self) -> None:
        await asyncio.shield(self._journal.syncing.done())
        await self._sender.send_all()
        self._journal.directory.sweep(before=(self._journal.epoch, self._journal.segment))


class Adoption:
    """An epoch that was left: what was sealed is sent as it is, the rest is sealed, the epoch is closed.

    The chain fences off whoever left it: the first batch sent for him moves his subject on, so a batch of his that is
    still on its way, or of a worker that is believed dead and is not, expects a sequence that is no longer the last.
    """

    def __init__(self, journal_: Journal, sender: Sender) -> None:
        self._journal = journal_
        self._sender = sender

    async def finish(self) -> None:
        """Store every batch of the epoch that the stream does not hold."""
        await asyncio.shield(self._journal.syncing.done())
        await self._sender.send_all()
        directory, epoch = self._journal.directory, self._journal.epoch
        directory.all_sent(epoch)
        directory.sweep(before=(epoch + 1, 0))
        self._journal.close()
        log.info("gateway.adopted", gateway=directory.gateway, epoch=epoch, batches=self._journal.number)


async def adopt(client: Client, directory: Directory, epoch: int) -> Adoption:
    """Take over an epoch of a locked directory that still has segments."""
    found = await asyncio.to_thread(directory.recovered, epoch)
    if found.damaged:
        log.error("gateway.wal", outcome="damaged", gateway=directory.gateway, epoch=epoch, segments=found.damaged)
    left = Journal(directory, epoch, found)
    if not found.closed:
        found.seals.append(left.seal(watermark_ms=clock.milliseconds(), final=True))
    return Adoption(left, Sender(client, left, found.seals))
