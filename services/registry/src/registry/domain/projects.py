"""Projects: where services are put to use. Who holds which role in one is in `grants`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import ClassVar, assert_never

from common.claims import Claim
from common.errors import conflict, not_found
from common.ids import derived
from contracts import registry as said
from contracts.access import Role
from registry.domain import wording

ProjectEvent = (
    said.ProjectCreated
    | said.ProjectRenamed
    | said.ProjectConfigured
    | said.ProjectDeleted
    | said.ProjectRoleGranted
    | said.ProjectRoleWithdrawn
)


@dataclass(frozen=True)
class Grant:
    """A role of one user."""

    id: str
    user: str
    role: Role


@dataclass(frozen=True)
class Project:
    """A project and the roles held in it, by user."""

    AUDITED: ClassVar = ("name", "slug", "description", "restricted", "approvals", "environment_names", "roles")
    id: str
    organisation: str
    name: str
    slug: str
    description: str | None
    restricted: bool
    grants: Mapping[str, Grant] = field(default_factory=dict)
    approvals: bool = False
    environment_names: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False

    @property
    def roles(self) -> dict[str, Role]:
        """Who holds which role."""
        return {user: grant.role for user, grant in self.grants.items()}


@dataclass(frozen=True)
class Patch:
    """What an update changes; `given` names the members that were sent (P 3.2)."""

    given: frozenset[str]
    name: str | None = None
    slug: str | None = None
    description: str | None = None
    restricted: bool | None = None


def fold(history: Iterable[ProjectEvent]) -> Project | None:
    """The project that its facts make."""
    return reduce(evolve, history, None)


def evolve(project: Project | None, event: ProjectEvent) -> Project:
    """The project after one more fact."""
    if isinstance(event, said.ProjectCreated):
        return _created(event)
    assert project is not None, "a project is created before anything else happens to it"
    match event:
        case said.ProjectRenamed():
            return replace(
                project,
                name=event.name,
                slug=event.slug,
                description=event.description,
                restricted=event.restricted,
            )
        case said.ProjectConfigured():
            names = event.environment_names.model_dump(exclude_none=True)
            return replace(project, approvals=event.approvals, environment_names=names)
        case said.ProjectDeleted():
            return replace(project, deleted=True)
        case said.ProjectRoleGranted():
            return replace(project, grants={**project.grants, event.user: Grant(event.grant, event.user, event.role)})
        case said.ProjectRoleWithdrawn():
            left = {user: grant for user, grant in project.grants.items() if user != event.user}
            return replace(project, grants=left)
        case _:
            assert_never(event)


def slug_claim(slug: str, *, organisation: str, project: str) -> Claim:
    """A project's slug is unique in its organisation."""
    return Claim(f"project.slug:{organisation}", slug, f"project.{project}")


def create(  # noqa: PLR0913 - what a project is made of
    project: Project | None,
    *,
    id: str,
    organisation: str,
    name: str,
    slug: str,
    description: str | None,
    restricted: bool,
    creator: str,
) -> said.ProjectCreated:
    """A new project; its creator is admin of it."""
    assert project is None, "ids of new projects are fresh"
    return said.ProjectCreated(
        project=id,
        organisation=organisation,
        name=wording.line(name, field="name", chars=wording.NAME_CHARS),
        slug=wording.slug(slug),
        description=wording.description(description),
        restricted=restricted,
        creator=creator,
    )


def update(project: Project | None, patch: Patch) -> said.ProjectRenamed | None:
    """The project as the patch makes it; None when that is how it is. Refuses null where a value must be."""
    known = existing(project)
    return (
        None
        if (wanted := patched(known, patch)) == known
        else said.ProjectRenamed(
            project=known.id,
            organisation=known.organisation,
            name=wanted.name,
            slug=wanted.slug,
            description=wanted.description,
            restricted=wanted.restricted,
        )
    )


def patched(project: Project, patch: Patch) -> Project:
    """The project after the patch."""
    for member in ("name", "slug", "restricted"):
        if member in patch.given and getattr(patch, member) is None:
            raise wording.missing(member)
    name, slug, restricted = project.name, project.slug, project.restricted
    if patch.name is not None:
        name = wording.line(patch.name, field="name", chars=wording.NAME_CHARS)
    if patch.slug is not None:
        slug = wording.slug(patch.slug)
    if patch.restricted is not None:
        restricted = patch.restricted
    description = wording.description(patch.description) if "description" in patch.given else project.description
    return replace(project, name=name, slug=slug, description=description, restricted=restricted)


def delete(project: Project | None, *, instances: Sequence[str]) -> said.ProjectDeleted:
    """The project goes. Refuses CONFLICT, with the list, while services are in it (`instances`: their slugs)."""
    known = existing(project)
    if instances:
        raise conflict(
            f"Project {known.slug!r} still uses {len(instances)} service(s): {', '.join(instances)}.",
            "Remove them from the project first.",
            details={"instances": list(instances)},
        )
    return said.ProjectDeleted(project=known.id, organisation=known.organisation)


def existing(project: Project | None) -> Project:
    """The project, which must be there."""
    if project is None or project.deleted:
        raise not_found("Project", project.id if project else "")
    return project


def grant_id(project: str, user: str) -> str:
    """Id of the one relation that a user can have with a project."""
    return derived("grant", project, user)


def _created(event: said.ProjectCreated) -> Project:
    grants = {event.creator: Grant(grant_id(event.project, event.creator), event.creator, "admin")}
    return Project(
        event.project, event.organisation, event.name, event.slug, event.description, event.restricted, grants
    )
