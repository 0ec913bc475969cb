"""The history: a byte copy of every fact with its leaf, the tiles over them, and signed heads.

The first two are a projection and can be replayed. `signed_head` is not: it is what keeps this service from ever
signing two roots for one size, so it lies outside of it and refuses to be changed (MA 7.4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.domain.check import Record
from audit.domain.heads import Head
from audit.domain.leaves import LOG, Stored, leaf
from audit.domain.search import Match, Search
from audit.domain.tiles import WIDTH, Edge, Place, Tile, edge_starts, grown, looked_up, place
from common.readmodel import Projection
from common.stream import Message
from contracts import audit as said
from proof import merkle

TEXT: Final = sa.Text(collation="C")
HASH_BYTES: Final = 32

HISTORY: Final = sa.MetaData()
ENTRY: Final = sa.Table(
    "entry",
    HISTORY,
    sa.Column("index", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False, unique=True),
    sa.Column("stream_subject", TEXT, nullable=False),
    sa.Column("message_id", TEXT, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("id", TEXT, nullable=False, index=True),
    sa.Column("type", TEXT, nullable=False),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("org", TEXT, nullable=False),
    sa.Column("actor_type", TEXT, nullable=False),
    sa.Column("actor_id", TEXT, nullable=False),
    sa.Column("outcome", TEXT, nullable=False),
    sa.Column("time", TEXT, nullable=False, index=True),
    sa.Column("recorded", TEXT, nullable=False),
    sa.Column("request_id", TEXT),
)
for _column in ("org", "actor_id", "type", "subject"):
    sa.Index(f"entry_{_column}", ENTRY.c[_column], ENTRY.c.index)
TILE: Final = sa.Table(
    "tile",
    HISTORY,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
)

KEPT: Final = sa.MetaData()
SIGNED_HEAD: Final = sa.Table(
    "signed_head",
    KEPT,
    sa.Column("log", TEXT, primary_key=True),
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
)
GUARD: Final = (
    """
    create or replace function signed_head_guard() returns trigger language plpgsql set search_path from current as $$
    begin
      if tg_op <> 'INSERT' then
        raise exception 'signed heads are never changed' using errcode = 'integrity_constraint_violation';
      end if;
      if exists (select from signed_head as known where known.log = new.log
                 and (known.size > new.size or known.size = new.size and known.root <> new.root)) then
        raise exception 'a head of size % does not follow what is signed', new.size
          using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $$
    """,
    """
    create or replace trigger signed_head_guard before insert or update or delete on signed_head
    for each row execute function signed_head_guard()
    """,
    """
    create or replace trigger signed_head_kept before truncate on signed_head
    for each statement execute function signed_head_guard()
    """,
)


class Tampered(Exception):  # noqa: N818 - it is a finding
    """The stream contradicts what was signed or what was read."""

    def __init__(self, index: int, expected: str, found: str) -> None:
        super().__init__(f"index {index}: expected {expected}, found {found}")
        self.index = index
        self.expected = expected
        self.found = found


@dataclass(frozen=True)
class Entry:
    """A row of the history as it is searched and shown."""

    record: Record
    id: str
    type: str
    subject: str
    org: str
    actor_type: str
    actor_id: str
    outcome: str
    time: str
    recorded: str
    request_id: str | None


async def lay_out_heads(connection: AsyncConnection) -> None:
    """Make the table of signed heads and its guard."""
    await connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended('signed heads', 0))"))
    await connection.run_sync(KEPT.create_all)
    for statement in GUARD:
        await connection.execute(sa.text(statement))


# --- the history --------------------------------------------------------------------------------------------------


async def remember(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Byte copy, leaf and tree for messages that follow the last one without a gap. Raises Tampered."""
    stored = [Stored(message.position, message.subject, message.body) for message in messages]
    edge = await load_edge(connection, stored[0].position - 1)
    rows = [_row(one, message.id) for one, message in zip(stored, messages, strict=True)]
    for at, row in enumerate(rows):
        if row["index"] != edge.size + at:
            raise Tampered(edge.size + at, f"position {edge.size + at + 1}", f"position {row['position']}")
    _, tiles = grown(edge, [row["hash"] for row in rows])
    await connection.execute(sa.insert(ENTRY), rows)
    if tiles:
        await connection.execute(sa.insert(TILE), [_tile_row(tile) for tile in tiles])
    for row in rows:
        if row["type"] == said.CheckpointSigned.TYPE:
            await _confirm(connection, row)


