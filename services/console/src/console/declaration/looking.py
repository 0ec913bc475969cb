"""Asks the control API what is declared about a project, and what a file may refer to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from console import documents as common
from console import waiting
from console.client import Client
from console.declaration import documents
from console.declaration.present import Present, Running, present
from console.declaration.project import ENVIRONMENTS, Declaration, fold
from console.declaration.steps import Around, Foreseen, Offered
from console.failures import Failure

PAGE: Final = 500


def look(client: Client, slug: str, organisation: str | None, *, now: datetime) -> Present:
    """The project as it is declared. Raises Failure: NOT_FOUND when the caller sees none, FORBIDDEN for no admin."""
    project = client.ask(documents.PROJECT, project=slug, organisation=organisation)["project"]
    around = client.ask(documents.AROUND, project=project["id"])
    running = {
        each["id"]: Running(
            client.ask(common.RATE_PLAN, instance=each["id"])["ratePlan"],
            waiting.environments(client, instance=each["id"]),
            client.ask(documents.CAPS, **_places(each)),
        )
        for each in project["instances"]
    }
    return present(project, people=_people(client, project["id"]), around=around, running=running, now=now)


def around(client: Client, declared: Declaration) -> Around:
    """Services and people that the file names, as far as the caller sees them."""
    slugs = dict.fromkeys(each.service for each in declared.services or ())
    names = dict.fromkeys(each.user for each in declared.members or ())
    offered = [one for slug in slugs for one in client.ask(documents.SERVICES, slug=slug)["services"]]
    users = [one for name in names for one in client.ask(documents.USERS, name=name)["users"]]
    me = client.ask(common.ME)["me"]
    return Around(
        me=me["username"],
        services=tuple(_offered(each) for each in offered),
        users={fold(each["username"]): each["id"] for each in (*users, me)},
    )


def foresee(client: Client, wanted: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], Foreseen]:
    """What deployments would do, by instance and environment; `wanted` has the version too."""
    return {(instance, name): _foreseen(client, instance, name, version) for instance, name, version in wanted}


def _foreseen(client: Client, instance: str, name: str, version: str) -> Foreseen:
    try:
        seen = client.ask(common.PREVIEW_ROLL, instance=instance, version=version, environment=name)["previewRoll"]
    except Failure as failure:
        if failure.code not in ("BAD_USER_INPUT", "NOT_FOUND"):
            raise
        return Foreseen(problems=(failure.message,))
    return Foreseen(
        losses=tuple((each["path"], each["rows"]) for each in seen["losses"]),
        problems=tuple(each["message"] for each in seen["problems"]),
        broken=sum(each["certain"] for each in (seen["breaks"] or {}).get("findings", ())),
        breaking=sum(each["criticality"] == "BREAKING" for each in seen["changes"]),
    )


def _places(instance: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["id"] for each in instance["environments"] if each["name"] in ENVIRONMENTS}


def _people(client: Client, project: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = client.ask(documents.PEOPLE, project=project, offset=len(found))["user2projects"]
        found += page
        if len(page) < PAGE:
            return found


def _offered(each: dict[str, Any]) -> Offered:
    versions = tuple(version["name"] for version in each["versions"] if version["publishedAt"])
    return Offered(
        id=each["id"],
        service=each["slug"],
        organisation=each["organisation"]["slug"],
        published=each["publishedVersion"],
        # Whoever may not see how it is made sees none of its versions, and at least one was published.
        versions=versions or None,
        retired=each["retired"],
    )
