"""An invoice on paper is a function of its document: the same bytes for ever, and a PDF that readers can open."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import paper, pdf

SHA = "122b8c556a6f413bb36f0d0cb50dad9161f6d4d5e1ca1cb9446fe399f604fbe0"
LINES = [
    ("Guest book", "usage", "40417", None, "0.002", "80.83"),
    ('Mail, "fast"', "subscription", "9", "31", "49", "14.23"),
    ("Cart", "included", "1234567", None, "0", "0.00"),
]


def document(lines: int = len(LINES), **changes: Any) -> dict[str, Any]:
    names = ("service", "code", "quantity", "of", "unit_price", "amount")
    rows = [LINES[n % len(LINES)] for n in range(lines)]
    return {
        "status": "final",
        "number": "INV-2026-000042",
        "issued": "2026-08-03",
        "due": "2026-09-02",
        "incomplete": [],
        "issuer": {"org": "o1", "name": "Br\u00fcder & S\u00f6hne (Makers)"},
        "client": {"id": "c1", "name": "Grand H\u00f4tel"},
        "project": {"id": "p1", "name": "Shop"},
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "period": {"label": "2026-07"},
        "lines": [
            {"n": n, "instance": f"i{n}", "plan": f"i{n}@1", **dict(zip(names, row, strict=True))}
            for n, row in enumerate(rows, start=1)
        ],
        "subtotal": "1095.06",
        "tax": {"rate": "20", "amount": "219.01"},
        "total": "1314.07",
        "cutoff": {"until": "2026-08-01T00:00:00.000Z"},
    } | changes


def test_the_csv_has_a_row_for_each_line_and_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(paper.as_csv(document()).decode(), newline="")))

    assert [(row["line"], row["service"], row["quantity"], row["of"], row["amount"]) for row in rows] == [
        ("1", "Guest book", "40417", "", "80.83"),
        ("2", 'Mail, "fast"', "9", "31", "14.23"),
        ("3", "Cart", "1234567", "", "0.00"),
    ]
    assert {row["number"] for row in rows} == {"INV-2026-000042"}


def test_the_csv_of_a_draft_without_lines_is_its_heading() -> None:
    draft = document(0, status="draft", number=None)

    assert paper.as_csv(draft).decode() == ",".join(paper.COLUMNS) + "\r\n"


def test_the_pdf_shows_what_the_document_says() -> None:
    found = paper.as_pdf(document(), SHA).decode("cp1252")

    for text in ("INV-2026-000042", "Grand H\u00f4tel", "40\xa0417", "9 of 31 days", "1\xa0314.07", "Tax 20 %", SHA):
        assert f"({text}) Tj" in found or f"{text}) Tj" in found, text
    assert "S\u00f6hne \\(Makers\\)" in found


def test_a_draft_says_that_it_is_none() -> None:
    draft = document(status="draft", number=None, issued=None, due=None)

    found = paper.as_pdf(draft, SHA).decode("cp1252")

    assert "(Draft) Tj" in found
    assert "Not an invoice" in found
    assert "(Invoice) Tj" not in found


@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (3, 1), (26, 2), (60, 3), (200, 7)])
def test_a_long_invoice_takes_the_pages_it_needs_and_loses_no_line(lines: int, pages: int) -> None:
    found = paper.as_pdf(document(lines), SHA)

    assert found.count(b"/Type /Page ") == pages
    assert sum(found.count(f"({word}) Tj".encode()) for word in ("Calls", "Month", "Calls, included")) == lines


def test_the_same_document_gives_the_same_bytes() -> None:
    assert paper.as_pdf(document(), SHA) == paper.as_pdf(document(), SHA)


@pytest.mark.parametrize("lines", [0, 3, 61])
def test_the_cross_references_of_a_pdf_name_the_place_of_every_object(lines: int) -> None:
    found = paper.as_pdf(document(lines), SHA)

    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", found)[1])  # type: ignore[index]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n \n", found[start:])]
    assert found[start : start + 5] == b"xref\n"
    assert all(found[place:].startswith(b"%d 0 obj\n" % number) for number, place in enumerate(places, start=1))
    assert found[start:].startswith(b"xref\n0 %d\n" % (len(places) + 1))
    lengths = re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", found, re.DOTALL)
    assert all(int(length) == len(content) for length, content in lengths)


@given(st.text(max_size=60), st.booleans())
def test_any_text_fits_where_it_is_put(text: str, bold: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    fitted = pdf.fitted(text, 100, 9, bold=bold)

    assert pdf.width(fitted, 9, bold=bold) <= 100
    page = pdf.Page()
    page.text(0, 0, text)
    inside = re.fullmatch(rb"BT .* Td \((.*)\) Tj ET", page.content, re.DOTALL)
    assert inside is not None
    assert not re.search(rb"(?<!\\)(\\\\)*[()]", inside[1])
