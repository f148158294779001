"""Decoding through vPIC: values with their sources, gaps with their reasons, the cheap way equal to the full one."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import ultravin

from carwire.connectors._vpic_serials import DATA_MONTH
from carwire.connectors.vpic import KW_PER_HP, VpicDecoder
from carwire.core.vin.decode import Decoded, Field, believed
from carwire.core.vin.structure import compute_check_digit

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DECODER = VpicDecoder()
GENERATED: list[str] = ultravin.generate(500, seed=7, invalid_rate=0.2, now=NOW)
COVER: list[str] = ultravin.cover_vins()
MODEL_3 = "5YJ3E1EA0KF000123"
ACCORD = "1HGCM82633A004352"


def decode(vin: str) -> Decoded:
    return DECODER.decode(vin, now=NOW)


def fields_of(decoded: Decoded) -> dict[str, Field[Any]]:
    """Every field of a decode by its dotted name."""
    found: dict[str, Field[Any]] = {}
    for name, value in msgspec.structs.asdict(decoded).items():
        if isinstance(value, Field):
            found[name] = value
        elif isinstance(value, msgspec.Struct):
            found |= {f"{name}.{n}": v for n, v in msgspec.structs.asdict(value).items()}
    return found


@pytest.mark.parametrize(
    ("vin", "make", "model", "year", "powertrain"),
    [
        (MODEL_3, "TESLA", "Model 3", 2019, "BEV"),
        ("7SAYGDEE6NF000123", "TESLA", "Model Y", 2022, "BEV"),
        ("1FTFW1E54NFA00123", "FORD", "F-150", 2022, "ICE"),
        ("1FTFW1ED5NFA00123", "FORD", "F-150", 2022, "HEV"),
        ("1FTVW1ELXNWG00123", "FORD", "F-150", 2022, "BEV"),
        ("JTMB6RFV7MD000123", "TOYOTA", "RAV4", 2021, "HEV"),
        ("JTDKAMFP6M3000123", "TOYOTA", "Prius Prime (PHEV)", 2021, "PHEV"),
        ("JTDAAAAAXM3000123", "TOYOTA", "Mirai", 2021, "FCEV"),
        ("1G1RC6S54HU000123", "CHEVROLET", "Volt", 2017, "PHEV"),
        ("JHMZC4F78JA111111", "HONDA", "Clarity", 2018, "FCEV"),
        ("JHMZC5F10JC000123", "HONDA", "Clarity", 2018, "PHEV"),
        (ACCORD, "HONDA", "Accord", 2003, "ICE"),
        ("5UXTA6C02M9000123", "BMW", "X5", 2021, "PHEV"),
        ("JM1BPBLM5M1000123", "MAZDA", "Mazda3", 2021, "ICE"),
    ],
)
def test_well_known_cars_are_recognised(vin: str, make: str, model: str, year: int, powertrain: str) -> None:
    found = decode(vin)
    assert [e.code for e in found.errors] == [0]
    assert (found.make.value, found.model.value, found.model_year.value) == (make, model, year)
    assert found.powertrain.value == powertrain
    assert found.suggested_vin is None


@pytest.mark.parametrize(
    ("vin", "name", "value", "strength", "source"),
    [
        (MODEL_3, "make", "TESLA", "pattern", "vPIC pattern - model"),
        (MODEL_3, "manufacturer", "TESLA, INC.", "wmi", "vPIC Manu. Name"),
        (MODEL_3, "model_year", 2019, "exact", "vPIC ModelYear"),
        (MODEL_3, "vehicle_type", "PASSENGER CAR", "wmi", "vPIC VehType"),
        (MODEL_3, "model", "Model 3", "pattern", "vPIC Pattern"),
        (MODEL_3, "doors", 4, "pattern", "vPIC Pattern"),
        (MODEL_3, "transmission", "Automatic", "default", "vPIC Vehicle Specs"),
        (MODEL_3, "plant.city", "FREMONT", "pattern", "vPIC Pattern"),
        (MODEL_3, "powertrain", "BEV", "pattern", "derived from fuel and electrification"),
        ("1FT", "make", "FORD", "wmi", "vPIC Make"),
        ("1FTFW1E54NFA00123", "engine.displacement_l", 5.0, "pattern", "vPIC Pattern"),
        ("1FTFW1E54NFA00123", "engine.power_kw", 298.3, "pattern", "vPIC Pattern, from hp"),
        ("JHMZC5F10JC000123", "engine.power_kw", 135.0, "pattern", "vPIC Pattern"),
    ],
)
def test_a_value_comes_with_its_strength_and_source(
    vin: str, name: str, value: object, strength: str, source: str
) -> None:
    assert fields_of(decode(vin))[name] == Field(value, strength, source)  # type: ignore[arg-type]


@pytest.mark.parametrize("vin", ["ZDMA4AAA5GA111111", "JKALXSD148A111111"])
def test_a_displacement_converted_from_a_filed_one_is_as_strong_as_a_pattern(vin: str) -> None:
    displacement = decode(vin).engine.displacement_l
    assert displacement.value is not None
    assert 0 < displacement.value < 1
    assert displacement.strength == "pattern"
    assert displacement.source is not None
    assert displacement.source.startswith("vPIC Conversion")


def test_a_displacement_filed_as_to_be_determined_is_not_known() -> None:
    assert decode("5BBAA11121A111111").engine.displacement_l.value is None


@pytest.mark.parametrize("vin", [*GENERATED[:150], *COVER, "1FT", "ZZZ", "1", "*" * 17, "1FTFW1E54NFA0IO23"])
def test_a_field_has_a_value_with_a_source_or_a_reason(vin: str) -> None:
    for name, field in fields_of(decode(vin)).items():
        if field.value is None:
            assert (field.strength, field.source) == ("none", None), name
            assert field.reason, name
        else:
            assert field.strength in {"exact", "pattern", "wmi", "default"}, name
            assert field.source not in {None, "", "vPIC"}, f"{name} does not say where in vPIC"
            assert field.reason is None, name
            assert field.value not in {"", "Not Applicable"}, name


@pytest.mark.parametrize(
    ("vin", "reason"),
    [
        ("ZZZ", "the manufacturer identifier is not registered with NHTSA"),
        (MODEL_3, "the maker filed nothing about it for these characters"),
        ("JHMZC4F18JC000123", "the maker filed nothing about it for these characters"),
    ],
)
def test_a_gap_says_why(vin: str, reason: str) -> None:
    assert decode(vin).series == Field(None, "none", None, reason)


def test_a_maker_without_fitting_patterns_is_told_apart_from_one_not_registered() -> None:
    vin = next(v for v in COVER if len(v) == 17 and 8 in ultravin.decode(v, now=NOW)["error_codes"])
    assert decode(vin).model.reason == "the maker is registered with NHTSA, but nothing it filed fits these characters"


def test_horsepower_becomes_kilowatts() -> None:
    assert pytest.approx(0.7457, abs=1e-4) == KW_PER_HP
    seen = 0
    for vin in GENERATED:
        elements = {e["code"]: e["value"] for e in ultravin.decode(vin, full=True, now=NOW)["elements"]}
        power = decode(vin).engine.power_kw
        if elements.get("EngineKW"):
            assert power.value == float(elements["EngineKW"])
        elif elements.get("EngineHP"):
            assert power.value == pytest.approx(float(elements["EngineHP"]) * 0.7457, rel=1e-4, abs=0.051)
            assert power.source is not None
            assert power.source.endswith(", from hp")
            seen += 1
        else:
            assert power.value is None
    assert seen > 10


COMPARED = ("make", "model", "model_year", "series", "trim", "vehicle_type", "powertrain")


@pytest.mark.parametrize("name", COMPARED)
def test_identify_says_what_decode_says(name: str) -> None:
    differ = {
        vin: (getattr(decode(vin), name).value, getattr(DECODER.identify(vin, now=NOW), name))
        for vin in (*GENERATED, *COVER)
        if getattr(decode(vin), name).value != getattr(DECODER.identify(vin, now=NOW), name)
    }
    assert differ == {}


def test_identify_believes_what_the_codes_of_decode_allow() -> None:
    for vin in (*GENERATED, *COVER):
        assert DECODER.identify(vin, now=NOW).believed is believed(vin, {e.code for e in decode(vin).errors})


def test_what_is_remembered_of_a_car_holds_for_every_car_with_the_same_descriptor() -> None:
    """The cache rests on tools/serial_wmis.py; a decoder that remembers must answer as one that does not."""
    remembering, forgetful = VpicDecoder(), VpicDecoder(cached=False)
    rng = random.Random(5)
    differ = []
    for vin in ultravin.generate(20_000, seed=20, invalid_rate=0.1, now=NOW):
        serial = rng.choice("0123456789ABCDEFGHJKLMNPRSTUVWXYZ") + f"{rng.randrange(100_000):05d}"
        other = vin[:11] + serial
        other = other[:8] + (compute_check_digit(other) or "0") + other[9:]
        remembering.identify(vin, now=NOW)
        if remembering.identify(other, now=NOW) != forgetful.identify(other, now=NOW):
            differ.append((vin, other))
    assert differ == []


def test_the_table_the_cache_rests_on_was_made_for_the_installed_vpic_data() -> None:
    assert ultravin.provenance()["data_month"] == DATA_MONTH, "run tools/serial_wmis.py"


def test_the_generated_vins_hold_enough_of_what_is_compared() -> None:
    found = [DECODER.identify(vin, now=NOW) for vin in GENERATED]
    assert len(found) == 500
    assert sum(car.model is not None for car in found) > 200
    assert len({car.powertrain for car in found}) >= 2
    assert {car.believed for car in found} == {True, False}


def test_a_trailer_has_no_powertrain() -> None:
    trailers = [vin for vin in GENERATED if decode(vin).vehicle_type.value == "TRAILER"]
    assert len(trailers) > 50
    said = {DECODER.identify(vin, now=NOW).powertrain for vin in trailers if not decode(vin).fuel_type_primary.value}
    assert said == {None}


def test_two_decoders_and_two_decodes_agree() -> None:
    other = VpicDecoder()
    for vin in COVER:
        assert decode(vin) == decode(vin) == other.decode(vin, now=NOW)


SENTENCES = {
    0: "VIN decoded clean. Check Digit (9th position) is correct",
    1: "Check Digit (9th position) does not calculate properly",
    2: "VIN corrected, error in one position",
    3: "VIN corrected, error in one position (assuming Check Digit is correct)",
    4: "VIN corrected, error in one position only (indicated by ! in Suggested VIN), multiple matches found",
    5: "VIN has errors in few positions",
    6: "Incomplete VIN",
    7: "Manufacturer is not registered with NHTSA",
    8: "No detailed data available currently",
    9: "Glider Warning",
    10: "Off-Road Vehicle Warning",
    11: "Incorrect Model Year",
    14: "Unable to provide information for some of the characters in the VIN, based on the manufacturer submission.",
    400: "Invalid Characters Present",
}


def corpus_of_errors() -> list[str]:
    """The cover corpus with a good many ways of getting VINs wrong, so that codes come in company."""
    vins = [*COVER, *GENERATED]
    for vin in COVER:
        vins += [vin[:8] + "A" + vin[9:], vin[:4] + "I" + vin[5:], vin[:9] + "U" + vin[10:], vin[:12] + "O" + vin[13:]]
        vins += [vin[:14] + "AB" + vin[16:], vin[:10], vin[:3], vin[:2], vin[:9] + "0" + vin[10:14] + "QQ"]
    return vins


def test_every_error_code_is_paired_with_its_own_whole_sentence() -> None:
    seen = set()
    for vin in corpus_of_errors():
        for error in decode(vin).errors:
            seen.add(error.code)
            assert error.text.startswith(SENTENCES[error.code]), f"{vin} {error}"
            assert not error.text.endswith((";", "; 14", "; 400", " ")), f"{vin} {error}"
    assert seen == set(SENTENCES)


def test_a_mistyped_vin_comes_with_the_one_vpic_suggests() -> None:
    vins = [vin for vin in COVER if 2 in {e.code for e in decode(vin).errors}]
    assert vins
    for vin in vins:
        suggested = decode(vin).suggested_vin
        assert suggested is not None
        assert len(suggested) == 17
        assert suggested != vin


def test_names_carry_no_blanks_at_their_ends() -> None:
    vins = [*GENERATED, "4C93F4320RE618105", "1J9RM901XJC204060", "7THGP2B75PT253898"]
    for vin in vins:
        found = fields_of(decode(vin))
        assert all(field.value == field.value.strip() for field in found.values() if isinstance(field.value, str)), vin


def test_the_tables_name_their_month() -> None:
    assert DECODER.data == decode(MODEL_3).data
    assert DECODER.data.startswith("vPIC 20")


def test_a_day_before_an_identifier_was_published_it_is_not_known() -> None:
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    assert DECODER.identify(MODEL_3, now=long_ago) != DECODER.identify(MODEL_3, now=NOW)
