"""What each service process is told: one table of variables, the same here as in docker-compose.yml.

`tests/contract/test_compose.py` compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from common import addresses
from common.bootstrap import accounts
from common.devstack.home import Home

EVERY: Final = (
    "MORTISE_NATS_URL",
    "MORTISE_NATS_USER",
    "MORTISE_NATS_PASSWORD",
    "MORTISE_POSTGRES_DSN",
    "MORTISE_SECRET_KEY_FILE",
    "MORTISE_HEALTH_HOST",
    "MORTISE_HEALTH_PORT",
    "MORTISE_NODE",
    "MORTISE_DATA_DIR",
)
"""What every service is told."""

PEOPLE: Final = ("MORTISE_SMTP_URL", "MORTISE_MAIL_FROM", "MORTISE_PUBLIC_URL", "MORTISE_OUTBOUND_ALLOW")
"""How people and webhooks are reached; empty unless somebody says so."""

VARIABLES: Final[dict[str, tuple[str, ...]]] = {
    "registry": (*EVERY, "MORTISE_OPERATOR_EMAIL", "MORTISE_OPERATOR_PASSWORD", "MORTISE_OPERATOR_TOKEN", *PEOPLE),
    "provisioner": (*EVERY, "MORTISE_PROVISION_DSN"),
    "gateway": (
        *EVERY,
        "MORTISE_HTTP_HOST",
        "MORTISE_HTTP_PORT",
        "MORTISE_WORKERS",
        "MORTISE_WAL_DIR",
        "MORTISE_ENVIRONMENTS_DSN",
    ),
    "billing": EVERY,
    "audit": EVERY,
}
"""All that a service is told, by service."""

TRACES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER_ARG")
"""Who collects spans, told in OpenTelemetry's own words."""
_FROM_THE_SYSTEM: Final = (
    *("PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE"),
    *TRACES,
)
_NOT_PASSED_ON: Final = (
    "MORTISE_PASSWORD_",
    "MORTISE_OPERATOR_",
    "MORTISE_SECRET_KEY",
    "MORTISE_POSTGRES_",
    "MORTISE_PROVISION_",
    "MORTISE_NATS_",
    "MORTISE_SMTP_",
)


@dataclass(frozen=True)
class Site:
    """Where the servers and the public door of this stack are."""

    nats_url: str
    """With a user that makes streams, when the server is somebody else's."""
    postgres_dsn: str
    """With a user that makes databases and roles."""
    host: str
    port: int
    workers: int
    environments_dsn: str = ""
    """How the gateway reaches the same PostgreSQL more cheaply than over TCP; empty when it cannot."""


def dsn(site: Site, name: str, password: str, database: str = accounts.DATABASE) -> str:
    """The same PostgreSQL server as another role."""
    parts = urlsplit(site.postgres_dsn)
    where = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{name}:{password}@{where}", path=f"/{database}").geturl()


def bare(url: str, path: str | None = None) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path if path is None else path).geturl()


def environment(home: Home, site: Site, service: str, *, node: str, health_port: int) -> dict[str, str]:
    """The environment of one process: exactly `VARIABLES`, a little of the system's, and the caller's own settings."""
    kept, name = home.kept, accounts.account(service)
    values = {
        "MORTISE_NATS_URL": addresses.bare(site.nats_url),
        "MORTISE_NATS_USER": name,
        "MORTISE_NATS_PASSWORD": kept.passwords[name],
        "MORTISE_POSTGRES_DSN": dsn(site, name, kept.passwords[name]),
        "MORTISE_SECRET_KEY_FILE": str(home.secret_key_file()),
        "MORTISE_HEALTH_HOST": "127.0.0.1",
        "MORTISE_HEALTH_PORT": str(health_port),
        "MORTISE_NODE": node,
        "MORTISE_DATA_DIR": str(home.folder(service)),
        "MORTISE_OPERATOR_EMAIL": kept.operator_email,
        "MORTISE_OPERATOR_PASSWORD": kept.operator_password,
        "MORTISE_OPERATOR_TOKEN": kept.operator_token,
        "MORTISE_PROVISION_DSN": dsn(site, accounts.PROVISION, kept.passwords[accounts.PROVISION]),
        "MORTISE_HTTP_HOST": site.host,
        "MORTISE_HTTP_PORT": str(site.port),
        "MORTISE_WORKERS": str(site.workers),
        "MORTISE_WAL_DIR": str(home.folder("wal")),
        "MORTISE_ENVIRONMENTS_DSN": site.environments_dsn or bare(site.postgres_dsn, path=""),
        **{name: os.environ.get(name, "") for name in PEOPLE},
    }
    return {
        **{name: os.environ[name] for name in _FROM_THE_SYSTEM if name in os.environ},
        **_callers_own(os.environ),
        **{name: values[name] for name in VARIABLES[service]},
    }


def _callers_own(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings such as MORTISE_LOG_LEVEL; never a secret, which is for one service only."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("MORTISE_") and not name.startswith(_NOT_PASSED_ON)
    }


def bootstrap_environment(home: Home, site: Site, *, own_nats: bool) -> dict[str, str]:
    """What `common.bootstrap` is told. `own_nats`: the server is ours and must answer with our name for it."""
    passwords = {accounts.password_variable(name): value for name, value in home.kept.passwords.items()}
    replicas = os.environ.get("MORTISE_NATS_REPLICAS")
    return {
        **{name: os.environ[name] for name in _FROM_THE_SYSTEM if name in os.environ},
        "MORTISE_NATS_URL": site.nats_url,
        "MORTISE_POSTGRES_DSN": site.postgres_dsn,
        **({"MORTISE_NATS_SERVER_NAME": home.kept.server_name} if own_nats else {}),
        **({"MORTISE_NATS_REPLICAS": replicas} if replicas else {}),
        **passwords,
    }
