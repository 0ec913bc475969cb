from __future__ import annotations

import pytest

from gateway.engine.plural import plural

KNOWN = """
Todo Todoes · Hobby Hobbies · Person Persons · Photo Photos · Video Videos · Hero Heroes · Status Statuses
Settings Settingses · News News · Address Addresses · Child Children · Woman Women · Leaf Leaves · Data Datas
Album Albums · MediaType MediaTypes · InvoiceLine InvoiceLines · Human Humans · Wife Wives · Wolf Wolves · Roof Roofs
Key Keys · City Cities · Box Boxes · Analysis Analyses · Datum Data · Criterion Criteria · Quiz Quizzes · Bus Buses
Deaf Deafs · Octopus Octopuses · Schema Schemas · Mouse Mice · Genus Genera · Radix Radices · Alumna Alumnae
Stimulus Stimuli · Codex Codices · Sheep Sheep · Church Churches · Solo Solos · Toe Toes · Money Moneys
"""
PAIRS = [pair.split() for line in KNOWN.split("\n") for pair in line.split("·") if pair.strip()]


@pytest.mark.parametrize(("one", "many"), PAIRS)
def test_a_type_name_has_the_plural_that_clients_know(one: str, many: str) -> None:
    assert plural(one) == many


def test_the_end_of_a_compound_name_decides() -> None:
    assert [plural(word) for word in ("GrandChild", "LineStatus", "PocketMoney")] == [
        "GrandChildren",
        "LineStatuses",
        "PocketMoneys",
    ]
