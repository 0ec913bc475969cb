"""Reads a whole stream in order, fast: our own pull loop over an ephemeral consumer (125-180 k messages/s, STACK 3.11).

No consumer state matters: a reader that loses its consumer, its server or a single message says so, and its owner opens
another one behind the last message it has dealt with.
"""

from __future__ import annotations

import asyncio
from typing import Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from common import clock
from common.stream import Message, api, heed_cancelling

BATCH: Final = 500
GATHER_SECONDS: Final = 0.05
HEARTBEAT_SECONDS: Final = 0.5
EXPIRES_SECONDS: Final = 10
SILENCE_SECONDS: Final = 2.5 * HEARTBEAT_SECONDS
IDLE_CONSUMER_SECONDS: Final = 30
NANOSECONDS: Final = 1_000_000_000


class Lost(Exception):  # noqa: N818 - a state of the world
    """The reader cannot go on without a gap; open another one."""


class Reader:
    """All messages of `stream` behind `position`, in order and without gaps."""

    def __init__(self, client: Client, stream: str, position: int) -> None:
        self._client = client
        self._stream = stream
        self._position = position
        self._name = f"reader-{clock.new_id()}"
        self._replies: Subscription | None = None
        self._asked = 0
        self._delivered = 0
        self.pending = 0
        """Messages of the stream behind the last one returned."""

    async def open(self) -> None:
        """Make the consumer and ask for the first messages."""
        self._replies = await self._client.subscribe(
            self._client.new_inbox(), pending_msgs_limit=8 * BATCH, pending_bytes_limit=0
        )
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._position + 1,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": IDLE_CONSUMER_SECONDS * NANOSECONDS,
        }
        subject = f"$JS.API.CONSUMER.CREATE.{self._stream}.{self._name}"
        answer = await api(self._client, subject, {"stream_name": self._stream, "config": config, "action": "create"})
        self.pending = int(answer["num_pending"])
        await self._ask()

    async def close(self) -> None:
        """Give the consumer back; the server forgets it by itself when this does not arrive."""
        if self._replies is None or self._client.is_closed or not self._client.is_connected:
            return
        await self._replies.unsubscribe()
        await self._client.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}", b"")

    async def batch(self) -> list[Message]:
        """Up to 500 messages, gathered for at most 50 ms; none after a quiet while. Raises Lost."""
        assert self._replies is not None, "open() comes first"
        heed_cancelling()
        queue = self._replies._pending_queue  # noqa: SLF001 - next_msg() costs a task per message
        loop = asyncio.get_running_loop()
        found: list[Message] = []
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                reply = await queue.get()
            deadline = loop.time() + GATHER_SECONDS
            while True:
                message = self._read(reply)
                if message is not None:
                    found.append(message)
                if len(found) >= BATCH:
                    break
                if queue.empty():
                    if not found or self.pending == 0 or loop.time() >= deadline:
                        break
                    async with asyncio.timeout_at(deadline):
                        reply = await queue.get()
                else:
                    reply = queue.get_nowait()
        except TimeoutError:
            if not found:
                message_text = f"{self._stream}: no heartbeat for {SILENCE_SECONDS} s"
                raise Lost(message_text) from None
        if self._asked <= BATCH:
            await self._ask()
        return found

    async def _ask(self) -> None:
        assert self._replies is not None, "open() comes first"
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        while self._asked <= BATCH:
            ask = {
                "batch": BATCH,
                "expires": EXPIRES_SECONDS * NANOSECONDS,
                "idle_heartbeat": int(HEARTBEAT_SECONDS * NANOSECONDS),
            }
            self._asked += BATCH
            await self._client.publish(subject, orjson.dumps(ask), reply=self._replies.subject)

    def _read(self, reply: Msg) -> Message | None:
        assert self._replies is not None, "open() comes first"
        self._replies._pending_size -= len(reply.data)  # noqa: SLF001 - what next_msg() does
        headers = reply.headers or {}
        status = headers.get("Status")
        if status is not None:
            self._control(status, headers)
            return None
        # $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>; metadata costs 4 us.
        tokens = reply.reply.rsplit(".", 4)
        self._delivered += 1
        self._asked -= 1
        if int(tokens[2]) != self._delivered:
            message = f"{self._stream}: delivery {self._delivered} did not arrive"
            raise Lost(message)
        self._position = int(tokens[1])
        self.pending = int(tokens[4])
        return Message(self._position, reply.subject, headers.get("Nats-Msg-Id", ""), reply.data)

    def _control(self, status: str, headers: dict[str, str]) -> None:
        if status == "100":
            return
        if status == "408":
            self._asked -= int(headers.get("Nats-Pending-Messages", BATCH))
            return
        message = f"{self._stream}: {status} {headers.get('Description', '')}"
        raise Lost(message)
