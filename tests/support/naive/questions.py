"""Random reads: every root field, filter, order and page, to a depth of four lists."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.support.naive.asked import OMITTED, Arguments, Given, Operation, Pick, Word
from tests.support.naive.contents import WRONG, as_given, one, wrong
from tests.support.naive.memory import World
from tests.support.naive.schema import Kind, Scalar, Side
from tests.support.naive.tally import RELATED, Cell, Tally

UNKNOWN: Final = "czzzzzzzzzzzzzzzzzzzzzzzz"
DEEP: Final = 2
_PARTS: Final = ("contains", "starts_with", "ends_with")


class Questions:
    """Reads about what a world holds."""

    def __init__(self, world: World, chance: Random, tally: Tally) -> None:
        self.world = world
        self.service = world.service
        self.chance = chance
        self.tally = tally
        self.keys = 0

    def query(self) -> Operation:
        """One to three root fields."""
        roots = [self.root() for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        return Operation("query", tuple(roots))

    def root(self) -> Pick:
        kind = self.chance.choice(self.service.kinds)
        nodes = self.world.of[kind.name]
        part = self.chance.random()
        if part < 0.62 or not nodes:
            return self.list_of(kind, f"all{kind.plural}", 1, self.chance.choice((0, 1, 1, 3, 3)))
        if part < 0.68:
            return self.meta(kind, f"_all{kind.plural}Meta", 1)
        node = self.chance.choice(list(nodes))
        if part < 0.75:
            wanted = Given(self.chance.choice((node, node, node, UNKNOWN, "a b")), "ID!")
            return Pick(self.key(), "node", {"id": wanted}, self.any_node(kind))
        return Pick(
            self.key(),
            kind.name,
            self.selectors(kind, node),
            self.picks(kind, 1, self.chance.choice((1, 3, 3))),
            None,
            kind.name,
        )

    def any_node(self, kind: Kind) -> tuple[Pick, ...]:
        other = self.chance.choice(self.service.kinds)
        picks = [Pick(self.key(), "id"), Pick(self.key(), "__typename")]
        for each in {kind.name: kind, other.name: other}.values():
            picks += [
                Pick(self.key(), pick.name, pick.arguments, pick.picks, each.name, pick.kind)
                for pick in self.picks(each, 1, 2)
            ]
        return tuple(picks)

    def selectors(self, kind: Kind, node: str) -> Arguments:
        given: Arguments = {}
        for name in self.chance.sample(kind.selectors, self.chance.choice((1, 1, 1, len(kind.selectors)))):
            field = kind.scalar[name]
            value = self.world.nodes[node].values[name]
            if value is None or self.chance.random() < 0.1:
                value = self.chance.choice((None, OMITTED))
            elif name == "id" and self.chance.random() < 0.1:
                value = UNKNOWN
            else:
                value = self.varied(field, value)
            given[name] = Given(value, field.type)
        return given

    # --- selections

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def picks(self, kind: Kind, depth: int, levels: int) -> tuple[Pick, ...]:
        """Some scalars, and relations as deep as there are levels left."""
        chance = self.chance
        scalars = chance.sample(kind.scalars, min(len(kind.scalars), chance.randint(1, 3)))
        found = [Pick(one.name, one.name) for one in scalars]
        if chance.random() < 0.05:
            found.append(Pick(self.key(), "__typename"))
        if levels and kind.sides:
            lists = [side for side in kind.sides if side.many]
            among = lists if lists and chance.random() < 0.7 else kind.sides
            sides = chance.sample(among, min(len(among), chance.choice((1, 1, 1, 2))))
            found += [self.related(side, depth, levels) for side in sides]
        chance.shuffle(found)
        return tuple(found)

    def related(self, side: Side, depth: int, levels: int) -> Pick:
        other = self.service.kind[side.other]
        if not side.many:
            given = {"filter": self.filter(other, 1)} if not side.required and self.chance.random() < 0.4 else {}
            return Pick(self.key(), side.name, given, self.picks(other, depth + 1, levels - 1), None, other.name)
        if self.chance.random() < 0.1:
            return self.meta(other, f"_{side.name}Meta", depth + 1)
        return self.list_of(other, side.name, depth + 1, levels - 1)

    def list_of(self, kind: Kind, name: str, depth: int, levels: int) -> Pick:
        given = self.page(kind, depth, small=levels > 1)
        return Pick(self.key(), name, given, self.picks(kind, depth, levels), None, kind.name)

    def meta(self, kind: Kind, name: str, depth: int) -> Pick:
        given = self.page(kind, depth, small=False, faulty=False)
        return Pick(self.key(), name, given, (Pick("count", "count"),), None, kind.name)

    # --- arguments of lists

    def page(self, kind: Kind, depth: int, *, small: bool, faulty: bool = True) -> Arguments:
        """Filter, order and page of a list, of a kind that was asked seldom."""
        chance = self.chance
        tests = sorted({_test(*each) for each in kind.tests.values()})
        cell = self.tally.seldom(chance, tests, depth)
        given: Arguments = {}
        if chance.random() < 0.92:
            given["filter"] = self.filter(kind, 2, cell)
            if chance.random() < (0.8 if depth > DEEP else 0.4):
                given["filter"] = self.either(kind, given["filter"], self.tally.seldom(chance, tests, depth, like=cell))
        if cell.order != "default":
            field = chance.choice([one for one in kind.scalars if not one.many and one.type != "Json"])
            direction = "ASC" if cell.order == "ascending" else "DESC"
            given["orderBy"] = Given(Word(f"{field.name}_{direction}"), f"{kind.name}OrderBy")
        elif chance.random() < 0.1:
            given["orderBy"] = Given(chance.choice((None, OMITTED)), f"{kind.name}OrderBy")
        if cell.cursor:
            for cursor in chance.choice((("after",), ("before",), ("after", "before"))):
                given[cursor] = Given(self.cursor(kind), "String")
        # What could return too many nodes is refused before it is run.
        sizes = (1, 2, 3, 5) if small else (0, 1, 2, 3, 5, 10, 1000 if depth == 1 else 30)
        cut = chance.choice(("first", "last") if small else ("first", "last", "none"))
        if cut != "none":
            given[cut] = Given(chance.choice(sizes if small else (*sizes, *sizes, None, OMITTED)), "Int")
        if chance.random() < 0.25:
            given["skip"] = Given(chance.choice((0, 0, 1, 1, 2, 100, None, OMITTED)), "Int")
        if faulty and chance.random() < 0.008:
            given |= self.fault(kind)
        return given

    def cursor(self, kind: Kind) -> Any:
        nodes = list(self.world.of[kind.name])
        part = self.chance.random()
        if nodes and part < 0.93:
            return self.chance.choice(nodes)
        return self.chance.choice((UNKNOWN, *list(self.world.nodes)[:5], "a b", ""))

    def fault(self, kind: Kind) -> Arguments:
        """Something to be refused."""
        number = self.chance.choice((-1, 1001, -2_147_483_648, 2_147_483_647))
        many = [side for side in kind.sides if side.many]
        faults: list[Arguments] = [
            {"first": Given(number, "Int")},
            {"last": Given(number, "Int")},
            {"skip": Given(-1, "Int")},
            {"first": Given(1, "Int"), "last": Given(0, "Int")},
            {"first": Given(wrong(self.chance, "Int"), "Int")},
            {"orderBy": Given(wrong(self.chance, "enum"), f"{kind.name}OrderBy")},
        ]
        if many:
            side = self.chance.choice(many)
            test = f"{side.name}_{self.chance.choice(RELATED[1:])}"
            said = Given({test: Given(None, f"{side.other}Filter")}, f"{kind.name}Filter")
            faults += [{"filter": said}] * 2
        return self.chance.choice(faults)

    # --- filters

    def filter(self, kind: Kind, depth: int, cell: Cell | None = None) -> Given:
        """A filter, with a test of the wanted kind in it."""
        chance, kind_of = self.chance, f"{kind.name}Filter"
        if cell is None and chance.random() < 0.08:
            return Given(chance.choice((None, OMITTED, {}, {})), kind_of)
        members: Arguments = {}
        names = list(kind.tests)
        if cell is not None:
            wanted = [name for name, (field, test) in kind.tests.items() if cell.test == _test(field, test)]
            name = chance.choice(wanted)
            members[name] = self.tested(kind, name, depth, null=cell.null)
            if cell.null and cell.test not in ("", "not", "one") and chance.random() < 0.8:
                return self.beside(kind, name, members)
        for _ in range(chance.choice((0, 0, 1)) + (cell is None)):
            name = chance.choice(names)
            members[name] = self.tested(kind, name, depth, null=chance.random() < 0.1)
        if depth and chance.random() < 0.35:
            return self.combined(kind, depth, members)
        return Given(members, kind_of)

    def either(self, kind: Kind, one: Given, cell: Cell) -> Given:
        """Two filters at once, more often where lists are few."""
        items = [replace(each, type=f"{one.type}!") for each in (one, self.filter(kind, 1, cell))]
        return Given({self.chance.choice(("AND", "OR", "OR")): Given(items, f"[{one.type}!]")}, one.type)

    def beside(self, kind: Kind, name: str, members: Arguments) -> Given:
        """What compares with null matches nothing, so something else is offered beside it."""
        other = self.chance.choice([each for each in kind.tests if each != name])
        offered = {other: self.tested(kind, other, 1, null=False)}
        items = [Given(each, f"{kind.name}Filter!") for each in (members, offered)]
        return Given({"OR": Given(items, f"[{kind.name}Filter!]")}, f"{kind.name}Filter")

    def combined(self, kind: Kind, depth: int, members: Arguments) -> Given:
        """AND and OR around and beside what there is."""
        chance, kind_of = self.chance, f"{kind.name}Filter"
        items = [self.filter(kind, depth - 1) for _ in range(chance.choice((0, 1, 1, 2)))]
        items = [Given(one.value if isinstance(one.value, dict) else {}, f"{kind_of}!") for one in items]
        word = chance.choice(("AND", "OR"))
        if chance.random() < 0.6:
            items.insert(chance.randint(0, len(items)), Given(members, f"{kind_of}!"))
            members = {}
        members[word] = Given(items, f"[{kind_of}!]")
        if chance.random() < 0.1:
            members["OR" if word == "AND" else "AND"] = Given(chance.choice(([], None, OMITTED)), f"[{kind_of}!]")
        return Given(members, kind_of)

    def tested(self, kind: Kind, name: str, depth: int, *, null: bool) -> Given:
        field, test = kind.tests[name]
        if isinstance(field, Side):
            other = self.service.kind[field.other]
            if null and not field.many:
                return Given(None, f"{other.name}Filter")
            inner = self.filter(other, depth - 1) if depth > 0 and self.chance.random() < 0.85 else Given({}, "")
            return Given(inner.value if isinstance(inner.value, dict) else {}, f"{other.name}Filter")
        many = test in ("in", "not_in")
        kind_of = f"[{field.type}!]" if many else field.type
        if null:
            return Given(None, kind_of)
        if self.chance.random() < 0.03:
            return Given(OMITTED, kind_of)
        if self.chance.random() < 0.003:
            return Given(wrong(self.chance, field.type), kind_of)
        if many:
            size = self.chance.choice((0, 1, 1, 2, 3))
            return Given([Given(self.wanted(kind, field, test), f"{field.type}!") for _ in range(size)], kind_of)
        return Given(self.wanted(kind, field, test), kind_of)

    def wanted(self, kind: Kind, field: Scalar, test: str) -> Any:
        """A value to compare with, near one that is stored."""
        stored = [node.values[field.name] for node in self.world.of[kind.name].values()]
        stored = [value for value in stored if value is not None]
        if not stored or (field.type != "ID" and self.chance.random() < 0.15):
            return UNKNOWN if field.type == "ID" else one(self.chance, field.type)
        value = self.chance.choice(stored)
        if test.removeprefix("not_") in _PARTS:
            start, end = sorted((self.chance.randint(0, len(value)), self.chance.randint(0, len(value))))
            cuts = {"starts_with": value[:end], "ends_with": value[start:]}
            value = cuts.get(test.removeprefix("not_"), value[start : max(end, start + 1)])
        return self.varied(field, value)

    def varied(self, field: Scalar, value: Any) -> Any:
        """The same value, perhaps in another case."""
        if field.type == "String":
            return self.chance.choice((value, value, value.swapcase(), value.upper()))
        return value if field.type in ("ID", *WRONG) and field.type != "Json" else as_given(field.type, value)


def _test(field: Scalar | Side, test: str) -> str:
    return test or ("one" if isinstance(field, Side) else "")
