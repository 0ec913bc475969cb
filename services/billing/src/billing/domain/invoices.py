"""A draft invoice: a pure function of plans, usage, live days and a cut-off, one rounding per line (MA 4.3-4.6, A07).

A call is owed by the client whose key made it, else by the client the plan of its instance names. What no client owes
is on the platform's own bill to the organisation, at the platform's plan. A monthly price is owed by the client that
the plan names, for every local day on which the plan was the last one live (A12).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from billing.domain.meters import is_billed
from billing.domain.periods import Period, text
from billing.domain.subscriptions import DEFAULT_CURRENCY, PLATFORM_PLAN, Version, in_force
from common.ids import derived
from proof import rating

SCHEMA: Final = "mortise.invoice/1"


@dataclass(frozen=True)
class Account:
    """Who owes whom: a client of the project its organisation, or (client None) the organisation the platform."""

    issuer: str
    """Organisation, or the platform."""
    issuer_name: str
    project: str
    project_name: str
    client: str | None
    name: str
    currency: str
    zone: str
    main: bool = True
    """Of several currencies the first; calls without a price stand there, and only there."""


@dataclass(frozen=True)
class Instance:
    """A service in a project: who makes it, and when its prod was open."""

    id: str
    service_name: str
    maker: str
    """Organisation of the service."""
    live: tuple[tuple[int, int | None], ...] = ()
    """Half-open times in milliseconds; None = still."""


@dataclass(frozen=True)
class Minute:
    """Calls of one environment, client key and class in one UTC minute."""

    instance: str
    kind: str
    client: str | None
    minute_ms: int
    class_: str
    calls: int


@dataclass(frozen=True)
class Book:
    """What the bills of one project are made of. `plans` holds the platform's own beside those of instances."""

    plans: Mapping[str, Sequence[Version]]
    minutes: Sequence[Minute]
    instances: Mapping[str, Instance]

    def in_force(self, instance: str, client: str | None, at_ms: int) -> tuple[str | None, Version]:
        """Who owes what happens on an instance at an instant, with the key of a client or none, and under what plan."""
        own = in_force(self.plans.get(instance, ()), instance, at_ms)
        payer = client or own.terms.client
        return payer, own if payer else in_force(self.plans.get(PLATFORM_PLAN, ()), PLATFORM_PLAN, at_ms)


@dataclass(frozen=True)
class Cut:
    """Up to where a bill knows: positions in CALLS and EVT, and the instant that ends what is still live."""

    calls: int
    events: int
    until_ms: int


@dataclass(frozen=True)
class Owed:
    """Calls and days of one instance under one plan version."""

    version: Version
    instance: Instance
    calls: int
    days: rating.Days


def owed(book: Book, period: Period, until_ms: int) -> dict[str | None, tuple[Owed, ...]]:
    """What was called and what was live in the period, by the client that owes it."""
    calls: dict[tuple[str | None, str, Version], int] = {}
    days: dict[tuple[str | None, str, Version], int] = {}
    for minute in book.minutes:
        if is_billed(minute.kind, minute.class_) and period.from_ms <= minute.minute_ms < period.to_ms:
            payer, version = book.in_force(minute.instance, minute.client, minute.minute_ms)
            calls[payer, minute.instance, version] = calls.get((payer, minute.instance, version), 0) + minute.calls
    of = period.days()
    for instance in book.instances.values():
        for last in _last_live(instance, of, until_ms):
            payer, version = book.in_force(instance.id, None, last)
            if version.terms.kind == "MONTHLY":
                days[payer, instance.id, version] = days.get((payer, instance.id, version), 0) + 1
    grouped: dict[str | None, tuple[Owed, ...]] = {}
    for key in dict.fromkeys((*calls, *days)):
        payer, name, version = key
        instance = book.instances.get(name) or Instance(name, name, "")
        item = Owed(version, instance, calls.get(key, 0), rating.Days(days.get(key, 0), len(of)))
        grouped[payer] = (*grouped.get(payer, ()), item)
    return grouped


