"""Every call is counted once, whatever happens to the messages that carry it (A01, A03)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.meters import MINUTE_MS, Meter, Place, counted, is_billed, merged, opened
from contracts.calls import CALL, Batch

CLASSES = ["ok", "partial", "client_error", "limited", "upstream_error", "introspection", "health"]


def call(number: int, **changes: Any) -> list[Any]:
    row: dict[str, Any] = {
        "id": f"g1-1-{number}",
        "environment": "e1",
        "kind": "prod",
        "instance": "i1",
        "service": "s1",
        "project": "p1",
        "organisation": "o1",
        "client": None,
        "credential": None,
        "class": "ok",
        "at": 1_795_000_000_000,
        "duration_us": 10,
        "bytes_in": 2,
        "bytes_out": 3,
        "operation": None,
        "hash": None,
        "version": "0.0.1",
        "code": None,
    } | changes
    return [row[name] for name in CALL]


def batch(number: int, rows: Sequence[list[Any]]) -> Batch:
    return Batch(gateway="g1", epoch=1, number=number, calls=list(rows), watermark_ms=0)


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["e1", "e2"]),
        st.sampled_from([None, "c1"]),
        st.integers(0, 5 * MINUTE_MS),
        st.sampled_from(CLASSES),
        st.integers(0, 1000),
    ),
    max_size=40,
)


@given(CALLS, st.data())
def test_duplicated_and_reordered_batches_count_every_call_once(calls: list[Any], data: st.DataObject) -> None:
    rows = [
        call(n, environment=env, client=client, at=at, duration_us=took, **{"class": class_})
        for n, (env, client, at, class_, took) in enumerate(calls)
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    edges = [0, *cuts, len(rows)]
    batches = [batch(n, rows[a:b]) for n, (a, b) in enumerate(pairwise(edges), start=1)]
    delivered = data.draw(st.permutations(batches + data.draw(st.lists(st.sampled_from(batches), max_size=6))))
    seen: set[int] = set()
    sums = []
    for one in delivered:
        if one.number not in seen:  # what the batch key does in the database
            seen.add(one.number)
            sums.append(counted(one.calls).sums)

    whole = merged(sums)

    assert whole == counted(rows).sums
    assert sum(count for count, *_ in whole.values()) == len(rows)
    assert sum(took for *_, took in whole.values()) == sum(took for *_, took in calls)


def test_a_call_on_the_boundary_belongs_to_the_new_minute() -> None:
    sums = counted([call(1, at=MINUTE_MS - 1), call(2, at=MINUTE_MS)]).sums

    assert [meter.minute_ms for meter in sums] == [0, MINUTE_MS]


def test_a_batch_says_where_its_environments_belong() -> None:
    sums, places, _ = counted(
        [call(1), call(2, client="c1"), call(3, environment="e2", kind="private", instance=None, project=None)]
    )

    minute = 1_795_000_000_000 // MINUTE_MS * MINUTE_MS
    assert sums[Meter("e1", "", minute, "ok")] == [1, 2, 3, 10]
    assert sums[Meter("e1", "c1", minute, "ok")] == [1, 2, 3, 10]
    assert places["e2"] == Place("private", "", "s1", "", "o1")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ([1, 2], r"18 columns.*\[1, 2\]"),
        ([*call(9, **{"class": "limited"}), "more"], "g1-1-9.*cannot stand for .more."),
        ("seventeen letters", "18 columns.*seventeen letters"),
        (None, "18 columns.*None"),
        (call(9, **{"class": "free"}), "g1-1-9.*class 'free'"),
        (call(9, **{"class": ["ok"]}), "g1-1-9.*class"),
        (call(9, environment=None), "g1-1-9.*environment"),
        (call(9, client=7), "g1-1-9.*client"),
        (call(9, hash=7), "g1-1-9.*document"),
        (call(9, hash=["a"]), "g1-1-9.*document"),
        (call(9, credential=7, hash="a"), "g1-1-9.*credential"),
        (call(9, at=None), "g1-1-9.*None for at"),
        (call(9, at=1.5), "g1-1-9.*1.5 for at"),
        (call(9, bytes_in="x"), "g1-1-9.*'x' for bytes_in"),
        (call(9, bytes_out=0.5), "g1-1-9.*0.5 for bytes_out"),
        (call(9, duration_us=1e3), "g1-1-9.*1000.0 for duration_us"),
    ],
)
def test_what_is_no_call_stops_the_line_and_is_named(row: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        counted([call(1), row, call(2)])


def test_a_row_of_calls_refused_alike_counts_as_often_as_it_says() -> None:
    minute = 1_795_000_000_000 // MINUTE_MS * MINUTE_MS
    many = [[*call(n, **{"class": "limited"}), times] for n, times in ((3, 400), (4, 5))]

    sums, _, uses = counted([call(1), call(2, **{"class": "limited"}), *many])

    assert sums[Meter("e1", "", minute, "ok")] == [1, 2, 3, 10]
    assert sums[Meter("e1", "", minute, "limited")] == [406, 6, 9, 30]
    assert not is_billed("prod", "limited")
    assert uses == counted([call(1)]).uses


@pytest.mark.parametrize("times", [0, -1, 1.5, None, "2"])
def test_a_row_that_says_no_number_of_calls_stops_the_line(times: Any) -> None:
    with pytest.raises(ValueError, match="cannot stand for"):
        counted([[*call(1, **{"class": "limited"}), times]])


def test_a_batch_is_opened_as_it_was_sealed() -> None:
    sealed = batch(3, [call(1), call(2, client="c1")])

    assert opened(sealed.model_dump_json().encode()) == sealed


@pytest.mark.parametrize(
    "change",
    [
        {"gateway": 1},
        {"gateway": None},
        {"epoch": "1"},
        {"number": 1.0},
        {"calls": None},
        {"calls": {}},
        {"watermark_ms": "0"},
        {"watermark_ms": True},
        {"final": 1},
    ],
)
def test_what_is_no_batch_stops_the_line_with_the_name_of_the_member(change: dict[str, Any]) -> None:
    body = orjson.dumps(batch(1, [call(1)]).model_dump() | change)

    with pytest.raises(ValueError, match=next(iter(change))):
        opened(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"calls"'])
def test_a_message_that_is_no_object_stops_the_line(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a batch|line 1 column"):
        opened(body)


@pytest.mark.parametrize("kind", ["private", "demo", "dev", "stage"])
def test_only_prod_is_ever_billed(kind: str) -> None:
    assert not is_billed(kind, "ok")
    assert is_billed("prod", "ok")


@pytest.mark.parametrize("class_", CLASSES)
def test_only_answered_calls_are_billed(class_: str) -> None:
    assert is_billed("prod", class_) == (class_ in {"ok", "partial"})
