"""A gateway of its own before real servers, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.execute.connections import Connections
from tests.support.door import Door, Live, opened
from tests.support.stack import Stack, a_directory


@pytest.fixture(scope="session")
def gateway() -> Iterator[Stack]:
    with a_directory() as data, Stack(data, services=("gateway",)) as running:
        yield running


@pytest.fixture(scope="session")
async def door(gateway: Stack) -> AsyncIterator[Door]:
    async with opened(gateway) as running:
        yield running


@pytest.fixture(scope="session")
async def mortal() -> AsyncIterator[Door]:
    """Of a stack of its own, whose processes may be killed: nobody else likes that."""
    with a_directory() as data, Stack(data, services=("gateway",)) as stack:
        async with opened(stack) as running:
            yield running


@pytest.fixture(scope="session")
async def lives(door: Door) -> list[Live]:
    """Environments without a history."""
    return [await door.environment("type Note @model { id: ID! @isUnique text: String }", "dev") for _ in range(4)]


@pytest.fixture
async def made() -> AsyncIterator[list[Connections]]:
    """Every pool of connections that a test makes; closed behind it."""
    found: list[Connections] = []
    yield found
    for one in found:
        await one.close()
        assert one.open == 0
