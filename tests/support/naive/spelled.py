"""An operation as text and variables: plainly, or in one of its many disguises.

Each value is a literal, a variable, a default of a variable, or an omitted variable; selections are cut into
fragments, fields are asked for twice and merged, directives let things in and keep others out (G 5.6).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.support.naive.asked import OMITTED, Document, Given, Operation, Pick, Word, Wrong

LONG: Final = 10_000
"""Characters of a field that is better not written twice."""


@dataclass
class Spelled:
    """A request."""

    text: str
    variables: dict[str, Any]
    operation: str | None = None
    places: dict[str, Given] = field(default_factory=dict)
    """What the supplied variables stand for."""


def spelled(operation: Operation, chance: Random | None = None) -> Spelled:
    """The request for an operation; without chance the plainest."""
    speller = _Speller(chance)
    body = speller.selection(operation.roots, operation.verb.capitalize(), root=True)
    name = f"O{chance.randint(0, 9)}" if chance is not None and chance.random() < 0.5 else None
    declared = ", ".join(speller.declared)
    head = f"{operation.verb} {name or ''}" + (f"({declared})" if declared else "")
    parts = [f"{head} {{ {body} }}", *speller.fragments]
    if chance is not None:
        if name and chance.random() < 0.3:
            parts.append("query Another { __typename }")
        chance.shuffle(parts)
    chosen = name if len(parts) > 1 and any(one.startswith("query Another") for one in parts) else None
    return Spelled("\n".join(parts), speller.values, chosen, speller.places)


@dataclass
class _Speller:
    chance: Random | None
    declared: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    places: dict[str, Given] = field(default_factory=dict)
    numbers: int = 0

    def happens(self, part: float) -> bool:
        return self.chance is not None and self.chance.random() < part

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    # --- values

    def value(self, given: Given) -> str:
        if given.value is OMITTED:
            return self.variable(given.type)
        if self.happens(0.3):
            return self.as_variable(given)
        value = given.value
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {self.value(one)}" for name, one in value.items()) + "}"
        if isinstance(value, list):
            if _stands_alone(value) and self.happens(0.3) and value[0].value is not OMITTED:
                return literal(value[0])
            return "[" + ", ".join(self.value(one) for one in value) + "]"
        return literal(given)

    def as_variable(self, given: Given) -> str:
        strictly = given.value is not None and not given.type.endswith("!") and self.happens(0.3)
        kind = given.type + ("!" if strictly else "")
        if given.value is not None and self.happens(0.15):
            name = self.variable(kind, literal(given))
            if self.happens(0.3):
                self.values[name[1:]] = self.as_json(given)
            return name
        name = self.variable(kind)
        self.values[name[1:]] = self.as_json(given)
        if kind == given.type:
            self.places[name[1:]] = given
        return name

    def variable(self, kind: str, default: str | None = None) -> str:
        name = f"$v{self.number()}"
        self.declared.append(f"{name}: {kind}" + ("" if default is None else f" = {default}"))
        return name

    def as_json(self, given: Given) -> Any:
        """A value as JSON."""
        value = given.value
        if isinstance(value, dict):
            return {name: self.as_json(one) for name, one in value.items() if one.value is not OMITTED}
        if isinstance(value, list):
            if _stands_alone(value) and self.happens(0.2):
                return self.as_json(value[0])
            return [self.as_json(one) for one in value]
        if isinstance(value, Document):
            return json.dumps(value.value) if self.happens(0.5) else value.value
        return value.value if isinstance(value, Wrong) else value

    # --- selections

    def selection(self, picks: Sequence[Pick], parent: str | None, *, root: bool = False) -> str:
        parts: list[str] = []
        rest = list(picks)
        while rest:
            size = 1
            while size < len(rest) and rest[size].on == rest[0].on and self.happens(0.5):
                size += 1
            run, rest = rest[:size], rest[size:]
            inner = " ".join(self.field(one) for one in run)
            parts.append(self.grouped(inner, run[0].on, parent))
        if self.happens(0.1) and parent is not None and not root:
            parts.insert(0, f"n{self.number()}: __typename {self.shut()}")
        return " ".join(parts)

    def grouped(self, inner: str, on: str | None, parent: str | None) -> str:
        kind = on or parent
        if kind is not None and self.happens(0.15):
            name = f"F{self.number()}"
            self.fragments.append(f"fragment {name} on {kind} {{ {inner} }}")
            return f"...{name} {self.open_() if self.happens(0.2) else ''}"
        if on is not None:
            return f"... on {on} {{ {inner} }}"
        if self.happens(0.1):
            condition = f"on {kind} " if kind is not None and self.happens(0.5) else ""
            return f"... {condition}{self.open_() if self.happens(0.3) else ''} {{ {inner} }}"
        return inner

    def field(self, pick: Pick) -> str:
        text = pick.name if pick.key == pick.name else f"{pick.key}: {pick.name}"
        given = list(pick.arguments.items())
        if self.chance is not None:
            self.chance.shuffle(given)
        if given:
            text += "(" + ", ".join(f"{name}: {self.value(one)}" for name, one in given) + ")"
        if self.happens(0.05):
            text += f" {self.open_()}"
        if not pick.picks:
            return text
        parent = "_QueryMeta" if pick.name.endswith("Meta") else "Node" if pick.name == "node" else pick.kind
        cut = len(pick.picks)
        if cut > 1 and len(text) < LONG and self.happens(0.1):
            cut = 1
        halves = [pick.picks[:cut], pick.picks[cut:]]
        return " ".join(f"{text} {{ {self.selection(half, parent)} }}" for half in halves if half)

    def open_(self) -> str:
        """A directive that lets a field in."""
        name, truth = ("include", True) if self.happens(0.5) else ("skip", False)
        return f"@{name}(if: {self.value(Given(truth, 'Boolean!'))})"

    def shut(self) -> str:
        """A directive that keeps a field out."""
        name, truth = ("include", False) if self.happens(0.5) else ("skip", True)
        return f"@{name}(if: {self.value(Given(truth, 'Boolean!'))})"


def _stands_alone(items: list[Given]) -> bool:
    """Whether one value may stand for the list of it."""
    return len(items) == 1 and items[0].value is not None and not isinstance(items[0].value, Document)


def literal(given: Given) -> str:
    """A value as a literal without variables; omitted members are left out."""
    value = given.value
    if isinstance(value, dict):
        members = (f"{name}: {literal(one)}" for name, one in value.items() if one.value is not OMITTED)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(one) for one in value) + "]"
    if isinstance(value, Document):
        return json.dumps(json.dumps(value.value), ensure_ascii=False)
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, Wrong):
        return value.literal
    return json.dumps(value, ensure_ascii=False)


def as_json(given: Given) -> Any:
    """A value as a variable carries it."""
    return _Speller(None).as_json(given)
