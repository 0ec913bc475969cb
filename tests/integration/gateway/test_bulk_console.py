"""The command line's side of data in and out, at the real door: interrupted and gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import transfers
from console.failures import Failure
from console.transfers import Environment, Progress, Work
from tests.support.bulk import Bulk, exported
from tests.support.door import Door

SDL = """
type Note @model { id: ID! @isUnique  text: String!
  next: Note @relation(name: "N")  last: Note @relation(name: "N") }
"""
SHEET = "id,text,nextId\n" + "".join(
    f'n{n:04},"line\n{n}",{f"n{n + 1:04}" if n < 2499 else ""}\n' for n in range(2_500)
)


@pytest.fixture
def here(bulk: Bulk) -> Iterator[Environment]:
    with Environment(bulk.live.endpoint, "dev") as found:
        yield found


@pytest.fixture
async def bulk(door: Door, monkeypatch: pytest.MonkeyPatch) -> Bulk:
    live = await door.environment(SDL, "dev")
    key, _ = await door.key("project", str(live.project), organisation=live.organisation)
    monkeypatch.setenv("MORTISE_URL", str(door.http.base_url))
    monkeypatch.setenv("MORTISE_TOKEN", key)
    return Bulk(door, live, key)


def begin(here: Environment) -> Work:
    told = here.begin(type_="Note", append=False)
    return Work(here.endpoint, told["transfer"], told["stage"], "Note", append=False)


def interrupted(after: int) -> Progress:
    """Somebody presses Ctrl-C when so many pieces were answered."""
    seen: list[int] = []

    def progress(_stage: str, done: int, _whole: int) -> None:
        seen.append(done)
        if len(seen) == after:
            raise KeyboardInterrupt

    return progress


async def test_an_import_that_is_interrupted_goes_on_where_it_was(
    bulk: Bulk, here: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "Note.csv"
    file.write_text(SHEET)

    # In the check it begins again, in the other stages it goes on.
    for pieces, goes_on in ((2, False), (7, True), (5, True)):
        work = transfers.begun(file, here.endpoint, type_="Note", append=False) or begin(here)
        with pytest.raises(KeyboardInterrupt):
            here.send(file, work, interrupted(pieces), force=False)
        left = transfers.begun(file, here.endpoint, type_="Note", append=False)
        assert (left is not None) == goes_on
    assert left is not None
    sent = here.send(file, left, lambda *_: None, force=False)

    assert (sent.nodes, sent.edges, sent.lonely) == (2_500, 2_499, [])
    assert os.listdir(tmp_path) == ["Note.csv"]  # noqa: PTH208 - a look, no work for an event loop
    assert (await exported(bulk, form="csv", type="Note")).count(b'"line\n') == 2_500
    target = tmp_path / "out" / "Note.csv"
    size = here.export(target, "Note", lambda *_: None)
    assert target.read_bytes() == await exported(bulk, form="csv", type="Note")
    assert target.stat().st_size == size


async def test_a_file_with_problems_changes_nothing_and_all_its_problems_are_told(
    bulk: Bulk, here: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "Note.csv"
    file.write_text(SHEET.replace("n0007", "n 7").replace("n2000,", "n 2000,"))

    with pytest.raises(Failure) as found:
        here.send(file, begin(here), lambda *_: None, force=False)

    problems = found.value.details["problems"]
    assert [(one["line"], one["field"], one["value"]) for one in problems] == [
        (14, "nextId", "n 7"),
        (16, "id", "n 7"),
        (4002, "id", "n 2000"),
    ]
    assert transfers.told(problems[0]) == 'nextId: an id has 1 to 25 letters, digits, `-` and `_` ("n 7")'
    assert await exported(bulk, form="csv", type="Note") == b"id,createdAt,updatedAt,text,nextId\n"
    assert not transfers.begun(file, here.endpoint, type_="Note", append=False)
