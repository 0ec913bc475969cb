"""Who may be calling and what runs where, folded from the log."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.events import Event
from contracts import provisioner as made
from contracts import registry as said
from contracts.access import Principal
from gateway.domain import directory as domain
from gateway.domain.directory import Directory, Key

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ENVIRONMENT = "0197a5b2-0000-5000-8000-000000000001"
ENDPOINT = ENVIRONMENT.replace("-", "")


def at(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


LATER = at(NOW + timedelta(hours=1))


def seen(*events: Event, org: str = "o1") -> Directory:
    directory = Directory()
    for position, event in enumerate(events, start=1):
        for change in domain.changes(position, org, event):
            directory.apply(change)
    return directory


def user(id_: str = "u1", *, operator: bool = False) -> said.UserRegistered:
    return said.UserRegistered(user=id_, username="s", email="s", email_hash="h", operator=operator)


def session(id_: str = "s1", expires_at: str = LATER) -> said.SessionStarted:
    return said.SessionStarted(session=id_, user="u1", token_hash=f"hash-{id_}", expires_at=expires_at)


def token(expires_at: str | None = None) -> said.TokenCreated:
    return said.TokenCreated(
        token="t1", user="u1", name="n", prefix="pfy_ab", token_hash="hash-t1", expires_at=expires_at
    )


def key(id_: str = "k1", kind: Any = "project", target: str = "p1", **more: Any) -> said.KeyIssued:
    return said.KeyIssued(
        key=id_, organisation="o1", kind=kind, target=target, name="n", prefix="mpk_ab", key_hash=f"hash-{id_}", **more
    )


def ready(**more: Any) -> made.EnvironmentReady:
    content: dict[str, Any] = {
        "environment": ENVIRONMENT,
        "deployment": "d1",
        "kind": "prod",
        "service": "sv1",
        "instance": "i1",
        "project": "p1",
        "version": "0.0.1",
        "model_sha": "m1",
        "sdl_sha": "s1",
        "database": "env_x",
        "first": True,
    }
    return made.EnvironmentReady(**{**content, **more})


def project() -> said.ProjectCreated:
    return said.ProjectCreated(project="p1", organisation="o1", name="P", slug="p", creator="u1")


def caller(directory: Directory, hashed: str, now: datetime = NOW) -> Principal:
    holder = directory.holder(hashed, now)
    assert isinstance(holder, Principal)
    return holder


def test_a_session_and_a_token_name_their_user_with_all_he_holds() -> None:
    organisation = said.OrganisationRegistered(organisation="o1", name="O", slug="o", founder="u1")
    member = said.MemberAdded(organisation="o2", user="u1", role="guest")
    grant = said.ProjectRoleGranted(project="p2", grant="g1", user="u1", role="viewer")
    directory = seen(user(operator=True), organisation, member, project(), grant, session(), token())

    assert caller(directory, "hash-s1") == Principal(
        kind="user",
        id="u1",
        via="session",
        credential="s1",
        credential_expires_at=LATER,
        operator=True,
        organisations={"o1": "owner", "o2": "guest"},
        grants={"project:p1": "admin", "project:p2": "viewer"},
    )
    assert caller(directory, "hash-t1").via == "token"


def test_a_secret_that_nobody_was_given_has_no_holder() -> None:
    assert seen(user(), session()).holder("hash-other", NOW) is None


def test_secrets_end_at_the_moment_they_expire() -> None:
    soon = at(NOW + timedelta(milliseconds=1))
    directory = seen(user(), session(expires_at=soon), token(expires_at=soon), key(expires_at=soon))

    for hashed in ("hash-s1", "hash-t1", "hash-k1"):
        assert directory.holder(hashed, NOW) is not None
        assert directory.holder(hashed, NOW + timedelta(milliseconds=1)) is None


def test_signing_out_revoking_deleting_and_disabling_end_a_secret_at_once() -> None:
    for end, hashed in (
        (said.SessionEnded(session="s1", user="u1"), "hash-s1"),
        (said.TokenRevoked(token="t1", user="u1"), "hash-t1"),
        (said.TokenDeleted(token="t1", user="u1"), "hash-t1"),
        (said.UserDisabled(user="u1"), "hash-s1"),
        (said.UserDisabled(user="u1"), "hash-t1"),
        (said.KeyRevoked(key="k1", organisation="o1"), "hash-k1"),
        (said.ProjectDeleted(project="p1", organisation="o1"), "hash-k1"),
    ):
        before = seen(user(), session(), token(), key())
        assert before.holder(hashed, NOW) is not None
        assert seen(user(), session(), token(), key(), end).holder(hashed, NOW) is None


def test_a_new_password_ends_earlier_sessions_and_no_later_ones_nor_tokens() -> None:
    changed = said.PasswordChanged(user="u1")
    directory = seen(user(), session("s1"), token(), changed, session("s2"))

    assert directory.holder("hash-s1", NOW) is None
    assert directory.holder("hash-s2", NOW) is not None
    assert directory.holder("hash-t1", NOW) is not None


def test_a_rotated_key_has_only_its_new_secret() -> None:
    rotated = said.KeyRotated(key="k1", organisation="o1", prefix="mpk_cd", key_hash="hash-new")
    directory = seen(key(client=None), rotated)

    assert directory.holder("hash-k1", NOW) is None
    assert directory.holder("hash-new", NOW) == Key("k1", "project", "p1", None)


def test_a_rotation_after_the_key_is_gone_opens_nothing() -> None:
    rotated = said.KeyRotated(key="k1", organisation="o1", prefix="mpk_cd", key_hash="hash-new")
    gone = said.ProjectDeleted(project="p1", organisation="o1")

    assert seen(key(), gone, rotated).holder("hash-new", NOW) is None


def test_removing_a_client_ends_his_keys_only() -> None:
    removed = said.ClientRemoved(client="c1", organisation="o1", project="p1")
    directory = seen(key("k1", "client", client="c1"), key("k2", "client", client="c2"), key("k3"), removed)

    assert directory.holder("hash-k1", NOW) is None
    assert directory.holder("hash-k2", NOW) == Key("k2", "client", "p1", "c2")
    assert directory.holder("hash-k3", NOW) is not None


def test_roles_follow_the_last_word() -> None:
    directory = seen(
        user(),
        token(),
        said.MemberAdded(organisation="o1", user="u1", role="guest"),
        said.MemberRoleChanged(organisation="o1", user="u1", role="member"),
        said.MemberAdded(organisation="o2", user="u1", role="owner"),
        said.MemberRemoved(organisation="o2", user="u1"),
        said.ProjectRoleGranted(project="p1", grant="g", user="u1", role="admin"),
        said.ProjectRoleWithdrawn(project="p1", grant="g", user="u1"),
    )

    assert caller(directory, "hash-t1").organisations == {"o1": "member"}
    assert caller(directory, "hash-t1").grants == {}


def test_a_live_environment_is_found_by_its_endpoint_with_the_newest_version() -> None:
    directory = seen(ready(), ready(version="0.0.2", model_sha="m2", first=False))

    route = directory.routes[ENDPOINT]
    assert (route.version, route.model_sha, route.organisation, route.environment) == ("0.0.2", "m2", "o1", ENVIRONMENT)


def test_an_environment_is_closed_when_it_is_removed_or_its_instance_or_service_is() -> None:
    for removed in (
        made.EnvironmentRemoved(environment=ENVIRONMENT, kind="prod", service="sv1"),
        said.InstanceRemoved(instance="i1", organisation="o1", project="p1", service="sv1"),
        said.ServiceRemoved(service="sv1", organisation="o1"),
    ):
        assert ENDPOINT not in seen(ready(), removed).routes


def test_demo_is_open_to_its_organisation_and_all_others_by_key_unless_changed() -> None:
    for kind, mode in (("private", "key"), ("demo", "organisation"), ("dev", "key"), ("stage", "key"), ("prod", "key")):
        directory = seen(ready(kind=kind))
        assert directory.mode(directory.routes[ENDPOINT]) == mode

    changed = said.AccessChanged(environment=ENVIRONMENT, organisation="o1", mode="public")
    directory = seen(changed, ready(kind="demo"))
    assert directory.mode(directory.routes[ENDPOINT]) == "public"


def test_every_fact_about_these_aggregates_is_either_used_or_known_to_be_irrelevant() -> None:
    assert "mortise.registry.service.version_pushed.v1" in domain.IGNORED
    assert "mortise.registry.key.issued.v1" not in domain.IGNORED
    assert {"registry.key", "registry.user", "provisioner.environment"} <= domain.CONTEXTS
    assert "registry.claim" not in domain.CONTEXTS


FACTS: list[Event] = [
    user(),
    said.UserDisabled(user="u1"),
    said.PasswordChanged(user="u1"),
    session("s1"),
    session("s2"),
    said.SessionEnded(session="s1", user="u1"),
    token(),
    said.TokenRevoked(token="t1", user="u1"),
    key("k1", "client", client="c1"),
    key("k2"),
    said.KeyRotated(key="k2", organisation="o1", prefix="x", key_hash="hash-k2b"),
    said.KeyRevoked(key="k2", organisation="o1"),
    said.ClientRemoved(client="c1", organisation="o1", project="p1"),
    project(),
    said.ProjectDeleted(project="p1", organisation="o1"),
    ready(),
    ready(version="0.0.2"),
    made.EnvironmentRemoved(environment=ENVIRONMENT, kind="prod", service="sv1"),
]


@given(st.lists(st.sampled_from(FACTS), max_size=30), st.integers(0, 30))
def test_a_snapshot_and_the_log_behind_it_make_the_same_directory_as_the_whole_log(
    facts: list[Event], cut: int
) -> None:
    whole = seen(*facts)

    loaded = Directory()
    for kind, rows in seen(*facts[:cut]).rows.items():
        for id_, row in rows.items():
            loaded.apply(domain.Put(kind, id_, row))
    for position, event in enumerate(facts[cut:], start=min(cut, len(facts)) + 1):
        for change in domain.changes(position, "o1", event):
            loaded.apply(change)

    assert {kind: rows for kind, rows in loaded.rows.items() if rows} == {k: r for k, r in whole.rows.items() if r}
    assert loaded.routes == whole.routes
    assert loaded.by_hash == whole.by_hash


@given(st.lists(st.sampled_from(FACTS), max_size=30))
def test_taking_in_a_fact_twice_in_a_row_changes_nothing(facts: list[Event]) -> None:
    once, twice = seen(*facts), Directory()
    for position, event in enumerate(facts, start=1):
        for change in domain.changes(position, "o1", event) * 2:
            twice.apply(change)

    assert twice.rows == once.rows
    assert twice.by_hash == once.by_hash
