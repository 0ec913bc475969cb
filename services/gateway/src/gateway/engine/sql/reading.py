"""Reads -> one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from common.sql import Sql, join, literal, sql
from contracts.model import Entity
from gateway.engine.plan.changes import Payload
from gateway.engine.plan.tree import AnyNode, Count, Fixed, Many, Node, One, Output, Read
from gateway.engine.sql import json, text
from gateway.engine.sql.aliases import Aliases


def read(tree: Read, bytes_max: int) -> Sql:
    """A statement of one text column: the JSON of the root field; no row or null means a null field."""
    return bounded(_read(tree), (tree,), bytes_max)


def bounded(made: Sql, trees: Sequence[Read | Output], bytes_max: int) -> Sql:
    """The statement, refusing what is larger than `bytes_max` if there is a list in what it answers."""
    if not any(_lists(tree) for tree in trees):
        return made
    # An answer that is too large stays where it was made: the gateway holds those of many callers at once.
    return sql(
        "select case when octet_length(made) > {most} then app.refuse('large') else made end from ({made}) as x (made)",
        most=literal(bytes_max),
        made=made,
    )


def _lists(tree: Read | Output) -> bool:
    match tree:
        case Many():
            return True
        case One(outputs=outputs) | Node(outputs=outputs):
            return any(_lists(output) for output in outputs)
        case AnyNode(choices=choices):
            return any(_lists(output) for _, outputs in choices for output in outputs)
        case _:
            return False


def _read(tree: Read) -> Sql:
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


def node_of(entity: Entity, outputs: tuple[Output, ...], identity: Sql) -> Sql:
    """`select` the node whose id an expression gives."""
    aliases = Aliases()
    alias = aliases.new("t")
    return sql(
        "select {node} from {table} {alias} where {id} = {identity}",
        node=json.node(outputs, alias, aliases),
        table=text.table(entity.table),
        alias=aliases.name(alias),
        id=text.column(alias, "id"),
        identity=identity,
    )


def payload(tree: Payload) -> Sql:
    """`select` several nodes, each under its name, or null."""
    aliases = Aliases()
    members: list[tuple[str, list[json.Piece]]] = []
    for member in tree.members:
        if isinstance(member, Fixed):
            members.append((member.key, [member.json]))
        else:
            key, one = member
            members.append((key, [sql("coalesce(({one}), 'null')", one=node(one, aliases))]))
    return sql("select {members}", members=json.members(members))


def _any_node(tree: AnyNode, aliases: Aliases) -> Sql:
    # coalesce stops at the first table that has the id.
    found = [
        sql("({one})", one=node(Node(entity, entity.field_by_name["id"], tree.value, outputs), aliases))
        for entity, outputs in tree.choices
    ]
    return sql("select coalesce({found})", found=join(", ", found))
