"""Plans -> statements that return the answer as JSON text (DESIGN 4, PERFORMANCE 4.1).

`aliases` and `text` (folding, columns, parameters) come first; `conditions`, `json` and `reading` make the one
statement of a read, `small` says which are known to be quick, `batching` makes one of many; `guards` (what must not
be), `rows` (nodes) and `edges` (partners) make the parts of a write, `writing` puts them together, and `upserts` two of
them. `statements` renders them with their parameters.
"""

from __future__ import annotations

from dataclasses import replace

from common.sql import Sql
from gateway.engine.call import Meaning, Reader, Statement
from gateway.engine.plan.changes import Upsert, Write
from gateway.engine.plan.tree import AnyNode, Node, Read
from gateway.engine.source import Const, Several, Var, getter, places, reader
from gateway.engine.sql.batching import batched
from gateway.engine.sql.reading import read
from gateway.engine.sql.small import small
from gateway.engine.sql.text import render
from gateway.engine.sql.upserts import upsert
from gateway.engine.sql.writing import write


def statements(tree: Read | Write | Upsert, sha: str, bytes_max: int) -> tuple[Statement, ...]:
    """The statements of a root field, in order.

    `sha` names the model that the database must be serving; a list larger than `bytes_max` is not even sent.
    """
    match tree:
        case Write():
            texts = write(tree, sha, bytes_max)
        case Upsert():
            texts = upsert(tree, sha, bytes_max)
        case _:
            return (_read(tree, bytes_max),)
    return tuple([_rendered(one, answers=number == len(texts)) for number, one in enumerate(texts, 1)])


def refusals(tree: Read | Write | Upsert) -> tuple[Meaning, ...]:
    """What the numbers in the verdicts of a root field mean."""
    match tree:
        case Write(guards=guards):
            return tuple([guard.failure for guard in guards])
        case Upsert(update=update, create=create):
            return (*refusals(update), *refusals(create))
        case _:
            return ()


def node(tree: Read | Write | Upsert) -> Reader | None:
    """Where the id stands that the client gave for the written node."""
    if isinstance(tree, Write):
        for guard in tree.guards:
            if guard.kind == "missing" and isinstance(guard.node, Const | Var | Several):
                return reader(guard.node)
    return None


def _read(tree: Read, bytes_max: int) -> Statement:
    made = read(tree, bytes_max)
    quick = small(tree)
    batch = batched(made) if quick and isinstance(tree, Node | AnyNode) else ""
    return replace(_rendered(made, answers=True), small=quick, batch=batch)


def _rendered(statement: Sql, *, answers: bool) -> Statement:
    text, sources = render(statement)
    getters = tuple([getter(source) for source in sources])
    return Statement(text, answers, getters, places=sum([places(source) for source in sources]))
