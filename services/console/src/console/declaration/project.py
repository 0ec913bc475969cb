"""What a declaration file may say about a project. What it does not say stays as it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from proof import rating

FORMAT: Final = "mortise.project/v1"
ENVIRONMENTS: Final = ("dev", "stage", "prod")
ITEMS_MAX: Final = 500
"""In any list of a file; a page of the API has as many."""

T = TypeVar("T")
Path = tuple[str | int, ...]
"""Keys and numbers from the root of a file, or of a part of it."""


def fold(name: str) -> str:
    """The form in which names must differ: case and accents do not make two of them."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def fold_address(email: str) -> str:
    """The form in which addresses are compared: nobody remembers their case."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def _prose(text: str) -> str | None:
    return text.strip() or None


def _price(text: str) -> str:
    try:
        return rating.plain(rating.price(text))
    except ValueError:
        raise ValueError(f"{text!r} is no price. Write a decimal like 0.0035, not negative.") from None


def _instant(text: str) -> str:
    """RFC 3339 in UTC, milliseconds only where there are any."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f"{text!r} is no instant. Write it like 2027-01-31T00:00:00Z.")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


SLUG: Final = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
EMAIL: Final = r"^[^\s@]+@[^\s@]+$"
CURRENCY: Final = r"^[A-Z]{3}$"
VERSION: Final = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"
EVENT_TYPES: Final = r"^[a-z0-9_.*]{1,200}$"
URL: Final = r"^https?://[^\s]+$"
LOOKS: Final = {
    SLUG: "a slug: lower-case letters, digits and inner dashes",
    EMAIL: "an e-mail address",
    CURRENCY: "an ISO 4217 code such as EUR",
    VERSION: "a version such as 1.0.2",
    EVENT_TYPES: "an event type, where * stands for any characters",
    URL: "an address that begins with https:// or http://",
}
"""What a text of a pattern is."""


def _text(**constraints: Any) -> Any:
    return StringConstraints(strip_whitespace=True, **constraints)


