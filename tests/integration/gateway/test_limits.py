"""Bad input at the data API: each refused with a code that helps, cheaply, and recorded in its class."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.door import Door, Live

QUERY = "{ allNotes { id } }"
KIND = "application/graphql-response+json"


@pytest.fixture(scope="module")
async def live(door: Door) -> Live:
    """An environment that anybody may call."""
    made = await door.environment(
        "type Note @model { id: ID! @isUnique text: String code: String @isUnique size: Int }", "dev"
    )
    await door.open_to_all(made)
    return made


async def post(door: Door, live: Live, content: bytes, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await door.http.post(live.path, content=content, headers=sent)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"query": null}', 400),
        (b'{"query": "{ allNotes { id } }", "variables": []}', 400),
        (b'{"query": "{ allNotes { id } }", "operationName": 1}', 400),
        (b'{"query": "\\ud800"}', 400),
        (b'{"query": "{ allNotes { id } }", "variables": {"a": "\\u0000"}}', 400),
        (b'{"query": "\xff"}', 400),
        (b'{"query": "' + b" " * (10 * 1024 * 1024) + b'"}', 413),
    ],
)
async def test_a_body_that_is_no_request_is_refused_with_a_code(
    door: Door, live: Live, content: bytes, status: int
) -> None:
    answer = await post(door, live, content)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("kind", ["text/plain", "application/graphql", "application/x-www-form-urlencoded"])
async def test_only_json_is_read(door: Door, live: Live, kind: str) -> None:
    assert (await post(door, live, b'{"query": "{ allNotes { id } }"}', Content_Type=kind)).status_code == 415


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (KIND, KIND),
        (f"{KIND}, application/json;q=0.9", KIND),
        (f"text/html, {KIND}", KIND),
    ],
)
async def test_the_caller_chooses_the_content_type(door: Door, live: Live, accept: str | None, kind: str) -> None:
    request = door.http.build_request("POST", live.path, json={"query": QUERY})
    del request.headers["accept"]
    if accept:
        request.headers["accept"] = accept

    answer = await door.http.send(request)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"


async def test_a_caller_who_takes_neither_is_told_so(door: Door, live: Live) -> None:
    assert (await post(door, live, b'{"query": "{ allNotes { id } }"}', Accept="text/csv")).status_code == 406


BAD = [
    ("{ allNotes { id ", {}),
    ("{ nothing }", {}),
    ("{ allNotes { nothing } }", {}),
    ("query ($n: Int) { allNotes(first: $n) { id } }", {"n": "x"}),
    ("query A { allNotes { id } } query B { allNotes { id } }", {}),
    ("{ " + " ".join(f"a{n}: allNotes {{ id }}" for n in range(10_000)) + " }", {}),
    ("{ allNotes(filter: " + "{AND: [" * 100 + "]}" * 100 + ") { id } }", {}),
    ("{ " + "{ a " * 50_000, {}),
]


@pytest.mark.parametrize(("query", "variables"), BAD)
async def test_a_document_that_cannot_run_is_200_in_the_old_type_and_400_in_the_new(
    door: Door, live: Live, query: str, variables: dict[str, Any]
) -> None:
    old = await door.call(live, query, variables)
    new = await door.call(live, query, variables, headers={"Accept": KIND})

    assert (old.status_code, new.status_code) == (200, 400), old.text
    assert old.json()["errors"]
    assert new.json()["errors"][0]["message"] == old.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ('{ Note(id: "' + "x" * 100 + '") { id } }', {}, None),
        ("{ allNotes(first: -1) { id } }", {}, 3026),
        ("{ allNotes(first: 1, last: 1) { id } }", {}, 3014),
        ("{ allNotes(first: 100000) { id } }", {}, 2041),
        ('mutation { updateNote(id: "cjnothere000000000000000x", text: "a") { id } }', {}, 3002),
        ('mutation { deleteNote(id: "cjnothere000000000000000x") { id } }', {}, 3002),
    ],
)
async def test_a_field_that_fails_says_why_in_the_dialect(
    door: Door, live: Live, query: str, variables: dict[str, Any], code: int | None
) -> None:
    answer = await door.call(live, query, variables)

    assert answer.status_code == 200
    found = [one["extensions"]["code"] for one in answer.json().get("errors", [])]
    assert found == ([code] if code else [])


async def test_a_text_with_nul_never_reaches_the_database(door: Door, live: Live) -> None:
    answer = await door.call(live, 'mutation { createNote(text: "a\\u0000b") { id } }')

    assert answer.status_code == 200
    assert answer.json()["errors"]
    assert "internal" not in answer.text.lower()


async def test_a_unique_value_taken_twice_at_once_has_one_winner(door: Door, live: Live) -> None:
    create = 'mutation { createNote(code: "Straße") { id } }'
    first, second = await door.call(live, create), await door.call(live, create.replace("Straße", "STRASSE"))

    assert "errors" not in first.json()
    assert second.json()["errors"][0]["extensions"]["code"] == 3010
    assert second.json()["data"] == {"createNote": None}


@pytest.mark.parametrize("position", ["soon", "-1", "9" * 19, "9" * 5000])
async def test_a_position_that_is_none_is_refused(door: Door, live: Live, position: str) -> None:
    answer = await door.call(live, QUERY, headers={"Mortise-Position": position})

    assert answer.status_code == 400


# --- by address and by browser ------------------------------------------------------------------------------------


async def test_a_query_may_be_asked_by_address_and_a_mutation_may_not(door: Door, live: Live) -> None:
    read = await door.http.get(live.path, params={"query": "{ _allNotesMeta { count } }"})
    write = await door.http.get(live.path, params={"query": "mutation { createNote { id } }"})

    assert read.status_code == 200
    assert read.json()["data"]["_allNotesMeta"]["count"] >= 0
    assert (write.status_code, write.headers["allow"]) == (405, "POST")


async def test_a_browser_sees_a_page_that_loads_nothing_from_elsewhere(door: Door, live: Live) -> None:
    page = await door.http.get(live.path, headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_other_methods_are_told_which_ones_there_are(door: Door, live: Live) -> None:
    answer = await door.http.delete(live.path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


# --- the old form -------------------------------------------------------------------------------------------------


async def old(door: Door, live: Live, value: Any) -> httpx.Response:
    return await door.http.post(f"/simple/v1/{live.endpoint}", json=value)


async def test_a_batch_is_answered_in_its_order_and_one_bad_entry_hurts_no_other(door: Door, live: Live) -> None:
    good = {"query": "{ __typename }"}
    answer = await old(door, live, [good, {"query": "{ nothing }"}, 7, {**good, "variables": "{bad"}, good])

    first, invalid, malformed, variables, last = answer.json()
    assert first == last == {"data": {"__typename": "Query"}}
    assert invalid["data"] is None
    assert malformed["code"] == 1001
    assert variables["code"] == 3024
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"query": "{ a "}, "error"),
        ({"query": "{ nothing }"}, "errors"),
        ({"no": "query"}, 1001),
        ("text", 1001),
        ([], 1001),
        ({"query": "{ __typename }", "variables": "{"}, 3024),
    ],
)
async def test_the_old_form_answers_200_with_its_own_codes(door: Door, live: Live, value: Any, body: Any) -> None:
    answer = await old(door, live, value)

    assert answer.status_code == 200
    assert answer.headers["request-id"]
    if isinstance(body, int):
        assert answer.json()["code"] == body
        assert answer.json()["requestId"] == answer.headers["request-id"]
    else:
        assert body in answer.json()


async def test_a_failed_field_in_the_old_form_has_code_and_request_id_beside_its_message(
    door: Door, live: Live
) -> None:
    answer = await old(door, live, {"query": 'mutation { deleteNote(id: "cjnothere000000000000000x") { id } }'})

    (problem,) = answer.json()["errors"]
    assert (problem["code"], problem["path"]) == (3002, ["deleteNote"])
    assert problem["requestId"] == answer.headers["request-id"]


async def test_variables_may_be_text_in_the_old_form(door: Door, live: Live) -> None:
    value = {"query": "query ($n: Int) { allNotes(first: $n) { id } }", "variables": '{"n": 0}', "operationName": ""}

    assert (await old(door, live, value)).json() == {"data": {"allNotes": []}}
