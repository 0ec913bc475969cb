"""What callers would meet, as the API says it: with names where the caller may see the project, else without."""

from __future__ import annotations

from datetime import UTC, datetime

from common import clock
from contracts.documents import DAYS
from registry.api.context import Registry
from registry.api.nodes import Node
from registry.api.projects import role_in
from registry.domain import breaks
from registry.domain.breaks import Breaks, Caller, Finding


async def breaks_node(registry: Registry, seen: Breaks) -> Node:
    """A `Breaks`."""
    projects = {use.project for one in seen.findings for use in one.uses if use.project}
    visible = {project for project in projects if await _may_see(registry, project)}
    return {
        "checked": seen.checked,
        "days": DAYS,
        "operations": seen.operations,
        "unchecked": seen.unchecked,
        "uncheckedCalls": seen.unchecked_calls,
        "findings": [await _finding(registry, one, visible) for one in seen.findings],
    }


async def _may_see(registry: Registry, project: str) -> bool:
    row = await registry.load.project(project)
    return row is not None and role_in(registry, row) is not None


async def _finding(registry: Registry, found: Finding, visible: set[str]) -> Node:
    # Whoever may see none of the callers is not told either what they call things.
    inside = any(use.project is None or use.project in visible for use in found.uses)
    return {
        "hash": found.digest,
        "names": found.names if inside else (),
        "certain": found.certain,
        "reasons": [reason.model_dump() for reason in found.reasons],
        "calls": found.calls,
        "callers": [await _caller(registry, one) for one in breaks.callers(found.uses, visible)],
    }


async def _caller(registry: Registry, caller: Caller) -> Node:
    organisation = await registry.load.organisation(caller.organisation)
    project = await registry.load.project(caller.project) if caller.project else None
    client = await registry.load.client(caller.client) if caller.client else None
    key = await registry.load.key(caller.credential) if caller.credential else None
    return {
        "organisation": caller.organisation,
        "organisationName": organisation["name"] if organisation else None,
        "project": caller.project,
        "projectName": project["name"] if project else None,
        "instance": caller.instance,
        "environment": caller.kind,
        "client": caller.client,
        "clientName": client["name"] if client else None,
        "key": key["id"] if key else None,
        "keyName": key["name"] if key else None,
        "calls": caller.calls,
        "lastSeen": clock.text(datetime.fromtimestamp(caller.last_ms / 1000, UTC)),
        "stakes": [stake.model_dump() for stake in caller.stakes],
    }
