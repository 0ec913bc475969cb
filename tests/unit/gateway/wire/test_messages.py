"""What is sent to a database and understood of its answers, byte by byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.execute.wire import messages
from gateway.execute.wire.messages import Problem
from gateway.execute.wire.prepared import STATEMENTS_MAX, Known

VALUES = some.lists(some.none() | some.binary(max_size=20), max_size=5)


def test_a_statement_is_prepared_under_its_name_without_types() -> None:
    assert messages.parse(b"m1", "select 'ä'") == b"P\0\0\0\x15m1\0select '\xc3\xa4'\0\0\0"


def test_a_prepared_statement_is_bound_and_run_and_ends_its_own_transaction() -> None:
    target = messages.target(b"m1", 2)
    bind = b"B\0\0\0\x18\0m1\0\0\0\0\x02\0\0\0\x02ab\xff\xff\xff\xff\0\0"
    assert messages.asked(target, [b"ab", None]) == bind + b"E\0\0\0\x09\0\0\0\0\0" + b"S\0\0\0\x04"


@given(VALUES)
def test_the_length_of_every_message_is_what_it_says(values: list[bytes | None]) -> None:
    sent = messages.parse(b"m12", "select 1") + messages.close(b"m3")
    sent += messages.asked(messages.target(b"m12", len(values)), values)
    kinds, at = b"", 0
    while at < len(sent):
        kinds += sent[at : at + 1]
        at += 1 + struct.unpack_from("!i", sent, at + 1)[0]
    assert (kinds, at) == (b"PCBES", len(sent))


def test_a_row_is_the_text_of_its_first_column_or_null() -> None:
    assert messages.column(b"\0\x01\0\0\0\x03\xe2\x82\xac") == "€"
    assert messages.column(b"\0\x01\0\0\0\0") == ""
    assert messages.column(b"\0\x01\xff\xff\xff\xff") is None


def test_an_error_is_its_state_its_words_and_the_constraint_it_names() -> None:
    body = b"SERROR\0VERROR\0C23505\0Mduplicate key\0DKey (a)=(1) already exists.\0nt1_c2_key\0Fnbtinsert.c\0\0"
    assert messages.problem(body) == Problem("23505", "duplicate key", "Key (a)=(1) already exists.", "t1_c2_key")


@pytest.mark.parametrize(("severity", "fatal"), [(b"FATAL", True), (b"PANIC", True), (b"ERROR", False)])
def test_an_error_says_in_any_language_whether_the_connection_ends(severity: bytes, *, fatal: bool) -> None:
    assert messages.problem(b"SFEHLER\0V" + severity + b"\0C57P01\0Mende\0\0").fatal is fatal


def test_the_least_used_statements_are_given_up_when_there_are_too_many() -> None:
    known = Known()
    first = known.add("select 0", 0)
    second = known.add("select 1", 0)
    for number in range(2, STATEMENTS_MAX):
        known.add(f"select {number}", 0)
    assert known.surplus() == []
    assert known.use("select 0") is first
    known.add("one more", 0)

    assert known.surplus() == [second]
    assert known.use("select 1") is None
    assert known.use("select 0") is first


def test_long_statements_are_given_up_by_their_bytes_and_very_long_ones_are_not_kept() -> None:
    known = Known()
    made = [known.add(f"select '{number:060000}'", 0) for number in range(20)]
    assert known.surplus() == made[:3]
    assert known.bytes == sum(len(one.sql) for one in made[3:])

    assert known.add("select '" + "x" * 70_000 + "'", 0).name == b""
    assert len(known.statements) == 17


def test_a_forgotten_statement_gets_another_name_when_it_comes_again() -> None:
    known = Known()
    one = known.add("select 1", 0)
    known.forget(one)
    other = known.add("select 1", 0)
    known.forget(one)

    assert known.use("select 1") is other
    assert other.name != one.name
    assert known.bytes == len("select 1")
