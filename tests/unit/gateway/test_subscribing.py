"""What a reader of events asks for, what he may see, and which subjects of the log that is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.errors import Refused
from contracts.access import ANONYMOUS, INVALID, Principal
from contracts.catalogue import EVENTS
from gateway.domain import subscribing
from gateway.domain import subscribing_tickets as tickets
from gateway.domain.subscribing import Fact, Scope, Wanted

KEY = b"k" * 32
HASH = "ab" * 32


def person(**held: Any) -> Principal:
    return Principal(kind="user", id="u", via="token", credential="c", **held)


def fact(position: int = 1, **others: Any) -> Fact:
    known = {"organisation": "a", "type": "t", "subject": "registry.project.p", "project": None, "body": b"{}"}
    return Fact(position, **{**known, **others})


def heard(filters: tuple[str, ...], subject: str) -> bool:
    """Whether a NATS filter lets a subject through."""
    found = [re.escape(each).replace(r"\*", r"[^.]+").replace(">", ".+") for each in filters]
    return any(re.fullmatch(each, subject) for each in found)


pieces = some.sampled_from(["registry", "project", "p1", "created", "v1", "pro", "", "x-y"])
subjects_ = some.lists(some.sampled_from(["registry", "billing", "project", "p1", "p2"]), min_size=3, max_size=3)
wild = some.lists(some.one_of(pieces, some.just("*")), min_size=1, max_size=4).map(".".join)


@given(subjects_.map(".".join), some.lists(wild, max_size=3), some.lists(some.sampled_from("abc"), max_size=3))
def test_no_filter_of_the_log_hides_what_a_pattern_of_subjects_means(
    subject: str, given_: list[str], homes: list[str]
) -> None:
    scope = Scope(frozenset(homes) or None, None, (), subscribing.subjects([each for each in given_ if each]))
    for home in "abc":
        if scope.takes(fact(organisation=home, subject=subject)):
            assert heard(scope.filters(), f"evt.{home}.{subject}")


@given(some.sampled_from(sorted(EVENTS)), some.lists(some.integers(0, 40), max_size=2), some.sampled_from("ab"))
def test_no_filter_of_the_log_hides_what_a_pattern_of_types_means(type_: str, cuts: list[int], end: str) -> None:
    pattern = type_
    for cut in cuts:
        pattern = pattern[:cut] + "*" + pattern[cut + 1 :]
    types = subscribing.types([pattern.rpartition(".")[0] + "." if end == "a" else pattern])
    _, context, aggregate, *_ = type_.split(".")

    scope = Scope(frozenset({"a"}), None, types, ())

    assert scope.takes(fact(type=type_))
    assert heard(scope.filters(), f"evt.a.{context}.{aggregate}.id")


@pytest.mark.parametrize(
    ("types", "subjects", "filters"),
    [
        ((), (), ("evt.a.>",)),
        (("mortise.registry.project.created.v1",), (), ("evt.a.registry.project.>",)),
        (("mortise.registry.project.", "mortise.registry.*"), (), ("evt.a.registry.>",)),
        (("mortise.*", "mortise.registry.project."), (), ("evt.a.>",)),
        ((), ("registry.project.p1",), ("evt.a.registry.project.p1",)),
        ((), ("registry.project.p1", "registry.project."), ("evt.a.registry.project.>",)),
        ((), ("*.p1",), ("evt.a.>",)),
        ((), tuple(f"registry.project.p{n}" for n in range(9)), ("evt.a.>",)),
    ],
)
def test_the_log_is_asked_for_as_little_as_can_be_said(
    types: tuple[str, ...], subjects: tuple[str, ...], filters: tuple[str, ...]
) -> None:
    scope = Scope(frozenset({"a"}), None, subscribing.types(types), subscribing.subjects(subjects))

    assert scope.filters() == filters


def test_who_owns_many_organisations_reads_the_log_as_a_whole() -> None:
    assert Scope(frozenset(map(str, range(9))), None, (), ()).filters() == ("evt.*.>",)
    assert Scope(None, None, (), ()).filters() == ("evt.*.>",)


@pytest.mark.parametrize(
    ("principal", "asked", "home", "sees"),
    [
        (person(organisations={"a": "owner", "b": "member"}), Wanted(), None, {"a"}),
        (person(organisations={"a": "owner", "b": "owner"}), Wanted(organisation="b"), None, {"b"}),
        (person(operator=True), Wanted(), None, None),
        (person(operator=True), Wanted(organisation="x"), None, {"x"}),
        (person(operator=True), Wanted(project="p"), "x", {"x"}),
        (person(grants={"project:p": "admin"}), Wanted(project="p"), "x", {"x"}),
        (person(organisations={"x": "owner"}), Wanted(project="p"), "x", {"x"}),
        (person(), Wanted(), None, "FORBIDDEN"),
        (person(organisations={"a": "member"}), Wanted(organisation="a"), None, "FORBIDDEN"),
        (person(organisations={"a": "owner"}), Wanted(organisation="b"), None, "NOT_FOUND"),
        (person(grants={"project:p": "editor"}), Wanted(project="p"), "x", "FORBIDDEN"),
        (person(grants={"project:q": "admin"}), Wanted(project="p"), "x", "NOT_FOUND"),
        (person(organisations={"x": "member"}), Wanted(project="p"), "x", "NOT_FOUND"),
        (person(operator=True), Wanted(project="p"), None, "NOT_FOUND"),
        (ANONYMOUS, Wanted(), None, "UNAUTHENTICATED"),
        (INVALID, Wanted(), None, "UNAUTHENTICATED"),
    ],
)
def test_who_sees_what(principal: Principal, asked: Wanted, home: str | None, sees: set[str] | str | None) -> None:
    if isinstance(sees, str):
        with pytest.raises(Refused) as refusal:
            subscribing.scope(principal, asked, home)
        assert refusal.value.code == sees
    else:
        assert subscribing.scope(principal, asked, home).organisations == sees


def test_one_reader_holds_no_more_than_a_batch() -> None:
    large = [fact(number, body=b"x" * 100_000) for number in range(5)]

    assert len(subscribing.bounded(large)) == 2
    assert len(subscribing.bounded([fact(body=b"x" * 1_000_000)])) == 1
    assert len(subscribing.bounded([fact()] * 10)) == 10


def test_a_ticket_names_its_credential_until_it_is_over() -> None:
    ticket = tickets.ticket(KEY, HASH, 1000)

    assert tickets.credential(KEY, ticket, 999) == HASH
    assert tickets.credential(KEY, ticket, 1000) is None
    assert tickets.credential(b"x" * 32, ticket, 0) is None


@given(some.text(max_size=40))
def test_what_is_no_ticket_opens_nothing(text: str) -> None:
    assert tickets.credential(KEY, text, 0) is None
    assert tickets.credential(KEY, "met_" + text, 0) is None
