"""What was called, and what it costs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import documents, screen
from console.client import signed_in
from console.commands import instances, projects
from console.failures import usage as wrong_usage
from console.screen import Json

invoices = typer.Typer(help="Invoices.", no_args_is_help=True)

Text = str | None
Project = Annotated[Text, typer.Argument(help="Slug of the project.")]


def usage(  # noqa: PLR0913 - the options of one command
    *,
    project: Annotated[Text, typer.Option("--project", "-p", help="Slug of the project.")] = None,
    service: Annotated[
        Text, typer.Option("--service", "-s", help="Service; with --project, its instance there.")
    ] = None,
    environment: Annotated[Text, typer.Option("--environment", "-e", help="Only this environment.")] = None,
    grain: Annotated[str, typer.Option("--grain", "-g", help="minute, hour or day.")] = "day",
    since: Annotated[Text, typer.Option("--from", help="RFC 3339.")] = None,
    until: Annotated[Text, typer.Option("--to", help="RFC 3339.")] = None,
    as_json: Json = False,
) -> None:
    """Show what was called."""
    client = signed_in()
    if project:
        found = instances.project_of(client, project)
        of = {"instance": instances.instance_of(found, service)["id"]} if service else {"project": found["id"]}
    elif service:
        of = {"service": client.ask(documents.SERVICE, service=service)["service"]["id"]}
    else:
        raise wrong_usage("Whose usage?", "Say --project, --service, or both.")
    words = {"environment": instances.environment(environment) if environment else None, "from": since, "to": until}
    rows = client.ask(documents.USAGE, **of, **words, grain=grain.upper())["usage"]
    columns = ("From", "Environment", "Class", "Calls", "KiB in", "KiB out", "ms each")
    screen.answer(rows, lambda: screen.table(None, columns, map(_row, rows)), as_json=as_json)


@invoices.command("show")
def show(
    *,
    project: Project = None,
    client: Annotated[
        Text, typer.Option("--client", "-c", help="Name, e-mail or id; default: the organisation.")
    ] = None,
    period: Annotated[Text, typer.Option("--period", help="YYYY-MM; default: this month.")] = None,
    as_json: Json = False,
) -> None:
    """Show the draft invoice of a month."""
    caller = signed_in()
    found = instances.project_of(caller, project)
    payer = projects.client_of(found, client)["id"] if client else None
    invoice = caller.ask(documents.INVOICE, project=found["id"], client=payer, period=period)["invoice"]

    def render() -> None:
        screen.out.print(
            f"{invoice['status']} · {invoice['clientName']} · {invoice['period']} · {invoice['timeZone']}", markup=False
        )
        columns = ("", "Service", "What", "Quantity", "Price", "Amount")
        screen.table(None, columns, [_line(each) for each in invoice["lines"]])
        total = f"{invoice['calls']} calls, {invoice['subtotal']} {invoice['currency']} before tax"
        screen.out.print(f"{total} (counted up to position {invoice['cutoff']})", markup=False)

    screen.answer(invoice, render, as_json=as_json)


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    calls = each["calls"]
    mean = f"{each['durationMs'] / calls:.2f}" if calls else ""
    sizes = (f"{each[name] / 1024:.1f}" for name in ("bytesIn", "bytesOut"))
    return (each["at"], each["environmentName"], each["class"], calls, *sizes, mean)


def _line(each: dict[str, Any]) -> tuple[object, ...]:
    return each["number"], each["serviceName"], each["code"], each["quantity"], each["unitPrice"], each["amount"]
