"""What is declared about a project now, as the control API tells it; and the same as a declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from console.declaration import project as file
from console.declaration.project import ENVIRONMENTS, Declaration

FORGOTTEN: Final = "(forgotten)"
"""What the API calls somebody whose name is no longer known."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """A role somebody holds. `guest`: he holds it because he accepted the invitation of a client."""

    grant: str
    user: str
    name: str
    role: str
    guest: bool = False


@dataclass(frozen=True)
class Invited:
    """Somebody who was asked for a client, and has not been taken out since."""

    id: str
    email: str
    open: bool
    """Nobody has accepted it yet."""
    grant: str | None = None
    """The role it led to."""


@dataclass(frozen=True)
class Payer:
    """A client."""

    id: str
    name: str
    email: str | None
    currency: str
    zone: str
    invited: tuple[Invited, ...] = ()


@dataclass(frozen=True)
class Price:
    """A rate plan in the words of a file; `client` is a name, None also for one that is gone."""

    kind: str
    price: str | None = None
    currency: str | None = None
    client: str | None = None


@dataclass(frozen=True)
class Used:
    """A service in the project."""

    id: str
    service: str
    organisation: str
    places: Mapping[str, str]
    """Id by environment."""
    versions: Mapping[str, str | None]
    access: Mapping[str, str]
    plan: Price = field(default_factory=lambda: Price("not-billable"))
    asked: Mapping[str, str] = field(default_factory=dict)
    """Version that waits for approval, by environment."""
    caps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Numbers by environment."""
    failed: frozenset[str] = frozenset()
    """Environments on which the declared version could not be deployed."""


@dataclass(frozen=True)
class Opener:
    """A key that opens something."""

    id: str
    name: str
    kind: str
    client: str | None
    expires_at: str | None


