"""Environments whose databases the engine's statements run on, with the rights a gateway has."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.opened import Open, opening
from tests.support.stack import Stack

__all__ = ["Open", "environments"]


@pytest.fixture(scope="session")
async def environments(servers: Stack) -> AsyncIterator[Open]:
    """Deploy a Model to a new environment, and talk to it as its own role."""
    async with opening(servers) as opened:
        yield opened
