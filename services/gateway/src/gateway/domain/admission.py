"""May this caller call here: keys, sessions and access modes at an environment's door (DESIGN 4.8, C 1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.errors import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, Refused
from gateway.domain.directory import Holder, Key, Route

PREFIXES: Final = ("msk_", "mpk_", "mck_", "pfy_", "mss_")
"""Ours: service, project and client keys, personal access tokens, sessions."""
CONTROL_PREFIXES: Final = ("pfy_", "mss_")
USER_HEADER: Final = "x-user-authorization"


@dataclass(frozen=True)
class Admitted:
    """Whose call it is: the credential in use and the client that pays, if any."""

    credential: str | None = None
    client: str | None = None


def presented(user_authorization: str | None, authorization: str | None) -> str | None:
    """The credential of a data call.

    `x-user-authorization` wins and is always ours; `Authorization` belongs to the service's own users unless it carries
    one of our prefixes.
    """
    if user_authorization is not None and (text := _bare(user_authorization)):
        return text
    if authorization is not None and (text := _bare(authorization)).startswith(PREFIXES):
        return text
    return None


def control_credential(authorization: str | None) -> str | None:
    """The credential of a control call: a session or personal access token as Bearer; None when there is no header.

    Anything else in the header is a credential too, one that opens nothing.
    """
    if authorization is None:
        return None
    scheme, _, text = authorization.strip().partition(" ")
    return text.strip() if scheme.lower() == "bearer" else authorization


def _bare(header: str) -> str:
    text = header.strip()
    scheme, _, rest = text.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else text


def admit(route: Route, mode: str, holder: Holder | None) -> Admitted:
    """The caller, or a refusal that says what would open the environment. `holder` None: nothing was presented."""
    if isinstance(holder, Key) and opens(holder, route):
        return Admitted(holder.id, holder.client)
    if mode == "public":
        return Admitted() if holder is None or isinstance(holder, Key) else Admitted(holder.credential)
    if holder is None:
        raise Refused(
            UNAUTHENTICATED,
            f"The {route.kind} environment is opened with {_needed(mode)}.",
            f"Send it in the header {USER_HEADER}.",
        )
    if isinstance(holder, Key):
        raise Refused(
            FORBIDDEN,
            f"A {holder.kind} key of {holder.target!r} does not open the {route.kind} environment of this service.",
            "A service key opens private, a project key every environment of the project, a client key prod.",
        )
    if mode == "organisation" and (
        holder.operator or holder.organisations.get(route.organisation) in ("owner", "member")
    ):
        return Admitted(holder.credential)
    raise Refused(
        FORBIDDEN,
        f"The {route.kind} environment is not open to this user.",
        "It is opened with " + _needed(mode) + ".",
    )


def opens(key: Key, route: Route) -> bool:
    """The scope of a key: private of its service; all of its project's instances; prod of its project's instances."""
    match key.kind:
        case "service":
            return route.kind == "private" and route.service == key.target
        case "project":
            return route.project is not None and route.project == key.target
        case "client":
            return route.kind == "prod" and route.project is not None and route.project == key.target
        case _:
            return False


def bad_credential() -> Refused:
    """A credential that is unknown, expired or revoked; which of these is not said."""
    return Refused(UNAUTHENTICATED, "The key is not valid.", "It may be mistyped, expired, rotated or revoked.")


def unknown_endpoint(segment: str) -> Refused:
    """No live environment has this path."""
    return Refused(NOT_FOUND, f"No environment has the endpoint {segment[:64]!r}.", "Nothing is deployed there.")


def _needed(mode: str) -> str:
    return "a key" if mode == "key" else "a key, or as a member of its organisation"
