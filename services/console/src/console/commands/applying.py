"""The declaration of a project as one file: written out, or made so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from console import documents, screen
from console.client import Client, signed_in
from console.failures import Failure, usage
from console.screen import Json

if TYPE_CHECKING:
    from console.declaration.checking import Checked, Problem
    from console.declaration.present import Present
    from console.declaration.steps import Difference, Step

Text = str | None
Organisation = Annotated[Text, typer.Option("--organisation", "-o", help="Id or slug; default: where the project is.")]
STYLES: Final = {"safe": "green", "hazardous": "yellow", "destructive": "red"}
SIGNS: Final = {"safe": "+", "hazardous": "!", "destructive": "-"}


def export(
    *,
    project: Annotated[Text, typer.Argument(help="Slug of the project.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    organisation: Annotated[Text, typer.Option("--organisation", help="Id or slug; when several have it.")] = None,
    as_json: Json = False,
) -> None:
    """Write all that is declared about a project as one file for `mortise apply`. It holds no secrets."""
    # The model of a file takes a while to load, and no other command needs it.
    from console.declaration import looking, present, writing  # noqa: PLC0415 - see above

    slug = screen.given(project, "PROJECT", "Project")
    declared = present.declaration(looking.look(signed_in(), slug, organisation, now=_now()))
    text = writing.text(declared)
    if output is None:
        screen.answer(writing.value(declared), lambda: print(text, end=""), as_json=as_json)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise usage(f"{output} cannot be written: {error.strerror}.") from None
    said = f"{output}: all that is declared about {slug}."
    value = {"file": str(output), "project": slug, "bytes": len(text.encode())}
    screen.answer(value, lambda: screen.out.print(said, markup=False), as_json=as_json)


def apply(
    *,
    file: Annotated[Path, typer.Option("--file", "-f", help="The declaration; - reads it from standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the steps, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take away what is not in the file, and accept losing data.")
    ] = False,
    organisation: Organisation = None,
    as_json: Json = False,
) -> None:
    """Make a project what a file declares. Every step is shown first; doing it again does nothing."""
    checked = _checked(file, as_json=as_json)
    client = signed_in()
    found, declared = _compared(client, file, checked, organisation, prune=prune, as_json=as_json)
    slug = checked.slug
    if not as_json:
        _show(slug, declared)
    value: dict[str, Any] = {
        "project": slug,
        "dryRun": dry_run,
        "changed": False,
        "steps": [step.told(number) for number, step in enumerate(declared.steps, 1)],
        "held": [step.told(number) for number, step in enumerate(declared.held, 1)],
        "waits": list(declared.waits),
    }
    if not dry_run and declared.steps:
        _agreed(len(declared.steps), yes=yes)
        done = _done(client, organisation, found, declared.steps, as_json=as_json)
        value |= {"changed": True, "steps": done}
    count = len(declared.steps)
    said = f"{count} of {count} steps done." if value["changed"] else "Nothing was done."
    screen.answer(value, lambda: screen.out.print(said, markup=False), as_json=as_json)


def _checked(file: Path, *, as_json: bool) -> Checked:
    """The file, which has no problems. Raises Failure with all of them."""
    from console.declaration import checking  # noqa: PLC0415 - see `export`

    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read: {error}") from None
    checked = checking.check(text)
    _unless(checked.problems, file, as_json=as_json)
    return checked


def _compared(
    client: Client, file: Path, checked: Checked, organisation: str | None, *, prune: bool, as_json: bool
) -> tuple[Present | None, Difference]:
    """What is there, and what has to be done. Raises Failure with all that cannot be made so."""
    from console.declaration import difference, looking  # noqa: PLC0415 - see `export`

    declared, now = checked.declared, _now()
    if organisation is not None:
        client.ask(documents.ORGANISATION, organisation=organisation)
    found: Present | None
    try:
        found = looking.look(client, declared.project, organisation, now=now)
    except Failure as failure:
        if failure.code != "NOT_FOUND":
            raise
        found = None
        if organisation is None:
            _place(client, declared.project)
    around = looking.around(client, declared)
    foreseen = looking.foresee(client, difference.deployments(declared, found))
    steps = difference.difference(declared, found, around, foreseen=foreseen, prune=prune, now=now)
    problems = sorted(checked.problem(each.path, each.message) for each in steps.troubles)
    _unless(problems, file, as_json=as_json)
    return found, steps


def _place(client: Client, slug: str) -> None:
    """Refuse a new project as long as it is open in which organisation it would be. Raises Failure."""
    known = client.ask(documents.ME)["organisations"]
    mine = [each["slug"] for each in known if each["myRole"] in ("owner", "member")]
    if len(mine) != 1:
        message = f"{slug} is a new project, and you develop in {len(mine)} organisations: {', '.join(mine)}."
        raise Failure(message, "Say in which: --organisation SLUG.", code="AMBIGUOUS")


def _unless(problems: Sequence[Problem], file: Path, *, as_json: bool) -> None:
    """Refuse a file with problems, all of them. Raises Failure."""
    if not problems:
        return
    told = [{"file": str(file), **each.told()} for each in problems]
    if not as_json:
        screen.problems(told)
    count = "1 problem" if len(told) == 1 else f"{len(told)} problems"
    message, hint = f"{file} has {count}. Nothing was done.", "Correct all of them and apply it again."
    raise Failure(message, hint, code="BAD_USER_INPUT", reason="DECLARATION_INVALID", details={"problems": told})


def _show(project: str, found: Difference) -> None:
    """What would be done, what only with --prune, and what somebody else has to do."""
    if found.steps:
        screen.out.print(f"[bold]{escape(project)}:[/] {len(found.steps)} step(s)")
    else:
        so = "nothing to do" if found.held or found.waits else "is what the file declares"
        screen.out.print(f"[bold]{escape(project)}[/] {so}.")
    for number, step in enumerate(found.steps, 1):
        _line(f"{number:>3}", step)
    if found.held:
        screen.out.print("Only with --prune:")
    for step in found.held:
        _line("   ", step)
    for wait in found.waits:
        screen.out.print(f"    [yellow]…[/] {escape(wait)}")


def _line(number: str, step: Step) -> None:
    style = STYLES[step.risk]
    screen.out.print(f"{number} [{style}]{SIGNS[step.risk]}[/] {escape(step.what)}")
    for each in step.loses:
        screen.out.print(f"      [red]lost:[/] {escape(each)}")


def _agreed(count: int, *, yes: bool) -> None:
    """Go on only when somebody says yes. Raises Failure otherwise."""
    if yes:
        return
    what = "1 step" if count == 1 else f"{count} steps"
    if not screen.interactive():
        message = f"{what} would be done, and nobody is there to agree."
        raise Failure(message, "Say --yes if that is what you want.", code="CONFIRMATION_NEEDED")
    if not typer.confirm(f"Do {what}?", default=False, err=True):
        raise Failure("Nothing was done.", code="CANCELLED")


def _done(
    client: Client, organisation: str | None, found: Present | None, steps: Sequence[Step], *, as_json: bool
) -> list[dict[str, Any]]:
    """Do the steps, in order. Raises the Failure of the first that fails, with what was done and what was not."""
    from console.declaration import doing  # noqa: PLC0415 - see `export`

    work = doing.work(client, organisation, found)
    done: list[dict[str, Any]] = []
    for number, step in enumerate(steps, 1):
        try:
            with screen.err.status(escape(step.what)):
                told = work.do(step)
        except Failure as failure:
            left = [each.told(at) for at, each in enumerate(steps, 1) if at >= number]
            failure.details |= {"done": done, "left": left}
            failure.hint = " ".join(
                part
                for part in (
                    failure.hint,
                    f"{number - 1} of {len(steps)} steps were done; step {number} was not: {step.what}",
                    "Apply the file again to go on.",
                )
                if part
            )
            raise
        done.append({**step.told(number), "result": told})
        if not as_json:
            _told(number, step, told)
    return done


def _told(number: int, step: Step, told: dict[str, Any]) -> None:
    """What has been done; secrets are shown now and never again."""
    screen.out.print(f"{number:>3} [green]done[/] {escape(step.what)}")
    if told.get("secret"):
        screen.out.print(f"      secret  {told['secret']}", markup=False)
    if told.get("request"):
        text = f"another admin says `mortise project approve {told['request']}` until {told['until']}"
        screen.out.print(f"      {text}", markup=False)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - keys that are over are left out, and the command line has no other clock
