"""Writes -> statements in order: locks, what nodes lose, what is written, and the answer (G 6).

Everything that must not be is one verdict, which the first statement looks up before it changes anything: null to go
on, `moved` when the database serves another model, or the number of a guard, followed by `:` and the id in question
where the guard names one of several. `app.refuse` raises what is not null, so that nothing stays.

Changes share a statement as long as none of them needs to see another one: all foreign keys are checked at its end.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.sql import EMPTY, Sql, ident, join, sql
from gateway.engine.plan.changes import Change, Connect, Delete, Insert, Loss, Payload, Update, Write
from gateway.engine.plan.tree import Fixed, Node, One, Output, Stored
from gateway.engine.source import Const
from gateway.engine.sql import edges, guards, json, reading, rows, text
from gateway.engine.sql.aliases import Aliases

Group = list[tuple[Change | Loss, Sql]]
"""Changes that share a statement."""


def write(tree: Write, sha: str, bytes_max: int) -> list[Sql]:
    """The statements; the last one answers. Verdicts count `tree.guards`."""
    assert tree.answer is not None, "only a branch answers nothing"
    locks, cases = guards.locks(tree.locks, EMPTY), guards.cases(tree.guards)
    groups = grouped(tree, EMPTY)
    if _plain(tree, groups):
        *first, last = groups
        if not first:
            return [*locks, _at_once(tree, last, cases, sha)]
        return [*locks, *statements(first, cases, EMPTY), _at_once(tree, last, [], sha)]
    answer = _read_back(tree.answer, bytes_max)
    if not groups:
        return [*locks, answered(answer, sha, cases)]
    return [*locks, *statements(groups, cases, EMPTY), answered(answer, sha)]


def _read_back(answer: Node | Payload, bytes_max: int) -> Sql:
    if isinstance(answer, Node):
        return reading.bounded(reading.node(answer, Aliases()), answer.outputs, bytes_max)
    nodes = [member[1] for member in answer.members if isinstance(member, tuple)]
    return reading.bounded(reading.payload(answer), nodes, bytes_max)


def grouped(tree: Write, gate: Sql) -> list[Group]:
    """What nodes lose, and then what is written, in as few groups as can be."""
    losses = [(one, *edges.loss(one, gate)) for one in tree.losses]
    changes = [(one, *_change(one, gate)) for one in tree.changes]
    return [*_shared(losses), *_shared(changes)]


def statements(groups: Sequence[Group], cases: list[Sql], gate: Sql) -> list[Sql]:
    """One statement per group; the first one looks at the cases of the verdict."""
    verdict = guards.verdict(cases, gate)
    made: list[Sql] = []
    for group in groups:
        *others, last = [one for _, one in group]
        if verdict:
            made.append(_together([*others, last], sql("select app.refuse({verdict})", verdict=verdict)))
        else:
            made.append(_together(others, last))
        verdict = EMPTY
    if verdict:
        made.append(sql("select app.refuse({verdict})", verdict=verdict))
    return made


def answered(answer: Sql, sha: str, cases: Sequence[Sql] = ()) -> Sql:
    """Read the answer, when the database serves the model."""
    # Looked up last, when the locks on everything written keep a deployment from going on.
    return sql(
        "select coalesce(app.refuse({verdict}), ({answer}))",
        verdict=guards.verdict([_moved(sha), *cases], EMPTY),
        answer=answer,
    )


def _change(change: Change, gate: Sql) -> tuple[str | None, Sql]:
    """The table in which rows that were there before change, if any do, and the statement."""
    match change:
        case Insert():
            return None, rows.insert(change, gate)
        case Update():
            return change.entity.table, rows.update(change, gate)
        case Connect():
            return edges.connect(change, gate)
        case _:
            return change.entity.table, rows.delete(change, gate)


def _shared(changes: Sequence[tuple[Change | Loss, str | None, Sql]]) -> list[Group]:
    """A row must not change twice in one statement, and new rows are seen by the next one only."""
    groups: list[Group] = []
    tables: set[str] = set()
    for change, table, made in changes:
        late = isinstance(change, Connect) and change.late
        if not groups or late or table in tables:
            groups.append([])
            tables = set()
        if table is not None:
            tables.add(table)
        groups[-1].append((change, made))
    return groups


def _together(others: Sequence[Sql], last: Sql) -> Sql:
    if not others:
        return last
    return sql("with {others} {last}", others=_named(others), last=last)


def _named(others: Sequence[Sql]) -> Sql:
    each = [sql("{name} as ({one})", name=ident(f"w{number}"), one=one) for number, one in enumerate(others, 1)]
    return join(", ", each)


def _moved(sha: str) -> Sql:
    served = sql("exists (select from app._mortise where model_sha = {sha})", sha=text.text(Const(sha)))
    return sql("when not {served} then 'moved'", served=served)


# --- write and answer in one statement ------------------------------------------------------------------------------


def _at_once(tree: Write, group: Group, cases: list[Sql], sha: str) -> Sql:
    assert isinstance(tree.answer, Node), "the answer is the node"
    returning = sql(" returning {answer} as answer", answer=json.node(tree.answer.outputs, rows.ROW, Aliases()))
    # Only a write of one node answers at once: `_plain` has looked.
    root = next(change for change, _ in group if _is_root(tree, change))
    others = [one for change, one in group if change is not root]
    written = _returned(root, returning)
    if cases and [one.kind for one in tree.guards] == ["missing"]:
        # A statement that returns the row it wrote needs no look-up whether the node is there.
        cases = [sql("when not exists (select from written) then '0'")]
    return sql(
        "with written as ({written}){others} select coalesce(app.refuse({verdict}), (select answer from written))",
        written=written,
        others=sql(", {others}", others=_named(others)) if others else EMPTY,
        verdict=guards.verdict([_moved(sha), *cases], EMPTY),
    )


def _returned(root: Change | Loss, returning: Sql) -> Sql:
    match root:
        case Insert():
            return rows.insert(root, EMPTY, returning)
        case Update():
            return rows.update(root, EMPTY, returning)
        case Delete():
            return rows.delete(root, EMPTY, returning)
        case _:
            raise AssertionError("edges answer nothing")


def _is_root(tree: Write, change: Change | Loss) -> bool:
    """It writes the node of the answer, and no other."""
    assert isinstance(tree.answer, Node), "the answer is the node"
    match change:
        case Insert(rows=((node, *_),)):
            return node == tree.answer.value
        case Update() | Delete():
            return True
        case _:
            return False


def _plain(tree: Write, groups: list[Group]) -> bool:
    """The answer can be written from the row itself: `returning` sees no other change of the statement."""
    if not isinstance(tree.answer, Node) or not groups:
        return False
    if not any(_is_root(tree, change) for change, _ in groups[-1]):
        return False
    if any(isinstance(change, Delete) for change, _ in groups[-1]):
        return True
    touched = {change.entity.id for change, _ in groups[-1] if isinstance(change, Insert | Update)}
    return all(_plain_output(output, touched) for output in tree.answer.outputs)


def _plain_output(output: Output, touched: set[str]) -> bool:
    match output:
        case Stored() | Fixed():
            return True
        case One(rows=found, outputs=inner):
            link = found.link
            return (
                link is not None
                and link.keeps == "near"
                and link.far.id not in touched
                and all(isinstance(one, Stored | Fixed) for one in inner)
            )
        case _:
            return False
