"""Compatibility of single VINs, of many, and the matrix, on the real decoder and catalogue."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
import ultravin

from carwire.connectors.vpic import VpicDecoder
from carwire.core.compatibility.simulated import LEVELS
from carwire.core.countries import MARKETS, Market
from carwire.core.errors import InvalidInput
from carwire.core.permissions import NEEDS_COMBUSTION, NEEDS_PLUG
from carwire.core.vin.powertrain import Powertrain
from carwire.services.compatibility import Checked, CompatibilityService, MatrixLine, any_vin, whole_vin
from carwire.storage.catalogue import load_catalogue

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CATALOGUE = load_catalogue()
SERVICE = CompatibilityService(VpicDecoder(), CATALOGUE, lambda: NOW)
MODEL_S = "5YJSA1E29LF403082"
ASKED = ("read_odometer", "read_fuel", "read_battery")


def capable(checked: Checked) -> dict[str, bool]:
    return {c.permission: c.capable for c in checked.verdict.capabilities}


@pytest.mark.parametrize("vin", [MODEL_S, MODEL_S.lower()])
def test_a_vin_is_read_in_any_case(vin: str) -> None:
    found = SERVICE.check(vin, ASKED, "US")
    assert found.vin == MODEL_S
    assert found.read_by.startswith("vPIC ")
    assert capable(found) == {"read_odometer": True, "read_fuel": False, "read_battery": True}


@pytest.mark.parametrize(
    ("vin", "said"),
    [
        ("", "has 0"),
        (MODEL_S[:-1], "has 16"),
        (MODEL_S + "1", "has 18"),
        (MODEL_S[:8] + "-" + MODEL_S[8:], "has 18"),
        (MODEL_S[:16] + " ", "position 17 is ' '"),
        ("5YJSA1E29LF40308O", "position 17 is 'O'"),
        ("IYJSA1E29LF403082", "position 1 is 'I'"),
        ("5YJSA1E2*LF403082", "position 9 is '*'"),
        ("5YJSA1E29LF40308\0", r"position 17 is '\x00'"),
        ("5YJSA1E29LF40308\ud800", r"position 17 is '\ud800'"),
        ("5yjsa1e29lf40308\u00df", r"position 17 is '\xdf'"),
        ("5yjsa1e29lf40308\uff11", r"position 17 is '\uff11'"),
    ],
)
def test_what_is_no_whole_vin_is_refused_on_the_field_vin(vin: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        SERVICE.check(vin, ASKED, "US")
    (problem,) = caught.value.fields
    assert problem.field == "vin"
    assert said in problem.message
    with pytest.raises(InvalidInput):
        whole_vin(vin)


def test_only_the_length_matters_in_test_mode() -> None:
    assert any_vin("i" * 17) == "I" * 17
    assert SERVICE.check("?" * 17, ASKED, "US", level="compatible").verdict.compatible
    with pytest.raises(InvalidInput, match="must have 17"):
        SERVICE.check("?" * 16, ASKED, "US", level="compatible")


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_answers_for_any_vin_real_ones_included(level: str) -> None:
    asked = (*NEEDS_PLUG, *NEEDS_COMBUSTION, "read_odometer")
    found = SERVICE.check(MODEL_S, asked, "US", level=level)
    assert (found.read_by, found.verdict.simulated, found.car.make) == ("simulated", level, None)
    assert found.verdict.compatible is (level != "incompatible")
    can = {permission for permission, yes in capable(found).items() if yes}
    expected = {
        "compatible": set(asked),
        "phev": set(asked),
        "incompatible": set(),
        "bev": {*NEEDS_PLUG, "read_odometer"},
        "fuel": {*NEEDS_COMBUSTION, "read_odometer"},
        "dinosaur": {*NEEDS_COMBUSTION, "read_odometer"},
    }
    assert can == expected[level]


@pytest.mark.parametrize("vin", ["0SCGMCT0386A85356", "1scgmct0386a85356"])
def test_a_simulated_car_is_a_battery_car_outside_test_mode(vin: str) -> None:
    found = SERVICE.check(vin, ASKED, "US")
    assert found.read_by == "simulated"
    assert capable(found) == {"read_odometer": True, "read_fuel": False, "read_battery": True}


@pytest.mark.parametrize("country", ["CA", "DE"])
def test_us_only_keeps_the_verdict_and_drops_capabilities_elsewhere(country: str) -> None:
    vin = "5YJ3E1EA0KF000123"
    world = SERVICE.check(vin, ASKED, country).verdict
    assert world.compatible
    assert len(world.capabilities) == len(ASKED)
    strict = CompatibilityService(VpicDecoder(), CATALOGUE, lambda: NOW, us_only=True)
    for answer in (
        SERVICE.check(vin, ASKED, country, us_only=True),
        strict.check(vin, ASKED, country),
        *strict.check_many([vin], ASKED, country),
        *SERVICE.check_many([vin], ASKED, country, us_only=True),
    ):
        assert isinstance(answer, Checked)
        assert (answer.verdict.compatible, answer.verdict.capabilities) == (True, ())
    assert strict.check(vin, ASKED, country, us_only=False).verdict == world
    assert strict.check(vin, ASKED, "US").verdict == SERVICE.check(vin, ASKED, "US").verdict


def test_a_country_without_a_market_supports_no_make() -> None:
    verdict = SERVICE.check(MODEL_S, ASKED, "JP").verdict
    assert (verdict.compatible, verdict.reason, verdict.market) == (False, "MAKE_NOT_COMPATIBLE", None)


@pytest.mark.parametrize(
    ("vin", "country", "makes", "year"),
    [
        ("WVWZZZE1ZMP012345", "DE", ("VOLKSWAGEN",), 2021),
        ("YV1XZEDVEM2012345", "SE", ("VOLVO",), 2021),
        ("WBA8E9C50GK012345", "DE", ("BMW",), None),
        ("VF1AG000X66012345", "FR", ("RENAULT", "DACIA", "ALPINE", "EAGLE"), None),
        ("WF0FXXWPCFLR01234", "DE", ("FORD",), None),  # no year at position 10
    ],
)
def test_a_car_of_another_market_is_judged_by_maker_and_where_written_year(
    vin: str, country: str, makes: tuple[str, ...], year: int | None
) -> None:
    found = SERVICE.check(vin, ASKED, country)
    if vin.startswith("WBA"):
        return  # vPIC decides this one
    assert found.read_by == "manufacturer identifier"
    assert found.verdict.makes_asked == makes
    assert (found.car.make, found.car.model, found.car.powertrain) == (None, None, None)
    assert found.car.model_year == year


def test_a_mistyped_car_of_austin_is_still_read_by_vpic() -> None:
    found = SERVICE.check("7SAYGDEE0NF000123", ASKED, "US")  # the digit should be 6
    assert found.read_by.startswith("vPIC")
    assert found.car.model == "Model Y"


def test_an_unknown_maker_is_not_compatible() -> None:
    verdict = SERVICE.check("WZZ00000000000000", ASKED, "DE").verdict
    assert (verdict.reason, verdict.makes_asked) == ("MAKE_NOT_COMPATIBLE", ())


def test_many_vins_are_answered_in_order_as_one_by_one_errors_in_their_place() -> None:
    vins: list[str] = ultravin.generate(200, seed=7, invalid_rate=0.2, now=NOW, min_year=2012)
    vins[3:3] = [
        "",
        "too short",
        "0SCGMCT0386A85356",
        "5YJSA1E29LF40308O",
        MODEL_S,
        "WVWZZZE1ZMP012345",
        MODEL_S.lower(),
    ]
    answers = SERVICE.check_many(vins, ASKED, "US")
    assert len(answers) == len(vins)
    errors = 0
    for vin, answer in zip(vins, answers, strict=True):
        try:
            expected: Checked | InvalidInput = SERVICE.check(vin, ASKED, "US")
        except InvalidInput as error:
            expected = error
            errors += 1
        if isinstance(expected, InvalidInput):
            assert isinstance(answer, InvalidInput)
            assert answer.fields == expected.fields
        else:
            assert answer == expected
    assert errors >= 3
    assert SERVICE.check_many([], ASKED, "US") == []


def test_every_verdict_can_be_explained() -> None:
    vins: list[str] = ultravin.generate(600, seed=9, invalid_rate=0.1, now=NOW, min_year=2010, vehicle_type=2)
    hows = set()
    for country in ("US", "CA", "DE", "JP"):
        for answer in SERVICE.check_many([*vins, MODEL_S, "0SCGMCT0386A85356"], ASKED, country):
            if isinstance(answer, InvalidInput):
                continue
            found = SERVICE.explain(answer)
            assert (found.vin, found.compatible, found.reason) == (
                answer.vin,
                answer.verdict.compatible,
                answer.verdict.reason,
            )
            for ground in (found.ground, *(c.ground for c in found.capabilities)):
                assert ground.statement
                assert ground.would_change
            hows.add(answer.verdict.fit.how if answer.verdict.fit else None)
    assert len(hows) >= 5


def lines(matrix: Mapping[str, Sequence[MatrixLine]]) -> list[tuple[str, MatrixLine]]:
    return [(make, line) for make, found in matrix.items() for line in found]


@pytest.mark.parametrize("market", MARKETS)
def test_the_matrix_has_the_lines_of_supported_makes_without_doubtful_ones(market: Market) -> None:
    matrix = SERVICE.matrix(market)
    doubtful = 0
    for make in CATALOGUE.makes.values():
        entry = make.markets.get(market)
        sure = [line for line in entry.lines if not line.doubt] if entry and entry.supported else []
        doubtful += len(entry.lines) - len(sure) if entry and entry.supported else 0
        assert [line.model for line in matrix.get(make.make, [])] == [line.model for line in sure]
    assert list(matrix) == sorted(matrix)
    assert all(matrix.values())
    assert market != "US" or doubtful > 0


def test_a_line_that_is_still_current_ends_this_year_and_never_before_it_starts() -> None:
    early = CompatibilityService(VpicDecoder(), CATALOGUE, lambda: datetime(2015, 1, 1, tzinfo=UTC))
    for service, year in ((SERVICE, 2026), (early, 2015)):
        ends = {line.end_year for _, line in lines(service.matrix("US"))}
        assert year in ends
        assert all(line.start_year <= line.end_year for _, line in lines(service.matrix("US")))


@pytest.mark.parametrize("powertrain", ["ICE", "BEV", "PHEV", "HEV"])
def test_the_matrix_is_narrowed_to_a_powertrain(powertrain: Powertrain) -> None:
    found = lines(SERVICE.matrix("US", powertrain=powertrain))
    assert found == [pair for pair in lines(SERVICE.matrix("US")) if pair[1].powertrain == powertrain]
    assert found


@pytest.mark.parametrize(
    ("makes", "expected"),
    [
        (["KIA"], {"KIA"}),
        (["kia", "Land-Rover"], {"KIA", "LAND ROVER"}),
        (["KIA", "nobody"], {"KIA"}),
        (["nobody"], set()),
        ([], set()),
    ],
)
def test_the_matrix_is_narrowed_to_makes(makes: list[str], expected: set[str]) -> None:
    found = SERVICE.matrix("US", makes=makes)
    assert set(found) == expected
    assert all(found[make] == SERVICE.matrix("US")[make] for make in found)


def test_the_matrix_is_narrowed_to_lines_with_every_permission_additions_included() -> None:
    wanted = ("read_odometer", "control_security", "read_security")
    found = lines(SERVICE.matrix("US", permissions=wanted))
    assert found == [pair for pair in lines(SERVICE.matrix("US")) if set(pair[1].permissions) >= set(wanted)]
    assert 0 < len(found) < len(lines(SERVICE.matrix("US")))
    evoque = [line for line in SERVICE.matrix("US", makes=["LAND ROVER"])["LAND ROVER"] if line.model == "Discovery"]
    assert "read_security" in evoque[0].permissions, "announced after the line's source"


def test_filters_work_together() -> None:
    found = lines(SERVICE.matrix("US", powertrain="BEV", makes=["KIA", "TESLA"], permissions=["read_charge"]))
    assert {make for make, _ in found} == {"KIA", "TESLA"}
    assert all(line.powertrain == "BEV" and "read_charge" in line.permissions for _, line in found)
    assert SERVICE.matrix("US", powertrain="BEV", permissions=["read_fuel"]) == {}


def test_no_line_of_the_matrix_has_what_its_powertrain_cannot() -> None:
    for market in MARKETS:
        for make, line in lines(SERVICE.matrix(market)):
            lacking = {"BEV": NEEDS_COMBUSTION, "ICE": NEEDS_PLUG, "HEV": NEEDS_PLUG}.get(line.powertrain, frozenset())
            assert not set(line.permissions) & lacking, f"{make} {line.model}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("KIA LAND ROVER", ["KIA", "LAND ROVER"]),
        ("LAND ROVER KIA", ["LAND ROVER", "KIA"]),
        ("alfa romeo land rover mercedes benz", ["alfa romeo", "land rover", "mercedes benz"]),
        ("Mercedes-Benz", ["Mercedes-Benz"]),
        ("LAND", []),
        ("LAND KIA ROVER", ["KIA"]),
        ("nobody KIA nobody", ["KIA"]),
        ("  KIA  ", ["KIA"]),
        ("", []),
        ("- - -", []),
    ],
)
def test_makes_with_blanks_are_read_from_a_list_separated_by_blanks(text: str, found: list[str]) -> None:
    assert SERVICE.makes_in(text) == found


def test_the_longest_list_of_makes_the_wire_takes_is_read_in_time_that_grows_no_faster_than_its_square() -> None:
    def seconds(words: int) -> float:
        start = time.perf_counter()
        assert SERVICE.makes_in("x " * words) == []
        return time.perf_counter() - start

    assert SERVICE.makes_in("KIA " * 250) == ["KIA"] * 250
    short, long = min(seconds(60) for _ in range(5)), min(seconds(480) for _ in range(2))
    assert long < 0.02 or long / short < 120, "eight times the words, at most some 64 times as long"


# Real cars whose trims hold letters and digits of other models' names: the answer rests on a line of their own.
@pytest.mark.parametrize(
    ("make", "model", "foreign"),
    [
        ("AUDI", "Q5", {"S5", "Q3"}),
        ("AUDI", "A4", {"S4"}),
        ("BMW", "X3", {"i3"}),
        ("MERCEDES-BENZ", "GLC-Class", {"S-Class", "E-Class"}),
        ("MERCEDES-BENZ", "GLE-Class", {"S-Class", "E-Class"}),
        ("VOLVO", "S60", {"XC60", "S90", "V60"}),
        ("VOLVO", "XC60", {"XC90", "XC40", "S60"}),
    ],
)
def test_no_car_is_answered_by_the_line_of_another_model(make: str, model: str, foreign: set[str]) -> None:
    vins: list[str] = ultravin.generate(1500, seed=4, make=make, min_year=2014, now=NOW)
    cars = [
        c for c in SERVICE.check_many(vins, ("read_odometer",), "US") if isinstance(c, Checked) and c.car.model == model
    ]
    assert len(cars) >= 5
    wrong = {
        (c.car.series, c.car.trim, line.model, c.verdict.reason)
        for c in cars
        for line in (c.verdict.fit.lines if c.verdict.fit else ())
        if line.model in foreign
    }
    assert wrong == set()
