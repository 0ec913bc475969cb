"""Memory of processes over a run, whether it still grows at the end, and what time of the processors they took."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.waiting import until

INSIDE: Final = Path(__file__).parent / "inside"
"""What is put into the processes so that they answer; see there."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """How much memory processes had when so many operations were done."""

    operations: int
    used: int
    """Bytes in use after what nobody holds was collected."""
    resident: int
    """Bytes that the system counts, with what allocators keep for later."""


def environ(folder: Path) -> dict[str, str]:
    """Variables with which a stack must be started for its processes to tell in `folder` what they use.

    What is remembered of clients' documents is bounded tightly, and so are the connections, each of which remembers
    statements: all of it is full when the warm-up ends.
    """
    path = os.pathsep.join([str(INSIDE), *filter(None, [os.environ.get("PYTHONPATH")])])
    bounds = {"MORTISE_PLAN_BYTES": "1000000", "MORTISE_ENVIRONMENT_CONNECTIONS": "6"}
    return {"PYTHONPATH": path, "PYTHONMALLOC": "malloc", "FUZZ_MEMORY": str(folder), **bounds}


async def sample(operations: int, pids: Sequence[int], folder: Path) -> Sample:
    """What processes of such a stack have now. Raises TimeoutError when one does not answer."""
    told = [folder / str(pid) for pid in pids]
    for each, pid in zip(told, pids, strict=True):
        each.unlink(missing_ok=True)
        os.kill(pid, signal.SIGUSR1)
    await until(lambda: all(each.exists() for each in told))
    used = sum(int(each.read_text()) for each in told)
    return Sample(operations, used, sum(_resident(pid) for pid in pids))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def busy_seconds(pids: Sequence[int]) -> float:
    """Seconds that processes have worked since they began (Linux)."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def growth(samples: Sequence[tuple[float, float]], warm: float = 0.0) -> float:
    """What the second half of a run adds, as a share of its mean: (operations, bytes) of each sample.

    A line is laid through the samples of the second half by least squares; its slope times the operations between the
    first and the last of them is what was added. The run begins at `warm`: before, whatever is remembered was still
    filling up.
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
