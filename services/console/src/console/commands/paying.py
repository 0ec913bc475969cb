"""What things cost and who gets it: prices of instances, the platform's own price, payouts."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from console import documents, prices, screen
from console.client import signed_in
from console.commands import instances
from console.commands.instances import Project, ProjectOption, Service, ServiceOption
from console.commands.organisations import Organisation, owned
from console.screen import Json

payouts = typer.Typer(help="Payouts: what your services earned.", no_args_is_help=True)
platform = typer.Typer(help="The platform's own bill, for operators.", no_args_is_help=True)

Text = str | None
LINE: Final = ("number", "issuerName", "issued", "period", "gross", "share", "net")
Currency = Annotated[Text, typer.Option("--currency", help="ISO 4217; default: the client's, else EUR.")]


def bill(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    billing_type: prices.Type = None,
    billing_value: prices.Value = None,
    client: prices.Payer = None,
    currency: Currency = None,
    as_json: Json = False,
) -> None:
    """Set what a service of a project costs from the next minute on; without options show it."""
    plan = prices.wanted(billing_type, billing_value)
    caller = signed_in()
    found, instance = instances.both(caller, project_option or project, service_option or service)
    plan = prices.paid(plan, found, client)
    if plan is None:
        plans = caller.ask(documents.RATE_PLANS, instance=instance["id"])["ratePlans"]
        rows = [
            (each["id"].rpartition("@")[2], prices.told(each), each["client"], each["effectiveAt"]) for each in plans
        ]
        columns = ("", "Price", "Client", "From")
        screen.answer(plans, lambda: screen.table(None, columns, rows), as_json=as_json)
        return
    unit = {"currency": currency} if currency else {}
    whole = {**plan, **unit}
    made = caller.ask(documents.SET_RATE_PLAN, instance=instance["id"], plan=whole)["setRatePlan"]
    text = f"{instance['service']['slug']} in {found['slug']}: {prices.told(made)} from {made['effectiveAt']}"
    screen.answer(made, lambda: screen.out.print(text, markup=False), as_json=as_json)


@platform.command("bill")
def platform_bill(
    *,
    billing_type: prices.Type = None,
    billing_value: prices.Value = None,
    currency: Currency = None,
    as_json: Json = False,
) -> None:
    """Set what an organisation pays for a live service that no client pays for; without options show it."""
    plan = prices.wanted(billing_type, billing_value)
    caller = signed_in()
    if plan is None:
        found = caller.ask(documents.PLATFORM_PLAN)["platformPlan"]
    else:
        unit = {"currency": currency} if currency else {}
        found = caller.ask(documents.SET_PLATFORM_PLAN, plan={**plan, **unit})["setPlatformPlan"]
    text = f"{prices.told(found)} from {found['effectiveAt']}" if found else "not billable"
    screen.answer(found, lambda: screen.out.print(text, markup=False), as_json=as_json)


@payouts.command("show")
def show(
    *,
    organisation: Organisation = None,
    month: Annotated[Text, typer.Option("--month", help="YYYY-MM in which was billed; default: this month.")] = None,
    as_json: Json = False,
) -> None:
    """Show what your services earned on the invoices of a month, and the platform's part of it."""
    caller = signed_in()
    found = caller.ask(documents.PAYOUT, organisation=owned(caller, organisation)["id"], month=month)["payout"]

    def render() -> None:
        for each in found:
            rows = [
                (
                    line["number"],
                    line["issuerName"],
                    line["issued"],
                    line["period"],
                    line["gross"],
                    line["share"],
                    line["net"],
                )
                for line in each["invoices"]
            ]
            title = f"{each['month']}: {each['net']} {each['currency']}"
            screen.table(title, ("Invoice", "By", "Issued", "Period", "Gross", "Platform", "Yours"), rows)
            total = f"{each['gross']} less {each['share']} for the platform is {each['net']} {each['currency']}"
            screen.out.print(total, markup=False)
        if not found:
            screen.say("No invoice of that month has a line of yours.")

    screen.answer(found, render, as_json=as_json)
