"""Text -> a parsed and validated document, with what every request needs of it worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)
from graphql.validation import recommended_rules, specified_rules

from gateway.engine.failure import Failure, Refusal, Rejected, invalid, limit
from gateway.engine.operation.limits import (
    DEPTH_MAX,
    ERRORS_MAX,
    FIELDS_MAX,
    ROOTS_MAX,
    TEXT_CHARACTERS_MAX,
    TOKENS_MAX,
)
from gateway.engine.operation.variables import Variable, declared

_RULES = tuple(dict.fromkeys((*specified_rules, *recommended_rules)))


@dataclass(frozen=True, slots=True)
class Declared:
    """One operation of a document."""

    node: OperationDefinitionNode
    variables: tuple[Variable, ...]
    introspects: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document."""

    node: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    operations: tuple[Declared, ...]


def read(text: str, schema: GraphQLSchema) -> Document:
    """Parse and validate. Raises Rejected with every problem found, or with the limit that is passed."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Rejected(limit(f"The document has {len(text)} characters; {TEXT_CHARACTERS_MAX} are allowed."))
    try:
        node = parse(text, max_tokens=TOKENS_MAX, allow_empty_selection_sets=False)
    except GraphQLError as error:
        raise Rejected(_unparsable(error)) from error
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    check_size(node)
    problems = validate(schema, node, _RULES, max_errors=ERRORS_MAX, allow_empty_selection_sets=False)
    if problems:
        raise Rejected(Refusal("invalid", tuple([_problem(one) for one in problems])))
    if not operations:
        raise Rejected(invalid("The document holds no operation."))
    return Document(node, fragments, tuple([_declared(schema, one, fragments) for one in operations]))


def check_size(node: DocumentNode) -> None:
    """Refuse by size what validation would take long to refuse by meaning. Raises Rejected."""
    fields = 0
    for definition in node.definitions:
        selections = getattr(definition, "selection_set", None)
        if isinstance(definition, OperationDefinitionNode) and len(definition.selection_set.selections) > ROOTS_MAX:
            raise Rejected(limit(f"The operation has more than {ROOTS_MAX} root fields."))
        stack: list[tuple[SelectionSetNode, int]] = [(selections, 1)] if selections else []
        while stack:
            current, depth = stack.pop()
            if depth > DEPTH_MAX:
                raise Rejected(limit(f"The operation is nested deeper than {DEPTH_MAX} levels."))
            fields += len(current.selections)
            if fields > FIELDS_MAX:
                raise Rejected(limit(f"The document selects more than {FIELDS_MAX} fields."))
            for selection in current.selections:
                inner = getattr(selection, "selection_set", None)
                if inner:
                    stack.append((inner, depth + isinstance(selection, FieldNode)))


def _declared(
    schema: GraphQLSchema, node: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]
) -> Declared:
    steering: set[str] = set()
    introspects = False
    seen: set[str] = set()
    stack = [node.selection_set]
    while stack:
        for selection in stack.pop().selections:
            for directive in selection.directives or ():
                for argument in directive.arguments or ():
                    if isinstance(argument.value, VariableNode):
                        steering.add(argument.value.name.value)
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in seen:
                    seen.add(name)
                    stack.append(fragments[name].selection_set)
                continue
            if isinstance(selection, FieldNode) and selection.name.value in ("__schema", "__type"):
                introspects = True
            inner = getattr(selection, "selection_set", None)
            if inner:
                stack.append(inner)
    return Declared(node, declared(schema, node, frozenset(steering)), introspects)


def _unparsable(error: GraphQLError) -> Refusal:
    if "tokens. Parsing aborted" in error.message:
        return limit(f"The document has more than {TOKENS_MAX} tokens.")
    if "nested too deeply" in error.message:
        return limit(f"The operation is nested deeper than {DEPTH_MAX} levels.")
    locations = tuple((at.line, at.column) for at in error.locations or ())
    return Refusal("syntax", (Failure("GRAPHQL_PARSE_FAILED", error.message, locations=locations),))


def _problem(error: GraphQLError) -> Failure:
    locations = tuple((at.line, at.column) for at in error.locations or ())
    message = error.message
    if "integer string conversion" in message:
        # Python's own words for a literal of thousands of digits help nobody.
        message = "Int cannot represent a number of so many digits; it has 32 bits."
    return Failure("GRAPHQL_VALIDATION_FAILED", message, locations=locations)
