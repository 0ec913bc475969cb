"""The end of a service: retire it, so that nobody takes it any more, or remove it when nobody uses it."""

from __future__ import annotations

from typing import Annotated

import typer

from console import documents, screen
from console.client import signed_in
from console.commands.services import Service, Text, of_folder
from console.screen import Force, Json


def retire(
    *,
    service: Service = None,
    reason: Annotated[Text, typer.Option("--reason", "-r", help="What to use instead, for those who ask.")] = None,
    as_json: Json = False,
) -> None:
    """Let no project take a service or its versions any more. Instances live on."""
    client = signed_in()
    found = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    done = client.ask(documents.RETIRE_SERVICE, service=found["id"], reason=reason)["retireService"]
    text = f"{found['slug']} was retired already." if found["retired"] else f"{found['slug']} is retired."
    screen.answer(
        {**done, "changed": not found["retired"]}, lambda: screen.out.print(text, markup=False), as_json=as_json
    )


def unretire(*, service: Service = None, as_json: Json = False) -> None:
    """Let projects take a retired service again."""
    client = signed_in()
    found = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    done = client.ask(documents.REINSTATE_SERVICE, service=found["id"])["reinstateService"]
    text = f"{found['slug']} can be taken again." if found["retired"] else f"{found['slug']} was not retired."
    screen.answer({**done, "changed": found["retired"]}, lambda: screen.out.print(text, markup=False), as_json=as_json)


def remove(*, service: Service = None, force: Force = False, as_json: Json = False) -> None:
    """Remove a service that no project uses, with its databases on private and demo."""
    client = signed_in()
    found = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    what = f"Removing {found['slug']} destroys its private and demo databases and its {_versions(found['versions'])}"
    screen.confirmed(f"{what}. Remove it?", force=force, otherwise=f"{what}.")
    client.ask(documents.REMOVE_SERVICE, service=found["id"])
    text = f"{found['slug']} is removed."
    screen.answer({"removed": found["id"]}, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _versions(found: list[object]) -> str:
    return "only version" if len(found) == 1 else f"{len(found)} versions"
