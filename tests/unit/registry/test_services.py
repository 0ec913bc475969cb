"""Services, instances, keys, access, tokens, sessions and users."""

from __future__ import annotations

import pytest

from common.errors import Refused
from contracts import registry as said
from contracts.names import EnvironmentKind
from registry.domain import access, instances, keys, services, sessions, tokens, users
from registry.domain.instances import Instance, InstanceEvent
from registry.domain.keys import Key, KeyEvent
from registry.domain.services import Service, ServiceEvent, Version

FIRST = Version("0.0.1", "s" * 64, "m" * 64)
SECOND = Version("0.0.2", "t" * 64, "n" * 64)


def created() -> said.ServiceCreated:
    told = services.documented(name="Music store", problem="No music", solution="Sell it", domain="Media", tags=["#a"])
    return services.create(
        None, id="s", organisation="o", slug="music-store", documentation=told, creator="ada", version=FIRST
    )


def music(*events: ServiceEvent) -> Service:
    known = services.fold([created(), *events])
    assert known is not None
    return known


def pushed(version: Version) -> said.VersionPushed:
    return said.VersionPushed(
        service="s",
        organisation="o",
        version=version.name,
        sdl_sha=version.sdl_sha,
        model_sha=version.model_sha,
        notes=("n",),
        changes=(),
    )


def test_a_service_begins_with_one_version_on_private_and_demo() -> None:
    assert (music().private_version, music().published_version) == ("0.0.1", "0.0.1")


def test_a_push_moves_private_only() -> None:
    known = music(pushed(SECOND))

    assert (known.private_version, known.published_version) == ("0.0.2", "0.0.1")
    assert known.versions == {"0.0.1": FIRST, "0.0.2": SECOND}


@pytest.mark.parametrize("length", [0, 140])
def test_problem_and_solution_are_one_to_139_characters(length: int) -> None:
    with pytest.raises(Refused) as refused:
        services.documented(name="Music", problem="x" * length, solution="y", domain="Media", tags=[])
    assert refused.value.field == "problem"


def test_a_service_in_use_is_not_removed_and_says_by_whom() -> None:
    with pytest.raises(Refused) as refused:
        services.remove(music(), projects=["shop"])

    assert refused.value.details == {"projects": ["shop"]}
    with pytest.raises(Refused):
        services.remove(music(services.remove(music(), projects=[])), projects=[])


def test_a_taken_name_comes_with_free_ones() -> None:
    refused = services.taken("music", ["music-2", "music-3"])

    assert isinstance(refused, Refused)
    assert (refused.reason, refused.details) == ("CONFLICT", {"alternatives": ["music-2", "music-3"]})


# --- instances ----------------------------------------------------------------------------------------------------


def instance(*events: InstanceEvent) -> Instance:
    added = instances.add(None, id="i", organisation="o", project="p", service="s", version=FIRST)
    known = instances.fold([added, *events])
    assert known is not None
    return known


def test_a_new_instance_is_declared_for_dev_only() -> None:
    assert instance().versions == {"dev": "0.0.1"}


def test_a_promotion_declares_one_environment() -> None:
    promoted = instances.promote(instance(), environment="prod", version=SECOND, forced=False)

    assert instance(promoted).versions == {"dev": "0.0.1", "prod": "0.0.2"}


@pytest.mark.parametrize(
    ("source", "target"),
    [("demo", "dev"), ("dev", "stage"), ("dev", "prod"), ("stage", "prod"), ("prod", "dev")],
)
def test_these_ways_are_open(source: EnvironmentKind, target: EnvironmentKind) -> None:
    assert instances.way(source, target) == target


@pytest.mark.parametrize(
    ("source", "target"),
    [("demo", "prod"), ("private", "dev"), ("dev", "dev"), ("dev", "demo"), ("dev", "private"), ("demo", "demo")],
)
def test_these_ways_are_not(source: EnvironmentKind, target: EnvironmentKind) -> None:
    with pytest.raises(Refused) as refused:
        instances.way(source, target)
    assert refused.value.reason == "NO_SUCH_WAY"


def test_a_removed_instance_takes_no_version() -> None:
    with pytest.raises(Refused) as refused:
        instances.promote(instance(instances.remove(instance())), environment="dev", version=SECOND, forced=False)
    assert refused.value.code == "NOT_FOUND"


# --- keys and access ----------------------------------------------------------------------------------------------


def key(*events: KeyEvent) -> Key:
    issued = keys.issue(
        None,
        id="k",
        organisation="o",
        kind="project",
        target="p",
        client=None,
        name="developer",
        secret="mpk_0123456789",
        key_hash="h",
        expires_at=None,
    )
    known = keys.fold([issued, *events])
    assert known is not None
    return known


def test_of_a_key_only_twelve_characters_are_kept() -> None:
    assert key().prefix == "mpk_01234567"


def test_a_rotated_key_is_the_same_key() -> None:
    rotated = key(keys.rotate(key(), secret="mpk_other_secret", key_hash="i"))

    assert (rotated.id, rotated.key_hash) == ("k", "i")


def test_a_revoked_key_stays_dead() -> None:
    revoked = keys.revoke(key())
    assert revoked is not None

    assert keys.revoke(key(revoked)) is None
    with pytest.raises(Refused):
        keys.rotate(key(revoked), secret="mpk_x", key_hash="i")


def test_demo_is_open_to_the_organisation_until_somebody_decides() -> None:
    unsaid = access.change(None, environment="e", kind="demo", organisation="o", mode="organisation")
    public = access.change(None, environment="e", kind="demo", organisation="o", mode="public")

    assert unsaid is None
    assert public is not None
    assert access.change(access.fold([public]), environment="e", kind="demo", organisation="o", mode="public") is None
    assert access.default("prod") == "key"


# --- people -------------------------------------------------------------------------------------------------------


def token(expires_at: str | None = None, live: int = 0) -> said.TokenCreated:
    return tokens.create(
        None, id="t", user="u", name="ci", secret="pfy_" + "x" * 43, token_hash="h", expires_at=expires_at, live=live
    )


def test_revoking_twice_says_it_once() -> None:
    revoked = tokens.revoke(tokens.fold([token()]))
    assert revoked is not None

    assert tokens.revoke(tokens.fold([token(), revoked])) is None


def test_a_deleted_token_is_not_found() -> None:
    known = tokens.fold([token(), tokens.delete(tokens.fold([token()]))])

    with pytest.raises(Refused) as refused:
        tokens.revoke(known)
    assert refused.value.code == "NOT_FOUND"


def test_nobody_has_more_than_a_hundred_live_tokens() -> None:
    assert token(live=99).prefix == "pfy_xxxxxxxx"
    with pytest.raises(Refused):
        token(live=100)


def test_a_token_made_with_a_token_does_not_outlive_it() -> None:
    early, late = "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"

    assert tokens.capped(late, early) == early
    assert tokens.capped(None, early) == early
    assert tokens.capped(early, late) == early
    assert tokens.capped(None, None) is None


def test_signing_out_twice_says_it_once() -> None:
    started = sessions.start(None, id="x", user="u", token_hash="h", expires_at="2026-01-01T00:00:00.000Z")
    ended = sessions.end(sessions.fold([started]))
    assert ended is not None

    assert sessions.end(sessions.fold([started, ended])) is None


def test_nobody_disables_himself() -> None:
    known = users.fold([users.register(None, id="u", username="x", email="y", email_hash="z")])

    with pytest.raises(Refused):
        users.disable(known, by="u")
    assert users.disable(known, by="v") == said.UserDisabled(user="u")
    assert users.disable(users.evolve(known, said.UserDisabled(user="u")), by="v") is None
