"""Masks: what stands in a preview in the place of a field's values, and which mask fits which field (pure).

The registry asks before a preview is declared, the provisioner again before it is made: the source may have got another
version between the two.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from common.errors import BAD_USER_INPUT, Refused
from contracts.model import Entity, Field, Model, Scalar
from contracts.moments import iso, moment

Rule = Literal["null", "constant", "hash", "email", "name"]
OF_TEXT: Final[tuple[Rule, ...]] = ("hash", "email", "name")
"""Rules that make another text of a text."""
LARGEST: Final = 2**31 - 1
SMALLEST: Final = -(2**31)
TEXT_MAX: Final = 1000
"""Characters of a constant."""
MASKS_MAX: Final = 200


class Mask(BaseModel):
    """One rule for one field.

    `null`: no value. `constant`: `value` in the place of every value. `hash`: 32 hex digits, the same for the same text
    within one preview. `email`: an address under masked.example that follows from the text. `name`: a made-up name that
    follows from the text; different texts may get the same. What is null stays null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    field: str
    rule: Rule
    value: str | None = None
    """Of `constant`: the text, number, true or false, moment or enum value; JSON for a list or a Json field."""

    @property
    def path(self) -> str:
        """`Type.field`."""
        return f"{self.type}.{self.field}"


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a mask cannot be applied."""

    mask: str
    """`Type.field`."""
    reason: str
    """UNKNOWN_FIELD, NOT_MASKABLE, MASKED_TWICE, REQUIRED, UNIQUE, WRONG_RULE, INVALID_VALUE or TOO_MANY."""
    message: str


def checked(model: Model, masks: Sequence[Mask]) -> None:
    """Raises Refused with every mask that does not fit: `reason` and `field` of the first, all in `details.masks`."""
    found = misfits(model, masks)
    if not found:
        return
    raise Refused(
        BAD_USER_INPUT,
        " ".join(each.message for each in found),
        "Masks are `Type.field` with null, constant, hash, email or name.",
        reason=found[0].reason,
        field="masks",
        details={"masks": [{"mask": e.mask, "reason": e.reason, "message": e.message} for e in found]},
    )


def misfits(model: Model, masks: Sequence[Mask]) -> tuple[Misfit, ...]:
    """Every mask that does not fit the Model, in their order."""
    if len(masks) > MASKS_MAX:
        return (Misfit("", "TOO_MANY", f"{len(masks)} masks were given; at most {MASKS_MAX} are possible."),)
    return tuple(_misfits(model, masks))


def field_of(model: Model, mask: Mask) -> tuple[Entity, Field] | None:
    """The field that a mask names."""
    entity = model.entity_by_name.get(mask.type)
    field = entity.field_by_name.get(mask.field) if entity else None
    return (entity, field) if entity and field else None


def constant(model: Model, field: Field, text: str) -> str | list[str]:
    """A constant as PostgreSQL reads it: one text, or a list of texts. Raises ValueError that says what is wrong."""
    if len(text) > TEXT_MAX or "\0" in text:
        message = f"has more than {TEXT_MAX} characters" if len(text) > TEXT_MAX else "cannot hold U+0000"
        raise ValueError(message)
    if not field.is_list:
        return _scalar(model, field, text)
    try:
        items = json.loads(text)
    except ValueError:
        items = None
    if not isinstance(items, list) or any(isinstance(item, dict | list) or item is None for item in items):
        message = f"cannot be {text!r}, which is no JSON array of {_kind(model, field)}"
        raise ValueError(message)
    return [_scalar(model, field, item if isinstance(item, str) else json.dumps(item)) for item in items]


def _misfits(model: Model, masks: Iterable[Mask]) -> Iterator[Misfit]:
    seen: set[tuple[str, str]] = set()
    for mask in masks:
        trouble = ("MASKED_TWICE", "is masked twice") if (mask.type, mask.field) in seen else _trouble(model, mask)
        seen.add((mask.type, mask.field))
        if trouble is not None:
            yield Misfit(mask.path, trouble[0], f"{mask.path} {trouble[1]}.")


def _trouble(model: Model, mask: Mask) -> tuple[str, str] | None:
    """The reason and what to say after the field's name."""
    found = field_of(model, mask)
    if found is None:
        return _unknown(model, mask)
    field = found[1]
    if field.system:
        return "NOT_MASKABLE", "cannot be masked: the platform itself gives it its values"
    if mask.rule == "constant":
        return _constant_trouble(model, field, mask.value)
    if mask.value is not None:
        return "INVALID_VALUE", f"is masked with {mask.rule}, which takes no value"
    if mask.rule == "null":
        return ("REQUIRED", "is required and cannot become null") if field.required else None
    if field.scalar is not Scalar.STRING or field.is_list:
        kind = f"[{field.scalar.value}]" if field.is_list else field.scalar.value
        return "WRONG_RULE", f"is {kind}: {mask.rule} is for String; use null or constant"
    if mask.rule == "name" and field.unique:
        return "UNIQUE", "is unique, and made-up names may be the same; use hash or email"
    return None


def _unknown(model: Model, mask: Mask) -> tuple[str, str]:
    entity = model.entity_by_name.get(mask.type)
    if entity is None:
        return "UNKNOWN_FIELD", f"is not there: there is no type {mask.type}{_near(mask.type, model.entity_by_name)}"
    if mask.field in entity.relation_by_name:
        return "NOT_MASKABLE", "is a relation and cannot be masked"
    return "UNKNOWN_FIELD", f"is not there: {mask.type} has no such field{_near(mask.field, entity.field_by_name)}"


def _constant_trouble(model: Model, field: Field, value: str | None) -> tuple[str, str] | None:
    if field.unique:
        return "UNIQUE", "is unique and cannot be the same everywhere; use hash or email"
    if value is None:
        return "INVALID_VALUE", "needs a value for constant"
    try:
        constant(model, field, value)
    except ValueError as problem:
        return "INVALID_VALUE", f"takes no such constant: it {problem}"
    return None


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _scalar(model: Model, field: Field, text: str) -> str:
    try:
        match field.scalar:
            case Scalar.STRING:
                return text
            case Scalar.ENUM:
                return _enum(model, field, text)
            case _:
                return _PARSERS[field.scalar](text)
    except (ValueError, RecursionError):
        message = f"cannot be {text!r}, which is no {_kind(model, field)}"
        raise ValueError(message) from None


def _kind(model: Model, field: Field) -> str:
    return model.enum_by_id[field.enum].name if field.enum is not None else field.scalar.value


def _enum(model: Model, field: Field, text: str) -> str:
    assert field.enum is not None, "an enum field names its enum"
    if text not in model.enum_by_id[field.enum].values:
        raise ValueError(text)
    return text


def _int(text: str) -> str:
    if len(text) > len(str(SMALLEST)) or not SMALLEST <= int(text) <= LARGEST:
        raise ValueError(text)
    return str(int(text))


def _float(text: str) -> str:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return repr(number)


def _boolean(text: str) -> str:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text


def _json(text: str) -> str:
    return json.dumps(json.loads(text, parse_constant=_refused))


def _refused(name: str) -> None:
    raise ValueError(name)


_PARSERS: Final[Mapping[Scalar, Callable[[str], str]]] = {
    Scalar.INT: _int,
    Scalar.FLOAT: _float,
    Scalar.BOOLEAN: _boolean,
    Scalar.DATETIME: lambda text: iso(moment(text)),
    Scalar.JSON: _json,
}
