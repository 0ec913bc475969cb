"""Heads that differ only in the body's length are read once, and what could be read in two ways is left alone."""

from __future__ import annotations

import pytest

from gateway.api.heads import BODY_BYTES_MAX, HEAD_END, KEPT_MAX, Heads, whole

ENDPOINT = "0" * 32
PLAIN = f"POST /{ENDPOINT}/graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def exactly_one(data: bytes) -> bool:
    return whole(data, data.find(HEAD_END))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\ncontent-length:\t2 \r\nHost: x\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_head_and_the_body_it_announces_are_one_request(data: bytes) -> None:
    assert exactly_one(data)


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: 2,2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length : 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nX: y\r\n Content-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_not(data: bytes) -> None:
    assert not exactly_one(data)


def heads() -> Heads:
    return Heads(lambda secret: f"hash of {secret}")


async def test_heads_that_differ_only_in_the_length_of_the_body_are_known_by_the_first() -> None:
    known = heads()
    lengths = [1, 20, 300, BODY_BYTES_MAX]
    for spelt in ("Content-Length", "content-length"):
        assert known.get(f"{PLAIN}{spelt}: 2\r\nX: y".encode()) is None, "seen for the first time"
        told = [known.get(f"{PLAIN}{spelt}: {length}\r\nX: y".encode()) for length in lengths]
        assert [one and (one[0].endpoint, one[1]) for one in told] == [(ENDPOINT, length) for length in lengths]


@pytest.mark.parametrize(
    "head",
    [
        f"{PLAIN}Content-Length: 0",
        f"{PLAIN}Content-Length: {BODY_BYTES_MAX + 1}",
        f"{PLAIN}Content-Length: 99999999999",
        f"{PLAIN}Content-Length: +2",
        f"{PLAIN}Content-Length: ",
        f"{PLAIN}Content-Length: 2,2",
        f"{PLAIN}Content-Length: 2\r\nContent-Length: 2",
        f"{PLAIN}X-Length: 2\r\nContent-Length: 3",
        f"{PLAIN}X: strength: 2\r\nContent-Length: 3",
        f"{PLAIN}X: y\r\n Content-Length: 2",
        f"{PLAIN}X-Content-Length: 2",
        f"{PLAIN}Content-Length: 2\r\nTransfer-Encoding: chunked",
        PLAIN.removesuffix("\r\n"),
        "",
    ],
)
async def test_a_head_whose_length_could_be_read_in_two_ways_goes_the_common_way(head: str) -> None:
    known = heads()
    assert [known.get(head.encode()) for _ in range(3)] == [None] * 3


async def test_of_many_heads_the_oldest_is_forgotten() -> None:
    known = heads()
    for number in range(KEPT_MAX + 1):
        for _ in range(2):
            known.get(f"{PLAIN}Content-Length: 2\r\nX: {number}".encode())
    assert len(known._known) == KEPT_MAX  # noqa: SLF001 - the memory it may take
    assert known.get(f"{PLAIN}Content-Length: 2\r\nX: {KEPT_MAX}".encode()) is not None
    assert known.get(f"{PLAIN}Content-Length: 2\r\nX: 0".encode()) is None
