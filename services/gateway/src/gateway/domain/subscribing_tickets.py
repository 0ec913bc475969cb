"""Tickets: how a browser's EventSource or WebSocket, which cannot send a token as a header, shows whose it is.

A ticket names the credential it was made with by its keyed hash, so it ends with it. It opens events and nothing else,
and does so for ten minutes: an address that stands in some log is soon worth nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

LIFE_MS: Final = 10 * 60 * 1000
PREFIX: Final = "met_"
_HASH_CHARACTERS: Final = 64
_MAC_BYTES: Final = 32


def ticket(key: bytes, hashed: str, until_ms: int) -> str:
    """A ticket for the credential with that keyed hash."""
    said = f"{hashed}{until_ms}".encode()
    return PREFIX + base64.urlsafe_b64encode(hmac.digest(key, said, "sha256") + said).decode().rstrip("=")


def credential(key: bytes, text: str, now_ms: int) -> str | None:
    """The keyed hash that a ticket names; None when it is none of ours, or is over."""
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(PREFIX) + "==")
    except (binascii.Error, ValueError):
        return None
    mac, said = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not text.startswith(PREFIX) or not hmac.compare_digest(mac, hmac.digest(key, said, "sha256")):
        return None
    hashed, until = said[:_HASH_CHARACTERS].decode(), int(said[_HASH_CHARACTERS:])
    return hashed if now_ms < until else None
