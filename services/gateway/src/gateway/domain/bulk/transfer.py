"""How far an import is: a token that the caller holds, so that any worker goes on where another one stopped.

An import goes through its file once per stage. `check` looks at every line and changes nothing; `rows` brings nodes in,
and the edges that can be there at once; `links`, for a sheet whose rows point at rows of the same sheet, brings in
those. The token of a piece says which line comes next; a piece that is sent again with its own token does no harm.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

from common.errors import BAD_USER_INPUT, Refused

Form = Literal["ndjson", "csv"]
Mode = Literal["append", "replace"]
Stage = Literal["check", "rows", "links"]
FIRST_LINE: Final[dict[Form, int]] = {"ndjson": 1, "csv": 2}
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SEAL_DIGITS: Final = 32

Seal = Callable[[str], str]
"""A keyed hash: what it makes of a text, nobody else can."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """An import, and how far it is."""

    id: str
    environment: str
    form: Form
    mode: Mode
    began_ms: int
    type: str | None = None
    """Of a sheet."""
    linked: bool = False
    """Whether there is a stage `links`."""
    stage: Stage = "check"
    line: int = 1
    """The first line that was not taken in; lines count from 1."""
    nodes: int = 0
    edges: int = 0
    problems: int = 0
    """Found by the check."""

    def after(self, lines: int, nodes: int, edges: int, problems: int = 0) -> Transfer:
        """The same after a piece."""
        return replace(
            self,
            line=self.line + lines,
            nodes=self.nodes + nodes,
            edges=self.edges + edges,
            problems=self.problems + problems,
        )

    def next_stage(self) -> Transfer | None:
        """The same at the beginning of what comes after the file's end; None when nothing does."""
        first = FIRST_LINE[self.form]
        match self.stage:
            case "check":
                return replace(self, stage="rows", line=first, nodes=0, edges=0)
            case "rows" if self.linked:
                return replace(self, stage="links", line=first)
            case _:
                return None

    def new_id(self, line: int) -> str:
        """The id of a node that came without one: the same whenever the same line is taken in."""
        chance = int.from_bytes(hashlib.sha256(f"{self.id}:{line}".encode()).digest()[:8], "big")
        return f"c{_base36(self.began_ms, 8)}{_base36(line, 8)}{_base36(chance, 8)}"


def written(transfer: Transfer, seal: Seal) -> str:
    """The token."""
    body = base64.urlsafe_b64encode(json.dumps(asdict(transfer), separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{body}.{seal(body)[:_SEAL_DIGITS]}"


def read(token: str, seal: Seal, environment: str) -> Transfer:
    """The import of a token. Raises Refused for one that was not given out for this environment."""
    body, _, sealed = token.partition(".")
    if not hmac.compare_digest(sealed.encode(), seal(body)[:_SEAL_DIGITS].encode()):
        raise _unknown()
    try:
        found = Transfer(**json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (ValueError, TypeError, binascii.Error):
        raise _unknown() from None
    if found.environment != environment:
        raise _unknown()
    return found


def _unknown() -> Refused:
    message = "The token of the import was not given out for this environment."
    return Refused(BAD_USER_INPUT, message, "Begin the import again.", reason="UNKNOWN_TRANSFER")


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
