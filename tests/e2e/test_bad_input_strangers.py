"""Two organisations side by side: nothing of one can be seen or changed by the other, whatever is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from contracts.names import environment_id
from tests.support.made import ADD, Person, nobody, operator, person, short
from tests.support.stack import Stack

REFUSED: Final = {"NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"}

DOORS: Final[Mapping[str, str]] = {
    "Query.me": "{ me { id username email } }",
    "Query.users": "{ users(pagination: { limit: 500, offset: 0 }) { id username email displayName } }",
    "Query.organisations": "{ organisations { id slug members { user { id } } } }",
    "Query.organisation": "{ organisation(id: $organisation) { id members { user { email } } } }",
    "Query.projects": "{ projects(pagination: { limit: 500, offset: 0 }) { id slug keys { id } clients { id } } }",
    "Query.project": "{ project(slug: $slug, organisation: $organisation) { id } }",
    "Query.user2projects": "{ user2projects(project: $project) { id } }",
    "Query.services": '{ services(search: "$name") { id slug versions { schema } } }',
    "Query.service": "{ service(id: $service) { id versions { schema } } }",
    "Query.version": '{ version(service: $service, name: "0.0.1") { schema } }',
    "Query.instance": "{ instance(id: $instance) { id } }",
    "Query.client": "{ client(id: $client) { id email } }",
    "Query.myPersonalAccessTokens": "{ myPersonalAccessTokens { id } }",
    "Query.personalAccessTokens": "{ personalAccessTokens { totalCount edges { node { id } } } }",
    "Query.previewPush": '{ previewPush(service: $service, schema: "x") { version } }',
    "Query.previewRoll": "{ previewRoll(instance: $instance) { version } }",
    "Query.previewPromotion": "{ previewPromotion(instance: $instance, from: dev, to: prod) { version } }",
    "Query.preview": "{ preview(id: $preview) { id environment { id } } }",
    "Query.previewUndo": "{ previewUndo(environment: $private) { token } }",
    "Query.trash": "{ trash(environment: $private) { item } }",
    "Query.environments": "{ environments(service: $service) { id endpoint } }",
    "Query.environment": "{ environment(id: $prod) { id endpoint } }",
    "Query.deployments": "{ deployments(environment: $private) { id } }",
    "Query.deployment": "{ deployment(id: $deployment) { id plan { subject } } }",
    "Query.ratePlan": "{ ratePlan(instance: $instance) { price } }",
    "Query.ratePlans": "{ ratePlans(instance: $instance) { price } }",
    "Query.usage": "{ usage(instance: $instance) { calls } }",
    "Query.invoice": "{ invoice(project: $project, client: $client) { calls clientName } }",
    "Query.invoices": "{ invoices(project: $project) { calls } }",
    "Query.invoiceFile": "{ invoiceFile(project: $project, client: $client) { content } }",
    "Query.payout": "{ payout(organisation: $organisation) { net } }",
    "Query.platformPlan": "{ platformPlan { price } }",
    "Query.auditEntries": '{ auditEntries(first: 500, filter: { subject: "registry.service.$id" }) '
    "{ totalCount edges { node { id data } } } }",
    "Query.auditEntry": "{ auditEntry(id: $entry) { id leaf } }",
    "Query.auditProof": "{ auditProof(id: $entry) { bundle } }",
    "Query.auditCheckpoint": "{ auditCheckpoint { size } }",
    "Query.auditConsistency": "{ auditConsistency(from: 0, to: 1) { hashes } }",
    "Query.logs": "{ logs(project: $project) { edges { node { id operation } } } }",
    "Mutation.registerUser": 'registerUser(input: { email: "m@example.org", username: "mallory", '
    'password: "long enough to be one" }, organisation: $organisation) { id }',
    "Mutation.disableUser": "disableUser(id: $user) { id }",
    "Mutation.signIn": 'signIn(email: "$email", password: "a wrong pass phrase") { token }',
    "Mutation.signOut": "signOut",
    "Mutation.changePassword": 'changePassword(current: "a wrong pass phrase", new: "long enough to be one")',
    "Mutation.createOrganisation": 'createOrganisation(name: "Mallory") { id members { user { id } } }',
    "Mutation.addMember": "addMember(organisation: $organisation, userID: $me, role: owner) { role }",
    "Mutation.updateMemberRole": "updateMemberRole(organisation: $organisation, userID: $user, role: guest) { role }",
    "Mutation.removeMember": "removeMember(organisation: $organisation, userID: $user)",
    "Mutation.createProject": 'createProject(input: { name: "Mallory", organisation: $organisation }) { id }',
    "Mutation.updateProject": 'updateProject(id: $project, input: { name: "Mallory" }) { id }',
    "Mutation.deleteProject": "deleteProject(id: $project)",
    "Mutation.addUserToProject": "addUserToProject(projectID: $project, userID: $me, role: admin) { id }",
    "Mutation.updateUserProjectRole": "updateUserProjectRole(id: $grant, role: admin) { id }",
    "Mutation.removeUserFromProject": "removeUserFromProject(id: $grant)",
    "Mutation.addClient": 'addClient(projectId: $project, input: { name: "Mallory" }) { clientKey { secret } }',
    "Mutation.removeClient": "removeClient(id: $client)",
    "Mutation.createService": 'createService(input: { name: "Mallory", problem: "p", solution: "s", domain: Media, '
    "tags: [], organisation: $organisation }) { developerKey { secret } }",
    "Mutation.removeService": "removeService(id: $service)",
    "Mutation.pushService": 'pushService(input: { service: $service, notes: ["n"], force: true, '
    'schema: "type Mallory @model { id: ID! @isUnique }" }) { name }',
    "Mutation.promoteService": "promoteService(id: $service, force: true) { name }",
    "Mutation.createPreview": 'createPreview(input: { instance: $instance, name: "mallory" }) { id }',
    "Mutation.extendPreview": "extendPreview(id: $preview) { expiresAt }",
    "Mutation.deletePreview": "deletePreview(id: $preview)",
    "Mutation.addService": "addService(projectId: $mine, serviceId: $service) { id }",
    "Mutation.promoteInstance": "promoteInstance(id: $instance, from: dev, to: prod, force: true) { id }",
    "Mutation.undoDeployment": "undoDeployment(environment: $private, force: true) { version }",
    "Mutation.restoreTrash": 'restoreTrash(environment: $private, item: "t1_c2_00000000") { restored }',
    "Mutation.rollInstance": "rollInstance(id: $instance, environment: prod, force: true) { id }",
    "Mutation.approvePromotion": "approvePromotion(id: $request) { id }",
    "Mutation.refusePromotion": "refusePromotion(id: $request) { state }",
    "Mutation.configureProject": "configureProject(id: $project, input: { approvals: true }) { approvals }",
    "Mutation.retireService": 'retireService(id: $service, reason: "m") { retired }',
    "Mutation.reinstateService": "reinstateService(id: $service) { retired }",
    "Mutation.removeInstance": "removeInstance(id: $instance)",
    "Mutation.setAccess": "setAccess(environment: $private, mode: public) { access }",
    "Query.environmentLimits": "{ environmentLimits(environment: $prod) { environment usage { calledAt } } }",
    "Mutation.capEnvironment": "capEnvironment(environment: $prod, input: { callsPerDay: 1 }) { environment }",
    "Mutation.grantEnvironment": "grantEnvironment(environment: $prod, input: { callsPerDay: 0 }) { environment }",
    "Mutation.createKey": 'createKey(input: { name: "m", kind: project, target: $project }) { secret }',
    "Mutation.rotateKey": "rotateKey(id: $key) { secret }",
    "Mutation.revokeKey": "revokeKey(id: $key) { revoked }",
    "Mutation.createPersonalAccessToken": 'createPersonalAccessToken(name: "m") { personalAccessToken { id } }',
    "Mutation.revokePersonalAccessToken": "revokePersonalAccessToken(id: $token) { revoked }",
    "Mutation.deletePersonalAccessToken": "deletePersonalAccessToken(id: $token)",
    "Query.invitations": "{ invitations(organisation: $organisation) { email } }",
    "Query.billingDetails": "{ billingDetails(organisation: $organisation) { legalName } }",
    "Query.webhooks": "{ webhooks(project: $project) { url } }",
    "Query.webhook": "{ webhook(id: $webhook) { url } }",
    "Mutation.inviteMember": 'inviteMember(organisation: $organisation, email: "m@example.org", role: owner) { id }',
    "Mutation.inviteClient": 'inviteClient(projectId: $project, input: { email: "m@example.org" }) { id }',
    "Mutation.resendInvitation": "resendInvitation(id: $invitation) { email }",
    "Mutation.withdrawInvitation": "withdrawInvitation(id: $invitation) { email }",
    "Mutation.acceptInvitation": 'acceptInvitation(token: "inv_guess") { organisationName }',
    "Mutation.setBillingDetails": "setBillingDetails(organisation: $organisation, input: "
    '{ legalName: "M", street: "S", city: "C", country: "NL", email: "m@example.org" }) { city }',
    "Mutation.addWebhook": 'addWebhook(input: { organisation: $organisation, url: "https://m.invalid/", '
    'types: ["*"] }) { secret }',
    "Mutation.updateWebhook": 'updateWebhook(id: $webhook, input: { url: "https://m.invalid/" }) { url }',
    "Mutation.rotateWebhookSecret": "rotateWebhookSecret(id: $webhook) { secret }",
    "Mutation.replayWebhook": "replayWebhook(id: $webhook, after: 0) { url }",
    "Mutation.enableWebhook": "enableWebhook(id: $webhook) { url }",
    "Mutation.disableWebhook": "disableWebhook(id: $webhook) { url }",
    "Mutation.removeWebhook": "removeWebhook(id: $webhook)",
    "Mutation.finaliseInvoice": 'finaliseInvoice(project: $project, client: $client, period: "2026-07") { number }',
    "Mutation.setPlatformPlan": 'setPlatformPlan(plan: { kind: MONTHLY, price: "9" }) { price }',
    "Mutation.setRatePlan": 'setRatePlan(instance: $instance, plan: { kind: PAY_PER_CALL, price: "9" }) { price }',
}
"""An attempt on somebody else's things through every public operation; `$name` is put in as a literal."""

