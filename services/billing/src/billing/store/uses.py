"""Keeps who called which operation for a month, and says it.

What has been called before today is one statement; only what is new is looked at more closely, for it may be too much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain.meters import Place, Seen, Use
from billing.domain.uses import KEPT_DAYS, OTHERS, Caller, caller, fitting
from billing.store.tables import USE

LISTED_MAX: Final = 5_000
"""Operations of one caller in one environment that a check is told of, the most called first."""
_KEYS: Final = [USE.c.environment, USE.c.day, USE.c.client, USE.c.credential, USE.c.hash]
_ADDED: Final = [USE.c.calls, USE.c.last_ms]
_CALLER: Final = [USE.c.environment, USE.c.day, USE.c.client, USE.c.credential]


async def count_uses(connection: AsyncConnection, uses: Mapping[Use, Seen], places: Mapping[str, Place]) -> None:
    """Add uses in the caller's transaction. Days that are too old go when a new day comes or somebody calls anew."""
    if not uses:
        return
    # In key order, as everywhere, so that two writers could never lock each other out.
    ordered = sorted(uses)
    added = await connection.execute(_ADD, _lists([*_KEYS, *_ADDED], [(*use, *uses[use]) for use in ordered]))
    if added.rowcount == len(uses):
        return
    known = {Use(*row) for row in await connection.execute(_KNOWN, _lists(_KEYS, ordered))}
    new = {use: seen for use, seen in uses.items() if use not in known}
    callers = sorted({caller(use) for use in new})
    held = {Caller(*row[:-1]): row[-1] for row in await connection.execute(_HELD, _lists(_CALLER, callers))}
    fresh = [(*use, *places[use.environment], *seen) for use, seen in sorted(fitting(new, held).items())]
    await connection.execute(_PUT, _lists(list(USE.columns), fresh))
    oldest = max(use.day for use in new) - KEPT_DAYS
    await connection.execute(sa.delete(USE).where(USE.c.day <= oldest))


async def listed(
    connection: AsyncConnection, service: str, environments: Sequence[str], day: int
) -> tuple[list[sa.Row[Any]], int]:
    """Uses of a service since a day, with `days` and `numbers`; and how many calls are not among them."""
    where = [USE.c.service == service, USE.c.day >= day]
    if environments:
        where.append(USE.c.environment.in_(list(environments)))
    everything = await connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(USE.c.calls), 0)).where(*where))
    keys = [column for column in USE.columns if column.name not in {"day", "calls", "last_ms"}]
    total = sa.cast(sa.func.sum(USE.c.calls), sa.BigInteger).label("total")
    query = (
        sa.select(
            *keys,
            total,
            sa.func.max(USE.c.last_ms).label("last_ms"),
            sa.func.array_agg(USE.c.day, type_=ARRAY(sa.Integer)).label("days"),
            sa.func.array_agg(USE.c.calls, type_=ARRAY(sa.BigInteger)).label("numbers"),
        )
        .where(*where, USE.c.hash != OTHERS)
        .group_by(*keys)
        .order_by(total.desc(), *keys)
        .limit(LISTED_MAX)
    )
    found: list[Any] = list(await connection.execute(query))
    return found, int(everything or 0) - sum(row.total for row in found)


def _rows(columns: Sequence[sa.Column[Any]], name: str) -> sa.TableValuedAlias:
    """Rows made of one list for each column, as the parameters of `_lists`: compiled once, for however many rows."""
    lists = (sa.bindparam(f"all_{column.name}", type_=ARRAY(column.type)) for column in columns)
    rows = sa.func.unnest(*lists).table_valued(*(sa.column(column.name, column.type) for column in columns), name=name)
    return rows.render_derived()


def _lists(columns: Sequence[sa.Column[Any]], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {f"all_{column.name}": list(values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)}


def _more() -> sa.Update:
    new = _rows([*_KEYS, *_ADDED], "new")
    return (
        sa.update(USE)
        .where(*(key == new.c[key.name] for key in _KEYS))
        .values(calls=USE.c.calls + new.c.calls, last_ms=sa.func.greatest(USE.c.last_ms, new.c.last_ms))
    )


def _those_known() -> sa.Select[Any]:
    new = _rows(_KEYS, "new")
    return sa.select(*_KEYS).where(*(key == new.c[key.name] for key in _KEYS))


def _counts() -> sa.Select[Any]:
    new = _rows(_CALLER, "new")
    return (
        sa.select(*_CALLER, sa.func.count())
        .where(*(key == new.c[key.name] for key in _CALLER), USE.c.hash != OTHERS)
        .group_by(*_CALLER)
    )


def _inserts() -> Insert:
    """What is not told apart may be there already."""
    new = insert(USE).from_select(list(USE.columns), sa.select(_rows(list(USE.columns), "new")))
    return new.on_conflict_do_update(
        constraint=USE.primary_key,
        set_={
            "calls": USE.c.calls + new.excluded.calls,
            "last_ms": sa.func.greatest(USE.c.last_ms, new.excluded.last_ms),
        },
    )


_ADD: Final = _more()
_KNOWN: Final = _those_known()
_HELD: Final = _counts()
_PUT: Final = _inserts()
