"""Rows and position in one transaction: how a batch of messages becomes part of a read model, or does not.

Beside the tables of its projections every service has two of ours: `positions`, how far each projection is, and
`parked`, the aggregates that a projection could not take in (DESIGN 2.9, MA 3.11).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg
import nats.errors
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from common import clock
from common.errors import SERVICE_UNAVAILABLE, Refused
from common.events import Event
from common.log import STREAM, Recorded
from common.stream import ApiError, Message, Unavailable

PLUMBING: Final = sa.MetaData()
POSITIONS: Final = sa.Table(
    "positions",
    PLUMBING,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("stream_created", sa.DateTime(timezone=True)),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("last_id", sa.Text, nullable=False),
    sa.Column("last_sha256", sa.Text, nullable=False),
    sa.Column("layout", sa.Text, nullable=False),
)
PARKED: Final = sa.Table(
    "parked",
    PLUMBING,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("aggregate", sa.Text, primary_key=True),
    sa.Column("from_position", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
)
ERROR_CHARACTERS_MAX: Final = 2000
WORLD: Final = ("08", "25", "40", "53", "55", "57", "58")
"""SQLSTATE classes that speak of the world, not of the message: connection, rollback, resources, shutdown, I/O."""

Apply = Callable[[AsyncConnection, Recorded, Event], Awaitable[None]]
Raw = Callable[[AsyncConnection, Sequence[Message]], Awaitable[None]]


@dataclass(frozen=True)
class Projection:
    """A read model as a function of a stream.

    `events` are the types it acts on. `contexts` (`<context>.<aggregate>`) are the aggregates it follows, those of
    `events` included: a type under them that is in neither `events` nor `ignored` (wire names) parks its aggregate.

    `apply` takes one decoded fact. `raw` takes stored messages instead, all of the stream, undecoded, in order and a
    batch at a time; a batch that fails is given again message by message. Either may see a message again after a
    rollback, so it writes through its connection only, and into tables of `metadata` only, which name no schema.

    `stop_the_line`: a message that cannot be applied stops everything behind it. Raise `generation` when the same facts
    now mean other rows: the read model is then replayed at start, as after a change of its tables. Columns with
    `info={"volatile": True}` are left out of digests.

    `linger`: seconds to rest after a transaction that left nothing waiting, so that what comes meanwhile shares the
    next one. A lone message is taken at once all the same.
    """

    name: str
    metadata: sa.MetaData
    events: tuple[type[Event], ...] = ()
    contexts: frozenset[str] = frozenset()
    apply: Apply | None = None
    ignored: frozenset[str] = frozenset()
    stop_the_line: bool = False
    stream: str = STREAM
    raw: Raw | None = None
    generation: int = 1
    linger: float = 0.0
    types: dict[str, type[Event]] = field(init=False, repr=False)
    follows: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derived look-ups, and the few mistakes that would only show in production."""
        assert (self.apply is None) != (self.raw is None), f"{self.name}: either apply or raw"
        assert all(table.schema is None for table in self.metadata.tables.values()), f"{self.name}: no schema in tables"
        object.__setattr__(self, "types", {event.TYPE: event for event in self.events})
        derived = {".".join(event.TYPE.split(".")[1:3]) for event in self.events}
        object.__setattr__(self, "follows", self.contexts | derived)

    def layout(self) -> str:
        """Changes when the tables or the generation do."""
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        text = [f"generation {self.generation}"]
        for table in self.metadata.sorted_tables:
            text.append(str(CreateTable(table).compile(dialect=dialect)))
            text += sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
        return hashlib.sha256("\n".join(text).encode()).hexdigest()

    def wants(self, message: Message) -> bool:
        """Whether the message is of an aggregate this projection follows."""
        if self.raw is not None:
            return True
        parts = message.subject.split(".", 4)
        return len(parts) == 5 and f"{parts[2]}.{parts[3]}" in self.follows  # noqa: PLR2004 - parts of a subject


@dataclass(frozen=True)
class Place:
    """How far a projection is, and how to know the stream again."""

    position: int
    last_id: str
    last_sha256: str
    stream_created: datetime | None
    layout: str

    def behind(self, message: Message) -> Place:
        """The place after a message."""
        return Place(message.position, message.id, message.sha256, self.stream_created, self.layout)


class Fenced(Exception):  # noqa: N818 - a state of the world
    """Another process has moved this projection."""


class Poison(Exception):  # noqa: N818 - the word for it
    """A message cannot be applied; `message` says which, the cause why."""

    def __init__(self, message: Message, error: BaseException) -> None:
        super().__init__(f"position {message.position} ({message.subject}): {error!r}"[:ERROR_CHARACTERS_MAX])
        self.message = message


class UnknownType(Exception):  # noqa: N818 - it is a finding
    """A fact of a type that this code does not know (C11)."""


async def place(connection: AsyncConnection, name: str, *, lock: bool = False) -> Place | None:
    """How far the projection is; None when it has never been laid out. `lock` holds it until the transaction ends."""
    query = sa.select(POSITIONS).where(POSITIONS.c.name == name)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        return None
    return Place(row.position, row.last_id, row.last_sha256, row.stream_created, row.layout)


