"""What billing and the gateway told, put together: who would break, how often he calls, and what may be told of him."""

from __future__ import annotations

from typing import Any

from contracts.documents import Broken, Reason, Stake, ToldBreaks, ToldUses, Use
from registry.domain import breaks
from registry.domain.breaks import Breaks

GONE = Reason(coordinate="Entry.mood", message="Gone.", certain=True)
MAYBE = Reason(coordinate="Mood.SAD", message="May be gone.", certain=False)


def use(digest: str, calls: int, *, environment: str = "prod1", **more: Any) -> Use:
    fields: dict[str, Any] = {"kind": "prod", "instance": "i1", "project": "p1", "organisation": "o1", "client": "c1"}
    fields |= {"credential": None, "last_ms": calls}
    return Use(digest=digest, environment=environment, calls=calls, **(fields | more))


def broken(digest: str, *reasons: Reason, model: str = "old") -> Broken:
    return Broken(digest=digest, model=model, names=(digest.upper(),), reasons=reasons)


def found(uses: list[Use], running: dict[str, str], told: ToldBreaks, unlisted: int = 0) -> Breaks:
    everything = ToldUses(uses=tuple(uses), unlisted=unlisted)
    return breaks.found(everything, running, breaks.sent(everything, running), told)


def test_the_most_called_operations_are_looked_at_first_with_every_model_they_run_on() -> None:
    uses = [use("a", 5), use("b", 4), use("b", 3, environment="prod2"), use("c", 9, environment="elsewhere")]

    sent = breaks.sent(ToldUses(uses=tuple(uses)), {"prod1": "old", "prod2": "older"})

    assert [(one.digest, one.models) for one in sent] == [("b", ("old", "older")), ("a", ("old",))]


def test_only_so_many_are_looked_at_and_the_calls_of_the_others_are_told() -> None:
    uses = [use(f"d{n:04d}", 2) for n in range(breaks.SENT_MAX + 7)]

    seen = found(uses, {"prod1": "old"}, ToldBreaks(unknown=("d0001",)), unlisted=100)

    assert (seen.operations, seen.unchecked, seen.unchecked_calls) == (breaks.SENT_MAX - 1, 8, 116)


def test_only_callers_of_environments_that_run_what_it_was_valid_against_are_concerned() -> None:
    uses = [use("a", 5), use("a", 7, environment="prod2"), use("a", 9, environment="gone")]

    seen = found(uses, {"prod1": "old", "prod2": "older"}, ToldBreaks(broken=(broken("a", GONE),)))

    (finding,) = seen.findings
    assert (finding.calls, finding.names, finding.reasons) == (5, ("A",), (GONE,))


def test_what_certainly_breaks_stands_before_what_may_break() -> None:
    uses = [use("a", 5), use("b", 50), use("c", 7)]
    told = ToldBreaks(broken=(broken("a", GONE), broken("b", MAYBE), broken("c", MAYBE, GONE)))

    seen = found(uses, {"prod1": "old"}, told)

    assert [(one.digest, one.certain) for one in seen.findings] == [("c", True), ("a", True), ("b", False)]
    assert [one.digest for one in seen.certain] == ["c", "a"]


def test_callers_of_projects_that_one_may_not_see_are_told_as_their_organisation() -> None:
    money = Stake(plan="PAY_PER_CALL", amount="1.50", currency="EUR")
    monthly = Stake(plan="MONTHLY", amount="49", currency="EUR")
    uses = [
        use("a", 5, stakes=(money,)),
        use("a", 3, client="c2", stakes=(money, monthly)),
        use("a", 4, client=None, credential="k1", project="p2", instance="i2", stakes=(monthly,)),
        use("a", 1, kind="demo", instance=None, project=None, client=None, organisation="maker"),
    ]

    inside = breaks.callers(uses, {"p1", "p2"})
    outside = breaks.callers(uses, {"p9"})

    assert [(each.client, each.credential, each.calls) for each in inside] == [
        ("c1", None, 5),
        (None, "k1", 4),
        ("c2", None, 3),
        (None, None, 1),
    ]
    assert [(each.organisation, each.kind, each.calls, each.last_ms) for each in outside] == [
        ("o1", "prod", 12, 5),
        ("maker", "demo", 1, 1),
    ]
    assert {(each.project, each.instance, each.client, each.credential) for each in outside} == {(None,) * 4}
    assert outside[0].stakes == (monthly, Stake(plan="PAY_PER_CALL", amount="3", currency="EUR"))


def test_a_refusal_says_how_much_breaks_and_why() -> None:
    seen = found([use("a", 1000), use("b", 1)], {"prod1": "old"}, ToldBreaks(broken=(broken("a", GONE),)))

    refused = breaks.breaking("prod", "0.0.3", seen)

    assert refused.reason == "BREAKS_CALLERS"
    assert refused.message == "Version 0.0.3 would break 1 operation that prod answered 1000 times in the last 30 days."
    assert refused.details["operations"] == [
        {"hash": "a", "names": ["A"], "calls": 1000, "reasons": [GONE.model_dump()]}
    ]
