"""Commands at the wrong time, twice, or with somebody else's credential: one answer each, and nothing half done."""

# ruff: noqa: RUF001 - digits that look alike are among what is tried

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.support.made import ADD, PROMOTE, PUSH, Person, Scene, a_scene, first_error, person, push_of, short
from tests.support.stack import Stack

AT_ONCE: Final = 8
PLAN: Final = "mutation($i: ID!, $p: RatePlanInput!) { setRatePlan(instance: $i, plan: $p) { id price } }"


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return a_scene(stack)


def band(field: str) -> str:
    return f"type Band @model {{ id: ID! @isUnique {field}: String }}"


def all_at_once(ask: Any, variables: list[Mapping[str, Any]], who: Person) -> list[dict[str, Any]]:
    """The same command of as many clients, at the same moment."""
    with ThreadPoolExecutor(len(variables)) as clients:
        return list(clients.map(lambda given: replace(who).query(ask, given), variables))


def test_of_many_who_add_a_service_at_once_one_wins(scene: Scene) -> None:
    maker, project = scene.maker, scene.maker.project()
    given = {"project": project["id"], "service": scene.service["id"]}

    met = all_at_once(ADD, [given] * AT_ONCE, maker)

    won = [told["data"]["addService"]["id"] for told in met if "errors" not in told]
    lost = [first_error(told) for told in met if "errors" in told]
    assert (len(won), len(lost)) == (1, AT_ONCE - 1)
    assert {(error["code"], error["reason"]) for error in lost} == {("BAD_USER_INPUT", "CONFLICT")}
    listed = maker.asked("query($s: String!) { project(slug: $s) { instances { id } } }", {"s": project["slug"]})
    assert listed == {"instances": [{"id": won[0]}]}


def test_of_many_pushes_at_once_one_wins_and_the_others_are_told_to_wait(scene: Scene) -> None:
    maker, service = scene.maker, scene.maker.service()

    met = all_at_once(PUSH, [push_of(service, band(f"x{n}")) for n in range(AT_ONCE)], maker)

    won = [told["data"]["pushService"]["name"] for told in met if "errors" not in told]
    assert sorted(won) == [f"0.0.{n}" for n in range(2, 2 + len(won))]
    assert won
    lost = {first_error(told).get("reason") for told in met if "errors" in told}
    assert lost <= {"DEPLOYMENT_RUNNING", "CONFLICT"}
    assert maker.live("private", max(won), service=service["id"])


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("stage-prod", "NOT_DEPLOYED"),
        ("prod-stage", "NOT_DEPLOYED"),
        ("prod-dev", "NOT_DEPLOYED"),
        ("dev-dev", "NO_SUCH_WAY"),
        ("prod-prod", "NO_SUCH_WAY"),
        ("demo-prod", "NO_SUCH_WAY"),
        ("private-dev", "NO_SUCH_WAY"),
        ("dev-private", "NO_SUCH_WAY"),
        ("dev-demo", "NO_SUCH_WAY"),
    ],
)
def test_what_is_not_there_is_not_promoted(scene: Scene, way: str, reason: str) -> None:
    from_, to = way.split("-")

    error = scene.maker.refused(PROMOTE, {"id": scene.instance, "from": from_, "to": to})

    assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", reason)
    assert error["hint"]
    known = scene.maker.environments(instance=scene.instance)
    assert {name for name, here in known.items() if here["declaredVersion"]} == {"dev"}


def test_what_is_used_is_not_removed(scene: Scene) -> None:
    maker = scene.maker
    for document, id_ in (
        ("mutation($id: ID!) { removeService(id: $id) }", scene.service["id"]),
        ("mutation($id: ID!) { deleteProject(id: $id) }", scene.project["id"]),
    ):
        error = maker.refused(document, {"id": id_})
        assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "CONFLICT")
        named = scene.project["slug"] if "removeService" in document else scene.service["slug"]
        assert named in error["message"]

    assert maker.live("dev", instance=scene.instance)
    assert maker.asked("query($id: ID!) { service(id: $id) { slug } }", {"id": scene.service["id"]})


@pytest.mark.parametrize("version", ["", "1", "1.0", "01.0.0", "v1.0.0", "1.0.0-beta", "٢.0.0", "0.0.1", "9" * 5000])
def test_a_version_that_is_none_or_not_the_next_is_refused(scene: Scene, version: str) -> None:
    error = scene.maker.refused(PUSH, push_of(scene.service, band(f"x{short()}"), version=version))

    assert error["code"] == "BAD_USER_INPUT"
    assert error["hint"]


