"""What billing is asked: by itself to make bills, by others to show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain import subscriptions
from billing.domain.invoices import Instance, Minute
from billing.domain.meters import GRAIN_MS
from billing.domain.subscriptions import Version
from billing.store.tables import (
    CLIENT,
    COUNTED,
    EPOCH,
    INSTANCE,
    INVOICE,
    MINUTE,
    ORGANISATION,
    PLAN,
    PROJECT,
    SERVICE,
    SHARE,
)
from contracts import billing as said
from contracts.calls import BILLABLE

USAGE_ROWS_MAX: Final = 50_000


@dataclass(frozen=True)
class Asked:
    """Which usage somebody wants, one of project, instance and service named; times in ms, `until_ms` exclusive."""

    grain: str
    from_ms: int
    until_ms: int
    project: str | None = None
    instance: str | None = None
    service: str | None = None
    kind: str | None = None


async def project(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """A project that was not deleted."""
    return await _one(connection, sa.select(PROJECT).where(PROJECT.c.id == id, ~PROJECT.c.deleted))


async def billed_project(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """A project, deleted or not: what was used in it stays owed."""
    return await _one(connection, sa.select(PROJECT).where(PROJECT.c.id == id))


async def instance(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """An instance, removed or not."""
    return await _one(connection, sa.select(INSTANCE).where(INSTANCE.c.id == id))


async def service(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """A service."""
    return await _one(connection, sa.select(SERVICE).where(SERVICE.c.id == id))


async def client(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """A client, removed or not: what it owes stays owed."""
    return await _one(connection, sa.select(CLIENT).where(CLIENT.c.id == id))


async def clients(connection: AsyncConnection, project: str) -> list[sa.Row[Any]]:
    """All clients a project ever had."""
    query = sa.select(CLIENT).where(CLIENT.c.project == project).order_by(CLIENT.c.name, CLIENT.c.id)
    return list(await connection.execute(query))


async def organisation_name(connection: AsyncConnection, id: str) -> str:
    """The name of an organisation; its id while nothing else is known."""
    return str(await connection.scalar(sa.select(ORGANISATION.c.name).where(ORGANISATION.c.id == id)) or id)


async def is_organisation(connection: AsyncConnection, id: str) -> bool:
    """Whether it was ever registered."""
    return await _one(connection, sa.select(ORGANISATION.c.id).where(ORGANISATION.c.id == id)) is not None


async def plans(connection: AsyncConnection, instances: Collection[str]) -> dict[str, tuple[Version, ...]]:
    """The plan versions of instances, oldest first."""
    query = sa.select(PLAN).where(PLAN.c.instance.in_(instances)).order_by(PLAN.c.instance, PLAN.c.number)
    found: dict[str, tuple[Version, ...]] = {}
    for row in await connection.execute(query):
        version = subscriptions.version(said.RatePlanAssigned.model_validate(row.said))
        found[row.instance] = (*found.get(row.instance, ()), version)
    return found


async def billed_minutes(connection: AsyncConnection, project: str, from_ms: int, until_ms: int) -> list[Minute]:
    """The billable calls on prod of a project's instances."""
    query = (
        sa.select(MINUTE)
        .where(MINUTE.c.project == project, MINUTE.c.minute_ms >= from_ms, MINUTE.c.minute_ms < until_ms)
        .where(MINUTE.c.kind == "prod", MINUTE.c["class"].in_(sorted(BILLABLE)))
        .order_by(MINUTE.c.environment, MINUTE.c.client, MINUTE.c.minute_ms, MINUTE.c["class"])
    )
    return [
        Minute(
            instance=row.instance,
            kind=row.kind,
            client=row.client or None,
            minute_ms=row.minute_ms,
            class_=row._mapping["class"],  # noqa: SLF001 - the public name of a row's columns by their text
            calls=row.calls,
        )
        for row in await connection.execute(query)
    ]


