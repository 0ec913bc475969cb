"""Limits of an environment: what holds, who set it, how much of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from common import clock
from contracts import quotas
from contracts.access import Role
from contracts.quotas import DECLARED, Quota
from registry.api.context import Call, Registry, child, root
from registry.api.instances import environment_row
from registry.api.nodes import Node
from registry.domain import rights
from registry.domain.caps import FIELDS, Changed, Place
from registry.execute import caps as act
from registry.store.rows import Row

query = QueryType()
mutation = MutationType()
limits = ObjectType("EnvironmentLimits")
MEGABYTE: Final = 1_000_000


@query.field("environmentLimits")
@root
async def environment_limits(call: Call, **named: str) -> Node:
    return await _limits(call, named["environment"], "viewer")


@mutation.field("capEnvironment")
@root
async def cap_environment(call: Call, *, input: dict[str, Any], **named: str) -> Node:
    """For developers of the service (private, demo) or editors of the project (dev, stage, prod)."""
    row = await environment_row(call, named["environment"], "editor")
    await call.wrote(await act.cap(call.world, _place(row), _changed(input), cause=await call.cause()))
    return await _limits(call, row["id"], "viewer")


@mutation.field("grantEnvironment")
@root
async def grant_environment(call: Call, *, input: dict[str, Any], **named: str) -> Node:
    rights.operator(call.caller)
    row = await environment_row(call, named["environment"], "viewer")
    await call.wrote(await act.grant(call.world, _place(row), _changed(input), cause=await call.cause()))
    return await _limits(call, row["id"], "viewer")


@limits.field("usage")
@child
async def usage(registry: Registry, parent: Node) -> Node | None:
    told = await act.usage(registry.world, parent["environment"])
    if told is None or not told.live:
        return None
    at = told.called_at_ms
    megabytes = None if told.database_bytes is None else round(told.database_bytes / MEGABYTE, 1)
    most = parent["limits"]["databaseMegabytes"]
    return {
        "state": "asleep" if told.asleep else "awake",
        "calledAt": None if at is None else clock.text(datetime.fromtimestamp(at / 1000, UTC)),
        "callsToday": told.calls if told.counted else None,
        "limitedToday": told.limited if told.counted else None,
        "databaseMegabytes": megabytes,
        "databaseFull": megabytes is not None and most is not None and megabytes >= most,
    }


async def _limits(call: Call, id: str, needed: Role) -> Node:
    row = await environment_row(call, id, needed)
    of_kind = quotas.of_kind(act.table(), row["kind"])
    return {
        "environment": row["id"],
        "name": row["kind"],
        "limits": _numbers(quotas.in_force(of_kind, row["granted"], row["caps"])),
        "ofKind": _numbers(of_kind),
        "granted": _declared(row["granted"]),
        "caps": _declared(row["caps"]),
    }


def _place(row: Row) -> Place:
    return Place(row["id"], row["kind"], row["organisation"])


def _changed(input: Mapping[str, int | None]) -> Changed:
    return {name: input[field] for name, field in FIELDS.items() if field in input}


def _numbers(quota: Quota) -> Node:
    return {
        **{FIELDS[name]: getattr(quota, name) for name in DECLARED},
        "burst": quota.burst,
        "sleepMinutes": quota.sleep_minutes,
        "logDays": quota.log_days,
    }


def _declared(row: Mapping[str, int | None] | None) -> Node:
    return {FIELDS[name]: (row or {}).get(name) for name in DECLARED}
