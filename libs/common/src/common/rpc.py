"""Request and reply on NATS, carried by FastStream: a failed handler still answers (DESIGN 2.14).

A reply is `{"value": ...}` or `{"error": {code, message, hint, reason, field, details}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final, TypeVar

import nats.errors
import orjson
from faststream.nats import NatsBroker
from faststream.nats.annotations import NatsMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from common import clock, outage
from common.errors import BAD_USER_INPUT, INTERNAL, SERVICE_UNAVAILABLE, Refused
from common.logs import observe

INTERNAL_MESSAGE: Final = "Internal server error"
AT_ONCE: Final = 32
"""Requests on one subject that a process works on at the same time."""
WAITING_MAX: Final = 2 * AT_ONCE
"""Requests on one subject that may wait for their turn; to the next one a process says at once that it is too many."""
LEAST_SECONDS: Final = 0.05
PATIENCE: Final = "Mortise-Patience"
"""Header of a request: the seconds after which its sender waits no more."""
SENT: Final = "Mortise-Sent"
"""Header of a request: when it was sent. The broker and the socket may hold it back without anybody seeing."""
AGE_SECONDS_MAX: Final = 600.0
"""A request that seems older, or to come from the future, says more about the clocks than about itself."""
Asked = TypeVar("Asked", bound=BaseModel)
Reply = TypeVar("Reply", bound=BaseModel)


class Ask(BaseModel):
    """One self-contained GraphQL operation for one owner, sent to `api.<service>` (DESIGN 3)."""

    model_config = ConfigDict(frozen=True)

    query: str
    variables: dict[str, Any] = {}
    operation_name: str | None = None
    principal: dict[str, Any]
    """`contracts.access.Principal` as JSON; plumbing does not look inside."""
    request_id: str
    idempotency_key: str | None = None
    """The client's Idempotency-Key; the command id derives from principal, key and response key (DESIGN 2.11)."""
    position: int = 0
    """The caller wants to read at least this log position; the owner waits up to 2 s for it (DESIGN 2.10)."""
    client_ip: str | None = None
    user_agent: str | None = None
    traceparent: str | None = None


class Answer(BaseModel):
    """GraphQL `data` and `errors`, and the log position that was read at or written."""

    model_config = ConfigDict(frozen=True)

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] | None = None
    position: int = 0


