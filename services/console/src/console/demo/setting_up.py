"""The demo from nothing to running: each step looks whether it was done, so that an interrupted run is taken up again.

Secrets are shown once by the API; what the demo was told is kept beside the stack's data (0600) and printed again by
the next run. A secret that was lost on the way is replaced by a rotated one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

from console import documents, home, waiting
from console.client import Client
from console.demo import load, rows
from console.failures import UNREACHABLE, Failure
from console.folder import Folder, here

PROJECT: Final = {"name": "Corner Shop", "slug": "corner-shop", "description": "A shop that uses the music store."}
CLIENT: Final = {"name": "Listening Club", "email": "club@example.org", "currency": "EUR", "timeZone": "UTC"}
PLAN: Final = {"kind": "PAY_PER_CALL", "price": "0.02", "currency": "EUR"}
CALLS: Final = (
    "query Artists { allArtists(first: 5, orderBy: name_ASC) { name albums(first: 2) { title } } }",
    "query Album { Album(number: 1) { title artist { name } tracks { name milliseconds genre { name } } } }",
    "query Sizes { artists: _allArtistsMeta { count } tracks: _allTracksMeta { count } }",
    'query Search { allTracks(filter: { name_contains: "love" }, first: 5) { name album { artist { name } } } }',
    "query Boss { Employee(number: 1) { lastName reports { lastName reports { lastName } } } }",
)
"""Calls on prod, made with the client's key."""

LOADING: Final = ("callsPerSecond", "callsPerDay")
TRIES_MAX: Final = 5
PAUSE_SECONDS: Final = 1.0


@dataclass
class Demo:
    """What the demo is and what opens it."""

    url: str
    service: str = ""
    project: str = ""
    instance: str = ""
    client: str = ""
    endpoints: dict[str, str] = field(default_factory=dict)
    service_key: str = ""
    project_key: str = ""
    client_key: str = ""
    loaded: bool = False
    called: bool = False


Told = Callable[[str], None]


def ensure(client: Client, data: Path, *, told: Told, counted: Callable[[int, int], None]) -> Demo:
    """The demo, complete. `told` hears each step, `counted` how many of how many rows are there."""
    file = data / "demo.json"
    kept = home.read_json(file)
    known = {name: value for name, value in kept.items() if name in Demo.__dataclass_fields__}
    demo = Demo(**{**known, "url": client.url})
    if demo.loaded and demo.called:
        return demo

    def keep() -> None:
        home.write_secret(file, asdict(demo))

    _service(client, demo, keep, told)
    _project(client, demo, keep, told)
    if not demo.loaded:
        told("rows")
        with _unhurried(client, demo):
            asyncio.run(_load(demo, counted))
        demo.loaded = True
        keep()
    told("calls")
    asyncio.run(_call(demo))
    demo.called = True
    keep()
    return demo


def place() -> Folder:
    """The service folder that comes with the command line."""
    found = here(Path(str(resources.files("console.demo") / "music-store")))
    assert found, "the folder is part of the package"
    return found


def data_set() -> bytes:
    """The packed data set."""
    return (resources.files("console.demo") / "chinook.json.gz").read_bytes()


def _service(client: Client, demo: Demo, keep: Callable[[], None], told: Told) -> None:
    """Declared, pushed, published; private and demo run it."""
    folder = place()
    told("service")
    service = _found(lambda: client.ask(documents.SERVICE, service=folder.manifest.service)["service"])
    if service is None:
        said = {name: getattr(folder.manifest, name) for name in ("name", "problem", "solution", "domain")}
        said["tags"] = list(folder.manifest.tags)
        made = client.ask(documents.CREATE_SERVICE, input=said)["createService"]
        demo.service, demo.service_key = made["service"]["id"], made["developerKey"]["secret"] or ""
        keep()
        service = client.ask(documents.SERVICE, service=demo.service)["service"]
    if demo.service != service["id"]:  # another Mortise, or its data was thrown away
        demo.service, demo.service_key = service["id"], ""
    owner = service["id"]
    waiting.until_deployed(client, "private", service["privateVersion"], service=owner)
    version = {"service": owner, "version": service["privateVersion"]}
    if client.ask(documents.VERSION_SCHEMA, **version)["version"]["schema"] != folder.schema:
        told("push")
        wanted = {"service": owner, "schema": folder.schema, "notes": ["The whole store."], "force": True}
        pushed = client.ask(documents.PUSH_SERVICE, input=wanted)["pushService"]["name"]
        waiting.until_deployed(client, "private", pushed, service=owner)
        service["privateVersion"] = pushed
    waiting.until_deployed(client, "demo", service["publishedVersion"], service=owner)
    if service["publishedVersion"] != service["privateVersion"]:
        told("publish")
        client.ask(documents.PROMOTE_SERVICE, service=owner, force=True)
        waiting.until_deployed(client, "demo", service["privateVersion"], service=owner)
    if not demo.service_key:
        demo.service_key = _rotated(client, service["keys"], "service") or _new_key(client, "service", owner)
    demo.endpoints |= _endpoints(client, service=owner)
    keep()


