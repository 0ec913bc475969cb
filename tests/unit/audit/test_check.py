"""Every change of what is stored is found, and the first bad index named (B05)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.domain.check import Fault, Progress, Record, checked, finished
from audit.domain.leaves import Stored, leaf
from audit.domain.tiles import WIDTH, Edge, Place, Tile, grown
from proof import merkle

SIZE = WIDTH * 2 + 20


def record(index: int, text: str = "") -> Record:
    stored = Stored(index + 1, f"evt.o1.registry.project.p{index}", f'{{"id":"e{index}","data":"{text}"}}'.encode())
    data = leaf(stored).data
    return Record(index, stored, data, merkle.leaf_hash(data))


RECORDS = [record(index) for index in range(SIZE)]
EDGE, _TILES = grown(Edge(), [one.hash for one in RECORDS])
TILES: dict[Place, Tile] = {(tile.level, tile.number): tile for tile in _TILES}
HEADS = {size: merkle.root([one.hash for one in RECORDS[:size]]) for size in (1, 100, WIDTH, SIZE)}


def flipped(data: bytes, at: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def fault(
    records: list[Record], tiles: dict[Place, Tile] | None = None, heads: dict[int, bytes] | None = None
) -> Fault:
    outcome = checked(Progress(heads=HEADS if heads is None else heads), records, TILES if tiles is None else tiles)
    if isinstance(outcome, Progress):
        found = finished(outcome)
        assert found is not None, "a fault was expected"
        return found
    return outcome


def with_changed(index: int, **changes: object) -> list[Record]:
    return [replace(one, **changes) if one.index == index else one for one in RECORDS]  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", [1, 100, 1000])
def test_an_untouched_history_is_good(chunk: int) -> None:
    progress = Progress(heads=HEADS)
    for start in range(0, SIZE, chunk):
        outcome = checked(progress, RECORDS[start : start + chunk], TILES)
        assert isinstance(outcome, Progress)
        progress = outcome

    assert progress.edge == EDGE
    assert finished(progress) is None


def test_a_flipped_bit_in_a_stored_event_is_found() -> None:
    stored = RECORDS[300].stored

    found = fault(with_changed(300, stored=replace(stored, body=flipped(stored.body, 5))))

    assert (found.index, found.field) == (300, "leaf")


def test_a_flipped_bit_in_a_leaf_is_found() -> None:
    found = fault(with_changed(301, leaf=flipped(RECORDS[301].leaf, 9)))

    assert (found.index, found.field) == (301, "leaf")


def test_a_flipped_bit_in_a_hash_is_found() -> None:
    found = fault(with_changed(7, hash=flipped(RECORDS[7].hash)))

    assert (found.index, found.field) == (7, "hash")


def test_a_flipped_bit_in_a_tile_is_found_at_the_leaf_it_covers() -> None:
    tile = TILES[0, 1]
    hashes = [*tile.hashes]
    hashes[3] = flipped(hashes[3])

    found = fault(RECORDS, TILES | {(0, 1): replace(tile, hashes=tuple(hashes))})

    assert (found.index, found.field) == (WIDTH + 3, "tile 0/1")
    assert (
        fault(RECORDS, TILES | {(0, 0): replace(TILES[0, 0], root=flipped(TILES[0, 0].root))}).field == "tile 0/0 root"
    )
    assert fault(RECORDS, {(0, 0): TILES[0, 0]}).field == "tile 0/1"


def test_a_consistent_forgery_is_betrayed_by_what_was_signed() -> None:
    forged = [record(index, "forged" if index == 50 else "") for index in range(SIZE)]
    _, tiles = grown(Edge(), [one.hash for one in forged])

    found = fault(forged, {(tile.level, tile.number): tile for tile in tiles})

    assert (found.index, found.field) == (99, "head.root")


def test_records_that_are_missing_doubled_or_swapped_are_found() -> None:
    assert fault([*RECORDS[:5], *RECORDS[6:]]).index == 5
    assert fault([*RECORDS[:5], RECORDS[4], *RECORDS[5:]]).index == 5
    assert fault([*RECORDS[:5], RECORDS[6], RECORDS[5], *RECORDS[7:]]).index == 5


def test_a_history_that_ends_before_a_signed_size_is_found() -> None:
    found = fault(RECORDS[:-1])

    assert (found.index, found.field) == (SIZE - 1, "head.size")