OWN: Final = {
    "Query.me",
    "Query.users",
    "Query.organisations",
    "Query.projects",
    "Query.services",
    "Query.myPersonalAccessTokens",
    "Query.personalAccessTokens",
    "Query.platformPlan",
    "Query.auditEntries",
    "Query.auditCheckpoint",
    "Query.auditConsistency",
    "Mutation.createOrganisation",
    "Mutation.createPersonalAccessToken",
    "Mutation.signOut",
}
"""Operations that are answered, with what is one's own."""


@dataclass
class Sides:
    """Somebody with everything, somebody else with as much, and what the first one's things are called."""

    victim: Person
    stranger: Person
    names: dict[str, str]


@pytest.fixture(scope="module")
def sides(stack: Stack) -> Sides:
    victim, stranger = person(stack), person(stack)
    service, project = victim.service(f"Secret {short()}"), victim.project()
    instance = victim.added(project, service)
    friend = person(stack)
    grant = "mutation($p: ID!, $u: ID!) { addUserToProject(projectID: $p, userID: $u, role: viewer) { id } }"
    client = 'mutation($p: ID!) { addClient(projectId: $p, input: { name: "Acme" }) { client { id } } }'
    key = 'mutation($p: ID!) { createKey(input: { name: "k", kind: project, target: $p }) { key { id } } }'
    token = 'mutation { createPersonalAccessToken(name: "t") { personalAccessToken { id } } }'
    deployments = "query($e: ID!) { deployments(environment: $e) { id } }"
    entries = "query($s: String!) { auditEntries(filter: { subject: $s }) { edges { node { id } } } }"
    here = {"p": project["id"]}
    names = {
        "organisation": victim.organisation,
        "slug": project["slug"],
        "project": project["id"],
        "service": service["id"],
        "name": service["slug"],
        "instance": instance,
        "user": victim.id,
        "email": victim.email,
        "private": environment_id(service["id"], "private"),
        "prod": environment_id(instance, "prod"),
        "grant": victim.asked(grant, {**here, "u": friend.id})["id"],
        "client": victim.asked(client, here)["client"]["id"],
        "key": victim.asked(key, here)["key"]["id"],
        "token": victim.asked(token)["personalAccessToken"]["id"],
    }
    names["deployment"] = victim.asked(deployments, {"e": names["private"]})[0]["id"]
    names["entry"] = victim.asked(entries, {"s": f"registry.service.{service['id']}"})["edges"][0]["node"]["id"]
    invite = "mutation($o: ID!, $e: String!) { inviteMember(organisation: $o, email: $e, role: guest) { id } }"
    names["invitation"] = victim.asked(invite, {"o": victim.organisation, "e": f"{short()}@example.org"})["id"]
    hook = """mutation($o: ID!) { addWebhook(input: { organisation: $o, url: "https://v.invalid/", types: ["none"] }) {
      webhook { id } } }"""
    names["webhook"] = victim.asked(hook, {"o": victim.organisation})["webhook"]["id"]
    asked = """mutation($p: ID!, $i: ID!) {
      configureProject(id: $p, input: { approvals: true }) { id }
      promoteInstance(id: $i, from: dev, to: prod) { requests { id } }
      again: configureProject(id: $p, input: { approvals: false }) { id } }"""
    made = victim.query(asked, {**here, "i": instance})["data"]
    names["request"] = made["promoteInstance"]["requests"][0]["id"]
    preview = 'mutation($i: ID!) { createPreview(input: { instance: $i, name: "secret" }) { id } }'
    names["preview"] = victim.asked(preview, {"i": instance})["id"]
    mine = stranger.project()
    return Sides(victim, stranger, {**names, "me": stranger.id, "mine": mine["id"]})


