"""The control API through the public door, with small owners behind it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from faststream.nats import NatsBroker
from graphql import GraphQLError

from common.db import Database
from common.errors import Refused, not_found
from gateway.api.control import Control
from gateway.api.http import Server
from gateway.domain.split import Problems
from gateway.execute.lookup import Lookup
from gateway.execute.owners import Owners
from tests.support.door import Door
from tests.support.owners import Owner

CONTENT = {"Content-Type": "application/json"}
ALPHA = """
type Query { who: String! plain: Int broken: Int! hidden(id: ID!): String slow: Int }
type Mutation { first(name: String!): String! third: Int failing: Int! stuck: Int! }
"""
BETA = """
input Pair { left: Int right: [Int!] }
type Query { sum(pair: Pair!): Int! lonely: Int }
type Mutation { second: Int! }
"""


class Both:
    """Two owners, and in which order their mutations ran."""

    def __init__(self, door: Door) -> None:
        self.ran: list[str] = []
        self.stuck = asyncio.Event()
        url = door.stack.nats_url
        self.alpha = Owner(door.client, url, "alpha", ALPHA).answers(
            {
                "Query.who": lambda info: info.context.principal["kind"],
                "Query.plain": lambda _: 7,
                "Query.broken": self._broken,
                "Query.hidden": self._hidden,
                "Mutation.first": lambda info, name: self._note("first", f"{name} {info.context.ask.idempotency_key}"),
                "Mutation.third": lambda _: self._note("third", 3),
                "Mutation.failing": lambda _: self._refuse(),
                "Mutation.stuck": lambda _: self._wait(),
            }
        )
        self.beta = Owner(door.client, url, "beta", BETA).answers(
            {
                "Query.sum": lambda _, pair: pair["left"] + sum(pair["right"]),
                "Mutation.second": lambda _: self._note("second", 2),
            }
        )

    def _note(self, name: str, value: Any) -> Any:
        self.ran.append(name)
        return value

    def _refuse(self) -> None:
        self.ran.append("failing")
        raise Refused("FORBIDDEN", "Not you.")

    async def _wait(self) -> int:
        self.ran.append("stuck")
        await self.stuck.wait()
        return 1

    def _broken(self, _: object) -> int:
        raise RuntimeError("nobody may read this")

    def _hidden(self, _: object, *, id: str) -> str:
        raise not_found("Thing", id)


@pytest.fixture(scope="session")
async def both(door: Door) -> AsyncIterator[Both]:
    made = Both(door)
    await made.alpha.start()
    await made.beta.start()
    while "errors" in (await door.query("{ plain sum(pair: {left: 1, right: []}) }")).json():
        pass
    yield made
    await made.alpha.stop()
    await made.beta.stop()


@pytest.mark.usefixtures("both")
async def test_a_worker_that_has_not_read_the_schema_yet_says_so_instead_of_refusing_what_it_does_not_know(
    door: Door,
) -> None:
    broker = NatsBroker(door.stack.nats_url, logger=None)
    owners = Owners(door.client, broker)
    database = Database(door.stack.postgres_dsn, "gateway")
    control = Control(owners, Lookup(database, door.client, door.log, door.secret_key), development=False)
    server = Server(lambda _method, _path: control)
    await server.open("127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.port}/query"
    async with httpx.AsyncClient() as client:
        before = (await client.post(url, json={"query": "{ plain }"})).json()
        reading = asyncio.create_task(owners.follow())
        while owners.check() is not None:
            await asyncio.wait([reading], timeout=0.05)
        after = (await client.post(url, json={"query": "{ nobodyHasThis }"})).json()
    reading.cancel()
    await server.close()

    assert before["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert after["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.usefixtures("both")
async def test_one_answer_has_the_fields_of_several_owners_in_the_order_asked(door: Door) -> None:
    text = "query ($p: Pair!) { total: sum(pair: $p) kind: __typename who n: plain }"
    answer = await door.query(text, {"p": {"left": 1, "right": [2, 3]}})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert list(answer.json()["data"].items()) == [("total", 6), ("kind", "Query"), ("who", "anonymous"), ("n", 7)]


async def test_an_owner_is_asked_the_same_text_whatever_the_values(door: Door, both: Both) -> None:
    text = "query ($p: Pair!, $unused: Int) { sum(pair: $p) plain @include(if: true) @skip(if: false) who }"
    text = text.replace(", $unused: Int", "")
    before = len(both.beta.asked)
    await door.query(text, {"p": {"left": 1, "right": []}})
    await door.query(text, {"p": {"left": 2, "right": [5]}})

    first, second = both.beta.asked[before:]
    assert first.query == second.query
    assert first.variables != second.variables


@pytest.mark.usefixtures("both")
async def test_errors_come_first_and_a_refusal_keeps_its_code_and_path(door: Door) -> None:
    answer = await door.query('{ plain h: hidden(id: "x") }')

    assert list(answer.json()) == ["errors", "data"]
    assert answer.json() == {
        "errors": [{"message": "Thing not found: 'x'", "path": ["h"], "extensions": {"code": "NOT_FOUND"}}],
        "data": {"plain": 7, "h": None},
    }


@pytest.mark.usefixtures("both")
async def test_what_nobody_foresaw_is_told_without_details_but_with_the_request_id(door: Door) -> None:
    answer = await door.query("{ plain broken }", X_Request_Id="trace-me")

    assert answer.headers["x-request-id"] == "trace-me"
    body = answer.json()
    assert body["data"] is None
    assert body["errors"][0]["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "trace-me"}
    assert "nobody may read" not in answer.text


async def test_mutations_run_in_their_order_across_owners(door: Door, both: Both) -> None:
    both.ran.clear()
    answer = await door.query('mutation { third second first(name: "x") }', Idempotency_Key="k-1")

    assert both.ran == ["third", "second", "first"]
    assert answer.json() == {"data": {"third": 3, "second": 2, "first": "x k-1"}}


async def test_nothing_runs_after_a_field_that_must_not_fail(door: Door, both: Both) -> None:
    both.ran.clear()
    answer = await door.query('mutation { first(name: "x") failing second }')

    assert both.ran == ["first", "failing"]
    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.usefixtures("both")
async def test_an_owner_who_is_gone_takes_only_his_own_fields_with_him(door: Door) -> None:
    gone = Owner(
        door.client, door.stack.nats_url, "gone", "type Query { nullable: Int must: Int! } type Mutation { do: Int! }"
    )
    await gone.start()
    while "data" not in (await door.query("{ nullable }")).json():
        pass
    await gone.stop()

    some = (await door.query("{ plain nullable }")).json()
    every = (await door.query("{ plain must }")).json()
    change = (await door.query("mutation { do }")).json()

    assert some["data"] == {"plain": 7, "nullable": None}
    assert some["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert every["data"] is None
    # Nobody listened, so nothing happened: no talk of a change that may have.
    assert "may have" not in change["errors"][0]["message"]


async def test_a_change_without_an_answer_may_have_happened_and_names_the_key_to_repeat_it_with(
    door: Door, both: Both
) -> None:
    answer = (await door.query("mutation { stuck }", Idempotency_Key="again-1")).json()
    both.stuck.set()

    (problem,) = answer["errors"]
    assert answer["data"] is None
    assert "may have happened" in problem["message"]
    assert problem["extensions"]["idempotencyKey"] == "again-1"
    assert "Idempotency-Key: again-1" in problem["extensions"]["hint"]


async def test_a_part_that_conflicts_is_refused_and_what_was_served_goes_on(door: Door, both: Both) -> None:
    await both.beta.publish("type Query { plain: String sum: Int! }")
    rival = Owner(door.client, door.stack.nats_url, "rival", "type Query { unique: Int who: Int }")
    await rival.publish(rival.sdl)
    probe = Owner(door.client, door.stack.nats_url, "probe", "type Query { probe: Int }").answers(
        {"Query.probe": lambda _: 1}
    )
    await probe.start()
    while "data" not in (await door.query("{ probe }")).json():
        pass
    await probe.stop()

    assert (await door.query("{ who plain sum(pair: {left: 1, right: []}) }")).json()["data"]["plain"] == 7
    assert "errors" in (await door.query("{ unique }")).json()
    await rival.publish("type Query { unique: Int }")
    await both.beta.publish(BETA)
    while "data" not in (await door.query("{ unique }")).json():
        pass


async def test_the_position_of_an_answer_is_the_highest_of_its_owners_and_a_request_may_carry_it_back(
    door: Door, both: Both
) -> None:
    position = await door.say("_", *[])
    answer = await door.query("{ plain }", Mortise_Position=str(position))

    assert int(answer.headers["mortise-position"]) >= position
    assert both.alpha.asked[-1].position == position
    assert (await door.query("{ plain }", Mortise_Position="soon")).status_code == 400


# --- who calls ----------------------------------------------------------------------------------------------------


async def test_a_token_names_its_user_and_a_wrong_one_makes_nobody_of_its_sender(door: Door, both: Both) -> None:
    user = await door.user(organisation="org-control", role="guest")
    token = await door.token(user)

    await door.query("{ who }", Authorization=f"Bearer {token}")
    known = both.alpha.asked[-1].principal
    assert (known["kind"], known["id"], known["organisations"]) == ("user", user, {"org-control": "guest"})
    for wrong in ("Bearer pfy_wrong", "Bearer", "Basic abc", f"Bearer {token}x"):
        await door.query("{ who }", Authorization=wrong)
        assert both.alpha.asked[-1].principal["kind"] == "invalid", wrong


async def test_an_environments_key_is_no_credential_of_a_person(door: Door, both: Both) -> None:
    key, _ = await door.key("project", "p", organisation="o")
    await door.query("{ who }", Authorization=f"Bearer {key}")

    assert both.alpha.asked[-1].principal["kind"] == "invalid"


async def test_identity_headers_of_a_client_are_without_effect(door: Door, both: Both) -> None:
    spoofed = {"X-User-Id": "root", "X-Auth-Type": "user", "X-Productify-User": "root", "X-Tenant-Id": "t"}
    await door.http.post("/query", json={"query": "{ who }"}, headers=spoofed)

    assert both.alpha.asked[-1].principal["kind"] == "anonymous"
    assert "root" not in both.alpha.asked[-1].model_dump_json()


@pytest.mark.usefixtures("both")
async def test_the_schema_is_shown_to_whoever_proved_himself_only(door: Door) -> None:
    text = '{ __schema { queryType { name } } __type(name: "Pair") { name } }'
    nobody = (await door.query(text)).json()
    somebody = (await door.query(text, Authorization=f"Bearer {await door.token(await door.user())}")).json()

    assert nobody["data"] is None
    assert {one["extensions"]["code"] for one in nobody["errors"]} == {"UNAUTHENTICATED"}
    assert somebody["data"] == {"__schema": {"queryType": {"name": "Query"}}, "__type": {"name": "Pair"}}


# --- bad input ----------------------------------------------------------------------------------------------------


async def post(door: Door, content: bytes, **headers: str) -> httpx.Response:
    return await door.http.post("/query", content=content, headers={**CONTENT, **headers})


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"query": 1}', 400),
        (b'[{"query": "{ plain }"}]', 400),
        (b'{"query": "{ plain }", "variables": "x"}', 400),
        (b'{"query": "\\ud800"}', 400),
        (b'{"query": "{ plain }", "variables": {"x": "\\u0000"}}', 400),
        (b'{"query": "' + b"a" * (1024 * 1024) + b'"}', 413),
        (b'{"query": "' + b"a" * (10 * 1024 * 1024) + b'"}', 413),
    ],
)
@pytest.mark.usefixtures("both")
async def test_a_body_that_is_no_request_is_refused_with_a_code(door: Door, content: bytes, status: int) -> None:
    answer = await post(door, content)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.usefixtures("both")
async def test_only_json_by_post_is_taken(door: Door) -> None:
    assert (await post(door, b'{"query": "{ plain }"}', **{"Content-Type": "text/plain"})).status_code == 415
    got = await door.http.get("/query", params={"query": "{ plain }"})
    assert (got.status_code, got.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("text", "variables", "message"),
    [
        ("{ plain", {}, "Syntax Error"),
        ("{ nothing }", {}, "Cannot query field 'nothing'"),
        ("{ sum }", {}, "is required, but it was not provided"),
        ("query ($p: Pair!) { sum(pair: $p) }", {"p": {"left": "x"}}, "Int cannot represent|left"),
        ("query ($p: Pair!) { sum(pair: $p) }", {}, "to be provided"),
        ("query A { plain } query B { who }", {}, "several operations"),
        ("subscription { plain }", {}, "subscription"),
        ("{ " + "a { " * 100 + "}" * 100 + " }", {}, "Cannot query field 'a'|nested|Syntax"),
        ("{ " + " ".join(f"a{n}: plain" for n in range(10_000)) + " }", {}, "more than 1000|Document contains more"),
        ("{ " + " ".join(f"a{n}: plain" for n in range(51)) + " }", {}, "at most 50"),
        ("{ " + "{ a " * 50_000, {}, "Syntax Error|nested|Document contains more"),
        ('{ hidden(id: "\\u0000") }', {}, "U\\+0000"),
        ('{ hidden(id: "\\uD800") }', {}, "Invalid Unicode"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", {}, "Cannot spread fragment"),
    ],
)
async def test_a_document_that_cannot_run_says_why_and_nothing_is_asked(
    door: Door, both: Both, text: str, variables: dict[str, Any], message: str
) -> None:
    before = len(both.alpha.asked), len(both.beta.asked)
    answer = await door.query(text, variables)

    body = answer.json()
    assert answer.status_code == 200
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert any(part in str(body["errors"]) for part in message.replace("\\", "").split("|")), body
    assert (len(both.alpha.asked), len(both.beta.asked)) == before


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("text", ["{ nothing }", "{ plain"])
async def test_a_document_that_is_refused_again_and_again_leaves_nothing_of_its_requests_behind(
    door: Door, text: str
) -> None:
    for _ in range(5):
        assert (await door.query(text)).json()["data"] is None

    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Problems)] == []
    assert [each for each in gc.get_objects() if isinstance(each, GraphQLError) and each.__traceback__] == []


@pytest.mark.usefixtures("both")
async def test_the_newer_content_type_tells_a_refused_document_by_status(door: Door) -> None:
    kind = "application/graphql-response+json"
    bad, good = await door.query("{ nothing }", Accept=kind), await door.query("{ plain }", Accept=kind)

    assert (bad.status_code, good.status_code) == (400, 200)
    assert good.headers["content-type"].startswith(kind)
