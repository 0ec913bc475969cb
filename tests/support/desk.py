"""The command line in this process: somebody's words in, what is printed and the exit code out."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """One person's `mortise`, signed in by a token, with nobody at the terminal."""

    url: str
    token: str
    place: Path

    def run(self, *words: str) -> Done:
        with warnings.catch_warnings():
            # A command ends with its process and leaves it to close the connections.
            warnings.simplefilter("ignore", ResourceWarning)
            done = self._run(words)
            gc.collect()
        return done

    def _run(self, words: Sequence[str]) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(self.place):
            patch.setenv("HOME", str(self.place))
            patch.setenv("COLUMNS", "250")
            patch.setenv("MORTISE_URL", self.url)
            patch.setenv("MORTISE_TOKEN", self.token)
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                pytest.raises(SystemExit) as ended,
            ):
                main(words)
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out.getvalue(), err.getvalue())

    def told(self, *words: str) -> Any:
        """The JSON that a command which must succeed prints."""
        done = self.run(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def said(self, *words: str) -> str:
        """What a command which must succeed prints for people."""
        done = self.run(*words)
        assert done.code == 0, (done.out, done.err)
        return done.out

    def refused(self, *words: str) -> dict[str, Any]:
        """The error that a command which must be refused prints."""
        done = self.run(*words, "--json")
        assert done.code == 1, (done.code, done.out, done.err)
        error: dict[str, Any] = json.loads(done.err)["error"]
        return error
