"""Who calls what, kept beside the counting: exact, bounded whatever callers send, gone after a month."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from billing.__main__ import SERVICE
from billing.domain.meters import DAY_MS
from billing.domain.uses import KEPT_DAYS, TOLD_APART
from billing.store import counting, tables
from common import clock
from common.rebuild import rebuild
from contracts.documents import USES, ToldUses
from contracts.names import environment_id
from tests.support.books import WAIT_SECONDS, Books, Shop, books, calls_of
from tests.support.inside import inside
from tests.support.stack import Stack


@pytest.fixture(scope="module")
async def billing(servers: Stack) -> AsyncIterator[Books]:
    async with inside(servers, SERVICE) as running:
        yield await books(running)


async def send(billing: Books, *calls: list[list[Any]]) -> None:
    """Each a batch of its own; waits until all are counted."""
    position = 0
    for each in calls:
        position = await billing.append(billing.batch(each))
    assert await billing.running.runtime.runners["usage"].wait_for(position, WAIT_SECONDS)


async def told(billing: Books, shop: Shop, *environments: str) -> ToldUses:
    asked = {"service": shop.service, "environments": environments}
    answer = await billing.running.admin.request(USES, orjson.dumps(asked), 10)
    return ToldUses.model_validate(orjson.loads(answer.data)["value"])


async def test_calls_are_told_by_caller_with_what_they_were_rated_at(billing: Books) -> None:
    shop = await billing.a_shop()
    client = await billing.a_client(shop)
    await billing.a_plan(shop, "PAY_PER_CALL", "0.0035", since="2020-01-01T00:00:00.000Z")
    now = int(clock.now().timestamp() * 1000)
    refused: dict[str, Any] = {"class": "client_error"}

    await send(
        billing,
        calls_of(shop, 700, hash="a1", client=client, credential="k1"),
        calls_of(shop, 300, at=[now - DAY_MS] * 300, hash="a1", client=client, credential="k2"),
        calls_of(shop, 5, hash="b2", kind="dev", credential="k3"),
        calls_of(shop, 9, at=[now] * 9, hash="c3", **refused),
    )

    found = await told(billing, shop)
    alone = await told(billing, shop, environment_id(shop.instance, "dev"))
    first, second = found.uses
    assert (first.digest, first.calls, first.client, first.credential) == ("a1", 1000, client, None)
    assert first.last_ms == now // 60_000 * 60_000 or first.last_ms > now - 60_000
    assert [(each.plan, each.amount, each.currency) for each in first.stakes] == [("PAY_PER_CALL", "3.5", "EUR")]
    assert (second.digest, second.kind, second.credential, second.stakes) == ("b2", "dev", "k3", ())
    assert alone.uses == (second,)
    assert found.unlisted == alone.unlisted == 0


async def test_a_flood_of_operations_is_counted_but_not_told_apart(billing: Books) -> None:
    shop = await billing.a_shop()
    flood = [calls_of(shop, 1, hash=f"{n:016x}", credential="k1")[0] for n in range(3 * TOLD_APART)]
    mine = calls_of(shop, 4, hash="mine", credential="k2")

    await send(billing, flood[:150], flood[150:], flood[:10], mine)

    found = await told(billing, shop)
    assert len(found.uses) == TOLD_APART + 1
    assert found.uses[0].digest == "mine"
    assert found.unlisted == 2 * TOLD_APART
    assert sum(each.calls for each in found.uses) == TOLD_APART + 10 + 4
    async with billing.running.runtime.database.reading() as connection:
        rows = sa.select(sa.func.count()).where(tables.USE.c.service == shop.service)
        assert await connection.scalar(rows) == TOLD_APART + 2


async def test_days_that_are_over_for_a_month_go(billing: Books) -> None:
    shop = await billing.a_shop()
    now = int(clock.now().timestamp() * 1000)

    await send(billing, calls_of(shop, 3, at=[now - KEPT_DAYS * DAY_MS] * 3, hash="old"))
    await send(billing, calls_of(shop, 2, hash="new"))

    async with billing.running.runtime.database.reading() as connection:
        query = sa.select(tables.USE.c.hash).where(tables.USE.c.service == shop.service)
        assert list(await connection.scalars(query)) == ["new"]


async def test_a_replay_of_the_calls_gives_the_same_uses(billing: Books) -> None:
    shop = await billing.a_shop()
    await send(billing, calls_of(shop, 3, hash="a1"), calls_of(shop, 4, hash="a1"))
    before = await told(billing, shop)
    runtime = billing.running.runtime

    await rebuild(counting.USAGE_PROJECTION, runtime.database, runtime.nats)

    assert before.uses[0].calls == 7
    assert await told(billing, shop) == before
