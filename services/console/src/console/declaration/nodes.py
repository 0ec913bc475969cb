"""What a declaration file is made of: scalars, lists and mappings, each with its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.declaration.scalars import At

DEPTH_MAX: Final = 20
_ODD: Final = {
    "&": "Anchors are not read: say it where it is meant.",
    "*": "Aliases are not read: say it where it is meant, or put the text in quotation marks.",
    "!": "Tags are not read. A text that begins with `!` stands in quotation marks.",
    "%": "A text that begins with `%` stands in quotation marks.",
    "@": "A text that begins with `@` stands in quotation marks.",
    "`": "A text that begins with a backtick stands in quotation marks.",
    ",": "A text that begins with a comma stands in quotation marks.",
    "|": "Blocks are not written in brackets: put the text in quotation marks.",
    ">": "Blocks are not written in brackets: put the text in quotation marks.",
    "]": "This closes a list that was not opened.",
    "}": "This closes a mapping that was not opened.",
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a truth or nothing."""

    value: str | bool | None
    at: At
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Values in order."""

    items: tuple[Node, ...]
    at: At


@dataclass(frozen=True, slots=True)
class Mapped:
    """Values by key; each key's scalar has its place."""

    entries: tuple[tuple[Scalar, Node], ...]
    at: At


Node = Scalar | Listed | Mapped


def entry(found: dict[str, tuple[Scalar, Node]], key: Scalar, inner: Node, twice: list[tuple[At, str]]) -> None:
    """Put a value under its key; a key that is there keeps its first value and is told."""
    name = str(key.value)
    if name in found:
        twice.append((key.at, name))
    else:
        found[name] = (key, inner)


def unfit(text: str) -> str | None:
    """Why a plain word cannot begin as it does; None when it can."""
    if text[:2] in ("-", "- "):
        return "A list begins on the line below its key, or stands in brackets: `[a, b]`."
    if text[:2] in ("?", "? "):
        return "Keys are words here: write `key: value`."
    return _ODD.get(text[:1]) or (None if text else "Here a key is missing.")


def plain(node: Node) -> Any:
    """The value without its places; texts in NFC, as they are kept."""
    match node:
        case Scalar(value=str(text)):
            return unicodedata.normalize("NFC", text)
        case Scalar():
            return node.value
        case Listed():
            return [plain(each) for each in node.items]
        case Mapped():
            return {str(key.value): plain(inner) for key, inner in node.entries}


def place(root: Node, path: Sequence[str | int]) -> At:
    """Where the thing at the end of a path stands: its key if it has one; as far as the path leads."""
    at, node = root.at, root
    for each in path:
        match node:
            case Mapped():
                found = next(((key, inner) for key, inner in node.entries if key.value == each), None)
                if found is None:
                    return at
                at, node = found[0].at, found[1]
            case Listed() if isinstance(each, int) and each < len(node.items):
                node = node.items[each]
                at = node.at
            case _:
                return at
    return at
