"""Who may be calling and what runs where, folded from the log (DESIGN 2.10, 4.7).

`changes` says what a fact means for the directory: rows that are put or dropped. The projection applies them to a
table, every worker to its memory: one fold, so a snapshot and a tail can never disagree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from common.events import Event
from contracts import names, previews
from contracts import provisioner as made
from contracts import registry as heard
from contracts.access import Principal

EVENTS: Final[tuple[type[Event], ...]] = (
    heard.OrganisationRegistered,
    heard.MemberAdded,
    heard.MemberRoleChanged,
    heard.MemberRemoved,
    heard.UserRegistered,
    heard.UserDisabled,
    heard.PasswordChanged,
    heard.SessionStarted,
    heard.SessionEnded,
    heard.TokenCreated,
    heard.TokenRevoked,
    heard.TokenDeleted,
    heard.ProjectCreated,
    heard.ProjectDeleted,
    heard.ProjectRoleGranted,
    heard.ProjectRoleWithdrawn,
    heard.ClientRemoved,
    heard.ServiceRemoved,
    heard.InstanceRemoved,
    previews.PreviewDeleted,
    heard.AccessChanged,
    heard.CapsChanged,
    heard.KeyIssued,
    heard.KeyRotated,
    heard.KeyRevoked,
    made.EnvironmentReady,
    made.EnvironmentRemoved,
)
BY_TYPE: Final = {event.TYPE: event for event in EVENTS}
CONTEXTS: Final = frozenset(event.TYPE.removeprefix("mortise.").rsplit(".", 2)[0] for event in EVENTS)
IGNORED: Final = frozenset(
    event.TYPE
    for module in (heard, previews, made)
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, Event) and event is not Event and event.TYPE not in BY_TYPE
)
"""Facts about the same aggregates that say nothing about who may call."""


@dataclass(frozen=True)
class Put:
    """Members of a row; those not named keep their value."""

    kind: str
    id: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Drop:
    """A row that is gone."""

    kind: str
    id: str


@dataclass(frozen=True)
class DropAll:
    """All rows of a kind whose member has this value."""

    kind: str
    member: str
    value: str


Change = Put | Drop | DropAll


def changes(position: int, organisation: str, event: Event) -> tuple[Change, ...]:
    """What a fact at a position of the log changes in the directory."""
    match event:
        case (
            heard.SessionStarted()
            | heard.SessionEnded()
            | heard.TokenCreated()
            | heard.TokenRevoked()
            | heard.TokenDeleted()
            | heard.UserRegistered()
            | heard.UserDisabled()
            | heard.PasswordChanged()
        ):
            return _people(position, event)
        case (
            heard.KeyIssued()
            | heard.KeyRotated()
            | heard.KeyRevoked()
            | heard.ClientRemoved()
            | heard.ServiceRemoved()
            | heard.InstanceRemoved()
        ):
            return _keys(event)
        case heard.AccessChanged():
            return (Put("access", event.environment, {"mode": event.mode}),)
        case heard.CapsChanged():
            row = {"granted": event.granted.model_dump(), "caps": event.caps.model_dump()}
            return (Put("caps", event.environment, row),)
        case made.EnvironmentReady():
            return (Put("route", event.environment, _route_row(event, organisation)),)
        case previews.PreviewDeleted():
            # Closed before it is taken down.
            return (Drop("route", event.environment),)
        case made.EnvironmentRemoved():
            gone = ("route", "access", "caps")
            return tuple(Drop(kind, event.environment) for kind in gone)
        case _:
            return _places(event)


def _people(position: int, event: Event) -> tuple[Change, ...]:
    match event:
        case heard.UserRegistered():
            return (Put("user", event.user, {"operator": event.operator}),)
        case heard.UserDisabled():
            return (Put("user", event.user, {"disabled": True}),)
        case heard.PasswordChanged():
            return (Put("user", event.user, {"sessions_after": position}),)
        case heard.SessionStarted():
            row = {"user": event.user, "hash": event.token_hash, "expires_at": event.expires_at, "at": position}
            return (Put("session", event.session, row),)
        case heard.SessionEnded():
            return (Drop("session", event.session),)
        case heard.TokenCreated():
            return (
                Put(
                    "token", event.token, {"user": event.user, "hash": event.token_hash, "expires_at": event.expires_at}
                ),
            )
        case heard.TokenRevoked() | heard.TokenDeleted():
            return (Drop("token", event.token),)
        case _:
            return ()


def _keys(event: Event) -> tuple[Change, ...]:
    match event:
        case heard.KeyIssued():
            row = {"kind": event.kind, "target": event.target, "client": event.client, "hash": event.key_hash}
            return (Put("key", event.key, {**row, "expires_at": event.expires_at}),)
        case heard.KeyRotated():
            return (Put("key", event.key, {"hash": event.key_hash}),)
        case heard.KeyRevoked():
            return (Drop("key", event.key),)
        case heard.ClientRemoved():
            return (DropAll("key", "client", event.client),)
        case heard.ServiceRemoved():
            # It had no instances, so these are its private and demo environments: closed before they are taken down.
            return (DropAll("key", "target", event.service), DropAll("route", "service", event.service))
        case heard.InstanceRemoved():
            return (DropAll("route", "instance", event.instance),)
        case _:
            return ()


def _places(event: Event) -> tuple[Change, ...]:
    match event:
        case heard.OrganisationRegistered():
            return (_member(event.organisation, event.founder, "owner"),)
        case heard.MemberAdded() | heard.MemberRoleChanged():
            return (_member(event.organisation, event.user, event.role),)
        case heard.MemberRemoved():
            return (Drop("member", f"{event.organisation}:{event.user}"),)
        case heard.ProjectCreated():
            return (_grant(event.project, event.creator, "admin"),)
        case heard.ProjectDeleted():
            return (DropAll("grant", "project", event.project), DropAll("key", "target", event.project))
        case heard.ProjectRoleGranted():
            return (_grant(event.project, event.user, event.role),)
        case heard.ProjectRoleWithdrawn():
            return (Drop("grant", f"{event.project}:{event.user}"),)
        case _:
            return ()


def _member(organisation: str, user: str, role: str) -> Put:
    return Put("member", f"{organisation}:{user}", {"organisation": organisation, "user": user, "role": role})


def _grant(project: str, user: str, role: str) -> Put:
    return Put("grant", f"{project}:{user}", {"project": project, "user": user, "role": role})


def _route_row(event: made.EnvironmentReady, organisation: str) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "service": event.service,
        "instance": event.instance,
        "project": event.project,
        "organisation": organisation,
        "version": event.version,
        "model_sha": event.model_sha,
        "database": event.database,
    }


@dataclass(frozen=True)
class Route:
    """A live environment: what serves its calls, and for whom they count."""

    environment: str
    kind: str
    service: str
    instance: str | None
    project: str | None
    organisation: str
    version: str
    model_sha: str
    database: str


@dataclass(frozen=True)
class Key:
    """An environment key that opens something (C 1.5)."""

    id: str
    kind: str
    target: str
    client: str | None


Holder = Key | Principal


@dataclass
class Directory:
    """The directory in memory; `position` is the log position it has seen."""

    position: int = 0
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    routes: dict[str, Route] = field(default_factory=dict)
    """By endpoint."""
    by_hash: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Keyed hash of a secret to (kind, id) of session, token or key."""
    members: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """User to organisation to role."""
    grants: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """User to path element to role."""

    def apply(self, change: Change) -> None:
        """Put a change into rows and indexes. Doing it twice changes nothing."""
        match change:
            case Put(kind, id, row):
                before = self.rows[kind].get(id)
                if before is not None:
                    self._unlink(kind, id, before)
                after = {**(before or {}), **row}
                self.rows[kind][id] = after
                self._link(kind, id, after)
            case Drop(kind, id):
                row_before = self.rows[kind].pop(id, None)
                if row_before is not None:
                    self._unlink(kind, id, row_before)
            case DropAll(kind, member, value):
                for id_ in [id_ for id_, row in self.rows[kind].items() if row.get(member) == value]:
                    self.apply(Drop(kind, id_))

    def _link(self, kind: str, id_: str, row: dict[str, Any]) -> None:
        match kind:
            case "session" | "token" | "key":
                # A row whose issue was never seen (a key of a removed project that is rotated) opens nothing.
                if "hash" in row:
                    self.by_hash[row["hash"]] = (kind, id_)
            case "member":
                self.members[row["user"]][row["organisation"]] = row["role"]
            case "grant":
                self.grants[row["user"]][f"project:{row['project']}"] = row["role"]
            case "route":
                self.routes[names.endpoint(id_)] = Route(environment=id_, **row)
            case _:
                pass

    def _unlink(self, kind: str, id_: str, row: dict[str, Any]) -> None:
        match kind:
            case "session" | "token" | "key":
                self.by_hash.pop(row.get("hash", ""), None)
            case "member":
                self.members[row["user"]].pop(row["organisation"], None)
            case "grant":
                self.grants[row["user"]].pop(f"project:{row['project']}", None)
            case "route":
                self.routes.pop(names.endpoint(id_), None)
            case _:
                pass

    def mode(self, route: Route) -> str:
        """How the environment is opened: demo to the organisation, others by key, unless changed (DESIGN 4.8)."""
        row = self.rows["access"].get(route.environment)
        if row is not None:
            return str(row["mode"])
        return "organisation" if route.kind == "demo" else "key"

    def holder(self, secret_hash: str, now: datetime) -> Holder | None:
        """Whose secret it is; None when unknown, expired, revoked, or of a disabled user."""
        found = self.by_hash.get(secret_hash)
        if found is None:
            return None
        kind, id_ = found
        row = self.rows[kind][id_]
        if row.get("expires_at") is not None and datetime.fromisoformat(row["expires_at"]) <= now:
            return None
        if kind == "key":
            return Key(id_, row["kind"], row["target"], row["client"]) if "kind" in row else None
        return self._principal(kind, id_, row)

    def expires(self, secret_hash: str) -> datetime | None:
        """When a known secret ends by itself; None when it does not."""
        kind, id_ = self.by_hash[secret_hash]
        at = self.rows[kind][id_].get("expires_at")
        return None if at is None else datetime.fromisoformat(at)

    def _principal(self, kind: str, id_: str, row: dict[str, Any]) -> Principal | None:
        user = self.rows["user"].get(row["user"])
        if user is None or user.get("disabled") or (kind == "session" and row["at"] <= user.get("sessions_after", 0)):
            return None
        return Principal(
            kind="user",
            id=row["user"],
            via="session" if kind == "session" else "token",
            credential=id_,
            credential_expires_at=row.get("expires_at"),
            operator=bool(user.get("operator")),
            organisations=dict(self.members.get(row["user"], {})),
            grants=dict(self.grants.get(row["user"], {})),
        )