class _Turns:
    """Who is worked for at the same time, and who waits for that."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def take(self, patience_seconds: float) -> AsyncIterator[str | None]:
        """A turn, as soon as there is one; or why there will be none."""
        if patience_seconds <= 0:
            yield "late"
            return
        if self._waiting >= WAITING_MAX:
            yield "full"
            return
        arrived = time.perf_counter()
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield "late" if time.perf_counter() - arrived > patience_seconds else None
        finally:
            self._places.release()


def serve(
    broker: NatsBroker,
    subject: str,
    ask: type[Asked],
    handler: Callable[[Asked], Awaitable[BaseModel | dict[str, Any]]],
    *,
    queue: str = "",
) -> None:
    """Answer `subject` with `handler`; processes that share `queue` share the work. Call before the broker starts.

    A request is not begun when too many wait before it, or when its sender has given up while it waited: senders repeat
    what was not answered, and a service that works off what nobody waits for any more never catches up.
    """
    turns = _Turns()

    async def answer(message: NatsMessage) -> bytes:
        async with turns.take(_patience_left(message.headers)) as why_not:
            return await answer_now(message) if why_not is None else _too_much(subject, why_not)

    async def answer_now(message: NatsMessage) -> bytes:
        began = time.perf_counter()
        outcome = "ok"
        try:
            value = await handler(ask.model_validate_json(message.body))
            return _value(value)
        except Refused as refusal:
            outcome = refusal.code
            return _error(refusal)
        except ValidationError as error:
            outcome = BAD_USER_INPUT
            text = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            return _error(Refused(BAD_USER_INPUT, f"not a request for {subject}: {text}"))
        except Exception as error:  # noqa: BLE001 - the one place where a broken handler becomes an answer
            broken = _broken(subject, error)
            outcome = broken.code
            return _error(broken)
        finally:
            took = (time.perf_counter() - began) * 1000
            observe("rpc.answered", outcome=outcome, took_ms=took, level="debug", subject=subject)

    async def reply(message: NatsMessage, under_way: contextlib.ExitStack) -> None:
        with under_way:
            body = await answer(message)
            if message.reply_to:
                await broker.publish(body, message.reply_to, correlation_id=message.correlation_id)

    async def take(message: NatsMessage) -> None:
        under_way = contextlib.ExitStack()
        under_way.enter_context(subscriber.lock)  # whoever stops the subscriber waits for it
        task = asyncio.create_task(reply(message, under_way))
        working.add(task)
        task.add_done_callback(working.discard)

    # Taking a request must never wait for answering others, or requests grow old where nobody sees them. FastStream's
    # own workers take one in some turns of a loop that the work has filled.
    working: set[asyncio.Task[None]] = set()
    subscriber = broker.subscriber(subject, queue=queue, no_reply=True)
    subscriber(take)


async def request(
    broker: NatsBroker,
    subject: str,
    payload: BaseModel | dict[str, Any],
    reply: type[Reply],
    timeout_seconds: float,
) -> Reply:
    """Ask and wait. Raises the Refused that the error envelope carries.

    SERVICE_UNAVAILABLE with reason NO_RESPONDER: nobody listens, nothing happened; with reason TIMEOUT: no answer in
    time, it may have happened.
    """
    body = orjson.dumps(payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload)
    seconds = max(timeout_seconds, LEAST_SECONDS)
    headers = {PATIENCE: f"{seconds:.3f}", SENT: clock.text(clock.now())}
    try:
        answer = await broker.request(body, subject, timeout=seconds, headers=headers)
    except nats.errors.NoRespondersError:
        raise Refused(SERVICE_UNAVAILABLE, f"Nobody answers {subject!r}.", reason="NO_RESPONDER") from None
    except (TimeoutError, nats.errors.Error):
        message = f"{subject!r} did not answer within {timeout_seconds} s."
        raise Refused(SERVICE_UNAVAILABLE, message, reason="TIMEOUT") from None
    envelope = orjson.loads(answer.body)
    if "error" in envelope:
        raise Refused(**envelope["error"])
    return reply.model_validate(envelope["value"])


def _value(value: BaseModel | dict[str, Any]) -> bytes:
    return orjson.dumps({"value": value.model_dump(mode="json") if isinstance(value, BaseModel) else value})


def _patience_left(headers: Mapping[str, str]) -> float:
    """The seconds for which the sender of a request still waits."""
    if PATIENCE not in headers:
        return inf
    age = (clock.now() - clock.parse(headers[SENT])).total_seconds()
    return float(headers[PATIENCE]) - (age if 0 < age < AGE_SECONDS_MAX else 0)


def _too_much(subject: str, why: str) -> bytes:
    observe("rpc.refused", outcome=SERVICE_UNAVAILABLE, level="warning", subject=subject, why=why)
    message = "The service has too much to do; nothing was done."
    return _error(Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="OVERLOADED"))


def _broken(subject: str, error: Exception) -> Refused:
    """What is answered when a handler broke; a server that is away is not our bug."""
    if outage.away(error):
        problem = f"{type(error).__name__}: {error}"[:500]
        observe("rpc.failed", outcome=SERVICE_UNAVAILABLE, level="warning", subject=subject, problem=problem)
        return outage.refusal(None)
    request_id = clock.new_id()
    observe("rpc.failed", outcome=INTERNAL, level="error", subject=subject, request_id=request_id, exc_info=error)
    return Refused(INTERNAL, INTERNAL_MESSAGE, details={"requestId": request_id})


def _error(refusal: Refused) -> bytes:
    names = ("code", "message", "hint", "reason", "field", "details")
    return orjson.dumps({"error": {name: getattr(refusal, name) for name in names}})
