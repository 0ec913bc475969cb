"""Services in a project: add, promote from environment to environment, remove."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from console import documents, screen, waiting
from console.client import Client, signed_in
from console.commands.deploying import watched
from console.failures import Failure, usage
from console.screen import Force, Json
from proof import rating

app = typer.Typer(help="Services of a project.", no_args_is_help=True)

COLUMNS: Final = ("Service", "Development", "Staging", "Production", "ID")
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
    billing_type: Annotated[Text, typer.Option("--billing-type", "-t", help="pay-per-call or not-billable.")] = None,
    billing_value: Annotated[Text, typer.Option("--billing-value", "-v", help="Price of a call, e.g. 0.0035.")] = None,
    as_json: Json = False,
) -> None:
    """Add a service to a project. The published version goes to dev."""
    plan = _plan(billing_type, billing_value)
    client = signed_in()
    found = project_of(client, project_option or project)
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
    found = project_of(signed_in(), project_option or project)["instances"]
    screen.answer(found, lambda: screen.table(None, COLUMNS, map(row, found)), as_json=as_json)


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
    _, instance = _both(client, project_option or project, service_option or service)
    running = waiting.environments(client, instance=instance["id"])
    urls = waiting.data_urls(client, running)
    plan = client.ask(documents.RATE_PLAN, instance=instance["id"])["ratePlan"]

    def render() -> None:
        price = (
            f"{plan['price']} {plan['currency']} per call"
            if plan and plan["kind"] == "PAY_PER_CALL"
            else "not billable"
        )
        screen.facts([("service", instance["service"]["slug"]), ("instance", instance["id"]), ("price", price)])
        rows = [
            (each["name"], each["declaredVersion"], each["version"], each["state"], each["reason"])
            for each in running.values()
        ]
        screen.table(None, ("Environment", "Declared", "Runs", "State", "Reason"), rows)
        screen.facts(urls.items())

    screen.answer({**instance, "running": running, "urls": urls, "ratePlan": plan}, render, as_json=as_json)


@app.command()
def promote(  # noqa: PLR0913 - the options of one command
    *,
    project: Project = None,
    service: Service = None,
    project_option: ProjectOption = None,
    service_option: ServiceOption = None,
    source: Annotated[Text, typer.Option("--source-environment", "-e", help="demo, dev, stage or prod.")] = None,
    target: Annotated[Text, typer.Option("--target-environment", "-t", help="dev, stage or prod.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Take the version that runs in one environment to another."""
    client = signed_in()
    _, instance = _both(client, project_option or project, service_option or service)
    from_, to = _environment(source, "--source-environment", "From"), _environment(target, "--target-environment", "To")
    if from_ == to:
        raise usage(f"Source and target are both {to}.", "Promote to another environment.")
    running = waiting.environments(client, instance=instance["id"])
    here, there = running.get(from_), running.get(to)
    version = instance["service"]["publishedVersion"] if from_ == "demo" else here["version"] if here else None
    changed = not (version and there and there["version"] == version and there["state"] == "ready")
    if changed:
        words = {"instance": instance["id"], "from": from_, "to": to}
        made = screen.unless_lost(
            lambda accepted: client.ask(documents.PROMOTE_INSTANCE, **words, force=accepted), force=force
        )["promoteInstance"]
        version = declared(made)[to]
        assert version, "a promotion declares a version"
        there = watched(client, to, version, after=waiting.newest(there), instance=instance["id"])
    assert there, "it is up to date, or was waited for"
    url = waiting.data_url(client, there)
    state = f"{version} runs on {to}: {url}" if changed else f"{to} is up to date: {version} runs there: {url}"
    value = {"instance": instance["id"], "environment": to, "version": version, "url": url, "changed": changed}
    screen.answer(value, lambda: screen.out.print(state, markup=False), as_json=as_json)


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
    found, instance = _both(client, project_option or project, service_option or service)
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


def row(instance: dict[str, Any]) -> tuple[object, ...]:
    """An instance under COLUMNS."""
    versions = declared(instance)
    return (instance["service"]["slug"], *(versions.get(each) for each in ("dev", "stage", "prod")), instance["id"])


def environment(text: str) -> str:
    """The short name of an environment. Raises Failure for a name that none has."""
    name = LONG_NAMES.get(text.lower(), text.lower())
    if name not in ENVIRONMENTS:
        raise usage(f"{text!r} is not an environment.", f"One of {', '.join(ENVIRONMENTS)}.")
    return name


def _environment(text: str | None, option: str, question: str) -> str:
    return environment(screen.given(text, option, f"{question} (dev, stage, prod)"))


def _both(client: Client, project: str | None, service: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    found = project_of(client, project)
    return found, instance_of(found, screen.given(service, "SERVICE", "Service"))


def _instance(project: dict[str, Any], service: str) -> dict[str, Any] | None:
    return next((each for each in project["instances"] if each["service"]["id"] == service), None)


def _plan(kind: str | None, value: str | None) -> dict[str, str] | None:
    if kind is None and value is None:
        return None
    fold = (kind or "").upper().replace("-", "_")
    if fold == "NOT_BILLABLE" and value is None:
        return {"kind": "NOT_BILLABLE"}
    if fold != "PAY_PER_CALL" or value is None:
        raise usage("--billing-type and --billing-value need each other.", "E.g. -t pay-per-call -v 0.0035.")
    try:
        rating.price(value)
    except ValueError:
        # Said before anything is added: afterwards the service would stay, without its price.
        raise usage(f"{value!r} is no price per call.", "Write a decimal like 0.0035, not negative.") from None
    return {"kind": "PAY_PER_CALL", "price": value}
