"""What passes by itself is told from what is broken."""

from __future__ import annotations

import asyncpg
import nats.errors
import pytest
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common import outage
from common.errors import MESSAGE_CHARACTERS_MAX, QUOTED_CHARACTERS_MAX, Refused, not_found
from common.stream import Unavailable


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        PoolTimeoutError(),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("shutting down"),
        asyncpg.ConnectionDoesNotExistError("closed"),
        asyncpg.InterfaceError("connection is closed"),
        OperationalError("select 1", {}, asyncpg.TooManyConnectionsError("full")),
        InterfaceError("select 1", {}, Exception("connection is closed")),
        nats.errors.NoRespondersError(),
        nats.errors.ConnectionClosedError(),
        Unavailable(),
    ],
)
def test_a_server_that_is_away_is_no_bug(error: Exception) -> None:
    assert outage.away(error)


@pytest.mark.parametrize(
    "error",
    [
        None,
        ValueError(),
        KeyError(),
        AssertionError(),
        asyncpg.UndefinedColumnError("no such column"),
        IntegrityError("insert", {}, asyncpg.UniqueViolationError("twice")),
        Refused("BAD_USER_INPUT", "no"),
    ],
)
def test_everything_else_is_not_excused(error: Exception | None) -> None:
    assert not outage.away(error)


def test_whoever_changed_something_is_told_how_to_ask_again_and_a_reader_just_to_do_so() -> None:
    changing, reading = outage.refusal("key-1"), outage.refusal(None)

    assert (changing.code, reading.code) == ("SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE")
    assert changing.details == {"idempotencyKey": "key-1"}
    assert "Idempotency-Key: key-1" in (changing.hint or "")
    assert reading.reason == outage.REASON


def test_a_refusal_is_never_larger_than_it_helps() -> None:
    huge = "x" * 1_000_000

    assert len(Refused("BAD_USER_INPUT", huge).message) == MESSAGE_CHARACTERS_MAX
    assert len(not_found("Service", huge).message) < QUOTED_CHARACTERS_MAX + 30
    assert not_found("Service", "short").message == "Service not found: 'short'"
