"""When a version may be declared, and what a refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import Refused
from contracts import registry as said
from registry.domain import pushes, services
from registry.domain.problems import Problem
from registry.domain.pushes import Loss
from registry.domain.services import Version

FIRST = Version("0.0.1", "s" * 64, "m" * 64)
SECOND = Version("0.0.2", "t" * 64, "n" * 64)
THIRD = Version("0.0.3", "u" * 64, "o" * 64)


def service(*versions: Version) -> services.Service:
    told = services.documented(name="Music store", problem="p", solution="s", domain="Media", tags=[])
    history: list[services.ServiceEvent] = [
        services.create(None, id="s", organisation="o", slug="m", documentation=told, creator="ada", version=FIRST)
    ]
    for version in versions:
        known = services.fold(history)
        assert known is not None
        after = known.pushed.name
        history.append(pushes.push(known, after=after, version=version, notes=("n",), changes=(), forced=False))
    known = services.fold(history)
    assert known is not None
    return known


def test_of_two_pushes_at_once_the_second_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        pushes.push(service(SECOND), after="0.0.1", version=THIRD, notes=("n",), changes=(), forced=False)

    assert refused.value.reason == "DEPLOYMENT_RUNNING"
    assert refused.value.details == {"environment": "private", "version": "0.0.2"}


def test_losses_are_told_with_their_rows() -> None:
    refused = pushes.losing("private", [Loss("Album", 347), Loss("Artist.name", 275)])

    assert refused.reason == "DATA_LOSS"
    assert refused.details["losses"] == [{"path": "Album", "rows": 347}, {"path": "Artist.name", "rows": 275}]
    assert refused.details["rows"] == 622
    assert "Album (347)" in refused.message


def test_every_problem_of_a_text_is_told_with_its_place() -> None:
    refused = pushes.broken([Problem(3, 7, "Album", "title", 2024, "no"), Problem(9, 1, "Global", None, None, "nor")])

    assert refused.reason == "SCHEMA_INVALID"
    assert [(each["line"], each["column"], each["code"]) for each in refused.details["problems"]] == [
        (3, 7, 2024),
        (9, 1, None),
    ]
    assert "3:7" in refused.message


TEXT = "type Album @model {\n  id: ID! @isUnique\n  title: String!\n}\n\nenum Mood {\n  CALM\n}\n"


@pytest.mark.parametrize(
    ("type_", "field", "line", "column"),
    [
        ("Album", "title", 3, 3),
        ("Album", None, 1, 6),
        ("Album", "gone", 1, 6),
        ("Mood", "CALM", 7, 3),
        ("Artist", "name", 1, 1),
        (None, None, 1, 1),
    ],
)
def test_a_problem_of_the_data_is_shown_where_its_names_stand(
    type_: str | None, field: str | None, line: int, column: int
) -> None:
    found = pushes.placed(TEXT, type=type_, field=field, code=2007, message="m")

    assert (found.line, found.column, found.code) == (line, column, 2007)


CHANGE = st.builds(
    said.SchemaChange,
    criticality=st.sampled_from(["SAFE", "DANGEROUS", "BREAKING"]),
    kind=st.just("FIELD_ADDED"),
    path=st.text(max_size=300),
    message=st.text(max_size=300),
)


@settings(deadline=None)
@given(st.lists(CHANGE, max_size=120))
def test_the_changes_of_a_version_fit_into_its_event_gravest_first(changes: list[said.SchemaChange]) -> None:
    kept = pushes.fitting(changes)
    size = sum(len(change.model_dump_json().encode()) + 1 for change in kept)
    grades = [pushes.GRADES[change.criticality] for change in kept if change.kind != "MORE"]

    assert size <= pushes.CHANGES_BYTES_MAX + 200
    assert grades == sorted(grades)
    if kept and kept[-1].kind == "MORE":
        assert kept[-1].message == f"{len(changes) - len(kept) + 1} more changes."
    else:
        assert len(kept) == len(changes)
