"""The lean way of a plain POST to `/{endpoint}/graphql`: no request object, and for one root field no task either.

Everything unusual is left to the common way before anything has happened: an unknown endpoint or key, a body that is
no request, an operation that is refused. What both do, they do with the same functions.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, TypeAlias

from aiohttp.helpers import rfc822_formatted_time

from common import clock
from common.errors import INTERNAL, Refused
from common.logs import log
from contracts.calls import CallClass
from gateway.api import data, http, modern
from gateway.api.data import Shell, Visit
from gateway.api.heads import Head
from gateway.api.http import Reply
from gateway.domain import bodies
from gateway.domain.admission import admit
from gateway.domain.quotas import Gate, too_many
from gateway.engine import Call, Refusal, Request, Result, finish, refuse, settled, slow
from gateway.execute.calls import Unsettled
from gateway.execute.environments import Served

FOR_EVER_MS: Final = 1 << 62


class Asking(Protocol):
    """The connection a request came on."""

    def answer(self, data: bytes) -> None:
        """Send an answer and go on with the next request."""


@dataclass(slots=True)
class Passage:
    """One call on the lean way."""

    asking: Asking
    head: Head
    visit: Visit
    served: Served
    request: Request
    call: Call


Answer: TypeAlias = tuple[Asking, Head, Reply, str, str | None]
"""Where to, the request's head, what, and the ids of the request and of the record."""


