"""The log: calls, refusals and deployments of an environment, a project or a service, for those who may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from graphql import GraphQLResolveInfo

from audit.api.history import caller_of, instant
from audit.domain import looking, search
from audit.domain.looking import PAGE_DEFAULT, PAGE_MAX, Line, Named, Spot, Wanted
from audit.execute.looking import Looker, Page
from audit.store import history, who
from audit.store.sheets import Sheets
from audit.store.who import Owner
from common import clock
from common.db import Database
from common.errors import bad_input, not_found
from common.graphs import Context
from common.sealing import Sealer
from common.stream import ApiError
from contracts import loglines
from contracts.access import Principal, effective_role

Info = GraphQLResolveInfo[Context]
OWNERS: Final = ("environment", "project", "service")
TOO_MANY: Final = 413
"""What the server says when a subject with wildcards means more than it looks through."""


class Log:
    """Resolvers."""

    def __init__(self, database: Database, sheets: Sheets, sealer: Sealer) -> None:
        self._database = database
        self._sheets = sheets
        self._sealer = sealer

    async def lines(
        self,
        _: Any,
        info: Info,
        *,
        filter: dict[str, Any] | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        **of: str,
    ) -> dict[str, Any]:
        """Lines onwards from a place, or the newest before a place; oldest first either way."""
        owner = await self._owner(caller_of(info), of)
        wanted = _wanted(filter or {})
        names = Names(self._database)
        sort = next(iter(wanted.sorts)) if len(wanted.sorts) == 1 else "*"
        subject = loglines.subjects(owner.organisation, owner.id, environment=owner.environment, sort=sort)
        looker = Looker(self._sheets, subject, wanted, names.of)
        if first is not None or after is not None:
            if last is not None or before is not None:
                raise bad_input("first and after do not go with last and before.", field="last")
            page = await looker.onwards(_spot(after, "after"), _size(first, "first"))
            return await self._shown(page, names, further=page.more, earlier=page.start is not None)
        try:
            page = await looker.backwards(_spot(before, "before"), _size(last, "last"))
        except ApiError as error:
            if error.code != TOO_MANY:
                raise
            raise bad_input(
                "There are too many environments to look at all of them.", "Name one environment."
            ) from None
        return await self._shown(page, names, further=before is not None, earlier=page.more)

    async def _owner(self, caller: Principal, of: Mapping[str, str]) -> Owner:
        """Whose lines are asked for; the same refusal whether it is not there or not the caller's to see."""
        search.signed_in(caller)
        given = [(kind, id_) for kind in OWNERS if (id_ := of.get(kind)) is not None]
        if len(given) != 1:
            raise bad_input("Say one of environment, project and service.", field=given[1][0] if given else None)
        kind, id_ = given[0]
        async with self._database.reading() as connection:
            found = await who.owner(connection, kind, id_)
        if found is None or effective_role(found.path, caller) is None:
            raise not_found(kind.capitalize(), id_)
        return found

    async def _shown(self, page: Page, names: Names, *, further: bool, earlier: bool) -> dict[str, Any]:
        named = await names.of(page.lines)
        actors = await self._actors([line for line in page.lines if line.sort == "deployments"])
        return {
            "edges": [{"cursor": line.spot.cursor, "node": _node(line, named, actors)} for line in page.lines],
            "pageInfo": {
                "hasNextPage": further,
                "hasPreviousPage": earlier,
                "startCursor": page.start and page.start.cursor,
                "endCursor": page.end and page.end.cursor,
            },
        }

    async def _actors(self, lines: Sequence[Line]) -> dict[str, dict[str, Any]]:
        """Who declared each deployment: id of the deployment to the actor as the history shows him."""
        found: dict[str, dict[str, Any]] = {}
        async with self._database.reading() as connection:
            for deployment in {str(line.columns["deployment"]) for line in lines if line.columns["deployment"]}:
                entry = await history.find(connection, deployment)
                if entry is not None:
                    found[deployment] = {"type": entry.actor_type, "id": entry.actor_id}
            people = {actor["id"] for actor in found.values() if actor["type"] == "user"}
            sealed = await who.usernames(connection, people) if people else {}
        names = {person: await self._sealer.open(token) for person, token in sealed.items()}
        return {deployment: {**actor, "username": names.get(actor["id"])} for deployment, actor in found.items()}


