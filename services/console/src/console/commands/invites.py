"""Invitations: ask somebody in, or accept what you were asked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import documents, home, screen
from console.client import Client, signed_in
from console.commands import instances
from console.commands.members import ROLES
from console.commands.organisations import Organisation, owned
from console.commands.projects import client_of
from console.failures import usage
from console.screen import Json

app = typer.Typer(help="Invitations of members and clients.", no_args_is_help=True)

Text = str | None
Email = Annotated[str, typer.Argument(help="Where the invitation goes.")]
Invitation = Annotated[str, typer.Argument(help="Id of the invitation.")]


@app.command()
def member(
    *,
    email: Email,
    role: Annotated[str, typer.Option("--role", "-r", help="owner, member or guest.")] = "member",
    organisation: Organisation = None,
    as_json: Json = False,
) -> None:
    """Invite somebody to an organisation you own."""
    if role not in ROLES:
        raise usage(f"{role!r} is not a role.", f"One of {', '.join(ROLES)}.")
    client = signed_in()
    to = owned(client, organisation)["id"]
    _sent(client.ask(documents.INVITE_MEMBER, organisation=to, email=email, role=role)["inviteMember"], as_json=as_json)


@app.command()
def client(  # noqa: PLR0913 - the options of one command
    *,
    project: Annotated[str, typer.Argument(help="Slug of the project.")],
    email: Email,
    name: Annotated[Text, typer.Option("--name", "-n", help="Of a new client; default: the e-mail address.")] = None,
    known: Annotated[Text, typer.Option("--client", "-c", help="Somebody of this client; default: a new one.")] = None,
    currency: Annotated[Text, typer.Option("--currency", help="Of a new client; default EUR.")] = None,
    zone: Annotated[Text, typer.Option("--time-zone", help="Of a new client; default UTC.")] = None,
    as_json: Json = False,
) -> None:
    """Invite a client: whoever accepts sees the project and gets a key to its prod environments."""
    caller = signed_in()
    found = instances.project_of(caller, project)
    payer = client_of(found, known)["id"] if known is not None else None
    said = {"email": email, "client": payer, "name": name, "currency": currency, "timeZone": zone}
    wanted = {key: value for key, value in said.items() if value is not None}
    _sent(caller.ask(documents.INVITE_CLIENT, project=found["id"], input=wanted)["inviteClient"], as_json=as_json)


@app.command("list")
def list_(
    *,
    organisation: Organisation = None,
    project: Annotated[Text, typer.Option("--project", "-p", help="Those of its clients instead.")] = None,
    as_json: Json = False,
) -> None:
    """List invitations and what became of them."""
    caller = signed_in()
    if project is not None:
        where = {"project": instances.project_of(caller, project)["id"]}
    else:
        where = {"organisation": owned(caller, organisation)["id"]}
    found = caller.ask(documents.INVITATIONS, **where)["invitations"]
    rows = [
        (
            each["email"],
            each["role"] or (each["client"] or {}).get("name"),
            each["status"],
            each["expiresAt"],
            each["invitedBy"]["username"],
            each["id"],
        )
        for each in found
    ]
    columns = ("E-mail", "As", "Status", "Until", "By", "ID")
    screen.answer(found, lambda: screen.table(None, columns, rows), as_json=as_json)


@app.command()
def resend(*, invitation: Invitation, as_json: Json = False) -> None:
    """Send an invitation again, with another secret."""
    _sent(signed_in().ask(documents.RESEND_INVITATION, invitation=invitation)["resendInvitation"], as_json=as_json)


@app.command()
def withdraw(*, invitation: Invitation, as_json: Json = False) -> None:
    """Take an invitation back."""
    found = signed_in().ask(documents.WITHDRAW_INVITATION, invitation=invitation)["withdrawInvitation"]
    text = f"The invitation of {found['email']} is {found['status']}."
    screen.answer(found, lambda: screen.out.print(text, markup=False), as_json=as_json)


@app.command()
def accept(
    *,
    secret: Annotated[str, typer.Argument(help="What the message said: inv_...")],
    username: Annotated[Text, typer.Option("--username", "-u", help="Of a new account.")] = None,
    display_name: Annotated[Text, typer.Option("--name", "-n", help="How others see you.")] = None,
    password: Annotated[
        Text, typer.Option("--password", "-p", help="Of a new account; asked for when left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Accept an invitation: signed in as yourself, else with a new account."""
    login = home.current()
    person = None
    if username is not None or password is not None or login.token is None:
        login = home.Login(login.url)
        person = {
            "username": screen.given(username, "--username", "User name"),
            "displayName": display_name,
            "password": screen.given(password, "--password", "Password", hidden=True),
        }
    done = Client(login).ask(documents.ACCEPT_INVITATION, token=secret, input=person)["acceptInvitation"]
    key = done["clientKey"]["secret"] if done["clientKey"] else None
    pairs = [
        ("organisation", done["organisationName"]),
        ("project", done["projectName"]),
        ("user", done["user"]["username"]),
        ("client key", key),
    ]
    screen.answer({**done, "clientKey": key}, lambda: screen.facts(pairs), as_json=as_json)


def _sent(found: dict[str, Any], *, as_json: bool) -> None:
    pairs = [("invited", found["email"]), ("until", found["expiresAt"]), ("id", found["id"])]
    screen.answer(found, lambda: screen.facts(pairs), as_json=as_json)
