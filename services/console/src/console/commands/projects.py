"""Projects: where consumers use services, and who pays for it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console import documents, prices, screen
from console.client import Client, signed_in
from console.commands import instances
from console.screen import Json

app = typer.Typer(help="Projects: where services are used.", no_args_is_help=True)
app.add_typer(instances.app, name="service")
clients = typer.Typer(help="Clients: who pays for calls.", no_args_is_help=True)
app.add_typer(clients, name="client")

client_of: Final = prices.client_of

Text = str | None
Project = Annotated[Text, typer.Argument(help="Slug of the project.")]


@app.command()
def create(
    *,
    name: Annotated[Text, typer.Option("--name", "-n", help="What it is called.")] = None,
    description: Annotated[Text, typer.Option("--description", "-d", help="What it is for.")] = None,
    slug: Annotated[Text, typer.Option("--slug", help="Default: made from the name.")] = None,
    organisation: Annotated[Text, typer.Option("--organisation", help="Id or slug; default: your only one.")] = None,
    as_json: Json = False,
) -> None:
    """Create a project, and a developer key that opens all of its environments."""
    client = signed_in()
    wanted = {"name": screen.given(name, "--name", "Name"), "description": description, "slug": slug}
    project = client.ask(documents.CREATE_PROJECT, input={**wanted, "organisation": organisation})["createProject"]
    key = client.ask(documents.CREATE_KEY, input={"name": "developer", "kind": "project", "target": project["id"]})[
        "createKey"
    ]["secret"]
    screen.answer(
        {**project, "developerKey": key},
        lambda: screen.facts([("project", project["slug"]), ("developer key", key)]),
        as_json=as_json,
    )


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the projects you may see."""
    found = signed_in().ask(documents.PROJECTS)["projects"]
    rows = [
        (each["slug"], each["name"], len(each["instances"]), each["myRole"], each["description"], each["id"])
        for each in found
    ]
    columns = ("Project", "Name", "Services", "My role", "Description", "ID")
    screen.answer(found, lambda: screen.table(None, columns, rows), as_json=as_json)


@app.command()
def info(*, project: Project = None, as_json: Json = False) -> None:
    """Show a project: its services, clients and keys."""
    found = named(signed_in(), project)

    def render() -> None:
        screen.facts(
            [
                ("project", found["slug"]),
                ("name", found["name"]),
                ("id", found["id"]),
                ("my role", found["myRole"]),
                ("approvals", "prod needs a second person" if found["approvals"] else None),
            ]
        )
        screen.table("Services", instances.columns(found), [instances.row(each) for each in found["instances"]])
        screen.table("Clients", ("Client", "E-mail", "Currency", "ID"), [_client(each) for each in found["clients"]])
        screen.table("Keys", ("Key", "Kind", "Prefix", "Client", "ID"), [_key(each) for each in found["keys"]])

    screen.answer(found, render, as_json=as_json)


@clients.command("add")
def add_client(
    *,
    project: Project = None,
    name: Annotated[Text, typer.Option("--name", "-n", help="Who it is; default: the e-mail address.")] = None,
    email: Annotated[Text, typer.Option("--email", "-e", help="Where to reach the client.")] = None,
    currency: Annotated[Text, typer.Option("--currency", help="ISO 4217; default EUR.")] = None,
    zone: Annotated[Text, typer.Option("--time-zone", help="Whose days count on invoices; default UTC.")] = None,
    as_json: Json = False,
) -> None:
    """Add a client, with a key that opens prod and puts its calls on the client's bill."""
    client = signed_in()
    found = named(client, project)
    address = email if email or name else screen.given(None, "--email", "E-mail")
    said = {"name": name or address, "email": address, "currency": currency, "timeZone": zone}
    wanted = {key: value for key, value in said.items() if value is not None}
    made = client.ask(documents.ADD_CLIENT, project=found["id"], input=wanted)["addClient"]
    secret = made["clientKey"]["secret"]
    screen.answer(
        {"client": made["client"], "key": secret},
        lambda: screen.facts(
            [("client", made["client"]["name"]), ("e-mail", made["client"]["email"]), ("key", secret)]
        ),
        as_json=as_json,
    )


def named(client: Client, project: str | None) -> dict[str, Any]:
    """A project by slug."""
    return instances.project_of(client, project)


def _client(each: dict[str, Any]) -> tuple[object, ...]:
    return each["name"], each["email"], each["currency"], each["id"]


def _key(each: dict[str, Any]) -> tuple[object, ...]:
    state = f"{each['prefix']}…" + (" revoked" if each["revoked"] else "")
    return each["name"], each["kind"], state, (each["client"] or {}).get("name"), each["id"]
