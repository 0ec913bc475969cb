"""What billing says: rate plans of instances (aggregate `subscription`, id = the instance's)."""

from __future__ import annotations

from typing import ClassVar, Literal

from common.events import Event


class RatePlanAssigned(Event):
    """From the next UTC minute on, calls on prod of the instance cost this (MA 4.6). A plan never changes."""

    TYPE: ClassVar[str] = "mortise.billing.subscription.plan_assigned.v1"
    instance: str
    organisation: str
    project: str
    service: str
    plan: str
    """`<instance>@<n>`: version n of the instance's plan."""
    kind: Literal["NOT_BILLABLE", "PAY_PER_CALL"]
    price: str
    """Decimal text per call, up to 12 fraction digits; `0` when not billable."""
    currency: str
    client: str | None = None
    """Client that pays; None = the organisation itself."""
    effective_at: str
    """Minute boundary, RFC 3339 UTC."""
