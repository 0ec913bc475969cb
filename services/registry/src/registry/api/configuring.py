"""How projects work with their services: approvals, and what their environments are called."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType

from contracts.names import INSTANCE_ENVIRONMENTS
from registry.api.context import Call, Registry, child, root
from registry.api.nodes import Node
from registry.api.projects import project_node, visible
from registry.execute import projects as act

mutation = MutationType()
project = ObjectType("Project")


@mutation.field("configureProject")
@root
async def configure_project(call: Call, *, id: str, input: dict[str, Any]) -> Node:
    row, _ = await visible(call, id, "admin")
    names = input.get("environmentNames")
    await call.wrote(
        await act.configure(
            call.world,
            row["organisation"],
            row["id"],
            approvals=input.get("approvals"),
            names=names,
            cause=await call.cause(),
        )
    )
    return await project_node(call.registry, row["id"])


@project.field("environmentNames")
@child
async def environment_names(_: Registry, parent: Node) -> Node:
    return {each: parent["environment_names"].get(each, each) for each in INSTANCE_ENVIRONMENTS}
