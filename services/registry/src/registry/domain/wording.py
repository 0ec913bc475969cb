"""What people may write: names, slugs, descriptions, tags, addresses; each refusal names its input field."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from common.claims import folded
from common.errors import Refused, bad_input
from registry.domain.letters import LETTERS

NAME_CHARS: Final = (3, 34)
"""Of services and projects (C 1.3)."""
TITLE_CHARS: Final = (1, 100)
"""Of organisations, clients, keys and tokens."""
SENTENCE_CHARS: Final = (1, 139)
"""Of a service's problem and solution (C 1.3)."""
DESCRIPTION_CHARS_MAX: Final = 255
TAGS_MAX: Final = 5
TAG_CHARS_MAX: Final = 25
SLUG_CHARS_MAX: Final = 63
EMAIL_CHARS_MAX: Final = 254
PASSWORD_CHARS: Final = (12, 1024)

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
EMAIL: Final = re.compile(r"[^\s@\"(),:;<>\[\\\]]+@[^\s@\"(),:;<>\[\\\]]+")
USERNAME: Final = re.compile(r"[^\W_](?:[\w.-]{0,62}[^\W_])?")


def line(text: str, *, field: str, chars: tuple[int, int]) -> str:
    """One line of text, trimmed, in NFC; refused outside `chars` (least, most) or with invisible control characters."""
    trimmed = unicodedata.normalize("NFC", _visible(text, field=field, breaks=False)).strip()
    least, most = chars
    if least <= len(trimmed) <= most:
        return trimmed
    reason = "TOO_LONG" if len(trimmed) > most else "TOO_SHORT"
    raise bad_input(
        f"{field} has {len(trimmed)} characters: {shortened(trimmed)!r}.",
        f"Write {least} to {most} characters.",
        reason=reason,
        field=field,
    )


def description(text: str | None, *, field: str = "description") -> str | None:
    """Optional text; blank counts as none."""
    if text is None or not (trimmed := _visible(text, field=field, breaks=True).strip()):
        return None
    if len(trimmed) > DESCRIPTION_CHARS_MAX:
        raise bad_input(
            f"{field} has {len(trimmed)} characters.",
            f"Write at most {DESCRIPTION_CHARS_MAX}.",
            reason="TOO_LONG",
            field=field,
        )
    return unicodedata.normalize("NFC", trimmed)


def tags(given: Sequence[str], *, field: str = "tags") -> tuple[str, ...]:
    """Search words without leading `#`, each once, in the order given."""
    kept: dict[str, str] = {}
    for tag in given:
        word = line(tag.strip().lstrip("#"), field=field, chars=(1, TAG_CHARS_MAX))
        kept.setdefault(folded(word), word)
    if len(kept) > TAGS_MAX:
        raise bad_input(f"{len(kept)} tags were given.", f"Choose at most {TAGS_MAX}.", reason="TOO_MANY", field=field)
    return tuple(kept.values())


def slug(text: str, *, field: str = "slug") -> str:
    """A slug that somebody chose (P 3.2)."""
    if SLUG.fullmatch(text):
        return text
    raise bad_input(
        f"{shortened(text)!r} is not a slug.",
        f"Use lower-case letters, digits and inner dashes, at most {SLUG_CHARS_MAX}; for example {slug_of(text)!r}.",
        reason="INVALID_SLUG",
        field=field,
    )


def slug_of(name: str) -> str:
    """The slug that follows from a name: Latin letters, lower case, dashes. Names without any get a digest instead."""
    latin = folded(name).translate(LETTERS)
    dashed = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:SLUG_CHARS_MAX].strip("-")
    return dashed or f"x-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def alternatives(wanted: str) -> tuple[str, ...]:
    """Slugs to try when `wanted` is taken: it with -2, -3 ... behind."""
    return tuple(f"{wanted[: SLUG_CHARS_MAX - 3].rstrip('-')}-{n}" for n in range(2, 40))


def email(text: str, *, field: str = "email") -> str:
    """An e-mail address as it was written; whether it receives anything is not our question."""
    trimmed = unicodedata.normalize("NFC", _visible(text, field=field, breaks=False).strip())
    if len(trimmed) <= EMAIL_CHARS_MAX and EMAIL.fullmatch(trimmed):
        return trimmed
    raise bad_input(f"{shortened(trimmed)!r} is not an e-mail address.", reason="INVALID_EMAIL", field=field)


def email_key(address: str) -> str:
    """The form under which an address is looked up: nobody remembers its case."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def username_key(name: str) -> str:
    """The form in which user names must differ: nobody signs like another with an accent or a look-alike letter."""
    return folded(name).translate(LETTERS)


def username(text: str, *, field: str = "username") -> str:
    """A user name: letters, digits, and `.`, `_`, `-` between them."""
    trimmed = line(text, field=field, chars=(1, 64))
    if USERNAME.fullmatch(trimmed):
        return trimmed
    raise bad_input(
        f"{shortened(trimmed)!r} is not a user name.",
        "Use letters and digits, and dots, dashes and underscores between them.",
        reason="INVALID_USERNAME",
        field=field,
    )


def password(text: str, *, field: str = "password") -> str:
    """A password long enough to be kept; it is never part of a message."""
    least, most = PASSWORD_CHARS
    if least <= len(text) <= most:
        return _encodable(text, field=field)
    reason = "TOO_LONG" if len(text) > most else "TOO_SHORT"
    raise bad_input(
        f"The password has {len(text)} characters.", f"Choose {least} to {most}.", reason=reason, field=field
    )


def shortened(text: str) -> str:
    """Somebody's text inside our message, at most 60 characters of it."""
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - stated in the docstring


def _visible(text: str, *, field: str, breaks: bool) -> str:
    """The text, unless it holds characters that cannot be seen or stored: controls, surrogates, direction marks."""
    allowed = "\n\t\r" if breaks else ""
    for char in _encodable(text, field=field):
        if char not in allowed and unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}:
            raise Refused(
                "BAD_USER_INPUT",
                f"{field} holds the invisible character U+{ord(char):04X}.",
                "Leave it out.",
                reason="INVALID_CHARACTER",
                field=field,
            )
    return text


def _encodable(text: str, *, field: str) -> str:
    """The text, unless it holds half a character (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise bad_input(f"{field} is not valid Unicode text.", reason="INVALID_CHARACTER", field=field) from error
    return text


def missing(field: str) -> Refused:
    """Null where a value must be."""
    return bad_input(f"{field} cannot be null.", "Leave it out to keep it.", reason="REQUIRED", field=field)
