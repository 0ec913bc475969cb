"""The write-ahead log of calls as bytes."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calls import CALL, Batch
from gateway.domain import journal
from gateway.domain.journal import Seal

PLACE = journal.place(("e1", "prod", "i1", "s1", None, "o1"), "0.0.1")


def row(number: int = 1, **more: Any) -> bytes:
    content: dict[str, Any] = {
        "client": b'"c1"',
        "credential": b"null",
        "outcome": "ok",
        "at_ms": 1_000,
        "duration_us": 250,
        "bytes_in": 40,
        "bytes_out": 120,
        "operation": journal.text('Fans"\\'),
        "digest": b'"0123456789abcdef"',
    }
    return journal.row(b"g1-1-%d" % number, PLACE, **{**content, **more})


def test_a_row_has_the_columns_that_billing_reads() -> None:
    assert dict(zip(CALL, json.loads(row()), strict=True)) == {
        "id": "g1-1-1",
        "environment": "e1",
        "kind": "prod",
        "instance": "i1",
        "service": "s1",
        "project": None,
        "organisation": "o1",
        "client": "c1",
        "credential": None,
        "class": "ok",
        "at": 1_000,
        "duration_us": 250,
        "bytes_in": 40,
        "bytes_out": 120,
        "operation": 'Fans"\\',
        "hash": "0123456789abcdef",
        "version": "0.0.1",
        "code": None,
    }


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_is_the_message_of_the_contract(count: int) -> None:
    rows = b",".join(row(number) for number in range(count))
    message = journal.batch('g"1', 2, 7, rows, watermark_ms=5_000, final=count == 0)

    batch = Batch.model_validate_json(message)
    assert (batch.gateway, batch.epoch, batch.number, batch.watermark_ms) == ('g"1', 2, 7, 5_000)
    assert batch.final == (count == 0)
    assert len(batch.calls) == count


def written(batches: list[int], left: int) -> tuple[bytes, list[Seal]]:
    """A segment with sealed batches of these sizes and some calls after the last seal."""
    seals: list[Seal] = []
    data, number = journal.head("g1", 1, 1, 1), 0
    for size in batches:
        start = len(data)
        for _ in range(size):
            number += 1
            data += journal.line(journal.CALL, row(number))
        seal = Seal(len(seals) + 1, 1, start, len(data), size, 1_000 + number, final=False, sha=f"{number:064x}")
        seals.append(seal)
        data += journal.seal_line(seal)
    for _ in range(left):
        number += 1
        data += journal.line(journal.CALL, row(number))
    return data, seals


@given(st.lists(st.integers(0, 4), max_size=5), st.integers(0, 4))
def test_what_was_written_is_read_back(batches: list[int], left: int) -> None:
    data, seals = written(batches, left)
    found = journal.recover([(1, data)])

    assert found.seals == seals
    assert (found.open_count, found.calls, found.end) == (left, sum(batches) + left, len(data))
    for seal in found.seals:
        rows = orjson.loads(b"[" + journal.calls_of(data[seal.start : seal.end], seal) + b"]")
        assert len(rows) == seal.count


@given(st.lists(st.integers(0, 3), max_size=3), st.integers(0, 3), st.data())
def test_a_crash_at_any_byte_loses_only_the_line_that_was_being_written(
    batches: list[int], left: int, chance: st.DataObject
) -> None:
    data, _ = written(batches, left)
    cut = chance.draw(st.integers(0, len(data)))
    whole_lines = data[:cut].rpartition(b"\n")[0]
    expected = len(whole_lines) + 1 if whole_lines else 0

    found = journal.recover([(1, data[:cut])])

    assert found.end == (expected if data[:cut].count(b"\n") else 0)
    assert found.calls == data[: found.end].count(b"\nC ")


@given(st.integers(0, 2), st.data())
def test_a_changed_byte_ends_what_is_believed(left: int, chance: st.DataObject) -> None:
    data, _ = written([2], left)
    at = chance.draw(st.integers(0, len(data) - 1))
    changed = bytearray(data)
    changed[at] ^= 0xFF

    found = journal.recover([(1, bytes(changed))])

    assert found.end <= at


def test_damage_in_an_earlier_segment_is_reported_and_the_later_one_is_read() -> None:
    first, _ = written([2], 0)
    second = journal.head("g1", 1, 2, 2) + journal.line(journal.CALL, row(9))

    found = journal.recover([(1, first[:-3]), (2, second)])

    assert found.damaged == [1]
    assert (found.segment, found.open_count) == (2, 1)


def test_an_epoch_is_closed_by_a_final_batch_and_nothing_after_it() -> None:
    data, _ = written([1], 0)
    assert not journal.recover([(1, data)]).closed
    final = Seal(2, 1, len(data), len(data), 0, 9_000, final=True, sha="0" * 64)
    assert journal.recover([(1, data + journal.seal_line(final))]).closed
