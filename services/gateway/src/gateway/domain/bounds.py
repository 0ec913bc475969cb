"""How much one data call may ask for: one value per environment, by its kind (G 7.2 code 1004).

Each bound is checked before the work that it bounds. Operators change a bound for all environments with
`MORTISE_LIMIT_<NAME>` and for one kind with `MORTISE_LIMIT_<KIND>_<NAME>`, for example `MORTISE_LIMIT_DEMO_NODES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts import kinds

PREFIX: Final = "MORTISE_LIMIT_"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one environment. Every one is a largest allowed number, and larger is refused with code 1004."""

    text_characters: int = 400_000
    """Characters of a document; larger data belongs into variables."""
    tokens: int = 20_000
    """Tokens of a document: 200 creates of 20 arguments with literals fit, 10 000 aliases do not."""
    definitions: int = 500
    """Operations and fragments of a document."""
    variables: int = 500
    """Variables that a document declares."""
    depth: int = 20
    """Levels of fields."""
    roots: int = 250
    """Root fields of an operation."""
    fields: int = 5_000
    """Fields of a document, and of an operation after its fragments are spread."""
    repeated: int = 300
    """Times one response key may stand in one selection: validation compares each with each."""
    argument_values: int = 10_000
    """Values in all arguments of an operation together, counted wherever a variable is used: each is a piece of SQL."""
    input_depth: int = 20
    """Levels of objects in an argument or a variable."""
    input_values: int = 10_000
    """Objects and members in all variables together."""
    list_items: int = 100_000
    """Items of one list of scalars."""
    nodes: int = 2_000_000
    """Nodes that an operation may return, computed from its page sizes before it runs."""
    written: int = 5_000
    """Nodes that an operation may create, at all depths of all its root fields."""
    response_bytes: int = 32_000_000
    """Bytes of the answer of one root field, and of all root fields of a call together."""
    statement_seconds: int = 10
    """Seconds after which the database ends a statement: code 1000."""


SMALLER: Final = Limits(nodes=500_000, response_bytes=8_000_000, statement_seconds=5)
"""For the environments that a service has without being asked for."""
DEFAULTS: Final[Mapping[str, Limits]] = {
    "prod": Limits(),
    "stage": Limits(),
    "dev": Limits(),
    "preview": Limits(),
    "private": SMALLER,
    "demo": SMALLER,
}


def configured(environ: Mapping[str, str]) -> dict[str, Limits]:
    """The bounds of each kind of environment. Raises ValueError that names the variable."""
    return kinds.configured(environ, PREFIX, DEFAULTS, _number)


def _number(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) < 1 << 31):  # noqa: PLR2004 - 32 bits
        message = f"{variable} must be a whole number from 1 to 2147483647, not {text!r}"
        raise ValueError(message)
    return int(text)
