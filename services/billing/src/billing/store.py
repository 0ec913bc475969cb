"""What billing remembers: who and what there is (`directory`), plans (`plans`), and usage by minute (`usage`).

`usage` is fed from CALLS: the key of a batch and its sums commit together, so a batch counts once however often it
comes (MA 5.2). Hours and days are sums of minutes, made when somebody reads them; there is nothing that could differ.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain import subscriptions
from billing.domain.invoices import Minute
from billing.domain.meters import GRAIN_MS, Meter, Place, Sums, counted
from billing.domain.subscriptions import Version
from common.events import Event
from common.log import Recorded
from common.readmodel import Projection
from common.stream import Message
from contracts import billing as said
from contracts import registry as heard
from contracts.calls import BILLABLE, Batch

TEXT: Final = sa.Text(collation="C")
USAGE_ROWS_MAX: Final = 50_000
GUARD_VARIABLE: Final = "MORTISE_BATCH_GUARD"
"""`off` counts every batch as often as it comes: the control run that shows that the fault test can fail."""

DIRECTORY: Final = sa.MetaData()
PROJECT: Final = sa.Table(
    "project",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("restricted", sa.Boolean, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
)
INSTANCE: Final = sa.Table(
    "instance",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False, index=True),
    sa.Column("service", TEXT, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
)
SERVICE: Final = sa.Table(
    "service",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
CLIENT: Final = sa.Table(
    "client",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", TEXT, nullable=False),
    sa.Column("time_zone", TEXT, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
)
ORGANISATION: Final = sa.Table(
    "organisation",
    DIRECTORY,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

PLANS: Final = sa.MetaData()
PLAN: Final = sa.Table(
    "plan",
    PLANS,
    sa.Column("instance", TEXT, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("said", sa.JSON, nullable=False),
)

USAGE: Final = sa.MetaData()
BATCH: Final = sa.Table(
    "batch",
    USAGE,
    sa.Column("gateway", TEXT, primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("watermark_ms", sa.BigInteger, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
)
MINUTE: Final = sa.Table(
    "usage_minute",
    USAGE,
    sa.Column("environment", TEXT, primary_key=True),
    sa.Column("client", TEXT, primary_key=True),
    sa.Column("minute_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("class", TEXT, primary_key=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("instance", TEXT, nullable=False),
    sa.Column("service", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("organisation", TEXT, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("bytes_in", sa.BigInteger, nullable=False),
    sa.Column("bytes_out", sa.BigInteger, nullable=False),
    sa.Column("duration_us", sa.BigInteger, nullable=False),
    sa.Index("usage_minute_project", "project", "minute_ms"),
    sa.Index("usage_minute_service", "service", "minute_ms"),
)
_COUNTED: Final = ("calls", "bytes_in", "bytes_out", "duration_us")


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


# --- directory ----------------------------------------------------------------------------------------------------


async def _learn(connection: AsyncConnection, _: Recorded, event: Event) -> None:
    match event:
        case heard.OrganisationRegistered():
            await _put(connection, ORGANISATION, id=event.organisation, name=event.name)
        case heard.ProjectCreated() | heard.ProjectRenamed():
            place = {"organisation": event.organisation, "restricted": event.restricted, "deleted": False}
            await _put(connection, PROJECT, id=event.project, **place)
        case heard.ProjectDeleted():
            await _mark(connection, PROJECT, event.project, deleted=True)
        case heard.InstanceAdded():
            place = {"organisation": event.organisation, "project": event.project, "service": event.service}
            await _put(connection, INSTANCE, id=event.instance, live=False, removed=False, **place)
        case heard.InstancePromoted():
            if event.environment == "prod":
                await _mark(connection, INSTANCE, event.instance, live=True)
        case heard.InstanceRemoved():
            await _mark(connection, INSTANCE, event.instance, removed=True)
        case heard.ServiceCreated():
            await _put(connection, SERVICE, id=event.service, organisation=event.organisation, name=event.name)
        case heard.ClientAdded():
            account = {"name": event.name, "currency": event.currency, "time_zone": event.time_zone}
            place = {"organisation": event.organisation, "project": event.project}
            await _put(connection, CLIENT, id=event.client, removed=False, **place, **account)
        case heard.ClientRemoved():
            await _mark(connection, CLIENT, event.client, removed=True)
        case _:
            raise AssertionError(f"not asked for: {event!r}")


DIRECTORY_PROJECTION: Final = Projection(
    name="directory",
    metadata=DIRECTORY,
    events=(
        heard.OrganisationRegistered,
        heard.ProjectCreated,
        heard.ProjectRenamed,
        heard.ProjectDeleted,
        heard.InstanceAdded,
        heard.InstancePromoted,
        heard.InstanceRemoved,
        heard.ServiceCreated,
        heard.ClientAdded,
        heard.ClientRemoved,
    ),
    apply=_learn,
    ignored=frozenset(
        event.TYPE
        for event in (
            heard.MemberAdded,
            heard.MemberRoleChanged,
            heard.MemberRemoved,
            heard.ProjectRoleGranted,
            heard.ProjectRoleWithdrawn,
            heard.VersionPushed,
            heard.VersionPublished,
            heard.ServiceRemoved,
        )
    ),
)


# --- plans --------------------------------------------------------------------------------------------------------


async def _assigned(connection: AsyncConnection, _: Recorded, event: Event) -> None:
    assert isinstance(event, said.RatePlanAssigned), "the only type this projection acts on"
    number = subscriptions.version(event).number
    row = {"instance": event.instance, "number": number, "said": event.model_dump(mode="json")}
    await connection.execute(insert(PLAN).values(**row).on_conflict_do_nothing())


PLANS_PROJECTION: Final = Projection(
    name="plans", metadata=PLANS, events=(said.RatePlanAssigned,), apply=_assigned, stop_the_line=True
)


# --- usage --------------------------------------------------------------------------------------------------------


async def count_calls(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Record batches and count the calls of those that are new, in the caller's transaction (MA 5.2, guard 4)."""
    batches = [(message.position, Batch.model_validate_json(message.body)) for message in messages]
    guarded = os.environ.get(GUARD_VARIABLE) != "off"
    new = await _recorded(connection, batches)
    sums: dict[Meter, Sums] = {}
    places: dict[str, Place] = {}
    for position, batch in batches:
        if guarded and position not in new:
            continue
        own, there = counted(batch)
        places |= there
        for meter, one in own.items():
            sums[meter] = sums.get(meter, Sums()) + one
    if sums:
        await _added(connection, sums, places)