@dataclass(frozen=True)
class Hook:
    """A webhook. `stopped`: nobody asked for it, but it is told nothing."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str | None
    enabled: bool
    stopped: bool = False


@dataclass(frozen=True)
class Present:
    """A project as it is declared."""

    id: str
    slug: str
    name: str
    description: str | None
    restricted: bool
    approvals: bool
    names: Mapping[str, str]
    people: tuple[Person, ...] = ()
    clients: tuple[Payer, ...] = ()
    services: tuple[Used, ...] = ()
    keys: tuple[Opener, ...] = ()
    webhooks: tuple[Hook, ...] = ()


@dataclass(frozen=True)
class Running:
    """What other parts of the control API say of an instance: its plan, what runs, and limits by environment."""

    plan: Json | None
    environments: Json
    limits: Json


def present(
    project: Json,
    *,
    people: Sequence[Json],
    around: Json,
    running: Mapping[str, Running],
    now: datetime,
) -> Present:
    """What the answers of `documents` mean; `running` by instance.

    Keys that are revoked or over are not there.
    """
    grants = {each["user"]["id"]: each["id"] for each in people}
    clients = tuple(_payer(each, around["invitations"], grants) for each in project["clients"])
    guests = {invited.grant for client in clients for invited in client.invited if invited.grant}
    called = {each.id: each.name for each in clients}
    return Present(
        id=project["id"],
        slug=project["slug"],
        name=project["name"],
        description=project["description"],
        restricted=project["restricted"],
        approvals=project["approvals"],
        names=dict(project["environmentNames"]),
        people=tuple(_person(each, guests) for each in people if each["user"]["username"] != FORGOTTEN),
        clients=clients,
        services=tuple(_used(each, running[each["id"]], called) for each in project["instances"]),
        keys=tuple(
            Opener(each["id"], each["name"], each["kind"], _client(each, called), each["expiresAt"])
            for each in project["keys"]
            if not each["revoked"] and not over(each["expiresAt"], now)
        ),
        webhooks=tuple(_hook(each) for each in around["webhooks"]),
    )


def over(expires_at: str | None, now: datetime) -> bool:
    """Whether that end has come."""
    return expires_at is not None and datetime.fromisoformat(expires_at) <= now


def declaration(found: Present) -> Declaration:
    """The whole of it as a file says it, in an order that does not depend on who asks or when."""
    people = sorted((each for each in found.people if not each.guest), key=lambda each: file.fold(each.name))
    keys = sorted(
        found.keys, key=lambda each: (each.kind != "project", each.client or "", each.name, each.expires_at or "")
    )
    return Declaration(
        format=file.FORMAT,
        project=found.slug,
        name=found.name,
        description=found.description,
        restricted=found.restricted,
        approvals=found.approvals,
        environment_names=file.EnvironmentNames(**found.names),
        members=tuple(file.Member.model_validate({"user": each.name, "role": each.role}) for each in people),
        clients=tuple(_said_client(each) for each in sorted(found.clients, key=lambda each: file.fold(each.name))),
        services=tuple(
            _said_service(each) for each in sorted(found.services, key=lambda each: (each.service, each.organisation))
        ),
        keys=tuple(
            file.Key.model_validate(
                {"name": each.name, "kind": each.kind, "client": each.client, "expiresAt": each.expires_at}
            )
            for each in keys
        ),
        webhooks=tuple(
            file.Webhook(url=each.url, types=each.types, description=each.description, enabled=each.enabled)
            for each in sorted(
                found.webhooks, key=lambda each: (each.url, each.types, each.description or "", each.enabled)
            )
        ),
    )


def _person(each: Json, guests: set[str]) -> Person:
    guest = each["role"] == "viewer" and each["id"] in guests
    return Person(each["id"], each["user"]["id"], each["user"]["username"], each["role"], guest)


def _payer(each: Json, invitations: Sequence[Json], grants: Mapping[str, str]) -> Payer:
    """A client and those asked for it: open, or accepted by somebody who is still there; the newest of an address."""
    asked: dict[str, Invited] = {}
    for invitation in invitations:
        mine = invitation["client"] is not None and invitation["client"]["id"] == each["id"]
        grant = grants.get(invitation["user"]["id"]) if invitation["user"] else None
        lives = invitation["status"] == "open" or (invitation["status"] == "accepted" and grant is not None)
        if mine and lives and invitation["email"]:
            found = Invited(invitation["id"], invitation["email"], invitation["status"] == "open", grant)
            known = asked.get(file.fold_address(found.email))
            if known is None or known.open:
                asked[file.fold_address(found.email)] = found
    return Payer(each["id"], each["name"], each["email"], each["currency"], each["timeZone"], tuple(asked.values()))


def _used(each: Json, running: Running, called: Mapping[str, str]) -> Used:
    here = {place["name"]: place for place in each["environments"]}
    return Used(
        id=each["id"],
        service=each["service"]["slug"],
        organisation=each["service"]["organisation"]["slug"],
        places={name: place["id"] for name, place in here.items()},
        versions={name: place["version"] for name, place in here.items()},
        access={name: place["access"] for name, place in here.items()},
        plan=_price(running.plan, called),
        asked={
            request["environment"]: request["version"] for request in each["requests"] if request["state"] == "OPEN"
        },
        failed=frozenset(name for name, place in running.environments.items() if place["state"] == "failed"),
        caps={
            name: {member: number for member, number in told["caps"].items() if number is not None}
            for name, told in running.limits.items()
        },
    )


def _price(plan: Json | None, called: Mapping[str, str]) -> Price:
    if plan is None or plan["kind"] == "NOT_BILLABLE":
        return Price("not-billable")
    kind = plan["kind"].lower().replace("_", "-")
    return Price(kind, plan["price"], plan["currency"], called.get(plan["client"]))


def _client(key: Json, called: Mapping[str, str]) -> str | None:
    return called.get(key["client"]["id"]) if key["client"] else None


def _hook(each: Json) -> Hook:
    return Hook(
        id=each["id"],
        url=each["url"],
        types=tuple(each["types"]),
        description=each["description"],
        enabled=each["disabled"] != "requested",
        stopped=each["disabled"] not in (None, "requested"),
    )


def _said_client(each: Payer) -> file.Client:
    invited = tuple(sorted((one.email for one in each.invited), key=file.fold_address))
    return file.Client(name=each.name, email=each.email, currency=each.currency, time_zone=each.zone, invited=invited)


def _said_service(each: Used) -> file.Service:
    places = {
        name: file.Environment.model_validate(
            {"version": each.versions.get(name), "access": each.access[name], "caps": each.caps.get(name) or None}
        )
        for name in ENVIRONMENTS
        if name in each.access
    }
    return file.Service(
        service=each.service,
        organisation=each.organisation,
        environments=file.Environments(**places),
        plan=_said_plan(each.plan),
    )


def _said_plan(plan: Price) -> file.Plan | None:
    """A monthly price whose client is gone is owed by nobody: it cannot be declared again."""
    if plan.kind == "monthly" and plan.client is None:
        return None
    return file.Plan.model_validate(
        {"kind": plan.kind, "price": plan.price, "currency": plan.currency, "client": plan.client}
    )
