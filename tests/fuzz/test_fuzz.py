"""A short run of the fuzzer against the whole product, and proof that its judge is not blind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz import judge, memory, scene
from tests.fuzz.operations import Operation
from tests.fuzz.wire import Answer
from tests.support.stack import Stack

OPERATIONS = 800
SEED = 20261120


async def test_hostile_operations_are_answered_with_codes_and_nobody_elses_data(stack: Stack) -> None:
    outcome, wrong = await fuzz.one(scene.build(stack), SEED, OPERATIONS, 8)

    assert [(each.operation.kind, each.operation.number, each.what) for each in outcome.findings] == []
    assert wrong == []
    assert {"document", "pipelined", "batch", "url", "stranger", "bomb", "framing"} <= outcome.kinds.keys()


def operation(form: Any = "modern", **more: Any) -> Operation:
    return Operation(1, "document", None, form, [b'{"query": "{ t12 }"}'], ["a"], **more)


def answered(body: Any, status: int = 200, kind: str = "application/json", name: str = "a") -> Answer:
    told = {"content-type": kind, "x-request-id": name}
    return Answer(status, told, body if isinstance(body, bytes) else json.dumps(body).encode())


def error(message: str = "m", **extensions: Any) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": "BAD_USER_INPUT", **extensions}}


@pytest.mark.parametrize(
    "answer",
    [
        answered({"data": {"a": 1}}),
        answered({"data": {"a": None}, "errors": [error()]}),
        answered({"errors": [error()]}, 400),
        answered({"errors": [error("Cannot query field 't12' on type 'Query'.")]}),
        answered({"errors": [error("Syntax Error: Unexpected Name 'select'.")]}),
    ],
)
def test_an_answer_in_order_has_no_complaint(answer: Answer) -> None:
    assert judge.complaints(operation(), answer, "a", ["canary-b"]) == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (answered({"data": {"a": "canary-b"}}), "holds canary-b"),
        (answered({"errors": [error("Details: canary-b")]}), "holds canary-b"),
        (answered({"errors": [error()]}, 500), "status 500"),
        (answered({"data": {"a": 1}}, name="b"), "answers b instead of a"),
        (answered(b'{"data":{"a":}}'), "no JSON"),
        (answered(b"<html>", kind="text/html"), "a page"),
        (answered(b"x", kind="text/plain"), "content type"),
        (answered([]), "neither object nor batch"),
        (answered({"data": None}), "neither data nor errors"),
        (answered({"data": {}, "more": 1}), "neither data nor errors"),
        (answered({"errors": []}), "errors are"),
        (answered({"errors": [{"message": "m"}]}), "no code"),
        (answered({"errors": [{"extensions": {"code": 1}}]}), "without message"),
        (answered({"errors": [error(code="INTERNAL_SERVER_ERROR")]}), "code INTERNAL_SERVER_ERROR"),
        (answered({"errors": [error('relation "t7" does not exist')]}), "tells"),
        (answered({"errors": [error("column c3 of app.t5")]}), "tells"),
        (answered({"errors": [error("KeyError: 'x'")]}), "tells"),
        (answered({"errors": [error(hint="see /tmp/x.py")]}), "tells"),
    ],
)
def test_the_judge_sees_what_must_not_be_answered(answer: Answer, complaint: str) -> None:
    assert any(complaint in each for each in judge.complaints(operation(), answer, "a", ["canary-b"]))


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ({"error": "Syntax Error: Expected Name."}, True),
        ({"code": 1001, "requestId": "a", "error": "no request"}, True),
        ({"data": None, "errors": [{"message": "Unknown field", "locations": []}]}, True),
        ({"data": {"a": None}, "errors": [{"message": "m", "path": ["a"], "code": 3002}]}, True),
        ([{"data": {}}, {"error": "Syntax Error"}], True),
        ({"error": "something"}, False),
        ({"data": {"a": None}, "errors": [{"message": "m", "path": ["a"]}]}, False),
        ([{"data": {}}, "x"], False),
    ],
)
def test_the_old_form_has_codes_where_the_dialect_has_them(body: Any, good: bool) -> None:  # noqa: FBT001 - a table
    assert (judge.complaints(operation("simple"), answered(body), "a", []) == []) is good


def test_a_word_that_was_sent_in_chunks_is_no_secret() -> None:
    asked = operation()
    asked.pieces = [b'13;a=b\r\n{"query": "{ a(id: c\r\n2\r\n00\r\n6\r\n00) }"\r\n0\r\n\r\n']

    assert judge.complaints(asked, answered({"errors": [error("No node c0000")]}), "a", []) == []
    assert judge.complaints(asked, answered({"errors": [error("No node c0001")]}), "a", []) != []


def test_a_stranger_is_answered_with_no_data() -> None:
    assert judge.complaints(operation(refused=True), answered({"data": {"a": 1}}), "a", []) == ["data for a stranger"]


def test_growth_is_what_the_second_half_adds() -> None:
    flat = [(float(at), 100.0 + (min(50, at))) for at in range(101)]
    rising = [(float(at), 100.0 + at) for at in range(101)]

    assert memory.growth(flat) == pytest.approx(0.0)
    assert memory.growth(rising) == pytest.approx(50 / 175)
