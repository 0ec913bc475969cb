"""Ids, times, settings, claims and tokens as values: no server, no clock but the one they are given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import clock, ids
from common.claims import Claim
from common.commands import claim_subject
from common.log import Subject
from common.sealing import commitment, environment_password, keyed_hash, sealed, unwrap, wrap
from common.settings import Settings
from contracts import names

KEY = bytes(range(32))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DSN = "postgresql://registry:hidden@127.0.0.1:5432/mortise"
LEAST = {"MORTISE_SECRET_KEY": KEY.hex(), "MORTISE_POSTGRES_DSN": DSN}


def test_the_time_has_three_decimals_and_survives_its_text() -> None:
    now = clock.now()
    assert clock.parse(clock.text(now)) == now
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", clock.text(now))


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants it naive
def test_every_instant_reads_back_to_the_millisecond(at: datetime) -> None:
    assert clock.parse(clock.text(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert clock.text(at) == "2026-11-20T10:00:00.000Z"


@pytest.mark.parametrize("text", ["2026-11-20T10:00:00", "2026-11-20", "yesterday", ""])
def test_a_time_without_a_zone_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        clock.parse(text)


def test_a_test_can_shift_the_time_of_the_whole_product() -> None:
    before = clock.now()
    asked = "from common import clock; print(clock.text(clock.now()), clock.milliseconds())"
    environ = {**os.environ, clock.OFFSET: "86400"}
    told = subprocess.run([sys.executable, "-c", asked], env=environ, capture_output=True, check=True, text=True).stdout
    text, milliseconds = told.split()
    assert timedelta(days=1) <= clock.parse(text) - before < timedelta(days=1, minutes=1)
    counted = EPOCH + timedelta(milliseconds=int(milliseconds))
    assert timedelta(days=1) <= counted - before < timedelta(days=1, minutes=1)


def test_fresh_ids_sort_in_the_order_they_were_made_and_secrets_are_long() -> None:
    made = [clock.new_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert [one[:13] for one in made] == sorted(one[:13] for one in made)
    assert re.fullmatch(r"pfy_[A-Za-z0-9_-]{43}", clock.secret("pfy_"))
    assert clock.secret("") != clock.secret("")


def test_derived_ids_never_change_because_they_stand_in_the_log() -> None:
    assert str(ids.NAMESPACE) == "6d6f7274-6973-5e00-8000-6d6f72746973"
    assert ids.derived("environment", "o", "dev") == names.environment_id("o", "dev")


def test_a_command_is_another_one_when_anything_about_it_differs() -> None:
    assert ids.command_id("u", "k", "f") == ids.command_id("u", "k", "f")
    different = {
        ids.command_id(*parts) for parts in (("u", "k", "f"), ("v", "k", "f"), ("u", "l", "f"), ("u", "k", "g"))
    }
    assert len(different) == 4


# --- settings -----------------------------------------------------------------------------------------------------


def test_settings_come_from_the_environment_and_print_no_secret() -> None:
    given = {**LEAST, "MORTISE_NATS_PASSWORD": "hidden", "MORTISE_HEALTH_PORT": "9000", "MORTISE_NODE": "n1"}
    settings = Settings.read("registry", given)
    assert (settings.health_port, settings.node, settings.secret_key) == (9000, "n1", KEY)
    printed = f"{settings!r} {settings.masked()}"
    assert "hidden" not in printed
    assert KEY.hex() not in printed
    assert settings.masked()["postgres_dsn"] == "postgresql://registry:***@127.0.0.1:5432/mortise"


def test_the_secret_key_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY.hex() + "\n")
    given = {"MORTISE_POSTGRES_DSN": DSN, "MORTISE_SECRET_KEY_FILE": str(file)}
    assert Settings.read("registry", given).secret_key == KEY


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MORTISE_SECRET_KEY": ""}, "MORTISE_SECRET_KEY .* is missing"),
        ({"MORTISE_SECRET_KEY": "zz"}, "not hexadecimal"),
        ({"MORTISE_SECRET_KEY": "00"}, "has 1 bytes"),
        ({"MORTISE_POSTGRES_DSN": ""}, "postgres_dsn"),
        ({"MORTISE_HEALTH_PORT": "many"}, "health_port"),
        ({"MORTISE_LOG_LEVEL": "loud"}, "'loud'"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings.read("registry", {**LEAST, **change})


# --- subjects and claims ------------------------------------------------------------------------------------------


def test_a_subject_reads_back_from_its_text() -> None:
    subject = Subject("o", "registry", "project", "p")
    assert (subject.text, subject.name) == ("evt.o.registry.project.p", "registry.project.p")
    assert Subject.parse(subject.text) == subject
    for text in ("evt.o.registry.project", "calls.g.1", "evt.o.registry.project.p.x", "evt.o..project.p"):
        with pytest.raises(ValueError, match="subject"):
            Subject.parse(text)


def test_a_claim_lies_with_the_organisation_that_its_scope_names() -> None:
    org = clock.new_id()
    assert claim_subject(Claim(f"project.slug:{org}", "shop", "project.p"), org).org == org
    assert claim_subject(Claim("user.email", "x", "user.u"), org).org == "_"
    assert claim_subject(Claim(f"instance:{clock.new_id()}", "x", "instance.i"), org).org == "_"


def test_confusable_names_are_one_claim_and_scopes_keep_names_apart() -> None:
    assert Claim("s", "Ünïque", "x").id == Claim("s", "unique", "y").id
    assert Claim("s", "a", "x").id != Claim("t", "a", "x").id


# --- secrets ------------------------------------------------------------------------------------------------------


def test_what_is_wrapped_opens_only_with_its_key_and_its_label() -> None:
    wrapped = wrap(KEY, "a", b"secret")
    assert unwrap(KEY, "a", wrapped) == b"secret"
    assert wrap(KEY, "a", b"secret") != wrapped
    for key, label, data in ((bytes(32), "a", wrapped), (KEY, "b", wrapped), (KEY, "a", wrapped[:-1] + b"\0")):
        with pytest.raises(ValueError, match="does not open"):
            unwrap(key, label, data)


def test_hashes_and_passwords_differ_by_key_purpose_and_value() -> None:
    hashes = [
        keyed_hash(KEY, "token", "x"),
        keyed_hash(KEY, "email", "x"),
        keyed_hash(KEY, "token", "y"),
        keyed_hash(bytes(32), "token", "x"),
        environment_password(KEY, "e"),
        environment_password(KEY, "e", 2),
        environment_password(KEY, "f"),
    ]
    assert len(set(hashes)) == len(hashes)
    assert re.fullmatch("[0-9a-f]{64}", hashes[0])
    assert re.fullmatch("[A-Za-z0-9_-]{43}", hashes[4])


@given(st.text())
def test_no_sealed_text_shows_in_its_token(value: str) -> None:
    token = sealed("k", KEY, value)
    assert len(value) < 4 or value not in token
    assert commitment(b"0" * 32, value) != commitment(b"1" * 32, value)
