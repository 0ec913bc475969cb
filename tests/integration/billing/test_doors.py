"""Who may not see usage, plans and drafts, and who may not set a plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from billing.__main__ import SERVICE
from contracts.access import INVALID, Principal
from tests.support.books import Books, Shop, books
from tests.support.inside import NOBODY, inside
from tests.support.stack import Stack

SET = 'mutation($instance: ID!) { setRatePlan(instance: $instance, plan: {kind: PAY_PER_CALL, price: "0.01"}) { id } }'
PLAN = "query($instance: ID!) { ratePlan(instance: $instance) { id } }"
PLANS = "query($instance: ID!) { ratePlans(instance: $instance) { id } }"
USAGE_OF_PROJECT = "query($project: ID!) { usage(project: $project) { calls } }"
USAGE_OF_INSTANCE = "query($instance: ID!) { usage(instance: $instance) { calls } }"
USAGE_OF_SERVICE = "query($service: ID!) { usage(service: $service) { calls } }"
INVOICE = "query($project: ID!) { invoice(project: $project) { id } }"
FINALISE = """mutation($project: ID!, $client: ID) {
  finaliseInvoice(project: $project, client: $client, period: "2026-07") { id } }"""
INVOICE_FILE = "query($project: ID!) { invoiceFile(project: $project, format: CSV) { name } }"
PAYOUT = "query($organisation: ID!) { payout(organisation: $organisation) { net } }"
SET_PLATFORM = 'mutation { setPlatformPlan(plan: {kind: MONTHLY, price: "5"}) { id } }'
PLATFORM_PLAN = "{ platformPlan { id } }"
INVOICES = "query($project: ID!) { invoices(project: $project) { id } }"


@pytest.fixture(scope="module")
async def billing(servers: Stack) -> AsyncIterator[Books]:
    async with inside(servers, SERVICE) as running:
        yield await books(running)


def user(organisation: str, role: str = "owner", **grants: str) -> Principal:
    named = {name.replace("_", ":", 1): grant for name, grant in grants.items()}
    return Principal.model_validate(
        {"kind": "user", "id": "u1", "organisations": {organisation: role}, "grants": named}
    )


async def closed_to_others(billing: Books, query: str, shop: Shop) -> None:
    """Strangers do not find it, members of the organisation do, unless the project is restricted."""
    names = {"project": shop.project, "instance": shop.instance, "service": shop.service}
    variables: dict[str, Any] = {name: value for name, value in names.items() if f"${name}:" in query}
    ask = billing.running
    for principal in (NOBODY, INVALID):
        assert (await ask.refused(query, variables, principal=principal))["code"] == "UNAUTHENTICATED"
    for principal in (user("another"), user(shop.organisation, "guest")):
        assert (await ask.refused(query, variables, principal=principal))["code"] == "NOT_FOUND"
    unknown = dict.fromkeys(variables, "unknown")
    assert (await ask.refused(query, unknown, principal=user(shop.organisation)))["code"] == "NOT_FOUND"
    assert (await ask.ask(query, variables, principal=user(shop.organisation, "member"))).errors is None


async def restricted_to_grants(billing: Books, query: str) -> None:
    """A member without a grant does not find a restricted project."""
    shop = await billing.a_shop(restricted=True)
    names = {"project": shop.project, "instance": shop.instance}
    variables = {name: value for name, value in names.items() if f"${name}:" in query}
    member = user(shop.organisation, "member")
    granted = Principal.model_validate(
        {
            "kind": "user",
            "id": "u2",
            "organisations": {shop.organisation: "guest"},
            "grants": {f"project:{shop.project}": "viewer"},
        }
    )

    assert (await billing.running.refused(query, variables, principal=member))["code"] == "NOT_FOUND"
    assert (await billing.running.ask(query, variables, principal=granted)).errors is None


async def test_usage_is_for_those_who_see_the_project(billing: Books) -> None:
    shop = await billing.a_shop()

    for query in (USAGE_OF_PROJECT, USAGE_OF_INSTANCE, USAGE_OF_SERVICE):
        await closed_to_others(billing, query, shop)
    for query in (USAGE_OF_PROJECT, USAGE_OF_INSTANCE):
        await restricted_to_grants(billing, query)


async def test_a_plan_is_for_those_who_see_the_project(billing: Books) -> None:
    await closed_to_others(billing, PLAN, await billing.a_shop())
    await restricted_to_grants(billing, PLAN)


async def test_plans_are_for_those_who_see_the_project(billing: Books) -> None:
    await closed_to_others(billing, PLANS, await billing.a_shop())
    await restricted_to_grants(billing, PLANS)


async def test_a_draft_is_for_those_who_see_the_project(billing: Books) -> None:
    await closed_to_others(billing, INVOICE, await billing.a_shop())
    await restricted_to_grants(billing, INVOICE)


async def test_drafts_are_for_those_who_see_the_project(billing: Books) -> None:
    await closed_to_others(billing, INVOICES, await billing.a_shop())
    await restricted_to_grants(billing, INVOICES)


async def test_a_draft_for_a_client_of_another_project_is_not_found(billing: Books) -> None:
    shop, other = await billing.a_shop(), await billing.a_shop()
    stranger = await billing.a_client(other)
    query = "query($project: ID!, $client: ID) { invoice(project: $project, client: $client) { id } }"

    refused = await billing.running.refused(query, {"project": shop.project, "client": stranger})

    assert refused["code"] == "NOT_FOUND"


async def test_only_editors_of_the_project_set_a_plan(billing: Books) -> None:
    shop = await billing.a_shop()
    variables = {"instance": shop.instance}
    ask = billing.running

    for principal in (NOBODY, INVALID):
        assert (await ask.refused(SET, variables, principal=principal))["code"] == "UNAUTHENTICATED"
    assert (await ask.refused(SET, variables, principal=user("another")))["code"] == "NOT_FOUND"
    assert (await ask.refused(SET, variables, principal=user(shop.organisation, "guest")))["code"] == "NOT_FOUND"
    assert (await ask.refused(SET, variables, principal=user(shop.organisation, "member")))["code"] == "FORBIDDEN"
    editor = Principal.model_validate(
        {"kind": "user", "id": "u2", "organisations": {}, "grants": {f"project:{shop.project}": "editor"}}
    )
    assert (await ask.ask(SET, variables, principal=editor)).errors is None


async def test_a_file_of_a_draft_is_for_those_who_see_the_project(billing: Books) -> None:
    await closed_to_others(billing, INVOICE_FILE, await billing.a_shop())
    await restricted_to_grants(billing, INVOICE_FILE)


async def test_only_admins_of_the_project_issue_an_invoice(billing: Books) -> None:
    shop = await billing.a_shop()
    variables = {"project": shop.project, "client": await billing.a_client(shop)}
    ask = billing.running
    editor = Principal.model_validate(
        {"kind": "user", "id": "u2", "organisations": {}, "grants": {f"project:{shop.project}": "editor"}}
    )

    for principal in (NOBODY, INVALID):
        assert (await ask.refused(FINALISE, variables, principal=principal))["code"] == "UNAUTHENTICATED"
    for principal in (user("another"), user(shop.organisation, "guest")):
        assert (await ask.refused(FINALISE, variables, principal=principal))["code"] == "NOT_FOUND"
    for principal in (user(shop.organisation, "member"), editor):
        assert (await ask.refused(FINALISE, variables, principal=principal))["code"] == "FORBIDDEN"
    owner = await ask.refused(FINALISE, variables, principal=user(shop.organisation))
    assert owner["reason"] == "NOTHING_OWED"  # he may, but there is nothing
    platform = await ask.refused(FINALISE, {"project": shop.project}, principal=user(shop.organisation))
    assert platform["code"] == "FORBIDDEN"


async def test_a_payout_is_for_owners_of_the_organisation(billing: Books) -> None:
    shop = await billing.an_organisation()
    variables = {"organisation": shop}
    ask = billing.running

    for principal in (NOBODY, INVALID):
        assert (await ask.refused(PAYOUT, variables, principal=principal))["code"] == "UNAUTHENTICATED"
    for principal in (user("another"), user(shop, "guest")):
        assert (await ask.refused(PAYOUT, variables, principal=principal))["code"] == "NOT_FOUND"
    assert (await ask.refused(PAYOUT, variables, principal=user(shop, "member")))["code"] == "FORBIDDEN"
    assert (await ask.ask(PAYOUT, variables, principal=user(shop))).errors is None
    assert (await ask.refused(PAYOUT, {"organisation": "unknown"}))["code"] == "NOT_FOUND"


async def test_only_operators_set_the_platforms_own_plan(billing: Books) -> None:
    for principal in (NOBODY, INVALID):
        assert (await billing.running.refused(SET_PLATFORM, principal=principal))["code"] == "UNAUTHENTICATED"
    assert (await billing.running.refused(SET_PLATFORM, principal=user("any")))["code"] == "FORBIDDEN"


async def test_the_platforms_own_plan_is_for_those_who_are_signed_in(billing: Books) -> None:
    for principal in (NOBODY, INVALID):
        assert (await billing.running.refused(PLATFORM_PLAN, principal=principal))["code"] == "UNAUTHENTICATED"
    assert (await billing.running.ask(PLATFORM_PLAN, principal=user("any"))).errors is None
