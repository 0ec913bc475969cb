"""Assigning plans, waiting for calls, putting drafts together from what is stored, and issuing invoices."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final
from weakref import WeakValueDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain import finalising, invoices, periods, subscriptions
from billing.domain.invoices import Account, Book, Cut, Owed
from billing.domain.subscriptions import PLATFORM_PLAN, Subscribed, Terms, Version
from billing.store import counting, learning, questions
from common import clock, commands
from common.blobs import Blobs
from common.db import Database
from common.errors import bad_input, conflict
from common.events import Change, Event
from common.log import Cause, Conflict, Entry, History, Log, Recorded, Subject
from common.projection import Runner
from common.readmodel import place
from common.stream import Stream
from contracts import billing as said
from contracts.names import PLATFORM
from proof import canonical, rating

SETTLE_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 0.3
"""A gateway appends what it knows at least this often (DESIGN 6)."""
ORGANISATION_ZONE: Final = "UTC"
PLATFORM_NAME: Final = "Mortise"
DAY_MS: Final = 24 * 60 * 60 * 1000
ATTEMPTS: Final = 6
"""To issue an invoice while others take numbers of the same issuer: the first and five more."""

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Ledger:
    """All that the drafts of one project and month are made of, from one snapshot."""

    project: str
    project_name: str
    organisation: str
    organisation_name: str
    clients: Mapping[str, sa.Row[Any]]
    book: Book
    cut: Cut
    told: Mapping[str, int]
    """Open epochs of gateways, and up to when all of their calls are in the book."""

    def waiting(self, at_ms: int) -> tuple[str, ...]:
        """Gateways that may know calls before an instant that are not in the book."""
        return tuple(source for source, until_ms in self.told.items() if until_ms < at_ms)

    def owed(self, client: str | None, label: str) -> tuple[Owed, ...]:
        """What a payer owes for a month."""
        return invoices.owed(self.book, periods.month(label, self.zone(client)), self.cut.until_ms).get(client, ())

    def zone(self, client: str | None) -> str:
        """The zone in which a payer's months are cut."""
        row = self.clients.get(client) if client else None
        return str(row.time_zone) if row else ORGANISATION_ZONE

    def accounts(self, client: str | None, label: str) -> tuple[Account, ...]:
        """The accounts of a payer, one for each currency he owes in, his own first; never none."""
        row = self.clients.get(client) if client else None
        name = row.name if row else client or self.organisation_name
        issuer = (self.organisation, self.organisation_name) if client else (PLATFORM, PLATFORM_NAME)
        own = row.currency if row else None
        return tuple(
            Account(
                *issuer,
                self.project,
                self.project_name,
                client,
                name,
                currency,
                self.zone(client),
                main=number == 0,
            )
            for number, currency in enumerate(invoices.currencies(own, self.owed(client, label)))
        )

    def draft(self, account: Account, label: str, tax: Fraction = Fraction(0)) -> dict[str, Any]:
        """The draft of an account."""
        return invoices.draft(self.book, periods.month(label, account.zone), account, self.cut, tax)


@dataclass(frozen=True)
class Assigned:
    """The plan version a command led to or found in place, and the position at which it is visible."""

    version: Version
    position: int


async def assign(log: Log, subscribed: Subscribed, wanted: Terms, cause: Cause) -> Assigned:
    """Append the next plan version, unless this command has done so before or the terms are so already."""
    seen: list[Assigned] = []

    def decide(history: History) -> Event | None:
        versions = _versions(history)
        event = subscriptions.assign(versions, subscribed, wanted, at=clock.now())
        if event is None:
            seen.append(Assigned(versions[-1], history.position))
        return event

    subject = Subject(subscribed.organisation, "billing", "subscription", subscribed.instance)
    recorded = await commands.execute(log, subject, cause=cause, decide=decide, changes=_changes)
    if recorded is None:
        return seen[-1]
    event = said.RatePlanAssigned.model_validate(recorded.envelope.data)
    return Assigned(subscriptions.version(event), recorded.position)


async def settle(usage: Runner, stream: Stream, database: Database) -> None:
    """Wait until calls answered before now are counted, at most two seconds.

    First for what the stream holds. If a gateway has not yet said that it told everything up to now, once more after
    the time in which it has to.
    """
    asked_ms = milliseconds()
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            await usage.wait_for((await stream.info()).last, SETTLE_SECONDS)
            async with database.reading() as connection:
                told = await questions.open_epochs(connection)
            if any(until_ms < asked_ms for until_ms in told.values()):
                await asyncio.sleep(FLUSH_SECONDS)
                await usage.wait_for((await stream.info()).last, SETTLE_SECONDS)
    except TimeoutError:
        return  # the answer says up to where it counted


