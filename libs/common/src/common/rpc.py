"""Request and reply on NATS, carried by FastStream: a failed handler still answers (DESIGN 2.14)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Ask(BaseModel):
    """One self-contained GraphQL operation for one owner, sent to `api.<service>` (DESIGN 3)."""

    model_config = ConfigDict(frozen=True)

    query: str
    variables: dict[str, Any] = {}
    operation_name: str | None = None
    principal: dict[str, Any]
    """`contracts.access.Principal` as JSON; plumbing does not look inside."""
    request_id: str
    idempotency_key: str | None = None
    """The client's Idempotency-Key; the command id derives from principal, key and response key (DESIGN 2.11)."""
    position: int = 0
    """The caller wants to read at least this log position; the owner waits up to 2 s for it (DESIGN 2.10)."""
    client_ip: str | None = None
    user_agent: str | None = None
    traceparent: str | None = None


class Answer(BaseModel):
    """GraphQL `data` and `errors`, and the log position that was read at or written."""

    model_config = ConfigDict(frozen=True)

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] | None = None
    position: int = 0
