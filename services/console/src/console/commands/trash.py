"""The trash of an environment: what deployments removed, and what an undo set aside; brought back for 30 days."""

from __future__ import annotations

from typing import Annotated

import typer

from console import documents, screen
from console.client import signed_in
from console.commands.undoing import Name, Project, Service, place_of
from console.screen import Json

app = typer.Typer(help="What deployments removed, kept for 30 days.", no_args_is_help=True)


@app.command("list")
def list_(*, environment: Name = None, service: Service = None, project: Project = None, as_json: Json = False) -> None:
    """List what lies in the trash of an environment, newest first."""
    client = signed_in()
    place = place_of(client, project, service, environment)
    found = client.ask(documents.TRASH, environment=place.id)["trash"]

    def render() -> None:
        if not found:
            screen.out.print(f"Nothing lies in the trash of {place.called}.", markup=False)
            return
        rows = [
            (
                each["item"],
                each["path"],
                each["what"],
                each["rows"],
                each["bytes"],
                each["version"],
                each["removedAt"],
                each["keptUntil"],
            )
            for each in found
        ]
        columns = ("Item", "Was", "What", "Rows", "Bytes", "Removed by", "At", "Until")
        screen.table(None, columns, rows)

    screen.answer(found, render, as_json=as_json)


@app.command()
def restore(
    *,
    item: Annotated[str, typer.Argument(help="An item of `mortise trash list`.")],
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Bring an item back into the version that runs, where that has a place and no newer value stands."""
    client = signed_in()
    place = place_of(client, project, service, environment)
    done = client.ask(documents.RESTORE_TRASH, environment=place.id, item=item)["restoreTrash"]
    left = f" {done['left']} do not fit and stay in the trash." if done["left"] else ""
    said = f"{done['path']} on {place.called}: {done['restored']} restored.{left}"
    screen.answer(done, lambda: screen.out.print(said, markup=False), as_json=as_json)
