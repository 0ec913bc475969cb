"""What every benchmark shares: medians, the machine it ran on, and a report that is printed and kept.

Absolute figures move with the machine, ratios of one run hardly do: every table has a named limit to compare with.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import asyncpg
from nats.aio.client import Client

from common import clock

RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Table:
    """One table of figures. The first column is the row's name."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def markdown(self, level: int = 2) -> str:
        """The table below a heading of that level."""
        widths = [max(len(row[number]) for row in (self.head, *self.rows)) for number in range(len(self.head))]
        lines = [_line(self.head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
        lines += [_line(row, widths) for row in self.rows]
        return "\n".join((f"{'#' * level} {self.title}", "", *lines, ""))


@dataclass(frozen=True)
class Report:
    """All that one benchmark found out."""

    name: str
    title: str
    method: Sequence[str]
    tables: Sequence[Table]
    remarks: Sequence[str] = ()
    versions: Sequence[str] = ()
    """Of servers and tools, beside those of Python and its packages."""
    packages: Sequence[str] = ("aiohttp", "asyncpg", "nats-py")

    def keep(self) -> None:
        """Print it, and write it to `tests/bench/results`."""
        told = [f"Python {platform.python_version()}", *(f"{one} {metadata.version(one)}" for one in self.packages)]
        text = "\n".join(
            (
                f"# {self.title}",
                "",
                f"* When: {clock.text(clock.now())}{commit()}",
                f"* Machine: {machine()}",
                f"* Versions: {', '.join((*told, *self.versions))}",
                *(f"* {line}" for line in self.method),
                "",
                *(table.markdown() for table in self.tables),
                *(f"{line}\n" for line in self.remarks),
            )
        )
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text(text.rstrip() + "\n")
        print(text, flush=True)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Processor, cores, memory, system and how busy it is with other things."""
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    processor = named.group(1) if named else platform.processor() or platform.machine()
    return (
        f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}; "
        f"load average of 1, 5 and 15 minutes at the end {load}"
    )


def commit() -> str:
    """The commit that was measured, when this is a clone and git is there."""
    found = _git("rev-parse", "--short", "HEAD")
    if found is None:
        return ""
    changed = "" if _git("diff", "--quiet", "HEAD", "--", "libs", "services") is not None else " with changes"
    return f", commit {found}{changed}"


def _git(*words: str) -> str | None:
    """What git says; None when it cannot or when it says no."""
    try:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - whichever git there is
            cwd=RESULTS.parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def said(text: str) -> None:
    """A line for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def server(client: Client) -> str:
    """Name and version of the nats-server that a client talks to."""
    version = client.connected_server_version
    return f"nats-server {version.major}.{version.minor}.{version.patch}"


async def database(dsn: str) -> str:
    """Name and version of a PostgreSQL server."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        return f"PostgreSQL {str(await connection.fetchval('show server_version')).split()[0]}"
    finally:
        await connection.close()


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def count(value: float) -> str:
    """`12 345`, and small numbers with their fraction."""
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}".replace(",", " ")


def ratio(value: float, limit: float) -> str:
    return f"{value / limit:.2f}" if limit else "-"
