"""Clones of environments, made at a terminal while others call what is cloned."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.made import PROMOTE, Person, short, until
from tests.support.stack import Stack

SCHEMA = """
type Guest @model {
  id: ID! @isUnique
  email: String! @isUnique
  phone: String
  notes: [Note!]! @relation(name: "Notes")
}
type Note @model { id: ID! @isUnique text: String! guest: Guest @relation(name: "Notes") }
"""
WRITERS = 3
FILES = "select relfilenode::int8 from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' order by 1"


@dataclass(frozen=True)
class Hotel:
    """A service on prod of a project."""

    mortise: Desk
    maker: Person
    project: str
    service: str
    instance: str
    url: str
    key: str

    def preview(self, verb: str, *words: str) -> tuple[str, ...]:
        return ("preview", verb, self.project, self.service, *words)


@pytest.fixture(scope="module")
def hotel(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Hotel:
    maker = made.person(stack)
    service, project = maker.service(), maker.project()
    maker.pushed(service, SCHEMA)
    maker.asked("mutation($s: ID!) { promoteService(id: $s, force: true) { name } }", {"s": service["id"]})
    maker.live("demo", "0.0.2", service=service["id"])
    instance = maker.added(project, service)
    maker.asked(PROMOTE, {"id": instance, "from": "dev", "to": "prod"})
    prod = maker.live("prod", instance=instance)
    mortise = Desk(stack.url, maker.token, tmp_path_factory.mktemp("home"))
    key = mortise.told("key", "create", "-n", "k", "-k", "project", "-t", project["slug"])["secret"]
    url = f"{stack.url}/{prod['endpoint']}/graphql"
    return Hotel(mortise, maker, project["slug"], service["slug"], instance, url, key)


def answered(url: str, key: str, query: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer: dict[str, Any] = httpx.post(url, json={"query": query}, headers=headers).json()
    return answer


def called(url: str, key: str, query: str) -> Any:
    answer = answered(url, key, query)
    assert "errors" not in answer, answer
    return answer["data"]


def refusal(url: str, key: str) -> str:
    return str(answered(url, key, "{ __typename }")["errors"][0]["extensions"]["code"])


@dataclass
class Callers:
    """People who write and read without a pause; what was acknowledged, and what went wrong."""

    hotel: Hotel
    mark: str = field(default_factory=short)
    acknowledged: list[str] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    reads: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self, who: int) -> None:
        number = 0
        with httpx.Client(headers={"authorization": f"Bearer {self.hotel.key}"}, timeout=30) as client:
            while not self.stop.is_set():
                text, number = f"{self.mark}-{who}-{number}", number + 1
                query = f'mutation {{ createNote(text: "{text}") {{ id }} }}'
                answer = client.post(self.hotel.url, json={"query": query}).json()
                self.wrong.append(answer) if "errors" in answer else self.acknowledged.append(text)

    def read(self) -> None:
        with httpx.Client(headers={"authorization": f"Bearer {self.hotel.key}"}, timeout=30) as client:
            while not self.stop.is_set():
                answer = client.post(self.hotel.url, json={"query": "{ allNotes(last: 3) { text } }"}).json()
                if "errors" in answer:
                    self.wrong.append(answer)
                self.reads += 1


@contextmanager
def calling(hotel: Hotel) -> Iterator[Callers]:
    callers = Callers(hotel)
    threads = [threading.Thread(target=callers.write, args=(who,)) for who in range(WRITERS)]
    threads.append(threading.Thread(target=callers.read))
    for each in threads:
        each.start()
    try:
        yield callers
    finally:
        callers.stop.set()
        for each in threads:
            each.join()


def notes(url: str, key: str) -> set[str]:
    """All of them: a list ends after a thousand."""
    found: list[str] = []
    while page := called(url, key, f"{{ allNotes(skip: {len(found)}) {{ text }} }}")["allNotes"]:
        found += [each["text"] for each in page]
    return set(found)


def files(stack: Stack, endpoint: str) -> list[int]:
    """Numbers of the files that an environment's tables lie in: a copy of files has those of its source."""

    async def asked() -> list[int]:
        connection = await asyncpg.connect(stack.postgres_dsn, database=f"env_{endpoint}")
        try:
            return [row[0] for row in await connection.fetch(FILES)]
        finally:
            await connection.close()

    return asyncio.run(asked())


