"""Terminals at which somebody types what a page says: real shells, whose `mortise` is the command line in this process.

A process for each command would take longer than the commands. So a word of a few lines stands on the shells' path,
passes what was typed on, and prints what comes back.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from console.__main__ import main

ENDED: Final = "=ended="
SECONDS_MAX: Final = 60.0
"""What is typed ends sooner, or never."""
BROKEN: Final = 99
"""Exit code of a command that did not end as commands do."""
WORD: Final = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({door!r})
    kept = {{name: value for name, value in os.environ.items() if name == "HOME" or name.startswith("MORTISE_")}}
    door.sendall(json.dumps({{"words": sys.argv[1:], "place": os.getcwd(), "environ": kept}}).encode() + b"\\n")
    told = json.load(door.makefile())
sys.stderr.write(told["err"])
sys.stdout.write(told["out"])
sys.exit(told["code"])
"""


@dataclass(frozen=True)
class Command:
    """A `mortise` command as it was given, and how it ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str


Answer = Callable[[tuple[str, ...]], Command]
"""What is done with the words that somebody typed: `run`, or more than that."""


def run(words: tuple[str, ...]) -> Command:
    """The command line in this process; where it is and as whom is the process's."""
    out, err = io.StringIO(), io.StringIO()
    with warnings.catch_warnings():
        # A command ends with its process and leaves it to close the connections.
        warnings.simplefilter("ignore", ResourceWarning)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main(words)
        gc.collect()
    code = ended.value.code
    assert isinstance(code, int)
    return Command(words, code, out.getvalue(), err.getvalue())


class Terminals:
    """Shells by name, all in one directory. `answer` is asked for every `mortise` that is typed."""

    def __init__(self, place: Path, environ: Mapping[str, str], answer: Answer = run) -> None:
        self._place = place
        self._answer = answer
        self._door = place / ".door"
        words = place / ".words"
        words.mkdir()
        word = words / "mortise"
        word.write_text(WORD.format(python=sys.executable, door=str(self._door)))
        word.chmod(0o755)
        path = f"{words}{os.pathsep}{os.environ['PATH']}"
        self._environ = {**os.environ, **environ, "PATH": path, "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
        self._shells: dict[str, subprocess.Popen[str]] = {}
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        gc.freeze()  # what is there already need not be looked at after every command
        self._listener.bind(str(self._door))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        gc.unfreeze()
        for shell in self._shells.values():
            with shell:
                assert shell.stdin is not None, "it is a pipe"
                shell.stdin.close()
        # Whoever waits in `accept` is woken by this, and finds that it is over.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def typed(self, who: str, text: str) -> tuple[int, str]:
        """What somebody sees after typing that, and the exit code."""
        shell = self._shells.get(who) or self._opened(who)
        assert shell.stdin is not None
        assert shell.stdout is not None
        # Whoever waits for ever is sent away, with all that he started.
        alarm = threading.Timer(SECONDS_MAX, os.killpg, (shell.pid, signal.SIGKILL))
        alarm.start()
        shell.stdin.write(f"{text}\nprintf '\\n{ENDED} %s\\n' $?\n")
        shell.stdin.flush()
        lines: list[str] = []
        try:
            for line in shell.stdout:
                if line.startswith(ENDED):
                    return int(line.split()[1]), "".join(lines).strip()
                lines.append(line)
        finally:
            alarm.cancel()
        raise AssertionError(f"the shell of {who} ended: {lines}")

    def _opened(self, who: str) -> subprocess.Popen[str]:
        self._shells[who] = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],  # noqa: S607 - the one that people have
            cwd=self._place,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self._shells[who]

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller, caller.makefile("rw") as stream:
                asked = json.loads(stream.readline())
                try:
                    told = self._one(asked)
                except Exception as error:  # noqa: BLE001 - it is told at the terminal, where it is looked at
                    told = Command(tuple(asked["words"]), BROKEN, "", "".join(traceback.format_exception(error)))
                stream.write(json.dumps({"code": told.code, "out": told.out, "err": told.err}))

    def _one(self, asked: dict[str, Any]) -> Command:
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(asked["place"]):
            for name in [name for name in os.environ if name.startswith("MORTISE_")]:
                patch.delenv(name)
            for name, value in asked["environ"].items():
                patch.setenv(name, value)
            patch.setenv("COLUMNS", "200")
            return self._answer(tuple(asked["words"]))


def blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """Who types what: the blocks of a page that say whose they are, each as single commands."""
    who: str | None = None
    lines: list[str] = []
    for line in page.splitlines():
        if who is None and line.startswith("```sh "):
            who, lines = line.removeprefix("```sh ").strip(), []
        elif who is not None and line == "```":
            yield who, list(commands(lines))
            who = None
        elif who is not None:
            lines.append(line)


def commands(lines: list[str]) -> Iterator[str]:
    """Lines as commands: those that go on below, and texts that follow a `<<'WORD'`, belong together."""
    whole: list[str] = []
    until: str | None = None
    for line in lines:
        whole.append(line)
        if until is not None:
            until = None if line == until else until
        elif "<<'" in line:
            until = line.split("<<'")[1].split("'")[0]
        if until is None and not line.endswith("\\"):
            yield "\n".join(whole)
            whole = []
    assert not whole, whole