HISTORY_PROJECTION: Final = Projection(name="history", metadata=HISTORY, raw=remember, stop_the_line=True)


async def _confirm(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """A head that was published must still be the head of that size (B02)."""
    signed = said.CheckpointSigned.model_validate(orjson.loads(row["body"])["data"])
    found = await root_at(connection, signed.size) if signed.size <= row["index"] else None
    if found is None or found.hex() != signed.root:
        raise Tampered(signed.size, f"root {signed.root}", f"root {found.hex()}" if found else "no such size")


def _row(stored: Stored, message_id: str) -> dict[str, Any]:
    made = leaf(stored)
    return {
        "index": made.index,
        "position": stored.position,
        "stream_subject": stored.subject,
        "message_id": message_id,
        "body": stored.body,
        "leaf": made.data,
        "hash": merkle.leaf_hash(made.data),
        "id": made.id,
        "type": made.type,
        "subject": made.subject,
        "org": made.org,
        "actor_type": made.actor_type,
        "actor_id": made.actor_id,
        "outcome": made.outcome,
        "time": made.time,
        "recorded": made.recorded,
        "request_id": made.request_id,
    }


def _tile_row(tile: Tile) -> dict[str, Any]:
    return {"level": tile.level, "number": tile.number, "hashes": b"".join(tile.hashes), "root": tile.root}


# --- the tree -----------------------------------------------------------------------------------------------------


async def load_edge(connection: AsyncConnection, size: int) -> Edge:
    """The right edge of the tree of `size`, which must be the whole of what is stored. Raises Tampered."""
    levels = []
    for level, start in enumerate(edge_starts(size)):
        levels.append(await _hashes(connection, level, start, (size >> 8 * level) - start))
    held = [len(hashes) for hashes in levels]
    wanted = [(size >> 8 * level) - start for level, start in enumerate(edge_starts(size))]
    if held != wanted:
        raise Tampered(size, f"{wanted} hashes on the edge", str(held))
    return Edge(size, tuple(levels))


async def size_of(connection: AsyncConnection) -> int:
    """Number of leaves."""
    last = await connection.scalar(sa.select(sa.func.max(ENTRY.c.index)))
    return 0 if last is None else int(last) + 1


async def lookup_for(connection: AsyncConnection, nodes: Collection[merkle.Node]) -> merkle.Lookup:
    """A look-up that knows these nodes; all their leaves must exist."""
    tiles: dict[Place, Sequence[bytes]] = {}
    for level, number in {place(node) for node in nodes}:
        query = sa.select(TILE.c.hashes).where(TILE.c.level == level, TILE.c.number == number)
        complete = await connection.scalar(query)
        if complete is not None:
            tiles[level, number] = _cut(complete)
        else:
            tiles[level, number] = await _hashes(connection, level, number * WIDTH, WIDTH)
    return looked_up(tiles)


async def root_at(connection: AsyncConnection, size: int) -> bytes:
    """Root of the tree over the first `size` leaves."""
    lookup = await lookup_for(connection, merkle.range_nodes(0, size))
    return merkle.frontier_of(size, lookup).root()


async def _hashes(connection: AsyncConnection, level: int, start: int, count: int) -> tuple[bytes, ...]:
    """Hashes of one tile level from number `start` on: leaf hashes, or the roots of complete tiles below."""
    if level == 0:
        query = sa.select(ENTRY.c.hash).where(ENTRY.c.index >= start, ENTRY.c.index < start + count)
        ordered = query.order_by(ENTRY.c.index)
    else:
        below = (TILE.c.level == level - 1, TILE.c.number >= start, TILE.c.number < start + count)
        ordered = sa.select(TILE.c.root).where(*below).order_by(TILE.c.number)
    return tuple((await connection.execute(ordered)).scalars())


def _cut(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))


# --- signed heads -------------------------------------------------------------------------------------------------


