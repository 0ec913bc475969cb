"""The servers that are measured: gateway workers with their settings, PostGraphile, Strawberry. One process each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.blog import Blog
from tests.bench.data_api import install, processes
from tests.bench.data_api.names import Names
from tests.bench.data_api.operations import Dialect
from tests.bench.data_api.where import Where
from tests.support.stack import Stack

POOL: Final = 16
"""Connections to the database that each may open."""
REST_SECONDS: Final = 0.1
"""Who spends no processor time for so long has nothing to do."""
REST_SECONDS_MAX: Final = 10.0
METERINGS: Final = ("off", "fast", "strict")
OURS: Final = "Mortise"


@dataclass(frozen=True)
class Contestant:
    """A running server."""

    name: str
    dialect: Dialect
    url: str
    path: str
    key: str | None
    pid: int
    log: Path

    def last_words(self) -> str:
        """The end of what it logged."""
        return self.log.read_text()[-2000:]

    def cpu_us(self) -> float:
        """Processor time that it has spent, in microseconds."""
        return processes.spent_us(self.pid)

    def rest(self) -> None:
        """Wait until it has nothing to do any more: it works on for those who have hung up."""
        deadline = time.monotonic() + REST_SECONDS_MAX
        spent = -1.0
        while (now := self.cpu_us()) > spent and time.monotonic() < deadline:
            spent = now
            time.sleep(REST_SECONDS)  # what it works in this time is measured


@contextmanager
def gateway(stack: Stack, here: Blog, metering: str, folder: Path) -> Iterator[Contestant]:
    """One more gateway worker beside the stack's."""
    environ = {**stack.environment("gateway"), "MORTISE_METERING": metering}
    environ |= {"MORTISE_HTTP_PORT": "0", "MORTISE_HEALTH_PORT": "0", "MORTISE_NODE": f"bench-{metering}"}
    environ |= {"MORTISE_ENVIRONMENT_CONNECTIONS": str(POOL)}
    log = folder / f"gateway-{metering}.log"
    with processes.running([sys.executable, "-m", "gateway"], folder, environ, log) as process:
        told = processes.told(log, process, "service.ready")
        port = told["gateway.open"]["port"]
        name = OURS if metering == "fast" else f"{OURS}, metering {metering}"
        yield Contestant(name, "ours", f"http://127.0.0.1:{port}", here.path(), here.key, process.pid, log)


@contextmanager
def postgraphile(where: Where, names: Names, folder: Path) -> Iterator[Contestant]:
    words, installed = install.postgraphile()
    with _rival("postgraphile", words, installed, _environ(where, names), folder) as (url, pid, log):
        yield Contestant("PostGraphile", "postgraphile", url, "/graphql", None, pid, log)


@contextmanager
def strawberry(where: Where, names: Names, folder: Path) -> Iterator[Contestant]:
    words, installed = install.strawberry()
    with _rival("strawberry", words, installed, _environ(where, names), folder) as (url, pid, log):
        yield Contestant("Strawberry", "strawberry", url, "/graphql", None, pid, log)


def _environ(where: Where, names: Names) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MORTISE_", "PG"))}
    environ |= {"DATABASE": where.as_json(), "NAMES": json.dumps(names.as_json()), "POOL": str(POOL)}
    return environ | {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}


@contextmanager
def _rival(
    name: str, words: Sequence[str], installed: Path, environ: Mapping[str, str], folder: Path
) -> Iterator[tuple[str, int, Path]]:
    log = folder / f"{name}.log"
    with processes.running(words, installed, environ, log) as process:
        yield f"http://127.0.0.1:{processes.told(log, process, 'port')['port']['port']}", process.pid, log