async def move(connection: AsyncConnection, name: str, before: Place, after: Place) -> None:
    """Commit to a new place together with the rows. Raises Fenced when the projection is not where we left it."""
    moved = await connection.execute(
        sa.update(POSITIONS)
        .where(POSITIONS.c.name == name, POSITIONS.c.position == before.position)
        .values(
            position=after.position,
            last_id=after.last_id,
            last_sha256=after.last_sha256,
            stream_created=after.stream_created,
        )
    )
    if moved.rowcount != 1:
        raise Fenced(name)


async def take(
    connection: AsyncConnection, projection: Projection, before: Place, messages: Sequence[Message]
) -> tuple[Place, list[Poison]]:
    """Apply a batch inside the caller's transaction; the new place, and what had to be parked.

    With `stop_the_line` the place lies before the first message that cannot be applied. Raises Fenced, and whatever
    speaks of the world and not of a message: then the caller rolls back and tries again.
    """
    held = await place(connection, projection.name, lock=True)
    if held is None or held.position != before.position:
        raise Fenced(projection.name)
    parked = await _parked(connection, projection)
    wanted = [message for message in messages if projection.wants(message) and message.subject not in parked]
    poisons: list[Poison] = []
    if wanted and not await _all_at_once(connection, projection, wanted):
        poisons = await _one_by_one(connection, projection, wanted, parked)
    if poisons and projection.stop_the_line:
        messages = [message for message in messages if message.position < poisons[0].message.position]
    after = before.behind(messages[-1]) if messages else before
    if after.position != before.position:
        await move(connection, projection.name, before, after)
    return after, poisons


async def retake(connection: AsyncConnection, projection: Projection, messages: Sequence[Message]) -> Poison | None:
    """Apply the messages of one parked aggregate inside the caller's transaction, as far as it goes."""
    for message in messages:
        poison = await _apply(connection, projection, message)
        if poison is not None:
            return poison
    return None


async def park(connection: AsyncConnection, name: str, poison: Poison) -> None:
    """Set the aggregate aside from this message on; a second attempt is counted."""
    row = {
        "name": name,
        "aggregate": poison.message.subject,
        "from_position": poison.message.position,
        "error": str(poison),
        "attempts": 1,
        "parked_at": clock.now(),
    }
    new = postgresql.insert(PARKED).values(row)
    again = {"from_position": row["from_position"], "error": row["error"], "attempts": PARKED.c.attempts + 1}
    await connection.execute(new.on_conflict_do_update(index_elements=["name", "aggregate"], set_=again))


async def _parked(connection: AsyncConnection, projection: Projection) -> set[str]:
    if projection.stop_the_line:
        return set()  # it parks nothing
    query = sa.select(PARKED.c.aggregate).where(PARKED.c.name == projection.name)
    return set((await connection.execute(query)).scalars())


async def _all_at_once(connection: AsyncConnection, projection: Projection, messages: Sequence[Message]) -> bool:
    try:
        async with connection.begin_nested():
            if projection.raw is not None:
                await projection.raw(connection, messages)
            else:
                for message in messages:
                    await _decoded(connection, projection, message)
    except Exception as error:
        if _of_the_world(error):
            raise
        return False
    return True


async def _one_by_one(
    connection: AsyncConnection, projection: Projection, messages: Sequence[Message], parked: set[str]
) -> list[Poison]:
    poisons: list[Poison] = []
    for message in messages:
        if message.subject in parked:
            continue
        poison = await _apply(connection, projection, message)
        if poison is None:
            continue
        poisons.append(poison)
        if projection.stop_the_line:
            break
        parked.add(message.subject)
        await park(connection, projection.name, poison)
    return poisons


async def _apply(connection: AsyncConnection, projection: Projection, message: Message) -> Poison | None:
    try:
        async with connection.begin_nested():
            if projection.raw is not None:
                await projection.raw(connection, [message])
            else:
                await _decoded(connection, projection, message)
    except Exception as error:
        if _of_the_world(error):
            raise
        return Poison(message, error)
    return None


async def _decoded(connection: AsyncConnection, projection: Projection, message: Message) -> None:
    assert projection.apply is not None, "raw projections are not decoded"
    recorded = Recorded.of(message)
    event = projection.types.get(recorded.envelope.type)
    if event is not None:
        await projection.apply(connection, recorded, event.model_validate(recorded.envelope.data))
    elif recorded.envelope.type not in projection.ignored:
        raise UnknownType(recorded.envelope.type)


def _of_the_world(error: Exception) -> bool:
    """Whether trying again later may help, because nothing is wrong with the message."""
    match error:
        case DBAPIError():
            state = getattr(error.orig, "sqlstate", None)
            return error.connection_invalidated or state is None or str(state).startswith(WORLD)
        case asyncpg.PostgresError():
            return str(error.sqlstate).startswith(WORLD)
        case Refused():
            return error.code == SERVICE_UNAVAILABLE
        case Fenced() | OSError() | TimeoutError() | nats.errors.Error() | ApiError() | Unavailable():
            return True
        case _:
            return False
