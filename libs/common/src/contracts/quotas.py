"""How much an environment may have, by its kind: calls, database, sleep, logs (C 1.4). One table for all services.

Operators change a number for all environments with `MORTISE_QUOTA_<NAME>` and for one kind with
`MORTISE_QUOTA_<KIND>_<NAME>`; the value `off` takes the limit away. `MORTISE_QUOTAS=off` takes all limits of all kinds
away. What is granted to one environment, and what its owners cap, stands in facts (`contracts.registry.CapsChanged`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from contracts import kinds
from contracts.kinds import KINDS

PREFIX: Final = "MORTISE_QUOTA_"
SWITCH: Final = "MORTISE_QUOTAS"
BURST_SECONDS: Final = 5
"""So many seconds' worth of calls may come at once."""
NUMBER_MAX: Final = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Quota:
    """What an environment may have; None: without limit."""

    calls_per_second: int | None = None
    calls_per_day: int | None = None
    """Of a day in UTC."""
    database_megabytes: int | None = None
    """Millions of bytes, as PostgreSQL counts the database's files."""
    sleep_minutes: int | None = None
    """After so long without a call it is put to sleep."""
    log_days: int | None = None
    """Days for which its logs are kept; None: as long as the platform keeps them."""

    @property
    def burst(self) -> int | None:
        """Calls that may come at once."""
        return None if self.calls_per_second is None else self.calls_per_second * BURST_SECONDS


OUTSIDE_PRODUCTION: Final = Quota(
    calls_per_second=10, calls_per_day=10_000, database_megabytes=256, sleep_minutes=15, log_days=7
)
DEFAULTS: Final[Mapping[str, Quota]] = {
    "prod": Quota(),
    "stage": OUTSIDE_PRODUCTION,
    "dev": OUTSIDE_PRODUCTION,
    # A clone holds what its source holds, which may be prod.
    "preview": replace(OUTSIDE_PRODUCTION, database_megabytes=None),
    "private": OUTSIDE_PRODUCTION,
    "demo": OUTSIDE_PRODUCTION,
}
DECLARED: Final = ("calls_per_second", "calls_per_day", "database_megabytes")
"""What can be granted to, or capped for, one environment."""


def configured(environ: Mapping[str, str]) -> dict[str, Quota]:
    """The quota of each kind. Raises ValueError that names the variable."""
    found = kinds.configured(environ, PREFIX, DEFAULTS, _number)
    match environ.get(SWITCH) or "on":
        case "on":
            return found
        case "off":
            return dict.fromkeys(KINDS, Quota())
        case other:
            message = f"{SWITCH} must be on or off, not {other!r}"
            raise ValueError(message)


def of_kind(table: Mapping[str, Quota], kind: str) -> Quota:
    """The quota of a kind. One that the table does not name is limited like dev."""
    return table.get(kind, table["dev"])


def in_force(quota: Quota, granted: Mapping[str, Any] | None, caps: Mapping[str, Any] | None) -> Quota:
    """What holds in one environment: of what its kind has, or was granted in its place, and its cap, the smaller.

    A grant of 0 takes the limit away; a cap never raises one.
    """
    found: dict[str, int | None] = {}
    for name in DECLARED:
        grant, cap = (granted or {}).get(name), (caps or {}).get(name)
        most = getattr(quota, name) if grant is None else grant or None
        found[name] = most if cap is None else cap if most is None else min(most, cap)
    return replace(quota, **found)


def _number(variable: str, text: str) -> int | None:
    if text == "off":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) <= NUMBER_MAX):  # noqa: PLR2004 - digits of that
        message = f"{variable} must be a whole number from 1 to {NUMBER_MAX}, or off, not {text!r}"
        raise ValueError(message)
    return int(text)
