"""Servers as processes: started, watched for the line that says where they listen, stopped, and what they spend."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 30.0
_PROC: Final = Path("/proc")


@contextmanager
def running(
    words: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the `with` lasts."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, cwd=folder, env=environ, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def told(log: Path, process: subprocess.Popen[bytes], last: str) -> dict[str, dict[str, Any]]:
    """The lines of a log by their event, or by the one member they have, once there is the last one."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{" and line[-1:] == "}"]
        found = {str(line.get("event") or next(iter(line))): line for line in lines}
        if last in found:
            return found
        time.sleep(0.05)  # it says so in a file
    raise RuntimeError(f"{log.stem} did not start:\n{log.read_text()[-2000:]}")


def spent_us(pid: int) -> float:
    """Processor time that a process has spent, in microseconds; 0 where the system does not tell."""
    return _ticks_us(pid, 11)


def children_us(pid: int) -> float:
    """The same of a process's children, those that live (of one thread each) and those that have ended."""
    children = _PROC / str(pid) / "task" / str(pid) / "children"
    if not children.exists():
        return 0.0
    spent = 0.0
    for child in children.read_text().split():
        with suppress(OSError):  # ended meanwhile
            spent += int((_PROC / child / "schedstat").read_text().split()[0]) / 1e3
    return spent + _ticks_us(pid, 13)


def _ticks_us(pid: int, first: int) -> float:
    """Two numbers of a process's `stat`, counted behind its name, which are times in and for user code."""
    stat = _PROC / str(pid) / "stat"
    if not stat.exists():
        return 0.0
    ticks = stat.read_text().rpartition(")")[2].split()[first : first + 2]
    return sum(map(int, ticks)) * 1e6 / os.sysconf("SC_CLK_TCK")
