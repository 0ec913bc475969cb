"""Ids that follow from what they name: the same command or thing gets the same id in every process, for ever."""

from __future__ import annotations

import uuid
from typing import Final

NAMESPACE: Final = uuid.UUID("6d6f7274-6973-5e00-8000-6d6f72746973")
"""Root of every derived id. What has been derived stands in the log, so this value never changes."""


def derived(*parts: str) -> str:
    """A UUIDv5 from parts that never contain a NUL."""
    return str(uuid.uuid5(NAMESPACE, "\0".join(parts)))


def command_id(principal: str, key: str, response_key: str) -> str:
    """The id of a command a client may repeat (DESIGN 2.11): `key` is its Idempotency-Key, `response_key` the field."""
    return derived("command", principal, key, response_key)
