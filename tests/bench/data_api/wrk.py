"""Who asks over HTTP: `wrk` on one thread, connections kept open, bodies in turn.

An answer that is no 2xx makes a run fail. In a checked run so does one that has `errors`; looking at answers slows wrk
down, so that timed runs do not.
"""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.data_api.operations import UNIQUE

_SCRIPT: Final = """
local threads, bodies, number, made = {}, {}, 0, 0
wrong = 0
function setup(thread) table.insert(threads, thread) end
function init(args)
  path, unique, prefix, checked = args[2], args[3], args[4], args[5] == "checked"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if args[6] then wrk.headers["Authorization"] = "Bearer " .. args[6] end
  for body in io.lines(args[1]) do
    local text = wrk.format(nil, path, nil, body)
    bodies[#bodies + 1] = {text, text:find(unique, 1, true) ~= nil}
  end
  if checked then response = look end
end
function request()
  number = number % #bodies + 1
  local body = bodies[number]
  if not body[2] then return body[1] end
  made = made + 1
  return (body[1]:gsub(unique, prefix .. string.format("%010d", made)))
end
function look(status, headers, body)
  if body:find('"errors"', 1, true) then
    if wrong == 0 then io.stderr:write(body:sub(1, 500), "\\n") end
    wrong = wrong + 1
  end
end
function done(summary, latency, requests)
  local e, wrongs = summary.errors, 0
  for _, thread in ipairs(threads) do wrongs = wrongs + thread:get("wrong") end
  io.write(string.format('{"requests": %d, "us": %d, "failed": %d, "p50": %d, "p99": %d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout + wrongs,
    latency:percentile(50), latency:percentile(99)))
end
"""
_LONGER: Final = 60
"""wrk knows whole seconds only; it is told to run for longer and interrupted, after which it reports as ever."""
_runs = itertools.count(30_000_000)
"""Each run's own start of the numbers that must be unique."""


@dataclass(frozen=True)
class Rate:
    """What one run came to. Times are microseconds; 0 = not known."""

    per_second: float
    requests: int
    p50_us: float = 0.0
    p99_us: float = 0.0
    cpu_us: float = 0.0
    """Processor time of the asked process per request."""
    database_us: float = 0.0
    """Processor time of PostgreSQL per request."""


@dataclass(frozen=True)
class Load:
    """Requests to one door."""

    url: str
    path: str
    key: str | None
    bodies: Sequence[str]

    def run(self, folder: Path, seconds: float, concurrency: int, *, checked: bool = False) -> Rate:
        """Ask for so long on so many connections. Raises RuntimeError when a request failed.

        Whoever is not answered when the time is over hangs up.
        """
        script, bodies = folder / "load.lua", folder / "bodies"
        script.write_text(_SCRIPT)
        bodies.write_text("\n".join(self.bodies) + "\n")
        words = [
            "wrk",
            "-t1",
            f"-c{concurrency}",
            f"-d{_LONGER}s",
            "--timeout",
            f"{_LONGER}s",
            "-s",
            str(script),
            self.url,
        ]
        words += ["--", str(bodies), self.path, UNIQUE, str(next(_runs)), "checked" if checked else "timed"]
        with subprocess.Popen(
            [*words, *([self.key] if self.key else [])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            time.sleep(seconds)  # the load lasts so long
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate()
        found = [line for line in out.splitlines() if line.startswith("{")]
        if not found:
            raise RuntimeError(f"wrk: {out}{errors}")
        told = json.loads(found[-1])
        if told["failed"]:
            raise RuntimeError(f"{self.url}: {told['failed']} of {told['requests']} requests failed: {out}{errors}")
        return Rate(told["requests"] / told["us"] * 1e6, told["requests"], told["p50"], told["p99"])