def draft(book: Book, period: Period, account: Account, cut: Cut, tax: Fraction = Fraction(0)) -> dict[str, Any]:
    """The document of what the account owes for the period, with tax at a rate in per cent."""
    mine = [item for item in owed(book, period, cut.until_ms).get(account.client, ()) if _belongs(item, account)]
    mine.sort(key=lambda item: (item.instance.service_name, item.instance.id, item.version.number))
    lines: list[dict[str, Any]] = []
    subtotal = 0
    for item in mine:
        for line in rating.rate(item.version.terms.rated, item.calls, currency=account.currency, days=item.days):
            lines.append(_line(len(lines) + 1, item, line, account.currency))
            subtotal += line.amount
    owing = rating.part(subtotal, tax / 100)
    return {
        "schema": SCHEMA,
        "id": invoice_id(account, period.label),
        "status": "draft",
        "issuer": {"org": account.issuer, "name": _normal(account.issuer_name)},
        "client": {**({"id": account.client} if account.client else {}), "name": _normal(account.name)},
        "project": {"id": account.project, "name": _normal(account.project_name)},
        "currency": account.currency,
        "time_zone": account.zone,
        "period": {"label": period.label, "from": text(period.from_ms), "to": text(period.to_ms)},
        "lines": lines,
        "calls": str(sum(item.calls for item in mine)),
        "subtotal": rating.amount(subtotal, account.currency),
        "tax": {"rate": rating.plain(tax), "amount": rating.amount(owing, account.currency)},
        "total": rating.amount(subtotal + owing, account.currency),
        "cutoff": {
            "calls": str(cut.calls),
            "events": str(cut.events),
            "until": text(min(cut.until_ms, period.to_ms)),
        },
    }


def invoice_id(account: Account, label: str) -> str:
    """The same payer, issuer, currency and period always mean the same invoice (A15)."""
    return derived("invoice", account.issuer, account.project, account.client or "", account.currency, label)


def currencies(own: str | None, items: Iterable[Owed]) -> tuple[str, ...]:
    """The currencies somebody owes in, his own first; never none (MA 4.2: one account, one currency, one document)."""
    priced = {item.version.terms.currency for item in items if item.version.terms.kind != "NOT_BILLABLE"}
    first = own or min(priced, default=DEFAULT_CURRENCY)
    return (first, *sorted(priced - {first}))


def _normal(name: str) -> str:
    """A name in the one form that canonical JSON takes."""
    return unicodedata.normalize("NFC", name)


def _last_live(instance: Instance, days: Sequence[tuple[int, int]], until_ms: int) -> Iterator[int]:
    """The last instant of each local day on which the instance was live at all (MA 4.5: an instant is enough)."""
    lives = [(start, until_ms if end is None else min(end, until_ms)) for start, end in instance.live]
    for day_from, day_to in days:
        ends = [min(end, day_to) for start, end in lives if start < min(end, day_to) and end > day_from]
        if ends:
            yield max(ends) - 1


def _belongs(item: Owed, account: Account) -> bool:
    if item.version.terms.kind == "NOT_BILLABLE":
        return account.main
    return item.version.terms.currency == account.currency


def _line(number: int, item: Owed, line: rating.Line, currency: str) -> dict[str, Any]:
    assert line.unit_price is not None, "every line has a price"
    return {
        "n": number,
        "code": line.code,
        "env": "prod",
        "instance": item.instance.id,
        "service": _normal(item.instance.service_name),
        "maker": item.instance.maker,
        "plan": item.version.id,
        "quantity": str(line.quantity),
        "of": None if line.of is None else str(line.of),
        "unit_price": rating.plain(line.unit_price),
        "exact": rating.ratio(line.exact),
        "amount": rating.amount(line.amount, currency),
    }
