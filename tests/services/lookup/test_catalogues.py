"""Catalogues: the EPA's file and one's own, and what lookups do with them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.services.lookup.test_importing import ask, load, write

from carwire.core.errors import InvalidInput
from carwire.core.lookup.answers import Found
from carwire.core.lookup.traits import Option
from carwire.core.ports import Store
from carwire.kit.clock import utc_now
from carwire.services.lookup.cataloguing import CatalogueService

MODEL_3 = "5YJ3E1EAXJF000001"
EPA = (
    "year,make,model,baseModel,drive,trany,cylinders,displ,fuelType1,atvType,VClass,range,id\n"
    "2018,Tesla,Model 3 Long Range,Model 3,Rear-Wheel Drive,Automatic (A1),,,Electricity,EV,Midsize Cars,310,1\n"
    "2018,Tesla,Model 3 Mid Range,Model 3,Rear-Wheel Drive,Automatic (A1),,,Electricity,EV,Midsize Cars,264,2\n"
    "2018,Tesla,Model S 75D,Model S,All-Wheel Drive,Automatic (A1),,,Electricity,EV,Large Cars,259,3\n"
    "2020,Toyota,RAV4 Hybrid AWD,RAV4,All-Wheel Drive,Automatic (AV-S6),4,2.5,Regular Gasoline,Hybrid,"
    "Small Sport Utility Vehicle 4WD,0,4\n"
    "2020,Honda,Civic 4Dr,Civic,Front-Wheel Drive,Manual 6-spd,4,1.5,Regular Gasoline,,Midsize Cars,0,5\n"
)


def own(store: Store, rows: list[dict[str, Any]], checksum: str = "1", name: str = "own") -> Any:
    refused: list[Any] = []
    numbered = list(enumerate(rows, 2))
    report = asyncio.run(CatalogueService(store, utc_now).run(name, "us", checksum, numbered, refused.append))
    return report, refused


def title(found: Found) -> str:
    assert found.vehicle is not None
    return found.vehicle.title


def test_the_epa_s_vehicles_become_candidates_of_their_model(tmp_path: Path, store: Store) -> None:
    report = load(store, "epa", write(tmp_path / "vehicles.csv", EPA))
    assert (report.accepted, report.rejected) == (5, 0)
    found = ask(store, MODEL_3, "us", "match_explain")
    assert (found.confidence, title(found)) == ("standard", "2018 Tesla Model 3 Automatic (A1) RWD")
    assert found.vehicle is not None
    assert found.vehicle.traits.range is None, "the two differ in it"
    assert {v.traits.badge for v in found.additional} == {"Long Range", "Mid Range"}
    assert {v.traits.range for v in found.additional} == {499, 425}
    assert found.explanation is not None
    assert found.explanation.rule == 7
    vehicles, total = asyncio.run(store.find_vehicles("us", {"make": "toyota"}))
    assert total == 1
    traits = vehicles[0].traits
    assert (traits.model, traits.badge, traits.fuel_type, traits.num_gears) == ("RAV4", "Hybrid AWD", "Hybrid", 6)
    assert (traits.capacity_cc, traits.body_type, traits.drive_type) == (2500, "SUV", "Four Wheel Drive")
    vehicles, _ = asyncio.run(store.find_vehicles("us", {"make": "honda"}))
    assert (vehicles[0].traits.transmission_type, vehicles[0].traits.num_gears) == ("Manual", 6)


def test_one_s_own_catalogue_brings_ids_options_packs_and_prices(store: Store) -> None:
    options = [
        {"detail": "Midnight Silver", "price": 1000},
        {"detail": "Cold Pack", "price": None, "kind": "pack", "contains": ["Heated Seats", "Heated Wheel"]},
    ]
    rows = [
        {"id": "tm3", "year": "2018", "make": "Tesla", "model": "Model 3", "badge": "", "options": json.dumps(options)}
    ]
    report, refused = own(store, rows)
    assert (report.accepted, refused) == (1, [])
    found = ask(store, MODEL_3)
    assert found.vehicle is not None
    assert (found.vehicle.id, found.confidence, found.vehicle.source) == ("tm3", "standard", "own")
    assert found.vehicle.options == (
        Option("Midnight Silver", 1000),
        Option("Cold Pack", None, "pack", ("Heated Seats", "Heated Wheel")),
    )
    assert own(store, rows)[0].unchanged
    newer, _ = own(store, [{**rows[0], "id": "tm4"}], "2")
    assert newer.replaced == report.release_id
    found = ask(store, MODEL_3)
    assert found.vehicle is not None
    assert found.vehicle.id == "tm4"
    assert asyncio.run(store.catalogue_vehicle("us", "tm3")) is None


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"year": ""}, "year"),
        ({"year": "x"}, "year"),
        ({"year": "1e999"}, "year"),
        ({"make": " "}, "make"),
        ({"model": "x" * 201}, "model"),
        ({"model": "a\0b"}, "model"),
        ({"power_kw": "fast"}, "power_kw"),
        ({"id": "a/b"}, "id"),
        ({"id": "x" * 41}, "id"),
        ({"options": "[1]"}, "options"),
        ({"options": "{"}, "options"),
        ({"options": 5}, "options"),
    ],
)
def test_a_row_that_cannot_be_a_vehicle_is_left_out_by_name(store: Store, changes: dict[str, Any], column: str) -> None:
    good = {"year": "2018", "make": "Tesla", "model": "Model 3"}
    report, refused = own(store, [good, {**good, **changes}])
    assert (report.accepted, report.rejected) == (1, 1)
    assert [(each.line, each.column) for each in refused] == [(3, column)]


def test_a_catalogue_without_a_vehicle_changes_nothing(store: Store) -> None:
    own(store, [{"year": "2018", "make": "Tesla", "model": "Model 3", "id": "a"}])
    with pytest.raises(InvalidInput, match="no row of 1"):
        own(store, [{"year": "2018"}], "2")
    found = ask(store, MODEL_3)
    assert found.vehicle is not None
    assert found.vehicle.id == "a"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_catalogue_is_imported_from_a_file(tmp_path: Path, carwire: Any, kind: str) -> None:
    path = tmp_path / f"own.{kind}"
    row = {"id": "a1", "year": 2018, "make": "Tesla", "model": "Model 3", "power_kw": 211}
    if kind == "csv":
        path.write_text("id,year,make,model,power_kw,options\na1,2018,Tesla,Model 3,211,\n,2018,,x,,\n")
    else:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        options = [{"detail": "Paint", "price": 5.0, "kind": "option", "contains": []}]
        parquet.write_table(pa.Table.from_pylist([{**row, "options": options}]), path)
    done = carwire("catalogue", "import", "carwire", path, "--region", "us", "--json", "--data", tmp_path / "data")
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (0, 1), done.stderr
    again = carwire("catalogue", "import", "carwire", path, "--region", "us", "--data", tmp_path / "data")
    assert "nothing to do" in again.stdout
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("year,make,model,owner\n")
    done = carwire("catalogue", "import", "carwire", wrong, "--region", "us", "--data", tmp_path / "data")
    assert (done.returncode, "nobody knows: 'owner'" in done.stderr) == (1, True)
    for arguments in (("epa", path, "--region", "xx"), ("x", path, "--region", "us"), ("carwire", path)):
        assert carwire("catalogue", "import", *arguments, "--data", tmp_path / "data").returncode == 1


def test_a_catalogue_counts_from_the_moment_it_is_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from carwire.connectors.vpic_facts import VpicFacts
    from carwire.core.lookup.asking import Question
    from carwire.core.lookup.regions import REGIONS
    from carwire.services.lookup import finding

    monkeypatch.setattr(finding, "_RELEASES_S", 0.0)
    service = finding.LookupService(store, VpicFacts(), utc_now)
    question = Question(REGIONS["us"])
    before = [asyncio.run(service.by_vin(MODEL_3, question)) for _ in range(2)]
    assert [found.vehicle and found.vehicle.source for found in before] == ["decode", "decode"]
    own(store, [{"id": "tm3", "year": "2018", "make": "Tesla", "model": "Model 3"}])
    after = asyncio.run(service.by_vin(MODEL_3, question)).vehicle
    assert after is not None
    assert after.id == "tm3"
