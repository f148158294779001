"""Cars made for other markets: every VIN of the world corpus is read to its maker, country and possible years."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from carwire.connectors.vpic import VpicDecoder
from carwire.core.vin import makers
from carwire.core.vin._wmi_table import WMI_TABLE
from carwire.core.vin.decode import Vin, believed
from carwire.services.vin import VinService

CORPUS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "data" / "world_vins.json").read_text("utf-8"))
SERVICE = VinService(VpicDecoder(), lambda: datetime(2026, 11, 21, tzinfo=UTC))
each = pytest.mark.parametrize("car", CORPUS, ids=[car["vin"] for car in CORPUS])


@cache
def read(vin: str) -> Vin:
    return SERVICE.read(vin)


def test_the_corpus_is_wide_enough_to_speak_for_the_world() -> None:
    assert len({car["vin"] for car in CORPUS}) >= 60
    assert len({car["makes"][0] for car in CORPUS}) >= 15
    assert len({car["country"] for car in CORPUS}) >= 15
    assert len({car["region"] for car in CORPUS}) >= 5


@each
def test_maker_country_and_region_are_read_from_the_identifier(car: dict[str, Any]) -> None:
    found = read(car["vin"])
    assert found.structure.complete
    assert (found.structure.wmi, found.structure.region, found.structure.country) == (
        car["wmi"],
        car["region"],
        car["country"],
    )
    if found.decoded is None:
        assert found.world is not None
        assert list(found.world.makes) == car["makes"]
        assert found.world.manufacturer
    else:
        assert found.world is None
        assert found.decoded.make.value in car["makes"]


@each
def test_the_year_the_car_was_made_for_is_among_the_possible_ones(car: dict[str, Any]) -> None:
    found = read(car["vin"])
    years = {candidate.year for candidate in found.structure.model_years}
    if found.decoded is not None:
        assert found.decoded.model_year.value is not None
        years.add(found.decoded.model_year.value)
    if car["year_candidates_must_include"] is not None:
        assert car["year_candidates_must_include"] in years


@each
def test_a_check_digit_is_judged_only_where_one_is_demanded(car: dict[str, Any]) -> None:
    digit = read(car["vin"]).structure.check_digit
    expected = {"L": "china", "H": "china"}.get(
        car["vin"][0], "north_america" if car["region"] == "North America" else "none"
    )
    assert digit.rule == expected
    assert (digit.valid is None) is (expected == "none")


@each
def test_a_car_of_another_market_is_never_taken_for_one_vpic_describes(car: dict[str, Any]) -> None:
    found = read(car["vin"])
    assert (found.decoded is None) is (car["region"] != "North America")


@each
def test_what_cannot_be_known_is_said(car: dict[str, Any]) -> None:
    world = read(car["vin"]).world
    if world is None:
        return
    said = " ".join(world.cannot_be_known)
    assert "model, series and trim" in said
    assert "powertrain" in said
    assert ("model year" in said) is (world.model_year_at_10 is not True)
    assert ("which of" in said) is (len(world.makes) > 1)
    assert "the maker:" not in said


@each
def test_a_make_said_to_write_the_year_at_10_has_a_year_code_there(car: dict[str, Any]) -> None:
    found = read(car["vin"])
    if found.world is not None and found.world.model_year_at_10:
        assert found.structure.model_years


def test_an_identifier_in_no_table_is_said_to_be_unknown() -> None:
    found = SERVICE.read("WZZ00000000000000")
    assert found.decoded is None
    assert found.world is not None
    assert (found.world.manufacturer, found.world.makes, found.world.model_year_at_10) == (None, (), None)
    assert any(text.startswith("the maker: WZZ") for text in found.world.cannot_be_known)


def test_a_small_maker_is_looked_up_by_six_characters_before_three() -> None:
    six = [wmi for wmi in WMI_TABLE if len(wmi) == 6]
    assert six
    for wmi in six:
        maker = makers.maker_of(wmi)
        assert maker is not None
        assert maker.name == WMI_TABLE[wmi][0]
        assert makers.makes_of(f"{wmi[:3]}AAAAAAAA{wmi[3:]}123") == WMI_TABLE[wmi][1]


def test_the_table_of_makers_is_well_formed() -> None:
    for wmi, (name, makes) in WMI_TABLE.items():
        assert len(wmi) in {3, 6}
        assert len(wmi) == 3 or wmi[2] == "9"
        assert set(wmi) <= set("0123456789ABCDEFGHJKLMNPRSTUVWXYZ")
        assert name == name.strip() != ""
        assert makes
        assert len(set(makes)) == len(makes)
        assert all(make.isascii() and make == make.upper().strip() for make in makes)


@pytest.mark.parametrize(
    ("makes", "expected"),
    [
        (("VOLKSWAGEN",), True),
        (("SEAT", "CUPRA"), True),
        (("TOYOTA",), False),
        (("RENAULT", "DACIA"), False),
        (("VOLKSWAGEN", "FORD"), None),
        (("FERRARI",), None),
        ((), None),
    ],
)
def test_a_year_at_10_is_known_only_when_every_make_agrees(makes: tuple[str, ...], expected: bool | None) -> None:
    assert makers.writes_year_at_10(makes) is expected


@pytest.mark.parametrize(
    ("vin", "codes", "expected"),
    [
        ("5YJ3E1EA0KF000123", {0}, True),
        ("5YJ3E1EA1KF000123", {1}, True),  # a slip of the pen, but a car of North America
        ("5YJ3E1EA0KF000123", {4, 14}, True),
        ("5YJ3E1EA0KF000123", {7}, False),
        ("WAUAFAFL1GN014882", {0}, True),
        ("WAUAFAFL1GN014882", {14}, True),
        ("WAUAFAFL1GN014882", {1}, False),
        ("WAUAFAFL1GN014882", {4}, False),
        ("WAUAFAFL1GN014882", {5, 14}, False),
        ("WAUAFAFL1GN014882", {7}, False),
        ("WAUAFAFL1GN014882", {8}, False),
        ("WAUAFAFL1GN014882", {400}, False),
        ("7SAYGDEE0NF000123", {1}, True),  # Tesla, Austin: seven is the United States too
    ],
)
def test_vpic_is_believed_abroad_only_when_the_car_follows_what_was_filed(
    vin: str, codes: set[int], expected: bool
) -> None:
    assert believed(vin, codes) is expected
