"""A schema text to its Model, or to everything that is wrong with it (G 2).

In order of flow: `declarations` (text to declarations, limits), `shape` (stage one) with `relations`, `meaning` (stage
two) with `naming`, `collisions` and `values`, `identity` (stable ids, Model).
"""

from __future__ import annotations

from typing import Final

from contracts.model import Model
from registry.domain import identity, meaning, shape
from registry.domain.declarations import read
from registry.domain.problems import TOP, Problem, problem

PROBLEMS_MAX: Final = 500


def parse(
    text: str, *, service: str, previous: Model | None, previous_text: str | None = None
) -> Model | tuple[Problem, ...]:
    """The Model of the text, or all its problems (never both, never none).

    `service` is the service's id; `previous` the Model of its last version, whose stable ids live on (`identity`), and
    `previous_text` the text it was made of, whose renames are done. Problems come in the dialect's order: what it does
    not have, shape rule by rule, then names and values.
    """
    declared, refused = read(text)
    if refused and not declared.types and not declared.enums:
        return refused
    # Only a text with an `oldName` can hold a rename that is done; most need not be read again.
    done = identity.claims(read(previous_text)[0]) if previous_text and "oldName" in previous_text else frozenset()
    problems = (
        *refused,
        *shape.wrong(declared),
        *meaning.wrong(declared),
        *identity.wrong(identity.outstanding(declared, done), previous),
    )
    if len(problems) > PROBLEMS_MAX:
        more = problem(TOP, "Global", None, f"There are {len(problems) - PROBLEMS_MAX} more problems.")
        return (*problems[:PROBLEMS_MAX], more)
    return problems or identity.model(declared, service=service, previous=previous, done=done)
