"""Reads the part of YAML that docker-compose.yml is written in: nested mappings, lists of scalars, flow lists, blocks.

Anything else is an error, so the file stays as plain as this reader; the suite needs no YAML library for one file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Line:
    indent: int
    text: str


def read(text: str) -> dict[str, Any]:
    """The document. Raises ValueError on a line that is not of the kinds above."""
    lines = [_Line(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines() if _counts(line)]
    value, rest = _block(lines, 0)
    if rest:
        raise ValueError(f"not understood: {rest[0].text}")
    assert isinstance(value, dict), "a compose file is a mapping"
    return value


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _block(lines: list[_Line], indent: int) -> tuple[Any, list[_Line]]:
    if lines and lines[0].text.startswith("- "):
        return _sequence(lines, indent)
    mapping: dict[str, Any] = {}
    while lines and lines[0].indent == indent and not lines[0].text.startswith("- "):
        key, colon, value = lines[0].text.partition(":")
        if not colon or key in mapping:
            raise ValueError(f"not understood, or twice: {lines[0].text}")
        lines = lines[1:]
        value = value.strip()
        if value == "|":
            inside = list(_deeper(lines, indent))
            mapping[key], lines = "\n".join(line.text for line in inside) + "\n", lines[len(inside) :]
        elif value:
            mapping[key] = _scalar(value)
        elif lines and lines[0].indent > indent:
            mapping[key], lines = _block(lines, lines[0].indent)
        else:
            mapping[key] = None
    return mapping, lines


def _sequence(lines: list[_Line], indent: int) -> tuple[list[Any], list[_Line]]:
    items: list[Any] = []
    while lines and lines[0].indent == indent and lines[0].text.startswith("- "):
        first = lines[0].text[2:].strip()
        inside = list(_deeper(lines[1:], indent))
        lines = lines[1 + len(inside) :]
        if not first.startswith(('"', "[")) and ": " in first:
            item, rest = _block([_Line(indent + 2, first), *inside], indent + 2)
            assert not rest, "an item is one mapping"
            items.append(item)
        else:
            items.append(_scalar(first))
    return items, lines


def _deeper(lines: list[_Line], indent: int) -> Iterator[_Line]:
    for line in lines:
        if line.indent <= indent:
            return
        yield line


def _scalar(text: str) -> Any:
    return json.loads(text) if text[0] in '"[' else text
