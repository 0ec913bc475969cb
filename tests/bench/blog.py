"""A blog to measure with: pushed through the API, and its database found from outside."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import nats

from common.blobs import Blobs
from common.sealing import environment_password
from contracts import names
from contracts.model import Model, decode
from tests.support.stack import Stack

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
  comments: [Comment!]! @relation(name: "Commented")
  tags: [Tag!]! @relation(name: "Tagged")
}
type Comment @model {
  id: ID! @isUnique
  createdAt: DateTime!
  text: String!
  score: Int!
  post: Post! @relation(name: "Commented")
}
type Tag @model {
  id: ID! @isUnique
  label: String! @isUnique
  posts: [Post!]! @relation(name: "Tagged")
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
        time.sleep(_LOOK_AGAIN_SECONDS)  # a deployment is looked at over HTTP


def dsn(stack: Stack, environment: str) -> str:
    """The environment's database as the gateway opens it: its own role, the same address."""
    name = names.database(environment)
    key = bytes.fromhex((stack.data / "secret.key").read_text().strip())
    where = urlsplit(stack.environment("gateway")["MORTISE_ENVIRONMENTS_DSN"])
    account = f"{name}:{environment_password(key, environment)}@{where.netloc.rpartition('@')[2]}"
    return where._replace(netloc=account, path=f"/{name}").geturl()


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
