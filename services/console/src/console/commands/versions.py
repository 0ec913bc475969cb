"""The versions of a service: what each brought, who pushed it, and where it runs."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from console import documents, screen
from console.client import signed_in
from console.commands.services import Service, Text, of_folder
from console.failures import Failure
from console.screen import Json


def list_(
    *,
    service: Service = None,
    version: Annotated[Text, typer.Option("--version", "-v", help="Only this one, with every change.")] = None,
    as_json: Json = False,
) -> None:
    """List the versions of a service, newest first: notes, who pushed them, what they changed, where they run."""
    found = signed_in().ask(documents.VERSIONS, service=of_folder(service))["service"]
    if version is None:
        columns = ("Version", "Pushed", "By", "Published", "Changes", "Runs on", "Notes")
        rows = [_row(each) for each in found["versions"]]
        screen.answer(found["versions"], lambda: screen.table(None, columns, rows), as_json=as_json)
        return
    one = next((each for each in found["versions"] if each["name"] == version), None)
    if one is None:
        names = ", ".join(each["name"] for each in found["versions"][:10])
        raise Failure(f"{found['slug']} has no version {version}.", f"The newest are {names}.", code="NOT_FOUND")
    screen.answer(one, lambda: _shown(found, one), as_json=as_json)


def _shown(service: dict[str, Any], version: dict[str, Any]) -> None:
    screen.facts(
        [
            ("service", service["slug"]),
            ("version", version["name"]),
            ("pushed", f"{version['createdAt']} by {_who(version)}"),
            ("published", version["publishedAt"] or "never"),
            ("runs on", _places(version) or "nothing"),
        ]
    )
    for note in version["notes"]:
        screen.out.print(f"* {note}", markup=False)
    if version["changes"]:
        screen.changes(version["changes"], what="It")


def _row(version: dict[str, Any]) -> tuple[object, ...]:
    published = (version["publishedAt"] or "")[:10] or None
    return (
        version["name"],
        version["createdAt"][:10],
        _who(version),
        published,
        _counted(version["changes"]),
        _places(version),
        "; ".join(version["notes"]),
    )


def _who(version: dict[str, Any]) -> str | None:
    pushed_by = version["pushedBy"] or {}
    return pushed_by.get("displayName") or pushed_by.get("username")


def _counted(changes: list[dict[str, Any]]) -> str | None:
    counts = Counter(each["criticality"] for each in changes)
    told = [f"{counts[each]} {each.lower()}" for each in ("BREAKING", "DANGEROUS", "SAFE") if counts[each]]
    return ", ".join(told) or None


def _places(version: dict[str, Any]) -> str | None:
    """Its own environments, then `project: dev, prod`."""
    names: dict[str, list[str]] = {}
    for each in version["runsOn"]:
        names.setdefault(each["project"]["slug"] if each["project"] else "", []).append(each["environment"])
    told = [f"{project}: {', '.join(where)}" if project else ", ".join(where) for project, where in names.items()]
    return "; ".join(told) or None
