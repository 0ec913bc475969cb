"""Proofs as they leave the house: one document from which a stranger judges a record offline (MA 7.6)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from audit.domain.heads import Head
from proof import notes, verify


def bundle(
    *, leaf: bytes, event: bytes, index: int, hashes: Sequence[bytes], head: Head, key: notes.Key
) -> dict[str, Any]:
    """The document that `proof.verify` reads. Bytes that are no text are left out: their hash stands in the leaf."""
    document: dict[str, Any] = {
        "format": verify.BUNDLE,
        "leaf": leaf.decode(),
        "index": index,
        "size": head.size,
        "hashes": [value.hex() for value in hashes],
        "checkpoint": head.note,
        "key": str(key),
    }
    with suppress(UnicodeDecodeError):
        document["event"] = event.decode()
    return document
