"""CSV is read as it is written, with the line that each record stands on."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.bulk.sheets import Broken, records

CELLS = st.lists(st.none() | st.text(st.sampled_from('ab",\n\r é')), min_size=2, max_size=4)


@given(st.lists(CELLS, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_is_read_and_an_empty_text_is_not_nothing(rows: list[list[str | None]], end: str) -> None:
    out = io.StringIO(newline="")
    for row in rows:
        # The standard library writes both alike; PostgreSQL puts quotes around the text.
        cells = ["" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row]
        out.write(",".join(cells) + end)

    found = list(records(out.getvalue(), 1))

    assert [record.cells for record in found] == rows
    lines = out.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for record, row in zip(found, rows, strict=True):
        first = (row[0] or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")[0].replace('"', '""')
        assert lines[record.line - 1].lstrip('"').startswith(first.lstrip('"'))


@given(st.lists(st.lists(st.text(st.sampled_from('ab",\n é')), min_size=2, max_size=3), max_size=5))
def test_what_others_write_is_read_too(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)

    assert [[cell or "" for cell in record.cells] for record in records(out.getvalue(), 1)] == rows


def test_lines_are_counted_where_quotes_hold_line_breaks() -> None:
    text = 'id,text\na,"one\ntwo"\n\nb,\n'

    assert [(one.line, one.cells) for one in records(text, 1)] == [
        (1, ["id", "text"]),
        (2, ["a", "one\ntwo"]),
        (5, ["b", None]),
    ]


@pytest.mark.parametrize(("text", "line"), [('a,b\nc,"d\ne', 2), ('a,b"c\n', 1), ('a\n"b" c\n', 2)])
def test_a_quote_where_none_can_be_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Broken) as found:
        list(records(text, 1))

    assert found.value.line == line
