"""The owners' answers as one response."""

from gateway.domain.join import absent, joined, refused, said, silent
from gateway.domain.split import SELF, TYPENAME, Field, Part, Split

ME = Field("me", "me", "registry", nullable=False)
PLAN = Field("plan", "ratePlan", "billing", nullable=True)
NAME = Field("is", TYPENAME, SELF, nullable=False)


def part(*fields: Field) -> Part:
    return Part(fields[0].owner, "{ … }", (), fields)


def asked(*fields: Field, kind: str = "query") -> Split:
    assert kind in ("query", "mutation")
    parts = tuple(part(field) for field in fields if field.owner)
    return Split("query" if kind == "query" else "mutation", None, "Query", fields, parts)


def test_data_has_the_order_that_was_asked_for_whoever_answers_first() -> None:
    response = joined(
        asked(PLAN, NAME, ME), [said(part(ME), {"me": {"id": "u"}}, None), said(part(PLAN), {"plan": 1}, [])]
    )

    assert list(response) == ["data"]
    assert list(response["data"].items()) == [("plan", 1), ("is", "Query"), ("me", {"id": "u"})]


def test_errors_stand_before_data_and_carry_no_positions_of_a_text_the_caller_never_saw() -> None:
    problem = {"message": "no", "path": ["plan"], "locations": [{"line": 1, "column": 9}], "extensions": {"code": "X"}}
    response = joined(asked(PLAN), [said(part(PLAN), {"plan": None}, [problem])])

    assert list(response) == ["errors", "data"]
    assert response["errors"] == [{"message": "no", "path": ["plan"], "extensions": {"code": "X"}}]


def test_a_missing_owner_makes_only_its_own_nullable_field_null() -> None:
    response = joined(
        asked(ME, PLAN), [said(part(ME), {"me": {"id": "u"}}, None), refused(part(PLAN), absent(part(PLAN)))]
    )

    assert response["data"] == {"me": {"id": "u"}, "plan": None}
    (problem,) = response["errors"]
    assert problem["path"] == ["plan"]
    assert problem["extensions"]["code"] == "SERVICE_UNAVAILABLE"


def test_a_missing_owner_of_a_field_that_is_never_null_makes_the_whole_answer_null() -> None:
    response = joined(asked(ME, PLAN), [refused(part(ME), absent(part(ME))), said(part(PLAN), {"plan": 1}, None)])

    assert response["data"] is None
    assert [problem["path"] for problem in response["errors"]] == [["me"]]


def test_an_owner_whose_data_is_null_stops_what_comes_after() -> None:
    failed = said(part(ME), None, [{"message": "no", "path": ["me"]}])

    assert failed.stops
    assert joined(asked(ME, PLAN, kind="mutation"), [failed])["data"] is None


def test_a_failed_nullable_field_stops_nothing() -> None:
    assert not said(part(PLAN), {"plan": None}, [{"message": "no"}]).stops


def test_a_silent_owner_of_a_change_names_the_key_that_makes_asking_again_safe() -> None:
    refusal = silent(part(ME), kind="mutation", idempotency_key="k-1")

    assert "may have happened" in refusal.message
    assert refusal.hint is not None
    assert "Idempotency-Key: k-1" in refusal.hint
    assert refusal.extensions()["idempotencyKey"] == "k-1"
    assert "may have" not in silent(part(ME), kind="query", idempotency_key="").message
