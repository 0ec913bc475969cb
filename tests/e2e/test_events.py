"""The page about events does what it says: its commands, its program and its browser, against the whole product."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.support.stack import Stack

PAGE: Final = (Path(__file__).parents[2] / "docs" / "how-to" / "events.md").read_text("utf-8")
LINES: Final = 5


def blocks(language: str) -> list[str]:
    """The examples in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environ(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A terminal of somebody who is signed in."""
    folder = tmp_path_factory.mktemp("terminal")
    program = folder / "mortise"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m console "$@"\n')
    program.chmod(0o755)
    stack.asked('mutation { createProject(input: {name: "Told of"}) { id } }')
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "MORTISE_URL": stack.url, "MORTISE_TOKEN": stack.admin_token}


def first_lines(words: list[str], environ: Mapping[str, str], count: int) -> list[list[str]]:
    """The first lines that a program prints which does not end by itself."""
    with subprocess.Popen(words, env=dict(environ), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None, "its output is a pipe"
        try:
            return [running.stdout.readline().split() for _ in range(count)]
        finally:
            running.kill()


@pytest.fixture(scope="module")
def expected(environ: dict[str, str]) -> list[list[str]]:
    """Cursor, type and subject of the first events of the log."""
    words = [sys.executable, "-m", "console", "events", "--json"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["cursor"] for each in told] == list(range(1, len(told) + 1)), "an operator sees all of the log"
    return [[str(each["cursor"]), each["event"]["type"], each["event"]["subject"]] for each in told[:LINES]]


def test_the_commands_of_the_page_print_what_happened(environ: dict[str, str]) -> None:
    commands, with_curl = (
        subprocess.run(["/bin/sh", "-ec", text], env=environ, capture_output=True, text=True, check=False)
        for text in blocks("sh")
    )

    assert commands.returncode == 0, commands.stderr
    lines = commands.stdout.splitlines()
    plain, told = lines[: len(lines) // 2], [json.loads(line) for line in lines[len(lines) // 2 :]]
    assert [int(line.split()[0]) for line in plain] == [each["cursor"] for each in told]
    assert "mortise.registry.project.created.v1" in {each["event"]["type"] for each in told}
    assert with_curl.returncode == 0, with_curl.stderr
    assert "\ndata: {" in with_curl.stdout
    assert with_curl.stdout.rstrip().splitlines()[-2] == "event: end"


def test_the_program_of_the_page_reads_the_log_from_its_beginning(
    environ: dict[str, str], expected: list[list[str]]
) -> None:
    (program,) = blocks("python")

    assert first_lines([sys.executable, "-c", program], environ, LINES) == expected


def test_the_browser_of_the_page_reads_the_log_from_its_beginning(
    environ: dict[str, str], expected: list[list[str]]
) -> None:
    (script,) = blocks("js")
    given = f"const {{ MORTISE_URL, MORTISE_TOKEN }} = process.env;\n{script}"

    assert (
        first_lines(
            [shutil.which("node") or "node", "--no-warnings", "--experimental-eventsource", "-e", given], environ, LINES
        )
        == expected
    )


def test_following_tells_what_happens_from_then_on(stack: Stack, environ: dict[str, str]) -> None:
    words = [sys.executable, "-m", "console", "events", "--follow", "--after", "0", "--json", "--type", "*.created.v1"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None, "its output is a pipe"
        try:
            running.stdout.readline()
            made = stack.asked('mutation { createProject(input: {name: "Followed"}) { id } }')["createProject"]
            seen = ""
            while made["id"] not in seen:
                seen = running.stdout.readline()
        finally:
            running.kill()

    assert json.loads(seen)["event"]["data"]["project"] == made["id"]


def test_who_does_not_listen_any_more_hears_no_complaint(environ: dict[str, str]) -> None:
    words = ["/bin/sh", "-c", "mortise events --json | true"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_cannot_be_told_ends_the_command_with_its_code(environ: dict[str, str]) -> None:
    words = [sys.executable, "-m", "console", "events", "--json", "--after", "99999999"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, json.loads(done.stderr)["error"]["reason"]) == (1, "NO_POSITION")
