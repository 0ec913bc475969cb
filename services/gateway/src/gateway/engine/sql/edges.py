"""Edges around a written node: what must not be, the locks that keep it so, and the changes (G 6.6)."""

from __future__ import annotations

from typing import Final, assert_never

from common.sql import EMPTY, Sql, ident, join, literal, sql
from gateway.engine.plan.tree import Effect, Guard, Link, Write
from gateway.engine.source import Source
from gateway.engine.sql import text

_FAR: Final = "f"
_EDGE: Final = "e"


def verdict(tree: Write) -> Sql:
    """`select` null, or the number of the first guard that objects, with `:` and an id where the guard names one."""
    cases = [_case(str(number), guard, tree) for number, guard in enumerate(tree.guards)]
    return sql("select case {cases} end", cases=join(" ", cases))


def locks(tree: Write) -> list[Sql]:
    """Lock the node and the partners it has and gets, in id order."""
    node = text.text(tree.node)
    statements = [
        sql(
            "select from {table} where {id} = {node} for update", table=text.table(tree.entity.table), id=_ID, node=node
        )
    ]
    for guard in tree.guards:
        link = guard.link
        if link is None or not link.far_requires:
            continue
        partner = _present(link, tree.node)
        wanted = (
            partner
            if guard.ids is None
            else sql(
                "({partner} or {id} = {given})",
                partner=partner,
                id=text.column(_FAR, "id"),
                given=_given(link, guard.ids),
            )
        )
        statements.append(
            sql(
                "select from {table} {far} where {wanted} order by {id} for update",
                table=text.table(link.far.table),
                far=ident(_FAR),
                wanted=wanted,
                id=text.column(_FAR, "id"),
            )
        )
    return list(dict.fromkeys(statements))


def effects(effect: Effect, node: Source) -> list[Sql]:
    """The statements that change edges."""
    match effect.kind:
        case "release":
            return _release(effect.link, effect.ids, node)
        case "drop":
            return [_drop(effect.link, effect.ids, node)]
        case "connect":
            return _connect(effect.link, effect.ids, node)
        case _:
            assert_never(effect.kind)


_ID: Final = ident("id")


def _given(link: Link, ids: Source) -> Sql:
    """What an id is compared with: one id, or any of a list."""
    given = text.parameter(ids, "text[]" if link.field.is_list else "text")
    return sql("any({ids})", ids=given) if link.field.is_list else given


def _outside(column: Sql, link: Link, ids: Source | None) -> Sql:
    """` and column is none of ids`; nothing to add when there are none."""
    if ids is None:
        return EMPTY
    given = text.parameter(ids, "text[]" if link.field.is_list else "text")
    template = " and {column} <> all({ids})" if link.field.is_list else " and {column} <> {ids}"
    return sql(template, column=column, ids=given)


def _case(number: str, guard: Guard, tree: Write) -> Sql:
    node = text.text(tree.node)
    link = guard.link
    if guard.kind == "missing" or link is None:
        return sql(
            "when not exists (select from {table} where {id} = {node}) then {number} || {node}",
            table=text.table(tree.entity.table),
            id=_ID,
            node=node,
            number=literal(f"{number}:"),
        )
    if guard.kind == "unconnectable":
        return _unconnectable(number, guard, link)
    found = _stolen(link, guard.ids, node) if guard.kind == "stolen" else _dropped(link, guard, node)
    return sql("when exists ({found}) then {number}", found=found, number=literal(number))


def _unconnectable(number: str, guard: Guard, link: Link) -> Sql:
    assert guard.ids is not None, "what cannot be connected is given"
    given = text.parameter(guard.ids, "text[]" if link.field.is_list else "text")
    wanted = sql("unnest({ids})" if link.field.is_list else "(values ({ids}))", ids=given)
    absent = sql(
        "from {wanted} w(id) where not exists (select from {table} {far} where {far_id} = w.id)",
        wanted=wanted,
        table=text.table(link.far.table),
        far=ident(_FAR),
        far_id=text.column(_FAR, "id"),
    )
    return sql(
        "when exists (select {absent}) then {number} || (select w.id {absent} limit 1)",
        absent=absent,
        number=literal(f"{number}:"),
    )


def _stolen(link: Link, ids: Source | None, node: Sql) -> Sql:
    assert ids is not None, "what is stolen is given"
    given = text.parameter(ids, "text")
    match link.keeps:
        case "near":
            return sql(
                "select from {table} where {column} = {given} and {id} <> {node}",
                table=text.table(link.near.table),
                column=ident(link.column),
                given=given,
                id=_ID,
                node=node,
            )
        case "far":
            return sql(
                "select from {table} where {id} = {given} and {column} <> {node}",
                table=text.table(link.far.table),
                id=_ID,
                given=given,
                column=ident(link.column),
                node=node,
            )
        case "join":
            return sql(
                "select from {table} where {far} = {given} and {near} <> {node}",
                table=text.table(link.table),
                far=ident(link.far_column),
                given=given,
                near=ident(link.near_column),
                node=node,
            )
        case _:
            assert_never(link.keeps)


