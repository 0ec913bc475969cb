"""Who asks: `wrk` for the gateway, `pgbench` for the limit, and replacements of our own where they are not installed.

Both send the same questions with values that change, over loopback, from one thread.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import asyncpg

WRK_MISSING: Final = (
    "wrk is not installed (`apt-get install wrk`, `brew install wrk`): the load comes from a Python loop, which is the "
    "bottleneck itself, so the gateway's figures are too low."
)
PGBENCH_MISSING: Final = (
    "pgbench is not installed (`apt-get install postgresql-contrib`): the limit is a Python loop over asyncpg, which "
    "is lower than pgbench, so the ratios are too good."
)
_SCRIPT: Final = """
local bodies = {}
local number = 0
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  for body in io.lines(args[2]) do bodies[#bodies + 1] = wrk.format(nil, args[3], nil, body) end
end
function request()
  number = number % #bodies + 1
  return bodies[number]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "us": %d, "failed": %d, "p50": %d, "p99": %d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Rate:
    """What one run came to."""

    per_second: float
    p50_us: float = 0.0
    p99_us: float = 0.0
    cpu_us: float = 0.0
    """Processor time of the asked process per call."""


@dataclass(frozen=True)
class Posts:
    """POST requests to one gateway, sent in turn."""

    url: str
    path: str
    key: str
    bodies: Sequence[str]

    def run(self, folder: Path, seconds: int, concurrency: int) -> Rate:
        """Ask for so long on so many connections. Raises RuntimeError when a request was not answered with 2xx."""
        wrk = shutil.which("wrk")
        if wrk is None:
            return asyncio.run(self._loops(seconds, concurrency))
        script, bodies = folder / "posts.lua", folder / "bodies"
        script.write_text(_SCRIPT)
        bodies.write_text("\n".join(self.bodies) + "\n")
        words = [wrk, "-t1", f"-c{concurrency}", f"-d{seconds}s", "-s", str(script), self.url]
        done = subprocess.run(
            [*words, "--", self.key, str(bodies), self.path], capture_output=True, text=True, check=False
        )
        found = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not found:
            raise RuntimeError(f"wrk: {done.stdout}{done.stderr}")
        told = json.loads(found[-1])
        if told["failed"]:
            raise RuntimeError(f"{told['failed']} requests failed: {done.stdout}")
        return Rate(told["requests"] / told["us"] * 1e6, told["p50"], told["p99"])

    async def _loops(self, seconds: int, concurrency: int) -> Rate:
        until = time.perf_counter() + seconds
        taken = await asyncio.gather(*(self._loop(until, start) for start in range(concurrency)))
        times = sorted(one for each in taken for one in each)
        return Rate(len(times) / seconds, times[len(times) // 2], times[int(len(times) * 0.99)])

    async def _loop(self, until: float, start: int) -> list[float]:
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST {self.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {self.key}\r\n"
        head += "Content-Type: application/json\r\n"
        requests = [f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode() for body in self.bodies]
        taken: list[float] = []
        while (began := time.perf_counter()) < until:
            writer.write(requests[(start * 31 + len(taken)) % len(requests)])
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
            if not answer.startswith(b"HTTP/1.1 200") or length is None:
                raise RuntimeError(answer.decode())
            await reader.readexactly(int(length.group(1)))
            taken.append((time.perf_counter() - began) * 1e6)
        writer.close()
        return taken


@dataclass(frozen=True)
class Statements:
    """One prepared statement, asked again and again; one of its parameters is drawn anew each time."""

    dsn: str
    sql: str
    """With `$1` …"""
    fixed: Mapping[int, object]
    """Parameters that stay, by number."""
    drawn: int
    """Number of the parameter that changes, and between which numbers."""
    low: int
    high: int
    text: bool
    """The parameter that changes is text."""

    def run(self, folder: Path, seconds: int, concurrency: int) -> Rate:
        """Ask for so long on so many connections. Raises RuntimeError when pgbench fails."""
        pgbench = _pgbench()
        if pgbench is None:
            return asyncio.run(self._loops(seconds, concurrency))
        script = folder / "statement.sql"
        drawing = f"\\set v{self.drawn} random({self.low}, {self.high})\n"
        script.write_text(drawing + re.sub(r"\$(\d+)", r":v\1", self.sql) + ";\n")
        words = [pgbench, "-n", "-M", "prepared", "-j", "1", "-c", str(concurrency), "-T", str(seconds)]
        for number, value in self.fixed.items():
            words += ["-D", f"v{number}={_shown(value)}"]
        parts = urlsplit(self.dsn)
        environ = {**os.environ, "PGPASSWORD": unquote(parts.password or ""), "PGOPTIONS": "-c jit=off -c timezone=UTC"}
        words += ["-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), "-f", str(script)]
        done = subprocess.run(
            [*words, parts.path.lstrip("/")], capture_output=True, text=True, check=False, env=environ
        )
        found = re.search(r"^tps = ([\d.]+) \(without", done.stdout, re.MULTILINE)
        if found is None or done.returncode:
            raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")
        latency = re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.MULTILINE)
        return Rate(float(found.group(1)), float(latency.group(1)) * 1e3 if latency else 0.0)

    async def _loops(self, seconds: int, concurrency: int) -> Rate:
        until = time.perf_counter() + seconds
        done = await asyncio.gather(*(self._loop(until, number) for number in range(concurrency)))
        return Rate(sum(done) / seconds)

    async def _loop(self, until: float, start: int) -> int:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self.dsn, server_settings={"jit": "off"})
        try:
            prepared = await connection.prepare(self.sql)
            times = 0
            while time.perf_counter() < until:
                drawn = self.low + (start * 7919 + times * 104_729) % (self.high - self.low + 1)
                await prepared.fetchval(*self.values(drawn))
                times += 1
            return times
        finally:
            await connection.close()

    def values(self, drawn: int) -> list[object]:
        """The parameters, with the given number for the one that is drawn."""
        values = {**self.fixed, self.drawn: str(drawn) if self.text else drawn}
        return [values[number] for number in sorted(values)]


def _shown(value: object) -> str:
    """A value as PostgreSQL reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pgbench() -> str | None:
    found = shutil.which("pgbench")
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(installed[-1]) if installed else None


def remarks() -> list[str]:
    """What is missing here and what that means for the figures."""
    return [*([] if shutil.which("wrk") else [WRK_MISSING]), *([] if _pgbench() else [PGBENCH_MISSING])]


def versions() -> list[str]:
    """Of the tools that are there."""
    told = []
    if wrk := shutil.which("wrk"):
        first = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False).stdout.splitlines()
        told.append(" ".join(first[0].split()[:2]) if first else "wrk")
    if pgbench := _pgbench():
        shown = subprocess.run([pgbench, "--version"], capture_output=True, text=True, check=False).stdout
        told.append(" ".join(shown.replace("(PostgreSQL)", "").split()[:2]))
    return told
