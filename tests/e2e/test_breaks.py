"""What callers really send is looked at before a version takes it from them; at a terminal, against all of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import made
from tests.support.desk import Desk
from tests.support.made import Person, until
from tests.support.stack import Stack

BOOK = """type Entry @model {
  id: ID! @isUnique
  text: String
  mood: Mood
  colour: String
  guest: Guest @relation(name: "GuestEntries")
}
type Guest @model { id: ID! @isUnique name: String nick: String entries: [Entry!]! @relation(name: "GuestEntries") }
enum Mood { HAPPY GRUMPY }
"""
NARROWER = (
    BOOK.replace("  mood: Mood\n", "").replace("  colour: String\n", "").replace("enum Mood { HAPPY GRUMPY }", "")
)
MOODS = "query Moods { allEntries { mood } }"
TEXTS = "query Texts { allEntries { text } }"
PUSH = "query($s: ID!, $t: String!) { previewPush(service: $s, schema: $t) { breaks { findings { %s } } } }"
ALL = "hash names calls callers { organisationName project projectName client clientName instance environment calls }"


@dataclass(frozen=True)
class Town:
    """A guest book that the hotel of somebody else uses on prod; a client of the hotel pays by the call."""

    stack: Stack
    maker: Person
    keeper: Person
    service: dict[str, Any]
    project: dict[str, Any]
    instance: str
    prod: str
    key: str
    """The client's."""
    home: Path

    def mortise(self, who: Person) -> Desk:
        return Desk(self.stack.url, who.token, self.home)

    def calls(self, documents: Sequence[str]) -> None:
        """Answered, each."""

        async def all_of_them() -> None:
            headers, limits = {"authorization": f"Bearer {self.key}"}, httpx.Limits(max_connections=20)
            async with httpx.AsyncClient(headers=headers, limits=limits, timeout=30) as client:
                for start in range(0, len(documents), 100):
                    some = documents[start : start + 100]
                    found = await asyncio.gather(*[client.post(self.prod, json={"query": each}) for each in some])
                    assert not [each.text for each in found if "errors" in each.json()]

        asyncio.run(all_of_them())


