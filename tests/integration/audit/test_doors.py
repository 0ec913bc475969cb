"""Who may not read the history (B14)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from audit.__main__ import SERVICE
from common import clock
from common.events import Actor
from common.log import Subject
from common.sealing import Sealer
from contracts import registry as heard
from contracts.access import INVALID, Principal
from tests.support.inside import NOBODY, OPERATOR, Inside, inside, say
from tests.support.stack import Stack

ENTRIES = """query($filter: AuditFilter, $first: Int, $after: Cursor) {
  auditEntries(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { cursor node { id organisation type subject actor { id username } } } } }"""
ENTRY = "query($id: ID!) { auditEntry(id: $id) { id leaf leafHash data changes requestId } }"
PROOF = "query($id: ID!) { auditProof(id: $id) { index } }"
CHECKPOINT = "{ auditCheckpoint { size note key } }"
CONSISTENCY = "{ auditConsistency(from: 0, to: 1) { hashes } }"


@pytest.fixture(scope="module")
async def audit(servers: Stack) -> AsyncIterator[Inside]:
    async with inside(servers, SERVICE) as running:
        yield running


def member(org: str, role: str = "owner") -> Principal:
    return Principal.model_validate({"kind": "user", "id": "u1", "organisations": {org: role}})


async def facts(running: Inside, count: int = 1, actor: str = "u1") -> tuple[str, list[str]]:
    """A fresh organisation and the ids of its events."""
    org, events, position = clock.new_id(), [], 0
    for _ in range(count):
        project = clock.new_id()
        event = heard.ProjectCreated(project=project, organisation=org, name="Shop", slug="shop", creator=actor)
        recorded = await say(
            running.admin, Subject(org, "registry", "project", project), event, actor=Actor(type="user", id=actor)
        )
        events.append(recorded.envelope.id)
        position = recorded.position
    assert await running.runtime.runners["history"].wait_for(position, 20)
    return org, events


def ids(data: dict[str, object]) -> list[str]:
    return [edge["node"]["id"] for edge in data["auditEntries"]["edges"]]  # type: ignore[index]


async def test_a_tenant_reads_his_own_organisation_only(audit: Inside) -> None:
    mine, my_events = await facts(audit, 2)
    theirs, _ = await facts(audit, 1)

    assert ids(await audit.data(ENTRIES, principal=member(mine))) == my_events[::-1]
    assert ids(await audit.data(ENTRIES, {"filter": {"organisation": mine}}, principal=member(mine))) == my_events[::-1]
    refused = await audit.refused(ENTRIES, {"filter": {"organisation": theirs}}, principal=member(mine))
    assert refused["code"] == "NOT_FOUND"
    for wanted in ({"actor": "u1"}, {"type": "mortise."}, {"subject": "registry."}):
        assert ids(await audit.data(ENTRIES, {"filter": wanted}, principal=member(mine))) == my_events[::-1]


async def test_an_entry_of_another_organisation_is_not_found(audit: Inside) -> None:
    mine, (my_event,) = await facts(audit)
    _, (foreign,) = await facts(audit)

    assert (await audit.data(ENTRY, {"id": my_event}, principal=member(mine)))["auditEntry"]["id"] == my_event
    for hidden in (foreign, "nothing"):
        refused = await audit.refused(ENTRY, {"id": hidden}, principal=member(mine))
        assert refused["code"] == "NOT_FOUND"
    assert (await audit.refused(ENTRY, {"id": my_event}, principal=member(mine, "member")))["code"] == "NOT_FOUND"


async def test_a_proof_of_another_organisation_is_not_found(audit: Inside) -> None:
    mine, (my_event,) = await facts(audit)
    _, (foreign,) = await facts(audit)

    assert "index" in (await audit.data(PROOF, {"id": my_event}, principal=member(mine)))["auditProof"]
    assert (await audit.refused(PROOF, {"id": foreign}, principal=member(mine)))["code"] == "NOT_FOUND"


async def test_a_checkpoint_is_for_those_who_are_signed_in(audit: Inside) -> None:
    _, (event,) = await facts(audit)
    await audit.data(PROOF, {"id": event})

    assert (await audit.data(CHECKPOINT, principal=member("any")))["auditCheckpoint"]["size"] > 0
    for principal in (NOBODY, INVALID):
        assert (await audit.refused(CHECKPOINT, principal=principal))["code"] == "UNAUTHENTICATED"


async def test_a_consistency_proof_is_for_those_who_are_signed_in(audit: Inside) -> None:
    await facts(audit)

    assert (await audit.data(CONSISTENCY, principal=member("any")))["auditConsistency"]["hashes"] == []
    for principal in (NOBODY, INVALID):
        assert (await audit.refused(CONSISTENCY, principal=principal))["code"] == "UNAUTHENTICATED"
    refused = await audit.refused("{ auditConsistency(from: 5, to: 999999999) { hashes } }")
    assert refused["code"] == "NOT_FOUND"


async def test_who_is_not_signed_in_reads_no_entry(audit: Inside) -> None:
    _, (event,) = await facts(audit)

    for principal in (NOBODY, INVALID):
        assert (await audit.refused(ENTRIES, principal=principal))["code"] == "UNAUTHENTICATED"
        for query in (ENTRY, PROOF):
            assert (await audit.refused(query, {"id": event}, principal=principal))["code"] == "UNAUTHENTICATED"


async def test_a_member_who_is_no_owner_is_told_so(audit: Inside) -> None:
    org, _ = await facts(audit)

    refused = await audit.refused(ENTRIES, {"filter": {"organisation": org}}, principal=member(org, "member"))

    assert refused["code"] == "FORBIDDEN"
    assert ids(await audit.data(ENTRIES, principal=member(org, "guest"))) == []


async def test_operators_read_everything_page_by_page(audit: Inside) -> None:
    org, events = await facts(audit, 5)
    wanted = {"organisation": org}
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = (await audit.data(ENTRIES, {"filter": wanted, "first": 2, "after": after}))["auditEntries"]
        assert page["totalCount"] == 5
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]

    assert seen == events[::-1]
    assert not page["pageInfo"]["hasNextPage"]
    assert (await audit.refused(ENTRIES, {"after": "x"}))["code"] == "BAD_USER_INPUT"
    assert (await audit.refused(ENTRIES, {"first": 501}))["code"] == "BAD_USER_INPUT"
    assert (await audit.refused(ENTRIES, {"filter": {"from": "yesterday"}}))["code"] == "BAD_USER_INPUT"


async def test_a_search_by_time_is_half_open(audit: Inside) -> None:
    org, (event,) = await facts(audit)
    entry = (await audit.data("query($id: ID!) { auditEntry(id: $id) { time } }", {"id": event}))["auditEntry"]

    def at(**times: str) -> dict[str, object]:
        return {"filter": {"organisation": org, **times}}

    assert ids(await audit.data(ENTRIES, at(**{"from": entry["time"]}))) == [event]
    assert ids(await audit.data(ENTRIES, at(to=entry["time"]))) == []


async def test_an_entry_says_who_it_was_while_the_person_is_known(audit: Inside) -> None:
    user = clock.new_id()
    sealer: Sealer = audit.runtime.sealer
    token = await sealer.seal(user, "ada")
    registered = heard.UserRegistered(user=user, username=token, email=token, email_hash="x")
    recorded = await say(audit.admin, Subject("_", "registry", "user", user), registered)
    assert await audit.runtime.runners["people"].wait_for(recorded.position, 20)
    org, _ = await facts(audit, actor=user)

    data = await audit.data(ENTRIES, {"filter": {"organisation": org}}, principal=OPERATOR)

    assert [edge["node"]["actor"] for edge in data["auditEntries"]["edges"]] == [{"id": user, "username": "ada"}]
