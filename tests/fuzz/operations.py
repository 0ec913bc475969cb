"""Operations, one for each number of a seed: a document, what is done to it, whose key it carries, how it travels."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

from tests.fuzz import damage, framing, values
from tests.fuzz.grammar import Draft, Grammar

CORPUS: Final = 40
"""Drafts of an environment that are kept to be sent again, damaged, or to take pieces from."""
SIMPLE: Final = 0.45
"""Share of operations that go to the old form of the API."""
WRITTEN_TO: Final = 0.6
"""Share of operations that go to the environment that may be written to."""
MUTATIONS: Final = 0.55
ALIKE: Final = 0.7
"""Share of requests whose heads are like those of many others."""
ROUND_BYTES: Final = 512
SENT_AGAIN: Final = 0.85
"""Share of drafts that were sent before: plans, prepared statements and other memories are met by what does not fit."""
DAMAGED: Final = 0.25
BROKEN: Final = 0.07
"""Share of documents whose tokens, and of texts whose characters are no longer all there."""

Form = Literal["modern", "simple"]


@dataclass
class Target:
    """An environment that is called."""

    name: str
    environment: str
    endpoint: str
    key: str
    canary: str
    grammar: Grammar
    written: bool = False
    """Whether this run may change it."""
    foreign_keys: tuple[str, ...] = ()
    """Keys that open other environments and not this one."""
    corpus: dict[str, list[Draft]] = field(default_factory=lambda: {"query": [], "mutation": []})

    def path(self, form: Form) -> str:
        """Of one form of its API."""
        return f"/{self.endpoint}/graphql" if form == "modern" else f"/simple/v1/{self.endpoint}"


@dataclass
class Operation:
    """What is sent over one connection, and what may be expected of the answer."""

    number: int
    kind: str
    target: Target | None
    """None: nobody in particular, so nobody's data may be in the answer."""
    form: Form
    pieces: list[bytes]
    asked: list[str] = field(default_factory=list)
    """Ids of the requests, one answer to each in this order; empty for what is no request: anything but data or a
    server's error may follow, and the connection is of no use afterwards."""
    bodyless: bool = False
    refused: bool = False
    """No data may be answered."""
    half_closed: bool = False

    @property
    def sent(self) -> bytes:
        """All bytes."""
        return b"".join(self.pieces)


@dataclass
class _Request:
    """One HTTP request that is well framed."""

    form: Form
    path: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"


