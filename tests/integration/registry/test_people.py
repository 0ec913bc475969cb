"""Signing in, tokens, organisations."""

from __future__ import annotations

import asyncio

from common import clock
from contracts.access import INVALID, Principal
from registry.execute.deciding import USER
from tests.support.inside import NOBODY
from tests.support.registered import OPERATOR, PASSWORD, House, short

SIGN_IN = "mutation($e: String!, $p: String!) { signIn(email: $e, password: $p) { token expiresAt user { id } } }"
REGISTER = "mutation($input: RegisterUserInput!) { registerUser(input: $input) { id username email } }"
TOKEN = """mutation($n: String!, $e: DateTime) { createPersonalAccessToken(name: $n, expiresAt: $e) {
  token personalAccessToken { id name tokenPrefix expiresAt revoked user { id } } } }"""
ME = "{ me { id username email displayName disabled } }"
OF_MORTISE = """{ organisations(filters: [{field: "slug", value: "mortise"}]) { slug myRole } }"""


async def registered(house: House) -> tuple[str, Principal]:
    """The address of a new user, and he."""
    person = await house.person()
    me = (await house.data(ME, who=person))["me"]
    return me["email"], person


async def test_the_operator_is_there_and_only_once(registry: House) -> None:
    me = (await registry.data(ME))["me"]
    mine = (await registry.data(OF_MORTISE))["organisations"]

    assert me == {
        "id": OPERATOR.id,
        "username": "operator",
        "email": "operator@example.org",
        "displayName": None,
        "disabled": False,
    }
    assert mine == [{"slug": "mortise", "myRole": "owner"}]


async def test_who_signs_in_gets_a_session_for_twelve_hours(registry: House) -> None:
    email, person = await registered(registry)

    session = (await registry.data(SIGN_IN, {"e": f" {email.upper()} ", "p": PASSWORD}, who=NOBODY))["signIn"]

    assert session["token"].startswith("mss_")
    assert session["user"]["id"] == person.id
    hours = (clock.parse(session["expiresAt"]) - clock.now()).total_seconds() / 3600
    assert 11.9 < hours <= 12


async def test_a_wrong_password_and_a_wrong_address_are_refused_alike(registry: House) -> None:
    email, _ = await registered(registry)

    wrong = await registry.refused(SIGN_IN, {"e": email, "p": "not the password"}, who=NOBODY)
    unknown = await registry.refused(SIGN_IN, {"e": f"{short()}@example.org", "p": PASSWORD}, who=NOBODY)

    assert wrong == unknown == {"code": "UNAUTHENTICATED"}


async def test_guessing_is_slowed_down_and_many_at_once_are_no_way_round(registry: House) -> None:
    email, _ = await registered(registry)

    tries = [registry.refused(SIGN_IN, {"e": email, "p": f"guess {n}"}, who=NOBODY) for n in range(12)]
    answers = await asyncio.gather(*tries)

    throttled = [each for each in answers if each.get("reason") == "THROTTLED"]
    assert len(throttled) >= 6
    assert all(each["retryAfterSeconds"] >= 1 for each in throttled)


async def test_a_disabled_user_cannot_sign_in(registry: House) -> None:
    email, person = await registered(registry)
    await registry.data("mutation($u: ID!) { disableUser(id: $u) { disabled } }", {"u": person.id})

    assert (await registry.refused(SIGN_IN, {"e": email, "p": PASSWORD}, who=NOBODY))["code"] == "UNAUTHENTICATED"


async def test_a_changed_password_is_the_one_that_counts(registry: House) -> None:
    email, person = await registered(registry)
    change = "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }"

    wrong = await registry.refused(change, {"c": "not the password", "n": "another fine password"}, who=person)
    await registry.data(change, {"c": PASSWORD, "n": "another fine password"}, who=person)

    assert wrong["code"] == "UNAUTHENTICATED"
    assert (await registry.refused(SIGN_IN, {"e": email, "p": PASSWORD}, who=NOBODY))["code"] == "UNAUTHENTICATED"
    assert await registry.data(SIGN_IN, {"e": email, "p": "another fine password"}, who=NOBODY)


