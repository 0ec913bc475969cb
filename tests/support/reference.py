"""The reference pages that follow from the product itself: every command, every operation of the control API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
    print_type,
)
from graphql.language import print_ast
from typer.main import get_command

from common.graphs import sdl
from console.cli import app

ROOT: Final = Path(__file__).parents[2]
OWNERS: Final = sorted(file.parent.name for file in ROOT.glob("services/*/src/*/api.graphql"))
ROOTS: Final = ("Query", "Mutation")

COMMANDS: Final = """# Commands

Made from the commands themselves (`make golden` writes it). {epilog}

Every command asks for what is missing if somebody is at the terminal, and refuses otherwise. With `--json` it prints
one JSON document, a refusal too. `MORTISE_URL` and `MORTISE_TOKEN` win over what `mortise login` keeps in `~/.mortise`.
For completion in a shell: `mortise --install-completion`, or `eval "$(mortise completion bash)"`.
"""
OPERATIONS: Final = """# Control API

Made from the parts of its schema (`make golden` writes it). `POST /query` answers all of it as one graph; each part
below is answered by the service that owns it. Who may not use an operation is proven by the test that
`tests/contract/doors.txt` names.
"""


def commands() -> str:
    """The page about the command line."""
    root = get_command(app)
    parts = [COMMANDS.format(epilog=root.epilog)]
    parts += [_command(words, each) for words, each in _leaves("mortise", root)]
    return "\n".join(parts)


def operations() -> str:
    """The page about the control API."""
    schemas = {owner: build_schema(sdl(owner)) for owner in OWNERS}
    text = (resources.files("contracts") / "common.graphql").read_text("utf-8")
    shared = set(re.findall(r"^(?:scalar|type|input|enum) (\w+)", text, re.MULTILINE))
    first = next(iter(schemas.values()))
    parts = [OPERATIONS, "## Shared types\n", *_types(first, {name for name in first.type_map if name in shared})]
    for owner, schema in schemas.items():
        parts.append(f"## {owner}\n")
        for name in ROOTS:
            root = schema.type_map.get(name)
            if isinstance(root, GraphQLObjectType):
                parts.append(_root(root))
        parts += _types(schema, set(schema.type_map) - shared - set(ROOTS))
    return "\n".join(parts)


# --- commands -----------------------------------------------------------------------------------------------------


def _leaves(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None or command.invoke_without_command:
        yield words, command
    for name, each in sorted((inner or {}).items()):
        yield from _leaves(f"{words} {name}", each)


def _command(words: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    shown = "".join(f" {_argument(each)}" for each in arguments)
    rows = [
        f"| {_written(each)} | {_cell(each.help or '')} | {_default(each)} |"
        for each in command.params
        if not getattr(each, "hidden", False) and each.name != "help"
    ]
    table = ["| | | default |", "|---|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## {words}{shown}\n", f"{command.help}\n", *table])


def _argument(argument: Any) -> str:
    name = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _written(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{name}`" for name in names) + (" (repeat)" if parameter.multiple else "")


def _default(parameter: Any) -> str:
    value = parameter.default
    if value is None or value is False:
        return "" if not parameter.required else "needed"
    return f"`{value}`"


# --- operations ---------------------------------------------------------------------------------------------------


def _root(root: GraphQLObjectType) -> str:
    rows = []
    for name, field in root.fields.items():
        arguments = ", ".join(_given(each, value) for each, value in field.args.items())
        call = f"{name}({arguments})" if arguments else name
        rows.append(f"| `{call}` | `{field.type}` | {_cell(field.description or '')} |")
    word = {"Query": "Queries", "Mutation": "Mutations"}[root.name]
    return "\n".join([f"### {word}\n", "| | answers | |", "|---|---|---|", *rows, ""])


def _given(name: str, argument: GraphQLArgument) -> str:
    node = argument.ast_node
    default = node.default_value if node is not None else None
    return f"{name}: {argument.type}" + (f" = {print_ast(default)}" if default is not None else "")


def _types(schema: GraphQLSchema, names: set[str]) -> Iterator[str]:
    types: list[GraphQLNamedType] = [
        each
        for each in schema.type_map.values()
        if each.name in names and not is_specified_scalar_type(each) and not is_introspection_type(each)
    ]
    if types:
        text = "\n\n".join(print_type(each) for each in sorted(types, key=lambda each: each.name))
        yield f"```graphql\n{text}\n```\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
