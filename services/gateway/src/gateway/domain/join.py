"""The owners' answers put together again: order, nulls and errors as one executor would have given them (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from common.errors import SERVICE_UNAVAILABLE, Refused
from gateway.domain.split import TYPENAME, Part, Split


@dataclass(frozen=True)
class Said:
    """What came back for one part: GraphQL `data` and `errors`."""

    part: Part
    data: dict[str, Any] | None
    errors: tuple[dict[str, Any], ...] = ()

    @property
    def stops(self) -> bool:
        """Whether a non-null field failed: then the whole answer is null and no later mutation may run."""
        return self.data is None or any(
            not field.nullable and self.data.get(field.key) is None for field in self.part.fields
        )


def said(part: Part, data: dict[str, Any] | None, errors: Iterable[dict[str, Any]] | None) -> Said:
    """An owner's answer. Positions in his own text would mislead and are left out (P 1.2)."""
    kept = tuple({name: value for name, value in error.items() if name != "locations"} for error in errors or ())
    return Said(part, data, kept)


def refused(part: Part, refusal: Refused) -> Said:
    """The same refusal for every field of a part that was not answered."""
    errors = tuple(error(refusal, [field.key]) for field in part.fields)
    nulls: dict[str, Any] = {field.key: None for field in part.fields}
    return Said(part, nulls if all(field.nullable for field in part.fields) else None, errors)


def error(refusal: Refused, path: list[str | int] | None = None) -> dict[str, Any]:
    """A refusal as a GraphQL error."""
    at = {"path": path} if path is not None else {}
    return {"message": refusal.message, **at, "extensions": refusal.extensions()}


def joined(split: Split, answers: Iterable[Said]) -> dict[str, Any]:
    """The response: `errors` first when there are any, then `data` in the order that was asked for."""
    found: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    whole = True
    for answer in answers:
        whole = whole and not answer.stops
        found.update(answer.data or {})
        errors += answer.errors
    data = {field.key: split.root if field.name == TYPENAME else found.get(field.key) for field in split.fields}
    body: dict[str, Any] = {"errors": errors} if errors else {}
    body["data"] = data if whole else None
    return body


def silent(part: Part, *, kind: str, idempotency_key: str) -> Refused:
    """Nobody answered in time. A mutation may have happened: the key makes asking again safe (DESIGN 3)."""
    if kind == "query":
        return Refused(SERVICE_UNAVAILABLE, f"{part.owner} did not answer in time.", "Try again in a moment.")
    return Refused(
        SERVICE_UNAVAILABLE,
        f"{part.owner} did not answer in time; the change may have happened.",
        f"Send the same request again with the header Idempotency-Key: {idempotency_key}; it will not happen twice.",
        reason="OUTCOME_UNKNOWN",
        details={"idempotencyKey": idempotency_key},
    )


def absent(part: Part) -> Refused:
    """Nobody listens: the part was certainly not carried out."""
    return Refused(SERVICE_UNAVAILABLE, f"{part.owner} is not available.", "Try again in a moment.")
