"""One value of a scalar or enum: coerced as GraphQL says, and refused when PostgreSQL could not hold it."""

from __future__ import annotations

import math
from typing import Any

from graphql import (
    FloatValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    ValueNode,
)
from graphql.utilities import coerce_input_literal

from gateway.engine.source import Const

Leaf = GraphQLScalarType | GraphQLEnumType


def from_json(value: Any, leaf: Leaf) -> Any:
    """The value a client gave in the variables. Raises GraphQLError."""
    try:
        coerced = leaf.coerce_input_value(value)
    except (OverflowError, IndexError) as error:
        # IndexError: graphql-core looks for words alike, and stumbles over letters whose small form is two (İ).
        message = f"{leaf.name} cannot represent {str(value)[:40]}"
        raise GraphQLError(message) from error
    return storable(coerced)


def from_literal(node: ValueNode, leaf: Leaf) -> Const:
    """The value that stands in the document; it has been validated against its type."""
    coerced = storable(coerce_input_literal(node, leaf))
    length = len(node.value) if isinstance(node, FloatValueNode | IntValueNode) else 0
    return Const(coerced, length)


def storable(value: Any) -> Any:
    """The value itself, or a GraphQLError for a text or number that PostgreSQL has no place for."""
    if type(value) is str:
        if "\0" in value:
            message = "Text cannot hold the character NUL (U+0000)."
            raise GraphQLError(message)
        if not value.isascii():
            _check_unicode(value)
    elif type(value) is float and not math.isfinite(value):
        message = "Float cannot be NaN or Infinity."
        raise GraphQLError(message)
    return value


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"Text holds half of a surrogate pair (U+{ord(text[error.start]):04X}) at character {error.start}."
        raise GraphQLError(message) from None
