"""Signed notes and checkpoints: a text, a blank line, and who signed it (the formats of transparency logs, MA 7.4).

A checkpoint is the text `origin`, `size`, base64 root, each on a line of its own. A verifier key is
`<name>+<key id>+<base64 of algorithm and public key>`. Signatures by unknown keys are ignored, as keys rotate and
witnesses join.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from proof import ed25519

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
"""Ed25519 by a witness over the checkpoint and the time it saw it."""
_KEY_BYTES: Final = 32
_ROOT_BYTES: Final = 32
_TIME_BYTES: Final = 8
_NAME: Final = re.compile(r"[^\s+]+")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class Malformed(ValueError):  # noqa: N818 - says what the text is
    """The text is no signed note, checkpoint or verifier key."""


@dataclass(frozen=True)
class Key:
    """A verifier key."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def id(self) -> bytes:
        """First four bytes of SHA-256 over name, newline, algorithm and public key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """The verifier key as text."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.algorithm]) + self.public)}"


@dataclass(frozen=True)
class Signature:
    """One signature line; `blob` is what follows the key id."""

    name: str
    key_id: bytes
    blob: bytes


@dataclass(frozen=True)
class Note:
    """A text, which ends with a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The signed note."""
        return self.text + "\n" + "".join(f"— {s.name} {_base64(s.key_id + s.blob)}\n" for s in self.signatures)


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def parse_key(text: str) -> Key:
    """A verifier key from its text. Raises Malformed."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not _NAME.fullmatch(name):
        raise Malformed(f"verifier key without a name: {text[:120]!r}")
    data = _bytes(encoded)
    key = Key(name, data[1:], data[0]) if data else Key(name, b"")
    if len(key.public) != _KEY_BYTES or key.algorithm not in {ED25519, COSIGNATURE}:
        raise Malformed(f"verifier key of an unknown kind: {text[:120]!r}")
    if key.id.hex() != key_id:
        raise Malformed(f"verifier key {text[:120]!r} has key id {key_id!r}, its content says {key.id.hex()!r}")
    return key


def parse(text: str) -> Note:
    """A signed note from its text. Raises Malformed."""
    body, separator, lines = text.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or any(ord(char) < ord(" ") and char != "\n" for char in text):
        raise Malformed("no signed note: text, a blank line and signature lines are expected")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    return Note(body + "\n", signatures)


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text of its note; extension lines are refused. Raises Malformed."""
    origin, size, encoded, *rest = [*text.split("\n"), "", "", ""][: max(4, text.count("\n") + 1)]
    if rest != [""] or not origin or not _SIZE.fullmatch(size):
        raise Malformed("no checkpoint: origin, size and root on a line each are expected")
    root = _bytes(encoded)
    if len(root) != _ROOT_BYTES:
        raise Malformed(f"a root has {_ROOT_BYTES} bytes, this one {len(root)}")
    return Checkpoint(origin, int(size), root)


def signatures_by(key: Key, note: Note) -> tuple[Signature, ...]:
    """The note's signature lines that claim to be by this key."""
    return tuple(s for s in note.signatures if s.name == key.name and s.key_id == key.id)


def verify(key: Key, note: Note) -> bool:
    """Whether the key signed the note. A line that claims so and is wrong spoils the note."""
    lines = signatures_by(key, note)
    return bool(lines) and all(_holds(key, note.text, line.blob) for line in lines)


def _holds(key: Key, text: str, blob: bytes) -> bool:
    if key.algorithm == ED25519:
        return ed25519.verify(key.public, text.encode(), blob)
    time = int.from_bytes(blob[:_TIME_BYTES], "big")
    return ed25519.verify(key.public, f"cosignature/v1\ntime {time}\n{text}".encode(), blob[_TIME_BYTES:])


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _bytes(encoded)
    if dash != "—" or not _NAME.fullmatch(name) or len(data) <= 4:  # noqa: PLR2004 - the key id has four bytes
        raise Malformed(f"no signature line: {line[:120]!r}")
    return Signature(name, data[:4], data[4:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    """Strict base64: padding bits must be zero, or a flipped one would go unseen."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"not base64: {text[:120]!r}") from None
    if _base64(data) != text:
        raise Malformed(f"base64 with stray bits: {text[:120]!r}")
    return data
