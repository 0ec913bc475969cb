"""What every resolver needs: who calls, what he may see, and read models that are recent enough."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from graphql import GraphQLResolveInfo

from billing import execute
from billing.store import counting, learning, questions
from common.errors import SERVICE_UNAVAILABLE, UNAUTHENTICATED, Refused, forbidden, not_found
from common.events import Actor
from common.graphs import Context
from common.log import Cause
from common.service import Runtime
from common.stream import Stream
from contracts.access import Path, Principal, Role, at_least, effective_role

Info = GraphQLResolveInfo[Context]
OWN = (learning.PLANS_PROJECTION, learning.DIRECTORY_PROJECTION, learning.INVOICES_PROJECTION)


class Desk:
    """The running service as resolvers see it."""

    def __init__(self, runtime: Runtime) -> None:
        self.log = runtime.log
        self.blobs = runtime.blobs
        self.database = runtime.database
        self._runners = runtime.runners
        self._calls = Stream(runtime.nats, counting.USAGE_PROJECTION.stream)

    async def settle(self) -> None:
        """Wait until calls answered before now are counted, at most two seconds."""
        await execute.settle(self._runners[counting.USAGE_PROJECTION.name], self._calls, self.database)

    async def read_back(self, position: int) -> None:
        """Wait until what was written up to a position is visible. Refuses NOT_YET when it is not in time."""
        for projection in OWN:
            if not await self._runners[projection.name].wait_for(position):
                message = f"What was written up to position {position} is not yet visible."
                raise Refused(SERVICE_UNAVAILABLE, message, "Try again in a moment.", reason="NOT_YET")

    async def read_all(self) -> None:
        """Wait until all that was written before now is visible."""
        await self.read_back(await self.log.last_position())

    async def wrote(self, info: Info, position: int) -> None:
        """Wait until what this operation wrote is visible, and let its answer say so."""
        info.context.position = max(info.context.position, position)
        await self.read_back(position)

    async def instance(self, connection: Any, caller: Principal, id: str, needed: Role) -> sa.Row[Any]:
        """An instance of a project on which the caller has a role. Refuses NOT_FOUND or FORBIDDEN."""
        found = await questions.instance(connection, id)
        place = await questions.project(connection, found.project) if found is not None else None
        if found is None or not allowed(caller, place, needed):
            raise not_found("Instance", id)
        return found

    async def project(self, connection: Any, caller: Principal, id: str, needed: Role) -> sa.Row[Any]:
        """A project on which the caller has a role. Refuses NOT_FOUND or FORBIDDEN."""
        return _found(id, await questions.project(connection, id), caller, needed)

    async def billed_project(self, connection: Any, caller: Principal, id: str, needed: Role) -> sa.Row[Any]:
        """The same, deleted or not. Refuses NOT_FOUND or FORBIDDEN."""
        return _found(id, await questions.billed_project(connection, id), caller, needed)


def caller_of(info: Info) -> Principal:
    """Who calls. Refuses whoever did not prove himself."""
    caller = Principal.model_validate(info.context.principal)
    if caller.kind != "user":
        raise Refused(UNAUTHENTICATED, "Sign in first.", "Send a session or personal access token.")
    return caller


def cause_of(info: Info, caller: Principal) -> Cause:
    """Why the field of this operation writes something."""
    return info.context.cause(str(info.path.key), Actor(type="user", id=caller.id, via=caller.via))


def _found(id: str, project: sa.Row[Any] | None, caller: Principal, needed: Role) -> sa.Row[Any]:
    if project is None or not allowed(caller, project, needed):
        raise not_found("Project", id)
    return project


def allowed(caller: Principal, project: sa.Row[Any] | None, needed: Role) -> bool:
    """Whether the caller may; False when he may not even see it. Refuses FORBIDDEN when he only sees it."""
    if project is None:
        return False
    path = Path(organisation=project.organisation, restricted=project.restricted, elements=(f"project:{project.id}",))
    role = effective_role(path, caller)
    if role is not None and not at_least(role, needed):
        raise forbidden(
            f"This needs the role {needed} on the project; yours is {role}.", "Ask an admin of the project."
        )
    return role is not None
