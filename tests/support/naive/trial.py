"""One environment's life: it is filled, asked and changed, and everything is compared with the world in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import asyncpg

from gateway.engine import Call, Result, Root
from tests.support.answering import START, Client
from tests.support.naive.asked import Operation, fits
from tests.support.naive.changes import Changes
from tests.support.naive.changing import NewIds
from tests.support.naive.evaluator import Expected, expected
from tests.support.naive.judging import broken, difference, everything, found, restored, same
from tests.support.naive.memory import World
from tests.support.naive.questions import Questions
from tests.support.naive.reading import objections
from tests.support.naive.schema import Service
from tests.support.naive.spelled import Spelled, spelled
from tests.support.naive.tally import Tally
from tests.support.naive.values import written
from tests.support.naive.varied import variation

FILLING: Final = 0.6
VARIATIONS: Final = (2, 2, 3)
"""How often an operation is asked again with other variables."""
AGAIN: Final = 0.4
"""Of the mutations, those that are sent again with other variables."""


class Steady(Client):
    """A client whose clock moves a second per root field, also for one that is refused without asking."""

    async def _root(self, call: Call, root: Root) -> Result:
        before = self.roots
        result = await super()._root(call, root)
        self.roots = before + 1
        return result

    def moments(self, count: int) -> list[str]:
        """The times of the next root fields."""
        return [written(START + timedelta(seconds=self.roots + number)) for number in range(1, count + 1)]


@dataclass(frozen=True)
class Asked:
    """An operation and how it is spelled: by the chance of a seed, or as another was."""

    operation: Operation
    request: Spelled
    seed: int | None = None


@dataclass(frozen=True)
class Verdict:
    """A comparison."""

    said: Expected
    answer: Any
    wrong: str | None
    shown: dict[str, Any] | None = None
    """Everything that is stored afterwards, of a mutation."""


class DifferenceError(AssertionError):
    """The engine and the evaluator disagree."""

    def __init__(self, asked: Asked, verdict: Verdict) -> None:
        super().__init__(verdict.wrong)
        self.asked = asked
        self.verdict = verdict


class Trial:
    """The life of one environment; `readers` are more clients of the same database."""

    def __init__(self, service: Service, clients: Sequence[Steady], seed: int, tally: Tally) -> None:
        self.service = service
        self.client, *_ = self.clients = list(clients)
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311 - the same every time
        self.tally = tally
        self.world = World(service)
        self.everything = everything(service)
        self.cases = 0

    async def live(self, cases: int, *, reads: int = 75, writes: int = 25) -> None:
        """So many operations: first it is filled, then reads and writes take turns."""
        filling = max(10, min(cases // 8, 12 * len(self.service.kinds)))
        for _ in range(filling):
            await self.change(filling=self.chance.random() < FILLING)
        while self.cases < cases:
            await self.ask(min(reads, cases - self.cases))
            for _ in range(min(writes, cases - self.cases)):
                await self.change()

    # --- reads

    async def ask(self, count: int) -> None:
        """Reads, as many at once as there are clients."""
        asker = Questions(self.world, self.chance, self.tally)
        asked: list[Asked] = []
        while len(asked) < count:
            operation = asker.query()
            seed = self.chance.getrandbits(32)
            asked.append(Asked(operation, spelled(operation, Random(seed)), seed))  # noqa: S311 - the same every time
            self._count(operation)
            for _ in range(self.chance.choice(VARIATIONS)):
                other = variation(asked[-1].operation, asked[-1].request, list(self.world.nodes), self.chance)
                if other is not None and len(asked) < count:
                    asked.append(Asked(*other))
                    self._count(other[0])
        parts = [asked[number :: len(self.clients)] for number in range(len(self.clients))]
        wrong = await asyncio.gather(
            *(self._asked(client, part) for client, part in zip(self.clients, parts, strict=True))
        )
        for one in wrong:
            if one is not None:
                raise DifferenceError(*one)
        self.cases += count

    async def _asked(self, client: Steady, asked: list[Asked]) -> tuple[Asked, Verdict] | None:
        """The first difference."""
        for one in asked:
            verdict = await self.read(client, one.operation, one.request)
            self._note(verdict, one.operation)
            if verdict.wrong is not None:
                return one, verdict
        return None

    def _count(self, operation: Operation) -> None:
        """As soon as it is asked, because what is asked next depends on it."""
        if fits(operation):
            self.tally.count(self.service, (root for root in operation.roots if not objections(self.world, root)))

    async def read(self, client: Steady, operation: Operation, request: Spelled) -> Verdict:
        """Ask, and compare the answer."""
        answer = await _answer(client, request)
        said = expected(self.world, operation, [""] * len(operation.roots), NewIds())
        return Verdict(said, answer, _disagreement(said, answer))

    # --- writes

    async def change(self, *, filling: bool = False) -> None:
        """A mutation, and a look at everything after it; sometimes once more with other variables."""
        operation = Changes(self.world, self.chance, self.tally).mutation(filling=filling)
        seed = self.chance.getrandbits(32)
        asked = Asked(operation, spelled(operation, Random(seed)), seed)  # noqa: S311 - the same every time
        await self._changed(asked)
        other = variation(asked.operation, asked.request, list(self.world.nodes) or [""], self.chance)
        if other is not None and self.chance.random() < AGAIN:
            await self._changed(Asked(*other))

    async def _changed(self, asked: Asked) -> None:
        transaction = self.client.connection.transaction()
        await transaction.start()
        try:
            verdict = await self.write(asked.operation, asked.request)
        except BaseException:
            await transaction.rollback()
            raise
        self._note(verdict, asked.operation)
        if verdict.wrong is not None:
            await transaction.rollback()
            raise DifferenceError(asked, verdict)
        await transaction.commit()
        self.world = verdict.said.world
        self.cases += 1

    async def write(self, operation: Operation, request: Spelled) -> Verdict:
        """Change, and compare the answer and what is stored."""
        moments = self.client.moments(len(operation.roots))
        answer = await _answer(self.client, request)
        shown = await self.client.data(self.everything)
        new = {
            kind.name: sorted({row["id"] for row in shown[f"all{kind.plural}"]} - self.world.nodes.keys())
            for kind in self.service.kinds
        }
        said = expected(self.world, operation, moments, NewIds(new))
        wrong = _disagreement(said, answer)
        if wrong is None and not same(found(said.world), shown):
            wrong = "what is stored afterwards differs"
        if wrong is not None and said.open:
            return self._left_open(said, answer, shown)
        return Verdict(said, answer, wrong, shown)

    def _left_open(self, said: Expected, answer: Any, shown: dict[str, Any]) -> Verdict:
        """The rules do not say what comes out; but it is what is stored, and it holds together."""
        world = restored(self.service, shown, self.world)
        problems = broken(world)
        codes = {one.get("code") for one in answer.get("errors", [])} if isinstance(answer, dict) else {"none"}
        if not codes <= {3032, 3011, 3010, *(one.code for _, each in said.faults for one in each)}:
            problems.append(f"codes {codes}")
        said.world = world
        return Verdict(said, answer, ", ".join(problems) or None, shown)

    # --- telling

    def _note(self, verdict: Verdict, operation: Operation) -> None:
        others, said = self.tally.others, verdict.said
        others[f"{operation.verb} operations"] += 1
        if said.refused:
            others["operations refused before execution"] += 1
        if said.open:
            others["operations whose outcome the rules leave open"] += 1
        for root in operation.roots:
            others[f"root field {_form(root.name)}"] += 1
        for _, faults in said.faults:
            for code in {one.code for one in faults}:
                others[f"code {code}"] += 1
        for value in (said.data or {}).values():
            if isinstance(value, list):
                others["lists that are empty" if not value else "lists that are not empty"] += 1


async def _answer(client: Client, request: Spelled) -> Any:
    try:
        return await client.ask(request.text, request.variables, request.operation)
    except (asyncpg.PostgresError, AssertionError, ValueError, LookupError, TypeError) as problem:
        return problem


def _disagreement(said: Expected, answer: Any) -> str | None:
    return difference(said, answer) if isinstance(answer, dict) else "it raised"


def _form(name: str) -> str:
    """Of which form a root field is."""
    found = _FORM.match(name)
    return "the name of a type" if found is None else found[0]


_FORM: Final = re.compile(r"(updateOrCreate|create|update|delete|addTo|removeFrom|set|unset|all|_all|node)(?![a-z])")
