"""The platform's own bill: for what no client owes (C 1.12). On servers of its own, for the platform has one plan."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from billing.__main__ import SERVICE
from billing.domain.subscriptions import PLATFORM_PLAN
from common import clock
from contracts.access import Principal
from contracts.names import PLATFORM
from tests.support.books import Books, Shop, books, calls_of
from tests.support.inside import inside
from tests.support.stack import Stack, a_directory

WAIT_SECONDS = 20.0
START = "2026-06-01T00:00:00.000Z"
OPENED = "2026-07-22T22:30:00.000Z"
SET = """mutation($price: String!) {
  setPlatformPlan(plan: {kind: MONTHLY, price: $price}) { id instance price currency client } }"""
FINALISE = """mutation($project: ID!, $client: ID) {
  finaliseInvoice(project: $project, client: $client, period: "2026-07") {
    number issuerName clientName client total lines { code plan quantity of amount } } }"""


@pytest.fixture(scope="module")
async def billing() -> AsyncIterator[Books]:
    with a_directory() as data, Stack(data, services=()) as servers:
        async with inside(servers, SERVICE) as running:
            yield await books(running)


async def test_what_no_client_owes_is_billed_to_the_organisation(billing: Books) -> None:
    platform = Shop(PLATFORM, "", "", PLATFORM_PLAN)
    await billing.a_plan(platform, "MONTHLY", "5", since=START)
    alone, sold = await billing.a_shop(), await billing.a_shop()
    client = await billing.a_client(sold)
    await billing.a_plan(sold, "MONTHLY", "49", since=START, client=client)
    for shop in (alone, sold):
        await billing.opened(shop, at=OPENED)
    july = int(clock.parse(OPENED).timestamp() * 1000)
    position = await billing.append(billing.batch(calls_of(alone, 3, at=[july] * 3)))
    assert await billing.running.runtime.runners["usage"].wait_for(position, WAIT_SECONDS)

    bill = (await billing.running.data(FINALISE, {"project": alone.project}))["finaliseInvoice"]
    other = await billing.running.refused(FINALISE, {"project": sold.project})
    theirs = (await billing.running.data(FINALISE, {"project": sold.project, "client": client}))["finaliseInvoice"]

    year = clock.now().year
    assert (bill["number"], bill["issuerName"], bill["client"]) == (f"INV-{year}-000001", "Mortise", None)
    assert [(line["code"], line["plan"], line["quantity"], line["of"], line["amount"]) for line in bill["lines"]] == [
        ("subscription", "platform@1", 10, 31, "1.61"),
        ("included", "platform@1", 3, None, "0.00"),
    ]
    assert other["reason"] == "NOTHING_OWED"
    assert (theirs["number"], theirs["total"]) == (f"INV-{year}-000001", "15.81")


async def test_the_platforms_plan_has_versions_like_any_other(billing: Books) -> None:
    found = [(await billing.running.data(SET, {"price": price}))["setPlatformPlan"] for price in ("7", "7", "8")]

    versions = [int(plan["id"].removeprefix("platform@")) for plan in found]
    assert versions == [versions[0], versions[0], versions[0] + 1]
    newest = (await billing.running.data("{ platformPlan { id price currency } }"))["platformPlan"]
    assert newest == {"id": found[-1]["id"], "price": "8", "currency": "EUR"}


async def test_the_owner_of_a_project_does_not_issue_the_platforms_bill(billing: Books) -> None:
    shop = await billing.a_shop()
    owner = Principal(kind="user", id="u1", organisations={shop.organisation: "owner"})

    refused = await billing.running.refused(FINALISE, {"project": shop.project}, principal=owner)

    assert refused["code"] == "FORBIDDEN"
