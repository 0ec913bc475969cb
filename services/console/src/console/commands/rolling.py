"""Versions through the environments of a service in a project: promotion, update, roll back. Said before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from console import breaking, documents, screen, waiting
from console.client import Client, signed_in
from console.commands import instances
from console.commands.deploying import watched
from console.commands.instances import Project, ProjectOption, Service, ServiceOption, Text
from console.failures import REFUSED, Failure, usage
from console.screen import Force, Json

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and do nothing.")]

DIRECTIONS: Final = {"FIRST": "first deployment", "UPDATE": "update", "ROLL_BACK": "roll back", "SAME": "same version"}
BRINGS_BACK: Final = frozenset({"TYPE_ADDED", "FIELD_ADDED", "REQUIRED_FIELD_ADDED"})


@dataclass(frozen=True)
class Wish:
    """A version for an environment: what was foreseen, and the mutation that does it."""

    client: Client
    project: dict[str, Any]
    instance: dict[str, Any]
    seen: dict[str, Any]
    declare: Callable[[bool], dict[str, Any]]
    """Takes whether losing data is accepted."""

    @property
    def place(self) -> str:
        """What the project calls the environment."""
        return str(self.project["environmentNames"][self.seen["environment"]])

    @property
    def slug(self) -> str:
        """The service."""
        return str(self.instance["service"]["slug"])

    @property
    def losses(self) -> list[dict[str, Any]]:
        """What would be lost, and is not empty."""
        return [each for each in self.seen["losses"] if each["rows"]]


def roll(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    version: Annotated[str, typer.Option("--version", "-v", help="A published version, or latest.")] = "latest",
    environment: Annotated[str, typer.Option("--environment", "-e", help="dev, stage or prod.")] = "dev",
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Roll an environment to any published version: update it, or go back. What would be lost is said first."""
    client = signed_in()
    found, instance = instances.both(client, project_option or project, service_option or service)
    to = instances.environment(environment, found["environmentNames"])
    asked = {"instance": instance["id"], "version": version, "environment": to}
    seen = client.ask(documents.PREVIEW_ROLL, **asked)["previewRoll"]

    def declare(accepted: bool) -> dict[str, Any]:  # noqa: FBT001 - the one thing it is asked
        # What was looked at is what is done: `latest` may be another one by now.
        rolled: dict[str, Any] = client.ask(
            documents.ROLL_INSTANCE, **asked | {"version": seen["version"]}, force=accepted
        )["rollInstance"]
        return rolled

    _go(Wish(client, found, instance, seen, declare), dry_run=dry_run, force=force, as_json=as_json)


