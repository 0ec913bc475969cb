"""Writes -> statements in order: locks, one verdict over everything that must not be, edges, the node, the answer.

A verdict is null to go on, `moved` when the database serves another model, or the number of a guard, followed by `:`
and the id in question where the guard names one.
"""

from __future__ import annotations

from typing import Final, Literal

from common.sql import EMPTY, Sql, ident, join, sql
from contracts.model import Scalar
from gateway.engine.plan.tree import Assign, Fixed, One, Output, Stored, Write
from gateway.engine.source import Const, Now
from gateway.engine.sql import edges, json, reading, text
from gateway.engine.sql.aliases import Aliases

Expects = Literal["nothing", "verdict", "verdict, answer"]

ROW: Final = "t"
"""Alias of the written node in its own statement."""


def write(tree: Write, sha: str) -> list[tuple[Sql, Expects]]:
    """The statements, with what each returns; verdicts count `tree.guards`."""
    served = sql("exists (select from app._mortise where model_sha = {sha})", sha=text.text(Const(sha)))
    writes = tree.verb != "update" or bool(tree.assigns)
    at_once = writes and not tree.after and _plain(tree)
    # A statement that returns the row it wrote needs no look-up whether the node is there.
    guards = [one for one in tree.guards if not (at_once and one.kind == "missing")]
    statements: list[tuple[Sql, Expects]] = []
    if tree.locks:
        statements += [(one, "nothing") for one in edges.locks(tree)]
    if guards:
        statements.append((edges.verdict(tree), "verdict"))
    statements += [(one, "nothing") for effect in tree.before for one in edges.effects(effect, tree.node)]
    if at_once:
        return [*statements, (_at_once(tree, served), "verdict, answer")]
    if writes:
        statements.append((_written(tree, EMPTY, EMPTY), "nothing"))
    statements += [(one, "nothing") for effect in tree.after for one in edges.effects(effect, tree.node)]
    return [*statements, (_read_back(tree, served), "verdict, answer")]


def _plain(tree: Write) -> bool:
    """The answer can be written from the row itself: `returning` sees no other change of the statement."""
    if tree.verb == "delete":
        return True
    return all(_plain_output(tree, output) for output in tree.answer.outputs)


def _plain_output(tree: Write, output: Output) -> bool:
    match output:
        case Stored() | Fixed():
            return True
        case One(rows=rows, outputs=inner):
            link = rows.link
            return (
                link is not None
                and link.keeps == "near"
                and link.far.id != tree.entity.id
                and all(isinstance(one, Stored | Fixed) for one in inner)
            )
        case _:
            return False


# --- the node itself ----------------------------------------------------------------------------------------------


def _at_once(tree: Write, served: Sql) -> Sql:
    """Write and answer in one statement, which writes nothing when its verdict objects."""
    answer = json.node(tree.answer.outputs, ROW, Aliases())
    return sql(
        "with written as ({written}) "
        "select case when not {served} then 'moved'{missing} end, (select answer from written)",
        written=_written(tree, served, sql(" returning {answer} as answer", answer=answer)),
        served=served,
        # The first guard of an update or delete is that its node is there.
        missing=EMPTY if tree.verb == "create" else sql(" when not exists (select from written) then '0'"),
    )


def _read_back(tree: Write, served: Sql) -> Sql:
    # Looked up last, when the locks on everything written keep a deployment from going on.
    answer = reading.node(tree.answer, Aliases())
    return sql("select case when not {served} then 'moved' end, ({answer})", served=served, answer=answer)


def _written(tree: Write, served: Sql, returning: Sql) -> Sql:
    if tree.verb == "create":
        return _insert(tree, served, returning)
    table = sql("{table} {row}", table=text.table(tree.entity.table), row=ident(ROW))
    node = sql("{column} = {id}", column=text.column(ROW, "id"), id=text.text(tree.node))
    where = join(" and ", [node, served])
    if tree.verb == "delete":
        return sql("delete from {table} where {where}{returning}", table=table, where=where, returning=returning)
    return sql(
        "update {table} set {assigns} where {where}{returning}",
        table=table,
        assigns=join(", ", _assignments(tree)),
        where=where,
        returning=returning,
    )


def _insert(tree: Write, served: Sql, returning: Sql) -> Sql:
    now = text.parameter(Now(), "timestamptz")
    columns = [ident("id"), ident("created_at"), ident("updated_at")]
    values = [text.text(tree.node), now, now]
    for assign in tree.assigns:
        columns.append(ident(assign.column))
        values.append(_given(assign))
    return sql(
        "insert into {table} as {row} ({columns}) select {values}{where}{returning}",
        table=text.table(tree.entity.table),
        row=ident(ROW),
        columns=join(", ", columns),
        values=join(", ", values),
        where=sql(" where {served}", served=served) if served else EMPTY,
        returning=returning,
    )


def _assignments(tree: Write) -> list[Sql]:
    assigned = [sql("{column} = {given}", column=ident(one.column), given=_given(one)) for one in tree.assigns]
    # Only a changed scalar moves the time: neither edges nor the same value again (G 2.1).
    changes = [_changed(one) for one in tree.assigns if one.field is not None]
    if changes:
        moved = sql(
            "{column} = case when {changed} then {now} else {old} end",
            column=ident("updated_at"),
            changed=join(" or ", changes),
            now=text.parameter(Now(), "timestamptz"),
            old=text.column(ROW, "updated_at"),
        )
        assigned.append(moved)
    return assigned


def _changed(assign: Assign) -> Sql:
    old, new = text.column(ROW, assign.column), _given(assign)
    if assign.field is not None and assign.field.scalar is Scalar.JSON:
        return sql("{old}::text is distinct from {new}::text", old=old, new=new)
    return sql("{old} is distinct from {new}", old=old, new=new)


def _given(assign: Assign) -> Sql:
    return text.parameter(assign.value, "text" if assign.field is None else text.type_of(assign.field))
