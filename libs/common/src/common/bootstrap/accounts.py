"""Who exists on NATS and PostgreSQL, and what each may do there. Data only; standard library only.

A service can reach its own subjects, its own schema and the few places named here; everything else is refused by the
servers, not by our code (DESIGN 8). `tests/integration/test_walls.py` prints this table and proves it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SERVICES: Final = ("registry", "provisioner", "gateway", "billing", "audit")
ADMIN: Final = "mortise_admin"
"""Makes streams and buckets on NATS; used by bootstrap and tests, by no service."""
PROVISION: Final = "mortise_provision"
"""The PostgreSQL role that creates databases and roles."""
DATABASE: Final = "mortise"

MAX_PAYLOAD_BYTES: Final = 8 * 1024 * 1024


def account(service: str) -> str:
    """The name of a service's NATS user and of its PostgreSQL role."""
    return f"mortise_{service}"


ACCOUNTS: Final = (ADMIN, PROVISION, *(account(service) for service in SERVICES))


def password_variable(name: str) -> str:
    """The environment variable that carries the password of an account: `MORTISE_PASSWORD_REGISTRY` and so on."""
    return f"MORTISE_PASSWORD_{name.removeprefix('mortise_').upper()}"


def fresh_passwords() -> dict[str, str]:
    """A new random password for every account."""
    return {name: secrets.token_hex(32) for name in ACCOUNTS}


def passwords_from(environ: Mapping[str, str]) -> dict[str, str]:
    """The password of every account from its variable. Raises LookupError that names what is missing."""
    missing = [password_variable(name) for name in ACCOUNTS if not environ.get(password_variable(name))]
    if missing:
        raise LookupError(f"missing: {', '.join(missing)}")
    return {name: environ[password_variable(name)] for name in ACCOUNTS}


# --- NATS ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subjects:
    """What a NATS user may publish to and subscribe to. Replies to what it received are always allowed, once."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def _reads(stream: str) -> tuple[str, ...]:
    """The JetStream requests that read a stream and change nothing."""
    api = "$JS.API"
    return (
        f"{api}.STREAM.INFO.{stream}",
        f"{api}.STREAM.MSG.GET.{stream}",
        f"{api}.DIRECT.GET.{stream}",
        f"{api}.DIRECT.GET.{stream}.>",
        f"{api}.CONSUMER.CREATE.{stream}",
        f"{api}.CONSUMER.CREATE.{stream}.>",
        f"{api}.CONSUMER.INFO.{stream}.>",
        f"{api}.CONSUMER.MSG.NEXT.{stream}.>",
        f"{api}.CONSUMER.DELETE.{stream}.>",
        f"$JS.ACK.{stream}.>",
        f"$JS.FC.{stream}.>",
    )


def _everyone(service: str) -> tuple[str, ...]:
    return (
        "$JS.API.INFO",
        f"evt.*.{service}.>",
        f"access.{service}.>",
        f"$KV.API.{service}",
        "$JS.API.STREAM.INFO.KV_API",
        f"$JS.API.DIRECT.GET.KV_API.$KV.API.{service}",
        *_reads("EVT"),
        *_reads("OBJ_BLOBS"),
    )


_WRITES_BLOBS: Final = ("$O.BLOBS.C.>", "$O.BLOBS.M.>")

_BESIDES: Final[dict[str, tuple[str, ...]]] = {
    "registry": (
        *_WRITES_BLOBS,
        "ask.provisioner.>",
        "ask.gateway.usage",
        "ask.gateway.breaks",
        "ask.billing.uses",
        "runs.>",
        *_reads("RUNS"),
        *_reads("ACCESS"),
    ),
    "provisioner": (*_WRITES_BLOBS, "ask.gateway.rest"),
    "gateway": (
        *("ask.provisioner.compact", "api.>", "calls.>", "data.>"),
        *("$JS.API.STREAM.INFO.CALLS", "$JS.API.STREAM.MSG.GET.CALLS"),
        *("$JS.API.DIRECT.GET.CALLS", "$JS.API.DIRECT.GET.CALLS.>"),
        *_reads("DATA"),
        *("documents.>", "$JS.API.STREAM.MSG.GET.DOCUMENTS"),
        *_reads("KV_API"),
    ),
    "billing": (*_WRITES_BLOBS, *_reads("CALLS")),
    "audit": ("logs.>", *_reads("LOGS"), *_reads("CALLS"), *_reads("ACCESS")),
}
"""What a service may publish to besides what everyone may."""

SUBJECTS: Final[dict[str, Subjects]] = {
    service: Subjects(
        publish=(*_everyone(service), *_BESIDES[service]),
        subscribe=(f"_INBOX.{service}.>", f"api.{service}", f"ask.{service}.>", f"ops.{service}"),
    )
    for service in SERVICES
}


@dataclass(frozen=True)
class NatsServer:
    """How one nats-server runs: where it listens (`0` is no choice of the kernel here) and where it keeps streams."""

    name: str
    listen: str
    monitor: str
    store: str
    cluster: str = ""
    """Where it listens for the other servers of its cluster; empty when it stands alone."""
    others: tuple[str, ...] = ()
    """Host and port of every server's `cluster`; its own may be among them."""


def nats_config(server: NatsServer, passwords: Mapping[str, str]) -> str:
    """The configuration file of a nats-server with all accounts (JSON is valid configuration syntax).

    Every acknowledged message is on disk (`sync_interval: always`, DESIGN 2.8).
    """
    users: list[dict[str, object]] = [{"user": ADMIN, "password": passwords[ADMIN]}]
    for service, subjects in SUBJECTS.items():
        permissions = {
            "publish": {"allow": list(subjects.publish)},
            "subscribe": {"allow": list(subjects.subscribe)},
            # The server forgets a reply subject after use; the time bounds what it must remember of lost requests.
            "allow_responses": {"max": 1, "expires": "1m"},
        }
        users.append(
            {"user": account(service), "password": passwords[account(service)], "permissions": permissions},
        )
    config = {
        "server_name": server.name,
        "listen": server.listen,
        "http": server.monitor,
        "max_payload": MAX_PAYLOAD_BYTES,
        "max_pending": 16 * MAX_PAYLOAD_BYTES,
        "jetstream": {"store_dir": server.store, "sync_interval": "always"},
        "authorization": {"users": users},
    }
    if server.cluster:
        # Servers of a cluster trust each other wholly, so only those that know the administrator's password belong.
        routes = [f"nats-route://{ADMIN}:{passwords[ADMIN]}@{where}" for where in server.others]
        own = {"user": ADMIN, "password": passwords[ADMIN], "timeout": 2}
        config["cluster"] = {"name": "mortise", "listen": server.cluster, "authorization": own, "routes": routes}
    return json.dumps(config, indent=1) + "\n"


# --- PostgreSQL ---------------------------------------------------------------------------------------------------

VAULT: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "person_keys": {
        **dict.fromkeys(SERVICES, ("select", "insert")),
        "registry": ("select", "insert", "update"),
    },
    "passwords": {"registry": ("select", "insert", "update", "delete")},
}
"""Who may do what with the tables of the schema `vault`: the precious part that is never in an event (DESIGN 2.6)."""
