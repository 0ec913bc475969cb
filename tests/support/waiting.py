"""Waiting for something that announces itself to nobody: the one place in the tests that looks again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LOOK_AGAIN_SECONDS = 0.02


async def until(so: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Return as soon as it is so. Raises TimeoutError after that many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
