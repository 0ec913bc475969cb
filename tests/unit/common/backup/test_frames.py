"""The event log as a file: whatever was written comes back, and a torn file is not taken for a whole one."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.backup.frames import record, records
from common.stream import Message

BODIES = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=60)), max_size=6)


def log(bodies: list[tuple[str, bytes]]) -> list[Message]:
    return [Message(at, f"evt._.a.b.{at}", name, body) for at, (name, body) in enumerate(bodies, 1)]


def read(data: bytes) -> list[Message]:
    return list(records(io.BytesIO(data)))


@given(BODIES)
def test_every_message_comes_back_with_its_place_and_its_bytes(bodies: list[tuple[str, bytes]]) -> None:
    messages = log(bodies)

    assert read(b"".join(map(record, messages))) == messages


@given(BODIES.filter(bool), st.data())
def test_a_file_that_was_cut_never_reads_as_the_whole_log(bodies: list[tuple[str, bytes]], data: st.DataObject) -> None:
    messages = log(bodies)
    whole = b"".join(map(record, messages))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = read(cut)
    except ValueError:
        return
    assert found == messages[: len(found)]
    assert len(found) < len(messages)


def test_a_message_out_of_its_place_is_refused() -> None:
    first, second, third = map(record, log([("a", b"1"), ("b", b"2"), ("c", b"3")]))

    for wrong in (first + third, second, first + first):
        with pytest.raises(ValueError, match=r"where \d is due"):
            read(wrong)
