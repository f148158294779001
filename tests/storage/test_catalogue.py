"""The catalogue that comes with the package: sound, sourced, and agreeing with the wire and its reference points."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from carwire.connectors.vpic import VpicDecoder
from carwire.core.compatibility.catalogue import (
    Addition,
    Catalogue,
    Caveat,
    Default,
    FirstYear,
    Line,
    Make,
    MarketEntry,
    Source,
    squash,
)
from carwire.core.countries import MARKETS
from carwire.core.permissions import PERMISSIONS
from carwire.services.compatibility import CompatibilityService
from carwire.storage.catalogue import load_catalogue
from carwire.wire.v2.compatibility import DISPLAY_NAMES, ENDPOINTS, MAKE_ENDPOINTS

CATALOGUE = load_catalogue()
ENTRIES = [
    pytest.param(make, market, entry, id=f"{make.make} {market}")
    for make in CATALOGUE.makes.values()
    for market, entry in make.markets.items()
]
each_entry = pytest.mark.parametrize(("make", "market", "entry"), ENTRIES)


def test_the_catalogue_has_no_problems() -> None:
    assert CATALOGUE.problems() == []


def test_at_least_35_makes_are_supported_somewhere() -> None:
    supported = {m.make for m in CATALOGUE.makes.values() if any(entry.supported for entry in m.markets.values())}
    assert len(supported) >= 35
    assert supported >= {"TESLA", "FORD", "VOLKSWAGEN", "BMW", "TOYOTA", "HYUNDAI", "KIA", "VOLVO", "RENAULT"}
    for market in MARKETS:
        assert sum(m.markets[market].supported for m in CATALOGUE.makes.values() if market in m.markets) >= 10


@each_entry
def test_every_statement_has_a_source_and_a_region_has_reasons(make: Make, market: str, entry: MarketEntry) -> None:
    named = {entry.source, *(line.source for line in entry.lines), *(d.source for d in entry.defaults.values())}
    named |= {statement.source for statement in entry.additions} | {caveat.source for caveat in entry.caveats}
    named |= {entry.first_model_year.source} if entry.first_model_year else set()
    assert named <= set(CATALOGUE.sources)
    for addition in entry.additions:
        assert set(addition.after) <= set(CATALOGUE.sources)
        assert any(line.source in addition.after for line in entry.lines), "an addition nothing is extended by"
    if not entry.supported:
        assert not (entry.lines or entry.defaults or entry.additions)


@each_entry
def test_what_is_documented_is_not_sourced_from_guesses(make: Make, market: str, entry: MarketEntry) -> None:
    statements: list[Line | Default | Addition | MarketEntry] = [entry, *entry.lines, *entry.additions]
    statements += entry.defaults.values()
    for statement in statements:
        if statement.evidence == "documented":
            assert CATALOGUE.sources[statement.source].kind != "inferred"


@each_entry
def test_defaults_fit_their_powertrains(make: Make, market: str, entry: MarketEntry) -> None:
    for powertrain, default in entry.defaults.items():
        lines = Line("default", powertrain, 2020, None, default.permissions, default.evidence, default.source)
        probe = MarketEntry(True, "documented", default.source, lines=(lines,))
        found = Catalogue(
            [Make("A", "A", {"US": probe})], {default.source: CATALOGUE.sources[default.source]}
        ).problems()
        assert found == []


def test_no_spelling_stands_for_two_makes() -> None:
    owners: dict[str, str] = {}
    for make in CATALOGUE.makes.values():
        assert make.make == make.make.upper()
        for spelling in {squash(text) for text in (make.make, make.name, *make.aliases)}:
            assert owners.setdefault(spelling, make.make) == make.make
            found = CATALOGUE.find(spelling)
            assert found is not None
            assert found.make == make.make


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("Mercedes-Benz", "MERCEDES-BENZ"),
        ("mercedes benz", "MERCEDES-BENZ"),
        ("LANDROVER", "LAND ROVER"),
        ("Citroën", "CITROEN"),
        ("Škoda", "SKODA"),
        ("SKODA", "SKODA"),
        ("Volkswagen Group", None),
        ("", None),
        ("-", None),
    ],
)
def test_a_make_is_found_in_the_makers_spelling_and_the_wires(name: str, make: str | None) -> None:
    found = CATALOGUE.find(name)
    assert (found.make if found else None) == make


# The reference points of the wire contract, chapter 7.2: what the original answered for these VINs.
@pytest.mark.parametrize(
    ("vin", "compatible", "reason", "expected"),
    [
        ("5YJXCDE22HF068739", True, None, {"read_odometer": None, "read_location": None}),
        ("5YJSA1E29LF403082", True, None, {"read_fuel": "SMARTCAR_NOT_CAPABLE"}),
        ("WAUAFAFL1GN014882", True, None, dict.fromkeys(("read_odometer", "read_location"), "VEHICLE_NOT_CAPABLE")),
        ("WBAKE5C58DJ107700", False, "VEHICLE_NOT_COMPATIBLE", {}),
        ("0SCGMCT0386A85356", True, None, {"read_odometer": None, "read_fuel": "VEHICLE_NOT_CAPABLE"}),
    ],
)
def test_the_reference_points_of_the_wire_hold(
    vin: str, compatible: bool, reason: str | None, expected: dict[str, str | None]
) -> None:
    service = CompatibilityService(VpicDecoder(), CATALOGUE, lambda: datetime(2026, 11, 21, tzinfo=UTC))
    verdict = service.check(vin, tuple(expected), "US").verdict
    assert (verdict.compatible, verdict.reason) == (compatible, reason)
    assert {c.permission: c.reason for c in verdict.capabilities} == expected
    assert {c.permission: c.capable for c in verdict.capabilities} == {p: r is None for p, r in expected.items()}


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_every_permission_has_a_display_name_and_its_endpoints(permission: str) -> None:
    assert DISPLAY_NAMES[permission]
    assert permission in ENDPOINTS or permission in MAKE_ENDPOINTS


def test_the_wire_names_nothing_but_permissions_and_known_makes() -> None:
    assert set(DISPLAY_NAMES) == set(ENDPOINTS) | set(MAKE_ENDPOINTS) == PERMISSIONS
    assert len(set(DISPLAY_NAMES.values())) == len(DISPLAY_NAMES)
    assert {make for makes in MAKE_ENDPOINTS.values() for make in makes} <= set(CATALOGUE.makes)
    assert all(path.startswith("/") for paths in ENDPOINTS.values() for path in paths)


GOOD = Line("Alpha", "BEV", 2020, None, ("read_vin",), "documented", "a")
ENTRY = MarketEntry(True, "documented", "a", lines=(GOOD,))
SOURCES = {"a": Source("A", "example.org", "platform")}


def problems(entry: MarketEntry, sources: dict[str, Source] | None = None) -> list[str]:
    return Catalogue([Make("ACME", "Acme", {"US": entry})], SOURCES if sources is None else sources).problems()


def changed(**what: object) -> MarketEntry:
    return msgspec.structs.replace(ENTRY, lines=(msgspec.structs.replace(GOOD, **what),))


def test_a_good_entry_has_no_problems() -> None:
    assert problems(ENTRY) == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            MarketEntry(True, "documented", "a"),
            "ACME US: is supported, but neither a line nor a default says with what",
        ),
        (msgspec.structs.replace(ENTRY, supported=False), "ACME US: is not supported, but has lines"),
        (changed(end_year=2031), "ACME US: Alpha BEV 2020: years outside 2008-2027"),
        (
            msgspec.structs.replace(ENTRY, first_model_year=FirstYear(2021, "documented", "a")),
            "ACME US: Alpha BEV 2020: starts before 2021, the first model year of the make",
        ),
        (changed(start_year=2028), "ACME US: Alpha BEV 2028: years outside 2008-2027"),
        (changed(end_year=2099), "ACME US: Alpha BEV 2020: years outside 2008-2027"),
        (changed(end_year=2019), "ACME US: Alpha BEV 2020: ends in 2019, before it starts"),
        (changed(permissions=("read_fuel",)), "ACME US: Alpha BEV 2020: a BEV has no read_fuel"),
        (changed(powertrain="ICE", permissions=("read_charge",)), "ACME US: Alpha ICE 2020: a ICE has no read_charge"),
        (msgspec.structs.replace(ENTRY, lines=(GOOD, GOOD)), "ACME US: Alpha BEV 2020: stands twice"),
        (changed(permissions=("read_mind",)), "ACME US: line Alpha: read_mind is no permission"),
        (changed(permissions=()), "ACME US: line Alpha: permissions are empty or repeat"),
        (changed(permissions=("read_vin", "read_vin")), "ACME US: line Alpha: permissions are empty or repeat"),
        (
            msgspec.structs.replace(ENTRY, defaults={"BEV": Default(("read_mind",), "inferred", "a")}),
            "ACME US: default BEV: read_mind is no permission",
        ),
        (
            msgspec.structs.replace(ENTRY, additions=(Addition((), "documented", "a", ("a",)),)),
            "ACME US: addition: permissions are empty or repeat",
        ),
        (changed(source="z", doubt="x"), "source z is not in the list of sources"),
        (
            msgspec.structs.replace(ENTRY, caveats=(Caveat("text", "z"),)),
            "source z is not in the list of sources",
        ),
        (
            msgspec.structs.replace(ENTRY, first_model_year=FirstYear(2020, "inferred", "z")),
            "source z is not in the list of sources",
        ),
    ],
)
def test_each_kind_of_broken_statement_is_one_problem(entry: MarketEntry, problem: str) -> None:
    assert problems(entry) == [problem]


def test_a_source_nothing_uses_is_a_problem() -> None:
    spare = {**SOURCES, "b": Source("B", "example.org", "press")}
    assert problems(ENTRY, spare) == ["source b is used by no statement"]


def test_a_line_in_doubt_may_have_what_its_powertrain_cannot() -> None:
    assert problems(changed(permissions=("read_fuel",), doubt="no such car")) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"make": "A", "name": "A", "regions": {}, "colour": "red"}',
        '{"make": "A", "name": "A", "regions": {"MARS": {"supported": false, "evidence": "inferred", "source": "a"}}}',
        '{"make": "A", "name": "A", "regions": {"US": {"supported": false, "evidence": "rumour", "source": "a"}}}',
        '{"make": "A", "name": "A", "regions": {"US": {"supported": "no", "evidence": "inferred", "source": "a"}}}',
        '{"make": "A", "name": "A", "regions": {"US": {"supported": false, "evidence": "inferred"}}}',
        '{"name": "A", "regions": {}}',
        "[]",
        "",
    ],
)
def test_a_file_that_does_not_decode_is_refused(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(text, type=Make)


def test_every_addition_extends_some_line_or_stands_in_a_default() -> None:
    lost = []
    for make in CATALOGUE.makes.values():
        for market, entry in make.markets.items():
            sources = {line.source for line in entry.lines if not line.doubt}
            usual = {p for default in entry.defaults.values() for p in default.permissions}
            lost += [
                f"{make.make} {market} {sorted(addition.permissions)}"
                for addition in entry.additions
                if sources.isdisjoint(addition.after) and not set(addition.permissions) <= usual
            ]
    assert lost == []


def test_a_tesla_has_its_own_endpoints_in_every_market() -> None:
    for market in MARKETS:
        own = CATALOGUE.supported_permissions(CATALOGUE.makes["TESLA"], market)
        assert {"control_trunk", "control_pin", "read_compass", "read_alerts", "read_thermometer"} <= own
