"""A clumsy user of the command line: each slip is answered with what is wrong and what to do, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.made import short
from tests.support.stack import Stack

SCHEMA = "type Band @model { id: ID! @isUnique }\n"


class Desk:
    """A folder, a home and a `mortise` in them, with nobody there to answer questions."""

    def __init__(self, stack: Stack, home: Path, token: str | None) -> None:
        self.home = self.place = home
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("MORTISE_")}
        self.environ |= {"HOME": str(home), "MORTISE_URL": stack.url, "COLUMNS": "250"}
        if token is not None:
            self.environ["MORTISE_TOKEN"] = token

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "console", *words]

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.words(*words),
            cwd=self.place,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def told(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *words: str, **environ: str) -> tuple[int, str, str]:
        """Exit code, error code, and the whole of what was said."""
        done = self.run(*words, "--json", **environ)
        assert done.returncode != 0, done.stdout
        error = json.loads(done.stderr)["error"]
        return done.returncode, error["code"], f"{error['message']} {error.get('hint', '')}"


@pytest.fixture
def desk(stack: Stack, tmp_path: Path) -> Desk:
    return Desk(stack, tmp_path, stack.admin_token)


@pytest.fixture
def folder(desk: Desk) -> Path:
    made = desk.told("service", "create", "-n", f"Slip {short()}", "-p", "p", "-s", "s", "-b", "media", "-t", "a")
    desk.place = desk.home / made["folder"]
    return desk.place


def test_a_wrong_folder_and_a_broken_manifest_are_named(desk: Desk) -> None:
    assert_told(desk.refused("push", "-r", "x"), 2, "USAGE", "mortise.toml", "mortise service create")
    manifest = desk.place / "mortise.toml"
    for content, words in (
        (b"x = [", ("mortise.toml", "cannot be read")),
        (b"\xff\xfe", ("mortise.toml", "utf-8")),
        (b"service = 5", ("`service` must be a text",)),
        (b"", ("`service` is missing",)),
        (b'service = "somewhere"', ("schema.graphql is missing",)),
    ):
        manifest.write_bytes(content)
        assert_told(desk.refused("push", "-r", "x"), 2, "USAGE", *words)


def test_a_schema_file_that_is_none_is_refused(desk: Desk, folder: Path) -> None:
    file = folder / "schema.graphql"
    for content, code, words in (
        (b"\xff\xfe", "USAGE", ("schema.graphql cannot be read",)),
        (b"", "BAD_USER_INPUT", ("1 problem",)),
        (SCHEMA.encode() + b"\0", "BAD_USER_INPUT", ("U+0000",)),
        (b"# " + b"a" * 5_000_000 + b"\n" + SCHEMA.encode(), "BAD_USER_INPUT", ("larger than 1048576 bytes",)),
    ):
        file.write_bytes(content)
        _, found, said = desk.refused("push", "-r", "x", "--force")
        assert found == code, said
        assert all(word in said for word in words), said
    file.unlink()
    file.mkdir()
    assert_told(desk.refused("push", "-r", "x"), 2, "USAGE", "cannot be read")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:1", "UNREACHABLE"),
        ("http://nowhere.invalid", "UNREACHABLE"),
        ("nonsense", "UNREACHABLE"),
        ("ftp://127.0.0.1", "UNREACHABLE"),
        ("http://[::1", "USAGE"),
        ("http://a\nb", "USAGE"),
    ],
)
def test_a_server_that_is_not_there_is_named_with_what_to_do(desk: Desk, url: str, code: str) -> None:
    _, found, said = desk.refused("whoami", MORTISE_URL=url)

    assert (found, "MORTISE_URL" in said) == (code, True)


def test_something_else_that_listens_is_not_taken_for_mortise(stack: Stack, desk: Desk) -> None:
    elsewhere = stack.postgres_dsn.rpartition("@")[2].partition("/")[0]

    code, found, _ = desk.refused("whoami", MORTISE_URL=f"http://{elsewhere}")

    assert (code, found) == (3, "UNREACHABLE")


@pytest.mark.parametrize("token", ["", "pfy_wrong", "pfy_é", "a\nb", "mpk_" + "x" * 43, "x" * 5000])
def test_a_credential_that_is_none_is_refused(desk: Desk, token: str) -> None:
    _, code, said = desk.refused("whoami", MORTISE_TOKEN=token)

    assert code in {"UNAUTHENTICATED", "USAGE"}, said
    assert "MORTISE_TOKEN" in said


def test_a_wrong_password_is_told_and_nothing_is_remembered(desk: Desk) -> None:
    for words in (("-e", "nobody@example.org", "-p", "wrong"), ("-e", "", "-p", "")):
        assert_told(desk.refused("login", *words), 1, "UNAUTHENTICATED", "password is wrong")
    assert_told(desk.refused("login"), 2, "USAGE", "--email")
    assert_told(desk.refused("login", "--data", str(desk.home)), 2, "USAGE", "mortise up")
    assert not (desk.home / ".mortise").exists()


def test_a_service_is_not_left_in_a_project_by_a_command_that_was_given_a_wrong_price(desk: Desk, folder: Path) -> None:
    project = desk.told("project", "create", "-n", f"Desk {short()}")["slug"]
    add = ("project", "service", "add", project, folder.name)

    for words in (("-t", "nonsense"), ("-t", "pay-per-call"), ("-t", "pay-per-call", "-v", "1,5"), ("-v", "1")):
        assert desk.refused(*add, *words)[1] == "USAGE"

    assert desk.told("project", "service", "list", project) == []


def test_names_that_nothing_has_are_refused(desk: Desk, folder: Path) -> None:
    project = desk.told("project", "create", "-n", f"Desk {short()}")["slug"]
    desk.told("project", "service", "add", project, folder.name)
    promote = ("project", "service", "promote", project, folder.name)
    met = {
        "environment": desk.refused(*promote, "-e", "moon", "-t", "prod"),
        "same": desk.refused(*promote, "-e", "dev", "-t", "development"),
        "empty": desk.refused(*promote, "-e", "stage", "-t", "prod"),
        "domain": desk.refused("service", "create", "-n", "fine", "-p", "p", "-s", "s", "-b", "moon", "-t", "a"),
        "kind": desk.refused("key", "create", "-n", "x", "-k", "moon", "-t", project),
        "target": desk.refused("key", "create", "-n", "x", "-k", "project", "-t", "moon"),
        "key": desk.refused("key", "revoke", "moon", "--force"),
        "client": desk.refused("invoice", "show", project, "-c", "moon"),
        "entry": desk.refused("audit", "proof", "moon"),
        "file": desk.refused("audit", "verify", "moon.json"),
        "service": desk.refused("rebuild", "moon"),
    }

    assert {name: code for name, (_, code, _) in met.items()} == {
        **dict.fromkeys(("environment", "same", "domain", "kind", "file", "service"), "USAGE"),
        **dict.fromkeys(("target", "key", "client", "entry"), "NOT_FOUND"),
        "empty": "BAD_USER_INPUT",
    }
    assert "dev, stage, prod" in met["environment"][2]


def test_control_c_in_the_middle_ends_the_command_quietly_and_a_repeat_completes_it(desk: Desk, folder: Path) -> None:
    (folder / "schema.graphql").write_text(SCHEMA)
    push = desk.words("push", "-r", "x", "--force")
    with subprocess.Popen(
        push,
        cwd=folder,
        env={**desk.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()  # the changes are shown just before the push is sent
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert "Traceback" not in said
    assert process.returncode in {0, 130}, said
    assert desk.told("push", "-r", "x", "--force")["version"] == "0.0.2"


def assert_told(met: tuple[int, str, str], code: int, error: str, *words: str) -> None:
    exit_code, found, said = met
    assert (exit_code, found) == (code, error), said
    assert all(word in said for word in words), said
