"""Which operations another schema breaks: asked by the registry before it declares a version (C 1.3).

One thread does the work, an operation at a time, and rests as long as it worked: callers of this worker shall not
notice. There is a time after which what is left is said to be unknown.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from graphql import GraphQLSchema

from common.blobs import Blobs
from common.errors import SERVICE_UNAVAILABLE, Refused
from contracts.documents import AskedBreaks, Broken, Sent, ToldBreaks
from contracts.model import decode
from gateway.domain import breaks
from gateway.domain.breaks import Change
from gateway.engine import prepare
from gateway.execute.documents import Documents

SECONDS_MAX: Final = 3.0
SENT_MAX: Final = 500
MODELS_MAX: Final = 8
"""Different models that the operations of one question may have been valid against."""

Result = TypeVar("Result")


class Breaking:
    """Answers one question after the other."""

    def __init__(self, blobs: Blobs, documents: Documents) -> None:
        self._blobs = blobs
        self._documents = documents
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="breaks")
        self._turn = asyncio.Lock()

    async def answer(self, asked: AskedBreaks) -> ToldBreaks:
        """What breaks, of the first operations. Raises Refused when a model or the texts cannot be had."""
        until = time.monotonic() + SECONDS_MAX
        await self._documents.tell()
        sent = asked.sent[:SENT_MAX]
        texts = await self._documents.texts(asked.service, [one.digest for one in sent])
        unknown = [one.digest for one in asked.sent if one.digest not in texts]
        known = [one for one in sent if one.digest in texts]
        if not known:
            return ToldBreaks(unknown=tuple(unknown))
        async with self._turn:
            changes = await self._changes(asked.model, known, until - SECONDS_MAX / 2)
            broken: list[Broken] = []
            for one in known:
                if time.monotonic() > until or any(model not in changes for model in one.models):
                    unknown.append(one.digest)
                    continue
                for model in one.models:
                    found = await self._apart(breaks.finding, texts[one.digest], changes[model])
                    if found is not None:
                        broken.append(Broken(digest=one.digest, model=model, names=found.names, reasons=found.reasons))
        return ToldBreaks(broken=tuple(broken), unknown=tuple(unknown))

    async def _changes(self, model: str, sent: list[Sent], until: float) -> Mapping[str, Change]:
        """By the model before; of those that most callers have, if they are too many or take too long."""
        befores = list(dict.fromkeys(before for one in sent for before in one.models))[:MODELS_MAX]
        after = await self._schema(model)
        found: dict[str, Change] = {}
        for before in befores:
            if not found or time.monotonic() < until:
                found[before] = await self._apart(breaks.change, await self._schema(before), after)
        return found

    async def _schema(self, sha: str) -> GraphQLSchema:
        try:
            document = await self._blobs.get(sha)
        except (LookupError, ValueError) as problem:
            raise Refused(SERVICE_UNAVAILABLE, f"The model {sha} cannot be loaded.") from problem
        return await self._apart(_generated, document, sha)

    async def _apart(self, work: Callable[..., Result], *given: object) -> Result:
        began = time.perf_counter()
        result = await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        await asyncio.sleep(time.perf_counter() - began)
        return result


def _generated(document: bytes, sha: str) -> GraphQLSchema:
    return prepare(decode(document), sha).generated.schema
