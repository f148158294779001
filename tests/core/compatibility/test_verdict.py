"""The verdict: which reason is given first, and which of several makes answers."""

from __future__ import annotations

import pytest

from carwire.core.compatibility.catalogue import Catalogue, Default, FirstYear, Line, Make, MarketEntry, Source
from carwire.core.compatibility.simulated import LEVELS, is_simulated, judge_simulated
from carwire.core.compatibility.verdict import Verdict, judge
from carwire.core.permissions import NEEDS_COMBUSTION, NEEDS_PLUG, PERMISSIONS
from carwire.core.vin.decode import Identity
from carwire.core.vin.powertrain import Powertrain

ASKED = ("read_odometer", "read_fuel", "read_battery", "read_tires")


def supported(*permissions: str, model: str = "Alpha", powertrain: Powertrain = "ICE") -> MarketEntry:
    return MarketEntry(
        True, "documented", "table", lines=(Line(model, powertrain, 2018, None, permissions, "documented", "table"),)
    )


def car(model: str | None = "Alpha", year: int | None = 2020, powertrain: Powertrain | None = "ICE") -> Identity:
    return Identity("ACME", model, year, None, None, "PASSENGER CAR", powertrain, believed=True)


RICH = MarketEntry(
    True,
    "documented",
    "table",
    first_model_year=FirstYear(2016, "documented", "table"),
    defaults={"ICE": Default(("read_odometer",), "inferred", "table")},
    lines=(
        Line("Alpha", "ICE", 2018, None, ("read_odometer", "read_fuel"), "documented", "table"),
        Line("Beta", "BEV", 2018, None, ("read_odometer", "read_battery"), "documented", "table"),
        Line("Gamma", "ICE", 2018, None, ("read_tires",), "documented", "table", doubt="no such car"),
    ),
)
CATALOGUE = Catalogue(
    [
        Make("ACME", "Acmé Motors", {"US": RICH, "CA": MarketEntry(False, "documented", "table")}, aliases=("ACM",)),
        Make("SMALL", "Small", {"US": supported("read_odometer")}),
        Make("BIG", "Big", {"US": supported("read_odometer", "read_fuel")}),
        Make("OTHER", "Other", {"US": supported("read_odometer", "read_fuel", "read_tires", model="Omega")}),
        Make("NOWHERE", "Nowhere", {}),
        Make("LISTED", "Listed", {"US": MarketEntry(False, "inferred", "table")}),
    ],
    {"table": Source("A table", "example.org", "platform")},
)


def verdict(which: Identity, *makes: str, country: str = "US", asked: tuple[str, ...] = ASKED) -> Verdict:
    return judge(CATALOGUE, which, makes, country, asked)


def reasons(found: Verdict) -> dict[str, str | None]:
    return {c.permission: c.reason for c in found.capabilities}


@pytest.mark.parametrize(
    ("makes", "country"),
    [
        (("ACME",), "CA"),
        (("ACME",), "DE"),
        (("ACME",), "JP"),
        (("NOWHERE",), "US"),
        (("LISTED",), "US"),
        (("NOBODY",), "US"),
        ((), "US"),
        ((), "JP"),
    ],
)
def test_the_make_is_the_first_reason(makes: tuple[str, ...], country: str) -> None:
    for which in (car(), car(year=1990), car("Delta")):
        found = verdict(which, *makes, country=country)
        assert (found.compatible, found.reason, found.capabilities) == (False, "MAKE_NOT_COMPATIBLE", ())
        assert (found.country, found.makes_asked) == (country, makes)


def test_a_country_outside_the_markets_has_none_and_so_no_make() -> None:
    found = verdict(car(), "ACME", country="JP")
    assert (found.market, found.entry, found.fit) == (None, None, None)
    assert found.make is not None
    assert verdict(car(), "ACME", country="DE").market == "EUROPE"


def test_a_make_listed_as_unsupported_is_kept_as_the_ground() -> None:
    found = verdict(car(), "ACME", country="CA")
    assert found.entry is not None
    assert (found.entry.supported, found.fit) == (False, None)


