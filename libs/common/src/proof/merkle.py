"""The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: roots, proofs and their verification.

A `Node` (level, index) is the root of a complete subtree: `2**level` leaves from leaf `index * 2**level` on. Such a
node never changes once its leaves exist. Every root and every proof of a tree is put together from nodes, so whoever
stores nodes asks here which ones are needed (`*_nodes`), fetches them, and passes a look-up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
Node = tuple[int, int]
Lookup = Callable[[Node], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes."""
    frontier = Frontier()
    for leaf in hashes:
        frontier = frontier.appended(leaf)
    return frontier.root()


@dataclass(frozen=True)
class Frontier:
    """All that is needed to append to a tree: the roots of its complete subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def appended(self, leaf: bytes) -> Frontier:
        """The frontier with one more leaf hash."""
        peaks, carry, size = self.peaks, leaf, self.size
        while size & 1:
            carry = node_hash(peaks[-1], carry)
            peaks, size = peaks[:-1], size >> 1
        return Frontier(self.size + 1, (*peaks, carry))

    def root(self) -> bytes:
        """Root of the tree."""
        return _folded(self.peaks) if self.peaks else EMPTY_ROOT


def range_nodes(begin: int, end: int) -> tuple[Node, ...]:
    """The complete subtrees that make up leaves [begin, end) of a tree, left to right.

    `begin` must be a multiple of the largest power of two below the range's length, as it is in every proof.
    """
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return tuple(nodes)


def inclusion_ranges(index: int, size: int) -> tuple[tuple[int, int], ...]:
    """The leaf ranges whose roots prove leaf `index` in the tree of `size`, leaf first (RFC 9162 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    ranges: list[tuple[int, int]] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return tuple(reversed(ranges))


def consistency_ranges(old: int, new: int) -> tuple[tuple[int, int], ...]:
    """The leaf ranges whose roots prove that the tree of `new` begins with the tree of `old` (RFC 9162 2.1.4.1)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not continue one of {old}")
    if old in {0, new}:
        return ()
    ranges: list[tuple[int, int]] = []
    begin, end, whole = 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    # The verifier holds the old root itself, so a subtree that is the whole old tree need not be sent.
    lowest = () if whole else ((begin, end),)
    return (*lowest, *reversed(ranges))


def nodes_of(ranges: Sequence[tuple[int, int]]) -> frozenset[Node]:
    """Every node that the hashes of these ranges are made of."""
    return frozenset(node for begin, end in ranges for node in range_nodes(begin, end))


def hashes_of(ranges: Sequence[tuple[int, int]], lookup: Lookup) -> tuple[bytes, ...]:
    """The hashes of ranges: an inclusion or consistency proof."""
    return tuple(_folded([lookup(node) for node in range_nodes(begin, end)]) for begin, end in ranges)


def frontier_of(size: int, lookup: Lookup) -> Frontier:
    """The frontier of the tree of `size`; needs `range_nodes(0, size)`."""
    return Frontier(size, tuple(lookup(node) for node in range_nodes(0, size)))


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows the leaf hash at `index` of the tree of `size` with this root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with the tree of `old` (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(length: int) -> int:
    """The largest power of two smaller than `length`."""
    return 1 << ((length - 1).bit_length() - 1)


def _folded(roots: Sequence[bytes]) -> bytes:
    """Root over neighbouring complete subtrees that shrink to the right."""
    return reduce(lambda right, left: node_hash(left, right), reversed(roots))
