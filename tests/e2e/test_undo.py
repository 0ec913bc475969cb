"""A deployment is undone at a terminal, in every kind of environment; what was removed is listed and brought back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_life_cycle import called, desk, published
from tests.support import made
from tests.support.made import Person
from tests.support.stack import Stack

SONGS = """type Song @model { id: ID! @isUnique title: String! year: Int mood: Mood }
enum Mood { LOUD SOFT }"""
WITHOUT_YEARS = """type Song @model { id: ID! @isUnique title: String! mood: Mood label: String }
enum Mood { LOUD SOFT WILD }"""


@pytest.fixture(scope="module")
def maker(stack: Stack) -> Person:
    return made.person(stack)


def song(title: str, more: str = "") -> str:
    return f'mutation {{ createSong(title: "{title}"{more}) {{ id }} }}'


def test_what_a_push_removed_comes_back_with_the_writes_made_since(maker: Person, tmp_path: Path) -> None:
    service, mortise = maker.service(), desk(maker, tmp_path)
    url = f"{maker.stack.url}/{maker.pushed(service, SONGS)['endpoint']}/graphql"
    key, here = service["key"], ("-s", service["slug"])
    called(url, key, song("One", ", year: 1999, mood: LOUD"))
    maker.pushed(service, WITHOUT_YEARS)
    called(url, key, song("Two", ", mood: SOFT"))
    called(url, key, song("Three", ', mood: WILD, label: "Karst"'))

    (lying,) = mortise.told("trash", "list", *here)
    dry = mortise.run("undo", *here, "--dry-run")
    refused = mortise.refused("undo", *here)
    undone = mortise.told("undo", *here, "--force")

    assert (lying["path"], lying["what"], lying["rows"], lying["version"]) == ("Song.year", "values", 1, "0.0.3")
    assert lying["removedAt"] < lying["keptUntil"]
    assert dry.code == 1
    assert "private 0.0.3 → 0.0.2 as 0.0.4 (undo)" in dry.out
    assert "Comes back from the trash: Song.year (1)" in dry.out
    assert "Does not fit: Song.label (1): the earlier version has no place for it" in dry.out
    assert "Does not fit: Song.mood (1): the earlier version cannot hold it" in dry.out
    assert "WILD" in dry.out
    assert refused["code"] == "CONFIRMATION_NEEDED"
    assert (undone["from"], undone["to"], undone["version"], undone["changed"]) == ("0.0.3", "0.0.2", "0.0.4", True)
    assert called(url, key, "{ allSongs(orderBy: title_ASC) { title year mood } }")["allSongs"] == [
        {"title": "One", "year": 1999, "mood": "LOUD"},
        {"title": "Three", "year": None, "mood": None},
        {"title": "Two", "year": None, "mood": "SOFT"},
    ]
    assert {each["path"] for each in mortise.told("trash", "list", *here)} == {"Song.label", "Song.mood"}
    assert maker.pushed(service, SONGS + "\ntype Tour @model { id: ID! @isUnique }")["version"] == "0.0.5"


def test_a_removed_field_that_is_pushed_again_takes_its_values_back_where_nothing_newer_stands(
    maker: Person, tmp_path: Path
) -> None:
    service, mortise = maker.service(), desk(maker, tmp_path)
    url = f"{maker.stack.url}/{maker.pushed(service, SONGS)['endpoint']}/graphql"
    key, here = service["key"], ("-s", service["slug"])
    called(url, key, song("One", ", year: 1999"))
    two = called(url, key, song("Two", ", year: 2001"))["createSong"]["id"]
    maker.pushed(service, WITHOUT_YEARS)
    (lying,) = mortise.told("trash", "list", *here)

    early = mortise.refused("trash", "restore", lying["item"], *here)
    maker.pushed(service, SONGS)
    called(url, key, f'mutation {{ updateSong(id: "{two}", year: 1) {{ id }} }}')
    restored = mortise.told("trash", "restore", lying["item"], *here)
    again = mortise.told("trash", "list", *here)

    assert early["reason"] == "NO_PLACE"
    assert "`year: Int`" in early["hint"]
    assert (restored["path"], restored["restored"], restored["left"]) == ("Song.year", 1, 1)
    years = called(url, key, "{ allSongs(orderBy: title_ASC) { year } }")["allSongs"]
    assert [each["year"] for each in years] == [1999, 1]
    assert [each["rows"] for each in again if each["item"] == lying["item"]] == [1]


def test_prod_of_a_careful_project_is_undone_by_two_people_and_as_it_was_listed(
    stack: Stack, maker: Person, tmp_path: Path
) -> None:
    service, project = published(maker)
    other = made.person(stack, maker.organisation)
    grant = "mutation($p: ID!, $u: ID!) { addUserToProject(projectID: $p, userID: $u, role: admin) { id } }"
    maker.asked(grant, {"p": project["id"], "u": other.id})
    mine, theirs = desk(maker, tmp_path), desk(other, tmp_path)
    slug, here = service["slug"], ("-p", project["slug"], "-s", service["slug"])
    way = ("project", "service", "promote", project["slug"], slug)
    mine.told(*way, "--from", "dev", "--to", "prod")
    mine.told("project", "service", "roll", project["slug"], slug, "--force")
    mine.told(*way, "--from", "dev", "--to", "prod")
    info = mine.told("project", "service", "info", project["slug"], slug)
    key = mine.told("key", "create", "-n", "k", "-k", "project", "-t", project["slug"])["secret"]
    called(info["urls"]["prod"], key, 'mutation { createBand(name: "Karst") { id } }')
    mine.told("project", "update", project["slug"], "--approvals")

    dry = mine.run("undo", *here, "-e", "prod", "--dry-run", "--json")
    seen = json.loads(dry.out)
    asked = mine.told("undo", *here, "-e", "prod", "--token", seen["token"])
    called(info["urls"]["prod"], key, 'mutation { createBand(name: "Doline") { id } }')
    changed = theirs.refused("project", "approve", asked["request"])
    dry = mine.run("undo", *here, "-e", "prod", "--dry-run", "--json")
    late = mine.refused("undo", *here, "-e", "prod", "--token", seen["token"])
    again = mine.told("undo", *here, "-e", "prod", "--token", json.loads(dry.out)["token"])
    approved = theirs.told("project", "approve", again["request"])

    assert [(each["path"], each["rows"]) for each in seen["misfits"]] == [("Band", 1)]
    assert seen["needsApproval"]
    assert changed["reason"] == "LIST_CHANGED"
    assert late["reason"] == "LIST_CHANGED"
    assert approved["version"] == "0.0.1"
    assert called(info["urls"]["prod"], key, "{ allGreetings { name } }") == {"allGreetings": []}
    assert ("Band", 2) in {(each["path"], each["rows"]) for each in mine.told("trash", "list", *here, "-e", "prod")}


def test_demo_is_undone_and_a_first_deployment_is_not(maker: Person, tmp_path: Path) -> None:
    service, project = published(maker)
    mortise = desk(maker, tmp_path)

    undone = mortise.told("undo", "-s", service["slug"], "-e", "demo", "--force")
    redone = mortise.told("undo", "-s", service["slug"], "-e", "demo", "--force")
    first = mortise.refused("undo", "-s", service["slug"], "-p", project["slug"], "--force")

    assert (undone["from"], undone["version"]) == ("0.0.2", "0.0.1")
    assert (redone["from"], redone["version"]) == ("0.0.1", "0.0.2")
    assert first["reason"] == "NOTHING_TO_UNDO"
