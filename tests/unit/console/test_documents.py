"""Whatever the command line asks, the control API has."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from console import documents, preview_documents
from console.declaration import documents as of_declarations

OWNERS = ("registry", "provisioner", "billing", "audit", "gateway")
DOCUMENTS = {
    f"{module.__name__} {name}": text
    for module in (documents, preview_documents, of_declarations)
    for name, text in vars(module).items()
    if name.isupper() and not name.startswith("_")
}


@pytest.fixture(scope="module")
def control_api() -> GraphQLSchema:
    """The five parts as one schema."""
    common = (resources.files("contracts") / "common.graphql").read_text("utf-8")
    parts = [resources.files(owner) / "api.graphql" for owner in OWNERS]
    text = "\n".join(part.read_text("utf-8") for part in parts if part.is_file())
    roots = re.compile(r"^type (Query|Mutation|Subscription) ", re.MULTILINE)
    known = sorted(set(roots.findall(text)))
    return build_schema("\n".join((common, *(f"type {root}" for root in known), roots.sub(r"extend type \1 ", text))))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_against_the_control_api(name: str, control_api: GraphQLSchema) -> None:
    assert validate(control_api, parse(DOCUMENTS[name])) == []


def test_there_is_a_document_to_check_for_every_command_group() -> None:
    assert len(DOCUMENTS) > 25
