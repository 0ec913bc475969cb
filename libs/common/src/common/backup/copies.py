"""The event log brought back from audit's byte copy, when the disk of JetStream is lost and PostgreSQL is not.

The copy is checked against the tree and its signed heads before a message is stored, and every message is stored at
the position it had. Documents, calls and the other streams have no copy there: they come from a backup. Read models
that are what the streams say go on where they were; those that knew more are replayed at their next start.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from common.backup import calls, files, streams
from common.backup.databases import CONNECT_SECONDS
from common.backup.manifest import EVENTS, Manifest
from common.backup.restoring import put
from common.backup.site import Site, connected, of_environment, servers
from common.backup.tree import Broken, Checked, Head, Row
from common.blobs import Blobs
from common.errors import BAD_USER_INPUT, Refused
from common.sealing import purpose_key
from common.sql import ident, sql
from common.stream import Message, Stream
from proof import notes

PREFETCH: Final = 500
_ROWS: Final = (
    "select index, position, stream_subject, message_id, body, leaf, hash from audit.entry "
    "where position > $1 order by position"
)
_HEADS: Final = "select log, size, root, note from audit.signed_head order by size"
_SCHEMAS: Final = (
    "select table_schema as schema from information_schema.columns where table_name = 'positions' "
    "and column_name = 'stream_created' and table_schema not like '%\\_scratch' order by table_schema"
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class BroughtBack:
    """What stands now."""

    position: int
    stored: int
    """Messages that the stream did not hold before."""
    head: int
    """Size of the newest signed head that was checked."""
    streams: dict[str, tuple[int, int]]
    """Other streams, from the backup: first and last position."""
    replayed: dict[str, str]
    """Read models that are replayed at the next start, and why."""
    missing: tuple[str, ...]
    """Documents that facts point to and nobody has."""
    logs: int
    """Write-ahead logs of calls that are compared with the stream again."""

    def told(self) -> dict[str, Any]:
        """As JSON values."""
        found = [{"name": name, "first": first, "last": last} for name, (first, last) in sorted(self.streams.items())]
        return {
            "position": self.position,
            "stored": self.stored,
            "head": self.head,
            "streams": found,
            "replayed": [{"projection": name, "because": why} for name, why in sorted(self.replayed.items())],
            "missingDocuments": list(self.missing),
            "gateways": self.logs,
            "warnings": self.warnings(),
        }

    def warnings(self) -> list[str]:
        """What an operator has to know."""
        found = [f"{name} is replayed: {why}." for name, why in sorted(self.replayed.items())]
        if self.missing:
            many = f"{len(self.missing)} documents that facts point to are missing, such as {self.missing[0]}."
            found.append(f"{many} Bring them back from a backup: events-from-audit DIR.")
        return found


async def bring_back(directory: Path | None, data: Path | None, say: Say) -> BroughtBack:
    """Fill EVT, and from the backup in `directory` what else is empty. Safe to repeat after an interruption."""
    manifest = files.verified(directory) if directory is not None else None
    async with _site(data) as site, connected(site) as client, _platform(site) as connection:
        checked, head = await _checked(site, connection)
        size = checked.frontier.size
        say(f"byte copy of {size} records is what was signed")
        after = await _there(client, connection, size)
        await streams.refill(client, EVENTS, _messages(connection, after), after=after)
        say(f"{EVENTS} stands at {size}")
        others = await _others(client, manifest, directory)
        logs = calls.forget_sent(site.wal) if site.wal is not None else 0
        replayed = await _compared(client, connection)
        blobs = Blobs(client)
        missing = [sha for sha in sorted(checked.documents) if not await blobs.has(sha)]
    return BroughtBack(size, size - after, head, others, replayed, tuple(missing), logs)


# --- the copy -----------------------------------------------------------------------------------------------------


async def _checked(site: Site, connection: asyncpg.Connection) -> tuple[Checked, int]:
    """The whole copy, looked at; size of the newest signed head. Raises Refused when it is not what was signed."""
    if await connection.fetchval(
        "select to_regclass('audit.entry') is null or to_regclass('audit.signed_head') is null"
    ):
        message = "There is no byte copy in this PostgreSQL: audit has never run here."
        raise Refused(BAD_USER_INPUT, message, "Restore a backup instead.", reason="NO_COPY")
    heads = [Head(row["log"], row["size"], row["root"], row["note"]) for row in await connection.fetch(_HEADS)]
    newest = heads[-1] if heads else None
    checked = Checked({head.size: head.root for head in heads})
    try:
        async for row in _rows(connection, 0):
            checked.take(row)
        checked.finish(newest, _key(site, newest))
    except Broken as broken:
        message = f"The byte copy is not what was signed: {broken}."
        raise Refused(
            BAD_USER_INPUT, message, "Nothing was changed. Restore a backup instead.", reason="TAMPERED"
        ) from None
    return checked, newest.size if newest else 0


def _key(site: Site, head: Head | None) -> notes.Key | None:
    """The log's verifier key, which follows from the secret key as audit derives it."""
    if head is None or site.secret_key is None:
        return None
    private = Ed25519PrivateKey.from_private_bytes(purpose_key(site.secret_key, f"audit/{head.log}"))
    return notes.Key(head.log, private.public_key().public_bytes_raw())


