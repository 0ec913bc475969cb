"""What a caller sent, read strictly."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import bodies
from gateway.domain.bodies import BadBody, Params


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"']
)
def test_json_in_utf8_is_what_is_read(kind: str) -> None:
    bodies.require_json(kind)


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/graphql", "multipart/form-data; boundary=x", "application/json; charset=latin1"],
)
def test_any_other_content_type_is_415(kind: str) -> None:
    with pytest.raises(BadBody) as refused:
        bodies.require_json(kind)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'{"query": "{a}", "variables": {"x": "a\\u0000b"}}',
        b'{"query": "{a}", "variables": {"a\\u0000": 1}}',
        b"[" * 5000 + b"]" * 5000,
        b'{"query": NaN}',
    ],
)
def test_what_is_not_json_or_cannot_be_text_is_400(body: bytes) -> None:
    with pytest.raises(BadBody) as refused:
        bodies.load(body)
    assert refused.value.status == 400


def test_the_letters_of_an_escaped_nul_are_not_a_nul() -> None:
    assert bodies.load(b'{"query": "\\\\u0000"}') == {"query": "\\u0000"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "text",
        [],
        {},
        {"query": 1},
        {"query": ""},
        {"query": "{a}", "variables": []},
        {"query": "{a}", "variables": "{}"},
        {"query": "{a}", "operationName": 3},
    ],
)
def test_a_body_without_a_string_query_and_fitting_members_is_400(value: object) -> None:
    with pytest.raises(BadBody) as refused:
        bodies.params(value)
    assert refused.value.status == 400


def test_null_members_and_an_empty_operation_name_count_as_absent() -> None:
    assert bodies.params({"query": "{a}", "variables": None, "operationName": ""}) == Params("{a}")


def test_the_old_form_takes_variables_as_text_and_codes_its_refusals() -> None:
    assert bodies.old_params({"query": "{a}", "variables": '{"x": 1}'}) == Params("{a}", {"x": 1})
    assert bodies.old_params({"query": "{a}", "variables": ""}) == Params("{a}")
    with pytest.raises(BadBody) as variables:
        bodies.old_params({"query": "{a}", "variables": "{x"})
    assert (variables.value.old, variables.value.status) == (3024, 200)
    with pytest.raises(BadBody) as malformed:
        bodies.old_params({"no": "query"})
    assert malformed.value.old == 1001


def test_a_batch_is_an_array_of_one_to_a_hundred_operations() -> None:
    assert bodies.old_batch({"query": "{a}"}) is None
    assert bodies.old_batch([1, 2]) == [1, 2]
    for size in (0, 101):
        with pytest.raises(BadBody):
            bodies.old_batch([1] * size)


def test_a_query_in_the_address_carries_its_variables_as_json() -> None:
    assert bodies.from_url({"query": "{a}", "variables": '{"x": 1}', "operationName": "A"}) == Params(
        "{a}", {"x": 1}, "A"
    )
    with pytest.raises(BadBody):
        bodies.from_url({"query": "{a}", "variables": "x"})


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail_otherwise_than_with_a_refusal(body: bytes) -> None:
    with contextlib.suppress(BadBody):
        bodies.params(bodies.load(body))
