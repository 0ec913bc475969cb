"""Text -> a parsed and validated document, with what every request needs of it worked out once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

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
from graphql.validation import (
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    recommended_rules,
    specified_rules,
)

from gateway.domain.bounds import Limits
from gateway.engine.failure import Failure, Refusal, Rejected, invalid, limit
from gateway.engine.operation.skim import skim
from gateway.engine.operation.variables import ERRORS_MAX, Variable, declared

COMPARISONS_MAX: Final = 50_000
"""What validation may spend on comparing fields with the same response key: some 0.1 s."""


class _OverlappingFieldsCanBeMergedRule(OverlappingFieldsCanBeMergedRule):
    """The rule of the language with a smaller budget than its author gave it."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = COMPARISONS_MAX


_RULES = tuple(
    dict.fromkeys(
        _OverlappingFieldsCanBeMergedRule if rule is OverlappingFieldsCanBeMergedRule else rule
        for rule in (*specified_rules, *recommended_rules)
    )
)


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
    digest: str


def digest(text: str) -> str:
    """What a document is called in keys and records: its SHA-256 in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read(text: str, schema: GraphQLSchema, limits: Limits) -> Document:
    """Parse and validate. Raises Rejected with every problem found, or with the limit that is passed."""
    skim(text, limits)
    try:
        node = parse(text, max_tokens=limits.tokens, allow_empty_selection_sets=False)
    except GraphQLError as error:
        raise Rejected(_unparsable(error, limits)) from error
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
    check_size(node, limits)
    problems = validate(schema, node, _RULES, max_errors=ERRORS_MAX, allow_empty_selection_sets=False)
    if problems:
        raise Rejected(_invalid(problems))
    if not operations:
        raise Rejected(invalid("The document holds no operation."))
    return Document(node, fragments, tuple([_declared(schema, one, fragments) for one in operations]), digest(text))


def check_size(node: DocumentNode, limits: Limits) -> None:
    """Refuse by size what validation would take long to refuse by meaning. Raises Rejected."""
    fields = 0
    if len(node.definitions) > limits.definitions:
        raise Rejected(limit(f"The document holds more than {limits.definitions} operations and fragments."))
    for definition in node.definitions:
        selections = getattr(definition, "selection_set", None)
        if isinstance(definition, OperationDefinitionNode) and len(definition.selection_set.selections) > limits.roots:
            raise Rejected(limit(f"The operation has more than {limits.roots} root fields."))
        stack: list[tuple[SelectionSetNode, int]] = [(selections, 1)] if selections else []
        while stack:
            current, depth = stack.pop()
            if depth > limits.depth:
                raise Rejected(limit(f"The operation is nested deeper than {limits.depth} levels."))
            fields += len(current.selections)
            if fields > limits.fields:
                raise Rejected(limit(f"The document selects more than {limits.fields} fields."))
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


def _unparsable(error: GraphQLError, limits: Limits) -> Refusal:
    if "tokens. Parsing aborted" in error.message:
        return limit(f"The document has more than {limits.tokens} tokens.")
    if "nested too deeply" in error.message:
        return limit(f"The operation is nested deeper than {limits.depth} levels.")
    locations = tuple((at.line, at.column) for at in error.locations or ())
    return Refusal("syntax", (Failure("GRAPHQL_PARSE_FAILED", error.message, locations=locations),))


def _invalid(problems: list[GraphQLError]) -> Refusal:
    # It stands last, behind what was found before the budget was spent or the fragments nested too deeply.
    if problems[-1].message == "Validation aborted.":
        return limit("The document is too entangled: its fragments and repeated fields take too long to compare.")
    return Refusal("invalid", tuple([_problem(one) for one in problems]))


def _problem(error: GraphQLError) -> Failure:
    locations = tuple((at.line, at.column) for at in error.locations or ())
    message = error.message
    if "integer string conversion" in message:
        # Python's own words for a literal of thousands of digits help nobody.
        message = "Int cannot represent a number of so many digits; it has 32 bits."
    return Failure("GRAPHQL_VALIDATION_FAILED", message, locations=locations)
