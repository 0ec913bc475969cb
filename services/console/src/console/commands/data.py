"""Data of an environment: out into files, in from files, and away."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from console import documents, pieces, screen, transfers, waiting
from console.client import Client, signed_in
from console.commands import instances
from console.commands.services import of_folder
from console.failures import Failure, usage
from console.screen import Force, Json
from console.transfers import Environment, Progress, Sent, Work

app = typer.Typer(help="Data of an environment: out, in, away.", no_args_is_help=True)

OF_PROJECT: Final = ("dev", "stage", "prod")
OF_SERVICE: Final = ("private", "demo")
STEP_SECONDS: Final = 5.0
"""How often progress is told where nobody looks at a terminal."""
STAGES: Final = {"check": "checked", "rows": "imported", "links": "connected", "exporting": "exported"}

Text = str | None
Project = Annotated[Text, typer.Option("--project", "-p", help="Slug of the project; without it, the service's own.")]
Service = Annotated[Text, typer.Option("--service", "-s", help="Id or slug; default: that of the folder.")]
Name = Annotated[
    Text, typer.Option("--environment", "-e", help="With a project dev (default), stage or prod; else private or demo.")
]


@app.command("export")
def export(
    *,
    table: Annotated[Text, typer.Argument(help="A type, as CSV; without it everything, as NDJSON.")] = None,
    path: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path(),
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Write the data of an environment to a file: one moment of it, however long that takes."""
    here, slug = _environment(signed_in(), project, service, environment)
    target = path / (f"{table}.csv" if table else f"{slug}-{here.name}.ndjson")
    with here, _progress(target.name, quiet=as_json) as progress:
        size = here.export(target, table, progress)
    said = f"{target}: {size} bytes."
    value = {"file": str(target), "bytes": size, "environment": here.name}
    screen.answer(value, lambda: screen.out.print(said, markup=False), as_json=as_json)


