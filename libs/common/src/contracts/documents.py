"""Operations that callers really send: their texts on stream DOCUMENTS, who called them, and which a schema breaks.

A gateway tells the text of an operation, billing knows its callers, the gateway knows whether it is valid, and the
registry asks both before it declares a version (C 1.3). Nothing here is a fact of the log: a text that was lost makes
a check say that it could not look at an operation, never that the operation is fine.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from contracts.names import EnvironmentKind

STREAM: Final = "DOCUMENTS"
DIGEST_DIGITS: Final = 16
"""So much of the SHA-256 of a text stands in records of calls, and names it here."""
DAYS: Final = 30
"""How far back a check looks: as many UTC days before today."""
TEXT_BYTES_MAX: Final = 32 * 1024
"""A longer text is not kept; its operation is one that cannot be looked at."""
USES: Final = "ask.billing.uses"
BREAKS: Final = "ask.gateway.breaks"


def subject(service: str, digest: str) -> str:
    """Where the text of an operation of a service lies: one message, the newest."""
    return f"documents.{service}.{digest}"


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- billing: who calls what --------------------------------------------------------------------------------------


class AskedUses(_Said):
    """The question which operations of a service were answered, the most called first."""

    service: str
    environments: tuple[str, ...] = ()
    """Only in these; all of the service and of its instances when there are none."""


class Stake(_Said):
    """What calls were rated at."""

    plan: Literal["NOT_BILLABLE", "PAY_PER_CALL", "MONTHLY"]
    amount: str
    """Exact decimal text: of all the calls, or of a full month whatever is called (`MONTHLY`)."""
    currency: str


class Use(_Said):
    """Calls of one operation in one environment by one caller."""

    digest: str
    environment: str
    kind: EnvironmentKind
    instance: str | None
    project: str | None
    organisation: str
    client: str | None
    credential: str | None
    """The key or token, where no client's key was used."""
    calls: int
    last_ms: int
    """The minute of the last call: milliseconds since the epoch, UTC."""
    stakes: tuple[Stake, ...] = ()
    """Only for calls that are billed."""


class ToldUses(_Said):
    """The answer. Calls that it does not list are counted."""

    uses: tuple[Use, ...] = ()
    unlisted: int = 0
    """Calls of operations that were too many to be told apart."""


# --- gateway: what is valid ---------------------------------------------------------------------------------------


class Sent(_Said):
    """An operation, and the models (by hash) of the environments in which it was called."""

    digest: str
    models: tuple[str, ...]


class AskedBreaks(_Said):
    """The question which operations another model breaks; the first ones matter most."""

    service: str
    model: str
    sent: tuple[Sent, ...]


class Reason(_Said):
    """Why an operation breaks."""

    coordinate: str | None
    """What of the schema it uses: `Type.field`, `Type.field(argument:)`, `Input.field`, `Enum.VALUE` or `Type`."""
    message: str
    certain: bool
    """False when it depends on what is sent in variables."""


class Broken(_Said):
    """An operation that is valid against one model and not, or differently, against the other."""

    digest: str
    model: str
    """The one it is valid against."""
    names: tuple[str, ...]
    """Of its operations; none when they have no names."""
    reasons: tuple[Reason, ...]


class ToldBreaks(_Said):
    """The answer: what breaks, and what could not be looked at."""

    broken: tuple[Broken, ...] = ()
    unknown: tuple[str, ...] = ()
    """Operations whose text is not kept, or that there was no time for."""
