"""A log of which there are copies: reads may come from one that is behind, and histories are whole all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from common.clock import new_id
from common.log import Log
from common.stream import checked
from tests.support.brokers import Broker
from tests.support.lab import DropFell, JarOpened, cause, entry, jar
from tests.support.stack import a_directory
from tests.support.waiting import until

LOADS = 60


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    with a_directory() as folder:
        broker = Broker(folder)
        try:
            await broker.start()
            yield broker
        finally:
            await broker.stop()


async def test_a_history_is_whole_whoever_answers_although_some_copies_lack_its_newest_facts(broker: Broker) -> None:
    client = await broker.client()
    log = Log(client, "lab")
    subject = jar(new_id())
    await log.append(entry(subject, JarOpened(name="blue")), cause())
    for drops in range(3):
        await log.append(entry(subject, DropFell(drops=drops), await log.load(subject)), cause())
    # A mirror answers direct reads in place of the log, as a follower of a cluster does; this one is full too early.
    behind = {"name": "BEHIND", "mirror": {"name": "EVT"}, "mirror_direct": True, "allow_direct": True}
    config = json.dumps({**behind, "max_msgs": 2, "discard": "new"}).encode()
    checked((await client.request("$JS.API.STREAM.CREATE.BEHIND", config)).data)
    await until(lambda: _some_copy_is_behind(log, subject.text))

    log._copies = 2  # noqa: SLF001 - what a cluster says of itself
    found = [len((await log.load(subject)).events) for _ in range(LOADS)]

    assert found == [4] * LOADS


async def _some_copy_is_behind(log: Log, subject: str) -> bool:
    return len(await log._stream.history(subject)) < 4  # noqa: SLF001 - reads as they come
