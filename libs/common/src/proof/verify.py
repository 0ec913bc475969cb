"""The offline judge of a history: whether this is what was recorded, and where in the log it stands (MA 7.6).

Two documents are understood. A *bundle* is one JSON object that proves one record:

    {"format": "mortise-proof/1", "leaf": "<canonical JSON>", "event": "<stored bytes as text>", "index": 5, "size": 8,
     "hashes": ["<hex>", ...], "checkpoint": "<signed note>", "key": "<verifier key>"}

An *export* is JSON lines: a manifest `{"format": "mortise-export/1", "count", "first", "last"}`, then one bundle a
line, indices rising. Every check is made from the document alone; nothing is asked of the service that wrote it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from proof import canonical, merkle, notes

BUNDLE: Final = "mortise-proof/1"
EXPORT: Final = "mortise-export/1"
GOOD: Final = 0
TAMPERED: Final = 1
CANNOT_DECIDE: Final = 2

_HASH_BYTES: Final = 32
_REQUIRED: Final = {"format", "leaf", "index", "size", "hashes", "checkpoint", "key"}
_OPTIONAL: Final = {"event"}
_MANIFEST: Final = {"format", "count", "first", "last"}
_SHARED_WITH_EVENT: Final = {"id": "id", "type": "type", "source": "source", "time": "time", "org": "org"}


@dataclass(frozen=True)
class Verdict:
    """What came out. `code` is the exit code of a verifying command."""

    code: Literal[0, 1, 2]
    message: str
    index: int | None = None
    """Leaf index of the first bad record."""
    field: str | None = None
    expected: str | None = None
    found: str | None = None
    records: int = 0
    """Records that were found good."""
    key: str | None = None
    """Verifier key that the heads are signed with."""
    pinned: bool = False
    """Whether that key came from the caller. If not, the verdict is worth what the key in the file is worth."""


class _Bad(Exception):  # noqa: N818 - carries a verdict
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict


def verify(document: bytes, *, key: str | None = None) -> Verdict:
    """Judges a bundle or an export; with `key`, a verifier key, only heads signed by that key count."""
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        return Verdict(CANNOT_DECIDE, f"not UTF-8: {error}")
    try:
        bundle = _object(text)
        if bundle is None or bundle.get("format") == EXPORT:
            return _export(text, key)
        index = _bundle(bundle, key)
    except _Bad as bad:
        return bad.verdict
    message = "the record is in the log"
    return Verdict(GOOD, message, index, records=1, key=bundle["key"], pinned=key is not None)


def _export(text: str, key: str | None) -> Verdict:
    lines = text.removesuffix("\n").split("\n")
    manifest = _object(lines[0])
    if manifest is None or manifest.get("format") != EXPORT or set(manifest) != _MANIFEST:
        raise _Bad(Verdict(CANNOT_DECIDE, "neither a proof bundle nor an export"))
    indices: list[int] = []
    signer = key
    for number, line in enumerate(lines[1:], start=2):
        bundle = _object(line)
        if bundle is None:
            raise _Bad(Verdict(CANNOT_DECIDE, f"line {number} is no proof bundle", records=len(indices)))
        try:
            index = _bundle(bundle, signer)
        except _Bad as bad:
            raise _Bad(replace(bad.verdict, records=len(indices))) from None
        if indices and index <= indices[-1]:
            raise _tampered(index, "index", f"above {indices[-1]}", str(index))
        indices.append(index)
        signer = signer or bundle["key"]
    found = {"count": len(indices), "first": indices[0] if indices else None, "last": indices[-1] if indices else None}
    for field, value in found.items():
        if manifest[field] != value:
            raise _tampered(None, field, str(manifest[field]), str(value))
    message = f"{len(indices)} records are in the log"
    return Verdict(GOOD, message, records=len(indices), key=signer, pinned=key is not None)


def _bundle(bundle: Mapping[str, Any], key: str | None) -> int:
    """Index of the record when everything holds. Raises _Bad."""
    if bundle.get("format") != BUNDLE:
        raise _Bad(Verdict(CANNOT_DECIDE, f"unknown format {bundle.get('format')!r}", field="format"))
    surplus, missing = set(bundle) - _REQUIRED - _OPTIONAL, _REQUIRED - set(bundle)
    if surplus or missing:
        field = min(surplus | missing)
        raise _Bad(Verdict(CANNOT_DECIDE, f"member {field!r} is {'unknown' if surplus else 'missing'}", field=field))
    index = bundle["index"]
    if not isinstance(index, int) or isinstance(index, bool):
        raise _tampered(None, "index", "an integer", repr(index))
    head = _head(bundle, index, key)
    leaf = _leaf(bundle, index, head.origin)
    if "event" in bundle:
        _event(bundle["event"], leaf, index)
    leaf_hash = merkle.leaf_hash(bundle["leaf"].encode())
    path = _hashes(bundle["hashes"], index)
    if not merkle.verify_inclusion(leaf_hash, index=index, size=head.size, proof=path, root=head.root):
        raise _tampered(index, "leaf", f"a leaf whose path leads to root {head.root.hex()}", leaf_hash.hex())
    return index


def _head(bundle: Mapping[str, Any], index: int, pinned: str | None) -> notes.Checkpoint:
    """The checkpoint, once it is known to be signed."""
    try:
        key = notes.parse_key(str(bundle["key"]))
    except notes.Malformed as error:
        raise _tampered(index, "key", "a verifier key", str(error)) from None
    if pinned is not None and pinned != bundle["key"]:
        message = "the record is signed with another key than the one to be trusted"
        raise _Bad(Verdict(CANNOT_DECIDE, message, index, "key", pinned, str(bundle["key"])))
    try:
        note = notes.parse(str(bundle["checkpoint"]))
        head = notes.parse_checkpoint(note.text)
    except notes.Malformed as error:
        raise _tampered(index, "checkpoint", "a signed checkpoint", str(error)) from None
    if key.algorithm != notes.ED25519 or head.origin != key.name:
        raise _tampered(index, "checkpoint", f"origin {key.name}", head.origin)
    if not notes.verify(key, note):
        raise _tampered(index, "checkpoint", f"a signature of {key}", "none that holds")
    if bundle["size"] != head.size or isinstance(bundle["size"], bool):
        raise _tampered(index, "size", str(head.size), repr(bundle["size"]))
    return head


def _leaf(bundle: Mapping[str, Any], index: int, origin: str) -> dict[str, Any]:
    text = bundle["leaf"]
    try:
        leaf = canonical.require(text) if isinstance(text, str) else None
    except canonical.NotCanonical as error:
        raise _tampered(index, "leaf", "canonical JSON", str(error)) from None
    if not isinstance(leaf, dict):
        raise _tampered(index, "leaf", "a JSON object as text", repr(text)[:120])
    if leaf.get("log") != origin:
        raise _tampered(index, "leaf.log", origin, repr(leaf.get("log")))
    # No message of the stream is ever missing, so the leaf's place in the tree is its place in the stream.
    if leaf.get("seq") != index + 1:
        raise _tampered(index, "leaf.seq", str(index + 1), repr(leaf.get("seq")))
    return leaf


def _event(event: object, leaf: Mapping[str, Any], index: int) -> None:
    if not isinstance(event, str):
        raise _tampered(index, "event", "text", repr(event)[:120])
    try:
        digest = hashlib.sha256(event.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise _tampered(index, "event", "text", str(error)) from None
    if leaf.get("data_sha256") != digest:
        raise _tampered(index, "event", str(leaf.get("data_sha256")), digest)
    try:
        envelope = json.loads(event)
    except (ValueError, RecursionError):
        return  # the leaf vouches for the bytes; what they mean is not for us to say
    for ours, theirs in _SHARED_WITH_EVENT.items():
        if ours in leaf and isinstance(envelope, dict) and envelope.get(theirs) != leaf[ours]:
            raise _tampered(index, f"leaf.{ours}", repr(envelope.get(theirs)), repr(leaf[ours]))


def _hashes(values: object, index: int) -> list[bytes]:
    if not isinstance(values, list):
        raise _tampered(index, "hashes", "a list", repr(values)[:120])
    path = []
    for number, value in enumerate(values):
        data = _hex(value)
        if data is None:
            raise _tampered(index, f"hashes[{number}]", "64 lower-case hex digits", repr(value)[:120])
        path.append(data)
    return path


def _hex(value: object) -> bytes | None:
    if not isinstance(value, str) or len(value) != 2 * _HASH_BYTES or not set(value) <= set("0123456789abcdef"):
        return None
    return bytes.fromhex(value)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = canonical.parse(text)
    except canonical.NotCanonical:
        return None
    return value if isinstance(value, dict) else None


def _tampered(index: int | None, field: str, expected: str, found: str) -> _Bad:
    where = f"record {index}, {field}" if index is not None else field
    return _Bad(Verdict(TAMPERED, f"{where}: expected {expected}, found {found}", index, field, expected, found))
