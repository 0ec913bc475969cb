"""What the data API says when it refuses: one entry of `errors`, and the whole refusal of an operation (G 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

NODE: Final = "{node}"
"""Stands in a message for the id that only the database or the variables know."""

MESSAGE_CHARACTERS_MAX: Final = 600
"""What a message quotes is cut: an answer is not larger than its question."""

Location = tuple[int, int]
"""Line and column, counted from 1."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of `errors`.

    `number` is the dialect's code (G 7.2) and None where the dialect has none (a document that does not validate);
    `name` is the code's constant name. Neither ever changes.
    """

    name: str
    message: str
    number: int | None = None
    path: tuple[str | int, ...] = ()
    locations: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing of the operation runs.

    `stage` is `syntax` (the text does not parse), `invalid` (document or variables do not fit the schema) or `limit`
    (too large, too deep, too costly).
    """

    stage: Literal["syntax", "invalid", "limit"]
    failures: tuple[Failure, ...]


def shortened(message: str) -> str:
    """The message, cut."""
    return message if len(message) <= MESSAGE_CHARACTERS_MAX else message[:MESSAGE_CHARACTERS_MAX] + "…"


class Failed(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Carries the failure of one root field out of planning."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Rejected(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Carries the refusal of a whole operation out of the first stages."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.failures[0].message)
        self.refusal = refusal


def invalid(message: str, *locations: Location) -> Refusal:
    """A document or variables that do not fit the schema: no code in the dialect, nothing is executed."""
    return Refusal("invalid", (Failure("GRAPHQL_VALIDATION_FAILED", message, locations=locations),))


def limit(message: str) -> Refusal:
    """An operation beyond what one call may ask for."""
    return Refusal("limit", (Failure("OperationTooLarge", message, 1004),))


def too_large() -> Failure:
    """PostgreSQL could not hold the answer."""
    return Failure("OperationTooLarge", "The answer is too large. Ask for less with 'first'.", 1004)


def no_argument(names: tuple[str, ...]) -> Failure:
    """A single-node query without any selector (G 5.1)."""
    return Failure(
        "GraphQLArgumentsException", f"None of the following arguments provided: List({', '.join(names)})", 3000
    )


def id_invalid(node: str) -> Failure:
    """An id that no node can have."""
    return Failure("IdIsInvalid", f"The given id '{node}' is invalid.", 3001)


def no_item(entity: str, node: str) -> Failure:
    """Update or delete of a node that is not there."""
    return Failure("DataItemDoesNotExist", f"'{entity}' has no item with id '{node}'", 3002)


def too_long(field: str) -> Failure:
    """A value beyond the size limits of G 3."""
    return Failure("ValueTooLong", f"Value for field {field} is too long.", 3007)


def not_unique(entity: str, field: str) -> Failure:
    """Two nodes would share the value of a unique field."""
    message = f"A unique constraint would be violated on {entity}. Details: Field name = {field}"
    return Failure("UniqueConstraintViolation", message, 3010)


def no_node(entity: str, node: str) -> Failure:
    """Connecting a node that does not exist or is of another type."""
    return Failure("NodeDoesNotExist", f"The node of type '{entity}' to connect does not exist: {node}", 3011)


def node_not_found(_entity: str, node: str) -> Failure:
    """Taking an edge from a node that does not exist."""
    return Failure("NodeNotFoundError", f"Node with id {node} not found", 3013)


def cannot_be_null(entity: str, field: str) -> Failure:
    """Update sets a required scalar to null."""
    return Failure("FieldCannotBeNull", f"The field '{field}' on type '{entity}' cannot be null.", 3020)


def relation_required(entity: str, field: str) -> Failure:
    """A node would be left without a required partner."""
    message = (
        f"The field '{field}' on type '{entity}' is required. Performing this mutation would violate the constraint"
    )
    return Failure("RelationIsRequired", message, 3032)


def filter_null(field: str) -> Failure:
    """Null for `_some`, `_every` or `_none`."""
    return Failure("FilterCannotBeNullOnToManyField", f"The filter '{field}' cannot be null.", 3033)


def null_input(entity: str, field: str) -> Failure:
    """An explicit null for a required field with a default."""
    return Failure("InputInvalid", f"The input value null was not valid for field {field} of type {entity}.", 3036)


def too_many_nodes(count: int) -> Failure:
    """`first` or `last` beyond the page limit."""
    message = f"You requested {count} nodes. We will only return up to 1000 nodes per query."
    return Failure("TooManyNodesRequested", message, 2041)


def first_and_last() -> Failure:
    """Both ends of a list at once."""
    return Failure("InvalidConnectionArguments", "Cannot supply both 'first' and 'last': choose one end.", 3014)


def negative(argument: Literal["first", "last", "skip"], count: int) -> Failure:
    """A negative page argument."""
    number = {"first": 3026, "last": 3027, "skip": 3028}[argument]
    return Failure(f"Invalid{argument.title()}Argument", f"'{argument}' must not be negative: {count}", number)
