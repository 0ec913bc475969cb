"""Assigning plans, waiting for calls, and putting drafts together from what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from billing import store
from billing.domain import invoices, periods, subscriptions
from billing.domain.invoices import Account, Minute, Owed
from billing.domain.subscriptions import Subscribed, Terms, Version
from common import clock, commands
from common.db import Database
from common.events import Change, Event
from common.log import Cause, History, Log, Subject
from common.projection import Runner
from common.readmodel import place
from common.stream import Stream
from contracts import billing as said
from proof import rating

SETTLE_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 0.3
"""A gateway appends what it knows at least this often (DESIGN 6)."""
ORGANISATION_ZONE: Final = "UTC"
DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Ledger:
    """All that the drafts of one project and month are made of, from one snapshot."""

    project: str
    issuer: str
    issuer_name: str
    clients: Mapping[str, sa.Row[Any]]
    plans: Mapping[str, Sequence[Version]]
    minutes: Sequence[Minute]
    cutoff: int


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
                waiting = await store.behind(connection, asked_ms)
            if waiting:
                await asyncio.sleep(FLUSH_SECONDS)
                await usage.wait_for((await stream.info()).last, SETTLE_SECONDS)
    except TimeoutError:
        return  # the answer says up to where it counted


async def ledger(connection: AsyncConnection, project: sa.Row[Any], label: str) -> Ledger:
    """What there is to bill for a project around a month, in any zone."""
    month = periods.month(label, ORGANISATION_ZONE)
    minutes = await store.billed_minutes(connection, project.id, month.from_ms - DAY_MS, month.to_ms + DAY_MS)
    here = await place(connection, store.USAGE_PROJECTION.name)
    return Ledger(
        project=project.id,
        issuer=project.organisation,
        issuer_name=await store.organisation_name(connection, project.organisation),
        clients={row.id: row for row in await store.clients(connection, project.id)},
        plans=await store.plans(connection, {minute.instance for minute in minutes}),
        minutes=minutes,
        cutoff=here.position if here else 0,
    )


def drafts(book: Ledger, client: str | None, label: str) -> tuple[bytes, ...]:
    """The drafts of one payer, a document for each currency, his own first. There is always one."""
    period = periods.month(label, zone(book, client))
    mine = invoices.owed(book.plans, book.minutes, period).get(client, ())
    return tuple(
        invoices.draft(book.plans, book.minutes, period, account, book.cutoff)
        for account in _accounts(book, client, mine)
    )


def payers(book: Ledger, label_now: str | None, now_ms: int) -> tuple[tuple[str | None, str], ...]:
    """Everybody who owes something for the month (by default the current one where he is), and its label."""
    found: list[tuple[str | None, str]] = []
    strangers = sorted({minute.client for minute in book.minutes if minute.client} - set(book.clients))
    for client in (*book.clients, *strangers, None):
        label = label_now or periods.label_at(now_ms, zone(book, client))
        if invoices.owed(book.plans, book.minutes, periods.month(label, zone(book, client))).get(client):
            found.append((client, label))
    return tuple(found)


def zone(book: Ledger, client: str | None) -> str:
    """The zone in which a payer's months are cut."""
    row = book.clients.get(client) if client else None
    return str(row.time_zone) if row else ORGANISATION_ZONE


def milliseconds() -> int:
    """Now, in milliseconds since the epoch."""
    return int(clock.now().timestamp() * 1000)


def _accounts(book: Ledger, client: str | None, owed: Sequence[Owed]) -> tuple[Account, ...]:
    row = book.clients.get(client) if client else None
    name = row.name if row else book.issuer_name
    own = row.currency if row else None
    return tuple(
        Account(book.issuer, book.project, client, name, currency, zone(book, client), main=number == 0)
        for number, currency in enumerate(invoices.currencies(own, owed))
    )


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
