"""Commands about environment keys."""

from __future__ import annotations

from typing import Final

from common import clock
from common.ids import derived
from common.log import Cause, Recorded
from common.sealing import keyed_hash
from registry.domain import keys
from registry.domain.keys import Kind
from registry.execute.deciding import KEY, World, decide
from registry.execute.people import Secret, issued

PURPOSE: Final = "token"


async def issue(  # noqa: PLR0913 - what a key is made of
    world: World,
    organisation: str,
    *,
    kind: Kind,
    target: str,
    client: str | None = None,
    name: str,
    expires_at: str | None = None,
    cause: Cause,
) -> Secret:
    """A new key. Its id follows from the command, so that a repeat finds it and shows no secret."""
    new = derived("key", cause.causation_id)
    secret = clock.secret(keys.PREFIXES[kind])
    hashed = keyed_hash(world.secret_key, PURPOSE, secret)
    recorded = await decide(
        world,
        KEY,
        organisation,
        new,
        cause=cause,
        verb=lambda key: keys.issue(
            key,
            id=new,
            organisation=organisation,
            kind=kind,
            target=target,
            client=client,
            name=name,
            secret=secret,
            key_hash=hashed,
            expires_at=expires_at,
        ),
    )
    return issued(recorded, new, secret, "key_hash", hashed)


async def rotate(world: World, organisation: str, id: str, *, kind: Kind, cause: Cause) -> Secret:
    """Another secret for the same key."""
    secret = clock.secret(keys.PREFIXES[kind])
    hashed = keyed_hash(world.secret_key, PURPOSE, secret)
    recorded = await decide(
        world,
        KEY,
        organisation,
        id,
        cause=cause,
        verb=lambda key: keys.rotate(key, secret=secret, key_hash=hashed),
    )
    return issued(recorded, id, secret, "key_hash", hashed)


async def revoke(world: World, organisation: str, id: str, *, cause: Cause) -> Recorded | None:
    return await decide(world, KEY, organisation, id, cause=cause, verb=keys.revoke)
