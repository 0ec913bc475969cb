"""Promotions that a second person has to approve: look at them, agree, or do not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import documents, screen, waiting
from console.client import Client, signed_in
from console.commands.deploying import watched
from console.commands.projects import Project, Text, named
from console.screen import Json

Request = Annotated[str, typer.Argument(help="Id of the request.")]


def requests(
    *,
    project: Project = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were answered or have ended.")] = False,
    as_json: Json = False,
) -> None:
    """List promotions of a project that wait for approval."""
    found = named(signed_in(), project)
    every_one = [
        {**each, "service": instance["service"]["slug"], "instance": instance["id"]}
        for instance in found["instances"]
        for each in instance["requests"]
        if every or each["state"] == "OPEN"
    ]
    columns = ("Service", "Environment", "Version", "Asked by", "State", "Until", "May lose data", "Reason", "ID")
    rows = [_row(found, each) for each in every_one]
    screen.answer(every_one, lambda: screen.table(None, columns, rows), as_json=as_json)


def approve(*, request: Request, as_json: Json = False) -> None:
    """Approve a promotion that somebody else asked for, and wait until its version runs."""
    client = signed_in()
    instance = client.ask(documents.APPROVE_PROMOTION, request=request)["approvePromotion"]
    asked = next(each for each in instance["requests"] if each["id"] == request)
    there = watched(client, asked["environment"], asked["version"], instance=instance["id"])
    url = waiting.data_url(client, there)
    value = {"request": request, "instance": instance["id"], "version": asked["version"], "url": url}
    text = f"Approved: {asked['version']} runs on {asked['environment']}: {url}"
    screen.answer(value, lambda: screen.out.print(text, markup=False), as_json=as_json)


def refuse(
    *,
    request: Request,
    reason: Annotated[Text, typer.Option("--reason", "-r", help="Why, for whoever asked.")] = None,
    as_json: Json = False,
) -> None:
    """Refuse a promotion that somebody asked for, or take back one's own."""
    client: Client = signed_in()
    ended = client.ask(documents.REFUSE_PROMOTION, request=request, reason=reason)["refusePromotion"]
    text = f"{ended['version']} does not go to {ended['environment']}: the request is {ended['state'].lower()}."
    screen.answer(ended, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _row(project: dict[str, Any], request: dict[str, Any]) -> tuple[object, ...]:
    return (
        request["service"],
        project["environmentNames"][request["environment"]],
        request["version"],
        request["requester"]["username"],
        request["state"].lower(),
        request["expiresAt"],
        "yes" if request["forced"] else "no",
        request["reason"],
        request["id"],
    )
