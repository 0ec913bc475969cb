"""Messages of PostgreSQL's protocol 3 as bytes: what a pipeline of prepared statements asks and is told. Pure.

Parameters travel as text, answers are one text column, so nothing is described and no type is known here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SYNC: Final = b"S\0\0\0\x04"
"""Ends an implicit transaction; the server answers with READY."""
TERMINATE: Final = b"X\0\0\0\x04"

_EXECUTE: Final = b"E\0\0\0\x09\0\0\0\0\0"
_AS_TEXT: Final = b"\0\0"
"""No format codes: every column as text."""
NULL: Final = b"\xff\xff\xff\xff"
"""The length of a value that is null."""
_BIND_END: Final = _AS_TEXT + _EXECUTE
_BIND_FIXED: Final = 4 + len(_AS_TEXT)
"""Bytes of a Bind message that count for its length, beside target and values."""

_int = struct.Struct("!i")
_length = _int.pack

# --- what the server says -----------------------------------------------------------------------------------------

BOUND: Final = ord("2")
PARSED: Final = ord("1")
CLOSED: Final = ord("3")
ROW: Final = ord("D")
COMPLETE: Final = ord("C")
READY: Final = ord("Z")
PROBLEM: Final = ord("E")
EMPTY: Final = ord("I")
ASIDE: Final = frozenset(b"NSA")
"""Notices, changed settings and notifications: said at any time, asked by nobody."""

ONE_ROW_BEGINS: Final = b"2\0\0\0\x04D"
ONE_ROW_ENDS: Final = b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I"
"""Around the row of nearly every answer, so that it can be recognised at a glance."""
HEAD: Final = 5
"""Bytes of a message's kind and length."""
SIZE_MIN: Final = 4
"""A length counts itself."""
ROW_LENGTH: Final = 6
ROW_VALUE: Final = 12
ROW_TEXT: Final = 16
"""Where in such an answer the row's length, its only column's length and its text stand."""
IDLE: Final = ord("I")
"""State in READY: no transaction is open."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that the server reported."""

    sqlstate: str
    message: str
    detail: str | None = None
    constraint: str | None = None
    fatal: bool = False
    """The server ends the connection."""


# --- what is asked ------------------------------------------------------------------------------------------------


def parse(name: bytes, sql: str) -> bytes:
    """Prepare a statement; the types of its parameters stand in its text."""
    body = b"%b\0%b\0\0\0" % (name, sql.encode())
    return b"P%b%b" % (_length(len(body) + 4), body)


def target(name: bytes, parameters: int) -> bytes:
    """The part of a Bind message that is the same for every use of a prepared statement."""
    return b"\0%b\0\0\0%b" % (name, struct.pack("!H", parameters))


def run(target: bytes, values: Iterable[bytes | None]) -> bytes:
    """Bind a prepared statement to values and execute it."""
    size = len(target) + _BIND_FIXED
    parts = [b"", target]
    for value in values:
        if value is None:
            size += 4
            parts.append(NULL)
        else:
            count = len(value)
            size += 4 + count
            parts += (_length(count), value)
    parts[0] = b"B" + _length(size)
    parts.append(_BIND_END)
    return b"".join(parts)


def asked(target: bytes, values: Iterable[bytes | None]) -> bytes:
    """A prepared statement as a transaction of its own."""
    return run(target, values) + SYNC


def close(name: bytes) -> bytes:
    """Forget a prepared statement."""
    return b"C%bS%b\0" % (_length(len(name) + 6), name)


# --- what is told -------------------------------------------------------------------------------------------------


def length(data: bytes, at: int) -> int:
    """The number at a place of four bytes."""
    number: int = _int.unpack_from(data, at)[0]
    return number


def column(body: bytes) -> str | None:
    """The first column of a row's body (after its length)."""
    size = length(body, 2)
    return None if size < 0 else body[6 : 6 + size].decode()


def problem(body: bytes) -> Problem:
    """The body of an ErrorResponse."""
    said = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return Problem(
        said.get(b"C", ""),
        said.get(b"M", ""),
        said.get(b"D"),
        said.get(b"n"),
        fatal=said.get(b"V", said.get(b"S", "")) in ("FATAL", "PANIC"),
    )
