"""One connection to a database, with a queue of who is to be answered: questions do not wait for each other's answers.

The server answers in the order of the questions. Each is a transaction of its own (one Sync), so that its error is
its own; a connection that breaks, or a server that says nothing, is everybody's.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from common.logs import log
from gateway.execute.wire import messages
from gateway.execute.wire.messages import Problem
from gateway.execute.wire.outcomes import Done, Lost, Outcome
from gateway.execute.wire.prepared import Known, Prepared
from gateway.execute.wire.values import encoded, listed

TICK_SECONDS: Final = 0.5
"""How often a busy connection is looked at. One timer per connection, none per question."""
HELD_UP_SECONDS: Final = 0.5
"""A first question that takes longer holds the others up: they are set aside."""
CLOSE_SECONDS: Final = 2.0
PATIENCE: Final = 3
"""Times the silence that one statement is allowed, for a transaction of so many statements or more."""

BATCH_MIN: Final = 6
"""So many who ask the same cost the server less together; its work for a list is that of some four single ones."""
BATCH_MAX: Final = 64
"""More at once would keep those behind them waiting."""

Step = tuple[str, Sequence[Any]]
"""A statement with `$1` … and its values."""

_Asked = tuple[Done, tuple[Prepared, ...], deque[Prepared], bool]
"""Who is told, the statements, those among them that are being prepared, and whether it can be set aside."""
_Alike = tuple[str, list[bytes | None], Done]
"""A statement, its values as texts, and who is told."""
_NONE: Final[deque[Prepared]] = deque(maxlen=0)
_RENEWED: Final = ("0A", "26", "42")
"""Classes of errors after which a statement is prepared anew: its plan no longer fits, or the server lost it."""
_NO_DATA: Final = frozenset({messages.COMPLETE, messages.CLOSED, messages.EMPTY, *messages.ASIDE})
"""Messages of which nothing need be known."""


class Wire(asyncio.Protocol):
    """A connection that was opened and has nothing to answer.

    `answered` is called after answers came in, `ended` once, when the connection is gone and everybody was told.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        answered: Callable[[Wire], None],
        ended: Callable[[Wire], None],
        *,
        silent_seconds: float,
    ) -> None:
        self._transport = transport
        self._write = transport.write
        self._tell_answered = answered
        self._tell_ended = ended
        self._silent_seconds = silent_seconds
        self._loop = asyncio.get_running_loop()
        self._known = Known()
        self._unsent: list[bytes] = []
        self._alike: dict[str, list[_Alike]] = {}
        """Asked in this turn of the loop, by the statement that would answer all of them."""
        self._gathered = 0
        self._flushing = False
        self._closes = b""
        """Close messages of statements that are not kept; they go ahead of the next statement that is prepared."""
        self.waiting: deque[_Asked] = deque()
        """Who is to be answered, in order."""
        self._rows: list[str | None] = []
        self._problem: Problem | None = None
        self._rest: bytearray | None = None
        self._needed = 0
        self._heard = False
        self._quiet = 0.0
        self._silent = False
        self._timer: asyncio.TimerHandle | None = None
        self.held_up = False
        """The first question takes long; nobody should queue behind it."""
        self.held = False
        """Somebody has it for himself."""
        self.retired = False
        """It is closed as soon as everything is answered."""
        self.opened_at = self.used_at = self._loop.time()
        """When it was last known to be used, on the loop's clock."""
        self.since = self.used_at
        """When the server could begin with the first question, as far as we know."""
        self.ending = False
        """Nothing can be asked any more."""
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def outstanding(self) -> int:
        """Statements without an answer. What may still become one statement for many counts as few."""
        return len(self.waiting) + (self._gathered + BATCH_MIN - 1) // BATCH_MIN

    @property
    def usable(self) -> bool:
        """Anybody may ask."""
        return not (self.held or self.ending or self.retired or (self.held_up and self.waiting))

    @property
    def idle(self) -> bool:
        """Anybody may ask, and nobody does."""
        return not self.outstanding and self.usable

    # --- asking ---------------------------------------------------------------------------------------------------

    def ask(self, sql: str, values: Sequence[Any], done: Done, batch: str = "") -> None:
        """Ask one statement that may be asked again elsewhere. Raises ValueError for values that cannot be sent.

        `batch` is the same statement for many: its parameters are lists, and each row answers one.
        """
        texts = encoded(values)
        if batch and self.waiting:
            # The server is busy with others: whoever asks the same in this turn of the loop may ask together.
            self._flush_soon()
            self._alike.setdefault(batch, []).append((sql, texts, done))
            self._gathered += 1
        else:
            self._ask(sql, texts, done)

    def run(self, steps: Sequence[Step], done: Done, *, movable: bool = False) -> None:
        """Run statements in order in one transaction; the outcome is what the last one answers, after the commit.

        `movable`: they only read, so that they may be asked again elsewhere. Raises ValueError for values that cannot
        be sent, and sends nothing then.
        """
        if len(steps) == 1:
            ((sql, values),) = steps
            self._ask(sql, encoded(values), done, movable=movable)
        else:
            self._send([(sql, encoded(values)) for sql, values in steps], done, movable=movable)

    def _ask(self, sql: str, texts: list[bytes | None], done: Done, *, movable: bool = True) -> None:
        prepared = self._known.use(sql)
        if prepared is None:
            self._send(((sql, texts),), done, movable=movable)
        else:
            self._queue(messages.asked(prepared.target, texts), (done, prepared.alone, _NONE, movable))

    def _send(self, steps: Sequence[tuple[str, Sequence[bytes | None]]], done: Done, *, movable: bool) -> None:
        sent, used, fresh = [self._closes], [], deque[Prepared]()
        for sql, texts in steps:
            prepared = self._known.use(sql)
            if prepared is None:
                prepared = self._known.add(sql, len(texts))
                fresh.append(prepared)
                sent.append(messages.parse(prepared.name, sql))
            used.append(prepared)
            sent.append(messages.run(prepared.target, texts))
        sent.append(messages.SYNC)
        self._closes = b"".join([messages.close(one.name) for one in self._known.surplus()])
        self._queue(b"".join(sent), (done, tuple(used), fresh, movable))

    def _queue(self, sent: bytes, asked: _Asked) -> None:
        if self.waiting:
            # What is asked in the same turn of the loop is sent together.
            self._flush_soon()
            self._unsent.append(sent)
        else:
            if not self._flushing:
                self._write(sent)
            else:
                self._unsent.append(sent)
            self._heard = True
            self.since = self.used_at = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
        self.waiting.append(asked)

    def _together(self, batch: str, asked: list[_Alike]) -> None:
        """Ask for many at once, where that costs less."""
        if len(asked) < BATCH_MIN:
            for one in asked:
                self._ask(*one)
        else:
            columns = zip(*[texts for _, texts, _ in asked], strict=True)
            self._send(((batch, [listed(column) for column in columns]),), _Batch(self, asked), movable=True)

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        alike, self._alike, self._gathered = self._alike, {}, 0
        for batch, asked in alike.items():
            for start in range(0, len(asked), BATCH_MAX):
                self._together(batch, asked[start : start + BATCH_MAX])
        self._flushing = False
        unsent, self._unsent = self._unsent, []
        if not self.ending:
            self._write(b"".join(unsent))

    # --- answers --------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Tell everybody whose answer is complete."""
        self._heard = True
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest = None
        at, end = 0, len(data)
        try:
            while at < end:
                # Nearly every answer is one row of one text: recognised at a glance.
                if data.startswith(messages.ONE_ROW_BEGINS, at) and at + messages.ROW_TEXT <= end:
                    stop = at + messages.ROW_LENGTH + messages.length(data, at + messages.ROW_LENGTH)
                    if data.startswith(messages.ONE_ROW_ENDS, stop):
                        null = data.startswith(messages.NULL, at + messages.ROW_VALUE)
                        text = None if null else data[at + messages.ROW_TEXT : stop].decode()
                        at = stop + len(messages.ONE_ROW_ENDS)
                        _tell(self.waiting.popleft()[0], text)
                        continue
                at = self._message(data, at, end)
        except (struct.error, IndexError, ValueError) as problem:
            log.error("gateway.wire", outcome="unexpected", problem=repr(problem))
            self.abort()
        self.since = self._loop.time()
        self._tell_answered(self)

    def _message(self, data: bytes, at: int, end: int) -> int:
        """Take one message; where the next begins. What is not complete is kept for later."""
        stop = at + messages.HEAD
        if stop <= end:
            size = messages.length(data, at + 1)
            if size < messages.SIZE_MIN:
                text = f"a message of {size} bytes"
                raise ValueError(text)
            stop = at + 1 + size
        if stop > end:
            self._rest, self._needed = bytearray(memoryview(data)[at:]), stop - at
            return end
        kind = data[at]
        if kind == messages.BOUND:
            self._rows = []
        elif kind == messages.ROW:
            self._rows.append(messages.column(data[at + messages.HEAD : stop]))
        elif kind == messages.READY:
            self._ready(data[stop - 1])
        elif kind == messages.PARSED:
            self.waiting[0][2].popleft()
        elif kind == messages.PROBLEM:
            self._problem = messages.problem(data[at + messages.HEAD : stop])
            self.ending = self.ending or self._problem.fatal
        elif kind not in _NO_DATA:
            text = f"the server said {chr(kind)!r}, which was not asked for"
            raise ValueError(text)
        return stop

    def _ready(self, state: int) -> None:
        """The first question is answered: its transaction is over."""
        done, used, fresh, _ = self.waiting.popleft()
        rows, problem = self._rows, self._problem
        self._rows, self._problem = [], None
        if problem is not None:
            for one in used if problem.sqlstate.startswith(_RENEWED) else fresh:
                if self._known.forget(one):
                    self._closes += messages.close(one.name)
        if state != messages.IDLE:
            # None of our statements can leave a transaction open; who comes next must not be in one.
            log.error("gateway.wire", outcome="unexpected", problem=f"transaction state {chr(state)}")
            self.abort()
        if problem is not None:
            _tell(done, problem)
        elif isinstance(done, _Batch):
            done.answered(rows)
        else:
            _tell(done, rows[-1] if rows else None)

    # --- a server that stands still -------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._timer = None
        if (self._heard or not self.waiting) and self.held_up:
            self.held_up = False
            self._tell_answered(self)
        if not self.waiting:
            return
        self.used_at = self._loop.time()
        if self._heard:
            self._heard, self._quiet = False, 0.0
        else:
            self._quiet += TICK_SECONDS
            # Within a transaction the server keeps what it has to say until the end.
            if self._quiet >= self._silent_seconds * min(len(self.waiting[0][1]), PATIENCE):
                self._silent = True
                self.abort()
                return
            if self._quiet >= HELD_UP_SECONDS:
                self.held_up = True
                self._set_aside()
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def _set_aside(self) -> None:
        """Whoever waits behind a slow question should ask elsewhere; the answers here are then for nobody."""
        for number in range(1, len(self.waiting)):
            done, used, fresh, movable = self.waiting[number]
            if movable:
                self.waiting[number] = (_for_nobody, used, fresh, False)
                _tell(done, Lost(set_aside=True))

    # --- the end --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Take leave of the server; for a connection without outstanding questions."""
        if not self.ending:
            self.ending = True
            self._write(messages.TERMINATE)
        self._transport.close()
        self._timer = self._loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def abort(self) -> None:
        """Drop the connection; everybody who waits is told that it is lost."""
        self.ending = True
        self._transport.abort()

    def connection_lost(self, problem: Exception | None) -> None:  # noqa: ARG002 - what broke does not matter
        """Tell everybody."""
        self.ending = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lost = Lost(silent=self._silent)
        waiting, self.waiting = self.waiting, deque()
        alike, self._alike, self._gathered = self._alike, {}, 0
        for done, *_ in waiting:
            _tell(done, lost)
        for _, _, done in [one for asked in alike.values() for one in asked]:
            _tell(done, lost)
        self._tell_ended(self)
        if not self.closed.done():
            self.closed.set_result(None)


