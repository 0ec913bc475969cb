"""Who may read which events, and what one reader wants of them (`GET /events`).

An owner reads all events of his organisation, an operator those of all, and an admin of a project those that name it:
the rules of the history and of webhooks (MA B14, P 3.12). Whoever loses a right while he reads sees nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from common.errors import BAD_USER_INPUT, FORBIDDEN, UNAUTHENTICATED, Refused, bad_input, not_found, shortened
from contracts import patterns
from contracts.access import Principal
from contracts.catalogue import EVENTS

PARAMETERS: Final = frozenset({"after", "follow", "organisation", "project", "subject", "ticket", "type"})
PATTERNS_MAX: Final = 20
PATTERN: Final = re.compile(r"[A-Za-z0-9_.*-]{1,200}")
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
CURSOR: Final = re.compile(r"[0-9]{1,18}")
BATCH_BYTES_MAX: Final = 256 * 1024
FILTERS_MAX: Final = 8
"""More subjects are not asked for one by one."""


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as readers are told of it. `body` is what lies in the log, byte for byte: what is sealed stays so."""

    position: int
    organisation: str
    type: str
    subject: str
    project: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for. `after` None: only what comes from now on."""

    organisation: str | None = None
    project: str | None = None
    types: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    after: int | None = None
    follow: bool = True
    """Go on with what happens from now on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader sees. `organisations` None: all of them."""

    organisations: frozenset[str] | None
    project: str | None
    types: tuple[str, ...]
    subjects: tuple[str, ...]

    def takes(self, fact: Fact) -> bool:
        """Whether a fact is for this reader."""
        if self.organisations is not None and fact.organisation not in self.organisations:
            return False
        if self.project is not None and fact.project != self.project:
            return False
        if self.types and not patterns.matches(self.types, fact.type):
            return False
        return not self.subjects or patterns.matches(self.subjects, fact.subject)

    def filters(self) -> tuple[str, ...]:
        """Subjects of the log that hold all that is taken, and as little else as can be said with a few."""
        homes = ["*"] if self.organisations is None else sorted(self.organisations)
        if len(homes) > FILTERS_MAX:
            homes = ["*"]
        rest = _roots(self.subjects) or _roots([_home(each) for each in self.types])
        if not rest or len(homes) * len(rest) > FILTERS_MAX:
            rest = (">",)
        return tuple(f"evt.{home}.{each}" for home in homes for each in rest)


def bounded(facts: Sequence[Fact]) -> Sequence[Fact]:
    """As many of the first facts as one reader may hold, at least one."""
    size = 0
    for number, each in enumerate(facts):
        size += len(each.body)
        if size > BATCH_BYTES_MAX and number:
            return facts[:number]
    return facts


# --- asking -----------------------------------------------------------------------------------------------------------


def wanted(query: Mapping[str, Sequence[str]], last_event_id: str | None) -> Wanted:
    """The question that a query string and the header Last-Event-ID make; the header wins, browsers send it again.

    Raises Refused BAD_USER_INPUT that names what is wrong.
    """
    for name, values in query.items():
        if name not in PARAMETERS:
            hint = f"There are {', '.join(sorted(PARAMETERS))}."
            raise bad_input(f"There is no parameter {shortened(name)!r}.", hint, reason="UNKNOWN_PARAMETER")
        if len(values) > 1 and name not in {"type", "subject"}:
            raise bad_input(f"`{name}` is given {len(values)} times.", "Give it once.", field=name)
    given = {name: values[0] for name, values in query.items()}
    if "organisation" in given and "project" in given:
        raise bad_input("Name an organisation, or a project.", "A project lies in one organisation.", field="project")
    follow = given.get("follow", "true")
    if follow not in {"true", "false"}:
        raise bad_input(f"`follow` is true or false, not {shortened(follow)!r}.", field="follow")
    return Wanted(
        organisation=_id(given.get("organisation"), "Organisation"),
        project=_id(given.get("project"), "Project"),
        types=types(query.get("type", ())),
        subjects=subjects(query.get("subject", ())),
        after=_after(given, last_event_id, follow=follow == "true"),
        follow=follow == "true",
    )


def types(given: Sequence[str]) -> tuple[str, ...]:
    """Patterns of event types: exact, with `*`, or a beginning that ends with a dot. Refuses what no event is."""
    found = _patterns(given, "type")
    for text in found:
        if not any(patterns.matches([text], known) for known in EVENTS):
            raise bad_input(
                f"No event has the type {shortened(text)!r}.",
                "GET /asyncapi.json lists all; '*' stands for any characters.",
                reason="UNKNOWN_TYPE",
                field="type",
            )
    return found


def subjects(given: Sequence[str]) -> tuple[str, ...]:
    """Patterns of subjects, `<context>.<aggregate>.<id>`."""
    return _patterns(given, "subject")


def cursor(text: str, field: str) -> int:
    """A position of the log. Raises Refused INVALID_CURSOR."""
    if not CURSOR.fullmatch(text):
        raise bad_input(
            f"{shortened(text)!r} is no cursor.",
            "A cursor is the whole number that came with an event; 0 is the beginning.",
            reason="INVALID_CURSOR",
            field=field,
        )
    return int(text)


def within(after: int, last: int) -> int:
    """The cursor, which the log must have reached. Raises Refused NO_POSITION."""
    if after > last:
        raise Refused(
            BAD_USER_INPUT,
            f"The log has no position {after}.",
            f"It ends at {last}: was it restored from a backup, or is the cursor of another installation?",
            reason="NO_POSITION",
            field="after",
            details={"last": last},
        )
    return after


def _after(given: Mapping[str, str], last_event_id: str | None, *, follow: bool) -> int | None:
    if last_event_id:
        return cursor(last_event_id, "Last-Event-ID")
    if "after" in given:
        return cursor(given["after"], "after")
    return None if follow else 0


def _id(text: str | None, what: str) -> str | None:
    if text is not None and not ID.fullmatch(text):
        raise not_found(what, text)
    return text


def _patterns(given: Sequence[str], field: str) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(each + "*" if each.endswith(".") else each for each in given))
    if len(kept) > PATTERNS_MAX:
        raise bad_input(f"`{field}` is given {len(kept)} times.", f"{PATTERNS_MAX} at most.", field=field)
    for text in kept:
        if not PATTERN.fullmatch(text):
            hint = "Use letters, digits, _, -, dots, and '*' for any characters."
            raise bad_input(f"{shortened(text)!r} is no {field}.", hint, reason="INVALID_PATTERN", field=field)
    return kept


def _roots(given: Sequence[str]) -> tuple[str, ...]:
    """What every subject that a pattern means begins with, as NATS writes it; none when some may begin anyhow."""
    found = {_root(pattern) for pattern in given}
    if None in found:
        return ()
    kept = sorted(each for each in found if each is not None)
    return tuple(each for each in kept if not any(each != other and _covers(other, each) for other in kept))


def _root(pattern: str) -> str | None:
    whole, star, _ = pattern.partition("*")
    tokens = whole.split(".")
    if star:
        tokens[-1] = ">"  # it goes on, so its last token is only begun
    return ".".join(tokens) if len(tokens) > 1 and all(tokens) else None


def _home(pattern: str) -> str:
    """The pattern of subjects that hold all facts of a pattern of types: context and aggregate stand in both."""
    tokens = pattern.removeprefix("mortise.").split(".")
    return ".".join([*tokens[:2], "*"]) if len(tokens) > 2 else pattern.removeprefix("mortise.")  # noqa: PLR2004 - a fact follows


def _covers(filter_: str, other: str) -> bool:
    return filter_.endswith(">") and other.startswith(filter_[:-1])


# --- who sees what ----------------------------------------------------------------------------------------------------


def signed_in(principal: Principal | None) -> Principal:
    """The reader, if he is somebody."""
    if principal is None or principal.kind != "user":
        raise Refused(
            UNAUTHENTICATED, "Events are for those who are signed in.", "Send a session or personal access token."
        )
    return principal


def scope(principal: Principal, asked: Wanted, home: str | None) -> Scope:
    """What the caller sees of what he wants; `home` is the organisation of the project that he names.

    Raises Refused: NOT_FOUND for what he may not know of, FORBIDDEN for what he knows but may not read.
    """
    signed_in(principal)
    project = asked.project
    if project is not None:
        _need_project(principal, project, home)
        assert home is not None, "who administers a project, or owns its organisation, has one"
        return Scope(frozenset({home}), project, asked.types, asked.subjects)
    if principal.operator:
        organisations = None if asked.organisation is None else frozenset({asked.organisation})
    else:
        organisations = _owned(principal, asked.organisation)
    return Scope(organisations, None, asked.types, asked.subjects)


def _need_project(principal: Principal, project: str, home: str | None) -> None:
    held = principal.grants.get(f"project:{project}")
    owner = home is not None and (principal.operator or principal.organisations.get(home) == "owner")
    if home is None or not (owner or held):
        raise not_found("Project", project)
    if not owner and held != "admin":
        raise Refused(FORBIDDEN, "Only admins of the project read its events.", field="project")


def _owned(principal: Principal, organisation: str | None) -> frozenset[str]:
    owned = frozenset(each for each, role in principal.organisations.items() if role == "owner")
    if organisation is None:
        if not owned:
            raise Refused(
                FORBIDDEN,
                "You own no organisation.",
                "Name a project that you administer: ?project=ID.",
                field="project",
            )
        return owned
    if organisation not in principal.organisations:
        raise not_found("Organisation", organisation)
    if organisation not in owned:
        raise Refused(FORBIDDEN, "Only owners of the organisation read its events.", field="organisation")
    return frozenset({organisation})
