"""Random mutations: every root field, nested to any depth, mostly such that succeed."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from tests.support.naive.asked import OMITTED, Arguments, Given, Operation, Pick
from tests.support.naive.contents import argument
from tests.support.naive.evaluator import relation_arguments
from tests.support.naive.memory import World
from tests.support.naive.questions import UNKNOWN, Questions
from tests.support.naive.schema import Kind, Scalar, Side
from tests.support.naive.tally import Tally

CROWD: Final = 22
"""Nodes of a type from which on more are deleted than made."""
FORMS: Final = ("create", "update", "updateOrCreate", "delete", "relation")


class Changes:
    """Mutations of what a world holds; `nested` and `forms` say which parts of the dialect they use."""

    def __init__(self, world: World, chance: Random, tally: Tally) -> None:
        self.world = world
        self.service = world.service
        self.chance = chance
        self.questions = Questions(world, chance, tally)

    def mutation(self, *, filling: bool = False) -> Operation:
        """One to three root fields."""
        roots = [self.root(filling=filling) for _ in range(self.chance.choice((1, 1, 1, 1, 2, 3)))]
        return Operation("mutation", tuple(roots))

    def root(self, *, filling: bool) -> Pick:
        kind = self.chance.choice(self.service.kinds)
        if filling or not self.world.of[kind.name]:
            return self.create(kind)
        crowded = len(self.world.of[kind.name]) > CROWD
        weights = (1 if crowded else 5, 6, 1 if crowded else 2, 5 if crowded else 2, 5 if self.service.relations else 0)
        match self.chance.choices(FORMS, weights)[0]:
            case "create":
                return self.create(kind)
            case "update":
                return self.node_field("update", kind, self.update_arguments(kind))
            case "updateOrCreate":
                return self.update_or_create(kind)
            case "delete":
                return self.node_field("delete", kind, {"id": Given(self.node_id(kind.name), "ID!")})
            case _:
                return self.relation()

    # --- root fields

    def node_field(self, verb: str, kind: Kind, given: Arguments) -> Pick:
        picks = self.questions.picks(kind, 1, self.chance.choice((0, 0, 1, 2)))
        return Pick(self.questions.key(), f"{verb}{kind.name}", given, picks, None, kind.name)

    def create(self, kind: Kind) -> Pick:
        return self.node_field("create", kind, self.create_arguments(kind, None, 0))

    def update_or_create(self, kind: Kind) -> Pick:
        update = self.update_arguments(kind)
        if self.chance.random() < 0.4:
            update["id"] = Given(UNKNOWN, "ID!")
        given = {"update": Given(update, f"Update{kind.name}!")}
        if any(True for _ in self.service.settable(kind)):
            given["create"] = Given(self.create_arguments(kind, None, 0), f"Create{kind.name}!")
        return self.node_field("updateOrCreate", kind, given)

    def relation(self) -> Pick:
        name = self.chance.choice(list(self.service.relations))
        sides = self.service.relations[name]
        several = any(side.many for side in sides)
        verbs = ["addTo" if several else "set"]
        if not any(side.required for side in sides):
            verbs.append("removeFrom" if several else "unset")
        names = relation_arguments(sides)
        ids = [self.node_id(side.owner) for side in sides]
        verb = self.chance.choice(verbs)
        partners = self.world.partners(sides[0], ids[0])
        if verb in ("removeFrom", "unset") and partners and self.chance.random() < 0.7:
            ids[1] = self.chance.choice(sorted(partners))
        given = {f"{one}Id": Given(node, "ID!") for one, node in zip(names, ids, strict=True)}
        picks = [
            Pick(
                self.questions.key(),
                one,
                {},
                self.questions.picks(self.service.kind[side.owner], 1, 1),
                None,
                side.owner,
            )
            for one, side in zip(names, sides, strict=True)
        ]
        return Pick(self.questions.key(), f"{verb}{name}", given, tuple(picks[: self.chance.randint(1, 2)]))

    # --- arguments

    def create_arguments(self, kind: Kind, without: str | None, depth: int) -> Arguments:
        given: Arguments = {}
        for field in self.service.settable(kind, without=without):
            if isinstance(field, Scalar):
                said = argument(self.chance, field, creating=True)
                given |= {} if said is None else {field.name: said}
            elif field.required and self.chance.random() < 0.97:
                given |= self.partner(field, depth, must=True)
            elif self.chance.random() < (0.4, 0.3, 0.2, 0.1, 0.0)[min(depth, 4)]:
                given |= self.partners(field, depth) if field.many else self.partner(field, depth)
        return given

    def update_arguments(self, kind: Kind) -> Arguments:
        given: Arguments = {"id": Given(self.node_id(kind.name), "ID!")}
        for field in kind.writable:
            if self.chance.random() < 0.3:
                said = argument(self.chance, field, creating=False)
                given |= {} if said is None else {field.name: said}
        for side in kind.sides:
            if self.chance.random() < 0.25:
                given |= self.partners(side, 0) if side.many else self.partner(side, 0)
        return given

    def partner(self, side: Side, depth: int, *, must: bool = False) -> Arguments:
        """The argument for a to-one field."""
        nested_type = side.nested
        back = self.service.back(side)
        nothing = 0.0 if must else 0.15
        known = bool(self.world.of[side.other])
        can_nest = self.can_nest(side) and depth < 5
        # Who must have one partner is left without it when another takes it: a new one is better.
        by_id = 0.15 if back.required and side.required else 0.7 if known else 0.05
        part = self.chance.random()
        if part < nothing:
            value = self.chance.choice((None, None, OMITTED))
            if self.chance.random() < 0.5 or not can_nest:
                return {f"{side.name}Id": Given(value, "ID")}
            return {side.name: Given(value, nested_type)}
        if self.chance.random() < by_id or not can_nest:
            return {f"{side.name}Id": Given(self.node_id(side.other), "ID")}
        inner = self.create_arguments(self.service.kind[side.other], side.back, depth + 1)
        return {side.name: Given(inner, nested_type)}

    def partners(self, side: Side, depth: int) -> Arguments:
        """The arguments for a to-many field."""
        part = self.chance.random()
        given: Arguments = {}
        if part < 0.12:
            value: Any = self.chance.choice((None, [], OMITTED))
            if self.chance.random() < 0.5 or not self.can_nest(side):
                return {f"{side.name}Ids": Given(value, "[ID!]")}
            return {side.name: Given(value, f"[{side.nested}!]")}
        if part < 0.6 or not self.can_nest(side):
            ids = [self.node_id(side.other) for _ in range(self.chance.choice((0, 1, 1, 2, 3)))]
            given[f"{side.name}Ids"] = Given([Given(one, "ID!") for one in ids], "[ID!]")
        if part > 0.57 and self.can_nest(side):
            kind = self.service.kind[side.other]
            new = [self.create_arguments(kind, side.back, depth + 1) for _ in range(self.chance.choice((1, 1, 2, 3)))]
            given[side.name] = Given([Given(one, f"{side.nested}!") for one in new], f"[{side.nested}!]")
        return given

    def can_nest(self, side: Side) -> bool:
        """Whether nodes can be created below the field: they have something to set."""
        other = self.service.kind[side.other]
        return any(True for _ in self.service.settable(other, without=side.back))

    def node_id(self, kind: str) -> Any:
        """An id of the type, and seldom another."""
        part = self.chance.random()
        known = list(self.world.of[kind])
        if known and part < 0.97:
            return self.chance.choice(known)
        return self.chance.choice((UNKNOWN, *list(self.world.nodes)[-5:], "a b", "", "c" * 26))
