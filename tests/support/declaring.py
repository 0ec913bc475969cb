"""What the control API makes of the steps of a declaration, without the control API: the same rules on a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from console.declaration.present import Hook, Invited, Opener, Payer, Person, Present, Price, Used
from console.declaration.project import ENVIRONMENTS, fold
from console.declaration.steps import Around, Step

ME: Final = "ann"


@dataclass
class World:
    """A project, or none yet, and what is around it."""

    around: Around
    project: Present | None = None
    made: int = 0
    first_keys: dict[str, str] = field(default_factory=dict)

    def do(self, steps: Iterable[Step]) -> None:
        """All of them, in order. A step that the control API would refuse fails an assertion."""
        for step in steps:
            getattr(self, f"_{step.action}")(**step.values)

    @property
    def here(self) -> Present:
        """The project, which must be there."""
        assert self.project is not None
        return self.project

    def _new(self) -> str:
        self.made += 1
        return f"new{self.made}"

    def _set(self, **changes: Any) -> None:
        self.project = replace(self.here, **changes)

    # --- the project ----------------------------------------------------------------------------------------------

    def _create_project(self, input: dict[str, Any]) -> None:
        assert self.project is None
        creator = Person(self._new(), "user-ann", ME, "admin")
        names = {each: each for each in ENVIRONMENTS}
        words = (input["slug"], input["name"], input.get("description"))
        closed = input.get("restricted", False)
        self.project = Present(self._new(), *words, closed, approvals=False, names=names, people=(creator,))

    def _update_project(self, input: dict[str, Any]) -> None:
        self._set(**input)

    def _configure_project(self, input: dict[str, Any]) -> None:
        names = {**self.here.names, **input.get("environmentNames", {})}
        called = {each: name or each for each, name in names.items()}
        self._set(approvals=input.get("approvals", self.here.approvals), names=called)

    # --- clients --------------------------------------------------------------------------------------------------

    def _payer(self, name: str) -> Payer:
        (found,) = [each for each in self.here.clients if fold(each.name) == fold(name)]
        return found

    def _add_client(self, input: dict[str, Any]) -> None:
        name = input["name"]
        assert fold(name) not in {fold(each.name) for each in self.here.clients}
        terms = (input.get("currency", "EUR"), input.get("timeZone", "UTC"))
        key = Opener(self._new(), "client", "client", name, None)
        self.first_keys[fold(name)] = key.id
        client = Payer(self._new(), name, input.get("email"), *terms)
        self._set(clients=(*self.here.clients, client), keys=(*self.here.keys, key))

    def _remove_client(self, id: str) -> None:
        (gone,) = [each for each in self.here.clients if each.id == id]
        self._set(
            clients=tuple(each for each in self.here.clients if each != gone),
            keys=tuple(each for each in self.here.keys if each.client != gone.name),
            services=tuple(
                replace(each, plan=replace(each.plan, client=None)) if each.plan.client == gone.name else each
                for each in self.here.services
            ),
        )

    def _invite(self, client: str, email: str) -> None:
        payer = self._payer(client)
        other = replace(payer, invited=(*payer.invited, Invited(self._new(), email, open=True)))
        self._set(clients=tuple(other if each == payer else each for each in self.here.clients))

    def _withdraw_invitation(self, id: str) -> None:
        assert any(one.id == id and one.open for each in self.here.clients for one in each.invited)
        self._forget(lambda one: one.id == id)

    def _forget(self, which: Any) -> None:
        self._set(
            clients=tuple(
                replace(each, invited=tuple(one for one in each.invited if not which(one)))
                for each in self.here.clients
            )
        )

    # --- services -------------------------------------------------------------------------------------------------

    def _change(self, service: tuple[str, str], **changes: Any) -> None:
        (used,) = [each for each in self.here.services if (each.organisation, each.service) == service]
        other = replace(used, **changes)
        self._set(services=tuple(other if each == used else each for each in self.here.services))

    def _used(self, service: tuple[str, str]) -> Used:
        (found,) = [each for each in self.here.services if (each.organisation, each.service) == service]
        return found

    def _add_service(self, id: str, service: tuple[str, str]) -> None:
        (offered,) = [each for each in self.around.services if each.id == id]
        assert service not in {(each.organisation, each.service) for each in self.here.services}
        assert not offered.retired
        versions = {"dev": offered.published, "stage": None, "prod": None}
        keys = dict.fromkeys(ENVIRONMENTS, "key")
        new = Used(self._new(), offered.service, offered.organisation, {}, versions, keys)
        self._set(services=(*self.here.services, new))

    def _remove_service(self, id: str) -> None:
        left = tuple(each for each in self.here.services if each.id != id)
        assert len(left) == len(self.here.services) - 1
        self._set(services=left)

    def _set_plan(self, service: tuple[str, str], plan: dict[str, Any], client: str | None) -> None:
        kind = plan["kind"].lower().replace("_", "-")
        if kind == "not-billable":
            self._change(service, plan=Price(kind))
            return
        payer = self._payer(client) if client else None
        assert kind != "monthly" or payer
        assert payer is None or payer.currency == plan["currency"]
        self._change(service, plan=Price(kind, plan["price"], plan["currency"], payer.name if payer else None))

    def _set_access(self, service: tuple[str, str], environment: str, mode: str) -> None:
        self._change(service, access={**self._used(service).access, environment: mode})

    def _set_caps(self, service: tuple[str, str], environment: str, input: dict[str, int | None]) -> None:
        caps = {name: number for name, number in input.items() if number is not None}
        self._change(service, caps={**self._used(service).caps, environment: caps})

    def _deploy(self, *, service: tuple[str, str], environment: str, version: str, force: bool, asks: bool) -> None:
        assert not force, "nothing was foreseen"
        used = self._used(service)
        if self.here.approvals and environment == "prod":
            assert asks
            self._change(service, asked={**used.asked, environment: version})
        else:
            assert not asks
            self._change(service, versions={**used.versions, environment: version}, failed=used.failed - {environment})

    # --- keys, webhooks -------------------------------------------------------------------------------------------

    def _create_key(self, name: str, kind: str, client: str | None, expiresAt: str | None) -> None:  # noqa: N803 - as the API has it
        key = Opener(self._new(), name, kind, self._payer(client).name if client else None, expiresAt)
        self._set(keys=(*self.here.keys, key))

    def _revoke_key(self, id: str | None = None, client: str = "", name: str = "") -> None:
        gone = id or self.first_keys[fold(client)]
        left = tuple(each for each in self.here.keys if each.id != gone)
        assert len(left) == len(self.here.keys) - 1, name
        self._set(keys=left)

    def _add_webhook(self, *, input: dict[str, Any], enabled: bool) -> None:
        hook = Hook(self._new(), input["url"], tuple(input["types"]), input["description"], enabled)
        self._set(webhooks=(*self.here.webhooks, hook))

    def _hook(self, id: str, **changes: Any) -> None:
        assert id in {each.id for each in self.here.webhooks}
        self._set(webhooks=tuple(replace(each, **changes) if each.id == id else each for each in self.here.webhooks))

    def _update_webhook(self, id: str, input: dict[str, Any]) -> None:
        self._hook(id, types=tuple(input["types"]), description=input["description"] or None)

    def _switch_webhook(self, *, id: str, enabled: bool) -> None:
        self._hook(id, enabled=enabled)

    def _remove_webhook(self, id: str) -> None:
        left = tuple(each for each in self.here.webhooks if each.id != id)
        assert len(left) == len(self.here.webhooks) - 1
        self._set(webhooks=left)

    # --- people ---------------------------------------------------------------------------------------------------

    def _add_member(self, user: str, role: str) -> None:
        assert user in self.around.users.values()
        name = user.removeprefix("user-")
        assert name not in {each.name for each in self.here.people}
        self._set(people=(*self.here.people, Person(self._new(), user, name, role)))

    def _change_member(self, grant: str, user: str, role: str, **_: bool) -> None:
        who = self._holder(grant, user)
        guests = {one.grant for each in self.here.clients for one in each.invited}
        other = replace(who, role=role, guest=role == "viewer" and who.grant in guests)
        self._people(tuple(other if each == who else each for each in self.here.people))

    def _remove_member(self, grant: str, user: str = "", **_: bool) -> None:
        who = self._holder(grant, user)
        self._people(tuple(each for each in self.here.people if each != who))
        self._forget(lambda one: one.grant == who.grant)

    def _holder(self, grant: str, user: str) -> Person:
        if not grant:
            (found,) = [each for each in self.here.people if fold(each.name) == fold(user)]
            return found
        (found,) = [each for each in self.here.people if each.grant == grant]
        return found

    def _people(self, people: tuple[Person, ...]) -> None:
        assert any(each.role == "admin" for each in people), "somebody is admin"
        mine = [each for each in self.here.people if each.name == ME]
        assert [each.role for each in mine] == ["admin"], "whoever applies it can still do so"
        self._set(people=people)
