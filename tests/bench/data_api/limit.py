"""The limit: the SQL that the gateway runs, prepared, in `pgbench`.

A parameter that is drawn, or that must be new each time, becomes a number that pgbench draws; all others stay as they
are. Statements of one operation go out together, as the gateway sends them.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from gateway.engine import Call, Engine, Fresh, Request
from tests.bench.data_api import rows
from tests.bench.data_api.operations import UNIQUE, Operation
from tests.bench.data_api.where import Where
from tests.bench.data_api.wrk import Rate

NAME: Final = "pgbench"
FRESH_LOW: Final = 4 * 10**17
FRESH_HIGH: Final = 5 * 10**17 - 1
"""Between these lie the ids and slugs that pgbench makes: greater than those of the rows that are there at first."""
LEAST: Final = 20
"""Transactions on each connection; the first of them plans."""
CALIBRATED_SECONDS: Final = 0.2
_LITERAL: Final = re.compile(r"(?:U&)?'(?:[^']|'')*'")


@dataclass(frozen=True)
class Ran:
    """A statement with its parameters."""

    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Script:
    """An operation as pgbench runs it."""

    text: str
    constants: Mapping[str, str]
    """Variables that stay as they are."""


def statements(engine: Engine, operation: Operation, drawn: Mapping[str, int], fresh: str) -> list[Ran]:
    """What the gateway sends to PostgreSQL; ids of new nodes, and what else is unique, begin with `fresh`."""
    text = {name: str(value).replace(UNIQUE, fresh) for name, value in operation.fixed.items()}
    variables = {**operation.variables("ours", drawn), **text}
    call = engine.call(Request(operation.texts["ours"], None, variables))
    if not isinstance(call, Call):
        raise RuntimeError(f"{operation.name}: {call}")  # noqa: TRY004 - the operation is refused, no type is wrong
    (root,) = call.roots
    ids = tuple(f"{fresh}{number}" for number in range(root.ids))
    return [Ran(one.sql, one.values(call.variables, Fresh(rows.START, ids))) for one in root.statements]


def script(engine: Engine, operation: Operation) -> Script:
    """The operation as a script. Raises RuntimeError when its SQL depends on what is drawn."""
    chance = random.Random(operation.name)  # noqa: S311 - two samples, the same every time
    samples = [(operation.drawn(chance), str(FRESH_LOW + number)) for number in range(2)]
    writers = [_Writer(operation, statements(engine, operation, *sample), *sample) for sample in samples]
    one, other = (writer.script() for writer in writers)
    if one != other:
        raise RuntimeError(f"{operation.name}: the statements depend on the drawn values: {one} {other}")
    return one


class _Writer:
    """Turns statements with the parameters of one sample into a script with variables."""

    def __init__(self, operation: Operation, ran: Sequence[Ran], drawn: Mapping[str, int], fresh: str) -> None:
        self._name, self._ran, self._fresh = operation.name, ran, fresh
        self._draws = [f"\\set {self._variable(name)} random({d.low}, {d.high})" for name, d in operation.draws.items()]
        self._known = {draw.value(drawn[name]): self._variable(name) for name, draw in operation.draws.items()}
        self._constants: dict[str, str] = {}

    def script(self) -> Script:
        texts = [f"{self._statement(one)};" for one in self._ran]
        if len(texts) > 1:
            texts = ["\\startpipeline", *texts, "\\endpipeline"]
        return Script("\n".join((*self._draws, *texts)) + "\n", self._constants)

    def _statement(self, one: Ran) -> str:
        def said(found: re.Match[str]) -> str:
            return self._said(one.values[int(found.group(1)) - 1])

        return re.sub(r"\$(\d+)", said, _LITERAL.sub(_without_colons, one.sql))

    def _said(self, value: Any) -> str:
        """A parameter as it stands in the script."""
        if isinstance(value, list | tuple):
            return f"array[{', '.join(map(self._said, value))}]"
        if value is None:
            return "null"
        if not isinstance(value, bool) and value in self._known:
            return f":{self._known[value]}"
        if isinstance(value, str) and value.startswith(self._fresh):
            name = self._variable(f"fresh{value.removeprefix(self._fresh)}")
            self._known[value] = name
            self._draws.append(f"\\set {name} random({FRESH_LOW}, {FRESH_HIGH})")
            return f":{name}"
        text = _shown(value)
        names = {other: known for known, other in self._constants.items()}
        name = names.get(text) or self._variable(f"constant{len(names)}")
        self._constants[name] = text
        return f":{name}"

    def _variable(self, name: str) -> str:
        return f"{self._name}_{name}"


def _without_colons(found: re.Match[str]) -> str:
    """A literal in which pgbench sees no variable: `'HH24:MI'` in other words."""
    text = found.group()
    if text.startswith("U&") or not re.search(r":\w", text):
        return text
    return f"U&{text.replace(chr(92), chr(92) * 2).replace(':', chr(92) + '003A')}"


def _shown(value: object) -> str:
    """A value as PostgreSQL reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)


