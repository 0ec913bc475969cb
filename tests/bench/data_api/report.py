"""Writes `docs/benchmarks.md`: what was measured, on what and how, against the bars, and what is not reached."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from common import clock
from tests.bench.data_api import limit
from tests.bench.data_api.contestants import METERINGS, OURS
from tests.bench.data_api.rounds import MAIN, Found
from tests.bench.figures import Table, commit, count, machine

HERE: Final = Path(__file__).parent
TIMES: Final = "×"  # noqa: RUF001 - the sign for times is meant
TARGET: Final = HERE.parents[2] / "docs" / "benchmarks.md"
SERVERS: Final = (OURS, "PostGraphile", "Strawberry")


@dataclass(frozen=True)
class Outcome:
    """Everything a run found out."""

    found: Sequence[Found]
    meterings: Sequence[Found]
    """The same operations with metering off, fast and strict."""
    method: Sequence[str]
    versions: Sequence[str]


def text(outcome: Outcome) -> str:
    """The whole page."""
    sections = [
        (HERE / "intro.md").read_text(),
        "## The data API against its rivals\n",
        "\n".join(f"* {line}" for line in (_when(), machine(), _versions(outcome.versions), *outcome.method)) + "\n",
        *_tables(outcome),
        (HERE / "steps.md").read_text(),
        (HERE / "others.md").read_text().rstrip(),
    ]
    return "\n".join(sections) + "\n"


def _when() -> str:
    return f"When: {clock.text(clock.now())}{commit()}"


def _versions(others: Iterable[str]) -> str:
    own = [f"{name} {metadata.version(name)}" for name in ("aiohttp", "asyncpg")]
    return f"Versions: {', '.join((f'Python {platform.python_version()}', *own, *others))}"


def _tables(outcome: Outcome) -> list[str]:
    bars, verdict = _bars(outcome.found)
    tables = []
    for concurrency in sorted({one.concurrency for one in outcome.found}):
        chosen = [one for one in outcome.found if one.concurrency == concurrency]
        tables += [part(chosen, concurrency) for part in (_rates, _times, _spent)]
    if outcome.meterings:
        tables.append(_meterings(outcome.meterings))
    return [bars.markdown(level=3), verdict, *(table.markdown(level=3) for table in tables)]


def _rates(found: Sequence[Found], concurrency: int) -> Table:
    head = ("", limit.NAME, *SERVERS, f"of {limit.NAME}", *(f"{TIMES} {rival}" for rival in SERVERS[1:]))
    table = Table(f"Concurrency {concurrency}: requests per second", head)
    for one in found:
        rates = [_count(one.middle(name, "per_second")) for name in (limit.NAME, *SERVERS)]
        ratios = [_ratio(one.share(OURS, than)) for than in (limit.NAME, *SERVERS[1:])]
        table.rows.append((one.task.title, *rates, *ratios))
    return table


def _times(found: Sequence[Found], concurrency: int) -> Table:
    head = ("", f"{limit.NAME} mean", *(f"{name} {part}" for name in SERVERS for part in ("p50", "p99")))
    table = Table(f"Concurrency {concurrency}: milliseconds per request", head)
    for one in found:
        times = [one.middle(name, figure) for name in SERVERS for figure in ("p50_us", "p99_us")]
        table.rows.append((one.task.title, *map(_milliseconds, (one.middle(limit.NAME, "p50_us"), *times))))
    return table


def _spent(found: Sequence[Found], concurrency: int) -> Table:
    head = ("", *(f"{name} {whose}" for name in SERVERS for whose in ("own", "PostgreSQL")))
    table = Table(f"Concurrency {concurrency}: microseconds of processor time per request", head)
    for one in found:
        spent = [one.middle(name, figure) for name in SERVERS for figure in ("cpu_us", "database_us")]
        table.rows.append((one.task.title, *map(_count, spent)))
    return table


def _bars(found: Sequence[Found]) -> tuple[Table, str]:
    """Ours against floor and moonshot wherever they are set, and how many are met."""
    table = Table("Bars of one worker with metering fast", ("", "reached", "floor", "", "moonshot", ""))
    met = [0, 0]
    for one in found:
        for what, reached, bars in _judged(one):
            if not reached or not bars[0]:
                continue
            cells = [_ratio(reached)]
            for number, bar in enumerate(bars):
                met[number] += reached >= bar
                cells += [f"{bar:g}", "met" if reached >= bar else "**not met**"]
            table.rows.append((f"{one.task.title}: {what}", *cells))
    asked = len(table.rows)
    return table, f"Of {asked} floors {met[0]} are met, of {asked} moonshots {met[1]}.\n"


def _judged(one: Found) -> list[tuple[str, float, tuple[float, float]]]:
    """What is held against which bars: floor and moonshot."""
    of_limit, rival = one.share(OURS, limit.NAME), one.share(OURS, "PostGraphile")
    if one.concurrency == MAIN:
        bars = one.task.bars
        return [(f"{TIMES} PostGraphile", rival, bars.postgraphile), (f"of {limit.NAME}", of_limit, bars.limit)]
    if one.concurrency == 1:
        return [(f"of {limit.NAME}, concurrency 1", of_limit, one.task.bars.limit_alone)]
    return []


def _meterings(found: Sequence[Found]) -> Table:
    off, fast, strict = found[0].rates
    head = ("", *(f"{metering}: requests/s" for metering in METERINGS), "fast of off", "strict of off")
    table = Table(f"What metering costs, concurrency {MAIN}", head)
    for one in found:
        rates = [_count(one.middle(name, "per_second")) for name in (off, fast, strict)]
        table.rows.append((one.task.title, *rates, _ratio(one.share(fast, off)), _ratio(one.share(strict, off))))
    return table


def _count(value: float) -> str:
    return count(value) if value else "-"


def _milliseconds(microseconds: float) -> str:
    return f"{microseconds / 1e3:.2f}" if microseconds else "-"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value else "-"
