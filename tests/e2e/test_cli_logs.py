"""Somebody at a terminal looks at what was called, refused and deployed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.stack import Stack
from tests.support.waiting import until


@pytest.fixture(scope="module")
def mortise(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(stack.url, made.person(stack).token, tmp_path_factory.mktemp("home"))


def called(stack: Stack, url: str, operation: str, secret: str | None = None) -> None:
    headers = {"x-user-authorization": secret} if secret else {}
    stack.http.post(url, json={"query": f"query {operation} {{ __typename }}"}, headers=headers)


def following(mortise: Desk, *words: str) -> Callable[[str], int]:
    """A command that goes on, once its first line is there.

    What it answers ends the command as Ctrl-C does, once it has shown an operation, and returns its exit code.
    """
    environ = {"MORTISE_URL": mortise.url, "MORTISE_TOKEN": mortise.token, "HOME": str(mortise.place)}
    running = subprocess.Popen(
        [sys.executable, "-m", "console", *words], stdout=subprocess.PIPE, env=os.environ | environ, cwd=mortise.place
    )
    assert running.stdout is not None
    json.loads(running.stdout.readline())

    def ended_after(operation: str) -> int:
        with running:
            assert running.stdout is not None
            while json.loads(running.stdout.readline())["operation"] != operation:
                pass
            running.send_signal(signal.SIGINT)
            return running.wait(10)

    return ended_after


async def test_calls_refusals_and_deployments_are_shown_and_followed(mortise: Desk, stack: Stack) -> None:
    words = ("-n", "Log book", "-p", "Nobody looks.", "-s", "Everybody does.", "-b", "other", "-t", "log")
    service = mortise.told("service", "create", *words)["slug"]
    url = mortise.told("service", "info", service)["urls"]["private"]
    secret = mortise.told("key", "create", "-k", "service", "-t", service, "-n", "robot")["secret"]
    called(stack, url, "Nothing", secret)
    called(stack, url, "Nothing")
    lines: list[dict[str, Any]] = []

    def there() -> bool:
        lines[:] = mortise.told("logs", service, "-e", "private")
        return len(lines) >= 4

    await until(there, 20)
    assert [line["what"] for line in lines[:2]] == ["planned", "ran"]
    prefix = lines[2]["keyPrefix"]
    assert secret.startswith(prefix)
    calls = [(line["class"], line["code"], line["keyPrefix"]) for line in lines[2:]]
    assert calls == [("ok", None, prefix), ("client_error", "UNAUTHENTICATED", None)]
    told = mortise.said("logs", "-s", service, "--since", "1h", "--class", "client-error")
    assert told.count("\n") == 1
    assert "private" in told
    assert "UNAUTHENTICATED" in told
    for narrower in (("--operation", "Nothing", "-n", "1"), ("--key", prefix), ("--search", prefix.upper())):
        assert f"Nothing  {prefix}" in mortise.said("logs", service, *narrower)
    assert "ran 0.0.1" in mortise.said("logs", service, "--search", "FIRST time", "--class", "deployment")
    assert mortise.said("logs", service, "--min-ms", "60000") == ""

    ended_after = following(mortise, "logs", service, "-n", "1", "--follow", "--json")
    called(stack, url, "Followed", secret)
    assert ended_after("Followed") == 0


def test_a_log_that_cannot_be_meant_is_refused(mortise: Desk) -> None:
    for words in (("--since", "yesterday"), ("--class", "other"), ("--client", "nobody")):
        assert mortise.run("logs", "-s", "some", *words).code == 2, words
    assert mortise.run("logs", "some", "-p", "other").code == 2
    assert mortise.refused("logs", "nothing-of-this-name")["code"] == "NOT_FOUND"
    project = mortise.told("project", "create", "-n", "Quiet")["slug"]
    assert mortise.told("logs", project, "--since", "1h") == mortise.told("logs", "-p", project) == []
    assert mortise.refused("logs", project, "--client", "nobody")["code"] == "NOT_FOUND"
    assert mortise.refused("logs", project, "-s", "nothing")["code"] == "NOT_FOUND"
