"""Node ids sort by the moment they were made, and only what looks like an id can be one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from gateway.engine.ids import CHANCE_BYTES, Sequence, node_id, well_formed

CHANCE = bytes(range(CHANCE_BYTES))


def test_an_id_is_25_characters_and_begins_with_c() -> None:
    made = node_id(milliseconds=1_795_168_800_000, counter=5, chance=CHANCE)
    assert (len(made), made[0], well_formed(made)) == (25, "c", True)


@given(some.lists(some.integers(0, 10**12), min_size=2, max_size=30))
def test_ids_of_one_process_never_go_back_whatever_the_clock_does(moments: list[int]) -> None:
    sequence = Sequence()
    made = [one for at in moments for one in sequence.take(2, milliseconds=at, chance=bytes(2 * CHANCE_BYTES))]
    assert made == sorted(set(made))


def test_a_millisecond_that_is_full_borrows_the_next_one() -> None:
    sequence = Sequence(milliseconds=7, counter=36**4 - 1)
    (made,) = sequence.take(1, milliseconds=7, chance=CHANCE)
    assert (sequence.milliseconds, sequence.counter) == (8, 0)
    assert made > node_id(milliseconds=7, counter=36**4 - 1, chance=CHANCE)


def test_only_short_words_can_be_ids() -> None:
    assert [well_formed(one) for one in ("c" * 25, "a-b_C9", "", "c" * 26, "a b", "é", "a\0")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
