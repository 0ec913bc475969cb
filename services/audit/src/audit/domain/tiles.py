"""The tree in tiles: 256 hashes of one level each, written once when complete, never changed (MA 7.3).

Tile level L holds hashes of tree level 8 L. The hashes that fill no tile yet are the edge; they are the last leaf
hashes and the last tile roots, so they need no place of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proof import merkle
from proof.merkle import Node

WIDTH: Final = 256
HEIGHT: Final = 8
"""Tree levels in a tile."""
Place = tuple[int, int]
"""Tile level and number."""


@dataclass(frozen=True)
class Tile:
    """A complete tile; `root` is one hash of the tile above."""

    level: int
    number: int
    hashes: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True)
class Edge:
    """The right edge of a tree: for every tile level the hashes that fill no tile yet."""

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()

    def root(self) -> bytes:
        """Root of the whole tree."""
        return merkle.frontier_of(self.size, self._node).root()

    def _node(self, node: Node) -> bytes:
        level, _ = place(node)
        return inside(node, self.levels[level])


def grown(edge: Edge, hashes: Sequence[bytes]) -> tuple[Edge, tuple[Tile, ...]]:
    """The edge after more leaf hashes, and the tiles they completed, lower ones first."""
    levels = [list(level) for level in edge.levels]
    size, tiles = edge.size, []
    for leaf in hashes:
        size, carry, level = size + 1, leaf, 0
        while True:
            if level == len(levels):
                levels.append([])
            levels[level].append(carry)
            if len(levels[level]) < WIDTH:
                break
            carry = merkle.root(levels[level])
            tiles.append(Tile(level, (size >> HEIGHT * (level + 1)) - 1, tuple(levels[level]), carry))
            levels[level] = []
            level += 1
    return Edge(size, tuple(tuple(level) for level in levels)), tuple(tiles)


def edge_starts(size: int) -> tuple[int, ...]:
    """For every tile level the number of the first hash on the edge of a tree of `size`."""
    starts: list[int] = []
    while size or not starts:
        starts.append(size - size % WIDTH)
        size >>= HEIGHT
    return tuple(starts)


def place(node: Node) -> Place:
    """The tile that holds the hashes a node is made of."""
    level, index = node
    tile, lift = divmod(level, HEIGHT)
    return tile, (index << lift) >> HEIGHT


def inside(node: Node, hashes: Sequence[bytes]) -> bytes:
    """The hash of a node from the hashes of its tile, which may be incomplete to the right of the node."""
    level, index = node
    lift = level % HEIGHT
    first = (index << lift) % WIDTH
    part = hashes[first : first + (1 << lift)]
    assert len(part) == 1 << lift, "a node is asked for only when all its leaves exist"
    return merkle.root(part)


def looked_up(tiles: Mapping[Place, Sequence[bytes]]) -> merkle.Lookup:
    """A look-up of nodes in fetched tiles."""
    return lambda node: inside(node, tiles[place(node)])
