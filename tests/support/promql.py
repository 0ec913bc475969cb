"""Names in an expression of Prometheus: which metrics, with which labels. Anything it does not know is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_SELECTOR: Final = re.compile(r"([a-z_]\w*)\s*\{([^{}]*)\}")
_MATCHER: Final = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*(?:,|$)')
_RANGE: Final = re.compile(r"\[(?:\d+[smhd]|\$__rate_interval)\]")
_GROUPING: Final = re.compile(r"\b(?:by|without)\s*\(([^()]*)\)")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
FUNCTIONS: Final = {"histogram_quantile", "max", "rate", "sum"}


@dataclass
class Named:
    """What an expression names."""

    metrics: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    """Those it groups by; every metric has to have them."""
    matched: list[tuple[str, str, str]] = field(default_factory=list)
    """Metric, label and each value that a metric is narrowed to, or from."""


def names(expression: str) -> Named:
    """What it names. Raises ValueError on a selector that cannot be read."""
    found = Named()
    for metric, inside in _SELECTOR.findall(expression):
        if _MATCHER.sub("", inside).strip():
            raise ValueError(f"not understood: {inside}")
        for label, _, values in _MATCHER.findall(inside):
            found.matched += [(metric, label, value) for value in values.split("|")]
    bare = _RANGE.sub("", _SELECTOR.sub(r"\1", expression))
    for group in _GROUPING.findall(bare):
        found.labels |= set(_WORD.findall(group))
    found.metrics = set(_WORD.findall(_GROUPING.sub("", bare))) - FUNCTIONS
    return found
