"""Names, slugs, tags, addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from registry.domain import wording


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Music Store", "music-store"),
        ("  Ünïcode -- Café!  ", "unicode-cafe"),
        ("Straße & Æther", "strasse-and-aether"),
        ("Привет мир", "privet-mir"),
        ("Ελλάδα", "ellada"),
        ("2 + 2", "2-plus-2"),
    ],
)
def test_a_slug_follows_from_the_name(name: str, slug: str) -> None:
    assert wording.slug_of(name) == slug


@given(st.text(max_size=80))
def test_every_name_has_a_slug_that_is_one(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    slug = wording.slug_of(name)

    assert wording.slug(slug) == slug
    assert all(wording.slug(other) == other and other != slug for other in wording.alternatives(slug))


def test_names_without_latin_letters_differ() -> None:
    assert wording.slug_of("音楽") != wording.slug_of("映画")


@pytest.mark.parametrize("text", ["", "A", "-a", "a-", "a_b", "ä", "a" * 64, "a\n"])
def test_what_is_no_slug_is_refused_with_one_that_is(text: str) -> None:
    with pytest.raises(Refused) as refused:
        wording.slug(text)

    assert refused.value.reason == "INVALID_SLUG"


@pytest.mark.parametrize("length", [3, 34])
def test_a_name_has_three_to_thirty_four_characters(length: int) -> None:
    name = "n" * length

    assert wording.line(f" {name} ", field="name", chars=wording.NAME_CHARS) == name


@pytest.mark.parametrize(("length", "reason"), [(2, "TOO_SHORT"), (35, "TOO_LONG")])
def test_other_names_are_refused(length: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        wording.line("n" * length, field="name", chars=wording.NAME_CHARS)

    assert (refused.value.reason, refused.value.field) == (reason, "name")


@pytest.mark.parametrize("char", ["\0", "\x1b", "\u202e", "\u200b", "\ud800", "\n"])
def test_what_cannot_be_seen_cannot_stand_in_a_name(char: str) -> None:
    with pytest.raises(Refused) as refused:
        wording.line(f"ab{char}cd", field="name", chars=wording.NAME_CHARS)

    assert refused.value.reason == "INVALID_CHARACTER"


def test_a_description_may_have_lines_and_blank_is_none() -> None:
    assert wording.description("one\ntwo") == "one\ntwo"
    assert wording.description("  \n ") is None
    assert wording.description(None) is None
    with pytest.raises(Refused):
        wording.description("x" * 256)


def test_tags_lose_their_hash_and_their_doubles() -> None:
    assert wording.tags(["#music", "Music", " jazz "]) == ("music", "jazz")


@pytest.mark.parametrize("tags", [["x" * 26], ["1", "2", "3", "4", "5", "6"], [""]])
def test_at_most_five_short_tags(tags: list[str]) -> None:
    with pytest.raises(Refused):
        wording.tags(tags)


@pytest.mark.parametrize("text", ["", "a", "a@", "@b", "a b@c.d", "a@b@c", "a@b.c\0", "x" * 251 + "@b.c"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        wording.email(text)


def test_an_address_is_found_whatever_its_case() -> None:
    assert wording.email_key(" Ada@Example.ORG ") == wording.email_key("ada@example.org")


def test_a_refused_password_is_not_repeated() -> None:
    with pytest.raises(Refused) as refused:
        wording.password("hunter2")

    assert "hunter2" not in refused.value.message
