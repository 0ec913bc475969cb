"""Text forms of parameters, and what cannot be one. (That PostgreSQL reads them back: tests/integration/gateway.)"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.execute.wire.values import encoded, listed

AT = datetime(2026, 11, 20, 13, 5, 9, 123000, UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", b""),
        ("a 'b' \\ \u20ac", b"a 'b' \\ \xe2\x82\xac"),
        (0, b"0"),
        (-(2**31), b"-2147483648"),
        (0.1, b"0.1"),
        (1e300, b"1e+300"),
        (-0.0, b"-0.0"),
        (True, b"t"),
        (False, b"f"),
        (AT, b"2026-11-20T13:05:09.123000+00:00"),
        (AT.astimezone(timezone(timedelta(hours=-3, minutes=-30))), b"2026-11-20T09:35:09.123000-03:30"),
        ([], b"{}"),
        (("a", None, 'q"u', "b\\s", "NULL", "{,}", ""), b'{"a",NULL,"q\\"u","b\\\\s","NULL","{,}",""}'),
        ([1, -2], b"{1,-2}"),
        ([0.5, 2], b"{0.5,2}"),
        ([True, False, None], b"{t,f,NULL}"),
        ([AT], b"{2026-11-20T13:05:09.123000+00:00}"),
    ],
)
def test_a_value_is_the_text_that_postgresql_reads(value: Any, text: bytes | None) -> None:
    assert encoded([value]) == [text]


@pytest.mark.parametrize("value", [object(), b"bytes", {"a": 1}, [[1]], AT.replace(tzinfo=None), "\ud800", ["\ud800"]])
def test_what_is_no_value_of_a_parameter_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"parameter|surrogates"):
        encoded([value])


def test_values_of_many_calls_become_one_list() -> None:
    assert listed(encoded(["a", None, 'q"u\\', "", 1, True, AT])) == (
        b'{"a",NULL,"q\\"u\\\\","","1","t","2026-11-20T13:05:09.123000+00:00"}'
    )
