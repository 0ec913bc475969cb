"""The services behind the control API: the schema they publish together, and asking one of them (DESIGN 3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import orjson
from faststream.nats import NatsBroker
from nats.aio.client import Client

from common.errors import Refused
from common.logs import log
from common.reader import Lost, Reader
from common.rpc import Answer, Ask, request
from common.stream import TRANSIENT, ApiError, Unavailable
from gateway.domain import join
from gateway.domain.join import Said
from gateway.domain.merge import Graph, MergeConflict, merge
from gateway.domain.split import Part

BUCKET: Final = "KV_API"
_PAUSE_SECONDS: Final = 0.2


class Owners:
    """The merged schema of what the owners last published and what of it could be accepted."""

    def __init__(self, client: Client, broker: NatsBroker) -> None:
        self._client = client
        self._broker = broker
        self._common = resources.files("contracts").joinpath("common.graphql").read_text("utf-8")
        self._accepted: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._position = 0
        self._pending: int | None = None
        self.graph: Graph = merge(self._common, {})

    @property
    def names(self) -> list[str]:
        """The services whose part is being served."""
        return sorted(self._accepted)

    async def follow(self) -> None:
        """Take in what owners publish, for ever."""
        while True:
            reader = Reader(self._client, BUCKET, self._position)
            try:
                await reader.open()
                self._pending = reader.pending
                while True:
                    for message in await reader.batch():
                        self._position = message.position
                        self.hear(message.subject.rsplit(".", 1)[-1], message.body)
                    self._pending = max(0, reader.pending)
            except (Lost, *TRANSIENT, Unavailable, ApiError, Refused) as problem:
                log.warning("gateway.schema", outcome="again", problem=str(problem))
                await asyncio.sleep(_PAUSE_SECONDS)
            finally:
                await reader.close()

    def check(self) -> str | None:
        """Why this worker should not be asked yet; None when it has heard what owners have published so far."""
        return None if self._pending == 0 else "the owners' parts of the schema have not been read yet"

    def hear(self, owner: str, body: bytes) -> None:
        """An owner published his part. One that does not fit is refused, and what was served goes on being served."""
        try:
            sdl = str(orjson.loads(body)["sdl"])
        except (ValueError, KeyError, TypeError):
            log.error("gateway.schema", outcome="refused", owner=owner, problems=["no document with an sdl"])
            return
        self._refused[owner] = sdl
        # A part refused earlier may fit now that another one has changed.
        while any(self._try(waiting) for waiting in list(self._refused)):
            pass

    def _try(self, owner: str) -> bool:
        parts = {**self._accepted, owner: self._refused[owner]}
        try:
            self.graph = merge(self._common, parts)
        except MergeConflict as conflict:
            log.error("gateway.schema", outcome="refused", owner=owner, problems=list(conflict.problems))
            return False
        self._accepted = parts
        del self._refused[owner]
        log.info("gateway.schema", owner=owner, owners=self.names, fields=len(self.graph.owner_of))
        return True

    async def ask(self, part: Part, question: Question, position: int) -> tuple[Said, int]:
        """What the owner says to his part, and the log position he read or wrote at."""
        used = {name: question.variables[name] for name in part.variables if name in question.variables}
        ask = question.ask.model_copy(update={"query": part.query, "variables": used, "position": position})
        seconds = question.deadline - asyncio.get_running_loop().time()
        try:
            answer = await request(self._broker, f"api.{part.owner}", ask, Answer, seconds)
        except Refused as refusal:
            return join.refused(part, _told(refusal, part, question)), 0
        return join.said(part, answer.data, answer.errors), answer.position


@dataclass(frozen=True)
class Question:
    """What all parts of one operation have in common."""

    kind: str
    ask: Ask
    """Everything but query, variables and position."""
    variables: dict[str, Any]
    deadline: float
    """On the loop's clock."""
    idempotency_key: str


def _told(refusal: Refused, part: Part, question: Question) -> Refused:
    match refusal.reason:
        case "NO_RESPONDER":
            return join.absent(part)
        case "TIMEOUT":
            return join.silent(part, kind=question.kind, idempotency_key=question.idempotency_key)
        case _:
            return refusal
