"""Users: people who can sign in. What is personal stands here as sealed tokens only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, assert_never

from common.claims import Claim
from common.errors import conflict, not_found
from contracts import registry as said

UserEvent = said.UserRegistered | said.UserDisabled | said.PasswordChanged


@dataclass(frozen=True)
class User:
    """A person. `passwords` counts the passwords he has had."""

    AUDITED: ClassVar = ("operator", "disabled", "passwords")
    id: str
    email_hash: str
    operator: bool
    disabled: bool = False
    passwords: int = 1


def fold(history: Iterable[UserEvent]) -> User | None:
    """The user that his facts make."""
    return reduce(evolve, history, None)


def evolve(user: User | None, event: UserEvent) -> User:
    """The user after one more fact."""
    if isinstance(event, said.UserRegistered):
        return User(event.user, event.email_hash, event.operator)
    assert user is not None, "a user is registered before anything else happens to him"
    match event:
        case said.UserDisabled():
            return replace(user, disabled=True)
        case said.PasswordChanged():
            return replace(user, passwords=user.passwords + 1)
        case _:
            assert_never(event)


def claims(user: str, *, email_hash: str, username_hash: str) -> tuple[Claim, ...]:
    """Address and user name are one person's; keyed hashes, because a claim is for ever."""
    owner = f"user.{user}"
    return (Claim("user.email", email_hash, owner), Claim("user.username", username_hash, owner))


def register(  # noqa: PLR0913 - what a person is registered with
    user: User | None,
    *,
    id: str,
    username: str,
    email: str,
    email_hash: str,
    display_name: str | None = None,
    operator: bool = False,
) -> said.UserRegistered:
    """A new user. `username`, `email` and `display_name` are sealed tokens."""
    assert user is None, "ids of new users are fresh"
    return said.UserRegistered(
        user=id,
        username=username,
        email=email,
        email_hash=email_hash,
        display_name=display_name,
        operator=operator,
    )


def disable(user: User | None, *, by: str) -> said.UserDisabled | None:
    """The user can no longer sign in. Refuses CONFLICT for oneself: somebody must be left to undo mistakes."""
    known = existing(user)
    if known.id == by:
        raise conflict("You cannot disable yourself.", "Ask another operator.")
    return None if known.disabled else said.UserDisabled(user=known.id)


def change_password(user: User | None) -> said.PasswordChanged:
    """The user has a new password."""
    return said.PasswordChanged(user=existing(user).id)


def existing(user: User | None) -> User:
    """The user, who must be there."""
    if user is None:
        raise not_found("User", "")
    return user
