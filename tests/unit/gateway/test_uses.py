"""Which uses of tokens a worker tells, and when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.uses import MINUTE_MS, TokenUses
from gateway.domain.uses import TOKENS_MAX, Uses

NOON = 1_790_000_040_000
"""The beginning of a minute."""


def test_a_token_is_told_once_a_minute_however_often_it_is_used() -> None:
    uses = Uses()
    for at in (0, 1, 59_999):
        uses.note("t1", NOON + at)
    uses.note("t2", NOON + 5)

    assert uses.taken() == [TokenUses(minute_ms=NOON, tokens=("t1", "t2"))]
    uses.note("t1", NOON + 59_999)
    assert uses.taken() == []
    uses.note("t1", NOON + MINUTE_MS)
    assert uses.taken() == [TokenUses(minute_ms=NOON + MINUTE_MS, tokens=("t1",))]


def test_uses_around_the_turn_of_a_minute_keep_their_own_minutes() -> None:
    uses = Uses()
    uses.note("t1", NOON - 1)
    uses.note("t1", NOON)
    uses.note("t2", NOON)

    assert uses.taken() == [
        TokenUses(minute_ms=NOON - MINUTE_MS, tokens=("t1",)),
        TokenUses(minute_ms=NOON, tokens=("t1", "t2")),
    ]


def test_nothing_is_told_when_nothing_was_used() -> None:
    assert Uses().taken() == []


def test_very_many_tokens_are_told_in_several_messages() -> None:
    uses = Uses()
    for number in range(TOKENS_MAX + 1):
        uses.note(f"t{number}", NOON)

    assert [len(each.tokens) for each in uses.taken()] == [TOKENS_MAX, 1]


def test_tokens_of_past_minutes_are_forgotten() -> None:
    uses = Uses()
    for number in range(100):
        uses.note(f"t{number}", NOON)
    uses.taken()
    uses.note("t0", NOON + MINUTE_MS)
    uses.taken()

    assert uses.remembered == 1


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("abc"), st.integers(0, 200_000))), max_size=60))
def test_the_last_minute_that_is_told_of_a_token_is_the_last_in_which_it_was_used(
    steps: list[tuple[str, int] | None],
) -> None:
    """None = what there is to tell is taken. The clock may jump back: what was told of stays the latest."""
    uses, used, told = Uses(), dict[str, int](), dict[str, int]()
    for step in [*steps, None]:
        if step is None:
            for each in uses.taken():
                told |= {token: max(each.minute_ms, told.get(token, 0)) for token in each.tokens}
        else:
            token, at = step
            uses.note(token, at)
            used[token] = max(used.get(token, 0), at - at % MINUTE_MS)
    assert told == used
