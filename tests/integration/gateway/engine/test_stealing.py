"""The table of G 6.6: who may take whose partner, in all nine kinds of relation and every form of connecting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product

import pytest

from tests.integration.gateway.engine.conftest import Open
from tests.support.answering import Client
from tests.support.schemas import model

ONE, OPTIONAL, MANY = "!", "?", "*"
SHAPES = {ONE: "{}!", OPTIONAL: "{}", MANY: "[{}!]!"}
WORDS = {ONE: "Must", OPTIONAL: "May", MANY: "Many"}
REFUSED = 3032

Edges = frozenset[tuple[str, str]]
"""Parent and child by name."""


@dataclass(frozen=True)
class Kind:
    """A relation: what a parent `p` has of children, what a child `c` has of parents, and `t` to create both below."""

    p: str
    c: str
    child_first: bool = False
    """The schema names the child first: edges may be kept on another side."""

    @property
    def name(self) -> str:
        return f"{WORDS[self.p]}{WORDS[self.c]}{'Turned' if self.child_first else 'Pair'}"

    @property
    def sdl(self) -> str:
        name = self.name
        child, parent = SHAPES[self.p].format(f"C{name}"), SHAPES[self.c].format(f"P{name}")
        types = [
            f"""type P{name} @model {{ id: ID! @isUnique name: String! child: {child} @relation(name: "R{name}")
              top: T{name} @relation(name: "Top{name}") }}""",
            f'type C{name} @model {{ id: ID! @isUnique name: String! parent: {parent} @relation(name: "R{name}") }}',
            f'type T{name} @model {{ id: ID! @isUnique ps: [P{name}!]! @relation(name: "Top{name}") }}',
        ]
        return "\n".join(reversed(types) if self.child_first else types)

    def by_id(self, *ids: str) -> str:
        """The argument that connects children of a parent."""
        quoted = [f'"{one}"' for one in ids]
        return f"childIds: [{', '.join(quoted)}]" if self.p == MANY else f"childId: {quoted[0] if ids else 'null'}"

    def below(self, name: str) -> str:
        """The argument that creates a child below a parent."""
        return f'child: [{{ name: "{name}" }}]' if self.p == MANY else f'child: {{ name: "{name}" }}'

    def taken(self, edges: Edges, child: str, by: str) -> Edges | None:
        """What is left when a parent gets a child; None when the former parent may not lose it."""
        owners = {p for p, c in edges if c == child and p != by}
        if self.c == MANY or not owners:
            return edges
        return None if self.p == ONE else edges - {(p, child) for p in owners}

    def dropped(self, edges: Edges, parent: str, keep: frozenset[str]) -> Edges | None:
        """What is left when a parent lets go of all children but some; None when one of them may not lose it."""
        gone = {(p, c) for p, c in edges if p == parent and c not in keep}
        return None if gone and self.c == ONE else edges - gone


KINDS = [Kind(p, c, turned) for p, c in product((ONE, OPTIONAL, MANY), repeat=2) for turned in (False, True)]
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
async def client(environments: Open) -> Client:
    return await environments(model("\n".join(kind.sdl for kind in KINDS)))


@dataclass
class Scene:
    """Parents `p0`, `p1` with a child each, `c0` and `c1`."""

    client: Client
    kind: Kind
    ids: dict[str, str]
    edges: Edges

    async def tries(self, mutation: str, then: Edges | None) -> None:
        """A mutation leaves these edges, or is refused and leaves everything as it was."""
        body = await self.client.ask(f"mutation {{ {mutation} }}")
        if then is None:
            assert [error["code"] for error in body["errors"]] == [REFUSED], mutation
        else:
            assert "errors" not in body, (mutation, body)
            self.edges = then
        assert await self.seen() == self.edges, mutation

    async def seen(self) -> Edges:
        """Who is whose partner; both sides must agree."""
        name = self.kind.name
        found = await self.client.data(
            f"{{ p: allP{name}s {{ name child {{ name }} }} c: allC{name}s {{ name parent {{ name }} }} }}"
        )
        down = {(one["name"], c["name"]) for one in found["p"] for c in _listed(one["child"])}
        assert down == {(p["name"], one["name"]) for one in found["c"] for p in _listed(one["parent"])}
        return frozenset(down)


def _listed(value: object) -> list[dict[str, str]]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


@pytest.fixture
async def scene(client: Client, kind: Kind) -> AsyncIterator[Scene]:
    undone = client.connection.transaction()
    await undone.start()
    ids: dict[str, str] = {}
    for number in (0, 1):
        first = f'name: "p{number}", {kind.below(f"c{number}")}'
        text = f"mutation {{ made: createP{kind.name}({first}) {{ id child {{ id }} }} }}"
        made = (await client.data(text))["made"]
        ids[f"p{number}"] = made["id"]
        ids[f"c{number}"] = _listed(made["child"])[0]["id"]
    yield Scene(client, kind, ids, frozenset({("p0", "c0"), ("p1", "c1")}))
    await undone.rollback()


def with_edge(edges: Edges | None, parent: str, child: str) -> Edges | None:
    return None if edges is None else edges | {(parent, child)}


@EVERY
async def test_a_new_parent_takes_a_child_by_id(scene: Scene, kind: Kind) -> None:
    then = with_edge(kind.taken(scene.edges, "c0", "p2"), "p2", "c0")
    await scene.tries(f'createP{kind.name}(name: "p2", {kind.by_id(scene.ids["c0"])}) {{ id }}', then)


@EVERY
async def test_a_new_parent_deep_below_takes_a_child_by_id(scene: Scene, kind: Kind) -> None:
    then = with_edge(kind.taken(scene.edges, "c0", "p2"), "p2", "c0")
    below = f'ps: [{{ name: "p2", {kind.by_id(scene.ids["c0"])} }}]'
    await scene.tries(f"createT{kind.name}({below}) {{ id }}", then)
    if then is not None:
        top = (await scene.client.data(f"mutation {{ createT{kind.name} {{ id }} }}"))[f"createT{kind.name}"]["id"]
        below = below.replace("p2", "p3")
        again = with_edge(kind.taken(scene.edges, "c0", "p3"), "p3", "c0")
        await scene.tries(f'updateT{kind.name}(id: "{top}", {below}) {{ id }}', again)


@EVERY
async def test_of_two_new_parents_the_later_gets_the_child_if_the_earlier_may_lose_it(scene: Scene, kind: Kind) -> None:
    first = with_edge(kind.taken(scene.edges, "c0", "p2"), "p2", "c0")
    then = None if first is None else with_edge(kind.taken(first, "c0", "p3"), "p3", "c0")
    child = kind.by_id(scene.ids["c0"])
    await scene.tries(f'createT{kind.name}(ps: [{{ name: "p2", {child} }}, {{ name: "p3", {child} }}]) {{ id }}', then)


@EVERY
async def test_a_parent_takes_a_child_by_id_and_lets_go_of_its_own(scene: Scene, kind: Kind) -> None:
    left = kind.dropped(scene.edges, "p1", frozenset({"c0"}))
    then = None if left is None else with_edge(kind.taken(left, "c0", "p1"), "p1", "c0")
    await scene.tries(f'updateP{kind.name}(id: "{scene.ids["p1"]}", {kind.by_id(scene.ids["c0"])}) {{ id }}', then)


@EVERY
async def test_connecting_what_is_connected_changes_nothing(scene: Scene, kind: Kind) -> None:
    for _ in range(2):
        child = kind.by_id(scene.ids["c1"])
        await scene.tries(f'updateP{kind.name}(id: "{scene.ids["p1"]}", {child}) {{ id }}', scene.edges)


@EVERY
async def test_a_parent_lets_go_of_its_children(scene: Scene, kind: Kind) -> None:
    then = None if kind.p == ONE else kind.dropped(scene.edges, "p1", frozenset())
    for nothing in (kind.by_id(), "child: null"):
        await scene.tries(f'updateP{kind.name}(id: "{scene.ids["p1"]}", {nothing}) {{ id }}', then)


@EVERY
async def test_a_child_created_below_replaces_those_that_were_there(scene: Scene, kind: Kind) -> None:
    then = with_edge(kind.dropped(scene.edges, "p1", frozenset()), "p1", "c2")
    await scene.tries(f'updateP{kind.name}(id: "{scene.ids["p1"]}", {kind.below("c2")}) {{ id }}', then)


@EVERY
async def test_ids_and_new_children_together(scene: Scene, kind: Kind) -> None:
    """Several are all connected; of one, the new child is taken and the id only has to be somebody's."""
    both = f"{kind.by_id(scene.ids['c0'])}, {kind.below('c2')}"
    left: Edges | None = scene.edges if kind.p != MANY else kind.taken(scene.edges, "c0", "p2")
    then = with_edge(left, "p2", "c2")
    if kind.p == MANY:
        then = with_edge(then, "p2", "c0")
    await scene.tries(f'createP{kind.name}(name: "p2", {both}) {{ id }}', then)
    keep = frozenset({"c0"}) if kind.p == MANY else frozenset()
    left = kind.dropped(scene.edges, "p1", keep)
    if kind.p == MANY and left is not None:
        left = with_edge(kind.taken(left, "c0", "p1"), "p1", "c0")
    both = both.replace("c2", "c3")
    await scene.tries(f'updateP{kind.name}(id: "{scene.ids["p1"]}", {both}) {{ id }}', with_edge(left, "p1", "c3"))


