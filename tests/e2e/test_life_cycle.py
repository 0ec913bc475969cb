"""A service through its life: versions, rolls, promotions, approvals, retirement; at terminals, against all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.made import Person
from tests.support.stack import Stack

BANDS = "type Band @model { id: ID! @isUnique name: String! @isUnique }"


def desk(person: Person, place: Path) -> Desk:
    return Desk(person.stack.url, person.token, place)


def called(url: str, key: str, query: str) -> Any:
    answer = httpx.post(url, json={"query": query}, headers={"authorization": f"Bearer {key}"}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def published(maker: Person) -> tuple[dict[str, Any], dict[str, Any]]:
    """A service whose version 0.0.2 is on demo, in a project that has 0.0.1 on dev."""
    service, project = maker.service(), maker.project()
    maker.added(project, service)
    maker.pushed(service, BANDS)
    promote = "mutation($s: ID!) { promoteService(id: $s) { name } }"
    maker.asked(promote, {"s": service["id"]})
    maker.live("demo", "0.0.2", service=service["id"])
    return service, project


@pytest.fixture(scope="module")
def maker(stack: Stack) -> Person:
    return made.person(stack)


def test_a_version_is_rolled_out_and_back_and_what_that_does_to_the_data_is_said_first(
    maker: Person, tmp_path: Path
) -> None:
    service, project = published(maker)
    mortise = desk(maker, tmp_path)
    here = ("project", "service", "roll", project["slug"], service["slug"])
    key = mortise.told("key", "create", "-n", "k", "-k", "project", "-t", project["slug"])["secret"]
    info = mortise.told("project", "service", "info", project["slug"], service["slug"])
    greet = 'mutation { createGreeting(name: "Ann") { name } }'
    called(info["urls"]["dev"], key, greet)

    dry = mortise.run(*here, "--dry-run")
    refused = mortise.refused(*here)
    updated = mortise.told(*here, "--force")

    assert dry.code == 1
    assert "dev 0.0.1 → 0.0.2 (update)" in dry.out
    assert "Greeting  1" in dry.out
    assert "It needs --force. Nothing was done." in dry.out
    assert (refused["reason"], refused["losses"]) == ("DATA_LOSS", [{"path": "Greeting", "rows": 1}])
    assert (updated["before"], updated["version"], updated["direction"]) == ("0.0.1", "0.0.2", "UPDATE")
    assert called(updated["url"], key, 'mutation { createBand(name: "Karst") { name } }')
    assert not mortise.told(*here)["changed"]

    back = mortise.run(*here, "-v", "0.0.1", "--dry-run")
    rolled = mortise.said(*here, "-v", "0.0.1", "--force")

    assert "Band  1" in back.out
    assert "What a later version had removed comes back without its data." in back.out
    assert f"{service['slug']}: dev 0.0.2 → 0.0.1 (roll back)" in rolled
    assert called(updated["url"], key, "{ allGreetings { name } }") == {"allGreetings": []}
    mortise.told(*here, "-v", "latest", "--force")
    assert called(updated["url"], key, "{ allBands { name } }") == {"allBands": []}
    assert mortise.refused(*here, "-v", "0.0.9")["code"] == "NOT_FOUND"


def test_prod_of_a_careful_project_is_reached_by_two_people(stack: Stack, maker: Person, tmp_path: Path) -> None:
    service, project = published(maker)
    other = made.person(stack, maker.organisation)
    grant = "mutation($p: ID!, $u: ID!) { addUserToProject(projectID: $p, userID: $u, role: admin) { id } }"
    maker.asked(grant, {"p": project["id"], "u": other.id})
    mine, theirs = desk(maker, tmp_path), desk(other, tmp_path)
    mine.told("project", "update", project["slug"], "--approvals", "--call", "stage=Acceptance")

    there = ("project", "service", "promote", project["slug"], service["slug"], "--from", "dev", "--to")
    staged = mine.told(*there, "acceptance")
    said = mine.said(*there, "prod")
    (waiting,) = theirs.told("project", "requests", project["slug"])
    own = mine.refused("project", "approve", waiting["id"])
    approved = theirs.told("project", "approve", waiting["id"])

    assert (staged["environment"], staged["changed"], staged["skipped"]) == ("stage", True, [])
    assert "prod nothing → 0.0.1 (first deployment)" in said
    assert "This skips Acceptance." in said
    assert f"mortise project approve {waiting['id']}" in said
    assert own["reason"] == "OWN_REQUEST"
    assert approved["version"] == "0.0.1"
    assert theirs.told("project", "requests", project["slug"]) == []
    assert not mine.told(*there, "prod")["changed"]
    assert "Acceptance" in mine.said("project", "service", "list", project["slug"])


def test_a_service_is_retired_and_removed_when_nobody_uses_it(maker: Person, tmp_path: Path) -> None:
    service, project = published(maker)
    mortise = desk(maker, tmp_path)
    slug = service["slug"]

    versions = mortise.told("service", "versions", slug)
    table = mortise.said("service", "versions", slug)
    one = mortise.said("service", "versions", slug, "-v", "0.0.2")
    retired = mortise.told("service", "retire", slug, "-r", "Use the new one.")
    roll = mortise.refused("project", "service", "roll", project["slug"], slug)

    assert [each["name"] for each in versions] == ["0.0.2", "0.0.1"]
    assert f"{project['slug']}: dev" in table
    assert "BREAKING   Type Greeting was removed." in one
    assert (retired["retired"], retired["changed"]) == (True, True)
    assert roll["reason"] == "RETIRED"
    assert "Use the new one." in mortise.said("project", "service", "info", project["slug"], slug)

    used = mortise.refused("service", "remove", slug, "--force")
    full = mortise.refused("project", "delete", project["slug"], "--force")
    assert (used["reason"], used["projects"]) == ("CONFLICT", [project["slug"]])
    assert (full["reason"], full["instances"]) == ("CONFLICT", [slug])
    mortise.told("project", "service", "remove", project["slug"], slug, "--force")
    assert mortise.refused("service", "remove", slug)["code"] == "CONFIRMATION_NEEDED"
    assert mortise.told("service", "unretire", slug)["changed"]
    mortise.told("service", "remove", slug, "--force")
    mortise.told("project", "delete", project["slug"], "--force")
    assert mortise.refused("project", "info", project["slug"])["code"] == "NOT_FOUND"


def test_clients_are_listed_and_removed(maker: Person, tmp_path: Path) -> None:
    project, mortise = maker.project(), desk(maker, tmp_path)
    key = mortise.told("project", "client", "add", project["slug"], "-e", "desk@example.org")["key"]

    listed = mortise.said("project", "client", "list", project["slug"])
    mortise.told("project", "client", "remove", project["slug"], "desk@example.org", "--force")

    assert key[:8] in listed
    assert mortise.told("project", "client", "list", project["slug"]) == []