async def _recorded(connection: AsyncConnection, batches: Iterable[tuple[int, Batch]]) -> set[int]:
    """The positions of the batches that were not known."""
    rows = [
        {
            "gateway": batch.gateway,
            "epoch": batch.epoch,
            "number": batch.number,
            "position": position,
            "calls": len(batch.calls),
            "watermark_ms": batch.watermark_ms,
            "final": batch.final,
        }
        for position, batch in batches
    ]
    statement = insert(BATCH).values(rows).on_conflict_do_nothing().returning(BATCH.c.position)
    return set((await connection.execute(statement)).scalars())


async def _added(connection: AsyncConnection, sums: dict[Meter, Sums], places: dict[str, Place]) -> None:
    # In key order, so that two writers could never lock each other out.
    keyed = sorted(
        sums.items(), key=lambda item: (item[0].environment, item[0].client, item[0].minute_ms, item[0].class_)
    )
    rows = [
        {
            "environment": meter.environment,
            "client": meter.client,
            "minute_ms": meter.minute_ms,
            "class": meter.class_,
            **vars(places[meter.environment]),
            **vars(counts),
        }
        for meter, counts in keyed
    ]
    statement = insert(MINUTE)
    more = {name: MINUTE.c[name] + statement.excluded[name] for name in _COUNTED}
    await connection.execute(statement.on_conflict_do_update(constraint=MINUTE.primary_key, set_=more), rows)


USAGE_PROJECTION: Final = Projection(name="usage", metadata=USAGE, raw=count_calls, stream="CALLS", stop_the_line=True)


# --- questions ----------------------------------------------------------------------------------------------------


async def project(connection: AsyncConnection, id: str) -> sa.Row[Any] | None:
    """A project that was not deleted."""
    return await _one(connection, sa.select(PROJECT).where(PROJECT.c.id == id, ~PROJECT.c.deleted))


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
        sa.select(MINUTE, SERVICE.c.name.label("service_name"))
        .outerjoin(SERVICE, SERVICE.c.id == MINUTE.c.service)
        .where(MINUTE.c.project == project, MINUTE.c.minute_ms >= from_ms, MINUTE.c.minute_ms < until_ms)
        .where(MINUTE.c.kind == "prod", MINUTE.c["class"].in_(sorted(BILLABLE)))
        .order_by(MINUTE.c.environment, MINUTE.c.client, MINUTE.c.minute_ms, MINUTE.c["class"])
    )
    return [
        Minute(
            instance=row.instance,
            service_name=row.service_name or row.service,
            kind=row.kind,
            client=row.client or None,
            minute_ms=row.minute_ms,
            class_=row._mapping["class"],  # noqa: SLF001 - the public name of a row's columns by their text
            calls=row.calls,
        )
        for row in await connection.execute(query)
    ]


async def usage(connection: AsyncConnection, asked: Asked) -> list[dict[str, Any]]:
    """Sums by environment, client, class and grain; at most USAGE_ROWS_MAX + 1 rows."""
    size = GRAIN_MS[asked.grain]
    at = (MINUTE.c.minute_ms - MINUTE.c.minute_ms % size).label("at_ms")
    keys = [MINUTE.c.environment, MINUTE.c.kind, MINUTE.c.instance, MINUTE.c.client, MINUTE.c["class"], at]
    sums = [sa.cast(sa.func.sum(MINUTE.c[name]), sa.BigInteger).label(name) for name in _COUNTED]
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


async def behind(connection: AsyncConnection, at_ms: int) -> bool:
    """Whether a gateway that has not closed its epoch may know of calls before an instant that are not here."""
    newest = sa.func.row_number().over(partition_by=(BATCH.c.gateway, BATCH.c.epoch), order_by=BATCH.c.number.desc())
    last = sa.select(BATCH.c.watermark_ms, BATCH.c.final, newest.label("back")).subquery()
    query = sa.select(sa.literal(1)).where(last.c.back == 1, ~last.c.final, last.c.watermark_ms < at_ms).limit(1)
    return await connection.scalar(query) is not None


async def _one(connection: AsyncConnection, query: sa.Select[Any]) -> sa.Row[Any] | None:
    row: sa.Row[Any] | None = (await connection.execute(query)).first()
    return row


async def _put(connection: AsyncConnection, table: sa.Table, **row: Any) -> None:
    new = insert(table).values(**row)
    await connection.execute(new.on_conflict_do_update(index_elements=[table.c.id], set_=row))


async def _mark(connection: AsyncConnection, table: sa.Table, id: str, **change: Any) -> None:
    await connection.execute(sa.update(table).where(table.c.id == id).values(**change))