Slug = Annotated[str, Field(pattern=SLUG)]
Name = Annotated[str, _text(min_length=3, max_length=34)]
Called = Annotated[str, _text(min_length=1, max_length=20)]
Title = Annotated[str, _text(min_length=1, max_length=100)]
Prose = Annotated[str, _text(max_length=255), AfterValidator(_prose)]
Email = Annotated[str, _text(pattern=EMAIL, max_length=254)]
Currency = Annotated[str, Field(pattern=CURRENCY)]
VersionName = Annotated[str, Field(pattern=VERSION)]
EventTypes = Annotated[str, Field(pattern=EVENT_TYPES)]
Price = Annotated[
    str,
    AfterValidator(_price),
    WithJsonSchema({"type": ["string", "number"], "description": "A decimal, per call or month."}),
]
Instant = Annotated[str, AfterValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Role = Literal["admin", "editor", "viewer"]
Access = Literal["key", "organisation", "public"]
PlanKind = Literal["not-billable", "pay-per-call", "monthly"]


class Part(BaseModel):
    """A mapping of the file."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """What cannot be as it is beside the rest: where it stands within this part, and why."""
        return iter(())

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if found := tuple(self.contradictions()):
            raise PydanticCustomError("contradiction", "contradictions", {"found": found})
        return self


class EnvironmentNames(Part):
    """What the project calls its environments."""

    dev: Called | None = None
    stage: Called | None = None
    prod: Called | None = None

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """Two environments of one name, or one that is called as another is."""
        own = {"development": "dev", "staging": "stage", "production": "prod", "private": "private", "demo": "demo"}
        meant = {**own, **{each: each for each in ENVIRONMENTS}}
        for each in ENVIRONMENTS:
            if (name := getattr(self, each)) and (other := meant.setdefault(name.casefold(), each)) != each:
                yield (each,), f"{name!r} already means {other}."


class Member(Part):
    """A role of a person."""

    user: Title
    """User name."""
    role: Role


class Client(Part):
    """Who pays. E-mail, currency and time zone are said when a client is added and stay."""

    name: Title
    email: Email | None = None
    currency: Currency | None = None
    """ISO 4217; default EUR."""
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """IANA name; default UTC."""
    invited: Annotated[tuple[Email, ...], Field(max_length=ITEMS_MAX)] | None = None
    """Addresses of people of the client, who see the project once they have accepted."""


class Caps(Part):
    """How much of an environment may be used. A number that is not there is no cap."""

    calls_per_second: Count | None = None
    calls_per_day: Count | None = None
    database_megabytes: Count | None = None


class Environment(Part):
    """What should run in an environment, who may call it, and how much."""

    version: VersionName | None = None
    access: Access | None = None
    caps: Caps | None = None


class Environments(Part):
    """By our names for them."""

    dev: Environment | None = None
    stage: Environment | None = None
    prod: Environment | None = None


class Plan(Part):
    """What a service costs."""

    kind: PlanKind
    price: Price | None = None
    currency: Currency | None = None
    """ISO 4217; default: the client's, else EUR."""
    client: Title | None = None
    """Name of who pays what is not called with another client's key."""

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """What the kind needs, and what it does not have."""
        if self.kind == "not-billable":
            for each in ("price", "currency", "client"):
                if getattr(self, each) is not None:
                    yield (each,), f"What is not billable has no {each}."
            return
        if self.price is None:
            yield ("kind",), f"A plan of the kind {self.kind} needs a price."
        if self.kind == "monthly" and self.client is None:
            yield ("kind",), "A monthly price needs the client that pays it."


class Service(Part):
    """A service in the project."""

    service: Slug
    organisation: Slug | None = None
    """Of its maker; needed when you see several services of the slug."""
    environments: Environments | None = None
    plan: Plan | None = None


class Key(Part):
    """A key. Its secret is in no file: it is shown once, when the key is made."""

    name: Title
    kind: Literal["project", "client"]
    client: Title | None = None
    """Name of the client whose calls it makes (kind client)."""
    expires_at: Instant | None = None

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """A client where none belongs, or none where one does."""
        if self.kind == "client" and self.client is None:
            yield ("kind",), "A key of the kind client names its client."
        if self.kind == "project" and self.client is not None:
            yield ("client",), "A key of the kind project has no client."


class Webhook(Part):
    """An address that is told of events of the project."""

    url: Annotated[str, Field(pattern=URL, max_length=2048)]
    types: Annotated[tuple[EventTypes, ...], Field(min_length=1, max_length=50)] = ("*",)
    """Event types; `*` stands for any characters."""
    description: Prose | None = None
    enabled: StrictBool = True


class Declaration(Part):
    """The declaration of a project. A section that is left out is not looked at."""

    SECTIONS: ClassVar = ("members", "clients", "services", "keys", "webhooks")

    format: Literal["mortise.project/v1"]
    project: Slug
    """Its slug: which project this is."""
    name: Name | None = None
    """Needed when the project is new."""
    description: Prose | None = None
    restricted: StrictBool | None = None
    """Closed to members of the organisation without a role in the project."""
    approvals: StrictBool | None = None
    """Whether what goes to prod needs a second person."""
    environment_names: EnvironmentNames | None = None
    members: Annotated[tuple[Member, ...], Field(max_length=ITEMS_MAX)] | None = None
    clients: Annotated[tuple[Client, ...], Field(max_length=ITEMS_MAX)] | None = None
    services: Annotated[tuple[Service, ...], Field(max_length=ITEMS_MAX)] | None = None
    keys: Annotated[tuple[Key, ...], Field(max_length=ITEMS_MAX)] | None = None
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=ITEMS_MAX)] | None = None

    @property
    def describes(self) -> bool:
        """Whether the file says something about the description: null takes it away."""
        return "description" in self.model_fields_set

    def contradictions(self) -> Iterator[tuple[Path, str]]:
        """What is said twice, and clients that are named but not declared."""
        yield from _twice("members", self.members, lambda each: ("user", fold(each.user)))
        yield from _twice("clients", self.clients, lambda each: ("name", fold(each.name)))
        for number, client in enumerate(self.clients or ()):
            for path, message in _twice("invited", client.invited, lambda each: ("", fold_address(each))):
                yield ("clients", number, *path), message
        yield from _twice("services", self.services, lambda each: ("service", (each.organisation, each.service)))
        if self.clients is None:
            return
        declared = {fold(each.name) for each in self.clients}
        for number, service in enumerate(self.services or ()):
            payer = service.plan.client if service.plan else None
            if payer is not None and fold(payer) not in declared:
                yield ("services", number, "plan", "client"), f"{payer!r} is not one of the clients."
        for number, key in enumerate(self.keys or ()):
            if key.client is not None and fold(key.client) not in declared:
                yield ("keys", number, "client"), f"{key.client!r} is not one of the clients."


def _twice(
    section: str, items: Iterable[T] | None, name: Callable[[T], tuple[str, object]]
) -> Iterator[tuple[Path, str]]:
    """Items that are the same as one above them."""
    seen: dict[object, int] = {}
    for number, each in enumerate(items or ()):
        member, key = name(each)
        if (first := seen.setdefault(key, number)) != number:
            path: Path = (section, number, member) if member else (section, number)
            yield path, f"This says the same as number {first + 1} of {section}."
