"""Three nats-servers that keep every stream together: to be killed one by one and started again.

They know the accounts of `common.bootstrap`, so a whole stack can stand on them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sysconfig
import urllib.request
from pathlib import Path
from typing import Any, Final

import nats
from nats.aio.client import Client

from common import addresses
from common.bootstrap import accounts
from common.devstack.home import LAYOUT
from tests.support.waiting import until

BINARY: Final = Path(sysconfig.get_path("scripts")) / "nats-server"
SERVERS: Final = ("nats-1", "nats-2", "nats-3")
HOST: Final = "127.0.0.1"
WHOLE_SECONDS_MAX: Final = 60.0


class Cluster:
    """The servers by name. `kill` and `start` keep ports and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passwords = accounts.fresh_passwords()
        with contextlib.ExitStack() as taken:
            ports = [_free_port(taken) for _ in range(3 * len(SERVERS))]
        self._ports = {name: ports[3 * n : 3 * n + 3] for n, name in enumerate(SERVERS)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """All servers, as the administrator."""
        bare = ",".join(f"nats://{HOST}:{client}" for client, _, _ in self._ports.values())
        return addresses.with_user(bare, accounts.ADMIN, self.passwords[accounts.ADMIN])

    def environ(self) -> dict[str, str]:
        """What a stack is told that is to stand on these servers; its data directory must have been `introduced`."""
        return {"MORTISE_NATS_URL": self.url, "MORTISE_NATS_REPLICAS": "3"}

    def introduce(self, data: Path) -> None:
        """Tell a stack that has not been started yet which passwords these servers know."""
        (data / "kept.json").write_text(json.dumps({"layout": LAYOUT, "passwords": self.passwords}))

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Run these servers, or all; return before they answer."""
        routes = tuple(f"{HOST}:{cluster}" for _, _, cluster in self._ports.values())
        for name in names or SERVERS:
            client, monitor, cluster = self._ports[name]
            server = accounts.NatsServer(
                name=name,
                listen=f"{HOST}:{client}",
                monitor=f"{HOST}:{monitor}",
                store=str(self.folder / name),
                cluster=f"{HOST}:{cluster}",
                others=routes,
            )
            file = self.folder / f"{name}.conf"
            file.write_text(accounts.nats_config(server, self.passwords))
            log = ["-l", str(self.folder / f"{name}.log")]
            self._processes[name] = subprocess.Popen([str(BINARY), "-c", str(file), *log])

    def kill(self, name: str) -> None:
        """As the system does when memory runs out."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        """End all."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(20)
        self._processes.clear()

    # --- what they say --------------------------------------------------------------------------------------------

    def running(self) -> list[str]:
        """Names of the servers that were started and not killed."""
        return list(self._processes)

    def leader(self, stream: str | None = None) -> str | None:
        """Who leads a stream, or, without one, who decides where streams lie; None while nobody does."""
        for name in self.running():
            told = self._asked(name, "/jsz?streams=true&accounts=true")
            for found in _clusters(told, stream):
                if found.get("leader"):
                    return str(found["leader"])
        return None

    def whole(self) -> bool:
        """Whether every server runs, answers as well, and holds a current copy of every stream."""
        return len(self._processes) == len(SERVERS) and all(map(self._is_current, SERVERS))

    async def until_whole(self) -> None:
        """Raises TimeoutError when they are not in time."""
        await until(lambda: asyncio.to_thread(self.whole), WHOLE_SECONDS_MAX)

    async def until_led(self, stream: str | None = None) -> str:
        """The leader, as soon as there is one."""
        found: list[str] = []

        async def one_leads() -> bool:
            leader = await asyncio.to_thread(self.leader, stream)
            found.extend([leader] if leader in self.running() else [])
            return bool(found)

        await until(one_leads, WHOLE_SECONDS_MAX)
        return found[0]

    async def client(self) -> Client:
        """A connection that may do everything and finds another server when its own is gone."""
        return await nats.connect(
            addresses.each(self.url), max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_quiet
        )

    def _is_current(self, name: str) -> bool:
        if self._asked(name, "/healthz").get("status") != "ok":
            return False
        streams = _streams(self._asked(name, "/jsz?streams=true&accounts=true"))
        led = [stream["cluster"] for stream in streams if stream.get("cluster", {}).get("leader") == name]
        return all(
            len(one.get("replicas", ())) == len(SERVERS) - 1 and all(map(_in_step, one["replicas"])) for one in led
        )

    def _asked(self, name: str, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._ports[name][1]}{path}", timeout=1) as answer:
                found: dict[str, Any] = json.load(answer)
        except (OSError, ValueError):
            return {}
        return found


def _in_step(replica: dict[str, Any]) -> bool:
    return bool(replica.get("current")) and not replica.get("offline") and not replica.get("lag")


def _streams(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [stream for account in told.get("account_details", ()) for stream in account.get("stream_detail", ())]


def _clusters(told: dict[str, Any], stream: str | None) -> list[dict[str, Any]]:
    if stream is None:
        return [told.get("meta_cluster", {})]
    return [each.get("cluster", {}) for each in _streams(told) if each["name"] == stream]


def _free_port(taken: contextlib.ExitStack) -> int:
    probe = taken.enter_context(contextlib.closing(socket.socket()))
    probe.bind((HOST, 0))
    return int(probe.getsockname()[1])


async def _quiet(_: Exception) -> None:
    pass
