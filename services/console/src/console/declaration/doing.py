"""Does steps through the control API, one after the other, and keeps the ids of what is made on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from console import documents as common
from console import waiting
from console.client import Client
from console.declaration import documents
from console.declaration.present import Present
from console.declaration.project import fold
from console.declaration.steps import Step

Saw = Callable[[str], None]
Place = tuple[str, str]
"""Organisation and slug of a service."""


@dataclass
class Work:
    """A project while steps are done to it. `saw` is told what a deployment is at."""

    client: Client
    organisation: str | None
    saw: Saw = lambda _: None
    project: str = ""
    clients: dict[str, str] = field(default_factory=dict)
    """Id by folded name."""
    first_keys: dict[str, str] = field(default_factory=dict)
    """Id of the key that a new client was given, by the client's folded name."""
    instances: dict[Place, str] = field(default_factory=dict)

    def do(self, step: Step) -> dict[str, Any]:
        """Do one step: what there is to tell of it, secrets among it. Raises Failure."""
        return _DOERS[step.action](self, step.values)


def work(client: Client, organisation: str | None, found: Present | None) -> Work:
    """What is known of the project before the first step."""
    if found is None:
        return Work(client, organisation)
    return Work(
        client,
        organisation,
        project=found.id,
        clients={fold(each.name): each.id for each in found.clients},
        instances={(each.organisation, each.service): each.id for each in found.services},
    )


Values = Mapping[str, Any]


def _create_project(at: Work, values: Values) -> dict[str, Any]:
    made = at.client.ask(common.CREATE_PROJECT, input={**values["input"], "organisation": at.organisation})
    at.project = made["createProject"]["id"]
    return {"project": at.project}


def _update_project(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.UPDATE_PROJECT, project=at.project, input=values["input"])
    return {}


def _configure_project(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.CONFIGURE_PROJECT, project=at.project, input=values["input"])
    return {}


def _add_client(at: Work, values: Values) -> dict[str, Any]:
    made = at.client.ask(common.ADD_CLIENT, project=at.project, input=values["input"])["addClient"]
    name = fold(made["client"]["name"])
    at.clients[name] = made["client"]["id"]
    at.first_keys[name] = made["clientKey"]["key"]["id"]
    return {"client": made["client"]["id"], "secret": made["clientKey"]["secret"]}


def _remove_client(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.REMOVE_CLIENT, client=values["id"])
    return {}


def _invite(at: Work, values: Values) -> dict[str, Any]:
    wanted = {"email": values["email"], "client": at.clients[fold(values["client"])]}
    made = at.client.ask(common.INVITE_CLIENT, project=at.project, input=wanted)["inviteClient"]
    return {"invitation": made["id"], "until": made["expiresAt"]}


def _withdraw_invitation(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.WITHDRAW_INVITATION, invitation=values["id"])
    return {}


def _add_service(at: Work, values: Values) -> dict[str, Any]:
    made = at.client.ask(common.ADD_SERVICE, project=at.project, service=values["id"])["addService"]
    at.instances[values["service"]] = made["id"]
    version = next(each["version"] for each in made["environments"] if each["name"] == "dev")
    there = waiting.until_deployed(at.client, "dev", version, saw=at.saw, instance=made["id"])
    return {"instance": made["id"], "version": version, "url": waiting.data_url(at.client, there)}


def _remove_service(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.REMOVE_INSTANCE, instance=values["id"])
    return {}


def _set_plan(at: Work, values: Values) -> dict[str, Any]:
    payer = {"client": at.clients[fold(values["client"])]} if values["client"] else {}
    instance = at.instances[values["service"]]
    made = at.client.ask(common.SET_RATE_PLAN, instance=instance, plan={**values["plan"], **payer})["setRatePlan"]
    return {"from": made["effectiveAt"]}


