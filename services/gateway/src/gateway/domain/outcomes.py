"""Which class a call falls into, decided when its outcome is known (MA 4.1)."""

from __future__ import annotations

from common.errors import INTERNAL, SERVICE_UNAVAILABLE, Refused
from contracts.calls import CallClass

_OURS = frozenset({INTERNAL, SERVICE_UNAVAILABLE})


def of_refusal(refusal: Refused) -> CallClass:
    """The class of a call that was refused before anything ran."""
    if refusal.reason in ("RATE_LIMITED", "QUOTA_EXCEEDED", "DATABASE_FULL"):
        return "limited"
    return "upstream_error" if refusal.code in _OURS else "client_error"


def of_execution(*, has_data: bool, has_errors: bool, introspection: bool) -> CallClass:
    """The class of a call that ran. `has_data`: the answer's `data` is not null."""
    if introspection:
        return "introspection"
    if not has_errors:
        return "ok"
    return "partial" if has_data else "upstream_error"
