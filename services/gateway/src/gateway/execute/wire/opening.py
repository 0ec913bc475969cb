"""A connection opened by asyncpg and taken over: addresses, TLS, authentication and settings are its part.

asyncpg is pinned, and this is the one place that touches what it does not promise: a connection's transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from gateway.execute.wire.wire import Wire

CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Account:
    """Whose connection it is, in which database, with which settings of the session."""

    dsn: str
    """Where the server is; a `host` may be a directory with its socket."""
    user: str
    database: str
    password: str
    settings: Mapping[str, str]


async def opened(
    account: Account,
    answered: Callable[[Wire], None],
    ended: Callable[[Wire], None],
    *,
    silent_seconds: float,
) -> Wire:
    """A connection that can be asked. Raises what asyncpg raises when there is none: OSError, TimeoutError, its own."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        account.dsn,
        user=account.user,
        database=account.database,
        password=account.password,
        timeout=CONNECT_SECONDS,
        statement_cache_size=0,
        server_settings=dict(account.settings),
    )
    # uvloop's transports are no subclass of asyncio's.
    transport: Any = getattr(connection, "_transport", None)
    if connection.is_closed() or not hasattr(transport, "set_protocol"):
        connection.terminate()
        raise ConnectionError("the connection that was just opened cannot be taken over")
    wire = Wire(transport, answered, ended, silent_seconds=silent_seconds)
    before = transport.get_protocol()
    transport.set_protocol(wire)
    # For asyncpg this connection has ended: it must not close the socket when its object is collected.
    before.connection_lost(None)
    return wire
