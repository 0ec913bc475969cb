"""The codes of the dialect: which ones are ever said, under which names, in which shape (G 7.1, 7.2)."""

from __future__ import annotations

import inspect
from typing import Any, Final

import orjson
import pytest

from gateway.engine import Call, Engine, Request, answer, failure, finish, settled, unexpected
from gateway.engine.failure import Failure
from tests.support.cases import prepared

SAID: Final = {
    1000: "TimeoutExceeded",
    1004: "OperationTooLarge",
    2041: "TooManyNodesRequested",
    3000: "GraphQLArgumentsException",
    3001: "IdIsInvalid",
    3002: "DataItemDoesNotExist",
    3007: "ValueTooLong",
    3010: "UniqueConstraintViolation",
    3011: "NodeDoesNotExist",
    3013: "NodeNotFoundError",
    3014: "InvalidConnectionArguments",
    3020: "FieldCannotBeNull",
    3026: "InvalidFirstArgument",
    3027: "InvalidLastArgument",
    3028: "InvalidSkipArgument",
    3032: "RelationIsRequired",
    3033: "FilterCannotBeNullOnToManyField",
    3036: "InputInvalid",
}
"""Codes of root fields. Those of whole requests are 1001, 3008, 3016 and 3024."""


def failures() -> list[Failure]:
    """Every failure that the engine can make, with arguments that say nothing."""
    made = [answer.timed_out(), failure.limit("x").failures[0]]
    made += [failure.negative("first", -1), failure.negative("last", -1), failure.negative("skip", -1)]
    for _, function in inspect.getmembers(failure, inspect.isfunction):
        if inspect.signature(function).return_annotation != "Failure" or function is failure.negative:
            continue
        values: dict[str, Any] = {"tuple[str, ...]": ("id",), "int": 1}
        given = [values.get(str(one.annotation), "x") for one in inspect.signature(function).parameters.values()]
        made.append(function(*given))
    return made


def test_every_code_is_one_of_the_dialect() -> None:
    assert {one.number: one.name for one in failures()} == SAID


def shapes(text: str, variables: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer in both dialects; nothing of it needs a database."""
    call = Engine(prepared("music")).call(Request(text, None, variables))
    assert isinstance(call, Call), call
    results = [settled(root) for root in call.roots]
    old, new = (orjson.loads(finish(call, results, dialect, "r1")) for dialect in ("simple", "http"))
    return old, new


@pytest.mark.parametrize("member", ["albums_some", "albums_every", "fans_none"])
def test_a_filter_that_cannot_be_null_is_told_in_both_dialects(member: str) -> None:
    old, new = shapes(f"{{ t: __typename allBands(filter: {{{member}: null}}) {{ id }} }}")

    place: dict[str, Any] = {"message": f"The filter '{member}' cannot be null.", "path": ["allBands"]}
    place |= {"locations": [{"line": 1, "column": 17}]}
    assert old == {"data": None, "errors": [{**place, "code": 3033, "requestId": "r1"}]}
    extensions = {"code": 3033, "name": "FilterCannotBeNullOnToManyField", "requestId": "r1"}
    assert new == {"data": None, "errors": [{**place, "extensions": extensions}]}


def test_an_error_of_ours_has_no_code_and_quotes_the_request() -> None:
    call = Engine(prepared("music")).call(Request('{ t: __typename Band(id: "x") { id } }'))
    assert isinstance(call, Call)
    results = [settled(call.roots[0]), unexpected("r1")]
    (was,) = orjson.loads(finish(call, results, "simple", "r1"))["errors"]
    (told,) = orjson.loads(finish(call, results, "http", "r1"))["errors"]

    assert was["message"].startswith("Whoops. Looks like an internal server error.")
    assert "'r1'" in was["message"]
    assert ("code" in was, was["requestId"], was["path"]) == (False, "r1", ["Band"])
    assert told["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
