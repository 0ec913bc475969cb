"""Statements are values, and only names, parameters and constants get into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.sql import EMPTY, ident, join, literal, sql, value


def test_parameters_are_numbered_in_the_order_they_stand() -> None:
    statement = sql(
        "select {cols} from {table} where {key} = {id} limit {n}",
        cols=join(", ", [ident("id"), EMPTY, ident("c1")]),
        table=ident("app", "t1"),
        key=ident("id"),
        id=value("x"),
        n=value(51),
    )

    assert statement.text == 'select "id", "c1" from "app"."t1" where "id" = $1 limit $2'
    assert statement.values == ("x", 51)


def test_a_piece_used_twice_brings_its_values_twice() -> None:
    match = sql("{c} = {v}", c=ident("c1"), v=value(7))

    statement = join(" or ", [match, match])

    assert statement.text == '"c1" = $1 or "c1" = $2'
    assert statement.values == (7, 7)


def test_doubled_braces_are_braces() -> None:
    assert sql("select '{{}}'::json").text == "select '{}'::json"


def test_an_open_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        sql("select {cols}")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        ident(name)


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15))
def test_a_name_cannot_leave_its_quotes(name: str) -> None:
    text = ident(name).text

    assert text[0] == text[-1] == '"'
    assert text[1:-1].replace('""', "") == name.replace('"', "")


@pytest.mark.parametrize(
    ("constant", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-3, "-3"),
        (0.1, "0.1"),
        ("it's", "'it''s'"),
        ("a\\'b", "E'a\\\\''b'"),
        (["A", "B"], "array['A', 'B']"),
        ([], "array[]"),
    ],
)
def test_constants_are_quoted(constant: str | float | list[str] | None, text: str) -> None:
    assert literal(constant).text == text


@pytest.mark.parametrize("constant", ["a\0b", float("nan"), float("inf")])
def test_constants_that_cannot_be_written_are_refused(constant: str | float) -> None:
    with pytest.raises(ValueError, match=r"NUL|number"):
        literal(constant)
