"""The doors of events alone, in this process and before real servers, with patience of the test's choice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.db import Database
from gateway.api.events import PATH, TICKETS, Events
from gateway.api.http import Server
from gateway.execute.feed import KEPT_MAX, Feed
from gateway.execute.feed_past import Past
from gateway.execute.feed_readers import Readers
from gateway.execute.lookup import Lookup
from tests.support.door import Door


@dataclass
class Along:
    """A running door of events and what is behind it."""

    url: str
    feed: Feed
    readers: Readers
    events: Events


@asynccontextmanager
async def along(
    door: Door, *, beat: float = 15.0, stall: float = 30.0, kept_max: int = KEPT_MAX
) -> AsyncIterator[Along]:
    """The doors, open until the end."""
    database = Database(door.stack.environment("gateway")["MORTISE_POSTGRES_DSN"], "gateway")
    lookup = Lookup(database, door.client, door.log, door.secret_key)
    await lookup.start()
    feed = Feed(door.client, lookup, kept_max=kept_max)
    readers = Readers(lookup, feed, Past(door.client))
    events = Events(readers, lookup, door.log, door.secret_key, beat_seconds=beat, stall_seconds=stall)
    server = Server(lambda _, path: events if path in {PATH, TICKETS} else None)
    await server.open("127.0.0.1", 0)
    tasks = [asyncio.create_task(lookup.follow()), asyncio.create_task(feed.run())]
    try:
        yield Along(f"http://127.0.0.1:{server.port}", feed, readers, events)
    finally:
        await events.close()
        await server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await database.close()
