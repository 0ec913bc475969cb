"""What others ask of billing: which operations of a service were called, by whom, and what that was rated at."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from billing import execute
from billing.domain import uses
from billing.domain.invoices import Book
from billing.domain.meters import DAY_MS
from billing.domain.subscriptions import PLATFORM_PLAN
from billing.store import counting, questions
from billing.store.uses import listed
from common import rpc
from common.service import Runtime
from common.stream import Stream
from contracts.documents import DAYS, USES, AskedUses, ToldUses, Use


async def start(runtime: Runtime) -> None:
    """Begin to answer."""
    usage = runtime.runners[counting.USAGE_PROJECTION.name]
    calls = Stream(runtime.nats, counting.USAGE_PROJECTION.stream)

    async def answer(asked: AskedUses) -> ToldUses:
        await execute.settle(usage, calls, runtime.database)
        async with runtime.database.reading() as connection:
            return await told(connection, asked, execute.milliseconds())

    rpc.serve(runtime.broker, USES, AskedUses, answer, queue=runtime.settings.service)


async def told(connection: AsyncConnection, asked: AskedUses, now_ms: int) -> ToldUses:
    """Uses of the last days, the most called first."""
    rows, unlisted = await listed(connection, asked.service, asked.environments, now_ms // DAY_MS - DAYS)
    billed = {row.instance for row in rows if row.kind == "prod"}
    plans = await questions.plans(connection, {*billed, PLATFORM_PLAN}) if billed else {}
    book = Book(plans, (), {})
    return ToldUses(uses=tuple([_use(row, book) for row in rows]), unlisted=unlisted)


def _use(row: sa.Row[Any], book: Book) -> Use:
    client = row.client or None
    at_stake = (
        uses.stakes(book, row.instance, client, zip(row.days, row.numbers, strict=True), row.last_ms)
        if row.kind == "prod"
        else ()
    )
    return Use(
        digest=row.hash,
        environment=row.environment,
        kind=row.kind,
        instance=row.instance or None,
        project=row.project or None,
        organisation=row.organisation,
        client=client,
        credential=row.credential or None,
        calls=row.total,
        last_ms=row.last_ms,
        stakes=tuple(at_stake),
    )
