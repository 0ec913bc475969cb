"""What it costs to record a call, and how soon it is seen in the usage.

`python -m tests.bench.bench_metering [--calls N] [--visits N]` prints tables and keeps them in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from nats.aio.client import Client

from common.clock import new_id
from contracts.names import environment_id
from gateway.domain import batches, journal
from gateway.execute.meter import Call, Meter, Mode
from tests.bench import blog
from tests.bench.blog import Blog
from tests.bench.figures import Report, Table, count, median, percentile, said
from tests.support.stack import Stack, a_directory

ROUNDS: Final = 5
AT_ONCE: Final = 16
SYNCED_SHARE: Final = 20
"""Runs that wait for the disk make one part in so many of the calls."""
SEEN_SECONDS_MAX: Final = 20.0
_LOOK_AGAIN_SECONDS: Final = 0.002
CALL: Final = Call("ok", 412, 180, 96, new_id(), None, "PostById", "0123456789abcdef")
PLACE: Final = journal.place((environment_id("x", "dev"), "dev", new_id(), new_id(), new_id(), new_id()), "0.0.2")
USAGE: Final = "query($service: ID!) { usage(service: $service, grain: DAY) { calls } }"


async def recording(root: Path, mode: Mode, calls: int) -> float:
    """Microseconds per call, every batch sealed, nothing sent."""
    meter = Meter(Client(), root, mode)
    await meter.start()
    try:
        began = time.perf_counter()
        for _ in range(calls):
            meter.record(PLACE, CALL)
            meter.write()
        return (time.perf_counter() - began) / calls * 1e6
    finally:
        meter.close()


async def waiting(root: Path, callers: int, calls: int) -> float:
    """Microseconds per call when each of the callers waits for the disk before it makes the next one."""
    meter = Meter(Client(), root, "strict")
    await meter.start()

    async def caller() -> None:
        for _ in range(calls // callers):
            meter.record(PLACE, CALL)
            meter.write()
            await meter.on_disk()

    try:
        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        return (time.perf_counter() - began) / calls * 1e6
    finally:
        meter.close()


async def writing(root: Path, calls: int, *, sync: bool) -> float:
    """Microseconds for `write` of as many bytes as a record has, with `fdatasync` or without."""
    file = os.open(root / "bare", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    line = b"x" * (record_bytes(root) - 1) + b"\n"
    try:
        began = time.perf_counter()
        for _ in range(calls):
            os.write(file, line)
            if sync:
                os.fdatasync(file)
        return (time.perf_counter() - began) / calls * 1e6
    finally:
        os.close(file)


def record_bytes(root: Path) -> int:
    """Length of one record on disk, by those that lie there."""
    lines = (line for file in sorted(root.glob("*/*.wal")) for line in file.read_bytes().splitlines(keepends=True))
    return len(next(line for line in lines if line.startswith(journal.CALL)))


Run = Callable[[], Awaitable[float]]


async def costs(root: Path, calls: int) -> Table:
    """Interleaved rounds of every way to record."""
    fewer = calls // SYNCED_SHARE
    await recording(root, "fast", batches.CALLS_MAX)
    runs: dict[str, tuple[Run, str | None]] = {
        "write": (lambda: writing(root, calls, sync=False), None),
        "write and fdatasync": (lambda: writing(root, fewer, sync=True), None),
        "off": (lambda: recording(root, "off", calls), None),
        "fast": (lambda: recording(root, "fast", calls), "write"),
        "strict, one caller": (lambda: waiting(root, 1, fewer), "write and fdatasync"),
        f"strict, {AT_ONCE} callers": (lambda: waiting(root, AT_ONCE, fewer), "write and fdatasync"),
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (run, _limit) in runs.items():
            found[name].append(await run())
    table = Table("Recording and sealing a call", ("", "µs per call", "limit", "times the limit"))
    for name, (_run, limit) in runs.items():
        middle = median(found[name])
        share = "" if limit is None else f"{middle / median(found[limit]):.2f}"
        table.rows.append((name, count(middle), limit or "", share))
    return table


def seen(stack: Stack, here: Blog, visits: int) -> Table:
    """How long after its answer a call stands in the usage."""
    query = "{ allAuthors(first: 1) { id } }"
    taken: list[float] = []
    known = calls_in_usage(stack, here)
    for _ in range(visits):
        answer = stack.data_api(here.endpoint, query, key=here.key)
        began = time.perf_counter()
        assert "errors" not in answer, answer
        while (now := calls_in_usage(stack, here)) <= known:
            time.sleep(_LOOK_AGAIN_SECONDS)  # figures are asked for over HTTP, as a person does
            if time.perf_counter() - began > SEEN_SECONDS_MAX:
                raise TimeoutError(f"the call is not in the usage after {SEEN_SECONDS_MAX:.0f} s")
        taken.append((time.perf_counter() - began) * 1e3)
        known = now
    wait = batches.FLUSH_SECONDS * 1e3
    return Table(
        "From an answer to the usage",
        ("", "p50 ms", "p99 ms", "slowest ms", "batch waits ms", "p50 above"),
        [
            (
                "one call at a time",
                count(median(taken)),
                count(percentile(taken, 0.99)),
                count(max(taken)),
                count(wait),
                count(median(taken) - wait),
            )
        ],
    )


def calls_in_usage(stack: Stack, here: Blog) -> int:
    return sum(int(one["calls"]) for one in stack.asked(USAGE, {"service": here.service})["usage"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_metering", description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="recorded in each run (20000)")
    parser.add_argument("--visits", type=int, default=40, help="calls that are looked for in the usage (40)")
    given = parser.parse_args()
    with a_directory() as root:
        said("recording")
        cost = asyncio.run(costs(root, given.calls))
        size = record_bytes(root)
    with a_directory() as data, Stack(data) as stack:
        here = blog.push(stack)
        said("looking for calls in the usage")
        table = seen(stack, here, given.visits)
    method = (
        (
            f"Recording: {given.calls} calls of {size} bytes into a write-ahead log, sealed in batches of "
            f"{batches.CALLS_MAX} (read back and hashed), not sent; a part in {SYNCED_SHARE} of them where the disk is "
            f"waited for; rounds interleaved, medians of {ROUNDS}."
        ),
        (
            f"Usage: {given.visits} calls to a quiet stack, metering fast, each looked for in the control API until it "
            f"is counted. The limit is the {batches.FLUSH_SECONDS * 1e3:.0f} ms that the first call of a batch waits "
            "for others."
        ),
    )
    Report("metering", "What metering costs", method, (cost, table), packages=("nats-py",)).keep()


if __name__ == "__main__":
    main()
