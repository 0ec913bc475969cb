"""What a call may take of time and memory: the database ends it, and the caller is told with a code (G 7.2, limits)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import pytest

from contracts.model import digest, encode
from contracts.names import database
from gateway.domain.bounds import Limits
from gateway.domain.directory import Route
from gateway.engine import Call, Engine, Request, finish, prepare
from gateway.execute.calls import Calls, Ran
from gateway.execute.connections import Connections
from gateway.execute.environments import Environments, Served, place_of
from tests.support.door import Door, Live

SCHEMA = "type Note @model { id: ID! @isUnique text: String }"


class Bounded:
    """An environment with limits of its own."""

    def __init__(self, door: Door, live: Live, limits: Limits) -> None:
        server = urlsplit(door.stack.postgres_dsn)
        self.connections = Connections(
            f"postgresql://{server.hostname}:{server.port}",
            door.secret_key,
            4,
            statement_seconds=lambda _: limits.statement_seconds,
        )
        # Neither is asked as long as the model is the newest.
        self.calls = Calls(self.connections, Environments(door.blobs), cast("Any", None))
        assert live.place.model is not None
        sha = digest(encode(live.place.model))
        self.engine = Engine(prepare(live.place.model, sha), limits=limits)
        name = database(live.place.id)
        route = Route(live.place.id, live.kind, live.service, None, None, live.organisation, "0.0.1", sha, name)
        self.served = Served(route, self.engine, self.engine, live.endpoint, place_of(route))

    async def asked(self, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer in the form of the Simple API, and in that of GraphQL over HTTP."""
        request = Request(text)
        call = self.engine.call(request)
        assert isinstance(call, Call), call
        ran = await self.calls.run(self.served, request, call, "r1")
        assert isinstance(ran, Ran)
        old, new = (finish(ran.call, ran.results, dialect, "r1") for dialect in ("simple", "http"))
        return orjson.loads(old), orjson.loads(new)


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    made = await door.environment(SCHEMA, "dev")
    await made.place.insert("Note", [{"text": "x" * 1000}] * 3)
    return made


@pytest.fixture
async def bounded(door: Door, live: Live) -> AsyncIterator[Bounded]:
    made = Bounded(door, live, Limits(statement_seconds=1, response_bytes=3_000))
    yield made
    await made.connections.close()


async def test_a_statement_that_takes_too_long_fails_its_field_with_its_code(live: Live, bounded: Bounded) -> None:
    assert live.place.model is not None
    table = live.place.model.entity_by_name["Note"].table
    async with live.place.cluster.connected(live.place.id) as owner, owner.transaction():
        await owner.execute(f"lock table app.{table} in access exclusive mode")
        old, new = await bounded.asked('{ __typename Note(id: "x") { id } }')

    (was,), (told,) = old["errors"], new["errors"]
    message = "The query took too long to process."
    assert old["data"] == new["data"] == {"__typename": "Query", "Note": None}
    assert (was["code"], was["message"], was["path"], was["requestId"]) == (1000, message, ["Note"], "r1")
    assert (told["extensions"]["code"], told["extensions"]["name"], told["message"]) == (
        1000,
        "TimeoutExceeded",
        message,
    )


async def test_an_answer_that_is_too_large_is_not_even_sent(bounded: Bounded) -> None:
    old, new = await bounded.asked("{ allNotes { text } }")
    small, _ = await bounded.asked("{ allNotes(first: 2) { text } }")

    assert len(small["data"]["allNotes"]) == 2
    assert old["data"] is new["data"] is None
    message = "The answer is too large. Ask for less with 'first'."
    assert (old["errors"][0]["code"], old["errors"][0]["message"]) == (1004, message)
    assert new["errors"][0]["extensions"]["code"] == 1004


async def test_the_fields_of_one_call_share_what_an_answer_may_hold(bounded: Bounded) -> None:
    old, _ = await bounded.asked("{ " + " ".join(f"a{n}: allNotes(first: 1) {{ text }}" for n in range(4)) + " }")
    alone, _ = await bounded.asked("{ a: allNotes(first: 1) { text } b: allNotes(first: 1) { text } }")

    assert "errors" not in alone
    assert {one["code"] for one in old["errors"]} == {1004}
    assert 1 <= len(old["errors"]) <= 2
