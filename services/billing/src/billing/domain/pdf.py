"""A PDF of text and rules on A4, in the two standard faces that every reader has: Helvetica and Helvetica Bold.

The same calls give the same bytes, for ever: no compression, no random id, no date but the one it is given (MA 4.8).
Characters that the standard faces cannot show (cp1252 has those of western Europe) become question marks.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal

WIDTH: Final = 595
HEIGHT: Final = 842
"""A4 in points; the origin is the lower left corner."""

Align = Literal["left", "right"]
_ENCODING: Final = "cp1252"
_ELLIPSIS: Final = "…"
_UNKNOWN_WIDTH: Final = 556
_REGULAR_TEXT: Final = """
278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584
584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278
278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500
500 334 260 334 584"""
_BOLD_TEXT: Final = """
278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584
584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333
278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556
500 389 280 389 584"""
_REGULAR: Final = tuple(map(int, _REGULAR_TEXT.split()))
_BOLD: Final = tuple(map(int, _BOLD_TEXT.split()))
"""Advance widths of the printable ASCII characters from the space on, in thousandths of the size."""


class Page:
    """What stands on one page."""

    def __init__(self) -> None:
        self._drawn: list[bytes] = []

    def text(  # noqa: PLR0913 - where and how a text stands
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        grey: float = 0,
        align: Align = "left",
    ) -> None:
        """A line of text with its baseline at `y`; `x` is its left or right end; grey from 0 (black) to 1."""
        left = x - width(text, size, bold=bold) if align == "right" else x
        face = b"F2" if bold else b"F1"
        where = f"{grey:.2f} g {left:.2f} {y:.2f} Td".encode()
        self._drawn.append(b"BT /%b %.2f Tf %b (%b) Tj ET" % (face, size, where, _escaped(text)))

    def rule(self, x: float, until: float, y: float, *, weight: float = 0.5, grey: float = 0) -> None:
        """A horizontal line from `x` to `until`."""
        self._drawn.append(f"{grey:.2f} G {weight:.2f} w {x:.2f} {y:.2f} m {until:.2f} {y:.2f} l S".encode())

    @property
    def content(self) -> bytes:
        """The page as a PDF content stream."""
        return b"\n".join(self._drawn)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Points that a line of text takes."""
    widths = _BOLD if bold else _REGULAR
    shown = text.encode(_ENCODING, "replace").decode(_ENCODING)
    return sum(_advance(character, widths) for character in shown) * size / 1000


def fitted(text: str, most: float, size: float, *, bold: bool = False) -> str:
    """The text, or its beginning and an ellipsis, in at most so many points."""
    if width(text, size, bold=bold) <= most:
        return text
    end = len(text)
    while end and width(text[:end] + _ELLIPSIS, size, bold=bold) > most:
        end -= 1
    return text[:end].rstrip() + _ELLIPSIS


def document(pages: list[Page], *, title: str, created: str) -> bytes:
    """The file. `created` is a day, `YYYY-MM-DD`."""
    faces = b"<< /F1 3 0 R /F2 4 0 R >>"
    first = 6
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Title (%b) /CreationDate (D:%b000000Z) >>" % (_escaped(title), created.replace("-", "").encode()),
    ]
    for number, page in enumerate(pages):
        box = b"[0 0 %d %d]" % (WIDTH, HEIGHT)
        content = first + 2 * number + 1
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox %b /Resources << /Font %b >> /Contents %d 0 R >>"
            % (box, faces, content),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(page.content), page.content),
        ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _advance(character: str, widths: tuple[int, ...]) -> int:
    # An accent does not change the width of its letter.
    base = unicodedata.normalize("NFD", character)[0]
    index = ord(base) - ord(" ")
    return widths[index] if 0 <= index < len(widths) else {"\xa0": widths[0], _ELLIPSIS: 1000}.get(base, _UNKNOWN_WIDTH)


def _escaped(text: str) -> bytes:
    plain = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    found = plain.encode(_ENCODING, "replace")
    return found.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
