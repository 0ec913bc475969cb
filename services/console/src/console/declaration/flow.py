"""Flow mappings and lists of a declaration file: `[a, b]`, `{a: 1}`, over several lines if they have to be."""

from __future__ import annotations

import re
from typing import Final

from console.declaration.nodes import DEPTH_MAX, Listed, Mapped, Node, Scalar, entry, unfit
from console.declaration.scalars import At, UnreadableError, quoted, value

_END: Final = re.compile(r"[,\[\]{}]|:(?=[\s,\[\]{}]|$)|\s#|$")


class Flow:
    """Reads one flow value that begins at a place; `row` and `column` are where it is at, from 0."""

    def __init__(self, lines: list[str], row: int, column: int, twice: list[tuple[At, str]]) -> None:
        self._lines = lines
        self.row = row
        self.column = column
        self._twice = twice

    def value(self, depth: int) -> Node:
        """The value that begins here. Raises UnreadableError."""
        at = self._at()
        if depth > DEPTH_MAX:
            raise UnreadableError(at, f"This is deeper than {DEPTH_MAX} levels.")
        char = self._char()
        if char == "[":
            return self._list(at, depth)
        if char == "{":
            return self._mapping(at, depth)
        return self._scalar(at)

    def _list(self, at: At, depth: int) -> Node:
        self.column += 1
        items: list[Node] = []
        while self._next(at) != "]":
            items.append(self.value(depth + 1))
            if self._next(at) == ":":
                raise UnreadableError(self._at(), "A mapping in a list stands in braces here: `{key: value}`.")
            self._between(at, "]")
        self.column += 1
        return Listed(tuple(items), at)

    def _mapping(self, at: At, depth: int) -> Node:
        self.column += 1
        found: dict[str, tuple[Scalar, Node]] = {}
        while self._next(at) != "}":
            place = self._at()
            if self._char() in "[{":
                raise UnreadableError(place, "Keys are words here: write `key: value`.")
            line, start = self._lines[self.row], self.column
            key = self._scalar(place)
            name = key.value if key.quoted else line[start : self.column].strip()
            if self._next(at) != ":":
                raise UnreadableError(self._at(), f"`{name}` has no value: write `{name}: value`.")
            self.column += 1
            inner = Scalar(None, at=self._at()) if self._next(at) in ",}" else self.value(depth + 1)
            entry(found, Scalar(name, at=place), inner, self._twice)
            self._between(at, "}")
        self.column += 1
        return Mapped(tuple(found.values()), at)

    def _scalar(self, at: At) -> Scalar:
        line = self._lines[self.row]
        if self._char() in "\"'":
            text, self.column = quoted(line, self.column, at)
            return Scalar(text, at=at, quoted=True)
        end = _END.search(line, self.column)
        assert end is not None, "a line has an end"
        text = line[self.column : end.start()].strip()
        if not text:
            raise UnreadableError(at, "Here a value is expected.")
        if message := unfit(text):
            raise UnreadableError(at, message)
        self.column = end.start()
        return Scalar(value(text), at=at)

    def _between(self, at: At, end: str) -> None:
        """Behind an item a comma comes, or the end."""
        char = self._next(at)
        if char == ",":
            self.column += 1
        elif char != end:
            raise UnreadableError(self._at(), f"`{char}` stands where a comma or `{end}` is expected.")

    def _next(self, at: At) -> str:
        """The next character that says something. `at` is where what is not yet closed began."""
        while self.row < len(self._lines):
            line = self._lines[self.row]
            rest = line[self.column :].lstrip(" \t")
            comment = rest.startswith("#") and (self.column + len(rest) <= len(line)) and self._spaced(line, rest)
            if rest and not comment:
                self.column = len(line) - len(rest)
                return rest[0]
            self.row += 1
            self.column = 0
        raise UnreadableError(at, "This is opened and never closed.")

    @staticmethod
    def _spaced(line: str, rest: str) -> bool:
        """Whether what follows stands at the beginning of a line or behind a space, as comments do."""
        before = line[: len(line) - len(rest)]
        return not before or before[-1] in " \t"

    def _char(self) -> str:
        return self._lines[self.row][self.column]

    def _at(self) -> At:
        return At(self.row + 1, self.column + 1)
