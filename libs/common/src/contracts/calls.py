"""A sealed batch of calls on stream CALLS, subject `calls.<gateway>.<epoch>` (DESIGN 6, MA 5).

A call is a row (list) to keep batches small; `CALL` names its columns. Batches of one gateway epoch are numbered from
1 without gaps, and each is appended with the stream sequence of the one before as its expectation.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

CallClass = Literal["ok", "partial", "client_error", "limited", "upstream_error", "introspection", "health"]
BILLABLE: Final[frozenset[str]] = frozenset({"ok", "partial"})

CALL: Final = (
    "id",  # call id: `<gateway>-<epoch>-<n>`, unique for ever
    "environment",  # environment id
    "kind",  # private | demo | dev | stage | prod
    "instance",  # instance id or null
    "service",  # service id
    "project",  # project id or null
    "organisation",
    "client",  # client id of the key in use, or null
    "credential",  # key, token or session id, or null
    "class",  # CallClass
    "at",  # outcome known: milliseconds since the epoch, UTC
    "duration_us",
    "bytes_in",
    "bytes_out",
    "operation",  # operation name, or null
    "hash",  # first 16 hex digits of the document's SHA-256, or null
    "version",  # schema version that answered, or null
    "code",  # error code of a call that was refused or failed, or null; missing in rows written before it existed
)

TIMES: Final = len(CALL)
"""Where a row that has one column more says how many calls it stands for.

Calls of class `limited` that were refused alike within a second share such a row, so that a flood of them fills no log.
Its bytes and its duration are sums, its id is that of no single answer.
"""


class Batch(BaseModel):
    """One message of CALLS."""

    model_config = ConfigDict(frozen=True)

    gateway: str
    epoch: int
    number: int
    """1, 2, 3 ... within the epoch."""
    calls: list[list[Any]]
    """Rows in the order of `CALL`, some with `TIMES` behind it. Empty in a watermark or fence."""
    watermark_ms: int
    """All calls of this gateway whose outcome was known before this instant are in this or an earlier batch."""
    final: bool = False
    """The epoch is closed; nothing follows on this subject."""
