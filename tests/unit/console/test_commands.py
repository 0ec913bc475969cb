"""How commands end: exit codes, messages with hints, and nothing asked when nobody is there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.__main__ import main
from console.commands.pushing import notes_of


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def mortise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command, signed out, at a place where nobody answers, with nobody at the terminal."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MORTISE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("MORTISE_TOKEN", raising=False)
    monkeypatch.delenv("MORTISE_NATS_URL", raising=False)

    def run(*words: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(words)
        found = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, found.out, found.err)

    return run


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "console", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "mortise" in done.stdout


def test_nobody_answers_is_exit_code_3_with_a_hint(mortise: Run) -> None:
    done = mortise("whoami")
    assert done.returncode == 3
    assert "Nobody answers at http://127.0.0.1" in done.stderr
    assert "mortise up" in done.stderr
    assert done.stdout == ""


def test_a_failure_is_json_on_stderr_when_json_was_asked_for(mortise: Run) -> None:
    done = mortise("service", "list", "--json")
    assert done.returncode == 3
    assert json.loads(done.stderr)["error"]["code"] == "UNREACHABLE"


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("up", "--port", "70000"),
        ("push",),
        ("login",),
        ("service", "create", "--name", "x"),
        ("service", "create", *["-n", "x", "-p", "x", "-s", "x", "-b", "Nowhere", "-t", "x"]),
        ("project", "info"),
        ("project", "service", "add", "p", "s", "-t", "pay-per-call"),
        ("key", "create", "-n", "x", "-k", "master", "-t", "p"),
        ("usage",),
        ("rebuild", "everything"),
        ("audit", "verify", "nowhere.json"),
        ("project", "update", "p"),
        ("project", "update", "p", "--call", "demo=Show"),
        ("project", "update", "p", "--call", "stage"),
        ("completion", "cmd"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_nobody_is_asked(mortise: Run, words: tuple[str, ...]) -> None:
    done = mortise(*words)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_several_release_notes_are_given_with_semicolons_or_one_by_one() -> None:
    assert notes_of(["Years; for all", " Faster ;"]) == ["Years", "for all", "Faster"]


def test_rebuilding_what_does_not_run_is_exit_code_3(mortise: Run) -> None:
    done = mortise("rebuild", "audit", "--data", "nowhere")
    assert done.returncode == 3
    assert "No stack runs in nowhere" in done.stderr


def test_a_stack_that_cannot_start_says_why(mortise: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = mortise("up", "--data", "file", "--port", "0")
    assert done.returncode == 1
    assert "Mortise did not start" in done.stderr


def test_a_file_that_is_no_proof_is_not_judged(mortise: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    done = mortise("audit", "verify", "file")
    assert done.returncode == 2
    assert "CANNOT_DECIDE" in done.stderr