@dataclass(frozen=True)
class Limit:
    """Scripts that pgbench chooses among, with how often each is chosen."""

    where: Where
    scripts: Sequence[tuple[Script, int]]
    paces: dict[int, float] = field(default_factory=dict)
    """Transactions per second as they were found at each concurrency."""

    def run(self, folder: Path, seconds: float, concurrency: int) -> Rate:
        """For about so long on so many connections. Raises RuntimeError when pgbench fails.

        pgbench is told a number of transactions, not a time, because its time runs while it still connects.
        """
        if concurrency not in self.paces:
            # The first executions plan: what follows them tells the pace.
            first = self._ran(folder, LEAST, concurrency).per_second
            each = max(LEAST, round(first * CALIBRATED_SECONDS / concurrency))
            self.paces[concurrency] = self._ran(folder, each, concurrency).per_second
        each = max(LEAST, round(self.paces[concurrency] * seconds / concurrency))
        rate = self._ran(folder, each, concurrency)
        self.paces[concurrency] = rate.per_second
        return rate

    def _ran(self, folder: Path, each: int, concurrency: int) -> Rate:
        """So many transactions on each connection."""
        words = [binary(), "-n", "-M", "prepared", "-j", "1", "-c", str(concurrency), "-t", str(each)]
        words += ["-h", self.where.host, "-p", str(self.where.port), "-U", self.where.user]
        for number, (one, weight) in enumerate(self.scripts):
            path = folder / f"limit{number}.sql"
            path.write_text(one.text)
            words += ["-f", f"{path}@{weight}"]
            words += [word for name, value in one.constants.items() for word in ("-D", f"{name}={value}")]
        environ = {**os.environ, "PGPASSWORD": self.where.password, "PGOPTIONS": "-c jit=off -c timezone=UTC"}
        done = subprocess.run([*words, self.where.database], capture_output=True, text=True, check=False, env=environ)
        rate = re.search(r"^tps = ([\d.]+) \(without", done.stdout, re.MULTILINE)
        times = re.search(r"^number of transactions actually processed: (\d+)", done.stdout, re.MULTILINE)
        mean = re.search(r"^latency average = ([\d.]+) ms", done.stdout, re.MULTILINE)
        if rate is None or times is None or mean is None or done.returncode:
            raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")
        return Rate(float(rate.group(1)), int(times.group(1)), float(mean.group(1)) * 1e3)


def binary() -> str:
    """Where pgbench is; empty when it is not installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return shutil.which("pgbench") or (str(installed[-1]) if installed else "")


async def answer(connection: asyncpg.Connection[Any], ran: Sequence[Ran]) -> str | None:
    """What the last of the statements answers; all in one transaction."""
    async with connection.transaction():
        found: str | None = None
        for one in ran:
            found = await connection.fetchval(one.sql, *one.values)
    return found
