"""Reads -> one statement each."""

from __future__ import annotations

from typing import assert_never

from common.sql import Sql, join, sql
from gateway.engine.plan.tree import AnyNode, Count, Many, Node, Read
from gateway.engine.sql import json, text
from gateway.engine.sql.aliases import Aliases


def read(tree: Read) -> Sql:
    """A statement of one text column: the JSON of the root field; no row or null means a null field."""
    aliases = Aliases()
    match tree:
        case Many():
            return json.nodes(tree, None, aliases)
        case Count():
            return json.count(tree, None, aliases)
        case Node():
            return node(tree, aliases)
        case AnyNode():
            return _any_node(tree, aliases)
        case _:
            assert_never(tree)


def node(tree: Node, aliases: Aliases) -> Sql:
    """`select` one node."""
    alias = aliases.new("t")
    return sql(
        "select {node} from {table} {alias} where {match}",
        node=json.node(tree.outputs, alias, aliases),
        table=text.table(tree.entity.table),
        alias=aliases.name(alias),
        match=text.equals(alias, tree.field, tree.value),
    )


def _any_node(tree: AnyNode, aliases: Aliases) -> Sql:
    # coalesce stops at the first table that has the id.
    found = [
        sql("({one})", one=node(Node(entity, entity.field_by_name["id"], tree.value, outputs), aliases))
        for entity, outputs in tree.choices
    ]
    return sql("select coalesce({found})", found=join(", ", found))
