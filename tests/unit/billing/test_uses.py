"""Who called which operation: bounded whatever callers send, the same however calls are grouped, and worth money."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.domain import uses
from billing.domain.invoices import Book
from billing.domain.meters import DAY_MS, Seen, Use, counted
from billing.domain.subscriptions import PLATFORM_PLAN, Terms, Version
from billing.domain.uses import OTHERS, TOLD_APART, Caller
from contracts.calls import CALL
from contracts.documents import Stake

NOON = 1_795_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
TODAY = NOON // DAY_MS


def call(**changes: Any) -> list[Any]:
    row: dict[str, Any] = dict.fromkeys(CALL)
    row |= {"environment": "e1", "kind": "prod", "service": "s1", "organisation": "o1", "class": "ok", "at": NOON}
    row |= {"duration_us": 1, "bytes_in": 1, "bytes_out": 1, "hash": "h1", "id": "g-1-1"}
    return [(row | changes)[name] for name in CALL]


def use(hash_: str, **changes: Any) -> Use:
    return Use("e1", TODAY, "", "", hash_)._replace(**changes)


def test_answered_calls_are_counted_by_caller_operation_and_day() -> None:
    rows = [
        call(client="c1", credential="k1"),
        call(client="c1", credential="k2", at=NOON + 90_000),
        call(credential="k3"),
        call(),
        call(**{"class": "partial"}),
        call(at=NOON + DAY_MS),
        call(**{"class": "client_error"}),
        call(**{"class": "introspection"}),
        call(hash=None),
    ]

    assert counted(rows).uses == {
        use("h1", client="c1"): [2, (NOON + 90_000) // 60_000 * 60_000],
        use("h1", credential="k3"): [1, NOON],
        use("h1"): [2, NOON],
        use("h1", day=TODAY + 1): [1, NOON + DAY_MS],
    }


def kept(batches: list[list[tuple[int, int]]]) -> dict[Use, Seen]:
    """What a table holds after transactions of (document, calls)."""
    table: dict[Use, Seen] = {}
    for batch in batches:
        whole = uses.merged({use(f"h{number}"): [calls, NOON]} for number, calls in batch)
        new = {each: seen for each, seen in whole.items() if each not in table}
        held = {Caller("e1", TODAY, "", ""): sum(each.hash != OTHERS for each in table)}
        for each, seen in {**{one: whole[one] for one in whole if one in table}, **uses.fitting(new, held)}.items():
            before = table.get(each, [0, 0])
            table[each] = [before[0] + seen[0], max(before[1], seen[1])]
    return table


@given(
    st.lists(st.tuples(st.integers(0, TOLD_APART + 60), st.integers(1, 9)), max_size=600),
    st.lists(st.integers(0, 600), max_size=8),
)
def test_operations_beyond_what_is_told_apart_are_counted_together_however_they_come(
    calls: list[tuple[int, int]], cuts: list[int]
) -> None:
    edges = [0, *sorted(cuts), len(calls)]

    whole = kept([calls])
    parts = kept([calls[a:b] for a, b in pairwise(edges)])

    assert whole == parts
    assert len(whole) <= TOLD_APART + 1
    assert sum(seen[0] for seen in whole.values()) == sum(number for _, number in calls)


def test_what_is_there_already_takes_room() -> None:
    new = {use(f"h{n}"): [1, NOON] for n in range(10)}

    found = uses.fitting(new, {Caller("e1", TODAY, "", ""): TOLD_APART - 3})

    assert [each.hash for each in found] == ["h0", "h1", "h2", OTHERS]
    assert found[use(OTHERS)] == [7, NOON]


def test_one_caller_cannot_take_the_room_of_another() -> None:
    flood = {use(f"h{n}", credential="k1"): [1, NOON] for n in range(3 * TOLD_APART)}

    found = uses.fitting({**flood, use("mine", client="c1"): [5, NOON]}, {})

    assert found[use("mine", client="c1")] == [5, NOON]
    assert found[use(OTHERS, credential="k1")] == [2 * TOLD_APART, NOON]


# --- money --------------------------------------------------------------------------------------------------------


def plan(kind: Any, price: str, *, number: int = 1, since: int = 0, client: str | None = None) -> Version:
    return Version("i1", number, Terms(kind, Fraction(price), "EUR", client), since)


def stakes(*plans: Version, client: str | None = "c1", platform: tuple[Version, ...] = ()) -> list[Stake]:
    book = Book({"i1": plans, PLATFORM_PLAN: platform}, (), {})
    return uses.stakes(book, "i1", client, [(TODAY - 1, 400), (TODAY, 600)], NOON)


def test_calls_are_worth_what_they_were_rated_at_to_the_last_digit() -> None:
    assert stakes(plan("PAY_PER_CALL", "0.0035")) == [Stake(plan="PAY_PER_CALL", amount="3.5", currency="EUR")]


def test_a_price_that_changed_rates_each_day_by_its_own() -> None:
    later = plan("PAY_PER_CALL", "0.1", number=2, since=TODAY * DAY_MS)

    assert stakes(plan("PAY_PER_CALL", "0.01"), later) == [Stake(plan="PAY_PER_CALL", amount="64", currency="EUR")]


def test_of_a_monthly_plan_the_price_of_a_month_is_at_stake() -> None:
    assert stakes(plan("MONTHLY", "49")) == [Stake(plan="MONTHLY", amount="49", currency="EUR")]


def test_calls_that_no_client_pays_are_worth_what_the_platform_takes() -> None:
    own, platform = plan("PAY_PER_CALL", "5"), (plan("PAY_PER_CALL", "0.001"),)

    assert stakes(own, client=None, platform=platform) == [Stake(plan="PAY_PER_CALL", amount="1", currency="EUR")]
    assert stakes(own, client=None) == [Stake(plan="NOT_BILLABLE", amount="0", currency="EUR")]
