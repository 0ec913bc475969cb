"""The notation of declaration files: what is understood, what is refused and where; nothing is lost on the way."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.declaration import nodes, notation, writing
from console.declaration.nodes import Mapped, Scalar
from console.declaration.scalars import At, UnreadableError


def meant(text: str) -> Any:
    """What a text says."""
    read = notation.read(text)
    assert read.twice == ()
    return None if read.root is None else nodes.plain(read.root)


def normal(value: Any) -> Any:
    """Texts in NFC, as the reader gives them; keys stay as they are."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, dict):
        return {key: normal(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", None),
        ("# nothing\n\n", None),
        ("a: b", {"a": "b"}),
        ("---\na: 1.50 # a price\n", {"a": "1.50"}),
        ("a:\nb: ~\nc: null\n", {"a": None, "b": None, "c": None}),
        ("a: true\nb: 'true'\nc: yes\nd: False", {"a": True, "b": "true", "c": "yes", "d": False}),
        ("a: http://h:80/#x y\n", {"a": "http://h:80/#x y"}),
        ("a:\n- 1\n-\n  b: 2\n  c: 3\n- - x\n  - y\n", {"a": ["1", {"b": "2", "c": "3"}, ["x", "y"]]}),
        ("a:\n  - b: 1\n    c:\n      d: 2\n  - e\n", {"a": [{"b": "1", "c": {"d": "2"}}, "e"]}),
        ("a: \"q\\n\\u00e9\\ud83d\\ude00\\x41\"\nb: 'it''s'\n", {"a": "q\né😀A", "b": "it's"}),
        ("\"a b\": 1\n'c:d': 2\n", {"a b": "1", "c:d": "2"}),
        ("a: |\n  one\n   two\n\n  three\n\nb: x\n", {"a": "one\n two\n\nthree\n", "b": "x"}),
        ("a: >-\n  one\n  two\n\n  three\n    four\n  five\n", {"a": "one two\nthree\n  four\nfive"}),
        ("a: |+\n  x\n\n", {"a": "x\n\n"}),
        ("a: [1, {b: c, 'd': [ ]}, \"e\",\n  # more\n  f]\n", {"a": ["1", {"b": "c", "d": []}, "e", "f"]}),
        ('{"a": {"b": [true, null, "x:y"]}, "c":1}', {"a": {"b": [True, None, "x:y"]}, "c": "1"}),
        ("a: {b, }".replace("b, ", "b: "), {"a": {"b": None}}),
        ("a: {b: c}   # d\ne: 'f'  # g\nh:   # i\n", {"a": {"b": "c"}, "e": "f", "h": None}),
        ("a: e\u0301\n", {"a": "\u00e9"}),
        ("\ufeffa: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    ],
)
def test_what_is_written_is_understood(text: str, said: Any) -> None:
    assert meant(text) == said


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("a: &x 1\nb: *x\n", (1, 4), "Anchors"),
        ("b: *x\n", (1, 4), "Aliases"),
        ("a: !!python/object x\n", (1, 4), "Tags"),
        ("a: 1\n---\nb: 2\n", (2, 1), "one document"),
        ("a: 1\n...\n", (2, 1), "one document"),
        ("? a\n: b\n", (1, 1), "Keys are words"),
        ("a:\n\tb: 1\n", (2, 1), "tab"),
        ("a: 1\n  b: 2\n", (2, 3), "indented further"),
        ("a:\n    b: 1\n  c: 2\n", (3, 3), "indented further"),
        ("a: 1\n- b\n", (2, 1), "not part of"),
        ("a: b: c\n", (1, 4), "colon"),
        ("a: - b\n", (1, 4), "list begins"),
        ("a: 'x\n", (1, 4), "quotation does not end"),
        ('a: "\\q"\n', (1, 5), "stands for nothing"),
        ('a: "\\ud800"\n', (1, 4), "half a character"),
        ("a: 'x' y\n", (1, 7), "has ended"),
        ("a: [1, 2\n", (1, 4), "never closed"),
        ("a: [1 2, {b}]\n", (1, 12), "has no value"),
        ("a: [b: 1]\n", (1, 6), "braces"),
        ("a: [1}]\n", (1, 6), "comma or `]`"),
        ("a: ]\n", (1, 4), "not opened"),
        ("a: |2\n  x\n", (1, 4), "begins no text"),
        ("a\nb: 1\n", (2, 1), "not part of"),
        ("a: 1\nb\n", (2, 1), "key: value"),
        ("a: \x00\n", (1, 4), "U+0000"),
        ("a:" + " [" * 30 + "\n", (1, 44), "deeper than 20"),
        ("".join(" " * n + "a:\n" for n in range(30)), (22, 22), "deeper than 20"),
        ("a: " + "x" * 1_100_000, (1, 1), "larger than"),
    ],
)
def test_what_is_not_of_the_notation_is_refused_where_it_stands(text: str, at: tuple[int, int], word: str) -> None:
    with pytest.raises(UnreadableError) as error:
        notation.read(text)

    assert (error.value.at, word in error.value.message) == (At(*at), True), error.value.message


def test_a_key_that_comes_twice_is_told_every_time() -> None:
    read = notation.read("a: 1\nb: {c: 1, c: 2}\na: 3\nb: 4\n")

    assert read.twice == ((At(2, 11), "c"), (At(3, 1), "a"), (At(4, 1), "b"))
    assert read.root is not None
    assert nodes.plain(read.root) == {"a": "1", "b": {"c": "1"}}


def test_every_word_has_its_place() -> None:
    root = notation.read("a:\n  - b: 1\n    c: [x, {d: y}]\n").root
    assert root is not None

    places = {path: nodes.place(root, path) for path in [("a",), ("a", 0, "c", 0), ("a", 0, "c", 1, "d"), ("a", 7)]}
    assert [(each.line, each.column) for each in places.values()] == [(1, 1), (3, 9), (3, 13), (1, 1)]
    assert isinstance(root, Mapped)
    assert root.entries[0][0] == Scalar("a", At(1, 1))


@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"\\ \n\t,?%@`~0é"), max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    at = At(1, 1)
    try:
        notation.read(text)
    except UnreadableError as error:
        at = error.at

    assert 1 <= at.line <= text.count("\n") + 1
    assert at.column >= 1


values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_json_is_understood(value: dict[str, Any]) -> None:
    assert meant(json.dumps(value, indent=1)) == normal(value)


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_every_text_that_is_written_out_is_read_again(text: str) -> None:
    written = writing.scalar(text)

    assert meant(f"a: {written}\nb: [{written}]\n") == normal({"a": text, "b": [text]})
