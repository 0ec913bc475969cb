"""Small trees, all of them, with every proof and many wrong ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof import merkle
from proof.merkle import EMPTY_ROOT, Frontier, Node, leaf_hash, node_hash, verify_consistency, verify_inclusion

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
LEAVES = tuple(leaf_hash(bytes.fromhex(text)) for text in VECTORS["leaves"])
EXHAUSTIVE = 40
MANY = tuple(leaf_hash(bytes([number])) for number in range(EXHAUSTIVE))


def definition(hashes: tuple[bytes, ...]) -> bytes:
    """The recursive definition of RFC 9162 2.1.1, as another witness."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return node_hash(definition(hashes[:half]), definition(hashes[half:]))


def lookup_in(hashes: tuple[bytes, ...]) -> Callable[[Node], bytes]:
    @cache
    def look(node: Node) -> bytes:
        level, index = node
        assert (index + 1) << level <= len(hashes), "only complete subtrees are asked for"
        return definition(hashes[index << level : (index + 1) << level])

    return look


def inclusion(hashes: tuple[bytes, ...], index: int) -> tuple[bytes, ...]:
    return merkle.hashes_of(merkle.inclusion_ranges(index, len(hashes)), lookup_in(hashes))


def consistency(hashes: tuple[bytes, ...], old: int) -> tuple[bytes, ...]:
    return merkle.hashes_of(merkle.consistency_ranges(old, len(hashes)), lookup_in(hashes))


def mutants(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """Proofs that differ from the right one: a bit, a hash less, a hash more, two swapped."""
    for at, value in enumerate(proof):
        yield (*proof[:at], bytes([value[0] ^ 1]) + value[1:], *proof[at + 1 :])
        yield (*proof[:at], *proof[at + 1 :])
    yield (*proof, leaf_hash(b"one more"))
    yield (leaf_hash(b"one more"), *proof)
    if len(proof) > 1:
        yield (proof[1], proof[0], *proof[2:])


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == VECTORS["roots"][size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_inclusion_proofs_are_the_published_ones(vector: dict[str, list[str]]) -> None:
    assert [value.hex() for value in inclusion(LEAVES, int(str(vector["index"])))] == vector["hashes"]


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_consistency_proofs_are_the_published_ones(vector: dict[str, list[str]]) -> None:
    old, new = int(str(vector["old"])), int(str(vector["new"]))

    assert [value.hex() for value in consistency(LEAVES[:new], old)] == vector["hashes"]


def test_the_frontier_gives_the_root_of_the_definition_at_every_size() -> None:
    frontier = Frontier()
    for size in range(EXHAUSTIVE):
        assert frontier.root() == definition(MANY[:size])
        assert frontier == merkle.frontier_of(size, lookup_in(MANY[:size]))
        frontier = frontier.appended(MANY[size])


def test_every_leaf_of_every_small_tree_is_proven_and_no_mutant_is() -> None:
    accepted = rejected = 0
    for size in range(1, EXHAUSTIVE + 1):
        hashes = MANY[:size]
        root = definition(hashes)
        for index in range(size):
            proof = inclusion(hashes, index)
            leaf = hashes[index]
            assert verify_inclusion(leaf, index=index, size=size, proof=proof, root=root)
            accepted += 1
            assert not verify_inclusion(leaf_hash(b"another"), index=index, size=size, proof=proof, root=root)
            assert not verify_inclusion(leaf, index=index, size=size, proof=proof, root=leaf_hash(b"another"))
            for other in {index - 1, index + 1, size - 1 - index, size, -1} - {index}:
                assert not verify_inclusion(leaf, index=other, size=size, proof=proof, root=root)
            for mutant in mutants(proof):
                if mutant != proof:
                    assert not verify_inclusion(leaf, index=index, size=size, proof=mutant, root=root)
                    rejected += 1
    assert accepted == EXHAUSTIVE * (EXHAUSTIVE + 1) // 2
    assert rejected > 3 * accepted


def test_every_pair_of_small_trees_is_consistent_and_no_mutant_is() -> None:
    for new in range(EXHAUSTIVE + 1):
        hashes = MANY[:new]
        new_root = definition(hashes)
        for old in range(new + 1):
            old_root = definition(hashes[:old])
            proof = consistency(hashes, old)
            assert verify_consistency(old=old, old_root=old_root, new=new, new_root=new_root, proof=proof)
            wrong = leaf_hash(b"another")
            assert not verify_consistency(old=old, old_root=wrong, new=new, new_root=new_root, proof=proof)
            assert old == 0 or not verify_consistency(old=old, old_root=old_root, new=new, new_root=wrong, proof=proof)
            for mutant in mutants(proof):
                if mutant != proof:
                    assert not verify_consistency(
                        old=old, old_root=old_root, new=new, new_root=new_root, proof=mutant
                    ), (old, new)


def test_a_tree_of_another_size_does_not_pass_for_this_one() -> None:
    root = definition(MANY[:7])
    proof = inclusion(MANY[:7], 2)

    assert not verify_inclusion(MANY[2], index=2, size=4, proof=proof, root=root)
    assert not verify_inclusion(MANY[2], index=2, size=9, proof=proof, root=root)
    assert not verify_consistency(old=5, old_root=definition(MANY[:5]), new=4, new_root=root, proof=())


@given(st.integers(1, 10**12), st.data())
def test_proofs_of_huge_trees_ask_for_few_and_only_complete_subtrees(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    for ranges in (merkle.inclusion_ranges(index, size), merkle.consistency_ranges(old, size)):
        nodes = merkle.nodes_of(ranges)
        assert len(nodes) <= 2 * size.bit_length()
        assert all((at + 1) << level <= size for level, at in nodes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 4)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_ranges(index, size)
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_ranges(size + 1, size)
