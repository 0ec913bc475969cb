"""Kinds of environments, and numbers that operators set for all of them or for one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KINDS: Final = ("prod", "stage", "dev", "preview", "private", "demo")

Numbers = TypeVar("Numbers", bound="DataclassInstance")


def configured(
    environ: Mapping[str, str],
    prefix: str,
    defaults: Mapping[str, Numbers],
    number: Callable[[str, str], int | None],
) -> dict[str, Numbers]:
    """The numbers of each kind: `<prefix><NAME>` changes one everywhere, `<prefix><KIND>_<NAME>` for one kind.

    `number` reads the text of a variable and raises ValueError that names it, as this does for a name that is unknown.
    """
    names = {one.name.upper(): one.name for one in fields(defaults[KINDS[0]])}
    everywhere: dict[str, Any] = {}
    of_kind: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for variable, text in environ.items():
        if not variable.startswith(prefix) or not text:
            continue
        name = variable.removeprefix(prefix)
        kind, _, rest = name.partition("_")
        if name in names:
            everywhere[names[name]] = number(variable, text)
        elif kind.lower() in of_kind and rest in names:
            of_kind[kind.lower()][names[rest]] = number(variable, text)
        else:
            message = f"{variable} names no limit; there are {', '.join(names)}, with or without a kind before them"
            raise ValueError(message)
    return {kind: replace(defaults[kind], **{**everywhere, **of_kind[kind]}) for kind in KINDS}
