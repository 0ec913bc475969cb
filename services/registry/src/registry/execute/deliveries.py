"""Tells webhooks what happened: in order, each fact at least once, every webhook at its own pace.

One task per webhook reads the log behind its own course, so one that is slow or dead keeps nobody waiting and holds one
message in memory. A course is kept after every attempt: a new process goes on with the fact that was not yet taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from nats.aio.client import Client

from common import clock
from common.events import Actor
from common.ids import derived
from common.log import STREAM, Cause
from common.logs import observe
from common.outbound import Outbound, Unreached
from common.projection import WORLD
from common.reader import Reader
from common.stream import Message, Stream, heed_cancelling
from contracts import patterns
from registry.domain import deliveries, webhooks
from registry.domain.deliveries import Answer, Course, GivenUp, Pace
from registry.execute import webhooks as act
from registry.execute.deciding import World
from registry.store import webhooks as stored
from registry.store.rows import Row

LOOK_SECONDS: Final = 0.5
"""How often declarations are compared with what runs."""
AGAIN_SECONDS: Final = 1.0
STALE_SECONDS: Final = 0.05
PAGE: Final = 50
CONNECTIONS_MAX: Final = 4
LOG_KEPT: Final = timedelta(days=30)
ERROR_CHARACTERS_MAX: Final = 200
AGENT: Final = "Mortise-Webhooks/1"
CONTENT: Final = "application/cloudevents+json; charset=utf-8"


class Heads:
    """The position of the last fact of each organisation, and a bell that rings when there is another one."""

    def __init__(self, client: Client, position: int) -> None:
        self._client = client
        self._position = position
        self._latest: dict[str, int] = {}
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def listen(self) -> None:
        """Follow the log for ever."""
        while True:
            heed_cancelling()
            reader = Reader(self._client, STREAM, self._position)
            try:
                await reader.open()
                while True:
                    for message in await reader.batch():
                        self._position = message.position
                        self.ring(message.subject.split(".")[1], message.position)
            except WORLD as error:
                observe("webhooks.interrupted", outcome="retry", level="warning", error=_named(error))
                await asyncio.sleep(AGAIN_SECONDS)
            finally:
                await reader.close()

    def ring(self, organisation: str, position: int | None = None) -> None:
        """Something of this organisation is new: a fact at a position, or a declaration."""
        if position is not None:
            self._latest[organisation] = position
        self._bells.pop(organisation, asyncio.Event()).set()

    def beyond(self, organisation: str, position: int) -> bool:
        """Whether the organisation is known to have said something behind a position."""
        return self._latest.get(organisation, 0) > position

    def bell(self, organisation: str) -> asyncio.Event:
        """The bell that rings next."""
        return self._bells[organisation]


@dataclass
class Followed:
    """A webhook that is told: its declaration as last seen, and the task."""

    row: Row
    task: asyncio.Task[None]


class Deliverer:
    """Tells all webhooks, as long as this process leads the registry's projection."""

    def __init__(
        self,
        world: World,
        client: Client,
        outbound: Outbound,
        *,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        look_seconds: float = LOOK_SECONDS,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._world = world
        self._client = client
        self._stream = Stream(client, STREAM)
        self._outbound = outbound
        self._pace = pace
        self._look_seconds = look_seconds
        self._now = now
        self._followed: dict[str, Followed] = {}
        self._compared = -1
        # Many webhooks that hear of the same fact must not take the connections that answers need.
        self._turns = asyncio.Semaphore(CONNECTIONS_MAX)

    async def run(self) -> None:
        """Tell for ever."""
        try:
            while True:
                heed_cancelling()
                if self._world.runner.leading:
                    await self._lead()
                await asyncio.sleep(self._look_seconds)
        finally:
            await self._outbound.close()

    async def forget(self) -> None:
        """Drop what is too old of the delivery log."""
        async with self._world.database.transaction() as connection:
            await stored.forget(connection, self._now() - LOG_KEPT)

    async def _lead(self) -> None:
        try:
            heads = Heads(self._client, await self._world.log.last_position())
        except WORLD as error:
            observe("webhooks.interrupted", outcome="retry", level="warning", error=_named(error))
            return
        listening = asyncio.create_task(heads.listen(), name="webhooks listen")
        try:
            while self._world.runner.leading and not listening.done():
                await self._compare(heads)
                await asyncio.sleep(self._look_seconds)
        finally:
            tasks = [listening, *(each.task for each in self._followed.values())]
            self._followed, self._compared = {}, -1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _compare(self, heads: Heads) -> None:
        """Follow what is declared, and nothing else; nothing was declared as long as the log stands still."""
        position = self._world.runner.position
        if position == self._compared:
            return
        try:
            async with self._world.database.reading() as connection:
                declared = {row["id"]: row for row in await stored.told(connection)}
        except WORLD as error:
            observe("webhooks.interrupted", outcome="retry", level="warning", error=_named(error))
            return
        for gone in [each for each in self._followed if each not in declared]:
            self._followed.pop(gone).task.cancel()
        for each, row in declared.items():
            known = self._followed.get(each)
            if known is not None and known.row["changed"] == row["changed"]:
                continue
            if known is None or known.task.done():
                task = asyncio.create_task(self._follow(each, heads), name=f"webhook {each}")
                self._followed[each] = Followed(row, task)
            else:
                known.row = row
                heads.ring(row["organisation"])
        self._compared = position

    async def _follow(self, id: str, heads: Heads) -> None:
        while True:
            heed_cancelling()
            try:
                await self._go_on(id, heads)
            except WORLD as error:
                observe("webhook.interrupted", outcome="retry", level="warning", webhook=id, error=_named(error))
            except Exception as error:  # noqa: BLE001 - one webhook's trouble is not that of the others; it is logged
                observe("webhook.broken", outcome="failed", level="error", webhook=id, exc_info=error)
            else:
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _go_on(self, id: str, heads: Heads) -> None:
        """Tell until it is given up."""
        here: Course | None
        here, since = await self._begun(self._followed[id].row)
        while here is not None:
            row = self._followed[id].row
            organisation = row["organisation"]
            # The bell is taken before anything is looked at, so that nothing rings unheard.
            bell = heads.bell(organisation)
            here = resumed(here, row)
            if here.next_at is not None and (early := (here.next_at - self._now()).total_seconds()) > 0:
                await _rung(bell, early)
                continue
            page = await self._stream.page(f"evt.{organisation}.>", here.position, PAGE)
            if page:
                here = await self._through(row, here, page, since)
            elif heads.beyond(organisation, here.position):
                await asyncio.sleep(STALE_SECONDS)
            else:
                await bell.wait()

    async def _begun(self, row: Row) -> tuple[Course, datetime | None]:
        """How far it is, and the time before which facts are passed over."""
        async with self._turns, self._world.database.reading() as connection:
            known = await stored.course(connection, row["id"])
        if known is not None:
            return known, None
        # Nobody knows any more how far an old webhook was told: what is older than any retry is not told again.
        oldest = self._now() - self._pace.window
        return Course(row["after"], row["start"]), oldest if row["started_at"] < oldest else None

    async def _through(self, row: Row, here: Course, page: list[Message], since: datetime | None) -> Course | None:
        """Tell a page, as far as it is taken; where it stands then, None when it was given up."""
        kept = here
        for message in page:
            fact = orjson.loads(message.body)
            if not _meant(row, fact, since):
                here = deliveries.passed(here, message.position)
                continue
            if not await self._holds(row):
                break
            here, result = await self._attempt(row, here, message, fact["type"])
            kept = here
            if isinstance(result, GivenUp):
                await self._give_up(row, message.position, gone=result.gone)
                return None
            if here.next_at is not None:
                break
        if here is not kept:
            async with self._turns, self._world.database.transaction() as connection:
                await stored.keep(connection, row["id"], here)
        return here

    async def _holds(self, row: Row) -> bool:
        """Whether the webhook is still declared so: whoever removed or changed it expects that from his answer on."""
        async with self._turns, self._world.database.reading() as connection:
            now = await stored.by_id(connection, row["id"])
        if now is not None and now["changed"] == row["changed"]:
            return True
        # What compares declarations with what runs will end this task, or give it the new row.
        await asyncio.sleep(self._look_seconds)
        return False

    async def _attempt(self, row: Row, here: Course, message: Message, type: str) -> tuple[Course, GivenUp | None]:
        """One attempt, kept with its outcome before anything else is told."""
        at, began = self._now(), asyncio.get_running_loop().time()
        answer = await self._post(row, message, at)
        took_ms = round((asyncio.get_running_loop().time() - began) * 1000)
        result: Course | GivenUp = deliveries.passed(here, message.position)
        if not answer.taken:
            jitter = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            result = deliveries.after(here, answer, at=self._now(), jitter=jitter, pace=self._pace)
        # Whoever enables it again starts afresh at the same fact.
        after = Course(here.position, here.start) if isinstance(result, GivenUp) else result
        line = {
            "webhook": row["id"],
            "at": at,
            "event": message.id,
            "type": type,
            "position": message.position,
            "attempt": here.attempts + 1,
            "status": answer.status,
            "error": answer.error,
            "took_ms": took_ms,
        }
        async with self._turns, self._world.database.transaction() as connection:
            await stored.note(connection, line)
            await stored.keep(connection, row["id"], after)
        outcome = "ok" if answer.taken else "refused"
        observe("webhook.told", outcome=outcome, took_ms=float(took_ms), webhook=row["id"], status=answer.status)
        return after, result if isinstance(result, GivenUp) else None

    async def _post(self, row: Row, message: Message, at: datetime) -> Answer:
        signed = deliveries.headers(
            act.signing_key(self._world),
            row["id"],
            deliveries.numbers(row["number"], row["old_until"], at),
            event=message.id,
            at=at,
            body=message.body,
        )
        headers = {"content-type": CONTENT, "user-agent": AGENT, **signed}
        try:
            received = await self._outbound.post(row["url"], message.body, headers)
        except Unreached as problem:
            return Answer(None, problem.why)
        later = received.headers.get("Retry-After", "")
        return Answer(received.status, None, int(later) if _seconds(later) else None)

    async def _give_up(self, row: Row, position: int, *, gone: bool) -> None:
        observe(
            "webhook.given_up", outcome="given_up", level="warning", webhook=row["id"], position=position, gone=gone
        )
        command = derived("webhook", row["id"], "give up", str(position), str(row["changed"]))
        cause = Cause(Actor(type="system", id="registry", via="webhooks"), command, command)
        await act.give_up(self._world, row["organisation"], row["id"], gone=gone, position=position, cause=cause)


def resumed(here: Course, row: Row) -> Course:
    """The course after what was declared meanwhile: another start, or a reason to try again at once."""
    if row["start"] > here.start:
        return Course(row["after"], row["start"])
    if here.failing_since is not None and row["updated_at"] > here.failing_since:
        return Course(here.position, here.start)
    return here


def _meant(row: Row, fact: dict[str, Any], since: datetime | None) -> bool:
    """Whether a fact is for this webhook."""
    old = since is not None and clock.parse(fact["time"]) < since
    return not old and patterns.matches(row["types"], fact["type"]) and webhooks.concerns(row["project"], fact["data"])


def _seconds(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10  # noqa: PLR2004 - some thirty years


async def _rung(bell: asyncio.Event, seconds: float) -> None:
    """Wait for the bell, but not longer than so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bell.wait()


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
