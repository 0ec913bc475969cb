"""The rows of the blog: 1 000 authors, 50 000 posts, 500 000 comments, 100 tags, the same every time.

Node ids are decimal here, because pgbench can draw numbers but not put texts together. Whatever is created later gets a
greater id, so that it can be found and removed again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg

from common.sql import Sql, ident, literal, sql
from tests.bench.data_api.names import Names
from tests.bench.data_api.where import Where

AUTHORS: Final = 1_000
POSTS: Final = 50_000
COMMENTS: Final = 500_000
TAGS: Final = 100
VIEWS: Final = 100_000
SCORES: Final = 1_000
FIRST_POST: Final = 10**17
FIRST_COMMENT: Final = 2 * 10**17
FIRST_TAG: Final = 8 * 10**17
FIRST_AUTHOR: Final = 9 * 10**17
FIRST_EMAIL: Final = 1_000
OF_EMAIL: Final = 4
"""Authors whose emails begin with the same number."""
SEED: Final = 20261120
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
WORDS: Final = ("mortise", "tenon", "oak", "plane", "chisel", "dowel", "joint", "grain", "bevel", "clamp", "ash", "elm")


async def fill(dsn: str, names: Names) -> None:
    """All rows, in bulk, as a superuser."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        chance = random.Random(SEED)  # noqa: S311 - the same rows every time is what is wanted
        await _copy(connection, names, "Author", _authors())
        await _copy(connection, names, "Tag", _tags())
        await _copy(connection, names, "Post", _posts(chance))
        await _copy(connection, names, "Comment", _comments(chance))
        join = names.join("Post", "tags")
        columns = ["a", "b"] if join.holds_first else ["b", "a"]
        await connection.copy_records_to_table(
            join.table, schema_name="app", columns=columns, records=list(_tagged(chance))
        )
        await connection.execute("vacuum (freeze, analyze)")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def open_to(role: str, password: str, dsn: str, names: Names) -> None:
    """Make a role for the rivals, and give the tables what rivals expect of tables.

    New rows get their times from the table. Two indexes more: their orders put nulls at the other end, and their
    prefixes are not folded.
    """
    name = ident(role)
    tables = [ident(names.table(entity.name)) for entity in names.model.entities]
    posts, views = ident(names.table("Post")), ident(names.column("Post", "views"))
    authors, email = ident(names.table("Author")), ident(names.column("Author", "email"))
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        for statement in (
            sql("create role {role} login password {password}", role=name, password=literal(password)),
            sql("grant connect on database {name} to {role}", name=ident(Where.of(dsn).database), role=name),
            sql("grant usage on schema app to {role}", role=name),
            sql("grant select, insert, update on all tables in schema app to {role}", role=name),
            sql("revoke all on app._mortise from {role}", role=name),
            *(sql("alter table app.{table} alter created_at set default now()", table=table) for table in tables),
            *(sql("alter table app.{table} alter updated_at set default now()", table=table) for table in tables),
            sql('create index rivals_views on app.{posts} ({views}, "id")', posts=posts, views=views),
            sql("create index rivals_email on app.{authors} ({email})", authors=authors, email=email),
        ):
            await connection.execute(statement.text)
    finally:
        await connection.close()


def created(names: Names) -> tuple[Sql, ...]:
    """What removes every row that was not there at first: comments, posts, and the space they took."""
    last = {"Comment": FIRST_COMMENT + COMMENTS - 1, "Post": FIRST_POST + POSTS - 1}
    gone = [
        sql("delete from app.{table} where id > {last}", table=ident(names.table(entity)), last=Sql((f"'{number}'",)))
        for entity, number in last.items()
    ]
    tables = (*(names.table(entity) for entity in last), names.join("Post", "tags").table)
    return (*gone, *(sql("vacuum app.{table}", table=ident(table)) for table in tables))


async def _copy(
    connection: asyncpg.Connection[Any], names: Names, entity: str, rows: Iterable[dict[str, object]]
) -> None:
    everything = list(rows)
    await connection.copy_records_to_table(
        names.table(entity),
        schema_name="app",
        columns=[names.column(entity, field) for field in everything[0]],
        records=[tuple(row.values()) for row in everything],
    )


def _authors() -> Iterator[dict[str, object]]:
    for number in range(AUTHORS):
        yield {
            "id": str(FIRST_AUTHOR + number),
            "createdAt": START,
            "updatedAt": START,
            "name": f"Author {number}",
            "email": f"{FIRST_EMAIL + number // OF_EMAIL}.{number}@example.org",
        }


def _tags() -> Iterator[dict[str, object]]:
    for number in range(TAGS):
        label = f"{WORDS[number % len(WORDS)]}-{number}"
        yield {"id": str(FIRST_TAG + number), "createdAt": START, "updatedAt": START, "label": label}


def _posts(chance: random.Random) -> Iterator[dict[str, object]]:
    for number in range(POSTS):
        at = START + timedelta(minutes=number)
        yield {
            "id": str(FIRST_POST + number),
            "createdAt": at,
            "updatedAt": at,
            "slug": f"post-{number}",
            "title": " ".join(chance.choices(WORDS, k=5)),
            "text": " ".join(chance.choices(WORDS, k=40)),
            "views": chance.randrange(VIEWS),
            "published": chance.random() < 0.9,
            "author": str(FIRST_AUTHOR + chance.randrange(AUTHORS)),
        }


def _comments(chance: random.Random) -> Iterator[dict[str, object]]:
    sayings = [" ".join(chance.choices(WORDS, k=8)) for _ in range(1_000)]
    for number in range(COMMENTS):
        at = START + timedelta(seconds=6 * number)
        yield {
            "id": str(FIRST_COMMENT + number),
            "createdAt": at,
            "updatedAt": at,
            "text": sayings[chance.randrange(len(sayings))],
            "score": chance.randrange(SCORES),
            "post": str(FIRST_POST + chance.randrange(POSTS)),
        }


def _tagged(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Of each post, one to three tags."""
    for post in range(POSTS):
        for tag in chance.sample(range(TAGS), k=chance.randint(1, 3)):
            yield str(FIRST_POST + post), str(FIRST_TAG + tag)
