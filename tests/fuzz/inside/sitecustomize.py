"""Lets every process of a stack tell how much memory it has in use when it is asked by SIGUSR1.

A stack that is started with this folder on PYTHONPATH imports this file before anything else. What the system counts as
resident is no measure of a leak: allocators keep what is free, in pieces that only a rare large operation needed once.
With PYTHONMALLOC=malloc all that Python has in use is the C library's, and that counts it to the byte.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from pathlib import Path
from types import FrameType
from typing import Final

_FOLDER: Final = os.environ.get("FUZZ_MEMORY", "")


class _Counted(ctypes.Structure):
    """`struct mallinfo2` of glibc: bytes in areas of its own, and of blocks that have a mapping to themselves."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "free", "free_small", "mappings", "mapped", "unused", "small_bytes", "used", "free_bytes"),
            "top",
        )
    )


def _tell(_: int, __: FrameType | None) -> None:
    """Collect what nobody holds any more, and write down how many bytes are in use."""
    gc.collect()
    count = ctypes.CDLL(None).mallinfo2
    count.restype = _Counted
    found = count()
    told = Path(_FOLDER, str(os.getpid()))
    told.with_suffix(".new").write_text(str(found.used + found.mapped))
    told.with_suffix(".new").rename(told)


def _begin() -> None:
    signal.signal(signal.SIGUSR1, _tell)


if _FOLDER:
    os.register_at_fork(after_in_child=_begin)
