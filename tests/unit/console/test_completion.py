"""A shell completes what the command line knows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from console.__main__ import main

WORDS = "mortise project service ro"
ASKED: Mapping[str, Mapping[str, str]] = {
    "bash": {"COMP_WORDS": WORDS, "COMP_CWORD": "3"},
    "zsh": {"_TYPER_COMPLETE_ARGS": WORDS},
    "fish": {"_TYPER_COMPLETE_ARGS": WORDS, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}


@pytest.mark.parametrize("shell", ASKED)
def test_a_shell_asks_and_is_told_the_command_that_begins_so(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console"],
        env={**os.environ, "_MORTISE_COMPLETE": f"complete_{shell}", **ASKED[shell]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "roll" in done.stdout, done.stderr
    assert "promote" not in done.stdout


@pytest.mark.parametrize("shell", ASKED)
def test_the_script_of_a_shell_asks_the_command(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", shell])

    assert ended.value.code == 0
    assert f"_MORTISE_COMPLETE=complete_{shell}" in capfd.readouterr().out


def test_other_shells_are_refused_with_those_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "cmd"])

    assert ended.value.code == 2
    assert "bash, zsh, fish" in capfd.readouterr().err