def test_the_vehicle_is_the_second_reason() -> None:
    found = verdict(car(year=2017), "ACME")
    assert (found.compatible, found.reason, found.capabilities) == (False, "VEHICLE_NOT_COMPATIBLE", ())
    assert found.fit is not None
    assert found.fit.how == "before_line"
    early = verdict(car("Delta", year=2015), "ACME")
    assert early.fit is not None
    assert (early.reason, early.fit.how) == ("VEHICLE_NOT_COMPATIBLE", "before_make")


def test_what_no_car_of_the_make_has_is_the_third_reason_and_what_this_one_lacks_the_fourth() -> None:
    found = verdict(car(), "ACME")
    assert (found.compatible, found.reason) == (True, None)
    assert reasons(found) == {
        "read_odometer": None,
        "read_fuel": None,
        "read_battery": "VEHICLE_NOT_CAPABLE",
        "read_tires": "SMARTCAR_NOT_CAPABLE",  # only a line in doubt has it
    }
    assert [c.capable for c in found.capabilities] == [True, True, False, False]
    assert [c.grant is not None for c in found.capabilities] == [True, True, False, False]


def test_capabilities_come_in_the_order_asked() -> None:
    for asked in (ASKED, ASKED[::-1], ASKED[1:2], ()):
        assert tuple(c.permission for c in verdict(car(), "ACME", asked=asked).capabilities) == asked


def test_a_car_of_unknown_model_is_answered_by_the_default() -> None:
    found = verdict(car("Delta"), "ACME")
    assert found.fit is not None
    assert found.fit.how == "default"
    assert reasons(found)["read_odometer"] is None
    assert reasons(found)["read_fuel"] == "VEHICLE_NOT_CAPABLE"


@pytest.mark.parametrize("makes", [("SMALL", "BIG"), ("BIG", "SMALL"), ("NOBODY", "SMALL", "BIG", "LISTED")])
def test_of_several_makes_the_most_capable_answers(makes: tuple[str, ...]) -> None:
    found = verdict(car(), *makes)
    assert found.make is not None
    assert found.make.make == "BIG"
    assert found.makes_asked == makes


@pytest.mark.parametrize("makes", [("OTHER", "SMALL"), ("SMALL", "OTHER")])
def test_a_make_that_has_the_car_goes_before_one_that_does_not(makes: tuple[str, ...]) -> None:
    found = verdict(car(), *makes)
    assert found.make is not None
    assert (found.make.make, found.compatible) == ("SMALL", True)


def test_of_equally_capable_makes_the_first_asked_answers() -> None:
    for makes in (("SMALL", "BIG"), ("BIG", "SMALL")):
        found = verdict(car(), *makes, asked=("read_odometer",))
        assert found.make is not None
        assert found.make.make == makes[0]


@pytest.mark.parametrize("name", ["ACME", "acme", "Acmé Motors", "ACM", "a-c m"])
def test_a_make_is_found_in_any_of_its_spellings(name: str) -> None:
    assert verdict(car(), name).compatible


@pytest.mark.parametrize("vin", ["0SC00000000000000", "1SCGMCT0386A85356"])
def test_simulated_cars_are_told_by_their_first_characters(vin: str) -> None:
    assert is_simulated(vin)
    assert not is_simulated("X" + vin[:-1])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("country", ["US", "DE", "JP"])
def test_each_level_of_test_mode_does_what_the_wire_says(level: str, country: str) -> None:
    asked = tuple(sorted(PERMISSIONS))
    lacking: dict[str, frozenset[str]] = {"fuel": NEEDS_PLUG, "dinosaur": NEEDS_PLUG, "bev": NEEDS_COMBUSTION}
    found = judge_simulated(level, country, asked)
    assert found.simulated == level
    if level == "incompatible":
        assert (found.compatible, found.reason, found.capabilities) == (False, "VEHICLE_NOT_COMPATIBLE", ())
        return
    assert (found.compatible, found.reason) == (True, None)
    assert tuple(c.permission for c in found.capabilities) == asked
    assert {c.permission for c in found.capabilities if not c.capable} == lacking.get(level, frozenset())
    assert {c.reason for c in found.capabilities if not c.capable} <= {"VEHICLE_NOT_CAPABLE"}
