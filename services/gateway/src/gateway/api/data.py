"""A data call from the door to its record: who, may he, what, run, count, answer (DESIGN 4, 6).

Two forms of it exist, `modern` and `simple`; both go through `Visit`, so that no call of a live environment ends
without a record of its class.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from common import clock
from common.errors import INTERNAL, Refused
from common.logs import log
from contracts.calls import CallClass
from gateway.api.figures import Figures
from gateway.api.http import Asked, position_of, readable
from gateway.domain import outcomes
from gateway.domain.admission import USER_HEADER, Admitted, admit, bad_credential, presented, unknown_endpoint
from gateway.domain.bodies import Params
from gateway.domain.directory import Route
from gateway.domain.quotas import Gate, database_full, grows, too_many
from gateway.engine import Call as Operation
from gateway.engine import Failure, Refusal, Request, digest, finish, introspects, refuse
from gateway.execute.calls import Calls
from gateway.execute.environments import Environments, Served, place_of
from gateway.execute.lookup import Lookup
from gateway.execute.meter import Call, Meter
from gateway.execute.quotas import Quotas

Dialect = Literal["http", "simple"]
DIGEST_DIGITS: Final = 16
"""So much of a document's digest stands in records."""
PATIENCE_SECONDS: Final = 5.0
"""Export, import and drop wait so long for their turn instead of being refused."""


@dataclass(frozen=True, slots=True)
class Shell:
    """All that data calls need."""

    lookup: Lookup
    environments: Environments
    calls: Calls
    meter: Meter
    figures: Figures
    quotas: Quotas


@dataclass(slots=True)
class Visit:
    """One call of one environment, from its arrival to its record."""

    shell: Shell
    route: Route
    request_id: str
    began: int = field(default_factory=time.perf_counter_ns)
    served: Served | None = None
    admitted: Admitted = field(default_factory=Admitted)
    bytes_in: int = 0
    operation: str | None = None
    digest: str | None = None
    code: str | None = None
    """Why it was refused or failed, as its record tells."""
    gate: Gate | None = None
    """What the environment may still have, where that is limited; set when the call was let through."""

    def enter(self) -> None:
        """Take one of the calls that the environment may have. Raises Refused RATE_LIMITED."""
        self._let_through(0.0)

    async def enter_patiently(self) -> None:
        """The same, but too many at once wait for their turn. Raises Refused RATE_LIMITED."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wait_seconds := self._let_through(deadline - time.monotonic()):  # noqa: ASYNC110 - nobody could set an event
            await asyncio.sleep(wait_seconds)

    def _let_through(self, patience_seconds: float) -> float:
        """0.0, or seconds after which to try again. Raises Refused RATE_LIMITED when these are too many."""
        quotas, route = self.shell.quotas, self.route
        gate = quotas.gate(route)
        if gate is None:
            return 0.0
        wait_ms = gate.enter(clock.milliseconds())
        if wait_ms > patience_seconds * 1000:
            raise too_many(gate, route.kind, wait_ms)
        if wait_ms:
            return wait_ms / 1000
        quotas.wake(route, gate)
        self.gate = gate
        return 0.0

    def writes(self, statements: Iterable[str] | None, bytes_in: int) -> None:
        """Refuse what would make a full database larger. `statements` None: it certainly would. Raises Refused."""
        gate = self.gate
        if gate is None:
            return
        self.shell.quotas.writing(self.route, gate, bytes_in)
        if not gate.full:
            return
        if statements is None or grows(statements):
            raise database_full(gate, self.route.kind)
        gate.emptied = True

    def emptied(self) -> None:
        """All data went away."""
        if self.gate is not None:
            self.shell.quotas.writing(self.route, self.gate, 0)
            self.gate.emptied = True

    async def done(self, outcome: CallClass, status: int, bytes_out: int) -> str | None:
        """Record the call and return its id; in strict mode the record is on disk then. Raises OSError if it is not."""
        call_id = self.note(outcome, status, bytes_out)
        meter = self.shell.meter
        meter.write()
        if meter.strict(self.route.kind):
            await meter.on_disk()
        return call_id

    def note(self, outcome: CallClass, status: int, bytes_out: int) -> str | None:
        """Record the call and return its id. The record is written with the next `Meter.write`.

        What was refused because of a limit is recorded together with others, and has no id of its own.
        """
        shell, route, admitted = self.shell, self.route, self.admitted
        if outcome == "limited":
            shell.quotas.limited(route, (admitted.credential, admitted.client), self.bytes_in, bytes_out)
            shell.figures.limited(route, bytes_out)
            return None
        call = Call(
            outcome,
            (time.perf_counter_ns() - self.began) // 1000,
            self.bytes_in,
            bytes_out,
            admitted.credential,
            admitted.client,
            self.operation,
            self.digest,
            self.code,
        )
        call_id = shell.meter.record(self.served.place if self.served is not None else place_of(route), call)
        shell.figures.call(call, route, self.request_id, status)
        return call_id

    async def run(self, params: Params, dialect: Dialect, *, reading: bool = False) -> Answered:
        """Compile and run an operation. Raises Refused; with `reading` also for a mutation."""
        try:
            return await self._run(params, dialect, reading=reading)
        except Refused:
            raise
        except Exception as problem:
            # A call that broke is counted like any other; what broke it stands in the log.
            log.error("gateway.broken", request=self.request_id, exc_info=problem)
            details = {"requestId": self.request_id}
            raise Refused(INTERNAL, "Internal server error", details=details) from problem

    def refused(self, refusal: Refused) -> CallClass:
        """The class of the call, now that it is refused; its record will tell why."""
        self.code = refusal.reason or refusal.code
        return outcomes.of_refusal(refusal)

    def failed(self, results: Sequence[Any]) -> None:
        """Not all went well: the record will tell the first failure."""
        self.code = next((result.name for result in results if isinstance(result, Failure)), None)

    def understood(self, call: Operation) -> None:
        """What the call does is known."""
        self.operation = call.name
        self.digest = call.digest[:DIGEST_DIGITS]

    async def _run(self, params: Params, dialect: Dialect, *, reading: bool) -> Answered:
        shell = self.shell
        self.operation = params.operation_name
        request = Request(params.query, params.operation_name, params.variables)
        served = shell.environments.now(self.route) or await shell.environments.newest(self.route)
        served, call = await shell.calls.compile(served, request)
        self.served = served
        if isinstance(call, Refusal):
            self.digest = digest(params.query)[:DIGEST_DIGITS]
            self.failed(call.failures)
            return Answered(refuse(call, dialect, self.request_id), "client_error", call)
        self.understood(call)
        if reading and call.kind == "mutation":
            raise Refused("BAD_USER_INPUT", "A mutation cannot be sent by GET.", "Use POST.", reason="METHOD")
        if self.gate is not None and call.kind == "mutation":
            self.writes((one.sql for root in call.roots for one in root.statements), self.bytes_in)
        ran = await shell.calls.run(served, request, call, self.request_id)
        if isinstance(ran, Refusal):
            self.failed(ran.failures)
            return Answered(refuse(ran, dialect, self.request_id), "client_error", ran)
        self.served = ran.served
        self.failed(ran.results)
        body = finish(ran.call, ran.results, dialect, self.request_id)
        return Answered(body, class_of(ran.call, ran.results, introspection=introspects(request.text)))


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of an answer and what it counts as; `refusal` when nothing was run."""

    body: bytes
    outcome: CallClass
    refusal: Refusal | None = None


