"""A small business of the tests' own: jars that fill up. The plumbing is tried on it, no service is needed."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import new_id
from common.events import Actor, Event
from common.log import Cause, Entry, History, Recorded, Subject
from common.projection import Projection


class JarOpened(Event):
    TYPE: ClassVar[str] = "mortise.lab.jar.opened.v1"
    name: str


class DropFell(Event):
    TYPE: ClassVar[str] = "mortise.lab.jar.drop_fell.v1"
    drops: int


class JarBroken(Event):
    """Only declared to the projection below, not acted on."""

    TYPE: ClassVar[str] = "mortise.lab.jar.broken.v1"


ACTOR = Actor(type="system", id="tests")


def cause(command: str | None = None) -> Cause:
    return Cause(ACTOR, command or new_id(), new_id())


def jar(org: str, name: str | None = None) -> Subject:
    return Subject(org, "lab", "jar", name or new_id())


def entry(subject: Subject, event: Event, history: History | None = None) -> Entry:
    """The next fact of an aggregate as its history has it."""
    known = history or History()
    return Entry(subject, event, known.position, known.version + 1)


def tables() -> tuple[sa.MetaData, sa.Table]:
    metadata = sa.MetaData()
    jars = sa.Table(
        "jars",
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("drops", sa.BigInteger, nullable=False),
        sa.Column("order", sa.Text, nullable=False),
    )
    return metadata, jars


def projection(
    org: str, *, name: str = "jars", ignored: frozenset[str] = frozenset({JarBroken.TYPE}), **more: Any
) -> Projection:
    """Sums the drops of each jar of one organisation, and remembers their order; a negative drop is poison."""
    metadata, jars = tables()

    async def apply(connection: AsyncConnection, recorded: Recorded, event: Event) -> None:
        if recorded.envelope.org != org:
            return
        drops = event.drops if isinstance(event, DropFell) else 0
        if drops < 0:
            raise ValueError("no drop falls upwards")
        row = {"id": recorded.envelope.subject, "drops": drops, "order": str(drops)}
        new = insert(jars).values(row)
        sums = {"drops": jars.c.drops + drops, "order": jars.c.order + f",{drops}"}
        await connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=sums))

    return Projection(name, metadata, events=(JarOpened, DropFell), apply=apply, ignored=ignored, **more)
