"""How long the clone of a large environment takes, in each way there is, and how long its source's callers wait for it.

`python -m tests.bench.bench_previews [--rows N]` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import httpx

from tests.bench.figures import Report, Table, count, said
from tests.bench.figures import database as version
from tests.support.made import PROMOTE, Person, person, until
from tests.support.stack import Stack, a_directory

SCHEMA: Final = """
type Guest @model {
  id: ID! @isUnique
  email: String! @isUnique
  visits: Int! @index
  notes: String
}
"""
FILL: Final = """
insert into app.{table} (id, created_at, updated_at, {email}, {visits}, {notes})
select 'g' || lpad(n::text, 20, '0'), now(), now(), 'guest' || n || '@example.com', n, repeat(md5(n::text), 6)
from generate_series(1, {rows}) as n
"""
CREATE: Final = "mutation($i: CreatePreviewInput!) { createPreview(input: $i) { id environment { id } } }"
READY_SECONDS_MAX: Final = 300.0
QUIET_SECONDS: Final = 3.0
MASKS: Final = (
    {"type": "Guest", "field": "email", "rule": "EMAIL"},
    {"type": "Guest", "field": "notes", "rule": "HASH"},
)
WAYS: Final = (
    ("files", True, ()),
    ("files, once more", True, ()),
    ("rows, because somebody stays connected", False, ()),
    ("rows, two fields masked", True, MASKS),
)
"""Name, whether only gateways are connected to the source, and what is masked."""


@dataclass
class Callers:
    """Somebody who reads a row by id and somebody who writes one, without a pause."""

    url: str
    key: str
    longest: dict[str, float] = field(default_factory=dict)
    """Milliseconds of the longest call of each."""
    wrong: list[Any] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def call(self, who: str, query: str) -> None:
        with httpx.Client(headers={"authorization": f"Bearer {self.key}"}, timeout=30) as client:
            while not self.stop.is_set():
                began = time.perf_counter()
                answer = client.post(self.url, json={"query": query}).json()
                took = (time.perf_counter() - began) * 1000
                self.longest[who] = max(self.longest.get(who, 0.0), took)
                if "errors" in answer:
                    self.wrong.append(answer)


@contextmanager
def calling(url: str, key: str) -> Iterator[Callers]:
    callers = Callers(url, key)
    read = '{ Guest(id: "g00000000000000000007") { email visits } }'
    write = 'mutation { updateGuest(id: "g00000000000000000009", visits: 1) { id } }'
    threads = [threading.Thread(target=callers.call, args=each) for each in (("reader", read), ("writer", write))]
    for each in threads:
        each.start()
    try:
        yield callers
    finally:
        callers.stop.set()
        for each in threads:
            each.join()


@dataclass(frozen=True)
class Site:
    """An environment that is cloned."""

    stack: Stack
    maker: Person
    instance: str
    endpoint: str
    key: str

    @property
    def url(self) -> str:
        return f"{self.stack.url}/{self.endpoint}/graphql"

    def cloned(self, name: str, masks: Sequence[Mapping[str, str]]) -> float:
        """Seconds from the command to a clone that can be called; it is deleted again."""
        wanted = {"instance": self.instance, "name": name, "source": "prod", "masks": masks, "unmasked": True}
        began = time.perf_counter()
        made = self.maker.asked(CREATE, {"i": wanted})
        state = "query($e: ID!) { environment(id: $e) { state reason } }"

        def there() -> bool:
            found = self.maker.query(state, {"e": made["environment"]["id"]}).get("data")
            if not found:
                return False
            assert found["environment"]["state"] != "failed", found
            return bool(found["environment"]["state"] == "ready")

        until(there, READY_SECONDS_MAX)
        took = time.perf_counter() - began
        self.maker.asked("mutation($p: ID!) { deletePreview(id: $p) }", {"p": made["id"]})
        return took


def site(stack: Stack) -> Site:
    maker = person(stack)
    service, project = maker.service(), maker.project()
    maker.pushed(service, SCHEMA)
    maker.asked("mutation($s: ID!) { promoteService(id: $s, force: true) { name } }", {"s": service["id"]})
    maker.live("demo", "0.0.2", service=service["id"])
    instance = maker.added(project, service)
    maker.asked(PROMOTE, {"id": instance, "from": "dev", "to": "prod"})
    prod = maker.live("prod", instance=instance)
    key = 'mutation($p: ID!) { createKey(input: { name: "k", kind: project, target: $p }) { secret } }'
    secret = maker.asked(key, {"p": project["id"]})["secret"]
    return Site(stack, maker, instance, prod["endpoint"], secret)


async def filled(stack: Stack, endpoint: str, rows: int) -> str:
    """Fill the environment's table; what its database takes."""
    connection = await asyncpg.connect(stack.postgres_dsn, database=f"env_{endpoint}")
    try:
        columns = await connection.fetch(
            "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
            "where relnamespace = 'app'::regnamespace and relkind = 'r' and relname <> '_mortise' and attnum > 3 "
            "and not attisdropped order by attnum"
        )
        email, visits, notes = (row["attname"] for row in columns)
        names = {"table": columns[0]["relname"], "email": email, "visits": visits, "notes": notes}
        await connection.execute(FILL.format(**names, rows=rows))
        await connection.execute("vacuum analyze")
        return str(await connection.fetchval("select pg_size_pretty(pg_database_size(current_database()))"))
    finally:
        await connection.close()


@contextmanager
def somebody_else(stack: Stack, endpoint: str) -> Iterator[None]:
    """Who stays connected to the source, so that its files cannot be copied."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(stack.postgres_dsn, database=f"env_{endpoint}"))
    try:
        yield
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


def measured(stack: Stack, rows: int) -> Report:
    """Each way of cloning, and no cloning as the limit."""
    here = site(stack)
    said(f"writing {rows} rows")
    size = asyncio.run(filled(stack, here.endpoint, rows))
    table = Table(f"A database of {size}", ("", "clone: s", "reader ms", "writer ms", "errors"))
    with calling(here.url, here.key) as callers:
        time.sleep(QUIET_SECONDS)  # the load lasts so long
    table.rows.append(("nothing is cloned", "", *_waits(callers)))
    for number, (name, alone, masks) in enumerate(WAYS):
        said(name)
        beside = nullcontext() if alone else somebody_else(stack, here.endpoint)
        with beside, calling(here.url, here.key) as callers:
            took = here.cloned(f"pr-{number}", masks)
        table.rows.append((name, count(took), *_waits(callers)))
    method = (
        (
            f"A table of {rows} rows with two indexes beside those of its key; seconds from the command to the first "
            "look that finds the clone ready."
        ),
        (
            "Beside one caller who reads a row by id and one who writes one, through the gateway and without a pause. "
            "Waits are the longest single call of each; errors are answers with any."
        ),
        "The file system here shares no blocks (ext4): files are copied whole.",
    )
    return Report(
        "previews", "Cloning an environment", method, (table,), (), (asyncio.run(version(stack.postgres_dsn)),)
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_previews", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_200_000, help="in the table (2200000, a database of 1 GB)")
    given = parser.parse_args()
    with a_directory() as data, Stack(data) as stack:
        measured(stack, given.rows).keep()


def _waits(callers: Callers) -> tuple[str, str, str]:
    return count(callers.longest["reader"]), count(callers.longest["writer"]), str(len(callers.wrong))


if __name__ == "__main__":
    main()
