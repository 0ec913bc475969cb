"""Commands about invitations. Accepting is one fact; what it promised follows, whatever comes between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from common import clock, passwords
from common.commands import earlier
from common.errors import UNAUTHENTICATED, Refused
from common.events import Actor
from common.ids import derived
from common.log import Cause, Recorded
from common.sealing import keyed_hash, purpose_key
from contracts import people as said
from contracts.access import OrganisationRole
from contracts.names import PLATFORM
from registry.domain import invitations, wording
from registry.execute import keys, people, projects
from registry.execute.deciding import USER, Aggregate, World, decide, state
from registry.execute.people import Person, Secret
from registry.store import invitations as stored
from registry.store import people as stored_people
from registry.store import secrets
from registry.store.rows import Row

INVITATION: Final[Aggregate[invitations.Invitation]] = Aggregate(
    "invitation",
    {
        each.TYPE: each
        for each in (
            said.InvitationSent,
            said.InvitationResent,
            said.InvitationWithdrawn,
            said.InvitationAccepted,
            said.InvitationHonoured,
        )
    },
    invitations.fold,
)
PURPOSE: Final = "invitation"
LEFT_ALONE: Final = timedelta(seconds=10)
"""Longer than a command takes from accepting to keeping the promise."""


@dataclass(frozen=True)
class Accepted:
    """Who accepted, and a client's key if there is one to show."""

    recorded: Recorded | None
    """The last fact; None when all of it had happened before."""
    user: str
    invitation: Row
    key: Secret | None


def secret_of(world: World, invitation: str, number: int) -> str:
    """The secret of an invitation, made again whenever a message needs it."""
    return invitations.secret(purpose_key(world.secret_key, PURPOSE), invitation, number)


def hash_of(world: World, secret: str) -> str:
    """Under which a secret is looked up."""
    return keyed_hash(world.secret_key, PURPOSE, secret)


async def room(world: World, organisation: str, *, cause: Cause) -> None:
    """Refuse TOO_MANY when the organisation has too many invitations; the repeat of one that is there is no more."""
    new = derived("invitation", cause.causation_id)
    if await state(world, INVITATION, organisation, new) is not None:
        return
    async with world.database.reading() as connection:
        invitations.room(await stored.recent(connection, organisation, clock.now()))


async def invite_member(
    world: World, organisation: str, *, email: str, role: OrganisationRole, inviter: str, cause: Cause
) -> tuple[str, Recorded]:
    """Ask somebody to become a member. What is answered does not depend on whether the address is known."""
    promise = {"kind": "member", "role": role}
    return await _send(world, organisation, email=email, promise=promise, inviter=inviter, cause=cause)


async def invite_client(  # noqa: PLR0913 - whom, to what, by whom
    world: World, organisation: str, *, project: str, client: str, email: str, inviter: str, cause: Cause
) -> tuple[str, Recorded]:
    """Ask somebody to follow a project as its client. Errors as of `invite_member`."""
    promise = {"kind": "client", "project": project, "client": client}
    return await _send(world, organisation, email=email, promise=promise, inviter=inviter, cause=cause)


async def resend(world: World, row: Row, *, cause: Cause) -> Recorded | None:
    """Another secret, another message."""
    now = clock.now()

    def verb(invitation: invitations.Invitation | None) -> said.InvitationResent:
        number = invitations.waiting(invitation).number + 1
        token_hash = hash_of(world, secret_of(world, row["id"], number))
        expires_at = clock.text(now + invitations.LIFE)
        return invitations.resend(invitation, token_hash=token_hash, expires_at=expires_at, at=now)

    return await decide(world, INVITATION, row["organisation"], row["id"], cause=cause, verb=verb)


async def withdraw(world: World, row: Row, *, cause: Cause) -> Recorded | None:
    return await decide(world, INVITATION, row["organisation"], row["id"], cause=cause, verb=invitations.withdraw)


async def found(world: World, secret: str) -> Row:
    """The invitation that a secret opens now. Refuses NOT_FOUND alike whatever is wrong with it."""
    row = None
    if invitations.fits(secret):
        async with world.database.reading() as connection:
            row = await stored.by_token(connection, hash_of(world, secret))
    if row is None or row["withdrawn"] or (row["user_id"] is None and row["expires_at"] <= clock.now()):
        raise invitations.unknown()
    return row


