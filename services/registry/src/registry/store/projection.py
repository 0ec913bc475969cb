"""The registry's read model as one projection of the log: which facts it acts on, and with what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.events import Event
from common.log import Recorded
from common.projection import Projection
from contracts import previews as cloned
from contracts import provisioner as heard
from contracts import registry as said
from contracts import webhooks as told
from registry.store import apply_invitations as invitations
from registry.store import apply_people as people
from registry.store import apply_projects as projects
from registry.store import apply_services as services
from registry.store import apply_webhooks as webhooks
from registry.store import previews
from registry.store.tables import METADATA, removals

APPLY: Final[Mapping[type[Event], Callable[[AsyncConnection, Recorded, Any], Awaitable[None]]]] = {
    said.OrganisationRegistered: people.organisation_registered,
    said.MemberAdded: people.member_added,
    said.MemberRoleChanged: people.member_added,
    said.MemberRemoved: people.member_removed,
    said.UserRegistered: people.user_registered,
    said.UserDisabled: people.user_disabled,
    said.PasswordChanged: people.password_changed,
    said.SessionStarted: people.session_started,
    said.SessionEnded: people.session_ended,
    said.TokenCreated: people.token_created,
    said.TokenRevoked: people.token_revoked,
    said.TokenDeleted: people.token_deleted,
    said.ProjectCreated: projects.project_created,
    said.ProjectRenamed: projects.project_renamed,
    said.ProjectConfigured: projects.project_configured,
    said.ProjectDeleted: projects.project_deleted,
    said.ProjectRoleGranted: projects.role_granted,
    said.ProjectRoleWithdrawn: projects.role_withdrawn,
    said.ClientAdded: projects.client_added,
    said.ClientRemoved: projects.client_removed,
    said.KeyIssued: projects.key_issued,
    said.KeyRotated: projects.key_rotated,
    said.KeyRevoked: projects.key_revoked,
    said.ServiceCreated: services.service_created,
    said.VersionPushed: services.version_pushed,
    said.VersionPublished: services.version_published,
    said.ServiceRetired: services.service_retired,
    said.ServiceReinstated: services.service_reinstated,
    said.ServiceRemoved: services.service_removed,
    said.InstanceAdded: services.instance_added,
    said.InstancePromoted: services.instance_promoted,
    said.PromotionRequested: services.promotion_requested,
    said.PromotionRefused: services.promotion_refused,
    said.InstanceRemoved: services.instance_removed,
    said.AccessChanged: services.access_changed,
    said.CapsChanged: services.caps_changed,
    heard.EnvironmentReady: services.environment_ready,
    heard.DeploymentFailed: services.deployment_failed,
    heard.EnvironmentRemoved: services.environment_removed,
    **previews.APPLY,
    **invitations.APPLY,
    **webhooks.APPLY,
}

AGGREGATES: Final = (
    "organisation", "user", "session", "token", "project", "client", "service", "instance", "access", "caps",
    "key",
)  # fmt: skip


REMOVALS: Final = (
    said.MemberRemoved,
    said.TokenDeleted,
    said.ProjectDeleted,
    said.ProjectRoleWithdrawn,
    said.ClientRemoved,
    said.ServiceRemoved,
    said.InstanceRemoved,
    cloned.PreviewDeleted,
    told.WebhookRemoved,
)


async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    """One fact, as rows."""
    await APPLY[type(event)](connection, recorded, event)
    await invitations.owners_told(connection, recorded, event)
    if isinstance(event, REMOVALS):
        command = insert(removals).values(command=recorded.envelope.causationid, gone=_gone(event))
        await connection.execute(command.on_conflict_do_nothing())


def _gone(event: Event) -> str | None:
    match event:
        case said.ProjectDeleted():
            return event.project
        case said.ServiceRemoved():
            return event.service
        case _:
            return None


REGISTRY: Final = Projection(
    name="registry",
    metadata=METADATA,
    events=tuple(APPLY),
    contexts=frozenset({*(f"registry.{aggregate}" for aggregate in AGGREGATES), "provisioner.environment"}),
    apply=apply,
    # A plan changes nothing that can be read here: a declaration counts as running until it is ready or has failed.
    ignored=frozenset({heard.MigrationPlanned.TYPE}),
)
