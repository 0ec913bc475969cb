"""Backups: take one, check one, put one back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from console import screen
from console.commands.up import up
from console.failures import REFUSED, UNREACHABLE, Failure, usage
from console.screen import Json

app = typer.Typer(invoke_without_command=True)

Data = Annotated[Path | None, typer.Option("--data", help="Data directory of a stack on this machine.")]
DATA_DEFAULT: Final = Path(".mortise")
_COLUMNS: Final = ("name", "first", "last", "messages")


@app.callback()
def take(
    context: typer.Context,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New directory; default: mortise-backup-<time>.")
    ] = None,
    data: Data = None,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Put the secret key into it. Then it opens everything.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up everything precious of the stack that runs in --data (.mortise), or on the servers MORTISE_* name."""
    if context.invoked_subcommand is not None:
        return
    directory = output or Path(time.strftime("mortise-backup-%Y%m%dT%H%M%SZ", time.gmtime()))
    flags = ["--with-key"] if with_key else []
    done = _run("take", str(directory), *_where(data), *flags)
    screen.answer(done, lambda: _show(done, f"Backup {directory}"), as_json=as_json)


@app.command()
def verify(
    *,
    directory: Annotated[Path, typer.Argument(help="Of a backup.")],
    as_json: Json = False,
) -> None:
    """Read every byte of a backup and compare it with what was written. Nothing is restored."""
    done = _run("verify", str(directory))
    screen.answer(done, lambda: _show(done, f"{directory} is whole"), as_json=as_json)


def restore(
    *,
    directory: Annotated[Path | None, typer.Argument(help="Of a backup.")] = None,
    data: Data = None,
    secrets: Annotated[
        Path | None, typer.Option("--secrets", help="Directory with secret.key, and kept.json if there is one.")
    ] = None,
    events_from_audit: Annotated[
        bool,
        typer.Option("--events-from-audit", help="Bring EVT back from audit's byte copy; the rest from the backup."),
    ] = False,
    start: Annotated[bool, typer.Option("--up", help="Then start Mortise there, as `mortise up` does.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty stack: a new data directory, or servers on which only bootstrap has run."""
    if data is None and not os.environ.get("MORTISE_NATS_URL"):
        raise usage("--data is missing: where to?", "Name a new directory, or set MORTISE_NATS_URL and so on.")
    if start and (data is None or as_json):
        raise usage("--up is for a directory of this machine and for people.", "Leave --json away, and name --data.")
    where = _where(data)
    if events_from_audit:
        done = _run("events-from-audit", *([str(directory)] if directory else []), *where)
        title = f"EVT stands at {done['position']}: {done['stored']} facts brought back"
    else:
        if directory is None:
            raise usage("The directory of the backup is missing.")
        known = ["--secrets", str(secrets)] if secrets else []
        done = _run("restore", str(directory), *where, *known)
        title = f"Restored up to position {done['position']}, with {done['environments']} environments"

    def render() -> None:
        _show(done, title)
        if data is not None and not start:
            screen.out.print(f"Start it with `mortise up --data {data}`: read models are made from the log.")

    screen.answer(done, render, as_json=as_json)
    if start and data is not None:
        up(data=data)


def _where(data: Path | None) -> list[str]:
    """A directory that is named wins; then the servers of the environment; then the usual directory."""
    if data is None and os.environ.get("MORTISE_NATS_URL"):
        return []
    return ["--data", str(data or DATA_DEFAULT)]


def _run(*words: str) -> dict[str, Any]:
    """What the program says; its steps go to stderr as they come. Raises Failure."""
    command = [sys.executable, "-m", "common.backup", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own module
    try:
        value: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise Failure(f"The program ended with code {done.returncode}.", "The reason stands above.") from None
    error = value.get("error")
    if error is None:
        return value
    known = {name: error.pop(name, None) for name in ("message", "hint", "code", "reason")}
    code = UNREACHABLE if done.returncode == UNREACHABLE else REFUSED
    raise Failure(
        str(known["message"]),
        known["hint"],
        code=str(known["code"]),
        exit_code=code,
        reason=known["reason"],
        details=error,
    )


def _show(done: dict[str, Any], title: str) -> None:
    screen.out.print(f"[bold]{escape(title)}[/]")
    columns = [name for name in _COLUMNS if all(name in each for each in done["streams"])]
    rows = [[each[name] for name in columns] for each in done["streams"]]
    screen.table(None, ["Stream", *(name.capitalize() for name in columns[1:])], rows)
    if "bytes" in done:
        pairs = (
            ("Log position", done["position"]),
            ("Taken", f"{done['takenAt']} to {done['endedAt']}"),
            ("Environments", len(done["environments"])),
            ("Files", f"{done['files']}, {done['bytes']} bytes"),
        )
        screen.facts(pairs)
    for environment, why in done.get("leftOut", {}).items():
        screen.err.print(f"left out: environment {environment}: {why}", markup=False)
    for warning in done["warnings"]:
        screen.err.print(f"[bold yellow]note:[/] {escape(warning)}")
