"""Sessions: a person signed in with a password, for twelve hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from typing import ClassVar, Final, assert_never

from common.errors import not_found
from contracts import registry as said

LIFE: Final = timedelta(hours=12)

SessionEvent = said.SessionStarted | said.SessionEnded


@dataclass(frozen=True)
class Session:
    """One sign-in."""

    AUDITED: ClassVar = ("user", "expires_at", "ended")
    id: str
    user: str
    expires_at: str
    ended: bool = False


def fold(history: Iterable[SessionEvent]) -> Session | None:
    """The session that its facts make."""
    return reduce(evolve, history, None)


def evolve(session: Session | None, event: SessionEvent) -> Session:
    """The session after one more fact."""
    match event:
        case said.SessionStarted():
            return Session(event.session, event.user, event.expires_at)
        case said.SessionEnded():
            assert session is not None, "a session ends after it started"
            return replace(session, ended=True)
        case _:
            assert_never(event)


def start(session: Session | None, *, id: str, user: str, token_hash: str, expires_at: str) -> said.SessionStarted:
    """A new session."""
    assert session is None, "ids of new sessions are fresh"
    return said.SessionStarted(session=id, user=user, token_hash=token_hash, expires_at=expires_at)


def end(session: Session | None) -> said.SessionEnded | None:
    """The session opens nothing any more."""
    if session is None:
        raise not_found("Session", "")
    return None if session.ended else said.SessionEnded(session=session.id, user=session.user)