async def instances(connection: AsyncConnection, project: str) -> dict[str, Instance]:
    """All instances a project ever had, with who makes them and when their prod was open."""
    query = (
        sa.select(INSTANCE, SERVICE.c.name.label("service_name"), SERVICE.c.organisation.label("maker"))
        .outerjoin(SERVICE, SERVICE.c.id == INSTANCE.c.service)
        .where(INSTANCE.c.project == project)
        .order_by(INSTANCE.c.id)
    )
    return {
        row.id: Instance(
            row.id,
            row.service_name or row.service,
            row.maker or row.organisation,
            () if row.open_from_ms is None else ((row.open_from_ms, row.open_until_ms),),
        )
        for row in await connection.execute(query)
    }


async def invoice(connection: AsyncConnection, id: str) -> said.InvoiceFinalized | None:
    """An invoice that was issued."""
    row = await _one(connection, sa.select(INVOICE.c.said).where(INVOICE.c.id == id))
    return said.InvoiceFinalized.model_validate(row.said) if row is not None else None


async def invoices(connection: AsyncConnection, project: str, period: str | None) -> list[said.InvoiceFinalized]:
    """The invoices of a project (and month), in the order in which they were issued."""
    query = sa.select(INVOICE.c.said).where(INVOICE.c.project == project).order_by(INVOICE.c.position)
    if period is not None:
        query = query.where(INVOICE.c.period == period)
    return [said.InvoiceFinalized.model_validate(row.said) for row in await connection.execute(query)]


async def earned(connection: AsyncConnection, organisation: str, month: str) -> list[said.InvoiceFinalized]:
    """The invoices issued in a month on which services of an organisation stand."""
    query = (
        sa.select(INVOICE.c.said)
        .join(SHARE, SHARE.c.invoice == INVOICE.c.id)
        .where(SHARE.c.organisation == organisation, INVOICE.c.issued_month == month)
        .order_by(INVOICE.c.position)
    )
    return [said.InvoiceFinalized.model_validate(row.said) for row in await connection.execute(query)]


async def usage(connection: AsyncConnection, asked: Asked) -> list[dict[str, Any]]:
    """Sums by environment, client, class and grain; at most USAGE_ROWS_MAX + 1 rows."""
    size = GRAIN_MS[asked.grain]
    at = (MINUTE.c.minute_ms - MINUTE.c.minute_ms % size).label("at_ms")
    keys = [MINUTE.c.environment, MINUTE.c.kind, MINUTE.c.instance, MINUTE.c.client, MINUTE.c["class"], at]
    sums = [sa.cast(sa.func.sum(MINUTE.c[name]), sa.BigInteger).label(name) for name in COUNTED]
    query = sa.select(*keys, *sums).where(MINUTE.c.minute_ms >= asked.from_ms, MINUTE.c.minute_ms < asked.until_ms)
    if asked.project is not None:
        query = query.where(MINUTE.c.project == asked.project)
    if asked.instance is not None:
        query = query.where(MINUTE.c.instance == asked.instance)
    if asked.service is not None:  # its own environments; what its instances do is their projects' business
        query = query.where(MINUTE.c.service == asked.service, MINUTE.c.instance == "")
    if asked.kind is not None:
        query = query.where(MINUTE.c.kind == asked.kind)
    ordered = query.group_by(*keys).order_by(at, *keys[:-1]).limit(USAGE_ROWS_MAX + 1)
    return [dict(row) for row in (await connection.execute(ordered)).mappings()]


async def open_epochs(connection: AsyncConnection) -> dict[str, int]:
    """Epochs that gateways have not closed (`<gateway>/<epoch>`): the instant up to which all their calls are here."""
    query = sa.select(EPOCH).where(~EPOCH.c.final).order_by(EPOCH.c.gateway, EPOCH.c.epoch)
    return {f"{row.gateway}/{row.epoch}": row.watermark_ms for row in await connection.execute(query)}


async def _one(connection: AsyncConnection, query: sa.Select[Any]) -> sa.Row[Any] | None:
    row: sa.Row[Any] | None = (await connection.execute(query)).first()
    return row
