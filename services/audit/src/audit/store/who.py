"""Who is meant by an id, and where things belong: people, keys, clients, projects, services and environments.

Rows stay when what they name is gone: the history and the log still speak of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.domain.looking import Named
from common.events import Event
from common.log import Recorded
from common.readmodel import Projection
from contracts import provisioner as made
from contracts import registry as heard
from contracts.access import Path

TEXT: Final = sa.Text(collation="C")
PEOPLE: Final = sa.MetaData()
PERSON: Final = sa.Table(
    "person",
    PEOPLE,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),  # sealed
)
THING: Final = sa.Table(
    "thing",
    PEOPLE,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("organisation", TEXT),
    sa.Column("row", JSONB, nullable=False),
)
EVENTS: Final[tuple[type[Event], ...]] = (
    heard.UserRegistered,
    heard.TokenCreated,
    heard.KeyIssued,
    heard.KeyRotated,
    heard.ClientAdded,
    heard.ProjectCreated,
    heard.ProjectRenamed,
    heard.ServiceCreated,
    made.MigrationPlanned,
    made.EnvironmentReady,
)


@dataclass(frozen=True)
class Owner:
    """Whose lines of the log are asked for: a project's, or a service's own, maybe of one environment."""

    organisation: str
    id: str
    path: Path
    environment: str = "*"


async def usernames(connection: AsyncConnection, ids: Collection[str]) -> dict[str, str]:
    """Sealed user names of these people."""
    query = sa.select(PERSON).where(PERSON.c.id.in_(ids))
    return {row.id: row.username for row in await connection.execute(query)}


async def named(
    connection: AsyncConnection, *, keys: Collection[str], clients: Collection[str], services: Collection[str]
) -> Named:
    """What these are called; ids that name nothing are left out."""
    wanted = {"key": keys, "client": clients, "service": services}
    found: dict[str, dict[str, str]] = {kind: {} for kind in wanted}
    conditions = [sa.and_(THING.c.kind == kind, THING.c.id.in_(ids)) for kind, ids in wanted.items() if ids]
    if conditions:
        for row in await connection.execute(sa.select(THING).where(sa.or_(*conditions))):
            found[row.kind][row.id] = row.row["prefix" if row.kind == "key" else "name"]
    return Named(found["key"], found["client"], found["service"])


async def owner(connection: AsyncConnection, kind: str, id: str) -> Owner | None:
    """Whose lines those of a project, service or environment are; None for what was never heard of."""
    row = await _thing(connection, kind, id)
    if row is None:
        return None
    if kind == "environment":
        parent = "project" if row.row["project"] else "service"
        above = await owner(connection, parent, row.row["project"] or row.row["service"])
        return None if above is None else Owner(above.organisation, above.id, above.path, id)
    elements = (f"project:{id}",) if kind == "project" else ()
    path = Path(organisation=row.organisation, restricted=bool(row.row.get("restricted")), elements=elements)
    return Owner(row.organisation, id, path)


async def _thing(connection: AsyncConnection, kind: str, id: str) -> Any:
    query = sa.select(THING).where(THING.c.kind == kind, THING.c.id == id)
    return (await connection.execute(query)).first()


async def meet(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
    """Keep what a fact says about who or what an id is; a person's name stays sealed."""
    org = recorded.envelope.org
    match event:
        case heard.UserRegistered():
            values = {"id": event.user, "username": event.username}
            await connection.execute(insert(PERSON).values(**values).on_conflict_do_nothing())
        case heard.TokenCreated():
            await _put(connection, "key", event.token, None, prefix=event.prefix)
        case heard.KeyIssued() | heard.KeyRotated():
            await _put(connection, "key", event.key, org, prefix=event.prefix)
        case heard.ClientAdded():
            await _put(connection, "client", event.client, org, name=event.name)
        case heard.ProjectCreated() | heard.ProjectRenamed():
            await _put(connection, "project", event.project, org, name=event.name, restricted=event.restricted)
        case heard.ServiceCreated():
            await _put(connection, "service", event.service, org, name=event.name)
        case made.MigrationPlanned() | made.EnvironmentReady():
            place = {"service": event.service, "project": event.project}
            await _put(connection, "environment", event.environment, org, **place)
        case _:
            raise AssertionError("the types of EVENTS are all of them")


async def _put(connection: AsyncConnection, kind: str, id: str, organisation: str | None, **row: Any) -> None:
    new = insert(THING).values(kind=kind, id=id, organisation=organisation, row=row)
    merged = {"row": THING.c.row.op("||")(new.excluded.row)}
    await connection.execute(new.on_conflict_do_update(index_elements=["kind", "id"], set_=merged))


IGNORED: Final = frozenset(
    event.TYPE
    for module in (heard, made)
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, Event) and event is not Event and event not in EVENTS
)
"""Facts about the same aggregates that change neither names nor places."""

PEOPLE_PROJECTION: Final = Projection(name="people", metadata=PEOPLE, events=EVENTS, apply=meet, ignored=IGNORED)