@EVERY
async def test_children_and_parents_are_created_together_to_any_depth(scene: Scene, kind: Kind) -> None:
    pairs = [("p2", "c2"), ("p3", "c3")]
    below = ", ".join([f'{{ name: "{p}", {kind.below(c)} }}' for p, c in pairs])
    await scene.tries(f"createT{kind.name}(ps: [{below}]) {{ id }}", scene.edges | frozenset(pairs))


@EVERY
async def test_a_required_partner_that_is_left_out_is_missed(scene: Scene, kind: Kind) -> None:
    then = None if kind.p == ONE else scene.edges
    await scene.tries(f'createP{kind.name}(name: "p2") {{ id }}', then)
    await scene.tries(f'createT{kind.name}(ps: [{{ name: "p3" }}]) {{ id }}', then)


@EVERY
async def test_the_mutation_of_the_relation_makes_one_edge(scene: Scene, kind: Kind) -> None:
    left: Edges | None = scene.edges
    if kind.p != MANY:
        left = kind.dropped(scene.edges, "p1", frozenset({"c0"}))
    then = None if left is None else with_edge(kind.taken(left, "c0", "p1"), "p1", "c0")
    verb = "addTo" if MANY in (kind.p, kind.c) else "set"
    both = f'(childC{kind.name}Id: "{scene.ids["c0"]}", parentP{kind.name}Id: "{scene.ids["p1"]}")'
    answer = f"{{ parentP{kind.name} {{ name }} childC{kind.name} {{ name }} }}"
    for _ in range(2):
        await scene.tries(f"{verb}R{kind.name}{both} {answer}", then)


