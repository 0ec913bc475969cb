"""A project is written to a file and made from it, in another organisation, step by step; against the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from console.declaration import checking
from tests.support import made
from tests.support.desk import Desk
from tests.support.made import Person, short
from tests.support.stack import Stack

FILE = """
format: mortise.project/v1
project: {project}
name: Hotel
description: By the sea
approvals: true
environmentNames: {{ stage: Acceptance }}
members:
  - {{ user: {me}, role: admin }}
clients:
  - {{ name: Grand Hotel, email: desk@grand.example, invited: [desk@grand.example] }}
services:
  - service: {service}
    environments:
      dev: {{ version: 0.0.1, caps: {{ callsPerDay: 900 }} }}
      prod: {{ version: 0.0.1, access: organisation }}
    plan: {{ kind: monthly, price: 49.00, client: Grand Hotel }}
keys:
  - {{ name: client, kind: client, client: Grand Hotel }}
  - {{ name: till, kind: client, client: Grand Hotel, expiresAt: 2090-01-01T00:00:00Z }}
webhooks:
  - {{ url: "https://receiver.invalid/x", types: [mortise.*], enabled: false }}
"""


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Person:
    return made.person(stack)


@pytest.fixture(scope="module")
def service(owner: Person) -> dict[str, Any]:
    return owner.service()


@pytest.fixture(scope="module")
def mortise(owner: Person, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(owner.stack.url, owner.token, tmp_path_factory.mktemp("home"))


def written(mortise: Desk, service: dict[str, Any], project: str, text: str = FILE) -> str:
    """The file, at the desk of whoever has it."""
    me = mortise.told("whoami")["user"]["username"]
    (mortise.place / "project.yaml").write_text(text.format(project=project, me=me, service=service["slug"]))
    return "project.yaml"


def applied(mortise: Desk, owner: Person, file: str, *words: str) -> Any:
    """What applying a file in the owner's organisation tells; he has others too."""
    return mortise.told("apply", "-f", file, "--yes", "-o", owner.organisation, *words)


def test_a_project_is_made_from_a_file_written_out_and_made_again_elsewhere(
    mortise: Desk, owner: Person, service: dict[str, Any]
) -> None:
    file = written(mortise, service, f"hotel-{short()}")
    assert mortise.refused("apply", "-f", file)["code"] == "CONFIRMATION_NEEDED"
    foreseen = mortise.told("apply", "-f", file, "--dry-run")

    first = applied(mortise, owner, file)

    assert [each["what"] for each in foreseen["steps"]] == [each["what"] for each in first["steps"]]
    secrets = [each["result"]["secret"] for each in first["steps"] if "secret" in each["result"]]
    assert [each[:4] for each in secrets] == ["mck_", "mck_", "whse"]
    for again in (applied(mortise, owner, file), applied(mortise, owner, file, "--prune")):
        assert (again["changed"], again["steps"], again["held"], again["waits"]) == (False, [], [], [])

    exported = mortise.told("export", first["project"])
    text = mortise.said("export", first["project"])
    assert not [secret for secret in secrets if secret[:12] in text]
    other = mortise.told("org", "create", "-n", f"Other {short()}")["slug"]
    (mortise.place / "other.yaml").write_text(text)
    (mortise.place / "new.yaml").write_text(text.replace(f"project: {first['project']}", "project: other"))
    assert mortise.refused("apply", "-f", file.replace("project", "new"), "--dry-run")["code"] == "AMBIGUOUS"
    made_again = mortise.told("apply", "-f", "other.yaml", "--yes", "--organisation", other)
    assert len(made_again["steps"]) == len(first["steps"])
    assert mortise.told("export", first["project"], "--organisation", other) == exported
    assert mortise.told("export", first["project"], "-o", "back.yaml", "--organisation", other)["file"] == "back.yaml"
    assert (mortise.place / "back.yaml").read_text() == text


def test_only_with_prune_is_anything_taken_away_and_what_is_lost_is_said_first(
    mortise: Desk, owner: Person, service: dict[str, Any]
) -> None:
    project = f"inn-{short()}"
    applied(mortise, owner, written(mortise, service, project))
    bare = "format: mortise.project/v1\nproject: {project}\nclients: []\nservices: []\nkeys: []\nwebhooks: []\n"
    file = written(mortise, service, project, bare)

    kept = mortise.said("apply", "-f", file, "--yes")

    assert "Only with --prune:" in kept
    assert f"lost: the databases of {service['slug']} with all their data: dev (0.0.1), prod (0.0.1)" in kept
    pruned = applied(mortise, owner, file, "--prune")
    assert [each["action"] for each in pruned["steps"]] == ["remove_webhook", "remove_service", "remove_client"]
    left = mortise.told("export", project)
    assert [left[name] for name in ("clients", "services", "keys", "webhooks")] == [[], [], [], []]