async def ledger(connection: AsyncConnection, project: sa.Row[Any], label: str) -> Ledger:
    """What there is to bill for a project around a month, in any zone."""
    month = periods.month(label, ORGANISATION_ZONE)
    minutes = await questions.billed_minutes(connection, project.id, month.from_ms - DAY_MS, month.to_ms + DAY_MS)
    found = await questions.instances(connection, project.id)
    named = {minute.instance for minute in minutes} | {PLATFORM_PLAN} | set(found)
    places = [await place(connection, each.name) for each in (learning.DIRECTORY_PROJECTION, learning.PLANS_PROJECTION)]
    usage = await place(connection, counting.USAGE_PROJECTION.name)
    return Ledger(
        project=project.id,
        project_name=project.name,
        organisation=project.organisation,
        organisation_name=await questions.organisation_name(connection, project.organisation),
        clients={row.id: row for row in await questions.clients(connection, project.id)},
        book=Book(await questions.plans(connection, named), minutes, found),
        cut=Cut(
            calls=usage.position if usage else 0,
            events=min((each.position for each in places if each), default=0),
            until_ms=milliseconds(),
        ),
        told=await questions.open_epochs(connection),
    )


def payers(book: Ledger, label_now: str | None) -> tuple[tuple[str | None, str], ...]:
    """Everybody who owes something for the month (by default the current one where he is), and its label."""
    found: list[tuple[str | None, str]] = []
    strangers = sorted({minute.client for minute in book.book.minutes if minute.client} - set(book.clients))
    for client in (*book.clients, *strangers, None):
        label = periods.label_at(book.cut.until_ms, book.zone(client)) if label_now is None else label_now
        if book.owed(client, label):
            found.append((client, label))
    return tuple(found)


# --- invoices -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """The invoice somebody wants issued."""

    account: Account
    period: periods.Period
    tax: Fraction


@dataclass(frozen=True)
class Issued:
    """An invoice and the position at which it is visible."""

    invoice: said.InvoiceFinalized
    position: int


async def issue(log: Log, blobs: Blobs, book: Ledger, wanted: Wanted, cause: Cause) -> Issued:
    """Append the invoice and its number in one batch, unless it has been issued before; what was issued.

    Refuses a period that is not over, or may still get calls, and a draft without an amount.
    """
    account, period = wanted.account, wanted.period
    subject = Subject(account.issuer, "billing", "invoice", invoices.invoice_id(account, period.label))
    # Of one process, invoices of one issuer wait for each other instead of colliding in the log.
    turn = _turns.setdefault(account.issuer, asyncio.Lock())
    for attempt in range(ATTEMPTS):
        try:
            async with turn:
                history = await log.load(subject)
                if history.events:
                    return _issued(history.events[-1])
                now = clock.now()
                waiting = book.waiting(period.to_ms)
                incomplete = finalising.needs_an_end(period, waiting, int(now.timestamp() * 1000))
                draft = book.draft(account, period.label, wanted.tax)
                finalising.needs_an_amount(draft)
                numbering = Subject(account.issuer, "billing", "numbering", str(now.year))
                taken = await log.load(numbering)
                number = taken.version + 1
                document = finalising.finalised(draft, number, now, incomplete)
                body = canonical.encode(document)
                sha = await blobs.put(body)
                fact = finalising.fact(document, organisation=book.organisation, sha=sha, size=len(body))
                named = said.NumberingAssigned(
                    issuer=account.issuer, year=now.year, number=number, invoice=fact.invoice
                )
                entries = (
                    Entry(numbering, named, taken.position, number),
                    Entry(subject, fact, 0, 1, _amounts(fact)),
                )
                return _issued((await log.append_batch(entries, cause, use="invoice+number"))[-1])
        except Conflict:
            await asyncio.sleep(random.uniform(0.0, 0.01 * 2**attempt))  # noqa: S311 - jitter, no secret
    message = f"Others are issuing invoices of {account.issuer_name}."
    raise conflict(message, "Try again.")


def account(book: Ledger, client: str | None, label: str, currency: str | None) -> Account:
    """The account of a payer in a currency, by default his own. Refuses one in which he owes nothing."""
    found = book.accounts(client, label)
    if currency is None:
        return found[0]
    for each in found:
        if each.currency == currency:
            return each
    hint = f"He owes in {', '.join(each.currency for each in found)}."
    message = f"{found[0].name} owes nothing in {currency[:40]!r} for {label}."
    raise bad_input(message, hint, reason="NOTHING_OWED", field="currency")


def _issued(recorded: Recorded) -> Issued:
    return Issued(said.InvoiceFinalized.model_validate(recorded.envelope.data), recorded.position)


def _amounts(fact: said.InvoiceFinalized) -> dict[str, Change]:
    names = ("number", "currency", "subtotal", "tax", "total", "issued", "due")
    return {name: Change(after=getattr(fact, name)) for name in names}


def milliseconds() -> int:
    """Now, in milliseconds since the epoch."""
    return int(clock.now().timestamp() * 1000)


def _versions(history: History) -> tuple[Version, ...]:
    facts = (item.envelope for item in history.events if item.envelope.type == said.RatePlanAssigned.TYPE)
    return subscriptions.fold(said.RatePlanAssigned.model_validate(fact.data) for fact in facts)


def _changes(history: History, event: Event) -> Mapping[str, Change]:
    assert isinstance(event, said.RatePlanAssigned), "the only fact of a subscription"
    versions = _versions(history)
    before = versions[-1].terms if versions else None
    fields = {
        "kind": (before.kind if before else None, event.kind),
        "price": (rating.plain(before.price) if before else None, event.price),
        "currency": (before.currency if before else None, event.currency),
        "client": (before.client if before else None, event.client),
    }
    return {name: Change(before=old, after=new) for name, (old, new) in fields.items() if old != new}
