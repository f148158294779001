"""A verdict in words: each case with its certainty, its source, and what would change it."""

from __future__ import annotations

from typing import get_args

import pytest

from carwire.core.compatibility.catalogue import (
    Catalogue,
    Caveat,
    Default,
    Evidence,
    FirstYear,
    Line,
    Make,
    MarketEntry,
    Source,
)
from carwire.core.compatibility.explain import Explanation, explain
from carwire.core.compatibility.fit import How
from carwire.core.compatibility.simulated import LEVELS, judge_simulated
from carwire.core.compatibility.verdict import judge
from carwire.core.vin.decode import Identity

ASKED = ("read_odometer", "read_fuel", "read_battery", "read_tires")
TABLE = Source("A table", "example.org", "platform", "2022-08")
GUESS = Source("A guess", "none", "inferred")
SOURCES = {"table": TABLE, "guess": GUESS}


def line(model: str, start: int = 2018, end: int | None = None, *, wildcard: bool = False, sure: bool = True) -> Line:
    evidence: Evidence = "documented" if sure else "inferred"
    permissions = ("read_odometer", "read_fuel")
    return Line(model, "ICE", start, end, permissions, evidence, "table" if sure else "guess", wildcard=wildcard)


def entry(*lines: Line, defaults: bool = False, first: FirstYear | None = None) -> MarketEntry:
    default = Default(("read_odometer",), "inferred", "guess")
    electric = Line("Volta", "BEV", 2018, None, ("read_battery",), "documented", "table")
    return MarketEntry(
        True,
        "documented",
        "table",
        service="Acme Connect",
        first_model_year=first,
        defaults={"ICE": default} if defaults else {},
        caveats=(Caveat("three years are free", "table"),),
        lines=(*lines, electric),
    )


def car(year: int | None = 2020, vehicle_type: str = "PASSENGER CAR") -> Identity:
    return Identity("ACME", "Alpha", year, "Series", "Trim", vehicle_type, "ICE", believed=True)


def explained(
    where: MarketEntry | None, which: Identity, *, country: str = "US", makes: tuple[str, ...] = ("ACME",)
) -> Explanation:
    catalogue = Catalogue([Make("ACME", "Acme", {"US": where} if where else {})], SOURCES)
    return explain("VIN", which, "tables", judge(catalogue, which, makes, country, ASKED), catalogue.sources)


FIRST = FirstYear(2016, "documented", "table")
CASES: dict[str, tuple[MarketEntry, Identity, str, Source, str]] = {
    "line": (entry(line("Alpha")), car(), "stated", TABLE, "listed: Alpha ICE 2018-today"),
    "line_after": (entry(line("Alpha", end=2019)), car(), "assumed_yes", TABLE, "model year 2020 is taken to connect"),
    "wildcard": (entry(line("All", wildcard=True)), car(), "stated", TABLE, "listed for the whole make"),
    "default": (entry(defaults=True), car(), "assumed_yes", GUESS, "no line names this model; cars of Acme are"),
    "before_line": (entry(line("Alpha", 2021)), car(), "stated", TABLE, "model year 2020 is before the line begins"),
    "before_make": (
        entry(defaults=True, first=FIRST),
        car(2015),
        "assumed_no",
        TABLE,
        "model year 2015 is before Acme's first",
    ),
    "not_a_car": (entry(line("Alpha")), car(vehicle_type="TRAILER "), "stated", TABLE, "of type TRAILER, not of a car"),
    "nothing": (entry(line("Beta")), car(), "assumed_no", TABLE, "nothing is known of what cars of Acme support"),
}


@pytest.mark.parametrize("how", get_args(How))
def test_each_way_of_finding_a_statement_is_put_into_words(how: str) -> None:
    where, which, certainty, source, text = CASES[how]
    found = explained(where, which)
    assert found.ground.certainty == certainty
    assert found.ground.source == source
    assert text in found.ground.statement
    assert found.ground.would_change


def test_no_two_ways_share_a_sentence() -> None:
    said = [explained(where, which).ground for where, which, *_ in CASES.values()]
    assert len({ground.statement for ground in said}) == len(said)
    assert len({ground.would_change for ground in said}) >= len(said) - 1


def test_an_inferred_line_is_an_assumption() -> None:
    ground = explained(entry(line("Alpha", sure=False)), car()).ground
    assert (ground.certainty, ground.evidence, ground.source) == ("assumed_yes", "inferred", GUESS)


