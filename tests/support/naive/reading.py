"""What reads mean: filters, orders, pages and selections over nodes in memory (G 5)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.support.naive.asked import Pick, arguments, walked
from tests.support.naive.memory import Node, World
from tests.support.naive.schema import Kind, Scalar, Side
from tests.support.naive.values import comparable, ordered

NODES_MAX: Final = 1000
Truth = bool | None
"""SQL's: None is unknown."""


@dataclass(frozen=True)
class Fault:
    """A way to fail; a message of None is one that the rules leave open."""

    code: int
    message: str | None = None
    part: str | None = None
    """What the message must contain."""

    def is_told(self, code: Any, message: str) -> bool:
        """Whether an error of an answer tells this fault."""
        return code == self.code and self.message in (None, message) and (self.part or "") in message


# --- what is refused before anything is read ------------------------------------------------------------------------


def objections(world: World, root: Pick) -> list[Fault]:
    """Everything in the arguments of a selection that is refused, whatever is stored (G 5.3, 5.5)."""
    found: list[Fault] = []
    for pick in walked(root):
        given = arguments(pick)
        if not pick.name.endswith("Meta"):
            found += _page_faults(given)
        if isinstance(given.get("filter"), dict) and pick.kind is not None:
            found += _filter_faults(world, world.service.kind[pick.kind], given["filter"])
    return found


def _page_faults(given: Mapping[str, Any]) -> Iterator[Fault]:
    first, last, skip = given.get("first"), given.get("last"), given.get("skip")
    if first is not None and last is not None:
        yield Fault(3014)
    for number, code in ((first, 3026), (last, 3027), (skip, 3028)):
        if number is not None and number < 0:
            yield Fault(code)
    for number in (first, last):
        if number is not None and number > NODES_MAX:
            yield Fault(2041, f"You requested {number} nodes. We will only return up to 1000 nodes per query.")


