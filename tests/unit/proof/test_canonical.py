"""One value, one text."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof import canonical, merkle
from proof.canonical import NotCanonical

HERE = Path(__file__).parent
VECTORS = json.loads((HERE / "vectors.json").read_text())

TEXT = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda t: t.isascii())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_survives_the_journey_and_its_text_is_a_fixed_point(value: Any) -> None:
    text = canonical.encode(value)

    assert canonical.require(text) == value
    assert canonical.encode(json.loads(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_same_double(value: float) -> None:
    text = canonical.encode(value).decode()

    assert float(text) == value
    assert "E" not in text
    assert not text.endswith(".")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (0.0000012, "0.0000012"),
        (333333333.3333332, "333333333.3333332"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
        (0.5, "0.5"),
        (100.25, "100.25"),
    ],
)
def test_numbers_are_written_as_the_standard_says(value: float, text: str) -> None:
    assert canonical.encode(value).decode() == text


def test_members_are_sorted_by_utf_16_units_not_by_code_points() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    value.pop("\ufb33")  # not in normal form C

    assert list(json.loads(canonical.encode(value)).values()) == [2, 4, 6, 7, 1, 5]
    assert canonical.encode({"\U0001f600": 1, "\uff5e": 2}).startswith('{"\U0001f600"'.encode())


def test_only_what_must_be_escaped_is_escaped() -> None:
    assert canonical.encode('\u20ac$\x0f\nA\'B"\\\\"/\x7f') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, math.nan]}, "$.a[1]"),
        ([math.inf], "$[0]"),
        ([-math.inf], "$[0]"),
        (2**53, "$"),
        ({"n": -(2**53)}, "$.n"),
        ({1: "x"}, "$"),
        ({None: "x"}, "$"),
        ({"t": "\ud800"}, "$.t"),
        ({"\udfff": 1}, "$"),
        ("e\u0301", "$"),
        ({"e\u0301": 1}, "$"),
        ({"x": b"bytes"}, "$.x"),
        ({"x": {1, 2}}, "$.x"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical.encode(value)

    assert refused.value.path == path


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "9007199254740993",
        "1" * 5000,
        '"e\u0301"',
        '"\\ud800"',
        "{",
        "",
        "[" * 100_000,
        "\ufeff{}",
    ],
)
def test_a_text_without_a_canonical_form_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical.decode(text)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical.decode(b'"\xff"')


def test_a_value_nested_too_deeply_is_refused_and_does_not_overflow() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(NotCanonical):
        canonical.encode(value)


@pytest.mark.parametrize("text", ['{"b":1,"a":2}', '{"a": 1}', "1.0", '"\\u0041"', "[1,2]\n", "1e2"])
def test_a_text_that_is_not_in_canonical_form_is_no_proof_of_anything(text: str) -> None:
    canonical.decode(text)
    with pytest.raises(NotCanonical):
        canonical.require(text)


def test_the_published_leaf_and_invoice_are_canonical_byte_for_byte() -> None:
    invoice = (HERE / "invoice.json").read_bytes().removesuffix(b"\n")

    assert canonical.encode(json.loads(VECTORS["leaf"])) == VECTORS["leaf"].encode()
    assert canonical.encode(json.loads(invoice)) == invoice
    assert merkle.leaf_hash(VECTORS["leaf"].encode()).hex() == VECTORS["leaf_hash"]
    assert len(invoice) == 1260
    assert hashlib.sha256(invoice).hexdigest() == VECTORS["invoice_sha256"]
