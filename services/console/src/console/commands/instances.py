"""Services in a project: add, look at, remove. Their versions are in `rolling`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from console import documents, prices, screen, waiting
from console.client import Client, signed_in
from console.commands.deploying import watched
from console.failures import Failure, usage
from console.screen import Force, Json

app = typer.Typer(help="Services of a project.", no_args_is_help=True)

ENVIRONMENTS: Final = ("private", "demo", "dev", "stage", "prod")
LONG_NAMES: Final = {"development": "dev", "staging": "stage", "production": "prod"}

Text = str | None
Project = Annotated[Text, typer.Argument(help="Slug of the project.")]
Service = Annotated[Text, typer.Argument(help="Id or slug of the service.")]
ProjectOption = Annotated[Text, typer.Option("--project", "-p", help="The same as the argument.")]
ServiceOption = Annotated[Text, typer.Option("--service", "-s", help="The same as the argument.")]


@app.command()
def add(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    billing_type: prices.Type = None,
    billing_value: prices.Value = None,
    payer: prices.Payer = None,
    as_json: Json = False,
) -> None:
    """Add a service to a project. The published version goes to dev."""
    plan = prices.wanted(billing_type, billing_value)
    client = signed_in()
    found = project_of(client, project_option or project)
    plan = prices.paid(plan, found, payer)
    wanted = client.ask(documents.SERVICE, service=service_option or screen.given(service, "SERVICE", "Service"))[
        "service"
    ]
    instance = _instance(found, wanted["id"])
    added = instance is None
    if instance is None:
        instance = client.ask(documents.ADD_SERVICE, project=found["id"], service=wanted["id"])["addService"]
    version = declared(instance).get("dev") or wanted["publishedVersion"]
    environment = watched(client, "dev", version, instance=instance["id"])
    if plan:
        client.ask(documents.SET_RATE_PLAN, instance=instance["id"], plan=plan)
    url = waiting.data_url(client, environment)
    said = f"{wanted['slug']} {version} runs on dev: {url}"
    text = said if added else f"{found['slug']} holds {wanted['slug']} already. {said}"
    value = {"instance": instance["id"], "added": added, "version": version, "url": url}
    screen.answer(value, lambda: screen.out.print(text, markup=False), as_json=as_json)


@app.command("list")
def list_(*, project: Project = None, project_option: ProjectOption = None, as_json: Json = False) -> None:
    """List the services of a project and the versions declared in its environments."""
    found = project_of(signed_in(), project_option or project)
    screen.answer(
        found["instances"],
        lambda: screen.table(None, columns(found), map(row, found["instances"])),
        as_json=as_json,
    )


@app.command()
def info(
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    as_json: Json = False,
) -> None:
    """Show a service of a project: its environments and what runs there."""
    client = signed_in()
    found, instance = both(client, project_option or project, service_option or service)
    running = waiting.environments(client, instance=instance["id"])
    urls = waiting.data_urls(client, running)
    plan = client.ask(documents.RATE_PLAN, instance=instance["id"])["ratePlan"]

    def render() -> None:
        offered = instance["service"]
        retired = f"yes: {offered['retiredReason'] or 'no reason given'}" if offered["retired"] else None
        screen.facts(
            [
                ("service", offered["slug"]),
                ("instance", instance["id"]),
                ("published", offered["publishedVersion"]),
                ("retired", retired),
                ("price", prices.told(plan)),
            ]
        )
        rows = [
            (
                found["environmentNames"][each["name"]],
                each["declaredVersion"],
                each["version"],
                each["state"],
                each["reason"],
            )
            for each in running.values()
        ]
        screen.table(None, ("Environment", "Declared", "Runs", "State", "Reason"), rows)
        screen.facts(urls.items())

    screen.answer({**instance, "running": running, "urls": urls, "ratePlan": plan}, render, as_json=as_json)


@app.command()
def remove(
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Remove a service from a project, with its databases."""
    client = signed_in()
    found, instance = both(client, project_option or project, service_option or service)
    slug = instance["service"]["slug"]
    what = f"Removing {slug} from {found['slug']} destroys its databases"
    screen.confirmed(f"{what}. Remove it?", force=force, otherwise=f"{what}.")
    client.ask(documents.REMOVE_INSTANCE, instance=instance["id"])
    said = f"{slug} is removed from {found['slug']}."
    screen.answer({"removed": instance["id"]}, lambda: screen.out.print(said, markup=False), as_json=as_json)


def project_of(client: Client, project: str | None) -> dict[str, Any]:
    """A project by slug."""
    slug = screen.given(project, "PROJECT", "Project")
    found: dict[str, Any] = client.ask(documents.PROJECT, project=slug)["project"]
    return found


def instance_of(project: dict[str, Any], service: str) -> dict[str, Any]:
    """A service of the project by id or slug, or the instance by its id. Raises Failure."""
    for each in project["instances"]:
        if service in (each["id"], each["service"]["id"], each["service"]["slug"]):
            found: dict[str, Any] = each
            return found
    raise Failure(
        f"{project['slug']} does not hold the service {service!r}.",
        f"Add it with `mortise project service add {project['slug']} {service}`.",
        code="NOT_FOUND",
    )


def declared(instance: dict[str, Any]) -> dict[str, str | None]:
    """Declared version by environment."""
    return {each["name"]: each["version"] for each in instance["environments"]}


def columns(project: dict[str, Any]) -> tuple[str, ...]:
    """Headings of a table of instances, with what the project calls its environments."""
    names = project["environmentNames"]
    return ("Service", *(names[each] for each in ("dev", "stage", "prod")), "Published", "ID")


def row(instance: dict[str, Any]) -> tuple[object, ...]:
    """An instance under `columns`."""
    versions, service = declared(instance), instance["service"]
    published = f"{service['publishedVersion']} (retired)" if service["retired"] else service["publishedVersion"]
    return (service["slug"], *(versions.get(each) for each in ("dev", "stage", "prod")), published, instance["id"])


def environment(text: str, names: Mapping[str, str] | None = None) -> str:
    """The short name of an environment; `names` is what a project calls its own. Raises Failure for any other name."""
    fold = text.strip().lower()
    called = {name.lower(): short for short, name in (names or {}).items()}
    name = called.get(fold) or LONG_NAMES.get(fold, fold)
    if name not in ENVIRONMENTS:
        raise usage(f"{text!r} is not an environment.", f"One of {', '.join(ENVIRONMENTS)}.")
    return name


def asked_environment(text: str | None, option: str, question: str, names: Mapping[str, str]) -> str:
    """An environment that was named, else the one that somebody at the terminal names."""
    return environment(screen.given(text, option, f"{question} ({', '.join(names.values())})"), names)


def both(client: Client, project: str | None, service: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A project by slug, and a service in it. Raises Failure."""
    found = project_of(client, project)
    return found, instance_of(found, screen.given(service, "SERVICE", "Service"))


def _instance(project: dict[str, Any], service: str) -> dict[str, Any] | None:
    return next((each for each in project["instances"] if each["service"]["id"] == service), None)
