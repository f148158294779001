"""Countries of ISO 3166-1, the markets they belong to, and the areas of VIN positions 1-2."""

from __future__ import annotations

import pycountry
import pytest

from carwire.core._iso3166 import COUNTRIES, EUROPE
from carwire.core.countries import MARKETS, market_of, parse_country
from carwire.core.errors import InvalidInput
from carwire.core.vin._countries_table import RANGES, REGIONS
from carwire.core.vin.countries import country_of, region_of

ORDER = "ABCDEFGHJKLMNPRSTUVWXYZ1234567890"
EU = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"}
    | {"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)


def test_the_table_is_iso_3166_1_as_pycountry_has_it() -> None:
    assert {country.alpha_2 for country in pycountry.countries} == set(COUNTRIES)
    assert len(COUNTRIES) == 249


def test_every_name_is_one_pycountry_knows_the_country_by() -> None:
    for country in pycountry.countries:
        known = {country.name, getattr(country, "common_name", None), getattr(country, "official_name", None)}
        assert COUNTRIES[country.alpha_2] in known


def test_europe_is_the_union_the_kingdom_and_efta_and_excludes_the_countries_named_as_left_out() -> None:
    assert set(COUNTRIES) >= EUROPE >= EU | {"GB", "CH", "NO", "IS", "LI"}
    assert EUROPE.isdisjoint({"RU", "BY", "TR", "UA", "MD", "RS", "US", "CA", "GL", "AX", "GE"})


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_a_country_is_read_in_any_case_and_has_at_most_one_market(code: str) -> None:
    assert parse_country(code) == parse_country(code.lower()) == code
    expected = "EUROPE" if code in EUROPE else code if code in {"US", "CA"} else None
    assert market_of(code) == expected
    assert expected is None or expected in MARKETS


@pytest.mark.parametrize(
    "text", ["", "U", "USA", "UK", "EU", "XX", "ZZ", "U S", " US", "\uff35\uff33", "\u212ay", "ß", "\ud800", "us\0"]
)
def test_what_is_no_country_is_refused_on_the_field_country(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_country(text)
    assert [problem.field for problem in caught.value.fields] == ["country"]


def test_a_refusal_quotes_a_short_ascii_part_of_what_was_sent() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_country("é" * 5000)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 200


def test_the_areas_of_vin_positions_1_and_2_do_not_overlap_and_stay_in_one_region() -> None:
    taken: dict[str, str] = {}
    for first, last, code, _ in RANGES:
        assert first[0] == last[0]
        assert ORDER.index(first[1]) <= ORDER.index(last[1])
        for second in ORDER[ORDER.index(first[1]) : ORDER.index(last[1]) + 1]:
            assert first[0] + second not in taken, f"{first[0] + second} is {taken[first[0] + second]} and {code}"
            taken[first[0] + second] = code
    assert {pair[0] for pair in taken} <= set(REGIONS)
    for pair, code in taken.items():
        found = country_of(pair)
        assert found is not None
        assert found.code == code


def test_every_area_names_a_country_of_iso_3166_1() -> None:
    for first, last, code, name in RANGES:
        assert code == "" or code in COUNTRIES, f"{first}-{last} is {code}"
        assert name


@pytest.mark.parametrize(
    ("start", "country", "region"),
    [
        ("WV", "DE", "Europe"),
        ("W0", "DE", "Europe"),
        ("VF", "FR", "Europe"),
        ("VS", "ES", "Europe"),
        ("TM", "CZ", "Europe"),
        ("SA", "GB", "Europe"),
        ("ZA", "IT", "Europe"),
        ("YV", "SE", "Europe"),
        ("JH", "JP", "Asia"),
        ("KM", "KR", "Asia"),
        ("LS", "CN", "Asia"),
        ("MA", "IN", "Asia"),
        ("1F", "US", "North America"),
        ("2T", "CA", "North America"),
        ("3V", "MX", "North America"),
        ("5Y", "US", "North America"),
        ("7S", "US", "North America"),
        ("7A", "NZ", "North America"),
        ("6F", "AU", "Oceania"),
        ("8A", "AR", "South America"),
        ("9B", "BR", "South America"),
        ("AA", "ZA", "Africa"),
    ],
)
def test_well_known_areas_are_read(start: str, country: str, region: str) -> None:
    found = country_of(start + "Z")
    assert found is not None
    assert (found.code, region_of(start)) == (country, region)


@pytest.mark.parametrize("start", ["", "W", "**", "IO", "0A", "GA"])
def test_what_is_not_assigned_has_no_country(start: str) -> None:
    assert country_of(start) is None


@pytest.mark.parametrize("first", ["", "I", "O", "Q", "0", "*"])
def test_what_starts_no_vin_has_no_region(first: str) -> None:
    assert region_of(first) is None
