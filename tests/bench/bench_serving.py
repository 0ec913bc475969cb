"""Seconds from a push, and from adding a service, to the first answer of the data API.

`python -m tests.bench.bench_serving [--rounds N]` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import nats

from common.clock import new_id
from contracts import names
from tests.bench import blog
from tests.bench.blog import Blog
from tests.bench.figures import Report, Table, database, median, said, server
from tests.support.stack import Stack, a_directory

ANSWER_SECONDS_MAX: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.002

CREATE_PROJECT: Final = "mutation($input: CreateProjectInput!) { createProject(input: $input) { id } }"
CREATE_KEY: Final = "mutation($input: CreateKeyInput!) { createKey(input: $input) { secret } }"
PUBLISH: Final = "mutation($service: ID!) { promoteService(id: $service) { name } }"
ADD: Final = """mutation($project: ID!, $service: ID!) {
  addService(projectId: $project, serviceId: $service) { id environments { id name version } } }"""


def pushed(stack: Stack, here: Blog, schema: str, field: str) -> float:
    """Seconds until a field that a push adds is answered."""
    began = time.perf_counter()
    stack.asked(blog.PUSH, {"service": here.service, "schema": schema})
    query = f"{{ allPosts(first: 1) {{ id {field} }} }}"
    until(lambda: "errors" not in stack.data_api(here.endpoint, query, key=here.key))
    return time.perf_counter() - began


def added(stack: Stack, service: str, organisation: str) -> float:
    """Seconds until the dev environment of a new instance answers, in a project with a key."""
    wanted = {"name": f"Project {new_id()[-12:]}", "organisation": organisation}
    project = stack.asked(CREATE_PROJECT, {"input": wanted})["createProject"]["id"]
    key = stack.asked(CREATE_KEY, {"input": {"name": "bench", "kind": "project", "target": project}})
    secret = key["createKey"]["secret"]
    began = time.perf_counter()
    made = stack.asked(ADD, {"project": project, "service": service})["addService"]
    (dev,) = (one["id"] for one in made["environments"] if one["name"] == "dev")
    query = "{ allPosts(first: 1) { id } }"
    until(lambda: "data" in stack.data_api(names.endpoint(dev), query, key=secret))
    return time.perf_counter() - began


def until(so: Callable[[], bool]) -> None:
    """Look again and again. Raises TimeoutError."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while not so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS_MAX:.0f} s")
        time.sleep(_LOOK_AGAIN_SECONDS)  # as a person looks


async def bare_database(dsn: str) -> float:
    """Seconds to make an empty database and connect to it."""
    name = f"bench_{new_id().replace('-', '')}"
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        began = time.perf_counter()
        await connection.execute(f"create database {name} template template0")
        inside = await asyncpg.connect(urlsplit(dsn)._replace(path=f"/{name}").geturl())
        await inside.execute("select 1")
        took = time.perf_counter() - began
        await inside.close()
        await connection.execute(f"drop database {name}")
    finally:
        await connection.close()
    return took


async def bare_column(dsn: str, environment: str) -> float:
    """Seconds to add a column to the table of posts and take it away again, in a transaction that is rolled back."""
    connection = await asyncpg.connect(urlsplit(dsn)._replace(path=f"/{names.database(environment)}").geturl())
    try:
        table = await connection.fetchval(
            "select min(attrelid::regclass::text) from pg_attribute where attnum = 4 and attrelid in "
            "(select oid from pg_class where relkind = 'r' and relnamespace = 'app'::regnamespace)"
        )
        began = time.perf_counter()
        await connection.execute(f"alter table {table} add column bench text")
        await connection.execute(f"alter table {table} drop column bench")
        return (time.perf_counter() - began) / 2
    finally:
        await connection.close()


async def _versions(stack: Stack) -> tuple[str, ...]:
    client = await nats.connect(stack.nats_url)
    try:
        return server(client), await database(stack.postgres_dsn)
    finally:
        await client.close()


def measure(stack: Stack, rounds: int) -> Report:
    organisation = stack.asked("{ organisations { id } }")["organisations"][0]["id"]
    here = blog.push(stack)
    stack.asked(PUBLISH, {"service": here.service})
    schema, pushes, adds, columns, databases = blog.SCHEMA, [], [], [], []
    for number in range(rounds + 1):  # the first of each warms up and is not counted
        said(f"round {number} of {rounds}")
        schema = schema.replace("  views: Int! @index\n", f"  views: Int! @index\n  note{number}: String\n")
        pushes.append(pushed(stack, here, schema, f"note{number}"))
        adds.append(added(stack, here.service, organisation))
        columns.append(asyncio.run(bare_column(stack.postgres_dsn, here.environment)))
        databases.append(asyncio.run(bare_database(stack.postgres_dsn)))
    table = Table("Seconds to serving", ("", "median", "slowest", "limit", "times the limit"))
    table.rows.append(_row("push to serving, `alter table … add column`", pushes[1:], columns[1:]))
    table.rows.append(_row("add to serving, `create database`", adds[1:], databases[1:]))
    method = (
        (
            "A client sends the mutation, then asks the data API every 2 ms until it answers: a field that the push "
            "added, or a list in the dev environment of a new instance. Nothing is prepared ahead."
        ),
        (
            "Limits, named in each row: what PostgreSQL alone takes for the statement that cannot be avoided (for a "
            "database with the first connection to it)."
        ),
        f"Medians of {rounds} after one that is not counted.",
    )
    return Report("serving", "From a push to an answer", method, (table,), (), asyncio.run(_versions(stack)))


def _row(name: str, taken: list[float], limits: list[float]) -> tuple[str, ...]:
    middle, limit = median(taken), median(limits)
    return (name, f"{middle:.3f}", f"{max(taken):.3f}", f"{limit:.4f}", f"{middle / limit:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_serving", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many (5)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data) as stack:
        measure(stack, given.rounds).keep()


if __name__ == "__main__":
    main()
