"""Services in a project: which, at what price, open to whom, and which version where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from console.declaration import accounts
from console.declaration.present import Present, Price, Used
from console.declaration.project import ENVIRONMENTS, Declaration, Plan, Service, fold
from console.declaration.steps import Around, Foreseen, Found, Offered, Removal, Risk, Step, Trouble, Wait

NUMBERS: Final = {
    "callsPerSecond": "calls a second",
    "callsPerDay": "calls a day",
    "databaseMegabytes": "database megabytes",
}


def services(
    declared: Declaration,
    here: Present,
    around: Around,
    foreseen: Mapping[tuple[str, str], Foreseen],
    *,
    guarded: bool,
) -> Iterator[Found]:
    """Services that are missing, what is different about those that are there, and those the file does not have."""
    if declared.services is None:
        return
    taken: set[tuple[str, str]] = set()
    for number, wanted in enumerate(declared.services):
        there = _resolved(wanted, here, around)
        if isinstance(there, str):
            yield Trouble(("services", number, "service"), there)
            continue
        place = (there.organisation, there.service)
        if place in taken:
            yield Trouble(("services", number, "service"), f"{wanted.service} stands in the file twice.")
            continue
        taken.add(place)
        if isinstance(there, Offered):
            if there.retired:
                message = f"{wanted.service} is retired: no project can take it any more."
                yield Trouble(("services", number, "service"), message)
                continue
            what = f"Add the service {wanted.service} of {there.organisation}: {there.published} goes to dev."
            yield Step("add_service", wanted.service, what, values={"id": there.id, "service": place})
        used = _new(there) if isinstance(there, Offered) else there
        yield from _price(declared, here, number, wanted.plan, used)
        yield from _access(wanted, used)
        yield from _caps(wanted, used)
        yield from _versions(number, wanted, used, _published(used, around), foreseen, guarded=guarded)
    for used in here.services:
        if (used.organisation, used.service) not in taken:
            yield _removed(used, here)


def deployments(declared: Declaration, here: Present) -> list[tuple[str, str, str]]:
    """Instance, environment and version wherever something else should run on what is there."""
    found = []
    for wanted in declared.services or ():
        there = _resolved(wanted, here, Around(""))
        if isinstance(there, Used):
            found += [(there.id, environment, version) for environment, version in _wanted(wanted, there)]
    return found


def _resolved(wanted: Service, here: Present, around: Around) -> Used | Offered | str:
    """The service that is meant, in the project or among those offered; or why it cannot be said."""

    def fits(each: Used | Offered) -> bool:
        return each.service == wanted.service and wanted.organisation in (None, each.organisation)

    found: dict[str, Used | Offered] = {each.organisation: each for each in around.services if fits(each)}
    found |= {each.organisation: each for each in here.services if fits(each)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        return f"{wanted.service} is offered by {', '.join(sorted(found))}. Say which `organisation` is meant."
    whose = f" of {wanted.organisation}" if wanted.organisation else ""
    return f"You see no service {wanted.service}{whose}."


def _new(offered: Offered) -> Used:
    """The service just after it was added."""
    versions = {each: offered.published if each == "dev" else None for each in ENVIRONMENTS}
    return Used("", offered.service, offered.organisation, {}, versions, dict.fromkeys(ENVIRONMENTS, "key"))


def _published(used: Used, around: Around) -> tuple[str, ...] | None:
    same = (used.organisation, used.service)
    return next((each.versions for each in around.services if (each.organisation, each.service) == same), None)


# --- prices -------------------------------------------------------------------------------------------------------


def _price(declared: Declaration, here: Present, number: int, wanted: Plan | None, used: Used) -> Iterator[Found]:
    if wanted is None:
        return
    if wanted.kind == "not-billable":
        if used.plan.kind != "not-billable":
            yield _priced(used, Price("not-billable"))
        return
    currency = accounts.currency_of(declared, here, wanted.client) if wanted.client else accounts.CURRENCY
    if currency is None:
        message = f"{declared.project} has no client {wanted.client!r}."
        yield Trouble(("services", number, "plan", "client"), message)
        return
    if wanted.client and wanted.currency not in (None, currency):
        message = f"{wanted.client} pays in {currency}, not in {wanted.currency}."
        yield Trouble(("services", number, "plan", "currency"), message)
        return
    price = Price(wanted.kind, wanted.price, wanted.currency or currency, wanted.client)
    if _compared(price) != _compared(used.plan):
        yield _priced(used, price)


def _compared(plan: Price) -> tuple[str, str | None, str | None, str]:
    return (plan.kind, plan.price, plan.currency, fold(plan.client or ""))


def _priced(used: Used, plan: Price) -> Step:
    unit = {"pay-per-call": "a call", "monthly": "a month"}.get(plan.kind)
    whose = f", paid by {plan.client}" if plan.client else ""
    told = f"{plan.price} {plan.currency} {unit}{whose}" if unit else "nothing"
    said: dict[str, Any] = {"kind": plan.kind.upper().replace("-", "_")}
    said |= {name: value for name, value in (("price", plan.price), ("currency", plan.currency)) if value is not None}
    values = {"service": (used.organisation, used.service), "plan": said, "client": plan.client}
    what = f"{used.service} costs {told} from the next minute on."
    return Step("set_plan", used.service, what, "hazardous", values=values)


# --- environments -------------------------------------------------------------------------------------------------


def _access(wanted: Service, used: Used) -> Iterator[Found]:
    for name in ENVIRONMENTS:
        place = getattr(wanted.environments, name, None)
        if place is None or place.access is None or place.access == used.access.get(name, "key"):
            continue
        risk: Risk = "safe" if place.access == "key" else "hazardous"
        who = {"key": "whoever has a key", "organisation": "members of the organisation", "public": "everybody"}
        values = {"service": (used.organisation, used.service), "environment": name, "mode": place.access}
        what = f"Open {name} of {used.service} to {who[place.access]}."
        yield Step("set_access", f"{used.service} {name}", what, risk, values=values)


def _caps(wanted: Service, used: Used) -> Iterator[Found]:
    """Caps that are other ones; what a file does not say among them is none."""
    for name in ENVIRONMENTS:
        place = getattr(wanted.environments, name, None)
        if place is None or place.caps is None:
            continue
        said = place.caps.model_dump(by_alias=True)
        there = used.caps.get(name, {})
        if {key: number for key, number in said.items() if number is not None} == there:
            continue
        lower = any(number is not None and number < there.get(key, number + 1) for key, number in said.items())
        numbers = ", ".join(f"{NUMBERS[key]} {number}" for key, number in said.items() if number is not None)
        values = {"service": (used.organisation, used.service), "environment": name, "input": said}
        what = f"Cap {name} of {used.service}: {numbers or 'no caps'}."
        yield Step("set_caps", f"{used.service} {name}", what, "hazardous" if lower else "safe", values=values)


def _wanted(wanted: Service, used: Used) -> Iterator[tuple[str, str]]:
    """Environment and version wherever another one should run, or the one that should could not be deployed."""
    for name in ENVIRONMENTS:
        place = getattr(wanted.environments, name, None)
        if place is not None and place.version is not None:
            there = None if name in used.failed else used.versions.get(name)
            if place.version != there:
                yield name, place.version


def _versions(
    number: int,
    wanted: Service,
    used: Used,
    published: tuple[str, ...] | None,
    foreseen: Mapping[tuple[str, str], Foreseen],
    *,
    guarded: bool,
) -> Iterator[Found]:
    for name, version in _wanted(wanted, used):
        path = ("services", number, "environments", name, "version")
        if published is not None and version not in published:
            yield Trouble(path, f"{used.service} has no published version {version}: {', '.join(published[:10])}.")
            continue
        seen = foreseen.get((used.id, name), Foreseen())
        if seen.problems:
            yield Trouble(path, f"{name} of {used.service} cannot get {version}: {seen.problems[0]}")
            continue
        asks = guarded and name == "prod"
        if asks and used.asked.get(name) == version:
            yield Wait(f"{used.service} {version} waits for approval on {name}.")
            continue
        yield _deployed(used, name, version, seen, asks=asks)


def _deployed(used: Used, name: str, version: str, seen: Foreseen, *, asks: bool) -> Found:
    before = used.versions.get(name)
    verb = "Ask for" if asks else "Deploy"
    noticed = f" {seen.breaking} change(s) can break callers." if seen.breaking else ""
    noticed += f" {seen.broken} operation(s) that were called lately would be refused." if seen.broken else ""
    loses = tuple(f"{path}: {rows} row(s) go to the trash of the environment" for path, rows in seen.losses if rows)
    risk: Risk = "destructive" if loses else "hazardous" if noticed or name == "prod" else "safe"
    values = {
        "service": (used.organisation, used.service),
        "environment": name,
        "version": version,
        "force": bool(loses),
        "asks": asks,
    }
    what = f"{verb} {used.service} {version} on {name}, where {before or 'nothing'} runs.{noticed}"
    step = Step("deploy", f"{used.service} {name}", what, risk, loses, values)
    return Removal(step) if loses else step


def _removed(used: Used, here: Present) -> Removal:
    places = [f"{name} ({version})" for name, version in used.versions.items() if version]
    what = f"Remove the service {used.service} from {here.slug}."
    loses = (f"the databases of {used.service} with all their data: {', '.join(places) or 'nothing runs yet'}",)
    return Removal(Step("remove_service", used.service, what, "destructive", loses, {"id": used.id}))
