"""Between everybody and nats-server: forwards all bytes, and now and then cuts a line instead of an acknowledgement.

What was stored is then stored, and its sender cannot know: the case that counting twice comes from (MA 5.4).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shlex
import socket
import sysconfig
from pathlib import Path
from typing import Final

LOST: Final[dict[bytes, float]] = {b'"stream":"CALLS"': 0.15, b'"stream":"EVT"': 0.002}
"""What an acknowledgement of a stream contains, to the share of them that is lost."""
READ_BYTES: Final = 256 * 1024
SERVER: Final = """#!/bin/sh
# The real nats-server on a port of its own, as soon as there is a relay on the port that everybody knows.
while [ ! -e {ready} ]; do sleep 0.02; done
exec {binary} "$@" --port {port}
"""


class Relay:
    """A relay in front of the nats-server of a stack that has not been started yet."""

    def __init__(self, data: Path, binary: Path, seed: int) -> None:
        self._data = data
        self._binary = binary
        self._chance = random.Random(seed)  # noqa: S311 - the same chances for the same seed
        self._behind = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.cutting = False
        self.cuts = 0

    def environ(self) -> dict[str, str]:
        """What the stack has to be told; call it before the stack is started."""
        self._behind = free_port()
        script = self._data / "nats-server-behind-relay"
        words = {name: shlex.quote(str(path)) for name, path in (("ready", self._ready), ("binary", self._binary))}
        script.write_text(SERVER.format(port=self._behind, **words))
        script.chmod(0o755)
        return {"MORTISE_NATS_SERVER": str(script)}

    @property
    def _ready(self) -> Path:
        return self._data / "relay-ready"

    async def run(self) -> None:
        """Wait until the stack has chosen its port, then relay until cancelled."""
        port = await self._chosen()
        server = await asyncio.start_server(self._client, "127.0.0.1", port, limit=READ_BYTES)
        self._ready.touch()
        self._ready.chmod(0o644)
        async with server:
            await server.serve_forever()

    async def _chosen(self) -> int:
        config = self._data / "nats" / "server.conf"
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError, json.JSONDecodeError):  # not written yet, or half
                    return int(json.loads(config.read_text())["listen"].rpartition(":")[2])
                await asyncio.sleep(0.02)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind, limit=READ_BYTES)
        except OSError:
            writer.close()
            return
        there = asyncio.create_task(self._forward(reader, behind_writer, cutting=False))
        back = asyncio.create_task(self._forward(behind_reader, writer, cutting=True))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.wait((there, back))
        writer.transport.abort()
        behind_writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, cutting: bool) -> None:
        try:
            while data := await reader.read(READ_BYTES):
                if cutting and self._cuts(data):
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            return

    def _cuts(self, data: bytes) -> bool:
        return self.cutting and any(mark in data and self._chance.random() < share for mark, share in LOST.items())


def nats_server() -> Path:
    """The real binary, where the stack would find it."""
    given = os.environ.get("MORTISE_NATS_SERVER")
    return Path(given) if given else Path(sysconfig.get_path("scripts")) / "nats-server"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
