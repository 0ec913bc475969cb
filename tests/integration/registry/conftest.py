"""Fixtures of the registry's tests: one running registry for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.registered import House, house
from tests.support.stack import Stack


@pytest.fixture(scope="package")
async def registry(servers: Stack) -> AsyncIterator[House]:
    async with house(servers) as here:
        yield here


@pytest.fixture
def lossless(registry: House) -> House:
    """A provisioner that would lose nothing."""
    registry.losses, registry.problems, registry.steps, registry.asked = [], [], [], []
    registry.uses, registry.broken, registry.unknown, registry.sent, registry.away = [], [], [], [], set()
    return registry