@pytest.fixture(scope="module")
def town(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Town:
    maker = made.person(stack)
    # Of two organisations: what the hotel does is not the maker's business.
    keeper = made.person(stack)
    join = "mutation($o: ID!, $u: ID!) { addMember(organisation: $o, userID: $u, role: member) { role } }"
    maker.asked(join, {"o": maker.organisation, "u": keeper.id})
    service = maker.service("Guest book")
    maker.pushed(service, BOOK)
    maker.asked("mutation($s: ID!) { promoteService(id: $s) { name } }", {"s": service["id"]})
    maker.live("demo", "0.0.2", service=service["id"])
    project = keeper.project(name="Hotel")
    instance = keeper.added(project, service)
    home = tmp_path_factory.mktemp("home")
    mortise = Desk(stack.url, keeper.token, home)
    there = (project["slug"], service["slug"])
    mortise.told("project", "service", "bill", *there, "-t", "pay-per-call", "-v", "0.0035")
    keeper.asked(made.PROMOTE, {"id": instance, "from": "dev", "to": "prod"})
    keeper.live("prod", "0.0.2", instance=instance)
    client = mortise.told("project", "client", "add", project["slug"], "-n", "Grand Hotel", "-e", "desk@grand.example")
    prod = mortise.told("project", "service", "info", *there)["urls"]["prod"]
    return Town(stack, maker, keeper, service, project, instance, prod, client["key"], home)


@pytest.fixture(scope="module")
def called(town: Town) -> Town:
    """One field 1 000 times by the client, another once, the third never."""
    town.calls([MOODS] * 1000 + [TEXTS])
    seen = PUSH % "calls"

    def counted() -> bool:
        preview = town.keeper.asked(seen, {"s": town.service["id"], "t": NARROWER})
        return [each["calls"] for each in preview["breaks"]["findings"]] == [1000]

    assert until(counted)
    return town


def folder(town: Town, schema: str, place: Path) -> Desk:
    """The maker's folder of the service with that schema."""
    (place / "mortise.toml").write_text(
        f'service = "{town.service["id"]}"\nname = "Guest book"\nproblem = "p"\nsolution = "s"\ndomain = "media"\n'
    )
    (place / "schema.graphql").write_text(schema)
    return Desk(town.stack.url, town.keeper.token, place)


def test_a_field_used_in_a_thousand_calls_of_one_client_is_reported_and_an_unused_one_is_not(
    called: Town, tmp_path: Path
) -> None:
    mortise = folder(called, NARROWER, tmp_path)

    told = mortise.run("push", "--dry-run", "--json")
    shown = mortise.run("push", "--dry-run").out

    seen = json.loads(told.out)["breaks"]
    (found,) = seen["findings"]
    (caller,) = found["callers"]
    assert (seen["checked"], seen["operations"], seen["unchecked"]) == (True, 2, 0)
    assert (found["names"], found["calls"], found["certain"]) == (["Moods"], 1000, True)
    assert [each["coordinate"] for each in found["reasons"]] == ["Entry.mood"]
    assert (caller["clientName"], caller["calls"], caller["environment"]) == ("Grand Hotel", 1000, "prod")
    assert caller["projectName"] == "Hotel"
    assert caller["stakes"] == [{"plan": "PAY_PER_CALL", "amount": "3.5", "currency": "EUR"}]
    assert "colour" in told.out
    assert "colour" not in json.dumps(seen)
    assert "Moods" in shown
    assert "Grand Hotel (Hotel, prod): 1000 calls, 3.5 EUR, last at " in shown
    assert "colour" not in shown.partition("It would break")[2].partition("On the database")[0]


def test_the_maker_is_told_how_many_calls_break_but_not_whose_of_another_organisation(called: Town) -> None:
    asked = {"s": called.service["id"], "t": NARROWER}

    (seen,) = called.maker.asked(PUSH % ALL, asked)["breaks"]["findings"]
    (inside,) = called.keeper.asked(PUSH % ALL, asked)["breaks"]["findings"]
    stranger = made.person(called.stack).refused(PUSH % ALL, asked)

    hidden = ("project", "projectName", "client", "clientName", "instance")
    assert [{name: each[name] for name in hidden} for each in seen["callers"]] == [dict.fromkeys(hidden)]
    assert (seen["names"], inside["names"]) == ([], ["Moods"])
    assert (seen["callers"][0]["calls"], seen["callers"][0]["environment"]) == (1000, "prod")
    assert seen["callers"][0]["organisationName"] == inside["callers"][0]["organisationName"]
    assert inside["callers"][0]["instance"] == called.instance
    assert stranger["code"] == "NOT_FOUND"


def test_a_version_that_breaks_callers_goes_to_private_and_demo_but_to_prod_only_by_force(
    called: Town, tmp_path: Path
) -> None:
    mortise = folder(called, NARROWER, tmp_path)
    slug, project = called.service["slug"], called.project["slug"]
    roll = ("project", "service", "roll", project, slug, "-e", "prod")

    pushed = mortise.told("push", "-r", "Less.", "--force")
    promoted = mortise.told("promote", slug)
    dry = mortise.run(*roll, "--dry-run")
    refused = mortise.refused(*roll)

    assert (pushed["version"], pushed["breaks"]["findings"][0]["calls"]) == ("0.0.3", 1000)
    assert promoted["version"] == "0.0.3"
    assert dry.code == 1
    assert "It would break what was called in the last 30 days:" in dry.out
    assert "Grand Hotel (Hotel, prod): 1000 calls" in dry.out
    assert "It needs --force. Nothing was done." in dry.out
    assert (refused["reason"], refused["environment"], refused["calls"]) == ("BREAKS_CALLERS", "prod", 1000)
    assert refused["operations"][0]["reasons"][0]["coordinate"] == "Entry.mood"
    assert called.keeper.environments(instance=called.instance)["prod"]["version"] == "0.0.2"
    rolled = mortise.told(*roll, "--force")
    assert (rolled["version"], rolled["changed"]) == ("0.0.3", True)
