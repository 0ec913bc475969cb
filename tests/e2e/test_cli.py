"""A maker, a consumer and a doubter at their terminals: the command line against the whole product."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack

SCHEMA = """
type Band @model {
  id: ID! @isUnique
  name: String! @isUnique
  albums: [Album!]! @relation(name: "BandAlbums")
}
type Album @model {
  id: ID! @isUnique
  title: String!
  band: Band! @relation(name: "BandAlbums")
}
"""


class Terminal:
    """One person's `mortise`, with a home and a folder of his own and nobody to answer questions."""

    def __init__(self, stack: Stack, home: Path) -> None:
        self.place = home
        self._environ = {**os.environ, "HOME": str(home), "MORTISE_URL": stack.url, "COLUMNS": "250"}
        self._environ.pop("MORTISE_TOKEN", None)
        self.data = stack.data

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "console", *words],
            cwd=self.place,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def told(self, *words: str) -> Any:
        """The JSON that a command which must succeed prints."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, code: int, *words: str) -> dict[str, Any]:
        """The error that a command which must not succeed prints."""
        done = self.run(*words, "--json")
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        error: dict[str, Any] = json.loads(done.stderr)["error"]
        return error


@pytest.fixture(scope="module")
def terminal(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    found = Terminal(stack, tmp_path_factory.mktemp("home"))
    assert found.refused(1, "whoami")["code"] == "UNAUTHENTICATED"
    found.told("login", "--data", str(stack.data))
    yield found
    found.told("logout")
    assert found.refused(1, "whoami")["code"] == "UNAUTHENTICATED"


def answered(url: str, key: str, query: str) -> Any:
    answer = httpx.post(url, json={"query": query}, headers={"authorization": f"Bearer {key}"}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_from_a_new_service_to_a_bill_that_can_be_proven(terminal: Terminal) -> None:
    made = terminal.told(
        *("service", "create", "-n", "Record Shelf", "-p", "Records get lost.", "-s", "A shelf with labels."),
        *("-b", "media", "-t", "records, shelf"),
    )
    terminal.place /= made["folder"]
    assert sorted(each.name for each in terminal.place.iterdir()) == ["README.md", "mortise.toml", "schema.graphql"]
    greet = 'mutation { createGreeting(name: "Ann") { message } }'
    assert answered(made["urls"]["private"], made["developerKey"], greet) == {"createGreeting": {"message": "Hello"}}

    _a_broken_schema_is_told_with_every_problem(terminal)
    _a_change_that_breaks_callers_is_not_pushed_unasked(terminal)
    _a_dry_run_shows_all_of_it_and_does_nothing(terminal)
    pushed = terminal.told("push", "-r", "Bands and their albums.", "--force")
    assert (pushed["version"], pushed["changed"]) == ("0.0.2", True)
    assert not terminal.told("push", "-r", "Once more.")["changed"]
    assert terminal.told("push", "--dry-run")["upToDate"]
    assert "is up to date: its schema is that of version 0.0.2" in terminal.run("push", "--dry-run").stdout
    assert answered(pushed["url"], made["developerKey"], "{ allBands { name } }") == {"allBands": []}
    assert terminal.told("promote")["changed"]
    assert not terminal.told("promote")["changed"]
    assert made["slug"] in [each["slug"] for each in terminal.told("service", "search", "labels shelf")]

    project = terminal.told("project", "create", "-n", "Attic")
    added = terminal.told(*f"project service add {project['slug']} {made['slug']} -t pay-per-call -v 0.01".split())
    assert not terminal.told("project", "service", "add", project["slug"], made["slug"])["added"]
    terminal.refused(1, *f"project service promote {project['slug']} {made['slug']} -e stage -t prod".split())
    promote = f"project service promote {project['slug']} {made['slug']} -e development -t production".split()
    prod = terminal.told(*promote)
    assert prod["changed"]
    assert not terminal.told(*promote)["changed"]

    client = terminal.told("project", "client", "add", project["slug"], "-e", "club@example.org")
    create = 'mutation { createBand(name: "Karst") { name } }'
    assert answered(prod["url"], client["key"], create) == {"createBand": {"name": "Karst"}}
    assert answered(added["url"], project["developerKey"], "{ allBands { name } }") == {"allBands": []}
    invoice = _until_counted(terminal, project["slug"])
    assert (invoice["calls"], invoice["clientName"]) == (1, "club@example.org")

    _keys_can_be_rotated_and_revoked(terminal, project["slug"], added["url"])
    _the_history_can_be_proven(terminal, made["id"])
    terminal.refused(1, "project", "service", "remove", project["slug"], made["slug"])
    terminal.told("project", "service", "remove", project["slug"], made["slug"], "--force")
    assert terminal.told("project", "service", "list", project["slug"]) == []


def _a_broken_schema_is_told_with_every_problem(terminal: Terminal) -> None:
    file = terminal.place / "schema.graphql"
    file.write_text("type Band {\n  id: ID!\n  genre: Genre\n}\n")
    error = terminal.refused(1, "push", "-r", "x")
    assert error["reason"] == "SCHEMA_INVALID"
    assert [(each["line"], each["column"]) for each in error["problems"]] == [(1, 6), (2, 3), (3, 3), (3, 3)]
    done = terminal.run("push", "-r", "x")
    assert "schema.graphql:3:3 The field `genre` has the type `Genre`" in done.stderr


def _a_dry_run_shows_all_of_it_and_does_nothing(terminal: Terminal) -> None:
    done = terminal.run("push", "--dry-run")
    assert done.returncode == 1, done.stderr
    for line in (
        "+ type Band: A new type with the name `Band` is created.",
        "    + field albums: A new field with the name `albums` and the type `[Album!]!` is created.",
        "- type Greeting: The type `Greeting` is deleted, with all its nodes.",
        "+ relation BandAlbums: The relation `BandAlbums` is created.",
        "Greeting  1",
        "0.0.2 on private. It needs --force. Nothing was done.",
    ):
        assert line in done.stdout
    told = terminal.told("push", "--dry-run", "--force", "--version", "0.1.0")
    assert (told["accepted"], told["needsForce"], told["version"]) == (True, True, "0.1.0")
    assert told["steps"][0]["number"] == 1
    assert {each["phase"] for each in told["steps"]} <= {"prepare", "switch", "finish"}
    file = terminal.place / "schema.graphql"
    file.write_text(f"{SCHEMA}type Late {{ a: Int }}\n")
    broken = terminal.run("push", "--dry-run", "--force")
    assert broken.returncode == 1
    assert "schema.graphql:12:6 The type `Late` is missing the @model directive" in broken.stderr
    file.write_text(SCHEMA)
    assert terminal.told("service", "info")["privateVersion"] == "0.0.1"


def _a_change_that_breaks_callers_is_not_pushed_unasked(terminal: Terminal) -> None:
    (terminal.place / "schema.graphql").write_text(SCHEMA)
    done = terminal.run("push", "-r", "x")
    assert done.returncode == 1
    assert "BREAKING   Type Greeting was removed." in done.stdout
    assert "Greeting  1" in done.stdout
    assert "--force" in done.stderr


def _until_counted(terminal: Terminal, project: str) -> Any:
    """Counting follows calls within moments; each look is a process, which is pause enough."""
    for _ in range(20):
        invoice = terminal.told("invoice", "show", project, "-c", "club@example.org")
        if invoice["calls"]:
            break
    return invoice


def _keys_can_be_rotated_and_revoked(terminal: Terminal, project: str, url: str) -> None:
    made = terminal.told("key", "create", "-n", "spare", "-k", "project", "-t", project)
    rotated = terminal.told("key", "rotate", made["key"]["id"])
    assert answered(url, rotated["secret"], "{ allBands { name } }") == {"allBands": []}
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert httpx.post(url, json={"query": "{ allBands { name } }"}, headers=headers).status_code == 401
    assert terminal.refused(1, "key", "revoke", made["key"]["id"])["code"] == "CONFIRMATION_NEEDED"
    assert terminal.told("key", "revoke", made["key"]["id"], "--force")["revoked"]


def _the_history_can_be_proven(terminal: Terminal, service: str) -> None:
    found = terminal.told("audit", "list", "--subject", f"registry.service.{service}")
    kinds = [each["node"]["type"].split(".")[-2] for each in found["edges"]]
    assert kinds == ["version_published", "version_pushed", "created"]
    proof = terminal.place / "proof.json"
    terminal.told("audit", "proof", found["edges"][0]["node"]["id"], "-o", str(proof))
    assert terminal.told("audit", "verify", str(proof))["records"] == 1
    proof.write_text(proof.read_text().replace("version_published", "version_pushed"))
    assert terminal.refused(1, "audit", "verify", str(proof))["code"] == "TAMPERED"


def test_a_person_signs_in_with_a_password_and_is_told_when_it_is_wrong(stack: Stack, tmp_path: Path) -> None:
    operator = stack.state["operator"]
    terminal = Terminal(stack, tmp_path)
    assert terminal.refused(1, "login", "-e", operator["email"], "-p", "wrong")["code"] == "UNAUTHENTICATED"
    terminal.told("login", "-e", operator["email"], "-p", operator["password"])
    assert terminal.told("whoami")["user"]["email"] == operator["email"]
    (kept,) = (tmp_path / ".mortise").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert terminal.told("logout")["ended"]
    assert terminal.refused(1, "whoami")["code"] == "UNAUTHENTICATED"


def test_people_are_asked_nothing_and_told_everything_without_a_terminal(terminal: Terminal) -> None:
    assert terminal.run("whoami").returncode == 0
    assert terminal.refused(1, "service", "info", "nowhere")["code"] == "NOT_FOUND"
    assert terminal.refused(1, "project", "info", "nowhere")["code"] == "NOT_FOUND"


def test_read_models_are_rebuilt_to_what_they_were(terminal: Terminal) -> None:
    reports = terminal.told("rebuild", "registry", "--data", str(terminal.data))
    assert all(each["equal"] for each in reports["registry"]["rebuilt"])
