"""What the API says of plans, usage, invoices and payouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.domain import periods
from billing.domain.payouts import Statement
from billing.domain.subscriptions import Version
from contracts import billing as said
from proof import rating


def plan_shown(version: Version) -> dict[str, Any]:
    """A RatePlan."""
    return {
        "id": version.id,
        "instance": version.instance,
        "kind": version.terms.kind,
        "price": rating.plain(version.terms.price),
        "currency": version.terms.currency,
        "client": version.terms.client,
        "effectiveAt": periods.text(version.effective_ms),
    }


def usage_shown(row: Mapping[str, Any], grain: str) -> dict[str, Any]:
    """A Usage."""
    return {
        "environment": row["environment"],
        "environmentName": row["kind"],
        "instance": row["instance"] or None,
        "client": row["client"] or None,
        "grain": grain,
        "at": periods.text(row["at_ms"]),
        "class": row["class"],
        "calls": row["calls"],
        "bytesIn": row["bytes_in"],
        "bytesOut": row["bytes_out"],
        "durationMs": row["duration_us"] / 1000,
    }


def draft_shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """An Invoice that is not issued yet."""
    return {
        "id": document["id"],
        "status": document["status"],
        "issuerName": document["issuer"]["name"],
        "client": document["client"].get("id"),
        "clientName": document["client"]["name"],
        "project": document["project"]["id"],
        "currency": document["currency"],
        "timeZone": document["time_zone"],
        "period": document["period"]["label"],
        "from": document["period"]["from"],
        "to": document["period"]["to"],
        "lines": lines_shown(document),
        "subtotal": document["subtotal"],
        "taxRate": document["tax"]["rate"],
        "tax": document["tax"]["amount"],
        "total": document["total"],
        "calls": int(document["calls"]),
        "cutoff": int(document["cutoff"]["calls"]),
    }


def issued_shown(invoice: said.InvoiceFinalized) -> dict[str, Any]:
    """An Invoice that was issued, without its lines: those are in its document."""
    return {
        "id": invoice.invoice,
        "status": "final",
        "number": invoice.number,
        "issuerName": invoice.issuer_name,
        "client": invoice.client,
        "clientName": invoice.client_name,
        "project": invoice.project,
        "currency": invoice.currency,
        "timeZone": invoice.time_zone,
        "period": invoice.period,
        "from": invoice.period_from,
        "to": invoice.period_to,
        "subtotal": invoice.subtotal,
        "taxRate": invoice.tax_rate,
        "tax": invoice.tax,
        "total": invoice.total,
        "calls": invoice.calls,
        "cutoff": invoice.cutoff,
        "issued": invoice.issued,
        "due": invoice.due,
        "documentSha256": invoice.document_sha,
    }


def lines_shown(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The InvoiceLines of a document."""
    return [
        {
            "number": line["n"],
            "code": line["code"],
            "instance": line["instance"],
            "serviceName": line["service"],
            "plan": line["plan"],
            "quantity": int(line["quantity"]),
            "of": None if line["of"] is None else int(line["of"]),
            "unitPrice": line["unit_price"],
            "exact": line["exact"],
            "amount": line["amount"],
        }
        for line in document["lines"]
    ]


def payout_shown(organisation: str, month: str, statement: Statement) -> dict[str, Any]:
    """A Payout."""
    return {
        "organisation": organisation,
        "month": month,
        "currency": statement.currency,
        "gross": statement.gross,
        "share": statement.share,
        "net": statement.net,
        "invoices": [
            {
                "number": part.invoice.number,
                "issuerName": part.invoice.issuer_name,
                "issued": part.invoice.issued,
                "period": part.invoice.period,
                "gross": part.earned.gross,
                "share": part.earned.share,
                "net": part.earned.net,
            }
            for part in statement.parts
        ],
    }
