"""Counting on real servers: sealed batches in, usage and drafts out, each call once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from billing.__main__ import SERVICE
from billing.domain.meters import MINUTE_MS
from billing.store import counting, questions, tables
from common import clock
from common.rebuild import rebuild
from contracts.calls import Batch
from tests.support.books import Books, books, calls_of
from tests.support.inside import inside
from tests.support.stack import Stack

WAIT_SECONDS = 20.0
USAGE = """query($project: ID, $grain: Grain, $from: DateTime, $to: DateTime, $environment: EnvironmentName) {
  usage(project: $project, grain: $grain, from: $from, to: $to, environment: $environment) {
    at class calls bytesIn bytesOut durationMs environmentName client } }"""
INVOICE = """query($project: ID!, $client: ID, $period: String) {
  invoice(project: $project, client: $client, period: $period) {
    id calls subtotal currency timeZone period cutoff
    lines { code plan quantity unitPrice exact amount serviceName } } }"""
INVOICES = "query($project: ID!) { invoices(project: $project) { client clientName currency calls subtotal } }"
SET = """mutation($instance: ID!, $plan: RatePlanInput!) {
  setRatePlan(instance: $instance, plan: $plan) { id kind price currency client effectiveAt } }"""


@pytest.fixture(scope="module")
async def billing(servers: Stack) -> AsyncIterator[Books]:
    async with inside(servers, SERVICE) as running:
        yield await books(running)


async def counted(billing: Books, project: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(tables.MINUTE.c.calls), 0)).where(tables.MINUTE.c.project == project)
    async with billing.running.runtime.database.reading() as connection:
        return int(await connection.scalar(query) or 0)


async def send(billing: Books, batches: Sequence[Batch]) -> None:
    """Append and wait until all is applied."""
    position = 0
    for one in batches:
        position = await billing.append(one)
    assert await billing.running.runtime.runners["usage"].wait_for(position, WAIT_SECONDS)


async def test_a_batch_counts_once_however_often_it_is_stored(billing: Books) -> None:
    shop = await billing.a_shop()
    batches = [billing.batch(calls_of(shop, 7)) for _ in range(20)]
    sent = batches * 3
    random.Random(7).shuffle(sent)  # noqa: S311 - the same disorder every time

    await send(billing, sent)

    assert await counted(billing, shop.project) == 20 * 7


async def test_an_epoch_is_as_far_as_its_newest_batch_says_until_it_is_closed(billing: Books) -> None:
    gateway = clock.new_id()

    async def told(number: int, watermark_ms: int, *, final: bool = False) -> int | None:
        batch = Batch(gateway=gateway, epoch=7, number=number, calls=[], watermark_ms=watermark_ms, final=final)
        await send(billing, [batch])
        async with billing.running.runtime.database.reading() as connection:
            return (await questions.open_epochs(connection)).get(f"{gateway}/7")

    assert [await told(1, 5), await told(2, 9), await told(1, 5)] == [5, 9, 9]
    assert await told(3, 9, final=True) is None


async def test_without_the_batch_key_the_same_run_counts_too_much(
    billing: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(counting.GUARD_VARIABLE, "off")
    shop = await billing.a_shop()

    await send(billing, [billing.batch(calls_of(shop, 7))] * 3)

    assert await counted(billing, shop.project) == 21


async def test_minutes_hours_and_days_add_up_to_the_same(billing: Books) -> None:
    shop = await billing.a_shop()
    start = 1_795_132_800_000
    at = [start + n * 7 * MINUTE_MS for n in range(50)]
    await send(billing, [billing.batch(calls_of(shop, 50, at=at, bytes_in=11, bytes_out=13, duration_us=1500))])
    when = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z", "project": shop.project}

    found = {
        grain: (await billing.running.data(USAGE, {**when, "grain": grain}))["usage"]
        for grain in ("MINUTE", "HOUR", "DAY")
    }

    assert [len(found[grain]) for grain in ("MINUTE", "HOUR", "DAY")] == [50, 6, 1]
    for rows in found.values():
        assert sum(row["calls"] for row in rows) == 50
        assert sum(row["bytesIn"] for row in rows) == 550
        assert sum(row["durationMs"] for row in rows) == 75
    assert found["DAY"][0]["at"] == "2026-11-20T00:00:00.000Z"


async def test_calls_on_prod_are_the_calls_on_the_drafts_at_once(billing: Books) -> None:
    shop = await billing.a_shop()
    client = await billing.a_client(shop)
    refused: dict[str, Any] = {"class": "client_error"}
    await billing.append(billing.batch(calls_of(shop, 5, client=client), watermark_ms=0))
    await billing.append(billing.batch(calls_of(shop, 3), watermark_ms=0))
    for kind in ("dev", "stage"):
        await billing.append(billing.batch(calls_of(shop, 100, kind=kind)))
    await billing.append(billing.batch(calls_of(shop, 9, **refused)))

    theirs = (await billing.running.data(INVOICE, {"project": shop.project, "client": client}))["invoice"]
    ours = (await billing.running.data(INVOICE, {"project": shop.project}))["invoice"]

    assert (theirs["calls"], ours["calls"]) == (5, 3)
    assert theirs["currency"] == "EUR"
    listed = (await billing.running.data(INVOICES, {"project": shop.project}))["invoices"]
    assert sorted(one["calls"] for one in listed) == [3, 5]


async def test_a_plan_prices_the_minutes_from_its_own_on(billing: Books) -> None:
    shop = await billing.a_shop()
    client = await billing.a_client(shop, zone="Europe/Paris")
    plan = {"kind": "PAY_PER_CALL", "price": "0.0050", "client": client}

    first = (await billing.running.data(SET, {"instance": shop.instance, "plan": plan}))["setRatePlan"]

    effective = int(clock.parse(first["effectiveAt"]).timestamp() * 1000)
    assert first == {
        "id": f"{shop.instance}@1",
        "kind": "PAY_PER_CALL",
        "price": "0.005",
        "currency": "EUR",
        "client": client,
        "effectiveAt": clock.text(clock.parse(first["effectiveAt"])),
    }
    assert effective % MINUTE_MS == 0
    at = [effective - 1, effective, effective + MINUTE_MS]
    await send(billing, [billing.batch(calls_of(shop, 3, at=at))])
    period = first["effectiveAt"][:7]
    draft = (await billing.running.data(INVOICE, {"project": shop.project, "client": client, "period": period}))[
        "invoice"
    ]
    assert [(line["plan"][-2:], line["quantity"], line["amount"]) for line in draft["lines"]] == [("@1", 2, "0.01")]
    free = (await billing.running.data(INVOICE, {"project": shop.project, "period": period}))["invoice"]
    assert [(line["plan"][-2:], line["quantity"], line["amount"]) for line in free["lines"]] == [("@0", 1, "0.00")]


async def test_a_plan_is_set_once_however_often_it_is_asked_for(billing: Books) -> None:
    shop = await billing.a_shop()
    plan = {"kind": "PAY_PER_CALL", "price": "0.01", "currency": "JPY"}
    arguments = {"instance": shop.instance, "plan": plan}

    first, again = [(await billing.running.data(SET, arguments, key="k1"))["setRatePlan"] for _ in range(2)]
    same = (await billing.running.data(SET, arguments))["setRatePlan"]
    winners = await asyncio.gather(
        *(billing.running.data(SET, {**arguments, "plan": {**plan, "price": "0.02"}}) for _ in range(10))
    )

    assert first == again == same
    assert {winner["setRatePlan"]["id"] for winner in winners} == {f"{shop.instance}@2"}
    query = "query($i: ID!) { ratePlan(instance: $i) { id } ratePlans(instance: $i) { id price } }"
    found = await billing.running.data(query, {"i": shop.instance})
    assert [plan["price"] for plan in found["ratePlans"]] == ["0.01", "0.02"]
    assert found["ratePlan"]["id"] == f"{shop.instance}@2"


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"kind": "PAY_PER_CALL", "price": "-1"}, "INVALID_PRICE"),
        ({"kind": "PAY_PER_CALL", "price": "0.0000000000001"}, "INVALID_PRICE"),
        ({"kind": "PAY_PER_CALL", "price": "1", "currency": "XXX"}, "INVALID_CURRENCY"),
        ({"kind": "NOT_BILLABLE", "price": "1"}, "INVALID_PRICE"),
    ],
)
async def test_a_plan_that_cannot_be_billed_is_refused(billing: Books, plan: dict[str, Any], reason: str) -> None:
    shop = await billing.a_shop()

    refused = await billing.running.refused(SET, {"instance": shop.instance, "plan": plan})

    assert (refused["code"], refused["reason"]) == ("BAD_USER_INPUT", reason)


async def test_a_client_of_another_project_or_currency_cannot_pay(billing: Books) -> None:
    shop, other = await billing.a_shop(), await billing.a_shop()
    stranger = await billing.a_client(other)
    client = await billing.a_client(shop, currency="JPY")

    def asked(client: str, **plan: str) -> dict[str, Any]:
        return {"instance": shop.instance, "plan": {"kind": "PAY_PER_CALL", "price": "1", "client": client, **plan}}

    assert (await billing.running.refused(SET, asked(stranger)))["code"] == "NOT_FOUND"
    assert (await billing.running.refused(SET, asked(client, currency="EUR")))["reason"] == "CURRENCY_MISMATCH"
    assert (await billing.running.data(SET, asked(client)))["setRatePlan"]["currency"] == "JPY"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"project": "p", "instance": "i"},
        {"project": "p", "from": "yesterday"},
        {"project": "p", "from": "2026-11-20T00:00:00"},
    ],
)
async def test_a_question_about_usage_that_makes_no_sense_is_refused(billing: Books, arguments: dict[str, str]) -> None:
    query = """query($project: ID, $instance: ID, $from: DateTime) {
      usage(project: $project, instance: $instance, from: $from) { calls } }"""

    assert (await billing.running.refused(query, arguments))["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", ["directory", "plans", "usage"])
async def test_a_rebuilt_read_model_is_the_same(billing: Books, name: str) -> None:
    shop = await billing.a_shop()
    await billing.running.data(SET, {"instance": shop.instance, "plan": {"kind": "PAY_PER_CALL", "price": "0.5"}})
    await send(billing, [billing.batch(calls_of(shop, 7))] * 2)
    runtime = billing.running.runtime
    if name == "usage":  # the unguarded run above left rows that no honest replay can give
        await rebuild(runtime.runners[name].projection, runtime.database, runtime.nats)

    report = await rebuild(runtime.runners[name].projection, runtime.database, runtime.nats)

    assert report.equal, report
