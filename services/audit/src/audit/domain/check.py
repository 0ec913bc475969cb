"""Everything derived again from the byte copies: the first difference is named (B05).

Records come in chunks in index order; a `Progress` goes from one chunk to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.domain.leaves import Stored, leaf
from audit.domain.tiles import HEIGHT, Edge, Place, Tile, grown
from proof import merkle


@dataclass(frozen=True)
class Record:
    """One row of the history as it is stored."""

    index: int
    stored: Stored
    leaf: bytes
    hash: bytes


@dataclass(frozen=True)
class Fault:
    """The first thing that is not as it was."""

    index: int
    """Leaf index; for a tile the first leaf under the bad hash."""
    field: str
    expected: str
    found: str


@dataclass(frozen=True)
class Progress:
    """How far the check came; `heads` maps sizes to roots that were signed and not yet met."""

    edge: Edge = field(default_factory=Edge)
    heads: Mapping[int, bytes] = field(default_factory=dict)


def checked(progress: Progress, records: Sequence[Record], tiles: Mapping[Place, Tile]) -> Progress | Fault:
    """The progress after more records, or the first fault among them. `tiles` holds those stored for the chunk."""
    edge = progress.edge
    for record in records:
        fault = _record(record, edge.size)
        if fault is not None:
            return fault
        edge, complete = grown(edge, [record.hash])
        for tile in complete:
            fault = _tile(tile, tiles.get((tile.level, tile.number)))
            if fault is not None:
                return fault
        signed = progress.heads.get(edge.size)
        if signed is not None and signed != edge.root():
            return Fault(edge.size - 1, "head.root", signed.hex(), edge.root().hex())
    return Progress(edge, {size: root for size, root in progress.heads.items() if size > edge.size})


def finished(progress: Progress) -> Fault | None:
    """A head of a size that the history does not reach is a fault as well."""
    beyond = min(progress.heads, default=None)
    if beyond is None or beyond <= progress.edge.size:
        return None
    return Fault(progress.edge.size, "head.size", f"{beyond} records", f"{progress.edge.size} records")


def _record(record: Record, index: int) -> Fault | None:
    if record.index != index or record.stored.position != index + 1:
        return Fault(index, "index", str(index), f"{record.index} at position {record.stored.position}")
    again = leaf(record.stored).data
    if again != record.leaf:
        return Fault(index, "leaf", again.decode(), record.leaf.decode(errors="replace"))
    hashed = merkle.leaf_hash(again)
    if hashed != record.hash:
        return Fault(index, "hash", hashed.hex(), record.hash.hex())
    return None


def _tile(derived: Tile, stored: Tile | None) -> Fault | None:
    width = 1 << HEIGHT * derived.level
    first = (derived.number << HEIGHT) * width
    name = f"tile {derived.level}/{derived.number}"
    if stored is None or len(stored.hashes) != len(derived.hashes):
        return Fault(
            first, name, f"{len(derived.hashes)} hashes", "none" if stored is None else str(len(stored.hashes))
        )
    for at, (right, found) in enumerate(zip(derived.hashes, stored.hashes, strict=True)):
        if right != found:
            return Fault(first + at * width, name, right.hex(), found.hex())
    if derived.root != stored.root:
        return Fault(first, f"{name} root", derived.root.hex(), stored.root.hex())
    return None
