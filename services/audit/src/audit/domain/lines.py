"""Calls as gateways tell them, and facts about environments, made into lines of the log of each environment.

A batch is cut from its bytes: reading every call as JSON and writing it again would cost a microsecond of each.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import orjson

from contracts import provisioner as made
from contracts.loglines import Place, Sort

BYTES_MAX: Final = 512 * 1024
"""A message of LOGS is closed when it is larger than this."""
ID_CHARACTERS: Final = 36
_NEXT: Final = b'],["'
"""Between two rows; within a string only where it ends."""
ORGANISATION: Final = 7
"""Columns of a call up to its place's end; what follows is its line."""
Environment = made.MigrationPlanned | made.EnvironmentReady | made.DeploymentFailed | made.EnvironmentRemoved


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one environment as JSON, joined by commas."""

    place: Place
    text: bytes


def of_batch(body: bytes) -> list[Lines]:
    """The calls of a sealed batch (`contracts.calls.Batch`) by environment. Raises ValueError for what is no batch."""
    found = _cut(body)
    return _sorted_out(body) if found is None else found


def watermark_ms(body: bytes) -> int:
    """No call of the batch is of a later time. Raises ValueError."""
    at = body.rindex(b'"watermark_ms":') + 15
    return int(body[at : body.index(b",", at)])


def _sorted_out(body: bytes) -> list[Lines]:
    try:
        rows: dict[Place, list[bytes]] = defaultdict(list)
        for row in orjson.loads(body)["calls"]:
            place = Place(*row[1:ORGANISATION])
            rows[place].append(orjson.dumps([row[0], *row[ORGANISATION:]]))
    except (KeyError, TypeError) as error:
        text = f"no batch of calls: {body[:200]!r}"
        raise ValueError(text) from error
    return [Lines(place, b",".join(texts)) for place, texts in rows.items()]


def _cut(body: bytes) -> list[Lines] | None:
    """The same from the bytes that gateways write; None when they are not as expected.

    Within a string of JSON every quote has a backslash before it, so `],["` followed by what all ids of a batch begin
    with is the beginning of a row and nothing else; and the columns of a place are found nowhere but where they stand.
    What else looks like the beginning of a row makes it a case for a reader of JSON.
    """
    start, end = body.find(b'"calls":[["') + 9, body.rfind(b']],"watermark_ms":')
    if start < 9 or end < start:  # noqa: PLR2004 - the length of what was looked for
        return None
    text = body[start : end + 1]
    rows = 1 + text.count(_NEXT)
    # Most batches are of one environment, and then nothing has to be sorted.
    if _environment(text, 0) == _environment(text, max(0, text.rfind(_NEXT))):
        one = _stripped(text, rows)
        if one is not None:
            return [one]
    stem = text[: text.rfind(b"-", 0, text.find(b'"', 2)) + 1]
    cut = b"]," + stem
    separate = text[len(stem) : -1].split(cut)
    if len(separate) != rows or not stem or b"\\" in stem:
        return None
    pieces: dict[bytes, list[bytes]] = defaultdict(list)
    for piece in separate:
        at = piece.find(b'","') + 3
        pieces[piece[at : at + ID_CHARACTERS]].append(piece)
    found = [_stripped(stem + cut.join(same) + b"]", len(same)) for same in pieces.values()]
    return None if None in found else [one for one in found if one is not None]


def _environment(text: bytes, row: int) -> bytes:
    at = text.find(b'","', row + len(_NEXT)) + 3
    return text[at : at + ID_CHARACTERS]


def _stripped(text: bytes, rows: int) -> Lines | None:
    """Rows without the columns of their place; None when they are not all of one."""
    first = text[: text.find(_NEXT) + 1] if rows > 1 else text
    try:
        place = Place(*orjson.loads(first)[1:ORGANISATION])
    except (TypeError, ValueError):
        # Cut within a string, or no call at all.
        return None
    columns = orjson.dumps(place.columns)[1:-1] + b","
    lines = text.replace(columns, b"")
    if len(place.environment) != ID_CHARACTERS or len(lines) != len(text) - rows * len(columns):
        return None
    return Lines(place, lines)


def of_fact(event_id: str, at_ms: int, organisation: str, event: Environment) -> Lines:
    """What a fact about an environment says in the log."""
    place = Place(event.environment, event.kind, event.instance, event.service, event.project, organisation)
    columns: tuple[str | None, ...]
    match event:
        case made.MigrationPlanned():
            before = event.from_version or "nothing"
            destructive = ", destructive" if event.destructive else ""
            columns = ("planned", event.version, event.deployment, None)
            undo = ", takes a deployment back" if event.undoes else ""
            text = f"from {before} to {event.version}: {event.steps} steps{destructive}{undo}"
        case made.EnvironmentReady():
            columns = ("ran", event.version, event.deployment, None)
            text = f"{event.version} runs" + (", for the first time" if event.first else "")
        case made.DeploymentFailed():
            columns, text = ("failed", event.version, event.deployment, event.code), event.reason
        case made.EnvironmentRemoved():
            columns, text = ("removed", None, None, None), "the environment was taken down"
    return Lines(place, orjson.dumps([event_id, at_ms, *columns, text]))


@dataclass(slots=True)
class Draft:
    """The next message of one subject: lines with the position of the message in CALLS or EVT that they came from."""

    place: Place
    sort: Sort
    newest_ms: int = 0
    """No line is of a later time."""
    parts: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0

    @property
    def subject(self) -> str:
        """Where it will be."""
        return self.place.subject(self.sort)

    @property
    def full(self) -> bool:
        """Whether nothing should be added any more."""
        return self.size > BYTES_MAX

    def add(self, position: int, text: bytes, newest_ms: int) -> None:
        """More lines; positions never go back."""
        self.parts.append((position, text))
        self.size += len(text)
        self.newest_ms = max(self.newest_ms, newest_ms)

    def behind(self, through: int) -> tuple[int, bytes] | None:
        """What is not yet stored when all up to a position is: how far that goes, and a JSON array of lines."""
        texts = [text for position, text in self.parts if position > through]
        return (self.parts[-1][0], b"[" + b",".join(texts) + b"]") if texts else None