@pytest.mark.parametrize(
    "plan",
    [
        {"kind": "PAY_PER_CALL", "price": ""},
        {"kind": "PAY_PER_CALL", "price": "-1"},
        {"kind": "PAY_PER_CALL", "price": "1,5"},
        {"kind": "PAY_PER_CALL", "price": "1e3"},
        {"kind": "PAY_PER_CALL", "price": "NaN"},
        {"kind": "PAY_PER_CALL", "price": "0.0000000000001"},
        {"kind": "PAY_PER_CALL", "price": "9" * 500},
        {"kind": "PAY_PER_CALL", "price": "٣"},
        {"kind": "PAY_PER_CALL", "price": "1", "currency": ""},
        {"kind": "PAY_PER_CALL", "price": "1", "currency": "ZZZ"},
        {"kind": "PAY_PER_CALL", "price": "1", "client": ""},
        {"kind": "PAY_PER_CALL", "price": "1", "client": "nobody"},
        {"kind": "NOT_BILLABLE", "price": "5"},
    ],
)
def test_a_price_that_is_none_is_not_taken_for_free_of_charge(scene: Scene, plan: dict[str, str]) -> None:
    error = scene.maker.refused(PLAN, {"i": scene.instance, "p": plan})

    assert error["code"] in {"BAD_USER_INPUT", "NOT_FOUND"}
    assert scene.maker.asked("query($i: ID!) { ratePlans(instance: $i) { id } }", {"i": scene.instance}) == []


@pytest.mark.parametrize(
    "period", ["", "2026", "2026-13", "2026-00", "0000-01", "9999-12", "２０２６-11", "2026-1", "now"]
)
def test_a_month_that_is_none_has_no_invoice(scene: Scene, period: str) -> None:
    for field in ("invoice", "invoices"):
        query = f"query($p: ID!, $m: String) {{ {field}(project: $p, period: $m) {{ id }} }}"
        assert scene.maker.refused(query, {"p": scene.project["id"], "m": period})["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "x" * 10_000])
def test_a_client_lives_in_a_zone_that_is_one(scene: Scene, zone: str) -> None:
    add = "mutation($p: ID!, $i: AddClientInput!) { addClient(projectId: $p, input: $i) { client { id } } }"

    error = scene.maker.refused(add, {"p": scene.project["id"], "i": {"name": short(), "timeZone": zone}})

    assert (error["code"], error["reason"]) == ("BAD_USER_INPUT", "UNKNOWN_TIME_ZONE")


# --- the same twice -----------------------------------------------------------------------------------------------

TWICE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "createProject": ('createProject(input: { name: "Twice", organisation: $o }) { id slug }', ()),
    "createService": (
        """createService(input: {
          name: "$name", problem: "p", solution: "s", domain: Media, tags: [], organisation: $o
        }) { service { id } developerKey { secret key { id } } }""",
        ("developerKey", "secret"),
    ),
    "createKey": (
        'createKey(input: { name: "k", kind: project, target: $p }) { secret key { id } }',
        ("secret",),
    ),
    "addClient": (
        'addClient(projectId: $p, input: { name: "$name" }) { client { id } clientKey { secret key { id } } }',
        ("clientKey", "secret"),
    ),
    "setRatePlan": ('setRatePlan(instance: $i, plan: { kind: PAY_PER_CALL, price: "0.5" }) { id price }', ()),
}


@pytest.mark.parametrize("field", TWICE)
def test_the_same_key_twice_is_the_same_object_without_its_secret(stack: Stack, scene: Scene, field: str) -> None:
    text, where = TWICE[field]
    maker, instance = scene.maker, scene.maker.added(scene.maker.project(), scene.service)
    ids = {"$o": maker.organisation, "$p": scene.project["id"], "$i": instance}
    document = f"mutation {{ {text.replace('$name', f'Twice {short()}')} }}"
    for name, value in ids.items():
        document = document.replace(name, f'"{value}"')
    key = f"key-{short()}"

    first = maker.asked(document, idempotency_key=key)
    again = maker.asked(document, idempotency_key=key)
    other = person(stack).query(document, idempotency_key=key)

    if where:
        *path, last = where
        inner = first
        for step in path:
            inner = inner[step]
        assert inner[last]
        inner[last] = None
    assert again == first
    assert first_error(other)["code"] == "NOT_FOUND", "the key of another is no key to his things"


def test_a_token_is_made_once_with_one_key_and_belongs_to_its_sender(stack: Stack, scene: Scene) -> None:
    document = 'mutation { createPersonalAccessToken(name: "twice") { token personalAccessToken { id } } }'
    key, other = f"key-{short()}", person(stack)
    first = scene.maker.asked(document, idempotency_key=key)

    again = scene.maker.refused(document, idempotency_key=key)
    others = other.asked(document, idempotency_key=key)

    # The type promises a text, so the repeat cannot answer null: it says what became of the first.
    assert (again["code"], again["reason"]) == ("BAD_USER_INPUT", "CONFLICT")
    assert first["token"][:12] in again["message"]
    assert first["token"] not in again["message"]
    assert others["personalAccessToken"]["id"] != first["personalAccessToken"]["id"]
    count = "{ myPersonalAccessTokens { id name } }"
    assert [each["name"] for each in scene.maker.asked(count)] == ["twice"]


def test_a_repeated_removal_is_still_done(scene: Scene) -> None:
    project = scene.maker.project()
    remove = "mutation($id: ID!) { deleteProject(id: $id) }"
    key = f"key-{short()}"

    assert scene.maker.asked(remove, {"id": project["id"]}, idempotency_key=key) is True
    assert scene.maker.asked(remove, {"id": project["id"]}, idempotency_key=key) is True
    assert scene.maker.refused(remove, {"id": project["id"]})["code"] == "NOT_FOUND"


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_an_idempotency_key_that_is_none_is_refused(scene: Scene, key: str) -> None:
    assert scene.maker.refused("{ me { id } }", idempotency_key=key)["code"] == "BAD_USER_INPUT"
