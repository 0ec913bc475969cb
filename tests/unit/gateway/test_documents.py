"""Which texts of operations a worker tells: each once in a while, and never more than fits."""

from __future__ import annotations

from contracts.documents import TEXT_BYTES_MAX
from gateway.domain.documents import BYTES_A_DAY, HEARD_MAX, TEXTS_A_DAY, TOLD_DAYS, Heard, Telling


def a_text(number: int, *, environment: str = "e1", text: str = "{ a }") -> Heard:
    return Heard("s1", environment, f"{number:016x}", text)


def told(telling: Telling, day: int) -> list[Heard]:
    """Everything that there is to tell."""
    found: list[Heard] = []
    while (news := telling.next(day)) is not None:
        telling.told(news, day)
        found.append(news)
    return found


def test_a_text_is_told_once_and_again_before_it_is_too_old() -> None:
    telling = Telling()

    for day, often in ((1, 1), (1, 0), (1 + TOLD_DAYS - 1, 0), (1 + TOLD_DAYS, 1)):
        telling.heard(a_text(1))
        telling.heard(a_text(1, environment="e2"))  # the same service
        assert len(told(telling, day)) == often


def test_a_flood_of_texts_is_bounded_by_day_and_harms_no_other_environment() -> None:
    telling = Telling()
    flood = 0
    for number in range(5 * TEXTS_A_DAY):
        telling.heard(a_text(number))
        flood += len(told(telling, 1))
    telling.heard(a_text(10**6, environment="e2"))

    assert flood == TEXTS_A_DAY
    assert [each.environment for each in told(telling, 1)] == ["e2"]
    telling.heard(a_text(10**6 + 1))
    assert len(told(telling, 2)) == 1


def test_large_texts_are_bounded_by_bytes() -> None:
    telling, size = Telling(), 0
    for number in range(200):
        telling.heard(a_text(number, text="é" * (TEXT_BYTES_MAX // 2)))
        size += sum(len(each.text.encode()) for each in told(telling, 1))
    telling.heard(a_text(10**6, environment="e2", text="é" * TEXT_BYTES_MAX))

    assert size == BYTES_A_DAY
    assert told(telling, 1) == []


def test_what_waits_in_memory_is_bounded_and_the_newest_stays() -> None:
    telling = Telling()
    for number in range(3 * HEARD_MAX):
        telling.heard(a_text(number, environment=f"e{number}"))

    found = told(telling, 1)
    assert len(found) == HEARD_MAX
    assert found[-1].environment == f"e{3 * HEARD_MAX - 1}"


def test_a_text_that_could_not_be_told_is_told_later() -> None:
    telling = Telling()
    telling.heard(a_text(1))
    news = telling.next(1)
    assert news is not None

    telling.again(news)

    assert told(telling, 1) == [news]


def test_half_a_character_is_never_told() -> None:
    telling = Telling()
    telling.heard(a_text(1, text='{ a(b: "\ud800") }'))

    assert told(telling, 1) == []
