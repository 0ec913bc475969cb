"""Versions: who pushed them, and where they run."""

from __future__ import annotations

from ariadne import ObjectType

from registry.api.context import Registry, child
from registry.api.nodes import Node
from registry.api.people import user_node
from registry.api.projects import project_node

version = ObjectType("Version")
place = ObjectType("VersionPlace")


@version.field("pushedBy")
@child
async def pushed_by(registry: Registry, parent: Node) -> Node | None:
    return await user_node(registry, parent["pushed_by"]) if parent["pushed_by"] else None


@version.field("runsOn")
@child
async def runs_on(registry: Registry, parent: Node) -> list[Node]:
    """Where it serves calls: places that the caller may see."""
    found = await registry.load.places(parent["service"]) or []
    return [{**row, "environment": row["kind"]} for row in found if row["version"] == parent["name"]]


@place.field("project")
@child
async def its_project(registry: Registry, parent: Node) -> Node | None:
    return await project_node(registry, parent["project"]) if parent["project"] else None
