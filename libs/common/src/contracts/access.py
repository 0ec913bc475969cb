"""Who calls, and what he may do: the principal that the gateway passes and the one rule over it (DESIGN 3, P 3.12)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

Role = Literal["viewer", "editor", "admin"]
OrganisationRole = Literal["owner", "member", "guest"]

RANK: Final[dict[Role, int]] = {"viewer": 1, "editor": 2, "admin": 3}


class Principal(BaseModel):
    """The authenticated caller of a control operation."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["user", "anonymous", "invalid"]
    """`invalid`: a credential was given and refused; every field then answers UNAUTHENTICATED."""
    id: str
    """User id; `anonymous` otherwise."""
    via: Literal["session", "token", "none"] = "none"
    credential: str | None = None
    """Id of the session or personal access token in use."""
    credential_expires_at: str | None = None
    operator: bool = False
    """System administrator: admin on everything of every organisation."""
    organisations: dict[str, OrganisationRole] = {}
    grants: dict[str, Role] = {}
    """Object path element (`project:<id>`, `tenant:<id>`, `application:<id>`) to role."""


ANONYMOUS: Final = Principal(kind="anonymous", id="anonymous")
INVALID: Final = Principal(kind="invalid", id="anonymous")


class Path(BaseModel):
    """Where an object lies: its organisation and its chain of project, tenant, application, outermost first."""

    model_config = ConfigDict(frozen=True)

    organisation: str
    restricted: bool = False
    """A restricted project is closed to members of the organisation that hold no grant."""
    elements: tuple[str, ...] = ()


def effective_role(path: Path, principal: Principal) -> Role | None:
    """The highest role the principal holds on the object or an ancestor of it; None when he may not see it.

    Owners of the organisation and operators are admins. A member is a viewer of everything in his organisation,
    except of restricted projects; a guest sees grants only. Roles flow downwards, never upwards (P 3.12).
    """
    if principal.kind != "user":
        return None
    if principal.operator:
        return "admin"
    held: list[Role] = [principal.grants[element] for element in path.elements if element in principal.grants]
    match principal.organisations.get(path.organisation):
        case "owner":
            held.append("admin")
        case "member" if not path.restricted:
            held.append("viewer")
        case _:
            pass
    return max(held, key=RANK.__getitem__, default=None)


def at_least(held: Role | None, needed: Role) -> bool:
    """Whether a held role suffices."""
    return held is not None and RANK[held] >= RANK[needed]
