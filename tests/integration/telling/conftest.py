"""A registry that tells nobody anything by itself: tests start what tells, and stop it again.

It has servers of its own: on those that others share another registry would lead, and tell in its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from common.service import Runtime
from registry import handlers
from registry.__main__ import SERVICE
from tests.support.receiver import Receiver, receiver
from tests.support.registered import House, house
from tests.support.stack import Stack, a_directory


async def quiet(runtime: Runtime) -> None:
    await handlers.quiet(runtime)


@pytest.fixture(scope="package")
def apart() -> Iterator[Stack]:
    with a_directory() as data, Stack(data, services=()) as running:
        yield running


@pytest.fixture(scope="package")
async def registry(apart: Stack) -> AsyncIterator[House]:
    async with house(apart, replace(SERVICE, start=quiet)) as here:
        yield here


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as here:
        yield here
