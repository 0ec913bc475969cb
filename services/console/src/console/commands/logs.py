"""What was called and deployed: the newest lines, or those since some time, and those that come."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from console import documents, prices, screen
from console.client import Client, signed_in
from console.commands import instances
from console.commands.services import of_folder
from console.failures import Failure, usage
from console.screen import Json

LINES: Final = 20
PAGE: Final = 250
LOOK_SECONDS: Final = 1.0
"""How often those who follow look."""
CLASSES: Final = (
    *("ok", "partial", "client_error", "limited", "upstream_error", "introspection", "health"),
    "deployment",
)
STYLES: Final = {
    "ok": "green",
    "partial": "yellow",
    "client_error": "yellow",
    "limited": "magenta",
    "upstream_error": "red",
    "deployment": "cyan",
}
UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Text = str | None
Lines = Iterator[dict[str, Any]]


def logs(  # noqa: PLR0913 - the options of one command
    *,
    what: Annotated[Text, typer.Argument(help="Slug of a project, or id or slug of a service.")] = None,
    project: Annotated[Text, typer.Option("--project", "-p", help="Slug of the project.")] = None,
    service: Annotated[
        Text, typer.Option("--service", "-s", help="Service; with a project, only this one. Default: the folder's.")
    ] = None,
    environment: Annotated[Text, typer.Option("--environment", "-e", help="Only this environment.")] = None,
    since: Annotated[
        Text, typer.Option("--since", help="All lines since then: 30s, 15m, 2h, 7d or an RFC 3339 time.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--lines", "-n", min=1, max=10_000, help=f"So many of the newest; default {LINES}.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    classes: Annotated[
        list[str] | None, typer.Option("--class", "-c", help=f"Only {', '.join(CLASSES)}; may be said again.")
    ] = None,
    operation: Annotated[Text, typer.Option("--operation", help="Only operations of this name.")] = None,
    key: Annotated[Text, typer.Option("--key", help="Only a key: its id, or what it begins with.")] = None,
    payer: Annotated[Text, typer.Option("--client", help="Only a client: name, e-mail or id.")] = None,
    code: Annotated[Text, typer.Option("--code", help="Only this error code.")] = None,
    hash_: Annotated[Text, typer.Option("--hash", help="Only documents with this hash.")] = None,
    slow: Annotated[int | None, typer.Option("--min-ms", min=0, help="Only what took so many ms, or more.")] = None,
    search: Annotated[Text, typer.Option("--search", help="Only lines with all these words.")] = None,
    as_json: Json = False,
) -> None:
    """Show calls, refusals and deployments of a project or service, oldest first."""
    filter_ = {
        "classes": [_class(each) for each in classes] if classes else None,
        "operation": operation,
        "key": key,
        "code": code,
        "hash": hash_,
        "minDurationMs": slow,
        "search": search,
        **(_since(since) if since is not None else {}),
    }
    client = signed_in()
    of, narrower, several = _asked(client, what, project, service, environment, payer)
    given = {name: value for name, value in (filter_ | narrower).items() if value is not None}
    log = Log(client, {**of, "filter": given})
    first = log.since() if since is not None and count is None else iter(log.newest(count or LINES))
    if as_json and not follow:
        screen.answer(list(first), lambda: None, as_json=True)
        return
    tell = _as_json if as_json else functools.partial(_told, several=several)
    try:
        _each(first, tell)
        while follow:
            time.sleep(LOOK_SECONDS)  # lines are written in batches: looking more often shows no more
            _each(log.since(), tell)
    except KeyboardInterrupt:
        return


class Log:
    """The lines that were asked for, and how far they were read."""

    def __init__(self, client: Client, asked: dict[str, Any]) -> None:
        self._client = client
        self._asked = asked
        self._after: str | None = None

    def newest(self, count: int) -> list[dict[str, Any]]:
        """The newest lines, oldest first."""
        found: list[dict[str, Any]] = []
        before: str | None = None
        while len(found) < count:
            page = self._page(last=min(PAGE, count - len(found)), before=before)
            self._after = self._after or page["pageInfo"]["endCursor"]
            found = [edge["node"] for edge in page["edges"]] + found
            before = page["pageInfo"]["startCursor"]
            if not page["pageInfo"]["hasPreviousPage"]:
                break
        return found

    def since(self) -> Lines:
        """Lines behind the last one that was read, as many as there are now."""
        while True:
            page = self._page(first=PAGE, after=self._after)
            self._after = page["pageInfo"]["endCursor"]
            yield from (edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return

    def _page(self, **place: Any) -> dict[str, Any]:
        return dict(self._client.ask(documents.LOGS, **self._asked, **place)["logs"])


def _asked(
    client: Client, what: Text, project: Text, service: Text, environment: Text, payer: Text
) -> tuple[dict[str, str], dict[str, Any], bool]:
    """Whose lines, which of them, and whether they may be of several services."""
    found = _project(client, what, project)
    if found is None:
        if payer is not None:
            raise usage("A service's own environments have no clients.", "Name a project with -p.")
        own = client.ask(documents.SERVICE, service=what or of_folder(service))["service"]
        name = instances.environment(environment) if environment else None
        return {"service": own["id"]}, {"environment": name}, False
    only = instances.instance_of(found, service)["service"]["id"] if service else None
    name = instances.environment(environment, found["environmentNames"]) if environment else None
    who = None if payer is None else prices.client_of(found, payer)["id"]
    return {"project": found["id"]}, {"environment": name, "service": only, "client": who}, only is None


def _project(client: Client, what: Text, project: Text) -> dict[str, Any] | None:
    """The project that is meant; None when it is a service."""
    if project is not None:
        if what is not None:
            raise usage(f"Is {what!r} or {project!r} meant?", "Name the project once; a service in it with -s.")
        return instances.project_of(client, project)
    if what is None:
        return None
    try:
        return instances.project_of(client, what)
    except Failure as failure:
        if failure.code != "NOT_FOUND":
            raise
        return None


def _class(text: str) -> str:
    fold = text.strip().lower().replace("-", "_")
    if fold not in CLASSES:
        raise usage(f"{text!r} is no class of lines.", f"One of {', '.join(CLASSES)}.")
    return fold


def _since(text: str) -> dict[str, Any]:
    """The beginning of a filter: so long ago by the server's clock, or a time as it was said. Raises Failure."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if ago:
        return {"sinceSeconds": int(ago[1]) * UNITS[ago[2]]}
    if not re.match(r"\d{4}-\d\d-\d\dT", text.strip()):
        raise usage(f"{text!r} is no time.", "Say 30s, 15m, 2h, 7d, or a time like 2026-11-20T10:00:00Z.")
    return {"from": text.strip()}


def _each(lines: Lines, tell: Callable[[dict[str, Any]], None]) -> None:
    for line in lines:
        tell(line)


def _as_json(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _told(line: dict[str, Any], *, several: bool) -> None:
    class_, where = line["class"], line["environmentName"]
    if several:
        where = f"{where} {line['serviceName'] or line['service']}"
    if class_ == "deployment":
        who = line["actor"] and (line["actor"]["username"] or line["actor"]["id"])
        said = (line["what"], line["version"], line["code"], f"by {who}" if who else None)
        told = f"{' '.join(each for each in said if each)}: {line['message']}"
    else:
        took = f"{line['durationUs'] / 1000:.1f} ms"
        times = f"{line['times']} times" if line["times"] > 1 else None
        whose = (line["operation"] or line["hash"], line["keyPrefix"], line["clientName"], line["code"], times)
        told = f"{took:>10} {line['bytesOut']:>9} B  " + "  ".join(each for each in whose if each)
    style = STYLES.get(class_, "dim")
    at = line["time"].replace("T", " ").rstrip("Z")
    screen.out.print(f"[dim]{at}[/]  {escape(where)}  [{style}]{class_:<14}[/]  {escape(told)}")