def test_a_step_that_fails_stops_and_the_next_time_goes_on(
    mortise: Desk, owner: Person, service: dict[str, Any]
) -> None:
    project = f"pier-{short()}"
    broken = FILE.replace("name: Grand Hotel, email", "name: Grand Hotel, timeZone: Mars/North, email")
    file = written(mortise, service, project, broken)

    error = mortise.refused("apply", "-f", file, "--yes", "-o", owner.organisation)

    assert [each["action"] for each in error["done"]] == ["create_project"]
    assert error["left"][0]["action"] == "add_client"
    assert "1 of 11 steps were done; step 2 was not" in error["hint"]
    rest = applied(mortise, owner, written(mortise, service, project))
    assert [each["action"] for each in rest["steps"]] == [each["action"] for each in error["left"]]


def test_prod_waits_for_a_second_person_and_is_not_asked_for_twice(
    mortise: Desk, owner: Person, service: dict[str, Any]
) -> None:
    project = f"quay-{short()}"
    text = FILE.split("clients:", maxsplit=1)[0] + "services: [{{ service: {service} }}]\n"
    applied(mortise, owner, written(mortise, service, project, text))
    prod = text.replace("{service} }}", "{service}, environments: {{ prod: {{ version: 0.0.1 }} }} }}")
    file = written(mortise, service, project, prod)

    asked = applied(mortise, owner, file)

    assert [each["action"] for each in asked["steps"]] == ["deploy"]
    again = applied(mortise, owner, file)
    assert (again["steps"], len(again["waits"])) == ([], 1)
    requests = mortise.told("project", "requests", project)
    assert [each["id"] for each in requests] == [asked["steps"][0]["result"]["request"]]


def test_a_file_with_mistakes_changes_nothing_and_a_stranger_is_refused_as_everywhere(
    mortise: Desk, owner: Person, service: dict[str, Any], tmp_path: Path
) -> None:
    project = f"reef-{short()}"
    wrong = FILE.replace("49.00", "dear").replace("admin", "boss")
    done = mortise.run("apply", "-f", written(mortise, service, project, wrong), "--yes")
    assert done.code == 1
    assert "project.yaml:9:24 `role` must be one of" in done.err
    assert "project.yaml:17:28 'dear' is no price." in done.err
    unknown = FILE.replace("dev: {{ version: 0.0.1,", "dev: {{ version: 7.0.0,").replace("user: {me}", "user: nobody")
    told = mortise.refused("apply", "-f", written(mortise, service, project, unknown), "-o", owner.organisation)
    assert [each["path"] for each in told["problems"]] == ["members[0].user", "services[0].environments.dev.version"]
    assert mortise.refused("export", project)["code"] == "NOT_FOUND"

    file = written(mortise, service, project)
    applied(mortise, owner, file)
    stranger = Desk(owner.stack.url, made.person(owner.stack).token, tmp_path)
    text = (mortise.place / file).read_text()
    (tmp_path / file).write_text(text)
    assert stranger.refused("export", project)["code"] == "NOT_FOUND"
    refused = stranger.refused("apply", "-f", file, "--yes", "--organisation", owner.organisation)
    assert refused["code"] == "NOT_FOUND"
    nobody = Desk(owner.stack.url, "", tmp_path)
    assert nobody.refused("apply", "-f", file, "--yes")["code"] == "UNAUTHENTICATED"
    member = made.person(owner.stack, owner.organisation)
    viewer = Desk(owner.stack.url, member.token, tmp_path)
    assert viewer.refused("export", project)["code"] == "FORBIDDEN"
    assert viewer.refused("apply", "-f", file, "--yes")["code"] == "FORBIDDEN"


def test_the_file_of_the_guide_has_no_mistakes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "project-file.md").read_text()
    text = page.split("```yaml\n", maxsplit=1)[1].split("```", maxsplit=1)[0]

    assert checking.check(text).problems == ()
