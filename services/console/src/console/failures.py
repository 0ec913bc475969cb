"""What went wrong, as a person at a terminal or a script is told: message, hint, code and exit code.

Exit codes: 0 done · 1 refused (also: a record that is not what was recorded) · 2 wrong usage, or a file that cannot be
judged · 3 nobody answers · 4 a deployment failed or did not end in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
NOT_DEPLOYED: Final = 4


class Failure(Exception):  # noqa: N818 - an answer, printed once at the end of the command
    """Ends the command."""

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        code: str = "REFUSED",
        exit_code: int = REFUSED,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.exit_code = exit_code
        self.reason = reason
        self.details = dict(details or {})

    def told(self) -> dict[str, Any]:
        """The failure as a JSON value."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                **({"reason": self.reason} if self.reason else {}),
                **({"hint": self.hint} if self.hint else {}),
                **self.details,
            }
        }


def usage(message: str, hint: str | None = None) -> Failure:
    """The command was given wrongly."""
    return Failure(message, hint, code="USAGE", exit_code=USAGE)


def unreachable(message: str, hint: str | None = None) -> Failure:
    """Nobody answers."""
    return Failure(message, hint, code="UNREACHABLE", exit_code=UNREACHABLE)