async def test_the_repeat_of_a_registration_does_not_bring_the_old_password_back(registry: House) -> None:
    name = short()
    wanted = {"input": {"email": f"{name}@example.org", "username": name, "password": PASSWORD}}
    made = (await registry.data(REGISTER, wanted, key=name))["registerUser"]
    person = Principal(kind="user", id=made["id"], via="session")
    await registry.data(
        "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) }",
        {"c": PASSWORD, "n": "another fine password"},
        who=person,
    )

    assert (await registry.data(REGISTER, wanted, key=name))["registerUser"] == made
    assert await registry.data(SIGN_IN, {"e": f"{name}@example.org", "p": "another fine password"}, who=NOBODY)


async def test_an_address_is_one_persons_whatever_its_case(registry: House) -> None:
    email, _ = await registered(registry)
    wanted = {"input": {"email": email.upper(), "username": short(), "password": PASSWORD}}

    assert (await registry.refused(REGISTER, wanted))["reason"] == "CONFLICT"


async def test_no_event_and_no_table_holds_a_name_in_clear_text(registry: House) -> None:
    name = f"secretname{short()}"
    made = await registry.data(
        REGISTER,
        {"input": {"email": f"{name}@example.org", "username": name, "displayName": name, "password": PASSWORD}},
    )
    user = made["registerUser"]["id"]
    assert made["registerUser"]["username"] == name

    async with registry.world.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"select u::text from users u where id = '{user}'")  # noqa: S608 - an id
        table = rows.scalar_one()
    history = await registry.world.log.load(USER.subject("_", user))

    assert name not in table
    assert all(name.encode() not in event.body for event in history.events)


# --- tokens -------------------------------------------------------------------------------------------------------


async def test_a_token_is_shown_once(registry: House) -> None:
    person = await registry.person()
    key = short()

    made = (await registry.data(TOKEN, {"n": "ci"}, who=person, key=key))["createPersonalAccessToken"]
    again = await registry.refused(TOKEN, {"n": "ci"}, who=person, key=key)

    assert made["token"].startswith(made["personalAccessToken"]["tokenPrefix"])
    assert len(made["token"]) == len("pfy_") + 43
    assert made["personalAccessToken"]["user"]["id"] == person.id
    assert (again["reason"], again["id"]) == ("CONFLICT", made["personalAccessToken"]["id"])


async def test_a_token_may_be_born_expired_and_a_child_dies_with_its_parent(registry: House) -> None:
    person = await registry.person()
    child = person.model_copy(update={"via": "token", "credential_expires_at": "2030-01-01T00:00:00.000Z"})

    past = await registry.data(TOKEN, {"n": "old", "e": "2020-01-01T01:00:00+01:00"}, who=person)
    young = await registry.data(TOKEN, {"n": "young"}, who=child)
    wrong = await registry.refused(TOKEN, {"n": "x", "e": "tomorrow"}, who=person)

    assert past["createPersonalAccessToken"]["personalAccessToken"]["expiresAt"] == "2020-01-01T00:00:00.000Z"
    assert young["createPersonalAccessToken"]["personalAccessToken"]["expiresAt"] == "2030-01-01T00:00:00.000Z"
    assert (wrong["code"], wrong["field"]) == ("BAD_USER_INPUT", "expiresAt")


async def test_tokens_are_revoked_for_ever_and_deleted_once(registry: House) -> None:
    person = await registry.person()
    made = (await registry.data(TOKEN, {"n": "ci"}, who=person))["createPersonalAccessToken"]
    token = {"t": made["personalAccessToken"]["id"]}
    revoke = "mutation($t: ID!) { revokePersonalAccessToken(id: $t) { revoked } }"
    delete = "mutation($t: ID!) { deletePersonalAccessToken(id: $t) }"

    for _ in range(2):
        assert (await registry.data(revoke, token, who=person))["revokePersonalAccessToken"]["revoked"]
    for _ in range(2):
        assert (await registry.data(delete, token, who=person, key=f"delete {made['token']}")) == {
            "deletePersonalAccessToken": True
        }
    assert (await registry.refused(delete, token, who=person))["code"] == "NOT_FOUND"