def _dropped(link: Link, guard: Guard, node: Sql) -> Sql:
    """Partners that would be left without the node; a node that is its own partner goes with itself."""
    itself = guard.kind == "kept"
    match link.keeps:
        case "near":
            own = ident(link.column)
            return sql(
                "select from {table} where {id} = {node} and {own} is not null{outside}{itself}",
                table=text.table(link.near.table),
                id=_ID,
                node=node,
                own=own,
                outside=_outside(own, link, guard.ids),
                itself=sql(" and {own} <> {node}", own=own, node=node) if itself else EMPTY,
            )
        case "far":
            return sql(
                "select from {table} where {column} = {node}{outside}{itself}",
                table=text.table(link.far.table),
                column=ident(link.column),
                node=node,
                outside=_outside(_ID, link, guard.ids),
                itself=sql(" and {id} <> {node}", id=_ID, node=node) if itself else EMPTY,
            )
        case "join":
            far = ident(link.far_column)
            return sql(
                "select from {table} where {near} = {node}{outside}{itself}",
                table=text.table(link.table),
                near=ident(link.near_column),
                node=node,
                outside=_outside(far, link, guard.ids),
                itself=sql(" and {far} <> {node}", far=far, node=node) if itself else EMPTY,
            )
        case _:
            assert_never(link.keeps)


def _present(link: Link, node: Source) -> Sql:
    """The far row is a partner of the node."""
    given = text.text(node)
    match link.keeps:
        case "near":
            own = sql(
                "(select {column} from {table} where {id} = {node})",
                column=ident(link.column),
                table=text.table(link.near.table),
                id=_ID,
                node=given,
            )
            return sql("{id} = {own}", id=text.column(_FAR, "id"), own=own)
        case "far":
            return sql("{column} = {node}", column=text.column(_FAR, link.column), node=given)
        case "join":
            return sql(
                "{id} in (select {far} from {table} where {near} = {node})",
                id=text.column(_FAR, "id"),
                far=ident(link.far_column),
                table=text.table(link.table),
                near=ident(link.near_column),
                node=given,
            )
        case _:
            assert_never(link.keeps)


def _release(link: Link, ids: Source | None, node: Source) -> list[Sql]:
    assert ids is not None, "what is released is given"
    given = text.parameter(ids, "text")
    match link.keeps:
        case "near":
            return [
                sql(
                    "update {table} set {column} = null where {column} = {given} and {id} <> {node}",
                    table=text.table(link.near.table),
                    column=ident(link.column),
                    given=given,
                    id=_ID,
                    node=text.text(node),
                )
            ]
        case "far":
            return []  # Connecting overwrites the column.
        case "join":
            return [
                sql(
                    "delete from {table} where {near} = {given} or {far} = {given}",
                    table=text.table(link.table),
                    near=ident(link.near_column),
                    far=ident(link.far_column),
                    given=given,
                )
            ]
        case _:
            assert_never(link.keeps)


def _drop(link: Link, ids: Source | None, node: Source) -> Sql:
    own = text.text(node)
    if link.keeps == "far":
        return sql(
            "update {table} set {column} = null where {column} = {node}{outside}",
            table=text.table(link.far.table),
            column=ident(link.column),
            node=own,
            outside=_outside(_ID, link, ids),
        )
    near, far = ident(link.near_column), ident(link.far_column)
    gone = sql("{near} = {node}{outside}", near=near, node=own, outside=_outside(far, link, ids))
    if link.symmetric:
        back = sql("{far} = {node}{outside}", far=far, node=own, outside=_outside(near, link, ids))
        gone = sql("{gone} or {back}", gone=gone, back=back)
    return sql("delete from {table} where {gone}", table=text.table(link.table), gone=gone)


def _connect(link: Link, ids: Source | None, node: Source) -> list[Sql]:
    assert ids is not None, "what is connected is given"
    own = text.text(node)
    if link.keeps == "far":
        return [
            sql(
                "update {table} set {column} = {node} where {id} = {given}",
                table=text.table(link.far.table),
                column=ident(link.column),
                node=own,
                id=_ID,
                given=_given(link, ids),
            )
        ]
    given = text.parameter(ids, "text[]" if link.field.is_list else "text")
    wanted = sql("unnest({ids})" if link.field.is_list else "(values ({ids}))", ids=given)
    pairs = sql("select {node}, w.id from {wanted} w(id)", node=own, wanted=wanted)
    if link.symmetric:
        back = sql("select w.id, {node} from {wanted} w(id)", node=own, wanted=wanted)
        pairs = sql("{pairs} union {back}", pairs=pairs, back=back)
    return [
        sql(
            "insert into {table} ({near}, {far}) {pairs} on conflict do nothing",
            table=text.table(link.table),
            near=ident(link.near_column),
            far=ident(link.far_column),
            pairs=pairs,
        )
    ]
