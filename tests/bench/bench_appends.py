"""Facts per second into the event log, every one on disk before it is acknowledged.

`python -m tests.bench.bench_appends [--seconds N] [--rounds N]` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import nats
from nats.aio.client import Client

from common.claims import Claim, NameClaimed
from common.clock import new_id
from common.log import History, Log, Subject
from tests.bench.figures import Report, Table, count, median, percentile, ratio, said, server
from tests.support.lab import DropFell, cause, entry, jar
from tests.support.stack import Stack, a_directory

WRITERS: Final = (1, 50)
STREAM: Final = "BENCH"
REPLY_SECONDS: Final = 10.0
SYNCS: Final = 200

Writer = Callable[[], Awaitable[None]]
"""Store one message."""


def appending(log: Log) -> Writer:
    """Facts of one aggregate of its own, each naming the one before."""
    subject, history = jar(new_id()), History()

    async def one() -> None:
        nonlocal history
        history = History((await log.append(entry(subject, DropFell(drops=1), history), cause()),))

    return one


def claiming(log: Log) -> Writer:
    """A claim and a fact in one atomic batch, as everything with a name is made."""
    org = new_id()

    async def one() -> None:
        fact = jar(org)
        claim = Claim(f"jar/{org}", fact.id, f"jar.{fact.id}")
        taken = entry(Subject(org, "registry", "claim", claim.id), NameClaimed(scope=claim.scope, owner=claim.owner))
        await log.append_batch((taken, entry(fact, DropFell(drops=1))), cause(), use="claim+fact")

    return one


def publishing(client: Client, body: bytes) -> Writer:
    """The same bytes without anything around them."""
    subject = f"bench.{new_id()}"

    async def one() -> None:
        answer = json.loads((await client.request(subject, body, timeout=REPLY_SECONDS)).data)
        assert "seq" in answer, answer

    return one


async def rate(writers: list[Writer], seconds: float) -> tuple[float, list[float]]:
    """Messages per second of all writers together, and how long each took in microseconds."""
    until = time.perf_counter() + seconds

    async def write(one: Writer) -> list[float]:
        taken = []
        while (began := time.perf_counter()) < until:
            await one()
            taken.append((time.perf_counter() - began) * 1e6)
        return taken

    taken = list(itertools.chain.from_iterable(await asyncio.gather(*map(write, writers))))
    return len(taken) / seconds, taken


def syncs(folder: Path, size: int) -> float:
    """Appends with fdatasync per second to a file beside the log: what the disk allows one writer."""
    file = os.open(folder / "syncs", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        began = time.perf_counter()
        for _ in range(SYNCS):
            os.write(file, b"x" * size)
            os.fdatasync(file)
        return SYNCS / (time.perf_counter() - began)
    finally:
        os.close(file)


async def measure(stack: Stack, seconds: float, rounds: int) -> Report:
    """Interleaved rounds."""
    client = await nats.connect(stack.nats_url)
    try:
        log = Log(client, "lab")
        recorded = await log.append(entry(jar(new_id()), DropFell(drops=1)), cause())
        held = json.dumps({"name": STREAM, "subjects": ["bench.>"], "storage": "file", "max_msgs_per_subject": -1})
        made = await client.request(f"$JS.API.STREAM.CREATE.{STREAM}", held.encode())
        assert "error" not in json.loads(made.data), made.data
        table = Table(
            "Messages per second", ("", "log.append", "p50 µs", "p99 µs", "claim + fact", "plain publish", "of publish")
        )
        for number in WRITERS:
            said(f"{number} writer{'s' if number > 1 else ''}")
            found: dict[str, list[float]] = {"append": [], "batch": [], "publish": []}
            taken: list[float] = []
            for _ in range(rounds):
                per_second, times = await rate([appending(log) for _ in range(number)], seconds)
                found["append"].append(per_second)
                taken += times
                found["batch"].append((await rate([claiming(log) for _ in range(number)], seconds))[0])
                plain = [publishing(client, recorded.body) for _ in range(number)]
                found["publish"].append((await rate(plain, seconds))[0])
            middle = {name: median(values) for name, values in found.items()}
            table.rows.append(
                (
                    f"{number} writer{'s' if number > 1 else ''}",
                    count(middle["append"]),
                    count(median(taken)),
                    count(percentile(taken, 0.99)),
                    count(middle["batch"]),
                    count(middle["publish"]),
                    ratio(middle["append"], middle["publish"]),
                )
            )
        disk = median([syncs(stack.data, len(recorded.body)) for _ in range(rounds)])
        version = server(client)
    finally:
        await client.close()
    method = (
        (
            "One nats-server with `sync_interval: always`; each writer appends to an aggregate of its own and awaits "
            f"every acknowledgement; one Python process; the data directory is on {_file_system(stack.data)}."
        ),
        (
            f"Limit: the same {len(recorded.body)} bytes published to a stream of the same server, without envelope, "
            "checks, message id and expected sequence."
        ),
        f"Runs of {seconds:g} s, rounds interleaved, medians of {rounds}.",
    )
    remark = f"The disk below allows one writer {count(disk)} appends with fdatasync per second."
    return Report("appends", "Appending to the event log", method, (table,), (remark,), (version,), ("nats-py",))


def _file_system(path: Path) -> str:
    """The kind of file system under a path."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "a local disk"
    found = ("", "a local disk")
    for line in mounts.read_text().splitlines():
        _, at, kind = line.split()[:3]
        if path.resolve().is_relative_to(at) and len(at) >= len(found[0]):
            found = (at, kind)
    return found[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_appends", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run (1)")
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many (5)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data, services=()) as stack:
        asyncio.run(measure(stack, given.seconds, given.rounds)).keep()


if __name__ == "__main__":
    main()
