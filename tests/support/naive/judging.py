"""Whether an answer is the expected one, and whether the stored world is."""

from __future__ import annotations

from typing import Any

from tests.support.naive.evaluator import Expected
from tests.support.naive.memory import Node, World
from tests.support.naive.schema import Service


def difference(said: Expected, answer: dict[str, Any]) -> str | None:
    """What an answer has that it should not have, or lacks."""
    errors = answer.get("errors", [])
    if said.refused:
        refused = answer.get("data") is None and errors and not any("code" in one for one in errors)
        return None if refused else "it should be refused before it is executed"
    if not same(said.data, answer.get("data", "missing")):
        return "the data differ"
    if len(errors) != len(said.faults):
        return f"{len(said.faults)} errors expected, {len(errors)} told"
    for error, (key, faults) in zip(errors, said.faults, strict=True):
        if error.get("path") != [key]:
            return f"an error of {key} has the path {error.get('path')}"
        if not any(one.is_told(error.get("code"), error.get("message", "")) for one in faults):
            return f"an error of {key} should be one of {faults}"
    return None


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: the order of members and the form of numbers mean nothing, true is not 1."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(value, other[name]) for name, value in one.items())
        )
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def everything(service: Service) -> str:
    """The question that shows the whole world."""
    parts = []
    for kind in service.kinds:
        fields = " ".join(one.name for one in kind.scalars)
        sides = " ".join(f"{side.name} {{ id }}" for side in kind.sides)
        parts.append(f"all{kind.plural} {{ {fields} {sides} }}")
    return "{ " + " ".join(parts) + " }"


def found(world: World) -> dict[str, Any]:
    """The answer to `everything` that a world must give."""
    shown: dict[str, Any] = {}
    for kind in world.service.kinds:
        nodes = sorted(world.of[kind.name].values(), key=lambda node: node.id)
        shown[f"all{kind.plural}"] = [
            {one.name: node.values[one.name] for one in kind.scalars}
            | {
                side.name: [{"id": one} for one in sorted(world.partners(side, node.id))]
                if side.many
                else next(({"id": one} for one in world.partners(side, node.id)), None)
                for side in kind.sides
            }
            for node in nodes
        ]
    return shown


def restored(service: Service, data: dict[str, Any], before: World) -> World:
    """The world that an answer to `everything` shows; system fields that it does not show are as they were."""
    world = World(service)
    for kind in service.kinds:
        for row in data[f"all{kind.plural}"]:
            old = before.nodes[row["id"]].values if row["id"] in before.nodes else {"createdAt": "", "updatedAt": ""}
            values = {**old, **{one.name: row[one.name] for one in kind.scalars}}
            world.put(Node(row["id"], kind.name, values))
    for kind in service.kinds:
        for row in data[f"all{kind.plural}"]:
            for side in kind.sides:
                partners = row[side.name] if side.many else [row[side.name]] if row[side.name] else []
                world.edges[side.key][row["id"]] = {one["id"] for one in partners}
    return world


def broken(world: World) -> list[str]:
    """What may never be, whatever happened: edges seen from one end only, required partners that are missing."""
    problems = []
    for side in world.service.side.values():
        for node in world.of[side.owner]:
            partners = world.partners(side, node)
            problems += [
                f"{side.owner}.{side.name}: {node} sees {one}, which does not see it"
                for one in partners
                if node not in world.edges[side.opposite].get(one, ())
            ]
            if side.required and not partners:
                problems.append(f"{side.owner}.{side.name} of {node} is missing")
    return problems
