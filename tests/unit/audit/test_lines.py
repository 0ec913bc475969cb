"""Calls become lines of their environment, whatever stands in them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.domain import lines
from audit.domain.lines import Draft
from contracts import loglines, quotas
from contracts import provisioner as made
from contracts.calls import CALL
from contracts.loglines import DAY_SECONDS, Place, Sheet

ENVIRONMENTS = [f"0193a1b2-{n:04x}-7abc-8def-0123456789ab" for n in range(3)]
NASTY = st.text(alphabet='"\\[],-g1 é', max_size=8) | st.sampled_from(['],["g1-1-', "],[", '"],["', '","p1","o1",'])


def row(number: int, environment: str, operation: str | None, code: str | None, gateway: str = "g1") -> list[Any]:
    of = dict.fromkeys(CALL) | {"id": f"{gateway}-1-{number}", "environment": environment, "kind": "dev"}
    of |= {"instance": f"i-{environment}", "service": "s1", "project": "p1", "organisation": "o1", "class": "ok"}
    of |= {"at": number, "duration_us": 1, "bytes_in": 2, "bytes_out": 3, "operation": operation, "code": code}
    return [of[name] for name in CALL]


ROWS = st.lists(
    st.builds(row, st.integers(1, 99), st.sampled_from(ENVIRONMENTS), st.none() | NASTY, st.none() | NASTY), max_size=12
)


def batch(rows: list[list[Any]]) -> bytes:
    return orjson.dumps({"gateway": "g1", "epoch": 1, "number": 1, "calls": rows, "watermark_ms": 77, "final": False})


def told(rows: list[list[Any]]) -> dict[Place, list[list[Any]]]:
    found: dict[Place, list[list[Any]]] = defaultdict(list)
    for each in rows:
        found[Place(*each[1:7])].append([each[0], *each[7:]])
    return dict(found)


def read(body: bytes) -> dict[Place, list[list[Any]]]:
    return {one.place: orjson.loads(b"[%b]" % one.text) for one in lines.of_batch(body)}


@given(ROWS)
@example([row(1, ENVIRONMENTS[0], '],["g1-1-', None), row(2, ENVIRONMENTS[1], "],[", '"],["g1-1-')])
@example([row(1, ENVIRONMENTS[0], None, None), row(2, ENVIRONMENTS[1], None, None, gateway="another")])
@example([row(n, "e1", name, None) for n, name in enumerate(("a", "b", "a"))])
def test_every_call_of_a_batch_is_a_line_of_its_environment_and_of_no_other(rows: list[list[Any]]) -> None:
    assert read(batch(rows)) == told(rows)
    assert lines.watermark_ms(batch(rows)) == 77


@given(ROWS, st.data())
def test_rows_of_earlier_and_later_forms_are_lines_too(rows: list[list[Any]], data: st.DataObject) -> None:
    forms = [each[: data.draw(st.integers(17, 18))] for each in rows]
    forms = [[*each, 7] if len(each) == len(CALL) and data.draw(st.booleans()) else each for each in forms]
    assert read(batch(forms)) == told(forms)


def test_what_gateways_write_is_cut_and_not_read() -> None:
    rows = [row(n, ENVIRONMENTS[n % 3], "allGuests", None) for n in range(50)]
    assert lines._cut(batch(rows)) is not None  # noqa: SLF001 - the same comes out more slowly, which no test would see


@pytest.mark.parametrize("body", [b"", b"[]", b'{"calls":[]}', b'{"calls":7,"watermark_ms":1,"final":false}'])
def test_what_is_no_batch_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        [*lines.of_batch(body), lines.watermark_ms(body)]


@given(st.lists(st.tuples(st.integers(1, 9), st.binary(min_size=1, max_size=3)), min_size=1), st.integers(0, 10))
def test_what_is_stored_already_is_not_in_the_next_message(parts: list[tuple[int, bytes]], through: int) -> None:
    parts.sort(key=lambda part: part[0])
    draft = Draft(Place(*"abcdef"), "calls")
    for position, text in parts:
        draft.add(position, text, position)
    rest = [text for position, text in parts if position > through]
    assert draft.behind(through) == ((parts[-1][0], b"[%b]" % b",".join(rest)) if rest else None)


def test_a_sheet_is_read_as_it_was_written() -> None:
    place = Place("e", "dev", None, "s", None, "o")
    sheet = Sheet(3, 9, 1_000, place, [["g1-1-1", None]])
    assert loglines.read(loglines.written(sheet, b'[["g1-1-1",null]]')) == sheet
    assert place.subject("calls") == "logs.o.s.e.calls"
    with pytest.raises(ValueError, match="no sheet"):
        loglines.read(b'{"before":1}')


def test_facts_about_an_environment_are_lines_in_words() -> None:
    common = {"environment": "e", "kind": "prod", "service": "s", "instance": "i", "project": "p"}
    planned = made.MigrationPlanned(
        **common, deployment="d", from_version="0.0.1", version="0.0.2", model_sha="x", sdl_sha="x", plan_sha="x",
        steps=3, destructive=True,
    )  # fmt: skip
    failed = made.DeploymentFailed(**common, deployment="d", version="0.0.2", code="LOCKED", reason="No lock.")
    found = [lines.of_fact("id", 5, "o", event) for event in (planned, failed, made.EnvironmentRemoved(**common))]
    assert {one.place for one in found} == {Place("e", "prod", "i", "s", "p", "o")}
    assert [orjson.loads(one.text) for one in found] == [
        ["id", 5, "planned", "0.0.2", "d", None, "from 0.0.1 to 0.0.2: 3 steps, destructive"],
        ["id", 5, "failed", "0.0.2", "d", "LOCKED", "No lock."],
        ["id", 5, "removed", None, None, None, "the environment was taken down"],
    ]


def test_lines_are_kept_by_kind_of_environment_unless_the_operator_says_otherwise() -> None:
    told = quotas.configured({"MORTISE_QUOTA_PROD_LOG_DAYS": "90", "MORTISE_QUOTA_LOG_DAYS": "3"})
    longest = quotas.configured({"MORTISE_QUOTA_PROD_LOG_DAYS": "1000", "MORTISE_QUOTA_DEV_LOG_DAYS": "off"})
    kinds = ("private", "dev", "prod", "another")
    assert [loglines.retention(kind) // DAY_SECONDS for kind in kinds] == [7, 7, 30, 7]
    assert [loglines.retention(kind, told) // DAY_SECONDS for kind in kinds] == [3, 3, 90, 3]
    assert [loglines.retention(kind, longest) // DAY_SECONDS for kind in ("dev", "prod")] == [30, 400]
