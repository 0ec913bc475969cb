"""What an environment may have and how much of it is used; its owners' caps, and what operators grant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.commands import instances
from console.commands.data import OF_PROJECT, OF_SERVICE, Name, Project, Service
from console.commands.services import of_folder
from console.failures import Failure, usage
from console.screen import Json

app = typer.Typer(help="Environments: what they may have.", no_args_is_help=True)

NUMBERS: Final[Mapping[str, str]] = {
    "callsPerSecond": "calls a second",
    "callsPerDay": "calls a day",
    "databaseMegabytes": "database MB",
    "sleepMinutes": "sleeps after min",
    "logDays": "days of logs",
}
NONE: Final = "none"

Number = str | None
PerSecond = Annotated[Number, typer.Option("--calls-per-second", help="A number; none takes it away.")]
PerDay = Annotated[Number, typer.Option("--calls-per-day", help="Of a day in UTC; none takes it away.")]
Megabytes = Annotated[Number, typer.Option("--database-megabytes", help="Millions of bytes; none takes it away.")]


@app.command()
def limits(
    *, environment: Name = None, service: Service = None, project: Project = None, as_json: Json = False
) -> None:
    """Show what an environment may have, who said so, and how much of it is used."""
    client = signed_in()
    id_ = _id(client, project, service, environment)
    _shown(client.ask(documents.ENVIRONMENT_LIMITS, environment=id_)["environmentLimits"], as_json=as_json)


@app.command()
def cap(  # noqa: PLR0913 - the options of one command
    *,
    calls_per_second: PerSecond = None,
    calls_per_day: PerDay = None,
    database_megabytes: Megabytes = None,
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Set caps of an environment, prod included. A cap lowers what there is."""
    wanted = _wanted(calls_per_second, calls_per_day, database_megabytes)
    client = signed_in()
    id_ = _id(client, project, service, environment)
    told = client.ask(documents.CAP_ENVIRONMENT, environment=id_, input=wanted)["capEnvironment"]
    _shown(told, as_json=as_json)


@app.command()
def grant(  # noqa: PLR0913 - the options of one command
    *,
    calls_per_second: PerSecond = None,
    calls_per_day: PerDay = None,
    database_megabytes: Megabytes = None,
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Grant an environment other numbers than its kind has; 0: no limit. Operators only."""
    wanted = _wanted(calls_per_second, calls_per_day, database_megabytes)
    client = signed_in()
    id_ = _id(client, project, service, environment)
    told = client.ask(documents.GRANT_ENVIRONMENT, environment=id_, input=wanted)["grantEnvironment"]
    _shown(told, as_json=as_json)


def _wanted(per_second: Number, per_day: Number, megabytes: Number) -> dict[str, int | None]:
    said = {"callsPerSecond": per_second, "callsPerDay": per_day, "databaseMegabytes": megabytes}
    wanted = {name: _number(text) for name, text in said.items() if text is not None}
    if not wanted:
        raise usage("Nothing is to be changed.", "Say what: --calls-per-second, --calls-per-day, --database-megabytes.")
    return wanted


def _number(text: str) -> int | None:
    if text == NONE:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):  # noqa: PLR2004 - the API says how large it may be
        raise usage(f"{text[:40]!r} is not a number.", f"A whole number, or {NONE}.")
    return int(text)


def _id(client: Client, project: str | None, service: str | None, name: str | None) -> str:
    """Id of the environment that is meant. Raises Failure (C 1.6)."""
    legal = OF_PROJECT if project else OF_SERVICE
    found = instances.project_of(client, project) if project else None
    wanted = instances.environment(name, found["environmentNames"] if found else None) if name else legal[0]
    if wanted not in legal:
        hint = "Name its project with -p." if wanted in OF_PROJECT else "Leave -p away."
        raise usage(f"{wanted} is not one of {', '.join(legal)}.", hint)
    if found:
        owner: dict[str, Any] = instances.instance_of(found, of_folder(service))
    else:
        owner = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    for each in owner["environments"]:
        if each["name"] == wanted:
            return str(each["id"])
    raise Failure(f"There is no {wanted}.", code="NOT_FOUND")


def _shown(told: dict[str, Any], *, as_json: bool) -> None:
    def render() -> None:
        rows = [
            (words, *(_text(told[column].get(name)) for column in ("limits", "ofKind", "granted", "caps")))
            for name, words in NUMBERS.items()
        ]
        screen.table(told["name"], ("", "In force", "Of the kind", "Granted", "Cap"), rows)
        if (used := told["usage"]) is not None:
            full = " (full: creating and updating is refused)" if used["databaseFull"] else ""
            today = {"calls today": used["callsToday"], "refused today": used["limitedToday"]}
            size = _text(used["databaseMegabytes"])
            screen.facts(
                [
                    ("state", used["state"]),
                    ("last call", _text(used["calledAt"])),
                    *((words, number) for words, number in today.items() if number is not None),
                    ("database MB", f"{size}{full}"),
                ]
            )

    screen.answer(told, render, as_json=as_json)


def _text(value: object) -> str:
    return "-" if value is None else str(value)
