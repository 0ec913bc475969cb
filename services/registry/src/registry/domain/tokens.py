"""Personal access tokens (P 3.13): a person's rights for a program, until revoked, deleted or expired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Final, assert_never

from common.errors import bad_input, not_found
from contracts import registry as said
from registry.domain import wording

PREFIX: Final = "pfy_"
SHOWN_CHARS: Final = 12
"""How much of a token its owner sees again."""
LIVE_MAX: Final = 100

TokenEvent = said.TokenCreated | said.TokenRevoked | said.TokenDeleted


@dataclass(frozen=True)
class Token:
    """One token of one user."""

    AUDITED: ClassVar = ("user", "name", "prefix", "expires_at", "revoked")
    id: str
    user: str
    name: str
    prefix: str
    token_hash: str
    expires_at: str | None
    revoked: bool = False
    deleted: bool = False


def fold(history: Iterable[TokenEvent]) -> Token | None:
    """The token that its facts make."""
    return reduce(evolve, history, None)


def evolve(token: Token | None, event: TokenEvent) -> Token:
    """The token after one more fact."""
    if isinstance(event, said.TokenCreated):
        return Token(event.token, event.user, event.name, event.prefix, event.token_hash, event.expires_at)
    assert token is not None, "a token is created before anything else happens to it"
    match event:
        case said.TokenRevoked():
            return replace(token, revoked=True)
        case said.TokenDeleted():
            return replace(token, deleted=True)
        case _:
            assert_never(event)


def create(  # noqa: PLR0913 - what a token is made of
    token: Token | None,
    *,
    id: str,
    user: str,
    name: str,
    secret: str,
    token_hash: str,
    expires_at: str | None,
    live: int,
) -> said.TokenCreated:
    """A new token; an expiry in the past is accepted and makes it useless. Refuses past `LIVE_MAX` live ones."""
    assert token is None, "ids of new tokens are fresh"
    if live >= LIVE_MAX:
        raise bad_input(f"You have {live} live tokens.", "Revoke or delete those you no longer use.", reason="TOO_MANY")
    return said.TokenCreated(
        token=id,
        user=user,
        name=wording.line(name, field="name", chars=wording.TITLE_CHARS),
        prefix=secret[:SHOWN_CHARS],
        token_hash=token_hash,
        expires_at=expires_at,
    )


def capped(expires_at: str | None, parent: str | None) -> str | None:
    """A token made with a token does not outlive it. Both are RFC 3339 in UTC, so text order is time order."""
    given = [moment for moment in (expires_at, parent) if moment is not None]
    return min(given, default=None)


def revoke(token: Token | None) -> said.TokenRevoked | None:
    """The token can no longer be used; saying so twice is fine."""
    known = existing(token)
    return None if known.revoked else said.TokenRevoked(token=known.id, user=known.user)


def delete(token: Token | None) -> said.TokenDeleted:
    """The token leaves the lists as well."""
    known = existing(token)
    return said.TokenDeleted(token=known.id, user=known.user)


def existing(token: Token | None) -> Token:
    """The token, which must be there."""
    if token is None or token.deleted:
        raise not_found("PersonalAccessToken", token.id if token else "")
    return token
