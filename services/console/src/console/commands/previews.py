"""Previews: an environment of a service cloned with its data, masked, until a lease ends."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from console import preview_documents as documents
from console import screen, waiting
from console.client import Client, signed_in
from console.commands import instances
from console.commands.instances import Project, ProjectOption, Service, ServiceOption, Text
from console.failures import NOT_DEPLOYED, Failure, usage
from console.screen import Force, Json

app = typer.Typer(help="Clones of environments, each for a while.", no_args_is_help=True)

RULES: Final = ("null", "constant", "hash", "email", "name")
MINUTES: Final = {"m": 1, "h": 60, "d": 24 * 60}
SECONDS_MAX: Final = 900.0
"""Rows of a large environment take their time."""

Name = Annotated[Text, typer.Option("--name", "-n", help="Name of the preview, such as pr-42.")]
Lease = Annotated[str, typer.Option("--lease", "-l", help="How long, from now: 90m, 24h or 7d, the longest.")]


@app.command()
def create(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    name: Name = None,
    source: Annotated[str, typer.Option("--environment", "-e", help="What is cloned: dev, stage or prod.")] = "dev",
    lease: Lease = "24h",
    mask: Annotated[
        list[str] | None,
        typer.Option("--mask", "-m", help="Type.field=RULE: null, hash, email, name, or constant:VALUE."),
    ] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Clone prod without masks.")] = False,
    as_json: Json = False,
) -> None:
    """Clone an environment, schema and data, and wait until the clone can be called."""
    masks, minutes = [_mask(each) for each in mask or ()], _minutes(lease)
    client = signed_in()
    found, instance = instances.both(client, project_option or project, service_option or service)
    wanted = {
        "instance": instance["id"],
        "name": screen.given(name, "--name", "Name"),
        "source": instances.environment(source, found["environmentNames"]),
        "leaseMinutes": minutes,
        "masks": masks,
        "unmasked": unmasked,
    }
    made = client.ask(documents.CREATE_PREVIEW, input=wanted)["createPreview"]
    there = _until_there(client, made)
    url = waiting.data_url(client, there)
    value = {**made, "version": there["version"], "url": url}

    def render() -> None:
        text = f"{made['name']} is a clone of {instance['service']['slug']} {there['version']} on {source}: {url}"
        screen.out.print(text, markup=False)
        screen.out.print(f"It opens with the project's developer key, and is deleted at {made['expiresAt']}.")

    screen.answer(value, render, as_json=as_json)


@app.command("list")
def list_(
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    as_json: Json = False,
) -> None:
    """List the previews of a project, or of one service of it."""
    client = signed_in()
    found = instances.project_of(client, project_option or project)
    only = service_option or service
    wanted = instances.instance_of(found, only)["id"] if only else None
    held = client.ask(documents.PREVIEWS, project=found["slug"])["project"]["instances"]
    shown = [
        {**each, "service": instance["service"]["slug"], "url": _url(client, each)}
        for instance in held
        if wanted in {None, instance["id"]}
        for each in instance["previews"]
    ]
    rows = [
        (each["name"], each["service"], each["source"], len(each["masks"]), each["expiresAt"], each["url"])
        for each in shown
    ]
    columns = ("Preview", "Service", "Clone of", "Masks", "Ends", "URL")
    screen.answer(shown, lambda: screen.table(None, columns, rows), as_json=as_json)


@app.command()
def extend(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    name: Name = None,
    lease: Lease = "24h",
    as_json: Json = False,
) -> None:
    """Let a preview live so long from now."""
    minutes = _minutes(lease)
    client = signed_in()
    preview = _preview(client, project_option or project, service_option or service, name)
    longer = client.ask(documents.EXTEND_PREVIEW, preview=preview["id"], minutes=minutes)["extendPreview"]
    said = f"{longer['name']} is deleted at {longer['expiresAt']}."
    screen.answer(longer, lambda: screen.out.print(said, markup=False), as_json=as_json)


@app.command()
def delete(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    name: Name = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Delete a preview with its data, before its lease ends."""
    client = signed_in()
    preview = _preview(client, project_option or project, service_option or service, name)
    what = f"Deleting {preview['name']} destroys its data"
    screen.confirmed(f"{what}. Delete it?", force=force, otherwise=f"{what}.")
    client.ask(documents.DELETE_PREVIEW, preview=preview["id"])
    said = f"{preview['name']} is deleted."
    screen.answer({"deleted": preview["id"]}, lambda: screen.out.print(said, markup=False), as_json=as_json)


def _preview(client: Client, project: str | None, service: str | None, name: str | None) -> dict[str, Any]:
    """A preview of a service in a project, by its name or id. Raises Failure."""
    found, instance = instances.both(client, project, service)
    wanted = screen.given(name, "--name", "Name")
    held = client.ask(documents.PREVIEWS, project=found["slug"])["project"]["instances"]
    every: list[dict[str, Any]] = next((each["previews"] for each in held if each["id"] == instance["id"]), [])
    for each in every:
        if wanted in (each["name"], each["id"]):
            return each
    names = ", ".join(each["name"] for each in every) or "none"
    raise Failure(
        f"{instance['service']['slug']} has no preview {wanted!r} in {found['slug']}.",
        f"There is: {names}.",
        code="NOT_FOUND",
    )


def _until_there(client: Client, preview: dict[str, Any]) -> dict[str, Any]:
    """The clone's environment once it serves. Raises Failure (exit 4) when it cannot be made."""

    def look() -> dict[str, Any] | None:
        there = _environment(client, preview["environment"]["id"])
        if there and there["state"] == "failed":
            raise Failure(
                f"{preview['name']} could not be made: {there['reason']}",
                "Delete it, and create it anew.",
                code="DEPLOYMENT_FAILED",
                exit_code=NOT_DEPLOYED,
            )
        return there if there and there["state"] == "ready" else None

    late = Failure(
        f"{preview['name']} is not there after {SECONDS_MAX:.0f} seconds.",
        "It may still come; look with `mortise preview list`.",
        code="DEPLOYMENT_SLOW",
        exit_code=NOT_DEPLOYED,
    )
    with screen.err.status(f"{preview['name']}: clone of {preview['source']}"):
        return waiting.until_there(look, SECONDS_MAX, late)


def _environment(client: Client, environment: str) -> dict[str, Any] | None:
    """What exists of it; None before the provisioner has heard of it."""
    try:
        found: dict[str, Any] = client.ask(documents.ENVIRONMENT, environment=environment)["environment"]
    except Failure as failure:
        if failure.code != "NOT_FOUND":
            raise
        return None
    return found


def _url(client: Client, preview: dict[str, Any]) -> str:
    endpoint = preview["environment"]["id"].replace("-", "")
    return waiting.data_url(client, {"endpoint": endpoint})


def _mask(text: str) -> dict[str, Any]:
    """`Type.field=rule`, `Type.field=constant:value`."""
    found = re.fullmatch(r"(?P<type>\w+)\.(?P<field>\w+)=(?P<rule>\w+)(?::(?P<value>.*))?", text, re.DOTALL)
    if found is None or found["rule"].lower() not in RULES:
        raise usage(f"{text!r} is no mask.", f"Write Type.field=RULE, with {', '.join(RULES)}; constant:VALUE.")
    return {**found.groupdict(), "rule": found["rule"].upper()}


def _minutes(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([mhd])", text.strip().lower())
    if found is None:
        raise usage(f"{text!r} is no length of time.", "Write 90m, 24h or 7d.")
    return int(found[1]) * MINUTES[found[2]]
