"""Reading a JetStream stream by raw requests: what nats-py has no call for, or only a slow one.

Everything here is repeatable, so it is asked again while the server restarts or changes its leader.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import clock
from common.errors import SERVICE_UNAVAILABLE, Refused

PATIENCE_SECONDS: Final = 15.0
"""A new leader takes up to 6.3 s (measured with three servers); a restart far less."""
REPLY_SECONDS: Final = 2.0
PAGE: Final = 500
NO_MESSAGE: Final = 10037

TRANSIENT: Final = (
    nats.errors.NoRespondersError,
    nats.errors.TimeoutError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.ConnectionReconnectingError,
    nats.errors.StaleConnectionError,
)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Message:
    """One stored message as it lies in a stream."""

    position: int
    subject: str
    id: str
    """Nats-Msg-Id; empty when it was published without."""
    body: bytes

    @property
    def sha256(self) -> str:
        """Hash of the stored bytes, hex."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Info:
    """What a stream says of itself. `first` is `last` + 1 when it is empty."""

    created: datetime
    first: int
    last: int
    replicas: int = 1
    """How many servers hold a copy."""


class ApiError(Exception):
    """JetStream said no: `code` is its err_code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"JetStream error {code}: {description}")
        self.code = code
        self.description = description


class Unavailable(Exception):  # noqa: N818 - a state of the world
    """JetStream cannot answer at the moment; asked again it may."""


class Stream:
    """Reads one stream."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    async def info(self) -> Info:
        """Creation time and bounds."""
        answer = await api(self.client, f"$JS.API.STREAM.INFO.{self.name}", {})
        state = answer["state"]
        created = clock.parse(_milliseconds(answer["created"]))
        replicas = int(answer["config"].get("num_replicas", 1))
        return Info(created, int(state["first_seq"]), int(state["last_seq"]), replicas)

    async def at(self, position: int) -> Message | None:
        """The message at a position, from the leader; None when there is none."""
        return await self._get({"seq": position})

    async def after(self, subject: str, position: int) -> Message | None:
        """The first message of `subject` behind `position`, from the leader."""
        return await self._get({"seq": position + 1, "next_by_subj": subject})

    async def last(self, subject: str) -> Message | None:
        """The newest message of `subject`, from the leader."""
        return await self._get({"last_by_subj": subject})

    async def history(self, subject: str, after: int = 0, until: int | None = None) -> list[Message]:
        """All messages of one subject behind `after` (up to `until`), in order, however many there are."""
        found: list[Message] = []
        more = True
        while more:
            page, more = await patiently(lambda: self._page(subject, found[-1].position if found else after))
            found.extend(page)
            if until is not None and found and found[-1].position >= until:
                return [message for message in found if message.position <= until]
        return found

    async def page(self, subject: str, after: int, most: int = PAGE) -> list[Message]:
        """The next messages of `subject`, which may hold wildcards, behind `after`: `most` of them, in order.

        A follower may answer that does not have the newest yet.
        """
        found, _ = await patiently(lambda: self._page(subject, after, most))
        return found

    async def since(self, subject: str, at: datetime, most: int = PAGE) -> list[Message]:
        """The first messages of `subject`, which may hold wildcards, that were stored at an instant or later."""
        ask = {"batch": most, "start_time": clock.text(clock.outside(at)), "next_by_subj": subject}
        found, _ = await patiently(lambda: self._direct(ask))
        return found

    async def lasts(self, subject: str, until: int | None = None) -> list[Message]:
        """Of every subject that `subject` with its wildcards means, the newest message up to a position, in order.

        Raises ApiError when they are more than the server finds in one go (1024).
        """
        ask: dict[str, Any] = {"multi_last": [subject]} | ({} if until is None else {"up_to_seq": until})
        found: list[Message] = []
        more = True
        while more:
            behind = {"seq": found[-1].position + 1} if found else {}
            page, more = await patiently(functools.partial(self._direct, ask | behind))
            found += page
        return found

    async def _get(self, what: dict[str, Any]) -> Message | None:
        try:
            answer = await api(self.client, f"$JS.API.STREAM.MSG.GET.{self.name}", what)
        except ApiError as error:
            if error.code == NO_MESSAGE:
                return None
            raise
        stored = answer["message"]
        return Message(
            position=int(stored["seq"]),
            subject=stored["subject"],
            id=_message_id(base64.b64decode(stored.get("hdrs", ""))),
            body=base64.b64decode(stored.get("data", "")),
        )

    async def _page(self, subject: str, after: int, most: int = PAGE) -> tuple[list[Message], bool]:
        """One batched direct get (0.3 ms for three messages, no consumer): messages, and whether there are more."""
        return await self._direct({"batch": most, "seq": after + 1, "next_by_subj": subject})

    async def _direct(self, ask: dict[str, Any]) -> tuple[list[Message], bool]:
        inbox = self.client.new_inbox()
        replies = await self.client.subscribe(inbox)
        try:
            await self.client.publish(f"$JS.API.DIRECT.GET.{self.name}", orjson.dumps(ask), reply=inbox)
            return await _collect(replies._pending_queue)  # noqa: SLF001 - next_msg() costs a task per message
        except TimeoutError:
            raise nats.errors.TimeoutError from None
        finally:
            if not self.client.is_closed:
                await replies.unsubscribe()


