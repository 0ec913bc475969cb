"""Small real owners of parts of the control API, for tests of the door: they publish a part and answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from ariadne import MutationType, QueryType, make_executable_schema
from faststream.nats import NatsBroker
from nats.aio.client import Client

from common import rpc
from common.graphs import Context, Graph
from common.rpc import Answer, Ask

Resolver = Callable[..., Any]


class Owner:
    """A service with a schema of its own. `asked` is what it was asked so far, in order."""

    def __init__(self, client: Client, url: str, name: str, sdl: str) -> None:
        self.name = name
        self.sdl = sdl
        self.asked: list[Ask] = []
        self._client = client
        self._broker = NatsBroker(url, logger=None)
        self._query, self._mutation = QueryType(), MutationType()

    def answers(self, fields: Mapping[str, Resolver]) -> Owner:
        """Resolvers by `Query.field` or `Mutation.field`; they take `info` and the arguments."""
        for name, resolver in fields.items():
            root, _, field = name.partition(".")
            bindable = self._query if root == "Query" else self._mutation
            bindable.set_field(field, lambda _, info, _call=resolver, **given: _call(info, **given))
        return self

    async def start(self) -> Owner:
        """Listen, then publish."""
        bindables = [self._query, *([self._mutation] if "type Mutation" in self.sdl else [])]
        graph = Graph(make_executable_schema(self.sdl, *bindables), (), Context)

        async def answer(ask: Ask) -> Answer:
            self.asked.append(ask)
            return await graph.answer(ask)

        rpc.serve(self._broker, f"api.{self.name}", Ask, answer, queue=self.name)
        await self._broker.start()
        await self.publish(self.sdl)
        return self

    async def publish(self, sdl: str) -> None:
        """Say what the part is."""
        await self._client.request(f"$KV.API.{self.name}", orjson.dumps({"sdl": sdl, "sha": ""}))

    async def stop(self) -> None:
        """Answer no more; what was published stays."""
        await self._broker.stop()