@app.command("import")
def import_(  # noqa: PLR0913 - the options of one command
    *,
    table: Annotated[str, typer.Argument(help="A type, whose CSV is in PATH; or a file, .csv or .ndjson.")],
    path: Annotated[Path, typer.Argument(help="Folder to read from.")] = Path(),
    append: Annotated[
        bool, typer.Option("--append", "-a", help="Add to what is there instead of replacing it.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Do not go on with an import that was interrupted.")
    ] = False,
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Bring data in from a file: first every line is checked, then it is stored, piece by piece."""
    file, type_ = _source(table, path)
    here, _ = _environment(signed_in(), project, service, environment)
    if here.name == "prod" and not (append or force):
        raise Failure("This is prod: its data is replaced only with --force.", code="FORCE_NEEDED")
    with here:
        work = None if restart else transfers.begun(file, here.endpoint, type_=type_, append=append)
        if work is None:
            work = _begun(here, type_, append=append, force=force)
        elif not as_json:
            screen.say(f"Going on with line {work.line}.")
        try:
            with _progress(file.name, quiet=as_json) as progress:
                sent = here.send(file, work, progress, force=force)
        except Failure as failure:
            if not as_json:
                for each in failure.details.get("problems", ()):
                    screen.err.print(f"{file}:{each['line']}: {transfers.told(each)}", markup=False)
            raise
    value = {"file": str(file), "type": type_, "environment": here.name, "nodes": sent.nodes, "edges": sent.edges}
    screen.answer({**value, "lonely": sent.lonely}, lambda: _imported(sent), as_json=as_json)


@app.command()
def drop(
    *,
    environment: Name = None,
    service: Service = None,
    project: Project = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Take all data of an environment away. Its schema stays; prod needs --force."""
    here, slug = _environment(signed_in(), project, service, environment)
    what = f"Dropping takes away all data of {slug} in {here.name}"
    if here.name == "prod" and not force:
        raise Failure(f"{what}. This is prod: say --force.", code="FORCE_NEEDED")
    screen.confirmed(f"{what}. Drop it?", force=force, otherwise=f"{what}.")
    with here:
        removed = here.drop(force=force)
    said = f"{removed} nodes are gone from {slug} in {here.name}."
    value = {"environment": here.name, "removed": removed}
    screen.answer(value, lambda: screen.out.print(said, markup=False), as_json=as_json)


def _begun(here: Environment, type_: str | None, *, append: bool, force: bool) -> Work:
    told = here.begin(type_=type_, append=append)
    if not append and told["present"]:
        what = f"{type_ or 'The environment'} has {told['present']} nodes, which are replaced"
        lost = ", ".join(f"{edges} edges of {field}" for field, edges in told["cut"].items())
        what += f"; so {lost} are lost" if lost else ""
        screen.confirmed(f"{what}. Go on?", force=force, otherwise=f"{what}.")
    return Work(here.endpoint, told["transfer"], told["stage"], type_, append, line=told["line"])


def _imported(sent: Sent) -> None:
    screen.out.print(f"{sent.nodes} nodes and {sent.edges} edges are new.")
    for each in sent.lonely:
        screen.err.print(f"{each['type']} {each['id']}: {each['field']} {each['message']}", markup=False)


def _source(table: str, path: Path) -> tuple[Path, str | None]:
    """The file, and the type of its rows; None for NDJSON. Raises Failure."""
    named = Path(table)
    file = path / (named if named.suffix in {".csv", ".ndjson"} else f"{table}.csv")
    if not file.is_file():
        raise usage(f"{file} is no file.", "Name a type whose CSV is there, or a file that ends in .csv or .ndjson.")
    if not file.stat().st_size:
        raise usage(f"{file} is empty.", "To take all data away, use `mortise db drop`.")
    if file.suffix == ".ndjson":
        pieces.complete(file)
        return file, None
    return file, file.stem


def _environment(client: Client, project: str | None, service: str | None, name: str | None) -> tuple[Environment, str]:
    """The environment that is meant, and the slug of its service. Raises Failure (C 1.6)."""
    legal = OF_PROJECT if project else OF_SERVICE
    found = instances.project_of(client, project) if project else None
    wanted = instances.environment(name, found["environmentNames"] if found else None) if name else legal[0]
    if wanted not in legal:
        hint = "Name its project with -p." if wanted in OF_PROJECT else "Leave -p away."
        raise usage(f"{wanted} is not one of {', '.join(legal)}.", hint)
    owner: dict[str, str]
    if found:
        instance = instances.instance_of(found, of_folder(service))
        owner, slug = {"instance": instance["id"]}, str(instance["service"]["slug"])
    else:
        own: dict[str, Any] = client.ask(documents.SERVICE, service=of_folder(service))["service"]
        owner, slug = {"service": own["id"]}, str(own["slug"])
    running = waiting.environments(client, **owner).get(wanted)
    if running is None or not running["version"]:
        raise Failure(f"Nothing is deployed to {wanted} of {slug}.", code="NOT_DEPLOYED")
    return Environment(running["endpoint"], wanted), slug


@contextmanager
def _progress(what: str, *, quiet: bool) -> Iterator[Progress]:
    """Tell how far it is, on stderr: always on a terminal, now and then elsewhere, never to programs."""
    if quiet:
        yield lambda *_: None
        return
    if sys.stderr.isatty():
        with screen.err.status(escape(what)) as status:
            yield lambda stage, done, whole: status.update(escape(_far(what, stage, done, whole)))
        return
    last = time.monotonic()

    def tell(stage: str, done: int, whole: int) -> None:
        nonlocal last
        if done == whole or time.monotonic() - last >= STEP_SECONDS:
            last = time.monotonic()
            screen.say(_far(what, stage, done, whole))

    yield tell


def _far(what: str, stage: str, done: int, whole: int) -> str:
    share = f"{100 * done // whole} %" if whole else f"{done / 1e6:.1f} MB"
    return f"{what}: {share} {STAGES[stage]}"
