"""Requests as bytes: framed as they have to be, in many segments, or framed by somebody who lies."""

from __future__ import annotations

import random
from typing import Final

HEADERS: Final[tuple[tuple[str, str], ...]] = (
    ("Content-Type", "text/plain"),
    ("Content-Type", "application/graphql"),
    ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Type", "application/json;;;charset"),
    ("Content-Type", ""),
    ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Type", "application/json\x80"),
    ("Content-Type", "a" * 4_000),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br, \xff"),
    ("Accept", "text/html"),
    ("Accept", "application/graphql-response+json"),
    ("Accept", "application/graphql-response+json;q=0, */*;q=-1"),
    ("Accept", "," * 3_000),
    ("Accept", "\xff\xfe"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Authorization", "Bearer \xff\xfe"),
    ("Authorization", "\x80" * 300),
    ("x-user-authorization", "Bearer " + "x" * 6_000),
    ("Expect", "100-continue"),
    ("Expect", "200-ok"),
    ("Range", "bytes=0-1"),
    ("If-None-Match", "*"),
    ("Upgrade", "websocket"),
    ("Connection", "close"),
    ("Connection", "keep-alive, x-user-authorization"),
    ("Mortise-Position", "99999999999999999999"),
    ("traceparent", "00-\xff-00-01"),
    ("User-Agent", "\xff" * 100),
    ("Cookie", "a=b; " * 300),
    ("Host", "evil.example:99999"),
    ("Host", ""),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("__proto__", "x"),
    ("Origin", "null"),
)
_GREETINGS: Final[tuple[bytes, ...]] = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"SSH-2.0-x\r\n",
    b"\r\n\r\n\r\n\r\n",
    b"\0" * 64,
    b"\xff" * 64,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 5_000 + b"\r\n",
    b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"*3\r\n$3\r\nSET\r\n",
)


def framed(method: str, path: str, headers: dict[str, str], body: bytes, chance: random.Random) -> bytes:
    """A request that is framed rightly: with its length, or now and then in chunks."""
    lines = {"Host": "mortise", **headers}
    if method not in {"GET", "HEAD"} and chance.random() < 0.05:
        lines["Transfer-Encoding"] = "chunked"
        body = chunked(chance, body)
    elif body or method == "POST":
        lines["Content-Length"] = str(len(body))
    return _head(method, path, lines) + body


def _head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {given}\r\n" for name, given in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def chunked(chance: random.Random, body: bytes) -> bytes:
    """A body in chunks of all sizes, some with extensions, and a trailer at times."""
    found, at = [], 0
    while at < len(body):
        piece = body[at : at + chance.choice((1, 2, 7, 100, 5_000))]
        at += len(piece)
        found.append(b"%x%b\r\n%b\r\n" % (len(piece), chance.choice((b"", b"", b";a=b")), piece))
    return b"".join(found) + b"0\r\n" + chance.choice((b"", b"", b"x: y\r\n")) + b"\r\n"


def split(chance: random.Random, whole: bytes) -> list[bytes]:
    """The same bytes in up to forty pieces, which become as many segments."""
    cuts = sorted(chance.randrange(len(whole)) for _ in range(chance.choice((1, 3, 40))))
    return [piece for piece in (whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)) if piece]


def broken(chance: random.Random, path: str, headers: dict[str, str], body: bytes) -> list[bytes]:  # noqa: C901, PLR0912 - a table
    """What only looks like a request, cuts itself off, or lies about its length."""
    length = len(body)
    lines = {"Host": "mortise", **headers}
    match chance.randrange(14):
        case 0:
            return [chance.choice(_GREETINGS)]
        case 1:
            lines["Content-Length"] = str(length + chance.choice((1, 1_000, 10**9)))
        case 2:
            lines["Content-Length"] = str(max(0, length - chance.choice((1, 10, 10**6))))
        case 3:
            lines["Content-Length"] = str(length) + "\r\nContent-Length: " + str(length + 1)
        case 4:
            lines |= {"Content-Length": str(length), "Transfer-Encoding": "chunked"}
        case 5:
            lines["Transfer-Encoding"] = chance.choice(
                ("chunked, chunked", "gzip", "xchunked", "chunked\x0b", "identity")
            )
        case 6:
            lines["Transfer-Encoding"] = "chunked"
            body = (
                chance.choice((b"zz\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"5;" + b"a" * 20_000, b"3\r\nabcd\r\n"))
                + body
            )
        case 7:
            lines["Transfer-Encoding"] = "chunked"
            body = chunked(chance, body)[: -chance.randrange(1, 9)]
        case 8:
            lines["Content-Length"] = str(length)
            whole = _head("POST", path, lines) + body
            return [whole[: chance.randrange(len(whole))]]
        case 9:
            lines["Content-Length"] = str(length)
            bad = chance.choice(
                ("a b: c", "no colon", ": empty", "a\0b: c", "x: a\0b", " folded: x", "x: \x01", "é: x")
            )
            return [_head("POST", path, lines)[:-2] + bad.encode() + b"\r\n\r\n" + body]
        case 10:
            lines["Content-Length"] = str(length)
            version = chance.choice((b"HTTP/0.9", b"HTTP/1.0", b"HTTP/2", b"http/1.1", b"", b"HTTP/1.1 x"))
            return [_head("POST", path, lines).replace(b"HTTP/1.1", version, 1) + body]
        case 11:
            lines["Content-Length"] = str(length)
            method = chance.choice(("post", "QUERY", "P\x00ST", "TRACE", "PATCH", "x" * 300, ""))
            return [_head(method, path, lines) + body]
        case 12:
            lines["Content-Length"] = str(length)
            return [(_head("POST", path, lines) + body).replace(b"\r\n", b"\n")]
        case _:
            # A whole request, and nothing more will come.
            lines["Content-Length"] = str(length)
    return [_head("POST", path, lines) + body]
