"""A file cut into the pieces that an import sends: whole lines of NDJSON, whole records of CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from console.failures import Failure, usage

BYTES_MAX: Final = 512 * 1024
LINES_MAX: Final = 1_000
"""A piece ends at either, after a whole line or record; what belongs together makes it longer."""
MARK: Final = "mortise"


@dataclass(frozen=True)
class Piece:
    """Some lines, and where in the file the next one begins."""

    data: bytes
    lines: int
    end: int


def header(file: IO[bytes]) -> bytes:
    """The first line of a CSV file, with its end."""
    file.seek(0)
    line = file.readline()
    return line if line.endswith(b"\n") else line + b"\n"


def records(file: IO[bytes], names: bytes, start: int) -> Iterator[Piece]:
    """The records of a CSV file from a byte on, each piece with the names before it. Quotes may hold line breaks.

    A file without records is one piece all the same: its names are looked at.
    """
    file.seek(start or len(names))
    got: list[bytes] = []
    size, quotes = 0, 0
    for line in file:
        got.append(line)
        size += len(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0 and (size >= BYTES_MAX or len(got) >= LINES_MAX):
            yield Piece(names + b"".join(got), len(got), file.tell())
            got, size, quotes = [], 0, 0
    if got or not start:
        yield Piece(names + b"".join(got), len(got), file.tell())


def lines(file: IO[bytes], start: int) -> Iterator[Piece]:
    """The lines of an NDJSON file from a byte on. Nodes that cannot be without each other stay together."""
    circles = _circles(file)
    file.seek(start)
    got: list[bytes] = []
    size, before = 0, -1
    for line in file:
        circle = _circle(line, circles) if circles else -1
        together = circle >= 0 and circle == before
        if got and not together and (size >= BYTES_MAX or len(got) >= LINES_MAX):
            yield Piece(b"".join(got), len(got), file.tell() - len(line))
            got, size = [], 0
        got.append(line)
        size += len(line)
        before = circle
    if got:
        yield Piece(b"".join(got), len(got), file.tell())


def complete(path: Path) -> None:
    """Refuse an export that broke off: it begins as one and has no last line. Raises Failure."""
    try:
        with path.open("rb") as file:
            first = _value(file.readline())
            file.seek(max(0, path.stat().st_size - 4096))
            last = _value(file.read().rstrip(b"\n").rpartition(b"\n")[2])
    except OSError as error:
        raise usage(f"{path} cannot be read: {error.strerror}.") from None
    if first.get(MARK) == "data" and last.get(MARK) != "end":
        raise Failure(
            f"{path} is an export that is not complete: it has no last line.",
            "Export again.",
            code="INCOMPLETE",
        )


def _circles(file: IO[bytes]) -> dict[str, int]:
    """Type to the number of the group of types whose nodes need each other."""
    file.seek(0)
    groups = _value(file.readline()).get("together")
    if not isinstance(groups, list):
        return {}
    return {name: number for number, group in enumerate(groups) for name in group}


def _circle(line: bytes, circles: dict[str, int]) -> int:
    return circles.get(str(_value(line).get("_typeName")), -1)


def _value(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
