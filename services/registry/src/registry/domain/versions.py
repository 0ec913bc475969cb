"""Versions of a service: their numbers and their release notes (C 1.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from common.errors import bad_input

FIRST: Final = "0.0.1"
NUMBER_MAX: Final = 999_999_999
NOTES_MAX: Final = 50
NOTE_CHARACTERS_MAX: Final = 2000

_VERSION: Final = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_CONTROL: Final = re.compile("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def next_version(last: str, asked: str | None) -> str:
    """The version a push gets: what was asked for, when it is greater than the last; by default patch + 1.

    Raises Refused (BAD_USER_INPUT, field `version`) when the asked one is not x.y.z or not greater.
    """
    parts = _parts(last)
    assert parts, "the last version was accepted once"
    if asked is None:
        return f"{parts[0]}.{parts[1]}.{parts[2] + 1}"
    wanted = _parts(asked)
    if wanted is None:
        raise bad_input(
            f"{asked[:40]!r} is not a version.",
            f"A version is three numbers like 1.4.0, each at most {NUMBER_MAX} and without leading zeros.",
            field="input.version",
        )
    if wanted <= parts:
        raise bad_input(
            f"Version {asked} is not greater than the last one, {last}.",
            f"Leave it out to get {next_version(last, None)}.",
            reason="CONFLICT",
            field="input.version",
        )
    return asked


def release_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """The notes as they are kept: trimmed, empty ones left out. Raises Refused when none is left or one is too long."""
    kept = tuple(each.strip() for each in notes if each.strip())
    if not kept:
        raise bad_input(
            "A version needs at least one release note.", "Say what changed, in a line.", field="input.notes"
        )
    if len(kept) > NOTES_MAX:
        hint = f"At most {NOTES_MAX} are accepted."
        raise bad_input(f"{len(kept)} release notes are too many.", hint, reason="TOO_LONG", field="input.notes")
    for each in kept:
        if len(each) > NOTE_CHARACTERS_MAX:
            hint = f"At most {NOTE_CHARACTERS_MAX} characters are accepted."
            message = f"The release note {each[:40]!r} has {len(each)} characters."
            raise bad_input(message, hint, reason="TOO_LONG", field="input.notes")
        if _CONTROL.search(each):
            raise bad_input(f"The release note {each[:40]!r} holds a control character.", field="input.notes")
    return kept


def _parts(version: str) -> tuple[int, int, int] | None:
    match = _VERSION.fullmatch(version) if len(version) <= 32 else None  # noqa: PLR2004 - three numbers of nine digits
    if not match:
        return None
    major, minor, patch = (int(each) for each in match.groups())
    return (major, minor, patch) if max(major, minor, patch) <= NUMBER_MAX else None
