"""Credentials that are wrong, expired, revoked or somebody else's: each is told apart by a code, and none opens."""

from __future__ import annotations

from typing import Any, Final

import pytest

from contracts.names import environment_id
from tests.support.made import PROMOTE, Person, Scene, a_scene, first_error, nobody, person
from tests.support.stack import Stack

CREATE_KEY: Final = "mutation($i: CreateKeyInput!) { createKey(input: $i) { secret key { id } } }"


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return a_scene(stack)


def test_a_token_that_was_born_expired_opens_nothing(stack: Stack) -> None:
    someone = person(stack)
    create = 'mutation($e: DateTime) { createPersonalAccessToken(name: "t", expiresAt: $e) { token } }'
    born = someone.asked(create, {"e": "2020-01-01T00:00:00Z"})["token"]

    error = Person(stack, born, position=someone.position).refused("{ me { id } }")

    assert error["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("moment", ["yesterday", "2099-01-01", "2099-02-30T00:00:00Z", "2099-01-01T00:00:00", "", 5])
def test_an_end_that_is_no_moment_is_refused(scene: Scene, moment: Any) -> None:
    create = 'mutation($e: DateTime) { createPersonalAccessToken(name: "t", expiresAt: $e) { token } }'
    given = {"name": "k", "kind": "project", "target": scene.project["id"], "expiresAt": moment}

    for error in (scene.maker.refused(create, {"e": moment}), scene.maker.refused(CREATE_KEY, {"i": given})):
        assert error["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "token", ["pfy_" + "x" * 43, "mss_" + "x" * 43, "nonsense", "x" * 7000, "pfy_%00", "a b", "null", "Bearer"]
)
def test_a_credential_that_is_none_makes_nobody_of_its_sender(stack: Stack, token: str) -> None:
    error = Person(stack, token).refused("{ me { id } organisations { id } }")

    assert error["code"] == "UNAUTHENTICATED"


def test_a_revoked_token_and_an_ended_session_open_nothing(stack: Stack) -> None:
    someone = person(stack)
    create = 'mutation { createPersonalAccessToken(name: "t") { token personalAccessToken { id } } }'
    made = someone.asked(create)
    program = Person(stack, made["token"], position=someone.position)
    assert program.asked("{ me { id } }")["id"] == someone.id
    revoke = "mutation($id: ID!) { revokePersonalAccessToken(id: $id) { revoked } }"
    someone.asked(revoke, {"id": made["personalAccessToken"]["id"]})
    program.position = someone.position
    assert program.refused("{ me { id } }")["code"] == "UNAUTHENTICATED"

    assert someone.asked("mutation { signOut }") is True
    assert someone.refused("{ me { id } }")["code"] == "UNAUTHENTICATED"
    assert nobody(stack).refused("{ me { id } }")["code"] == "UNAUTHENTICATED"


def test_keys_open_what_they_are_for_and_answer_elsewhere_with_a_code(stack: Stack, scene: Scene) -> None:
    maker = scene.maker
    maker.asked(PROMOTE, {"id": scene.instance, "from": "dev", "to": "prod"})
    maker.live("prod", instance=scene.instance)
    other_service, other_project = maker.service(), maker.project()
    key_of_project = {"name": "k", "kind": "project", "target": scene.project["id"]}
    expired = {**key_of_project, "expiresAt": "2020-01-01T00:00:00Z"}
    revoked = maker.asked(CREATE_KEY, {"i": key_of_project})
    maker.asked("mutation($id: ID!) { revokeKey(id: $id) { revoked } }", {"id": revoked["key"]["id"]})
    add = 'mutation($p: ID!) { addClient(projectId: $p, input: { name: "Acme" }) { clientKey { secret } } }'
    keys = {
        "service": scene.service["key"],
        "other service": other_service["key"],
        "project": maker.asked(CREATE_KEY, {"i": key_of_project})["secret"],
        "other project": maker.asked(CREATE_KEY, {"i": {**key_of_project, "target": other_project["id"]}})["secret"],
        "client": maker.asked(add, {"p": scene.project["id"]})["clientKey"]["secret"],
        "expired": maker.asked(CREATE_KEY, {"i": expired})["secret"],
        "revoked": revoked["secret"],
        "mistyped": scene.service["key"][:-1] + ("a" if scene.service["key"][-1] != "a" else "b"),
        "a session": person(stack).token,
        "none": "",
    }
    endpoints = {"private": environment_id(scene.service["id"], "private")}
    endpoints |= {kind: environment_id(scene.instance, kind) for kind in ("dev", "prod")}
    met = {
        (kind, name): _status(stack, endpoint, key, maker.position)
        for kind, endpoint in endpoints.items()
        for name, key in keys.items()
    }

    opened = {where for where, status in met.items() if status == 200}
    assert opened == {("private", "service"), ("dev", "project"), ("prod", "project"), ("prod", "client")}
    unknown = {"expired", "revoked", "mistyped", "none"}
    assert {status for (_, name), status in met.items() if name in unknown} == {401}
    assert {status for (kind, name), status in met.items() if (kind, name) not in opened and name not in unknown} == {
        403
    }


def _status(stack: Stack, environment: str, key: str, position: int) -> int:
    """Of a call; a refusal must hold a code and say nothing of the service."""
    headers = {"mortise-position": str(position), **({"authorization": f"Bearer {key}"} if key else {})}
    path = f"/{environment.replace('-', '')}/graphql"
    answer = stack.http.post(path, json={"query": "{ __typename }"}, headers=headers)
    if answer.status_code != 200:
        assert first_error(answer.json())["code"] == {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[answer.status_code]
    return answer.status_code
