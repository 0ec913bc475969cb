"""CSV: a file per type, a line of names and a record per node (RFC 4180, C 1.6).

A value that is not there is an empty cell, an empty text is `""`. Lists and Json stand in a cell as JSON. Of relations,
the to-one fields whose edges the type's own rows keep, as `<field>Id`: of a one-to-one relation that is the required
side, else the side that comes first in the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from contracts.model import Scalar
from gateway.domain.bulk.piece import Edge, Piece, Row
from gateway.domain.bulk.shape import Pair, Table
from gateway.domain.bulk.values import Unfit, cell

SYSTEM: Final = ("id", "createdAt", "updatedAt")
_CELL: Final = re.compile(r'"(?P<quoted>[^"]*(?:""[^"]*)*)"|(?P<bare>[^",\r\n]*)')
_END: Final = re.compile(r",|\r\n|\n|\r|\Z")

Cells = list[str | None]


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record; one that is empty and has no quotes is None."""

    line: int
    cells: Cells


class Broken(Exception):  # noqa: N818 - a judgement, told with its line
    """The text is no CSV from this line on."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def records(text: str, line: int) -> Iterator[Record]:
    """The records of a text whose first line has this number; empty lines are passed over. Raises Broken."""
    at, cells, start = 0, Cells(), line
    while at < len(text):
        found = _CELL.match(text, at)
        assert found is not None, "an empty cell fits everywhere"
        quoted = found["quoted"]
        value = found["bare"] or None if quoted is None else quoted.replace('""', '"')
        end = _END.match(text, found.end())
        if end is None:
            raise Broken(line, "a quote stands where none can be, or is not closed; inside quotes it is written twice")
        cells.append(value)
        line += 0 if quoted is None else breaks(quoted)
        at = end.end()
        if end[0] == ",":
            if at == len(text):
                cells.append(None)
                yield Record(start, cells)
            continue
        line += 1
        if cells != [None]:
            yield Record(start, cells)
        cells, start = [], line


def breaks(text: str) -> int:
    """How many lines end in a text."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def columns(table: Table) -> tuple[str, ...]:
    """The names in the first line of an export."""
    return (*SYSTEM, *table.field, *table.to_one)


def header(piece: Piece, table: Table, names: Cells) -> bool:
    """Whether the first line names columns of the type, each once; problems are told."""
    known = set(columns(table))
    before = len(piece.problems)
    for name in names:
        if name not in known:
            piece.wrong(1, name, f"is no column of {table.name}; there are {', '.join(columns(table))}")
        elif names.count(name) > 1:
            piece.wrong(1, name, "stands twice in the first line")
    return len(piece.problems) == before


def take(piece: Piece, table: Table, names: Cells, record: Record, new_id: str) -> None:
    """Read a record into the piece; `new_id` is for a node that has none."""
    line = record.line
    if len(record.cells) != len(names):
        piece.wrong(line, None, f"has {len(record.cells)} cells, and the first line {len(names)}")
        return
    given = {str(name): value for name, value in zip(names, record.cells, strict=True)}
    row = Row(line, new_id)
    if given.get("id"):
        row.id = piece.reference(line, "id", given["id"]) or new_id
    row.created_at = piece.moment(line, "createdAt", given.get("createdAt") or None)
    row.updated_at = piece.moment(line, "updatedAt", given.get("updatedAt") or None)
    row.values = _values(piece, table, line, given)
    for name, link in table.to_one.items():
        partner = piece.reference(line, name, given[name]) if given.get(name) else None
        if partner is None:
            continue
        if isinstance(link, Pair):
            piece.edges.append(Edge(line, link.relation.id, row.id, partner))
        elif link.required:
            row.partners[link.column] = partner
        else:
            piece.connect(line, link, row.id, partner)
    piece.add(table, row)


def _values(piece: Piece, table: Table, line: int, given: dict[str, str | None]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for each in table.fields:
        text = given.get(each.name)
        if text is None and each.required and each.scalar is Scalar.STRING and each.name in given and not each.is_list:
            text = ""  # What spreadsheets make of an empty text.
        if text is None or (not text and each.scalar is not Scalar.STRING):
            found[each.column] = piece.absent(table, line, each.name, given=each.name in given)
            continue
        enum = piece.shape.model.enum_by_id[each.enum].values if each.enum else ()
        try:
            found[each.column] = cell(each, text, enum)
        except Unfit as problem:
            piece.wrong(line, each.name, str(problem), text)
    return found
