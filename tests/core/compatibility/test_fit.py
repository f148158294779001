"""Which statement of the catalogue speaks for a car: every way of finding one, on entries one can take in."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from carwire.core.compatibility.catalogue import Addition, Default, Evidence, FirstYear, Line, MarketEntry, suits
from carwire.core.compatibility.fit import NOT_CARS, Fit, Grant, How, find_fit, grants_of_line
from carwire.core.permissions import NEEDS_COMBUSTION, NEEDS_PLUG, PERMISSIONS
from carwire.core.vin.decode import Identity
from carwire.core.vin.powertrain import Powertrain

BASIC = ("read_vin", "read_odometer")


def line(
    model: str,
    powertrain: Powertrain = "ICE",
    *,
    start: int = 2018,
    end: int | None = None,
    permissions: tuple[str, ...] = BASIC,
    evidence: Evidence = "documented",
    source: str = "table",
    wildcard: bool = False,
    doubt: str | None = None,
) -> Line:
    return Line(model, powertrain, start, end, permissions, evidence, source, wildcard=wildcard, doubt=doubt)


def entry(
    *lines: Line,
    first: FirstYear | None = None,
    defaults: dict[Powertrain, Default] | None = None,
    additions: tuple[Addition, ...] = (),
) -> MarketEntry:
    return MarketEntry(
        True, "documented", "list", first_model_year=first, defaults=defaults or {}, additions=additions, lines=lines
    )


def default(*permissions: str) -> Default:
    return Default(permissions, "inferred", "derived")


def car(
    model: str | None = "Golf",
    year: int | None = 2020,
    powertrain: Powertrain | None = "ICE",
    *,
    series: str | None = None,
    trim: str | None = None,
    vehicle_type: str | None = "PASSENGER CAR",
) -> Identity:
    return Identity("VOLKSWAGEN", model, year, series, trim, vehicle_type, powertrain, believed=True)


def models(fit: Fit) -> list[str]:
    return sorted({found.model for found in fit.lines})


FIRST = FirstYear(2016, "documented", "first")

CASES: dict[str, tuple[MarketEntry, Identity, bool]] = {
    "line": (entry(line("Golf")), car(), True),
    "line_after": (entry(line("Golf", end=2019)), car(), True),
    "wildcard": (entry(line("All Models", wildcard=True)), car("Arteon"), True),
    "default": (entry(line("Polo"), defaults={"ICE": default("read_vin")}), car(), True),
    "before_line": (entry(line("Golf", start=2021)), car(), False),
    "before_make": (entry(line("Polo"), first=FIRST, defaults={"ICE": default("read_vin")}), car(year=2015), False),
    "not_a_car": (entry(line("Golf")), car(vehicle_type="TRAILER"), False),
    "nothing": (entry(line("Polo")), car(), False),
}


@pytest.mark.parametrize("how", get_args(How))
def test_each_way_of_finding_a_statement_has_its_car(how: str) -> None:
    where, which, found = CASES[how]
    fit = find_fit(where, which)
    assert (fit.how, fit.found) == (how, found)
    assert bool(fit.grants) is found
    assert fit.source


@pytest.mark.parametrize(
    ("how", "evidence", "source"),
    [
        ("line", "documented", "table"),
        ("line_after", "inferred", "table"),
        ("wildcard", "documented", "table"),
        ("default", "inferred", "derived"),
        ("before_line", "documented", "table"),
        ("before_make", "documented", "table"),
        ("not_a_car", "documented", "list"),
        ("nothing", "inferred", "list"),
    ],
)
def test_the_evidence_and_the_source_are_those_of_the_statement(how: str, evidence: str, source: str) -> None:
    where, which, _ = CASES[how]
    fit = find_fit(where, which)
    assert (fit.evidence, fit.source) == (evidence, source)


@pytest.mark.parametrize("kind", sorted(NOT_CARS))
def test_what_is_no_car_is_answered_first(kind: str) -> None:
    assert find_fit(entry(line("Golf")), car(vehicle_type=f"{kind} ")).how == "not_a_car"


@pytest.mark.parametrize("kind", [None, "PASSENGER CAR", "MULTIPURPOSE PASSENGER VEHICLE (MPV)", "TRUCK ", "BUS"])
def test_cars_vans_and_the_unknown_are_not_turned_away(kind: str | None) -> None:
    assert find_fit(entry(line("Golf")), car(vehicle_type=kind)).how == "line"


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("RAV4 Hybrid", car("RAV4", powertrain="HEV")),
        ("Prius Prime", car("Prius Prime (PHEV)", powertrain="PHEV")),
        ("Niro Plug-in Hybrid", car("Niro", trim="EX", powertrain="PHEV")),
        ("Kona EV", car("KONA ELECTRIC / KONA", powertrain="BEV")),
        ("C40 Recharge", car("C40", trim="Recharge Twin", powertrain="BEV")),
        ("EV6", car("EV6", powertrain="BEV")),
        ("i3 REx", car("i3", powertrain="PHEV")),
    ],
)
def test_words_that_only_name_a_powertrain_are_left_aside(name: str, which: Identity) -> None:
    assert which.powertrain is not None
    assert find_fit(entry(line(name, which.powertrain)), which).how == "line"
    other: Powertrain = "ICE" if which.powertrain != "HEV" else "BEV"
    assert find_fit(entry(line(name, other)), which).how == "nothing"


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (car("Golf"), ["Golf"]),
        (car("golf"), ["Golf"]),
        (car("GOLF SPORTWAGEN"), ["Golf SportWagen"]),
        (car("Golf", trim="R"), ["Golf R"]),
        (car("330i", series="3-Series"), ["3 Series"]),
        (car("Bolt EUV"), ["Bolt EUV"]),
        (car("Bolt EV"), ["Bolt"]),
        (car("Mustang Mach-E"), ["Mustang Mach-E"]),
        (car("Grand Cherokee", trim="Overland 4XE"), ["Grand Cherokee 4xe"]),
        (car("C-Class", trim="AMG C63e S"), ["C 63"]),
        (car("CLA-Class", trim="CLA350 4MATIC"), ["CLA 350"]),
        (car("Q4", series="SUV", trim="50 e-tron quattro Premium"), ["Q4 e-tron"]),
    ],
)
def test_the_most_specific_line_whose_name_is_within_the_cars_wins(which: Identity, wanted: list[str]) -> None:
    names = "Golf/Golf R/Golf SportWagen/3 Series/5 Series/Bolt/Bolt EUV/Mustang/Mustang Mach-E/Polo/Q4/Q4 e-tron"
    names += "/Grand Cherokee/Grand Cherokee 4xe/C 63/CLA/CLA 350"
    fit = find_fit(entry(*(line(name) for name in names.split("/"))), which)
    assert (fit.how, models(fit)) == ("line", wanted)


# Real cars, with series and trim as their makers filed them: letters and digits of a trim are no name of another model.
@pytest.mark.parametrize(
    ("which", "right", "wrong"),
    [
        (car("Q5", trim="S Line quattro Prestige"), "Q5", "S5"),
        (car("A4", trim="S Line quattro Premium"), "A4", "S4"),
        (car("Q5", trim="3.0T S Line quattro Prestige"), "Q5", "Q3"),
        (car("X3", trim="xDrive28i"), "X3", "i3"),
        (car("X3", trim="M40i"), "X3", "X3 M"),
        (car("X5", trim="M60i"), "X5", "X5 M"),
        (car("Z4", trim="M40i"), "Z4", "M4"),
        (car("M340i", series="3-Series"), "3 Series", "M3"),
        (car("GLC-Class", trim="AMG GLC 63 S"), "GLC", "S-Class"),
        (car("E-Class", trim="AMG E63 S"), "E-Class", "S-Class"),
        (car("GLE-Class", trim="GLE450e 4MATIC"), "GLE", "E-Class"),
        (car("S60", trim="Inscription Expression (XC60/XC90) R-Design Expression (S60 T8)"), "S60", "XC60"),
        (car("V60", series="FWD", trim="XC90 Excellence (4 Seat)"), "V60", "V90"),
        (car("S90", trim="Momentum (excl S60)"), "S90", "S60"),
        (car("XC60", series="AWD", trim="XC90 Excellence (4 Seat)"), "XC60", "XC90"),
        (car("E-PACE", trim="F-PACE"), "E-Pace", "F-Pace"),
    ],
)
def test_a_car_is_not_answered_by_the_line_of_another_model(which: Identity, right: str, wrong: str) -> None:
    fit = find_fit(entry(line(right), line(wrong)), which)
    assert models(fit) == [right]
    later = find_fit(entry(line(right), line(wrong, start=2022)), which)
    assert (later.how, models(later)) == ("line", [right])


def test_the_trim_alone_names_no_car() -> None:
    assert find_fit(entry(line("Golf")), car("Polo", trim="Golf")).how == "nothing"
    assert find_fit(entry(line("Golf")), car(None, trim="Golf")).how == "nothing"
    assert find_fit(entry(line("Golf")), car(None, series="Golf")).how == "line"


@pytest.mark.parametrize(
    ("year", "how"),
    [(2017, "before_line"), (2018, "line"), (2021, "line"), (2022, "line_after"), (2040, "line_after"), (None, "line")],
)
def test_a_documented_line_says_yes_within_its_years_and_after_and_no_before(year: int | None, how: str) -> None:
    assert find_fit(entry(line("Golf", end=2021)), car(year=year)).how == how


def test_after_its_last_year_a_line_is_only_an_inference() -> None:
    fit = find_fit(entry(line("Golf", end=2019)), car())
    assert fit.evidence == "inferred"
    assert {grant.evidence for grant in fit.grants.values()} == {"inferred"}


def test_an_inferred_line_says_nothing_before_its_first_year() -> None:
    where = entry(line("Golf", start=2021, evidence="inferred"), defaults={"ICE": default("read_vin")})
    assert find_fit(where, car()).how == "default"
    assert find_fit(entry(line("Golf", start=2021, evidence="inferred")), car()).how == "nothing"


def test_a_gap_between_two_lines_is_answered_by_the_earlier_one() -> None:
    fit = find_fit(entry(line("Golf", start=2016, end=2018), line("Golf", start=2022)), car(year=2020))
    assert (fit.how, [found.start_year for found in fit.lines]) == ("line_after", [2016])


def test_a_named_line_goes_before_a_wildcard_and_a_wildcard_before_a_line_that_ended() -> None:
    wild = line("All Models", permissions=("read_vin",), wildcard=True)
    assert find_fit(entry(wild, line("Golf")), car()).how == "line"
    assert find_fit(entry(wild, line("Golf", end=2019)), car()).how == "wildcard"
    assert find_fit(entry(wild, line("Golf", start=2021)), car()).how == "wildcard"
    assert find_fit(entry(line("All Models", start=2021, wildcard=True)), car()).how == "nothing"
    assert find_fit(entry(line("All Models", "BEV", wildcard=True)), car()).how == "nothing"


def test_an_unknown_year_excludes_no_line_and_no_default() -> None:
    early, late = (
        line("Golf", end=2019, permissions=("read_vin",)),
        line("Golf", start=2020, permissions=("read_tires",)),
    )
    fit = find_fit(entry(early, late), car(year=None))
    assert (fit.how, set(fit.grants)) == ("line", {"read_vin", "read_tires"})
    where = entry(first=FIRST, defaults={"ICE": default("read_vin")})
    assert find_fit(where, car(year=None)).how == "default"


def test_an_unknown_powertrain_fits_every_line_of_the_name() -> None:
    lines = (line("Golf"), line("Golf", "BEV", permissions=("read_battery",)))
    fit = find_fit(entry(*lines), car(powertrain=None))
    assert set(fit.grants) == {*BASIC, "read_battery"}
    assert set(find_fit(entry(*lines), car(powertrain="BEV")).grants) == {"read_battery"}
    assert set(find_fit(entry(*lines), car(powertrain="ICE")).grants) == set(BASIC)
    assert find_fit(entry(*lines), car(powertrain="PHEV")).how == "nothing"


def test_a_hybrid_takes_the_lines_of_combustion_cars_and_no_other_does() -> None:
    assert find_fit(entry(line("Golf")), car(powertrain="HEV")).how == "line"
    assert find_fit(entry(line("Golf", "HEV")), car(powertrain="ICE")).how == "nothing"
    assert find_fit(entry(line("Golf", "PHEV")), car(powertrain="HEV")).how == "nothing"
    assert find_fit(entry(line("Golf")), car(powertrain="BEV")).how == "nothing"
    both = entry(line("Golf", permissions=("read_fuel",)), line("Golf", "HEV", permissions=("read_tires",)))
    assert set(find_fit(both, car(powertrain="HEV")).grants) == {"read_fuel", "read_tires"}


def test_a_line_in_doubt_answers_nothing() -> None:
    doubtful = line("Golf", doubt="no such car")
    assert find_fit(entry(doubtful), car()).how == "nothing"
    assert find_fit(entry(line("Golf", start=2021, doubt="no such car")), car()).how == "nothing"
    assert find_fit(entry(line("All Models", wildcard=True, doubt="looks wrong")), car()).how == "nothing"
    fit = find_fit(entry(line("Golf", permissions=("read_tires",), doubt="no such car"), line("Golf")), car())
    assert set(fit.grants) == set(BASIC)


ADDED = Addition(("read_security", "read_vin"), "documented", "changelog", after=("table",))


def test_an_addition_extends_only_lines_of_the_sources_it_came_after() -> None:
    extended = find_fit(entry(line("Golf"), additions=(ADDED,)), car())
    assert extended.grants["read_security"] == Grant("read_security", "inferred", "changelog")
    assert extended.grants["read_vin"] == Grant("read_vin", "documented", "table")
    assert "read_security" not in find_fit(entry(line("Golf", source="snapshot"), additions=(ADDED,)), car()).grants
    later = entry(line("Golf", end=2019), additions=(ADDED,))
    assert find_fit(later, car()).grants["read_security"].evidence == "inferred"
    by_default = entry(defaults={"ICE": default("read_vin")}, additions=(ADDED,))
    assert set(find_fit(by_default, car()).grants) == {"read_vin"}
    assert tuple(grants_of_line(line("Golf"), (ADDED,))) == (*BASIC, "read_security")
    assert tuple(grants_of_line(line("Golf", source="snapshot"), (ADDED,))) == BASIC


EVERYTHING = tuple(sorted(PERMISSIONS))


@pytest.mark.parametrize("powertrain", ["BEV", "FCEV"])
def test_a_car_that_burns_nothing_never_gets_fuel_or_oil(powertrain: Powertrain) -> None:
    added = Addition(EVERYTHING, "documented", "changelog", after=("table",))
    wheres = [
        entry(line("Golf", powertrain, permissions=EVERYTHING)),
        entry(line("Golf", powertrain), additions=(added,)),
        entry(line("Golf", powertrain, end=2019, permissions=EVERYTHING)),
        entry(line("All Models", powertrain, permissions=EVERYTHING, wildcard=True)),
        entry(defaults={powertrain: default(*EVERYTHING)}),
        entry(defaults={"ICE": default(*EVERYTHING)}),
    ]
    for where in wheres:
        fit = find_fit(where, car(powertrain=powertrain))
        assert fit.found
        assert not set(fit.grants) & NEEDS_COMBUSTION
        assert fit.grants


@pytest.mark.parametrize("powertrain", ["ICE", "HEV", "FCEV"])
def test_a_car_without_a_plug_never_gets_battery_or_charge(powertrain: Powertrain) -> None:
    for where in (
        entry(line("Golf", powertrain, permissions=EVERYTHING)),
        entry(defaults={"PHEV": default(*EVERYTHING)}),
    ):
        fit = find_fit(where, car(powertrain=powertrain))
        assert fit.found
        assert not set(fit.grants) & NEEDS_PLUG


@pytest.mark.parametrize("permission", EVERYTHING)
def test_what_suits_a_powertrain_is_a_matter_of_plug_and_fuel_alone(permission: str) -> None:
    assert suits(permission, None)
    assert suits(permission, "PHEV")
    assert suits(permission, "BEV") is (permission not in NEEDS_COMBUSTION)
    assert suits(permission, "ICE") is suits(permission, "HEV") is (permission not in NEEDS_PLUG)
    assert suits(permission, "FCEV") is (permission not in NEEDS_COMBUSTION | NEEDS_PLUG)


DEFAULTS: dict[Powertrain, Default] = {
    "ICE": default("read_vin", "read_odometer", "read_fuel"),
    "BEV": default("read_vin", "read_battery"),
}


@pytest.mark.parametrize(
    ("powertrain", "granted"),
    [
        ("ICE", {"read_vin", "read_odometer", "read_fuel"}),
        ("BEV", {"read_vin", "read_battery"}),
        ("PHEV", {"read_vin"}),  # none of its own: what all share
        (None, {"read_vin", "read_odometer", "read_fuel", "read_battery"}),  # anything is possible
    ],
)
def test_a_default_is_that_of_the_powertrain_or_what_all_share(
    powertrain: Powertrain | None, granted: set[str]
) -> None:
    fit = find_fit(entry(defaults=DEFAULTS), car("Arteon", powertrain=powertrain))
    assert (fit.how, fit.evidence) == ("default", "inferred")
    assert set(fit.grants) == granted


@pytest.mark.parametrize(("year", "how"), [(2015, "before_make"), (2016, "default"), (None, "default")])
def test_defaults_begin_with_the_first_year_of_the_make(year: int | None, how: str) -> None:
    fit = find_fit(entry(first=FIRST, defaults=DEFAULTS), car(year=year))
    assert (fit.how, fit.first_year) == (how, msgspec.structs.replace(FIRST, evidence="inferred"))


def test_the_first_year_of_a_powertrain_is_that_of_its_earliest_documented_line() -> None:
    """A make that began with a plug-in car in 2016 says little of its other cars."""
    began = entry(line("Volt", "PHEV", start=2016), line("Bolt", "BEV", start=2019), first=FIRST, defaults=DEFAULTS)
    assert find_fit(began, car("Spark", 2018, powertrain="BEV")).how == "before_make"
    assert find_fit(began, car("Spark", 2019, powertrain="BEV")).how == "default"
    of_combustion = find_fit(began, car("Cruze", 2015))
    assert (of_combustion.how, of_combustion.evidence) == ("before_make", "inferred")


def test_a_listed_car_is_listed_even_before_the_first_year_of_the_make() -> None:
    assert find_fit(entry(line("Golf", start=2012), first=FIRST), car(year=2013)).how == "line"


def test_the_strongest_of_several_fitting_lines_gives_the_evidence() -> None:
    lines = (line("Golf", evidence="inferred", source="guess"), line("Golf", permissions=("read_tires",)))
    assert find_fit(entry(*lines), car()).evidence == "documented"
    assert find_fit(entry(*lines, line("Golf", evidence="connector")), car()).evidence == "connector"


def test_the_same_question_has_the_same_answer_and_entries_are_told_apart() -> None:
    first, second = entry(line("Golf")), entry(line("Golf", permissions=("read_tires",)))
    assert find_fit(first, car()) == find_fit(first, car())
    assert set(find_fit(first, car()).grants) == set(BASIC)
    assert set(find_fit(second, car()).grants) == {"read_tires"}
    assert msgspec.structs.replace(first) != first


def test_where_the_closest_line_begins_too_late_a_more_general_one_that_has_the_year_is_asked() -> None:
    both = entry(line("X5 M", start=2018), line("X5", start=2014))
    assert [found.model for found in find_fit(both, car("X5 M", 2015)).lines] == ["X5"]
    assert [found.model for found in find_fit(both, car("X5 M", 2019)).lines] == ["X5 M"]
    assert find_fit(both, car("X5 M", 2012)).how == "before_line"


def test_a_plug_in_car_whose_model_begins_a_lines_name_takes_that_line_when_nothing_fits_better() -> None:
    lightning = line("F-150 Lightning", "BEV", start=2022)
    assert find_fit(entry(lightning), car("F-150", 2023, powertrain="BEV")).lines == (lightning,)
    assert find_fit(entry(lightning), car("F-150", 2023, powertrain="ICE")).how != "line"
    plain = line("F-150", "BEV", start=2022)
    assert find_fit(entry(lightning, plain), car("F-150", 2023, powertrain="BEV")).lines == (plain,)


@pytest.mark.parametrize("unknown", [car("Golf", None), car("Golf", 2020, powertrain=None)])
def test_what_a_line_says_of_a_car_not_known_to_be_one_of_it_is_an_inference(unknown: Identity) -> None:
    found = find_fit(entry(line("Golf")), unknown)
    assert found.found
    assert {found.evidence, *(grant.evidence for grant in found.grants.values())} == {"inferred"}
