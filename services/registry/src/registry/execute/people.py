"""Commands about organisations, users, sessions and tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from common import clock, passwords
from common.errors import UNAUTHENTICATED, Refused, conflict
from common.events import Actor
from common.ids import derived
from common.log import Cause, Recorded
from common.sealing import keyed_hash
from contracts.access import OrganisationRole
from contracts.names import PLATFORM
from registry.domain import organisations, sessions, throttle, tokens, users, wording
from registry.execute.deciding import ORGANISATION, SESSION, TOKEN, USER, World, decide
from registry.store import guesses, people, secrets

NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Xw2mWmTLwCJ3uUOnTjfKUMsq2uJD0cgvqk5gkAj8Tgo"
"""Checked when there is no such user, so that the answer takes as long."""


@dataclass(frozen=True)
class Person:
    """What somebody is registered with, in clear text."""

    email: str
    username: str
    display_name: str | None
    password: str


@dataclass(frozen=True)
class Caller:
    """Where a request came from, in clear text."""

    client_ip: str | None
    user_agent: str | None


@dataclass(frozen=True)
class Secret:
    """A fact that issued a secret, and the secret itself: None when the fact is an earlier one (DESIGN 2.11)."""

    recorded: Recorded
    id: str
    value: str | None


async def register_user(world: World, person: Person, *, id: str, cause: Cause, operator: bool = False) -> Recorded:
    """A new user: the password into the vault, the rest sealed into the log. Refuses CONFLICT for a taken address."""
    email = wording.email(person.email, field="email")
    username = wording.username(person.username)
    shown = wording.line(person.display_name, field="displayName", chars=(1, 100)) if person.display_name else None
    kept = await passwords.hash(wording.password(person.password))
    async with world.database.transaction() as connection:
        await secrets.keep_first(connection, id, kept)
    email_hash = hash_of_email(world, email)
    username_hash = keyed_hash(world.secret_key, "username", wording.username_key(username))
    fact = users.register(
        None,
        id=id,
        username=await world.sealer.seal(id, username),
        email=await world.sealer.seal(id, email),
        email_hash=email_hash,
        display_name=await world.sealer.seal(id, shown) if shown else None,
        operator=operator,
    )
    try:
        recorded = await decide(
            world,
            USER,
            PLATFORM,
            id,
            cause=cause,
            verb=lambda _: fact,
            claims=lambda _: users.claims(id, email_hash=email_hash, username_hash=username_hash),
        )
    except Refused as refused:
        if refused.reason == "CONFLICT":
            raise conflict("The e-mail address or the user name is taken.", "Choose another one.") from None
        raise
    assert recorded is not None, "a registration always says something"
    return recorded


async def disable_user(world: World, id: str, *, by: str, cause: Cause) -> Recorded | None:
    return await decide(world, USER, PLATFORM, id, cause=cause, verb=lambda user: users.disable(user, by=by))


async def sign_in(
    world: World, email: str, password: str, *, caller: Caller, cause: Cause
) -> tuple[Secret, str, datetime]:
    """A session: its secret, its user, its end. Refuses UNAUTHENTICATED alike whatever is wrong."""
    email_hash = hash_of_email(world, email)
    async with world.database.transaction() as connection:
        seconds = await guesses.guess(connection, email_hash, clock.now())
    if seconds:
        raise throttle.refused(seconds)
    async with world.database.reading() as connection:
        user = await people.user_by_email(connection, email_hash)
        known = await secrets.hash_of(connection, user["id"]) if user else None
    fits = await passwords.verify(known or NOBODYS_HASH, password)
    if user is None or known is None or not fits or user["disabled"]:
        raise Refused(UNAUTHENTICATED, "E-mail address or password is wrong.")
    async with world.database.transaction() as connection:
        await guesses.right(connection, email_hash)
    return await _start_session(world, user["id"], caller, cause)


async def sign_out(world: World, id: str, *, cause: Cause) -> Recorded | None:
    return await decide(world, SESSION, PLATFORM, id, cause=cause, verb=sessions.end)


async def change_password(world: World, id: str, *, current: str, new: str, cause: Cause) -> Recorded | None:
    """Another password; all sessions end. Refuses UNAUTHENTICATED when the current one is wrong."""
    wording.password(new, field="new")
    throttled = keyed_hash(world.secret_key, "password change", id)
    async with world.database.transaction() as connection:
        seconds = await guesses.guess(connection, throttled, clock.now())
        known = await secrets.hash_of(connection, id)
    if seconds:
        raise throttle.refused(seconds)
    if known is None or not await passwords.verify(known, current):
        raise Refused(UNAUTHENTICATED, "The current password is wrong.", field="current")
    kept = await passwords.hash(new)
    async with world.database.transaction() as connection:
        await guesses.right(connection, throttled)
        await secrets.replace(connection, id, kept)
    return await decide(world, USER, PLATFORM, id, cause=cause, verb=users.change_password)


async def create_organisation(
    world: World, *, id: str, name: str, slug: str | None, founder: str, cause: Cause
) -> Recorded:
    """An organisation under the given slug, or under the first free one that follows from its name."""
    wording.line(name, field="name", chars=wording.TITLE_CHARS)
    candidates = [wording.slug(slug)] if slug is not None else _candidates(wording.slug_of(name))
    if slug is None:
        async with world.database.reading() as connection:
            taken = await people.slugs_taken(connection, candidates)
        candidates = [each for each in candidates if each not in taken] or candidates[:1]
    for candidate in candidates:
        try:
            return await _register_organisation(world, id, name, candidate, founder, cause)
        except Refused as refused:
            if refused.reason != "CONFLICT" or slug is not None:
                raise
    raise conflict(f"No slug that follows from {name!r} is free.", "Choose one yourself.")


async def add_member(
    world: World, organisation: str, *, user: str, role: OrganisationRole, cause: Cause
) -> Recorded | None:
    return await decide(
        world,
        ORGANISATION,
        organisation,
        organisation,
        cause=cause,
        verb=lambda known: organisations.add_member(known, user=user, role=role),
    )


async def change_role(
    world: World, organisation: str, *, user: str, role: OrganisationRole, cause: Cause
) -> Recorded | None:
    return await decide(
        world,
        ORGANISATION,
        organisation,
        organisation,
        cause=cause,
        verb=lambda known: organisations.change_role(known, user=user, role=role),
    )


async def remove_member(world: World, organisation: str, *, user: str, cause: Cause) -> Recorded | None:
    return await decide(
        world,
        ORGANISATION,
        organisation,
        organisation,
        cause=cause,
        verb=lambda known: organisations.remove_member(known, user=user),
    )


async def create_token(
    world: World, *, user: str, name: str, expires_at: str | None, parent: str | None, cause: Cause
) -> Secret:
    """A personal access token; `parent` is the expiry of the token it is made with."""
    new = derived("token", cause.causation_id)
    secret = clock.secret(tokens.PREFIX)
    async with world.database.reading() as connection:
        live = await people.live_tokens(connection, user, clock.now())
    recorded = await decide(
        world,
        TOKEN,
        PLATFORM,
        new,
        cause=cause,
        verb=lambda token: tokens.create(
            token,
            id=new,
            user=user,
            name=name,
            secret=secret,
            token_hash=keyed_hash(world.secret_key, "token", secret),
            expires_at=tokens.capped(expires_at, parent),
            live=live,
        ),
    )
    return issued(recorded, new, secret, "token_hash", keyed_hash(world.secret_key, "token", secret))


async def revoke_token(world: World, id: str, *, cause: Cause) -> Recorded | None:
    return await decide(world, TOKEN, PLATFORM, id, cause=cause, verb=tokens.revoke)


async def delete_token(world: World, id: str, *, cause: Cause) -> Recorded | None:
    return await decide(world, TOKEN, PLATFORM, id, cause=cause, verb=tokens.delete)


async def sealed(world: World, person: str, value: str | None) -> str | None:
    """A value that is personal, as it may stand in a fact."""
    return await world.sealer.seal(person, value) if value else None


def hash_of_email(world: World, email: str) -> str:
    """Under which an address is looked up."""
    return keyed_hash(world.secret_key, "email", wording.email_key(email))


def issued(recorded: Recorded | None, id: str, secret: str, member: str, hash: str) -> Secret:
    """The secret of a fact, unless the fact is that of an earlier sending of the command."""
    assert recorded is not None, "issuing always says something"
    return Secret(recorded, id, secret if recorded.envelope.data[member] == hash else None)


async def _start_session(world: World, user: str, caller: Caller, cause: Cause) -> tuple[Secret, str, datetime]:
    # Never derived from the command: somebody who has no name yet shares his command ids with everybody.
    new, secret, end = clock.new_id(), clock.secret("mss_"), clock.now() + sessions.LIFE
    hashed = keyed_hash(world.secret_key, "token", secret)
    actor = Actor(
        type="user",
        id=user,
        via="password",
        client_ip=await sealed(world, user, caller.client_ip),
        user_agent=await sealed(world, user, caller.user_agent),
    )
    recorded = await decide(
        world,
        SESSION,
        PLATFORM,
        new,
        cause=replace(cause, actor=actor),
        verb=lambda session: sessions.start(session, id=new, user=user, token_hash=hashed, expires_at=clock.text(end)),
    )
    return issued(recorded, new, secret, "token_hash", hashed), user, end


async def _register_organisation(world: World, id: str, name: str, slug: str, founder: str, cause: Cause) -> Recorded:
    recorded = await decide(
        world,
        ORGANISATION,
        id,
        id,
        cause=cause,
        verb=lambda known: organisations.register(known, id=id, name=name, slug=slug, founder=founder),
        claims=lambda _: (organisations.slug_claim(slug, id),),
    )
    assert recorded is not None, "a registration always says something"
    return recorded


def _candidates(slug: str) -> list[str]:
    return [slug, *wording.alternatives(slug)]
