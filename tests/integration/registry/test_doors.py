"""Who may not use each operation of the registry's part of the control API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from graphql import GraphQLObjectType

from common.graphs import load_schema
from contracts.access import INVALID, Principal
from contracts.names import environment_id
from tests.support.inside import NOBODY
from tests.support.registered import PASSWORD, SCHEMA, House, short

HIDDEN = "NOT_FOUND"
LOW = "FORBIDDEN"
NOBODYS = "UNAUTHENTICATED"
HOOK = 'url: "https://receiver.invalid/", types: ["none"]'
EMPTY = "EMPTY"
"""The list is answered and holds nothing of the scene."""


@dataclass
class Scene:
    """An organisation with everything in it, and people around it; `ids` are the variables of the documents."""

    house: House
    people: dict[str, Principal] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def scene(registry: House) -> Scene:
    registry.losses, registry.problems = [], []
    here = Scene(registry)
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    people = await around(registry, organisation, owner)
    here.people = people
    project = await registry.project(organisation, owner, name=f"Scene {short()}")
    closed = await registry.project(organisation, owner, restricted=True)
    service = await registry.service(organisation, owner)
    instance = await registry.instance(project, service, owner)
    grants = {role: await granted(registry, project, people[role], role, owner) for role in ("viewer", "editor")}
    client = await registry.data(
        'mutation($p: ID!) { addClient(projectId: $p, input: {name: "Acme"}) '
        "{ client { id } clientKey { key { id } } } }",
        {"p": project},
        who=owner,
    )
    requested = await registry.data(
        """mutation($p: ID!, $i: ID!) {
          configureProject(id: $p, input: {approvals: true}) { id }
          promoteInstance(id: $i, from: dev, to: prod) { requests { id } }
          unguarded: configureProject(id: $p, input: {approvals: false}) { id } }""",
        {"p": project, "i": instance},
        who=owner,
    )
    token = await registry.data(
        'mutation { createPersonalAccessToken(name: "mine") { personalAccessToken { id } } }', who=owner
    )
    shown = await registry.data(
        "query($s: ID!) { service(id: $s) { keys { id } } projects { id slug } }",
        {"s": service},
        who=owner,
    )
    here.ids = {
        "organisation": organisation,
        "project": project,
        "slug": next(each["slug"] for each in shown["projects"] if each["id"] == project),
        "closed": closed,
        "service": service,
        "instance": instance,
        "client": client["addClient"]["client"]["id"],
        "key": client["addClient"]["clientKey"]["key"]["id"],
        "serviceKey": shown["service"]["keys"][0]["id"],
        "token": token["createPersonalAccessToken"]["personalAccessToken"]["id"],
        "request": requested["promoteInstance"]["requests"][0]["id"],
        "grant": grants["viewer"],
        **await outreach(registry, organisation, project, owner),
        "user": owner.id,
        "private": environment_id(service, "private"),
        "prod": environment_id(instance, "prod"),
        **await cloned(registry, instance, owner),
        "schema": SCHEMA,
    }
    return here


async def around(registry: House, organisation: str, owner: Principal) -> dict[str, Principal]:
    """People who stand to the organisation in every way there is."""
    return {
        "nobody": NOBODY,
        "invalid": INVALID,
        "stranger": await registry.person(),
        "guest": await registry.person(organisation, "guest"),
        "member": await registry.person(organisation, "member"),
        "viewer": await registry.person(organisation, "guest"),
        "editor": await registry.person(organisation, "guest"),
        "owner": owner,
    }


async def granted(registry: House, project: str, person: Principal, role: str, owner: Principal) -> str:
    """The grant of a role in a project."""
    made = await registry.data(
        "mutation($p: ID!, $u: ID!, $r: Role!) { addUserToProject(projectID: $p, userID: $u, role: $r) { id } }",
        {"p": project, "u": person.id, "r": role},
        who=owner,
    )
    return str(made["addUserToProject"]["id"])


async def cloned(registry: House, instance: str, owner: Principal) -> dict[str, str]:
    """A preview of the instance, and its environment."""
    made = await registry.data(
        'mutation($i: ID!) { createPreview(input: {instance: $i, name: "scene"}) { id environment { id } } }',
        {"i": instance},
        who=owner,
    )
    return {"preview": made["createPreview"]["id"], "clone": made["createPreview"]["environment"]["id"]}


async def outreach(registry: House, organisation: str, project: str, owner: Principal) -> dict[str, str]:
    """An invitation to the organisation and a webhook of the project."""
    invited = await registry.data(
        'mutation($o: ID!) { inviteMember(organisation: $o, email: "x@example.org", role: guest) { id } }',
        {"o": organisation},
        who=owner,
    )
    webhook = await registry.data(
        f"mutation($p: ID!) {{ addWebhook(input: {{project: $p, {HOOK}}}) {{ webhook {{ id }} }} }}",
        {"p": project},
        who=owner,
    )
    return {"invitation": invited["inviteMember"]["id"], "webhook": webhook["addWebhook"]["webhook"]["id"]}


ANYBODY_SIGNED_IN = {"nobody": NOBODYS, "invalid": NOBODYS}
OPERATORS = {**ANYBODY_SIGNED_IN, "stranger": LOW, "member": LOW, "owner": LOW}
OWNERS = {**ANYBODY_SIGNED_IN, "stranger": HIDDEN, "guest": LOW, "member": LOW}
LISTED = {**ANYBODY_SIGNED_IN, "stranger": EMPTY}
DEVELOPERS = {**ANYBODY_SIGNED_IN, "stranger": HIDDEN, "guest": HIDDEN, "viewer": HIDDEN}
CREATORS = {**ANYBODY_SIGNED_IN, "stranger": HIDDEN, "guest": LOW, "viewer": LOW}
VIEWERS = {**ANYBODY_SIGNED_IN, "stranger": HIDDEN, "guest": HIDDEN}
EDITORS = {**VIEWERS, "viewer": LOW, "member": LOW}
ADMINS = {**EDITORS, "editor": LOW}
MINE = {**ANYBODY_SIGNED_IN, "stranger": HIDDEN, "member": HIDDEN}

SERVICE_INPUT = '{name: "Mine", problem: "p", solution: "s", domain: Media, tags: [], organisation: $organisation}'
BILLED = '{legalName: "L", street: "S", city: "C", country: "NL", email: "y@example.org"}'
PAT = "PersonalAccessToken"
PROD_CLONE = '{instance: $instance, name: "mine", source: prod, unmasked: true}'

DOORS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Query.me": ("{ me { id } }", ANYBODY_SIGNED_IN),
    "Query.users": ("{ users { id } }", LISTED),
    "Query.organisations": ("{ organisations { id } }", LISTED),
    "Query.organisation": ("{ organisation(id: $organisation) { id } }", {**ANYBODY_SIGNED_IN, "stranger": HIDDEN}),
    "Query.projects": ("{ projects { id } }", {**LISTED, "guest": EMPTY}),
    "Query.project": ("{ project(slug: $slug) { id } }", VIEWERS),
    "Query.user2projects": ("{ user2projects(project: $project) { id user { id } } }", {**VIEWERS, "member": EMPTY}),
    "Query.services": ("{ services { id } }", {**LISTED, "guest": EMPTY, "viewer": EMPTY}),
    "Query.service": ("{ service(id: $service) { id } }", DEVELOPERS),
    "Query.version": ('{ version(service: $service, name: "0.0.1") { id } }', DEVELOPERS),
    "Query.instance": ("{ instance(id: $instance) { id } }", VIEWERS),
    "Query.client": ("{ client(id: $client) { id } }", VIEWERS),
    "Query.myPersonalAccessTokens": ("{ myPersonalAccessTokens { id } }", {**LISTED, "member": EMPTY}),
    "Query.personalAccessTokens": (
        "{ personalAccessTokens { edges { node { id } } } }",
        {**LISTED, "member": EMPTY},
    ),
    "Query.previewPush": ("{ previewPush(service: $service, schema: $schema) { version } }", DEVELOPERS),
    "Query.previewRoll": ("{ previewRoll(instance: $instance) { version } }", EDITORS),
    "Query.previewPromotion": ("{ previewPromotion(instance: $instance, from: dev, to: prod) { version } }", EDITORS),
    "Mutation.registerUser": (
        'mutation { registerUser(input: {email: "x@example.org", username: "x", password: "long enough"}) { id } }',
        OPERATORS,
    ),
    "Mutation.disableUser": ("mutation { disableUser(id: $user) { id } }", OPERATORS),
    "Mutation.signIn": (
        'mutation { signIn(email: "nobody@example.org", password: "guess") { token } }',
        ANYBODY_SIGNED_IN,
    ),
    "Mutation.signOut": ("mutation { signOut }", ANYBODY_SIGNED_IN),
    "Mutation.changePassword": (
        'mutation { changePassword(current: "guess", new: "long enough to be") }',
        {**ANYBODY_SIGNED_IN, "stranger": NOBODYS},
    ),
    "Mutation.createOrganisation": ('mutation { createOrganisation(name: "Mine") { id } }', ANYBODY_SIGNED_IN),
    "Mutation.addMember": (
        "mutation { addMember(organisation: $organisation, userID: $user, role: guest) { role } }",
        OWNERS,
    ),
    "Mutation.updateMemberRole": (
        "mutation { updateMemberRole(organisation: $organisation, userID: $user, role: guest) { role } }",
        OWNERS,
    ),
    "Mutation.removeMember": ("mutation { removeMember(organisation: $organisation, userID: $user) }", OWNERS),
    "Mutation.createProject": (
        'mutation { createProject(input: {name: "Mine", organisation: $organisation}) { id } }',
        CREATORS,
    ),
    "Mutation.updateProject": ('mutation { updateProject(id: $project, input: {name: "Mine"}) { id } }', EDITORS),
    "Mutation.configureProject": (
        "mutation { configureProject(id: $project, input: {approvals: true}) { approvals } }",
        ADMINS,
    ),
    "Mutation.deleteProject": ("mutation { deleteProject(id: $project) }", ADMINS),
    "Mutation.addUserToProject": (
        "mutation { addUserToProject(projectID: $project, userID: $user, role: viewer) { id } }",
        ADMINS,
    ),
    "Mutation.updateUserProjectRole": ("mutation { updateUserProjectRole(id: $grant, role: admin) { id } }", ADMINS),
    "Mutation.removeUserFromProject": ("mutation { removeUserFromProject(id: $grant) }", ADMINS),
    "Mutation.addClient": (
        'mutation { addClient(projectId: $project, input: {name: "Mine"}) { clientKey { secret } } }',
        ADMINS,
    ),
    "Mutation.removeClient": ("mutation { removeClient(id: $client) }", ADMINS),
    "Mutation.createService": (
        f"mutation {{ createService(input: {SERVICE_INPUT}) {{ service {{ id }} }} }}",
        CREATORS,
    ),
    "Mutation.removeService": ("mutation { removeService(id: $service) }", {**DEVELOPERS, "member": LOW}),
    "Mutation.retireService": ("mutation { retireService(id: $service) { retired } }", {**DEVELOPERS, "member": LOW}),
    "Mutation.reinstateService": (
        "mutation { reinstateService(id: $service) { retired } }",
        {**DEVELOPERS, "member": LOW},
    ),
    "Mutation.pushService": (
        'mutation { pushService(input: {service: $service, schema: $schema, notes: ["n"]}) { name } }',
        DEVELOPERS,
    ),
    "Mutation.promoteService": ("mutation { promoteService(id: $service) { name } }", DEVELOPERS),
    "Mutation.addService": (
        "mutation { addService(projectId: $project, serviceId: $service) { id } }",
        {**VIEWERS, "viewer": HIDDEN, "editor": HIDDEN},
    ),
    "Mutation.promoteInstance": ("mutation { promoteInstance(id: $instance, from: dev, to: prod) { id } }", EDITORS),
    "Mutation.rollInstance": ("mutation { rollInstance(id: $instance) { id } }", EDITORS),
    "Query.previewUndo": ("{ previewUndo(environment: $prod) { token } }", EDITORS),
    "Mutation.undoDeployment": ("mutation { undoDeployment(environment: $prod, force: true) { version } }", EDITORS),
    "Mutation.approvePromotion": ("mutation { approvePromotion(id: $request) { id } }", ADMINS),
    "Mutation.refusePromotion": ("mutation { refusePromotion(id: $request) { id } }", ADMINS),
    "Mutation.removeInstance": ("mutation { removeInstance(id: $instance) }", EDITORS),
    "Query.preview": ("{ preview(id: $preview) { id } }", VIEWERS),
    "Mutation.createPreview": (
        'mutation { createPreview(input: {instance: $instance, name: "mine"}) { id } }',
        EDITORS,
    ),
    "Mutation.extendPreview": ("mutation { extendPreview(id: $preview) { expiresAt } }", EDITORS),
    "Mutation.deletePreview": ("mutation { deletePreview(id: $preview) }", EDITORS),
    "Mutation.setAccess": ("mutation { setAccess(environment: $prod, mode: public) { access } }", EDITORS),
    "Query.environmentLimits": ("{ environmentLimits(environment: $prod) { environment } }", VIEWERS),
    "Mutation.capEnvironment": (
        "mutation { capEnvironment(environment: $prod, input: {callsPerDay: 5}) { environment } }",
        EDITORS,
    ),
    "Mutation.grantEnvironment": (
        "mutation { grantEnvironment(environment: $prod, input: {callsPerDay: 0}) { environment } }",
        OPERATORS,
    ),
    "Mutation.createKey": (
        'mutation { createKey(input: {name: "mine", kind: project, target: $project}) { secret } }',
        ADMINS,
    ),
    "Mutation.rotateKey": ("mutation { rotateKey(id: $key) { secret } }", ADMINS),
    "Mutation.revokeKey": ("mutation { revokeKey(id: $key) { revoked } }", ADMINS),
    f"Mutation.create{PAT}": (f'mutation {{ create{PAT}(name: "mine") {{ token }} }}', ANYBODY_SIGNED_IN),
    f"Mutation.revoke{PAT}": (f"mutation {{ revoke{PAT}(id: $token) {{ revoked }} }}", MINE),
    f"Mutation.delete{PAT}": (f"mutation {{ delete{PAT}(id: $token) }}", MINE),
    "Query.invitations": ("{ invitations(organisation: $organisation) { email } }", OWNERS),
    "Query.billingDetails": ("{ billingDetails(organisation: $organisation) { legalName } }", OWNERS),
    "Query.webhooks": ("{ webhooks(project: $project) { url } }", ADMINS),
    "Query.webhook": ("{ webhook(id: $webhook) { url } }", ADMINS),
    "Mutation.inviteMember": (
        'mutation { inviteMember(organisation: $organisation, email: "y@example.org", role: owner) { id } }',
        OWNERS,
    ),
    "Mutation.inviteClient": (
        'mutation { inviteClient(projectId: $project, input: {email: "y@example.org"}) { id } }',
        ADMINS,
    ),
    "Mutation.resendInvitation": ("mutation { resendInvitation(id: $invitation) { id } }", OWNERS),
    "Mutation.withdrawInvitation": ("mutation { withdrawInvitation(id: $invitation) { id } }", OWNERS),
    "Mutation.acceptInvitation": (
        'mutation { acceptInvitation(token: "inv_guess") { kind } }',
        {"nobody": HIDDEN, "invalid": NOBODYS, "stranger": HIDDEN, "owner": HIDDEN},
    ),
    "Mutation.setBillingDetails": (
        f"mutation {{ setBillingDetails(organisation: $organisation, input: {BILLED}) {{ city }} }}",
        OWNERS,
    ),
    "Mutation.addWebhook": (
        f"mutation {{ addWebhook(input: {{organisation: $organisation, {HOOK}}}) {{ secret }} }}",
        OWNERS,
    ),
    "Mutation.updateWebhook": ('mutation { updateWebhook(id: $webhook, input: {types: ["*"]}) { url } }', ADMINS),
    "Mutation.rotateWebhookSecret": ("mutation { rotateWebhookSecret(id: $webhook) { secret } }", ADMINS),
    "Mutation.replayWebhook": ("mutation { replayWebhook(id: $webhook, after: 0) { url } }", ADMINS),
    "Mutation.enableWebhook": ("mutation { enableWebhook(id: $webhook) { url } }", ADMINS),
    "Mutation.disableWebhook": ("mutation { disableWebhook(id: $webhook) { url } }", ADMINS),
    "Mutation.removeWebhook": ("mutation { removeWebhook(id: $webhook) }", ADMINS),
}

TOLD = ("organisation", "project", "closed", "service", "token", "grant", "user")
"""What a list that ought to be empty might betray."""
TYPES = {"slug": "String!", "schema": "String!"}


def document(text: str, ids: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The text with its variables declared, and their values."""
    used = {name: value for name, value in ids.items() if any(f"${name}{end}" in text for end in ",) }")}
    declared = ", ".join(f"${name}: {TYPES.get(name, 'ID!')}" for name in used)
    body = text.removeprefix("mutation ")
    kind = "mutation" if text.startswith("mutation") else "query"
    return f"{kind}({declared}) {body}" if used else text, used


