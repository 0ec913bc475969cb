"""Somebody at a terminal looks at what an environment may have, caps it, and meets the caps (C 1.4)."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.stack import Stack

SCHEMA = "type Note @model { id: ID! @isUnique  text: String! }"
ROW_CHARACTERS = 1000


@pytest.fixture(scope="module")
def mortise(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    found = Desk(stack.url, made.person(stack).token, tmp_path_factory.mktemp("home"))
    words = ("-n", "Narrow shelf", "-p", "Shelves break.", "-s", "This one says no.", "-b", "other", "-t", "limits")
    found = replace(found, place=found.place / found.told("service", "create", *words)["folder"])
    (found.place / "schema.graphql").write_text(SCHEMA)
    found.told("push", "-r", "Notes.", "--force")
    return found


def test_an_environment_is_capped_and_shows_how_much_of_it_is_used(mortise: Desk, stack: Stack) -> None:
    key = mortise.told("key", "create", "-n", "k", "-k", "service", "-t", "narrow-shelf")["secret"]
    fresh = mortise.told("env", "limits")
    capped = mortise.told("env", "cap", "--calls-per-day", "3", "--calls-per-second", "20")
    endpoint = fresh["environment"].replace("-", "")

    statuses = [
        httpx.post(
            f"{stack.url}/{endpoint}/graphql",
            json={"query": "{ __typename }"},
            headers={"authorization": f"Bearer {key}"},
        ).status_code
        for _ in range(5)
    ]
    used = mortise.told("env", "limits", "-e", "private")
    text = mortise.said("env", "limits")
    freed = mortise.told("env", "cap", "--calls-per-day", "none")

    assert (fresh["limits"]["callsPerDay"], fresh["usage"]["callsToday"]) == (None, None)
    assert (capped["limits"]["callsPerDay"], capped["limits"]["burst"]) == (3, 100)
    assert statuses == [200, 200, 200, 429, 429]
    assert (used["usage"]["callsToday"], used["usage"]["limitedToday"], used["usage"]["state"]) == (3, 2, "awake")
    assert "refused today" in text
    assert freed["caps"] == {"callsPerSecond": 20, "callsPerDay": None, "databaseMegabytes": None}
    history = mortise.told("audit", "list", "--type", "mortise.registry.caps.")
    assert len(history["edges"]) == 2


def test_a_database_that_is_full_is_open_again_when_it_was_emptied(mortise: Desk) -> None:
    size = mortise.told("env", "limits")["usage"]["databaseMegabytes"]
    mortise.told("env", "cap", "--database-megabytes", str(int(size) + 3))
    sheet = mortise.place / "Note.csv"
    sheet.write_text("text\n" + "".join(f"{number}{'x' * ROW_CHARACTERS}\n" for number in range(4000)))

    mortise.told("db", "import", "Note", "--append")
    refused: dict[str, object] = {}

    def is_full() -> bool:
        refused.update(mortise.refused("db", "import", "Note", "--append", "--restart"))
        return refused["reason"] == "DATABASE_FULL"

    made.until(is_full)
    full = mortise.told("env", "limits")["usage"]["databaseFull"]
    dropped = mortise.told("db", "drop", "--force")["removed"]
    made.until(lambda: not mortise.told("env", "limits")["usage"]["databaseFull"])
    sheet.write_text("text\nroom again\n")

    assert full
    assert dropped >= 4000
    assert mortise.told("db", "import", "Note", "--append", "--restart")["nodes"] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("env", "cap"), "USAGE"),
        (("env", "cap", "--calls-per-day", "many"), "USAGE"),
        (("env", "cap", "--calls-per-day", "0"), "BAD_USER_INPUT"),
        (("env", "limits", "-e", "prod"), "USAGE"),
        (("env", "limits", "-p", "nowhere"), "NOT_FOUND"),
        (("env", "grant", "--calls-per-day", "0"), "FORBIDDEN"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(mortise: Desk, words: tuple[str, ...], code: str) -> None:
    done = mortise.run(*words, "--json")

    assert done.code in {1, 2}
    assert json.loads(done.err)["error"]["code"] == code
