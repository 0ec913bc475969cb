"""Somebody at a terminal sets prices, issues an invoice, saves it and looks at what his services earned."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import nats
import pytest

from common import clock
from common.log import Log, Subject
from contracts import billing as said
from contracts.calls import Batch
from tests.support import made
from tests.support.books import LONG_AFTER_MS, Shop, calls_of
from tests.support.desk import Desk
from tests.support.inside import say
from tests.support.stack import Stack

CLIENT = "till@example.org"
JULY = ("-c", CLIENT, "--period", "2026-07")


@pytest.fixture(scope="module")
def mortise(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(stack.url, made.person(stack).token, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def shop(mortise: Desk) -> dict[str, Any]:
    """A project that holds a service, and a client who pays."""
    words = ("-n", "Till", "-p", "Nobody pays.", "-s", "Everybody does.", "-b", "other", "-t", "money")
    offered = mortise.told("service", "create", *words)
    mortise.told("service", "promote", offered["slug"])
    project = mortise.told("project", "create", "-n", "Till")["slug"]
    mortise.told("project", "service", "add", project, offered["slug"])
    mortise.told("project", "client", "add", project, "-e", CLIENT)
    return {**mortise.told("project", "info", project), "service": offered}


def owes_for_july(stack: Stack, shop: dict[str, Any], calls: int) -> None:
    """Calls of a month that is over, at a price that was set before; nobody can make them any more."""
    client = shop["clients"][0]["id"]
    place = Shop(shop["organisation"]["id"], shop["id"], shop["service"]["id"], shop["instances"][0]["id"])
    at = int(clock.parse("2026-07-10T12:00:00Z").timestamp() * 1000)
    rows = calls_of(place, calls, at=[at] * calls, client=client)
    batch = Batch(gateway=f"g{clock.new_id()}", epoch=1, number=1, calls=rows, watermark_ms=LONG_AFTER_MS, final=True)

    async def told() -> None:
        admin = await nats.connect(stack.nats_url)
        subject = Subject(place.organisation, "billing", "subscription", place.instance)
        history = await Log(admin, "billing").load(subject)
        plan = said.RatePlanAssigned(
            instance=place.instance,
            organisation=place.organisation,
            project=place.project,
            service=place.service,
            plan=f"{place.instance}@{history.version + 1}",
            kind="PAY_PER_CALL",
            price="0.25",
            currency="EUR",
            effective_at="2026-06-01T00:00:00.000Z",
        )
        await say(admin, subject, plan, expect=history.position, version=history.version + 1)
        await admin.request(f"calls.{batch.gateway}.1", batch.model_dump_json().encode(), 5)
        await admin.close()

    asyncio.run(told())


def test_a_price_is_set_by_the_call_or_by_the_month_and_every_one_is_kept(mortise: Desk, shop: dict[str, Any]) -> None:
    bill = ("project", "service", "bill", shop["slug"], shop["service"]["slug"])

    call = mortise.told(*bill, "-t", "pay-per-call", "-v", "0.01")
    month = mortise.told(*bill, "--billingType", "monthly", "--billingValue", "49", "-c", CLIENT)

    assert (call["kind"], month["kind"], month["client"]) == ("PAY_PER_CALL", "MONTHLY", shop["clients"][0]["id"])
    assert [each["price"] for each in mortise.told(*bill)] == ["0.01", "49"]
    assert "49 EUR per month" in mortise.said("project", "service", "info", shop["slug"], shop["service"]["slug"])
    for words in (
        ("-t", "monthly", "-v", "49"),
        ("-t", "monthly"),
        ("-v", "1"),
        ("-c", CLIENT),
        ("-t", "x", "-v", "1"),
    ):
        assert mortise.run(*bill, *words).code == 2, words


def test_an_invoice_is_issued_saved_and_paid_out(mortise: Desk, stack: Stack, shop: dict[str, Any]) -> None:
    owes_for_july(stack, shop, 100)
    project = shop["slug"]
    draft = mortise.told("invoice", "show", project, *JULY)
    this_month = ("-c", CLIENT, "--period", clock.now().strftime("%Y-%m"))
    assert mortise.refused("invoice", "finalise", project, *this_month)["reason"] == "PERIOD_OPEN"

    issued = mortise.told("invoice", "finalise", project, *JULY, "--tax", "20")

    assert (draft["status"], draft["subtotal"]) == ("draft", "25.00")
    assert (issued["status"], issued["total"]) == ("final", "30.00")
    assert issued["number"].startswith(f"INV-{clock.now().year}-")
    listed = mortise.said("invoice", "list", project, "--period", "2026-07")
    assert issued["number"] in listed
    assert "30.00 EUR" in listed
    shown = mortise.said("invoice", "show", project, *JULY)
    assert "25.00 EUR + 5.00 tax (20 %)" in shown
    files = [mortise.told("invoice", "export", project, *JULY, "-f", kind) for kind in ("pdf", "csv", "json")]
    assert [file["file"] for file in files] == [f"{issued['number']}.{kind}" for kind in ("pdf", "csv", "json")]
    assert (mortise.place / files[0]["file"]).read_bytes().startswith(b"%PDF-1.4")
    assert json.loads((mortise.place / files[2]["file"]).read_text())["number"] == issued["number"]
    other = mortise.told("invoice", "export", project, *JULY, "-o", str(Path("out.pdf")))
    assert (mortise.place / other["file"]).stat().st_size == files[0]["bytes"]
    paid = mortise.told("payout", "show", "-o", shop["organisation"]["id"])
    mine = [line for each in paid for line in each["invoices"] if line["number"] == issued["number"]]
    assert [(line["gross"], line["share"], line["net"]) for line in mine] == [("25.00", "2.50", "22.50")]
    assert issued["number"] in mortise.said("payout", "show", "-o", shop["organisation"]["id"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("invoice", "export", "PROJECT", "-f", "docx"), 2, "pdf, csv, json"),
        (("invoice", "export", "PROJECT", *JULY, "-o", "nowhere/there.pdf"), 2, "cannot be written"),
        (("invoice", "finalise", "PROJECT", "-c", CLIENT), 2, "--period"),
        (("invoice", "finalise", "PROJECT", "--period", "2026-07"), 1, "operators"),
        (("invoice", "show", "PROJECT", "--tax", "20%"), 1, "rate of tax"),
        (("invoice", "show", "PROJECT", "--currency", "Taler"), 1, "Taler"),
        (("payout", "show", "--organisation", "moon"), 1, "moon"),
        (("platform", "bill", "-t", "monthly"), 2, "--billing-value"),
        (("platform", "bill", "-t", "monthly", "-v", "9"), 1, "operators"),
    ],
)
def test_what_cannot_be_done_is_said_so(
    mortise: Desk, shop: dict[str, Any], words: tuple[str, ...], code: int, said: str
) -> None:
    done = mortise.run(*(shop["slug"] if word == "PROJECT" else word for word in words))

    assert (done.code, said in done.err) == (code, True), done.err
