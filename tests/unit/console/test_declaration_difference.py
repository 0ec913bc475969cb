"""From what is declared to what a file declares: the steps lead there, and once there is nothing left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from console.declaration import checking
from console.declaration.difference import deployments, difference
from console.declaration.present import Hook, Invited, Opener, Payer, Person, Present, Price, Used, declaration
from console.declaration.project import ENVIRONMENTS, FORMAT, Declaration, fold
from console.declaration.steps import Around, Difference, Foreseen, Offered
from tests.support import golden
from tests.support.declaring import ME, World

CASES: Final = Path(__file__).parent / "declarations"
NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VERSIONS: Final = ("0.0.1", "0.0.2", "0.1.0")
PEOPLE: Final = (ME, "bob", "Zoë")
CLIENTS: Final = {"Grand Hotel": "EUR", "Ibis": "USD", "Café": "EUR"}
MAILS: Final = ("a@x.example", "B@x.example")
AROUND: Final = Around(
    me=ME,
    services=(
        Offered("s1", "guest-book", "guild", "0.0.2", VERSIONS),
        Offered("s2", "shop", "guild", "0.0.1", None),
        Offered("s3", "shop", "acme", "0.1.0", VERSIONS),
    ),
    users={fold(each): f"user-{each}" for each in PEOPLE},
)


def compared(
    declared: Declaration,
    found: Present | None,
    *,
    prune: bool = False,
    foreseen: Mapping[tuple[str, str], Foreseen] | None = None,
) -> Difference:
    return difference(declared, found, AROUND, foreseen=foreseen or {}, prune=prune, now=NOW)


# --- anything that can be declared --------------------------------------------------------------------------------

names = st.sampled_from([None, "Live", "Abnahme"])
types = st.sampled_from([("*",), ("mortise.registry.*", "x.y"), ("a",)])
ends = st.sampled_from([None, "2030-01-01T00:00:00Z"])


def some(items: Any, each: Any) -> Any:
    """Some of these, each once, with what `each` makes of it."""
    chosen = st.lists(st.sampled_from(items), unique=True)
    return chosen.flatmap(lambda found: st.tuples(*(each(one) for one in found)))


@st.composite
def plans(draw: st.DrawFn, clients: list[str]) -> Price:
    kind = draw(st.sampled_from(["not-billable", "pay-per-call", *(["monthly"] if clients else [])]))
    if kind == "not-billable":
        return Price(kind)
    payer = draw(st.sampled_from(clients if kind == "monthly" else [None, *clients]))
    currency = CLIENTS[payer] if payer else draw(st.sampled_from(["EUR", "JPY"]))
    return Price(kind, draw(st.sampled_from(["0.0035", "49", "1"])), currency, payer)


def payers(name: str) -> Any:
    invited = some(MAILS, lambda mail: st.just(Invited(f"{mail} for {name}", mail, open=True)))
    return st.builds(Payer, st.just(name), st.just(name), st.none(), st.just(CLIENTS[name]), st.just("UTC"), invited)


def holders(name: str) -> Any:
    roles = st.sampled_from(["admin", "editor", "viewer"])
    return st.builds(Person, st.just(f"g{name}"), st.just(f"user-{name}"), st.just(name), roles)


def uses(offered: Offered, clients: list[str]) -> Any:
    versions = st.fixed_dictionaries({each: st.sampled_from([None, *VERSIONS]) for each in ENVIRONMENTS})
    access = st.fixed_dictionaries({each: st.sampled_from(["key", "organisation", "public"]) for each in ENVIRONMENTS})
    numbers = {"callsPerDay": st.integers(1, 3), "callsPerSecond": st.integers(1, 2)}
    return st.builds(
        Used,
        id=st.just(f"used-{offered.id}"),
        service=st.just(offered.service),
        organisation=st.just(offered.organisation),
        places=st.just({}),
        versions=versions,
        access=access,
        plan=plans(clients),
        caps=st.dictionaries(st.sampled_from(ENVIRONMENTS), st.fixed_dictionaries({}, optional=numbers)),
        failed=st.sampled_from([frozenset(), frozenset({"stage"})]),
    )


@st.composite
def projects(draw: st.DrawFn) -> Present:
    """Any project that there can be; Ann is admin of it."""
    clients = draw(some(list(CLIENTS), payers))
    called = [each.name for each in clients]
    words = st.tuples(st.sampled_from(["developer", "client"]), st.sampled_from([None, *called]), ends)
    keys = draw(st.lists(words, max_size=4))
    urls = st.sampled_from(["https://a.example/", "https://b.example/"])
    told = st.tuples(urls, types, st.sampled_from([None, "x"]), st.booleans(), st.booleans())
    hooks = draw(st.lists(told, max_size=3))
    return Present(
        id="p",
        slug="hotel",
        name=draw(st.sampled_from(["Hotel", "Inn"])),
        description=draw(st.sampled_from([None, "By the sea"])),
        restricted=draw(st.booleans()),
        approvals=draw(st.booleans()),
        names={each: draw(names) or each for each in ["stage"]} | {"dev": "dev", "prod": "prod"},
        people=(Person("g-ann", "user-ann", ME, "admin"), *draw(some(PEOPLE[1:], holders))),
        clients=clients,
        services=draw(some(AROUND.services, lambda offered: uses(offered, called))),
        keys=tuple(
            Opener(f"k{n}", name, "client" if payer else "project", payer, end)
            for n, (name, payer, end) in enumerate(keys)
        ),
        webhooks=tuple(
            Hook(f"h{n}", url, kinds, words, on or off, off) for n, (url, kinds, words, on, off) in enumerate(hooks)
        ),
    )


@st.composite
def files(draw: st.DrawFn) -> Declaration:
    """Any file: what some project declares, with sections and members left out."""
    said = declaration(draw(projects())).model_dump(by_alias=True, exclude_none=True)
    for name in draw(
        st.sets(st.sampled_from([*Declaration.SECTIONS, "description", "restricted", "approvals", "environmentNames"]))
    ):
        said.pop(name, None)
    for service in said.get("services", ()):
        clear = ["organisation"] if service["service"] == "guest-book" else []
        for name in draw(st.sets(st.sampled_from(["environments", "plan", *clear]))):
            service.pop(name, None)
        for place in service.get("environments", {}).values():
            for name in draw(st.sets(st.sampled_from(["version", "access"]))):
                place.pop(name, None)
    for client in said.get("clients", ()):
        usual = ["currency"] if client["currency"] == "EUR" else []
        for name in draw(st.sets(st.sampled_from(["invited", "timeZone", *usual]))):
            client.pop(name, None)
    try:
        return Declaration.model_validate(said)
    except ValidationError:
        assume(False)  # noqa: FBT003 - what hypothesis takes
        raise


@given(files(), st.none() | projects(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_whatever_is_declared_is_reached_and_then_there_is_nothing_to_do(
    declared: Declaration,
    found: Present | None,
    prune: bool,  # noqa: FBT001 - hypothesis names them
) -> None:
    first = compared(declared, found, prune=prune)
    assume(not first.troubles)
    world = World(AROUND, found)

    world.do(first.steps)

    again = compared(declared, world.project, prune=prune)
    assert again.steps == ()
    # The first key of a client to whom the file gives none is there now, and held to be taken away.
    came = {step.about for step in again.held if step.action == "revoke_key" and step not in first.held}
    assert {step.what for step in again.held if step in first.held} == {step.what for step in first.held}
    assert came <= {"client"}
    if prune:
        assert again.held == ()


@given(projects())
@settings(max_examples=60, deadline=None)
def test_what_is_written_out_is_what_is_there(found: Present) -> None:
    healthy = replace(found, services=tuple(replace(each, failed=frozenset()) for each in found.services))

    assert compared(declaration(healthy), healthy, prune=True) == Difference(())


@given(projects())
@settings(max_examples=60, deadline=None)
def test_a_project_made_from_a_file_is_written_out_as_that_file(found: Present) -> None:
    approved = replace(found, webhooks=tuple(replace(each, stopped=False) for each in found.webhooks))
    file = declaration(approved)
    steps = compared(file, None, prune=True)
    assume(not steps.troubles)
    world = World(AROUND)

    world.do(steps.steps)

    made = declaration(world.here)
    # The published version runs on dev of a service from the beginning, whatever a file says of dev or does not.
    for mine, theirs in zip(made.services or (), file.services or (), strict=True):
        if theirs.environments and theirs.environments.dev and theirs.environments.dev.version:
            assert mine == theirs
    assert made.model_copy(update={"services": None}) == file.model_copy(update={"services": None})


# --- cases that are read as text ----------------------------------------------------------------------------------


HERE: Final = Present(
    id="p",
    slug="hotel",
    name="Hotel",
    description="By the sea",
    restricted=False,
    approvals=True,
    names={"dev": "dev", "stage": "Acceptance", "prod": "prod"},
    people=(
        Person("g1", "user-ann", ME, "admin"),
        Person("g2", "user-bob", "bob", "editor"),
        Person("g3", "user-guest", "guest", "viewer", guest=True),
    ),
    clients=(
        Payer(
            "c1", "Grand Hotel", "desk@x.example", "EUR", "UTC", (Invited("i1", "a@x.example", open=False, grant="g3"),)
        ),
        Payer("c2", "Ibis", None, "USD", "UTC", (Invited("i2", "late@x.example", open=True),)),
    ),
    services=(
        Used(
            "u1",
            "guest-book",
            "guild",
            {},
            {"dev": "0.0.2", "stage": "0.0.2", "prod": "0.0.1"},
            dict.fromkeys(ENVIRONMENTS, "key"),
            Price("pay-per-call", "0.0035", "EUR"),
        ),
        Used(
            "u2", "shop", "acme", {}, {"dev": "0.1.0", "stage": None, "prod": None}, dict.fromkeys(ENVIRONMENTS, "key")
        ),
    ),
    keys=(Opener("k1", "developer", "project", None, None), Opener("k2", "client", "client", "Ibis", None)),
    webhooks=(Hook("h1", "https://a.example/", ("*",), None, enabled=True),),
)
FORESEEN: Final = {
    ("u1", "dev"): Foreseen(losses=(("Guest.email", 12), ("Entry", 0)), breaking=2),
    ("u1", "prod"): Foreseen(breaking=1, broken=3),
}


@pytest.mark.parametrize("name", ["changed", "new", "refused"])
def test_a_case_leads_to_the_steps_that_were_agreed_on(name: str) -> None:
    text = (CASES / f"{name}.yaml").read_text()
    checked = checking.check(text)
    assert checked.problems == ()
    found = None if name == "new" else HERE
    wanted = deployments(checked.declared, found)
    parts = [f"deployments to foresee: {wanted}\n"]
    for prune in (False, True):
        parts.append(f"\n--- {'with' if prune else 'without'} --prune\n")
        parts.append(_told(compared(checked.declared, found, prune=prune, foreseen=FORESEEN), checked))

    golden.check(CASES / f"{name}.txt", "".join(parts))


def _told(found: Difference, checked: checking.Checked) -> str:
    lines = []
    for heading, steps in (("steps", found.steps), ("held", found.held)):
        lines += [f"{heading}:"] if steps else []
        for step in steps:
            lines.append(f"  {step.risk:<11}  {step.action:<19}  {step.what}")
            lines += [f"    lost: {each}" for each in step.loses]
    lines += [f"waits: {each}" for each in found.waits]
    problems = sorted(checked.problem(each.path, each.message) for each in found.troubles)
    lines += [f"{each.line}:{each.column} {each.path}: {each.message}" for each in problems]
    return "".join(f"{line}\n" for line in lines)


def test_a_new_project_needs_its_name() -> None:
    declared = Declaration.model_validate({"format": FORMAT, "project": "hotel"})

    assert [each.path for each in compared(declared, None).troubles] == [("name",)]
    assert compared(declared, HERE) == Difference(())


def test_what_waits_for_approval_is_not_asked_for_again() -> None:
    said = {"service": "guest-book", "environments": {"prod": {"version": "0.0.2"}}}
    declared = Declaration.model_validate({"format": FORMAT, "project": "hotel", "services": [said]})
    world = World(AROUND, replace(HERE, services=HERE.services[:1]))

    first = compared(declared, world.project)
    world.do(first.steps)

    assert [step.what.split()[0] for step in first.steps] == ["Ask"]
    again = compared(declared, world.project)
    assert (again.steps, again.waits) == ((), ("guest-book 0.0.2 waits for approval on prod.",))


def test_a_version_that_could_not_be_deployed_is_tried_again() -> None:
    said = {"service": "guest-book", "environments": {"stage": {"version": "0.0.2"}}}
    declared = Declaration.model_validate({"format": FORMAT, "project": "hotel", "services": [said]})
    failed = replace(HERE.services[0], failed=frozenset({"stage"}))

    assert compared(declared, replace(HERE, services=(HERE.services[0],))).steps == ()
    assert [step.action for step in compared(declared, replace(HERE, services=(failed,))).steps] == ["deploy"]


def said(**sections: object) -> Declaration:
    return Declaration.model_validate({"format": FORMAT, "project": "hotel", **sections})


def test_a_project_keeps_an_admin() -> None:
    nobody = said(members=[{"user": "bob", "role": "editor"}])

    assert compared(nobody, HERE).troubles == ()  # Ann is admin and stays
    assert [each.path for each in compared(nobody, HERE, prune=True).troubles] == [("members",)]


def test_a_webhook_that_stopped_by_itself_is_neither_on_nor_off() -> None:
    url = "https://a.example/"
    stopped = Hook("h1", url, ("*",), None, enabled=True, stopped=True)
    off = Hook("h2", url, ("*",), None, enabled=False)
    here = replace(HERE, webhooks=(stopped, off))

    for enabled in (True, False):
        only = replace(HERE, webhooks=(stopped,))
        assert compared(said(webhooks=[{"url": url, "enabled": enabled}]), only, prune=True).steps == ()
    both = [{"url": url, "enabled": False}, {"url": url}]
    assert compared(said(webhooks=both), here, prune=True).steps == ()


def test_who_follows_for_a_client_is_taken_out_only_while_that_is_all_he_is() -> None:
    bare = {"name": "Grand Hotel", "invited": []}
    ibis = {"name": "Ibis"}
    taken = compared(said(clients=[bare, ibis]), HERE, prune=True)
    named = said(clients=[bare, ibis], members=[{"user": "guest", "role": "viewer"}, {"user": "ann", "role": "admin"}])

    assert [(step.action, step.about) for step in taken.steps] == [("remove_member", "a@x.example")]
    assert "a@x.example" not in {step.about for step in compared(named, HERE, prune=True).steps}
    editor = replace(HERE.people[2], role="editor", guest=False)
    raised = replace(HERE, people=(*HERE.people[:2], editor))
    assert compared(said(clients=[bare, ibis]), raised, prune=True).steps == ()
