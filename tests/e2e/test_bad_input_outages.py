"""PostgreSQL or NATS is gone in the middle of a command: a coded answer in time, and afterwards nothing half done."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support.made import ADD, PROMOTE, PUSH, Person, first_error, person, push_of, short, until
from tests.support.stack import Stack, a_directory

ANSWER_SECONDS_MAX: Final = 12.0
"""The gateway gives its owners ten (P 1.1)."""
AGAIN: Final = {"SERVICE_UNAVAILABLE", "DEPLOYMENT_RUNNING"}


@pytest.fixture(scope="module")
def shaken() -> Iterator[Stack]:
    """A stack of our own: what we do to it, others should not meet."""
    with a_directory() as data, Stack(data) as running:
        yield running


@dataclass
class Scene:
    """Something for every command, made while all was well."""

    maker: Person
    service: dict[str, Any]
    project: dict[str, Any]
    instance: str
    other: dict[str, Any]
    endpoint: str
    tag: str = field(default_factory=short)

    def commands(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Every kind of request; the same key whenever it is sent again."""
        maker = replace(self.maker)
        schema = f"type Band @model {{ id: ID! @isUnique name: String x{self.tag}: String }}"
        project = "mutation($n: String!, $o: ID) { createProject(input: { name: $n, organisation: $o }) { id } }"
        given = {"n": f"Shaken {self.tag}", "o": maker.organisation}
        promote = {"id": self.instance, "from": "dev", "to": "prod"}
        publish = "mutation($id: ID!) { promoteService(id: $id, force: true) { name } }"
        add = {"project": self.project["id"], "service": self.other["id"]}
        keys = {name: f"{self.tag}-{name}" for name in ("push", "publish", "promote", "add", "create")}
        return {
            "push": lambda: maker.query(PUSH, push_of(self.service, schema), idempotency_key=keys["push"]),
            "publish": lambda: maker.query(publish, {"id": self.other["id"]}, idempotency_key=keys["publish"]),
            "promote": lambda: maker.query(PROMOTE, promote, idempotency_key=keys["promote"]),
            "add": lambda: maker.query(ADD, add, idempotency_key=keys["add"]),
            "create": lambda: maker.query(project, given, idempotency_key=keys["create"]),
            "invoice": lambda: maker.query(
                "query($p: ID!) { invoice(project: $p) { calls } }", {"p": self.project["id"]}
            ),
            "history": lambda: maker.query("{ auditEntries(first: 1) { totalCount } }"),
            "environments": lambda: maker.query(
                "query($s: ID!) { environments(service: $s) { state } }", {"s": self.service["id"]}
            ),
            "read": lambda: self.call("{ allGreetings { id } }"),
            "write": lambda: self.call(f'mutation {{ createGreeting(name: "{self.tag}") {{ id }} }}'),
            "unknown key": lambda: self.call("{ __typename }", f"mpk_{short()}"),
        }

    def call(self, query: str, key: str | None = None) -> dict[str, Any]:
        """A data call of dev."""
        return self.maker.stack.data_api(self.endpoint, query, key=key or self.project["key"])


def scene(stack: Stack) -> Scene:
    maker = person(stack)
    service, other, project = maker.service(), maker.service(), maker.project()
    instance = maker.added(project, service)
    create = "mutation($i: CreateKeyInput!) { createKey(input: $i) { secret } }"
    given = {"name": "k", "kind": "project", "target": project["id"]}
    key = maker.asked(create, {"i": given})["secret"]
    endpoint = maker.environments(instance=instance)["dev"]["endpoint"]
    found = Scene(maker, service, {**project, "key": key}, instance, other, endpoint)
    until(lambda: "errors" not in found.call("{ allGreetings { id } }"))
    return found


