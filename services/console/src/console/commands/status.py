"""Whether a running Mortise is well, asked of the health port of every process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from console import home, screen
from console.failures import REFUSED, unreachable, usage
from console.screen import Json

DATA_DEFAULT: Final = Path(".mortise")
SECONDS_MAX: Final = 5.0
LAG_MAX: Final = 1000
"""Messages. A projection that is further behind shows people an old world."""
UNSENT_SECONDS_MAX: Final = 10.0
"""A batch of calls leaves within a second; one that waits longer cannot leave."""
ASLEEP: Final = "mortise_environments_asleep"
_FIGURE: Final = re.compile(r"(mortise_\w+)(?:\{(.*)\})? (\S+)")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = Mapping[str, str]
Figures = dict[str, list[tuple[Labels, float]]]
"""Samples by name."""


@dataclass(frozen=True)
class Process:
    """What one process says of itself."""

    name: str
    url: str
    troubles: Mapping[str, str]
    """By check; nothing when it is ready."""
    figures: Figures = field(default_factory=dict)

    def projections(self) -> list[dict[str, Any]]:
        """What it reads of the log, with how many messages it is behind and how many aggregates are set aside."""
        parked = {each["projection"]: int(number) for each, number in self.figures.get("mortise_projection_parked", ())}
        behind = self.figures.get("mortise_projection_lag", ())
        return [
            {"name": each["projection"], "lag": int(number), "parked": parked.get(each["projection"], 0)}
            for each, number in behind
        ]

    def number(self, name: str) -> float:
        """A figure without labels; 0 where the process does not have it."""
        return sum(number for _, number in self.figures.get(name, ()))


def status(
    *,
    data: Annotated[Path | None, typer.Option("--data", help="Data directory of a stack on this machine.")] = None,
    health: Annotated[
        list[str] | None, typer.Option("--health", help="Address of a process's health port; say it once for each.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show whether every process is ready, what is behind, set aside or unsent. Exit code 1: something is wrong."""
    told = summary(looked(addresses(data, health)))
    screen.answer(told, lambda: _show(told), as_json=as_json)
    if told["wrong"]:
        raise typer.Exit(REFUSED)


def summary(found: Iterable[Process]) -> dict[str, Any]:
    """What is shown of some processes; `wrong` holds a sentence for everything that a person has to look at."""
    processes = list(found)
    return {
        "healthy": not (wrong := [sentence for process in processes for sentence in _wrong(process)]),
        "wrong": wrong,
        "processes": [
            {
                "name": process.name,
                "url": process.url,
                "ready": not process.troubles,
                "troubles": dict(process.troubles),
                "projections": process.projections(),
            }
            for process in processes
        ],
        "environments": _environments(processes),
        "asleep": _asleep(processes),
        "unsentCalls": int(sum(process.number("mortise_calls_unsent") for process in processes)),
    }


def figures(text: str) -> Figures:
    """The samples of Mortise's own in a page of the Prometheus text format."""
    found: Figures = {}
    for line in text.splitlines():
        if (sample := _FIGURE.fullmatch(line)) is not None:
            name, labels, number = sample.groups()
            found.setdefault(name, []).append((dict(_LABEL.findall(labels or "")), float(number)))
    return found


def _wrong(process: Process) -> Iterable[str]:
    for check, why in process.troubles.items():
        yield f"{process.name} is not ready: {check}: {why}"
    for each in process.projections():
        if each["parked"]:
            yield f"{process.name}: projection {each['name']} has set {each['parked']} aggregates aside"
        if each["lag"] > LAG_MAX:
            yield f"{process.name}: projection {each['name']} is {each['lag']} messages behind"
    if (seconds := process.number("mortise_calls_unsent_seconds")) > UNSENT_SECONDS_MAX:
        unsent = process.number("mortise_calls_unsent")
        yield f"{process.name} cannot send its record of calls for {seconds:.0f} s: {unsent:.0f} are on its disk only"
    if retried := process.number("mortise_environments_retried"):
        yield f"{process.name}: work on {retried:.0f} environments fails and is tried again"


def _environments(processes: Iterable[Process]) -> dict[str, int]:
    """By state. Every provisioner counts all of them, so one is enough."""
    counted: dict[str, int] = {}
    for process in processes:
        if samples := process.figures.get("mortise_environments"):
            for labels, number in samples:
                counted[labels["state"]] = counted.get(labels["state"], 0) + int(number)
            break
    return dict(sorted(counted.items()))


def _asleep(processes: Iterable[Process]) -> int:
    """Environments that no worker of the gateway holds anything of: at most as many as any one of them says."""
    told = [process.number(ASLEEP) for process in processes if ASLEEP in process.figures]
    return int(min(told, default=0))


# --- asking -------------------------------------------------------------------------------------------------------


def addresses(data: Path | None, health: list[str] | None) -> dict[str, str]:
    """Address of the health port by process. Raises Failure."""
    if data is not None and health:
        raise usage("--data and --health exclude each other.", "The data directory knows the addresses itself.")
    return _given(health) if health else _of_stack(data or DATA_DEFAULT)


def looked(asked: Mapping[str, str]) -> list[Process]:
    """What all of them say at the same moment."""
    with ThreadPoolExecutor(max(len(asked), 1)) as pool:
        return list(pool.map(_seen, asked, asked.values()))


def _given(health: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in health:
        try:
            url = httpx.URL(each)
        except httpx.InvalidURL as error:
            raise usage(f"{each!r} is not an address: {error}.") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise usage(f"{each!r} is not an address.", "For example http://127.0.0.1:8080.")
        found[url.netloc.decode()] = each.rstrip("/")
    return found


def _of_stack(data: Path) -> dict[str, str]:
    """Address by process of the stack that runs in a directory. Raises Failure when none does."""
    told = home.read_json(data / "state.json").get("environments") or {}
    found = {
        name: f"http://{environ['MORTISE_HEALTH_HOST']}:{environ['MORTISE_HEALTH_PORT']}"
        for name, environ in told.items()
    }
    if not found:
        raise unreachable(f"No stack runs in {data}.", "Name its directory with --data, or addresses with --health.")
    return found


def _seen(name: str, url: str) -> Process:
    try:
        with httpx.Client(base_url=url, timeout=SECONDS_MAX, trust_env=False) as client:
            told = client.get("/readyz").json()
            troubles = {} if told["ready"] else {str(check): str(why) for check, why in told["troubles"].items()}
            return Process(name, url, troubles, figures(client.get("/metrics").raise_for_status().text))
    except httpx.HTTPError as error:
        return Process(name, url, {"answer": f"{url} does not answer ({error})"})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Process(name, url, {"answer": f"{url} is no health port of Mortise"})


# --- showing ------------------------------------------------------------------------------------------------------


def _show(told: Mapping[str, Any]) -> None:
    rows = [
        (process["name"], "ready" if process["ready"] else "NOT READY", _behind(process["projections"]))
        for process in told["processes"]
    ]
    screen.table(None, ("Process", "State", "Projections (messages behind)"), rows)
    states = ", ".join(f"{number} {state}" for state, number in told["environments"].items())
    screen.out.print()
    facts = [("environments", states or "none"), ("asleep", told["asleep"]), ("unsent calls", told["unsentCalls"])]
    screen.facts(facts)
    screen.out.print()
    if told["healthy"]:
        screen.out.print("[bold green]All is well.[/]")
    for sentence in told["wrong"]:
        screen.out.print(f"wrong: {sentence}", markup=False, style="red")


def _behind(projections: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{each['name']} {each['lag']}" + (f" ({each['parked']} aside)" if each["parked"] else "")
        for each in projections
    )
