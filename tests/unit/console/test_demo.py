"""The demo: real data that fits its schema, and mutations that the data API takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from console.demo import rows, setting_up
from contracts.model import Model, Scalar, digest, encode
from gateway.engine import Call, Engine, Request, prepare
from registry.domain import naming
from tests.support import schemas

COUNTS = {
    "Artist": 275,
    "Album": 347,
    "Track": 3503,
    "Genre": 25,
    "MediaType": 5,
    "Playlist": 18,
    "Employee": 8,
    "Customer": 59,
    "Invoice": 412,
    "InvoiceLine": 2240,
}


@pytest.fixture(scope="module")
def stages() -> tuple[rows.Stage, ...]:
    return rows.stages(rows.read(setting_up.data_set()))


@pytest.fixture(scope="module")
def model() -> Model:
    return schemas.model(setting_up.place().schema)


def by_type(stages: tuple[rows.Stage, ...]) -> dict[str, list[rows.Row]]:
    found: dict[str, list[rows.Row]] = {}
    for stage in stages:
        for type_, some in stage.items():
            found.setdefault(type_, []).extend(some)
    return found


def created(stages: tuple[rows.Stage, ...]) -> dict[str, dict[int, str]]:
    """Ids as the data API would give them."""
    ids: dict[str, dict[int, str]] = {}
    for place, (type_, some) in enumerate(by_type(stages).items()):
        ids[type_] = {row.number: f"c{place:04d}{row.number:020d}" for row in some}
    return ids


def test_every_row_of_the_data_set_is_created(stages: tuple[rows.Stage, ...]) -> None:
    found = by_type(stages)
    assert {type_: len(some) for type_, some in found.items()} == COUNTS
    assert all(len({row.number for row in some}) == len(some) for some in found.values())
    assert sum(len(row.many["tracksIds"][1]) for row in found["Playlist"]) == 8715


def test_partners_always_belong_to_earlier_stages(stages: tuple[rows.Stage, ...]) -> None:
    known: set[tuple[str, int]] = set()
    for stage in stages:
        for some in stage.values():
            for row in some:
                assert set(row.one.values()) <= known
                assert {(type_, each) for type_, numbers in row.many.values() for each in numbers} <= known
        known |= {(type_, row.number) for type_, some in stage.items() for row in some}


def test_what_must_be_unique_is_unique_without_case_and_accents(stages: tuple[rows.Stage, ...], model: Model) -> None:
    for type_, some in by_type(stages).items():
        for field in model.entity_by_name[type_].fields:
            if field.unique and not field.system and field.scalar is Scalar.STRING:
                folds = Counter(naming.fold(row.values[field.name])[:191] for row in some)
                assert [fold for fold, count in folds.items() if count > 1] == []


def test_every_value_fits_its_field(stages: tuple[rows.Stage, ...], model: Model) -> None:
    for type_, some in by_type(stages).items():
        fields = model.entity_by_name[type_].field_by_name
        needed = {name for name, field in fields.items() if field.required and not field.has_default} - {"number"}
        needed = {name for name in needed if not fields[name].system}
        for row in some:
            assert needed <= set(row.values)
            assert "" not in row.values.values()


def test_the_service_has_an_enum_defaults_and_a_self_relation(model: Model) -> None:
    assert {each.name for each in model.enums} == {"MediaKind", "Position"}
    assert any(field.has_default for each in model.entities for field in each.fields)
    assert any(relation.a == relation.b for relation in model.relations)


def test_the_data_api_takes_every_batch_and_every_call(stages: tuple[rows.Stage, ...], model: Model) -> None:
    engine = Engine(prepare(model, digest(encode(model))), bytes_max=50_000_000)
    ids = created(stages)

    def taken(document: str, variables: Mapping[str, Any]) -> int:
        call = engine.call(Request(document, None, dict(variables)))
        assert isinstance(call, Call), call
        return len(call.roots)

    sent = Counter[str]()
    for type_, some in by_type(stages).items():
        for batch in rows.batches(type_, some, ids):
            assert taken(batch.document, batch.variables) == len(batch.numbers) <= rows.BATCH_ROWS_MAX
            sent[type_] += len(batch.numbers)
    assert sent == COUNTS
    for document in setting_up.CALLS:
        taken(document, {})


def test_batches_of_one_kind_share_one_document(stages: tuple[rows.Stage, ...]) -> None:
    lines = by_type(stages)["InvoiceLine"]
    documents = {batch.document for batch in rows.batches("InvoiceLine", lines, created(stages))}
    assert len(documents) == 2  # full batches, and the last one


def test_the_package_carries_the_licence_of_the_data() -> None:
    text = (setting_up.place().path.parent / "LICENSE.chinook.md").read_text("utf-8")
    assert "Luis Rocha" in text
    assert "Permission is hereby granted, free of charge" in text
