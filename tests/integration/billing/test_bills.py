"""Bills on real servers: a month that is over becomes an invoice with a number, once, and stays as it is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from billing import execute
from billing.__main__ import SERVICE
from common import clock
from common.log import Log, Subject
from common.rebuild import rebuild
from contracts import billing as said
from proof import canonical
from tests.support.books import Books, Shop, books, calls_of
from tests.support.inside import inside
from tests.support.stack import Stack

WAIT_SECONDS = 20.0
JULY = "2026-07"
"""A month that is over, and so long that nobody waits for its calls any more."""
START = "2026-06-01T00:00:00.000Z"
FINALISE = """mutation($project: ID!, $client: ID, $period: String!, $currency: String, $taxRate: String) {
  finaliseInvoice(
    project: $project, client: $client, period: $period, currency: $currency, taxRate: $taxRate
  ) {
    id status number issuerName clientName subtotal tax total calls issued documentSha256
    lines { code quantity of amount } } }"""
INVOICE = """query($project: ID!, $client: ID, $period: String) {
  invoice(project: $project, client: $client, period: $period) {
    id status number issuerName clientName subtotal calls documentSha256 lines { code quantity of amount } } }"""
INVOICES = """query($project: ID!, $period: String) {
  invoices(project: $project, period: $period) { id status number clientName total } }"""
FILE = """query($project: ID!, $client: ID, $period: String, $format: InvoiceFormat) {
  invoiceFile(project: $project, client: $client, period: $period, format: $format) { name mediaType content } }"""

PAYOUT = """query($organisation: ID!, $month: String) {
  payout(organisation: $organisation, month: $month) {
    currency gross share net invoices { number gross share net } } }"""


@pytest.fixture(scope="module")
async def billing(servers: Stack) -> AsyncIterator[Books]:
    async with inside(servers, SERVICE) as running:
        yield await books(running)


def at(text: str) -> int:
    return int(clock.parse(text).timestamp() * 1000)


async def called(billing: Books, shop: Shop, count: int, **changes: Any) -> None:
    position = await billing.append(
        billing.batch(calls_of(shop, count, at=[at("2026-07-10T12:00:00Z")] * count, **changes))
    )
    assert await billing.running.runtime.runners["usage"].wait_for(position, WAIT_SECONDS)


async def owing(billing: Books, calls: int = 100) -> tuple[Shop, str]:
    """A shop whose client owes 0.25 for each of some calls of July."""
    shop = await billing.a_shop()
    client = await billing.a_client(shop)
    await billing.a_plan(shop, "PAY_PER_CALL", "0.25", since=START)
    await called(billing, shop, calls, client=client)
    return shop, client


async def finalised(billing: Books, shop: Shop, client: str | None, **more: Any) -> dict[str, Any]:
    words = {"project": shop.project, "client": client, "period": JULY, "taxRate": "0", **more}
    found: dict[str, Any] = (await billing.running.data(FINALISE, words))["finaliseInvoice"]
    return found


async def test_a_month_that_is_over_becomes_an_invoice_with_the_next_number(billing: Books) -> None:
    shop, client = await owing(billing)
    asked = {"project": shop.project, "client": client, "period": JULY}
    draft = (await billing.running.data(INVOICE, asked))["invoice"]

    issued = await finalised(billing, shop, client, taxRate="20")

    assert (draft["status"], draft["number"], draft["subtotal"]) == ("draft", None, "25.00")
    year = clock.now().year
    assert (issued["status"], issued["number"]) == ("final", f"INV-{year}-000001")
    assert (issued["id"], issued["subtotal"], issued["tax"], issued["total"]) == (draft["id"], "25.00", "5.00", "30.00")
    shown = (await billing.running.data(INVOICE, asked))["invoice"]
    assert (shown["status"], shown["number"], shown["lines"][0]["amount"]) == ("final", issued["number"], "25.00")


async def test_numbers_of_an_issuer_have_no_gap_however_many_ask_at_once(billing: Books) -> None:
    shop = await billing.a_shop()
    await billing.a_plan(shop, "PAY_PER_CALL", "0.25", since=START)
    clients = [await billing.a_client(shop) for _ in range(6)]
    for client in clients:
        await called(billing, shop, 4, client=client)

    issued = await asyncio.gather(*(finalised(billing, shop, client) for client in clients * 3))

    by_client = [{one["number"] for one in issued[n :: len(clients)]} for n in range(len(clients))]
    assert all(len(numbers) == 1 for numbers in by_client)
    year = clock.now().year
    assert sorted(set.union(*by_client)) == [f"INV-{year}-{n:06d}" for n in range(1, 7)]
    listed = (await billing.running.data(INVOICES, {"project": shop.project, "period": JULY}))["invoices"]
    assert [one["number"] for one in listed] == [f"INV-{year}-{n:06d}" for n in range(1, 7)]


async def test_what_was_used_in_a_project_stays_owed_when_it_is_deleted(billing: Books) -> None:
    shop, client = await owing(billing)
    await billing.deleted(shop)
    plans = "query($instance: ID!) { ratePlans(instance: $instance) { id } }"
    assert (await billing.running.refused(plans, {"instance": shop.instance}))["code"] == "NOT_FOUND"

    assert (await finalised(billing, shop, client))["subtotal"] == "25.00"


class Unheeded(dict[str, asyncio.Lock]):
    """Turns that nobody waits for: what several processes are to each other."""

    def setdefault(self, _: str, default: asyncio.Lock | None = None) -> asyncio.Lock:
        assert default is not None
        return default


async def test_processes_that_know_nothing_of_each_other_leave_no_gap_either(
    billing: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "_turns", Unheeded())
    shop = await billing.a_shop()
    await billing.a_plan(shop, "PAY_PER_CALL", "0.25", since=START)
    clients = [await billing.a_client(shop) for _ in range(3)]
    for client in clients:
        await called(billing, shop, 4, client=client)

    issued = await asyncio.gather(*(finalised(billing, shop, client) for client in clients * 2))

    year = clock.now().year
    assert sorted({one["number"] for one in issued}) == [f"INV-{year}-{n:06d}" for n in range(1, 4)]
    assert len({(one["id"], one["number"]) for one in issued}) == 3


async def test_an_invoice_and_its_number_are_two_facts_in_a_row(billing: Books) -> None:
    shop, client = await owing(billing)
    issued = await finalised(billing, shop, client)
    log = Log(billing.running.admin, "billing")

    invoice = (await log.load(Subject(shop.organisation, "billing", "invoice", issued["id"]))).events
    numbers = (await log.load(Subject(shop.organisation, "billing", "numbering", str(clock.now().year)))).events

    assert [fact.envelope.type for fact in (*numbers, *invoice)] == [
        said.NumberingAssigned.TYPE,
        said.InvoiceFinalized.TYPE,
    ]
    assert invoice[0].position == numbers[0].position + 1
    assert numbers[0].envelope.data["invoice"] == issued["id"]


async def test_calls_that_come_late_do_not_change_what_was_issued(billing: Books) -> None:
    shop, client = await owing(billing)
    issued = await finalised(billing, shop, client)
    await called(billing, shop, 50, client=client)

    again = await finalised(billing, shop, client, taxRate="5")

    assert again == issued
    asked = {"project": shop.project, "client": client, "period": JULY}
    assert (await billing.running.data(INVOICE, asked))["invoice"]["calls"] == 100


async def test_the_document_is_the_one_whose_hash_the_log_names(billing: Books) -> None:
    shop, client = await owing(billing)
    issued = await finalised(billing, shop, client)
    asked = {"project": shop.project, "client": client, "period": JULY}

    files = [
        (await billing.running.data(FILE, {**asked, "format": kind}))["invoiceFile"] for kind in ("JSON", "CSV", "PDF")
    ]

    assert [(file["name"], file["mediaType"]) for file in files] == [
        (f"{issued['number']}.json", "application/json"),
        (f"{issued['number']}.csv", "text/csv; charset=utf-8"),
        (f"{issued['number']}.pdf", "application/pdf"),
    ]
    document, table, paper = (base64.b64decode(file["content"]) for file in files)
    assert hashlib.sha256(document).hexdigest() == issued["documentSha256"]
    assert canonical.require(document)["total"] == "25.00"
    assert table.decode().splitlines()[1].startswith(f"{issued['number']},final,")
    assert paper.startswith(b"%PDF-")
    assert issued["documentSha256"].encode() in paper


async def test_a_monthly_price_is_owed_for_the_days_on_which_prod_was_open(billing: Books) -> None:
    shop = await billing.a_shop()
    client = await billing.a_client(shop, zone="Europe/Paris")
    await billing.a_plan(shop, "MONTHLY", "49.00", since=START, client=client)
    await billing.opened(shop, at="2026-07-22T22:30:00.000Z")
    await called(billing, shop, 7)

    issued = await finalised(billing, shop, client)

    assert [(line["code"], line["quantity"], line["of"], line["amount"]) for line in issued["lines"]] == [
        ("subscription", 9, 31, "14.23"),
        ("included", 7, None, "0.00"),
    ]


async def test_a_maker_gets_nine_tenths_of_what_his_services_earned(billing: Books) -> None:
    shop = await billing.a_shop()
    await billing.a_plan(shop, "PAY_PER_CALL", "0.25", since=START)
    for calls in (2, 11):
        client = await billing.a_client(shop)
        await called(billing, shop, calls, client=client)
        await finalised(billing, shop, client, taxRate="20")

    found = (await billing.running.data(PAYOUT, {"organisation": shop.organisation}))["payout"]

    assert [(one["currency"], one["gross"], one["share"], one["net"]) for one in found] == [
        ("EUR", "3.25", "0.33", "2.92")
    ]
    assert [(one["gross"], one["share"], one["net"]) for one in found[0]["invoices"]] == [
        ("0.50", "0.05", "0.45"),
        ("2.75", "0.28", "2.47"),
    ]
    earlier = {"organisation": shop.organisation, "month": JULY}
    assert (await billing.running.data(PAYOUT, earlier))["payout"] == []


async def test_rebuilt_invoices_are_the_same(billing: Books) -> None:
    shop, client = await owing(billing)
    issued = await finalised(billing, shop, client)
    runtime = billing.running.runtime

    report = await rebuild(runtime.runners["invoices"].projection, runtime.database, runtime.nats)

    assert report.equal, report
    assert await finalised(billing, shop, client) == issued


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"period": "2999-01"}, "PERIOD_OPEN"),
        ({"period": "2026-05"}, "NOTHING_OWED"),
        ({"currency": "JPY"}, "NOTHING_OWED"),
        ({"taxRate": "101"}, "INVALID_TAX"),
        ({"taxRate": "-1"}, "INVALID_TAX"),
        ({"period": "July"}, None),
    ],
)
async def test_what_cannot_be_issued_is_refused_and_burns_no_number(
    billing: Books, change: dict[str, str], reason: str | None
) -> None:
    shop, client = await owing(billing, 4)
    asked = {"project": shop.project, "client": client, "period": JULY, "taxRate": "0", **change}

    refused = await billing.running.refused(FINALISE, asked)

    assert (refused["code"], refused.get("reason")) == ("BAD_USER_INPUT", reason)
    assert (await finalised(billing, shop, client))["number"].endswith("-000001")


async def test_a_monthly_price_needs_a_client(billing: Books) -> None:
    shop = await billing.a_shop()
    query = """mutation($instance: ID!) {
      setRatePlan(instance: $instance, plan: {kind: MONTHLY, price: "49"}) { id } }"""

    assert (await billing.running.refused(query, {"instance": shop.instance}))["reason"] == "CLIENT_NEEDED"
