"""billing's part of the control API: plans, usage and drafts, for those who may see the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import sqlalchemy as sa
from ariadne import MutationType, QueryType
from graphql import GraphQLResolveInfo

from billing import execute, store
from billing.domain import periods, subscriptions
from billing.domain.meters import GRAIN_MS, MINUTE_MS
from billing.domain.subscriptions import DEFAULT_CURRENCY, Subscribed, Version
from billing.store import USAGE_ROWS_MAX, Asked
from common import clock
from common.errors import SERVICE_UNAVAILABLE, UNAUTHENTICATED, Refused, bad_input, forbidden, not_found
from common.events import Actor
from common.graphs import Context, Graph, load_schema
from common.service import Runtime
from common.stream import Stream
from contracts.access import Path, Principal, Role, at_least, effective_role
from contracts.names import environment_kind
from proof import rating

Info = GraphQLResolveInfo[Context]
DEFAULT_SPAN: Final = {"MINUTE": 3 * 60 * MINUTE_MS, "HOUR": 48 * 60 * MINUTE_MS, "DAY": 31 * 24 * 60 * MINUTE_MS}


def graph(runtime: Runtime) -> Graph:
    """The resolvers over a running service."""
    answers = Answers(runtime)
    query, mutation = QueryType(), MutationType()
    query.set_field("ratePlan", answers.rate_plan)
    query.set_field("ratePlans", answers.rate_plans)
    query.set_field("usage", answers.usage)
    query.set_field("invoice", answers.invoice)
    query.set_field("invoices", answers.invoices)
    mutation.set_field("setRatePlan", answers.set_rate_plan)
    return Graph(load_schema("billing", query, mutation), list(runtime.runners.values()))


class Answers:
    """Resolvers; each checks first what the caller may see, from billing's own read model."""

    def __init__(self, runtime: Runtime) -> None:
        self._log = runtime.log
        self._database = runtime.database
        self._runners = runtime.runners
        self._calls = Stream(runtime.nats, store.USAGE_PROJECTION.stream)

    async def set_rate_plan(self, _: Any, info: Info, *, instance: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The next version of the plan of an instance, from the next minute on, or at once before prod exists."""
        caller = _caller(info)
        await self._read_back(await self._log.last_position())
        client = plan.get("client")
        async with self._database.reading() as connection:
            found = await self._instance(connection, caller, instance, "editor")
            payer = await store.client(connection, client) if client is not None else None
        if found.removed:
            raise not_found("Instance", instance)
        if client is not None and (payer is None or payer.project != found.project or payer.removed):
            raise not_found("Client", client)
        currency = plan.get("currency")
        if currency is None:
            currency = payer.currency if payer else DEFAULT_CURRENCY
        price = "0" if plan.get("price") is None else plan["price"]
        wanted = subscriptions.terms(plan["kind"], price=price, currency=currency, client=client)
        if payer is not None:
            subscriptions.needs_currency_of(payer.currency, wanted)
        subscribed = Subscribed(instance, found.organisation, found.project, found.service, live=found.live)
        actor = Actor(type="user", id=caller.id, via=caller.via)
        cause = info.context.cause(str(info.path.key), actor)
        assigned = await execute.assign(self._log, subscribed, wanted, cause)
        info.context.position = max(info.context.position, assigned.position)
        await self._read_back(assigned.position)
        return _plan(assigned.version)

    async def rate_plan(self, _: Any, info: Info, *, instance: str) -> dict[str, Any] | None:
        """The newest version of the plan; null before the first."""
        plans = await self.rate_plans(None, info, instance=instance)
        return plans[-1] if plans else None

    async def rate_plans(self, _: Any, info: Info, *, instance: str) -> list[dict[str, Any]]:
        """All versions of the plan, oldest first."""
        async with self._database.reading() as connection:
            await self._instance(connection, _caller(info), instance, "viewer")
        return await self._plans(instance)

    async def usage(self, _: Any, info: Info, *, grain: str, **wanted: Any) -> list[dict[str, Any]]:
        """Sums by environment, client, class and grain."""
        asked = _asked(grain, wanted)
        caller = _caller(info)
        async with self._database.reading() as connection:
            await self._may_see(connection, caller, asked)
        await self._settle()
        async with self._database.reading() as connection:
            rows = await store.usage(connection, asked)
        if len(rows) > USAGE_ROWS_MAX:
            message = f"More than {USAGE_ROWS_MAX} rows."
            raise bad_input(message, "Ask for a shorter time or a coarser grain.", reason="TOO_LONG", field="from")
        return [_usage(row, grain) for row in rows]

    async def invoice(
        self, _: Any, info: Info, *, project: str, client: str | None = None, period: str | None = None
    ) -> dict[str, Any]:
        """The draft of one payer in his own currency."""
        caller = _caller(info)
        async with self._database.reading() as connection:
            await self._project(connection, caller, project, "viewer")
        await self._settle()
        async with self._database.reading() as connection:
            found = await self._project(connection, caller, project, "viewer")
            payer = await store.client(connection, client) if client is not None else None
            if client is not None and (payer is None or payer.project != project):
                raise not_found("Client", client)
            zone = payer.time_zone if payer else execute.ORGANISATION_ZONE
            label = periods.label_at(execute.milliseconds(), zone) if period is None else period
            book = await execute.ledger(connection, found, label)
        return _invoice(execute.drafts(book, client, label)[0])

    async def invoices(self, _: Any, info: Info, *, project: str, period: str | None = None) -> list[dict[str, Any]]:
        """The drafts of everybody who owes something."""
        caller = _caller(info)
        async with self._database.reading() as connection:
            await self._project(connection, caller, project, "viewer")
        await self._settle()
        now_ms = execute.milliseconds()
        async with self._database.reading() as connection:
            found = await self._project(connection, caller, project, "viewer")
            label = periods.label_at(now_ms, execute.ORGANISATION_ZONE) if period is None else period
            book = await execute.ledger(connection, found, label)
        return [
            _invoice(document)
            for client, label in execute.payers(book, period, now_ms)
            for document in execute.drafts(book, client, label)
        ]

    # --- what the resolvers share -----------------------------------------------------------------------------------

    async def _plans(self, instance: str) -> list[dict[str, Any]]:
        async with self._database.reading() as connection:
            found = await store.plans(connection, [instance])
        return [_plan(version) for version in found.get(instance, ())]

    async def _settle(self) -> None:
        await execute.settle(self._runners[store.USAGE_PROJECTION.name], self._calls, self._database)

    async def _read_back(self, position: int) -> None:
        for name in (store.PLANS_PROJECTION.name, store.DIRECTORY_PROJECTION.name):
            if not await self._runners[name].wait_for(position):
                message = f"What was written up to position {position} is not yet visible."
                raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="NOT_YET")

    async def _instance(self, connection: Any, caller: Principal, id: str, needed: Role) -> sa.Row[Any]:
        found = await store.instance(connection, id)
        place = await store.project(connection, found.project) if found is not None else None
        if found is None or not _allowed(caller, place, needed):
            raise not_found("Instance", id)
        return found

    async def _project(self, connection: Any, caller: Principal, id: str, needed: Role) -> sa.Row[Any]:
        found = await store.project(connection, id)
        if found is None or not _allowed(caller, found, needed):
            raise not_found("Project", id)
        return found

    async def _may_see(self, connection: Any, caller: Principal, asked: Asked) -> None:
        if asked.project is not None:
            await self._project(connection, caller, asked.project, "viewer")
        if asked.instance is not None:
            await self._instance(connection, caller, asked.instance, "viewer")
        if asked.service is not None:
            service = await store.service(connection, asked.service)
            path = Path(organisation=service.organisation) if service is not None else None
            if path is None or effective_role(path, caller) is None:
                raise not_found("Service", asked.service)


def _allowed(caller: Principal, project: sa.Row[Any] | None, needed: Role) -> bool:
    """Whether the caller may; False when he may not even see it. Refuses FORBIDDEN when he only sees it."""
    if project is None:
        return False
    path = Path(organisation=project.organisation, restricted=project.restricted, elements=(f"project:{project.id}",))
    role = effective_role(path, caller)
    if role is not None and not at_least(role, needed):
        raise forbidden(
            f"This needs the role {needed} on the project; yours is {role}.", "Ask an admin of the project."
        )
    return role is not None


def _caller(info: Info) -> Principal:
    caller = Principal.model_validate(info.context.principal)
    if caller.kind != "user":
        raise Refused(UNAUTHENTICATED, "Sign in first.", "Send a session or personal access token.")
    return caller


def _asked(grain: str, wanted: Mapping[str, Any]) -> Asked:
    named = [name for name in ("project", "instance", "service") if wanted.get(name)]
    if len(named) != 1:
        message = f"{len(named)} of project, instance and service are given."
        raise bad_input(message, "Name exactly one of them.", field="project")
    until_ms = _instant(wanted.get("to"), "to") or execute.milliseconds() + MINUTE_MS
    from_ms = _instant(wanted.get("from"), "from")
    if from_ms is None:
        from_ms = (until_ms - DEFAULT_SPAN[grain]) // GRAIN_MS[grain] * GRAIN_MS[grain]
    if from_ms > until_ms:
        raise bad_input("`from` lies after `to`.", field="from")
    environment = wanted.get("environment")
    kind = environment_kind(environment) if environment else None
    return Asked(grain, from_ms, until_ms, kind=kind, **{named[0]: wanted[named[0]]})


def _instant(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        return int(clock.parse(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        hint = "Write it like 2026-11-20T10:00:00Z."
        raise bad_input(f"{str(text)[:60]!r} is no time with a zone.", hint, field=field) from None


def _plan(version: Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "instance": version.instance,
        "kind": version.terms.kind,
        "price": rating.plain(version.terms.price),
        "currency": version.terms.currency,
        "client": version.terms.client,
        "effectiveAt": periods.text(version.effective_ms),
    }


def _usage(row: Mapping[str, Any], grain: str) -> dict[str, Any]:
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


def _invoice(document: bytes) -> dict[str, Any]:
    draft = orjson.loads(document)
    return {
        "id": draft["id"],
        "status": draft["status"],
        "client": draft["client"].get("id"),
        "clientName": draft["client"]["name"],
        "project": draft["project"],
        "currency": draft["currency"],
        "timeZone": draft["time_zone"],
        "period": draft["period"]["label"],
        "from": draft["period"]["from"],
        "to": draft["period"]["to"],
        "lines": [_line(line) for line in draft["lines"]],
        "subtotal": draft["subtotal"],
        "calls": int(draft["calls"]),
        "cutoff": int(draft["cutoff"]["calls"]),
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": line["n"],
        "code": line["code"],
        "instance": line["instance"],
        "serviceName": line["service"],
        "plan": line["plan"],
        "quantity": int(line["quantity"]),
        "unitPrice": line["unit_price"],
        "exact": line["exact"],
        "amount": line["amount"],
    }
