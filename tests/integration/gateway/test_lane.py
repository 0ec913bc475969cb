"""Plain calls that come again and again are answered on a lean way, and nobody can tell but by time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from contracts import registry as said
from tests.support.door import Door, Live

SDL = "type Note @model { id: ID! @isUnique text: String @isUnique }"
READ = "query ($text: String) { Note(text: $text) { text } }"


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def lean(self) -> bool:
        """The lean way numbers its requests; elsewhere each gets an id of its own."""
        return self.headers["x-request-id"].count("-") == 5


@dataclass
class Wire:
    """A connection on which bytes are sent as they are."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *pieces: bytes) -> Answer:
        self.send(*pieces)
        return await self.answer()

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)

    async def answer(self) -> Answer:
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split()[1]), headers, body)


@dataclass
class Place:
    """An environment with notes, and a key to it."""

    door: Door
    live: Live
    key: str
    key_id: str

    def request(self, body: object, *headers: str, path: str | None = None, method: str = "POST") -> bytes:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [
            f"{method} {path or self.live.path} HTTP/1.1",
            "Host: mortise",
            "Content-Type: application/json",
            f"Authorization: Bearer {self.key}",
            f"Content-Length: {len(data)}",
            *headers,
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + data

    def read(self, text: str, *headers: str) -> bytes:
        return self.request({"query": READ, "variables": {"text": text}}, *headers)


def found(answer: Answer) -> str | None:
    note = json.loads(answer.body)["data"]["Note"]
    return None if note is None else str(note["text"])


@pytest.fixture(scope="module")
async def place(door: Door) -> Place:
    live = await door.environment(SDL, "dev")
    key, key_id = await door.key("project", str(live.project), organisation=live.organisation)
    create = "mutation ($text: String) { createNote(text: $text) { id } }"
    for number in range(10):
        answer = await door.call(live, create, {"text": f"note {number}"}, key=key)
        assert "errors" not in answer.json(), answer.text
    return Place(door, live, key, key_id)


@pytest.fixture
async def wire(door: Door) -> AsyncIterator[Wire]:
    host, port = door.stack.url.removeprefix("http://").split(":")
    opened = Wire(*await asyncio.open_connection(host, int(port)))
    yield opened
    opened.writer.close()


async def lean(wire: Wire, request: bytes) -> Answer:
    """The first answer on the lean way: a head must be known, and the common way done with its last request."""
    for _ in range(100):
        answer = await wire.ask(request)
        if answer.lean:
            return answer
    raise AssertionError("the lean way was never taken")


async def warm(place: Place, wire: Wire) -> Answer:
    """A read was answered on the lean way."""
    return await lean(wire, place.read("note 0"))


async def test_both_ways_answer_alike(place: Place, wire: Wire) -> None:
    first = await wire.ask(place.read("note 0", "X-Twice: no"))
    second = await warm(place, wire)

    assert not first.lean
    assert (second.status, second.body) == (first.status, first.body) == (200, b'{"data":{"Note":{"text":"note 0"}}}')
    told = {"content-type", "content-length", "x-request-id", "mortise-call", "date"}
    assert told <= second.headers.keys()
    assert second.headers["content-type"] == first.headers["content-type"]


async def test_each_call_of_a_connection_gets_its_own_answer_in_order(place: Place, wire: Wire) -> None:
    await warm(place, wire)
    numbers = [n % 10 for n in range(60)]

    wire.send(*(place.read(f"note {number}") for number in numbers))

    assert [found(await wire.answer()) for _ in numbers] == [f"note {number}" for number in numbers]


@pytest.mark.parametrize("cut", [1, 20, -30, -1])
async def test_a_request_in_two_pieces_is_one_request(place: Place, wire: Wire, cut: int) -> None:
    await warm(place, wire)
    data = place.read("note 3")

    wire.send(data[:cut])
    await wire.writer.drain()
    wire.send(data[cut:], place.read("note 4"))

    assert [found(await wire.answer()), found(await wire.answer())] == ["note 3", "note 4"]


UNUSUAL: Sequence[tuple[str, int]] = (
    ("a mutation", 200),
    ("introspection", 200),
    ("nothing", 400),
    ("another path", 404),
    ("another method", 405),
    ("chunks", 200),
    ("a text that does not parse", 200),
)


@pytest.mark.parametrize(("kind", "status"), UNUSUAL)
async def test_unusual_requests_between_usual_ones_are_answered_in_their_turn(
    place: Place, wire: Wire, kind: str, status: int
) -> None:
    await warm(place, wire)
    chunked = place.read("note 5").replace(b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX-Length: ")
    head, _, body = chunked.partition(b"\r\n\r\n")
    unusual = {
        "a mutation": place.request({"query": 'mutation { createNote(text: "x") { text } }'}),
        "introspection": place.request({"query": "{ __schema { queryType { name } } }"}),
        "nothing": place.request(b"{}"),
        "another path": place.request({"query": "{ __typename }"}, path="/nowhere"),
        "another method": place.request(b"", method="DELETE"),
        "chunks": head + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "a text that does not parse": place.request({"query": "{"}),
    }[kind]

    wire.send(place.read("note 1"), unusual, place.read("note 2"), unusual, place.read("note 3"))
    answers = [await wire.answer() for _ in range(5)]

    assert [found(answers[n]) for n in (0, 2, 4)] == ["note 1", "note 2", "note 3"]
    assert [answers[n].status for n in (1, 3)] == [status, status]


async def test_every_call_is_recorded_once_with_its_operation(wire: Wire, door: Door) -> None:
    live = await door.environment(SDL, "prod")
    key, key_id = await door.key("project", str(live.project), organisation=live.organisation)
    here = Place(door, live, key, key_id)
    named = here.request({"query": "query Named { allNotes { id } }", "operationName": "Named"}, "X-Request-Id: mine")

    answers = [await wire.ask(named) for _ in range(5)]

    ids = [answer.headers["mortise-call"] for answer in answers]
    assert {answer.headers["x-request-id"] for answer in answers} == {"mine"}
    calls = await door.calls(live.place.id, 5)
    assert sorted(call["id"] for call in calls) == sorted(ids)
    assert {(call["class"], call["operation"], call["credential"], call["kind"]) for call in calls} == {
        ("ok", "Named", key_id, "prod")
    }


async def test_a_revoked_key_ends_on_a_connection_that_is_open(place: Place, wire: Wire, door: Door) -> None:
    key, key_id = await door.key("project", str(place.live.project), organisation=place.live.organisation)
    here = Place(door, place.live, key, key_id)
    await warm(here, wire)
    revoked = said.KeyRevoked(key=key_id, organisation=place.live.organisation)

    position = await door.say(place.live.organisation, revoked)
    await door.call(place.live, READ, key=place.key, headers={"mortise-position": str(position)})

    refused = await wire.ask(here.read("note 1"))
    assert refused.status == 401
    assert b"note 1" not in refused.body


async def test_a_failed_field_is_told_as_ever(place: Place, wire: Wire) -> None:
    await warm(place, wire)
    wrong = place.request({"query": "{ allNotes(first: -1) { id } __typename }"})

    answer = await lean(wire, wrong)

    assert [error["extensions"]["code"] for error in json.loads(answer.body)["errors"]] == [3026]


async def test_many_connections_at_once_get_their_own_answers(place: Place, door: Door) -> None:
    host, port = door.stack.url.removeprefix("http://").split(":")

    async def visitor(number: int) -> list[str | None]:
        opened = Wire(*await asyncio.open_connection(host, int(port)))
        answers = [found(await opened.ask(place.read(f"note {number}"))) for _ in range(20)]
        opened.writer.close()
        return answers

    told = await asyncio.gather(*(visitor(number % 10) for number in range(40)))

    assert told == [[f"note {number % 10}"] * 20 for number in range(40)]
