"""One worker process: everything put together, opened in order and left in order.

MORTISE_WORKERS says how many workers share the port and the database connections; each is a process of its own.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast, get_args

import sqlalchemy as sa

from common import clock
from common.logs import observe
from common.service import Runtime, Service, run
from contracts import names
from gateway import store
from gateway.api import bulk, http, simple
from gateway.api.bulk import Bulk
from gateway.api.connection import Connections
from gateway.api.control import Control
from gateway.api.data import Shell
from gateway.api.figures import Figures
from gateway.api.heads import Heads
from gateway.api.http import Asked, Door, Reply, Server
from gateway.api.lane import Lane
from gateway.api.modern import Modern
from gateway.api.simple import Simple
from gateway.domain import bounds
from gateway.domain.bounds import Limits
from gateway.execute import connections, sender
from gateway.execute.bulk.desk import Desk
from gateway.execute.calls import Calls
from gateway.execute.connections import share
from gateway.execute.environments import PLAN_BYTES, Environments
from gateway.execute.lookup import Lookup
from gateway.execute.meter import Meter, Mode
from gateway.execute.owners import Owners

NAME: Final = "gateway"
ENDPOINT_SUFFIX: Final = "/graphql"
USES_SECONDS: Final = 1.0
"""How often it is told which tokens were accepted."""
DRAIN_SECONDS: Final = 5.0
"""How long a stop may wait for the last batches; what is left is sent by whoever takes the directory next."""
PLAN_BYTES_MIN: Final = 64 * 1024


@dataclass(frozen=True)
class Options:
    """What only the gateway is told, beside the settings that every service has."""

    metering: Mode = "kind"
    """MORTISE_METERING: off, fast or strict override it for measurements; billing counts nothing when it is off."""
    connections: int | None = None
    """MORTISE_ENVIRONMENT_CONNECTIONS: database connections of this worker; default: its share of max_connections."""
    development: bool = False
    """MORTISE_DEVELOPMENT=on: the control API's schema is shown to everybody."""
    lines: bool = True
    """MORTISE_CALL_LINES=off: data calls are counted and recorded but not logged."""
    limits: Mapping[str, Limits] = field(default_factory=lambda: bounds.DEFAULTS)
    """MORTISE_LIMIT_*: how much one call may ask for, by kind of environment."""
    plan_bytes: int = PLAN_BYTES
    """MORTISE_PLAN_BYTES: memory for one environment's documents and plans; half as much again for long ones."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Options:
        """Raises ValueError that names the variable."""
        metering = environ.get("MORTISE_METERING") or "kind"
        if metering not in get_args(Mode):
            text = f"MORTISE_METERING must be off, fast or strict, not {metering!r}"
            raise ValueError(text)
        connections = environ.get("MORTISE_ENVIRONMENT_CONNECTIONS")
        return cls(
            metering=cast("Mode", metering),
            connections=int(connections) if connections else None,
            development=environ.get("MORTISE_DEVELOPMENT") == "on",
            lines=environ.get("MORTISE_CALL_LINES") != "off",
            limits=bounds.configured(environ),
            plan_bytes=_plan_bytes(environ.get("MORTISE_PLAN_BYTES")),
        )


class Worker:
    """The parts of a running worker."""

    def __init__(self, options: Options) -> None:
        self._options = options

    async def start(self, runtime: Runtime) -> None:
        """Load the directory, take a write-ahead log, and open the door last."""
        settings = runtime.settings
        self.lookup = Lookup(runtime.database, runtime.nats, runtime.log, settings.secret_key)
        self.owners = Owners(runtime.nats, runtime.broker)
        self.figures = Figures(
            NAME, settings.node, lines=self._options.lines and settings.log_level in ("debug", "info")
        )
        budget = self._options.connections or share(await _max_connections(runtime), settings.workers)
        dsn = settings.environments_dsn or settings.postgres_dsn
        self.connections = connections.Connections(
            dsn, settings.secret_key, budget, statement_seconds=self._statement_seconds
        )
        environments = Environments(runtime.blobs, self._options.limits, self._options.plan_bytes)
        calls = Calls(self.connections, environments, self.lookup)
        root = settings.wal_dir or Path(settings.data_dir) / "wal"
        self.meter = Meter(runtime.nats, root, self._options.metering)
        await self.lookup.start()
        await self.meter.start()
        self._watch(root)
        tasks = runtime.tasks
        tasks.create_task(self.lookup.follow(), name="directory")
        tasks.create_task(self.owners.follow(), name="schema")
        tasks.create_task(self.connections.keep_tidy(), name="connections")
        tasks.create_task(self.figures.keep_flushing(), name="lines")
        self._sending = tasks.create_task(self.meter.run(), name="meter")
        tasks.create_task(self.meter.adopt_orphans(), name="orphans")
        runtime.every(USES_SECONDS, "gateway.uses", self.lookup.tell_uses)
        shell = Shell(self.lookup, environments, calls, self.meter, self.figures)
        control = Control(self.owners, self.lookup, development=self._options.development)
        accept = functools.partial(Connections, Lane(shell), Heads(self.lookup.hashed))
        desk = Desk(dsn, settings.secret_key, runtime.log, environments)
        self.bulk = Bulk(shell, desk)
        self.server = Server(doors(runtime, control, Modern(shell), Simple(shell), self.bulk), accept)
        await self.server.open(settings.http_host, settings.http_port)
        runtime.health.checks["directory"] = self.lookup.check
        runtime.health.checks["schema"] = self.owners.check
        # What lives since the start lives for ever: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        observe("gateway.open", port=self.server.port, gateway=self.meter.gateway, connections=budget)

    def _watch(self, root: Path) -> None:
        watch, pools, log = self.figures.watch, self.connections, root / self.meter.gateway
        watch("mortise_connections_open", "Connections to databases of environments", lambda: pools.open)
        watch("mortise_connections_budget", "As many connections this worker may have", lambda: pools.budget)
        watch("mortise_calls_unsent", "Recorded calls that the stream may not hold yet", sender.unsent_calls)
        watch("mortise_calls_unsent_seconds", "Age of the sealed batch that has waited longest", _waiting_seconds)
        watch("mortise_wal_bytes", "Write-ahead log on disk, sent segments that are kept included", lambda: _bytes(log))

    def _statement_seconds(self, environment: str) -> int:
        """After how long the database ends a statement of an environment."""
        route = self.lookup.directory.routes.get(names.endpoint(environment))
        return self._options.limits["prod" if route is None else route.kind].statement_seconds

    async def stop(self, _: Runtime) -> None:
        """Let running calls end, then their records leave, then the connections."""
        await self.server.close()
        await self.bulk.close()
        await self.lookup.tell_uses()
        self.meter.stop()
        await asyncio.wait([self._sending], timeout=DRAIN_SECONDS)
        self._sending.cancel()
        await asyncio.wait([self._sending])
        self.meter.close()
        self.figures.close()
        await self.connections.close()


def doors(runtime: Runtime, control: Control, modern: Modern, simple_: Simple, bulk_: Bulk) -> http.Find:
    """Path to door."""

    async def alive(_: Asked) -> Reply:
        return http.as_json({"alive": True})

    async def ready(_: Asked) -> Reply:
        # What is wrong inside is told inside, on the health port.
        troubles = await runtime.health.troubles()
        return http.as_json({"ready": not troubles}, 503 if troubles else 200)

    fixed: dict[str, Door] = {"/query": control, "/healthz": alive, "/readyz": ready}

    def find(_method: str, path: str) -> Door | None:
        if path.endswith(ENDPOINT_SUFFIX) and path.count("/") == 2:  # noqa: PLR2004 - /{endpoint}/graphql
            return modern
        if path.startswith(simple.PATH):
            return simple_
        if path.count("/") == 2 and path.endswith(bulk.SUFFIXES):  # noqa: PLR2004 - /{endpoint}/export
            return bulk_
        return fixed.get(path)

    return find


def _plan_bytes(told: str | None) -> int:
    if not told:
        return PLAN_BYTES
    if not told.isdecimal() or int(told) < PLAN_BYTES_MIN:
        text = f"MORTISE_PLAN_BYTES must be a number of bytes, {PLAN_BYTES_MIN} or more, not {told!r}"
        raise ValueError(text)
    return int(told)


def _waiting_seconds() -> float:
    since = sender.waiting_since_ms()
    return 0.0 if since is None else max(0, clock.milliseconds() - since) / 1000


def _bytes(log: Path) -> int:
    return sum([segment.stat().st_size for segment in log.glob("*.wal")])


async def _max_connections(runtime: Runtime) -> int:
    async with runtime.database.reading() as connection:
        return int((await connection.execute(sa.text("show max_connections"))).scalar_one())


def main() -> None:
    """Run a worker until it is told to stop."""
    try:
        options = Options.read(os.environ)
    except ValueError as problem:
        raise SystemExit(f"{NAME}: {problem}") from None
    worker = Worker(options)
    run(Service(NAME, projections=lambda _: (store.PROJECTION,), start=worker.start, stop=worker.stop))