def _filter_faults(world: World, kind: Kind, given: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        if name in ("AND", "OR"):
            for one in value or ():
                yield from _filter_faults(world, kind, one)
            continue
        field, test = kind.tests[name]
        if isinstance(field, Side):
            if value is None and test:
                yield Fault(3033)
            elif value is not None:
                yield from _filter_faults(world, world.service.kind[field.other], value)


# --- filters --------------------------------------------------------------------------------------------------------


def truth(world: World, kind: Kind, given: Mapping[str, Any], node: Node) -> Truth:
    """What a filter says of a node."""
    parts: list[Truth] = []
    for name, value in given.items():
        if name in ("AND", "OR"):
            inner = [truth(world, kind, one, node) for one in value or () if not _says_nothing(one)]
            if inner:
                parts.append(_all(inner) if name == "AND" else _any(inner))
            continue
        field, test = kind.tests[name]
        if isinstance(field, Side):
            parts.append(_related(world, field, test, value, node))
        else:
            parts.append(_tested(field, test, value, node.values[field.name]))
    return _all(parts)


def _says_nothing(given: Mapping[str, Any]) -> bool:
    return all(
        name in ("AND", "OR") and all(_says_nothing(one) for one in value or ()) for name, value in given.items()
    )


def _related(world: World, side: Side, test: str, value: Any, node: Node) -> bool:
    partners = [world.nodes[one] for one in world.partners(side, node.id)]
    if value is None:
        return not partners
    kind = world.service.kind[side.other]
    said = [truth(world, kind, value, one) for one in partners]
    if test == "every":
        return not any(one is False for one in said)
    return (True not in said) if test == "none" else (True in said)


def _tested(field: Scalar, test: str, value: Any, stored: Any) -> Truth:
    if value is None:
        return {"": stored is None, "not": stored is not None}.get(test)
    if test in ("in", "not_in") and not value:
        return test == "not_in"
    if stored is None:
        return None
    mine = comparable(field.type, stored)
    other = [comparable(field.type, one) for one in value] if isinstance(value, list) else comparable(field.type, value)
    return HOLDS[test.removeprefix("not_")](mine, other) != test.startswith("not_")


HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "": operator.eq,
    "not": operator.ne,
    "in": lambda mine, others: mine in others,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": lambda mine, part: part in mine,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def _all(parts: Sequence[Truth]) -> Truth:
    return False if False in parts else None if None in parts else True


def _any(parts: Sequence[Truth]) -> Truth:
    return True if True in parts else None if None in parts else False


# --- lists ----------------------------------------------------------------------------------------------------------


def matching(world: World, kind: Kind, nodes: Iterable[Node], given: Mapping[str, Any]) -> list[Node]:
    """The nodes that the filter of these arguments lets through."""
    wanted = given.get("filter")
    return [one for one in nodes if wanted is None or truth(world, kind, wanted, one) is True]


def listed(world: World, kind: Kind, nodes: Iterable[Node], given: Mapping[str, Any]) -> list[Node]:
    """The list that these arguments describe, of the nodes that could be in it."""
    name, _, direction = (given.get("orderBy") or "id_ASC").rpartition("_")
    field, descending = kind.scalar[name], direction == "DESC"

    def worth(node: Node) -> tuple[bool, Any]:
        value = node.values[name]
        return (False, 0) if value is None else (True, ordered(field.type, value))

    def follows(node: Node, mark: Node) -> bool:
        a, b = worth(node), worth(mark)
        if a == b:
            return node.id > mark.id
        return a < b if descending else a > b

    found = matching(world, kind, nodes, given)
    for cursor in ("after", "before"):
        if given.get(cursor) is not None:
            mark = world.of[kind.name].get(given[cursor])
            if mark is None:
                return []
            found = [one for one in found if (follows(one, mark) if cursor == "after" else follows(mark, one))]
    found.sort(key=lambda node: node.id)
    found.sort(key=worth, reverse=descending)  # stable, also in reverse: ties stay oldest first
    skip, first, last = given.get("skip") or 0, given.get("first"), given.get("last")
    if last is not None:
        end = max(0, len(found) - skip)
        return found[max(0, end - last) : end]
    return found[skip:][: NODES_MAX if first is None else first]


# --- selections -----------------------------------------------------------------------------------------------------


def shown(world: World, node: Node, picks: Sequence[Pick]) -> dict[str, Any]:
    """A node as its selection shows it."""
    return {pick.key: _shown(world, node, pick) for pick in picks if pick.on in (None, node.kind)}


def _shown(world: World, node: Node, pick: Pick) -> Any:
    kind = world.service.kind[node.kind]
    if pick.name == "__typename":
        return node.kind
    if pick.name in kind.scalar:
        return node.values[pick.name]
    meta = pick.name not in kind.side
    side = kind.side[pick.name.removeprefix("_").removesuffix("Meta") if meta else pick.name]
    other = world.service.kind[side.other]
    partners = [world.nodes[one] for one in world.partners(side, node.id)]
    given = arguments(pick)
    if meta:
        return counted(len(matching(world, other, partners, given)), pick)
    if side.many:
        return [shown(world, one, pick.picks) for one in listed(world, other, partners, given)]
    found = matching(world, other, partners, given)
    return shown(world, found[0], pick.picks) if found else None


def counted(count: int, pick: Pick) -> dict[str, Any]:
    """The answer of a meta field."""
    return {one.key: "_QueryMeta" if one.name == "__typename" else count for one in pick.picks}


def root(world: World, pick: Pick) -> tuple[Any, list[Fault]]:
    """What a root field of a query answers, or the ways in which it fails."""
    faults = objections(world, pick)
    given = arguments(pick)
    if pick.name == "node":
        node = world.nodes.get(given["id"])
        return (None if node is None else shown(world, node, pick.picks)), faults
    assert pick.kind is not None
    kind = world.service.kind[pick.kind]
    if pick.name == kind.name:
        chosen = next((name for name in kind.selectors if given.get(name) is not None), None)
        if chosen is None:
            return None, [*faults, Fault(3000, _NONE_GIVEN.format(", ".join(kind.selectors)))]
        test = {chosen: given[chosen]}
        found = [one for one in world.of[kind.name].values() if truth(world, kind, test, one)]
        return (shown(world, found[0], pick.picks) if found else None), faults
    if faults:
        return None, faults
    nodes = world.of[kind.name].values()
    if pick.name.endswith("Meta"):
        return counted(len(matching(world, kind, nodes, given)), pick), []
    return [shown(world, one, pick.picks) for one in listed(world, kind, nodes, given)], []


_NONE_GIVEN: Final = "None of the following arguments provided: List({})"
