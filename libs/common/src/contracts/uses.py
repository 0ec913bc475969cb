"""Which personal access tokens were accepted, minute by minute, as workers of the gateway tell it on ACCESS (P 3.13).

Told once and forgotten: it is no fact of the log, nothing is decided by it, and a message that is lost makes
`lastUsedAt` older than it could be.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

SUBJECT: Final = "access.gateway.tokens"
MINUTE_MS: Final = 60_000


class TokenUses(BaseModel):
    """Tokens that one worker accepted in a minute and has not told before. Several messages may tell of one minute."""

    model_config = ConfigDict(frozen=True)

    minute_ms: int
    """Beginning of the minute: milliseconds since the epoch, UTC."""
    tokens: tuple[str, ...]
    """Ids of the tokens."""
