"""Setting the scene: environments of two organisations, each full of texts that occur nowhere else."""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from graphql import get_introspection_query

from common.sql import ident, sql
from contracts import names
from tests.fuzz.grammar import Grammar, Pools
from tests.fuzz.operations import Target
from tests.support.made import Person, person
from tests.support.stack import Stack

SHARED: Final = """
type Band @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  slug: String! @isUnique
  name: String!
  genre: Genre @defaultValue(value: "INDIE")
  rating: Float
  founded: DateTime
  active: Boolean! @defaultValue(value: "true")
  tags: [String!]
  tours: [DateTime!]
  genres: [Genre!]
  meta: Json
  notes: [Json!]
  albums: [Album!]! @relation(name: "BandAlbums")
  manager: Manager @relation(name: "BandManager")
  fans: [Fan!]! @relation(name: "BandFans")
  peers: [Band!]! @relation(name: "Peers")
}
type Album @model {
  id: ID! @isUnique
  title: String! @index
  number: Int @isUnique
  year: Int
  band: Band! @relation(name: "BandAlbums")
  cover: Cover @relation(name: "AlbumCover")
}
type Cover @model { id: ID! @isUnique art: String! album: Album! @relation(name: "AlbumCover") }
type Manager @model {
  id: ID! @isUnique
  name: String!
  code: String @isUnique
  band: Band @relation(name: "BandManager")
  boss: Manager @relation(name: "Hierarchy")
  staff: [Manager!]! @relation(name: "Hierarchy")
}
type Fan @model { id: ID! @isUnique email: String! @isUnique bands: [Band!]! @relation(name: "BandFans") }
enum Genre { INDIE METAL JAZZ }
"""
VARIANT: Final = """
type Band @model {
  id: ID! @isUnique
  updatedAt: DateTime!
  slug: Int @isUnique
  name: String! @isUnique
  genre: Style
  rating: Int
  tags: [Json!]
  meta: String
  albums: [Album!]! @relation(name: "BandAlbums")
  leader: Person @relation(name: "BandLeader")
}
type Album @model {
  id: ID! @isUnique
  title: String!
  year: Float
  bands: [Band!]! @relation(name: "BandAlbums")
  extra: Json
}
type Person @model {
  id: ID! @isUnique
  email: String! @isUnique
  secret: String @isUnique
  band: Band @relation(name: "BandLeader")
  friends: [Person!]! @relation(name: "Friends")
  twin: Person @relation(name: "Twin")
}
enum Style { INDIE PUNK }
"""
ORDER: Final = ("Band", "Manager", "Fan", "Person", "Album", "Cover")
"""Types of both schemas; whoever needs another comes after it."""
ROWS: Final = 12
"""Rows of each type at the beginning."""
LONG: Final = 45
"""Long documents for each environment, more than are remembered."""
LONG_FIELDS: Final = 750
"""So many make a document long: it is compiled aside, and remembered apart from the others."""
CREATE_KEY: Final = "mutation($i: CreateKeyInput!) { createKey(input: $i) { secret } }"
ADD_MEMBER: Final = """mutation($organisation: ID!, $user: ID!) {
  addMember(organisation: $organisation, userID: $user, role: member) { role } }"""
PROMOTE: Final = "mutation($id: ID!) { promoteService(id: $id) { name } }"


@dataclass
class Scene:
    """Two environments of one service, in projects of two organisations, and one of another service."""

    stack: Stack
    targets: list[Target]

    def writing_to(self, chosen: int) -> list[Target]:
        """The environments, of which one may be changed from now on."""
        for number, target in enumerate(self.targets):
            target.written = number == chosen
            target.corpus = {"query": [], "mutation": []}
        return self.targets

    async def rows(self, target: Target) -> dict[str, list[str]]:
        """Everything an environment stores, by table: what it means that nothing was changed."""
        where = urlsplit(self.stack.postgres_dsn)._replace(path=f"/{names.database(target.environment)}")
        connection: asyncpg.Connection[Any] = await asyncpg.connect(where.geturl())
        try:
            tables = await connection.fetch("select tablename from pg_tables where schemaname = 'app' order by 1")
            found = {}
            for (table,) in tables:
                statement = sql("select t::text from {table} t order by 1", table=ident("app", table))
                found[table] = [row[0] for row in await connection.fetch(statement.text)]
            return found
        finally:
            await connection.close()


