"""From what is declared now to what a file declares: ordered steps, each with what it does and how risky it is.

Nothing is asked and nothing done here. What the file leaves out is not looked at; what is there and not in the file is
taken away only if that was agreed to. Clients come before prices and keys that name them, services before what runs,
roles that are raised before those that are lowered, and whoever applies it changes himself last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from console.declaration import accounts, people, use
from console.declaration.present import Person, Present
from console.declaration.project import ENVIRONMENTS, Declaration
from console.declaration.steps import Around, Difference, Foreseen, Found, Removal, Risk, Step, Trouble, Wait

ORDER_OF_REMOVALS: Final = (
    *("remove_webhook", "revoke_key", "withdraw_invitation", "remove_service", "remove_client", "remove_member"),
)


def difference(
    declared: Declaration,
    found: Present | None,
    around: Around,
    *,
    foreseen: Mapping[tuple[str, str], Foreseen],
    prune: bool,
    now: datetime,
) -> Difference:
    """What has to be done. `foreseen` by instance and environment; `prune`: taking away is agreed to."""
    if found is None and declared.name is None:
        return Difference((), troubles=(Trouble(("name",), f"{declared.project} is a new project: it needs a name."),))
    here = found or _fresh(declared, around.me)
    settings = list(_settings(declared, here))
    # What demands approval is in force before anything else goes to prod. The first of all gets there without.
    late = not here.approvals and not any(used.versions.get("prod") for used in here.services)
    demanded = here.approvals if late or declared.approvals is None else declared.approvals
    raised, lowered = people.changes(declared, here, around, prune=prune)
    every: list[Found] = [
        *([_creation(declared)] if found is None else _words(declared, here)),
        *([] if late else settings),
        *accounts.clients(declared, here, prune=prune),
        *use.services(declared, here, around, foreseen, guarded=demanded),
        *accounts.keys(declared, here, now),
        *accounts.webhooks(declared, here),
        *raised,
        *(settings if late else []),
        *lowered,
    ]
    return _sorted(every, prune=prune)


def deployments(declared: Declaration, found: Present | None) -> list[tuple[str, str, str]]:
    """Instance, environment and version of every deployment to something that is there: what is to be foreseen."""
    return use.deployments(declared, found) if found else []


def _sorted(every: Iterable[Found], *, prune: bool) -> Difference:
    every = list(every)
    removals = [each.step for each in every if isinstance(each, Removal)]
    # What is lost by going on, not by taking away, stays where it is among the steps.
    going = [each for each in removals if each.action in ORDER_OF_REMOVALS]
    going.sort(key=lambda step: ORDER_OF_REMOVALS.index(step.action))
    steps = [
        each.step if isinstance(each, Removal) else each
        for each in every
        if isinstance(each, Step) or (prune and isinstance(each, Removal) and each.step not in going)
    ]
    steps += going if prune else []
    return Difference(
        # Whoever gives up his own role can do nothing after that.
        steps=tuple(sorted(steps, key=lambda step: bool(step.values.get("last")))),
        held=() if prune else (*(each for each in removals if each not in going), *going),
        waits=tuple(each.message for each in every if isinstance(each, Wait)),
        troubles=tuple(each for each in every if isinstance(each, Trouble)),
    )


def _fresh(declared: Declaration, me: str) -> Present:
    """The project just after it was created."""
    return Present(
        id="",
        slug=declared.project,
        name=declared.name or "",
        description=declared.description,
        restricted=bool(declared.restricted),
        approvals=False,
        names={each: each for each in ENVIRONMENTS},
        people=(Person("", "", me, "admin"),),
    )


def _creation(declared: Declaration) -> Step:
    said = {
        "name": declared.name,
        "slug": declared.project,
        "description": declared.description,
        "restricted": declared.restricted,
    }
    closed = ", closed to members without a role" if declared.restricted else ""
    return Step(
        "create_project",
        declared.project,
        f"Create the project {declared.project}, “{declared.name}”{closed}.",
        values={"input": {key: value for key, value in said.items() if value is not None}},
    )


def _words(declared: Declaration, here: Present) -> Iterator[Found]:
    changed: dict[str, Any] = {}
    if declared.name is not None and declared.name != here.name:
        changed["name"] = declared.name
    if declared.describes and declared.description != here.description:
        changed["description"] = declared.description
    if declared.restricted is not None and declared.restricted != here.restricted:
        changed["restricted"] = declared.restricted
    if not changed:
        return
    told = {
        "name": f"call it “{declared.name}”",
        "description": "change its description" if declared.description else "take its description away",
        "restricted": "close it to members without a role" if declared.restricted else "open it to all members",
    }
    text = ", ".join(told[each] for each in changed)
    risk: Risk = "hazardous" if "restricted" in changed else "safe"
    yield Step("update_project", here.slug, _sentence(text), risk, values={"input": changed})


def _settings(declared: Declaration, here: Present) -> Iterator[Found]:
    changed: dict[str, Any] = {}
    told = []
    if declared.approvals is not None and declared.approvals != here.approvals:
        changed["approvals"] = declared.approvals
        told.append("demand a second person for prod" if declared.approvals else "demand no second person for prod")
    wanted = declared.environment_names
    names = {each: getattr(wanted, each) for each in ENVIRONMENTS if wanted and getattr(wanted, each) is not None}
    other = {each: name for each, name in names.items() if name != here.names[each]}
    if other:
        changed["environmentNames"] = {each: None if name == each else name for each, name in other.items()}
        told += [f"call {each} “{name}”" for each, name in other.items()]
    if changed:
        risk: Risk = "hazardous" if changed.get("approvals") is False else "safe"
        yield Step("configure_project", here.slug, _sentence(", ".join(told)), risk, values={"input": changed})


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
