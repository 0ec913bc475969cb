"""Writes the lines of the log, each exactly once, from what gateways recorded and what became of deployments.

Both sources are streams that a projection follows; its read model is stream LOGS. Every message says how far its source
had been read and is appended behind the one that was last of its subject: whoever comes again, after a crash or from
the beginning, finds what is there and leaves it, and of two writers one is refused and looks again (MA 5.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.domain import lines
from audit.domain.lines import Draft, Environment
from common import clock
from common.events import Event
from common.log import WRONG_SEQUENCE, Recorded
from common.readmodel import Projection
from common.stream import REPLY_SECONDS, ApiError, Message, Stream, checked, patiently
from contracts import loglines, provisioner, quotas
from contracts.loglines import STREAM, Sheet
from contracts.quotas import Quota

SENDING_MAX: Final = 32
"""Messages on their way into the stream at once."""
TAILS_MAX: Final = 10_000
"""Subjects whose last message is remembered."""
LINGER_SECONDS: Final = 0.5
"""So long calls may wait for others of their environment."""
FACTS: Final[tuple[type[Event], ...]] = (
    provisioner.MigrationPlanned,
    provisioner.EnvironmentReady,
    provisioner.DeploymentFailed,
    provisioner.EnvironmentRemoved,
)
OTHER_FACTS: Final = frozenset(
    event.TYPE
    for event in vars(provisioner).values()
    if isinstance(event, type) and issubclass(event, Event) and event is not Event and event not in FACTS
)


class Tail(NamedTuple):
    """The last message of a subject: its position in LOGS, and up to where its source is in it; 0 and 0 for none."""

    position: int = 0
    through: int = 0


class Moved(Exception):  # noqa: N818 - a state of the world
    """Another message is the last of its subject, or none any more."""


class Writer:
    """Appends to LOGS. The quota of an environment's kind says how long its lines stay."""

    def __init__(self, client: Client, table: Mapping[str, Quota] = quotas.DEFAULTS) -> None:
        self._client = client
        self._stream = Stream(client, STREAM)
        self._table = table
        self._longest_ms = max(loglines.retention(kind, table) for kind in table) * 1000
        self._tails: dict[str, Tail] = {}
        self._sending = asyncio.Semaphore(SENDING_MAX)

    async def calls(self, _: AsyncConnection, messages: Sequence[Message]) -> None:
        """Lines of sealed batches. Raises ValueError for a message that is none."""
        oldest_ms = clock.milliseconds() - self._longest_ms
        drafts: dict[str, Draft] = {}
        for message in messages:
            newest_ms = lines.watermark_ms(message.body)
            if newest_ms < oldest_ms or b'"calls":[]' in message.body[:200]:
                continue
            for one in lines.of_batch(message.body):
                draft = drafts.get(one.place.environment)
                if draft is None or draft.full:
                    if draft is not None:
                        await self._append(draft)
                    draft = drafts[one.place.environment] = Draft(one.place, "calls")
                draft.add(message.position, one.text, newest_ms)
            # A batch takes half a millisecond; whoever asks something meanwhile must not wait for hundreds of them.
            await asyncio.sleep(0)
        # All are waited for, and then the first trouble is told as it is: its kind says whether to try again.
        for outcome in await asyncio.gather(*map(self._in_turn, drafts.values()), return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def fact(self, _: AsyncConnection, recorded: Recorded, event: Event) -> None:
        """The line of a fact about an environment."""
        assert isinstance(event, Environment), "the only types this projection acts on"
        at_ms = round(clock.parse(recorded.envelope.time).timestamp() * 1000)
        one = lines.of_fact(recorded.envelope.id, at_ms, recorded.envelope.org, event)
        draft = Draft(one.place, "deployments")
        draft.add(recorded.position, one.text, at_ms)
        await self._append(draft)

    async def _in_turn(self, draft: Draft) -> None:
        async with self._sending:
            await self._append(draft)

    async def _append(self, draft: Draft) -> None:
        """Store what of the draft is not there yet and not too old."""
        subject = draft.subject
        while True:
            tail = self._tails.pop(subject, None) or await self._tail(subject)
            rest = draft.behind(tail.through)
            now_ms = clock.milliseconds()
            age = max(0, now_ms - draft.newest_ms) // 1000
            seconds = loglines.retention(draft.place.kind, self._table) - age
            if rest is None or seconds < 1:
                break
            through, array = rest
            sheet = Sheet(tail.position, through, max(now_ms, draft.newest_ms), draft.place, [])
            try:
                tail = Tail(await self._send(subject, loglines.written(sheet, array), tail, seconds), through)
            except Moved:
                continue
            break
        if len(self._tails) >= TAILS_MAX:
            self._tails.clear()
        self._tails[subject] = tail

    async def _send(self, subject: str, body: bytes, tail: Tail, seconds: int) -> int:
        """The position of the new message. Raises Moved, also when it may be our own that was not acknowledged."""
        headers = {"Nats-Expected-Last-Subject-Sequence": str(tail.position), "Nats-TTL": f"{seconds}s"}

        async def once() -> int:
            reply = await self._client.request(subject, body, timeout=REPLY_SECONDS, headers=headers)
            return int(checked(reply.data)["seq"])

        try:
            return await patiently(once)
        except ApiError as error:
            if error.code != WRONG_SEQUENCE:
                raise
            raise Moved from None

    async def _tail(self, subject: str) -> Tail:
        last = await self._stream.last(subject)
        return Tail() if last is None else Tail(last.position, loglines.read(last.body).through)


def projections(writer: Writer) -> tuple[Projection, ...]:
    """What writes lines: one follows CALLS, one the facts about environments. Neither has tables."""
    return (
        Projection(name="call-lines", metadata=sa.MetaData(), raw=writer.calls, stream="CALLS", linger=LINGER_SECONDS),
        Projection(
            name="deployment-lines", metadata=sa.MetaData(), events=FACTS, ignored=OTHER_FACTS, apply=writer.fact
        ),
    )
