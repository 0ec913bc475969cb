"""What may be asked of the history: filters, cursors and who may see what."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from common.errors import FORBIDDEN, UNAUTHENTICATED, Refused, bad_input, not_found
from contracts.access import Principal

PAGE_MAX: Final = 500
_CURSOR_PREFIX: Final = "entry:"
_CURSOR_DIGITS_MAX: Final = 18


@dataclass(frozen=True)
class Match:
    """An exact value, or everything that begins with a prefix that ends with a dot."""

    text: str
    prefix: bool

    @property
    def end(self) -> str:
        """The first text after all that begin with the prefix: `/` follows `.` in code order."""
        return self.text[:-1] + "/"


@dataclass(frozen=True)
class Search:
    """A question to the history. `organisations` None = all of them."""

    organisations: tuple[str, ...] | None = None
    actor: str | None = None
    type: Match | None = None
    subject: Match | None = None
    since: str | None = None
    until: str | None = None
    """Exclusive."""
    before: int | None = None
    """Only indices below this one."""


def match(text: str | None) -> Match | None:
    """The condition a filter value means."""
    return None if text is None else Match(text, text.endswith("."))


def cursor(index: int) -> str:
    """The opaque position of an entry in a list."""
    return base64.urlsafe_b64encode(f"{_CURSOR_PREFIX}{index}".encode()).decode()


def parse_cursor(text: str) -> int:
    """The index a cursor stands for. Refuses anything that `cursor` did not make."""
    try:
        decoded = base64.urlsafe_b64decode(text.encode()).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    digits = decoded.removeprefix(_CURSOR_PREFIX)
    index = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _CURSOR_DIGITS_MAX else -1
    if index < 0 or cursor(index) != text:
        raise bad_input(f"unknown cursor {text[:60]!r}", "Pass on an endCursor as it was returned.", field="after")
    return index


def page_size(first: int) -> int:
    """The number of entries asked for. Refuses what is not in 0..500."""
    if not 0 <= first <= PAGE_MAX:
        raise bad_input(f"first is {first}, it must be 0 to {PAGE_MAX}", field="first")
    return first


def signed_in(principal: Principal) -> Principal:
    """The caller, if he is somebody."""
    if principal.kind != "user":
        raise Refused(UNAUTHENTICATED, "Sign in to read the history.", "Send a session or personal access token.")
    return principal


def visible(principal: Principal, organisation: str | None) -> tuple[str, ...] | None:
    """The organisations whose entries the caller reads: all (None) for operators, else those he owns (B14)."""
    signed_in(principal)
    if principal.operator:
        return None if organisation is None else (organisation,)
    owned = tuple(sorted(org for org, role in principal.organisations.items() if role == "owner"))
    if organisation is None:
        return owned
    if organisation not in principal.organisations:
        raise not_found("Organisation", organisation)
    if organisation not in owned:
        raise Refused(FORBIDDEN, "Only owners of the organisation read its history.", field="filter.organisation")
    return (organisation,)


def may_see(principal: Principal, organisation: str) -> bool:
    """Whether the caller may see an entry of this organisation."""
    return principal.operator or principal.organisations.get(organisation) == "owner"
