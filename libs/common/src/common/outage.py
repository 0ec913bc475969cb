"""Tells what passes by itself from what is broken: a server that restarts is not our bug, and callers may try again."""

from __future__ import annotations

from typing import Final

import asyncpg
import nats.errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.errors import SERVICE_UNAVAILABLE, Refused
from common.stream import ApiError, Unavailable

AWAY: Final = ("08", "53", "57", "58")
"""SQLSTATE classes of a server that is away: connection, resources, shutdown and cancelling, input and output."""
REASON: Final = "OUTAGE"


def away(error: BaseException | None) -> bool:
    """Whether PostgreSQL or NATS could not be asked, so that the same may work later."""
    match error:
        case DBAPIError():
            state = getattr(error.orig, "sqlstate", None)
            return error.connection_invalidated or state is None or str(state).startswith(AWAY)
        case asyncpg.PostgresError():
            return str(error.sqlstate).startswith(AWAY)
        case ConnectionError() | TimeoutError() | PoolTimeoutError() | asyncpg.InterfaceError():
            return True
        case nats.errors.Error() | ApiError() | Unavailable():
            return True
        case _:
            return False


def refusal(idempotency_key: str | None) -> Refused:
    """What a caller is told. With a key, what was asked is a change that may have happened (P 1.2)."""
    message = "A server that is needed for this cannot be reached at the moment."
    if idempotency_key is None:
        return Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason=REASON)
    return Refused(
        SERVICE_UNAVAILABLE,
        f"{message} The change may have happened.",
        f"Send the same request again with the header Idempotency-Key: {idempotency_key}; it will not happen twice.",
        reason="OUTCOME_UNKNOWN",
        details={"idempotencyKey": idempotency_key},
    )
