"""`/simple/v1/{endpoint}` as old clients know it: what it takes, and the shape of every answer (G 1, 7)."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from graphql import build_client_schema, print_schema

from tests.support.door import Door, Live

NOTES = "type Note @model { id: ID! @isUnique text: String slug: String @isUnique size: Int }"
GOOD = {"query": "{ __typename }"}
TYPENAME = {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    """An environment that anybody may call."""
    made = await door.environment(NOTES, "dev")
    await door.open_to_all(made)
    return made


@pytest.fixture(scope="module")
async def closed(door: Door) -> Live:
    """An environment that wants a key."""
    return await door.environment(NOTES, "prod")


async def post(door: Door, live: Live, value: Any, path: str = "", **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    content = value if isinstance(value, bytes) else orjson.dumps(value)
    return await door.http.post(f"/simple/v1/{live.endpoint}{path}", content=content, headers=sent)


async def get(door: Door, live: Live, path: str = "", **headers: str) -> httpx.Response:
    return await door.http.get(f"/simple/v1/{live.endpoint}{path}", headers=headers)


# --- what is taken ------------------------------------------------------------------------------------------------

ASKED = "query Named($n: Int) { allNotes(first: $n) { id } }"


@pytest.mark.parametrize(
    "body",
    [
        {"query": ASKED, "variables": {"n": 0}},
        {"query": ASKED, "variables": '{"n": 0}'},
        {"query": ASKED, "variables": " "},
        {"query": ASKED, "variables": "null"},
        {"query": ASKED, "variables": None},
        {"query": ASKED},
        {"query": ASKED, "operationName": ""},
        {"query": ASKED, "operationName": None},
        {"query": ASKED, "operationName": "Named"},
        {"query": ASKED, "more": "is not looked at"},
    ],
)
async def test_a_request_may_be_written_in_every_documented_form(door: Door, live: Live, body: dict[str, Any]) -> None:
    answer = await post(door, live, body, x_graphcool_source="console:playground")

    assert (answer.status_code, answer.json()) == (200, {"data": {"allNotes": []}})
    assert answer.headers["request-id"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 1001),
        (b"{", 1001),
        (b"7", 1001),
        (b'"text"', 1001),
        ({}, 1001),
        ({"query": None}, 1001),
        ({"query": ""}, 1001),
        ({"query": 1}, 1001),
        ({**GOOD, "operationName": 1}, 1001),
        ({**GOOD, "variables": []}, 1001),
        ({**GOOD, "variables": "[]"}, 1001),
        ({**GOOD, "variables": "{"}, 3024),
        ({**GOOD, "variables": "{'a': 1}"}, 3024),
        ([], 1001),
        ([GOOD] * 101, 1001),
    ],
)
async def test_any_other_body_is_refused_with_the_code_of_the_dialect(
    door: Door, live: Live, body: Any, code: int
) -> None:
    answer = await post(door, live, body)

    refusal = answer.json()
    assert answer.status_code == 200
    assert set(refusal) == {"code", "requestId", "error"}
    assert (refusal["code"], refusal["requestId"]) == (code, answer.headers["request-id"])


async def test_a_body_that_is_too_large_or_no_json_keeps_its_status_for_those_between(door: Door, live: Live) -> None:
    large = await post(door, live, b'{"query": "' + b" " * (1024 * 1024) + b'"}')
    text = await post(door, live, GOOD, Content_Type="text/plain")

    assert (large.status_code, large.json()["code"]) == (413, 1001)
    assert (text.status_code, text.json()["code"]) == (415, 1001)
    assert large.headers["request-id"]


async def test_a_batch_of_a_hundred_is_answered_in_its_order(door: Door, live: Live) -> None:
    aliased = [{"query": f"{{ a{n}: __typename }}"} for n in range(99)]
    answer = await post(door, live, [*aliased, [GOOD]])

    *found, last = answer.json()
    assert found == [{"data": {f"a{n}": "Query"}} for n in range(99)]
    assert last["code"] == 1001
    assert len(answer.headers["mortise-call"].split(", ")) == 100


async def test_entries_of_a_batch_do_not_hurt_each_other(door: Door, live: Live) -> None:
    bad: list[Any] = [{"query": "{"}, {"query": "{ nothing }"}, None, {**GOOD, "variables": "{"}]
    failing = {"query": "{ a: __typename allNotes(first: -1) { id } }"}
    answer = await post(door, live, [GOOD, *bad, failing, GOOD])

    first, syntax, invalid, malformed, variables, failed, last = answer.json()
    assert first == last == TYPENAME
    assert set(syntax) == {"error"}
    assert (invalid["data"], "code" in invalid["errors"][0]) == (None, False)
    assert (malformed["code"], variables["code"], failed["errors"][0]["code"]) == (1001, 3024, 3026)


# --- what is answered ---------------------------------------------------------------------------------------------


async def test_a_text_that_does_not_parse_is_one_error_and_no_list(door: Door, live: Live) -> None:
    answer = await post(door, live, {"query": "{ a "})

    assert answer.status_code == 200
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].startswith("Syntax Error")


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ nothing }", {}),
        ("{ allNotes { nothing } }", {}),
        ("{ allNotes }", {}),
        ("{ allNotes(nothing: 1) { id } }", {}),
        ("{ node { id } }", {}),
        ('{ allNotes(first: "x") { id } }', {}),
        ("{ allNotes(orderBy: nothing_ASC) { id } }", {}),
        ("query ($n: Int!) { allNotes(first: $n) { id } }", {}),
        ("query ($n: Int) { allNotes(first: $n) { id } }", {"n": "x"}),
        ("query ($f: NoteFilter) { allNotes(filter: $f) { id } }", {"f": {"text_not": 1}}),
        ("query A { allNotes { id } } query B { allNotes { id } }", {}),
        ("subscription { Note { node { id } } }", {}),
    ],
)
async def test_what_does_not_fit_the_schema_has_places_and_no_code(
    door: Door, live: Live, query: str, variables: dict[str, Any]
) -> None:
    answer = await post(door, live, {"query": query, "variables": variables})

    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["data", "errors"]
    assert body["data"] is None
    for problem in body["errors"]:
        assert set(problem) <= {"message", "locations"}


FAILURES = [
    ("allNotes(first: 1001) { id }", 2041, "You requested 1001 nodes. We will only return up to 1000 nodes per query."),
    ("allNotes(last: 1001) { id }", 2041, "You requested 1001 nodes. We will only return up to 1000 nodes per query."),
    ("Note { id }", 3000, "None of the following arguments provided: List(id, slug)"),
    ("allNotes(first: 1, last: 1) { id }", 3014, "Cannot supply both 'first' and 'last': choose one end."),
    ("allNotes(first: -1) { id }", 3026, "'first' must not be negative: -1"),
    ("allNotes(last: -1) { id }", 3027, "'last' must not be negative: -1"),
    ("allNotes(skip: -1) { id }", 3028, "'skip' must not be negative: -1"),
]


@pytest.mark.parametrize(("field", "code", "message"), FAILURES)
async def test_a_field_that_fails_is_told_alike_in_both_dialects(
    door: Door, live: Live, field: str, code: int, message: str
) -> None:
    query = f"{{ fine: _allNotesMeta {{ count }} bad: {field} }}"
    old = await post(door, live, {"query": query})
    new = await door.call(live, query)

    (was,), (told,) = old.json()["errors"], new.json()["errors"]
    place = {"message": message, "locations": [{"line": 1, "column": 33}], "path": ["bad"]}
    assert was == {**place, "code": code, "requestId": old.headers["request-id"]}
    assert {name: told[name] for name in place} == place
    assert told["extensions"]["code"] == code
    assert told["extensions"]["requestId"] == new.headers["x-request-id"]
    # A list is never null, so its failure is that of the whole answer; another field leaves the rest alone.
    expected = {"fine": {"count": 0}, "bad": None} if field.startswith("Note") else None
    assert old.json()["data"] == new.json()["data"] == expected
    assert (old.status_code, new.status_code) == (200, 200)


# --- who may, and what else is there ------------------------------------------------------------------------------


async def test_an_unknown_service_is_named_in_the_refusal(door: Door) -> None:
    for path in ("", "/schema.json", "/permissions"):
        answer = await door.http.post(f"/simple/v1/nothing{path}", json=GOOD)

        body = answer.json()
        assert answer.status_code == 200
        assert (body["code"], body["error"]) == (3016, "Project not found: 'nothing'")
        assert body["requestId"] == answer.headers["request-id"]


@pytest.mark.parametrize("secret", [None, "mpk_" + "x" * 43, "somebody's own"])
async def test_an_invalid_token_is_no_token(door: Door, live: Live, closed: Live, secret: str | None) -> None:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    opened = await post(door, live, GOOD, **headers)
    refused = await post(door, closed, GOOD, **headers)
    batch = await post(door, closed, [GOOD, GOOD], **headers)

    assert opened.json() == TYPENAME
    assert refused.status_code == 200
    assert (refused.json()["code"], refused.json()["error"]) == (3008, "Insufficient Permissions")
    assert batch.json()["code"] == 3008


async def test_tools_find_the_schema_where_they_look_for_it(door: Door, live: Live, closed: Live) -> None:
    answer = await get(door, live, "/schema.json")
    refused = await get(door, closed, "/schema.json")
    wrong = await post(door, live, GOOD, "/schema.json")

    shown = print_schema(build_client_schema(answer.json()["data"]))
    assert "type Note implements Node" in shown
    assert answer.headers["request-id"]
    assert (refused.status_code, refused.json()["code"]) == (200, 3008)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")


async def test_a_browser_sees_a_page_to_try_it(door: Door, live: Live) -> None:
    page = await get(door, live)
    other = await door.http.put(f"/simple/v1/{live.endpoint}", json=GOOD)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["request-id"]
    assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD, POST")
    assert other.headers["request-id"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("permissions", "Insufficient permissions for this query"),
        ("import", "Insufficient permissions for bulk import"),
        ("export", "Insufficient permissions for bulk export"),
    ],
)
async def test_interfaces_for_root_tokens_are_not_there_and_strangers_hear_no_more(
    door: Door, live: Live, closed: Live, name: str, message: str
) -> None:
    stranger = await post(door, closed, GOOD, f"/{name}")
    admitted = await post(door, live, GOOD, f"/{name}")

    assert stranger.status_code == 200
    assert (stranger.json()["code"], stranger.json()["error"]) == (3008, message)
    assert admitted.status_code == 404
    assert admitted.json()["error"] == f"'{name}' is not available."
    assert (await post(door, live, GOOD, "/nothing")).status_code == 404


@pytest.mark.parametrize("path", ["/relay/v1/{}", "/subscriptions/v1/{}", "/file/v1/{}", "/system"])
async def test_other_interfaces_of_the_dialect_are_not_there(door: Door, live: Live, path: str) -> None:
    assert (await door.http.post(path.format(live.endpoint), json=GOOD)).status_code == 404
