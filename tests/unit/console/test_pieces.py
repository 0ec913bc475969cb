"""A file is cut where an import can be interrupted, and nowhere else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from console import pieces
from console.failures import Failure


def test_pieces_of_lines_are_the_file_again_and_say_where_they_end() -> None:
    data = b"".join(b'{"_typeName":"A","id":"%d"}\n' % number for number in range(2_500))
    file = io.BytesIO(data)

    found = list(pieces.lines(file, 0))

    assert [piece.lines for piece in found] == [1_000, 1_000, 500]
    assert b"".join(piece.data for piece in found) == data
    assert b"".join(piece.data for piece in pieces.lines(file, found[0].end)) == data[found[0].end :]


def test_nodes_that_need_each_other_are_not_parted() -> None:
    head = json.dumps({"mortise": "data", "format": 1, "types": ["A", "B"], "together": [["A"]]}).encode() + b"\n"
    needy = b"".join(b'{"_typeName":"A","id":"%d"}\n' % number for number in range(1_500))
    others = b"".join(b'{"_typeName":"B","id":"%d"}\n' % number for number in range(1_500))

    found = list(pieces.lines(io.BytesIO(head + needy + others), 0))

    assert [piece.lines for piece in found] == [1_501, 1_000, 500]


def test_a_record_is_not_cut_inside_its_quotes_and_every_piece_has_the_names() -> None:
    names = b"id,text\n"
    record = b'"a","x\ny ""z"""\n'
    file = io.BytesIO(names + record * 1_200)

    found = list(pieces.records(file, pieces.header(file), 0))

    assert all(piece.data.startswith(names) for piece in found)
    assert all((len(piece.data) - len(names)) % len(record) == 0 for piece in found)
    assert sum(piece.lines for piece in found) == 2_400
    assert found[-1].end == len(names + record * 1_200)


@pytest.mark.parametrize("names", [b"id,text", b"id,text\n"])
def test_a_file_of_names_alone_is_a_piece_that_can_be_looked_at(names: bytes) -> None:
    file = io.BytesIO(names)

    (piece,) = pieces.records(file, pieces.header(file), 0)

    assert (piece.data, piece.lines) == (b"id,text\n", 0)


@pytest.mark.parametrize("end", ["", '{"mortise":"end","nodes":0,"edges":0}\n'])
def test_an_export_without_its_last_line_is_refused(tmp_path: Path, end: str) -> None:
    file = tmp_path / "all.ndjson"
    file.write_text('{"mortise":"data","format":1,"types":[],"together":[]}\n' + end)

    if end:
        pieces.complete(file)
        return
    with pytest.raises(Failure, match="not complete"):
        pieces.complete(file)
