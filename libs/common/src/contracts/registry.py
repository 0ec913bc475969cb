"""What the registry says: facts about people, services, versions, projects, instances and keys.

Personal fields carry sealed tokens (common.sealing), secrets only keyed hashes.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from common.events import Event
from contracts.access import OrganisationRole, Role

# --- organisations and people -------------------------------------------------------------------------------------


class OrganisationRegistered(Event):
    """An organisation exists; its founder owns it."""

    TYPE: ClassVar[str] = "mortise.registry.organisation.registered.v1"
    organisation: str
    name: str
    slug: str
    founder: str


class MemberAdded(Event):
    """A user belongs to the organisation (aggregate: organisation)."""

    TYPE: ClassVar[str] = "mortise.registry.organisation.member_added.v1"
    organisation: str
    user: str
    role: OrganisationRole


class MemberRoleChanged(Event):
    """A member has another role."""

    TYPE: ClassVar[str] = "mortise.registry.organisation.member_role_changed.v1"
    organisation: str
    user: str
    role: OrganisationRole


class MemberRemoved(Event):
    """A user left the organisation."""

    TYPE: ClassVar[str] = "mortise.registry.organisation.member_removed.v1"
    organisation: str
    user: str


class UserRegistered(Event):
    """A person can sign in. The password hash lies in the vault."""

    TYPE: ClassVar[str] = "mortise.registry.user.registered.v1"
    user: str
    username: str
    """Sealed."""
    email: str
    """Sealed."""
    email_hash: str
    """Keyed hash of the folded address, for look-up."""
    display_name: str | None = None
    """Sealed."""
    operator: bool = False


class UserDisabled(Event):
    """A person can no longer sign in; sessions and tokens end at once."""

    TYPE: ClassVar[str] = "mortise.registry.user.disabled.v1"
    user: str


class PasswordChanged(Event):
    """The person has a new password; earlier sessions end."""

    TYPE: ClassVar[str] = "mortise.registry.user.password_changed.v1"
    user: str


class SessionStarted(Event):
    """A person signed in with a password."""

    TYPE: ClassVar[str] = "mortise.registry.session.started.v1"
    session: str
    user: str
    token_hash: str
    expires_at: str


class SessionEnded(Event):
    """A person signed out."""

    TYPE: ClassVar[str] = "mortise.registry.session.ended.v1"
    session: str
    user: str


class TokenCreated(Event):
    """A personal access token exists (P 3.13)."""

    TYPE: ClassVar[str] = "mortise.registry.token.created.v1"
    token: str
    user: str
    name: str
    prefix: str
    token_hash: str
    expires_at: str | None = None


class TokenRevoked(Event):
    """A personal access token can no longer be used."""

    TYPE: ClassVar[str] = "mortise.registry.token.revoked.v1"
    token: str
    user: str


class TokenDeleted(Event):
    """A personal access token is gone from the lists as well."""

    TYPE: ClassVar[str] = "mortise.registry.token.deleted.v1"
    token: str
    user: str


# --- projects -----------------------------------------------------------------------------------------------------


class ProjectCreated(Event):
    """A project exists; its creator is admin of it."""

    TYPE: ClassVar[str] = "mortise.registry.project.created.v1"
    project: str
    organisation: str
    name: str
    slug: str
    description: str | None = None
    restricted: bool = False
    creator: str


class ProjectRenamed(Event):
    """Name, slug, description or openness of a project changed; the event carries the whole new state."""

    TYPE: ClassVar[str] = "mortise.registry.project.renamed.v1"
    project: str
    organisation: str
    name: str
    slug: str
    description: str | None = None
    restricted: bool = False


class ProjectDeleted(Event):
    """The project is gone; it held no instances."""

    TYPE: ClassVar[str] = "mortise.registry.project.deleted.v1"
    project: str
    organisation: str


class EnvironmentNames(BaseModel):
    """What a project calls its environments; null where it keeps our name."""

    model_config = ConfigDict(frozen=True)

    dev: str | None = None
    stage: str | None = None
    prod: str | None = None


class ProjectConfigured(Event):
    """How a project works with its services; the event carries all of it."""

    TYPE: ClassVar[str] = "mortise.registry.project.configured.v1"
    project: str
    organisation: str
    approvals: bool
    """Whether what goes to prod needs a second person."""
    environment_names: EnvironmentNames


class ProjectRoleGranted(Event):
    """A user holds a role on the project (User2Project); a later grant replaces an earlier one."""

    TYPE: ClassVar[str] = "mortise.registry.project.role_granted.v1"
    project: str
    grant: str
    user: str
    role: Role


class ProjectRoleWithdrawn(Event):
    """A user holds no role on the project any more."""

    TYPE: ClassVar[str] = "mortise.registry.project.role_withdrawn.v1"
    project: str
    grant: str
    user: str


class ClientAdded(Event):
    """Somebody who pays for calls in the project (aggregate: client)."""

    TYPE: ClassVar[str] = "mortise.registry.client.added.v1"
    client: str
    organisation: str
    project: str
    name: str
    email: str | None = None
    """Sealed."""
    currency: str
    time_zone: str


class ClientRemoved(Event):
    """The client's keys no longer open anything; what it owes stays owed."""

    TYPE: ClassVar[str] = "mortise.registry.client.removed.v1"
    client: str
    organisation: str
    project: str


