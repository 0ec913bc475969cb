"""Edges that change: what nodes lose, and what they get (G 6.6)."""

from __future__ import annotations

from typing import Final, assert_never

from common.sql import Sql, ident, join, sql
from gateway.engine.plan.changes import Connect, Drop, Loss, Release
from gateway.engine.source import EndsOf
from gateway.engine.sql import text

_ID: Final = ident("id")


def loss(change: Loss, gate: Sql) -> tuple[str, Sql]:
    """The table that changes, and the statement."""
    match change:
        case Release():
            return _release(change, gate)
        case Drop(only=None):
            return _drop(change, gate)
        case Drop():
            return _part(change, gate)
        case _:
            assert_never(change)


def connect(change: Connect, gate: Sql) -> tuple[str, Sql]:
    """The table that changes, and the statement."""
    relation, edges = change.relation, change.edges
    if relation.storage == "join":
        both_ways = relation.b_field is None
        pairs = [text.texts(EndsOf(edges, "holder", both_ways)), text.texts(EndsOf(edges, "target", both_ways))]
        # Only an edge that is there already may be passed over, and no partner whom somebody else has just taken:
        # half of a symmetric edge would be missing.
        made = sql(
            "insert into {table} ({a}, {b}) select w.a, w.b from unnest({pairs}) w(a, b){gate} "
            "on conflict ({a}, {b}) do nothing",
            table=text.table(relation.table or ""),
            a=ident("a"),
            b=ident("b"),
            pairs=join(", ", pairs),
            gate=text.where(gate),
        )
        return relation.table or "", made
    table, column = change.holder.table, ident(relation.column or "")
    if len(edges.edges) == 1:
        (edge,) = edges.edges
        made = sql(
            "update {table} set {column} = {target} where {these}{gate}",
            table=text.table(table),
            column=column,
            target=text.text(edge.target),
            these=text.among(_ID, edge.holder),
            gate=text.also(gate),
        )
        return table, made
    ends = [text.texts(EndsOf(edges, "holder")), text.texts(EndsOf(edges, "target"))]
    made = sql(
        "update {table} t set {column} = w.target from unnest({ends}) w(holder, target) where t.{id} = w.holder{gate}",
        table=text.table(table),
        column=column,
        ends=join(", ", ends),
        id=_ID,
        gate=text.also(gate),
    )
    return table, made


def _release(change: Release, gate: Sql) -> tuple[str, Sql]:
    link = change.link
    if link.keeps == "join":
        near, far = (text.among(ident(one), change.ids) for one in (link.near_column, link.far_column))
        gone = sql(
            "delete from {table} where ({near} or {far}){gate}",
            table=text.table(link.table),
            near=near,
            far=far,
            gate=text.also(gate),
        )
        return link.table, gone
    assert link.keeps == "near", "a column at the far side is written over"
    column = ident(link.column)
    others = [text.among(column, change.ids)]
    if change.node is not None:
        others.append(sql("{id} <> {node}", id=_ID, node=text.text(change.node)))
    gone = sql(
        "update {table} set {column} = null where {others}{gate}",
        table=text.table(link.near.table),
        column=column,
        others=join(" and ", others),
        gate=text.also(gate),
    )
    return link.near.table, gone


def _drop(change: Drop, gate: Sql) -> tuple[str, Sql]:
    link, own = change.link, text.text(change.node)
    if link.keeps == "far":
        gone = sql(
            "update {table} set {column} = null where {column} = {node}{outside}{gate}",
            table=text.table(link.far.table),
            column=ident(link.column),
            node=own,
            outside=text.outside(_ID, change.keep),
            gate=text.also(gate),
        )
        return link.far.table, gone
    near, far = ident(link.near_column), ident(link.far_column)
    mine = sql("{near} = {node}{outside}", near=near, node=own, outside=text.outside(far, change.keep))
    if link.symmetric:
        back = sql("{far} = {node}{outside}", far=far, node=own, outside=text.outside(near, change.keep))
        mine = sql("({mine} or {back})", mine=mine, back=back)
    gone = sql("delete from {table} where {mine}{gate}", table=text.table(link.table), mine=mine, gate=text.also(gate))
    return link.table, gone


def _part(change: Drop, gate: Sql) -> tuple[str, Sql]:
    assert change.only is not None, "two nodes part"
    link, near_id, far_id = change.link, text.text(change.node), text.text(change.only)
    if link.keeps == "join":
        near, far = ident(link.near_column), ident(link.far_column)
        pair = sql("{near} = {a} and {far} = {b}", near=near, far=far, a=near_id, b=far_id)
        if link.symmetric:
            back = sql("{near} = {b} and {far} = {a}", near=near, far=far, a=near_id, b=far_id)
            pair = sql("({pair} or {back})", pair=pair, back=back)
        gone = sql(
            "delete from {table} where {pair}{gate}", table=text.table(link.table), pair=pair, gate=text.also(gate)
        )
        return link.table, gone
    holder, own, other = (link.near, near_id, far_id) if link.keeps == "near" else (link.far, far_id, near_id)
    gone = sql(
        "update {table} set {column} = null where {id} = {own} and {column} = {other}{gate}",
        table=text.table(holder.table),
        column=ident(link.column),
        id=_ID,
        own=own,
        other=other,
        gate=text.also(gate),
    )
    return holder.table, gone
