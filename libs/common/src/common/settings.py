"""The environment of a process as one frozen value, read once at start and printed with its secrets masked."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from common import variables
from common.variables import PREFIX

LEAST_SECRET_BYTES: Final = 32


class Settings(BaseModel):
    """What a service process is told from outside. Every field but `service` is `MORTISE_<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    node: str
    """Name of this process among its replicas; part of gateway epochs and log lines."""
    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str | None = None
    nats_password: str | None = Field(default=None, repr=False)
    postgres_dsn: str = Field(repr=False)
    """`postgresql://` of this service's own role on the platform's database."""
    secret_key: bytes = Field(repr=False)
    """At least 32 bytes; wraps personal keys, peppers hashes, derives environment passwords."""
    health_host: str = "127.0.0.1"
    health_port: int = 0
    """0 = any free port; the line `service.ready` says which."""
    data_dir: Path = Path(".mortise")
    log_level: str = "info"
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    workers: int = Field(default=1, ge=1)
    wal_dir: Path | None = None
    environments_dsn: str | None = Field(default=None, repr=False)
    provision_dsn: str | None = Field(default=None, repr=False)
    smtp_url: str | None = Field(default=None, repr=False)
    """`smtps://user:password@host:port`, or `smtp+starttls://`, or `smtp://`; without it messages go into the log."""
    mail_from: str | None = None
    public_url: str | None = None
    """Where people reach the public door, as messages tell them."""
    outbound_allow: str = ""
    """Private networks that requests to addresses of others may reach, with commas between."""
    development: bool = False
    """Messages in the log are shown whole, secrets too."""

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            message = f"must be debug, info, warning or error, not {value!r}"
            raise ValueError(message)
        return value.lower()

    @field_validator("outbound_allow")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(","))):
            ip_network(part)
        return value

    @classmethod
    def read(cls, service: str, environ: Mapping[str, str] | None = None) -> Self:
        """The settings of `service` from `MORTISE_*`, or from the files that `MORTISE_*_FILE` name.

        Raises ValueError that names every wrong variable, OSError for a file that cannot be read.
        """
        source = variables.read(os.environ if environ is None else environ)
        given: dict[str, Any] = {
            name: source[PREFIX + name.upper()]
            for name in cls.model_fields
            if name not in {"service", "secret_key"} and source.get(PREFIX + name.upper())
        }
        given.setdefault("node", f"{socket.gethostname()}-{os.getpid()}")
        return cls(service=service, secret_key=secret_key(source), **given)

    def masked(self) -> dict[str, Any]:
        """The settings as they may be printed."""
        shown = {key: str(value) for key, value in self.model_dump(exclude_none=True).items()}
        del shown["secret_key"]
        return {key: "***" if key.endswith("password") else _without_password(value) for key, value in shown.items()}


def secret_key(environ: Mapping[str, str]) -> bytes:
    """The key from `MORTISE_SECRET_KEY` (hex) or the file `MORTISE_SECRET_KEY_FILE` names (hex too)."""
    text = environ.get(PREFIX + "SECRET_KEY")
    file = environ.get(PREFIX + "SECRET_KEY_FILE")
    if not text and file:
        text = Path(file).read_text(encoding="ascii").strip()
    if not text:
        message = "MORTISE_SECRET_KEY (hex) or MORTISE_SECRET_KEY_FILE is missing; `openssl rand -hex 32` makes one"
        raise ValueError(message)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        message = "MORTISE_SECRET_KEY is not hexadecimal"
        raise ValueError(message) from None
    if len(key) < LEAST_SECRET_BYTES:
        message = f"MORTISE_SECRET_KEY has {len(key)} bytes; at least {LEAST_SECRET_BYTES} are needed"
        raise ValueError(message)
    return key


def _without_password(text: str) -> str:
    if "://" not in text:
        return text
    parts = urlsplit(text)
    if parts.password is None:
        return text
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))
