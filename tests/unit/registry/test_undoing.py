"""What is declared when a deployment is taken back, and what is refused before."""

from __future__ import annotations

import pytest

from common.errors import Refused
from contracts import registry as said
from registry.domain import approvals, instances, services, undoing
from registry.domain.instances import Instance
from registry.domain.services import Service, Version
from registry.domain.undoing import Entry, Misfit, Undoing

NOW, LATER = "2027-01-01T00:00:00.000Z", "2027-01-08T00:00:00.000Z"
ONE, TWO = Version("0.0.1", "sdl1", "model1"), Version("0.0.2", "sdl2", "model2")
MISFITS = [Misfit("Song.label", "value", "gone", 2, (Entry("c1", None, "Karst"), Entry("c2", None, "Doline")))]


def service() -> Service:
    created = said.ServiceCreated(
        service="s", organisation="o", slug="songs", name="Songs", problem="p", solution="s", domain="Media", tags=(),
        creator="u", version="0.0.1", sdl_sha="sdl1", model_sha="model1",
    )  # fmt: skip
    pushed = said.VersionPushed(
        service="s", organisation="o", version="0.0.2", sdl_sha="sdl2", model_sha="model2", notes=("n",), changes=()
    )
    made = services.fold([created, pushed])
    assert made is not None
    return made


def instance(*more: said.PromotionRequested) -> Instance:
    added = said.InstanceAdded(
        instance="i", organisation="o", project="p", service="s", version="0.0.1", sdl_sha="sdl1", model_sha="model1"
    )
    made = instances.fold([added, *more])
    assert made is not None
    return made


def test_an_undo_of_private_is_a_new_version_that_is_the_earlier_one_again() -> None:
    again = Version("0.0.3", ONE.sdl_sha, ONE.model_sha)

    pushed = undoing.withdraw(service(), after="0.0.2", version=again, undoing=Undoing("declared", "list"), changes=())

    assert (pushed.version, pushed.model_sha, pushed.notes) == ("0.0.3", "model1", ("Undoes 0.0.2.",))
    assert (pushed.undoes, pushed.listed, pushed.forced) == ("declared", "list", False)
    after = services.evolve(service(), pushed)
    assert (after.private_version, set(after.versions)) == ("0.0.3", {"0.0.1", "0.0.2", "0.0.3"})


def test_an_undo_is_refused_when_another_push_came_in_between() -> None:
    with pytest.raises(Refused) as refused:
        undoing.withdraw(service(), after="0.0.1", version=ONE, undoing=Undoing("declared", None), changes=())

    assert refused.value.reason == "DEPLOYMENT_RUNNING"


def test_an_undo_of_demo_publishes_the_earlier_version() -> None:
    published = undoing.unpublish(service(), version=ONE, undoing=Undoing("declared", None))

    assert (published.version, published.undoes, published.listed, published.forced) == (
        "0.0.1",
        "declared",
        None,
        True,
    )


@pytest.mark.parametrize(
    ("misfits", "token", "force", "held"),
    [
        ([], None, False, "list"),
        ([], "another", False, "list"),
        (MISFITS, "list", False, "list"),
        (MISFITS, None, True, None),
        (MISFITS, "another", True, None),
    ],
)
def test_an_undo_is_held_to_the_list_that_was_seen_or_forced(
    misfits: list[Misfit], token: str | None, *, force: bool, held: str | None
) -> None:
    assert undoing.accepted("dev", misfits, token=token, listed="list", force=force) == held


@pytest.mark.parametrize(("token", "reason"), [(None, "DOES_NOT_FIT"), ("another", "LIST_CHANGED")])
def test_what_does_not_fit_is_refused_without_the_list_with_places_and_counts(token: str | None, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        undoing.accepted("dev", MISFITS, token=token, listed="list", force=False)

    assert refused.value.reason == reason
    assert "Song.label (2)" in refused.value.message
    assert refused.value.details["misfits"] == [{"path": "Song.label", "rows": 2}]
    assert refused.value.details["token"] == "list"


def test_an_undo_that_is_approved_is_the_undo_that_was_asked_for() -> None:
    wanted = {"id": "r", "environment": "prod", "version": ONE, "forced": False, "requester": "u", "now": NOW}
    asked = approvals.request(instance(), **wanted, expires_at=LATER, undone=Undoing("declared", "list"))  # type: ignore[arg-type] # as keywords
    assert asked is not None

    same = approvals.request(instance(asked), **wanted, expires_at=LATER, undone=Undoing("declared", "list"))  # type: ignore[arg-type] # as keywords
    roll = approvals.request(instance(asked), **wanted, expires_at=LATER)  # type: ignore[arg-type] # as keywords
    approved = approvals.approve(instance(asked), id="r", by="another", now=NOW)

    assert same is None
    assert roll is not None
    assert (asked.undoes, asked.listed) == ("declared", "list")
    assert (approved.version, approved.undoes, approved.listed, approved.request) == ("0.0.1", "declared", "list", "r")


def test_who_may_not_read_the_data_is_told_where_something_does_not_fit_but_no_value() -> None:
    lacking = Misfit("Song", "row", "unfit", 1, (Entry("c3", None, "title"),))
    gone = Misfit("Tour", "row", "gone", 1, (Entry("c4", None, "Bern"),))

    told = undoing.shown([*MISFITS, lacking, gone], values=False)

    assert [entry.value for each in told for entry in each.entries] == [None, None, "title", None]
    assert [(each.path, each.rows) for each in told] == [("Song.label", 2), ("Song", 1), ("Tour", 1)]
    assert undoing.shown(MISFITS, values=True) == MISFITS
