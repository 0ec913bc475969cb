"""What the registry says about people who are not there yet, about whom to bill, and about what people were told.

Personal fields carry sealed tokens (common.sealing), secrets only keyed hashes.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from common.events import Event
from contracts.access import OrganisationRole

# --- invitations --------------------------------------------------------------------------------------------------


class InvitationSent(Event):
    """Somebody is asked, at an address, to become a member of the organisation or to follow a client's project."""

    TYPE: ClassVar[str] = "mortise.registry.invitation.sent.v1"
    invitation: str
    organisation: str
    kind: Literal["member", "client"]
    role: OrganisationRole | None = None
    """What a member will be; None for those of a client."""
    project: str | None = None
    client: str | None = None
    email: str
    """Sealed under the invitation's own key."""
    email_hash: str
    inviter: str
    token_hash: str
    number: int
    """Of the secret: 1 for the first. The secret follows from the invitation and this number."""
    expires_at: str


class InvitationResent(Event):
    """The invitation has another secret and seven more days; the earlier secret is dead at once."""

    TYPE: ClassVar[str] = "mortise.registry.invitation.resent.v1"
    invitation: str
    organisation: str
    token_hash: str
    number: int
    expires_at: str


class InvitationWithdrawn(Event):
    """The invitation can no longer be accepted."""

    TYPE: ClassVar[str] = "mortise.registry.invitation.withdrawn.v1"
    invitation: str
    organisation: str


class InvitationAccepted(Event):
    """The user took the invitation: its secret is used up."""

    TYPE: ClassVar[str] = "mortise.registry.invitation.accepted.v1"
    invitation: str
    organisation: str
    user: str


class InvitationHonoured(Event):
    """What the invitation promised stands in the facts of the organisation or the project."""

    TYPE: ClassVar[str] = "mortise.registry.invitation.honoured.v1"
    invitation: str
    organisation: str


# --- billing details ----------------------------------------------------------------------------------------------


class BillingDetailsSet(Event):
    """Whom invoices to the organisation name; the event carries the whole new state (MA 3.3)."""

    TYPE: ClassVar[str] = "mortise.registry.account.billing_details_set.v1"
    organisation: str
    legal_name: str
    """Sealed, like the next five."""
    street: str
    postal_code: str | None = None
    city: str
    tax_id: str | None = None
    email: str
    country: str
    """ISO 3166, two letters."""
    currency: str
    time_zone: str


# --- notices ------------------------------------------------------------------------------------------------------


class NoticeSent(Event):
    """A message to a person was handed over to the channel (aggregate: notice; one per fact and recipient)."""

    TYPE: ClassVar[str] = "mortise.registry.notice.sent.v1"
    notice: str
    organisation: str
    kind: str
    channel: Literal["log", "smtp"]


class NoticeGivenUp(Event):
    """A message to a person could not be handed over, or there was nobody left to send it to."""

    TYPE: ClassVar[str] = "mortise.registry.notice.given_up.v1"
    notice: str
    organisation: str
    kind: str
    reason: str
