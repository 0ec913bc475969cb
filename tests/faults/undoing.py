"""A thousand random writes after a random deployment, all through the data API, undone and compared row by row.

`python -m tests.faults.undoing [--writes 1000] [--rounds 3] [--seed 1]` ends with 1 when a write that fits is not kept,
or one that does not was not listed before. The evaluator is `tests.support.naive.undoing`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import nats

from common.blobs import Blobs
from contracts.model import Entity, Model, Scalar, decode
from contracts.model import Field as Stored
from provisioner.execute.cluster import Cluster
from tests.support import made
from tests.support.environments import Place
from tests.support.made import Person
from tests.support.naive.undoing import Picture, expected
from tests.support.stack import Stack, a_directory
from tests.support.undone import insteads, picture

SCHEMA: Final = """
type Band @model {{ id: ID! @isUnique name: String! {band} songs: [Song!]! @relation(name: "Sings") }}
type Song @model {{
  id: ID! @isUnique {song} band: {partner} @relation(name: "Sings") tags: [Tag!]! @relation(name: "T")
}}
type Tag @model {{ id: ID! @isUnique {tag} songs: [Song!]! @relation(name: "T") }}
{more}
enum Mood {{ {moods} }}
"""
CHOICES: Final[dict[str, list[tuple[str, str]]]] = {
    "band": [
        ("year: Int", ""),
        ("code: String @isUnique", "code: String"),
        ('rank: Int! @defaultValue(value: "3") @migrationValue(value: "4")', "rank: Int"),
        ('size: String @migrationValue(value: "big")', 'size: Int @migrationValue(value: "1")'),
    ],
    "song": [
        ("title: String", ""),
        ("mood: Mood", "mood: Mood!" + ' @migrationValue(value: "LOUD")'),
        ("length: Int", "length: String"),
        ("lines: [String!]", ""),
    ],
    "tag": [("word: String @isUnique", "word: String"), ("weight: Float", ""), ("extra: Json", "")],
    "partner": [("Band!", "Band"), ("Band", "Band")],
    "more": [("type Tour @model { id: ID! @isUnique town: String! }", ""), ("", "")],
    "moods": [("LOUD SOFT", "LOUD SOFT WILD"), ("LOUD SOFT", "LOUD SOFT")],
}
"""Lines with the other form each may take; which form is the earlier one is left to chance."""
ONE_WAY: Final = {"code: String @isUnique", "word: String @isUnique", "length: Int", "Band!"}
"""Forms that data which are there might forbid."""
UNDO: Final = """mutation($e: ID!, $t: String!) { undoDeployment(environment: $e, token: $t) { version } }"""
LOOK: Final = """query($e: ID!) { previewUndo(environment: $e, limit: 10000) { version token
  misfits { path rows entries { id other } } } }"""


@dataclass
class Round:
    """What a round came to."""

    sent: int = 0
    refused: int = 0
    listed: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def versions(dice: random.Random) -> tuple[str, str]:
    """A schema and another one."""
    texts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for place, pairs in CHOICES.items():
        chosen = pairs if place in {"band", "song", "tag"} else [dice.choice(pairs)]
        for one, other in chosen:
            forms = (one, other) if one in ONE_WAY or dice.random() < 0.5 else (other, one)
            if dice.random() < 0.3:
                forms = (forms[0], forms[0])
            for text, form in zip(texts, forms, strict=True):
                text[place] = f"{text.get(place, '')} {form}".strip()
    return SCHEMA.format(**texts[0]), SCHEMA.format(**texts[1])


class Writer:
    """Somebody who writes at random."""

    def __init__(self, url: str, key: str, dice: random.Random) -> None:
        self.dice, self.url = dice, url
        self.http = httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=30)
        self.ids: dict[str, list[str]] = {}

    def write(self, model: Model, many: int, figures: Round | None = None) -> None:
        """So many mutations, one after the other."""
        for _ in range(many):
            entity = self.dice.choice(model.entities)
            known = self.ids.setdefault(entity.name, [])
            act = self.dice.random()
            if act < 0.45 or not known:
                text = f"create{entity.name}{self._given(model, entity, fresh=True)} {{ id }}"
            elif act < 0.9:
                text = f"update{entity.name}{self._given(model, entity, fresh=False)} {{ id }}"
            else:
                text = f'delete{entity.name}(id: "{self.dice.choice(known)}") {{ id }}'
            answer = self.http.post(self.url, json={"query": f"mutation {{ it: {text} }}"}).json()
            if figures is not None:
                figures.sent += 1
                figures.refused += "errors" in answer
            made_id = ((answer.get("data") or {}).get("it") or {}).get("id")
            if made_id is not None and text.startswith("create"):
                known.append(made_id)

    def _given(self, model: Model, entity: Entity, *, fresh: bool) -> str:
        given = [] if fresh else [f'id: "{self.dice.choice(self.ids[entity.name])}"']
        given += [
            f"{one.name}: {self._value(model, one)}"
            for one in entity.fields
            if not one.system and ((one.required and fresh) or self.dice.random() < 0.5)
        ]
        for side in entity.relations:
            partners = self.ids.get(model.entity_by_id[side.target].name, [])
            if not side.is_list and partners and self.dice.random() < 0.8:
                given.append(f'{side.name}Id: "{self.dice.choice(partners)}"')
            elif side.is_list and partners and fresh and entity.name == "Song" and self.dice.random() < 0.5:
                given.append(f'{side.name}Ids: ["{self.dice.choice(partners)}"]')
        return f"({', '.join(given)})" if given else ""

    def _value(self, model: Model, one: Stored) -> str:
        if not one.required and self.dice.random() < 0.15:
            return "null"
        value = self._single(model, one)
        return f"[{value}]" if one.is_list else value

    def _single(self, model: Model, one: Stored) -> str:
        match one.scalar:
            case Scalar.ENUM:
                return self.dice.choice(model.enum_by_id[one.enum or ""].values)
            case Scalar.INT:
                return str(self.dice.randint(-5, 90))
            case Scalar.FLOAT:
                return self.dice.choice(("0.5", "-2", "1e3"))
            case Scalar.JSON:
                return json.dumps(json.dumps({"n": self.dice.randint(0, 9)}))
            case _:
                return json.dumps(
                    self.dice.choice(("7", "07", "Ann", "ánn", "big", "", f"w{self.dice.randint(0, 400)}"))
                )


async def played(stack: Stack, person: Person, dice: random.Random, writes: int) -> Round:
    """One deployment, what was written before and after, the undo, and what is wrong with it."""
    figures, service = Round(), person.service()
    older, newer = versions(dice)
    here = person.pushed(service, older)
    place = Place(cluster_of(stack))
    place.id = str(here["id"])
    client = await nats.connect(stack.nats_url)
    blobs = Blobs(client)

    async def model() -> Model:
        sha = (await place.fetch("select model_sha from app._mortise"))[0][0]
        return decode(await blobs.get(sha))

    before = await model()
    writer = Writer(f"{stack.url}/{here['endpoint']}/graphql", service["key"], dice)
    writer.write(before, writes // 3)
    first = await picture(place, before)
    person.pushed(service, newer)
    after = await model()
    then = await picture(place, after)
    writer.write(after, writes, figures)
    last = await picture(place, after)
    wanted = expected(before, after, (first, then, last), await insteads(place, before))

    began = time.perf_counter()
    seen = person.asked(LOOK, {"e": here["id"]})
    undone = person.asked(UNDO, {"e": here["id"], "t": seen["token"]})
    person.live("private", undone["version"], service=service["id"])
    figures.seconds = time.perf_counter() - began
    told = {(each["path"], one["id"], one["other"]) for each in seen["misfits"] for one in each["entries"]}
    figures.listed = len(told)
    figures.wrong = [f"listed and should not be: {each}" for each in told - wanted.listed]
    figures.wrong += [f"not listed: {each}" for each in wanted.listed - told]
    figures.wrong += _differences(wanted.picture, await picture(place, before))
    await client.close()
    return figures


def _differences(wanted: Picture, found: Picture) -> list[str]:
    wrong = [
        f"{table} {key}: {found.rows[table].get(key)} instead of {rows.get(key)}"
        for table, rows in wanted.rows.items()
        for key in {**rows, **found.rows[table]}
        if rows.get(key) != found.rows[table].get(key)
    ]
    return wrong + [
        f"edges of {relation}: {found.edges[relation] ^ edges}"
        for relation, edges in wanted.edges.items()
        if found.edges[relation] != edges
    ]


def cluster_of(stack: Stack) -> Cluster:
    """The server of a stack's environments."""
    environ = stack.environment("provisioner")
    return Cluster(environ["MORTISE_PROVISION_DSN"], b"unused: no role is made")


def main() -> int:
    """Play so many rounds; 1 when one went wrong."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--writes", type=int, default=1000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    failed = 0
    with a_directory() as data, Stack(data) as stack:
        person = made.person(stack)
        for number in range(asked.seed, asked.seed + asked.rounds):
            found: Round = asyncio.run(played(stack, person, random.Random(number), asked.writes))  # noqa: S311 - repeatable
            failed += bool(found.wrong)
            told: dict[str, Any] = {"seed": number, **vars(found), "wrong": found.wrong[:10]}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
