"""Looking at lines of the log: what is asked for, what fits, in which words, and where a reader is (cursors)."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from common.errors import bad_input
from contracts.loglines import CALL_LINE, DEPLOYMENT_LINE, Place, Sheet, Sort

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 500
WORDS_MAX: Final = 8
SEARCH_CHARACTERS_MAX: Final = 200
CLASSES: Final = (
    "ok",
    "partial",
    "client_error",
    "limited",
    "upstream_error",
    "introspection",
    "health",
    "deployment",
)
"""What a line can be: a class of calls, or about a deployment."""
LATE_MS: Final = 60_000
"""Clocks of gateways and of who writes lines may differ by so much."""
_CURSOR_PREFIX: Final = "line:"
_CURSOR_NUMBER_MAX: Final = 10**15


class Spot(NamedTuple):
    """A line's place in LOGS: the position of its message, and its number in it from 0."""

    position: int = 0
    number: int = 0

    @property
    def cursor(self) -> str:
        """As it is given out."""
        return base64.urlsafe_b64encode(f"{_CURSOR_PREFIX}{self.position}:{self.number}".encode()).decode()


def spot(cursor: str, field: str) -> Spot:
    """The place that a cursor stands for. Refuses anything that `Spot.cursor` did not make."""
    try:
        decoded = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    position, _, number = decoded.removeprefix(_CURSOR_PREFIX).partition(":")
    if position.isascii() and position.isdecimal() and number.isascii() and number.isdecimal():
        found = Spot(int(position[:18]), int(number[:18]))
        if max(found) <= _CURSOR_NUMBER_MAX and found.cursor == cursor:
            return found
    raise bad_input(f"unknown cursor {cursor[:60]!r}", "Pass on a cursor as it was returned.", field=field)


@dataclass(frozen=True, slots=True)
class Named:
    """What ids in lines are called: `keys` by their prefix, the others by name."""

    keys: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    spot: Spot
    sort: Sort
    place: Place
    columns: Mapping[str, Any]

    @property
    def class_(self) -> str:
        """One of `CLASSES`."""
        return "deployment" if self.sort == "deployments" else str(self.columns["class"])


def lines(position: int, sort: Sort, sheet: Sheet) -> list[Line]:
    """The lines of a message, oldest first. Columns that it does not have are null."""
    names = CALL_LINE if sort == "calls" else DEPLOYMENT_LINE
    nothing = dict.fromkeys(names)
    return [
        Line(Spot(position, number), sort, sheet.place, nothing | dict(zip(names, row, strict=False)))
        for number, row in enumerate(sheet.lines)
    ]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What lines are asked for; None and nothing ask for all."""

    classes: frozenset[str] = frozenset()
    kind: str | None = None
    """Of environment."""
    service: str | None = None
    operation: str | None = None
    key: str | None = None
    """Id of the credential, or what its prefix begins with."""
    client: str | None = None
    hash: str | None = None
    code: str | None = None
    least_us: int = 0
    """Calls that took at least so long; lines about deployments have no duration and do not fit."""
    from_ms: int | None = None
    until_ms: int | None = None
    """Exclusive."""
    words: tuple[str, ...] = ()
    """Folded; all of them are somewhere in the line's text."""

    @property
    def sorts(self) -> frozenset[Sort]:
        """Only lines of these can fit."""
        if not self.classes:
            return frozenset({"calls", "deployments"})
        found: set[Sort] = {"deployments"} if "deployment" in self.classes else set()
        return frozenset(found | ({"calls"} if self.classes - {"deployment"} else set()))

    def takes(self, place: Place) -> bool:
        """Whether lines of this environment can fit."""
        return self.kind in (None, place.kind) and self.service in (None, place.service)

    def fits(self, line: Line, named: Named) -> bool:
        """Whether the line is one of those."""
        said, at = line.columns, line.columns["at"]
        return (
            (not self.classes or line.class_ in self.classes)
            and self.takes(line.place)
            and (self.from_ms is None or at >= self.from_ms)
            and (self.until_ms is None or at < self.until_ms)
            and all(
                asked is None or said.get(name) == asked
                for name, asked in (
                    ("operation", self.operation),
                    ("client", self.client),
                    ("hash", self.hash),
                    ("code", self.code),
                )
            )
            and (not self.least_us or (said.get("duration_us") or -1) >= self.least_us)
            and (self.key is None or self._opened(said.get("credential"), named))
            and (not self.words or self._says(line, named))
        )

    def _opened(self, credential: str | None, named: Named) -> bool:
        assert self.key is not None, "a key was asked for"
        return credential is not None and (
            credential == self.key or named.keys.get(credential, "").startswith(self.key)
        )

    def _says(self, line: Line, named: Named) -> bool:
        folded = fold(text(line, named))
        return all(word in folded for word in self.words)


def words(search: str) -> tuple[str, ...]:
    """The words of a search, as they are compared. Refuses more than can be looked for at once."""
    if len(search) > SEARCH_CHARACTERS_MAX:
        text_ = f"The search is {len(search)} characters long, at most {SEARCH_CHARACTERS_MAX} are allowed."
        raise bad_input(text_, "Look for a few words.", reason="TOO_LONG", field="filter.search")
    found = tuple(dict.fromkeys(fold(search).split()))
    if len(found) > WORDS_MAX:
        text_ = f"The search has {len(found)} words, at most {WORDS_MAX} are allowed."
        raise bad_input(text_, "Look for a few words.", reason="TOO_LONG", field="filter.search")
    return found


def fold(text: str) -> str:
    """Text as it is compared: without case and without accents."""
    if text.isascii():
        return text.lower()
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return unicodedata.normalize("NFKD", plain.casefold())


def text(line: Line, named: Named) -> str:
    """All that a line says in words: what a search looks at, and what a person may read."""
    return " ".join(str(each) for each in _said(line, named) if each is not None)


def _said(line: Line, named: Named) -> Iterator[str | None]:
    said, place = line.columns, line.place
    yield from (place.kind, named.services.get(place.service), line.class_)
    if line.sort == "deployments":
        yield from (said["what"], said["code"], said["text"], said["version"], said["id"])
        return
    yield from (said["operation"], said["code"])
    yield named.keys.get(said["credential"] or "")
    yield named.clients.get(said["client"] or "")
    yield from (said["version"], said["hash"], said["id"])
