"""Counts calls: the key of a batch and its sums commit together, so a batch counts once however often it comes.

Hours and days are sums of minutes, made when somebody reads them; there is nothing that could differ (MA 5.2).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain import uses
from billing.domain.meters import Counted, Place, counted, merged, opened
from billing.store.tables import BATCH, COUNTED, EPOCH, MINUTE, USAGE
from billing.store.uses import count_uses
from common.readmodel import Projection
from common.stream import Message

GUARD_VARIABLE: Final = "MORTISE_BATCH_GUARD"
"""`off` counts every batch as often as it comes: the control run that shows that the fault test can fail."""


async def count_calls(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Record batches and count the calls of those that are new, in the caller's transaction (MA 5.2, guard 4)."""
    batches: list[tuple[object, ...]] = []
    parts: dict[int, Counted] = {}
    places: dict[str, Place] = {}
    newest: dict[tuple[str, int], tuple[str, int, int, int, bool]] = {}
    for message in messages:
        batch = opened(message.body)
        parts[message.position] = counted(batch.calls)
        places |= parts[message.position].places
        batches.append((batch.gateway, batch.epoch, batch.number, message.position, len(batch.calls)))
        told = (batch.gateway, batch.epoch, batch.number, batch.watermark_ms, batch.final)
        newest[told[:2]] = max(told, newest.get(told[:2], told), key=lambda one: one[2])
        # A full batch takes a millisecond; whoever asks something meanwhile must not wait for hundreds of them.
        await asyncio.sleep(0)
    new = set((await connection.execute(_RECORD, _columns(BATCH, batches))).scalars())
    await connection.execute(_TELL, _columns(EPOCH, [newest[key] for key in sorted(newest)]))
    guarded = os.environ.get(GUARD_VARIABLE) != "off"
    taken = [part for position, part in parts.items() if position in new or not guarded]
    sums = merged(part.sums for part in taken)
    if sums:
        # In key order, so that two writers could never lock each other out.
        rows = [(*meter, *places[meter.environment], *sums[meter]) for meter in sorted(sums)]
        await connection.execute(_ADD, _columns(MINUTE, rows))
        await count_uses(connection, uses.merged(part.uses for part in taken), places)


def _from_columns(table: sa.Table) -> Insert:
    """An insert that takes a list for each column: one statement, compiled once, for however many rows."""
    lists = (sa.bindparam(column.name, type_=ARRAY(column.type)) for column in table.columns)
    rows = sa.func.unnest(*lists).table_valued(*(column.name for column in table.columns)).render_derived()
    return insert(table).from_select(list(table.columns), sa.select(rows))


def _columns(table: sa.Table, rows: Iterable[tuple[object, ...]]) -> dict[str, list[object]]:
    return {column.name: list(values) for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)}


def _more() -> Insert:
    new = _from_columns(MINUTE)
    return new.on_conflict_do_update(
        constraint=MINUTE.primary_key, set_={name: MINUTE.c[name] + new.excluded[name] for name in COUNTED}
    )


def _newest() -> Insert:
    new = _from_columns(EPOCH)
    return new.on_conflict_do_update(
        constraint=EPOCH.primary_key,
        set_={name: new.excluded[name] for name in ("number", "watermark_ms", "final")},
        where=EPOCH.c.number < new.excluded.number,
    )


_RECORD: Final = _from_columns(BATCH).on_conflict_do_nothing().returning(BATCH.c.position)
_ADD: Final = _more()
_TELL: Final = _newest()

USAGE_PROJECTION: Final = Projection(
    name="usage", metadata=USAGE, raw=count_calls, stream="CALLS", stop_the_line=True, linger=0.2
)
