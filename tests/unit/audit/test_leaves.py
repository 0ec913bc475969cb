"""A leaf for every message, whatever it holds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain.leaves import LOG, UNREADABLE, Stored, leaf
from common.events import Actor, Change, Envelope
from proof import canonical

SUBJECT = "evt.o1.registry.project.p1"


def body(**changes: Any) -> bytes:
    envelope = Envelope(
        id="01900000-0000-7000-8000-000000000001",
        type="mortise.registry.project.renamed.v1",
        source="/registry",
        subject="registry.project.p1",
        time="2026-11-20T10:00:00.000Z",
        recordedtime="2026-11-20T10:00:00.120Z",
        sequence="000000000002",
        org="o1",
        dataschema="schema://mortise/registry/project/renamed/1#sha256-0",
        authtype="user",
        authid="u1",
        actor=Actor(type="user", id="u1", via="token", client_ip='{"sealed":"k","n":"n","c":"c","h":"abc"}'),
        correlationid="r1",
        causationid="c1",
        requestid="r1",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        changes={"name": Change(before="a", after="b")},
        data={"project": "p1", "name": "b"},
    )
    return envelope.model_copy(update=changes).encode()


def test_a_leaf_says_who_did_what_to_what_and_vouches_for_the_bytes() -> None:
    stored = Stored(7, SUBJECT, body())

    made = leaf(stored)

    assert made.index == 6
    assert json.loads(made.data) == {
        "v": 1,
        "log": LOG,
        "stream": "EVT",
        "seq": 7,
        "subject": SUBJECT,
        "id": "01900000-0000-7000-8000-000000000001",
        "type": "mortise.registry.project.renamed.v1",
        "source": "/registry",
        "time": "2026-11-20T10:00:00.000Z",
        "recorded": "2026-11-20T10:00:00.120Z",
        "actor": {"type": "user", "id": "u1", "via": "token"},
        "org": "o1",
        "action": "registry.project.renamed",
        "targets": [{"type": "project", "id": "p1"}],
        "outcome": "success",
        "request_id": "r1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "before_sha256": hashlib.sha256(b'{"name":"a"}').hexdigest(),
        "after_sha256": hashlib.sha256(b'{"name":"b"}').hexdigest(),
        "sd": {"ip": "abc"},
        "data_sha256": hashlib.sha256(stored.body).hexdigest(),
    }
    canonical.require(made.data)


def test_a_leaf_never_holds_a_sealed_token_only_its_commitment() -> None:
    assert b'"sealed"' not in leaf(Stored(1, SUBJECT, body())).data


def test_absent_members_are_left_out_never_null() -> None:
    made = leaf(Stored(1, SUBJECT, body(requestid=None, traceparent=None, changes={})))

    assert b"null" not in made.data
    assert not {"request_id", "trace_id", "before_sha256"} & json.loads(made.data).keys()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"null", b'{"id": 1, "actor": [], "changes": 3}', b'{"type":"\\u0000"}', b"{" * 5000],
)
def test_what_is_no_envelope_has_a_leaf_all_the_same(content: bytes) -> None:
    made = leaf(Stored(3, SUBJECT, content))

    assert made.id == f"{UNREADABLE}-3"
    assert made.type == UNREADABLE
    assert json.loads(made.data)["data_sha256"] == hashlib.sha256(content).hexdigest()


def test_a_type_nobody_knows_is_no_reason_to_stop() -> None:
    made = leaf(Stored(3, "evt.o1.future.thing.t1", body(type="mortise.future.thing.happened.v9")))

    assert (made.type, made.subject, made.org) == ("mortise.future.thing.happened.v9", "future.thing.t1", "o1")
    assert json.loads(made.data)["action"] == "future.thing.happened"


def test_an_odd_letter_costs_the_readable_members_not_the_leaf() -> None:
    content = body(requestid="e\u0301")

    assert json.loads(leaf(Stored(3, SUBJECT, content)).data).keys() == {
        *("v", "log", "stream", "seq", "subject", "data_sha256")
    }


def test_the_organisation_is_the_streams_not_what_a_body_claims() -> None:
    assert leaf(Stored(3, SUBJECT, body(org="another"))).org == "o1"


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.text() | st.floats() | st.integers(),
        lambda inner: st.dictionaries(
            st.sampled_from(["id", "type", "actor", "changes", "time", "x"]), inner, max_size=5
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_is_stored_gets_a_canonical_leaf(content: bytes) -> None:
    made = leaf(Stored(1, SUBJECT, content))

    assert canonical.require(made.data)["data_sha256"] == hashlib.sha256(content).hexdigest()
    assert leaf(Stored(1, SUBJECT, content)) == made
