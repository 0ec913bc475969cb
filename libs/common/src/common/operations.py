"""What an operator may ask of a running service on `ops.<service>`: its state, a rebuild, a second try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict

from common.db import Database
from common.errors import not_found
from common.projection import Runner
from common.rebuild import rebuild


class Operation(BaseModel):
    """One wish; none set asks for the state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rebuild: str | None = None
    """Name of a projection; `*` = all, one after the other."""
    retry: str | None = None
    """Subject of a parked aggregate: take it in again, in every projection that parked it."""


class Report(BaseModel):
    """What came of it."""

    model_config = ConfigDict(frozen=True)

    projections: list[dict[str, Any]]
    """Per projection: position, lag, trouble, parked aggregates."""
    rebuilt: list[dict[str, Any]] = []
    """`rebuild.Rebuilt.told()` of each; `equal` says whether replaying gave what was there."""
    retried: dict[str, str | None] = {}
    """Projection to what is still wrong; None = taken in."""


class Operations:
    """Answers operations with the runners of this process."""

    def __init__(self, runners: Mapping[str, Runner], database: Database, client: Client) -> None:
        self._runners = runners
        self._database = database
        self._client = client

    async def do(self, wish: Operation) -> Report:
        """Do it. A rebuild may take minutes, and ends even if the asker no longer waits. Raises Refused NOT_FOUND."""
        names = list(self._runners) if wish.rebuild == "*" else [wish.rebuild] if wish.rebuild else []
        unknown = [name for name in names if name not in self._runners]
        if unknown:
            raise not_found("Projection", unknown[0])
        done = [await rebuild(self._runners[name].projection, self._database, self._client) for name in names]
        return Report(
            retried=await self._retry(wish.retry) if wish.retry else {},
            rebuilt=[report.told() for report in done],
            projections=[await self._state(name) for name in self._runners],
        )

    async def _retry(self, aggregate: str) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for name, runner in self._runners.items():
            if any(row["aggregate"] == aggregate for row in await runner.parked()):
                found[name] = await runner.retry(aggregate)
        if not found:
            raise not_found("Parked aggregate", aggregate)
        return found

    async def _state(self, name: str) -> dict[str, Any]:
        runner = self._runners[name]
        parked = [{**row, "parked_at": str(row["parked_at"])} for row in await runner.parked()]
        return {"name": name, "position": runner.position, "lag": runner.lag, "trouble": runner.check()} | {
            "leading": runner.leading,
            "parked": parked,
        }
