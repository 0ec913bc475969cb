"""Who is signed in is remembered safely, and the environment wins."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from console import home
from console.home import Login


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MORTISE_URL", raising=False)
    monkeypatch.delenv("MORTISE_TOKEN", raising=False)


def test_a_login_is_kept_for_its_owner_only() -> None:
    home.remember(Login("http://one", "secret"))
    assert home.current() == Login("http://one", "secret")
    (file,) = home.folder().iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nobody_is_signed_in_at_first_and_after_signing_out() -> None:
    assert home.current() == Login(home.URL_DEFAULT)
    home.remember(Login("http://one", "secret"))
    home.forget()
    assert home.current() == Login("http://one")


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    home.remember(Login("http://one", "secret"))
    monkeypatch.setenv("MORTISE_TOKEN", "other")
    assert home.current() == Login("http://one", "other")


def test_a_token_is_never_sent_to_another_place_than_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    home.remember(Login("http://one", "secret"))
    monkeypatch.setenv("MORTISE_URL", "http://two")
    assert home.current() == Login("http://two")


def test_a_broken_file_counts_as_none() -> None:
    home.folder().mkdir()
    (home.folder() / "login.json").write_text("{")
    assert home.current() == Login(home.URL_DEFAULT)
