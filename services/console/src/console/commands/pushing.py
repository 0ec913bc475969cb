"""Push a folder's schema as a new version, or look at what that would do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console import breaking, documents, folder, screen, waiting
from console.client import Client, signed_in
from console.commands.deploying import watched
from console.failures import REFUSED, Failure
from console.folder import Folder
from console.screen import Force, Json

Text = str | None

REPAIR: Final = "Correct all of them and push again."


def push(
    *,
    notes: Annotated[
        list[str] | None,
        typer.Option("--release-notes", "-r", help="What is new; several with semicolons or -r again."),
    ] = None,
    version: Annotated[Text, typer.Option("--version", help="x.y.z; default: the last one, patch + 1.")] = None,
    path: Annotated[Path, typer.Option("--folder", help="The service's folder.")] = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and do nothing.")] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Push this folder's schema as a new version and wait until it runs on private."""
    client, place = signed_in(), folder.required(path.resolve())
    schema, service = place.schema, client.ask(documents.SERVICE, service=place.manifest.service)["service"]
    preview = client.ask(documents.PREVIEW_PUSH, service=service["id"], schema=schema, version=version)["previewPush"]
    preview["problems"] = [_in_its_file(place, each) for each in preview["problems"]]
    if dry_run:
        _shown(service, preview, force=force, as_json=as_json)
        return
    if preview["problems"]:
        raise _broken(preview["problems"], as_json=as_json)
    if preview["upToDate"]:
        _up_to_date(service, as_json=as_json)
        return
    lost = _agreed(preview, force=force, as_json=as_json)
    told = notes or [screen.given(None, "--release-notes", "Release notes, with semicolons between them")]
    said = notes_of(told)
    wanted = {"service": service["id"], "schema": schema, "notes": said, "version": version, "force": force or lost}
    _pushed(client, service, wanted, preview["breaks"], as_json=as_json)


def notes_of(given: Sequence[str]) -> list[str]:
    """Release notes, where each text may hold several with semicolons between them (C 1.3)."""
    return [note.strip() for text in given for note in text.split(";") if note.strip()]


def _pushed(
    client: Client, service: dict[str, Any], wanted: dict[str, Any], breaks: dict[str, Any] | None, *, as_json: bool
) -> None:
    before = waiting.newest(waiting.environments(client, service=service["id"]).get("private"))
    try:
        pushed = client.ask(documents.PUSH_SERVICE, input=wanted)["pushService"]
    except Failure as failure:
        # Somebody else may have pushed the same since the preview.
        if failure.reason != "UNCHANGED":
            raise
        _up_to_date(service, as_json=as_json)
        return
    environment = watched(client, "private", pushed["name"], after=before, service=service["id"])
    url = waiting.data_url(client, environment)
    screen.answer(
        {
            "service": service["slug"],
            "version": pushed["name"],
            "changed": True,
            "url": url,
            "changes": pushed["changes"],
            "breaks": breaks,
        },
        lambda: screen.out.print(f"{service['slug']} {pushed['name']} runs on private: {url}", markup=False),
        as_json=as_json,
    )


def _up_to_date(service: dict[str, Any], *, as_json: bool) -> None:
    value = {"service": service["slug"], "version": service["privateVersion"], "changed": False}
    screen.answer(value, lambda: screen.out.print(_is_up_to_date(service), markup=False), as_json=as_json)


def _is_up_to_date(service: dict[str, Any]) -> str:
    return f"{service['slug']} is up to date: its schema is that of version {service['privateVersion']}."


def _shown(service: dict[str, Any], preview: dict[str, Any], *, force: bool, as_json: bool) -> None:
    """Everything that the push would do. Ends with exit code 1 when it would not be done as it is asked for."""
    problems, asks = preview["problems"], _asks(preview)
    refused = bool(problems) or (asks and not force)

    def render() -> None:
        if preview["upToDate"]:
            screen.out.print(_is_up_to_date(service), markup=False)
            return
        screen.messages(preview["messages"])
        if preview["changes"]:
            screen.changes(preview["changes"])
        if losses := _losses(preview):
            screen.losses(losses)
        breaking.show(preview["breaks"])
        if not problems:
            screen.steps(preview["steps"])
        screen.problems(problems)
        screen.out.print(_verdict(service, preview, force=force), markup=False)

    value = {"service": service["slug"], "dryRun": True, "accepted": not refused, **preview}
    screen.answer(value, render, as_json=as_json)
    if refused:
        raise typer.Exit(REFUSED)


def _verdict(service: dict[str, Any], preview: dict[str, Any], *, force: bool) -> str:
    if count := len(preview["problems"]):
        return f"It would be refused: {_counted(count)}. Nothing was done."
    result = f"It would become {service['slug']} {preview['version']} on private."
    needed = " It needs --force." if _asks(preview) and not force else ""
    return f"{result}{needed} Nothing was done."


def _asks(preview: dict[str, Any]) -> bool:
    """Whether a push stops here for somebody to agree."""
    grave = any(each["criticality"] != "SAFE" for each in preview["changes"])
    return grave or preview["needsForce"]


def _losses(preview: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in preview["losses"] if each["rows"]]


def _counted(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems} problems"


def _in_its_file(place: Folder, found: dict[str, Any]) -> dict[str, Any]:
    """The problem with the file it is in, and the line there."""
    file, line = place.place(found["line"])
    return {"file": file, **found, "line": line}


def _broken(problems: list[dict[str, Any]], *, as_json: bool) -> Failure:
    if not as_json:
        screen.problems(problems)
    message, details = f"The schema has {_counted(len(problems))}.", {"problems": problems}
    return Failure(message, REPAIR, code="BAD_USER_INPUT", reason="SCHEMA_INVALID", details=details)


def _agreed(preview: dict[str, Any], *, force: bool, as_json: bool) -> bool:
    """Whether somebody agreed to losing data. Raises Failure when he does not agree to the push."""
    losses = _losses(preview)
    if preview["changes"] and not as_json:
        screen.changes(preview["changes"])
    if losses and not as_json:
        screen.losses(losses)
    if not as_json:
        breaking.show(preview["breaks"])
    if _asks(preview):
        relied = "change what callers call" if breaking.certain(preview["breaks"]) else "change what callers rely on"
        what = "lose data" if losses else relied
        screen.confirmed(
            f"This push would {what}. Push it?",
            force=force,
            otherwise=f"This push would {what}. `mortise push --dry-run` shows all of it.",
        )
    return bool(losses)
