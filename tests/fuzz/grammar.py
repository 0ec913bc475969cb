"""Documents that fit a schema, more or less: drawn from what an environment says about itself when it is asked.

So whatever the generated API learns to do is tried, without a word about it here.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
)

from tests.fuzz import values
from tests.fuzz.values import Name

Reference = tuple["str | Reference", bool, bool]
"""What a type is: its name or, of a list, the reference of its items; whether it is a list; whether it is required."""

INPUT_DEPTH: Final = 4
OUTPUT_DEPTH: Final = 4
WRONG: Final = 0.02
"""Share of values that are of another type than asked."""
ROWS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object type: what it takes and what it returns."""

    name: str
    arguments: tuple[tuple[str, Reference], ...]
    returned: str
    composite: bool


@dataclass
class Pools:
    """What is known of an environment: texts that it stores, ids of its nodes by type, and ids of nodes elsewhere."""

    texts: Sequence[str]
    nodes: dict[str, list[str]]
    foreign: Sequence[str] = ()

    def every(self) -> list[str]:
        """Ids of nodes of all types."""
        return [node for nodes in self.nodes.values() for node in nodes]


@dataclass
class Draft:
    """A document that is being written, as tokens, with its variables."""

    kind: str
    tokens: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)

    def finished(self) -> list[str]:
        """All tokens of the document."""
        head = [self.kind, "F"] + (["(", *self.declared, ")"] if self.declared else [])
        return [*head, "{", *self.tokens, "}"]


