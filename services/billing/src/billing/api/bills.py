"""Invoices, issued or drafts, and payouts."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

from billing import execute
from billing.api.desk import Desk, Info, caller_of, cause_of
from billing.api.shown import draft_shown, issued_shown, lines_shown, payout_shown
from billing.domain import finalising, invoices, paper, payouts, periods
from billing.execute import Ledger, Wanted
from billing.store import questions
from common.errors import forbidden, not_found
from contracts import billing as said
from contracts.access import Path, Principal, Role, at_least, effective_role
from proof import canonical


class Bills:
    """Resolvers; each checks first what the caller may see, from billing's own read model."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def invoice(self, _: Any, info: Info, **of: Any) -> dict[str, Any]:
        """What one payer owes for a month in one currency."""
        found = await self._one(caller_of(info), "viewer", **of)
        return draft_shown(found) if isinstance(found, dict) else self._issued(found)

    async def invoice_file(self, _: Any, info: Info, *, format: str, **of: Any) -> dict[str, Any]:
        """The same as a file."""
        found = await self._one(caller_of(info), "viewer", **of)
        body = canonical.encode(found) if isinstance(found, dict) else await self._desk.blobs.get(found.document_sha)
        file = paper.file(canonical.require(body), body, format)
        content = base64.b64encode(file.content).decode()
        return {"name": file.name, "mediaType": file.media_type, "content": content}

    async def invoices(self, _: Any, info: Info, *, project: str, period: str | None = None) -> list[dict[str, Any]]:
        """What was issued, and the drafts of everybody who owes something."""
        caller = caller_of(info)
        await self._settled(caller, project, "viewer")
        async with self._desk.database.reading() as connection:
            found = await self._desk.billed_project(connection, caller, project, "viewer")
            label = _month(period)
            book = await execute.ledger(connection, found, label)
            issued = await questions.invoices(connection, project, period)
        drafts = [
            book.draft(account, label)
            for client, label in execute.payers(book, period)
            for account in book.accounts(client, label)
        ]
        known = {invoice.invoice for invoice in issued}
        open_ = [draft_shown(draft) for draft in drafts if draft["id"] not in known]
        return [*map(self._issued, issued), *open_]

    async def finalise_invoice(self, _: Any, info: Info, *, client: str | None = None, **of: Any) -> dict[str, Any]:
        """The invoice of a period that is over, issued now or earlier."""
        caller = caller_of(info)
        await self._desk.read_all()
        needed: Role = "viewer" if client is None else "admin"
        book, wanted = await self._wanted(caller, needed, client=client, **of)
        if client is None and not caller.operator:
            message = "The platform's own bill is issued by operators."
            raise forbidden(message, "Name the client whose invoice you want to issue.")
        issued = await execute.issue(self._desk.log, self._desk.blobs, book, wanted, cause_of(info, caller))
        await self._desk.wrote(info, issued.position)
        return self._issued(issued.invoice)

    async def payout(self, _: Any, info: Info, *, organisation: str, month: str | None = None) -> list[dict[str, Any]]:
        """What the organisation's services earned, by currency."""
        caller = caller_of(info)
        role = effective_role(Path(organisation=organisation), caller)
        if role is None:
            raise not_found("Organisation", organisation)
        if not at_least(role, "admin"):
            raise forbidden("Payouts are for owners of the organisation.", "Ask an owner.")
        label = _month(month)
        periods.month(label, execute.ORGANISATION_ZONE)
        async with self._desk.database.reading() as connection:
            if not await questions.is_organisation(connection, organisation):
                raise not_found("Organisation", organisation)
            earned = await questions.earned(connection, organisation, label)
        return [payout_shown(organisation, label, each) for each in payouts.statements(organisation, earned)]

    async def _one(self, caller: Principal, needed: Role, **of: Any) -> said.InvoiceFinalized | dict[str, Any]:
        book, wanted = await self._wanted(caller, needed, **of)
        async with self._desk.database.reading() as connection:
            issued = await questions.invoice(connection, invoices.invoice_id(wanted.account, wanted.period.label))
        return issued or book.draft(wanted.account, wanted.period.label, wanted.tax)

    async def _wanted(  # noqa: PLR0913 - the arguments of the operations
        self,
        caller: Principal,
        needed: Role,
        *,
        project: str,
        client: str | None = None,
        period: str | None = None,
        currency: str | None = None,
        taxRate: str = "0",  # noqa: N803 - as the API names it
    ) -> tuple[Ledger, Wanted]:
        """The books of a project, and what of them is asked for."""
        tax = finalising.tax_rate(taxRate)
        await self._settled(caller, project, needed)
        async with self._desk.database.reading() as connection:
            found = await self._desk.billed_project(connection, caller, project, needed)
            payer = await questions.client(connection, client) if client is not None else None
            if client is not None and (payer is None or payer.project != project):
                raise not_found("Client", client)
            zone = payer.time_zone if payer else execute.ORGANISATION_ZONE
            label = periods.label_at(execute.milliseconds(), zone) if period is None else period
            book = await execute.ledger(connection, found, label)
        account = execute.account(book, client, label, currency)
        return book, Wanted(account, periods.month(label, zone), tax)

    async def _settled(self, caller: Principal, project: str, needed: Role) -> None:
        # Who may not see it is told so before anybody waits.
        async with self._desk.database.reading() as connection:
            await self._desk.billed_project(connection, caller, project, needed)
        await self._desk.settle()

    def _issued(self, invoice: said.InvoiceFinalized) -> dict[str, Any]:
        return {**issued_shown(invoice), "lines": self._lines(invoice)}

    def _lines(self, invoice: said.InvoiceFinalized) -> Callable[[Info], Awaitable[list[dict[str, Any]]]]:
        async def lines(_: Info) -> list[dict[str, Any]]:  # only a query that asks for them reads the document
            return lines_shown(canonical.require(await self._desk.blobs.get(invoice.document_sha)))

        return lines


def _month(label: str | None) -> str:
    """The month of a label; by default the current one in UTC."""
    return periods.label_at(execute.milliseconds(), execute.ORGANISATION_ZONE) if label is None else label
