"""Instances: a service in a project, and the version declared for each of its environments (C 1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import ClassVar, Final, Literal, assert_never

from common.claims import Claim
from common.errors import bad_input, not_found
from contracts import previews as cloned
from contracts import registry as said
from contracts.names import INSTANCE_ENVIRONMENTS, EnvironmentKind
from registry.domain.services import Version
from registry.domain.undoing import Undoing

Target = Literal["dev", "stage", "prod"]
TARGETS: Final[tuple[Target, ...]] = ("dev", "stage", "prod")

InstanceEvent = (
    said.InstanceAdded
    | said.InstancePromoted
    | said.PromotionRequested
    | said.PromotionRefused
    | cloned.PreviewCreated
    | cloned.PreviewExtended
    | cloned.PreviewDeleted
    | said.InstanceRemoved
)


@dataclass(frozen=True)
class Request:
    """A version that somebody wants in an environment, and that another person has to approve."""

    id: str
    environment: Target
    version: Version
    forced: bool
    requester: str
    expires_at: str
    """RFC 3339 in UTC."""
    undone: Undoing | None = None
    """The deployment that is to be taken back by it."""


@dataclass(frozen=True)
class Preview:
    """A clone of one of the instance's environments, there until its lease ends."""

    id: str
    environment: str
    """Id of the clone's environment."""
    name: str
    source: Target
    slot: int
    """Which of the project's places for previews it holds."""
    expires_at: str
    """RFC 3339 in UTC."""


@dataclass(frozen=True)
class Instance:
    """A service in a project; `declared` is what should run where, `requests` is what others have to approve first.

    There is one request for an environment at most: a later one takes the place of an earlier one.
    """

    AUDITED: ClassVar = ("project", "service", "versions", "requested", "leases", "removed")
    id: str
    organisation: str
    project: str
    service: str
    declared: Mapping[Target, Version] = field(default_factory=dict)
    requests: Mapping[Target, Request] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    """By id."""
    removed: bool = False

    @property
    def versions(self) -> dict[str, str]:
        """Version names by environment."""
        return {environment: version.name for environment, version in self.declared.items()}

    @property
    def requested(self) -> dict[str, str]:
        """Version names of open requests by environment."""
        return {environment: request.version.name for environment, request in self.requests.items()}

    @property
    def leases(self) -> dict[str, str]:
        """When previews end, by their names."""
        return {preview.name: preview.expires_at for preview in self.previews.values()}


def fold(history: Iterable[InstanceEvent]) -> Instance | None:
    """The instance that its facts make."""
    return reduce(evolve, history, None)


def evolve(instance: Instance | None, event: InstanceEvent) -> Instance:
    """The instance after one more fact."""
    if isinstance(event, said.InstanceAdded):
        version = Version(event.version, event.sdl_sha, event.model_sha)
        return Instance(event.instance, event.organisation, event.project, event.service, {"dev": version})
    assert instance is not None, "an instance is added before anything else happens to it"
    match event:
        case said.InstancePromoted():
            version = Version(event.version, event.sdl_sha, event.model_sha)
            left = without(instance.requests, event.request) if event.request else instance.requests
            return replace(instance, declared={**instance.declared, event.environment: version}, requests=left)
        case said.PromotionRequested():
            return replace(instance, requests={**instance.requests, event.environment: _request(event)})
        case said.PromotionRefused():
            return replace(instance, requests=without(instance.requests, event.request))
        case cloned.PreviewCreated() | cloned.PreviewExtended() | cloned.PreviewDeleted():
            return replace(instance, previews=_previews(instance.previews, event))
        case said.InstanceRemoved():
            return replace(instance, removed=True)
        case _:
            assert_never(event)


def once_claim(*, project: str, service: str, instance: str) -> Claim:
    """A service is in a project once."""
    return Claim(f"instance:{project}", service, f"instance.{instance}")


def add(
    instance: Instance | None, *, id: str, organisation: str, project: str, service: str, version: Version
) -> said.InstanceAdded:
    """A new instance: the published version for dev, nothing elsewhere yet."""
    assert instance is None, "ids of new instances are fresh"
    return said.InstanceAdded(
        instance=id,
        organisation=organisation,
        project=project,
        service=service,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
    )


def way(source: EnvironmentKind, target: EnvironmentKind) -> Target:
    """The target of a promotion, if there is such a way (C 1.4.5): demo goes to dev, the others to one another."""
    for name in TARGETS:
        if name == target and source != target:
            if source in INSTANCE_ENVIRONMENTS or (source == "demo" and target == "dev"):
                return name
            break
    raise bad_input(
        f"A version cannot go from {source} to {target}.",
        "From demo to dev, then between dev, stage and prod.",
        reason="NO_SUCH_WAY",
        field="to",
    )


def without(requests: Mapping[Target, Request], request: str) -> dict[Target, Request]:
    """The requests that are still open when one has ended."""
    return {environment: each for environment, each in requests.items() if each.id != request}


def promote(
    instance: Instance | None, *, environment: Target, version: Version, forced: bool, request: str | None = None
) -> said.InstancePromoted:
    """A version is declared for an environment of the instance."""
    known = existing(instance)
    return said.InstancePromoted(
        instance=known.id,
        organisation=known.organisation,
        project=known.project,
        service=known.service,
        environment=environment,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        forced=forced,
        request=request,
    )


def remove(instance: Instance | None) -> said.InstanceRemoved:
    """The instance and its environments are to go."""
    known = existing(instance)
    return said.InstanceRemoved(
        instance=known.id, organisation=known.organisation, project=known.project, service=known.service
    )


def existing(instance: Instance | None) -> Instance:
    """The instance, which must be there."""
    if instance is None or instance.removed:
        raise not_found("Instance", instance.id if instance else "")
    return instance


def _previews(
    before: Mapping[str, Preview], event: cloned.PreviewCreated | cloned.PreviewExtended | cloned.PreviewDeleted
) -> dict[str, Preview]:
    match event:
        case cloned.PreviewCreated():
            made = Preview(event.preview, event.environment, event.name, event.source, event.slot, event.expires_at)
            return {**before, event.preview: made}
        case cloned.PreviewExtended():
            return {**before, event.preview: replace(before[event.preview], expires_at=event.expires_at)}
        case cloned.PreviewDeleted():
            return {known: each for known, each in before.items() if known != event.preview}


def _request(event: said.PromotionRequested) -> Request:
    return Request(
        id=event.request,
        environment=event.environment,
        version=Version(event.version, event.sdl_sha, event.model_sha),
        forced=event.forced,
        requester=event.requester,
        expires_at=event.expires_at,
        undone=None if event.undoes is None else Undoing(event.undoes, event.listed),
    )
