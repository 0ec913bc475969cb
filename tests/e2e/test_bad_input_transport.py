"""What is wrong before GraphQL begins: encodings, headers, methods, paths, and what is not HTTP at all."""

from __future__ import annotations

import gzip
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.support.doors import Door, coded, doors_of
from tests.support.made import Person, person
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def maker(stack: Stack) -> Person:
    return person(stack)


@pytest.fixture(scope="module")
def doors(maker: Person) -> dict[str, Door]:
    return doors_of(maker)


@pytest.fixture(params=["control", "data", "simple"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    found: Door = doors[request.param]
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/json; charset=latin-1"},
        {"content_encoding": "gzip"},
        {"content_encoding": "deflate"},
        {"content_encoding": "nonsense"},
    ],
)
def test_another_type_or_encoding_is_refused(door: Door, headers: dict[str, str]) -> None:
    packed = gzip.compress(b'{"query": "{ __typename }"}')
    body = packed if "content_encoding" in headers else b'{"query": "{ __typename }"}'

    assert door.send(body, **headers).status_code == 415
    # The connection is still good for the next request.
    assert door.ask("{ __typename }").status_code == 200


def test_a_compressed_bomb_is_never_unpacked(door: Door) -> None:
    answer = door.send(gzip.compress(b" " * 50_000_000), content_encoding="gzip")

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "line",
    [
        b"GET /query HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /query HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS to a plain port\r\n\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /query HTTP/0.9\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /query HTTP/2.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /query\r\n\r\n",
        b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_in_the_form_of_everything_else(stack: Stack, line: bytes) -> None:
    place = urlsplit(stack.url)
    assert place.hostname
    assert place.port
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(line)
        said = b""
        while piece := connection.recv(65536):
            said += piece

    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), said[:200]
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_told_which_one_is_meant(door: Door, method: str) -> None:
    answer = door.stack.http.request(method, door.path, headers=dict(door.headers))

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("position", ["-1", "x", "9" * 30, "1.5", "٣"])
def test_a_position_that_is_none_is_refused(doors: dict[str, Door], position: str) -> None:
    headers = {b"mortise-position": position.encode(), b"content-type": b"application/json"}
    answer = doors["control"].stack.http.post("/query", content=b'{"query": "{ __typename }"}', headers=headers)

    assert (answer.status_code, coded(answer)) == (400, "BAD_USER_INPUT")


def test_a_position_of_the_future_is_refused_within_the_time_that_readers_wait(maker: Person) -> None:
    began = time.monotonic()
    error = maker.refused("{ me { id } }", mortise_position=str(10**12))

    assert (error["code"], error["reason"]) == ("SERVICE_UNAVAILABLE", "NOT_YET")
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    "header",
    [
        *("authorization", "x-user-authorization", "idempotency-key", "user-agent", "x-request-id", "traceparent"),
        *("mortise-position", "content-type", "content-encoding", "accept"),
    ],
)
def test_a_header_that_is_not_utf_8_breaks_nothing(door: Door, header: str) -> None:
    given = {name: value.encode() for name, value in {"content-type": "application/json", **door.headers}.items()}
    headers = {name.encode(): value for name, value in {**given, header: b"a\xff\xfe"}.items()}

    answer = door.stack.http.post(door.path, content=b'{"query": "{ __typename }"}', headers=headers)

    assert answer.status_code < 500, answer.text
    assert answer.json()


def test_a_change_is_not_made_with_an_idempotency_key_that_is_not_utf_8(maker: Person) -> None:
    body = b'{"query": "mutation { createPersonalAccessToken(name: \\"t\\") { token } }"}'
    headers = {b"content-type": b"application/json", b"authorization": b"Bearer " + maker.token.encode()}

    answer = maker.stack.http.post("/query", content=body, headers={**headers, b"idempotency-key": b"\xff"})
    odd = {**headers, b"user-agent": b"\xff", b"traceparent": b"\xff"}
    told = maker.stack.http.post("/query", content=body, headers=odd)

    assert (answer.status_code, coded(answer)) == (400, "BAD_USER_INPUT")
    assert told.json()["data"]["createPersonalAccessToken"]["token"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/../etc/passwd", "/%00", "/query/", "/simple/v1/", "/" + "0" * 32])
def test_a_path_with_nothing_behind_it_is_not_found_in_json(stack: Stack, path: str) -> None:
    answer = stack.http.post(path, json={"query": "{ __typename }"})

    assert answer.status_code == 404 or answer.json()["code"] == 3016
    assert "error" in answer.text
