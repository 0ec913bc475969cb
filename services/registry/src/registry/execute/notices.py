"""Tells people what facts call for: each notice at least once, with retries, until the log says that it was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from common import clock
from common.events import Actor
from common.log import Cause
from common.logs import observe
from common.projection import WORLD
from contracts import people as said
from registry.domain import notices
from registry.domain.notices import Message
from registry.execute.deciding import Aggregate, World, decide
from registry.execute.invitations import secret_of
from registry.execute.mail import Channel, Undelivered
from registry.store import invitations as stored
from registry.store import webhooks
from registry.store.rows import Row

NOTICE: Final[Aggregate[bool]] = Aggregate(
    "notice",
    {said.NoticeSent.TYPE: said.NoticeSent, said.NoticeGivenUp.TYPE: said.NoticeGivenUp},
    lambda history: any(True for _ in history),
)
NAMED: Final = ("organisation", "project", "service", "client")
"""What a fact names by id and a message by name."""


class Herald:
    """Sends what is due. One process of a service does so at a time: the one that leads the projection."""

    def __init__(
        self,
        world: World,
        channel: Channel,
        *,
        url: str | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._world = world
        self._channel = channel
        self._url = url
        self._now = now
        self._last = 0
        self._tries: dict[str, tuple[int, datetime]] = {}
        """Attempts of a notice and when it is next due; a new process begins anew."""

    async def turn(self) -> None:
        """Send everything that is due now."""
        before, self._last = self._last, await self._world.log.last_position()
        if not self._world.runner.leading or self._world.runner.position < (before or self._last):
            # While the read model is being replayed, what was sent long ago looks as if it were due.
            return
        now = self._now()
        async with self._world.database.reading() as connection:
            rows = await stored.notices_due(connection, now - 2 * notices.WINDOW)
        self._tries = {row["id"]: self._tries[row["id"]] for row in rows if row["id"] in self._tries}
        for row in rows:
            tries, next_at = self._tries.get(row["id"], (0, now))
            if next_at > now:
                continue
            try:
                await self._tell(row)
            except WORLD:
                # It may have been sent and not said: not once more with every turn until the log works again.
                self._tries[row["id"]] = (tries + 1, now + notices.pause(tries + 1))
                raise
            except Exception as error:  # noqa: BLE001 - one message that cannot be written must not hold up the others
                problem = error if isinstance(error, Undelivered) else _broken(row, error)
                self._tries[row["id"]] = (tries + 1, now + notices.pause(tries + 1))
                self._failed(row, tries + 1, problem)
                if problem.final or now - row["made_at"] >= notices.WINDOW:
                    await self._give_up(row, problem.why)
                elif problem.away:
                    return

    async def _tell(self, row: Row) -> None:
        to = await self._address(row)
        message = await self._message(row)
        if to is None or message is None:
            await self._give_up(row, "nobody to tell" if to is None else "no longer true")
            return
        await self._channel.send(row["id"], to, message)
        observe("notice.sent", kind=row["kind"], notice=row["id"], channel=self._channel.name)
        fact = said.NoticeSent(
            notice=row["id"], organisation=row["organisation"], kind=row["kind"], channel=self._channel.name
        )
        await self._say(row, fact)

    async def _address(self, row: Row) -> str | None:
        """Where the recipient is reached; None for somebody who is gone or was forgotten."""
        token = row["email"]
        if row["user_id"] is not None:
            async with self._world.database.reading() as connection:
                user = await stored.user_of(connection, row["user_id"])
            token = user["email"] if user else None
        return await self._world.sealer.open(token) if token else None

    async def _message(self, row: Row) -> Message | None:
        """The words; None when there is nothing left to tell."""
        about: dict[str, Any] = {"organisation": row["organisation"], **row["about"]}
        secret = None
        if row["kind"] == "webhook-disabled":
            async with self._world.database.reading() as connection:
                webhook = await webhooks.by_id(connection, about["webhook"])
            if webhook is None or webhook["disabled"] is None:
                return None
            about["url"] = webhook["url"]
        if row["kind"] == "invitation":
            async with self._world.database.reading() as connection:
                invitation = await stored.by_id(connection, about["invitation"])
            assert invitation is not None, "an invitation stays in the read model"
            over = invitation["withdrawn"] or invitation["user_id"] or invitation["expires_at"] <= self._now()
            if over or invitation["number"] != about["number"]:
                return None
            secret = secret_of(self._world, invitation["id"], invitation["number"])
            about = {**invitation, "until": invitation["expires_at"].strftime("%Y-%m-%d %H:%M UTC")}
        async with self._world.database.reading() as connection:
            names = await stored.names(connection, [about[each] for each in NAMED if about.get(each)])
        about |= {each: names.get(about[each], about[each]) for each in NAMED if about.get(each)}
        return notices.compose(row["kind"], about, secret=secret, url=self._url)

    async def _give_up(self, row: Row, reason: str) -> None:
        observe("notice.given_up", outcome="given_up", level="warning", kind=row["kind"], notice=row["id"], why=reason)
        fact = said.NoticeGivenUp(notice=row["id"], organisation=row["organisation"], kind=row["kind"], reason=reason)
        await self._say(row, fact)

    async def _say(self, row: Row, fact: said.NoticeSent | said.NoticeGivenUp) -> None:
        cause = Cause(Actor(type="system", id="registry", via="notices"), row["id"], row["id"])
        recorded = await decide(
            self._world,
            NOTICE,
            row["organisation"],
            row["id"],
            cause=cause,
            verb=lambda settled: None if settled else fact,
        )
        if recorded is not None:
            # So that the next turn does not find it due again.
            await self._world.runner.wait_for(recorded.position)

    def _failed(self, row: Row, tries: int, problem: Undelivered) -> None:
        observe(
            "notice.undelivered",
            outcome="retry",
            level="warning",
            kind=row["kind"],
            notice=row["id"],
            attempt=tries,
            why=problem.why,
        )


def _broken(row: Row, error: Exception) -> Undelivered:
    """Our own mistake, told to whoever looks after the process; the message is tried again like any other."""
    observe("notice.broken", outcome="failed", level="error", kind=row["kind"], notice=row["id"], exc_info=error)
    return Undelivered("the message could not be written")
