"""A nats-server of one's own: to be killed, emptied and set up anew without anybody else noticing."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sysconfig
from pathlib import Path

import nats
import nats.errors
from nats.aio.client import Client

from common.bootstrap import streams
from common.clock import new_id

BINARY = Path(sysconfig.get_path("scripts")) / "nats-server"


class Broker:
    """One nats-server with all streams; `kill` and `start` keep its port and its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.name = f"broker-{new_id()}"
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Run it, and return when its streams stand."""
        self._run()
        admin = await self.client()  # tries again until the server listens
        assert admin._server_info["server_name"] == self.name, "somebody else's server"  # noqa: SLF001 - no public door
        await streams.ensure(admin, 1)

    def _run(self) -> None:
        config = {
            "server_name": self.name,
            "listen": f"127.0.0.1:{self.port}",
            "max_payload": 8 * 1024 * 1024,
            "jetstream": {"store_dir": str(self.folder / "js"), "sync_interval": "always"},
        }
        file = self.folder / "server.conf"
        file.write_text(json.dumps(config))
        self.process = subprocess.Popen(
            [str(BINARY), "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def client(self) -> Client:
        client = await nats.connect(
            self.url, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_quiet, connect_timeout=5
        )
        self._clients.append(client)
        return client

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(10)

    async def stop(self) -> None:
        for client in self._clients:
            with contextlib.suppress(nats.errors.Error):
                await client.close()
        if self.process is not None and self.process.poll() is None:
            self.kill(signal.SIGTERM)


async def _quiet(_: Exception) -> None:
    pass
