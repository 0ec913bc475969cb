"""Environment keys (C 1.5): a secret that opens environments; shown once, then only its prefix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Final, Literal, assert_never

from common.errors import conflict, not_found
from contracts import registry as said
from registry.domain import wording

Kind = Literal["service", "project", "client"]
PREFIXES: Final[dict[Kind, str]] = {"service": "msk_", "project": "mpk_", "client": "mck_"}
SHOWN_CHARS: Final = 12

KeyEvent = said.KeyIssued | said.KeyRotated | said.KeyRevoked


@dataclass(frozen=True)
class Key:
    """A key and what it opens."""

    AUDITED: ClassVar = ("kind", "target", "client", "name", "prefix", "expires_at", "revoked")
    id: str
    organisation: str
    kind: Kind
    target: str
    client: str | None
    name: str
    prefix: str
    key_hash: str
    expires_at: str | None
    revoked: bool = False


def fold(history: Iterable[KeyEvent]) -> Key | None:
    """The key that its facts make."""
    return reduce(evolve, history, None)


def evolve(key: Key | None, event: KeyEvent) -> Key:
    """The key after one more fact."""
    if isinstance(event, said.KeyIssued):
        return Key(
            id=event.key,
            organisation=event.organisation,
            kind=event.kind,
            target=event.target,
            client=event.client,
            name=event.name,
            prefix=event.prefix,
            key_hash=event.key_hash,
            expires_at=event.expires_at,
        )
    assert key is not None, "a key is issued before anything else happens to it"
    match event:
        case said.KeyRotated():
            return replace(key, prefix=event.prefix, key_hash=event.key_hash)
        case said.KeyRevoked():
            return replace(key, revoked=True)
        case _:
            assert_never(event)


def issue(  # noqa: PLR0913 - what a key is made of
    key: Key | None,
    *,
    id: str,
    organisation: str,
    kind: Kind,
    target: str,
    client: str | None,
    name: str,
    secret: str,
    key_hash: str,
    expires_at: str | None,
) -> said.KeyIssued:
    """A new key to a service or project; `client` exactly when its calls are a client's."""
    assert key is None, "ids of new keys are fresh"
    assert (client is not None) == (kind == "client"), "a client key, and no other, names its client"
    return said.KeyIssued(
        key=id,
        organisation=organisation,
        kind=kind,
        target=target,
        client=client,
        name=wording.line(name, field="name", chars=wording.TITLE_CHARS),
        prefix=secret[:SHOWN_CHARS],
        key_hash=key_hash,
        expires_at=expires_at,
    )


def rotate(key: Key | None, *, secret: str, key_hash: str) -> said.KeyRotated:
    """A new secret; the old one is dead at once. A revoked key stays dead."""
    known = existing(key)
    if known.revoked:
        raise conflict(f"Key {known.prefix!r} is revoked.", "Create a new one.")
    return said.KeyRotated(
        key=known.id, organisation=known.organisation, prefix=secret[:SHOWN_CHARS], key_hash=key_hash
    )


def revoke(key: Key | None) -> said.KeyRevoked | None:
    """The key opens nothing any more; saying so twice is fine."""
    known = existing(key)
    return None if known.revoked else said.KeyRevoked(key=known.id, organisation=known.organisation)


def existing(key: Key | None) -> Key:
    """The key, which must be there."""
    if key is None:
        raise not_found("Key", "")
    return key
