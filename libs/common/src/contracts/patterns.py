"""Which event types and subjects a pattern means: `*` stands for any characters. For webhooks and event readers."""

from __future__ import annotations

from collections.abc import Sequence


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether a text is among the patterns."""
    return any(_matches(pattern, text) for pattern in patterns)


def _matches(pattern: str, text: str) -> bool:
    """Greedy from the left, the last piece from the right: linear, whatever somebody writes."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first) or not text.endswith(rest[-1]) or len(text) < len(first) + len(rest[-1]):
        return False
    at, end = len(first), len(text) - len(rest[-1])
    for piece in rest[:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
