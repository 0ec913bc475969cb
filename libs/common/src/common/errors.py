"""Refusals: an expected no, said so that the caller can do something about it."""

from __future__ import annotations

from typing import Any, Final

UNAUTHENTICATED: Final = "UNAUTHENTICATED"
FORBIDDEN: Final = "FORBIDDEN"
NOT_FOUND: Final = "NOT_FOUND"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
SERVICE_UNAVAILABLE: Final = "SERVICE_UNAVAILABLE"
INTERNAL: Final = "INTERNAL_SERVER_ERROR"
RATE_LIMITED: Final = "RATE_LIMITED"

MESSAGE_CHARACTERS_MAX: Final = 2000
QUOTED_CHARACTERS_MAX: Final = 100
"""Of somebody's text inside our message."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """An expected no (P 1.2).

    `code` is one of the constants above and never changes; `message` names the offending value; `hint` says what to
    do; `reason` refines the code (`CONFLICT`, `TOO_LONG`, `DEPLOYMENT_RUNNING` ...); `field` is the input path;
    `details` are further machine-readable facts (JSON values).
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        *,
        reason: str | None = None,
        field: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = shortened(message, MESSAGE_CHARACTERS_MAX)
        self.hint = hint
        self.reason = reason
        self.field = field
        self.details = details or {}

    def extensions(self) -> dict[str, Any]:
        """The `extensions` member of a GraphQL error."""
        optional = {"reason": self.reason, "field": self.field, "hint": self.hint}
        return {"code": self.code, **{key: value for key, value in optional.items() if value}, **self.details}


def not_found(what: str, ref: str) -> Refused:
    """What does not exist, or what the caller may not see: the two look alike on purpose."""
    return Refused(NOT_FOUND, f"{what} not found: {shortened(ref)!r}")


def shortened(text: str, most: int = QUOTED_CHARACTERS_MAX) -> str:
    """At most so many characters of a text: an answer is not larger than its question."""
    return text if len(text) <= most else text[: most - 1] + "…"


def bad_input(message: str, hint: str | None = None, *, reason: str | None = None, field: str | None = None) -> Refused:
    """A value that cannot be accepted."""
    return Refused(BAD_USER_INPUT, message, hint, reason=reason, field=field)


def conflict(message: str, hint: str | None = None, *, details: dict[str, Any] | None = None) -> Refused:
    """Something is in the way: a taken name, a running deployment, instances that still exist."""
    return Refused(BAD_USER_INPUT, message, hint, reason="CONFLICT", details=details)


def forbidden(message: str, hint: str | None = None) -> Refused:
    """The caller sees the object but his role is too low."""
    return Refused(FORBIDDEN, message, hint)
