"""The write-ahead log of calls as bytes: lines, segments, and what a crash leaves of them (DESIGN 6, MA 5).

A segment is a text file: `H` says whose it is, `C` is one call (a row of `contracts.calls.CALL`), `S` seals all calls
since the seal before it as one numbered batch. Each line is `<kind> <crc32 of kind and payload> <payload>`. Batches are
cut from the file's own bytes, so a batch that is built again after a crash is the same batch to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

import orjson

from contracts.calls import CallClass

HEAD: Final = b"H"
CALL: Final = b"C"
SEAL: Final = b"S"
_PAYLOAD_AT: Final = 11
"""Kind, blank, eight hex digits, blank."""


def line(kind: bytes, payload: bytes) -> bytes:
    """One line of a segment."""
    return b"%b %08x %b\n" % (kind, crc32(payload, crc32(kind)), payload)


def lines(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
    """(end offset, kind, payload) of every whole line; stops before the first torn or damaged one."""
    while (end := data.find(b"\n", start)) != -1:
        payload = data[start + _PAYLOAD_AT : end]
        kind = data[start : start + 1]
        if data[start + 1 : start + _PAYLOAD_AT] != b" %08x " % crc32(payload, crc32(kind)):
            return
        yield end + 1, kind, payload
        start = end + 1


# --- rows ---------------------------------------------------------------------------------------------------------


def text(value: str | None) -> bytes:
    """A string as JSON."""
    return b"null" if value is None else orjson.dumps(value)


@dataclass(frozen=True, slots=True)
class Place:
    """The columns of a row that an environment's calls share, written once: environment to organisation, version."""

    middle: bytes
    version: bytes


def place(columns: Sequence[str | None], version: str | None) -> Place:
    """`columns` are environment, kind, instance, service, project and organisation."""
    return Place(b",".join(map(text, columns)), text(version))


def row(  # noqa: PLR0913 - the columns of contracts.calls.CALL
    call_id: bytes,
    at: Place,
    *,
    client: bytes,
    credential: bytes,
    outcome: CallClass,
    at_ms: int,
    duration_us: int,
    bytes_in: int,
    bytes_out: int,
    operation: bytes,
    digest: bytes,
    code: bytes = b"null",
) -> bytes:
    """One call as JSON. Arguments of type bytes are JSON already."""
    return b'["%b",%b,%b,%b,"%b",%d,%d,%d,%d,%b,%b,%b,%b]' % (
        call_id,
        at.middle,
        client,
        credential,
        outcome.encode(),
        at_ms,
        duration_us,
        bytes_in,
        bytes_out,
        operation,
        digest,
        at.version,
        code,
    )


def repeated(row: bytes, times: int) -> bytes:
    """A row that stands for so many calls alike (`contracts.calls.TIMES`)."""
    return b"%b,%d]" % (row[:-1], times)


# --- segments and batches -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seal:
    """Batch `number` is the calls of segment `segment` between two offsets, and may be sent from now on."""

    number: int
    segment: int
    start: int
    end: int
    count: int
    watermark_ms: int
    final: bool
    sha: str
    """SHA-256 (hex) of the batch's bytes."""


def head(gateway: str, epoch: int, segment: int, number: int) -> bytes:
    """The first line of a segment; `number` is that of its first batch."""
    content = {"gateway": gateway, "epoch": epoch, "segment": segment, "number": number}
    return line(HEAD, orjson.dumps(content))


def batch(gateway: str, epoch: int, number: int, calls: bytes, *, watermark_ms: int, final: bool) -> bytes:
    """The message of a batch (`contracts.calls.Batch`); `calls` are rows joined by commas."""
    return b'{"gateway":%b,"epoch":%d,"number":%d,"calls":[%b],"watermark_ms":%d,"final":%b}' % (
        orjson.dumps(gateway),
        epoch,
        number,
        calls,
        watermark_ms,
        b"true" if final else b"false",
    )


def calls_of(data: bytes, seal: Seal) -> bytes:
    """The rows of a sealed batch, joined by commas, from its segment's bytes between the seal's offsets."""
    return b",".join(payload for _, kind, payload in lines(data) if kind == CALL) if seal.count else b""


def seal_line(seal: Seal) -> bytes:
    """The line that seals a batch."""
    content = {"number": seal.number, "count": seal.count, "watermark_ms": seal.watermark_ms, "final": seal.final}
    return line(SEAL, orjson.dumps({**content, "sha": seal.sha}))


def digest(message: bytes) -> str:
    """The hash that a seal keeps of its batch."""
    return hashlib.sha256(message).hexdigest()


@dataclass
class Recovered:
    """What the segments of one epoch say after a stop, expected or not."""

    seals: list[Seal] = field(default_factory=list)
    segment: int = 0
    """The last segment; 0 when there is none."""
    end: int = 0
    """Where whole lines end in it: what follows is torn and is cut off."""
    open_start: int = 0
    """Where calls begin in it that no seal covers."""
    open_count: int = 0
    calls: int = 0
    """Calls in all retained segments."""
    damaged: list[int] = field(default_factory=list)
    """Segments before the last one that cannot be read to their end: their disk lost what was written."""

    @property
    def closed(self) -> bool:
        """Whether the epoch was ended properly."""
        return bool(self.seals) and self.seals[-1].final and not self.open_count


def recover(segments: Sequence[tuple[int, bytes]]) -> Recovered:
    """Read the segments of one epoch in order. Only the last one can be torn, for a segment ends with a seal."""
    found = Recovered()
    for index, (number, data) in enumerate(segments):
        found.segment, found.end, found.open_start, found.open_count = number, 0, 0, 0
        for end, kind, payload in lines(data):
            if kind == CALL:
                found.open_count += 1
                found.calls += 1
            elif kind == SEAL:
                found.seals.append(_seal(orjson.loads(payload), number, found.open_start, found.end))
            if kind != CALL:
                found.open_start, found.open_count = end, 0
            found.end = end
        if found.end < len(data) and index < len(segments) - 1:
            found.damaged.append(number)
    return found


def _seal(content: dict[str, Any], segment: int, start: int, end: int) -> Seal:
    return Seal(segment=segment, start=start, end=end, **content)
