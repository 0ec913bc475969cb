"""Webhooks: facts told to an address of yours, in order, signed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.commands import instances
from console.commands.organisations import Organisation, owned
from console.failures import usage
from console.screen import Force, Json

app = typer.Typer(help="Webhooks: events told to an address.", no_args_is_help=True)

Text = str | None
Webhook = Annotated[str, typer.Argument(help="Id of the webhook.")]
Project = Annotated[Text, typer.Option("--project", "-p", help="Only events of this project; slug.")]
Types = Annotated[list[str] | None, typer.Option("--type", "-t", help="Event type; * is any characters. Repeatable.")]


@app.command()
def add(
    *,
    url: Annotated[str, typer.Argument(help="Where to post to: https://...")],
    types: Types = None,
    description: Annotated[Text, typer.Option("--description", "-d", help="What it is for.")] = None,
    organisation: Organisation = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Tell an address of what happens from now on. Prints the signing secret, once."""
    client = signed_in()
    wanted = {**_place(client, organisation, project), "url": url, "types": types or ["*"], "description": description}
    made = client.ask(documents.ADD_WEBHOOK, input=wanted)["addWebhook"]
    _secret(made, as_json=as_json)


@app.command("list")
def list_(*, organisation: Organisation = None, project: Project = None, as_json: Json = False) -> None:
    """List webhooks and how they are."""
    client = signed_in()
    found = client.ask(documents.WEBHOOKS, **_place(client, organisation, project))["webhooks"]
    rows = [(each["url"], " ".join(each["types"]), _state(each), each["position"], each["id"]) for each in found]
    columns = ("URL", "Types", "State", "Position", "ID")
    screen.answer(found, lambda: screen.table(None, columns, rows), as_json=as_json)


@app.command()
def info(
    *,
    webhook: Webhook,
    lines: Annotated[int, typer.Option("--lines", "-n", help="So many of the latest attempts.")] = 20,
    as_json: Json = False,
) -> None:
    """Show a webhook and its latest attempts."""
    found = signed_in().ask(documents.WEBHOOK, webhook=webhook, first=lines)["webhook"]

    def render() -> None:
        screen.facts(
            [
                ("url", found["url"]),
                ("types", " ".join(found["types"])),
                ("state", _state(found)),
                ("position", found["position"]),
                ("next attempt", found["nextAttemptAt"]),
            ]
        )
        rows = [
            (each["at"], each["status"] or each["error"], each["attempt"], each["tookMs"], each["type"], each["event"])
            for each in found["attempts"]
        ]
        screen.table("Attempts", ("At", "Answer", "Try", "ms", "Type", "Event"), rows)

    screen.answer(found, render, as_json=as_json)


@app.command()
def update(
    *,
    webhook: Webhook,
    url: Annotated[Text, typer.Option("--url", help="Another address.")] = None,
    types: Types = None,
    description: Annotated[Text, typer.Option("--description", "-d", help="What it is for.")] = None,
    as_json: Json = False,
) -> None:
    """Change address, types or description; what waits is tried at once."""
    said = {"url": url, "types": types or None, "description": description}
    wanted = {key: value for key, value in said.items() if value is not None}
    if not wanted:
        raise usage("Nothing is to be changed.", "Say --url, --type or --description.")
    _told(signed_in().ask(documents.UPDATE_WEBHOOK, webhook=webhook, input=wanted)["updateWebhook"], as_json=as_json)


@app.command()
def rotate(*, webhook: Webhook, as_json: Json = False) -> None:
    """Give a webhook a new secret. The old one signs as well for 24 hours."""
    _secret(signed_in().ask(documents.ROTATE_WEBHOOK, webhook=webhook)["rotateWebhookSecret"], as_json=as_json)


@app.command()
def replay(
    *,
    webhook: Webhook,
    after: Annotated[int, typer.Option("--after", help="Position in the log; 0 is all there ever was.")],
    as_json: Json = False,
) -> None:
    """Tell again what lies behind a position."""
    _told(signed_in().ask(documents.REPLAY_WEBHOOK, webhook=webhook, after=after)["replayWebhook"], as_json=as_json)


@app.command()
def enable(*, webhook: Webhook, as_json: Json = False) -> None:
    """Go on with the event at which it stopped."""
    _told(signed_in().ask(documents.ENABLE_WEBHOOK, webhook=webhook)["enableWebhook"], as_json=as_json)


@app.command()
def disable(*, webhook: Webhook, as_json: Json = False) -> None:
    """Tell nothing until it is enabled again."""
    _told(signed_in().ask(documents.DISABLE_WEBHOOK, webhook=webhook)["disableWebhook"], as_json=as_json)


@app.command()
def remove(*, webhook: Webhook, force: Force = False, as_json: Json = False) -> None:
    """Remove a webhook."""
    client = signed_in()
    found = client.ask(documents.WEBHOOK, webhook=webhook, first=0)["webhook"]
    said = f"{found['url']} is told nothing more."
    screen.confirmed(f"{said} Remove?", force=force, otherwise=said)
    done = client.ask(documents.REMOVE_WEBHOOK, webhook=webhook)["removeWebhook"]
    screen.answer({"removed": done}, lambda: screen.out.print(said, markup=False), as_json=as_json)


def _place(client: Client, organisation: str | None, project: str | None) -> dict[str, Any]:
    if project is not None:
        return {"project": instances.project_of(client, project)["id"]}
    return {"organisation": owned(client, organisation)["id"]}


def _state(found: dict[str, Any]) -> str:
    if found.get("disabled"):
        return f"disabled: {found['disabled']}"
    return f"failing since {found['failingSince']}" if found.get("failingSince") else "told"


def _secret(made: dict[str, Any], *, as_json: bool) -> None:
    pairs = [("secret", made["secret"]), ("url", made["webhook"]["url"]), ("id", made["webhook"]["id"])]
    screen.answer(made, lambda: screen.facts(pairs), as_json=as_json)


def _told(found: dict[str, Any], *, as_json: bool) -> None:
    pairs = [("url", found["url"]), ("state", _state(found)), ("position", found["position"]), ("id", found["id"])]
    screen.answer(found, lambda: screen.facts(pairs), as_json=as_json)