class Names:
    """What the ids of lines are called, each looked up once in one question."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[str, set[str]] = {"keys": set(), "clients": set(), "services": set()}
        self._named = Named({}, {}, {})

    async def of(self, lines: Sequence[Line]) -> Named:
        """The names that these lines need, and maybe others."""
        ids: dict[str, set[Any]] = {
            "keys": {line.columns.get("credential") for line in lines},
            "clients": {line.columns.get("client") for line in lines},
            "services": {line.place.service for line in lines},
        }
        new = {what: {str(id_) for id_ in some if id_} - self._asked[what] for what, some in ids.items()}
        if any(new.values()):
            async with self._database.reading() as connection:
                found = await who.named(connection, **new)
            known = self._named
            self._named = Named(
                {**known.keys, **found.keys}, {**known.clients, **found.clients}, {**known.services, **found.services}
            )
            for what, some in new.items():
                self._asked[what] |= some
        return self._named


def _wanted(given: Mapping[str, Any]) -> Wanted:
    return Wanted(
        classes=frozenset(given.get("classes") or ()),
        kind=given.get("environment"),
        service=given.get("service"),
        operation=given.get("operation"),
        key=given.get("key"),
        client=given.get("client"),
        hash=given.get("hash"),
        code=given.get("code"),
        least_us=_microseconds(given.get("minDurationMs")),
        from_ms=_from_ms(given),
        until_ms=_milliseconds(given.get("to"), "filter.to"),
        words=looking.words(given.get("search") or ""),
    )


def _from_ms(given: Mapping[str, Any]) -> int | None:
    seconds = given.get("sinceSeconds")
    if seconds is None:
        return _milliseconds(given.get("from"), "filter.from")
    if given.get("from") is not None or seconds < 0:
        raise bad_input("sinceSeconds is 0 or more, and does not go with from.", field="filter.sinceSeconds")
    return max(0, clock.milliseconds() - int(seconds) * 1000)


def _microseconds(milliseconds: int | None) -> int:
    if milliseconds is not None and milliseconds < 0:
        raise bad_input(f"minDurationMs is {milliseconds}, it must be 0 or more", field="filter.minDurationMs")
    return 1000 * (milliseconds or 0)


def _milliseconds(text: str | None, field: str) -> int | None:
    at = instant(text, field)
    return None if at is None else round(clock.parse(at).timestamp() * 1000)


def _spot(cursor: str | None, field: str) -> Spot | None:
    return None if cursor is None else looking.spot(cursor, field)


def _size(given: int | None, field: str) -> int:
    """Refuses what is not in 1..500."""
    size = PAGE_DEFAULT if given is None else given
    if not 1 <= size <= PAGE_MAX:
        raise bad_input(f"{field} is {size}, it must be 1 to {PAGE_MAX}", field=field)
    return size


def _node(line: Line, named: Named, actors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    said, place = line.columns, line.place
    return {
        "id": said["id"],
        "time": clock.text(datetime.fromtimestamp(said["at"] / 1000, UTC)),
        "environment": place.environment,
        "environmentName": place.kind,
        "service": place.service,
        "serviceName": named.services.get(place.service),
        "class": line.class_,
        "code": said["code"],
        "version": said["version"],
        "text": looking.text(line, named),
        "operation": said.get("operation"),
        "hash": said.get("hash"),
        "durationUs": said.get("duration_us"),
        "bytesIn": said.get("bytes_in"),
        "bytesOut": said.get("bytes_out"),
        "times": (said.get("times") or 1) if line.sort == "calls" else None,
        "credential": said.get("credential"),
        "keyPrefix": named.keys.get(said.get("credential") or ""),
        "client": said.get("client"),
        "clientName": named.clients.get(said.get("client") or ""),
        "deployment": said.get("deployment"),
        "what": said.get("what"),
        "message": said.get("text"),
        "actor": actors.get(said.get("deployment") or ""),
    }