async def met(scene: Scene, who: str, text: str) -> str:
    """What somebody meets at a door: the code of his refusal, `EMPTY`, or the answer."""
    query, variables = document(text, scene.ids)
    answer = await scene.house.running.ask(query, variables, principal=scene.people[who])
    if answer.errors:
        return str(answer.errors[0]["extensions"]["code"])
    told = json.dumps(answer.data)
    return told if "[" not in told or any(scene.ids[name] in told for name in TOLD) else EMPTY


@pytest.mark.parametrize("operation", DOORS)
async def test_who_may_not(scene: Scene, operation: str) -> None:
    text, refused = DOORS[operation]

    found = {who: await met(scene, who, text) for who in refused}

    assert found == refused


def test_every_operation_has_its_door() -> None:
    schema = load_schema("registry")
    roots = (schema.query_type, schema.mutation_type)
    operations = {
        f"{root.name}.{name}" for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields
    }

    assert operations == set(DOORS)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("mutation { revokeKey(id: $serviceKey) { revoked } }", DEVELOPERS),
        ("mutation { setAccess(environment: $private, mode: public) { access } }", DEVELOPERS),
        ("{ environmentLimits(environment: $private) { environment } }", DEVELOPERS),
        ("mutation { capEnvironment(environment: $private, input: {callsPerDay: 5}) { name } }", DEVELOPERS),
        ('mutation { createKey(input: {name: "mine", kind: service, target: $service}) { secret } }', DEVELOPERS),
        ("mutation { setAccess(environment: $clone, mode: public) { access } }", EDITORS),
        (f"mutation {{ createPreview(input: {PROD_CLONE}) {{ id }} }}", ADMINS),
        ("{ project: user2projects(project: $closed) { id } }", {**VIEWERS, "member": HIDDEN, "editor": HIDDEN}),
        ('mutation { updateProject(id: $closed, input: {name: "Mine"}) { id } }', {"member": HIDDEN, "editor": HIDDEN}),
        ("mutation { updateProject(id: $project, input: {restricted: true}) { id } }", ADMINS),
        ("mutation { addService(projectId: $closed, serviceId: $service) { id } }", {"member": HIDDEN}),
        ("{ invitations(project: $project) { email } }", ADMINS),
        ("{ webhooks(organisation: $organisation) { url } }", OWNERS),
        (f"mutation {{ addWebhook(input: {{project: $project, {HOOK}}}) {{ secret }} }}", ADMINS),
    ],
)
async def test_who_may_not_go_round(scene: Scene, text: str, refused: Mapping[str, str]) -> None:
    assert {who: await met(scene, who, text) for who in refused} == refused


