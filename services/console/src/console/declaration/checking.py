"""A text to the declaration that it is, or to every problem that it has, each with its place."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from console.declaration import nodes, notation
from console.declaration.nodes import Mapped, Node
from console.declaration.project import LOOKS, Declaration
from console.declaration.scalars import At, UnreadableError

KINDS: Final = {
    "string": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "tuple": "a list",
    "model": "a mapping",
}
DEMANDS: Final = {
    "string_too_short": "needs at least {min_length} characters.",
    "string_too_long": "has more than {max_length} characters.",
    "too_short": "needs at least {min_length} items.",
    "too_long": "has more than {max_length} items.",
    "greater_than_equal": "must be at least {ge}.",
    "less_than_equal": "must be at most {le}.",
}


@dataclass(frozen=True, order=True)
class Problem:
    """Something in a file that cannot be so."""

    line: int
    column: int
    path: str
    message: str

    def told(self) -> dict[str, Any]:
        """As a JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """A file that was read: what it declares, or why it does not."""

    declaration: Declaration | None
    problems: tuple[Problem, ...]
    root: Node | None = None

    @property
    def declared(self) -> Declaration:
        """What a file without problems declares."""
        assert self.declaration is not None, "a file without problems declares something"
        return self.declaration

    @property
    def slug(self) -> str:
        """Which project it is about."""
        return self.declared.project

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """A problem of what stands at a path."""
        at = nodes.place(self.root, path) if self.root else At(1, 1)
        return Problem(at.line, at.column, _named(path), message)


def check(text: str) -> Checked:
    """What the text declares, or all its problems in their order."""
    try:
        read = notation.read(text)
    except UnreadableError as error:
        return Checked(None, (Problem(error.at.line, error.at.column, "", error.message),))
    twice = tuple(Problem(at.line, at.column, name, f"`{name}` stands here twice.") for at, name in read.twice)
    if not isinstance(read.root, Mapped):
        at = read.root.at if read.root else At(1, 1)
        message = "A declaration is a mapping: `format: mortise.project/v1`, `project: slug`, and so on."
        return Checked(None, (Problem(at.line, at.column, "", message),))
    half = Checked(None, (), read.root)
    try:
        declared = Declaration.model_validate(nodes.plain(read.root))
    except ValidationError as error:
        found = [half.problem(path, message) for each in error.errors() for path, message in _told(each)]
        return Checked(None, tuple(sorted({*twice, *found})), read.root)
    return Checked(None if twice else declared, twice, read.root)


def _told(error: ErrorDetails) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A finding of pydantic in our words."""
    path, kind, context = error["loc"], error["type"], error.get("ctx", {})
    name = next((str(each) for each in reversed(path) if isinstance(each, str)), "")
    if kind == "contradiction":
        yield from (((*path, *inner), message) for inner, message in context["found"])
    elif kind == "missing":
        yield path, f"`{name}` is missing."
    elif kind == "extra_forbidden":
        yield path, _unknown(path)
    elif kind == "value_error":
        yield path, str(context["error"])
    else:
        yield path, f"`{name}` {_demand(kind, context)}"


def _demand(kind: str, context: Mapping[str, Any]) -> str:
    """What a value should have been."""
    if kind == "string_pattern_mismatch":
        return f"must be {LOOKS[context['pattern']]}."
    if kind == "literal_error":
        return f"must be one of {str(context['expected']).replace(' or ', ', ')}."
    expected = KINDS.get(kind.split("_", maxsplit=1)[0])
    return DEMANDS.get(kind, f"must be {expected}." if expected else "cannot be this.").format(**context)


def _unknown(path: Sequence[str | int]) -> str:
    """A key that is not known, and the ones that are."""
    known = [field.alias or name for name, field in _model(path[:-1]).model_fields.items()]
    near = get_close_matches(str(path[-1]), known, 1)
    hint = f"Did you mean `{near[0]}`?" if near else f"Known are {', '.join(known)}."
    return f"`{path[-1]}` is not known here. {hint}"


def _model(path: Sequence[str | int]) -> type[BaseModel]:
    """The model of the mapping at a path."""
    found: type[BaseModel] = Declaration
    for each in path:
        if isinstance(each, str):
            field = next(field for name, field in found.model_fields.items() if each in (field.alias, name))
            found = next(_models(field.annotation))
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple) or get_args(annotation):
        for each in get_args(annotation):
            yield from _models(each)


def _named(path: Sequence[str | int]) -> str:
    """`clients[0].name`."""
    text = ""
    for each in path:
        text += f"[{each}]" if isinstance(each, int) else (f".{each}" if text else each)
    return text
