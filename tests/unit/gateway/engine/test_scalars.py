"""Dates in every ISO form, and JSON as text or as itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as some

from gateway.engine.schema.scalars import iso, json_text, moment

FORMS = {
    "2016": "2016-01-01T00:00:00.000Z",
    "2016-05": "2016-05-01T00:00:00.000Z",
    "2016-05-07": "2016-05-07T00:00:00.000Z",
    "2015-11-22T13:57": "2015-11-22T13:57:00.000Z",
    "2015-11-22T13:57:31": "2015-11-22T13:57:31.000Z",
    "2015-11-22 13:57:31": "2015-11-22T13:57:31.000Z",
    "2015-11-22T13:57:31.1Z": "2015-11-22T13:57:31.100Z",
    "2015-11-22T13:57:31.123456789Z": "2015-11-22T13:57:31.123Z",
    "2015-11-22T13:57:31.123+02:00": "2015-11-22T11:57:31.123Z",
    "2015-11-22T13:57:31-0530": "2015-11-22T19:27:31.000Z",
    "1969-12-31T23:59:59.999Z": "1969-12-31T23:59:59.999Z",
    "0001-01-01": "0001-01-01T00:00:00.000Z",
}


@pytest.mark.parametrize(("written", "meant"), FORMS.items())
def test_every_iso_form_is_a_moment_of_utc(written: str, meant: str) -> None:
    assert iso(moment(written)) == meant


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2016-02-30", "2016-13-01", "2015-11-22T25:00", "10000-01-01", "2016-1-1",
             "0001-01-01T00:00+05:00", "٢٠١٦"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment(text)


@given(some.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - the zone is added below
def test_what_is_written_is_read_back(at: datetime) -> None:
    cut = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    assert moment(iso(cut)) == cut


def test_json_is_an_object_or_a_list_given_as_text_or_as_itself() -> None:
    assert json_text('{"a": 1.50,  "b": 12345678901234567890123}') == '{"a": 1.50,  "b": 12345678901234567890123}'
    assert json_text({"a": [1, "é"]}) == '{"a":[1,"é"]}'
    assert json_text(" [] ") == "[]"


@pytest.mark.parametrize(
    "given_value",
    ["", " ", "1", '"x"', "{", "null", 1, True, '{"a": "\\u0000"}', {"a": "\0"}, '{"\\ud800": 1}', {"a": "\ud800"},
     {"a": float("inf")}, '{"a": NaN}', "[" * 200 + "]" * 200],
)  # fmt: skip
def test_other_json_is_refused(given_value: object) -> None:
    with pytest.raises(GraphQLError):
        json_text(given_value)
