"""From a draft to an invoice: when it may be, what number it gets, who has which part of it (MA 4.8, A09, A15, A17).

An invoice and its number are two facts in one batch: `invoice.finalized` expects no fact before it,
`numbering.assigned` the one before it of the same issuer and year. So there is one invoice of a kind, and no gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from billing.domain.periods import Period, text
from common.errors import bad_input, conflict
from contracts import billing as said
from contracts.names import PLATFORM
from proof import rating

HOLD_MS: Final = 7 * 24 * 60 * 60 * 1000
"""So long after the end of a period is waited for gateways that have not said that they told everything."""
DUE_DAYS: Final = 30
SHARE: Final = Fraction(1, 10)
"""The platform's part of what a maker's services earn (C 1.12)."""
TAX_PERCENT_MAX: Final = 100


def needs_an_end(period: Period, waiting: Sequence[str], now_ms: int) -> tuple[str, ...]:
    """The sources an invoice has to name because it does not wait for them any longer; usually none.

    Refuses a period that is not over, and one of which a gateway may still know calls while the hold lasts (A17).
    """
    if now_ms < period.to_ms:
        hint = f"It ends at {text(period.to_ms)}; until then there is a draft."
        raise bad_input(f"The period {period.label} is not over.", hint, reason="PERIOD_OPEN", field="period")
    if waiting and now_ms < period.to_ms + HOLD_MS:
        hint = f"Try again in a moment; from {text(period.to_ms + HOLD_MS)} on it is issued without them."
        message = f"{len(waiting)} gateways may still know calls of {period.label}."
        raise conflict(message, hint, details={"sources": list(waiting)})
    return tuple(waiting)


def needs_an_amount(draft: Mapping[str, Any]) -> None:
    """Refuses a draft without an amount: it is a statement of usage, and burns no number (MA 4.7, G30)."""
    if not Fraction(draft["subtotal"]):
        message = f"{draft['client']['name']} owes nothing in {draft['currency']} for {draft['period']['label']}."
        raise bad_input(message, "Without an amount there is no invoice.", reason="NOTHING_OWED", field="period")


def tax_rate(percent: str) -> Fraction:
    """A rate of tax from decimal text in per cent. Refuses what is none."""
    try:
        rate = rating.price(percent)
    except ValueError:
        rate = Fraction(TAX_PERCENT_MAX + 1)
    if rate > TAX_PERCENT_MAX:
        hint = "Write per cent as a decimal from 0 to 100, e.g. 20 or 8.25."
        raise bad_input(f"{percent[:40]!r} is no rate of tax.", hint, reason="INVALID_TAX", field="taxRate")
    return rate


def number_text(year: int, number: int) -> str:
    """`INV-2026-000042`."""
    return f"INV-{year}-{number:06d}"


def finalised(draft: Mapping[str, Any], number: int, at: datetime, incomplete: Sequence[str]) -> dict[str, Any]:
    """The document of an invoice, which never changes again (A09)."""
    issued = at.astimezone(UTC)
    return {
        **draft,
        "status": "final",
        "number": number_text(issued.year, number),
        "issued": issued.strftime("%Y-%m-%d"),
        "due": (issued + timedelta(days=DUE_DAYS)).strftime("%Y-%m-%d"),
        "incomplete": list(incomplete),
    }


def shares(document: Mapping[str, Any]) -> tuple[str, tuple[said.MakerShare, ...]]:
    """The platform's part of an invoice before tax, and what is left for each maker; together the whole (A25).

    The makers' part is split over the lines by largest remainder (MA 4.3). The platform's own bill is not shared.
    """
    currency = document["currency"]
    gross = [rating.units(line["amount"], currency) for line in document["lines"]]
    if document["issuer"]["org"] == PLATFORM:
        return rating.amount(0, currency), ()
    platform = rating.part(sum(gross), SHARE)
    found: dict[str, tuple[int, int]] = {}
    for line, amount, net in zip(document["lines"], gross, rating.split(sum(gross) - platform, gross), strict=True):
        before = found.get(line["maker"], (0, 0))
        found[line["maker"]] = (before[0] + amount, before[1] + net)
    makers = tuple(
        said.MakerShare(
            organisation=maker,
            gross=rating.amount(amount, currency),
            share=rating.amount(amount - net, currency),
            net=rating.amount(net, currency),
        )
        for maker, (amount, net) in found.items()
    )
    return rating.amount(platform, currency), makers


def fact(document: Mapping[str, Any], *, organisation: str, sha: str, size: int) -> said.InvoiceFinalized:
    """What the log says of an invoice; `organisation` is the project's, `sha` and `size` are of the document."""
    platform, makers = shares(document)
    return said.InvoiceFinalized(
        invoice=document["id"],
        number=document["number"],
        issuer=document["issuer"]["org"],
        issuer_name=document["issuer"]["name"],
        organisation=organisation,
        project=document["project"]["id"],
        client=document["client"].get("id"),
        client_name=document["client"]["name"],
        currency=document["currency"],
        time_zone=document["time_zone"],
        period=document["period"]["label"],
        period_from=document["period"]["from"],
        period_to=document["period"]["to"],
        calls=int(document["calls"]),
        subtotal=document["subtotal"],
        tax_rate=document["tax"]["rate"],
        tax=document["tax"]["amount"],
        total=document["total"],
        platform_share=platform,
        makers=makers,
        issued=document["issued"],
        due=document["due"],
        cutoff=int(document["cutoff"]["calls"]),
        incomplete=tuple(document["incomplete"]),
        document_sha=sha,
        document_bytes=size,
    )
