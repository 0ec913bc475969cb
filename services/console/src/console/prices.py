"""Prices as commands take and show them, and who pays them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console.failures import Failure
from console.failures import usage as wrong_usage
from proof import rating

Text = str | None
Type = Annotated[
    Text, typer.Option("--billing-type", "--billingType", "-t", help="pay-per-call, monthly or not-billable.")
]
Value = Annotated[
    Text, typer.Option("--billing-value", "--billingValue", "-v", help="Price of a call or a month, e.g. 0.0035 or 49.")
]
Payer = Annotated[Text, typer.Option("--client", "-c", help="Who pays: name, e-mail or id; a monthly price needs it.")]
UNITS: Final = {"PAY_PER_CALL": "per call", "MONTHLY": "per month"}


def told(plan: dict[str, Any] | None) -> str:
    """A plan in words: `0.0035 EUR per call`."""
    unit = UNITS.get(plan["kind"]) if plan else None
    return f"{plan['price']} {plan['currency']} {unit}" if plan and unit else "not billable"


def wanted(kind: str | None, value: str | None) -> dict[str, str] | None:
    """The plan that two options name; None when neither is given. Raises Failure for one that cannot be."""
    if kind is None and value is None:
        return None
    name = (kind or "").upper().replace("-", "_")
    if name == "NOT_BILLABLE" and value is None:
        return {"kind": name}
    if name not in UNITS or value is None:
        message = "--billing-type and --billing-value need each other."
        raise wrong_usage(message, "E.g. -t pay-per-call -v 0.0035, or -t monthly -v 49.")
    try:
        rating.price(value)
    except ValueError:
        # Said before anything is done: a service would stay in its project, without its price.
        raise wrong_usage(f"{value!r} is no price.", "Write a decimal like 0.0035, not negative.") from None
    return {"kind": name, "price": value}


def paid(plan: dict[str, str] | None, project: dict[str, Any], client: str | None) -> dict[str, str] | None:
    """The plan with the client that pays. Raises Failure when a monthly price has none, or a client no price."""
    if client is None:
        if plan is not None and plan["kind"] == "MONTHLY":
            raise wrong_usage("A monthly price needs the client that pays it.", "Say --client.")
        return plan
    if plan is None:
        raise wrong_usage("--client needs a price.", "E.g. -t monthly -v 49.")
    return {**plan, "client": client_of(project, client)["id"]}


def client_of(project: dict[str, Any], ref: str) -> dict[str, Any]:
    """A client of the project by id, name or e-mail. Raises Failure."""
    found = [each for each in project["clients"] if ref in (each["id"], each["name"], each["email"])]
    if len(found) != 1:
        why = "not found" if not found else "not unique"
        raise Failure(f"Client {ref!r} is {why} in {project['slug']}.", "Use its id.", code="NOT_FOUND")
    match: dict[str, Any] = found[0]
    return match
