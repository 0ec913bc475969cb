"""Clients of a project: who pays for calls."""

from __future__ import annotations

from typing import Annotated

import typer

from console import documents, screen
from console.client import signed_in
from console.commands.projects import Project, client_of, named
from console.screen import Force, Json


def list_(*, project: Project = None, as_json: Json = False) -> None:
    """List the clients of a project and the keys whose calls are theirs."""
    found = named(signed_in(), project)
    keys = [each for each in found["keys"] if each["client"] and not each["revoked"]]
    rows = [
        (
            each["name"],
            each["email"],
            each["currency"],
            each["timeZone"],
            ", ".join(f"{key['prefix']}…" for key in keys if key["client"]["id"] == each["id"]),
            each["id"],
        )
        for each in found["clients"]
    ]
    columns = ("Client", "E-mail", "Currency", "Time zone", "Keys", "ID")
    screen.answer(found["clients"], lambda: screen.table(None, columns, rows), as_json=as_json)


def remove(
    *,
    project: Project = None,
    client: Annotated[str | None, typer.Argument(help="Id, name or e-mail of the client.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Remove a client: its keys open nothing any more. What it owes stays owed."""
    caller = signed_in()
    found = named(caller, project)
    payer = client_of(found, screen.given(client, "CLIENT", "Client"))
    what = f"Removing {payer['name']} from {found['slug']} ends its keys at once"
    screen.confirmed(f"{what}. Remove it?", force=force, otherwise=f"{what}.")
    caller.ask(documents.REMOVE_CLIENT, client=payer["id"])
    text = f"{payer['name']} is removed from {found['slug']}."
    screen.answer({"removed": payer["id"]}, lambda: screen.out.print(text, markup=False), as_json=as_json)