class Grammar:
    """Draws documents of one environment."""

    def __init__(self, introspected: dict[str, Any], pools: Pools) -> None:
        schema = build_client_schema(introspected)  # type: ignore[arg-type] # what a server answered
        self.pools = pools
        self.models = [
            each.name for each in schema.get_possible_types(cast("GraphQLInterfaceType", schema.type_map["Node"]))
        ]
        self._inputs: dict[str, list[tuple[str, Reference]]] = {}
        self._enums: dict[str, list[Name]] = {}
        self._fields: dict[str, list[Field]] = {}
        self._kinds: dict[str, list[str]] = {}
        self._read(schema)
        self.roots = {
            "query": [one for one in self._fields["Query"] if not one.name.startswith("__")],
            "mutation": self._fields.get("Mutation", []),
        }

    def _read(self, schema: GraphQLSchema) -> None:
        for name, kind in schema.type_map.items():
            if name.startswith("__"):
                continue
            match kind:
                case GraphQLInputObjectType():
                    self._inputs[name] = self._members(name, kind.fields)
                case GraphQLEnumType():
                    self._enums[name] = [Name(value) for value in kind.values]
                case GraphQLObjectType() | GraphQLInterfaceType():
                    self._fields[name] = [self._field(one, made, schema) for one, made in kind.fields.items()]
                case _:
                    pass
            if isinstance(kind, GraphQLInterfaceType):
                self._kinds[name] = [each.name for each in schema.get_possible_types(kind)]

    def _members(
        self, owner: str, fields: dict[str, GraphQLInputField] | dict[str, GraphQLArgument]
    ) -> list[tuple[str, Reference]]:
        return [(name, self._told(owner, name, _reference(one.type))) for name, one in fields.items()]

    def _told(self, owner: str, name: str, reference: Reference) -> Reference:
        """The reference; one to an id says whose, as far as the names of the argument and its owner tell."""
        inner, is_list, required = reference
        if isinstance(inner, tuple):
            return (self._told(owner, name, inner), is_list, required)
        if inner != "ID":
            return reference
        for hint in (name, owner):
            ends = {hint.lower().rfind(model.lower()): model for model in self.models}
            if max(ends) >= 0:
                return (f"ID {ends[max(ends)]}", is_list, required)
        return reference

    def _field(self, name: str, made: GraphQLField, schema: GraphQLSchema) -> Field:
        returned, is_list, _ = _reference(made.type)
        while is_list or isinstance(returned, tuple):
            assert isinstance(returned, tuple), "a list's items have a reference"
            returned, is_list, _ = returned
        composite = isinstance(schema.type_map[returned], GraphQLObjectType | GraphQLInterfaceType)
        return Field(name, tuple(self._members(name, made.args)), returned, composite)

    def draft(self, chance: random.Random, kind: str, roots: int = 1) -> Draft:
        """A document of so many root fields."""
        made = Draft(kind)
        for number in range(roots):
            chosen = chance.choice(self.roots[kind])
            if roots > 1 or chance.random() < 0.2:
                made.tokens += [f"r{number}", ":"]
            self._selected(chance, made, chosen, 0)
        return made

    def _selected(self, chance: random.Random, made: Draft, chosen: Field, depth: int) -> None:
        made.tokens.append(chosen.name)
        given = self._arguments(chance, made, chosen, depth)
        if given:
            made.tokens += ["(", *given, ")"]
        if chance.random() < 0.01:
            made.tokens += ["@include", "(", "if", ":", self._argument(chance, made, ("Boolean", False, True)), ")"]
        if chosen.composite:
            made.tokens.append("{")
            self._selection(chance, made, chosen.returned, depth + 1)
            made.tokens.append("}")

    def _selection(self, chance: random.Random, made: Draft, kind: str, depth: int) -> None:
        if kind in self._kinds:
            made.tokens += ["id", "__typename"]
            for concrete in chance.sample(self._kinds[kind], min(2, len(self._kinds[kind]))):
                made.tokens += ["...", "on", concrete, "{"]
                self._selection(chance, made, concrete, depth)
                made.tokens.append("}")
            return
        fields = self._fields[kind]
        taken = chance.sample(fields, min(len(fields), chance.randrange(1, 7)))
        made.tokens.append("id" if chance.random() < 0.7 and kind in self.models else "__typename")
        if chance.random() < 0.05:
            made.tokens += [chance.choice(("@include(if: false)", "@skip(if: true)"))]
        for one in taken:
            if one.composite and (depth >= OUTPUT_DEPTH or chance.random() < 0.3 * depth):
                continue
            if chance.random() < 0.05:
                made.tokens += [f"a{len(made.tokens)}", ":"]
            self._selected(chance, made, one, depth)

    def _arguments(self, chance: random.Random, made: Draft, chosen: Field, depth: int) -> list[str]:
        given: list[str] = []
        for name, reference in chosen.arguments:
            if reference[2] or chance.random() < (0.9 if name == "first" else 0.3):
                if name == "first":
                    shown = str(chance.randrange(1, ROWS_MAX if depth == 0 else 4))
                    if chance.random() < 0.05:
                        shown = self._argument(chance, made, reference)
                elif name in ("last", "skip") and chance.random() < 0.8:
                    continue
                else:
                    shown = self._argument(chance, made, reference)
                given += [name, ":", shown]
        return given

    def _argument(self, chance: random.Random, made: Draft, reference: Reference) -> str:
        """The text of an argument's value; now and then the name of a new variable."""
        given = self.value(chance, reference, 0)
        if chance.random() > 0.2:
            return literal(given)
        name = f"v{len(made.declared) // 4}"
        shown = reference if chance.random() < 0.95 else ("Int", False, False)
        made.declared += [f"${name}", ":", written(shown), ""]
        if chance.random() < 0.05:
            made.declared[-1] = f"= {literal(self.value(chance, reference, 0))}"
        if chance.random() < 0.95:
            made.variables[name] = values.any_json(chance) if chance.random() < 0.05 else given
        return f"${name}"

    def value(self, chance: random.Random, reference: Reference, depth: int) -> Any:
        """A value of a type, most of the time."""
        inner, is_list, required = reference
        drawn = chance.random()
        if drawn < WRONG:
            return values.any_json(chance)
        if not required and drawn < WRONG + 0.06:
            return None
        if is_list:
            assert isinstance(inner, tuple), "a list's items have a reference"
            if drawn > 0.97:
                return self.value(chance, inner, depth + 1)  # one item stands for a list of it
            count = 300 if drawn > 0.968 else chance.randrange(4)
            return [self.value(chance, inner, depth + 1) for _ in range(count if depth < INPUT_DEPTH else 0)]
        assert isinstance(inner, str), "what is no list has a name"
        return self._scalar(chance, inner, depth)

    def _scalar(self, chance: random.Random, name: str, depth: int) -> Any:  # noqa: PLR0911 - one for each kind of value
        match name:
            case "String":
                return values.text(chance, self.pools.texts)
            case _ if name[:2] == "ID":
                known = self.pools.nodes.get(name[3:]) if chance.random() < 0.9 else None
                return values.node(chance, known or self.pools.every(), self.pools.foreign)
            case "Int":
                return values.mostly(chance, values.INTEGERS, values.NO_INTEGERS)
            case "Float":
                return values.mostly(chance, values.FLOATS, values.NO_FLOATS)
            case "Boolean":
                return chance.random() < 0.5
            case "DateTime":
                return values.mostly(chance, values.MOMENTS, values.NO_MOMENTS)
            case "Json":
                return values.mostly(chance, values.DOCUMENTS, values.NO_DOCUMENTS)
            case _ if name in self._enums:
                return chance.choice(self._enums[name])
            case _:
                return self._input(chance, name, depth)

    def _input(self, chance: random.Random, name: str, depth: int) -> dict[str, Any]:
        members = self._inputs[name]
        wanted = [one for one in members if one[1][2]]
        if depth < INPUT_DEPTH:
            wanted += chance.sample(members, min(len(members), chance.choice((0, 1, 1, 2, 3))))
        return {member: self.value(chance, reference, depth + 1) for member, reference in wanted}


def literal(given: Any) -> str:
    """A value as it is written in a document."""
    match given:
        case Name():
            return given
        case bool() | None:
            return json.dumps(given)
        case str():
            return json.dumps(given)
        case float() if not math.isfinite(given):
            return "1e999" if given > 0 else "-1e999"
        case int() | float():
            return str(given)
        case list():
            return f"[{', '.join(map(literal, given))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {literal(one)}' for name, one in given.items())}}}"
        case _:
            raise AssertionError(f"not a JSON value: {given!r}")


def written(reference: Reference) -> str:
    """A type reference as it is written in a document."""
    inner, _, required = reference
    shown = f"[{written(inner)}]" if isinstance(inner, tuple) else inner.partition(" ")[0]
    return shown + "!" * required


def _reference(kind: Any, *, required: bool = False) -> Reference:
    match kind:
        case GraphQLNonNull():
            return _reference(kind.of_type, required=True)
        case GraphQLList():
            return (_reference(kind.of_type), True, required)
        case _:
            return (kind.name, False, required)
