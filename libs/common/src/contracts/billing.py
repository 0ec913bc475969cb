"""What billing says: rate plans (aggregate `subscription`), invoices and their numbers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from common.events import Event


class RatePlanAssigned(Event):
    """From the next UTC minute on, prod of the instance costs this (MA 4.6). A plan never changes.

    The platform's own plan, for what no client owes, is that of the instance `platform` of the organisation `_`.
    """

    TYPE: ClassVar[str] = "mortise.billing.subscription.plan_assigned.v1"
    instance: str
    organisation: str
    project: str
    service: str
    plan: str
    """`<instance>@<n>`: version n of the instance's plan."""
    kind: Literal["NOT_BILLABLE", "PAY_PER_CALL", "MONTHLY"]
    price: str
    """Decimal text per call or month, up to 12 fraction digits; `0` when not billable."""
    currency: str
    client: str | None = None
    """Client that pays; None = the organisation itself."""
    effective_at: str
    """Minute boundary, RFC 3339 UTC."""


class NumberingAssigned(Event):
    """A number of an issuer and year belongs to an invoice (aggregate: numbering, id = the year).

    The version of the aggregate is the number, so there is no gap. In one batch with the invoice (DESIGN 2.2).
    """

    TYPE: ClassVar[str] = "mortise.billing.numbering.assigned.v1"
    issuer: str
    year: int
    number: int
    invoice: str


class MakerShare(BaseModel):
    """What of an invoice a maker's services earned: `gross` = the platform's `share` + `net`, before tax."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    gross: str
    share: str
    net: str


class InvoiceFinalized(Event):
    """An invoice was issued and never changes again (aggregate: invoice). Amounts are decimal text."""

    TYPE: ClassVar[str] = "mortise.billing.invoice.finalized.v1"
    invoice: str
    number: str
    """`INV-<year>-<6 digits>`"""
    issuer: str
    """Organisation; `_` = the platform."""
    issuer_name: str
    organisation: str
    """The project's."""
    project: str
    client: str | None = None
    """None: the organisation owes it to the platform."""
    client_name: str
    currency: str
    time_zone: str
    period: str
    """`YYYY-MM`"""
    period_from: str
    period_to: str
    calls: int
    subtotal: str
    tax_rate: str
    """Per cent."""
    tax: str
    total: str
    platform_share: str
    makers: tuple[MakerShare, ...]
    issued: str
    """Day in UTC."""
    due: str
    cutoff: int
    """Position in CALLS up to which calls are on it."""
    incomplete: tuple[str, ...]
    """Gateways that were not waited for any longer."""
    document_sha: str
    """The canonical document in BLOBS."""
    document_bytes: int
