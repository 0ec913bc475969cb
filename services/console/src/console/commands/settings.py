"""A project itself: its name, what it demands, what it calls its environments, and its end."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.commands.instances import environment
from console.commands.projects import Project, Text, named
from console.failures import Failure, usage
from console.screen import Force, Json

Switch = bool | None


def update(  # noqa: PLR0913 - what can be said about a project
    *,
    project: Project = None,
    name: Annotated[Text, typer.Option("--name", "-n", help="What it is called.")] = None,
    description: Annotated[Text, typer.Option("--description", "-d", help="What it is for.")] = None,
    slug: Annotated[Text, typer.Option("--slug", help="What it is called in commands.")] = None,
    restricted: Annotated[Switch, typer.Option("--restricted/--open", help="Closed to members without a role.")] = None,
    approvals: Annotated[
        Switch, typer.Option("--approvals/--no-approvals", help="Whether prod needs a second person.")
    ] = None,
    call: Annotated[
        list[str] | None, typer.Option("--call", help="Name of an environment: stage=Acceptance; stage= for our own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change a project: its words, whether prod needs approval, what its environments are called."""
    said = {"name": name, "description": description, "slug": slug, "restricted": restricted}
    words = {key: value for key, value in said.items() if value is not None}
    settings: dict[str, Any] = {} if approvals is None else {"approvals": approvals}
    if call:
        settings["environmentNames"] = dict(_call(each) for each in call)
    if not words and not settings:
        raise usage("Nothing is to be changed.", "Say what: --name, --approvals, --call stage=Acceptance …")
    client = signed_in()
    found = named(client, project)
    if words:
        client.ask(documents.UPDATE_PROJECT, project=found["id"], input=words)
    if settings:
        client.ask(documents.CONFIGURE_PROJECT, project=found["id"], input=settings)
    _shown(client, slug or found["slug"], as_json=as_json)


def delete(*, project: Project = None, force: Force = False, as_json: Json = False) -> None:
    """Delete a project that holds no services, with its keys and clients."""
    client = signed_in()
    found = named(client, project)
    if found["instances"]:
        slugs = [each["service"]["slug"] for each in found["instances"]]
        raise Failure(
            f"{found['slug']} still holds {len(slugs)} service(s): {', '.join(slugs)}.",
            f"Remove them first: mortise project service remove {found['slug']} {slugs[0]}",
            code="BAD_USER_INPUT",
            reason="CONFLICT",
            details={"instances": slugs},
        )
    keys = sum(not each["revoked"] for each in found["keys"])
    what = f"Deleting {found['slug']} ends its {keys} key(s) and {len(found['clients'])} client(s)"
    screen.confirmed(f"{what}. Delete it?", force=force, otherwise=f"{what}.")
    client.ask(documents.DELETE_PROJECT, project=found["id"])
    text = f"{found['slug']} is deleted."
    screen.answer({"deleted": found["id"]}, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _shown(client: Client, slug: str, *, as_json: bool) -> None:
    found = client.ask(documents.PROJECT, project=slug)["project"]
    names = found["environmentNames"]
    facts = [
        ("project", found["slug"]),
        ("name", found["name"]),
        ("description", found["description"]),
        ("restricted", "yes" if found["restricted"] else "no"),
        ("approvals", "prod needs a second person" if found["approvals"] else "none"),
        ("environments", ", ".join(names[each] for each in ("dev", "stage", "prod"))),
    ]
    screen.answer(found, lambda: screen.facts(facts), as_json=as_json)


def _call(text: str) -> tuple[str, str | None]:
    own, given, name = text.partition("=")
    short = environment(own)
    if not given or short not in {"dev", "stage", "prod"}:
        raise usage(f"{text!r} names no environment.", "Write dev=NAME, stage=NAME or prod=NAME.")
    return short, name or None