async def newest_head(connection: AsyncConnection) -> tuple[Head, datetime] | None:
    """The largest signed head, and when it was signed."""
    query = sa.select(SIGNED_HEAD).where(SIGNED_HEAD.c.log == LOG).order_by(SIGNED_HEAD.c.size.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return None if row is None else (Head(row.size, row.root, row.note), row.signed_at)


async def keep_head(connection: AsyncConnection, head: Head, at: datetime) -> None:
    """Persist before publishing. Raises IntegrityError when the head contradicts one that is signed."""
    values = {"log": LOG, "size": head.size, "root": head.root, "note": head.note, "signed_at": at}
    await connection.execute(insert(SIGNED_HEAD).values(**values).on_conflict_do_nothing())


async def heads(connection: AsyncConnection) -> dict[int, bytes]:
    """Every head ever signed: size to root."""
    query = sa.select(SIGNED_HEAD.c.size, SIGNED_HEAD.c.root).where(SIGNED_HEAD.c.log == LOG)
    return {row.size: row.root for row in await connection.execute(query)}


async def published_after(connection: AsyncConnection, size: int) -> int:
    """How many facts about heads lie behind the first `size` leaves."""
    query = sa.select(sa.func.count()).where(ENTRY.c.type == said.CheckpointSigned.TYPE, ENTRY.c.index >= size)
    return int(await connection.scalar(query) or 0)


# --- questions ----------------------------------------------------------------------------------------------------


async def search(connection: AsyncConnection, wanted: Search, limit: int) -> list[Entry]:
    """Entries newest first."""
    query = sa.select(ENTRY).where(*_conditions(wanted)).order_by(ENTRY.c.index.desc()).limit(limit)
    if wanted.before is not None:
        query = query.where(ENTRY.c.index < wanted.before)
    return [_entry(row) for row in await connection.execute(query)]


async def count(connection: AsyncConnection, wanted: Search) -> int:
    """How many entries there are, cursors aside."""
    return int(await connection.scalar(sa.select(sa.func.count()).where(*_conditions(wanted)).select_from(ENTRY)) or 0)


async def find(connection: AsyncConnection, id: str) -> Entry | None:
    """The entry of an event id."""
    query = sa.select(ENTRY).where(ENTRY.c.id == id).order_by(ENTRY.c.index).limit(1)
    row = (await connection.execute(query)).first()
    return None if row is None else _entry(row)


async def records(connection: AsyncConnection, start: int, limit: int) -> list[Record]:
    """Stored records from an index on, for the check."""
    query = sa.select(ENTRY).where(ENTRY.c.index >= start).order_by(ENTRY.c.index).limit(limit)
    return [_record(row) for row in await connection.execute(query)]


async def tiles_between(connection: AsyncConnection, start: int, end: int) -> dict[Place, Tile]:
    """Stored tiles that the leaves [start, end) complete, for the check."""
    found: dict[Place, Tile] = {}
    for level in range(len(edge_starts(end))):
        first, last = start >> 8 * (level + 1), end >> 8 * (level + 1)
        query = sa.select(TILE).where(TILE.c.level == level, TILE.c.number >= first, TILE.c.number < last)
        for row in await connection.execute(query):
            found[row.level, row.number] = Tile(row.level, row.number, _cut(row.hashes), row.root)
    return found


def _conditions(wanted: Search) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.organisations is not None:
        yield ENTRY.c.org.in_(wanted.organisations)
    if wanted.actor is not None:
        yield ENTRY.c.actor_id == wanted.actor
    for column, match in ((ENTRY.c.type, wanted.type), (ENTRY.c.subject, wanted.subject)):
        if match is not None:
            yield _matches(column, match)
    if wanted.since is not None:
        yield ENTRY.c.time >= wanted.since
    if wanted.until is not None:
        yield ENTRY.c.time < wanted.until


def _matches(column: sa.ColumnElement[str], match: Match) -> sa.ColumnElement[bool]:
    return sa.and_(column >= match.text, column < match.end) if match.prefix else column == match.text


def _record(row: Any) -> Record:
    return Record(row.index, Stored(row.position, row.stream_subject, row.body), row.leaf, row.hash)


def _entry(row: Any) -> Entry:
    return Entry(
        record=_record(row),
        id=row.id,
        type=row.type,
        subject=row.subject,
        org=row.org,
        actor_type=row.actor_type,
        actor_id=row.actor_id,
        outcome=row.outcome,
        time=row.time,
        recorded=row.recorded,
        request_id=row.request_id,
    )
