"""One connection: whoever asked is told his own answer, in whatever pieces the answers come."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.execute.wire import messages
from gateway.execute.wire import wire as module
from gateway.execute.wire.messages import Problem
from gateway.execute.wire.outcomes import Lost, Outcome
from gateway.execute.wire.wire import Wire
from tests.support.waiting import until

READY = b"Z\0\0\0\x05I"
BOUND = b"2\0\0\0\x04"
PARSED = b"1\0\0\0\x04"
DONE = b"C\0\0\0\x0dSELECT 1\0"


def said(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def row(text: str | None) -> bytes:
    if text is None:
        return said(b"D", b"\0\x01\xff\xff\xff\xff")
    value = text.encode()
    return said(b"D", b"\0\x01" + len(value).to_bytes(4, "big") + value)


def error(state: str, severity: str = "ERROR") -> bytes:
    return said(b"E", f"S{severity}\0V{severity}\0C{state}\0Mno\0\0".encode())


def answer(text: str | None) -> bytes:
    """One row and the end of the transaction."""
    return BOUND + row(text) + DONE + READY


@dataclass
class Peer:
    """A wire, the other end of its socket, and what it told."""

    wire: Wire
    socket: socket.socket
    told: list[Any] = field(default_factory=list)
    answered: int = 0
    ended: int = 0

    def ask(self, sql: str, *values: Any, batch: str = "") -> None:
        self.wire.ask(sql, values, self._teller(), batch)

    def run(self, *steps: tuple[str, tuple[Any, ...]]) -> None:
        self.wire.run(steps, self._teller())

    def _teller(self) -> Callable[[Outcome], None]:
        number = len(self.told)
        self.told.append(...)

        def tell(outcome: Outcome) -> None:
            assert self.told[number] is ..., "told once"
            self.told[number] = outcome

        return tell

    async def read(self, size: int) -> bytes:
        """So many bytes that were sent, or what is there after a moment."""
        sent = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                while len(sent) < size:
                    sent += await asyncio.get_running_loop().sock_recv(self.socket, 1_000_000)
        return sent

    async def sent(self, *expected: bytes) -> None:
        """The next that is sent is this."""
        assert await self.read(len(b"".join(expected))) == b"".join(expected)


@contextlib.asynccontextmanager
async def connected(silent_seconds: float = 11) -> AsyncIterator[Peer]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    peer: Peer

    def answered(_: Wire) -> None:
        peer.answered += 1

    def ended(_: Wire) -> None:
        peer.ended += 1

    peer = Peer(Wire(transport, answered, ended, silent_seconds=silent_seconds), theirs)
    transport.set_protocol(peer.wire)
    try:
        yield peer
    finally:
        peer.wire.abort()
        await peer.wire.closed
        theirs.close()


async def test_a_statement_is_prepared_once_and_afterwards_only_run() -> None:
    async with connected() as peer:
        peer.ask("select $1::text", "a")
        first = messages.asked(messages.target(b"m1", 1), [b"a"])
        await peer.sent(messages.parse(b"m1", "select $1::text"), first)
        peer.wire.data_received(PARSED + answer("a"))
        peer.ask("select $1::text", "a")

        await peer.sent(first)
        peer.wire.data_received(answer("b"))
        assert peer.told == ["a", "b"]


@given(cuts=some.lists(some.integers(0, 700), max_size=30), long=some.integers(0, 300))
async def test_answers_are_the_same_in_whatever_pieces_they_come(cuts: list[int], long: int) -> None:
    async with connected() as peer:
        texts = ["", "ä" * long, None, "x"]
        stream = PARSED
        for text in texts:
            peer.ask("select 1")
            stream += answer(text)
        peer.ask("select 1")
        stream += said(b"N", b"Mjust so\0\0") + BOUND + error("42703") + READY
        peer.ask("select 2")
        stream += PARSED + BOUND + said(b"C", b"SELECT 0\0") + READY + said(b"S", b"TimeZone\0UTC\0")
        peer.run(("update", ()), ("select 2", ()))
        stream += PARSED + BOUND + said(b"C", b"UPDATE 3\0") + BOUND + row("y") + DONE + READY
        places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
        for start, end in itertools.pairwise(places):
            peer.wire.data_received(stream[start:end])

        assert peer.told == [*texts, Problem("42703", "no"), None, "y"]
        assert peer.wire.idle


async def test_statements_of_a_transaction_are_sent_together_and_only_the_end_decides() -> None:
    async with connected() as peer:
        peer.run(("first", (1,)), ("second", ()))
        sent = messages.parse(b"m1", "first") + messages.run(messages.target(b"m1", 1), [b"1"])
        sent += messages.parse(b"m2", "second") + messages.run(messages.target(b"m2", 0), [])
        await peer.sent(sent, messages.SYNC)
        peer.wire.data_received(PARSED + BOUND + said(b"C", b"UPDATE 1\0") + PARSED + BOUND + row("x") + DONE)
        assert peer.told == [...]
        # A deferred constraint objects at the commit.
        peer.wire.data_received(error("23503") + READY)

        assert peer.told == [Problem("23503", "no")]


async def test_a_statement_that_could_not_be_prepared_is_prepared_again() -> None:
    async with connected() as peer:
        first = messages.asked(messages.target(b"m1", 0), [])
        peer.ask("select x")
        peer.ask("select x")
        await peer.sent(messages.parse(b"m1", "select x"), first, first)
        peer.wire.data_received(error("42703") + READY + error("26000") + READY)
        peer.ask("select x")

        assert [one.sqlstate for one in peer.told[:2]] == ["42703", "26000"]
        again = messages.asked(messages.target(b"m2", 0), [])
        await peer.sent(messages.close(b"m1"), messages.parse(b"m2", "select x"), again)


async def test_statements_given_up_are_closed_before_the_next_one_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.execute.wire.prepared.STATEMENTS_MAX", 1)
    async with connected() as peer:
        for number in (1, 2, 3):
            peer.ask(f"select {number}")
            name = b"m%d" % number
            closed = messages.close(b"m1") if number == 3 else b""
            once = messages.asked(messages.target(name, 0), [])
            await peer.sent(closed, messages.parse(name, f"select {number}"), once)
            peer.wire.data_received(PARSED + answer("x"))


async def test_a_value_that_cannot_be_sent_sends_nothing() -> None:
    async with connected() as peer:
        with pytest.raises(ValueError, match="parameter"):
            peer.run(("first", (1,)), ("second", (object(),)))
        peer.ask("select 1")

        await peer.sent(messages.parse(b"m1", "select 1"), messages.asked(messages.target(b"m1", 0), []))


async def test_what_is_asked_while_others_wait_is_sent_together_in_its_order() -> None:
    async with connected() as peer:
        peer.ask("select 1")
        peer.ask("select 2")
        peer.run(("update", ()))
        peer.ask("select 1")
        names = [(b"m1", "select 1"), (b"m2", "select 2"), (b"m3", "update")]
        sent = [messages.parse(name, sql) + messages.asked(messages.target(name, 0), []) for name, sql in names]
        await peer.sent(*sent, messages.asked(messages.target(b"m1", 0), []))


# --- batches ------------------------------------------------------------------------------------------------------

ONE, MANY = "select $1::text", "many"


async def asked_alike(peer: Peer, count: int) -> None:
    """Somebody asks, and in the same turn others ask the same with values of their own."""
    peer.ask(ONE, "first")
    for number in range(count):
        peer.ask(ONE, f'"{number}\\', batch=MANY)
    await peer.sent(messages.parse(b"m1", ONE), messages.asked(messages.target(b"m1", 1), [b"first"]))
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    turn.get_loop().call_soon(turn.set_result, None)
    await turn


async def test_many_who_ask_the_same_at_once_are_answered_by_one_statement() -> None:
    async with connected() as peer:
        await asked_alike(peer, 7)
        values = b"{" + b",".join(b'"\\"%d\\\\"' % number for number in range(7)) + b"}"
        await peer.sent(messages.parse(b"m2", MANY), messages.asked(messages.target(b"m2", 1), [values]))
        rows = b"".join(row(None if number == 3 else str(number)) for number in range(7))
        peer.wire.data_received(PARSED + answer("a") + PARSED + BOUND + rows + said(b"C", b"SELECT 7\0") + READY)

        assert peer.told == ["a", "0", "1", "2", None, "4", "5", "6"]
        assert peer.wire.idle


async def test_few_who_ask_the_same_are_asked_one_by_one() -> None:
    async with connected() as peer:
        await asked_alike(peer, module.BATCH_MIN - 1)
        alone = [b'"%d\\' % number for number in range(module.BATCH_MIN - 1)]
        await peer.sent(*(messages.asked(messages.target(b"m1", 1), [value]) for value in alone))


async def test_too_many_who_ask_the_same_are_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_MAX", 6)
    async with connected() as peer:
        await asked_alike(peer, 13)
        rows = b"".join(row("x") for _ in range(6)) + said(b"C", b"SELECT 6\0") + READY
        peer.wire.data_received(PARSED + answer("a") + PARSED + BOUND + rows + BOUND + rows + answer("y"))

        assert peer.told == ["a", *["x"] * 12, "y"]


async def test_when_a_batch_fails_everybody_is_asked_alone_and_has_his_own_error() -> None:
    async with connected() as peer:
        await asked_alike(peer, 6)
        peer.wire.data_received(PARSED + answer("a") + PARSED + error("22P02") + READY)
        assert peer.told == ["a", *[...] * 6]
        alone = b"".join(answer(str(number)) for number in range(5)) + error("22P02") + READY
        peer.wire.data_received(alone)

        assert peer.told == ["a", "0", "1", "2", "3", "4", Problem("22P02", "no")]


@pytest.mark.parametrize("flushed", [True, False])
async def test_everybody_of_a_batch_is_told_that_the_connection_is_lost(*, flushed: bool) -> None:
    async with connected() as peer:
        if flushed:
            await asked_alike(peer, 6)
        else:
            peer.ask(ONE, "first")
            for _ in range(6):
                peer.ask(ONE, "x", batch=MANY)
        peer.wire.abort()
        await peer.wire.closed

        assert peer.told == [Lost()] * 7


@pytest.mark.parametrize("rows", [0, 1, 5, 7])
async def test_a_batch_that_has_not_a_row_for_each_ends_the_connection(rows: int) -> None:
    async with connected() as peer:
        await asked_alike(peer, 6)
        stream = PARSED + BOUND + row("0") * rows + said(b"C", b"SELECT %d\0" % rows) + READY
        peer.wire.data_received(PARSED + answer("a") + stream)

        assert peer.told == ["a", *[Lost()] * 6]
        assert peer.wire.ending


# --- connections that break ---------------------------------------------------------------------------------------


async def test_one_teller_that_breaks_does_not_take_anothers_answer() -> None:
    async with connected() as peer:
        peer.wire.ask("select 1", (), lambda _: peer.told[99])
        peer.ask("select 1")
        peer.wire.data_received(PARSED + answer("a") + answer("b"))

        assert peer.told == ["b"]


@pytest.mark.parametrize("nonsense", [b"H\0\0\0\x04", b"2\0\0\0\0", b"\xff" * 40, READY + READY])
async def test_who_waits_on_a_connection_that_talks_nonsense_is_told_that_it_is_lost(nonsense: bytes) -> None:
    async with connected() as peer:
        peer.ask("select 1")
        peer.wire.data_received(nonsense)
        await peer.wire.closed

        assert peer.told[0] in (Lost(), None)
        assert (peer.wire.ending, peer.ended) == (True, 1)


async def test_a_transaction_left_open_ends_the_connection_but_not_before_its_answer() -> None:
    async with connected() as peer:
        peer.run(("begin", ()))
        peer.wire.data_received(PARSED + BOUND + said(b"C", b"BEGIN\0") + b"Z\0\0\0\x05T")

        assert peer.told == [None]
        assert peer.wire.ending


async def test_everybody_is_told_when_the_server_ends_the_connection() -> None:
    async with connected() as peer:
        peer.ask("select 1")
        peer.run(("update", ()))
        peer.socket.sendall(error("57P01", "FATAL"))
        peer.socket.close()
        await peer.wire.closed

        assert peer.told == [Lost(), Lost()]
        assert (peer.wire.usable, peer.ended) == (False, 1)


async def test_whoever_waits_behind_a_slow_question_is_set_aside_but_no_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(module, "HELD_UP_SECONDS", 0.02)
    async with connected() as peer:
        peer.ask("slow")
        peer.ask("select 1")
        peer.run(("update", ()))
        await until(lambda: peer.wire.held_up)
        assert peer.told == [..., Lost(set_aside=True), ...]
        assert not peer.wire.usable
        peer.wire.data_received(PARSED + answer("a") + PARSED + answer("for nobody") + PARSED + answer("c"))

        assert peer.told == ["a", Lost(set_aside=True), "c"]
        await until(lambda: not peer.wire.held_up)
        assert peer.answered == 2, "told once more when it can be used again"


async def test_a_silent_server_is_given_up_and_every_statement_of_a_transaction_has_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    loop = asyncio.get_running_loop()
    took = []
    for steps in (1, 2):
        async with connected(silent_seconds=0.05) as peer:
            began = loop.time()
            peer.run(*[("update", ())] * steps)
            await peer.wire.closed
            took.append(loop.time() - began)
            assert peer.told == [Lost(silent=True)]
    assert took[0] >= 0.05
    assert took[1] >= 0.1


async def test_a_connection_at_rest_needs_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    async with connected(silent_seconds=0.02) as peer:
        peer.ask("select 1")
        peer.wire.data_received(PARSED + answer("a"))
        await until(lambda: peer.wire._timer is None)  # noqa: SLF001 - nobody else can see it
        peer.ask("select 1")
        peer.wire.data_received(answer("b"))

        assert peer.told == ["a", "b"]


async def test_taking_leave_of_a_server_says_so() -> None:
    async with connected() as peer:
        peer.wire.close()
        await peer.sent(messages.TERMINATE)
        peer.socket.close()
        await peer.wire.closed

        assert not peer.wire.usable
