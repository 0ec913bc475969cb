"""The history as it may be asked for: search, proofs, checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLResolveInfo

from audit.domain import search
from audit.domain.heads import Head
from audit.domain.search import Search
from audit.execute import history as execute
from audit.execute.history import Scribe
from audit.store import history as store
from audit.store import who
from common import clock
from common.errors import bad_input, not_found
from common.graphs import Context
from common.sealing import Sealer
from contracts.access import Principal
from contracts.names import PLATFORM

Info = GraphQLResolveInfo[Context]


@dataclass(frozen=True)
class Page:
    """One page of a search; the count is made only for those who ask."""

    wanted: Search
    edges: Sequence[dict[str, Any]]
    more: bool


class History:
    """Resolvers; each checks first what the caller may see. All is answered from the read model."""

    def __init__(self, scribe: Scribe, sealer: Sealer) -> None:
        self._scribe = scribe
        self._database = scribe.database
        self._sealer = sealer

    async def entries(
        self,
        _: Any,
        info: Info,
        *,
        first: int,
        filter: dict[str, Any] | None = None,
        after: str | None = None,
    ) -> Page:
        """Newest first, with cursors."""
        wanted = _search(caller_of(info), filter or {})
        limit = search.page_size(first)
        if after is not None:
            wanted = replace(wanted, before=search.parse_cursor(after))
        async with self._database.reading() as connection:
            found = await store.search(connection, wanted, limit + 1)
        shown = await self._shown(found[:limit])
        edges = [{"cursor": search.cursor(node["index"]), "node": node} for node in shown]
        return Page(wanted, edges, len(found) > limit)

    async def total(self, page: Page, _: Info) -> int:
        """How many entries the search finds in all."""
        async with self._database.reading() as connection:
            return await store.count(connection, page.wanted)

    async def entry(self, _: Any, info: Info, *, id: str) -> dict[str, Any]:
        """One entry."""
        return (await self._shown([await self._visible(info, id)]))[0]

    async def proof(self, _: Any, info: Info, *, id: str) -> dict[str, Any]:
        """An entry with everything that an offline verifier needs."""
        proven = await execute.prove(self._scribe, await self._visible(info, id))
        return {
            "entry": (await self._shown([proven.entry]))[0],
            "index": proven.entry.record.index,
            "size": proven.head.size,
            "hashes": [value.hex() for value in proven.hashes],
            "checkpoint": self._checkpoint(proven.head, proven.signed_at),
            "bundle": proven.bundle,
        }

    async def checkpoint(self, _: Any, info: Info) -> dict[str, Any]:
        """The newest signed head. It names no entry, so everybody who is signed in may keep one."""
        search.signed_in(caller_of(info))
        head, signed_at = await execute.newest(self._scribe)
        return self._checkpoint(head, signed_at)

    async def consistency(self, _: Any, info: Info, **sizes: int) -> dict[str, Any]:
        """Hashes only; see `checkpoint`."""
        search.signed_in(caller_of(info))
        old, new = sizes["from"], sizes["to"]
        hashes = await execute.consistency(self._scribe, old, new)
        return {"from": old, "to": new, "hashes": [value.hex() for value in hashes]}

    async def _visible(self, info: Info, id: str) -> store.Entry:
        """The entry, or the same refusal whether it is not there or not the caller's."""
        caller = search.signed_in(caller_of(info))
        async with self._database.reading() as connection:
            found = await store.find(connection, id)
        if found is None or not search.may_see(caller, found.org):
            raise not_found("Audit entry", id)
        return found

    async def _shown(self, entries: Sequence[store.Entry]) -> list[dict[str, Any]]:
        people = {entry.actor_id for entry in entries if entry.actor_type == "user"}
        names: dict[str, str | None] = {}
        if people:
            async with self._database.reading() as connection:
                sealed = await who.usernames(connection, people)
            for person, token in sealed.items():
                names[person] = await self._sealer.open(token)
        return [_entry(entry, names.get(entry.actor_id)) for entry in entries]

    def _checkpoint(self, head: Head, at: datetime) -> dict[str, Any]:
        key = self._scribe.signer.key
        return {
            "log": key.name,
            "size": head.size,
            "root": head.root.hex(),
            "note": head.note,
            "key": str(key),
            "at": clock.text(at),
        }


def page_info(page: Page, _: Info) -> dict[str, Any]:
    return {
        "hasNextPage": page.more,
        "hasPreviousPage": page.wanted.before is not None,
        "startCursor": page.edges[0]["cursor"] if page.edges else None,
        "endCursor": page.edges[-1]["cursor"] if page.edges else None,
    }


def _entry(entry: store.Entry, username: str | None) -> dict[str, Any]:
    body = _envelope(entry.record.stored.body)
    return {
        "id": entry.id,
        "index": entry.record.index,
        "position": entry.record.stored.position,
        "type": entry.type,
        "subject": entry.subject,
        "actor": {"type": entry.actor_type, "id": entry.actor_id, "username": username},
        "outcome": entry.outcome,
        "time": entry.time,
        "recorded": entry.recorded,
        "organisation": None if entry.org == PLATFORM else entry.org,
        "requestId": entry.request_id,
        "changes": body.get("changes") or None,
        "data": body.get("data"),
        "leaf": entry.record.leaf.decode(),
        "leafHash": entry.record.hash.hex(),
    }


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _search(caller: Principal, filter: dict[str, Any]) -> Search:
    return Search(
        organisations=search.visible(caller, filter.get("organisation")),
        actor=filter.get("actor"),
        type=search.match(filter.get("type")),
        subject=search.match(filter.get("subject")),
        since=instant(filter.get("from"), "filter.from"),
        until=instant(filter.get("to"), "filter.to"),
    )


def instant(text: str | None, field: str) -> str | None:
    if text is None:
        return None
    try:
        return clock.text(clock.parse(text))
    except (ValueError, TypeError, OverflowError):
        hint = "Write it like 2026-11-20T10:00:00Z."
        raise bad_input(f"{str(text)[:60]!r} is no time with a zone.", hint, field=field) from None


def caller_of(info: Info) -> Principal:
    return Principal.model_validate(info.context.principal)
