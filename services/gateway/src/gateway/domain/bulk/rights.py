"""Who may take all data out of an environment, bring data in, or drop it (C 1.5, DESIGN 4.8).

More than a call: the key or access mode that opens the data API does not suffice. A client's key never does. The keys
of the makers and consumers do where they open the environment. Of people, members of the organisation for a service's
own environments; editors of the project for dev and stage; its admins for prod.
"""

from __future__ import annotations

from typing import Final, Literal

from common.errors import FORBIDDEN, UNAUTHENTICATED, Refused
from contracts.access import Path, Principal, Role, at_least, effective_role
from gateway.domain.admission import USER_HEADER, opens
from gateway.domain.directory import Holder, Key, Route

Act = Literal["export", "import", "drop"]
NEEDED: Final[dict[str, Role]] = {"prod": "admin"}
"""Role on the project, by kind of environment; an editor of all others."""
OTHERWISE: Final[Role] = "editor"


def authorise(act: Act, route: Route, holder: Holder | None) -> None:
    """Raises Refused for whoever may not. `holder` None: nothing was presented."""
    if holder is None:
        message = f"{act.capitalize()} of {route.kind} needs a developer key or a token."
        raise Refused(UNAUTHENTICATED, message, f"Send it in the header {USER_HEADER}.")
    if isinstance(holder, Key):
        if holder.kind == "client" or not opens(holder, route):
            message = f"This key does not open {act} of the {route.kind} environment."
            raise Refused(FORBIDDEN, message, f"{_wanted(route).capitalize()} may.")
        return
    if not _may(route, holder):
        message = f"You may not {act} data of the {route.kind} environment."
        raise Refused(FORBIDDEN, message, f"{_wanted(route).capitalize()} may.")


def _may(route: Route, who: Principal) -> bool:
    if route.project is None:
        return who.operator or who.organisations.get(route.organisation) in {"owner", "member"}
    # Whether a project is closed to members does not matter: a member without a grant is a viewer at most.
    where = Path(organisation=route.organisation, elements=(f"project:{route.project}",))
    return at_least(effective_role(where, who), NEEDED.get(route.kind, OTHERWISE))


def _wanted(route: Route) -> str:
    if route.project is None:
        key = "its developer key, and " if route.kind == "private" else ""
        return f"{key}members of the service's organisation"
    return f"the project's developer key, and those who are {NEEDED.get(route.kind, OTHERWISE)} of the project"


def confirm(route: Route, said: object, *, force: bool) -> None:
    """Refuse to take data away unless the caller names the endpoint, and for prod says it twice. Raises Refused."""
    endpoint = route.environment.replace("-", "")
    if said != endpoint:
        hint = f"Send `confirm` with the endpoint: {endpoint}."
        raise Refused("BAD_USER_INPUT", "Taking data away needs a confirmation.", hint, reason="CONFIRMATION_NEEDED")
    if route.kind == "prod" and not force:
        raise Refused(
            "BAD_USER_INPUT",
            "This is prod: its data is taken away only with force.",
            "Send `force`, if that is what you want.",
            reason="FORCE_NEEDED",
        )
