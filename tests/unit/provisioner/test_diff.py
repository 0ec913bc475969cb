"""What a difference says of itself, whatever the two schemas."""

from __future__ import annotations

from hypothesis import given, settings

from contracts.model import Model
from provisioner.domain.diff import Grade, changes, compare
from provisioner.domain.layout import layout
from provisioner.domain.plan import plan
from tests.support.histories import histories
from tests.support.schemas import history, model


@given(versions=histories())
@settings(max_examples=100, deadline=None)
def test_every_step_between_any_two_versions_has_a_reason(versions: tuple[Model, ...]) -> None:
    for before in (None, *versions):
        for after in versions:
            known = layout(before) if before else {}
            for large in (frozenset[str](), frozenset(known)):
                made = plan(
                    compare(before, after),
                    environment="00000000-0000-5000-8000-000000000001",
                    deployment="d",
                    from_model_sha=None,
                    model_sha="m",
                    forced=False,
                    large=large,
                )

                assert all(step.reason and step.subject and step.sql for step in made.steps)
                assert [step.number for step in made.steps] == list(range(1, len(made.steps) + 1))
                assert set(made.locks) <= set(known)
                switched = [step for step in made.steps if step.phase == "switch"]
                assert {table for step in switched for table in step.locks if table in known} <= set(made.locks)
                assert large or switched == list(made.steps)


@given(versions=histories())
@settings(max_examples=50, deadline=None)
def test_a_version_differs_from_itself_in_nothing(versions: tuple[Model, ...]) -> None:
    for version in versions:
        assert changes(compare(version, version)) == ()


def test_removals_are_destructive_and_hidden_timestamps_are_not() -> None:
    before, after = history(
        """
        type A @model { id: ID! @isUnique createdAt: DateTime! a: Int b: B @relation(name: "R") }
        type B @model { id: ID! @isUnique a: A @relation(name: "R") }
        """,
        "type A @model { id: ID! @isUnique }",
    )

    graded = {change.subject: change.grade for change in changes(compare(before, after))}

    assert graded == {
        "A.createdAt": Grade.SAFE,
        "A.a": Grade.DESTRUCTIVE,
        "B": Grade.DESTRUCTIVE,
        "relation R": Grade.DESTRUCTIVE,
    }


def test_a_one_to_one_self_relation_that_is_turned_round_keeps_its_edges() -> None:
    text = """
    type Person @model {
      id: ID! @isUnique
      mentor: Person @relation(name: "M")
      pupil: Person @relation(name: "M")
    }
    """
    one = model(text)
    (relation,) = one.relations
    turned = one.model_copy(update={"relations": (relation.model_copy(update={"storage": "b"}),)})

    made = plan(
        compare(one, Model.model_validate(turned.model_dump())),
        environment="00000000-0000-5000-8000-000000000001",
        deployment="d",
        from_model_sha=None,
        model_sha="m",
        forced=False,
    )

    assert [step.kind for step in made.steps] == ["invert edges"]