async def test_tokens_can_be_walked_in_both_directions(registry: House) -> None:
    person = await registry.person()
    for number in range(5):
        await registry.data(TOKEN, {"n": f"t{number}"}, who=person)
    page = """query($f: Int, $a: Cursor, $l: Int, $b: Cursor) {
      personalAccessTokens(first: $f, after: $a, last: $l, before: $b) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { name } } } }"""

    async def names(**arguments: object) -> tuple[list[str], dict[str, object]]:
        found = (await registry.data(page, arguments, who=person))["personalAccessTokens"]
        assert found["totalCount"] == 5
        return [edge["node"]["name"] for edge in found["edges"]], found["pageInfo"]

    first, info = await names(f=2)
    assert (first, info["hasNextPage"], info["hasPreviousPage"]) == (["t4", "t3"], True, False)
    second, info = await names(f=2, a=info["endCursor"])
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == (["t2", "t1"], True, True)
    third, last = await names(f=2, a=info["endCursor"])
    assert (third, last["hasNextPage"]) == (["t0"], False)
    back, info = await names(l=2, b=last["startCursor"])
    assert (back, info["hasNextPage"], info["hasPreviousPage"]) == (["t2", "t1"], True, True)
    assert (await names(l=1))[0] == ["t0"]
    assert (await names(f=0))[0] == []
    for wrong in ({"f": 1, "l": 1}, {"f": -1}, {"f": 101}, {"a": "x"}, {"a": "bnVsbA"}):
        assert (await registry.refused(page, wrong, who=person))["code"] == "BAD_USER_INPUT"


# --- organisations ------------------------------------------------------------------------------------------------


async def test_slugs_of_organisations_are_found_and_never_shared(registry: House) -> None:
    create = "mutation($n: String!, $s: String) { createOrganisation(name: $n, slug: $s) { slug myRole } }"
    person, name = await registry.person(), short()

    first = (await registry.data(create, {"n": name}, who=person))["createOrganisation"]
    second = (await registry.data(create, {"n": name}, who=person))["createOrganisation"]
    taken = await registry.refused(create, {"n": "Other", "s": first["slug"]}, who=person)

    assert first == {"slug": name, "myRole": "owner"}
    assert second == {"slug": f"{name}-2", "myRole": "owner"}
    assert taken["reason"] == "CONFLICT"


async def test_everybody_may_leave_but_the_last_owner(registry: House) -> None:
    owner = await registry.person()
    organisation = await registry.organisation(owner)
    member = await registry.person(organisation)
    leave = "mutation($o: ID!, $u: ID!) { removeMember(organisation: $o, userID: $u) }"

    assert (await registry.data(leave, {"o": organisation, "u": member.id}, who=member))["removeMember"]
    assert (await registry.refused(leave, {"o": organisation, "u": owner.id}, who=owner))["reason"] == "CONFLICT"


async def test_users_are_listed_by_their_opened_names(registry: House) -> None:
    organisation = await registry.organisation()
    people = [await registry.person(organisation) for _ in range(3)]
    stranger = await registry.person()
    names = sorted([(await registry.data(ME, who=person))["me"]["username"] for person in people])
    users = """query($f: [Filter!], $o: Order, $p: Pagination) {
      users(filters: $f, order: $o, pagination: $p) { username } }"""

    listed = await registry.data(users, {"p": {"limit": 2, "offset": 1}}, who=people[0])
    found = await registry.data(users, {"f": [{"field": "email", "value": names[1].upper()}]}, who=people[0])

    seen = sorted([*names, "operator"])
    assert [each["username"] for each in listed["users"]] == seen[1:3]
    assert [each["username"] for each in found["users"]] == [names[1]]
    assert len((await registry.data(users, who=stranger))["users"]) == 1


async def test_an_invalid_credential_is_not_nobody(registry: House) -> None:
    refused = await registry.refused(SIGN_IN, {"e": "operator@example.org", "p": PASSWORD}, who=INVALID)

    assert refused["code"] == "UNAUTHENTICATED"
