"""What a backup holds, and as of when: the table of contents, written last. Pure."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from common.errors import BAD_USER_INPUT, Refused

FORMAT: Final = "mortise-backup"
VERSION: Final = 1
"""Raised when an older program could not restore what a newer one writes."""
EVENTS: Final = "EVT"
CALLS: Final = "CALLS"

DAMAGED: Final = "BACKUP_DAMAGED"
FOREIGN: Final = "BACKUP_FOREIGN"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Part):
    """One file of the directory."""

    path: str
    """Relative to the manifest, with `/`."""
    bytes: int
    sha256: str


class Stream(_Part):
    """One stream, with the sequence numbers it had."""

    name: str
    path: str
    layout: Literal["events", "snapshot"]
    """`events` holds exactly the messages up to `last`; a server's `snapshot` holds at least those."""
    config: dict[str, Any]
    state: dict[str, Any]
    """As JetStream tells it; a snapshot is restored with it."""
    first: int
    last: int
    messages: int


class Environment(_Part):
    """An environment that served when the log was at the backup's position."""

    environment: str
    database: str
    path: str | None
    """None when the log knows a version and the server has no database."""
    position: int
    """Of the last fact about it."""
    model_sha: str | None
    step: int
    serves: str | None
    """The Model that the log says is served."""
    underway: str | None
    """The Model of a migration that was written down and had not ended; the database is before or after it."""
    locale: dict[str, str] = {}
    warning: str | None = None


class Gateway(_Part):
    """The write-ahead log of one gateway worker."""

    gateway: str
    paths: tuple[str, ...]
    epochs: dict[str, int]
    """Epoch to the number of the first batch in it; earlier ones are in the stream of calls."""


class Manifest(_Part):
    """A backup."""

    format: Literal["mortise-backup"] = FORMAT
    version: Literal[1] = VERSION
    taken_at: str
    ended_at: str
    position: int
    """P: the log up to and including this position is in it, and everything else fits to it."""
    calls: int
    """Last position of the stream of calls; calls recorded later are in the write-ahead logs."""
    rounds: int
    """How often environments had to be copied again because they were deployed to meanwhile."""
    with_key: bool
    key_check: str | None
    """Tells the secret key again without telling it; None when it was not at hand."""
    servers: dict[str, str]
    streams: tuple[Stream, ...]
    vault: str
    environments: tuple[Environment, ...]
    left_out: dict[str, str] = {}
    """Environments around the position that have no database in it, and why."""
    gateways: tuple[Gateway, ...]
    wal: bool
    """Whether write-ahead logs could be reached."""
    files: tuple[File, ...]

    def stream(self, name: str) -> Stream | None:
        """The stream of that name."""
        return next((each for each in self.streams if each.name == name), None)

    def warnings(self) -> list[str]:
        """What whoever keeps this backup has to know."""
        found = [f"environment {each.environment}: {each.warning}" for each in self.environments if each.warning]
        if not self.wal:
            found.append("Write-ahead logs of calls are not in it: calls that were not yet sent are missing.")
        if self.with_key:
            found.append("THE SECRET KEY IS IN THIS BACKUP: who has it can read everything sealed, and sign as you.")
        else:
            found.append("The secret key is NOT in it. Keep secret.key elsewhere: without it nothing can be restored.")
        return found


def written(manifest: Manifest) -> str:
    """The manifest as the text of its file."""
    return json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read(text: str) -> Manifest:
    """The manifest of a file's text. Raises Refused BACKUP_FOREIGN or BACKUP_DAMAGED."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _refused(DAMAGED, f"manifest.json is no JSON: {error}.") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _refused(FOREIGN, "manifest.json is not that of a backup of Mortise.")
    if value.get("version") != VERSION:
        message = f"The backup has format version {value.get('version')!r}; this program reads version {VERSION}."
        raise _refused(FOREIGN, message, "Restore it with the Mortise that made it, or a newer one.")
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors()[:5])
        raise _refused(DAMAGED, f"manifest.json is not as it was written: {wrong}.") from None


def _refused(reason: str, message: str, hint: str | None = None) -> Refused:
    return Refused(BAD_USER_INPUT, message, hint or "Take another backup.", reason=reason)