def attempt(sides: Sides, operation: str) -> str:
    """The document of an attempt, with the victim's names in it."""
    text = DOORS[operation].replace('"$name"', json.dumps(sides.names["name"]))
    text = text.replace("$email", sides.names["email"]).replace("$id", sides.names["service"])
    text = re.sub(r"\$(\w+)", lambda name: json.dumps(sides.names[name[1]]), text)
    return text if operation.startswith("Query.") else f"mutation {{ {text} }}"


def belongings(sides: Sides) -> Any:
    """All that the victim owns, as he sees it."""
    seen = """query($s: ID!, $i: ID!, $o: ID!, $u: String!) {
      service(id: $s) {
        name retired privateVersion publishedVersion environments { id version access } keys { id revoked }
      }
      instance(id: $i) { environments { id version access } requests { id state } previews { id expiresAt } }
      ratePlans(instance: $i) { id price }
      organisation(id: $o) { name members { user { id disabled } role } }
      project(slug: $u) {
        name restricted approvals myRole keys { id revoked prefix } clients { id name } instances { id }
      }
      myPersonalAccessTokens { id revoked }
    }"""
    names = sides.names
    given = {"s": names["service"], "i": names["instance"], "o": names["organisation"], "u": names["slug"]}
    answer = sides.victim.query(seen, given)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def test_every_operation_of_the_control_api_is_tried_here(stack: Stack) -> None:
    roots = "{ __schema { queryType { name fields { name } } mutationType { name fields { name } } } }"
    told = operator(stack).asked(roots)

    operations = {f"{root['name']}.{field['name']}" for root in told.values() for field in root["fields"]}

    assert operations == set(DOORS)


