"""How long the compiler takes: cold, for a new shape of variables, and from its cache.

`python -m tests.bench.bench_compile` prints a table and keeps it in `results`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

from contracts.model import digest, encode
from gateway.engine import Call, Engine, Fresh, Request, prepare
from tests.bench.figures import Report, Table, count
from tests.support.answering import START
from tests.support.cases import prepared
from tests.support.schemas import model

LIST: Final = """
query ($y: Int) {
  allAlbums(filter: { year_gte: $y }, orderBy: title_ASC, first: 20) { id title year band { id name slug } }
}"""
LEVELS: Final = """
{
  allBands(first: 20, orderBy: name_ASC) {
    name
    albums(first: 5, orderBy: year_DESC) { title band { fans(first: 3) { email } } }
  }
}"""
QUESTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "node by id": ("query ($id: ID) { Band(id: $id) { id name rating } }", {"id": "x"}),
    "list of 20": (LIST, {"y": 2000}),
    "three levels": (LEVELS, {}),
    "create": (
        "mutation ($t: String!, $b: ID) { createAlbum(title: $t, bandId: $b) { id title band { id } } }",
        {"t": "x", "b": "c1"},
    ),
}
TYPES: Final = 300
METHOD: Final = (
    (
        "Cold: parse, validate, plan and write the SQL. New shape: the document is known, its variables have another "
        "shape. Cached: both are known; this is what a call costs. Values: the parameters alone."
    ),
    "Medians of 100 (cold), 200 and 2000 runs in one process. Limit: a cached operation, which every cold one becomes.",
)


def microseconds(act: Callable[[], object], times: int) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def wide(types: int) -> str:
    """A chain of types with ten texts each."""
    fields = " ".join(f"field{n}: String" for n in range(10))
    lines = []
    for n in range(types):
        down = f' down: [Type{n + 1}!]! @relation(name: "C{n}")' if n + 1 < types else ""
        up = f' up: Type{n - 1} @relation(name: "C{n - 1}")' if n else ""
        lines.append(f"type Type{n} @model {{ id: ID! @isUnique {fields}{down}{up} }}")
    return "\n".join(lines)


def main() -> None:
    """Print a table."""
    ready = prepared("music")
    table = Table("Microseconds", ("", "cold", "new shape", "cached", "values", "cold / cached"))
    for name, (text, variables) in QUESTIONS.items():
        engine, request = Engine(ready), Request(text, None, variables)
        call = engine.call(request)
        assert isinstance(call, Call)
        (statement,) = call.roots[0].statements

        def reshaped(engine: Engine = engine, request: Request = request) -> None:
            engine.plans = type(engine.plans)(engine.plans.bytes_max)
            engine.call(request)

        figures = (
            microseconds(lambda request=request: Engine(ready).call(request), 100),  # type: ignore[misc]
            microseconds(reshaped, 200),
            microseconds(lambda engine=engine, request=request: engine.call(request), 2000),  # type: ignore[misc]
            microseconds(lambda: statement.values(call.variables, Fresh(START, ("x",))), 2000),  # noqa: B023 - called at once
        )
        table.rows.append((name, *map(count, figures), count(figures[0] / figures[2])))
    made = model(wide(TYPES))
    took = microseconds(lambda: prepare(made, digest(encode(made))), 1) / 1e6
    remark = f"A schema of {TYPES} types with ten texts each is generated in {took:.2f} s."
    Report("compile", "The compiler of the data API", METHOD, (table,), (remark,), packages=("graphql-core",)).keep()


if __name__ == "__main__":
    main()
