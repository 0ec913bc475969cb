"""The one way out: requests to addresses that somebody else chose (DESIGN 8).

Every connection looks the name up anew and checks the very address it is about to connect to, so neither a literal, nor
a second look-up, nor a name that answers differently each time leads into a private network. No redirects, no proxies
of the environment, no cookies; time and size are bounded.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import aiohttp
from aiohttp import abc

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 15.0
LOOK_UPS_AT_ONCE: Final = 32
ANSWER_BYTES_MAX: Final = 4096
"""More of an answer is not read."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA: Final = frozenset({ip_address("169.254.169.254"), ip_address("fd00:ec2::254")})
"""Where clouds hand out credentials: open only when named exactly."""
_CLOSED: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_OPEN_V6: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is the internet's."""
_CLOSED_V6: Final[tuple[Network, ...]] = tuple(
    ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_CARRYING_V4: Final[tuple[tuple[IPv6Network, int], ...]] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
"""Networks whose addresses mean an IPv4 address, and how many bits behind it there are."""


class Blocked(OSError):  # noqa: N818 - a rule of ours, not an error of the system
    """The address is not one that may be reached from here; it is not said which it was."""

    def __init__(self) -> None:
        super().__init__("the address is not allowed")


class Unreached(Exception):  # noqa: N818 - what came of it
    """There was no answer; `why` is one of a few constant sentences, which tell nothing of what lies behind."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Received:
    """An answer, as much of it as was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def networks(text: str) -> tuple[Network, ...]:
    """Networks from a list with commas such as `127.0.0.0/8, ::1`. Raises ValueError for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether a connection to this address is allowed: the internet's own, and the networks an operator opened."""
    meant = _meant(address)
    if {address, meant} & METADATA:
        return any(network.num_addresses == 1 and (address in network or meant in network) for network in allowed)
    if any(each in network for network in allowed for each in (address, meant) if each.version == network.version):
        return True
    if isinstance(meant, IPv6Address):
        return meant in _OPEN_V6 and not any(meant in network for network in _CLOSED_V6)
    return not any(meant in network for network in _CLOSED)


class _Names(abc.AbstractResolver):
    """Looks names up in threads of its own: a silent name server keeps nobody else of the process waiting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="outbound-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[abc.ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._pool, look_up)
        return [
            abc.ResolveResult(
                hostname=host, host=str(where[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, where in found
        ]

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Outbound:
    """A client for addresses of others. `allowed` are private networks that an operator opened."""

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        seconds_max: float = TOTAL_SECONDS,
        resolver: abc.AbstractResolver | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._seconds_max = seconds_max
        self._resolver = resolver or _Names()
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Received:
        """Send it, once. Raises Unreached when there is no answer in time."""
        try:
            async with asyncio.timeout(self._seconds_max):
                async with self._open().post(url, data=body, headers=headers, allow_redirects=False) as answer:
                    read = await answer.content.read(ANSWER_BYTES_MAX)
                    return Received(answer.status, dict(answer.headers), read)
        except TimeoutError:
            raise Unreached("no answer in time") from None
        except aiohttp.ClientSSLError:
            raise Unreached("the certificate does not hold") from None
        except aiohttp.ClientConnectorError as error:
            blocked = isinstance(error.os_error, Blocked)
            raise Unreached("the address is not allowed" if blocked else "no connection") from None
        except (aiohttp.ClientError, OSError, ValueError):
            # ValueError: what the HTTP parser, or IDNA, cannot make sense of.
            raise Unreached("no answer that is HTTP") from None

    async def close(self) -> None:
        """Give sockets back."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._resolver.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                # A connection per request: each one looks up and checks anew, and no receiver holds another up.
                force_close=True,
                limit=0,
                use_dns_cache=False,
                resolver=self._resolver,
                socket_factory=self._socket,
                ssl=True if self._context is None else self._context,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                trust_env=False,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """The last moment before a connection, with the address it goes to. Raises Blocked."""
        family, kind, protocol, _, where = info
        if not permitted(ip_address(str(where[0]).partition("%")[0]), self._allowed):
            raise Blocked
        return socket.socket(family=family, type=kind, proto=protocol)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv6Address):
        for network, behind in _CARRYING_V4:
            if address in network:
                return IPv4Address((int(address) >> behind) & 0xFFFFFFFF)
    return address
