"""Somebody at a terminal takes the data of an environment out, brings it in and drops it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.stack import Stack

SCHEMA = """
type Band @model { id: ID! @isUnique  name: String! @isUnique  founded: DateTime
  albums: [Album!]! @relation(name: "BandAlbums") }
type Album @model { id: ID! @isUnique  title: String!  band: Band! @relation(name: "BandAlbums") }
"""


@pytest.fixture(scope="module")
def mortise(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    found = Desk(stack.url, made.person(stack).token, tmp_path_factory.mktemp("home"))
    words = ("-n", "Data shelf", "-p", "Data is stuck.", "-s", "In and out.", "-b", "other", "-t", "data")
    found = replace(found, place=found.place / found.told("service", "create", *words)["folder"])
    (found.place / "schema.graphql").write_text(SCHEMA)
    found.told("push", "-r", "Bands.", "--force")
    return found


def test_data_goes_out_of_an_environment_comes_in_and_is_dropped(mortise: Desk) -> None:
    sheet = mortise.place / "Band.csv"
    sheet.write_text("id,name,founded\nb1,Karst,1999-12-31T23:59:59.999Z\nb2,Karst,soon\nb 3,,\n")
    done = mortise.run("db", "import", "Band", "--force")
    assert done.code == 1
    assert "Band.csv:3: founded: not an ISO-8601 date" in done.err
    assert "Band.csv:4: id: an id has 1 to 25 letters" in done.err
    assert len(mortise.refused("db", "import", "Band", "--force")["problems"]) == 2

    sheet.write_text("id,name,founded\nb1,Karst,1999-12-31T23:59:59.999Z\nb2,Moor,\n")
    told = mortise.told("db", "import", "Band")
    assert (told["nodes"], told["edges"], told["environment"]) == (2, 0, "private")
    (mortise.place / "Album.csv").write_text("title,bandId\nFirst,b1\n")
    assert mortise.told("db", "import", "Album", "--append")["nodes"] == 1
    assert "100 % imported" in mortise.run("db", "import", "Band", "--append").err

    whole = mortise.told("db", "export")
    file = mortise.place / whole["file"]
    first = file.read_bytes()
    assert json.loads(first.splitlines()[-1]) == {"mortise": "end", "nodes": 3, "edges": 0}
    assert mortise.told("db", "export", "Band", "out")["file"] == str(Path("out") / "Band.csv")

    assert mortise.refused("db", "drop")["code"] == "CONFIRMATION_NEEDED"
    assert mortise.told("db", "drop", "--force")["removed"] == 3
    assert mortise.told("db", "import", file.name)["nodes"] == 3
    mortise.told("db", "export")
    assert file.read_bytes() == first
    history = mortise.told("audit", "list", "--type", "mortise.gateway.transfer.")
    kinds = [each["node"]["type"].split(".")[3] for each in history["edges"]]
    assert {"exported", "import_begun", "imported", "dropped"} <= set(kinds)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("db", "export", "-e", "prod"), "USAGE"),
        (("db", "export", "-e", "dev", "-p", "nowhere"), "NOT_FOUND"),
        (("db", "export", "Nothing"), "BAD_USER_INPUT"),
        (("db", "import", "Nothing"), "USAGE"),
        (("db", "import", "empty.csv"), "USAGE"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(mortise: Desk, words: tuple[str, ...], code: str) -> None:
    (mortise.place / "empty.csv").touch()

    done = mortise.run(*words, "--json")

    assert done.code in {1, 2}
    assert json.loads(done.err)["error"]["code"] == code
