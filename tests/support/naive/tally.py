"""How often each kind of question was asked: filter test, null, depth of the list, cursor, order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from tests.support.naive.asked import OMITTED, Given, Pick, Word
from tests.support.naive.schema import SUFFIXES, Kind, Service, Side

DEPTH_MAX: Final = 4
ORDERS: Final = ("default", "ascending", "descending")
TESTS: Final = (*SUFFIXES["ID"], "one", "every", "some", "none")
RELATED: Final = ("one", "every", "some", "none")
HITS_MIN: Final = 20


class Cell(NamedTuple):
    """A kind of question."""

    test: str
    null: bool
    depth: int
    cursor: bool
    order: str


def reachable() -> list[Cell]:
    """All cells but those of null for a to-many relation, which is refused (3033)."""
    return [
        Cell(test, null, depth, cursor, order)
        for test in TESTS
        for null in (False, True)
        if not (null and test in RELATED[1:])
        for depth in range(1, DEPTH_MAX + 1)
        for cursor in (False, True)
        for order in ORDERS
    ]


class Tally:
    """The histogram of a run."""

    def __init__(self) -> None:
        self.cells: Counter[Cell] = Counter()
        self.others: Counter[str] = Counter()

    def seldom(self, chance: Random, tests: Sequence[str], depth: int, like: Cell | None = None) -> Cell:
        """A cell of this depth that was asked less often than others; perhaps with cursor and order of another."""
        some = [
            Cell(chance.choice(tests), chance.random() < 0.5, depth, chance.random() < 0.5, chance.choice(ORDERS))
            for _ in range(8)
        ]
        if like is not None:
            some = [cell._replace(cursor=like.cursor, order=like.order) for cell in some]
        usual = [cell for cell in some if not (cell.null and cell.test in RELATED[1:])]
        return min(usual or some, key=lambda cell: self.cells[cell])

    def count(self, service: Service, roots: Iterable[Pick]) -> None:
        """Root fields that are answered."""
        for root in roots:
            self.cells.update(_cells(service, root, 1))

    def missing(self) -> list[tuple[Cell, int]]:
        """The reachable cells with too few hits."""
        return [(cell, self.cells[cell]) for cell in reachable() if self.cells[cell] < HITS_MIN]

    def table(self) -> str:
        """The histogram as text: a line per test and null, a column per depth, cursor and order."""
        columns = [(d, c, o) for d in range(1, DEPTH_MAX + 1) for c in (False, True) for o in ORDERS]
        head = " ".join(f"{d}{'c' if c else ' '}{o[0]}".rjust(5) for d, c, o in columns)
        lines = ["hits per filter test (null: compared with null), depth of the list, c = with a cursor,"]
        lines += ["order d = default, a = ascending, d = descending", "", f"{'':22}{head}"]
        lines[-1] = lines[-1].rstrip()
        for test in TESTS:
            for null in (False, True):
                numbers = [self.cells[Cell(test, null, *column)] for column in columns]
                name = f"{test or 'equals'}{' null' if null else ''}"
                lines.append(f"{name:22}" + " ".join(f"{number:5}" for number in numbers))
        lines += ["", *(f"{number:8}  {name}" for name, number in sorted(self.others.items()))]
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.table())


def _cells(service: Service, pick: Pick, depth: int) -> Iterator[Cell]:
    given = pick.arguments
    if pick.kind is not None and "filter" in given and isinstance(given["filter"].value, dict):
        cursor = any(_said(given.get(name)) for name in ("after", "before"))
        order = given.get("orderBy")
        direction = order.value.rpartition("_")[2] if order is not None and isinstance(order.value, Word) else ""
        name = {"": "default", "ASC": "ascending", "DESC": "descending"}[direction]
        for test, null in tests(service, service.kind[pick.kind], given["filter"]):
            yield Cell(test, null, min(depth, DEPTH_MAX), cursor, name)
    for one in pick.picks:
        yield from _cells(service, one, depth + 1)


def tests(service: Service, kind: Kind, given: Given) -> Iterator[tuple[str, bool]]:
    """Every test in a filter, with whether it is one for null."""
    for name, one in given.value.items():
        if one.value is OMITTED:
            continue
        if name in ("AND", "OR"):
            for inner in one.value or ():
                yield from tests(service, kind, inner)
            continue
        field, test = kind.tests[name]
        if isinstance(field, Side):
            yield test or "one", one.value is None
            if one.value is not None:
                yield from tests(service, service.kind[field.other], one)
        else:
            yield test, one.value is None


def _said(given: Given | None) -> Any:
    return given is not None and given.value is not None and given.value is not OMITTED
