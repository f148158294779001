"""NHTSA's own API, served from here: paths, names and forms of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import ultravin
from tests.conftest import Answer, Owned, built

FORM = (b"content-type", b"application/x-www-form-urlencoded")
X3, ALTIMA = "5UXWX7C5*BA", "1N4AL3AP0DN484193"
KEYS = 154  # of NHTSA's flat form, late in 2026


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("nhtsa")) as client:
        yield client


def get(place: Owned, target: str) -> Any:
    """Ask without credentials, as everybody asks NHTSA."""
    found = place.ask("GET", f"/api/vehicles/{target}")
    assert found.status == 200, found
    return found.json()


def post(place: Owned, **form: str) -> Answer:
    return place.ask("POST", "/api/vehicles/DecodeVINValuesBatch/", [FORM], urlencode(form).encode())


def test_flat_values_have_every_key_as_text(place: Owned) -> None:
    found = get(place, f"DecodeVinValues/{X3}?format=json&modelyear=2011")
    assert list(found) == ["Count", "Message", "SearchCriteria", "Results"]
    assert (found["Count"], found["SearchCriteria"]) == (1, f"VIN:{X3}")
    assert found["Message"].startswith("Results returned successfully")
    (car,) = found["Results"]
    assert len(car) == KEYS
    assert all(isinstance(value, str) for value in car.values())
    assert (car["VIN"], car["Make"], car["MakeID"], car["Model"], car["ModelYear"]) == (X3, "BMW", "452", "X3", "2011")
    assert (car["ErrorCode"], car["NCSAMake"], car["TrailerType"]) == ("6", "", "Not Applicable")


def test_every_value_is_that_of_the_tables(place: Owned) -> None:
    for vin in ultravin.generate(60, seed=4, invalid_rate=0.3):
        (car,) = get(place, f"decodevinvalues/{vin}?format=json")["Results"]
        values: dict[str, list[str]] = {}
        for each in ultravin.decode(vin, full=True)["elements"]:
            values.setdefault(each["code"], []).append(each["value"])
        for code in {element["code"] for element in ultravin.ELEMENTS.values()} & set(car):
            if not code.startswith("Displacement"):
                assert car[code] == ", ".join(values.get(code, [])), (vin, code)


def test_converted_displacements_are_written_as_the_live_service_writes_them(place: Owned) -> None:
    (car,) = get(place, f"DecodeVinValues/{ALTIMA}")["Results"]
    shown = [car[f"Displacement{unit}"] for unit in ("L", "CC", "CI")]
    assert shown == ["2.5", "2500.0", "152.55936023683"]


@pytest.mark.parametrize(
    "path",
    [
        f"decodevinvalues/{X3}",
        f"DECODEVINVALUES/{X3}/",
        f"/DecodeVinValuesExtended/{X3}",
        f"decodeVinValuesextended/{X3}",
    ],
)
def test_paths_are_taken_in_any_case(place: Owned, path: str) -> None:
    assert get(place, f"{path}?FORMAT=JSON&ModelYear=2011")["Results"][0]["Model"] == "X3"


def test_rows_name_every_variable_with_its_numbers(place: Owned) -> None:
    found = get(place, f"DecodeVin/{X3}?format=json")
    rows = {row["VariableId"]: row for row in found["Results"]}
    assert found["Count"] == len(found["Results"]) >= len(ultravin.ELEMENTS)
    assert rows[26] == {"Value": "BMW", "ValueId": "452", "Variable": "Make", "VariableId": 26}
    assert rows[29] == {"Value": "2011", "ValueId": "", "Variable": "Model Year", "VariableId": 29}
    assert rows[10] == {"Value": None, "ValueId": None, "Variable": "Destination Market", "VariableId": 10}
    assert get(place, f"DecodeVinExtended/{X3}") == found


def test_a_claimed_year_counts(place: Owned) -> None:
    (car,) = get(place, "DecodeVinValues/1HGCM82633A004352?modelyear=1993")["Results"]
    assert "12" in car["ErrorCode"].split(",")


def test_a_batch_keeps_the_order_and_the_years(place: Owned) -> None:
    found = post(place, format="json", data=f"{X3}, 2011; {ALTIMA};5UX,;")
    assert found.status == 200
    body = found.json()
    assert (body["Count"], body["SearchCriteria"]) == (3, None)
    assert [car["VIN"] for car in body["Results"]] == [X3, ALTIMA, "5UX"]
    assert place.ask("POST", "/api/vehicles/decodevinvaluesbatch", [FORM], b"DATA=5UX&format=JSON").status == 200


@pytest.mark.parametrize(
    ("wmi", "name", "make", "kind"),
    [
        ("1FD", "FORD MOTOR COMPANY", "FORD", "INCOMPLETE VEHICLE"),
        ("1hd", "HARLEY-DAVIDSON MOTOR COMPANY, INC.", None, "MOTORCYCLE"),  # several makes
        ("1T9013", "TRIAD TRAILERS LLC", None, "TRAILER"),
    ],
)
def test_a_manufacturer_identifier_is_named(place: Owned, wmi: str, name: str, make: str | None, kind: str) -> None:
    found = get(place, f"DecodeWMI/{wmi}?format=json")
    (row,) = found["Results"]
    assert (row["ManufacturerName"], row["Make"], row["VehicleType"]) == (name, make, kind)
    assert (found["SearchCriteria"], row["URL"], row["DateAvailableToPublic"]) == (f"WMI:{wmi.upper()}", None, None)


def test_an_identifier_nobody_has_gives_no_result(place: Owned) -> None:
    assert get(place, "DecodeWMI/ZZZ")["Results"] == []


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        (f"DecodeVin/{X3}?format=xml", 400, "must be one of: [json]"),
        (f"DecodeVin/{X3}?format=csv", 400, "must be one of: [json]"),
        (f"DecodeVin/{X3}?modelyear=soon", 400, "modelyear"),
        (f"DecodeVin/{X3}?modelyear=2011&MODELYEAR=2012", 400, "twice"),
        (f"DecodeVin/{X3}?format=%ff", 400, "UTF-8"),
        ("DecodeVin/" + "1" * 65, 400, "65 characters"),
        ("DecodeWMI/1F", 400, "not 3 or 6"),
        ("DecodeWMI/1FTX", 400, "not 3 or 6"),
        ("DecodeWMI/0.5", 400, "letters and digits"),
        ("DecodeVin", 404, "nothing at this path"),
        ("GetAllMakes?format=json", 404, "nothing at this path"),
    ],
)
def test_errors_have_the_form_of_answers(place: Owned, target: str, status: int, said: str) -> None:
    found = place.ask("GET", f"/api/vehicles/{target}")
    assert found.status == status
    body = found.json()
    assert said in body["Message"]
    assert (body["Count"], body["Results"]) == (0, [])


@pytest.mark.parametrize(
    ("data", "said"),
    [("", "required"), (";;", "has 0 VINs"), (";".join([X3] * 51), "has 51 VINs"), (f"{X3},abc", "no model year")],
)
def test_a_batch_that_cannot_be_read_is_refused(place: Owned, data: str, said: str) -> None:
    found = post(place, format="json", data=data)
    assert found.status == 400
    assert said in found.json()["Message"]


def test_a_body_of_more_than_a_mebibyte_is_too_large(place: Owned) -> None:
    found = place.ask("POST", "/api/vehicles/DecodeVINValuesBatch", [FORM], b"data=" + b"1" * 1024 * 1024)
    assert (found.status, found.json()["Results"]) == (413, [])


def test_a_method_that_is_not_taken_is_told(place: Owned) -> None:
    found = place.ask("POST", f"/api/vehicles/DecodeVin/{X3}")
    assert (found.status, found.header("allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("vin", ["%00", "%C3%A9", "%20", "'or'1'='1", "%F0%9F%9A%97", "..", "*" * 17])
def test_texts_that_are_no_vins_are_answered_as_vpic_answers_them(place: Owned, vin: str) -> None:
    found = place.ask("GET", f"/api/vehicles/DecodeVinValues/{vin}")
    assert found.status in {200, 404}
    if found.status == 200:
        assert found.json()["Results"][0]["ErrorCode"] != "0"
