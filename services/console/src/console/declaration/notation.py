"""Reads the part of YAML that declarations are written in, with the place of every word.

Block mappings and lists, flow mappings and lists (so JSON is understood), plain and quoted scalars on one line, blocks
with `|` and `>`, comments. Everything else is refused by name: anchors and aliases (with which a short text can mean a
huge one), tags, several documents, keys that come twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from console.declaration.flow import Flow
from console.declaration.nodes import DEPTH_MAX, Listed, Mapped, Node, Scalar, entry, unfit
from console.declaration.scalars import At, UnreadableError, block, quoted, value

BYTES_MAX: Final = 1024 * 1024
_UNSEEN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_COMMENT: Final = re.compile(r"(?:^|\s)#")


@dataclass(frozen=True)
class Read:
    """A text's one document, and keys that came twice. `root` is None for a text that says nothing."""

    root: Node | None
    twice: tuple[tuple[At, str], ...]


def read(text: str) -> Read:
    """The document in a text. Raises UnreadableError at the first place that is not of this notation."""
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX:
        raise UnreadableError(At(1, 1), f"The file is larger than {BYTES_MAX} bytes.")
    lines = re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))
    if not lines[-1]:
        lines.pop()  # behind the end of the last line there is none
    for number, line in enumerate(lines, 1):
        if found := _UNSEEN.search(line):
            char = f"U+{ord(found[0]):04X}"
            raise UnreadableError(At(number, found.start() + 1), f"The invisible character {char} cannot stand here.")
    return _Reader(lines).document()


