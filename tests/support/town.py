"""A town of people whose every row has everything, and changes of its schema that take long on large tables."""

from __future__ import annotations

from contracts.model import Model
from provisioner.domain.plan import Plan
from provisioner.execute.cluster import Cluster
from tests.support.environments import Place
from tests.support.schemas import model
from tests.support.watching import Before, Watched

ROWS = 3000
SECRET = b"s" * 32
PEOPLE = """
type Person @model {
  id: ID! @isUnique
  name: String
  note: String
  size: Int!
  at: DateTime
  tags: [String!]
  mood: Mood!
  moods: [Mood!]
  home: House @relation(name: "Home")
  desk: Desk @relation(name: "Desk")
  mentor: Person @relation(name: "Mentor")
  pupil: Person @relation(name: "Mentor")
  clubs: [Club!]! @relation(name: "Clubs")
}
type House @model { id: ID! @isUnique people: [Person!]! @relation(name: "Home") }
type Desk @model { id: ID! @isUnique owner: Person @relation(name: "Desk") }
type Club @model { id: ID! @isUnique members: [Person!]! @relation(name: "Clubs") }
enum Mood { HAPPY SAD CALM }
"""
FILLED = """
insert into app.t2 (id, created_at, updated_at) select 'h' || n, now(), now() from generate_series(1, {n}) as n;
insert into app.t3 (id, created_at, updated_at) select 'd' || n, now(), now() from generate_series(1, {n}) as n;
insert into app.t4 (id, created_at, updated_at) select 'k' || n, now(), now() from generate_series(1, {n}) as n;
set constraints all deferred;
insert into app.t1 (id, created_at, updated_at, {name}, {size}, {at}, {tags}, {mood}, {moods}, {home}, {desk}, {mentor})
select 'p' || n, now(), now(), 'Name ' || n, n, timestamptz '2020-01-01Z' + n * interval '1 s', array['t' || n],
  'HAPPY', array['SAD'], 'h' || n, 'd' || n, case when n > 1 then 'p' || n - 1 end
from generate_series(1, {n}) as n;
insert into app.{clubs} (a, b) select 'p' || n, 'k' || n from generate_series(1, {n}) as n;
"""

CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "a field becomes unique": (("name: String", "name: String @isUnique"), ("size: Int!", "size: Int! @isUnique")),
    "a field gets an index": (("name: String", "name: String @index"), ("at: DateTime", "at: DateTime @index")),
    "a field becomes text": (("size: Int!", "size: String!"), ("at: DateTime", "at: String @index")),
    "a field becomes required": (("name: String", "name: String!"), ("at: DateTime", "at: DateTime!")),
    "nulls are filled": (("name: String", 'name: String! @index @migrationValue(value: "none")'),),
    "a null is filled, and all are unique": (
        ("name: String", 'name: String! @isUnique @migrationValue(value: "none")'),
    ),
    "all values are replaced": (("size: Int!", 'size: Int! @migrationValue(value: "7")'),),
    "another type": (("size: Int!", 'size: Float! @index @migrationValue(value: "1.5")'),),
    "a list": (("name: String", 'name: [String!] @migrationValue(value: "[\\"x\\"]")'),),
    "a field is removed": (("name: String", ""), ("tags: [String!]", "")),
    "new fields": (("name: String", 'name: String\n  a: Int @index\n  b: String! @index @migrationValue(value: "x")'),),
    "an enum shrinks": (("HAPPY SAD CALM", "HAPPY SAD"), ("enum Mood", 'enum Mood @migrationValue(value: "HAPPY")')),
    "an enum grows": (("HAPPY SAD CALM", "HAPPY SAD CALM NEW"),),
    "a relation becomes required": (("home: House", "home: House!"),),
    "a relation becomes to-one": (("people: [Person!]!", "person: Person"),),
    "a relation is removed": (
        ('home: House @relation(name: "Home")', ""),
        ('people: [Person!]! @relation(name: "Home")', ""),
    ),
    "a new relation": (
        ("name: String", 'name: String\n  boss: Club @relation(name: "Boss")'),
        ("members:", 'led: [Person!]! @relation(name: "Boss")\n  members:'),
    ),
}


def changed(change: str) -> str:
    text = PEOPLE
    for old, new in CHANGES[change]:
        assert old in text, (change, old)
        text = text.replace(old, new)
    return text


def columns(made: Model) -> dict[str, str]:
    """Columns of a person by the names of fields."""
    person = made.entity_by_name["Person"]
    found = {each.name: each.column for each in person.fields}
    held = {each.name: made.relation_by_id[each.relation].column for each in person.relations}
    return found | {name: column for name, column in held.items() if column is not None}


async def filled(place: Place, n: int) -> None:
    """As many people, houses, desks and clubs."""
    assert place.model is not None
    clubs = next(each.table for each in place.model.relations if each.name == "Clubs")
    async with place.cluster.connected(place.id) as connection, connection.transaction():
        await connection.execute(FILLED.format(n=n, **(columns(place.model) | {"clubs": clubs})))


def watched(place: Place, before: Before) -> Cluster:
    """The server of a place, whose statements are told before they run."""
    return Watched(place.cluster._dsn, SECRET, before)  # noqa: SLF001 - the same server, seen by a test


async def direct(place: Place, text: str, *, forced: bool = False) -> tuple[Plan, Model]:
    """The plan to a text, and its Model."""
    place.deployments += 1
    after = model(text, place.model)
    return place.planned(after, forced=forced), after
