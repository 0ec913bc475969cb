"""Plans -> statements that return the answer as JSON text (DESIGN 4, PERFORMANCE 4.1).

`aliases` and `text` (folding, columns, parameters) come first; `conditions`, `json` and `reading` make the one
statement of a read; `edges` and `writing` the statements of a write. `statements` renders them with their parameters.
"""

from __future__ import annotations

from common.sql import Sql
from gateway.engine.call import Getter, Statement
from gateway.engine.plan.tree import Read, Write
from gateway.engine.source import Const, Several, Var, getter, reader
from gateway.engine.sql.reading import read
from gateway.engine.sql.text import render
from gateway.engine.sql.writing import write


def statements(tree: Read | Write, sha: str) -> tuple[Statement, ...]:
    """The statements of a root field, in order. `sha` names the model that the database must be serving."""
    if not isinstance(tree, Write):
        text, getters = _rendered(read(tree))
        return (Statement(text, "answer", getters),)
    refusals = tuple([guard.failure for guard in tree.guards])
    node = reader(tree.node) if isinstance(tree.node, Const | Var | Several) else None
    made: list[Statement] = []
    for one, expects in write(tree, sha):
        text, getters = _rendered(one)
        made.append(Statement(text, expects, getters, () if expects == "nothing" else refusals, node))
    return tuple(made)


def _rendered(statement: Sql) -> tuple[str, tuple[Getter, ...]]:
    text, sources = render(statement)
    return text, tuple([getter(source) for source in sources])
