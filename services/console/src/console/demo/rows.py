"""The Chinook data set as what the data API is to be told: rows with references, then mutations in batches.

Pure. A row knows others by type and number; ids exist only once a row has been created, so batches are made stage by
stage from what the stages before have answered.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Ids = Mapping[str, Mapping[int, str]]
"""Id of each created row, by type and number."""

BATCH_ROWS_MAX: Final = 50
"""Mutations in one document. A document is compiled once for all of its batches, at a millisecond or two a row."""

POSITIONS: Final = {
    "General Manager": "GENERAL_MANAGER",
    "Sales Manager": "SALES_MANAGER",
    "Sales Support Agent": "SALES_SUPPORT_AGENT",
    "IT Manager": "IT_MANAGER",
    "IT Staff": "IT_STAFF",
}


@dataclass(frozen=True)
class Row:
    """One thing to create. `one` and `many` name partners by type and number, under the argument for their ids."""

    number: int
    values: Mapping[str, Any]
    one: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    many: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """One request: a document that is the same for all full batches of its kind, and its variables."""

    type: str
    numbers: tuple[int, ...]
    document: str
    variables: Mapping[str, Any]


Stage = Mapping[str, Sequence[Row]]
"""Rows by type whose partners all belong to earlier stages, so that they can be created side by side."""


def read(packed: bytes) -> dict[str, list[dict[str, Any]]]:
    """The tables of the data set."""
    tables: dict[str, list[dict[str, Any]]] = json.loads(gzip.decompress(packed))
    return tables


def stages(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Stage, ...]:
    """All rows, in the order in which they can be created."""
    chain = _by_rank(tables["Employee"])
    return (
        {
            "Genre": [_named(row, "GenreId") for row in tables["Genre"]],
            "MediaType": [_media_type(row) for row in tables["MediaType"]],
            "Artist": [_named(row, "ArtistId") for row in tables["Artist"]],
            "Employee": chain[0],
        },
        {"Album": [_album(row) for row in tables["Album"]], "Employee": chain[1]},
        {"Track": [_track(row) for row in tables["Track"]], "Employee": [row for rank in chain[2:] for row in rank]},
        {"Playlist": _playlists(tables), "Customer": [_customer(row) for row in tables["Customer"]]},
        {"Invoice": [_invoice(row) for row in tables["Invoice"]]},
        {"InvoiceLine": [_line(row) for row in tables["InvoiceLine"]]},
    )


def batches(type_: str, rows: Sequence[Row], ids: Ids) -> Iterator[Batch]:
    """Requests that create the rows. Rows that set the same arguments go together, so that few documents are needed."""
    alike: dict[tuple[str, ...], list[tuple[int, dict[str, Any]]]] = {}
    for row in rows:
        arguments = _arguments(row, ids)
        alike.setdefault(tuple(arguments), []).append((row.number, arguments))
    for names, group in alike.items():
        for start in range(0, len(group), BATCH_ROWS_MAX):
            part = group[start : start + BATCH_ROWS_MAX]
            yield Batch(
                type=type_,
                numbers=tuple(number for number, _ in part),
                document=document(type_, names, len(part)),
                variables={
                    f"{name}{index}": value
                    for index, (_, arguments) in enumerate(part)
                    for name, value in arguments.items()
                },
            )


def document(type_: str, arguments: Sequence[str], count: int) -> str:
    """A mutation that creates `count` nodes, the n-th under the alias `r<n>` from the variables `<argument><n>`."""
    declared = ", ".join(f"${name}{n}: {TYPES[type_][name]}" for n in range(count) for name in arguments)
    fields = " ".join(
        f"r{n}: create{type_}({', '.join(f'{name}: ${name}{n}' for name in arguments)}) {{ id }}" for n in range(count)
    )
    return f"mutation Load({declared}) {{ {fields} }}"


_NAMED: Final = {"number": "Int!", "name": "String!"}
_PERSON: Final = {
    **dict.fromkeys(("firstName", "lastName", "email", "address", "city", "country"), "String!"),
    "number": "Int!",
}

TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "Genre": _NAMED,
    "Artist": _NAMED,
    "MediaType": {**_NAMED, "kind": "MediaKind", "protected": "Boolean"},
    "Album": {"number": "Int!", "title": "String!", "artistId": "ID"},
    "Track": {
        **_NAMED,
        "composer": "String",
        "milliseconds": "Int!",
        "bytes": "Int!",
        "unitPrice": "Float",
        **dict.fromkeys(("albumId", "genreId", "mediaTypeId"), "ID"),
    },
    "Playlist": {**_NAMED, "tracksIds": "[ID!]"},
    "Employee": {
        **_PERSON,
        "position": "Position!",
        "birthDate": "DateTime!",
        "hireDate": "DateTime!",
        "country": "String",
        **dict.fromkeys(("phone", "fax", "state", "postalCode"), "String!"),
        "reportsToId": "ID",
    },
    "Customer": {
        **_PERSON,
        **dict.fromkeys(("company", "phone", "fax", "state", "postalCode"), "String"),
        "supportRepId": "ID",
    },
    "Invoice": {
        "number": "Int!",
        "date": "DateTime!",
        "total": "Float!",
        **dict.fromkeys(("billingAddress", "billingCity", "billingCountry"), "String!"),
        **dict.fromkeys(("billingState", "billingPostalCode"), "String"),
        "customerId": "ID",
    },
    "InvoiceLine": {
        "number": "Int!",
        "unitPrice": "Float",
        "quantity": "Int",
        **dict.fromkeys(("invoiceId", "trackId"), "ID"),
    },
}
"""Type of each argument of `create<Type>` that the rows set. Those with a default may be left out and take no `!`."""


def _arguments(row: Row, ids: Ids) -> dict[str, Any]:
    return {
        "number": row.number,
        **row.values,
        **{name: ids[type_][number] for name, (type_, number) in row.one.items()},
        **{name: [ids[type_][each] for each in numbers] for name, (type_, numbers) in row.many.items()},
    }


def _given(**values: object) -> dict[str, object]:
    """The values that are there: the data set writes what it does not know as an empty text or null."""
    return {name: value for name, value in values.items() if value not in ("", None)}


def _named(row: Mapping[str, Any], key: str) -> Row:
    return Row(row[key], {"name": row["Name"]})


def _media_type(row: Mapping[str, Any]) -> Row:
    name = row["Name"]
    kind = {"kind": "VIDEO"} if "video" in name.lower() else {}
    protected = {"protected": True} if name.startswith("Protected") else {}
    return Row(row["MediaTypeId"], {"name": name, **kind, **protected})


def _album(row: Mapping[str, Any]) -> Row:
    return Row(row["AlbumId"], {"title": row["Title"]}, {"artistId": ("Artist", row["ArtistId"])})


def _track(row: Mapping[str, Any]) -> Row:
    return Row(
        row["TrackId"],
        _given(
            name=row["Name"],
            composer=row["Composer"],
            milliseconds=row["Milliseconds"],
            bytes=row["Bytes"],
            unitPrice=row["UnitPrice"],
        ),
        {
            "albumId": ("Album", row["AlbumId"]),
            "genreId": ("Genre", row["GenreId"]),
            "mediaTypeId": ("MediaType", row["MediaTypeId"]),
        },
    )


def _playlists(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    tracks: dict[int, list[int]] = {row["PlaylistId"]: [] for row in tables["Playlist"]}
    for entry in tables["PlaylistTrack"]:
        tracks[entry["PlaylistId"]].append(entry["TrackId"])
    return [
        Row(
            row["PlaylistId"],
            {"name": row["Name"]},
            many={"tracksIds": ("Track", tuple(sorted(tracks[row["PlaylistId"]])))},
        )
        for row in tables["Playlist"]
    ]


def _person(row: Mapping[str, Any]) -> dict[str, object]:
    return _given(
        firstName=row["FirstName"],
        lastName=row["LastName"],
        email=row["Email"],
        phone=row["Phone"],
        fax=row["Fax"],
        address=row["Address"],
        city=row["City"],
        state=row["State"],
        country=row["Country"],
        postalCode=row["PostalCode"],
    )


def _customer(row: Mapping[str, Any]) -> Row:
    helper = row["SupportRepId"]
    return Row(
        row["CustomerId"],
        {**_person(row), **_given(company=row["Company"])},
        {"supportRepId": ("Employee", helper)} if helper else {},
    )


def _employee(row: Mapping[str, Any]) -> Row:
    boss = row["ReportsTo"]
    own = {"position": POSITIONS[row["Title"]], "birthDate": _utc(row["BirthDate"]), "hireDate": _utc(row["HireDate"])}
    return Row(row["EmployeeId"], {**_person(row), **own}, {"reportsToId": ("Employee", boss)} if boss else {})


def _by_rank(rows: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
    """Employees by distance from the top: nobody is created before whom he reports to."""
    ranks: list[list[Row]] = []
    above: set[int | None] = {None}
    while rows:
        rank = [row for row in rows if row["ReportsTo"] in above]
        assert rank, "everybody reports to somebody who exists"
        ranks.append([_employee(row) for row in rank])
        above = {row["EmployeeId"] for row in rank}
        rows = [row for row in rows if row not in rank]
    return ranks


def _invoice(row: Mapping[str, Any]) -> Row:
    return Row(
        row["InvoiceId"],
        _given(
            date=_utc(row["InvoiceDate"]),
            billingAddress=row["BillingAddress"],
            billingCity=row["BillingCity"],
            billingState=row["BillingState"],
            billingCountry=row["BillingCountry"],
            billingPostalCode=row["BillingPostalCode"],
            total=row["Total"],
        ),
        {"customerId": ("Customer", row["CustomerId"])},
    )


def _line(row: Mapping[str, Any]) -> Row:
    return Row(
        row["InvoiceLineId"],
        {"unitPrice": row["UnitPrice"], "quantity": row["Quantity"]},
        {"invoiceId": ("Invoice", row["InvoiceId"]), "trackId": ("Track", row["TrackId"])},
    )


def _utc(text: str) -> str:
    return f"{text}.000Z"
