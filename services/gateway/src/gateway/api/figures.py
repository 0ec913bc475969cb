"""Counters and canonical lines of data calls, cheap enough for every call (PERFORMANCE 3).

Counts are plain integers that turn into Prometheus figures when somebody asks; lines are bytes, written in bulk.
"""

from __future__ import annotations

import asyncio
import os
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

import orjson
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from common import clock
from contracts.calls import CallClass
from gateway.domain.directory import Route
from gateway.execute.meter import Call

FLUSH_SECONDS: Final = 0.5
LINES_BYTES_MAX: Final = 256 * 1024
SECOND_US: Final = 1_000_000
BOUNDS_US: Final = (
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
)  # fmt: skip
"""Upper bounds of the buckets of durations; what took longer than the last has a bucket of its own."""


class Figures(Collector):
    """The data calls of this worker."""

    def __init__(self, service: str, node: str, *, lines: bool) -> None:
        self._took: dict[tuple[str, CallClass], list[int]] = defaultdict(_no_calls)
        self._took_us: dict[tuple[str, CallClass], int] = defaultdict(int)
        self._bytes_out: dict[str, int] = defaultdict(int)
        self._gauges: list[tuple[str, str, Callable[[], float]]] = []
        self._lines = lines
        self._buffer = bytearray()
        self._second = 0
        self._second_text = b""
        self._tail = b',"level":"info","service":%b,"node":%b}\n' % (orjson.dumps(service), orjson.dumps(node))
        REGISTRY.register(self)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """From now on tell also what `read` gives at the moment somebody asks."""
        self._gauges.append((name, meaning, read))

    def call(self, call: Call, route: Route, request_id: str, status: int) -> None:
        """Count a call and note its line: no secrets, no values, no text of the document."""
        key = (route.kind, call.outcome)
        self._took[key][bisect_left(BOUNDS_US, call.duration_us)] += 1
        self._took_us[key] += call.duration_us
        self._bytes_out[route.kind] += call.bytes_out
        if self._lines:
            self._buffer += self._text(call, route, request_id, status)
            if len(self._buffer) > LINES_BYTES_MAX:
                self.flush()

    def limited(self, route: Route, bytes_out: int) -> None:
        """Count a call that was refused because of a limit. It has no line: a flood of them would fill the log."""
        self._took[route.kind, "limited"][0] += 1
        self._bytes_out[route.kind] += bytes_out

    def _text(self, call: Call, route: Route, request_id: str, status: int) -> bytes:
        return (
            b'{"event":"gateway.call","at":"%b","request":"%b","environment":"%b","kind":"%b","outcome":"%b",'
            b'"status":%d,"took_us":%d,"in":%d,"out":%d,"operation":%b,"hash":%b,"credential":%b%b'
        ) % (
            self._at(),
            request_id.encode(),
            route.environment.encode(),
            route.kind.encode(),
            call.outcome.encode(),
            status,
            call.duration_us,
            call.bytes_in,
            call.bytes_out,
            orjson.dumps(call.operation),
            orjson.dumps(call.digest),
            orjson.dumps(call.credential),
            self._tail,
        )

    def _at(self) -> bytes:
        """The present as text; all but its milliseconds is written once a second."""
        second, milliseconds = divmod(clock.milliseconds(), 1000)
        if second != self._second:
            self._second = second
            self._second_text = clock.text(datetime.fromtimestamp(second, UTC))[:-4].encode()
        return b"%b%03dZ" % (self._second_text, milliseconds)

    def flush(self) -> None:
        """Write the lines noted so far to standard error."""
        if self._buffer:
            lines, self._buffer = bytes(self._buffer), bytearray()
            sys.stderr.flush()
            os.write(sys.stderr.fileno(), lines)

    async def keep_flushing(self) -> None:
        """Write lines from time to time, for ever."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.flush()

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        calls = CounterMetricFamily(
            "mortise_calls", "Data calls by environment kind and class", labels=("kind", "class")
        )
        took = HistogramMetricFamily("mortise_calls_seconds", "Durations of data calls", labels=("kind", "class"))
        out = CounterMetricFamily("mortise_calls_bytes_out", "Bytes answered", labels=("kind",))
        for key, numbers in self._took.items():
            calls.add_metric(key, sum(numbers))
            took.add_metric(key, buckets(numbers), self._took_us[key] / SECOND_US)
        for kind, number in self._bytes_out.items():
            out.add_metric((kind,), number)
        yield from (calls, took, out)
        for name, meaning, read in self._gauges:
            yield GaugeMetricFamily(name, meaning, read())

    def close(self) -> None:
        """Write what is left and count no more."""
        self.flush()
        REGISTRY.unregister(self)


def buckets(numbers: Sequence[int]) -> list[tuple[str, float]]:
    """Calls by bucket as Prometheus wants them: upper bound in seconds, and how many took at most so long."""
    bounds = [*(repr(bound / SECOND_US) for bound in BOUNDS_US), "+Inf"]
    return list(zip(bounds, map(float, accumulate(numbers)), strict=True))


def _no_calls() -> list[int]:
    return [0] * (len(BOUNDS_US) + 1)
