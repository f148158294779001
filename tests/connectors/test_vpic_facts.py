"""Facts of VINs with their strength; what is remembered is what would be decoded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import ultravin

from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.vin.structure import compute_check_digit

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_car_of_the_united_states() -> None:
    facts = VpicFacts().facts("5YJ3E1EAXJF000001", now=NOW)
    assert (facts.clean, facts.traits.make, facts.traits.model, facts.traits.year) == (True, "Tesla", "Model 3", 2018)
    assert (facts.strengths["model"], facts.strengths["fuel_type"], facts.strengths["year"]) == ("exact",) * 3
    assert facts.strengths["transmission_type"] == "default"


def test_a_combustion_fuel_is_never_exact() -> None:
    facts = VpicFacts().facts("2T3P1RFV0KC000001", now=NOW)
    assert (facts.traits.fuel_type, facts.strengths["fuel_type"]) == ("Petrol", "pattern")
    assert facts.traits.capacity_cc == 2487


@pytest.mark.parametrize(
    ("vin", "make", "makes"),
    [
        ("WVWZZZ1KZAW000123", "Volkswagen", ("VOLKSWAGEN",)),
        ("KNDCC3LG1L5000001", None, ("KIA", "HYUNDAI")),
        ("00000000000000000", None, ()),
    ],
)
def test_a_car_of_another_market_says_its_make_at_most(vin: str, make: str | None, makes: tuple[str, ...]) -> None:
    facts = VpicFacts().facts(vin, now=NOW)
    assert (facts.clean, facts.traits.make, facts.makes) == (False, make, makes)
    assert (facts.traits.model, facts.traits.year) == (None, None)


def test_what_is_remembered_is_what_would_be_decoded() -> None:
    remembering, plain = VpicFacts(), VpicFacts(cached=False)
    for vin in ultravin.generate(400, seed=7, min_year=1995, invalid_rate=0.2):
        for serial in ("000001", "123456", "A12345"):
            other = f"{vin[:11]}{serial}"
            other = f"{other[:8]}{compute_check_digit(other) or '0'}{other[9:]}"
            for each in (vin, other):
                assert remembering.facts(each, now=NOW) == plain.facts(each, now=NOW), each
