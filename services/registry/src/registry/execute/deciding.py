"""Load an aggregate, let the domain decide, append what it says: every command of the registry goes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from faststream.nats import NatsBroker

from common.blobs import Blobs
from common.claims import Claim
from common.commands import execute
from common.db import Database
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.events import Change, Event
from common.log import Cause, History, Log, Recorded, Subject
from common.outbound import Network, networks
from common.projection import Runner
from common.sealing import Sealer
from common.service import Runtime
from contracts import previews
from contracts import registry as said
from registry.domain import (
    access,
    caps,
    clients,
    instances,
    keys,
    organisations,
    projects,
    services,
    sessions,
    tokens,
    users,
)
from registry.store.projection import REGISTRY

CATCH_UP_SECONDS: Final = 2.0

State = TypeVar("State")
Fact = TypeVar("Fact", bound=Event)


@dataclass(frozen=True)
class World:
    """What commands need of the world."""

    log: Log
    blobs: Blobs
    sealer: Sealer
    database: Database
    runner: Runner
    broker: NatsBroker
    secret_key: bytes
    outbound_open: tuple[Network, ...] = ()
    """Private networks that addresses of others may lie in."""


def world(runtime: Runtime) -> World:
    """The world of a running service."""
    return World(
        log=runtime.log,
        blobs=runtime.blobs,
        sealer=runtime.sealer,
        database=runtime.database,
        runner=runtime.runners[REGISTRY.name],
        broker=runtime.broker,
        secret_key=runtime.settings.secret_key,
        outbound_open=networks(runtime.settings.outbound_allow),
    )


@dataclass(frozen=True)
class Aggregate(Generic[State]):
    """An aggregate's name in subjects, the types of its facts, and how they make its state."""

    name: str
    types: Mapping[str, type[Event]]
    fold: Callable[[Iterable[Any]], State | None]

    def subject(self, org: str, id: str) -> Subject:
        """Where its facts lie."""
        return Subject(org, "registry", self.name, id)

    def events(self, history: History) -> list[Event]:
        """The facts of a history."""
        return [self.types[each.envelope.type].model_validate(each.envelope.data) for each in history.events]


def _named(*types: type[Event]) -> dict[str, type[Event]]:
    return {each.TYPE: each for each in types}


ORGANISATION: Final[Aggregate[organisations.Organisation]] = Aggregate(
    "organisation",
    _named(said.OrganisationRegistered, said.MemberAdded, said.MemberRoleChanged, said.MemberRemoved),
    organisations.fold,
)
USER: Final[Aggregate[users.User]] = Aggregate(
    "user",
    _named(said.UserRegistered, said.UserDisabled, said.PasswordChanged),
    users.fold,
)
SESSION: Final[Aggregate[sessions.Session]] = Aggregate(
    "session",
    _named(said.SessionStarted, said.SessionEnded),
    sessions.fold,
)
TOKEN: Final[Aggregate[tokens.Token]] = Aggregate(
    "token",
    _named(said.TokenCreated, said.TokenRevoked, said.TokenDeleted),
    tokens.fold,
)
PROJECT: Final[Aggregate[projects.Project]] = Aggregate(
    "project",
    _named(
        said.ProjectCreated,
        said.ProjectRenamed,
        said.ProjectConfigured,
        said.ProjectDeleted,
        said.ProjectRoleGranted,
        said.ProjectRoleWithdrawn,
    ),
    projects.fold,
)
CLIENT: Final[Aggregate[clients.Client]] = Aggregate(
    "client",
    _named(said.ClientAdded, said.ClientRemoved),
    clients.fold,
)
SERVICE: Final[Aggregate[services.Service]] = Aggregate(
    "service",
    _named(
        said.ServiceCreated,
        said.VersionPushed,
        said.VersionPublished,
        said.ServiceRetired,
        said.ServiceReinstated,
        said.ServiceRemoved,
    ),
    services.fold,
)
INSTANCE: Final[Aggregate[instances.Instance]] = Aggregate(
    "instance",
    _named(
        said.InstanceAdded,
        said.InstancePromoted,
        said.PromotionRequested,
        said.PromotionRefused,
        previews.PreviewCreated,
        previews.PreviewExtended,
        previews.PreviewDeleted,
        said.InstanceRemoved,
    ),
    instances.fold,
)
ACCESS: Final[Aggregate[access.Access]] = Aggregate(
    "access",
    _named(said.AccessChanged),
    access.fold,
)
CAPS: Final[Aggregate[caps.Caps]] = Aggregate(
    "caps",
    _named(said.CapsChanged),
    caps.fold,
)
KEY: Final[Aggregate[keys.Key]] = Aggregate(
    "key",
    _named(said.KeyIssued, said.KeyRotated, said.KeyRevoked),
    keys.fold,
)


async def state(world: World, aggregate: Aggregate[State], org: str, id: str) -> State | None:
    """An aggregate as the log knows it now."""
    return aggregate.fold(aggregate.events(await world.log.load(aggregate.subject(org, id))))


async def decide(  # noqa: PLR0913 - one command, told whole
    world: World,
    aggregate: Aggregate[State],
    org: str,
    id: str,
    *,
    cause: Cause,
    verb: Callable[[State | None], Event | None],
    claims: Callable[[State | None], Sequence[Claim]] = lambda _: (),
    releases: Callable[[State | None], Sequence[Claim]] = lambda _: (),
) -> Recorded | None:
    """Append what `verb` says about the aggregate; None when it is already so. Errors as of `common.commands`."""

    def now(history: History) -> State | None:
        return aggregate.fold(aggregate.events(history))

    def changes(history: History, event: Event) -> dict[str, Change]:
        before = aggregate.events(history)
        return differences(aggregate.fold(before), aggregate.fold([*before, event]))

    return await execute(
        world.log,
        aggregate.subject(org, id),
        cause=cause,
        decide=lambda history: verb(now(history)),
        claims=lambda history: claims(now(history)),
        releases=lambda history: releases(now(history)),
        changes=changes,
    )


async def caught_up(world: World) -> None:
    """Wait until the read model holds everything that is in the log now. Refuses SERVICE_UNAVAILABLE after 2 s."""
    if not await world.runner.wait_for(await world.log.last_position(), CATCH_UP_SECONDS):
        raise Refused(SERVICE_UNAVAILABLE, "The registry has not caught up with its log yet.", "Try again shortly.")


def differences(before: object | None, after: object | None) -> dict[str, Change]:
    """What a fact changed in the audited members of a state; members without a value stay unmentioned."""
    names: Sequence[str] = getattr(after or before, "AUDITED", ())
    changes: dict[str, Change] = {}
    for name in names:
        was, now = _plain(getattr(before, name, None)), _plain(getattr(after, name, None))
        if was != now:
            changes[name] = Change(before=was, after=now)
    return changes


def _plain(value: Any) -> Any:
    """A member of a state as JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value
