"""The data directory: layout version, lock, kept secrets and ports, and what it says of a running stack.

DIR/kept.json    layout version, passwords, operator, preferred ports (0600)
DIR/secret.key   MORTISE_SECRET_KEY in hex (0600); without it sealed data cannot be read
DIR/pids.json    processes of the last run with their start times, so that strays can be ended
DIR/state.json   url, tokens, addresses and pids of the stack that is ready now (0600); absent otherwise
DIR/nats, DIR/postgres, DIR/wal, DIR/logs
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from common.bootstrap import accounts

LAYOUT: Final = 1
"""Version of the directory's layout; a greater number than this is a newer Mortise's."""


class DevstackError(Exception):
    """The stack cannot stand; the message says what is wrong and what to do."""


@dataclass
class Kept:
    """What survives from run to run."""

    layout: int = LAYOUT
    passwords: dict[str, str] = field(default_factory=accounts.fresh_passwords)
    postgres_password: str = field(default_factory=lambda: secrets.token_hex(32))
    server_name: str = field(default_factory=lambda: f"mortise-{secrets.token_hex(8)}")
    operator_email: str = "operator@localhost"
    operator_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    operator_token: str = field(default_factory=lambda: f"pfy_{secrets.token_urlsafe(32)}")
    ports: dict[str, int] = field(default_factory=dict)


class Home:
    """One data directory, locked for as long as this object lives."""

    def __init__(self, path: Path) -> None:
        """Take the directory. Raises DevstackError when it is not ours to use."""
        self.path = path.resolve()
        try:
            # Servers that run under another uid must be able to pass through; what is secret has its own mode.
            self.path.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            self._lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise DevstackError(_no_right(self.path, error)) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DevstackError(
                f"{self.path} is in use by a stack that runs already. Stop it, or choose another --data DIR.",
            ) from error
        self.kept = self._read_kept()
        self.forget_state()

    def _read_kept(self) -> Kept:
        kept = _read(self.path / "kept.json")
        layout = max(int(kept.get("layout", 0)), int(_read(self.path / "state.json").get("layout", 0)))
        if layout > LAYOUT:
            raise DevstackError(
                f"{self.path} was written by a newer Mortise (layout {layout}; this one knows {LAYOUT}). "
                "Upgrade Mortise, or choose another --data DIR.",
            )
        if not kept and (self.path / "postgres" / "data").exists():
            raise DevstackError(
                f"{self.path} holds databases but no kept.json with their passwords. Put it back, or choose another "
                "--data DIR.",
            )
        return Kept(**kept)

    def keep(self) -> None:
        """Write what survives from run to run."""
        write_secret(self.path / "kept.json", asdict(self.kept))

    def secret_key_file(self) -> Path:
        """The key file, made at the first run unless MORTISE_SECRET_KEY gives the key (hex, 32 bytes)."""
        file = self.path / "secret.key"
        given = os.environ.get("MORTISE_SECRET_KEY")
        if not file.exists():
            _write_private(file, given or secrets.token_hex(32))
        elif given and given != file.read_text().strip():
            raise DevstackError(
                f"MORTISE_SECRET_KEY differs from {file}; what was sealed with one cannot be read with the other. "
                "Unset the variable, or choose another --data DIR.",
            )
        return file

    def folder(self, name: str) -> Path:
        """A folder for one part of the stack, private to it."""
        folder = self.path / name
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def last_pids(self) -> dict[int, str]:
        """Process id to start time, of the run before."""
        return {int(pid): str(started) for pid, started in _read(self.path / "pids.json").items()}

    def remember_pids(self, pids: Mapping[int, str]) -> None:
        """Keep the processes that run, in case nobody is left to stop them."""
        write_secret(self.path / "pids.json", {str(pid): started for pid, started in pids.items()})

    def say_state(self, state: Mapping[str, Any]) -> None:
        """Tell others that the stack is ready, and where."""
        write_secret(self.path / "state.json", {"layout": LAYOUT, **state})

    def forget_state(self) -> None:
        """The stack is not ready any more."""
        (self.path / "state.json").unlink(missing_ok=True)


def write_secret(file: Path, value: object) -> None:
    """JSON that only its owner can read, replaced in one step."""
    _write_private(file, json.dumps(value, indent=1) + "\n")


def _write_private(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _read(file: Path) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DevstackError(f"{file} cannot be read: {error}") from error
    return value


def _no_right(path: Path, error: OSError) -> str:
    return (
        f"{path} cannot be used as data directory: {error.strerror}. Choose another --data DIR, or give user "
        f"{os.geteuid()} the right to write there."
    )
