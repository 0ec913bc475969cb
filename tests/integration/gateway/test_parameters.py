"""Values sent as text arrive as the same values that asyncpg sends in PostgreSQL's binary forms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from common.sealing import environment_password
from contracts.names import database
from gateway.execute.wire.opening import Account, opened
from gateway.execute.wire.outcomes import Outcome
from gateway.execute.wire.wire import Wire
from tests.support.door import Door

TEXTS = some.text(some.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
ZONES = some.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = some.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=some.just(UTC) | ZONES)  # noqa: DTZ001 - the zones are drawn beside them
KINDS: dict[str, some.SearchStrategy[Any]] = {
    "text": TEXTS,
    "int4": some.integers(-(2**31), 2**31 - 1),
    "float8": some.floats(allow_nan=False),
    "bool": some.booleans(),
    "timestamptz": INSTANTS,
    "json": some.recursive(
        some.none() | some.booleans() | some.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ).map(json.dumps),
}
LISTS = {f"{kind}[]": some.lists(some.none() | values, max_size=4) for kind, values in KINDS.items()}


class Both:
    """One database asked in two ways."""

    def __init__(self, wire: Wire, connection: asyncpg.Connection[Any]) -> None:
        self.wire = wire
        self.connection = connection

    async def differ(self, kind: str, value: Any) -> str | None:
        """What PostgreSQL thinks of the value sent as text, when that is not what it thinks of the binary one."""
        sql = f"select ($1::{kind})::text"
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.wire.ask(sql, (value,), answer.set_result)
        text, binary = await answer, await self.connection.fetchval(sql, value)
        return None if text == binary else f"{text!r} is not {binary!r}"


@pytest.fixture(scope="module")
async def both(door: Door) -> AsyncIterator[Both]:
    live = await door.environment("type Note @model { id: ID! @isUnique }", "dev")
    name, password = database(live.place.id), environment_password(door.secret_key, live.place.id)
    dsn = door.stack.postgres_dsn
    where = f"postgresql://{dsn.rpartition('@')[2].partition('/')[0]}"
    session = {"timezone": "UTC"}
    wire = await opened(
        Account(where, name, name, password, session), lambda _: None, lambda _: None, silent_seconds=11
    )
    connection = await asyncpg.connect(where, user=name, database=name, password=password, server_settings=session)
    yield Both(wire, connection)
    wire.close()
    await wire.closed
    await connection.close()


@pytest.mark.parametrize("kind", [*KINDS, *LISTS])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data())
async def test_a_value_is_the_same_as_text_and_in_binary(both: Both, kind: str, data: some.DataObject) -> None:
    value = data.draw(some.none() | {**KINDS, **LISTS}[kind])

    assert await both.differ(kind, value) is None


async def test_the_first_instant_of_all_is_an_instant_and_not_endlessly_long_ago(both: Both) -> None:
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    both.wire.ask("select ($1::timestamptz)::text", (datetime.min.replace(tzinfo=UTC),), answer.set_result)

    assert await answer == "0001-01-01 00:00:00+00"
