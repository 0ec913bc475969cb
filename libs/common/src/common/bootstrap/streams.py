"""The streams and buckets of DESIGN 2.8: made when absent, brought to their configuration, and read back.

An old server accepts a field it does not know and drops it in silence, so nothing counts until the server has
repeated it (STACK 1).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import nats.errors
from nats.aio.client import Client

from common.bootstrap.accounts import MAX_PAYLOAD_BYTES

API_LEVEL: Final = 4
"""JetStream API level of nats-server 2.14, the first with everything we ask for."""

_NS: Final = 1_000_000_000
_DAY: Final = 24 * 3600 * _NS
_NOT_FOUND: Final = 10059
_UNAVAILABLE: Final = 503
_NO_PEERS: Final = 10005
WAIT_SECONDS: Final = 60.0
"""A cluster that starts has no leader for some seconds, and servers that may hold copies only when they have joined."""
_PAUSE_SECONDS: Final = 0.2
_REPLY_SECONDS: Final = 5.0


class BootstrapError(Exception):
    """Standing up cannot go on; the message says what is wrong and what to do."""


def _stream(subjects: list[str], *, days: int = 0, precious: bool = False, **fields: Any) -> dict[str, Any]:
    """`days` is how long a message stays (0 = for ever); `precious` streams lose no message by anybody's order."""
    return {
        "subjects": subjects,
        "storage": "file",
        "retention": "limits",
        "discard": "old",
        "max_age": days * _DAY,
        "max_msg_size": MAX_PAYLOAD_BYTES,
        "duplicate_window": 120 * _NS,
        "allow_direct": True,
        "deny_delete": precious,
        "deny_purge": precious,
        **fields,
    }


def streams(replicas: int) -> dict[str, dict[str, Any]]:
    """Every stream with the fields we rely on. `KV_API` and `OBJ_BLOBS` are what the NATS clients call buckets.

    A stream with copies is not compressed: when a killed server comes back it cuts off what the others do not have, and
    nats-server 2.15.1 then cannot read a compressed block again (six times in sixteen kills, once for good).
    """
    bucket: dict[str, Any] = {"discard": "new", "allow_rollup_hdrs": True}
    wanted = {
        "EVT": _stream(["evt.>"], precious=True, allow_atomic=True),
        "CALLS": _stream(["calls.>"], days=400, precious=True),
        "DATA": _stream(["data.>"], days=7),
        "LOGS": _stream(["logs.>"], allow_msg_ttl=True, compression="s2" if replicas == 1 else "none"),
        "RUNS": _stream(["runs.>"], days=30),
        "DOCUMENTS": _stream(
            ["documents.>"], days=60, max_msgs_per_subject=1, max_msg_size=64 * 1024, max_bytes=512 * 1024 * 1024
        ),
        "ACCESS": _stream(["access.>"], days=365, deny_delete=True),
        "KV_API": _stream(["$KV.API.>"], max_msgs_per_subject=1, deny_delete=True, **bucket),
        "OBJ_BLOBS": _stream(["$O.BLOBS.C.>", "$O.BLOBS.M.>"], **bucket),
    }
    return {name: {"name": name, "num_replicas": replicas, **config} for name, config in wanted.items()}


async def ensure(client: Client, replicas: int) -> None:
    """All streams stand as configured. Raises BootstrapError when the server is too old or kept something else."""
    info: dict[str, Any] = client._server_info  # noqa: SLF001 - nats-py has no public door to the server's INFO
    level = int(info.get("api_lvl") or 0)
    if level < API_LEVEL:
        raise BootstrapError(
            f"nats-server {info.get('version', '?')} is too old: JetStream API level {level}, needed {API_LEVEL} "
            "(nats-server 2.14 or newer). Upgrade it, or unset MORTISE_NATS_URL to use the embedded one.",
        )
    for name, wanted in streams(replicas).items():
        await _ensure_one(client, name, wanted)


async def _ensure_one(client: Client, name: str, wanted: dict[str, Any]) -> None:
    held = await _ask(client, f"STREAM.INFO.{name}", {})
    if _code(held) == _NOT_FOUND:
        held = await _ask(client, f"STREAM.CREATE.{name}", wanted)
    elif "error" not in held and _differences(wanted, held["config"]):
        held = await _ask(client, f"STREAM.UPDATE.{name}", {**held["config"], **wanted})
    if "error" in held:
        raise BootstrapError(f"NATS refused the stream {name}: {held['error'].get('description')}")
    back = await _ask(client, f"STREAM.INFO.{name}", {})
    wrong = _differences(wanted, back.get("config", {}))
    if wrong:
        raise BootstrapError(f"NATS did not keep the configuration of the stream {name}: {'; '.join(wrong)}")


def _differences(wanted: dict[str, Any], held: dict[str, Any]) -> list[str]:
    """What the server holds otherwise; it leaves out members that are false or zero."""
    return [
        f"{field} is {held.get(field)!r}, wanted {value!r}"
        for field, value in wanted.items()
        if (held.get(field) or None) != (value or None)
    ]


def _code(answer: dict[str, Any]) -> int:
    return int(answer.get("error", {}).get("err_code", 0))


async def _ask(client: Client, api: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of JetStream, asked until there is one for good. Every request of ours may be sent twice."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            reply = await client.request(
                f"$JS.API.{api}", json.dumps(body).encode() if body else b"", timeout=_REPLY_SECONDS
            )
            answer: dict[str, Any] = json.loads(reply.data)
            error = answer.get("error", {})
            if error.get("code") != _UNAVAILABLE and error.get("err_code") != _NO_PEERS:
                return answer
            problem = str(error.get("description"))
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError) as silence:
            problem = f"nobody answers ({type(silence).__name__})"
        if asyncio.get_running_loop().time() > deadline:
            raise BootstrapError(f"JetStream cannot do {api}: {problem}")
        await asyncio.sleep(_PAUSE_SECONDS)
