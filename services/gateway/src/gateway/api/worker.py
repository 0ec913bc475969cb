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

from common import clock, rpc, tracing
from common.logs import observe
from common.service import Runtime, Service, run
from contracts import names, quotas
from contracts.documents import BREAKS, AskedBreaks
from contracts.quotas import Quota
from gateway import store
from gateway.api import bulk, http, simple
from gateway.api.bulk import Bulk
from gateway.api.connection import Connections
from gateway.api.control import Control
from gateway.api.data import Shell
from gateway.api.events import PATH as EVENTS
from gateway.api.events import TICKETS, Events
from gateway.api.events_document import PATH as ASYNCAPI
from gateway.api.events_document import Document
from gateway.api.figures import Figures
from gateway.api.heads import Heads
from gateway.api.http import Asked, Door, Reply, Server
from gateway.api.lane import Lane
from gateway.api.modern import Modern
from gateway.api.simple import Simple
from gateway.api.traced import TracedFigures
from gateway.domain import bounds
from gateway.domain.bounds import Limits
from gateway.execute import connections, resting, sender
from gateway.execute.breaking import Breaking
from gateway.execute.bulk.desk import Desk
from gateway.execute.calls import Calls
from gateway.execute.connections import share
from gateway.execute.documents import Documents
from gateway.execute.environments import PLAN_BYTES, Environments
from gateway.execute.feed import Feed
from gateway.execute.feed_past import Past
from gateway.execute.feed_readers import Readers
from gateway.execute.lookup import Lookup
from gateway.execute.meter import Meter, Mode
from gateway.execute.owners import Owners
from gateway.execute.quotas import ASKED, AskedUsage, Quotas
from gateway.execute.resting import AskedRest

NAME: Final = "gateway"
ENDPOINT_SUFFIX: Final = "/graphql"
USES_SECONDS: Final = 1.0
"""How often it is told which tokens were accepted."""
TELL_SECONDS: Final = 1.0
"""How often workers tell each other what was used of limits."""
SLEEP_SECONDS: Final = 5.0
"""How often it is looked for environments that nobody has called for long."""
DOCUMENTS_SECONDS: Final = 1.0
"""How often the texts of operations that were new are told."""
LOOK_AGAIN_SECONDS: Final = 600.0
"""How often it is looked for operations in use whose texts are not kept, or not for long any more."""
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
    quotas: Mapping[str, Quota] = field(default_factory=lambda: quotas.DEFAULTS)
    """MORTISE_QUOTA_*, MORTISE_QUOTAS=off: how much an environment may have, by its kind."""
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
            quotas=quotas.configured(environ),
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
        self.figures = (TracedFigures if tracing.on() else Figures)(
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
        self.quotas = await self._quotas(runtime, environments)
        shell = Shell(self.lookup, environments, calls, self.meter, self.figures, self.quotas)
        control = Control(self.owners, self.lookup, development=self._options.development)
        accept = functools.partial(Connections, Lane(shell), Heads(self.lookup.hashed))
        desk = Desk(dsn, settings.secret_key, runtime.log, environments)
        self.bulk = Bulk(shell, desk)
        self.events = self._events(runtime)
        find = doors(runtime, control, Modern(shell), Simple(shell), self.bulk, self.events)
        rpc.serve(runtime.broker, resting.SUBJECT, AskedRest, self._rest)
        self._documents(runtime, environments)
        self.server = Server(find, accept)
        await self.server.open(settings.http_host, settings.http_port)
        runtime.health.checks["directory"] = self.lookup.check
        runtime.health.checks["schema"] = self.owners.check
        # What lives since the start lives for ever: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        observe("gateway.open", port=self.server.port, gateway=self.meter.gateway, connections=budget)

    def _events(self, runtime: Runtime) -> Events:
        feed = Feed(runtime.nats, self.lookup)
        runtime.tasks.create_task(feed.run(), name="feed")
        readers = Readers(self.lookup, feed, Past(runtime.nats))
        self.figures.watch("mortise_event_readers", "Open connections that read events", lambda: readers.count)
        return Events(readers, self.lookup, runtime.log, runtime.settings.secret_key)

    async def _quotas(self, runtime: Runtime, environments: Environments) -> Quotas:
        found = Quotas(
            self._options.quotas,
            runtime.settings.workers,
            lookup=self.lookup,
            database=runtime.database,
            connections=self.connections,
            environments=environments,
            meter=self.meter,
            broker=runtime.broker,
        )
        await found.start()
        runtime.every(TELL_SECONDS, "gateway.usage", found.tell)
        runtime.every(SLEEP_SECONDS, "gateway.asleep", found.put_to_sleep)
        runtime.every(TELL_SECONDS, "gateway.compacted", found.compact)
        rpc.serve(runtime.broker, ASKED, AskedUsage, found.usage, queue=NAME)
        self.figures.watch(
            "mortise_environments_asleep", "Environments of which this worker holds nothing", found.asleep
        )
        return found

    def _documents(self, runtime: Runtime, environments: Environments) -> None:
        found = Documents(runtime.nats)
        environments.learned = found.heard
        runtime.every(DOCUMENTS_SECONDS, "gateway.documents", found.tell)

        async def look_again() -> None:
            found.look_again(environments.compiled())

        runtime.every(LOOK_AGAIN_SECONDS, "gateway.compiled", look_again)
        rpc.serve(runtime.broker, BREAKS, AskedBreaks, Breaking(runtime.blobs, found).answer, queue=NAME)

    async def _rest(self, asked: AskedRest) -> resting.Resting:
        return resting.rest(self.connections, asked.environment)

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
        await self.events.close()
        await self.server.close()
        await self.bulk.close()
        await self.lookup.tell_uses()
        await self.quotas.tell()
        self.meter.stop()
        await asyncio.wait([self._sending], timeout=DRAIN_SECONDS)
        self._sending.cancel()
        await asyncio.wait([self._sending])
        self.meter.close()
        self.figures.close()
        await self.connections.close()


def doors(
    runtime: Runtime, control: Control, modern: Modern, simple_: Simple, bulk_: Bulk, events: Events
) -> http.Find:
    """Path to door."""

    async def alive(_: Asked) -> Reply:
        return http.as_json({"alive": True})

    async def ready(_: Asked) -> Reply:
        # What is wrong inside is told inside, on the health port.
        troubles = await runtime.health.troubles()
        return http.as_json({"ready": not troubles}, 503 if troubles else 200)

    fixed: dict[str, Door] = {
        "/query": control,
        "/healthz": alive,
        "/readyz": ready,
        EVENTS: events,
        TICKETS: events,
        ASYNCAPI: Document(),
    }

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
