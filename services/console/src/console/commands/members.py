"""Members of an organisation and their roles. New ones are invited, see `invites`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.commands.organisations import Organisation, owned
from console.failures import Failure, usage
from console.screen import Force, Json

app = typer.Typer(help="Members of an organisation.", no_args_is_help=True)

ROLES: Final = ("owner", "member", "guest")
Person = Annotated[str, typer.Argument(help="Id, user name or e-mail address.")]


@app.command("list")
def list_(*, organisation: Organisation = None, as_json: Json = False) -> None:
    """List the members of an organisation."""
    client = signed_in()
    found = _organisation(client, organisation)["members"]
    rows = [
        (each["user"]["username"], each["user"]["email"], each["role"], each["since"], each["user"]["id"])
        for each in found
    ]
    screen.answer(found, lambda: screen.table(None, ("Member", "E-mail", "Role", "Since", "ID"), rows), as_json=as_json)


@app.command()
def role(
    *,
    person: Person,
    role: Annotated[str, typer.Argument(help="owner, member or guest.")],
    organisation: Organisation = None,
    as_json: Json = False,
) -> None:
    """Give a member another role."""
    if role not in ROLES:
        raise usage(f"{role!r} is not a role.", f"One of {', '.join(ROLES)}.")
    client = signed_in()
    home = _organisation(client, organisation)
    user = _user(home, person)["id"]
    changed = client.ask(documents.UPDATE_MEMBER_ROLE, organisation=home["id"], user=user, role=role)[
        "updateMemberRole"
    ]
    text = f"{changed['user']['username']} is now {changed['role']} of {home['slug']}."
    screen.answer(changed, lambda: screen.out.print(text, markup=False), as_json=as_json)


@app.command()
def remove(*, person: Person, organisation: Organisation = None, force: Force = False, as_json: Json = False) -> None:
    """Take a member out of an organisation."""
    client = signed_in()
    home = _organisation(client, organisation)
    user = _user(home, person)
    screen.confirmed(
        f"{user['username']} will no longer see {home['slug']}. Remove?",
        force=force,
        otherwise=f"{user['username']} would no longer see {home['slug']}.",
    )
    done = client.ask(documents.REMOVE_MEMBER, organisation=home["id"], user=user["id"])["removeMember"]
    text = f"{user['username']} is no longer in {home['slug']}."
    screen.answer({"removed": done}, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _organisation(client: Client, ref: str | None) -> dict[str, Any]:
    found: dict[str, Any] = client.ask(documents.ORGANISATION, organisation=owned(client, ref)["id"])["organisation"]
    return found


def _user(home: dict[str, Any], ref: str) -> dict[str, Any]:
    for each in home["members"]:
        user: dict[str, Any] = each["user"]
        if ref in (user["id"], user["username"], user["email"]):
            return user
    raise Failure(f"{ref!r} is not in {home['slug']}.", "See `mortise member list`.", code="NOT_FOUND")
