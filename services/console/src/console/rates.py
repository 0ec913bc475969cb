"""What happened between two looks at the figures of processes: rates, and durations out of histograms. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

Labels = Mapping[str, str]
Figures = Mapping[str, list[tuple[Labels, float]]]
"""Samples by name, of one process."""
Key = tuple[str, ...]

MILLISECONDS: Final = 1000.0


@dataclass(frozen=True)
class Took:
    """Durations of one kind of thing: how many took at most so many seconds, by bound, in rising order."""

    buckets: tuple[tuple[float, float], ...]

    def milliseconds(self, share: float) -> float | None:
        """The duration that this share of them did not exceed; None when there were none.

        Within a bucket they are taken to lie evenly; of the last one, which has no end, its beginning is told.
        """
        total = self.buckets[-1][1] if self.buckets else 0.0
        if not total:
            return None
        below, low = 0.0, 0.0
        for bound, count in self.buckets:
            if count >= share * total:
                if bound == inf:
                    return low * MILLISECONDS
                inside = (share * total - below) / (count - below) if count > below else 1.0
                return (low + (bound - low) * inside) * MILLISECONDS
            below, low = count, bound
        return low * MILLISECONDS


class Between:
    """Two looks at the same processes, `seconds` apart. A process that was not there before began with nothing."""

    def __init__(self, before: Mapping[str, Figures], after: Mapping[str, Figures], seconds: float) -> None:
        self._before = before
        self._after = after
        self._seconds = seconds

    def rates(self, name: str, *labels: str) -> dict[Key, float]:
        """How much a counter grew in a second, by these labels, over all processes."""
        return {key: grown / self._seconds for key, grown in self._grown(name, labels).items()}

    def took(self, name: str, *labels: str) -> dict[Key, Took]:
        """The durations that a histogram took in, by these labels, over all processes."""
        found: dict[Key, dict[float, float]] = defaultdict(dict)
        for (*key, bound), count in self._grown(f"{name}_bucket", (*labels, "le")).items():
            found[tuple(key)][float(bound)] = count
        return {key: Took(tuple(sorted(buckets.items()))) for key, buckets in found.items()}

    def _grown(self, name: str, labels: Iterable[str]) -> dict[Key, float]:
        wanted = tuple(labels)
        found: dict[Key, float] = defaultdict(float)
        for process, figures in self._after.items():
            earlier = _by(self._before.get(process, {}).get(name, ()), wanted)
            for key, count in _by(figures.get(name, ()), wanted).items():
                # A counter that fell belongs to a process that has started anew.
                found[key] += count - earlier.get(key, 0.0) if count >= earlier.get(key, 0.0) else count
        return dict(found)


def _by(samples: Iterable[tuple[Labels, float]], labels: tuple[str, ...]) -> dict[Key, float]:
    found: dict[Key, float] = defaultdict(float)
    for told, number in samples:
        found[tuple(told.get(label, "") for label in labels)] += number
    return found
