"""Services: make one, find one, publish it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console import documents, folder, screen, waiting
from console.client import signed_in
from console.commands.deploying import watched
from console.failures import Failure, usage
from console.screen import Force, Json

DOMAINS: Final = (
    *("Analytics", "Authentication", "Communication", "Content_Management", "E_Commerce", "Finance"),
    *("Human_Resources", "Logistics", "Marketing", "Media", "Productivity", "Other"),
)

app = typer.Typer(help="Services: what makers offer.", no_args_is_help=True)

Service = Annotated[str | None, typer.Argument(help="Id or slug; default: the service of this folder.")]
Text = str | None


@app.command()
def create(  # noqa: PLR0913 - what is said about a service
    *,
    name: Annotated[Text, typer.Option("--name", "-n", help="What it is called.")] = None,
    problem: Annotated[Text, typer.Option("--problem", "-p", help="Which functional problem it solves.")] = None,
    solution: Annotated[Text, typer.Option("--how-solving", "-s", help="How it solves it.")] = None,
    domain: Annotated[Text, typer.Option("--business-domain", "-b", help=", ".join(DOMAINS))] = None,
    tags: Annotated[Text, typer.Option("--tags", "-t", help="Separated by commas.")] = None,
    place: Annotated[Path | None, typer.Option("--folder", help="Where to write it; default: its slug.")] = None,
    organisation: Annotated[Text, typer.Option("--organisation", help="Id or slug; default: your only one.")] = None,
    as_json: Json = False,
) -> None:
    """Create a service and write its folder: mortise.toml, schema.graphql, README.md."""
    said = {
        "name": screen.given(name, "--name", "Name"),
        "problem": screen.given(problem, "--problem", "Which problem does it solve"),
        "solution": screen.given(solution, "--how-solving", "How does it solve it"),
        "domain": _domain(screen.given(domain, "--business-domain", f"Business domain ({', '.join(DOMAINS)})")),
        "tags": [
            each.strip() for each in screen.given(tags, "--tags", "Tags (with commas)").split(",") if each.strip()
        ],
    }
    if place:
        folder.free(place)
    client = signed_in()
    made = client.ask(documents.CREATE_SERVICE, input={**said, "organisation": organisation})["createService"]
    service, key = made["service"], made["developerKey"]["secret"]
    path = place or Path(service["slug"])
    written = _write(path, service, said)
    environments = [
        watched(client, each, service["privateVersion"], service=service["id"]) for each in ("private", "demo")
    ]
    urls = {each["name"]: waiting.data_url(client, each) for each in environments}

    def render() -> None:
        screen.facts([("service", service["slug"]), ("developer key", key), *urls.items()])
        screen.out.print(f"{path}/\n  mortise.toml\n  schema.graphql\n  README.md" if written else "", markup=False)

    folder_name = str(path) if written else None
    value = {"id": service["id"], "slug": service["slug"], "developerKey": key, "urls": urls, "folder": folder_name}
    screen.answer(value, render, as_json=as_json)


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """List the services you may see."""
    _listed(signed_in().ask(documents.SERVICES)["services"], as_json=as_json)


@app.command()
def search(*, words: Annotated[str, typer.Argument(help="What to look for.")], as_json: Json = False) -> None:
    """Find services by what they say about themselves, best first."""
    _listed(signed_in().ask(documents.SERVICES, search=words)["services"], as_json=as_json)


@app.command()
def info(*, service: Service = None, as_json: Json = False) -> None:
    """Show a service: its environments, what runs there, its keys."""
    client = signed_in()
    found = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    running = waiting.environments(client, service=found["id"])
    urls = waiting.data_urls(client, running)

    def render() -> None:
        screen.facts(
            [
                ("service", found["slug"]),
                ("name", found["name"]),
                ("problem", found["problem"]),
                ("solution", found["solution"]),
                ("domain", found["domain"]),
                ("tags", ", ".join(found["tags"])),
                ("retired", _retired(found)),
                (
                    "keys",
                    ", ".join(f"{each['name']} {each['prefix']}…" for each in found["keys"] if not each["revoked"]),
                ),
            ]
        )
        screen.table(
            None,
            ("Environment", "Declared", "Runs", "State"),
            [(each["name"], each["version"], *_runs(running.get(each["name"]))) for each in found["environments"]],
        )
        screen.facts(urls.items())

    screen.answer({**found, "running": running, "urls": urls}, render, as_json=as_json)


def promote(*, service: Service = None, force: Force = False, as_json: Json = False) -> None:
    """Publish: what runs on private goes to demo, where projects take it from."""
    client = signed_in()
    found = client.ask(documents.SERVICE, service=of_folder(service))["service"]
    running = waiting.environments(client, service=found["id"])
    version, demo = (running.get("private") or {}).get("version"), running.get("demo")
    if version and demo and demo["version"] == version and demo["state"] == "ready":
        text, changed = f"{found['slug']} is up to date: {version} runs on demo.", False
    else:
        published = screen.unless_lost(
            lambda accepted: client.ask(documents.PROMOTE_SERVICE, service=found["id"], force=accepted), force=force
        )["promoteService"]
        version, changed = published["name"], True
        demo = watched(client, "demo", published["name"], after=waiting.newest(demo), service=found["id"])
        text = f"{found['slug']} {version} is published: {waiting.data_url(client, demo)}"
    value = {"service": found["slug"], "version": version, "url": waiting.data_url(client, demo), "changed": changed}
    screen.answer(value, lambda: screen.out.print(text, markup=False), as_json=as_json)


def of_folder(service: str | None) -> str:
    """The service that was named, else that of the folder one is in."""
    if service:
        return service
    place = folder.here(Path.cwd())
    if place:
        return place.manifest.service
    return screen.given(None, "SERVICE", "Service (id or slug)")


def _domain(text: str) -> str:
    fold = text.strip().lower().replace("-", "_").replace(" ", "_")
    found = next((each for each in DOMAINS if each.lower() == fold), None)
    if found is None:
        raise usage(f"{text!r} is not a business domain.", f"One of {', '.join(DOMAINS)}.")
    return found


def _write(path: Path, service: dict[str, Any], said: dict[str, Any]) -> bool:
    """The folder of a new service. The service exists already, so a place that is taken is told and left alone."""
    manifest = folder.Manifest(service["slug"], **{**said, "tags": tuple(said["tags"])})
    readme = f"# {said['name']}\n\n{said['problem']}\n\n{said['solution']}\n"
    try:
        folder.free(path)
    except Failure as failure:
        screen.say(f"{failure.message} The folder was not written.")
        return False
    folder.write(path, manifest, schema=service["versions"][0]["schema"], readme=readme)
    return True


def _listed(found: list[dict[str, Any]], *, as_json: bool) -> None:
    rows = [
        (each["slug"], each["name"], each["domain"], _published(each), ", ".join(each["tags"]), each["id"])
        for each in found
    ]
    columns = ("Service", "Name", "Domain", "Published", "Tags", "ID")
    screen.answer(found, lambda: screen.table(None, columns, rows), as_json=as_json)


def _published(service: dict[str, Any]) -> str:
    return f"{service['publishedVersion']}{' (retired)' if service['retired'] else ''}"


def _retired(service: dict[str, Any]) -> str | None:
    return f"yes: {service['retiredReason'] or 'no reason given'}" if service["retired"] else None


def _runs(environment: dict[str, Any] | None) -> tuple[str | None, str]:
    if environment is None:
        return None, "absent"
    reason = f" ({environment['reason']})" if environment["reason"] else ""
    return environment["version"], f"{environment['state']}{reason}"
