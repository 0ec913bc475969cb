"""The history of everything, and proofs that it is the history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from console import documents, screen
from console.client import signed_in
from console.failures import Failure, usage
from console.screen import Json
from proof.verify import Verdict, verify

app = typer.Typer(help="The history, and its proofs.", no_args_is_help=True)

Text = str | None


@app.command("list")
def list_(  # noqa: PLR0913 - the options of one command
    *,
    actor: Annotated[Text, typer.Option("--actor", help="Id of a user, key or service.")] = None,
    kind: Annotated[Text, typer.Option("--type", help="Exact, or a beginning that ends with a dot.")] = None,
    subject: Annotated[Text, typer.Option("--subject", help="Exact, or a beginning that ends with a dot.")] = None,
    since: Annotated[Text, typer.Option("--from", help="RFC 3339.")] = None,
    until: Annotated[Text, typer.Option("--to", help="RFC 3339.")] = None,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, max=500, help="How many.")] = 20,
    after: Annotated[Text, typer.Option("--after", help="Go on after this cursor.")] = None,
    as_json: Json = False,
) -> None:
    """List what happened, newest first."""
    wanted = {"actor": actor, "type": kind, "subject": subject, "from": since, "to": until}
    asked = {name: value for name, value in wanted.items() if value is not None}
    found = signed_in().ask(documents.AUDIT_ENTRIES, filter=asked, first=count, after=after)["auditEntries"]
    rows = [_row(each["node"]) for each in found["edges"]]

    def render() -> None:
        screen.table(None, ("Time", "What", "About", "Who", "Outcome", "ID"), rows)
        if found["pageInfo"]["hasNextPage"]:
            screen.say(f"{found['totalCount']} in all; go on with --after {found['pageInfo']['endCursor']}")

    screen.answer(found, render, as_json=as_json)


@app.command()
def proof(
    *,
    entry: Annotated[str, typer.Argument(help="Id of an entry.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Get the proof that an entry is in the history: one document that can be checked anywhere."""
    found = signed_in().ask(documents.AUDIT_PROOF, entry=entry)["auditProof"]
    text = json.dumps(found["bundle"], indent=1, ensure_ascii=False) + "\n"
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise usage(f"{output} cannot be written: {error.strerror}") from None
    said = f"Entry {found['index']} of {found['size']}: {output}. Check it with `mortise audit verify {output}`."
    value = {"file": str(output), "index": found["index"], "size": found["size"]}
    screen.answer(value, lambda: screen.out.print(said, markup=False), as_json=as_json)


@app.command("verify")
def verify_file(
    *,
    file: Annotated[Path, typer.Argument(help="A proof or an export.")],
    key: Annotated[
        Text, typer.Option("--key", help="The verifier key to trust; without it, the one in the file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a proof or an export, from the file alone. Exit code 1: it is not what was recorded; 2: cannot say."""
    try:
        document = file.read_bytes()
    except OSError as error:
        raise usage(f"{file} cannot be read: {error.strerror}") from None
    verdict = verify(document, key=key)
    if verdict.code != 0:
        raise Failure(
            f"{file}: {verdict.message}",
            None if verdict.code == 1 else "Nothing is said about whether it is genuine.",
            code="TAMPERED" if verdict.code == 1 else "CANNOT_DECIDE",
            exit_code=verdict.code,
            details={key: value for key, value in _told(verdict).items() if key != "message"},
        )

    def render() -> None:
        screen.out.print(f"[green]genuine:[/] {verdict.message}")
        screen.facts([("signed with", verdict.key)])
        if not verdict.pinned:
            screen.say("The key stands in the file itself; say --key KEY to trust only the one you know.")

    screen.answer(_told(verdict), render, as_json=as_json)


def _told(verdict: Verdict) -> dict[str, Any]:
    every = {
        "message": verdict.message,
        "index": verdict.index,
        "field": verdict.field,
        "expected": verdict.expected,
        "found": verdict.found,
        "records": verdict.records,
        "key": verdict.key,
        "pinned": verdict.pinned,
    }
    return {name: value for name, value in every.items() if value is not None}


def _row(node: dict[str, Any]) -> tuple[object, ...]:
    actor = node["actor"]
    return node["time"], node["type"], node["subject"], actor["username"] or actor["id"], node["outcome"], node["id"]
