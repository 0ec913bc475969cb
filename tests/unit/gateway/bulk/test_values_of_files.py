"""Values of a file are judged as the API would judge them, and written as the database reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model import Field, Scalar
from gateway.domain.bulk import values
from gateway.domain.bulk.values import Unfit

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def field(scalar: Scalar, *, many: bool = False) -> Field:
    return Field(id="c1", name="f", column="c1", scalar=scalar, is_list=many)


@pytest.mark.parametrize(
    ("scalar", "value", "text"),
    [
        (Scalar.STRING, 'a "b" \\', 'a "b" \\'),
        (Scalar.INT, -(2**31), "-2147483648"),
        (Scalar.INT, 4.0, "4"),
        (Scalar.FLOAT, 3, "3.0"),
        (Scalar.FLOAT, 1e-07, "1e-07"),
        (Scalar.BOOLEAN, False, "false"),
        (Scalar.DATETIME, "2016-02-29T14:00+02:00", "2016-02-29T12:00:00.000Z"),
        (Scalar.ENUM, "A", "A"),
    ],
)
def test_a_value_that_fits_becomes_a_text(scalar: Scalar, value: Any, text: str) -> None:
    assert values.stored(field(scalar), value, json.dumps(value), ("A", "B")) == text


@pytest.mark.parametrize(
    ("scalar", "value", "why"),
    [
        (Scalar.STRING, 4, "needs String"),
        (Scalar.STRING, "\0", "NUL"),
        (Scalar.STRING, "\ud800", "surrogate"),
        (Scalar.STRING, "x" * 262_145, "longer than 262144"),
        (Scalar.INT, True, "needs Int"),
        (Scalar.INT, 2**31, "beyond 32 bits"),
        (Scalar.INT, 1.5, "needs Int"),
        (Scalar.INT, "4", "needs Int"),
        (Scalar.FLOAT, "4", "needs Float"),
        (Scalar.FLOAT, 10**400, "no finite number"),
        (Scalar.BOOLEAN, 1, "needs Boolean"),
        (Scalar.DATETIME, "2015-02-29", "day"),
        (Scalar.DATETIME, 2015, "needs DateTime"),
        (Scalar.ENUM, "C", "not one of A, B"),
        (Scalar.ENUM, 1, "needs an enum value"),
        (Scalar.JSON, 4, "needs a JSON object or list"),
        (Scalar.JSON, "four", "needs a JSON object or list"),
        (Scalar.JSON, {"a": "\0"}, "NUL"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(scalar: Scalar, value: Any, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        values.stored(field(scalar), value, json.dumps(value), ("A", "B"))


def test_json_is_kept_as_it_was_written() -> None:
    text = '{"n": 1.10, "huge": 123456789012345678901234567890, "s":"\\u00e9"}'
    given_ = values.members('{"extra": ' + text + ', "list":[ {"a": 1.0} ,[ ]]}')

    assert values.stored(field(Scalar.JSON), *given_["extra"], ()) == text
    assert values.stored(field(Scalar.JSON, many=True), *given_["list"], ()) == '{"{\\"a\\": 1.0}","[ ]"}'


@given(st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 1, "\t"]))
def test_each_member_of_an_object_has_the_text_it_was_written_as(given_: dict[str, Any], indent: Any) -> None:
    found = values.members(json.dumps(given_, indent=indent, ensure_ascii=False))

    assert {name: value for name, (value, _) in found.items()} == given_
    assert {name: json.loads(raw) for name, (_, raw) in found.items()} == given_


@pytest.mark.parametrize(
    ("scalar", "cell", "text"),
    [
        (Scalar.STRING, "x", "x"),
        (Scalar.INT, "-7", "-7"),
        (Scalar.FLOAT, "1e21", "1e+21"),
        (Scalar.BOOLEAN, "TRUE", "true"),
        (Scalar.JSON, ' {"a":1.10} ', '{"a":1.10}'),
    ],
)
def test_a_cell_of_a_sheet_is_read_by_the_type_of_its_column(scalar: Scalar, cell: str, text: str) -> None:
    assert values.cell(field(scalar), cell, ()) == text


@pytest.mark.parametrize(
    ("scalar", "cell"),
    [(Scalar.INT, "1.5"), (Scalar.INT, "1_000"), (Scalar.FLOAT, "nan"), (Scalar.FLOAT, "x"), (Scalar.BOOLEAN, "yes")],
)
def test_a_cell_that_is_no_value_of_its_column_is_refused(scalar: Scalar, cell: str) -> None:
    with pytest.raises(Unfit):
        values.cell(field(scalar), cell, ())


@pytest.mark.parametrize("node", ["", "a b", "x" * 26, "ä", 7, None])
def test_what_can_be_no_id_is_refused(node: Any) -> None:
    with pytest.raises(Unfit, match="1 to 25 letters"):
        values.node_id(node)