# --- services and versions ----------------------------------------------------------------------------------------


class ServiceCreated(Event):
    """A service exists, with version 0.0.1 from a template declared for private and demo (C 1.4.1)."""

    TYPE: ClassVar[str] = "mortise.registry.service.created.v1"
    service: str
    organisation: str
    slug: str
    name: str
    problem: str
    solution: str
    domain: str
    tags: tuple[str, ...]
    creator: str
    version: str
    sdl_sha: str
    model_sha: str


class SchemaChange(BaseModel):
    """One graded difference between two versions, as a consumer of the API meets it."""

    model_config = ConfigDict(frozen=True)

    criticality: Literal["SAFE", "DANGEROUS", "BREAKING"]
    kind: str
    path: str
    message: str


class VersionPushed(Event):
    """A new schema version, declared for the private environment (aggregate: service)."""

    TYPE: ClassVar[str] = "mortise.registry.service.version_pushed.v1"
    service: str
    organisation: str
    version: str
    sdl_sha: str
    model_sha: str
    notes: tuple[str, ...]
    changes: tuple[SchemaChange, ...]
    forced: bool = False
    """Whether losing data was accepted."""
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    listed: str | None = None
    """What was seen beforehand of what does not fit, in BLOBS; null where whatever there is was accepted."""


class VersionPublished(Event):
    """The version that runs on private is declared for demo: the published version (C 1.4)."""

    TYPE: ClassVar[str] = "mortise.registry.service.version_published.v1"
    service: str
    organisation: str
    version: str
    sdl_sha: str
    model_sha: str
    forced: bool = False
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    listed: str | None = None
    """What was seen beforehand of what does not fit, in BLOBS; null where whatever there is was accepted."""


class ServiceRetired(Event):
    """No project can take the service or one of its versions any more; instances live on."""

    TYPE: ClassVar[str] = "mortise.registry.service.retired.v1"
    service: str
    organisation: str
    reason: str | None = None


class ServiceReinstated(Event):
    """A retired service can be taken again."""

    TYPE: ClassVar[str] = "mortise.registry.service.reinstated.v1"
    service: str
    organisation: str


class ServiceRemoved(Event):
    """The service and its private and demo environments are to go; it had no instances."""

    TYPE: ClassVar[str] = "mortise.registry.service.removed.v1"
    service: str
    organisation: str


# --- instances ----------------------------------------------------------------------------------------------------