async def _collect(queue: asyncio.Queue[Msg]) -> tuple[list[Message], bool]:
    found: list[Message] = []
    while True:
        async with asyncio.timeout(REPLY_SECONDS):
            reply = await queue.get()
        headers = reply.headers or {}
        match headers.get("Status"):
            case None:
                found.append(
                    Message(
                        position=int(headers["Nats-Sequence"]),
                        subject=headers["Nats-Subject"],
                        id=headers.get("Nats-Msg-Id", ""),
                        body=reply.data,
                    )
                )
            case "204":
                # The end names the last message sent; a reply lost on the way must not shorten a history.
                if found and int(headers.get("Nats-Last-Sequence", found[-1].position)) != found[-1].position:
                    raise nats.errors.TimeoutError
                return found, int(headers.get("Nats-Num-Pending", "0")) > 0 and bool(found)
            case "404":
                return found, False
            case "503":
                raise nats.errors.NoRespondersError
            case status:
                raise ApiError(int(status), headers.get("Description", ""))


async def api(client: Client, subject: str, ask: dict[str, Any]) -> dict[str, Any]:
    """A JetStream API request, repeated while nobody answers. Raises ApiError; Refused when nobody ever does."""

    async def once() -> dict[str, Any]:
        reply = await client.request(subject, orjson.dumps(ask), timeout=REPLY_SECONDS)
        return checked(reply.data)

    return await patiently(once)


def checked(data: bytes) -> dict[str, Any]:
    """The answer of JetStream. Raises ApiError for a no, Unavailable when it is only not yet able to answer."""
    answer: dict[str, Any] = orjson.loads(data)
    error = answer.get("error")
    if error is None:
        return answer
    if error.get("code") == 503:  # noqa: PLR2004 - HTTP's
        raise Unavailable(error.get("description", ""))
    raise ApiError(int(error.get("err_code", 0)), error.get("description", ""))


def heed_cancelling() -> None:
    """End a task whose cancelling was lost on the way. Every endless loop calls it once a round.

    `asyncio.wait_for`, which nats-py uses for requests, returns its result instead when both come at once (before
    Python 3.12).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def patiently(
    once: Callable[[], Awaitable[Result]],
    *,
    seconds: float = PATIENCE_SECONDS,
    again: Callable[[], None] = lambda: None,
) -> Result:
    """Try until it answers. Raises Refused SERVICE_UNAVAILABLE when `seconds` have passed; `again` counts retries."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    pause = 0.02
    while True:
        heed_cancelling()
        try:
            return await once()
        except (*TRANSIENT, Unavailable) as error:
            if loop.time() + pause > deadline:
                message = "The event log does not answer; what was asked may have happened."
                hint = "Repeat it with the same Idempotency-Key."
                raise Refused(SERVICE_UNAVAILABLE, message, hint, reason="LOG_UNAVAILABLE") from error
        again()
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, 0.5)


def _message_id(headers: bytes) -> str:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"nats-msg-id":
            return value.strip().decode()
    return ""


def _milliseconds(text: str) -> str:
    """Go writes nanoseconds, Python reads microseconds; three decimals are enough to know a stream again."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return f"{whole}.{(fraction + '000')[:3]}Z"
