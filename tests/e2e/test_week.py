"""The tutorial's week, typed as it stands: four people at real shells against the whole product.

Every command prints, with `--json`, what its schema in `schemas/` says and nothing else. Commands that do no harm when
they come twice are typed as the page has them and then with `--json`; the others with `--json` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from console.cli import app
from tests.support import shapes
from tests.support.stack import Stack, a_directory
from tests.support.terminals import Command, Terminals, blocks, run

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "tutorial" / "week.md"
SCHEMAS: Final = Path(__file__).parent / "schemas"
PEOPLE: Final = ("olga", "ann", "ben", "clara")
COMMANDS_LEAST: Final = 60
REFUSED: Final = "# refused"
LINES: Final = frozenset({"events"})
"""Commands that print a document a line."""
ONCE: Final = frozenset(
    {
        *("backup", "invite accept", "invite client", "invite member", "org create", "preview create"),
        *("backup verify", "login"),
        *("preview delete", "project approve", "project create", "push", "service create", "webhook add"),
    }
)
"""Commands that are another thing when they come twice, or take their time."""


TREE: Final[Any] = get_command(app)


@dataclass
class Week:
    """What was typed, in order, and what `--json` said."""

    typed: list[tuple[str, str, list[Command]]] = field(default_factory=list)
    """Who, the line, and the commands that it held."""
    outputs: list[tuple[str, Any]] = field(default_factory=list)
    """Name of the command, and a document that it printed."""
    _now: list[Command] = field(default_factory=list)

    def answer(self, words: tuple[str, ...]) -> Command:
        """Run what was typed, and look at what it prints with `--json`."""
        name = named(words)
        done = run(words) if "--json" in words or name not in ONCE else run((*words, "--json"))
        told = done if "--json" in words or name in ONCE else run((*words, "--json"))
        assert told.code == done.code, (words, told, done)
        self.outputs += [(name, each) for each in documents(name, told)]
        self._now.append(done)
        return done

    def type(self, terminals: Terminals, who: str, text: str) -> str:
        """One line of the page. What is not said to be refused must be done, and what is, must not."""
        self._now = []
        code, seen = terminals.typed(who, text)
        refused = REFUSED in text
        assert [each.code for each in self._now] == [int(refused)] * len(self._now), f"{who}: {text}\n{seen}"
        assert code == int(refused), f"{who}: {text}\n{seen}"
        if text.startswith("curl"):
            assert "errors" not in json.loads(seen), seen
        self.typed.append((who, text, self._now))
        return seen


def named(words: tuple[str, ...]) -> str:
    """The name of a command in what was typed: `project service add`."""
    command = TREE
    names = []
    for word in words:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        names.append(word)
    return " ".join(names)


def documents(name: str, told: Command) -> Iterator[Any]:
    """What a command printed for programs."""
    if told.code and not told.out:
        yield json.loads(told.err)
    elif name in LINES:
        yield from map(json.loads, told.out.splitlines())
    else:
        yield json.loads(told.out)


def play(stack: Stack, place: Path) -> Week:
    """The whole page, in order."""
    week = Week()
    page = list(blocks(PAGE.read_text("utf-8")))
    with Terminals(place, {"MORTISE_URL": stack.url}, week.answer) as terminals:
        for who, lines in page:
            for person in PEOPLE if who == "everybody" else (who,):
                for line in lines:
                    week.type(terminals, person, line.replace("sit olga", f"sit {person}"))
    return week


@pytest.fixture(scope="module")
def week() -> Iterator[Week]:
    with a_directory() as place:
        data = place / ".mortise"
        data.mkdir(mode=0o711)
        with Stack(data, environ={"MORTISE_DEVELOPMENT": "on"}) as stack:
            yield play(stack, place)


def test_every_command_of_the_week_does_what_the_page_says(week: Week) -> None:
    commands = [command for _, _, held in week.typed for command in held]

    assert len(commands) >= COMMANDS_LEAST
    assert {who for who, _, _ in week.typed} == set(PEOPLE)


def test_every_output_is_what_its_schema_says_and_nothing_else(week: Week) -> None:
    schemas = {file.stem.replace("-", " "): json.loads(file.read_text("utf-8")) for file in SCHEMAS.glob("*.json")}
    wrong = [
        f"{name}: {each}"
        for name, output in week.outputs
        for each in shapes.faults(schemas.get("error" if "error" in output else name), output)
    ]

    assert wrong == []


def test_there_is_a_schema_for_every_command_of_the_week_and_for_no_other(week: Week) -> None:
    used = {"error" if "error" in output else name for name, output in week.outputs}

    assert used == {file.stem.replace("-", " ") for file in SCHEMAS.glob("*.json")}


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_a_schema_says_everything_that_a_document_may_hold(file: Path) -> None:
    assert list(shapes.loose(json.loads(file.read_text("utf-8")))) == []


def test_a_document_with_more_or_less_or_other_than_its_schema_says_is_found() -> None:
    schema = json.loads((SCHEMAS / "whoami.json").read_text("utf-8"))
    good = {"url": "u", "user": {"id": "i", "username": "n", "displayName": None, "email": "e"}, "organisations": []}

    assert list(shapes.faults(schema, good)) == []
    assert list(shapes.faults(schema, {**good, "more": 1})) == ["more: not in the schema"]
    assert list(shapes.faults(schema, {"url": "u", "organisations": []})) == ["user: missing"]
    assert list(shapes.faults(schema, {**good, "url": None})) == ["url: None is no string"]
    assert list(shapes.faults(None, good)) == [": there is no schema"]