def test_an_inferred_first_year_is_an_assumed_no() -> None:
    first = FirstYear(2016, "inferred", "guess")
    ground = explained(entry(defaults=True, first=first), car(2015)).ground
    assert (ground.certainty, ground.source) == ("assumed_no", GUESS)


def test_a_default_from_a_first_year_names_it() -> None:
    assert "from 2016 on" in explained(entry(defaults=True, first=FIRST), car()).ground.statement


def test_an_unknown_year_is_called_so() -> None:
    found = explained(entry(line("Alpha", end=2019)), car(None))
    assert found.ground.certainty == "assumed_yes"
    assert found.car.model_year is None


@pytest.mark.parametrize(
    ("where", "country", "makes", "expected"),
    [
        (entry(line("Alpha")), "JP", ("ACME",), ("assumed_no", None, "JP is none of them")),
        (entry(line("Alpha")), "US", (), ("assumed_no", None, "its make is not known")),
        (None, "US", ("ACME",), ("assumed_no", None, "no entry for ACME in US")),
        (entry(line("Alpha")), "DE", ("ACME", "OTHER"), ("assumed_no", None, "no entry for ACME or OTHER in EUROPE")),
        (MarketEntry(False, "documented", "table"), "US", ("ACME",), ("stated", TABLE, "listed as not supported")),
        (MarketEntry(False, "inferred", "guess"), "US", ("ACME",), ("assumed_no", GUESS, "listed as not supported")),
    ],
)
def test_a_no_for_the_make_says_why(
    where: MarketEntry | None, country: str, makes: tuple[str, ...], expected: tuple[str, Source | None, str]
) -> None:
    found = explained(where, car(), country=country, makes=makes)
    certainty, source, text = expected
    assert (found.compatible, found.reason) == (False, "MAKE_NOT_COMPATIBLE")
    assert (found.ground.certainty, found.ground.source) == (certainty, source)
    assert text in found.ground.statement
    assert found.ground.would_change


def test_each_permission_has_its_own_ground() -> None:
    found = explained(entry(line("Alpha")), car())
    by_name = {c.permission: c for c in found.capabilities}
    assert tuple(by_name) == ASKED
    odometer, battery, tires = by_name["read_odometer"], by_name["read_battery"], by_name["read_tires"]
    assert (odometer.capable, odometer.ground.certainty, odometer.ground.source) == (True, "stated", TABLE)
    assert "read_odometer is listed for this car" in odometer.ground.statement
    assert (battery.reason, battery.ground.certainty) == ("VEHICLE_NOT_CAPABLE", "stated")
    assert "Acme has cars with read_battery" in battery.ground.statement
    assert (tires.reason, tires.ground.certainty) == ("SMARTCAR_NOT_CAPABLE", "assumed_no")
    assert "no car of Acme in US is listed with read_tires" in tires.ground.statement
    assert all(c.ground.would_change for c in found.capabilities)


def test_a_permission_of_a_default_is_an_assumption_either_way() -> None:
    by_name = {c.permission: c for c in explained(entry(defaults=True), car()).capabilities}
    assert by_name["read_odometer"].ground.certainty == "assumed_yes"
    assert by_name["read_odometer"].ground.source == GUESS
    assert by_name["read_battery"].ground.certainty == "assumed_no"


def test_an_incompatible_car_has_no_permissions_to_explain() -> None:
    assert explained(entry(line("Alpha", 2021)), car()).capabilities == ()


def test_the_car_the_service_and_the_caveats_are_told() -> None:
    found = explained(entry(line("Alpha")), car())
    assert (found.vin, found.country, found.market, found.service) == ("VIN", "US", "US", "Acme Connect")
    assert (found.car.makes, found.car.model, found.car.series, found.car.trim) == (
        ("ACME",),
        "Alpha",
        "Series",
        "Trim",
    )
    assert (found.car.model_year, found.car.powertrain, found.car.read_by) == (2020, "ICE", "tables")
    assert [(c.text, c.source) for c in found.caveats] == [("three years are free", TABLE)]
    nowhere = explained(None, car())
    assert (nowhere.service, nowhere.caveats) == (None, ())


@pytest.mark.parametrize("level", LEVELS)
def test_a_simulated_car_says_that_it_is_one(level: str) -> None:
    nothing = Identity(None, None, None, None, None, None, None, believed=False)
    found = explain("VIN", nothing, "simulated", judge_simulated(level, "US", ASKED), SOURCES)
    for ground in (found.ground, *(c.ground for c in found.capabilities)):
        assert "simulated" in ground.statement
        assert level in ground.statement
        assert (ground.certainty, ground.source) == ("stated", None)
        assert ground.would_change
