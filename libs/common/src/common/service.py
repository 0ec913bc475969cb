"""The one start-up of every service: connect, lay out, project, answer, and leave in good order."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import nats.errors
import orjson
from faststream.nats import NatsBroker
from faststream.security import SASLPlaintext
from nats.aio.client import Client
from nats.js import JetStreamContext

from common import addresses, operations, rpc, tracing
from common.blobs import Blobs
from common.db import Database
from common.graphs import Graph, sdl
from common.http import Door, Health
from common.log import Log
from common.logs import configure, observe
from common.projection import WORLD, Projection, Runner, lay_out
from common.rpc import Ask
from common.sealing import Sealer
from common.settings import Settings
from common.stream import REPLY_SECONDS, checked, heed_cancelling, patiently

START_SECONDS: Final = 60.0
LEAST_API_LEVEL: Final = 4
"""Older servers drop what they do not know of a stream's settings and say nothing (STACK 1)."""
PENDING_BYTES: Final = 16 * 1024 * 1024
PAUSE_SECONDS: Final = 0.2


@dataclass
class Runtime:
    """What a running service works with."""

    settings: Settings
    nats: Client
    js: JetStreamContext
    broker: NatsBroker
    log: Log
    database: Database
    blobs: Blobs
    sealer: Sealer
    health: Health
    tasks: asyncio.TaskGroup
    """Background work; what ends with an exception ends the process, and its supervisor starts it again."""
    runners: dict[str, Runner] = field(default_factory=dict)

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` for ever, `seconds` after each end. A failure is logged and counted, and the next turn comes."""
        self.tasks.create_task(_every(seconds, name, work), name=name)


@dataclass(frozen=True)
class Service:
    """What makes a service this service."""

    name: str
    projections: Callable[[Runtime], Sequence[Projection]] = lambda _: ()
    graph: Callable[[Runtime], Graph] | None = None
    start: Callable[[Runtime], Awaitable[None]] | None = None
    """Handlers, background loops, `rpc.serve` subscribers: called when the runners run, before the broker answers."""
    stop: Callable[[Runtime], Awaitable[None]] | None = None
    """The last work at an orderly end: called when nothing new arrives and everything still works."""


class _Stopped(Exception):  # noqa: N818 - an orderly end
    """Ends the task group."""


class StartFailed(Exception):  # noqa: N818 - says what it is
    """The world around the process is not as it needs it; the message says what to do."""


def run(service: Service) -> None:
    """Run the service until SIGTERM or SIGINT. Exits with 1 when its world is not right or something breaks."""
    import uvloop  # noqa: PLC0415 - only a process that serves needs it

    began = time.perf_counter()
    try:
        settings = Settings.read(service.name)
        tracing.Exporter.read(service.name, settings.node, os.environ)
    except (ValueError, OSError) as error:
        raise SystemExit(f"{service.name}: {error}") from None
    configure(service.name, settings.node, settings.log_level)
    try:
        uvloop.run(live(service, settings, began=began))
    except (StartFailed, BaseExceptionGroup) as error:
        expected = isinstance(error, StartFailed) or error.subgroup(StartFailed) is not None
        observe("service.failed", outcome="failed", level="error", why=_why(error), exc_info=not expected and error)
        sys.exit(1)


async def live(
    service: Service, settings: Settings, *, began: float | None = None, stopping: asyncio.Event | None = None
) -> None:
    """The life of a service inside a running loop; ends when `stopping` is set or a signal arrives."""
    began = time.perf_counter() if began is None else began
    observe("service.starting", settings=settings.masked())
    stopping = stopping or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    broker = connection(settings)
    database = Database(settings.postgres_dsn, service.name)
    health = Health()
    door = Door(health, settings.health_host, settings.health_port)
    try:
        client = await _connected(broker, settings)
        async with tracing.exported(service.name, settings.node, os.environ), asyncio.TaskGroup() as tasks:
            runtime = Runtime(
                settings=settings,
                nats=client,
                js=client.jetstream(),
                broker=broker,
                log=Log(client, service.name),
                database=database,
                blobs=Blobs(client),
                sealer=Sealer(database.engine, settings.secret_key),
                health=health,
                tasks=tasks,
            )
            await _started(service, runtime)
            await door.open()
            observe("service.ready", took_ms=(time.perf_counter() - began) * 1000, health_port=door.port)
            await stopping.wait()
            await _drained(service, runtime)
            raise _Stopped  # noqa: TRY301 - the one way to end a task group and what runs in it
    except* _Stopped:
        observe("service.stopped")
    finally:
        await door.close()
        await broker.stop()
        await database.close()


def connection(settings: Settings) -> NatsBroker:
    """The broker of a process: it reconnects for ever; its replies have an inbox that only this service may read."""
    credentials = None
    if settings.nats_user is not None:
        credentials = SASLPlaintext(settings.nats_user, settings.nats_password or "")
    return NatsBroker(
        addresses.each(settings.nats_url),
        name=f"{settings.service}/{settings.node}",
        inbox_prefix=f"_INBOX.{settings.service}",
        security=credentials,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        pending_size=PENDING_BYTES,
        drain_timeout=5,
        error_cb=_nats_trouble,
        logger=None,
        apply_types=True,
    )


async def _nats_trouble(error: Exception) -> None:
    # A refused subject shows only here; the request itself just gets no answer (STACK 3.13).
    observe("nats.trouble", outcome="error", level="warning", error=f"{type(error).__name__}: {error}")


async def _connected(broker: NatsBroker, settings: Settings) -> Client:
    try:
        async with asyncio.timeout(START_SECONDS):
            client: Client = await broker.connect()
    except (OSError, TimeoutError, nats.errors.Error) as error:
        raise StartFailed(f"no NATS server answers at {settings.nats_url}: {error}") from error
    level = int(client._server_info.get("api_lvl") or 0)  # noqa: SLF001 - nats-py has no public door to INFO
    if level < LEAST_API_LEVEL:
        raise StartFailed(f"the NATS server has JetStream API level {level}; nats-server 2.14 or newer is needed")
    return client


async def _started(service: Service, runtime: Runtime) -> None:
    """Everything that has to run before the process counts as started, in this order."""
    runtime.health.checks["nats"] = lambda: None if runtime.nats.is_connected else "not connected to NATS"
    projections = list(service.projections(runtime))
    await _laid_out(runtime.database, projections)
    for projection in projections:
        runner = Runner(projection, runtime.database, runtime.nats)
        runtime.runners[projection.name] = runner
        runtime.health.checks[f"projection {projection.name}"] = runner.check
        runtime.tasks.create_task(runner.run(), name=f"projection {projection.name}")
    if service.graph is not None:
        graph = service.graph(runtime)
        rpc.serve(runtime.broker, f"api.{service.name}", Ask, graph.answer, queue=service.name)
    ops = operations.Operations(runtime.runners, runtime.database, runtime.nats)
    rpc.serve(runtime.broker, f"ops.{service.name}", operations.Operation, ops.do, queue=service.name)
    if service.start is not None:
        await service.start(runtime)
    await runtime.broker.start()
    if service.graph is not None:
        await _publish_part(runtime.nats, service.name)


async def _laid_out(database: Database, projections: list[Projection]) -> None:
    """PostgreSQL may still be starting, or not know us yet."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return await lay_out(database, projections)
        except WORLD as error:
            if time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL does not let this service work: {error}") from error
        await asyncio.sleep(PAUSE_SECONDS)


async def _publish_part(client: Client, name: str) -> None:
    """Tell the gateway this owner's part of the one graph (DESIGN 3)."""
    text = sdl(name)
    part = orjson.dumps({"sdl": text, "sha": hashlib.sha256(text.encode()).hexdigest()})

    async def once() -> None:
        checked((await client.request(f"$KV.API.{name}", part, timeout=REPLY_SECONDS)).data)

    await patiently(once)


async def _drained(service: Service, runtime: Runtime) -> None:
    """No new requests; those under way end with everything they need still working."""
    observe("service.stopping")
    for subscriber in runtime.broker.subscribers:
        await subscriber.stop()
    if service.stop is not None:
        await service.stop(runtime)


def _why(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_why, error.exceptions))
    return str(error) if isinstance(error, StartFailed) else f"{type(error).__name__}: {error}"


async def _every(seconds: float, name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        heed_cancelling()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - one bad turn must not be the last; it is logged and counted
            observe(name, outcome="failed", level="error", exc_info=error)
        await asyncio.sleep(seconds)
