"""The limit runs what the gateway runs: every operation of the bench as a script for pgbench."""

from __future__ import annotations

import re
from typing import Final

import pytest

from gateway.engine import Engine, prepare
from tests.bench import blog
from tests.bench.data_api import limit
from tests.bench.data_api.operations import LIST, READS, Operation
from tests.bench.data_api.writes import NESTED, WRITES
from tests.support.schemas import model

ENGINE: Final = Engine(prepare(model(blog.SCHEMA), "0" * 64))
VARIABLE: Final = re.compile(r"(?<!:):(\w+)")


@pytest.mark.parametrize("operation", [*READS, *WRITES], ids=lambda operation: operation.name)
def test_every_variable_of_a_script_is_drawn_or_given(operation: Operation) -> None:
    script = limit.script(ENGINE, operation)
    drawn = re.findall(r"^\\set (\w+) random", script.text, re.MULTILINE)

    assert set(VARIABLE.findall(script.text)) == {*drawn, *script.constants}
    assert len(drawn) >= len(operation.draws)


def test_statements_that_go_out_together_stand_in_one_pipeline() -> None:
    text = limit.script(ENGINE, NESTED).text

    assert text.count(";\n") > 1
    assert text.index("\\startpipeline") < text.index(";\n")
    assert text.rindex(";\n") < text.index("\\endpipeline")


def test_nodes_that_a_script_creates_have_new_ids_every_time() -> None:
    drawn = re.findall(r"^\\set nested_fresh\w* random", limit.script(ENGINE, NESTED).text, re.MULTILINE)

    assert len(drawn) == 1 + 1 + 3  # the slug, the post, its comments


def test_a_literal_with_colons_is_no_variable() -> None:
    text = limit.script(ENGINE, LIST).text

    assert "HH24" not in text or r"HH24\003AMI\003ASS" in text
