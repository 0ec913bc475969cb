"""Statements that take data away: all rows of one type, or of all (C 1.6). The schema stays: pushes change that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from common.errors import Refused, conflict
from common.sql import Sql, ident, join, sql
from contracts.model import Relation
from gateway.domain.bulk.reading import APP
from gateway.domain.bulk.shape import Shape, Table, relation_sides


def everything(shape: Shape) -> Sql:
    """Delete all edges and nodes; how many nodes of each type, in the order of the schema.

    One statement, because types may need each other: what is left is looked at when it ends.
    """
    tables = list(shape.table.values())
    relations = [one.table for one in shape.model.relations if one.table is not None]
    gone = [
        sql("{name} as (delete from {of})", name=ident(f"e{n}"), of=ident(APP, table))
        for n, table in enumerate(relations)
    ]
    gone += [
        sql("{name} as (delete from {of} returning 1)", name=ident(f"n{n}"), of=ident(APP, table.entity.table))
        for n, table in enumerate(tables)
    ]
    counts = [sql("(select count(*) from {name})", name=ident(f"n{n}")) for n in range(len(tables))]
    return sql("with {gone} select array[{counts}]::int8[]", gone=join(", ", gone), counts=join(", ", counts))


def one(table: Table) -> Sql:
    """Delete all nodes of a type, and with them their edges; how many."""
    of = ident(APP, table.entity.table)
    return sql("with gone as (delete from {of} returning 1) select count(*) from gone", of=of)


def count(table: Table) -> Sql:
    """How many nodes of a type there are."""
    return sql("select count(*) from {of}", of=ident(APP, table.entity.table))


@dataclass(frozen=True, slots=True)
class Cut:
    """Edges that nodes of other types lose, or cannot lose, when all nodes of a type go."""

    field: str
    """`Album.band`, as those others see it."""
    required: bool
    count: Sql


def cuts(shape: Shape, table: Table) -> Iterator[Cut]:
    """What other types lose: their edges are no part of the type's own sheet."""
    for relation in shape.model.relations:
        sides = relation_sides(shape, relation)
        if {entity.id for entity, _ in sides} == {table.entity.id}:
            continue
        for (entity, _), (other, field) in (sides, sides[::-1]):
            kept_here = any(link.field.relation == relation.id for link in table.links)
            if entity.id == table.entity.id and (not kept_here or (field.required and not field.is_list)):
                name = f"{other.name}.{field.name}"
                yield Cut(name, field.required and not field.is_list, _edges(shape, relation))


def needed(table: Table, field: str, edges: int) -> Refused:
    """Nodes of another type cannot be without those that are to go."""
    return conflict(
        f"{field} is required: {edges} nodes cannot be without their {table.name}.",
        "Append to what is there, or import everything at once as NDJSON.",
        details={"field": field, "edges": edges},
    )


def _edges(shape: Shape, relation: Relation) -> Sql:
    if relation.table is not None:
        return sql("select count(*) from {of}", of=ident(APP, relation.table))
    (a, _), (b, _) = relation_sides(shape, relation)
    holder = a if relation.storage == "a" else b
    return sql("select count({column}) from {of}", column=ident(relation.column or ""), of=ident(APP, holder.table))
