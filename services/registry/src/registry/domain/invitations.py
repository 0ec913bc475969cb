"""Invitations: a secret sent to an address, that makes whoever holds it a member, or a reader of a client's project.

The secret is used once, within seven days. It follows from the invitation's id and a number, so that it can be written
into a message whenever that is sent, and stands nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import ClassVar, Final, Literal, assert_never

from common.errors import Refused, bad_input, conflict, not_found
from contracts import people as said
from contracts.access import OrganisationRole

PREFIX: Final = "inv_"
LIFE: Final = timedelta(days=7)
RESEND_AFTER: Final = timedelta(minutes=1)
"""Nobody's mailbox is filled by pressing a button."""
RECENT_MAX: Final = 200
"""Of one organisation: open, or made within a day."""

Kind = Literal["member", "client"]
InvitationEvent = (
    said.InvitationSent
    | said.InvitationResent
    | said.InvitationWithdrawn
    | said.InvitationAccepted
    | said.InvitationHonoured
)


@dataclass(frozen=True)
class Invitation:
    """One invitation. `number` counts the secrets it has had, `user` is who accepted it."""

    AUDITED: ClassVar = ("kind", "role", "project", "client", "number", "expires_at", "withdrawn", "user", "honoured")
    id: str
    organisation: str
    kind: Kind
    role: OrganisationRole | None
    project: str | None
    client: str | None
    number: int
    token_hash: str
    expires_at: str
    withdrawn: bool = False
    user: str | None = None
    honoured: bool = False


def fold(history: Iterable[InvitationEvent]) -> Invitation | None:
    """The invitation that its facts make."""
    return reduce(evolve, history, None)


def evolve(invitation: Invitation | None, event: InvitationEvent) -> Invitation:
    """The invitation after one more fact."""
    if isinstance(event, said.InvitationSent):
        return Invitation(
            event.invitation,
            event.organisation,
            event.kind,
            event.role,
            event.project,
            event.client,
            event.number,
            event.token_hash,
            event.expires_at,
        )
    assert invitation is not None, "an invitation is sent before anything else happens to it"
    match event:
        case said.InvitationResent():
            return replace(invitation, number=event.number, token_hash=event.token_hash, expires_at=event.expires_at)
        case said.InvitationWithdrawn():
            return replace(invitation, withdrawn=True)
        case said.InvitationAccepted():
            return replace(invitation, user=event.user)
        case said.InvitationHonoured():
            return replace(invitation, honoured=True)
        case _:
            assert_never(event)


def secret(key: bytes, invitation: str, number: int) -> str:
    """The secret of that number; `key` belongs to this purpose alone."""
    made = hmac.digest(key, f"{invitation}\0{number}".encode(), hashlib.sha256)
    return PREFIX + base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def fits(text: str) -> bool:
    """Whether a text looks like a secret at all."""
    return text.startswith(PREFIX) and len(text) == len(PREFIX) + 43 and text.isascii()


def room(recent: int) -> None:
    """Refuses TOO_MANY when the organisation has as many invitations, open or of the last day, as it may have."""
    if recent >= RECENT_MAX:
        raise bad_input(
            f"{recent} invitations of the organisation are open or of the last day.",
            "Wait until tomorrow, or until some are accepted.",
            reason="TOO_MANY",
        )


def resend(invitation: Invitation | None, *, token_hash: str, expires_at: str, at: datetime) -> said.InvitationResent:
    """Another secret. Refuses CONFLICT for one that is over, THROTTLED within a minute of the last."""
    known = waiting(invitation)
    wait = sent_at(known.expires_at) + RESEND_AFTER - at
    if wait > timedelta(0):
        raise Refused(
            "BAD_USER_INPUT",
            "The invitation was sent a moment ago.",
            "Wait a minute.",
            reason="THROTTLED",
            details={"retryAfterSeconds": int(wait.total_seconds()) + 1},
        )
    return said.InvitationResent(
        invitation=known.id,
        organisation=known.organisation,
        token_hash=token_hash,
        number=known.number + 1,
        expires_at=expires_at,
    )


def withdraw(invitation: Invitation | None) -> said.InvitationWithdrawn | None:
    """Nobody can accept it any more. Refuses CONFLICT when somebody already has."""
    if existing(invitation).withdrawn:
        return None
    known = waiting(invitation)
    return said.InvitationWithdrawn(invitation=known.id, organisation=known.organisation)


def accept(
    invitation: Invitation | None, *, user: str, token_hash: str, at: datetime
) -> said.InvitationAccepted | None:
    """The user takes it; None when he has already. Refuses NOT_FOUND for a secret that opens nothing (any more)."""
    if invitation is None or invitation.token_hash != token_hash or invitation.withdrawn:
        raise unknown()
    if invitation.user == user:
        return None
    if invitation.user is not None or expired(invitation.expires_at, at):
        raise unknown()
    return said.InvitationAccepted(invitation=invitation.id, organisation=invitation.organisation, user=user)


def honour(invitation: Invitation | None) -> said.InvitationHonoured | None:
    """What it promised has happened."""
    known = existing(invitation)
    assert known.user is not None, "only what was accepted is honoured"
    if known.honoured:
        return None
    return said.InvitationHonoured(invitation=known.id, organisation=known.organisation)


def existing(invitation: Invitation | None) -> Invitation:
    """The invitation, which must be there."""
    if invitation is None:
        raise not_found("Invitation", "")
    return invitation


def waiting(invitation: Invitation | None) -> Invitation:
    """The invitation, which nobody has accepted or withdrawn."""
    known = existing(invitation)
    if known.user is not None or known.withdrawn:
        state = "withdrawn" if known.withdrawn else "accepted"
        raise conflict(f"The invitation was {state}.", "Invite the person again.")
    return known


def expired(expires_at: str, at: datetime) -> bool:
    """Whether its seven days are over."""
    return datetime.fromisoformat(expires_at) <= at


def sent_at(expires_at: str) -> datetime:
    """When the secret of this end was sent."""
    return datetime.fromisoformat(expires_at) - LIFE


def unknown() -> Refused:
    """The one answer to every secret that opens nothing: it says nothing about why."""
    return Refused(
        "NOT_FOUND",
        "The invitation is unknown, used, withdrawn or expired.",
        "Ask for a new one.",
        field="token",
    )