@EVERY
async def test_the_mutation_of_the_relation_parts_two_nodes(scene: Scene, kind: Kind) -> None:
    verb = "removeFrom" if MANY in (kind.p, kind.c) else "unset"
    field = f"{verb}R{kind.name}"
    if ONE in (kind.p, kind.c):
        assert field not in scene.client.engine.prepared.generated.mutations
        return
    for parent, child in (("p0", "c1"), ("p1", "c1"), ("p1", "c1")):
        both = f'(childC{kind.name}Id: "{scene.ids[child]}", parentP{kind.name}Id: "{scene.ids[parent]}")'
        await scene.tries(f"{field}{both} {{ parentP{kind.name} {{ id }} }}", scene.edges - {(parent, child)})


@EVERY
async def test_one_branch_of_update_or_create_connects(scene: Scene, kind: Kind) -> None:
    left = kind.dropped(scene.edges, "p1", frozenset({"c0"}))
    then = None if left is None else with_edge(kind.taken(left, "c0", "p1"), "p1", "c0")
    child = kind.by_id(scene.ids["c0"])
    known = f'update: {{ id: "{scene.ids["p1"]}", {child} }}, create: {{ name: "x", {kind.below("x")} }}'
    await scene.tries(f"updateOrCreateP{kind.name}({known}) {{ id }}", then)
    then = with_edge(kind.taken(scene.edges, "c1", "p2"), "p2", "c1")
    child = kind.by_id(scene.ids["c1"])
    unknown = f'update: {{ id: "nobody", {kind.by_id("nobody")} }}, create: {{ name: "p2", {child} }}'
    await scene.tries(f"updateOrCreateP{kind.name}({unknown}) {{ id }}", then)


@EVERY
async def test_a_parent_goes_unless_a_child_requires_it(scene: Scene, kind: Kind) -> None:
    then = kind.dropped(scene.edges, "p1", frozenset())
    await scene.tries(f'deleteP{kind.name}(id: "{scene.ids["p1"]}") {{ id }}', then)