def build(stack: Stack) -> Scene:
    """The scene on a running stack, through the public door alone."""
    north, south = person(stack), person(stack)
    north.asked(ADD_MEMBER, {"organisation": north.organisation, "user": south.id})
    south.position = north.position
    shared = north.service()
    north.pushed(shared, SHARED)
    north.asked(PROMOTE, {"id": shared["id"]})
    south.position = north.position
    variant = south.service()
    private = south.pushed(variant, VARIANT)
    places = [(*_instance(each, shared), name) for each, name in ((north, "north"), (south, "south"))]
    places.append((private["id"], private["endpoint"], variant["key"], "variant"))
    targets = [_filled(stack, *place) for place in places]
    for target in targets:
        others = [other for other in targets if other is not target]
        target.foreign_keys = (*(other.key for other in others), shared["key"], north.token)
        target.grammar.pools.foreign = [node for other in others for node in other.grammar.pools.every()]
    # A person's token opens no environment that is opened by keys; the maker's own key opens only private.
    return Scene(stack, targets)


def fill(scene: Scene) -> None:
    """Have the gateway remember as many long documents as it can: a run has few, and would be over before."""
    for target in scene.targets:
        field = next(one.name for one in target.grammar.roots["query"] if one.name.startswith("all"))
        for number in range(LONG):
            fields = " ".join(f"long{number}x{place}: id" for place in range(LONG_FIELDS))
            answer = scene.stack.data_api(target.endpoint, f"{{ {field}(first: 1) {{ {fields} }} }}", key=target.key)
            assert "errors" not in answer, answer["errors"]


def _instance(owner: Person, service: dict[str, Any]) -> tuple[str, str, str]:
    """Environment, endpoint and project key of a new instance."""
    project = owner.project()
    instance = owner.added(project, service)
    given = {"name": "fuzz", "kind": "project", "target": project["id"]}
    key = owner.asked(CREATE_KEY, {"i": given})["secret"]
    dev = owner.environments(instance=instance)["dev"]
    return dev["id"], dev["endpoint"], key


def _filled(stack: Stack, environment: str, endpoint: str, key: str, name: str) -> Target:
    """The environment, with rows of every type that carry its canary in every text."""
    answer = stack.data_api(endpoint, get_introspection_query(), key=key)
    canary = f"kanarie{secrets.token_hex(6)}"
    pools = Pools([f"{canary}-{number}" for number in range(40)], {})
    target = Target(name, environment, endpoint, key, canary, Grammar(answer["data"], pools))
    for kind in _types(target.grammar):
        pools.nodes[kind] = _rows(stack, target, kind)
    return target


def _types(grammar: Grammar) -> list[str]:
    """Model types, those that need others after these."""
    found = [one.name.removeprefix("create") for one in grammar.roots["mutation"] if one.name.startswith("create")]
    return sorted(found, key=ORDER.index)


def _rows(stack: Stack, target: Target, kind: str) -> list[str]:
    """Ids of new nodes of a type; every text of them is a canary."""
    (creating,) = (one for one in target.grammar.roots["mutation"] if one.name == f"create{kind}")
    takes = dict(creating.arguments)
    chance = random.Random(kind)  # noqa: S311 - the same rows every time
    made = []
    for number in range(ROWS):
        given = _row(takes, target, number, chance)
        inner = ", ".join(f"{name}: {value}" for name, value in given.items())
        made.append(f"n{number}: create{kind}({inner}) {{ id }}")
    answer = stack.data_api(target.endpoint, f"mutation {{ {' '.join(made)} }}", key=target.key)
    assert "errors" not in answer, answer["errors"]
    return [each["id"] for each in answer["data"].values()]


def _row(takes: dict[str, Any], target: Target, number: int, chance: random.Random) -> dict[str, str]:
    """Arguments of a create, as they are written."""
    nodes = target.grammar.pools.nodes
    text = json.dumps(f"{target.canary}-{number}")
    document = json.dumps(json.dumps({target.canary: [f"{target.canary}-{number}"]}))
    written = {
        "String": text,
        "Int": str(number),
        "Float": f"{number}.5",
        "Boolean": "true",
        "DateTime": '"2020-02-02"',
        "Json": document,
    }
    row: dict[str, str] = {}
    for name, (inner, is_list, _) in takes.items():
        kind = inner[0] if is_list and isinstance(inner, tuple) else inner
        if kind in written:
            row[name] = f"[{written[kind]}, {written[kind]}]" if is_list else written[kind]
    partners = {"bandId": "Band", "albumId": "Album", "bandsIds": "Band"}
    for name, kind in partners.items():
        offered = nodes.get(kind)
        if name in takes and offered:
            one = json.dumps(offered[number])
            row[name] = f"[{one}, {json.dumps(chance.choice(offered))}]" if takes[name][1] else one
    return row
