"""Environments ready to serve: their models loaded by hash, compiled and warmed before a route is switched to them.

Building a large schema takes hundreds of milliseconds, so it happens in a thread, once per model however many
environments run it; meanwhile the environment answers with the model it had (DESIGN 4.6).
"""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from common.blobs import Blobs
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.logs import log
from contracts import names
from contracts.model import decode
from gateway.domain import journal
from gateway.domain.bounds import DEFAULTS, Limits
from gateway.domain.directory import Route
from gateway.domain.journal import Place
from gateway.engine import Engine, Prepared, Request, prepare

PLAN_BYTES: Final = 8 * 1024 * 1024
"""What is remembered for one environment of its callers' documents and their plans."""
SLOW_SHARE: Final = 2
"""By so much less is remembered of long documents, and of answers about the schema."""
ENVIRONMENTS_MAX: Final = 500
"""Environments kept compiled in one worker; the longest unused are compiled again when they are called."""
WARMING: Final = Request("{ __typename }")


@dataclass(frozen=True, slots=True)
class Served:
    """An environment that answers with the model of its route."""

    route: Route
    engine: Engine
    slow_engine: Engine
    """For operations that ask for the schema, or whose text is long; it runs in a thread."""
    endpoint: str
    """Its path segment."""
    place: Place
    """What all records of its calls have in common."""


class Environments:
    """The environments this worker has compiled."""

    def __init__(self, blobs: Blobs, limits: Mapping[str, Limits] = DEFAULTS, plan_bytes: int = PLAN_BYTES) -> None:
        self._blobs = blobs
        self._limits = limits
        self._plan_bytes = plan_bytes
        self.learned: Callable[[Route, str, str], None] | None = None
        """Told the text and the digest of every document that was compiled anew; any thread may tell it."""
        self._served: OrderedDict[str, Served] = OrderedDict()
        self._building: dict[Route, asyncio.Task[Served]] = {}
        self._models: dict[str, asyncio.Task[Prepared]] = {}
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="models")

    def now(self, route: Route) -> Served | None:
        """The environment if it can answer at once, maybe still with an earlier model while the new one is built."""
        served = self._served.get(route.environment)
        if served is None:
            return None
        self._served.move_to_end(route.environment)
        if served.route is not route and served.route != route:
            self._begin(route)
        return served

    async def newest(self, route: Route) -> Served:
        """The environment with exactly the route's model. Raises Refused SERVICE_UNAVAILABLE."""
        served = self._served.get(route.environment)
        if served is not None and served.route == route:
            return served
        return await asyncio.shield(self._begin(route))

    def awake(self, environment: str) -> bool:
        """Whether anything of the environment is held in memory."""
        return environment in self._served

    def sleep(self, environment: str) -> None:
        """Let go of everything that is compiled of an environment; its next call compiles it again."""
        self._served.pop(environment, None)
        self._forget_unused()

    def compiled(self) -> Iterator[tuple[Route, str, str]]:
        """Text and digest of every document that is compiled now, with where."""
        for served in list(self._served.values()):
            for engine in (served.engine, served.slow_engine):
                for text, document in engine.documents.items():
                    yield served.route, text, document.digest

    def _begin(self, route: Route) -> asyncio.Task[Served]:
        task = self._building.get(route)
        if task is None:
            task = self._building[route] = asyncio.create_task(self._build(route))
            task.add_done_callback(lambda done: self._built(route, done))
        return task

    def _built(self, route: Route, task: asyncio.Task[Served]) -> None:
        del self._building[route]
        if task.cancelled() or task.exception() is not None:
            log.error("gateway.model", outcome="failed", environment=route.environment, model=route.model_sha)
            return
        self._served[route.environment] = task.result()
        if len(self._served) > ENVIRONMENTS_MAX:
            self._served.popitem(last=False)

    async def _build(self, route: Route) -> Served:
        prepared = await asyncio.shield(self._model(route.model_sha))
        limits = self._limits[route.kind]
        engine = Engine(prepared, bytes_max=self._plan_bytes, limits=limits)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, engine.call, WARMING)
        slow_engine = Engine(prepared, bytes_max=self._plan_bytes // SLOW_SHARE, limits=limits)
        if self.learned is not None:
            engine.learned = slow_engine.learned = functools.partial(self.learned, route)
        return Served(
            route,
            engine,
            slow_engine,
            names.endpoint(route.environment),
            place_of(route),
        )

    def _model(self, sha: str) -> asyncio.Task[Prepared]:
        task = self._models.get(sha)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._models[sha] = asyncio.create_task(self._load(sha))
            self._forget_unused(sha)
        return task

    def _forget_unused(self, *wanted: str) -> None:
        used = {served.route.model_sha for served in self._served.values()}
        used |= {route.model_sha for route in self._building} | {*wanted}
        for sha in [sha for sha, task in self._models.items() if task.done() and sha not in used]:
            del self._models[sha]

    async def _load(self, sha: str) -> Prepared:
        try:
            document = await self._blobs.get(sha)
        except (LookupError, ValueError) as problem:
            log.error("gateway.model", outcome="missing", model=sha, problem=str(problem))
            raise Refused(SERVICE_UNAVAILABLE, "The environment's model cannot be loaded.") from problem
        return await asyncio.get_running_loop().run_in_executor(self._threads, _prepared, document, sha)


def place_of(route: Route) -> Place:
    """What the records of an environment's calls have in common."""
    columns = (route.environment, route.kind, route.instance, route.service, route.project, route.organisation)
    return journal.place(columns, route.version)


def _prepared(document: bytes, sha: str) -> Prepared:
    return prepare(decode(document), sha)
