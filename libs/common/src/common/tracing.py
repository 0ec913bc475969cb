"""Spans for OpenTelemetry: what took how long because of what, sent as OTLP/JSON to whoever collects them.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set, and then every use costs one look at a module's variable
(docs/decisions/0006-spans-without-a-framework.md). A span belongs to the trace of its parent: the `traceparent` that
came with a request or stands in a cause, else the span that is under way in the same task.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote

import aiohttp
import orjson

from common import clock
from common.logs import observe

INTERNAL: Final = 1
SERVER: Final = 2
PRODUCER: Final = 4
CONSUMER: Final = 5
WAITING_MAX: Final = 4096
"""Spans that may wait to be sent; more are dropped and counted, for nobody waits for a collector."""
SEND_SECONDS: Final = 1.0
REPLY_SECONDS: Final = 5.0
LAST_SECONDS: Final = 1.0
"""So long the end of a process may wait for a collector."""
_PARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_NOBODY: Final = {"0" * 32, "0" * 16}
_FAILED: Final = 2
_WHOLE: Final = 1 << 56
"""The last 7 bytes of a trace's id are the chance that decides whether it is sampled (W3C Trace Context 2)."""

Value = str | int | float | bool | None
Attributes = Mapping[str, Value]
_NONE: Final[Attributes] = {}


@dataclass(slots=True)
class Span:
    """Something that takes time. A `with` ends it; an exception that leaves it marks it as failed."""

    name: str
    kind: int
    trace: str
    parent: str | None
    sampled: bool
    attributes: Attributes
    id: str = field(default_factory=lambda: os.urandom(8).hex())
    began_ns: int = field(default_factory=clock.nanoseconds)
    ended_ns: int = 0
    failed: str | None = None
    _token: Token[Span | None] | None = None

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._token is not None, "a span ends where it began"
        _current.reset(self._token)
        if error is not None:
            self.fail(type(error).__name__)
        self.ended_ns = clock.nanoseconds()
        _send(self)

    def tell(self, attributes: Attributes) -> None:
        """Say more about it. What is None is left out."""
        self.attributes = {**self.attributes, **attributes}

    def fail(self, why: str) -> None:
        """It did not do what it was for: a short constant, no values."""
        self.failed = why

    def onward(self, _given: str | None = None) -> str | None:
        """The `traceparent` of what follows from it."""
        return f"00-{self.trace}-{self.id}-{1 if self.sampled else 0:02d}"


class _Nothing:
    """What everything is while nobody collects, and where nothing began a trace."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, _: Attributes) -> None:
        pass

    def fail(self, _: str) -> None:
        pass

    def onward(self, given: str | None = None) -> str | None:
        return given


NOTHING: Final = _Nothing()
_current: ContextVar[Span | None] = ContextVar("span", default=None)
_exporter: Exporter | None = None


def on() -> bool:
    """Whether somebody collects spans."""
    return _exporter is not None


def span(
    name: str,
    attributes: Attributes = _NONE,
    *,
    kind: int = INTERNAL,
    parent: str | None = None,
    root: bool = False,
) -> Span | _Nothing:
    """A span that begins now. Without a parent it begins a trace if `root`, and is nothing otherwise."""
    if _exporter is None:
        return NOTHING
    found, above = _PARENT.fullmatch(parent or ""), _under_way()
    if found is not None and not _NOBODY & {found[1], found[2]}:
        return Span(name, kind, found[1], found[2], bool(int(found[3], 16) & 1), attributes)
    if above is not None:
        return Span(name, kind, above.trace, above.id, above.sampled, attributes)
    return _first(_exporter, name, kind, attributes) if root else NOTHING


def ended(name: str, took_us: int, attributes: Attributes) -> None:
    """A call was answered just now that took so many microseconds; it begins a trace if nothing is under way."""
    if _exporter is None:
        return
    above = _under_way()
    if above is None:
        told = _first(_exporter, name, SERVER, attributes)
    else:
        told = Span(name, INTERNAL, above.trace, above.id, above.sampled, attributes)
    told.ended_ns = told.began_ns
    told.began_ns -= took_us * 1000
    _send(told)


def onward(given: str | None) -> str | None:
    """The `traceparent` for what follows: of the span under way, else what was given."""
    here = _under_way() if _exporter is not None else None
    return given if here is None else here.onward()


def _under_way() -> Span | None:
    """A connection or a task keeps the span that it was made in for ever; one that has ended is nobody's parent."""
    here = _current.get()
    return None if here is None or here.ended_ns else here


