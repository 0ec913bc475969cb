"""What must not be, as one verdict, and the locks that keep it so (G 6.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from common.sql import EMPTY, Sql, ident, join, literal, sql
from gateway.engine.plan.changes import Guard
from gateway.engine.plan.tree import Link
from gateway.engine.source import Listed, Source
from gateway.engine.sql import text

_FAR: Final = "f"
_ID: Final = ident("id")


def cases(guards: Sequence[Guard], first: int = 0) -> list[Sql]:
    """What a verdict looks at, in order; the guards are numbered from `first`."""
    return [_case(number, guard) for number, guard in enumerate(guards, first)]


def verdict(cases: Sequence[Sql], gate: Sql) -> Sql:
    """The objection as an expression: the first case that holds, or null. Nothing when there are no cases."""
    if not cases:
        return EMPTY
    found = sql("case {cases} end", cases=join(" ", cases))
    return sql("case when {gate} then {found} end", gate=gate, found=found) if gate else found


def _case(number: int, guard: Guard) -> Sql:
    """`when` the guard objects `then` its number, with `:` and an id where it is about one of several."""
    match guard.kind:
        case "missing":
            return sql(
                "when not exists (select from {table} where {id} = {node}) then {number}",
                table=_table(guard),
                id=_ID,
                node=text.text(_node(guard)),
                number=literal(str(number)),
            )
        case "absent":
            return _absent(number, guard)
        case "unfit":
            found = sql("true") if guard.ids is None else text.parameter(guard.ids, "bool")
            return sql("when {found} then {number}", found=found, number=literal(str(number)))
        case "stolen":
            found = _stolen(_link(guard), _given(guard), guard.node)
        case "dropped" | "kept":
            found = _dropped(_link(guard), guard)
        case _:
            assert_never(guard.kind)
    return sql("when exists ({found}) then {number}", found=found, number=literal(str(number)))


def locks(guards: Iterable[Guard], gate: Sql) -> list[Sql]:
    """Lock the node of each guard, then the partners it has and gets, in id order."""
    statements: list[Sql] = []
    for guard in guards:
        link, node = _link(guard), text.text(_node(guard))
        statements.append(
            sql(
                "select from {table} where {id} = {node}{gate} for update",
                table=text.table(link.near.table),
                id=_ID,
                node=node,
                gate=text.also(gate),
            )
        )
        wanted = _present(link, node)
        if guard.ids is not None:
            given = text.among(text.column(_FAR, "id"), guard.ids)
            wanted = sql("({wanted} or {given})", wanted=wanted, given=given)
        statements.append(
            sql(
                "select from {table} {far} where {wanted}{gate} order by {id} for update",
                table=text.table(link.far.table),
                far=ident(_FAR),
                wanted=wanted,
                gate=text.also(gate),
                id=text.column(_FAR, "id"),
            )
        )
    return list(dict.fromkeys(statements))


def _table(guard: Guard) -> Sql:
    assert guard.entity is not None, "a guard about nodes names their type"
    return text.table(guard.entity.table)


def _link(guard: Guard) -> Link:
    assert guard.link is not None, "a guard about partners names their relation"
    return guard.link


def _node(guard: Guard) -> Source:
    assert guard.node is not None, "a guard about a node that is there names it"
    return guard.node


def _given(guard: Guard) -> Source:
    assert guard.ids is not None, "a guard about what is given names it"
    return guard.ids


def _absent(number: int, guard: Guard) -> Sql:
    ids = _given(guard)
    if not isinstance(ids, Listed):
        return sql(
            "when not exists (select from {table} where {id} = {given}) then {number} || {given}",
            table=_table(guard),
            id=_ID,
            given=text.text(ids),
            number=literal(f"{number}:"),
        )
    # The first one in the order that they were given.
    absent = sql(
        "from unnest({ids}) with ordinality w(id, n) where not exists "
        "(select from {table} {far} where {far_id} = w.id)",
        ids=text.texts(ids),
        table=_table(guard),
        far=ident(_FAR),
        far_id=text.column(_FAR, "id"),
    )
    return sql(
        "when exists (select {absent}) then {number} || (select w.id {absent} order by w.n limit 1)",
        absent=absent,
        number=literal(f"{number}:"),
    )


def _stolen(link: Link, ids: Source, node: Source | None) -> Sql:
    """Rows in which one of `ids` belongs to another node."""
    match link.keeps:
        case "near" | "join":
            edges, near, far = (
                (link.near.table, _ID, ident(link.column))
                if link.keeps == "near"
                else (link.table, ident(link.near_column), ident(link.far_column))
            )
            return sql(
                "select from {table} where {taken}{other}",
                table=text.table(edges),
                taken=text.among(far, ids),
                other=sql(" and {near} <> {node}", near=near, node=text.text(node)) if node is not None else EMPTY,
            )
        case "far":
            owner = ident(link.column)
            return sql(
                "select from {table} where {taken} and {other}",
                table=text.table(link.far.table),
                taken=text.among(_ID, ids),
                other=sql("{owner} is not null", owner=owner)
                if node is None
                else sql("{owner} <> {node}", owner=owner, node=text.text(node)),
            )
        case _:
            assert_never(link.keeps)


def _dropped(link: Link, guard: Guard) -> Sql:
    """Partners that would be left without the node; a node that is its own partner goes with itself."""
    node = text.text(_node(guard))
    match link.keeps:
        case "near":
            far = ident(link.column)
            edges, mine = link.near.table, sql("{id} = {node} and {far} is not null", id=_ID, node=node, far=far)
        case "far":
            far = _ID
            edges, mine = link.far.table, sql("{column} = {node}", column=ident(link.column), node=node)
        case "join":
            far = ident(link.far_column)
            edges, mine = link.table, sql("{near} = {node}", near=ident(link.near_column), node=node)
        case _:
            assert_never(link.keeps)
    return sql(
        "select from {table} where {mine}{outside}{itself}",
        table=text.table(edges),
        mine=mine,
        outside=text.outside(far, guard.ids),
        itself=sql(" and {far} <> {node}", far=far, node=node) if guard.kind == "kept" else EMPTY,
    )


def _present(link: Link, node: Sql) -> Sql:
    """The far row is a partner of the node."""
    match link.keeps:
        case "near":
            own = sql(
                "(select {column} from {table} where {id} = {node})",
                column=ident(link.column),
                table=text.table(link.near.table),
                id=_ID,
                node=node,
            )
            return sql("{id} = {own}", id=text.column(_FAR, "id"), own=own)
        case "far":
            return sql("{column} = {node}", column=text.column(_FAR, link.column), node=node)
        case "join":
            return sql(
                "{id} in (select {far} from {table} where {near} = {node})",
                id=text.column(_FAR, "id"),
                far=ident(link.far_column),
                table=text.table(link.table),
                near=ident(link.near_column),
                node=node,
            )
        case _:
            assert_never(link.keeps)
