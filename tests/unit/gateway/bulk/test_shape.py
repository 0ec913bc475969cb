"""Types come in the order in which their rows can be stored, and those that need each other come together."""

from __future__ import annotations

from gateway.domain.bulk import reading, writing
from gateway.domain.bulk.piece import Edge, Piece, Row
from gateway.domain.bulk.shape import Shape
from tests.support.schemas import model


def shape(text: str) -> Shape:
    return Shape(model(text))


CHAIN = """
type Song @model { id: ID! @isUnique  album: Album! @relation(name: "Songs") }
type Album @model { id: ID! @isUnique  songs: [Song!]! @relation(name: "Songs")  band: Band! @relation(name: "Albums") }
type Band @model { id: ID! @isUnique  albums: [Album!]! @relation(name: "Albums")
  fans: [Fan!]! @relation(name: "Fans") }
type Fan @model { id: ID! @isUnique  bands: [Band!]! @relation(name: "Fans") }
"""

RING = """
type A @model { id: ID! @isUnique  b: B! @relation(name: "AB")  cs: [C!]! @relation(name: "CA") }
type B @model { id: ID! @isUnique  as: [A!]! @relation(name: "AB")  c: C! @relation(name: "BC") }
type C @model { id: ID! @isUnique  bs: [B!]! @relation(name: "BC")  a: A! @relation(name: "CA")
  d: D @relation(name: "CD") }
type D @model { id: ID! @isUnique  c: C @relation(name: "CD")  up: D! @relation(name: "Up")
  down: [D!]! @relation(name: "Up") }
"""


def test_what_a_row_needs_comes_before_it() -> None:
    assert [table.name for table in shape(CHAIN).order] == ["Band", "Album", "Song", "Fan"]
    assert shape(CHAIN).circles == ()


def test_types_in_a_ring_and_types_that_need_themselves_come_together() -> None:
    assert shape(RING).circles == (("A", "B", "C"), ("D",))


def test_edges_that_a_row_cannot_be_without_are_no_lines_of_their_own() -> None:
    assert [relation.name for relation in shape(CHAIN).loose] == ["Fans"]


def test_an_edge_of_the_same_piece_gives_a_node_what_it_needs() -> None:
    of = shape(CHAIN)
    relation = next(one for one in of.model.relations if one.name == "Albums")
    piece = Piece(of)
    album, band = of.table["Album"], of.table["Band"]
    piece.add(album, Row(1, "a1"))
    piece.add(album, Row(2, "a2"))
    ends = ("a1", "b1") if relation.a == album.entity.id else ("b1", "a1")
    piece.edges.append(Edge(3, relation.id, *ends))

    piece.settle()

    assert piece.rows["Album"]["a1"].partners == {album.required[0].column: "b1"}
    assert piece.edges == []
    assert [(one.line, one.field) for one in piece.problems] == [(2, "bandId")]
    assert band.required == ()


def test_statements_name_no_value_of_the_file() -> None:
    of = shape(CHAIN)
    rows = [Row(1, "id'); drop table x; --", partners={link.column: "x" for link in of.table["Album"].required})]

    made = [writing.insert(of.table["Album"], rows, "2026-01-01T00:00:00.000Z")]
    made += [check.statement for check in writing.node_checks(of.table["Album"], rows)]

    assert all("drop" not in statement.text for statement in made)
    assert "lock table" in reading.lock(of).text