class Writer:
    """Writes the operations of one seed. `targets` is where they go; one of them may be written to."""

    def __init__(self, seed: int, targets: list[Target]) -> None:
        self.seed = seed
        self.targets = targets
        self._connection = 0
        self._written = [one for one in targets if one.written]
        self._read = [one for one in targets if not one.written]
        self._makers: tuple[tuple[float, str, Callable[[random.Random, int], Operation]], ...] = (
            (0.70, "document", self._document),
            (0.74, "pipelined", self._pipelined),
            (0.78, "batch", self._batch),
            (0.82, "url", self._url),
            (0.86, "envelope", self._envelope),
            (0.90, "headers", self._headers),
            (0.94, "stranger", self._stranger),
            (0.97, "path", self._path),
            (0.98, "bomb", self._bomb),
            (1.01, "framing", self._framing),
        )

    def operation(self, number: int, connection: int = 0) -> Operation:
        """The operation with a number; the same for the same seed, but for ids that the environment gave meanwhile.

        Connections have names, which stand in the requests: an answer must not end up on another one.
        """
        self._connection = connection
        chance = random.Random(self.seed * 1_000_003 + number)  # noqa: S311 - the same for the same seed
        drawn = chance.random()
        for until, kind, made in self._makers:
            if drawn < until:
                found = made(chance, number)
                found.kind = kind
                return found
        raise AssertionError("the last kind takes what is left")

    # --- whose, and what it asks ---

    def _target(self, chance: random.Random) -> Target:
        return chance.choice(self._written if self._written and chance.random() < WRITTEN_TO else self._read)

    def _form(self, chance: random.Random) -> Form:
        return "simple" if chance.random() < SIMPLE else "modern"

    def _draft(self, chance: random.Random, target: Target, *, writes: bool) -> Draft:
        kind = "mutation" if writes and chance.random() < MUTATIONS else "query"
        known = target.corpus[kind]
        if len(known) == CORPUS and chance.random() < SENT_AGAIN:
            return self._varied(chance, chance.choice(known), target)
        made = target.grammar.draft(chance, kind, chance.choice((1, 1, 1, 1, 2, 3)))
        if len(known) < CORPUS:
            known.append(made)
        else:
            known[chance.randrange(CORPUS)] = made
        return made

    @staticmethod
    def _varied(chance: random.Random, draft: Draft, target: Target) -> Draft:
        """The same document, at times with other values of its variables: what is remembered of it has to fit."""
        if not draft.variables or chance.random() < 0.4:
            return draft
        given = dict(draft.variables)
        chosen = chance.choice(list(given))
        pools = target.grammar.pools
        given[chosen] = chance.choice(
            (
                values.text(chance, pools.texts),
                values.node(chance, pools.every(), pools.foreign),
                values.any_json(chance),
            )
        )
        return Draft(draft.kind, draft.tokens, draft.declared, given)

    def _params(self, chance: random.Random, target: Target, *, writes: bool) -> dict[str, Any]:
        draft = self._draft(chance, target, writes=writes)
        tokens = draft.finished()
        drawn = chance.random()
        if drawn < DAMAGED:
            # Only queries lend their tokens: whoever may not write must not be made to.
            tokens = damage.tokens(chance, tokens, chance.choice(target.corpus["query"] or [draft]).tokens)
        text = " ".join(tokens)
        if DAMAGED <= drawn < DAMAGED + BROKEN:
            text = damage.characters(chance, text)
        params: dict[str, Any] = {"query": text}
        if draft.variables:
            params["variables"] = draft.variables
        if chance.random() < 0.05:
            params["operationName"] = chance.choice(("F", "", "G", None, 1, "\0", "F" * 300))
        return params

    def _body(self, chance: random.Random, target: Target, form: Form, *, writes: bool) -> bytes:
        params = self._params(chance, target, writes=writes)
        if form == "simple" and "variables" in params and chance.random() < 0.3:
            params["variables"] = json.dumps(params["variables"])
        body = json.dumps(params, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
        return damage.body(chance, body) if chance.random() < BROKEN else body

    # --- how it travels ---

    def _sent(self, chance: random.Random, number: int, target: Target | None, requests: list[_Request]) -> Operation:
        ids = [f"f{self.seed}-{number}-{part}" for part in range(len(requests))]
        if chance.random() < ALIKE:
            # Heads that come again byte for byte may be served in a way of their own.
            ids = [f"f{self.seed}-connection-{self._connection}"] * len(requests)
            for one in requests:
                one.body += b" " * (-len(one.body) % ROUND_BYTES)
        pieces = [
            framing.framed(one.method, one.path, {**one.headers, "X-Request-Id": name}, one.body, chance)
            for name, one in zip(ids, requests, strict=True)
        ]
        found = Operation(number, "", target, requests[0].form, [b"".join(pieces)], ids)
        if chance.random() < 0.05:
            found.pieces = framing.split(chance, found.pieces[0])
        return found

    def _request(self, chance: random.Random, target: Target, form: Form, body: bytes) -> _Request:
        name = "Authorization" if chance.random() < 0.3 else "x-user-authorization"
        headers = {name: f"Bearer {target.key}", "Content-Type": "application/json"}
        return _Request(form, target.path(form), body, headers)

    def _document(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        body = self._body(chance, target, form, writes=target.written)
        return self._sent(chance, number, target, [self._request(chance, target, form, body)])

    def _pipelined(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        requests = [
            self._request(chance, target, form, self._body(chance, target, form, writes=target.written))
            for _ in range(chance.randrange(2, 7))
        ]
        return self._sent(chance, number, target, requests)

    def _batch(self, chance: random.Random, number: int) -> Operation:
        target = self._target(chance)
        entries: list[Any] = [
            self._params(chance, target, writes=target.written) if chance.random() < 0.9 else chance.choice(values.ODD)
            for _ in range(chance.choice((0, 1, 2, 3, 5, 8)))
        ]
        if chance.random() < 0.05:
            entries = entries[:1] * chance.choice((99, 101))
        form: Form = "simple" if chance.random() < 0.9 else "modern"
        return self._sent(chance, number, target, [self._request(chance, target, form, json.dumps(entries).encode())])

    def _url(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        # A mutation must not run by GET, so there may be one wherever it goes.
        params = self._params(chance, target, writes=True)
        asked = "query=" + quote(params["query"].encode("utf-8", "surrogatepass")[:3_000])
        if "variables" in params:
            asked += "&variables=" + quote(json.dumps(params["variables"])[:3_000])
        if chance.random() < 0.1:
            asked += chance.choice(
                ("&query=%7Bid%7D", "&variables=%ff", "&operationName=%00", "&%00=%00", "&variables")
            )
        request = self._request(chance, target, form, b"")
        request.method = chance.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE", "PUT"))
        if chance.random() < 0.95:
            request.path += "?" + asked
        found = self._sent(chance, number, target, [request])
        found.bodyless = request.method == "HEAD"
        return found

    def _envelope(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        params: Any = self._params(chance, target, writes=target.written)
        match chance.randrange(5):
            case 0:
                params = values.any_json(chance)
            case 1:
                params["query"] = values.any_json(chance)
            case 2:
                params["variables"] = values.any_json(chance)
            case 3:
                params[chance.choice(values.TEXTS)[:30]] = values.any_json(chance)
            case _:
                params = {**params, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
        return self._sent(chance, number, target, [self._request(chance, target, form, json.dumps(params).encode())])

    def _headers(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        request = self._request(chance, target, form, self._body(chance, target, form, writes=target.written))
        name, given = chance.choice(framing.HEADERS)
        request.headers[name] = given
        return self._sent(chance, number, target, [request])

    def _stranger(self, chance: random.Random, number: int) -> Operation:
        """The key of somebody else, none, or one that is no key: whatever is asked, nothing is told."""
        target, form = self._target(chance), self._form(chance)
        request = self._request(chance, target, form, self._body(chance, target, form, writes=True))
        request.headers = {"Content-Type": "application/json"}
        wrong = (*target.foreign_keys, target.key[:-1], target.key + "x", "mpk_", "pfy_x", "\x80", "")
        if chance.random() < 0.9:
            name = chance.choice(("Authorization", "x-user-authorization"))
            request.headers[name] = chance.choice(("Bearer {}", "bearer  {}", "{}", "Basic {}")).format(
                chance.choice(wrong)
            )
        found = self._sent(chance, number, target, [request])
        found.refused = True
        return found

    def _path(self, chance: random.Random, number: int) -> Operation:
        """Paths around the endpoint. What is found there is the endpoint's own or nothing."""
        target, form = self._target(chance), self._form(chance)
        request = self._request(chance, target, form, self._body(chance, target, form, writes=False))
        whole = request.path
        request.path = chance.choice(
            (
                *(whole + "/", whole.upper(), whole + "%00", "/" + whole, whole + ";x=1", whole + "#x", whole[:-1]),
                *(f"/{target.endpoint}", f"/simple/v1/{target.endpoint}/permissions", "/simple/v1/", "/simple/v1"),
                *(
                    f"/relay/v1/{target.endpoint}",
                    f"/%2e%2e{whole}",
                    f"/../..{whole}",
                    f"http://x{whole}",
                    "/%ff/graphql",
                ),
                *(
                    "/__proto__/graphql",
                    "/" + "0" * 32 + "/graphql",
                    "/" + "a" * 5_000 + "/graphql",
                    f"{whole}?{'a=b&' * 300}",
                ),
                *(f"/{target.endpoint[:-1]}/graphql", f"/{target.endpoint}%20/graphql", "/healthz", "/", "/query"),
            )
        )
        return self._sent(chance, number, target, [request])

    def _bomb(self, chance: random.Random, number: int) -> Operation:
        target, form = self._target(chance), self._form(chance)
        lists = [one for one in target.grammar.roots["query"] if one.name.startswith("all")]
        chosen = chance.choice(lists)
        draft = damage.bomb(chance, chosen.name, chosen.returned)
        params = {"query": " ".join(draft.finished()), "variables": draft.variables}
        return self._sent(chance, number, target, [self._request(chance, target, form, json.dumps(params).encode())])

    def _framing(self, chance: random.Random, number: int) -> Operation:
        """What is no request, or no whole one, on a connection of its own."""
        target, form = self._target(chance), self._form(chance)
        request = self._request(chance, target, form, self._body(chance, target, form, writes=target.written))
        pieces = framing.broken(chance, request.path, request.headers, request.body)
        return Operation(number, "", target, form, pieces, half_closed=chance.random() < 0.7)
