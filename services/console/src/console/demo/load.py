"""Rows through the public data API: stage by stage, a few requests in flight, and only what is not there yet.

A row is known by its number, which is unique, so an interrupted load is finished by the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import httpx

from console.client import answer_of, failure_of
from console.demo.rows import Batch, Row, Stage, batches
from console.failures import Failure, unreachable

IN_FLIGHT_MAX: Final = 4
PAGE_ROWS: Final = 1000
SECONDS_MAX: Final = 120.0

Ids = dict[str, dict[int, str]]
Progress = Callable[[int], None]


class Environment:
    """The data API of one environment, opened with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(timeout=SECONDS_MAX, trust_env=False, headers={"authorization": f"Bearer {key}"})
        self._free = asyncio.Semaphore(IN_FLIGHT_MAX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of the answer. Raises Failure for the first error."""
        async with self._free:
            try:
                response = await self._http.post(self.url, json={"query": document, "variables": variables})
            except httpx.TransportError as error:
                raise unreachable(f"Nobody answers at {self.url} ({str(error) or type(error).__name__}).") from None
        answer = answer_of(self.url, response)
        if errors := answer.get("errors"):
            raise failure_of(errors[0])
        return dict(answer["data"])


async def load(environment: Environment, stages: Sequence[Stage], progress: Progress = lambda _: None) -> int:
    """Create what is missing; the number of rows that were created. `progress` is told how many came to be there."""
    kinds = {type_ for stage in stages for type_ in stage}
    found = await asyncio.gather(*(present(environment, type_) for type_ in sorted(kinds)))
    ids: Ids = dict(zip(sorted(kinds), found, strict=True))
    progress(sum(map(len, ids.values())))
    created = 0
    for stage in stages:
        missing = {type_: [row for row in rows if row.number not in ids[type_]] for type_, rows in stage.items()}
        created += await _create(environment, missing, ids, progress)
    return created


async def present(environment: Environment, type_: str) -> dict[int, str]:
    """Id of each row that is there, by number."""
    ids: dict[int, str] = {}
    query = (
        f"query Present($after: String) {{ rows: {_all(type_)}(first: {PAGE_ROWS}, after: $after) {{ id number }} }}"
    )
    after: str | None = None
    while True:
        page = (await environment.ask(query, **({"after": after} if after else {})))["rows"]
        ids |= {row["number"]: row["id"] for row in page}
        if len(page) < PAGE_ROWS:
            return ids
        after = page[-1]["id"]


async def _create(environment: Environment, missing: dict[str, list[Row]], ids: Ids, progress: Progress) -> int:
    async def send(batch: Batch) -> int:
        made = await environment.ask(batch.document, **batch.variables)
        for index, number in enumerate(batch.numbers):
            node = made[f"r{index}"]
            if node is None:
                raise Failure(f"{batch.type} {number} was not created.")
            ids[batch.type][number] = node["id"]
        progress(len(batch.numbers))
        return len(batch.numbers)

    work = [batch for type_, rows in missing.items() for batch in batches(type_, rows, ids)]
    sent = await asyncio.gather(*map(send, work), return_exceptions=True)
    for outcome in sent:  # after all have ended: what was created is created
        if isinstance(outcome, BaseException):
            raise outcome
    return sum(outcome for outcome in sent if isinstance(outcome, int))


def _all(type_: str) -> str:
    # All type names of the demo take a plain s.
    return f"all{type_}s"