async def test_a_restricted_project_is_in_no_list_of_those_it_is_closed_to(scene: Scene) -> None:
    lists = "query($s: ID!) { projects { id } service(id: $s) { instances { project { id } } } }"
    closed, service, owner = scene.ids["closed"], scene.ids["service"], scene.people["owner"]
    await scene.house.instance(closed, service, owner)

    for who, sees in (("member", False), ("owner", True)):
        data = await scene.house.data(lists, {"s": service}, who=scene.people[who])
        assert (closed in {each["id"] for each in data["projects"]}) is sees
        assert (closed in {each["project"]["id"] for each in data["service"]["instances"]}) is sees


async def test_the_doors_open_for_those_they_are_for(scene: Scene) -> None:
    """Otherwise the refusals above would prove nothing."""
    may = {
        "Query.service": "member",
        "Query.project": "viewer",
        "Query.instance": "viewer",
        "Query.client": "viewer",
        "Query.user2projects": "viewer",
        "Query.previewPush": "member",
        "Mutation.updateProject": "editor",
        "Mutation.setAccess": "editor",
        "Query.environmentLimits": "viewer",
        "Mutation.capEnvironment": "editor",
        "Mutation.createService": "member",
        "Mutation.createProject": "member",
        "Mutation.rotateKey": "owner",
        "Mutation.addMember": "owner",
    }
    codes = {NOBODYS, HIDDEN, LOW, EMPTY}

    met_by = {operation: await met(scene, who, DOORS[operation][0]) for operation, who in may.items()}

    assert {operation for operation, answer in met_by.items() if answer in codes} == set()


async def test_an_anonymous_guess_does_not_say_whether_the_address_exists(scene: Scene) -> None:
    me = await scene.house.data("{ me { email } }", who=scene.people["member"])
    document = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { token } }"

    known = await scene.house.refused(document, {"e": me["me"]["email"], "p": "x" + PASSWORD}, who=NOBODY)
    unknown = await scene.house.refused(document, {"e": f"{short()}@example.org", "p": PASSWORD}, who=NOBODY)

    assert known == unknown
