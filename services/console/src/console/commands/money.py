"""What was called, and what is owed for it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.commands import instances, projects
from console.failures import usage as wrong_usage
from console.screen import Json

invoices = typer.Typer(help="Invoices.", no_args_is_help=True)

Text = str | None
Project = Annotated[Text, typer.Argument(help="Slug of the project.")]
Payer = Annotated[
    Text, typer.Option("--client", "-c", help="Name, e-mail or id; default: the organisation, to the platform.")
]
Period = Annotated[Text, typer.Option("--period", help="YYYY-MM; default: this month.")]
Currency = Annotated[Text, typer.Option("--currency", help="Of several the one that is meant; default: the client's.")]
Tax = Annotated[Text, typer.Option("--tax", help="Rate of tax in per cent; default 0.")]
FORMATS: Final = ("PDF", "CSV", "JSON")


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


@invoices.command("list")
def list_(*, project: Project = None, period: Period = None, as_json: Json = False) -> None:
    """List what was issued, and the drafts of those who owe something."""
    caller = signed_in()
    found = instances.project_of(caller, project)
    rows = caller.ask(documents.INVOICES, project=found["id"], period=period)["invoices"]
    columns = ("Invoice", "By", "To", "Period", "Calls", "Total", "Due")
    screen.answer(rows, lambda: screen.table(None, columns, map(_listed, rows)), as_json=as_json)


@invoices.command("show")
def show(
    *,
    project: Project = None,
    client: Payer = None,
    period: Period = None,
    currency: Currency = None,
    tax: Tax = None,
    as_json: Json = False,
) -> None:
    """Show the invoice of a month, or its draft until it is issued."""
    caller = signed_in()
    words = _of(caller, project, client, period, currency, tax)
    invoice = caller.ask(documents.INVOICE, **words)["invoice"]
    screen.answer(invoice, lambda: _render(invoice), as_json=as_json)


@invoices.command("finalise")
def finalise(
    *,
    project: Project = None,
    client: Payer = None,
    period: Annotated[Text, typer.Option("--period", help="YYYY-MM, a month that is over.")] = None,
    currency: Currency = None,
    tax: Tax = None,
    as_json: Json = False,
) -> None:
    """Issue the invoice of a month that is over, with the next number. It never changes again."""
    caller = signed_in()
    words = _of(caller, project, client, screen.given(period, "--period", "Month (YYYY-MM)"), currency, tax)
    invoice = caller.ask(documents.FINALISE_INVOICE, **words)["finaliseInvoice"]
    screen.answer(invoice, lambda: _render(invoice), as_json=as_json)


@invoices.command("export")
def export(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    client: Payer = None,
    period: Period = None,
    currency: Currency = None,
    tax: Tax = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="pdf, csv or json.")] = "pdf",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; default: its own name, here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Save an invoice or a draft as PDF, CSV or its canonical JSON document."""
    if format_.upper() not in FORMATS:
        raise wrong_usage(f"{format_!r} is no format.", f"One of {', '.join(FORMATS).lower()}.")
    caller = signed_in()
    words = _of(caller, project, client, period, currency, tax)
    file = caller.ask(documents.INVOICE_FILE, **words, format=format_.upper())["invoiceFile"]
    content = base64.b64decode(file["content"])
    target = output or Path(file["name"])
    try:
        target.write_bytes(content)
    except OSError as error:
        raise wrong_usage(f"{target} cannot be written: {error.strerror}.", "Say --output.") from None
    value = {"file": str(target), "mediaType": file["mediaType"], "bytes": len(content)}
    screen.answer(value, lambda: screen.out.print(str(target), markup=False), as_json=as_json)


def _of(
    caller: Client, project: str | None, client: str | None, period: str | None, currency: str | None, tax: str | None
) -> dict[str, Any]:
    found = instances.project_of(caller, project)
    payer = projects.client_of(found, client)["id"] if client else None
    return {"project": found["id"], "client": payer, "period": period, "currency": currency, "taxRate": tax}


def _render(invoice: dict[str, Any]) -> None:
    head = (invoice["number"] or "draft", invoice["issuerName"], invoice["clientName"], invoice["period"])
    screen.out.print(" · ".join((*head, invoice["timeZone"])), markup=False)
    columns = ("", "Service", "What", "Quantity", "Price", "Amount")
    screen.table(None, columns, [_line(each) for each in invoice["lines"]])
    currency = invoice["currency"]
    tax = f" + {invoice['tax']} tax ({invoice['taxRate']} %)" if invoice["taxRate"] != "0" else " before tax"
    total = f"{invoice['calls']} calls, {invoice['subtotal']} {currency}{tax}"
    screen.out.print(f"{total} (counted up to position {invoice['cutoff']})", markup=False)
    if invoice["number"]:
        screen.out.print(f"total {invoice['total']} {currency}, issued {invoice['issued']}, due {invoice['due']}")


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    calls = each["calls"]
    mean = f"{each['durationMs'] / calls:.2f}" if calls else ""
    sizes = (f"{each[name] / 1024:.1f}" for name in ("bytesIn", "bytesOut"))
    return (each["at"], each["environmentName"], each["class"], calls, *sizes, mean)


def _listed(each: dict[str, Any]) -> tuple[object, ...]:
    names = (each["number"] or "draft", each["issuerName"], each["clientName"], each["period"], each["calls"])
    return (*names, f"{each['total']} {each['currency']}", each["due"])


def _line(each: dict[str, Any]) -> tuple[object, ...]:
    quantity = f"{each['quantity']} of {each['of']} days" if each["of"] else each["quantity"]
    return each["number"], each["serviceName"], each["code"], quantity, each["unitPrice"], each["amount"]
