"""Golden files: what is best reviewed as text is kept as text.

`make golden` (GOLDEN=accept) writes them; the reviewer reads the diff. Otherwise a difference fails the test.
"""

from __future__ import annotations

import os
from pathlib import Path


def check(path: Path, found: str) -> None:
    """Compare `found` with the file, or write the file when golden files are being accepted."""
    if os.environ.get("GOLDEN") == "accept":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; `make golden` writes it"
    assert path.read_text(encoding="utf-8") == found, f"{path.name} differs; `make golden` accepts the new text"
