"""Events as they happen."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer

from console import home, listening, screen
from console.client import signed_in
from console.commands import instances
from console.commands.organisations import Organisation, owned
from console.failures import usage

Texts = list[str] | None


def events(  # noqa: PLR0913 - the options of one command
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens from now on.")] = False,
    after: Annotated[
        int | None,
        typer.Option("--after", min=0, help="Cursor; default 0, with --follow from now on."),
    ] = None,
    types: Annotated[Texts, typer.Option("--type", "-t", help="Event type; * is any characters. Repeatable.")] = None,
    subjects: Annotated[
        Texts, typer.Option("--subject", help="<context>.<aggregate>.<id>, with * as in types. Repeatable.")
    ] = None,
    organisation: Organisation = None,
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only events of this project; slug.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line: cursor and event.")] = False,
) -> None:
    """List events oldest first, or follow them; after any interruption it goes on where it was."""
    if organisation is not None and project is not None:
        raise usage("Name an organisation, or a project.", "A project lies in one organisation.")
    query = [*(("type", each) for each in types or ()), *(("subject", each) for each in subjects or ())]
    if project is not None:
        query.append(("project", instances.project_of(signed_in(), project)["id"]))
    if organisation is not None:
        query.append(("organisation", owned(signed_in(), organisation)["id"]))
    try:
        for told in listening.told(home.current(), query, after, follow=follow):
            if as_json:
                print(f'{{"cursor":{told.cursor},"event":{told.text}}}', flush=True)
            else:
                screen.out.print(_line(told.cursor, json.loads(told.text)), markup=False)
    except BrokenPipeError:
        # Who read along, `head` for instance, has enough; Python would complain once more when it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _line(cursor: int, event: dict[str, Any]) -> str:
    actor = event["actor"]
    return f"{cursor:>8}  {event['time']}  {event['type']}  {event['subject']}  {actor['type']} {actor['id']}"
