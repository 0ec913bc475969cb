"""One process of the stack: started by fork, tied to the life of its parent, ended politely and then surely.

Services are not started with a new interpreter: importing their libraries costs each more than a second of processor
time, so the stack imports them once and forks (docs/decisions/0002-one-way-to-stand-it-up.md). Servers are forked and
replaced by their binary.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Recipe:
    """How to start a process: a binary with arguments, or a Python module that is run as `__main__`."""

    name: str
    log: Path
    argv: tuple[str, ...] = ()
    module: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    gid: int | None = None
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGKILL
    """What the kernel sends when the parent is gone; a service is built to be killed at any time."""
    stop_seconds_max: float = 15.0


@dataclass(frozen=True)
class Running:
    """A started process."""

    recipe: Recipe
    pid: int
    started: str
    """Start time as the system tells it: together with the pid it names the process for ever."""


def start(recipe: Recipe) -> Running:
    """The process, started; whether it is of any use is for others to find out."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _child(recipe, parent)
    return Running(recipe, pid, start_time(pid) or "")


def _child(recipe: Recipe, parent: int) -> None:
    """Never returns."""
    code = 70
    try:
        os.setpgid(0, 0)  # Control-C reaches the stack alone, which stops everything in order.
        _redirect(recipe.log)
        _as_user(recipe)
        _tie_to_parent(recipe, parent)
        _reset_signals()
        if recipe.argv:
            os.execve(recipe.argv[0], recipe.argv, dict(recipe.environ))  # noqa: S606 - no shell is wanted
        code = _run_module(recipe)
    except BaseException:  # noqa: BLE001 - the last frame of the process: there is nobody to rise to
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _as_user(recipe: Recipe) -> None:
    if recipe.uid is None or recipe.gid is None:
        return
    os.setgroups([])
    os.setgid(recipe.gid)
    os.setuid(recipe.uid)
    os.chdir("/")


def _tie_to_parent(recipe: Recipe, parent: int) -> None:
    """After the change of user, which would untie it again."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_NAME, recipe.name.encode()[:15], 0, 0, 0)
    end_with_parent(recipe.orphaned)
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)


def end_with_parent(number: signal.Signals) -> None:
    """From now on the kernel sends this signal to us when our parent is gone (Linux; elsewhere nothing)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _redirect(log: Path) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.closerange(3, 256)


def _run_module(recipe: Recipe) -> int:
    assert recipe.module is not None, "a recipe has a binary or a module"
    os.environ.clear()
    os.environ.update(recipe.environ)
    sys.argv = [recipe.module]
    try:
        runpy.run_module(recipe.module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def start_time(pid: int) -> str | None:
    """When the process started, or None when there is none (or only what its parent has not yet taken note of)."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    told = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


def lives(pid: int, started: str) -> bool:
    """Whether that very process still runs."""
    return start_time(pid) == started


def send(running: Running, number: signal.Signals) -> None:
    """A signal to the process and what it started, if it still is the one we know."""
    if lives(running.pid, running.started):
        try:
            os.kill(running.pid, number)
        except ProcessLookupError:
            return


def end_strays(strays: Mapping[int, str]) -> list[int]:
    """End processes that a stack left behind which was killed itself; returns those that were still there."""
    found = [pid for pid, started in strays.items() if lives(pid, started)]
    for number, seconds in ((signal.SIGINT, 5.0), (signal.SIGKILL, 5.0)):
        for pid in found:
            if lives(pid, strays[pid]):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while any(lives(pid, strays[pid]) for pid in found) and time.monotonic() < deadline:
            time.sleep(0.02)  # no child of ours: the system tells nobody else when it ends
    return found
