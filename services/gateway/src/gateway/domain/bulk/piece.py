"""A piece of a file as nodes and edges, with the lines that they stand on, and all that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.model import Scalar
from gateway.domain.bulk.shape import Link, Shape, Table
from gateway.domain.bulk.values import Unfit, array, node_id, shown, single, stored

PROBLEMS_MAX: Final = 100
"""Problems that one answer tells; who has more has the same ones again and again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line; lines count from 1."""

    line: int
    field: str | None
    message: str
    value: str | None = None

    def told(self) -> dict[str, Any]:
        """As a JSON value."""
        every = {"line": self.line, "field": self.field, "message": self.message, "value": self.value}
        return {name: one for name, one in every.items() if one is not None}


@dataclass(slots=True)
class Row:
    """A node. What the file does not say is None: the moments of now, and a value that is not there."""

    line: int
    id: str
    created_at: str | None = None
    updated_at: str | None = None
    values: dict[str, str | None] = field(default_factory=dict)
    """By column, as `values` writes them."""
    partners: dict[str, str] = field(default_factory=dict)
    """By column of a required link."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of a relation, from the node on side a to the one on side b."""

    line: int
    relation: str
    a: str
    b: str


@dataclass(slots=True)
class Piece:
    """What was read so far."""

    shape: Shape
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    """By type and id."""
    edges: list[Edge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return sum(len(rows) for rows in self.rows.values())

    @property
    def full(self) -> bool:
        """Whether there are problems enough."""
        return len(self.problems) >= PROBLEMS_MAX

    def wrong(self, line: int, name: str | None, why: str, value: object = None) -> None:
        """Something is wrong."""
        if not self.full:
            self.problems.append(Problem(line, name, why, None if value is None else shown(value)))

    def add(self, table: Table, row: Row) -> None:
        """A node, once."""
        rows = self.rows.setdefault(table.name, {})
        before = rows.setdefault(row.id, row)
        if before is not row:
            self.wrong(row.line, "id", f"stands on line {before.line} already", row.id)

    def connect(self, line: int, link: Link, node: str, partner: str) -> None:
        """An edge, told by the side that keeps it."""
        a, b = (node, partner) if link.field.side == "a" else (partner, node)
        self.edges.append(Edge(line, link.field.relation, a, b))

    def values(self, table: Table, line: int, given: Mapping[str, tuple[Any, str]]) -> dict[str, str | None]:
        """The stored values of a node from members of JSON, each with the text that it was written as."""
        found: dict[str, str | None] = {}
        for each in table.fields:
            enum = self.shape.model.enum_by_id[each.enum].values if each.enum else ()
            value, raw = given.get(each.name, (None, ""))
            if value is None:
                found[each.column] = self.absent(table, line, each.name, given=each.name in given)
                continue
            try:
                found[each.column] = stored(each, value, raw, enum)
            except Unfit as problem:
                self.wrong(line, each.name, str(problem), raw or value)
        return found

    def absent(self, table: Table, line: int, name: str, *, given: bool) -> str | None:
        """What a field holds that has no value: its default, if it must have one and nothing was said."""
        each = table.field[name]
        if not each.required:
            return None
        if not given and each.has_default and each.default is not None:
            enum = self.shape.model.enum_by_id[each.enum].values if each.enum else ()
            return stored(each, each.default, json.dumps(each.default, ensure_ascii=False), enum)
        if not given and each.is_list:
            return array(())
        self.wrong(line, name, "is required")
        return None

    def moment(self, line: int, name: str, value: object) -> str | None:
        """`createdAt` or `updatedAt` as given. They are stored for every type, whether its schema shows them or not."""
        try:
            return None if value is None else single(Scalar.DATETIME, value, "", ())
        except Unfit as problem:
            self.wrong(line, name, str(problem), value)
            return None

    def reference(self, line: int, name: str, value: object) -> str | None:
        """An id that something points at."""
        try:
            return node_id(value)
        except Unfit as problem:
            self.wrong(line, name, str(problem), value)
            return None

    def settle(self) -> None:
        """Edges that a node of this piece cannot be without become part of it; whoever lacks one is told."""
        required = {link.field.relation: (table, link) for table in self.shape.order for link in table.required}
        left: list[Edge] = []
        for edge in self.edges:
            table, link = required.get(edge.relation, (None, None))
            if table is None or link is None:
                left.append(edge)
                continue
            node, partner = (edge.a, edge.b) if link.field.side == "a" else (edge.b, edge.a)
            row = self.rows.get(table.name, {}).get(node)
            if row is None or row.partners.setdefault(link.column, partner) != partner:
                left.append(edge)
        self.edges = left
        told = {problem.line for problem in self.problems}
        for table in self.shape.order:
            for row in self.rows.get(table.name, {}).values():
                for link in table.required:
                    if link.column not in row.partners and row.line not in told:
                        self.wrong(row.line, link.member, "is required")
