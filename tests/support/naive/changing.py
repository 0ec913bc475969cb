"""What a mutation does to nodes in memory, in one piece or not at all (G 6)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.support.naive.memory import Node, World
from tests.support.naive.reading import Fault
from tests.support.naive.schema import ABSENT, Kind, Scalar, Side
from tests.support.naive.values import identity, stored, too_long

_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_-]{1,25}")


class NewIds:
    """The ids of new nodes: those that are given, by type and in order, and then ones that stand for themselves."""

    def __init__(self, given: Mapping[str, Sequence[str]] | None = None) -> None:
        self.given = given or {}
        self.taken: Counter[str] = Counter()

    def copy(self) -> NewIds:
        other = NewIds(self.given)
        other.taken = Counter(self.taken)
        return other

    def take(self, kind: str) -> str:
        number = self.taken[kind]
        self.taken[kind] += 1
        known = self.given.get(kind, ())
        # A letter that comes after every id of the product: a new node is younger than all others.
        return known[number] if number < len(known) else f"~{kind}{number:06}"


class Change:
    """One root mutation at work on a world of its own. What is wrong is collected, so that any of it may be told."""

    def __init__(self, world: World, ids: NewIds, now: str) -> None:
        self.world = world
        self.service = world.service
        self.ids = ids
        self.now = now
        self.faults: list[Fault] = []
        self.open: list[str] = []
        """Why the rules do not say what becomes of this."""
        self._made: set[tuple[str, str, str]] = set()
        self._bereft: list[tuple[Side, str]] = []
        """Nodes that may now lack a partner that they need."""
        self._given_up: list[tuple[Side, str]] = []
        """Nodes that must not lose their partner, even if they find another."""
        self._moved: dict[tuple[tuple[str, str], str], tuple[tuple[str, str], str]] = {}
        """To-one ends that lost a partner, and the field of a node whose argument did it."""
        self._unique: list[tuple[str, str]] = []
        """Node and field of every value that must be unique."""

    # --- nodes

    def create(self, kind: Kind, given: Mapping[str, Any], below: tuple[Side, str] | None = None) -> str:
        """A new node with all that is created below it, connected to the one it stands below."""
        node = Node(self.ids.take(kind.name), kind.name, self._new_values(kind, given))
        node.values["id"] = node.id
        self.world.put(node)
        self._unique += [(node.id, field.name) for field in kind.writable if field.unique]
        self._bereft += [(side, node.id) for side in kind.sides]
        if below is not None:
            self.link(below[0], below[1], node.id)
        self._relate(kind, node.id, given, updating=False)
        return node.id

    def _new_values(self, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"createdAt": self.now, "updatedAt": self.now}
        for field in kind.writable:
            default = None if field.default is ABSENT else field.default
            value = given.get(field.name, default)
            if value is None and field.required:
                message = f"The input value null was not valid for field {field.name} of type {kind.name}."
                self.faults.append(Fault(3036, message))
            self._check_length(field, value)
            values[field.name] = stored(field, value)
        return values

    def _check_length(self, field: Scalar, value: Any) -> None:
        if too_long(field, value):
            self.faults.append(Fault(3007, f"Value for field {field.name} is too long."))

    def update(self, kind: Kind, given: Mapping[str, Any]) -> str | None:
        """The id of the node, if there is one with the id that is given."""
        node = self.world.of[kind.name].get(given["id"])
        if node is None:
            self.faults.append(unknown(kind, given["id"]))
        values: dict[str, Any] = {}
        for field in kind.writable:
            if field.name in given:
                if given[field.name] is None and field.required:
                    self.faults.append(Fault(3020))
                self._check_length(field, given[field.name])
                values[field.name] = stored(field, given[field.name])
        if node is None:
            self._doubt(kind, given)
            return None
        if any(value != node.values[name] for name, value in values.items()):
            self.world.put(node.changed({**values, "updatedAt": self.now}))
        self._unique += [(node.id, name) for name in values if kind.scalar[name].unique]
        self._relate(kind, node.id, given, updating=True)
        return node.id

    def _doubt(self, kind: Kind, given: Mapping[str, Any], *, new: bool = False, without: str | None = None) -> None:
        """What else is wrong with a change of a node that is not there: any of it may be told first."""
        for side in kind.sides:
            by_id = f"{side.name}Id{'s' if side.many else ''}"
            ids, nested = (given.get(name) or [] for name in (by_id, side.name))
            said = new or by_id in given or side.name in given
            if side.required and said and not ids and not nested and side.name != without:
                self.faults.append(bereft(side))
            for one in [ids] if isinstance(ids, str) else ids:
                if one not in self.world.of[side.other]:
                    self.faults.append(Fault(3011, part=one))
            for one in [nested] if isinstance(nested, dict) else nested:
                other = self.service.kind[side.other]
                self._new_values(other, one)
                self._doubt(other, one, new=True, without=side.back)

    def update_or_create(self, kind: Kind, given: Mapping[str, Any]) -> str | None:
        """Whichever the id of the update decides."""
        wanted = given["update"]["id"]
        if wanted in self.world.of[kind.name]:
            return self.update(kind, given["update"])
        if not _WELL_FORMED.fullmatch(wanted):
            self.faults.append(Fault(3001))
            self.faults.append(Fault(3002))
            return None
        return self.create(kind, given.get("create") or {})

    def delete(self, kind: Kind, given: Mapping[str, Any]) -> tuple[Node, list[tuple[Side, str]]] | None:
        """The node that is gone, and the partners that it could not be without."""
        node = self.world.of[kind.name].get(given["id"])
        if node is None:
            well_formed = _WELL_FORMED.fullmatch(given["id"])
            invalid = Fault(3001, f"The given id '{given['id']}' is invalid.")
            self.faults.append(unknown(kind, given["id"]) if well_formed else invalid)
            return None
        promised: list[tuple[Side, str]] = []
        for side in kind.sides:
            partners = sorted(self.world.partners(side, node.id))
            promised += [(side, one) for one in partners if side.required]
            for partner in partners:
                self.drop(side, node.id, partner)
        self.world.remove(node)
        return node, promised

    # --- edges

    def relation(self, verb: str, sides: tuple[Side, Side], nodes: tuple[str, str]) -> None:
        """set, addTo, unset, removeFrom: `nodes` are those of side A and of side B (G 6.6)."""
        connecting = verb in ("set", "addTo")
        for side, node in zip(sides, nodes, strict=True):
            if node not in self.world.of[side.owner]:
                lost = Fault(3013, f"Node with id {node} not found")
                self.faults.append(Fault(3011, part=node) if connecting else lost)
        if self.faults:
            return
        if connecting:
            self.link(sides[0], *nodes)
        elif nodes[1] in self.world.partners(sides[0], nodes[0]):
            self.drop(sides[0], *nodes)

    def _relate(self, kind: Kind, node: str, given: Mapping[str, Any], *, updating: bool) -> None:
        for many in (False, True):
            for side in kind.sides:
                if side.many != many:
                    continue
                by_id = f"{side.name}Id{'s' if many else ''}"
                ids, nested = given.get(by_id, ABSENT), given.get(side.name, ABSENT)
                if ids is not ABSENT and nested is not ABSENT and (updating or (not many and ids and nested)):
                    self.open.append(f"both {by_id} and {side.name}")
                wanted = [ids] if isinstance(ids, str) else [] if ids is ABSENT else list(ids or ())
                new = [nested] if isinstance(nested, dict) else [] if nested is ABSENT else list(nested or ())
                if updating and (ids is not ABSENT or nested is not ABSENT):
                    self._clear(side, node, keep=set(wanted), strictly=bool(new))
                for one in wanted:
                    self._connect(side, node, one)
                for one in new:
                    self.create(self.service.kind[side.other], one, (side, node))

    def _clear(self, side: Side, node: str, *, keep: set[str], strictly: bool) -> None:
        self._moved.setdefault((side.key, node), (side.key, node))
        for partner in sorted(self.world.partners(side, node) - keep):
            self.drop(side, node, partner)
            if strictly:
                self._given_up.append((self.service.back(side), partner))

    def _connect(self, side: Side, node: str, partner: str) -> None:
        if partner in self.world.of[side.other]:
            self.link(side, node, partner)
        else:
            self.faults.append(Fault(3011, part=partner))

    def link(self, side: Side, node: str, partner: str) -> None:
        """An edge; who can have one partner only leaves the one it has."""
        part = side.key, node
        self._contested(side, node, partner, part)
        if partner not in self.world.partners(side, node):
            back = self.service.back(side)
            for old in sorted(self.world.partners(side, node)) if not side.many else ():
                self.drop(side, node, old, part)
                self._given_up.append((back, old))
            for old in sorted(self.world.partners(back, partner)) if not back.many else ():
                self.drop(back, partner, old, part)
                self._given_up.append((side, old))
            self.world.join(side, node, partner)
        self._made.add(_edge(side, node, partner))

    def drop(self, side: Side, node: str, partner: str, part: tuple[tuple[str, str], str] | None = None) -> None:
        """Take an edge away, for the argument of a field of a node."""
        part = part or (side.key, node)
        self._contested(side, node, partner, part)
        if _edge(side, node, partner) in self._made:
            self.open.append(f"an edge of {side.relation} is made and taken away")
        self.world.part(side, node, partner)
        self._bereft += [(side, node), (self.service.back(side), partner)]
        self._moved[side.key, node] = self._moved[side.opposite, partner] = part

    def _contested(self, side: Side, node: str, partner: str, part: tuple[tuple[str, str], str]) -> None:
        """Two arguments that move the same partner: which of them is first, and what is looked at before, is open."""
        for end, one in ((side, node), (self.service.back(side), partner)):
            if not end.many and self._moved.get((end.key, one), part) != part:
                self.open.append(f"{end.owner}.{end.name} is moved twice")

    # --- the end

    def settle(self) -> None:
        """Look whether what stands now may stand: required partners, unique values."""
        for side, node in self._bereft:
            if side.required and node in self.world.nodes and not self.world.partners(side, node):
                self.faults.append(bereft(side))
        for side, node in self._given_up:
            if side.required and self.world.partners(side, node):
                self.open.append(f"{side.owner}.{side.name} is given up and found again")
        if not self.faults:
            # Every part is looked at before anything is written.
            self.faults += self._collisions()

    def _collisions(self) -> Iterator[Fault]:
        for node_id, name in self._unique:
            node = self.world.nodes[node_id]
            field = self.service.kind[node.kind].scalar[name]
            value = node.values[name]
            if value is not None:
                mine = identity(field.type, value)
                others = (one for one in self.world.of[node.kind].values() if one.id != node_id)
                if any(
                    one.values[name] is not None and identity(field.type, one.values[name]) == mine for one in others
                ):
                    message = f"A unique constraint would be violated on {node.kind}. Details: Field name = {name}"
                    yield Fault(3010, message)


def bereft(side: Side) -> Fault:
    must = f"The field '{side.name}' on type '{side.owner}' is required."
    return Fault(3032, f"{must} Performing this mutation would violate the constraint")


def unknown(kind: Kind, node: str) -> Fault:
    return Fault(3002, f"'{kind.name}' has no item with id '{node}'")


def _edge(side: Side, node: str, partner: str) -> tuple[str, str, str]:
    """The same for an edge from either of its ends."""
    ends = [(side.key, node), (side.opposite, partner)]
    (_, first), (_, second) = sorted(ends)
    return side.relation, first, second