def test_nothing_of_one_organisation_is_seen_or_changed_by_another(sides: Sides) -> None:
    before = belongings(sides)
    session = Person(sides.stranger.stack, sides.stranger.token, position=sides.victim.position)
    wrong: dict[str, Any] = {}

    for operation in DOORS:
        if operation == "Mutation.signOut":
            continue  # it would end the attempts; it names nobody's session but one's own
        answer = session.query(attempt(sides, operation))
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        told = json.dumps(answer.get("data"))
        betrayed = [name for name, value in sides.names.items() if name not in {"me", "mine"} and value in told]
        if betrayed or (not codes <= REFUSED) or (bool(codes) == (operation in OWN)):
            wrong[operation] = (betrayed, answer)

    assert wrong == {}
    assert belongings(sides) == before


def test_refusals_do_not_say_whether_somebody_elses_thing_exists(sides: Sides) -> None:
    """The answers to an id that is somebody's and to one that is nobody's differ in the id alone."""
    session = Person(sides.stranger.stack, sides.stranger.token, position=sides.victim.position)
    nowhere = Sides(sides.victim, sides.stranger, {**dict.fromkeys(sides.names, "0" * 36), "me": sides.stranger.id})
    nowhere.names["mine"] = sides.names["mine"]
    differing = {}
    for operation in set(DOORS) - OWN - {"Mutation.registerUser", "Mutation.signIn"}:
        met, missed = (session.query(attempt(side, operation))["errors"] for side in (sides, nowhere))
        told = [re.sub(r"'[^']*'", "'…'", json.dumps(errors)) for errors in (met, missed)]
        if told[0] != told[1]:
            differing[operation] = told

    assert differing == {}


def test_somebody_without_a_credential_is_told_to_get_one(sides: Sides, stack: Stack) -> None:
    anonymous = nobody(stack)
    # Whoever is invited has no credential yet: his is the invitation.
    tried = set(DOORS) - {"Mutation.acceptInvitation"}
    met = {operation: anonymous.query(attempt(sides, operation)) for operation in tried}

    codes = {operation: {error["extensions"]["code"] for error in told["errors"]} for operation, told in met.items()}

    assert {operation: found for operation, found in codes.items() if found != {"UNAUTHENTICATED"}} == {}


def test_a_service_of_others_cannot_be_added_and_a_project_of_others_cannot_be_added_to(sides: Sides) -> None:
    mine = sides.stranger.service()
    here = {"project": sides.names["project"], "service": mine["id"]}

    assert sides.stranger.refused(ADD, here)["code"] == "NOT_FOUND"


def test_members_of_two_organisations_may_not_carry_things_across_without_rights(sides: Sides) -> None:
    """The stranger becomes a guest of the victim's organisation: he sees it, and nothing in it."""
    add = "mutation($o: ID!, $u: ID!) { addMember(organisation: $o, userID: $u, role: guest) { role } }"
    sides.victim.asked(add, {"o": sides.names["organisation"], "u": sides.stranger.id})
    guest = Person(sides.stranger.stack, sides.stranger.token, position=sides.victim.position)

    for operation in ("Query.service", "Query.project", "Query.instance", "Query.invoice", "Query.usage"):
        assert guest.refused(attempt(sides, operation))["code"] == "NOT_FOUND", operation
    for operation in ("Mutation.createService", "Mutation.createProject", "Mutation.addMember"):
        assert guest.refused(attempt(sides, operation))["code"] == "FORBIDDEN", operation
