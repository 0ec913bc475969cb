"""The first person of an installation: an operator, his organisation and his token, from the environment (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Mapping

from common.events import Actor
from common.ids import derived
from common.log import Cause
from common.sealing import keyed_hash
from contracts.names import PLATFORM
from registry.domain import tokens
from registry.execute import people
from registry.execute.deciding import ORGANISATION, TOKEN, USER, World, decide, state
from registry.execute.people import Person

OPERATOR = derived("registry", "operator")
ORGANISATION_ID = derived("registry", "operator", "organisation")
TOKEN_ID = derived("registry", "operator", "token")
PREFIX = "MORTISE_OPERATOR_"
DEFAULT_ORGANISATION = "Mortise"


async def ensure(world: World, environ: Mapping[str, str]) -> None:
    """The operator exists, if the environment names one. Every step is safe to repeat and to be cut off after."""
    email, password = environ.get(f"{PREFIX}EMAIL"), environ.get(f"{PREFIX}PASSWORD")
    if not email or not password:
        return
    if await state(world, USER, PLATFORM, OPERATOR) is None:
        person = Person(email=email, username="operator", display_name=None, password=password)
        await people.register_user(world, person, id=OPERATOR, cause=_cause("user"), operator=True)
    if await state(world, ORGANISATION, ORGANISATION_ID, ORGANISATION_ID) is None:
        name = environ.get(f"{PREFIX}ORGANISATION") or DEFAULT_ORGANISATION
        await people.create_organisation(
            world, id=ORGANISATION_ID, name=name, slug=None, founder=OPERATOR, cause=_cause("organisation")
        )
    if secret := environ.get(f"{PREFIX}TOKEN"):
        await _token(world, secret)


async def _token(world: World, secret: str) -> None:
    """The token by which the installation itself loads the demo and prints its first commands."""
    if await state(world, TOKEN, PLATFORM, TOKEN_ID) is not None:
        return
    await decide(
        world,
        TOKEN,
        PLATFORM,
        TOKEN_ID,
        cause=_cause("token"),
        verb=lambda token: tokens.create(
            token,
            id=TOKEN_ID,
            user=OPERATOR,
            name="bootstrap",
            secret=secret,
            token_hash=keyed_hash(world.secret_key, "token", secret),
            expires_at=None,
            live=0,
        ),
    )


def _cause(step: str) -> Cause:
    command = derived("registry", "operator", "command", step)
    return Cause(Actor(type="system", id="registry", via="bootstrap"), command, command)
