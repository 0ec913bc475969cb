"""What the command line remembers between calls: one file under ~/.mortise, readable by its owner only.

`MORTISE_URL` and `MORTISE_TOKEN` win over it, so that scripts need no file.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

URL_DEFAULT: Final = "http://127.0.0.1:4000"


@dataclass(frozen=True)
class Login:
    """Where to, and as whom."""

    url: str
    token: str | None = None


def folder() -> Path:
    """~/.mortise."""
    return Path.home() / ".mortise"


def current() -> Login:
    """The login in force: environment variables first, then the file, then a stack on this machine, signed out."""
    kept = read_json(_file())
    url = os.environ.get("MORTISE_URL") or kept.get("url") or URL_DEFAULT
    token = os.environ.get("MORTISE_TOKEN") or (kept.get("token") if url == kept.get("url") else None)
    return Login(url.rstrip("/"), token or None)


def remember(login: Login) -> None:
    """Keep a login for the next calls."""
    write_secret(_file(), asdict(login))


def forget() -> None:
    """Keep where to, but no longer as whom."""
    kept = read_json(_file())
    if kept:
        write_secret(_file(), {"url": kept.get("url", URL_DEFAULT), "token": None})


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file; empty when there is no file, or none that can be understood."""
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_secret(file: Path, value: object) -> None:
    """JSON that only its owner can read (0600), replaced in one step."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # created 0600
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(value, indent=1) + "\n")
    Path(name).replace(file)


def _file() -> Path:
    return folder() / "login.json"
