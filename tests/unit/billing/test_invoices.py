"""A draft is a pure function of plans and usage; its bytes are kept as golden files (A07)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import invoices, periods
from billing.domain.invoices import Account, Book, Cut, Instance, Minute
from billing.domain.subscriptions import PLATFORM_PLAN, Terms, Version
from proof import canonical
from tests.support import golden

HERE = Path(__file__).parent
ROWS = {row["id"]: row for row in map(json.loads, (HERE / "golden.jsonl").read_text().splitlines())}
PARIS = Account(
    issuer="o1",
    issuer_name="Makers",
    project="p1",
    project_name="Shop",
    client="c1",
    name="Acme",
    currency="EUR",
    zone="Europe/Paris",
)
JULY = periods.month("2026-07", "Europe/Paris")
NAMES = {"cart": "Cart", "mail": "Mail"}
LATER = 4_000_000_000_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def plan(instance: str, number: int, price: str, *, since: str = "2026-01-01T00:00:00Z", **terms: Any) -> Version:
    kind = terms.pop("kind", "PAY_PER_CALL")
    return Version(
        instance,
        number,
        Terms(kind, Fraction(price), terms.pop("currency", "EUR"), terms.pop("client", None)),
        ms(since),
    )


def minute(calls: int, *, at: str = "2026-07-10T12:00:00Z", **changes: Any) -> Minute:
    fields: dict[str, Any] = {
        "instance": "cart",
        "kind": "prod",
        "client": "c1",
        "minute_ms": ms(at),
        "class_": "ok",
        "calls": calls,
    } | changes
    return Minute(**fields)


def book(plans: Mapping[str, Sequence[Version]], usage: Sequence[Minute], **live: str) -> Book:
    """The book of a project; `live` says since when (and until when) prod of an instance is open: `from[/to]`."""
    instances = {}
    for name in {*plans, *live}:
        since, _, until = live.get(name, "").partition("/")
        times = ((ms(since), ms(until) if until else None),) if since else ()
        instances[name] = Instance(name, NAMES.get(name, name), f"maker of {name}", times)
    return Book(plans, usage, instances)


def drafted(
    plans: Mapping[str, Sequence[Version]], usage: list[Minute], account: Account = PARIS, **live: str
) -> dict[str, Any]:
    document = invoices.draft(book(plans, usage, **live), JULY, account, Cut(42, 43, LATER))
    return canonical.require(canonical.encode(document))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["G01", "G02a", "G02c", "G19a", "G30"])
def test_per_call_lines_are_the_golden_ones(name: str) -> None:
    row = ROWS[name]
    account = replace(PARIS, currency=row["currency"], zone="UTC")
    plans = {"cart": (plan("cart", 1, row["input"]["price"], currency=row["currency"]),)}

    draft = drafted(plans, [minute(row["input"]["calls"])] if row["input"]["calls"] else [], account)

    shown = [{key: line[key] for key in ("code", "quantity", "unit_price", "amount")} for line in draft["lines"]]
    assert shown == row["lines"]
    assert draft["subtotal"] == row["subtotal"]


def test_a_whole_draft_is_kept_as_text() -> None:
    plans = {
        "cart": (plan("cart", 1, "0.002"), plan("cart", 2, "0.0035", since="2026-07-15T09:31:00Z")),
        "mail": (plan("mail", 1, "0", kind="NOT_BILLABLE"),),
    }
    usage = [
        minute(40417),
        minute(9999, kind="dev"),
        minute(777, kind="stage"),
        minute(5, class_="partial"),
        minute(1000, class_="client_error"),
        minute(33, at="2026-07-15T09:30:00Z"),
        minute(34, at="2026-07-15T09:31:00Z"),
        minute(12, instance="mail"),
        minute(8, client=None),
        minute(70, at="2026-06-30T21:59:00Z"),
        minute(71, at="2026-06-30T22:00:00Z"),
        minute(72, at="2026-07-31T22:00:00Z"),
    ]

    document = invoices.draft(book(plans, usage), JULY, PARIS, Cut(981233, 1200, LATER))

    golden.check(HERE / "drafts" / "two-plans-paris.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def test_calls_on_other_environments_never_appear() -> None:
    draft = drafted(
        {"cart": (plan("cart", 1, "1"),)}, [minute(5, kind=kind) for kind in ("private", "demo", "dev", "stage")]
    )

    assert (draft["lines"], draft["calls"], draft["subtotal"]) == ([], "0", "0.00")


def test_the_key_decides_who_owes_then_the_plan_then_the_organisation() -> None:
    plans = {"cart": (plan("cart", 1, "1", client="c2"),), "mail": (plan("mail", 1, "1"),)}
    usage = [minute(1), minute(10, client=None), minute(100, instance="mail", client=None)]

    owed = invoices.owed(book(plans, usage), JULY, LATER)

    assert {client: sum(item.calls for item in items) for client, items in owed.items()} == {
        "c1": 1,
        "c2": 10,
        None: 100,
    }


def test_calls_before_the_first_plan_are_on_the_draft_and_cost_nothing() -> None:
    draft = drafted(
        {"cart": (plan("cart", 1, "1", since="2026-07-10T12:01:00Z"),)},
        [minute(3), minute(4, at="2026-07-10T12:01:00Z")],
    )

    assert [(line["plan"], line["quantity"], line["amount"]) for line in draft["lines"]] == [
        ("cart@0", "3", "0.00"),
        ("cart@1", "4", "4.00"),
    ]
    assert draft["calls"] == "7"


def test_what_no_client_owes_is_priced_by_the_platforms_own_plan() -> None:
    plans = {
        "cart": (plan("cart", 1, "9"),),
        PLATFORM_PLAN: (plan(PLATFORM_PLAN, 1, "5", kind="MONTHLY"),),
        "mail": (plan("mail", 1, "7", kind="MONTHLY", client="c1"),),
    }
    usage = [minute(3, client=None), minute(2), minute(4, client=None, instance="mail")]
    platform = replace(PARIS, issuer="_", client=None, zone="UTC")
    since = "2026-07-22T00:00:00Z"

    own, theirs = (drafted(plans, usage, account, cart=since, mail=since) for account in (platform, PARIS))

    assert [(line["service"], line["code"], line["plan"], line["amount"]) for line in own["lines"]] == [
        ("Cart", "subscription", "platform@1", "1.61"),
        ("Cart", "included", "platform@1", "0.00"),
    ]
    assert [(line["service"], line["code"], line["plan"], line["amount"]) for line in theirs["lines"]] == [
        ("Cart", "usage", "cart@1", "18.00"),
        ("Mail", "subscription", "mail@1", "2.26"),
        ("Mail", "included", "mail@1", "0.00"),
    ]


def test_two_currencies_are_two_documents_and_no_call_is_on_both() -> None:
    plans = {"cart": (plan("cart", 1, "1"),), "mail": (plan("mail", 1, "2", currency="JPY"),)}
    usage = [minute(3), minute(4, instance="mail"), minute(5, instance="old")]
    owed = invoices.owed(book(plans, usage), JULY, LATER)["c1"]

    assert invoices.currencies(None, owed) == ("EUR", "JPY")
    first, second = (
        drafted(plans, usage, replace(PARIS, currency=currency, main=number == 0))
        for number, currency in enumerate(("EUR", "JPY"))
    )
    assert (first["calls"], first["subtotal"]) == ("8", "3.00")
    assert (second["calls"], second["subtotal"]) == ("4", "8")
    assert first["id"] != second["id"]


@given(st.permutations(range(12)), st.lists(st.integers(1, 50), min_size=12, max_size=12))
def test_order_and_grouping_of_usage_do_not_change_a_byte(order: list[int], calls: list[int]) -> None:
    plans = {"cart": (plan("cart", 1, "0.005"), plan("cart", 2, "0.007", since="2026-07-10T12:06:00Z"))}
    usage = [minute(count, at=f"2026-07-10T12:{number:02d}:00Z") for number, count in enumerate(calls)]
    split = [part for one in usage for part in (one, minute(0, at="2026-07-10T12:00:00Z"))]

    document = drafted(plans, usage)

    assert drafted(plans, [usage[number] for number in order]) == document
    assert drafted(plans, split) == document
    assert document["calls"] == str(sum(calls))


@given(st.lists(st.tuples(st.integers(1, 10**6), st.sampled_from(["0.005", "0.0035", "0.000000000001"])), max_size=6))
def test_every_line_is_rounded_once_and_the_lines_add_up(items: list[tuple[int, str]]) -> None:
    plans = {f"i{n}": (plan(f"i{n}", 1, price),) for n, (_, price) in enumerate(items)}
    usage = [minute(calls, instance=f"i{n}") for n, (calls, _) in enumerate(items)]

    draft = drafted(plans, usage)

    for line in draft["lines"]:
        numerator, denominator = map(int, line["exact"].split("/"))
        assert abs(Fraction(numerator, denominator) - Fraction(line["amount"])) <= Fraction(1, 200)
        assert Fraction(line["unit_price"]) * int(line["quantity"]) == Fraction(numerator, denominator)
    assert sum((Fraction(line["amount"]) for line in draft["lines"]), Fraction(0)) == Fraction(draft["subtotal"])
