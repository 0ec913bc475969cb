"""Which class a call falls into (MA 4.1)."""

import pytest

from common.errors import Refused
from contracts.calls import BILLABLE
from gateway.domain import outcomes
from gateway.domain.bodies import BadBody, too_large


@pytest.mark.parametrize(
    ("has_data", "has_errors", "introspection", "outcome"),
    [
        (True, False, False, "ok"),
        (True, True, False, "partial"),
        (False, True, False, "upstream_error"),
        (True, False, True, "introspection"),
    ],
)
def test_what_ran_is_classed_by_its_answer(
    *, has_data: bool, has_errors: bool, introspection: bool, outcome: str
) -> None:
    assert outcomes.of_execution(has_data=has_data, has_errors=has_errors, introspection=introspection) == outcome


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (Refused("UNAUTHENTICATED", "no"), "client_error"),
        (Refused("FORBIDDEN", "no"), "client_error"),
        (BadBody(400, "no"), "client_error"),
        (too_large(), "client_error"),
        (Refused("SERVICE_UNAVAILABLE", "no"), "upstream_error"),
        (Refused("INTERNAL_SERVER_ERROR", "no"), "upstream_error"),
        (Refused("FORBIDDEN", "no", reason="RATE_LIMITED"), "limited"),
    ],
)
def test_what_was_refused_is_classed_by_whose_fault_it_was_and_costs_nothing(refusal: Refused, outcome: str) -> None:
    assert outcomes.of_refusal(refusal) == outcome
    assert outcomes.of_refusal(refusal) not in BILLABLE