@pytest.mark.parametrize("masks", [(), ("--mask", "Guest.email=email")], ids=["from files", "from rows"])
def test_an_environment_is_cloned_while_others_write_and_none_of_them_notices(
    hotel: Hotel, stack: Stack, masks: tuple[str, ...]
) -> None:
    with calling(hotel) as callers:
        until(lambda: len(callers.acknowledged) >= 10 * WRITERS)
        before = set(callers.acknowledged)
        clone = hotel.mortise.told(*hotel.preview("create", "-n", "busy", "-e", "prod", *(masks or ("--unmasked",))))
        after, reads = len(callers.acknowledged), callers.reads
        until(lambda: len(callers.acknowledged) > after and callers.reads > reads)

    endpoints = [each.split("/")[-2] for each in (hotel.url, clone["url"])]
    original, copy = (files(stack, each) for each in endpoints)
    assert (copy == original) is (not masks)
    held = {each for each in notes(clone["url"], hotel.key) if each.startswith(callers.mark)}
    assert callers.wrong == []
    assert before <= held <= set(callers.acknowledged)
    called(clone["url"], hotel.key, 'mutation { createNote(text: "only here") { id } }')
    assert "only here" not in notes(hotel.url, hotel.key)

    hotel.mortise.told(*hotel.preview("delete", "-n", "busy", "--force"))
    assert refusal(clone["url"], hotel.key) == "NOT_FOUND"
    environment = clone["environment"]["id"]
    gone = "query($e: ID!) { environment(id: $e) { state } }"
    until(lambda: "errors" in hotel.maker.query(gone, {"e": environment}))


def test_what_is_masked_cannot_be_read_through_the_clone_nor_anything_by_clients(hotel: Hotel) -> None:
    guest = (
        'mutation { createGuest(email: "anna@secret.example", phone: "555-0199", notes: [{text: "secret"}]) { id } }'
    )
    id_ = called(hotel.url, hotel.key, guest)["createGuest"]["id"]
    masks = ("-m", "Guest.email=email", "-m", "Guest.phone=null", "-m", "Note.text=hash")

    clone = hotel.mortise.told(*hotel.preview("create", "-n", "masked", "-e", "prod", "--lease", "90m", *masks))
    read = called(clone["url"], hotel.key, "{ allGuests { id email phone notes { text } } }")
    found = called(clone["url"], hotel.key, '{ allGuests(filter: {email_contains: "anna"}) { id } }')
    export = httpx.get(clone["url"].replace("/graphql", "/export"), headers={"authorization": f"Bearer {hotel.key}"})

    assert [each["id"] for each in read["allGuests"]] == [id_]
    assert read["allGuests"][0]["email"].endswith("@masked.example")
    assert found == {"allGuests": []}
    client = hotel.mortise.told("project", "client", "add", hotel.project, "-n", "Grand")["key"]
    assert called(hotel.url, client, "{ __typename }")
    assert (refusal(clone["url"], client), refusal(clone["url"], "")) == ("FORBIDDEN", "UNAUTHENTICATED")
    for told in (json.dumps(read), export.text):
        assert "secret" not in told
        assert "555-0199" not in told
    assert export.status_code == 200

    (listed,) = hotel.mortise.told(*hotel.preview("list"))
    longer = hotel.mortise.told(*hotel.preview("extend", "-n", "masked", "--lease", "7d"))
    assert (listed["name"], listed["source"], listed["url"]) == ("masked", "prod", clone["url"])
    assert longer["expiresAt"] > listed["expiresAt"]
    assert "masked" in hotel.mortise.said(*hotel.preview("list"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-e", "prod"), "UNMASKED"),
        (("-m", "Guest.mail=hash"), "UNKNOWN_FIELD"),
        (("--lease", "8d"), "LEASE_TOO_LONG"),
    ],
)
def test_what_cannot_be_cloned_is_said_at_the_terminal(hotel: Hotel, words: tuple[str, ...], reason: str) -> None:
    refused = hotel.mortise.refused(*hotel.preview("create", "-n", "never", *words))

    assert refused["reason"] == reason


@pytest.mark.parametrize("words", [("-m", "Guest.email=sha"), ("--lease", "soon")])
def test_words_that_mean_nothing_are_wrong_usage(hotel: Hotel, words: tuple[str, ...]) -> None:
    assert hotel.mortise.run(*hotel.preview("create", "-n", "never", *words)).code == 2
