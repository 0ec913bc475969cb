"""Rate plans and usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billing import execute
from billing.api.desk import Desk, Info, caller_of, cause_of
from billing.api.shown import plan_shown, usage_shown
from billing.domain import subscriptions
from billing.domain.meters import GRAIN_MS, MINUTE_MS
from billing.domain.subscriptions import DEFAULT_CURRENCY, PLATFORM_PLAN, Subscribed, Terms
from billing.store import questions
from billing.store.questions import USAGE_ROWS_MAX, Asked
from common import clock
from common.errors import bad_input, forbidden, not_found
from contracts.access import Path, Principal, effective_role
from contracts.names import PLATFORM, environment_kind

DEFAULT_SPAN: Final = {"MINUTE": 3 * 60 * MINUTE_MS, "HOUR": 48 * 60 * MINUTE_MS, "DAY": 31 * 24 * 60 * MINUTE_MS}


class Plans:
    """Resolvers; each checks first what the caller may see, from billing's own read model."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def set_rate_plan(self, _: Any, info: Info, *, instance: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The next version of the plan of an instance, from the next minute on, or at once before prod exists."""
        caller = caller_of(info)
        await self._desk.read_all()
        client = plan.get("client")
        async with self._desk.database.reading() as connection:
            found = await self._desk.instance(connection, caller, instance, "editor")
            payer = await questions.client(connection, client) if client is not None else None
        if found.removed:
            raise not_found("Instance", instance)
        if client is not None and (payer is None or payer.project != found.project or payer.removed):
            raise not_found("Client", client)
        wanted = _terms(plan, payer.currency if payer else DEFAULT_CURRENCY, client)
        subscriptions.needs_somebody_who_pays(wanted)
        if payer is not None:
            subscriptions.needs_currency_of(payer.currency, wanted)
        subscribed = Subscribed(instance, found.organisation, found.project, found.service, live=found.live)
        return await self._assigned(info, caller, subscribed, wanted)

    async def set_platform_plan(self, _: Any, info: Info, *, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The next version of the plan of what no client owes. Refuses whoever is no operator."""
        caller = caller_of(info)
        if not caller.operator:
            raise forbidden("The platform's own plan is set by operators.", "Ask who runs this Mortise.")
        return await self._assigned(
            info, caller, Subscribed(PLATFORM_PLAN, PLATFORM, "", ""), _terms(plan, DEFAULT_CURRENCY, None)
        )

    async def rate_plan(self, _: Any, info: Info, *, instance: str) -> dict[str, Any] | None:
        """The newest version of the plan; null before the first."""
        plans = await self.rate_plans(None, info, instance=instance)
        return plans[-1] if plans else None

    async def rate_plans(self, _: Any, info: Info, *, instance: str) -> list[dict[str, Any]]:
        """All versions of the plan, oldest first."""
        async with self._desk.database.reading() as connection:
            await self._desk.instance(connection, caller_of(info), instance, "viewer")
        return await self._plans(instance)

    async def platform_plan(self, _: Any, info: Info) -> dict[str, Any] | None:
        """The newest version of the platform's own plan; null before the first."""
        caller_of(info)
        plans = await self._plans(PLATFORM_PLAN)
        return plans[-1] if plans else None

    async def usage(self, _: Any, info: Info, *, grain: str, **wanted: Any) -> list[dict[str, Any]]:
        """Sums by environment, client, class and grain."""
        asked = _asked(grain, wanted)
        caller = caller_of(info)
        async with self._desk.database.reading() as connection:
            await self._may_see(connection, caller, asked)
        await self._desk.settle()
        async with self._desk.database.reading() as connection:
            rows = await questions.usage(connection, asked)
        if len(rows) > USAGE_ROWS_MAX:
            message = f"More than {USAGE_ROWS_MAX} rows."
            raise bad_input(message, "Ask for a shorter time or a coarser grain.", reason="TOO_LONG", field="from")
        return [usage_shown(row, grain) for row in rows]

    async def _assigned(self, info: Info, caller: Principal, subscribed: Subscribed, wanted: Terms) -> dict[str, Any]:
        assigned = await execute.assign(self._desk.log, subscribed, wanted, cause_of(info, caller))
        await self._desk.wrote(info, assigned.position)
        return plan_shown(assigned.version)

    async def _plans(self, instance: str) -> list[dict[str, Any]]:
        async with self._desk.database.reading() as connection:
            found = await questions.plans(connection, [instance])
        return [plan_shown(version) for version in found.get(instance, ())]

    async def _may_see(self, connection: Any, caller: Principal, asked: Asked) -> None:
        if asked.project is not None:
            await self._desk.project(connection, caller, asked.project, "viewer")
        if asked.instance is not None:
            await self._desk.instance(connection, caller, asked.instance, "viewer")
        if asked.service is not None:
            service = await questions.service(connection, asked.service)
            path = Path(organisation=service.organisation) if service is not None else None
            if path is None or effective_role(path, caller) is None:
                raise not_found("Service", asked.service)


def _terms(plan: Mapping[str, Any], currency: str, client: str | None) -> Terms:
    price, said = plan.get("price"), plan.get("currency")
    return subscriptions.terms(
        plan["kind"],
        price="0" if price is None else price,
        currency=currency if said is None else said,
        client=client,
    )


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