def _set_access(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(documents.SET_ACCESS, environment=_environment(at, values), mode=values["mode"])
    return {}


def _set_caps(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.CAP_ENVIRONMENT, environment=_environment(at, values), input=values["input"])
    return {}


def _environment(at: Work, values: Values) -> str:
    known = at.client.ask(documents.PLACES, instance=at.instances[values["service"]])["instance"]["environments"]
    return next(str(each["id"]) for each in known if each["name"] == values["environment"])


def _deploy(at: Work, values: Values) -> dict[str, Any]:
    """Roll to the version and wait until it runs, or tell who has to approve it."""
    name, version, instance = values["environment"], values["version"], at.instances[values["service"]]
    before = waiting.newest(waiting.environments(at.client, instance=instance).get(name))
    wanted = {"instance": instance, "version": version, "environment": name, "force": values["force"]}
    made = at.client.ask(common.ROLL_INSTANCE, **wanted)["rollInstance"]
    open_ = [each for each in made["requests"] if each["state"] == "OPEN" and each["environment"] == name]
    declared = next(each["version"] for each in made["environments"] if each["name"] == name)
    if open_ and declared != version:
        return {"request": open_[0]["id"], "until": open_[0]["expiresAt"]}
    there = waiting.until_deployed(at.client, name, version, after=before, saw=at.saw, instance=instance)
    return {"version": version, "url": waiting.data_url(at.client, there)}


def _create_key(at: Work, values: Values) -> dict[str, Any]:
    payer = at.clients[fold(values["client"])] if values["client"] else None
    said = {"name": values["name"], "kind": values["kind"], "target": at.project, "client": payer}
    made = at.client.ask(common.CREATE_KEY, input={**said, "expiresAt": values["expiresAt"]})["createKey"]
    return {"key": made["key"]["id"], "secret": made["secret"]}


def _revoke_key(at: Work, values: Values) -> dict[str, Any]:
    key = values.get("id") or at.first_keys[fold(values["client"])]
    at.client.ask(common.REVOKE_KEY, key=key)
    return {}


def _add_webhook(at: Work, values: Values) -> dict[str, Any]:
    made = at.client.ask(common.ADD_WEBHOOK, input={**values["input"], "project": at.project})["addWebhook"]
    if not values["enabled"]:
        at.client.ask(common.DISABLE_WEBHOOK, webhook=made["webhook"]["id"])
    return {"webhook": made["webhook"]["id"], "secret": made["secret"]}


def _update_webhook(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.UPDATE_WEBHOOK, webhook=values["id"], input=values["input"])
    return {}


def _switch_webhook(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.ENABLE_WEBHOOK if values["enabled"] else common.DISABLE_WEBHOOK, webhook=values["id"])
    return {}


def _remove_webhook(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(common.REMOVE_WEBHOOK, webhook=values["id"])
    return {}


def _add_member(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(documents.ADD_PERSON, project=at.project, user=values["user"], role=values["role"])
    return {}


def _change_member(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(documents.CHANGE_PERSON, grant=_grant(at, values), role=values["role"])
    return {}


def _remove_member(at: Work, values: Values) -> dict[str, Any]:
    at.client.ask(documents.REMOVE_PERSON, grant=_grant(at, values))
    return {}


def _grant(at: Work, values: Values) -> str:
    """The grant; whoever created the project got his only now."""
    if values["grant"]:
        return str(values["grant"])
    people = at.client.ask(documents.PEOPLE, project=at.project, offset=0)["user2projects"]
    return next(str(each["id"]) for each in people if fold(each["user"]["username"]) == fold(values["user"]))


_DOERS: Final[Mapping[str, Callable[[Work, Values], dict[str, Any]]]] = {
    "create_project": _create_project,
    "update_project": _update_project,
    "configure_project": _configure_project,
    "add_client": _add_client,
    "remove_client": _remove_client,
    "invite": _invite,
    "withdraw_invitation": _withdraw_invitation,
    "add_service": _add_service,
    "remove_service": _remove_service,
    "set_plan": _set_plan,
    "set_access": _set_access,
    "set_caps": _set_caps,
    "deploy": _deploy,
    "create_key": _create_key,
    "revoke_key": _revoke_key,
    "add_webhook": _add_webhook,
    "update_webhook": _update_webhook,
    "switch_webhook": _switch_webhook,
    "remove_webhook": _remove_webhook,
    "add_member": _add_member,
    "change_member": _change_member,
    "remove_member": _remove_member,
}
