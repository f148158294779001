"""The capability catalogue as v3 writes it."""

from __future__ import annotations

import pytest
from tests.wire.v3.samples import GA, PREVIEW, written

from carwire.core.compatibility.fit import grants_of_line
from carwire.core.countries import MARKETS
from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL, PERMISSIONS
from carwire.core.signals.catalogue import signals
from carwire.core.vin.powertrain import Powertrain
from carwire.storage.catalogue import load_catalogue
from carwire.wire.v3.compatibility import capabilities_of, compatible_body, compatible_resource, read_compatible
from carwire.wire.v3.paging import Page

POWERTRAINS: tuple[Powertrain, ...] = ("ICE", "HEV", "PHEV", "BEV", "FCEV")


def test_a_query_without_filters_asks_for_everything() -> None:
    found = read_compatible({}, GA)
    assert (found.regions, found.make, found.powertrain, found.filters) == (MARKETS, None, None, ())
    assert found.page == Page(1, 100)


def test_filters_may_be_written_in_any_case() -> None:
    sent = {"filter[region]": "europe", "filter[make]": "Land Rover", "filter[powertrainType]": "bev"}
    found = read_compatible(sent, GA)
    assert (found.regions, found.make, found.powertrain) == (("EUROPE",), "Land Rover", "BEV")
    assert dict(found.filters) == {**sent, "filter[region]": "EUROPE", "filter[powertrainType]": "BEV"}


@pytest.mark.parametrize("name", ["filter[region]", "filter[powertrainType]", "filter[make]"])
def test_a_filter_that_names_nothing_is_refused(name: str) -> None:
    for value in ("", "x" * 256, "ATLANTIS") if name != "filter[make]" else ("", "x" * 256):
        with pytest.raises(InvalidInput) as caught:
            read_compatible({name: value}, GA)
        assert [each.field for each in caught.value.fields] == [name]


@pytest.mark.parametrize("powertrain", POWERTRAINS)
def test_capabilities_are_the_published_signals_a_car_can_have_and_the_commands(powertrain: Powertrain) -> None:
    found = capabilities_of(powertrain, PERMISSIONS)
    reads = {each.code for each in found if each.type == "signal"}
    assert reads == {
        row.code for row in signals().values() if row.kind in {"signal", "attribute"} and row.suits(powertrain)
    }
    for each in found:
        assert each.code == f"{each.group}-{each.name}".lower()
        assert (each.permission in CONTROL) is (each.type == "command")


def test_a_permission_opens_its_own_signals_only() -> None:
    for permission in PERMISSIONS:
        assert {each.permission for each in capabilities_of("PHEV", frozenset({permission}))} <= {permission}
    assert capabilities_of("BEV", frozenset({"read_fuel"})) == ()


def test_documented_codes_of_commands_are_there() -> None:
    codes = {each.code for each in capabilities_of("BEV", PERMISSIONS) if each.type == "command"}
    assert {"charge-start", "closure-lock"} <= codes


def test_names_are_put_into_words() -> None:
    words = {each.code: each.capability for each in capabilities_of("PHEV", PERMISSIONS)}
    assert words["tractionbattery-stateofcharge"] == "State Of Charge"
    assert words["vehicleidentification-vin"] == "VIN"
    assert words["hvac-iscabinhvacactive"] == "Is Cabin HVAC Active"


def test_every_line_of_the_catalogue_is_an_entry_with_an_id_of_its_own() -> None:
    seen = set()
    for make in load_catalogue().makes.values():
        for market, entry in make.markets.items():
            for line in entry.lines:
                if line.doubt:
                    continue
                end = line.end_year or max(2026, line.start_year)
                found = compatible_resource(
                    make.make,
                    market,
                    line.model,
                    powertrain=line.powertrain,
                    start_year=line.start_year,
                    end_year=end,
                    permissions=grants_of_line(line, entry.additions),
                )
                assert found.id == f"{make.make}-{line.model}-{line.start_year}-{end}-{line.powertrain}-{market}"
                assert found.attributes.capabilities
                seen.add(found.id)
    assert len(seen) > 1000


def test_the_list_keeps_its_own_meta_in_either_generation() -> None:
    for view in (GA, PREVIEW):
        found = written(compatible_body([], read_compatible({"filter[region]": "US"}, view), 0, view))
        assert found["meta"] == {"page": 1, "pageSize": 100, "totalCount": 0}
        assert "filter%5Bregion%5D=US" in found["links"]["self"]
