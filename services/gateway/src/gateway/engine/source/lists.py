"""A list as the text that PostgreSQL reads it from."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def list_text(value: Any) -> str | None:
    """`{"a","b"}`: a list of texts, numbers, truths or times as PostgreSQL writes it."""
    return None if value is None else f"{{{','.join([_quoted(item) for item in value])}}}"


def _quoted(item: Any) -> str:
    match item:
        case bool():
            return "true" if item else "false"
        case str():
            escaped = item.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case datetime():
            return f'"{item.isoformat()}"'
        case _:
            return repr(item)