def _first(exporter: Exporter, name: str, kind: int, attributes: Attributes) -> Span:
    trace = os.urandom(16).hex()
    return Span(name, kind, trace, None, int(trace[-14:], 16) < exporter.share * _WHOLE, attributes)


def _send(done: Span) -> None:
    if done.sampled and _exporter is not None:
        _exporter.take(done)


# --- sending ------------------------------------------------------------------------------------------------------


class Exporter:
    """Sends what has ended to one collector, at most once a second."""

    def __init__(self, url: str, headers: Mapping[str, str], share: float, resource: Attributes) -> None:
        self.share = share
        """Of the traces that begin here, as many are sampled."""
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        self._resource = {"attributes": _attributes(resource)}
        self._waiting: list[Span] = []
        self._dropped = 0

    @classmethod
    def read(cls, service: str, node: str, environ: Mapping[str, str]) -> Self | None:
        """From OTEL_* variables; None when there is no address. Raises ValueError that names the variable."""
        base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        if not base:
            return None
        share = environ.get("OTEL_TRACES_SAMPLER_ARG") or "1"
        if not re.fullmatch(r"0|1|[01]?\.[0-9]+", share) or float(share) > 1:
            message = f"OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, not {share!r}"
            raise ValueError(message)
        pairs = [pair.partition("=") for pair in (environ.get("OTEL_EXPORTER_OTLP_HEADERS") or "").split(",") if pair]
        headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
        resource: Attributes = {
            "service.name": f"mortise-{service}",
            "service.namespace": "mortise",
            "service.instance.id": node,
        }
        return cls(f"{base.rstrip('/')}/v1/traces", headers, float(share), resource)

    def take(self, done: Span) -> None:
        """Send it with the next lot."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(done)
        else:
            self._dropped += 1

    async def run(self) -> None:
        """Send for ever."""
        async with self._session(REPLY_SECONDS) as session:
            while True:
                await asyncio.sleep(SEND_SECONDS)
                await self._flush(session)

    async def finish(self) -> None:
        """Send what is left, once."""
        async with self._session(LAST_SECONDS) as session:
            await self._flush(session)

    def _session(self, seconds: float) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds), headers=self._headers)

    async def _flush(self, session: aiohttp.ClientSession) -> None:
        spans, self._waiting = self._waiting, []
        if not spans:
            return
        try:
            async with session.post(self._url, data=self.encoded(spans)) as answer:
                outcome = "ok" if answer.ok else f"refused with {answer.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:  # a header may be no header
            outcome = type(problem).__name__
        dropped, self._dropped = self._dropped + (0 if outcome == "ok" else len(spans)), 0
        level = "warning" if dropped else "debug"
        observe("tracing.sent", outcome=outcome, level=level, spans=len(spans), dropped=dropped)

    def encoded(self, spans: list[Span]) -> bytes:
        """The request that OTLP/HTTP wants, in its JSON form: ids in hex, numbers of 64 bits as text."""
        scope = {"scope": {"name": "mortise"}, "spans": [_told(each) for each in spans]}
        return orjson.dumps({"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]})


@contextlib.asynccontextmanager
async def exported(service: str, node: str, environ: Mapping[str, str]) -> AsyncIterator[None]:
    """Spans of this process are sent for as long as the `with` lasts, if the environment says where to."""
    global _exporter  # noqa: PLW0603 - on or off is the state of a process, looked at in every call
    exporter = Exporter.read(service, node, environ)
    if exporter is None:
        yield
        return
    _exporter = exporter
    sending = asyncio.create_task(exporter.run(), name="spans")
    try:
        yield
    finally:
        _exporter = None
        sending.cancel()
        await asyncio.wait([sending])
        await exporter.finish()


def _told(done: Span) -> dict[str, Any]:
    status = {} if done.failed is None else {"status": {"code": _FAILED, "message": done.failed}}
    above = {} if done.parent is None else {"parentSpanId": done.parent}
    return {
        "traceId": done.trace,
        "spanId": done.id,
        **above,
        "name": done.name,
        "kind": done.kind,
        "startTimeUnixNano": str(done.began_ns),
        "endTimeUnixNano": str(done.ended_ns),
        "attributes": _attributes(done.attributes),
        **status,
    }


def _attributes(named: Attributes) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in named.items() if value is not None]


def _value(value: str | float) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": value}
