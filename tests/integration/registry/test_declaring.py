"""Projects, services, instances and keys: names, repeats, races, lists."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event

from common import clock
from common.events import Actor
from common.log import Cause
from registry.domain import instances
from registry.domain.services import Version
from registry.execute.deciding import INSTANCE, decide, state
from tests.support.registered import OPERATOR, House, short

CREATE_PROJECT = "mutation($input: CreateProjectInput!) { createProject(input: $input) { id slug name description } }"
UPDATE_PROJECT = """mutation($p: ID!, $input: UpdateProjectInput!) {
  updateProject(id: $p, input: $input) { slug name description } }"""
CREATE_SERVICE = """mutation($input: CreateServiceInput!) { createService(input: $input) {
  service { id slug privateVersion publishedVersion } developerKey { secret key { id prefix } } } }"""
ADD = "mutation($p: ID!, $s: ID!) { addService(projectId: $p, serviceId: $s) { id } }"
ADD_CLIENT = """mutation($p: ID!, $input: AddClientInput!) { addClient(projectId: $p, input: $input) {
  client { id name email currency timeZone } clientKey { secret key { kind client { name } } } } }"""


def service(organisation: str, named: str, **more: object) -> dict[str, object]:
    told = {"problem": "A problem", "solution": "A solution", "domain": "Media", "tags": ["#one", "two"]}
    return {"input": {"name": named, "organisation": organisation, **told, **more}}


# --- names --------------------------------------------------------------------------------------------------------


async def test_a_projects_slug_follows_from_its_name_and_steps_aside(registry: House) -> None:
    organisation = await registry.organisation()
    wanted = {"input": {"name": "My Shop", "organisation": organisation}}

    slugs = [(await registry.data(CREATE_PROJECT, wanted))["createProject"]["slug"] for _ in range(3)]
    taken = await registry.refused(CREATE_PROJECT, {"input": {**wanted["input"], "slug": "my-shop"}})

    assert slugs == ["my-shop", "my-shop-2", "my-shop-3"]
    assert taken["reason"] == "CONFLICT"


async def test_the_same_slug_may_be_used_by_another_organisation(registry: House) -> None:
    for _ in range(2):
        wanted = {"input": {"name": "Shop", "slug": "shop", "organisation": await registry.organisation()}}
        assert (await registry.data(CREATE_PROJECT, wanted))["createProject"]["slug"] == "shop"


async def test_a_renamed_project_gives_its_slug_back(registry: House) -> None:
    organisation = await registry.organisation()
    project = await registry.project(organisation, name="Before", slug="before")

    renamed = await registry.data(UPDATE_PROJECT, {"p": project, "input": {"slug": "after", "description": "new"}})
    cleared = await registry.data(UPDATE_PROJECT, {"p": project, "input": {"description": None}})
    null = await registry.refused(UPDATE_PROJECT, {"p": project, "input": {"name": None}})

    assert renamed["updateProject"] == {"slug": "after", "name": "Before", "description": "new"}
    assert cleared["updateProject"]["description"] is None
    assert (null["code"], null["field"]) == ("BAD_USER_INPUT", "input.name")
    assert await registry.project(organisation, name="Other", slug="before")
    taken = await registry.refused(UPDATE_PROJECT, {"p": project, "input": {"slug": "before"}})
    assert taken["reason"] == "CONFLICT"


async def test_a_services_taken_name_is_refused_with_free_ones(registry: House) -> None:
    organisation = await registry.organisation()
    await registry.data(CREATE_SERVICE, service(organisation, "Music Store"))

    refused = await registry.refused(CREATE_SERVICE, service(organisation, "music  STÖRE"))

    assert refused["reason"] == "CONFLICT"
    assert refused["alternatives"] == ["music-store-2", "music-store-3", "music-store-4"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "ab"}, "input.name"),
        ({"name": "x" * 35}, "input.name"),
        ({"problem": ""}, "input.problem"),
        ({"solution": "x" * 140}, "input.solution"),
        ({"tags": list("abcdef")}, "input.tags"),
        ({"tags": ["x" * 26]}, "input.tags"),
    ],
)
async def test_what_is_said_about_a_service_has_limits(registry: House, more: dict[str, object], field: str) -> None:
    refused = await registry.refused(CREATE_SERVICE, service(await registry.organisation(), "Music", **more))

    assert (refused["code"], refused["field"]) == ("BAD_USER_INPUT", field)


# --- repeats ------------------------------------------------------------------------------------------------------


async def test_the_repeat_of_a_creation_returns_the_thing_without_its_secret(registry: House) -> None:
    organisation, key = await registry.organisation(), short()
    wanted = service(organisation, "Music Store")

    first = (await registry.data(CREATE_SERVICE, wanted, key=key))["createService"]
    again = (await registry.data(CREATE_SERVICE, wanted, key=key))["createService"]

    assert first["developerKey"]["secret"].startswith("msk_")
    assert first["developerKey"]["secret"].startswith(first["developerKey"]["key"]["prefix"])
    assert again["developerKey"] == {"secret": None, "key": first["developerKey"]["key"]}
    assert again["service"] == first["service"]
    assert first["service"]["privateVersion"] == first["service"]["publishedVersion"] == "0.0.1"


async def test_the_repeat_of_a_removal_is_true_and_a_new_one_finds_nothing(registry: House) -> None:
    project = await registry.project(await registry.organisation())
    delete, key = "mutation($p: ID!) { deleteProject(id: $p) }", short()

    for _ in range(2):
        assert (await registry.data(delete, {"p": project}, key=key))["deleteProject"]
    assert (await registry.refused(delete, {"p": project}))["code"] == "NOT_FOUND"


async def test_two_fields_under_one_key_are_two_commands(registry: House) -> None:
    organisation = await registry.organisation()
    both = """mutation($o: ID!) {
      a: createProject(input: {name: "Twins", organisation: $o}) { id slug }
      b: createProject(input: {name: "Twins", organisation: $o}) { id slug } }"""

    first = await registry.data(both, {"o": organisation}, key=short())

    assert first["a"]["id"] != first["b"]["id"]


# --- races --------------------------------------------------------------------------------------------------------


async def test_of_many_who_want_one_name_exactly_one_gets_it(registry: House) -> None:
    organisation = await registry.organisation()
    wanted = {"input": {"name": "The One", "slug": "the-one", "organisation": organisation}}

    answers = await asyncio.gather(
        *(registry.running.ask(CREATE_PROJECT, wanted, principal=OPERATOR) for _ in range(90))
    )

    assert sum(answer.errors is None for answer in answers) == 1
    assert {answer.errors[0]["extensions"]["reason"] for answer in answers if answer.errors} == {"CONFLICT"}


async def test_a_service_is_added_once_whoever_adds_it(lossless: House) -> None:
    organisation = await lossless.organisation()
    project, offered = await lossless.project(organisation), await lossless.service(organisation)
    wanted = {"p": project, "s": offered}

    answers = await asyncio.gather(*(lossless.running.ask(ADD, wanted, principal=OPERATOR) for _ in range(10)))

    assert sum(answer.errors is None for answer in answers) == 1
    refused = next(answer.errors[0] for answer in answers if answer.errors)
    assert refused["extensions"]["reason"] == "CONFLICT"
    assert "already uses service" in refused["message"]


async def test_a_removed_service_can_be_added_again(lossless: House) -> None:
    organisation = await lossless.organisation()
    project, offered = await lossless.project(organisation), await lossless.service(organisation)
    first = await lossless.instance(project, offered)
    await lossless.data("mutation($i: ID!) { removeInstance(id: $i) }", {"i": first})

    assert await lossless.instance(project, offered) != first


async def test_what_is_in_use_is_not_removed(lossless: House) -> None:
    organisation = await lossless.organisation()
    project = await lossless.project(organisation, name="Shop", slug="shop")
    offered = await lossless.service(organisation, name="Music")
    await lossless.instance(project, offered)

    kept = await lossless.refused("mutation($p: ID!) { deleteProject(id: $p) }", {"p": project})
    offered_still = await lossless.refused("mutation($s: ID!) { removeService(id: $s) }", {"s": offered})

    assert (kept["reason"], kept["instances"]) == ("CONFLICT", ["music"])
    assert (offered_still["reason"], offered_still["projects"]) == ("CONFLICT", ["shop"])


async def test_an_instance_added_while_its_project_goes_does_not_stay_behind(lossless: House) -> None:
    organisation = await lossless.organisation()
    offered = await lossless.service(organisation)
    project = await lossless.project(organisation)
    await lossless.data("mutation($p: ID!) { deleteProject(id: $p) }", {"p": project})
    # The other command had looked before that, and saw the project; it decides only now.
    late, version = clock.new_id(), Version("0.0.1", "s" * 64, "m" * 64)
    command = Cause(Actor(type="system", id="tests"), late, late)
    await decide(
        lossless.world,
        INSTANCE,
        organisation,
        late,
        cause=command,
        verb=lambda _: instances.add(
            None, id=late, organisation=organisation, project=project, service=offered, version=version
        ),
    )

    async with asyncio.timeout(10):
        while not (known := await state(lossless.world, INSTANCE, organisation, late)) or not known.removed:
            await lossless.world.runner.moved()


# --- keys and clients ---------------------------------------------------------------------------------------------


async def test_a_client_comes_with_a_key(registry: House) -> None:
    project = await registry.project(await registry.organisation())
    wanted = {"p": project, "input": {"name": "Acme", "email": "pay@acme.example", "timeZone": "Europe/Amsterdam"}}

    added = (await registry.data(ADD_CLIENT, wanted))["addClient"]
    twice = await registry.refused(ADD_CLIENT, {"p": project, "input": {"name": "ACME"}})

    assert added["client"] | {"id": ""} == {
        "id": "",
        "name": "Acme",
        "email": "pay@acme.example",
        "currency": "EUR",
        "timeZone": "Europe/Amsterdam",
    }
    assert added["clientKey"]["secret"].startswith("mck_")
    assert added["clientKey"]["key"] == {"kind": "client", "client": {"name": "Acme"}}
    assert twice["reason"] == "CONFLICT"


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"name": "Acme", "currency": "FOO"}, "input.currency"),
        ({"name": "Acme", "timeZone": "Mars/Base"}, "input.timeZone"),
        ({"name": "Acme", "timeZone": "../../etc/passwd"}, "input.timeZone"),
        ({"name": "Acme", "email": "nobody"}, "input.email"),
    ],
)
async def test_a_client_that_cannot_be_billed_is_refused(registry: House, input: dict[str, str], field: str) -> None:
    project = await registry.project(await registry.organisation())

    assert (await registry.refused(ADD_CLIENT, {"p": project, "input": input}))["field"] == field


async def test_keys_of_a_removed_client_are_dead(registry: House) -> None:
    project = await registry.project(await registry.organisation())
    added = (await registry.data(ADD_CLIENT, {"p": project, "input": {"name": "Acme"}}))["addClient"]
    await registry.data("mutation($c: ID!) { removeClient(id: $c) }", {"c": added["client"]["id"]})
    shown = 'query($p: ID!) { projects(filters: [{field: "id", value: $p}]) { clients { id } keys { revoked } } }'

    known = (await registry.data(shown.replace("ID!", "String!"), {"p": project}))["projects"]

    assert known == [{"clients": [], "keys": [{"revoked": True}]}]
    assert await registry.data(ADD_CLIENT, {"p": project, "input": {"name": "Acme"}})


async def test_a_rotated_key_has_another_secret_and_a_revoked_one_none(registry: House) -> None:
    project = await registry.project(await registry.organisation())
    create = "mutation($input: CreateKeyInput!) { createKey(input: $input) { secret key { id prefix revoked } } }"
    rotate = "mutation($k: ID!) { rotateKey(id: $k) { secret key { id prefix } } }"
    wanted = {"input": {"name": "app", "kind": "project", "target": project, "expiresAt": "2030-01-01T00:00:00Z"}}

    first = (await registry.data(create, wanted))["createKey"]
    second = (await registry.data(rotate, {"k": first["key"]["id"]}))["rotateKey"]
    await registry.data("mutation($k: ID!) { revokeKey(id: $k) { revoked } }", {"k": first["key"]["id"]})

    assert first["secret"].startswith("mpk_")
    assert second["key"]["id"] == first["key"]["id"]
    assert second["secret"] != first["secret"]
    assert (await registry.refused(rotate, {"k": first["key"]["id"]}))["reason"] == "CONFLICT"


async def test_a_client_key_needs_a_client_of_the_project(registry: House) -> None:
    organisation = await registry.organisation()
    project, other = await registry.project(organisation), await registry.project(organisation)
    added = await registry.data(ADD_CLIENT, {"p": other, "input": {"name": "Acme"}})
    create = "mutation($input: CreateKeyInput!) { createKey(input: $input) { secret } }"
    wanted = {"name": "app", "kind": "client", "target": project}

    missing = await registry.refused(create, {"input": wanted})
    foreign = await registry.refused(create, {"input": {**wanted, "client": added["addClient"]["client"]["id"]}})

    assert missing["field"] == "input.client"
    assert foreign["code"] == "NOT_FOUND"


async def test_access_is_the_default_until_somebody_decides(lossless: House) -> None:
    offered = await lossless.service(await lossless.organisation())
    shown = "query($s: ID!) { service(id: $s) { environments { id name access } } }"
    known = (await lossless.data(shown, {"s": offered}))["service"]["environments"]

    changed = await lossless.data(
        "mutation($e: ID!) { setAccess(environment: $e, mode: public) { name access } }", {"e": known[1]["id"]}
    )

    assert [(each["name"], each["access"]) for each in known] == [("private", "key"), ("demo", "organisation")]
    assert changed["setAccess"] == {"name": "demo", "access": "public"}


# --- lists --------------------------------------------------------------------------------------------------------


async def test_search_ranks_names_before_prose_and_finds_beginnings_and_stems(registry: House) -> None:
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    for name, problem, tags in (
        ("Payments", "Take money", ["billing"]),
        ("Mail service", "Send letters when a payment arrives", ["mail"]),
        ("Café finder", "Find coffee", ["food"]),
    ):
        await registry.data(CREATE_SERVICE, service(organisation, name, problem=problem, tags=tags), who=owner)

    async def found(text: str) -> list[str]:
        data = await registry.data("query($t: String!) { services(search: $t) { slug rank } }", {"t": text}, who=owner)
        assert all(0 < each["rank"] <= 1 for each in data["services"])
        return [each["slug"] for each in data["services"]]

    assert await found("payment") == ["payments", "mail-service"]
    assert await found("serv") == ["mail-service"]
    assert await found("cafe") == ["cafe-finder"]
    assert await found("CAFÉ find") == ["cafe-finder"]
    assert set(await found("letters billing")) == {"payments", "mail-service"}
    assert await found("zzz") == []
    assert await found("pay' | & ! :* <-> ( ) % \\") == ["payments", "mail-service"]


async def test_lists_are_filtered_ordered_and_cut_in_the_database(registry: House) -> None:
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    for name in ("Beta", "alpha", "100% pure", "Gamma_x"):
        await registry.project(organisation, owner, name=name)
    listed = """query($f: [Filter!], $o: Order, $p: Pagination) {
      projects(filters: $f, order: $o, pagination: $p) { name } }"""

    async def names(**arguments: object) -> list[str]:
        return [each["name"] for each in (await registry.data(listed, arguments, who=owner))["projects"]]

    assert await names() == ["100% pure", "alpha", "Beta", "Gamma_x"]
    assert await names(o={"field": "name", "direction": "DESC"}) == ["Gamma_x", "Beta", "alpha", "100% pure"]
    assert await names(p={"limit": 2, "offset": 1}) == ["alpha", "Beta"]
    assert await names(f=[{"field": "name", "value": "%"}]) == ["100% pure"]
    assert await names(f=[{"field": "name", "value": "_"}]) == ["Gamma_x"]
    assert await names(f=[{"field": "slug", "value": "alp"}]) == []
    assert await names(f=[{"field": "slug", "value": "alp", "op": "STARTS_WITH"}]) == ["alpha"]
    assert await names(f=[{"field": "description", "value": "x", "op": "NE"}, {"field": "name", "value": "be"}]) == [
        "Beta"
    ]
    assert await names(f=[{"field": "createdAt", "value": "2020-01-01", "op": "LT"}]) == []
    refused = await registry.refused(listed, {"f": [{"field": "password", "value": "x"}]}, who=owner)
    assert refused["reason"] == "UNKNOWN_FIELD"


async def test_a_list_with_children_asks_once_per_kind_of_child(lossless: House) -> None:
    owner = await lossless.person()
    organisation = await lossless.organisation(owner)
    offered = [await lossless.service(organisation, owner) for _ in range(3)]
    for _ in range(4):
        project = await lossless.project(organisation, owner)
        for each in offered:
            await lossless.instance(project, each, owner)
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    engine = lossless.world.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        data = await lossless.data(
            "{ projects { organisation { slug } "
            "instances { service { slug maker { username } } environments { name } } "
            "clients { name } keys { prefix } } }",
            who=owner,
        )
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert [len(each["instances"]) for each in data["projects"]] == [3, 3, 3, 3]
    assert statements <= 20
