"""`mortise up --demo`: interrupted, finished, and found again, with every row of the data set in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from console.demo import setting_up
from tests.support.stack import a_directory

COUNTS = {
    "Artist": 275,
    "Album": 347,
    "Track": 3503,
    "Genre": 25,
    "MediaType": 5,
    "Playlist": 18,
    "Employee": 8,
    "Customer": 59,
    "Invoice": 412,
    "InvoiceLine": 2240,
}
TRIES_MAX = 100


@contextmanager
def up(data: Path) -> Iterator[subprocess.Popen[str]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MORTISE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "up", "--data", str(data), "--port", "0", "--demo", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environ, "HOME": str(data)},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate()


def told(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """The JSON document that says that it is ready; None when it ended without."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    value: dict[str, Any] | None = json.loads("".join(lines)) if lines else None
    return value


def until(stream: IO[str] | None, words: str) -> bool:
    """Read on until a line holds the words; False at the end."""
    assert stream
    return any(words in line for line in stream)


def ask(url: str, token: str, query: str) -> dict[str, Any]:
    answer = httpx.post(url, json={"query": query}, headers={"authorization": f"Bearer {token}"}, timeout=60).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data directory whose first demo was killed while it loaded."""
    with a_directory() as path:
        with up(path) as process:
            assert until(process.stderr, "loading the Chinook data set")
            process.send_signal(signal.SIGKILL)
        yield path


def test_the_demo_is_finished_after_an_interruption_and_found_again(data: Path) -> None:
    for _ in range(TRIES_MAX):  # the killed run is still stopping its servers; each try is a process
        with up(data) as process:
            if found := told(process):
                _everything_is_there(found)
                _what_is_printed_works(found)
                _the_bill_counts_exactly(data, found)
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
                break
    else:
        pytest.fail("the stack never started")
    with up(data) as process:
        again = told(process)
        assert again
        assert again["demo"]["keys"] == found["demo"]["keys"]
        _everything_is_there(again)


def _everything_is_there(found: dict[str, Any]) -> None:
    fields = " ".join(f"{name}: _all{name}sMeta {{ count }}" for name in COUNTS)
    for name in ("dev", "prod"):
        url, key = found["demo"]["urls"][name], found["demo"]["keys"]["project"]
        counted = ask(url, key, f"{{ {fields} }}")
        assert {type_: counted[type_]["count"] for type_ in COUNTS} == COUNTS
        playlists = ask(url, key, "{ allPlaylists { _tracksMeta { count } } }")["allPlaylists"]
        assert sum(each["_tracksMeta"]["count"] for each in playlists) == 8715


def _what_is_printed_works(found: dict[str, Any]) -> None:
    assert shutil.which("curl"), "the printed commands need curl"
    for line in found["demo"]["curls"]:
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)  # noqa: S602 - as pasted
        answer = json.loads(done.stdout)
        assert "errors" not in answer, answer
        assert answer["data"]


def _the_bill_counts_exactly(data: Path, found: dict[str, Any]) -> None:
    """The client is billed for its calls on prod: those of the demo, and the one of the printed commands."""
    token = json.loads((data / "state.json").read_text())["admin_token"]
    project, client = found["demo"]["project"], found["demo"]["client"]
    query = f'{{ invoice(project: "{project}", client: "{client}") {{ calls lines {{ quantity }} }} }}'
    wanted = len(setting_up.CALLS) + 1
    for _ in range(TRIES_MAX):
        invoice = ask(f"{found['url']}/query", token, query)["invoice"]
        if invoice["calls"] >= wanted:
            break
    assert invoice["calls"] == wanted
    assert sum(line["quantity"] for line in invoice["lines"]) == wanted