async def find(lookup: Lookup, asked: Asked, endpoint: str) -> Route:
    """The environment of a path segment. Raises Refused NOT_FOUND."""
    if asked.header("mortise-position") is not None:
        # A caller who has just been told of a deployment or a key says how far the log was then (DESIGN 2.10).
        await lookup.wait_for(position_of(asked))
    route = await lookup.route(endpoint) if is_endpoint(endpoint) else None
    if route is None:
        raise unknown_endpoint(endpoint)
    return route


def is_endpoint(text: str) -> bool:
    """Whether a path segment has the form of an endpoint: 32 lower-case hex digits."""
    return len(text) == 32 and set(text) <= _HEX  # noqa: PLR2004 - the digits of a UUID


_HEX = frozenset("0123456789abcdef")


async def admission(lookup: Lookup, asked: Asked, route: Route) -> Admitted:
    """Who calls. Raises Refused UNAUTHENTICATED or FORBIDDEN."""
    secret = credential(asked.headers)
    holder = None
    if secret is not None:
        holder = await lookup.holder(secret)
        if holder is None:
            raise bad_credential()
    admitted = admit(route, lookup.directory.mode(route), holder)
    lookup.accepted(holder)
    return admitted


def credential(headers: Mapping[str, str]) -> str | None:
    """The secret that was presented, if any."""
    return presented(readable(headers.get(USER_HEADER)), readable(headers.get("authorization")))


def class_of(call: Operation, results: list[Any], *, introspection: bool = False) -> CallClass:
    """The class of a call that ran. `introspection`: its text may ask for the schema."""
    failed = [isinstance(result, Failure) for result in results]
    if True not in failed and not introspection:
        return "ok"
    return outcomes.of_execution(
        has_data=not any(root.required and bad for root, bad in zip(call.roots, failed, strict=True)),
        has_errors=any(failed),
        introspection=introspection and all(root.kind == "constant" for root in call.roots),
    )