def promote(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    source: Annotated[
        Text, typer.Option("--from", "--source-environment", "-e", help="demo, dev, stage or prod.")
    ] = None,
    target: Annotated[Text, typer.Option("--to", "--target-environment", "-t", help="dev, stage or prod.")] = None,
    dry_run: DryRun = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Take the version that runs in one environment to another. What would be lost is said first."""
    client = signed_in()
    found, instance = instances.both(client, project_option or project, service_option or service)
    running = waiting.environments(client, instance=instance["id"])
    if (source is None or target is None) and screen.interactive():
        _choices(found, instance, running)
    from_ = instances.asked_environment(source, "--from", "From", found["environmentNames"])
    to = instances.asked_environment(target, "--to", "To", found["environmentNames"])
    if from_ == to:
        raise usage(f"Source and target are both {to}.", "Promote to another environment.")
    way = {"instance": instance["id"], "from": from_, "to": to}
    seen = client.ask(documents.PREVIEW_PROMOTION, **way)["previewPromotion"]

    def declare(accepted: bool) -> dict[str, Any]:  # noqa: FBT001 - the one thing it is asked
        promoted: dict[str, Any] = client.ask(documents.PROMOTE_INSTANCE, **way, force=accepted)["promoteInstance"]
        return promoted

    _go(Wish(client, found, instance, seen, declare), dry_run=dry_run, force=force, as_json=as_json)


def _choices(project: dict[str, Any], instance: dict[str, Any], running: dict[str, dict[str, Any]]) -> None:
    """What runs where, for whoever is asked."""
    rows = [("demo", instance["service"]["publishedVersion"])]
    rows += [(project["environmentNames"][each["name"]], each["version"] or "nothing") for each in running.values()]
    for name, version in rows:
        screen.say(f"  {name:<12}  {version}")


def _go(wish: Wish, *, dry_run: bool, force: bool, as_json: bool) -> None:
    seen = wish.seen
    if dry_run:
        _dry(wish, force=force, as_json=as_json)
        return
    if seen["upToDate"]:
        _told(wish, f"{wish.place} is up to date: {seen['version']} runs there: {_url(wish)}", as_json=as_json)
        return
    if not as_json:
        _foreseen(wish)
    if seen["problems"]:
        raise _forbidden(wish)
    agreed = seen["needsForce"] and screen.interactive()
    if agreed:
        would = "lose data" if wish.losses else "break callers"
        what = f"Deploying {seen['version']} to {wish.place} would {would}"
        screen.confirmed(f"{what}. Do it?", force=force, otherwise=what)
    before = waiting.newest(waiting.environments(wish.client, instance=wish.instance["id"]).get(seen["environment"]))
    made = wish.declare(force or agreed)
    if seen["needsApproval"] and (request := _open(wish, made)):
        _requested(wish, request, as_json=as_json)
        return
    there = watched(wish.client, seen["environment"], seen["version"], after=before, instance=wish.instance["id"])
    url = waiting.data_url(wish.client, there)
    text = f"{seen['version']} runs on {wish.place}: {url}"
    _told(wish, text, as_json=as_json, changed=True, url=url)


def _told(wish: Wish, text: str, *, as_json: bool, **more: Any) -> None:
    seen = wish.seen
    value = {
        "instance": wish.instance["id"],
        "environment": seen["environment"],
        "before": seen["from"],
        "version": seen["version"],
        "direction": seen["direction"],
        "skipped": seen["skips"],
        "losses": wish.losses,
        "breaks": seen["breaks"],
        "changed": False,
        "request": None,
        "url": more.get("url") or _url(wish),
        **more,
    }
    screen.answer(value, lambda: screen.out.print(text, markup=False), as_json=as_json)


def _url(wish: Wish) -> str | None:
    """Where the environment is called, if something runs there."""
    there = waiting.environments(wish.client, instance=wish.instance["id"]).get(wish.seen["environment"])
    return waiting.data_url(wish.client, there) if there and there["version"] else None


def _open(wish: Wish, made: dict[str, Any]) -> dict[str, Any] | None:
    """The request that the wish has become."""
    asked = ("OPEN", wish.seen["environment"], wish.seen["version"])
    return next(
        (each for each in made["requests"] if (each["state"], each["environment"], each["version"]) == asked), None
    )


def _requested(wish: Wish, request: dict[str, Any], *, as_json: bool) -> None:
    """Nothing goes there yet: somebody else has to agree."""
    text = (
        f"{wish.project['slug']} demands approval: another admin says `mortise project approve {request['id']}` "
        f"until {request['expiresAt']}. {wish.seen['version']} is not on {wish.place} yet."
    )
    _told(wish, text, as_json=as_json, request=request["id"])


def _foreseen(wish: Wish) -> None:
    """What would happen, before it does."""
    seen = wish.seen
    way = f"{wish.place} {seen['from'] or 'nothing'} → {seen['version']} ({DIRECTIONS[seen['direction']]})"
    screen.out.print(f"{wish.slug}: {way}", markup=False)
    if seen["skips"]:
        names = ", ".join(wish.project["environmentNames"][each] for each in seen["skips"])
        screen.out.print(f"This skips {names}.", markup=False)
    if seen["needsApproval"]:
        screen.out.print("It needs the approval of another admin.", markup=False)
    back = seen["direction"] == "ROLL_BACK"
    for each in seen["passes"]:
        screen.out.print(f"  {'without' if back else 'with'} {each['name']}: {'; '.join(each['notes'])}", markup=False)
    if seen["changes"]:
        screen.changes(seen["changes"], what="This")
    if wish.losses:
        screen.losses(wish.losses)
        screen.out.print("It goes to the trash of the environment.", markup=False)
    breaking.show(seen["breaks"])
    if back and any(each["kind"] in BRINGS_BACK for each in seen["changes"]):
        screen.out.print("What a later version had removed comes back without its data.", markup=False)


def _dry(wish: Wish, *, force: bool, as_json: bool) -> None:
    """Everything that it would do. Ends with exit code 1 when it would be refused as it is asked for."""
    seen = wish.seen
    refused = bool(seen["problems"]) or (seen["needsForce"] and not force)

    def render() -> None:
        if seen["upToDate"]:
            screen.out.print(f"{wish.place} is up to date: {seen['version']} runs there.", markup=False)
            return
        _foreseen(wish)
        screen.problems(_placed(wish))
        if not seen["problems"]:
            screen.steps(seen["steps"])
        needed = " It needs --force." if seen["needsForce"] and not force else ""
        verdict = "It would be refused." if seen["problems"] else f"It would run on {wish.place}.{needed}"
        screen.out.print(f"{verdict} Nothing was done.", markup=False)

    screen.answer({"dryRun": True, "accepted": not refused, **seen}, render, as_json=as_json)
    if refused:
        raise typer.Exit(REFUSED)


def _placed(wish: Wish) -> list[dict[str, Any]]:
    """Problems with where the schema is that they are about."""
    return [{"file": f"{wish.slug} {wish.seen['version']}", **each} for each in wish.seen["problems"]]


def _forbidden(wish: Wish) -> Failure:
    problems = _placed(wish)
    return Failure(
        f"The data of {wish.place} forbid version {wish.seen['version']}: {problems[0]['message']}",
        "Change the data first, or publish a version that says what those nodes get (`@migrationValue`).",
        code="BAD_USER_INPUT",
        reason="SCHEMA_INVALID",
        details={"problems": problems},
    )