class Lane:
    """The lean way, shared by all connections of a worker."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: list[Answer] = []
        self._strict: list[Answer] = []
        self._running = 0
        self._flushing = False
        self._stem = f"{clock.new_id()}-"
        self._number = 0

    def take(self, asking: Asking, head: Head, body: bytes) -> bool:
        """Begin a call; False when the common way must have it, as if it had never been here."""
        if not self._admitted(head):
            return False
        gate = head.gate
        if gate is None:
            return self._taken_on(asking, head, body)
        wait_ms = gate.enter(clock.milliseconds())
        if wait_ms:
            self._limited(asking, head, gate, wait_ms, len(body))
            return True
        if self._taken_on(asking, head, body):
            return True
        gate.leave()
        return False

    def _limited(self, asking: Asking, head: Head, gate: Gate, wait_ms: int, bytes_in: int) -> None:
        """Refuse a call before anything of it is looked at."""
        route = head.route
        assert route is not None, "what was admitted was admitted somewhere"
        reply = http.refused(too_many(gate, route.kind, wait_ms))
        caller = (head.admitted.credential, head.admitted.client)
        self._shell.quotas.limited(route, caller, bytes_in, len(reply.body))
        self._shell.figures.limited(route, len(reply.body))
        self._shell.lookup.accepted(head.holder)
        self._number += 1
        _send((asking, head, reply, head.request_id or f"{self._stem}{self._number:x}", None))

    def _taken_on(self, asking: Asking, head: Head, body: bytes) -> bool:
        route = head.route
        assert route is not None, "what was admitted was admitted somewhere"
        try:
            params = bodies.params(bodies.load(body))
        except Refused:
            return False
        served = self._shell.environments.now(route)
        if served is None or slow(params.query):
            return False
        request = Request(params.query, params.operation_name, params.variables)
        try:
            call = served.engine.call(request)
        except Exception:  # noqa: BLE001 - the common way meets it again, and there it is logged, counted and answered
            return False
        if isinstance(call, Refusal):
            return False
        if head.gate is not None and call.kind == "mutation":
            if head.gate.full:
                return False
            self._shell.quotas.writing(route, head.gate, len(body))
        self._number += 1
        visit = Visit(self._shell, route, head.request_id or f"{self._stem}{self._number:x}", served=served)
        visit.admitted = head.admitted
        visit.bytes_in = len(body)
        visit.understood(call)
        self._shell.lookup.accepted(head.holder)
        self._begin(Passage(asking, head, visit, served, request, call))
        return True

    def _admitted(self, head: Head) -> bool:
        """Who calls where; kept with the head until the log or the time can have changed it."""
        lookup = self._shell.lookup
        directory = lookup.directory
        if head.position == directory.position and clock.milliseconds() < head.until_ms:
            return True
        head.position = -1
        route = directory.routes.get(head.endpoint)
        holder = None if head.hashed is None else directory.holder(head.hashed, clock.now())
        if route is None or (holder is None and head.hashed is not None):
            return False
        try:
            head.admitted = admit(route, directory.mode(route), holder)
        except Refused:
            return False
        until = None if head.hashed is None else directory.expires(head.hashed)
        head.until_ms = FOR_EVER_MS if until is None else round(until.timestamp() * 1000)
        head.route, head.holder, head.position = route, holder, directory.position
        head.gate = self._shell.quotas.gate(route)
        return True

    def _begin(self, passage: Passage) -> None:
        self._running += 1
        call = passage.call
        if all(root.kind == "constant" for root in call.roots):
            self._finish(passage, [settled(root) for root in call.roots])
            return
        if not self._shell.calls.start(passage.served, call, functools.partial(self._came, passage)):
            self._run_apart(passage)

    def _came(self, passage: Passage, outcome: Result | Refused | Unsettled) -> None:
        """The only root field has come back; what did not go well there is run again with all the rules."""
        match outcome:
            case Unsettled():
                self._run_apart(passage)
            case Refused():
                self._refuse(passage, outcome)
            case _:
                self._finish(passage, [outcome])

    def _run_apart(self, passage: Passage) -> None:
        task = self._loop.create_task(self._run(passage))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, passage: Passage) -> None:
        visit = passage.visit
        try:
            ran = await self._shell.calls.run(passage.served, passage.request, passage.call, visit.request_id)
        except Refused as refusal:
            self._refuse(passage, refusal)
        except Exception as problem:  # noqa: BLE001 - a call that broke is counted and answered like any other
            log.error("gateway.broken", request=visit.request_id, exc_info=problem)
            details = {"requestId": visit.request_id}
            self._refuse(passage, Refused(INTERNAL, "Internal server error", details=details))
        else:
            if isinstance(ran, Refusal):
                # The model moved while the call was under way, and the new one does not know what was asked for.
                body = refuse(ran, "http", visit.request_id)
                kind = passage.head.content_type
                visit.failed(ran.failures)
                self._done(passage, Reply(body, modern.status_of(kind), kind), "client_error")
            else:
                visit.served, passage.call = ran.served, ran.call
                self._finish(passage, ran.results)

    def _finish(self, passage: Passage, results: list[Result]) -> None:
        call, request_id = passage.call, passage.visit.request_id
        body = finish(call, results, "http", request_id)
        outcome = data.class_of(call, results)
        if outcome != "ok":
            passage.visit.failed(results)
        self._done(passage, Reply(body, 200, passage.head.content_type), outcome)

    def _refuse(self, passage: Passage, refusal: Refused) -> None:
        self._done(passage, http.refused(refusal), passage.visit.refused(refusal))

    def _done(self, passage: Passage, reply: Reply, outcome: CallClass) -> None:
        """The outcome is known: record it, and answer once the record is where it must be."""
        self._running -= 1
        visit = passage.visit
        answers = self._strict if self._shell.meter.strict(visit.route.kind) else self._ready
        try:
            call_id = visit.note(outcome, reply.status, len(reply.body))
        except OSError as problem:
            answers.append((passage.asking, passage.head, reply, visit.request_id, None))
            self._lost(self._taken(), problem)
            return
        answers.append((passage.asking, passage.head, reply, visit.request_id, call_id))
        if not self._running:
            self._flush()
        elif not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write down what was recorded since the last time, all at once, and then answer."""
        self._flushing = False
        try:
            self._shell.meter.write()
        except OSError as problem:
            self._lost(self._taken(), problem)
            return
        ready, strict = self._ready, self._strict
        self._ready, self._strict = [], []
        for answer in ready:
            _send(answer)
        if strict:
            on_disk = self._shell.meter.on_disk()
            on_disk.add_done_callback(lambda done: self._on_disk(strict, done))

    def _taken(self) -> list[Answer]:
        """All answers that wait for their record."""
        answers = self._ready + self._strict
        self._ready, self._strict = [], []
        return answers

    def _on_disk(self, answers: list[Answer], done: asyncio.Future[None]) -> None:
        problem = done.exception()
        if problem is not None:
            self._lost(answers, problem)
            return
        for answer in answers:
            _send(answer)

    def _lost(self, answers: list[Answer], problem: BaseException) -> None:
        """No answer without its record: the caller is told that something broke here."""
        log.error("gateway.wal", outcome="lost", calls=len(answers), problem=str(problem))
        for asking, head, _, request_id, _ in answers:
            details = {"requestId": request_id}
            broken = http.refused(Refused(INTERNAL, "Internal server error", details=details))
            _send((asking, head, broken, request_id, None))


def _send(answer: Answer) -> None:
    asking, head, reply, request_id, call_id = answer
    start = head.reply if reply.status == 200 else _start(reply)  # noqa: PLR2004 - HTTP's own number
    metered = b"" if call_id is None else b"\r\nMortise-Call: %b" % call_id.encode()
    asking.answer(
        b"%b%d\r\nX-Request-Id: %b%b\r\nDate: %b\r\n\r\n%b"
        % (start, len(reply.body), request_id.encode(), metered, rfc822_formatted_time().encode(), reply.body)
    )


def _start(reply: Reply) -> bytes:
    """An answer's head up to the value of Content-Length, where it is not the usual one."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", f"Content-Type: {reply.content_type}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return ("\r\n".join(lines) + "\r\nContent-Length: ").encode()
