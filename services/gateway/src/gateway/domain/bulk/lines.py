"""NDJSON: a line is a node, an edge, or says something of the file (G 13).

    {"mortise": "data", "format": 1, "types": ["Band", "Album"], "together": []}
    {"_typeName": "Album", "id": "a1", "createdAt": "…", "updatedAt": "…", "title": "Karst", "bandId": "b1"}
    [{"_typeName": "Fan", "id": "f1", "fieldName": "bands"}, {"_typeName": "Band", "id": "b1", "fieldName": "fans"}]
    {"mortise": "end", "nodes": 2, "edges": 1}

A node holds its values, and what it cannot be without as `<field>Id`. Nulls are left out. Nodes and edges are the
elements of the older import format, but for these ids and for lists, which stand with the other values.
"""

from __future__ import annotations

import json
from typing import Any, Final

from gateway.domain.bulk.piece import Edge, Piece, Row
from gateway.domain.bulk.shape import Pair, Shape, Table, relation_sides
from gateway.domain.bulk.values import Unfit, members, node_id, parsed

FORMAT: Final = 1
TYPE: Final = "_typeName"
MARK: Final = "mortise"
SYSTEM: Final = frozenset({TYPE, "id", "createdAt", "updatedAt"})
_ENDS: Final = 2


def first(shape: Shape) -> bytes:
    """The first line of an export."""
    types = [table.name for table in shape.order]
    told = {MARK: "data", "format": FORMAT, "types": types, "together": [list(group) for group in shape.circles]}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def last(nodes: int, edges: int) -> bytes:
    """The last line of an export that is complete."""
    return json.dumps({MARK: "end", "nodes": nodes, "edges": edges}, separators=(",", ":")).encode() + b"\n"


def take(piece: Piece, line: int, data: bytes, new_id: str) -> None:
    """Read a line into the piece; `new_id` is for a node that has none."""
    try:
        text = data.decode().strip()
        value = parsed(text) if text else None
    except (UnicodeDecodeError, Unfit) as problem:
        why = "is not UTF-8" if isinstance(problem, UnicodeDecodeError) else str(problem)
        piece.wrong(line, None, why, data[:200].decode(errors="replace"))
        return
    match value:
        case None if not text:
            pass
        case dict() if MARK in value and TYPE not in value:
            if value[MARK] == "data" and value.get("format") != FORMAT:
                piece.wrong(line, "format", f"is not the format {FORMAT}", value.get("format"))
        case dict():
            node(piece, line, members(text), new_id)
        case list():
            edge(piece, line, value)
        case _:
            piece.wrong(line, None, "is neither a node nor an edge", text)


def node(piece: Piece, line: int, given: dict[str, tuple[Any, str]], new_id: str) -> None:
    """A node of the type that it names."""
    table = piece.shape.table.get(_plain(given.get(TYPE)))
    if table is None:
        piece.wrong(line, TYPE, _no_type(piece.shape), _plain(given.get(TYPE)))
        return
    for name in given:
        if name not in SYSTEM and name not in table.field and name not in table.to_one:
            piece.wrong(line, name, f"is no field of {table.name}")
    row = Row(line, new_id)
    if "id" in given:
        row.id = piece.reference(line, "id", given["id"][0]) or new_id
    row.created_at = piece.moment(line, "createdAt", given.get("createdAt", (None,))[0])
    row.updated_at = piece.moment(line, "updatedAt", given.get("updatedAt", (None,))[0])
    row.values = piece.values(table, line, given)
    for name, link in table.to_one.items():
        partner = given.get(name, (None,))[0]
        if partner is None or (found := piece.reference(line, name, partner)) is None:
            continue
        if isinstance(link, Pair):
            piece.edges.append(Edge(line, link.relation.id, row.id, found))
        elif link.required:
            row.partners[link.column] = found
        else:
            piece.connect(line, link, row.id, found)
    piece.add(table, row)


def edge(piece: Piece, line: int, ends: list[Any]) -> None:
    """An edge between two nodes; one of the two fields may be left out where the other one says enough (G 15.107)."""
    if len(ends) != _ENDS or not all(isinstance(end, dict) for end in ends):
        piece.wrong(line, None, "an edge has exactly two ends", ends)
        return
    first_, second = ends
    tables = [piece.shape.table.get(str(end.get(TYPE))) for end in ends]
    if tables[0] is None or tables[1] is None:
        wrong = first_ if tables[0] is None else second
        piece.wrong(line, TYPE, _no_type(piece.shape), wrong.get(TYPE))
        return
    try:
        ids = [node_id(end.get("id")) for end in ends]
    except Unfit as problem:
        piece.wrong(line, "id", str(problem), ends)
        return
    for (near, far), (one, other), ids_ in (
        ((tables[0], tables[1]), (first_, second), (ids[0], ids[1])),
        ((tables[1], tables[0]), (second, first_), (ids[1], ids[0])),
    ):
        name = one.get("fieldName")
        if name is None:
            continue
        found = _edge(piece.shape, near, far, name, other.get("fieldName"))
        if found is None:
            piece.wrong(line, "fieldName", f"leads from {near.name} to no {far.name} that is there", name)
            return
        relation, side = found
        a, b = ids_ if side == "a" else ids_[::-1]
        piece.edges.append(Edge(line, relation, a, b))
        return
    piece.wrong(line, "fieldName", "is required at one end", ends)


def _edge(shape: Shape, near: Table, far: Table, name: object, back: object) -> tuple[str, str] | None:
    """Relation and side of a field that leads from one type to another, with the field that leads back, if told."""
    field = near.entity.relation_by_name.get(str(name))
    if field is None or field.target != far.entity.id:
        return None
    relation = shape.model.relation_by_id[field.relation]
    (_, a), (_, b) = relation_sides(shape, relation)
    wanted = b.name if field.side == "a" else a.name
    return (field.relation, field.side) if back in {None, wanted} else None


def _plain(given: tuple[Any, str] | None) -> str:
    return str(given[0]) if given else ""


def _no_type(shape: Shape) -> str:
    return f"is no type; there are {', '.join(list(shape.table)[:20])}"