class _Batch:
    """Several who asked the same statement with values of their own, answered by one."""

    __slots__ = ("_asked", "_wire")

    def __init__(self, wire: Wire, asked: list[_Alike]) -> None:
        self._wire = wire
        self._asked = asked

    def answered(self, rows: list[str | None]) -> None:
        """A row for each; with another number of them nobody knows whose they are."""
        if len(rows) != len(self._asked):
            log.error("gateway.wire", outcome="unexpected", problem=f"{len(rows)} rows for {len(self._asked)} calls")
            self._wire.abort()
            self(Lost())
            return
        for (_, _, done), row in zip(self._asked, rows, strict=True):
            _tell(done, row)

    def __call__(self, outcome: Outcome) -> None:
        """An error is the error of one of them: each is asked again alone."""
        if outcome is None or isinstance(outcome, str):
            self.answered([outcome])
            return
        for sql, texts, done in self._asked:
            if isinstance(outcome, Problem):
                self._wire._ask(sql, texts, done)  # noqa: SLF001 - a part of the wire
            else:
                _tell(done, outcome)


def _tell(done: Done, outcome: Outcome) -> None:
    try:
        done(outcome)
    except Exception as problem:  # noqa: BLE001 - others' answers stand behind this one
        log.error("gateway.wire", outcome="broken", exc_info=problem)


def _for_nobody(_: Outcome) -> None:
    """Answers of questions that were asked elsewhere meanwhile."""
