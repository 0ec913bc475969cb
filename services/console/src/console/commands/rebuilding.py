"""Read models from zero: the proof that they hold nothing but the log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console import screen
from console.failures import Failure, unreachable, usage
from console.screen import Json

SERVICES: Final = ("registry", "provisioner", "gateway", "billing", "audit")
_UNREACHABLE: Final = 3


def rebuild(
    *,
    services: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(SERVICES)}; default: all.")] = None,
    projection: Annotated[str, typer.Option("--projection", help="Only this one; default: all of the service.")] = "*",
    data: Annotated[Path, typer.Option("--data", help="Data directory of the stack on this machine.")] = Path(
        ".mortise"
    ),
    as_json: Json = False,
) -> None:
    """Replay read models from the first event, compare them with what was there, and go on with the new ones."""
    wanted = services or list(SERVICES)
    if unknown := [each for each in wanted if each not in SERVICES]:
        raise usage(f"{unknown[0]!r} is not a service of Mortise.", f"Of {', '.join(SERVICES)}.")
    command = [sys.executable, "-m", "common.operate", "--data", str(data), "--rebuild", projection, *wanted]
    with screen.err.status(f"replaying {', '.join(wanted)}"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module, the words checked
    if not done.stdout.strip():
        reason = done.stderr.strip().rpartition("\n")[2] or f"The operation ended with code {done.returncode}."
        raise unreachable(reason) if done.returncode == _UNREACHABLE else Failure(reason)
    reports: dict[str, Any] = json.loads(done.stdout)
    rebuilt = [(name, each) for name, report in reports.items() for each in report["rebuilt"]]
    columns = ("Service", "Projection", "Events", "Events/s", "Tables", "Equal")
    screen.answer(reports, lambda: screen.table(None, columns, map(_row, rebuilt)), as_json=as_json)
    if different := [each["projection"] for _, each in rebuilt if not each["equal"]]:
        raise Failure(
            f"Replaying gave something else than what was there: {', '.join(different)}.",
            "The replayed rows are in use now; find out who wrote beside the log.",
            code="DIFFERENT",
        )


def _row(pair: tuple[str, dict[str, Any]]) -> tuple[object, ...]:
    name, each = pair
    equal = "yes" if each["equal"] else "no"
    return name, each["projection"], each["messages"], each["messages_per_second"], len(each["tables"]), equal