async def _rows(connection: asyncpg.Connection, after: int) -> AsyncIterator[Row]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(_ROWS, after, prefetch=PREFETCH):
            message = Message(row["position"], row["stream_subject"], row["message_id"], row["body"])
            yield Row(row["index"], message, row["leaf"], row["hash"])


async def _messages(connection: asyncpg.Connection, after: int) -> AsyncIterator[Message]:
    async for row in _rows(connection, after):
        yield row.message


async def _there(client: Client, connection: asyncpg.Connection, size: int) -> int:
    """How far the stream holds what the copy holds: 0, or where an earlier attempt stopped. Raises Refused."""
    last = (await Stream(client, EVENTS).info()).last
    if last > size:
        message = f"{EVENTS} ends at {last}, the byte copy at {size}: there is nothing to bring back."
        raise Refused(BAD_USER_INPUT, message, reason="NOT_EMPTY")
    if last:
        stored = await Stream(client, EVENTS).at(last)
        row = await connection.fetchrow("select message_id, body from audit.entry where position = $1", last)
        if stored is None or row is None or (stored.id, stored.body) != (row["message_id"], row["body"]):
            message = f"{EVENTS} holds another message at position {last} than the byte copy."
            raise Refused(BAD_USER_INPUT, message, "It has to be empty, or begin like the copy.", reason="NOT_EMPTY")
    return last


# --- what depends on it -------------------------------------------------------------------------------------------


async def _others(client: Client, manifest: Manifest | None, directory: Path | None) -> dict[str, tuple[int, int]]:
    """Other streams of the backup, where the server's are empty."""
    stand: dict[str, tuple[int, int]] = {}
    for stream in manifest.streams if manifest else ():
        if stream.name == EVENTS or not stream.last:
            continue
        if not int((await streams.taken(client, stream.name)).state["last_seq"]):
            assert directory is not None, "the manifest came from it"
            stand[stream.name] = await put(client, directory, stream)
    return stand


async def _compared(client: Client, connection: asyncpg.Connection) -> dict[str, str]:
    """Read models that the streams bear out go on with them; the others are marked to be replayed."""
    replayed: dict[str, str] = {}
    async with connection.transaction():
        for schema in [row["schema"] for row in await connection.fetch(_SCHEMAS)]:
            table = ident(schema, "positions")
            for row in await connection.fetch(sql("select * from {table} order by name", table=table).text):
                why = await _unlike(client, row)
                if why is None:
                    created = (await Stream(client, row["stream"]).info()).created
                    keep = sql("update {table} set stream_created = $1 where name = $2", table=table)
                    await connection.execute(keep.text, created, row["name"])
                    continue
                replayed[f"{schema}/{row['name']}"] = why
                # No layout has this name: at its start the service makes its tables anew and reads from message 1.
                again = sql("update {table} set layout = '' where name = $1", table=table)
                await connection.execute(again.text, row["name"])
    return replayed


async def _unlike(client: Client, row: asyncpg.Record) -> str | None:
    """Why a read model cannot go on; None when the stream is the one it has read."""
    position, stream = int(row["position"]), Stream(client, row["stream"])
    if not position:
        return None
    last = (await stream.info()).last
    if last < position:
        return f"it was at {position} of {stream.name}, which now ends at {last}"
    stored = await stream.at(position)
    if stored is None or (stored.id, stored.sha256) != (row["last_id"], row["last_sha256"]):
        return f"another message lies at position {position} of {stream.name}"
    return None


@asynccontextmanager
async def _site(data: Path | None) -> AsyncIterator[Site]:
    if data is None:
        yield of_environment(os.environ)
        return
    async with servers(data) as site:
        yield site


@asynccontextmanager
async def _platform(site: Site) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(site.platform_dsn, timeout=CONNECT_SECONDS)
    try:
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