def family(pid: int) -> list[int]:
    """A process and its children: PostgreSQL is one process per connection."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [pid, *map(int, children.split())]


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """The server stands still: connections stay open and nobody answers."""
    # What is born while we stop the others is found by the second look.
    held: set[int] = set()
    for _ in range(2):
        for pid in family(stack.pids[name]):
            os.kill(pid, signal.SIGSTOP)
            held.add(pid)
    try:
        yield
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def killed(stack: Stack, name: str) -> Iterator[None]:
    """The server dies at once; the stack starts another."""
    os.kill(stack.pids[name], signal.SIGKILL)
    yield


def timed(send: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    return send(), time.monotonic() - began


@pytest.mark.parametrize("server", ["postgres", "nats-server"])
@pytest.mark.parametrize("what", [frozen, killed])
def test_an_outage_is_answered_in_time_and_a_repeat_completes_what_was_begun(
    shaken: Stack, server: str, what: Callable[[Stack, str], Any]
) -> None:
    here = scene(shaken)
    commands = here.commands()
    with ThreadPoolExecutor(len(commands)) as clients, what(shaken, server):
        sent = {name: clients.submit(timed, send) for name, send in commands.items()}
        met = {name: answer.result() for name, answer in sent.items()}

    slow = {name: took for name, (_, took) in met.items() if took > ANSWER_SECONDS_MAX}
    odd = {name: told for name, (told, _) in met.items() if not _fine(told)}
    assert (slow, odd) == ({}, {})
    _every_unknown_outcome_names_its_key({name: told for name, (told, _) in met.items()}, here.tag)

    done = {name: _completed(send) for name, send in commands.items() if name != "write"}
    again = {name: _completed(send) for name, send in commands.items() if name in _RECEIPTS}
    assert {name: told["data"] for name, told in done.items() if name in again} == {
        name: told["data"] for name, told in again.items()
    }
    _nothing_is_half_done(here, written="errors" not in met["write"][0])


_RECEIPTS: Final = ("push", "publish", "promote", "add", "create")


def _fine(told: dict[str, Any]) -> bool:
    if "errors" not in told:
        return True
    error = first_error(told)
    return error["code"] in {"SERVICE_UNAVAILABLE", "UNAUTHENTICATED"} and bool(error.get("hint"))


def _every_unknown_outcome_names_its_key(met: dict[str, dict[str, Any]], tag: str) -> None:
    for name in _RECEIPTS:
        error = first_error(met[name]) if "errors" in met[name] else {}
        if error.get("reason") == "OUTCOME_UNKNOWN":
            assert f"{tag}-{name}" in error["hint"]


def _completed(send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer once servers are back."""

    def once() -> dict[str, Any] | None:
        try:
            told = send()
        except httpx.TransportError:
            return None
        if "errors" not in told:
            return told
        error = first_error(told)
        if {error["code"], error.get("reason")} & AGAIN:
            return None
        assert error["code"] == "UNAUTHENTICATED", told
        return told

    found: dict[str, Any] = until(once)
    return found


def _nothing_is_half_done(here: Scene, *, written: bool) -> None:
    maker = here.maker
    _completed(lambda: maker.query("{ me { id } }"))
    seen = """query($s: ID!, $p: String!) {
      service(id: $s) { versions { name } privateVersion }
      project(slug: $p) { instances { service { id } } }
      projects(pagination: { limit: 500, offset: 0 }) { name }
    }"""
    told = maker.query(seen, {"s": here.service["id"], "p": here.project["slug"]})["data"]
    assert [version["name"] for version in told["service"]["versions"]] == ["0.0.2", "0.0.1"]
    assert told["service"]["privateVersion"] == "0.0.2"
    added = sorted(instance["service"]["id"] for instance in told["project"]["instances"])
    assert added == sorted([here.service["id"], here.other["id"]])
    assert [each["name"] for each in told["projects"]].count(f"Shaken {here.tag}") == 1
    maker.live("private", "0.0.2", service=here.service["id"])
    maker.live("prod", "0.0.1", instance=here.instance)
    rows = here.call(f'{{ allGreetings(filter: {{ name: "{here.tag}" }}) {{ id }} }}')["data"]["allGreetings"]
    assert len(rows) == 1 if written else len(rows) <= 1
