"""A blog to measure with: pushed through the API, filled straight into its database, the same rows every time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import nats

from common.blobs import Blobs
from common.sealing import environment_password
from contracts import names
from contracts.model import Entity, Model, decode
from tests.support.stack import Stack

AUTHORS: Final = 1_000
POSTS: Final = 50_000
SEED: Final = 20261120
FIRST_POST: Final = 10**17
"""Node ids are decimal here, because pgbench can draw numbers but not put texts together."""
FIRST_AUTHOR: Final = 9 * 10**17
WORDS: Final = ("mortise", "tenon", "oak", "plane", "chisel", "dowel", "joint", "grain", "bevel", "clamp", "ash", "elm")
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
SERVING_SECONDS_MAX: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.01

SCHEMA: Final = """
type Author @model {
  id: ID! @isUnique
  name: String!
  email: String! @isUnique
  posts: [Post!]! @relation(name: "Wrote")
}
type Post @model {
  id: ID! @isUnique
  createdAt: DateTime!
  slug: String! @isUnique
  title: String!
  text: String!
  views: Int! @index
  published: Boolean!
  author: Author! @relation(name: "Wrote")
}
"""
CREATE: Final = """mutation($name: String!, $organisation: ID!) { createService(input: {
  name: $name, problem: "Nothing to measure with", solution: "A blog", domain: Other, tags: ["blog"],
  organisation: $organisation}) { service { id } developerKey { secret } } }"""
PUSH: Final = """mutation($service: ID!, $schema: String!) {
  pushService(input: {service: $service, schema: $schema, notes: ["A blog."]}) { name } }"""
ENVIRONMENTS: Final = """query($service: ID, $instance: ID) {
  environments(service: $service, instance: $instance) { id name state version declaredVersion endpoint reason } }"""


@dataclass(frozen=True)
class Blog:
    """A service of the stack, with its private environment."""

    service: str
    key: str
    environment: str
    endpoint: str

    def path(self) -> str:
        """Where its data API is."""
        return f"/{self.endpoint}/graphql"


def push(stack: Stack, name: str = "Blog") -> Blog:
    """The blog as a new service whose private environment serves it."""
    organisation = stack.asked("{ organisations { id } }")["organisations"][0]["id"]
    made = stack.asked(CREATE, {"name": name, "organisation": organisation})["createService"]
    service = made["service"]["id"]
    for kind in ("private", "demo"):
        serving(stack, kind, "0.0.1", service=service)
    version = stack.asked(PUSH, {"service": service, "schema": SCHEMA})["pushService"]["name"]
    private = serving(stack, "private", version, service=service)
    return Blog(service, made["developerKey"]["secret"], private["id"], private["endpoint"])


def serving(stack: Stack, name: str, version: str, **owner: str) -> dict[str, Any]:
    """The environment, once it serves a version. Raises TimeoutError with what is said of it."""
    deadline = time.monotonic() + SERVING_SECONDS_MAX
    while True:
        found = [one for one in stack.asked(ENVIRONMENTS, owner)["environments"] if one["name"] == name]
        if found and found[0]["version"] == version and found[0]["state"] == "ready":
            return dict(found[0])
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} does not serve {version}: {found}")
        time.sleep(_LOOK_AGAIN_SECONDS)


def dsn(stack: Stack, environment: str) -> str:
    """The environment's database as the gateway opens it: its own role, the same address."""
    name = names.database(environment)
    key = bytes.fromhex((stack.data / "secret.key").read_text().strip())
    where = urlsplit(stack.environment("gateway")["MORTISE_ENVIRONMENTS_DSN"]).netloc.rpartition("@")[2]
    return f"postgresql://{name}:{environment_password(key, environment)}@{where}/{name}"


async def model(stack: Stack, environment: str) -> tuple[Model, str]:
    """The Model that the environment's database serves, and its hash."""
    connection = await asyncpg.connect(dsn(stack, environment))
    try:
        sha: str = await connection.fetchval("select model_sha from app._mortise")
    finally:
        await connection.close()
    client = await nats.connect(stack.nats_url)
    try:
        return decode(await Blobs(client).get(sha)), sha
    finally:
        await client.close()


async def fill(stack: Stack, blog: Blog) -> None:
    """All rows, in bulk, as the server's superuser."""
    known, _ = await model(stack, blog.environment)
    parts = urlsplit(stack.postgres_dsn)._replace(path=f"/{names.database(blog.environment)}")
    connection = await asyncpg.connect(parts.geturl())
    try:
        await _copy(connection, known, "Author", _authors())
        await _copy(connection, known, "Post", _posts())
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def _copy(
    connection: asyncpg.Connection[Any], known: Model, name: str, rows: Iterator[Mapping[str, object]]
) -> None:
    entity = known.entity_by_name[name]
    columns = {"id": "id", "createdAt": "created_at", "updatedAt": "updated_at"}
    columns |= {one.name: one.column for one in entity.fields}
    columns |= _relations(known, entity)
    all_rows = list(rows)
    await connection.copy_records_to_table(
        entity.table,
        schema_name="app",
        columns=[columns[field] for field in all_rows[0]],
        records=[tuple(row.values()) for row in all_rows],
    )


def _relations(known: Model, entity: Entity) -> dict[str, str]:
    found = {field.name: known.relation_by_id[field.relation].column for field in entity.relations}
    return {name: column for name, column in found.items() if column is not None}


def _authors() -> Iterator[Mapping[str, object]]:
    for number in range(AUTHORS):
        yield {
            "id": str(FIRST_AUTHOR + number),
            "createdAt": START,
            "updatedAt": START,
            "name": f"Author {number}",
            "email": f"author{number}@example.org",
        }


def _posts() -> Iterator[Mapping[str, object]]:
    chance = random.Random(SEED)  # noqa: S311 - the same rows every time is what is wanted
    for number in range(POSTS):
        at = START + timedelta(minutes=number)
        yield {
            "id": str(FIRST_POST + number),
            "createdAt": at,
            "updatedAt": at,
            "slug": f"post-{number}",
            "title": " ".join(chance.choices(WORDS, k=5)),
            "text": " ".join(chance.choices(WORDS, k=40)),
            "views": chance.randrange(100_000),
            "published": chance.random() < 0.9,
            "author": str(FIRST_AUTHOR + chance.randrange(AUTHORS)),
        }