async def accept(
    world: World, secret: str, *, user: str | None, person: Mapping[str, Any] | None, cause: Cause
) -> Accepted:
    """Take an invitation as the signed-in `user`, or as a new user made from `person`.

    Refuses UNAUTHENTICATED when the address belongs to somebody, who then has to sign in first.
    """
    row = await found(world, secret)
    command = _caused(cause, row["id"], "accept", cause.causation_id)
    if user is None and row["user_id"] is not None and not await _done(world, row, command):
        raise invitations.unknown()
    who = user if user is not None else await _newcomer(world, row, person, cause)
    await decide(
        world,
        INVITATION,
        row["organisation"],
        row["id"],
        cause=command,
        verb=lambda known: invitations.accept(known, user=who, token_hash=hash_of(world, secret), at=clock.now()),
    )
    recorded, key = await honour(world, {**row, "user_id": who}, cause=_caused(cause, row["id"], "honour", who))
    return Accepted(recorded, who, row, key)


async def honour(world: World, row: Row, *, cause: Cause) -> tuple[Recorded | None, Secret | None]:
    """What an accepted invitation promised: membership, or a look into the project and a client's key.

    What is there already, or cannot be any more because the project is gone, counts as kept.
    """
    key = None
    try:
        if row["kind"] == "member":
            await people.add_member(world, row["organisation"], user=row["user_id"], role=row["role"], cause=cause)
        else:
            key = await _client(world, row, cause)
    except Refused as refused:
        if refused.code != "NOT_FOUND" and refused.reason != "CONFLICT":
            raise
    done = await decide(world, INVITATION, row["organisation"], row["id"], cause=cause, verb=invitations.honour)
    return done, key


async def sweep(world: World, *, left_alone: timedelta = LEFT_ALONE) -> None:
    """Keep promises that were cut off between accepting and keeping."""
    async with world.database.reading() as connection:
        rows = await stored.left_behind(connection, clock.now() - left_alone)
    for row in rows:
        actor = Actor(type="system", id="registry", via="sweep")
        command = derived("registry", "sweep", row["id"])
        await honour(world, row, cause=_caused(Cause(actor, command, command), row["id"], "honour", row["user_id"]))


async def _client(world: World, row: Row, cause: Cause) -> Secret:
    try:
        await projects.grant(
            world,
            row["organisation"],
            row["project"],
            user=row["user_id"],
            role="viewer",
            held="admin",
            cause=cause,
        )
    except Refused as refused:
        if refused.reason != "CONFLICT":
            raise
    return await keys.issue(
        world,
        row["organisation"],
        kind="client",
        target=row["project"],
        client=row["client"],
        name="client",
        cause=cause,
    )


async def _newcomer(world: World, row: Row, person: Mapping[str, Any] | None, cause: Cause) -> str:
    """A user with the address that was invited. His id follows from the invitation, so that two tries make one."""
    new = derived("user", row["id"])
    if row["user_id"] is not None and row["user_id"] != new:
        raise invitations.unknown()
    async with world.database.reading() as connection:
        known = await stored_people.user_by_email(connection, row["email_hash"])
    if person is None or (known is not None and known["id"] != new):
        raise Refused(
            UNAUTHENTICATED,
            "Who are you?" if person is None else "The address of this invitation has an account.",
            "Sign in and accept again." if person is not None else "Sign in, or say username and password.",
            reason="SIGN_IN",
        )
    email = await world.sealer.open(row["email"])
    if email is None:
        raise invitations.unknown()
    wanted = Person(email, person["username"], person.get("displayName"), person["password"])
    if await state(world, USER, PLATFORM, new) is None:
        await people.register_user(world, wanted, id=new, cause=_caused(cause, row["id"], "register", new))
    elif row["user_id"] is None:
        # He came this far before and was cut off: the password he says now is the one he will remember.
        kept = await passwords.hash(wording.password(wanted.password))
        async with world.database.transaction() as connection:
            await secrets.replace(connection, new, kept)
    return new


async def _send(
    world: World, organisation: str, *, email: str, promise: Mapping[str, Any], inviter: str, cause: Cause
) -> tuple[str, Recorded]:
    new, now = derived("invitation", cause.causation_id), clock.now()
    address = wording.email(email)
    await room(world, organisation, cause=cause)
    fact = said.InvitationSent(
        invitation=new,
        organisation=organisation,
        email=await world.sealer.seal(new, address),
        email_hash=people.hash_of_email(world, address),
        inviter=inviter,
        token_hash=hash_of(world, secret_of(world, new, 1)),
        number=1,
        expires_at=clock.text(now + invitations.LIFE),
        **promise,
    )
    recorded = await decide(world, INVITATION, organisation, new, cause=cause, verb=lambda _: fact)
    assert recorded is not None, "an invitation always says something"
    return new, recorded


async def _done(world: World, row: Row, command: Cause) -> bool:
    """Whether this very command was carried out before."""
    history = await world.log.load(INVITATION.subject(row["organisation"], row["id"]))
    return earlier(history, command) is not None


def _caused(cause: Cause, *parts: str) -> Cause:
    """The same cause under a command id that follows from the invitation."""
    return Cause(cause.actor, derived("invitation", *parts), cause.correlation_id, cause.request_id, cause.traceparent)
