"""Keys of environments. A secret is shown once."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console import documents, screen
from console.client import signed_in
from console.commands import instances, projects
from console.failures import usage
from console.screen import Force, Json

app = typer.Typer(help="Keys that open environments.", no_args_is_help=True)

KINDS: Final = ("service", "project", "client")
Text = str | None
KeyId = Annotated[str, typer.Argument(help="Id of the key.")]


@app.command()
def create(
    *,
    name: Annotated[Text, typer.Option("--name", "-n", help="What it is for.")] = None,
    kind: Annotated[Text, typer.Option("--kind", "-k", help="service, project or client.")] = None,
    target: Annotated[Text, typer.Option("--target", "-t", help="Service, or project for the other kinds.")] = None,
    client: Annotated[Text, typer.Option("--client", "-c", help="Whose calls these are (kind client).")] = None,
    expires: Annotated[Text, typer.Option("--expires", help="RFC 3339; default: never.")] = None,
    as_json: Json = False,
) -> None:
    """Create a key: service keys open private, project keys all of a project, client keys its prod environments."""
    kind = screen.given(kind, "--kind", f"Kind ({', '.join(KINDS)})")
    if kind not in KINDS:
        raise usage(f"{kind!r} is not a kind of key.", f"One of {', '.join(KINDS)}.")
    if (kind == "client") != (client is not None):
        raise usage("--client belongs to the kind client, which needs it.")
    caller, target = signed_in(), screen.given(target, "--target", "Service or project")
    payer = None
    if client is not None:
        payer = projects.client_of(instances.project_of(caller, target), client)["id"]
    wanted = {"name": screen.given(name, "--name", "Name"), "kind": kind, "target": target, "client": payer}
    made = caller.ask(documents.CREATE_KEY, input={**wanted, "expiresAt": expires})["createKey"]
    _shown(made, as_json=as_json)


@app.command()
def rotate(*, key: KeyId, as_json: Json = False) -> None:
    """Give a key a new secret. The old one is dead at once."""
    _shown(signed_in().ask(documents.ROTATE_KEY, key=key)["rotateKey"], as_json=as_json)


@app.command()
def revoke(*, key: KeyId, force: Force = False, as_json: Json = False) -> None:
    """End a key."""
    screen.confirmed("The key will open nothing any more. Revoke it?", force=force, otherwise="A revoked key stays so.")
    found = signed_in().ask(documents.REVOKE_KEY, key=key)["revokeKey"]
    text = f"{found['name']} ({found['prefix']}…) is revoked."
    screen.answer(found, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _shown(made: dict[str, Any], *, as_json: bool) -> None:
    secret = made["secret"] or "was shown when it was made; rotate the key to get a new one"
    screen.answer(
        made,
        lambda: screen.facts([("key", secret), ("name", made["key"]["name"]), ("id", made["key"]["id"])]),
        as_json=as_json,
    )
