"""Tiles and edge are the tree, at every size."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.tiles import HEIGHT, WIDTH, Edge, Place, Tile, edge_starts, grown, inside, looked_up, place
from proof import merkle

MANY = tuple(hashlib.sha256(b"%d" % number).digest() for number in range(WIDTH * 5 + 77))


def built(size: int, *, step: int = 1000) -> tuple[Edge, dict[Place, Tile]]:
    edge, tiles = Edge(), {}
    for start in range(0, size, step):
        edge, new = grown(edge, MANY[start : min(size, start + step)])
        for tile in new:
            assert (tile.level, tile.number) not in tiles, "a tile is written once"
            tiles[tile.level, tile.number] = tile
    return edge, tiles


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, len(MANY)])
@pytest.mark.parametrize("step", [1, 7, 256, 1000])
def test_the_root_is_the_trees_however_it_grew(size: int, step: int) -> None:
    edge, _ = built(size, step=step)

    assert edge.size == size
    assert edge.root() == merkle.root(MANY[:size])


def test_two_levels_of_tiles_make_a_third() -> None:
    leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(WIDTH * WIDTH + 1)]
    edge, tiles = grown(Edge(), leaves)

    assert [tile for tile in tiles if tile.level == 1] == [
        Tile(1, 0, tuple(tile.root for tile in tiles if tile.level == 0), merkle.root(leaves[:-1]))
    ]
    assert edge.root() == merkle.root(leaves)
    assert [len(level) for level in edge.levels] == [1, 0, 1]


def test_only_complete_tiles_are_made() -> None:
    _, tiles = built(len(MANY))

    assert sorted(tiles) == [(0, number) for number in range(5)]
    assert all(len(tile.hashes) == WIDTH for tile in tiles.values())


@given(st.integers(0, len(MANY)), st.data())
def test_every_proof_can_be_made_from_tiles_and_edge(size: int, data: st.DataObject) -> None:
    edge, tiles = built(size)
    held: dict[Place, Sequence[bytes]] = {at: tile.hashes for at, tile in tiles.items()}
    for level, hashes in enumerate(edge.levels):
        held[level, edge_starts(size)[level] // WIDTH] = hashes
    old = data.draw(st.integers(0, size))
    proof = merkle.hashes_of(merkle.consistency_ranges(old, size), looked_up(held))
    roots = {"old_root": merkle.root(MANY[:old]), "new_root": edge.root()}
    assert merkle.verify_consistency(old=old, new=size, proof=proof, **roots)
    if size:
        index = data.draw(st.integers(0, size - 1))
        path = merkle.hashes_of(merkle.inclusion_ranges(index, size), looked_up(held))
        assert merkle.verify_inclusion(MANY[index], index=index, size=size, proof=path, root=edge.root())


def test_the_edge_of_a_tree_begins_behind_its_complete_tiles() -> None:
    assert edge_starts(0) == (0,)
    assert edge_starts(255) == (0,)
    assert edge_starts(256) == (256, 0)
    assert edge_starts(WIDTH * WIDTH * 3 + 300) == (WIDTH * WIDTH * 3 + 256, WIDTH * 3, 0)


def test_a_node_knows_its_tile() -> None:
    assert place((0, 300)) == (0, 1)
    assert place((7, 3)) == (0, 1)
    assert place((HEIGHT, 300)) == (1, 1)
    assert inside((1, 128), MANY[256:258]) == merkle.node_hash(MANY[256], MANY[257])