class InstanceAdded(Event):
    """A service was added to a project; the published version is declared for dev only (C 1.4.4)."""

    TYPE: ClassVar[str] = "mortise.registry.instance.added.v1"
    instance: str
    organisation: str
    project: str
    service: str
    version: str
    sdl_sha: str
    model_sha: str


class InstancePromoted(Event):
    """A version is declared for one environment of the instance: promotion, update or roll back."""

    TYPE: ClassVar[str] = "mortise.registry.instance.promoted.v1"
    instance: str
    organisation: str
    project: str
    service: str
    environment: Literal["dev", "stage", "prod"]
    version: str
    sdl_sha: str
    model_sha: str
    forced: bool = False
    request: str | None = None
    """The request that was approved, where one was needed."""
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    listed: str | None = None
    """What was seen beforehand of what does not fit, in BLOBS; null where whatever there is was accepted."""


class PromotionRequested(Event):
    """Somebody wants a version in an environment and another person has to approve it (aggregate: instance)."""

    TYPE: ClassVar[str] = "mortise.registry.instance.promotion_requested.v1"
    instance: str
    organisation: str
    project: str
    service: str
    request: str
    environment: Literal["dev", "stage", "prod"]
    version: str
    sdl_sha: str
    model_sha: str
    forced: bool = False
    requester: str
    expires_at: str
    undoes: str | None = None
    """The deployment that is taken back: id of the event that declared it."""
    listed: str | None = None
    """What was seen beforehand of what does not fit, in BLOBS; null where whatever there is was accepted."""


class PromotionRefused(Event):
    """A request ended without a promotion: it was refused, or its requester took it back."""

    TYPE: ClassVar[str] = "mortise.registry.instance.promotion_refused.v1"
    instance: str
    organisation: str
    project: str
    service: str
    request: str
    by: str
    reason: str | None = None


class InstanceRemoved(Event):
    """The instance and its environments are to go, its previews as well."""

    TYPE: ClassVar[str] = "mortise.registry.instance.removed.v1"
    instance: str
    organisation: str
    project: str
    service: str


class AccessChanged(Event):
    """How an environment is opened (DESIGN 4.8; aggregate: access, id = the environment's)."""

    TYPE: ClassVar[str] = "mortise.registry.access.changed.v1"
    environment: str
    organisation: str
    mode: Literal["key", "organisation", "public"]


class Caps(BaseModel):
    """Numbers of `contracts.quotas` for one environment; null where nobody set one."""

    model_config = ConfigDict(frozen=True)

    calls_per_second: int | None = None
    calls_per_day: int | None = None
    database_megabytes: int | None = None


class CapsChanged(Event):
    """How much an environment may have (aggregate: caps, id = the environment's); the event carries all of it.

    `granted` is the operators' and stands in the place of what its kind may have, 0 for no limit; `caps` are its
    owners' and only ever lower that.
    """

    TYPE: ClassVar[str] = "mortise.registry.caps.changed.v1"
    environment: str
    organisation: str
    granted: Caps = Caps()
    caps: Caps = Caps()


# --- environment keys ---------------------------------------------------------------------------------------------


class KeyIssued(Event):
    """A key opens environments; shown once, then only its prefix (C 1.5).

    `service`: private of one service. `project`: every environment of every instance of the project.
    `client`: prod of every instance of the project, and its calls are the client's.
    """

    TYPE: ClassVar[str] = "mortise.registry.key.issued.v1"
    key: str
    organisation: str
    kind: Literal["service", "project", "client"]
    target: str
    """Id of the service or project."""
    client: str | None = None
    name: str
    prefix: str
    key_hash: str
    expires_at: str | None = None


class KeyRotated(Event):
    """The key has a new secret; the old one is dead at once."""

    TYPE: ClassVar[str] = "mortise.registry.key.rotated.v1"
    key: str
    organisation: str
    prefix: str
    key_hash: str


class KeyRevoked(Event):
    """The key opens nothing any more."""

    TYPE: ClassVar[str] = "mortise.registry.key.revoked.v1"
    key: str
    organisation: str
