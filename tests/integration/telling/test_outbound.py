"""The one way out: what names mean is found out at each connection, and answers cost no more than they are worth."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import abc

from common.outbound import ANSWER_BYTES_MAX, Outbound, Unreached, networks


class Answers(abc.AbstractResolver):
    """A name server that says something else each time."""

    def __init__(self, *addresses: str) -> None:
        self._addresses: Iterator[str] = iter(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        return [
            abc.ResolveResult(
                hostname=host, host=next(self._addresses), port=port, family=family or socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def talking(answer: bytes, *, endless: bool = False) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that says these bytes, again and again if it is `endless`; its port, and who came."""
    came: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        try:
            while endless:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


@asynccontextmanager
async def way_out(allowed: str, *addresses: str, seconds_max: float = 5.0) -> AsyncIterator[Outbound]:
    out = Outbound(networks(allowed), resolver=Answers(*addresses) if addresses else None, seconds_max=seconds_max)
    try:
        yield out
    finally:
        await out.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_name_that_means_something_else_the_second_time_is_looked_at_again() -> None:
    async with talking(OK) as (port, came), way_out("127.0.0.1", "127.0.0.1", "127.0.0.2", "10.0.0.1") as out:
        first = await out.post(f"http://rebind.example:{port}/", b"x", {})
        for _ in range(2):
            with pytest.raises(Unreached, match="the address is not allowed"):
                await out.post(f"http://rebind.example:{port}/", b"x", {})

    assert (first.status, first.body, len(came)) == (200, b"ok", 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])  # noqa: S104 - an address nobody may reach
async def test_this_machine_is_closed_however_it_is_written(host: str) -> None:
    async with talking(OK) as (port, came), way_out("") as out:
        with pytest.raises(Unreached, match="the address is not allowed"):
            await out.post(f"http://{host}:{port}/", b"x", {})

    assert came == []


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1"])
async def test_numbers_that_a_resolver_would_take_for_an_address_lead_nowhere(host: str) -> None:
    async with talking(OK) as (port, came), way_out("") as out:
        with pytest.raises(Unreached):
            await out.post(f"http://{host}:{port}/", b"x", {})

    assert came == []


async def test_an_answer_without_an_end_is_read_to_its_bound_only() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    async with talking(head, endless=True) as (port, _), way_out("127.0.0.1") as out:
        received = await out.post(f"http://127.0.0.1:{port}/", b"x", {})

    assert (received.status, len(received.body) <= ANSWER_BYTES_MAX) == (200, True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no answer that is HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "no answer that is HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "no answer that is HTTP"),
    ],
)
async def test_what_is_no_http_is_said_to_be_none(answer: bytes, why: str) -> None:
    async with talking(answer) as (port, _), way_out("127.0.0.1") as out:
        with pytest.raises(Unreached, match=why):
            await out.post(f"http://127.0.0.1:{port}/", b"x", {})
