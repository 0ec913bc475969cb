"""Packages of npm that a test needs: exactly those of its lock file, in the user's cache, never in the tree."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mortise-tests"
LOCKS: Final = ("package.json", "package-lock.json")


def installed(folder: Path) -> Path:
    """The folder that holds the packages of the lock file in `folder`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: {folder.name} needs Node.js 18 or newer.")
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in LOCKS)).hexdigest()[:12]
    found = CACHE / f"{folder.name.replace('_', '-')}-{digest}"
    if not found.exists():
        fresh = found.with_name(f"{found.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name in LOCKS:
            shutil.copy(folder / name, fresh)
        words = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(words, cwd=fresh, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            pytest.fail(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        try:
            fresh.rename(found)
        except OSError:
            # Somebody else was faster, and made the same.
            shutil.rmtree(fresh)
    return found
