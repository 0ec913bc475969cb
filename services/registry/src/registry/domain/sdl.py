"""A schema text to its Model, or to everything that is wrong with it (G 2).

In order of flow: `declarations` (text to declarations, limits), `shape` (stage one) with `relations`, `meaning` (stage
two) with `naming` and `values`, `identity` (stable ids, Model).
"""

from __future__ import annotations

from typing import Final

from contracts.model import Model
from registry.domain import identity, meaning, shape
from registry.domain.declarations import read
from registry.domain.problems import TOP, Problem, problem

PROBLEMS_MAX: Final = 500


def parse(text: str, *, service: str, previous: Model | None) -> Model | tuple[Problem, ...]:
    """The Model of the text, or all its problems (never both, never none).

    `service` is the service's id; `previous` the Model of its last version, whose stable ids live on (`identity`).
    Problems come in the dialect's order: what it does not have, shape rule by rule, then names and values. A field that
    has a problem of shape is not reported a second time for its name or value.
    """
    declared, refused = read(text)
    if refused and not declared.types and not declared.enums:
        return refused
    early = (*refused, *shape.wrong(declared))
    told = {(each.type, each.field) for each in early}
    late = (*meaning.wrong(declared), *identity.wrong(declared, previous))
    problems = (*early, *(each for each in late if (each.type, each.field) not in told))
    if len(problems) > PROBLEMS_MAX:
        more = problem(TOP, "Global", None, f"There are {len(problems) - PROBLEMS_MAX} more problems.")
        return (*problems[:PROBLEMS_MAX], more)
    return problems or identity.model(declared, service=service, previous=previous)
