"""Take the last deployment of an environment back. What comes back and what does not fit is said before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from console import documents, screen, waiting
from console.client import Client, signed_in
from console.commands import instances
from console.commands.deploying import watched
from console.commands.services import of_folder
from console.failures import REFUSED, Failure, usage
from console.screen import Force, Json

OF_PROJECT: Final = ("dev", "stage", "prod")
OF_SERVICE: Final = ("private", "demo")
SHOWN: Final = 20
"""Things of one place that a terminal shows."""
LISTED: Final = 1000
WHY: Final = {
    "gone": "the earlier version has no place for it",
    "unfit": "the earlier version cannot hold it",
}

Text = str | None
Project = Annotated[Text, typer.Option("--project", "-p", help="Slug of the project; without it, the service's own.")]
Service = Annotated[Text, typer.Option("--service", "-s", help="Id or slug; default: that of the folder.")]
Name = Annotated[
    Text, typer.Option("--environment", "-e", help="With a project dev (default), stage or prod; else private or demo.")
]


@dataclass(frozen=True)
class Place:
    """An environment that is meant."""

    slug: str
    name: str
    """Ours."""
    called: str
    """The project's."""
    owner: dict[str, str]
    """`service=` or `instance=`."""
    running: dict[str, Any]

    @property
    def id(self) -> str:
        """The environment's id."""
        return str(self.running["id"])


def undo(  # noqa: PLR0913 - the options of one command
    *,
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="Entries listed of each place.")] = LISTED,
    token: Annotated[Text, typer.Option("--token", help="Of a dry run: do what that has listed, and no more.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and do nothing.")] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Take the last deployment of an environment back. Writes made since are kept where they fit."""
    client = signed_in()
    place = place_of(client, project, service, environment)
    seen = client.ask(documents.PREVIEW_UNDO, environment=place.id, limit=limit)["previewUndo"]
    if dry_run:
        _dry(place, seen, force=force, as_json=as_json)
        return
    if not as_json:
        _foreseen(place, seen)
    if not force and token is None:
        _agreed(place, seen)
    before = waiting.newest(place.running)
    # What was looked at is what is done, unless whatever there is was accepted.
    wanted = {"environment": place.id, "token": None if force else token or seen["token"], "force": force}
    done = client.ask(documents.UNDO_DEPLOYMENT, **wanted)["undoDeployment"]
    request = done["request"]
    if request is not None:
        text = (
            f"{place.called} demands approval: another admin says `mortise project approve {request['id']}` "
            f"until {request['expiresAt']}. Nothing is undone yet."
        )
        _told(place, seen, text, as_json=as_json, request=request["id"])
        return
    there = watched(client, place.name, done["version"], after=before, **place.owner)
    url = waiting.data_url(client, there)
    text = f"{seen['from']} is undone: {done['version']} runs on {place.called}: {url}"
    _told(place, seen, text, as_json=as_json, changed=True, version=done["version"], url=url)


def place_of(client: Client, project: str | None, service: str | None, name: str | None) -> Place:
    """The environment that is meant. Raises Failure."""
    legal = OF_PROJECT if project else OF_SERVICE
    found = instances.project_of(client, project) if project else None
    names = found["environmentNames"] if found else None
    wanted = instances.environment(name, names) if name else legal[0]
    if wanted not in legal:
        hint = "Name its project with -p." if wanted in OF_PROJECT else "Leave -p away."
        raise usage(f"{wanted} is not one of {', '.join(legal)}.", hint)
    if found:
        instance = instances.instance_of(found, of_folder(service))
        owner, slug = {"instance": str(instance["id"])}, str(instance["service"]["slug"])
    else:
        own = client.ask(documents.SERVICE, service=of_folder(service))["service"]
        owner, slug = {"service": str(own["id"])}, str(own["slug"])
    running = waiting.environments(client, **owner).get(wanted)
    if running is None or not running["version"]:
        raise Failure(f"Nothing is deployed to {wanted} of {slug}.", code="NOT_DEPLOYED")
    return Place(slug, wanted, names[wanted] if names else wanted, owner, running)


def _agreed(place: Place, seen: dict[str, Any]) -> None:
    """Nothing is undone by accident. Raises Failure."""
    count = sum(each["rows"] for each in seen["misfits"])
    lost = f"; {count} thing(s) that do not fit go to the trash" if count else ""
    what = f"Undoing {seen['from']} on {place.called}{lost}"
    screen.confirmed(f"{what}. Do it?", force=False, otherwise=f"{what}.")


def _foreseen(place: Place, seen: dict[str, Any]) -> None:
    again = f" as {seen['version']}" if seen["version"] != seen["to"] else ""
    screen.out.print(f"{place.slug}: {place.called} {seen['from']} → {seen['to']}{again} (undo)", markup=False)
    if seen["needsApproval"]:
        screen.out.print("It needs the approval of another admin.", markup=False)
    if seen["changes"]:
        screen.changes(seen["changes"], what="This")
    for each in seen["returns"]:
        screen.out.print(f"Comes back from the trash: {each['path']} ({each['rows']})", markup=False)
    for each in seen["misfits"]:
        screen.out.print(f"[bold]Does not fit:[/] {escape(each['path'])} ({each['rows']}): {WHY[each['because']]}")
        for one in each["entries"][:SHOWN]:
            other = f" ↔ {one['other']}" if one["other"] else ""
            screen.out.print(f"  {one['id']}{other}  {one['value'] or ''}".rstrip(), markup=False)
        if each["rows"] > SHOWN:
            screen.out.print(f"  … {each['rows'] - SHOWN} more (`--dry-run --json` lists them)", markup=False)
    if seen["misfits"]:
        screen.out.print("It goes to the trash of the environment, for 30 days.", markup=False)
    else:
        screen.out.print("Everything that was written since fits.", markup=False)


def _dry(place: Place, seen: dict[str, Any], *, force: bool, as_json: bool) -> None:
    """Everything that it would do. Ends with exit code 1 when somebody has to accept that something does not fit."""
    refused = bool(seen["misfits"]) and not force

    def render() -> None:
        _foreseen(place, seen)
        screen.steps(seen["steps"])
        needed = " It asks first, or needs --force." if refused else ""
        screen.out.print(f"{seen['to']} would run on {place.called}.{needed} Nothing was done.", markup=False)

    screen.answer({"dryRun": True, "accepted": not refused, **seen}, render, as_json=as_json)
    if refused:
        raise typer.Exit(REFUSED)


def _told(place: Place, seen: dict[str, Any], text: str, *, as_json: bool, **more: Any) -> None:
    value = {
        "environment": place.name,
        "from": seen["from"],
        "to": seen["to"],
        "version": seen["version"],
        "returns": seen["returns"],
        "misfits": [{key: each[key] for key in ("path", "what", "because", "rows")} for each in seen["misfits"]],
        "changed": False,
        "request": None,
        "url": waiting.data_url(signed_in(), place.running),
        **more,
    }
    screen.answer(value, lambda: screen.out.print(text, markup=False), as_json=as_json)
