"""Filters of the log take the lines that anybody would pick by hand."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain import looking
from audit.domain.looking import CLASSES, Line, Named, Spot, Wanted
from common.errors import Refused
from contracts.loglines import CALL_LINE, Place, Sheet

NAMED = Named(keys={"k1": "mck_abc", "k2": "mpk_xyz"}, clients={"c1": "Grand Hôtel"}, services={"s1": "Café"})
some = st.sampled_from


def line(row: dict[str, Any], kind: str = "dev", service: str = "s1") -> Line:
    place = Place("e1", kind, None, service, "p1", "o1")
    return Line(Spot(1, 0), "calls", place, dict.fromkeys(CALL_LINE) | row)


LINES = st.builds(
    line,
    st.fixed_dictionaries(
        {
            "class": some(CLASSES[:-1]),
            "at": st.integers(0, 9),
            "duration_us": st.integers(0, 9),
            "operation": some([None, "all", "one"]),
            "credential": some([None, "k1", "k2", "k3"]),
            "client": some([None, "c1", "c2"]),
            "hash": some([None, "aa", "bb"]),
            "code": some([None, "TOO_LONG"]),
        }
    ),
    some(["dev", "prod"]),
    some(["s1", "s2"]),
)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "classes": st.frozensets(some(CLASSES), max_size=3),
        "kind": some(["dev", "prod"]),
        "service": some(["s1", "s2"]),
        "operation": some(["all", "none"]),
        "key": some(["k1", "mck_", "mpk_xyz", "m"]),
        "client": some(["c1", "c2"]),
        "hash": some(["aa"]),
        "code": some(["TOO_LONG"]),
        "least_us": st.integers(0, 9),
        "from_ms": st.integers(0, 9),
        "until_ms": st.integers(0, 9),
    },
)


def naive(asked: dict[str, Any], line: Line) -> bool:
    said = line.columns
    prefix = NAMED.keys.get(said["credential"], "")
    for name, value in asked.items():
        match name:
            case "classes":
                good = not value or said["class"] in value
            case "kind":
                good = line.place.kind == value
            case "service":
                good = line.place.service == value
            case "key":
                good = said["credential"] == value or prefix.startswith(value)
            case "least_us":
                good = said["duration_us"] >= value
            case "from_ms":
                good = said["at"] >= value
            case "until_ms":
                good = said["at"] < value
            case _:
                good = said[name] == value
        if not good:
            return False
    return True


@given(ASKED, LINES)
def test_a_line_fits_when_every_condition_alone_is_met(asked: dict[str, Any], line: Line) -> None:
    assert Wanted(**asked).fits(line, NAMED) == naive(asked, line)
    if Wanted(**asked).fits(line, NAMED):
        assert "calls" in Wanted(**asked).sorts


@given(st.text(max_size=20))
def test_text_is_the_same_word_in_capitals_and_with_and_without_accents(word: str) -> None:
    plain = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
    assert looking.fold(plain) == looking.fold(word)
    assert looking.fold(looking.fold(word)) == looking.fold(word)


@pytest.mark.parametrize("search", ["GRAND", "hotel café", "hôtel TOO_LONG", "mck_a", "prod g1-1-7", "straße"])
def test_words_are_found_anywhere_in_the_line(search: str) -> None:
    row = {"id": "g1-1-7", "class": "ok", "at": 1, "client": "c1", "credential": "k1", "code": "TOO_LONG"}
    here = line(row | {"operation": "STRASSE"}, kind="prod")
    assert Wanted(words=looking.words(search)).fits(here, NAMED)
    assert not Wanted(words=looking.words(f"{search} elsewhere")).fits(here, NAMED)


def test_lines_of_a_message_are_numbered_and_missing_columns_are_null() -> None:
    sheet = Sheet(0, 1, 1, Place("e1", "dev", None, "s1", "p1", "o1"), [["a", None], ["b", "c1"]])
    found = looking.lines(9, "calls", sheet)
    assert [(each.spot, each.columns["id"], each.columns["client"]) for each in found] == [
        (Spot(9, 0), "a", None),
        (Spot(9, 1), "b", "c1"),
    ]
    assert {each.columns["code"] for each in found} == {None}


@given(st.integers(0, 10**15), st.integers(0, 10**6))
def test_a_cursor_names_one_place(position: int, number: int) -> None:
    assert looking.spot(Spot(position, number).cursor, "after") == Spot(position, number)


@given(st.text(max_size=30))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(Refused, match="unknown cursor"):
        looking.spot(text, "after")


@pytest.mark.parametrize("search", ["x" * 201, " ".join("abcdefghi")])
def test_a_search_has_an_end(search: str) -> None:
    with pytest.raises(Refused, match="at most"):
        looking.words(search)
