"""Children of many nodes in one query: loads of one turn of the loop are gathered and asked for together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Loader(Generic[Value]):
    """Remembers what it has loaded: lives as long as a request, or until something was written."""

    def __init__(self, load: Callable[[Sequence[str]], Awaitable[Mapping[str, Value]]]) -> None:
        self._load = load
        self._known: dict[str, asyncio.Future[Value | None]] = {}
        self._waiting: list[str] = []
        self._batch: asyncio.Task[None] | None = None

    async def __call__(self, key: str) -> Value | None:
        """The value of a key; None when there is none."""
        if key not in self._known:
            loop = asyncio.get_running_loop()
            self._known[key] = loop.create_future()
            self._waiting.append(key)
            if len(self._waiting) == 1:
                loop.call_soon(self._start)
        return await asyncio.shield(self._known[key])

    def _start(self) -> None:
        keys, self._waiting = self._waiting, []
        self._batch = asyncio.get_running_loop().create_task(self._run(keys, self._batch))

    async def _run(self, keys: Sequence[str], _earlier: asyncio.Task[None] | None) -> None:
        """`_earlier` keeps a batch that is still running from being forgotten by the loop."""
        try:
            found = await self._load(keys)
        except Exception as error:  # noqa: BLE001 - whoever waits for a key raises it
            for key in keys:
                self._known[key].set_exception(error)
            return
        for key in keys:
            self._known[key].set_result(found.get(key))
