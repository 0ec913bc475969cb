"""A control operation cut into parts: what each owner is asked, word for word, is kept in `split/`."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from common.errors import Refused
from gateway.domain.merge import Graph, merge
from gateway.domain.split import Problems, Split, chosen, coerced, split
from tests.support import golden

CASES = Path(__file__).parent / "split"
OWNERS = ("audit", "billing", "provisioner", "registry")
GRAPH = merge(
    resources.files("contracts").joinpath("common.graphql").read_text(),
    {owner: resources.files(owner).joinpath("api.graphql").read_text() for owner in OWNERS},
)


def cut(text: str, variables: dict[str, Any] | None = None, name: str | None = None, graph: Graph = GRAPH) -> Split:
    document = parse(text)
    assert validate(graph.schema, document) == []
    operation = chosen(document, name)
    return split(graph, document, operation, coerced(graph.schema, operation, variables or {}))


def shown(parts: Split) -> str:
    """The parts as text: what is asked, of whom, in which order."""
    lines = [f"{parts.kind} {parts.name or ''}".rstrip(), ""]
    for field in parts.fields:
        owner = field.owner or "gateway"
        lines.append(f"{field.key}: {field.name} of {owner}{'' if field.nullable else ', never null'}")
    for part in parts.parts:
        lines += ["", f"# {part.owner or 'gateway'} {list(part.variables)}", part.query]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.graphql")), ids=lambda case: case.stem)
def test_what_each_owner_is_asked(case: Path) -> None:
    text = case.read_text()
    first = text.splitlines()[0]
    variables = json.loads(first.removeprefix("#")) if first.startswith("# {") else {}

    golden.check(case.with_suffix(".parts"), shown(cut(text, variables)))


@pytest.mark.parametrize("case", sorted(CASES.glob("*.graphql")), ids=lambda case: case.stem)
def test_every_part_is_a_valid_operation_of_its_own(case: Path) -> None:
    text = case.read_text()
    first = text.splitlines()[0]
    variables = json.loads(first.removeprefix("#")) if first.startswith("# {") else {}

    for part in cut(text, variables).parts:
        assert validate(GRAPH.schema, parse(part.query)) == []
        assert set(part.variables) <= set(variables)


def test_the_text_of_a_part_does_not_depend_on_values() -> None:
    text = "query ($slug: String!) { project(slug: $slug) { id } }"

    assert cut(text, {"slug": "one"}).parts == cut(text, {"slug": "two"}).parts


def test_all_problems_with_variables_are_told_at_once() -> None:
    text = "query ($slug: String!, $id: ID!) { project(slug: $slug) { id } service(id: $id) { id } }"

    with pytest.raises(Problems) as problems:
        cut(text, {"slug": 7})

    assert len(problems.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("query A { me { id } } query B { me { id } }", None, "several operations"),
        ("query A { me { id } }", "B", "Unknown operation named 'B'"),
        ("fragment F on User { id }", None, "no operation"),
        ("subscription { me }", None, "no subscriptions"),
    ],
)
def test_a_document_without_one_operation_to_run_is_refused(text: str, name: str | None, message: str) -> None:
    with pytest.raises(Refused, match=message):
        chosen(parse(text), name)
