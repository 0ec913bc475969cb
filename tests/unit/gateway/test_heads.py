"""What is exactly one request: only then the lean way may go on after the common one has had it."""

from __future__ import annotations

import pytest

from gateway.api.heads import HEAD_END, whole


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