def _project(client: Client, demo: Demo, keep: Callable[[], None], told: Told) -> None:
    """A project that holds the service on dev and prod, a price, and a client who pays."""
    told("project")
    project = _found(lambda: client.ask(documents.PROJECT, project=PROJECT["slug"])["project"])
    if project is None:
        demo.project = client.ask(documents.CREATE_PROJECT, input=PROJECT)["createProject"]["id"]
        project = client.ask(documents.PROJECT, project=PROJECT["slug"])["project"]
    if demo.project != project["id"]:
        demo.project, demo.project_key, demo.client_key = project["id"], "", ""
    held = next((each for each in project["instances"] if each["service"]["id"] == demo.service), None)
    if held is None:
        held = client.ask(documents.ADD_SERVICE, project=demo.project, service=demo.service)["addService"]
    demo.instance = held["id"]
    plan = client.ask(documents.RATE_PLAN, instance=demo.instance)["ratePlan"]
    if plan is None or plan["kind"] != PLAN["kind"]:
        client.ask(documents.SET_RATE_PLAN, instance=demo.instance, plan=PLAN)
    declared = {each["name"]: each["version"] for each in held["environments"]}
    waiting.until_deployed(client, "dev", declared["dev"], instance=demo.instance)
    if not declared.get("prod"):
        told("promote")
        client.ask(documents.PROMOTE_INSTANCE, instance=demo.instance, **{"from": "dev", "to": "prod"})
        declared["prod"] = declared["dev"]
    waiting.until_deployed(client, "prod", declared["prod"], instance=demo.instance)
    if not demo.project_key:
        demo.project_key = _rotated(client, project["keys"], "project") or _new_key(client, "project", demo.project)
    if not demo.client_key:
        demo.client, demo.client_key = _payer(client, project)
    demo.endpoints |= _endpoints(client, instance=demo.instance)
    keep()


def _payer(client: Client, project: dict[str, Any]) -> tuple[str, str]:
    """Id and key of the client."""
    known = next((each for each in project["clients"] if each["name"] == CLIENT["name"]), None)
    if known is None:
        made = client.ask(documents.ADD_CLIENT, project=project["id"], input=CLIENT)["addClient"]
        if made["clientKey"]["secret"]:
            return made["client"]["id"], made["clientKey"]["secret"]
        known = made["client"]
        project = client.ask(documents.PROJECT, project=project["slug"])["project"]
    keys = [each for each in project["keys"] if (each["client"] or {}).get("id") == known["id"]]
    secret = _rotated(client, keys, "client")
    if not secret:
        raise Failure(f"The client {known['name']} has no key.", "Make one with `mortise key create`.")
    return known["id"], secret


@contextmanager
def _unhurried(client: Client, demo: Demo) -> Iterator[None]:
    """All rows at once are more calls than dev may have, so the operator grants it as many as they are."""
    dev = waiting.environments(client, instance=demo.instance)["dev"]["id"]

    def grant(number: int | None) -> None:
        client.ask(documents.GRANT_ENVIRONMENT, environment=dev, input=dict.fromkeys(LOADING, number))

    grant(0)
    yield
    grant(None)


async def _load(demo: Demo, counted: Callable[[int, int], None]) -> None:
    stages = rows.stages(rows.read(data_set()))
    all_rows = sum(len(each) for stage in stages for each in stage.values())
    there = dict.fromkeys(("dev", "prod"), 0)

    async def fill(name: str) -> None:
        def more(count: int) -> None:
            there[name] += count
            counted(sum(there.values()), all_rows * len(there))

        async with load.Environment(data_url(demo, name), demo.project_key) as environment:
            for attempt in range(1, TRIES_MAX + 1):
                there[name] = 0
                try:
                    await load.load(environment, stages, more)
                except Failure as failure:
                    # A process that is just starting again; what was created is found by the next try.
                    if failure.exit_code != UNREACHABLE or attempt == TRIES_MAX:
                        raise
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    return

    for outcome in await asyncio.gather(*map(fill, there), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _call(demo: Demo) -> None:
    async with load.Environment(data_url(demo, "prod"), demo.client_key) as prod:
        for document in CALLS:
            await prod.ask(document)


def data_url(demo: Demo, name: str) -> str:
    """Where an environment's data API is."""
    return f"{demo.url}/{demo.endpoints[name]}/graphql"


def _endpoints(client: Client, **owner: str) -> dict[str, str]:
    return {name: each["endpoint"] for name, each in waiting.environments(client, **owner).items()}


def _found(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return ask()
    except Failure as failure:
        if failure.code != "NOT_FOUND":
            raise
        return None


def _rotated(client: Client, keys: list[dict[str, Any]], kind: str) -> str:
    for each in keys:
        if each["kind"] == kind and not each["revoked"]:
            return client.ask(documents.ROTATE_KEY, key=each["id"])["rotateKey"]["secret"] or ""
    return ""


def _new_key(client: Client, kind: str, target: str) -> str:
    wanted = {"name": "demo", "kind": kind, "target": target}
    return str(client.ask(documents.CREATE_KEY, input=wanted)["createKey"]["secret"])
