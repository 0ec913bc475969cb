"""Keeps the directory, the plans and the invoices from what the log says."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain import subscriptions
from billing.store.tables import (
    CLIENT,
    DIRECTORY,
    INSTANCE,
    INVOICE,
    INVOICES,
    ORGANISATION,
    PLAN,
    PLANS,
    PROJECT,
    SERVICE,
    SHARE,
)
from common import clock
from common.events import Event
from common.log import Recorded
from common.readmodel import Projection
from contracts import billing as said
from contracts import previews
from contracts import provisioner as made
from contracts import registry as heard


async def _learn(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:  # noqa: C901, PLR0912 - one case per fact
    match event:
        case heard.OrganisationRegistered():
            await _put(connection, ORGANISATION, id=event.organisation, name=event.name)
        case heard.ProjectCreated() | heard.ProjectRenamed():
            place = {"organisation": event.organisation, "restricted": event.restricted, "deleted": False}
            await _put(connection, PROJECT, id=event.project, name=event.name, **place)
        case heard.ProjectDeleted():
            await _mark(connection, PROJECT, event.project, deleted=True)
        case heard.InstanceAdded():
            place = {"organisation": event.organisation, "project": event.project, "service": event.service}
            await _put(connection, INSTANCE, id=event.instance, live=False, removed=False, **place)
        case heard.InstancePromoted():
            if event.environment == "prod":
                await _mark(connection, INSTANCE, event.instance, live=True)
        case heard.InstanceRemoved():
            await _mark(connection, INSTANCE, event.instance, removed=True, open_until_ms=_happened(recorded))
        case made.EnvironmentReady():
            if event.kind == "prod" and event.first and event.instance is not None:
                first = sa.func.coalesce(INSTANCE.c.open_from_ms, _happened(recorded))
                await _mark(connection, INSTANCE, event.instance, open_from_ms=first)
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
        made.EnvironmentReady,
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
            heard.ProjectConfigured,
            heard.ServiceRetired,
            heard.ServiceReinstated,
            heard.ServiceRemoved,
            made.MigrationPlanned,
            made.DeploymentFailed,
            made.EnvironmentRemoved,
            heard.PromotionRequested,
            heard.PromotionRefused,
            previews.PreviewCreated,
            previews.PreviewExtended,
            previews.PreviewDeleted,
        )
    ),
)


async def _assigned(connection: AsyncConnection, _: Recorded, event: Event) -> None:
    assert isinstance(event, said.RatePlanAssigned), "the only type this projection acts on"
    number = subscriptions.version(event).number
    row = {"instance": event.instance, "number": number, "said": event.model_dump(mode="json")}
    await connection.execute(insert(PLAN).values(**row).on_conflict_do_nothing())


PLANS_PROJECTION: Final = Projection(
    name="plans", metadata=PLANS, events=(said.RatePlanAssigned,), apply=_assigned, stop_the_line=True
)


async def _finalised(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    assert isinstance(event, said.InvoiceFinalized), "the only type this projection acts on"
    row = {
        "id": event.invoice,
        "project": event.project,
        "client": event.client or "",
        "period": event.period,
        "position": recorded.position,
        "issued_month": event.issued[:7],
        "said": event.model_dump(mode="json"),
    }
    new = await connection.execute(insert(INVOICE).values(**row).on_conflict_do_nothing())
    if new.rowcount and event.makers:
        shares = [{"invoice": event.invoice, "organisation": maker.organisation} for maker in event.makers]
        await connection.execute(insert(SHARE), shares)


INVOICES_PROJECTION: Final = Projection(
    name="invoices",
    metadata=INVOICES,
    events=(said.InvoiceFinalized,),
    apply=_finalised,
    stop_the_line=True,
)


async def _put(connection: AsyncConnection, table: sa.Table, **row: Any) -> None:
    new = insert(table).values(**row)
    await connection.execute(new.on_conflict_do_update(index_elements=[table.c.id], set_=row))


def _happened(recorded: Recorded) -> int:
    return int(clock.parse(recorded.envelope.time).timestamp() * 1000)


async def _mark(connection: AsyncConnection, table: sa.Table, id: str, **change: Any) -> None:
    await connection.execute(sa.update(table).where(table.c.id == id).values(**change))
