"""Services: what makers offer, and which of its versions is declared for private and demo (C 1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import ClassVar, Final, assert_never

from common.claims import Claim
from common.errors import BAD_USER_INPUT, Refused, conflict, not_found
from contracts import registry as said
from registry.domain import wording

DOMAINS: Final = (
    "Analytics", "Authentication", "Communication", "Content_Management", "E_Commerce", "Finance", "Human_Resources",
    "Logistics", "Marketing", "Media", "Productivity", "Other",
)  # fmt: skip

ServiceEvent = (
    said.ServiceCreated
    | said.VersionPushed
    | said.VersionPublished
    | said.ServiceRetired
    | said.ServiceReinstated
    | said.ServiceRemoved
)


@dataclass(frozen=True)
class Version:
    """A pushed state: its name and the documents that hold it."""

    name: str
    sdl_sha: str
    model_sha: str


@dataclass(frozen=True)
class Service:
    """A service. `pushed` and `published` are the versions declared for private and demo.

    `versions` are in the order in which they were pushed, `offered` names those that were ever published.
    """

    AUDITED: ClassVar = (
        "name", "slug", "problem", "solution", "domain", "tags", "private_version", "published_version", "retired",
        "removed",
    )  # fmt: skip
    id: str
    organisation: str
    slug: str
    name: str
    problem: str
    solution: str
    domain: str
    tags: tuple[str, ...]
    creator: str
    pushed: Version
    published: Version
    versions: Mapping[str, Version] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()
    retired: bool = False
    removed: bool = False

    @property
    def private_version(self) -> str:
        """Name of the version declared for private."""
        return self.pushed.name

    @property
    def published_version(self) -> str:
        """Name of the version declared for demo."""
        return self.published.name


@dataclass(frozen=True)
class Documentation:
    """What a maker says about his service (C 1.2)."""

    name: str
    problem: str
    solution: str
    domain: str
    tags: tuple[str, ...]


def fold(history: Iterable[ServiceEvent]) -> Service | None:
    """The service that its facts make."""
    return reduce(evolve, history, None)


def evolve(service: Service | None, event: ServiceEvent) -> Service:
    """The service after one more fact."""
    if isinstance(event, said.ServiceCreated):
        return _created(event)
    assert service is not None, "a service is created before anything else happens to it"
    match event:
        case said.VersionPushed():
            version = Version(event.version, event.sdl_sha, event.model_sha)
            return replace(service, pushed=version, versions={**service.versions, version.name: version})
        case said.VersionPublished():
            version = Version(event.version, event.sdl_sha, event.model_sha)
            return replace(service, published=version, offered=service.offered | {version.name})
        case said.ServiceRetired():
            return replace(service, retired=True)
        case said.ServiceReinstated():
            return replace(service, retired=False)
        case said.ServiceRemoved():
            return replace(service, removed=True)
        case _:
            assert_never(event)


def slug_claim(slug: str, *, organisation: str, service: str) -> Claim:
    """A service's slug is unique in its maker's organisation."""
    return Claim(f"service.slug:{organisation}", slug, f"service.{service}")


def documented(*, name: str, problem: str, solution: str, domain: str, tags: Sequence[str]) -> Documentation:
    """What was said about a service, checked (C 1.3)."""
    assert domain in DOMAINS, "the schema of the API lists the domains"
    return Documentation(
        name=wording.line(name, field="name", chars=wording.NAME_CHARS),
        problem=wording.line(problem, field="problem", chars=wording.SENTENCE_CHARS),
        solution=wording.line(solution, field="solution", chars=wording.SENTENCE_CHARS),
        domain=domain,
        tags=wording.tags(tags),
    )


def create(  # noqa: PLR0913 - what a service begins with
    service: Service | None,
    *,
    id: str,
    organisation: str,
    slug: str,
    documentation: Documentation,
    creator: str,
    version: Version,
) -> said.ServiceCreated:
    """A new service whose first version is declared for private and demo at once (C 1.4.1)."""
    assert service is None, "ids of new services are fresh"
    return said.ServiceCreated(
        service=id,
        organisation=organisation,
        slug=wording.slug(slug),
        name=documentation.name,
        problem=documentation.problem,
        solution=documentation.solution,
        domain=documentation.domain,
        tags=documentation.tags,
        creator=creator,
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
    )


def remove(service: Service | None, *, projects: Sequence[str]) -> said.ServiceRemoved:
    """The service goes. Refuses CONFLICT, with the list, while projects use it (`projects`: their slugs)."""
    known = existing(service)
    if projects:
        raise conflict(
            f"Service {known.slug!r} is used by {len(projects)} project(s): {', '.join(projects)}.",
            "Remove it from them first.",
            details={"projects": list(projects)},
        )
    return said.ServiceRemoved(service=known.id, organisation=known.organisation)


def retire(service: Service | None, *, reason: str | None) -> said.ServiceRetired | None:
    """The service is no longer to be taken; None when it is retired already."""
    known = existing(service)
    if known.retired:
        return None
    kept = wording.line(reason, field="reason", chars=wording.SENTENCE_CHARS) if reason is not None else None
    return said.ServiceRetired(service=known.id, organisation=known.organisation, reason=kept)


def reinstate(service: Service | None) -> said.ServiceReinstated | None:
    """The service can be taken again; None when it can be taken."""
    known = existing(service)
    return said.ServiceReinstated(service=known.id, organisation=known.organisation) if known.retired else None


def takeable(service: Service) -> Service:
    """The service, of which projects may take versions. Refuses RETIRED."""
    if service.retired:
        raise Refused(
            BAD_USER_INPUT,
            f"Service {service.slug!r} is retired: projects cannot take it or its versions any more.",
            "What runs goes on running, and can be promoted. Its maker can take the service back into use.",
            reason="RETIRED",
        )
    return service


def taken(slug: str, free: Sequence[str]) -> Exception:
    """The refusal of a name that somebody has, with names that nobody has (C 1.3)."""
    return conflict(
        f"The name {slug!r} is taken.",
        f"Free are: {', '.join(free)}." if free else "Choose another one.",
        details={"alternatives": list(free)},
    )


def existing(service: Service | None) -> Service:
    """The service, which must be there."""
    if service is None or service.removed:
        raise not_found("Service", service.id if service else "")
    return service


def _created(event: said.ServiceCreated) -> Service:
    version = Version(event.version, event.sdl_sha, event.model_sha)
    return Service(
        id=event.service,
        organisation=event.organisation,
        slug=event.slug,
        name=event.name,
        problem=event.problem,
        solution=event.solution,
        domain=event.domain,
        tags=event.tags,
        creator=event.creator,
        pushed=version,
        published=version,
        versions={version.name: version},
        offered=frozenset({version.name}),
    )