class _Reader:
    """Goes down the lines once. `row` is the line that is read next, counted from 0."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._row = 0
        self._twice: list[tuple[At, str]] = []

    def document(self) -> Read:
        self._marks()
        if not self._more():
            return Read(None, ())
        root = self._block(0, 0)
        if self._more():
            raise self._wrong(self._indent(), "This line is not part of what stands above it: look at its indentation.")
        return Read(root, tuple(self._twice))

    def _marks(self) -> None:
        """One `---` may open the document; what else marks documents says that there are several."""
        opened = False
        for number, line in enumerate(self._lines):
            if re.match(r"(---|\.\.\.)(\s|$)", line):
                before = any(each.strip() and not each.lstrip().startswith("#") for each in self._lines[:number])
                if opened or before or not re.fullmatch(r"---\s*(#.*)?", line):
                    raise UnreadableError(At(number + 1, 1), "A declaration is one document in one file.")
                opened = True
                self._lines[number] = ""

    # --- lines ----------------------------------------------------------------------------------------------------

    def _more(self) -> bool:
        """Whether another line says something; `row` is at it."""
        while self._row < len(self._lines):
            text = self._lines[self._row].strip(" \t")
            if text and not text.startswith("#"):
                return True
            self._row += 1
        return False

    def _indent(self) -> int:
        line = self._lines[self._row]
        blank = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:blank]:
            raise self._wrong(line.index("\t"), "Lines are indented with spaces; this is a tab.")
        return blank

    def _at(self, column: int) -> At:
        return At(self._row + 1, column + 1)

    def _wrong(self, column: int, message: str) -> UnreadableError:
        return UnreadableError(self._at(column), message)

    # --- blocks ---------------------------------------------------------------------------------------------------

    def _block(self, parent: int, depth: int) -> Node:
        """What stands from this line on, below something that is indented so far."""
        indent = self._indent()
        if depth > DEPTH_MAX:
            raise self._wrong(indent, f"This is deeper than {DEPTH_MAX} levels.")
        line = self._lines[self._row]
        if _dash(line, indent):
            return self._list(indent, depth)
        if self._key(indent) is not None:
            return self._mapping(indent, depth)
        return self._value(indent, parent, depth)

    def _list(self, indent: int, depth: int) -> Node:
        at, items = self._at(indent), []
        while self._more() and self._indent() == indent and _dash(self._lines[self._row], indent):
            line = self._lines[self._row]
            inner = indent + 1
            inner += len(line[inner:]) - len(line[inner:].lstrip(" "))
            if not line[inner:].strip() or line[inner:].startswith("#"):
                self._row += 1
                items.append(self._below(indent, depth))
                continue
            # What follows the dash stands where it stands, as if the dash were a space.
            self._lines[self._row] = " " * inner + line[inner:]
            items.append(self._block(indent, depth + 1))
        self._ended(indent)
        return Listed(tuple(items), at)

    def _mapping(self, indent: int, depth: int) -> Node:
        at = self._at(indent)
        found: dict[str, tuple[Scalar, Node]] = {}
        while self._more() and self._indent() == indent and not _dash(self._lines[self._row], indent):
            key = self._key(indent)
            if key is None:
                raise self._wrong(indent, "Here `key: value` is expected.")
            name, end = key
            line = self._lines[self._row]
            start = end + len(line[end:]) - len(line[end:].lstrip(" \t"))
            place = self._at(indent)
            if start >= len(line) or _COMMENT.match(line[start - 1 :]):
                self._row += 1
                inner = self._below(indent, depth, level=True)
            else:
                inner = self._value(start, indent, depth)
            entry(found, Scalar(name, at=place), inner, self._twice)
        self._ended(indent)
        return Mapped(tuple(found.values()), at)

    def _below(self, indent: int, depth: int, *, level: bool = False) -> Node:
        """What stands below a key or a dash; nothing when it is not indented further (lists below a key may not be)."""
        here = At(self._row, 1)
        if self._more():
            further = self._indent()
            if further > indent or (level and further == indent and _dash(self._lines[self._row], indent)):
                return self._block(indent, depth + 1)
        return Scalar(None, at=here)

    def _ended(self, indent: int) -> None:
        if self._more() and self._indent() > indent:
            hint = "A text of several lines is written with `|`."
            raise self._wrong(self._indent(), f"This line is indented further than its neighbours. {hint}")

    # --- within a line --------------------------------------------------------------------------------------------

    def _key(self, start: int) -> tuple[str, int] | None:
        """The key that begins there and where its value may begin; None when none does."""
        line = self._lines[self._row]
        char = line[start]
        if char in "\"'":
            text, end = quoted(line, start, self._at(start))
            end += len(line[end:]) - len(line[end:].lstrip(" "))
            return (
                (text, end + 1) if line[end : end + 1] == ":" and line[end + 1 : end + 2] in ("", " ", "\t") else None
            )
        if char in "[{|>":
            return None
        found = re.compile(r"\s*:(?=\s|$)|\s#").search(line, start)
        if found is None or "#" in found[0]:
            return None
        text = line[start : found.start()]
        if message := unfit(text):
            raise self._wrong(start, message)
        return text, found.end()

    def _value(self, start: int, indent: int, depth: int) -> Node:
        """What begins at a column of this line and ends with it, or further down."""
        line, at = self._lines[self._row], self._at(start)
        char = line[start]
        if char in "[{":
            flow = Flow(self._lines, self._row, start, self._twice)
            node = flow.value(depth + 1)
            self._row = flow.row
            self._rest(flow.column)
            return node
        if char in "\"'":
            text, end = quoted(line, start, at)
            self._rest(end)
            return Scalar(text, at=at, quoted=True)
        if char in "|>":
            self._row += 1
            return Scalar(block(line[start:].rstrip(), list(self._indented(indent)), at), at=at, quoted=True)
        found = _COMMENT.search(line, start)
        text = line[start : found.start() if found else len(line)].strip()
        if message := unfit(text):
            raise UnreadableError(at, message)
        if re.search(r":(\s|$)", text):
            raise UnreadableError(at, f"`{text}` holds a colon with a space behind it. Put it in quotation marks.")
        self._row += 1
        return Scalar(value(text), at=at)

    def _rest(self, column: int) -> None:
        """Behind a value that has an end of its own only a comment may stand."""
        rest = self._lines[self._row][column:]
        if rest.strip() and not re.match(r"\s+#", rest):
            raise self._wrong(column, f"`{rest.strip()}` stands behind a value that has ended.")
        self._row += 1

    def _indented(self, indent: int) -> Iterator[str]:
        """Lines of a block scalar, without their common indentation, which the first that says something has."""
        own: int | None = None
        while self._row < len(self._lines):
            line = self._lines[self._row]
            blank = not line.strip(" ")
            depth = len(line) - len(line.lstrip(" "))
            if not blank and depth <= indent:
                return
            if not blank and own is None:
                own = depth
            if not blank and own is not None and depth < own:
                raise self._wrong(depth, "This line is indented less than the text that it stands in.")
            self._row += 1
            yield "" if own is None or len(line) <= own else line[own:]


def _dash(line: str, indent: int) -> bool:
    return line[indent : indent + 1] == "-" and line[indent + 1 : indent + 2] in ("", " ")
