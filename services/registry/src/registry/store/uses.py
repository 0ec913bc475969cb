"""When personal access tokens were last accepted: what the gateway tells on stream ACCESS, by token (P 3.13).

A read model of its own, because its stream is one of its own: what is older than the stream keeps cannot be replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.projection import Projection
from common.stream import Message
from contracts.uses import SUBJECT, TokenUses
from registry.store.tables import Exact, Moment

METADATA: Final = sa.MetaData()

token_uses: Final = sa.Table(
    "token_uses",
    METADATA,
    sa.Column("token", Exact, primary_key=True),
    sa.Column("last_used_at", Moment, nullable=False),
)
"""The latest minute in which a token was accepted. Tokens that are gone may stand in it; nobody asks for them."""


async def used(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    """Keep the latest minute of each token, in whatever order workers tell of them. Other accesses are passed over."""
    latest: dict[str, int] = {}
    for message in messages:
        if message.subject == SUBJECT:
            uses = TokenUses.model_validate_json(message.body)
            for token in uses.tokens:
                latest[token] = max(uses.minute_ms, latest.get(token, uses.minute_ms))
    if not latest:
        return
    rows = [
        {"token": token, "last_used_at": datetime.fromtimestamp(minute_ms / 1000, UTC)}
        for token, minute_ms in sorted(latest.items())
    ]
    new = insert(token_uses)
    later = token_uses.c.last_used_at < new.excluded.last_used_at
    kept = new.on_conflict_do_update(
        index_elements=[token_uses.c.token], set_={"last_used_at": new.excluded.last_used_at}, where=later
    )
    await connection.execute(kept, rows)


TOKEN_USES: Final = Projection(name="token_uses", metadata=METADATA, raw=used, stream="ACCESS")
