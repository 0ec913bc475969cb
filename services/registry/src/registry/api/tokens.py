"""Personal access tokens (P 3.13) and their Relay-style list (P 3.1)."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Final

import orjson
from ariadne import MutationType, ObjectType, QueryType

from common import clock
from common.errors import Refused, bad_input, conflict, not_found
from registry.api.context import Call, Registry, child, root
from registry.api.nodes import Node, moment, node
from registry.api.people import given, user_node
from registry.domain import lists
from registry.execute import people as act
from registry.store import people as stored
from registry.store.rows import Row

PAGE: Final = 50
PAGE_MAX: Final = 100

query = QueryType()
mutation = MutationType()
token = ObjectType("PersonalAccessToken")


@query.field("myPersonalAccessTokens")
@root
async def my_personal_access_tokens(call: Call, **page: Any) -> list[Node]:
    want = lists.wanted(stored.TOKENS, **given(page))
    async with call.world.database.reading() as connection:
        return [node(row) for row in await stored.token_page(connection, call.caller.id, want)]


@query.field("personalAccessTokens")
@root
async def personal_access_tokens(call: Call, **page: Any) -> Node:
    """The caller's tokens, newest first; operators see everybody's."""
    first, after, last, before = (page.get(name) for name in ("first", "after", "last", "before"))
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise bad_input("Both ends of the list were asked for.", "Use first with after, or last with before.")
    backwards = last is not None or before is not None
    count = _count(last if backwards else first, "last" if backwards else "first")
    cursor = before if backwards else after
    async with call.world.database.reading() as connection:
        rows, more, total = await stored.token_stretch(
            connection,
            None if call.caller.operator else call.caller.id,
            count=count,
            backwards=backwards,
            beyond=_position(cursor) if cursor is not None else None,
        )
    edges = [{"node": node(row), "cursor": _cursor(row)} for row in rows]
    return {
        "edges": edges,
        "pageInfo": {
            "hasNextPage": before is not None if backwards else more,
            "hasPreviousPage": more if backwards else after is not None,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
        "totalCount": total,
    }


@token.field("user")
@child
async def token_user(registry: Registry, parent: Node) -> Node:
    return await user_node(registry, parent["user_id"])


@mutation.field("createPersonalAccessToken")
@root
async def create_personal_access_token(call: Call, *, name: str, **named: str | None) -> Node:
    """A repeat cannot show the secret again, and the type has no place for its absence: it is refused."""
    secret = await act.create_token(
        call.world,
        user=call.caller.id,
        name=name,
        expires_at=moment(named.get("expiresAt"), field="expiresAt"),
        parent=call.caller.credential_expires_at if call.caller.via == "token" else None,
        cause=await call.cause(),
    )
    await call.wrote(secret.recorded)
    if secret.value is None:
        message = f"This token was created before, as {secret.recorded.envelope.data['prefix']!r}."
        raise conflict(message, "Its secret was shown then. Revoke it and create another.", details={"id": secret.id})
    return {"token": secret.value, "personalAccessToken": node(await _row(call, secret.id))}


@mutation.field("revokePersonalAccessToken")
@root
async def revoke_personal_access_token(call: Call, *, id: str) -> Node:
    await _owned(call, id)
    await call.wrote(await act.revoke_token(call.world, id, cause=await call.cause()))
    return node(await _row(call, id))


@mutation.field("deletePersonalAccessToken")
@root
async def delete_personal_access_token(call: Call, *, id: str) -> bool:
    cause = await call.cause()
    if await call.removed_before(cause):
        return True
    await _owned(call, id)
    await call.wrote(await act.delete_token(call.world, id, cause=cause))
    return True


async def _row(call: Call, id: str) -> Row:
    async with call.world.database.reading() as connection:
        row = await stored.token(connection, id)
    if row is None:
        raise not_found("PersonalAccessToken", id)
    return row


async def _owned(call: Call, id: str) -> None:
    """Nobody else's tokens can be seen; operators may end any."""
    row = await _row(call, id)
    if row["user_id"] != call.caller.id and not call.caller.operator:
        raise not_found("PersonalAccessToken", id)


def _count(asked: int | None, name: str) -> int:
    if asked is None:
        return PAGE
    if not 0 <= asked <= PAGE_MAX:
        raise bad_input(f"{name} is {asked}.", f"Use 0 to {PAGE_MAX}.", field=name)
    return asked


def _cursor(row: Row) -> str:
    position = {"v": 1, "t": clock.text(row["created_at"]), "i": row["id"]}
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def _position(cursor: str) -> tuple[datetime, str]:
    refused: Refused = bad_input("The cursor is not one of this list.", reason="INVALID_CURSOR")
    try:
        read = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at, last = clock.parse(read["t"]), read["i"]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise refused from None
    if not isinstance(last, str) or "\0" in last:
        raise refused
    return at, last
