"""A declaration as the text of a file, in the notation that `notation` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from console.declaration import scalars
from console.declaration.project import Declaration

HEAD: Final = "# What is declared about a project. Make it so with `mortise apply -f FILE`.\n"
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*|\d+\.\d+\.\d+")
"""What stands without quotation marks: words that no reader can take for anything else."""
_READ_ELSEWHERE: Final = frozenset({"yes", "no", "on", "off", "y", "n", "inf", "nan"})
"""Words that other readers of the notation take for something else."""


def text(declared: Declaration) -> str:
    """The whole file. What is not said is left out, but a description that there is not."""
    return HEAD + "".join(_mapping(value(declared), 0))


def value(declared: Declaration) -> dict[str, Any]:
    """The declaration as a JSON value, in the order of the format."""
    said = declared.model_dump(mode="json", by_alias=True, exclude_none=True)
    if declared.describes and declared.description is None:
        said["description"] = None
    order = [field.alias or name for name, field in Declaration.model_fields.items()]
    return {name: said[name] for name in order if name in said}


def _mapping(said: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, each in said.items():
        yield from _member(f"{' ' * indent}{name}:", each, indent)


def _member(head: str, each: Any, indent: int) -> Iterator[str]:
    if isinstance(each, dict) and each:
        yield f"{head}\n"
        yield from _mapping(each, indent + 2)
    elif isinstance(each, list) and any(isinstance(item, dict) for item in each):
        yield f"{head}\n"
        for item in each:
            lines = "".join(_mapping(item, indent + 4))
            yield f"{' ' * (indent + 2)}- {lines[indent + 4 :]}"
    else:
        yield f"{head} {_value(each)}\n"


def _value(each: Any) -> str:
    if each is None:
        return "null"
    if isinstance(each, bool):
        return "true" if each else "false"
    if isinstance(each, Sequence) and not isinstance(each, str):
        return f"[{', '.join(_value(item) for item in each)}]"
    if isinstance(each, dict):
        return "{}"
    return scalar(str(each))


def scalar(each: str) -> str:
    """A text as it stands in a file: plain where no reader could take it for anything else."""
    taken = each.lower() in _READ_ELSEWHERE or scalars.value(each) != each
    # Quoted as JSON is, with escapes for whatever cannot be seen: that is a quoted text of the notation too.
    return each if _PLAIN.fullmatch(each) and not taken else json.dumps(each, ensure_ascii=not each.isprintable())
