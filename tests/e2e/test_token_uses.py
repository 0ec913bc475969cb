"""When a personal access token was last accepted, as its owner sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from common.clock import new_id, now, parse, text
from tests.support.stack import Stack

CREATE = """mutation($name: String!, $expires: DateTime) { createPersonalAccessToken(name: $name, expiresAt: $expires) {
  token personalAccessToken { id createdAt lastUsedAt } } }"""
REVOKE = "mutation($id: ID!) { revokePersonalAccessToken(id: $id) { id } }"
MINE = """query($name: String!) { myPersonalAccessTokens(filters: [{field: "name", value: $name}]) {
  id createdAt lastUsedAt } }"""
ME = "{ me { id } }"
SECONDS_MAX = 10.0


@pytest.fixture
def name() -> str:
    """Of the tokens of one test."""
    return f"uses {new_id()}"


def created(stack: Stack, name: str, expires: str | None = None) -> tuple[str, str]:
    """The secret of a new token that was never used, and its id."""
    made = stack.asked(CREATE, {"name": name, "expires": expires})["createPersonalAccessToken"]
    assert made["personalAccessToken"]["lastUsedAt"] is None
    return made["token"], made["personalAccessToken"]["id"]


def shown(stack: Stack, name: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in stack.asked(MINE, {"name": name})["myPersonalAccessTokens"]}


def used(stack: Stack, name: str, token: str, id: str) -> None:
    """Use a token, and wait until that can be read."""
    stack.asked(ME, token=token)
    stack.until(lambda: shown(stack, name)[id]["lastUsedAt"] is not None, SECONDS_MAX, "the use to be shown")


def test_a_used_token_says_so_within_seconds(stack: Stack, name: str) -> None:
    before = now()
    token, id_ = created(stack, name)
    used(stack, name, token, id_)

    seen = shown(stack, name)[id_]
    assert seen["lastUsedAt"] >= seen["createdAt"]
    assert before - timedelta(minutes=1) <= parse(seen["lastUsedAt"]) <= now()


def test_a_token_that_is_refused_is_not_used(stack: Stack, name: str) -> None:
    revoked, revoked_id = created(stack, name)
    stack.asked(REVOKE, {"id": revoked_id})
    expired, expired_id = created(stack, name, text(now() - timedelta(days=1)))
    for token in (revoked, expired):
        (problem,) = stack.query(ME, token=token)["errors"]
        assert problem["extensions"]["code"] == "UNAUTHENTICATED"

    # What a worker tells is read in its order: after this use nothing of the refused ones is still to come.
    token, id_ = created(stack, name)
    used(stack, name, token, id_)

    seen = shown(stack, name)
    assert seen[revoked_id]["lastUsedAt"] is None
    assert seen[expired_id]["lastUsedAt"] is None


def test_a_rebuild_keeps_when_tokens_were_used(stack: Stack, name: str) -> None:
    token, id_ = created(stack, name)
    used(stack, name, token, id_)
    stack.asked(REVOKE, {"id": id_})
    before = shown(stack, name)

    words = [sys.executable, "-m", "common.operate", "--data", str(stack.data), "--rebuild", "token_uses", "registry"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    (rebuilt,) = json.loads(done.stdout)["registry"]["rebuilt"]
    assert rebuilt["equal"], rebuilt
    assert rebuilt["tables"][0]["rows"] > 0
    assert shown(stack, name) == before
