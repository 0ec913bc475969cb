"""An invoice on paper: its canonical document as JSON, as CSV and as PDF, each a function of the document alone."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.domain import pdf

COLUMNS: Final = (
    *("number", "status", "issuer", "client", "period", "currency", "line", "service", "instance", "plan", "code"),
    *("quantity", "of", "unit_price", "amount"),
)
WORDS: Final = {
    "usage": "Calls",
    "subscription": "Month",
    "included": "Calls, included",
    "not_billable": "Calls, not billable",
}
_LEFT: Final = 56
_RIGHT: Final = pdf.WIDTH - 56
_WHAT: Final = 236
_QUANTITY: Final = 410
_PRICE: Final = 475
_META: Final = 380
_ROW: Final = 19
_FIRST_PAGE_TOP: Final = 560
_NEXT_PAGE_TOP: Final = 740
_BOTTOM: Final = 90
_TOTALS_HEIGHT: Final = 90
_SOFT: Final = 0.45
_FAINT: Final = 0.82


@dataclass(frozen=True)
class File:
    """What somebody can save."""

    name: str
    media_type: str
    content: bytes


def file(document: Mapping[str, Any], body: bytes, format: str) -> File:
    """The document in a format; `body` is its canonical text."""
    name = document.get("number") or f"draft-{document['period']['label']}-{document['currency']}"
    match format:
        case "JSON":
            return File(f"{name}.json", "application/json", body)
        case "CSV":
            return File(f"{name}.csv", "text/csv; charset=utf-8", as_csv(document))
        case "PDF":
            return File(f"{name}.pdf", "application/pdf", as_pdf(document, hashlib.sha256(body).hexdigest()))
        case _:
            raise AssertionError(f"no format of an invoice: {format}")


def as_csv(document: Mapping[str, Any]) -> bytes:
    """One row per line, RFC 4180, UTF-8, decimal point."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    head = (document.get("number"), document["status"], document["issuer"]["name"], document["client"]["name"])
    of = (*head, document["period"]["label"], document["currency"])
    for line in document["lines"]:
        names = ("n", "service", "instance", "plan", "code", "quantity", "of", "unit_price", "amount")
        rows.writerow((*of, *(line[name] for name in names)))
    return out.getvalue().encode()


def as_pdf(document: Mapping[str, Any], sha: str) -> bytes:
    """Letter head, lines, totals; as many pages as it takes. `sha` names the document it was made from."""
    pages = [pdf.Page()]
    _head(pages[0], document)
    y = _table_head(pages[0], _FIRST_PAGE_TOP)
    for line in document["lines"]:
        if y < _BOTTOM:
            pages.append(pdf.Page())
            y = _table_head(pages[-1], _NEXT_PAGE_TOP)
        y = _row(pages[-1], y, line)
    if y < _BOTTOM + _TOTALS_HEIGHT:
        pages.append(pdf.Page())
        y = _NEXT_PAGE_TOP
    _totals(pages[-1], y, document)
    for number, page in enumerate(pages, start=1):
        page.rule(_LEFT, _RIGHT, 56, grey=_FAINT)
        page.text(_LEFT, 42, f"Document SHA-256 {sha}", size=6.5, grey=_SOFT)
        page.text(_RIGHT, 42, f"{number} / {len(pages)}", size=6.5, grey=_SOFT, align="right")
    day = document.get("issued") or document["cutoff"]["until"][:10]
    return pdf.document(pages, title=f"{_title(document)} {document['period']['label']}", created=day)


def _title(document: Mapping[str, Any]) -> str:
    return "Draft" if document["status"] == "draft" else "Invoice"


def _head(page: pdf.Page, document: Mapping[str, Any]) -> None:
    page.text(_LEFT, 764, pdf.fitted(document["issuer"]["name"], 280, 13, bold=True), size=13, bold=True)
    page.text(_RIGHT, 760, _title(document), size=24, align="right")
    page.rule(_LEFT, _RIGHT, 738, weight=1.2)
    page.text(_LEFT, 704, "BILL TO", size=7, grey=_SOFT)
    page.text(_LEFT, 687, pdf.fitted(document["client"]["name"], 290, 11), size=11)
    page.text(_LEFT, 672, pdf.fitted(f"Project {document['project']['name']}", 290, 8.5), size=8.5, grey=_SOFT)
    said = (
        ("Number", document.get("number") or "none yet"),
        ("Issued", document.get("issued") or "not yet"),
        ("Due", document.get("due")),
        ("Period", document["period"]["label"]),
        ("Time zone", document["time_zone"]),
        ("Currency", document["currency"]),
    )
    shown = [(name, value) for name, value in said if value]
    for number, (name, value) in enumerate(shown):
        y = 704 - 15 * number
        page.text(_META, y, name, size=8.5, grey=_SOFT)
        page.text(_RIGHT, y, pdf.fitted(value, 110, 8.5), size=8.5, align="right")
    if document["status"] == "draft":
        note = f"Not an invoice: a draft with the calls and days counted until {document['cutoff']['until']}."
        page.text(_LEFT, 600, note, size=8.5, grey=_SOFT)
    elif document["incomplete"]:
        note = f"Issued without waiting any longer for {len(document['incomplete'])} gateways that were not heard from."
        page.text(_LEFT, 600, note, size=8.5, grey=_SOFT)


def _table_head(page: pdf.Page, y: float) -> float:
    page.text(_LEFT, y, "SERVICE", size=7, grey=_SOFT)
    page.text(_WHAT, y, "WHAT", size=7, grey=_SOFT)
    for x, name in ((_QUANTITY, "QUANTITY"), (_PRICE, "PRICE"), (_RIGHT, "AMOUNT")):
        page.text(x, y, name, size=7, grey=_SOFT, align="right")
    page.rule(_LEFT, _RIGHT, y - 7)
    return y - 7 - _ROW + 5


def _row(page: pdf.Page, y: float, line: Mapping[str, Any]) -> float:
    page.text(_LEFT, y, pdf.fitted(line["service"], _WHAT - _LEFT - 10, 9))
    page.text(_WHAT, y, WORDS.get(line["code"], line["code"]))
    quantity = _grouped(line["quantity"])
    page.text(_QUANTITY, y, f"{quantity} of {line['of']} days" if line["of"] else quantity, align="right")
    page.text(_PRICE, y, _grouped(line["unit_price"]), align="right")
    page.text(_RIGHT, y, _grouped(line["amount"]), align="right")
    page.rule(_LEFT, _RIGHT, y - 6, grey=_FAINT)
    return y - _ROW


def _totals(page: pdf.Page, y: float, document: Mapping[str, Any]) -> None:
    rows: Sequence[tuple[str, str]] = (
        ("Subtotal", document["subtotal"]),
        (f"Tax {document['tax']['rate']} %", document["tax"]["amount"]),
    )
    for number, (name, value) in enumerate(rows):
        page.text(_META, y - 8 - 16 * number, name, grey=_SOFT)
        page.text(_RIGHT, y - 8 - 16 * number, _grouped(value), align="right")
    page.rule(_META, _RIGHT, y - 34, weight=1.2)
    page.text(_META, y - 50, f"Total {document['currency']}", size=11, bold=True)
    page.text(_RIGHT, y - 50, _grouped(document["total"]), size=11, bold=True, align="right")


def _grouped(number: str) -> str:
    """Thousands apart, by a space that does not break."""
    whole, point, fraction = number.partition(".")
    return f"{int(whole):,}".replace(",", "\xa0") + point + fraction
