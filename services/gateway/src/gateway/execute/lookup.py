"""The directory in this worker's memory, and how it catches up before it says that it does not know somebody.

It starts from the snapshot that the projection keeps and follows the log itself, so a revoked key ends here as soon as
the log says so, whoever projects (DESIGN 2.10, 4.7).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from nats.aio.client import Client
from pydantic import ValidationError

from common import clock
from common.db import Database
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.events import Envelope
from common.log import STREAM, Log
from common.logs import log
from common.reader import Lost, Reader
from common.sealing import keyed_hash
from common.stream import TRANSIENT, ApiError, Message, Unavailable
from contracts.access import Principal
from contracts.uses import SUBJECT
from gateway.domain import directory as domain
from gateway.domain.directory import Directory, Holder, Route
from gateway.domain.uses import Uses
from gateway.store import snapshot

CATCH_UP_SECONDS: Final = 2.0
CATCHING_UP: Final = 1000
"""A worker further behind than this is not ready."""
UNKNOWN_SECONDS: Final = 1.0
"""How long something unknown stays unknown without another look at the log; what the log says meanwhile wins."""
UNKNOWN_MAX: Final = 10_000
_PAUSE_SECONDS: Final = 0.2


class Lookup:
    """Who and where, by secret and by endpoint."""

    def __init__(self, database: Database, client: Client, log_: Log, secret_key: bytes) -> None:
        self._database = database
        self._client = client
        self._log = log_
        self._secret_key = secret_key
        self._moved = asyncio.Event()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._loop = asyncio.get_running_loop()
        self._last_look: asyncio.Task[bool] | None = None
        self._next_look: asyncio.Task[bool] | None = None
        self._uses = Uses()
        self.directory = Directory()
        self.lag: int | None = None
        """Messages of the log that were not taken in when last looked; None before the first look."""

    async def start(self) -> None:
        """Load the snapshot."""
        self.directory = await snapshot(self._database)

    async def follow(self) -> None:
        """Take in the log, for ever."""
        while True:
            reader = Reader(self._client, STREAM, self.directory.position)
            try:
                await reader.open()
                self.lag = reader.pending
                while True:
                    for message in await reader.batch():
                        self._take(message)
                    self.lag = max(0, reader.pending)
            except (Lost, *TRANSIENT, Unavailable, ApiError, Refused) as problem:
                log.warning("gateway.follow", outcome="again", position=self.directory.position, problem=str(problem))
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                await reader.close()

    def check(self) -> str | None:
        """Why this worker should not be asked yet; None when it knows what the log says."""
        if self.lag is None:
            return "the log has not been read yet"
        return f"{self.lag} messages of the log are not taken in" if self.lag > CATCHING_UP else None

    def _take(self, message: Message) -> None:
        envelope = Envelope.decode(message.body)
        event = domain.BY_TYPE.get(envelope.type)
        if event is not None:
            try:
                fact = event.model_validate(envelope.data)
            except ValidationError as problem:
                # The projection parks the aggregate and says so; here the directory keeps what it had.
                log.error("gateway.follow", outcome="poison", position=message.position, problem=str(problem))
            else:
                for change in domain.changes(message.position, envelope.org, fact):
                    self.directory.apply(change)
        self.directory.position = message.position
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_for(self, position: int, seconds: float = CATCH_UP_SECONDS) -> bool:
        """Wait until the directory has seen a position of the log; False when it has not in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.directory.position < position:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def catch_up(self) -> None:
        """See all that the log holds at this moment. Raises Refused SERVICE_UNAVAILABLE when that cannot be known.

        Whoever comes while the log is being asked joins the next asking: guessing keys costs the log one question at a
        time, however many guess.
        """
        if self._next_look is None:
            self._next_look = self._loop.create_task(self._look(self._last_look))
        if not await asyncio.shield(self._next_look):
            raise Refused(
                SERVICE_UNAVAILABLE,
                "The gateway cannot check at the moment whether this is known.",
                "Try again in a moment.",
            )

    async def _look(self, before: asyncio.Task[bool] | None) -> bool:
        if before is not None:
            await asyncio.wait([before])
        self._last_look, self._next_look = self._next_look, None
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                last = await self._log.last_position()
        except (TimeoutError, Refused, ApiError):
            return False
        return await self.wait_for(last)

    def hashed(self, secret: str) -> str:
        """How the log knows a secret."""
        return keyed_hash(self._secret_key, "token", secret)

    async def holder(self, secret: str) -> Holder | None:
        """Whose secret it is, after a look at the log if it is not known. Raises Refused SERVICE_UNAVAILABLE."""
        hashed = self.hashed(secret)
        found = self.directory.holder(hashed, clock.now())
        if found is None and hashed not in self.directory.by_hash and await self._news(hashed):
            found = self.directory.holder(hashed, clock.now())
        return found

    def accepted(self, holder: Holder | None) -> None:
        """Note that a call was let in, if it was by a personal access token (P 3.13)."""
        if isinstance(holder, Principal) and holder.via == "token" and holder.credential is not None:
            self._uses.note(holder.credential, int(clock.now().timestamp() * 1000))

    async def tell_uses(self) -> None:
        """Tell which tokens were accepted since the last time. Nobody waits for it, and what gets lost stays lost."""
        for uses in self._uses.taken():
            try:
                await self._client.publish(SUBJECT, uses.model_dump_json().encode())
            except TRANSIENT as problem:
                log.warning("gateway.uses", outcome="lost", tokens=len(uses.tokens), problem=str(problem))

    async def route(self, endpoint: str) -> Route | None:
        """The live environment of an endpoint, after a look at the log if it is not known."""
        found = self.directory.routes.get(endpoint)
        if found is None and await self._news(endpoint):
            found = self.directory.routes.get(endpoint)
        return found

    async def _news(self, unknown: str) -> bool:
        """Whether the log was looked at for it just now; not again within `UNKNOWN_SECONDS`."""
        now = self._loop.time()
        if self._unknown.get(unknown, 0.0) > now:
            return False
        await self.catch_up()
        self._unknown[unknown] = now + UNKNOWN_SECONDS
        if len(self._unknown) > UNKNOWN_MAX:
            self._unknown.popitem(last=False)
        return True
