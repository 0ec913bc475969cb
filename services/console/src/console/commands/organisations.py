"""Organisations: who belongs together, and whom invoices to them name."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console import documents, screen
from console.client import Client, signed_in
from console.failures import Failure
from console.screen import Json

app = typer.Typer(help="Organisations: who belongs together.", no_args_is_help=True)
billing = typer.Typer(help="Whom invoices to an organisation name.", no_args_is_help=True)
app.add_typer(billing, name="billing")

Text = str | None
Organisation = Annotated[Text, typer.Option("--organisation", "-o", help="Id or slug; default: the only one you own.")]
DETAILS: Final = ("legalName", "street", "postalCode", "city", "country", "taxId", "email", "currency", "timeZone")


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the organisations you belong to."""
    found = signed_in().ask(documents.ORGANISATIONS)["organisations"]
    rows = [(each["slug"], each["name"], each["myRole"], each["id"]) for each in found]
    screen.answer(found, lambda: screen.table(None, ("Organisation", "Name", "My role", "ID"), rows), as_json=as_json)


@app.command()
def create(
    *,
    name: Annotated[Text, typer.Option("--name", "-n", help="What it is called.")] = None,
    slug: Annotated[Text, typer.Option("--slug", help="Default: made from the name.")] = None,
    as_json: Json = False,
) -> None:
    """Create an organisation; you own it."""
    wanted = screen.given(name, "--name", "Name")
    made = signed_in().ask(documents.CREATE_ORGANISATION, name=wanted, slug=slug)["createOrganisation"]
    pairs = [("organisation", made["slug"]), ("name", made["name"]), ("id", made["id"])]
    screen.answer(made, lambda: screen.facts(pairs), as_json=as_json)


@billing.command("show")
def show(*, organisation: Organisation = None, as_json: Json = False) -> None:
    """Show the billing details of an organisation you own."""
    client = signed_in()
    found = client.ask(documents.BILLING_DETAILS, organisation=owned(client, organisation)["id"])["billingDetails"]
    _shown(found, as_json=as_json)


@billing.command("set")
def set_(  # noqa: PLR0913 - the options of one command
    *,
    organisation: Organisation = None,
    name: Annotated[Text, typer.Option("--name", "-n", help="Legal name.")] = None,
    street: Annotated[Text, typer.Option("--street", help="Street and number.")] = None,
    postal_code: Annotated[Text, typer.Option("--postal-code", help="Postal code.")] = None,
    city: Annotated[Text, typer.Option("--city", help="City.")] = None,
    country: Annotated[Text, typer.Option("--country", help="Two letters, e.g. NL.")] = None,
    tax_id: Annotated[Text, typer.Option("--tax-id", help="Tax number.")] = None,
    email: Annotated[Text, typer.Option("--email", "-e", help="Where invoices go.")] = None,
    currency: Annotated[Text, typer.Option("--currency", help="ISO 4217; default EUR.")] = None,
    zone: Annotated[Text, typer.Option("--time-zone", help="Whose days count; default UTC.")] = None,
    as_json: Json = False,
) -> None:
    """Set the billing details of an organisation you own. What is left out keeps its value."""
    client = signed_in()
    home = owned(client, organisation)["id"]
    before = client.ask(documents.BILLING_DETAILS, organisation=home)["billingDetails"] or {}
    said = dict(zip(DETAILS, (name, street, postal_code, city, country, tax_id, email, currency, zone), strict=True))
    wanted = {key: value if value is not None else before.get(key) for key, value in said.items()}
    for key, option, question in (
        ("legalName", "--name", "Legal name"),
        ("street", "--street", "Street and number"),
        ("city", "--city", "City"),
        ("country", "--country", "Country"),
        ("email", "--email", "E-mail"),
    ):
        wanted[key] = screen.given(wanted[key], option, question)
    given = {key: value for key, value in wanted.items() if value is not None}
    found = client.ask(documents.SET_BILLING_DETAILS, organisation=home, input=given)["setBillingDetails"]
    _shown(found, as_json=as_json)


def owned(client: Client, ref: str | None) -> dict[str, Any]:
    """An organisation by id or slug, or the only one the caller owns. Raises Failure."""
    known = client.ask(documents.ORGANISATIONS)["organisations"]
    found = [
        each for each in known if (each["myRole"] == "owner" if ref is None else ref in (each["id"], each["slug"]))
    ]
    if len(found) == 1:
        match: dict[str, Any] = found[0]
        return match
    if ref is not None:
        raise Failure(f"Organisation {ref!r} not found.", "See `mortise org list`.", code="NOT_FOUND")
    raise Failure(f"You own {len(found)} organisations.", "Say which: --organisation SLUG.", code="AMBIGUOUS")


def _shown(found: dict[str, Any] | None, *, as_json: bool) -> None:
    screen.answer(
        found,
        lambda: (
            screen.facts([(key, found[key]) for key in DETAILS])
            if found
            else screen.say("No billing details were set yet.")
        ),
        as_json=as_json,
    )
