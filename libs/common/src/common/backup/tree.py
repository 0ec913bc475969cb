"""Whether audit's byte copy is what was signed: every row against its leaf, every leaf against the tree. Pure.

A row is good when its leaf names its place and the hash of its bytes; the rows are the log when the tree over their
leaves has the root of every head that was signed, and the newest head's signature is that of the installation's key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.stream import Message
from proof import merkle, notes


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the copy."""

    index: int
    message: Message
    leaf: bytes
    hash: bytes


@dataclass(frozen=True)
class Head:
    """A signed head."""

    log: str
    size: int
    root: bytes
    note: str


class Broken(Exception):  # noqa: N818 - it is a finding
    """The copy is not what was signed; says at which position."""


@dataclass
class Checked:
    """The copy as far as it was looked at."""

    heads: Mapping[int, bytes]
    """Size to root, of every head ever signed."""
    frontier: merkle.Frontier = field(default_factory=merkle.Frontier)
    documents: set[str] = field(default_factory=set)
    """Hashes of documents that facts point to."""

    def take(self, row: Row) -> None:
        """The next row. Raises Broken."""
        position = self.frontier.size + 1
        if row.message.position != position or row.index != position - 1:
            raise Broken(f"position {position} is missing: the next row is {row.message.position}")
        fault = _fault(row)
        if fault is not None:
            raise Broken(f"position {position}: {fault}")
        self.frontier = self.frontier.appended(row.hash)
        signed = self.heads.get(position)
        if signed is not None and signed != self.frontier.root():
            raise Broken(f"the tree of {position} records is not the one that was signed")
        self.documents |= pointed_to(row.message.body)

    def finish(self, newest: Head | None, key: notes.Key | None) -> None:
        """After the last row. Raises Broken when a signed head reaches further, or its signature is not the key's."""
        beyond = max(self.heads, default=0)
        if beyond > self.frontier.size:
            raise Broken(f"{beyond} records were signed, the copy ends at {self.frontier.size}")
        if newest is None or key is None:
            return
        try:
            note = notes.parse(newest.note)
            head = notes.parse_checkpoint(note.text)
        except notes.Malformed as error:
            raise Broken(f"the newest signed head cannot be read: {error}") from None
        if (head.size, head.root) != (newest.size, newest.root) or not notes.verify(key, note):
            raise Broken(f"the head of {newest.size} records was not signed with this installation's key")


def pointed_to(body: bytes) -> set[str]:
    """Hashes of documents in a fact: members of its data whose names end with `_sha`."""
    try:
        data = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError):
        return set()
    if not isinstance(data, dict):
        return set()
    return {value for name, value in data.items() if name.endswith("_sha") and isinstance(value, str) and value}


def _fault(row: Row) -> str | None:
    try:
        leaf = json.loads(row.leaf)
        named = (leaf["seq"], leaf["subject"], leaf["data_sha256"])
    except (ValueError, KeyError, TypeError) as error:
        return f"its leaf cannot be read ({error!r})"
    found = (row.message.position, row.message.subject, hashlib.sha256(row.message.body).hexdigest())
    if named != found:
        return f"its leaf names {named}, the copy holds {found}"
    return None if merkle.leaf_hash(row.leaf) == row.hash else "its leaf does not have the hash that is in the tree"
