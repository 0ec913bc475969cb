"""What lies on stream LOGS, and how long: calls and deployments of every environment as lines to look at (DESIGN 2.8).

Subjects are `logs.<organisation>.<owner>.<environment>.<sort>`; the owner is the project, or the service of a private
or demo environment, so that a project's lines are one filter. Every message holds lines of one environment and says
which message of its subject came before it and how far its source had been read. It ends by its own TTL. Lines are a
derivation of CALLS and EVT: they can be written again and are not backed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from contracts import quotas
from contracts.quotas import Quota

STREAM: Final = "LOGS"
Sort = Literal["calls", "deployments"]

CALL_LINE: Final = (
    "id",
    "client",
    "credential",
    "class",
    "at",
    "duration_us",
    "bytes_in",
    "bytes_out",
    "operation",
    "hash",
    "version",
    "code",
    "times",
)
"""Columns of a line of sort `calls`: those of `contracts.calls.CALL` without the place. The last may be missing.

`times` is that of `contracts.calls.TIMES`: so many calls were refused alike.
"""
DEPLOYMENT_LINE: Final = ("id", "at", "what", "version", "deployment", "code", "text")
"""Columns of a line of sort `deployments`. `what` is planned, ran, failed or removed; `at` is in milliseconds."""

DAYS_KEPT: Final = 30
"""For environments whose lines no quota lets end sooner: prod (C 1.4)."""
DAYS_MAX: Final = 400
"""Calls are kept no longer, so their lines could not be written again."""
DAY_SECONDS: Final = 24 * 3600


def retention(kind: str, table: Mapping[str, Quota] = quotas.DEFAULTS) -> int:
    """Seconds that a line of an environment of this kind is kept."""
    days = quotas.of_kind(table, kind).log_days
    return min(DAYS_KEPT if days is None else days, DAYS_MAX) * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines belong; an environment never moves."""

    environment: str
    kind: str
    instance: str | None
    service: str
    project: str | None
    organisation: str

    @property
    def columns(self) -> tuple[str | None, ...]:
        """As they stand in a message, and in a row of `contracts.calls.CALL` behind the id."""
        return (self.environment, self.kind, self.instance, self.service, self.project, self.organisation)

    def subject(self, sort: Sort) -> str:
        """Where its lines of a sort are."""
        return f"logs.{self.organisation}.{self.project or self.service}.{self.environment}.{sort}"


def subjects(organisation: str, owner: str, *, environment: str = "*", sort: Sort | Literal["*"] = "*") -> str:
    """The lines of a project or service; of all its environments and of both sorts, unless one is named."""
    return f"logs.{organisation}.{owner}.{environment}.{sort}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One message of LOGS."""

    before: int
    """Position in LOGS of the message of its subject before it; 0 for none."""
    through: int
    """Position in CALLS or EVT up to which the environment's lines are in this or an earlier message."""
    stored_ms: int
    """When it was written: no line is of a later time."""
    place: Place
    lines: list[list[Any]]


def written(sheet: Sheet, lines: bytes) -> bytes:
    """The message; `lines` is a JSON array and stands for the sheet's own."""
    place = orjson.dumps(sheet.place.columns)
    return b'{"before":%d,"through":%d,"stored_ms":%d,"place":%b,"lines":%b}' % (
        sheet.before,
        sheet.through,
        sheet.stored_ms,
        place,
        lines,
    )


def read(body: bytes) -> Sheet:
    """A message. Raises ValueError when it is none."""
    try:
        said = orjson.loads(body)
        return Sheet(said["before"], said["through"], said["stored_ms"], Place(*said["place"]), said["lines"])
    except (KeyError, TypeError, ValueError) as error:
        text = f"no sheet of lines: {body[:200]!r}"
        raise ValueError(text) from error
