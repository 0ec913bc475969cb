"""What a webhook hears, how it is signed, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.errors import Refused
from registry.domain import deliveries, webhooks
from registry.domain.deliveries import Answer, Course, GivenUp, Pace

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
REFUSED = Answer(503)


@pytest.mark.parametrize("types", [(), ("",), ("Mortise.*",), ("a b",), tuple(f"t{n}" for n in range(51))])
def test_what_is_no_pattern_of_types_is_refused(types: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        webhooks.patterns(types)

    assert refused.value.field == "types"


def test_every_valid_secret_has_a_signature_of_its_own() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = deliveries.headers(b"k", "w", (2, 1), event="msg_1", at=at, body=b'{"test": 2432232314}')

    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "1614265330"
    new, old = headers["webhook-signature"].split(" ")
    assert new != old
    assert {new[:3], old[:3]} == {"v1,"}


def test_a_secret_is_one_webhooks_and_one_numbers() -> None:
    made = {deliveries.secret(key, hook, number) for key in (b"k", b"l") for hook in ("a", "b") for number in (1, 2)}

    assert len(made) == 8
    assert all(each.startswith("whsec_") and len(each) == 50 for each in made)


def test_the_secret_before_signs_until_its_time_is_over() -> None:
    assert deliveries.numbers(1, None, NOW) == (1,)
    assert deliveries.numbers(3, NOW + timedelta(seconds=1), NOW) == (3, 2)
    assert deliveries.numbers(3, NOW, NOW) == (3,)


@given(some.floats(0.8, 1.2), some.integers(1, 3600))
def test_tries_go_on_for_three_days_with_growing_pauses_and_then_end(jitter: float, first: int) -> None:
    pace = Pace(first=timedelta(seconds=first))
    course, at, tries, pauses = Course(7, 1), NOW, 0, []
    while True:
        after = deliveries.after(course, REFUSED, at=at, jitter=jitter, pace=pace)
        tries += 1
        if isinstance(after, GivenUp):
            break
        assert after.position == 7
        assert after.next_at is not None
        pauses.append(after.next_at - at)
        course, at = after, after.next_at

    assert not after.gone
    assert at - NOW == pace.window
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) <= pace.longest * 1.2
    assert tries >= 60


def test_a_receiver_may_say_when_it_wants_to_be_asked_again() -> None:
    later = deliveries.after(Course(7, 1), Answer(429, None, 600), at=NOW, jitter=1.0, pace=Pace())
    absurd = deliveries.after(Course(7, 1), Answer(429, None, 10**8), at=NOW, jitter=1.0, pace=Pace())

    assert isinstance(later, Course)
    assert later.next_at == NOW + timedelta(minutes=10)
    assert isinstance(absurd, Course)
    assert absurd.next_at == NOW + timedelta(hours=1)


def test_gone_is_gone_at_once() -> None:
    assert deliveries.after(Course(7, 1), Answer(410), at=NOW, jitter=1.0, pace=Pace()) == GivenUp(gone=True)


@pytest.mark.parametrize(("status", "taken"), [(200, True), (204, True), (299, True), (301, False), (None, False)])
def test_only_two_hundreds_are_an_acceptance(status: int | None, *, taken: bool) -> None:
    assert Answer(status).taken is taken
