"""Where a database is, for programs that each want to be told in another way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Where:
    """A database and who opens it."""

    host: str
    """A name, an address, or the directory of a unix socket."""
    port: int
    user: str
    password: str
    database: str

    @classmethod
    def of(cls, dsn: str) -> Self:
        """What stands in a `postgresql://`; host and port may stand in its query."""
        parts = urlsplit(dsn)
        told = parse_qs(parts.query)
        host = parts.hostname or told["host"][0]
        port = parts.port or int(told.get("port", ["5432"])[0])
        return cls(host, port, unquote(parts.username or ""), unquote(parts.password or ""), parts.path.lstrip("/"))

    def of_role(self, user: str, password: str) -> Self:
        """The same database, opened by another role."""
        return replace(self, user=user, password=password)

    @property
    def link(self) -> str:
        """How one gets there, for people."""
        return "a unix socket" if self.host.startswith("/") else "loopback TCP"

    def as_json(self) -> str:
        return json.dumps(asdict(self))
