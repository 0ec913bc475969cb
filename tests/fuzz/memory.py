"""Memory of processes over a run, whether it still grows at the end, and what time of the processors they took."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def resident(pids: Iterable[int]) -> int:
    """Bytes that processes hold in memory together (Linux)."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in pids)


def busy_seconds(pids: Iterable[int]) -> float:
    """Seconds that processes have worked since they began (Linux)."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def growth(samples: Sequence[tuple[float, float]], warm: float = 0.0) -> float:
    """What the second half of a run adds, as a share of its mean: the slope by least squares, times the length.

    The run begins at `warm`: before, whatever is remembered was still filling up.
    """
    half = [one for one in samples if one[0] >= (warm + samples[-1][0]) / 2]
    count = len(half)
    if count < 2:
        return 0.0
    mean_at = sum(at for at, _ in half) / count
    mean = sum(value for _, value in half) / count
    spread = sum((at - mean_at) ** 2 for at, _ in half)
    slope = sum((at - mean_at) * (value - mean) for at, value in half) / spread
    return slope * (half[-1][0] - half[0][0]) / mean
