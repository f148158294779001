"""Signals of v3: what each permission opens, how a failure looks, how old an answer is, pages, tags, units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock
from tests.http.v3.forms import refused, refused_preview
from tests.http.v3.garage import Garage, by_code
from tests.wire.v3.bodies import STAMP, check_body

from carwire.core.commands import COMMANDS
from carwire.core.permissions import CONTROL, PERMISSIONS, READ
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import KINDS as PROBLEMS
from carwire.http.v3.vehicles import LISTED
from carwire.wire.v3.commands import CALLS

KINDS = {f"simulated-{each}" for each in ("bev", "phev", "hev", "ice", "fcev")}
OTHERS = [code for code, row in signals().items() if code not in LISTED]
BEV, PHEV = "simulated-bev", "simulated-phev"
CHARGING = BEV, PHEV  # so that even what exists only then is told
ODOMETER, LOCKED, VIN = "odometer-traveleddistance", "closure-islocked", "vehicleidentification-vin"
CHARGE = "tractionbattery-stateofcharge"
SIGNALS = "/signals"


@pytest.fixture(scope="module")
def garage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    folder = tmp_path_factory.mktemp("signals")
    with built(folder, vehicle_reads_per_minute=1_000_000, vehicle_wakes_per_day=1_000_000) as place:
        found = Garage(place)
        for model in CHARGING:
            found.set(model, "parked", charge=0.4, plug="ac")
        yield found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[..., Garage]]:
    """A garage of one test's own, of a server with settings of its own."""
    with ExitStack() as stack:
        yield lambda **settings: Garage(stack.enter_context(built(tmp_path, **settings)))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    with built(tmp_path_factory.mktemp("shared")) as place:
        yield Garage(place)


@pytest.fixture
def mine(shared: Garage) -> Garage:
    """A garage in which nothing has happened yet."""
    shared.begin_again()
    return shared


def one(garage: Garage, model: str, code: str, **headers: str) -> Any:
    """One signal."""
    answer = garage.ask(model, f"{SIGNALS}/{code}", **headers)
    assert answer.status == 200, answer
    return answer.json()["data"]


# What each permission opens.


def check_row(garage: Garage, model: str, row: dict[str, Any], granted: str) -> None:
    """Fail unless a signal says no more than one permission allows, and all that it opens."""
    signal, car = signals()[row["id"]], garage.models[model]
    status = row["attributes"]["status"]
    attributes = row["attributes"]
    assert (attributes["code"], attributes["name"], attributes["group"]) == (signal.code, signal.name, signal.group)
    assert row["links"]["self"].endswith(f"/v3/vehicles/{garage.ids[model]}/signals/{signal.code}")
    if signal.permission == granted and signal.code in car.signals:
        assert status == {"value": "SUCCESS"}, row
        check_body(signal, attributes["body"])
        assert all(STAMP.fullmatch(each) for each in row["meta"].values())
        assert "ingestedAt" in row["meta"]
        return
    error = status["error"]
    assert (status["value"], attributes["body"]) == ("ERROR", {}), row
    assert row["meta"].keys() == {"ingestedAt"}
    assert error["description"] == error["detail"]
    if signal.permission == granted or not signal.suits(car.powertrain):
        assert (error["type"], error["code"]) == ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE"), row
    else:
        assert (error["type"], error["code"]) == ("PERMISSION", "UNKNOWN"), row
        assert error["resolution"] == {"type": "REAUTHENTICATE"}


@pytest.mark.parametrize("permission", READ)
@pytest.mark.parametrize("model", sorted(KINDS))
def test_a_permission_opens_its_signals_and_no_others(garage: Garage, model: str, permission: str) -> None:
    garage.grant(model, PERMISSIONS)
    whole = by_code(garage.ask(model, SIGNALS))  # everything is kept now, and not shown for that
    assert list(whole) == list(LISTED)
    garage.grant(model, [permission])
    rows = by_code(garage.ask(model, SIGNALS))
    assert list(rows) == list(LISTED)
    asked = {signals()[code].permission: code for code in LISTED}.values()
    for code, row in rows.items():
        check_row(garage, model, row, permission)
        if signals()[code].permission == permission or code in asked:
            assert one(garage, model, code) == row
    for code in OTHERS:
        check_row(garage, model, one(garage, model, code), permission)
    preview = by_code(garage.as_owner(model, SIGNALS))
    for code, row in preview.items():
        assert row["attributes"]["status"]["value"] == rows[code]["attributes"]["status"]["value"], code
        assert row["attributes"]["body"] == rows[code]["attributes"]["body"]


def test_some_permission_opens_every_signal_on_some_car(garage: Garage) -> None:
    """Else the walk would be right about cars that tell nothing."""
    told = set()
    for model in KINDS:
        garage.grant(model, PERMISSIONS)
        rows = by_code(garage.ask(model, SIGNALS))
        told |= {code for code, row in rows.items() if row["attributes"]["status"]["value"] == "SUCCESS"}
        assert {garage.ask(model, "").json()["data"]["attributes"]["powertrainType"]} == {
            garage.models[model].powertrain
        }
    assert told == set(LISTED)


ATTRIBUTES: dict[str, dict[str, object]] = {
    "/charge/set-limit": {"percent": 80},
    "/navigation/set-destination": {"latitude": 39.7, "longitude": -105},
}


@pytest.mark.parametrize("permission", [*CONTROL, "read_charge"])
@pytest.mark.parametrize("model", sorted(KINDS))
def test_a_command_wants_its_own_permission(mine: Garage, model: str, permission: str) -> None:
    for suffix, row in CALLS.items():
        mine.grant(model, [permission])
        answer = mine.command(model, suffix, ATTRIBUTES.get(suffix))
        can = row.command in mine.models[model].commands
        if COMMANDS[row.command].permission != permission:
            entry = refused(mine.place, answer, 403)
            assert (entry["type"], entry["code"]) == ("PERMISSION", None)
        elif can and answer.status == 409:
            assert refused(mine.place, answer, 409)["type"] == "VEHICLE_STATE"
        elif can:
            assert answer.json()["data"]["attributes"]["commandType"] == row.command
            assert answer.status == 200
        else:
            refused(mine.place, answer, 501, "VEHICLE_NOT_CAPABLE")
    daily = {"location": {"latitude": 1, "longitude": 2}, "startTime": "22:00", "stopTime": "06:00"}
    scheduled = mine.ask(model, "/charge-schedules/daily", {"data": {"attributes": daily}}, "POST")
    if permission == "control_charge":
        refused(mine.place, scheduled, 501, "VEHICLE_NOT_CAPABLE")
    else:
        refused(mine.place, scheduled, 403)


# Codes.


@pytest.mark.parametrize("code", OTHERS)
def test_codes_that_are_not_published_are_told_to_who_asks_for_them(garage: Garage, code: str) -> None:
    garage.grant(PHEV, PERMISSIONS)
    assert len(OTHERS) == 4
    row = one(garage, PHEV, code)
    if code in garage.models[PHEV].signals:
        check_body(signals()[code], row["attributes"]["body"])
    else:
        assert row["attributes"]["status"]["error"]["code"] == "VEHICLE_NOT_CAPABLE"
    assert code not in by_code(garage.ask(PHEV, SIGNALS))


def test_a_code_may_be_written_in_any_case(garage: Garage) -> None:
    garage.grant(BEV, PERMISSIONS)
    codes = ODOMETER, ODOMETER.upper(), "Odometer-TraveledDistance"
    assert len({garage.ask(BEV, f"{SIGNALS}/{code}").body for code in codes}) == 1


def test_the_vehicle_is_included_as_an_object(garage: Garage) -> None:
    garage.grant(BEV, PERMISSIONS)
    alone = garage.ask(BEV, "").json()["data"]
    model = garage.models[BEV]
    assert alone["attributes"] == {
        **{"make": model.make, "model": model.model, "year": model.year},
        **{"powertrainType": "BEV", "mode": "simulated"},
    }
    for path in (SIGNALS, f"{SIGNALS}/{ODOMETER}"):
        assert garage.ask(BEV, path).json()["included"] == {"vehicle": alone}
        preview = garage.as_owner(BEV, path).json()
        if path == SIGNALS:
            assert preview["included"]["vehicle"]["attributes"].keys() == {"make", "model", "year"}
        else:
            assert preview.keys() == {"id", "type", "attributes", "meta", "links"}


# What fails.


def test_what_the_maker_does_not_deliver_has_the_last_value_beside_the_error(mine: Garage) -> None:
    before = by_code(mine.ask(BEV, SIGNALS))
    mine.step(60)
    mine.fail(BEV, kind="VEHICLE_STATE:UNREACHABLE", codes=[ODOMETER, CHARGE])
    now = by_code(mine.ask(BEV, SIGNALS))
    for code in (ODOMETER, CHARGE):
        attributes = now[code]["attributes"]
        assert attributes["status"]["value"] == "ERROR"
        assert attributes["status"]["error"] == {
            "type": "VEHICLE_STATE",
            "code": "UNREACHABLE",
            "title": "Unreachable",
            "detail": "There is no radio contact with the car.",
            "description": "There is no radio contact with the car.",
            "resolution": {"type": "UNKNOWN_RESOLUTION_TYPE"},
        }
        assert attributes["body"] == before[code]["attributes"]["body"] != {}
        assert now[code]["meta"] == {"ingestedAt": "2026-01-05T06:01:00.000Z"}
        assert one(mine, BEV, code) == now[code]
    assert now[LOCKED]["attributes"]["status"] == {"value": "SUCCESS"}
    error = by_code(mine.as_owner(BEV, SIGNALS))[ODOMETER]["attributes"]["status"]["error"]
    assert error.keys() == {"type", "code", "description", "resolution"}
    mine.mend(BEV)
    assert by_code(mine.ask(BEV, SIGNALS))[ODOMETER]["attributes"]["status"] == {"value": "SUCCESS"}


@pytest.mark.parametrize(
    "kind", ["CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED", "CONNECTED_SERVICES_ACCOUNT:PERMISSION",
             "COMPATIBILITY:SMARTCAR_NOT_CAPABLE"],
)  # fmt: skip
def test_what_the_account_may_not_see_any_more_is_not_shown_from_before(mine: Garage, kind: str) -> None:
    assert one(mine, BEV, ODOMETER)["attributes"]["body"]
    mine.fail(BEV, kind=kind)
    rows = by_code(mine.ask(BEV, SIGNALS))
    assert rows[ODOMETER]["attributes"]["body"] == {}
    assert rows[ODOMETER]["attributes"]["status"]["error"]["type"] == kind.partition(":")[0]
    assert rows[ODOMETER]["attributes"]["status"]["error"]["code"] == kind.partition(":")[2]


@pytest.mark.parametrize("kind", [kind for kind in PROBLEMS if kind.startswith("BILLING:")])
def test_what_the_plan_does_not_allow_fails_the_call(mine: Garage, kind: str) -> None:
    mine.fail(BEV, kind=kind, codes=[ODOMETER])
    for path in (SIGNALS, f"{SIGNALS}/{ODOMETER}"):
        entry = refused(mine.place, mine.ask(BEV, path), 430, kind.partition(":")[2])
        assert entry["type"] == "BILLING"
        refused_preview(mine.place, mine.as_owner(BEV, path), 430, "billing")
    assert one(mine, BEV, LOCKED)
    mine.mend(BEV)
    assert mine.ask(BEV, SIGNALS).status == 200


def test_a_maker_that_is_down_fails_every_signal_and_not_the_call(mine: Garage) -> None:
    mine.fail(BEV, kind="UPSTREAM:KNOWN_ISSUE")
    rows = by_code(mine.ask(BEV, SIGNALS))
    assert list(rows) == list(LISTED)
    for code, row in rows.items():
        if code in mine.models[BEV].signals and code != VIN:
            assert row["attributes"]["status"]["error"]["type"] == "UPSTREAM"
            assert row["attributes"]["body"] == {}


# How old an answer may be.


def test_a_spent_budget_is_answered_from_what_is_kept(own: Callable[..., Garage]) -> None:
    clock = StandingClock()
    mine = own(clock=clock, vehicle_reads_per_minute=1)
    first = one(mine, BEV, ODOMETER)
    mine.step(3600)
    assert one(mine, BEV, ODOMETER) == first
    rows = by_code(mine.ask(BEV, SIGNALS))
    assert rows[ODOMETER] == first
    error = rows[LOCKED]["attributes"]["status"]["error"]
    assert (error["type"], error["code"], error["resolution"]) == ("RATE_LIMIT", "VEHICLE", {"type": "RETRY_LATER"})
    clock.move(minutes=1)
    later = by_code(mine.ask(BEV, SIGNALS))
    assert later[ODOMETER]["meta"]["retrievedAt"] == "2026-01-05T07:00:00.000Z"
    assert later[LOCKED]["attributes"]["status"] == {"value": "SUCCESS"}


MAX_AGES: list[tuple[dict[str, str], bool]] = [
    ({}, False),
    ({"carwire_max_age": "0"}, False),
    ({"carwire_max_age": "59"}, False),
    ({"carwire_max_age": "60"}, True),
    ({"carwire_max_age": "86400"}, True),
    ({"cache_control": "max-age=60"}, True),
    ({"cache_control": "Max-Age=60"}, True),
    ({"cache_control": "no-transform, max-age=60"}, True),
    ({"cache_control": 'max-age="60"'}, True),
    ({"cache_control": "max-age=59"}, False),
    ({"cache_control": "max-age=0"}, False),
    ({"cache_control": "no-cache"}, False),
    ({"cache_control": "s-maxage=3600"}, False),
    ({"cache_control": "max-age=x"}, False),
    ({"cache_control": "max-age=999999999"}, True),
    ({"carwire_max_age": "60", "cache_control": "max-age=0"}, True),
    ({"carwire_max_age": "0", "cache_control": "max-age=3600"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "is_kept"), MAX_AGES)
def test_a_request_says_how_old_its_answer_may_be(mine: Garage, headers: dict[str, str], is_kept: bool) -> None:
    first = by_code(mine.ask(BEV, SIGNALS))[ODOMETER]
    mine.step(60)
    answer = mine.ask(BEV, SIGNALS, **headers)
    assert (by_code(answer)[ODOMETER] == first) is is_kept
    fetched = "2026-01-05T06:00:00.000Z" if is_kept else "2026-01-05T06:01:00.000Z"
    assert by_code(answer)[ODOMETER]["meta"]["retrievedAt"] == fetched
    assert answer.header("sc-fetched-at") == fetched


@pytest.mark.parametrize(("headers", "is_kept"), MAX_AGES)
def test_a_request_for_one_signal_says_it_as_well(mine: Garage, headers: dict[str, str], is_kept: bool) -> None:
    first = one(mine, BEV, ODOMETER)
    mine.step(60)
    assert (one(mine, BEV, ODOMETER, **headers) == first) is is_kept


def test_the_server_says_how_old_an_answer_may_be_when_a_request_does_not(own: Callable[..., Garage]) -> None:
    mine = own(max_age=120)
    first = one(mine, BEV, ODOMETER)
    mine.step(120)
    assert one(mine, BEV, ODOMETER) == first
    assert one(mine, BEV, ODOMETER, carwire_max_age="0") != first
    mine.step(121)
    assert one(mine, BEV, ODOMETER)["meta"]["retrievedAt"] == "2026-01-05T06:04:01.000Z"


def test_what_a_command_changed_is_not_answered_from_before(mine: Garage) -> None:
    mine.set(BEV, "parked", locked=True)
    assert one(mine, BEV, LOCKED)["attributes"]["body"] == {"value": True}
    assert mine.command(BEV, "/security/unlock").status == 200
    assert one(mine, BEV, LOCKED, carwire_max_age="3600")["attributes"]["body"] == {"value": False}


def test_headers_tell_the_oldest_of_several_readings(mine: Garage) -> None:
    answer = mine.ask(BEV, SIGNALS)
    rows = by_code(answer)
    updated = [row["meta"]["oemUpdatedAt"] for row in rows.values() if "oemUpdatedAt" in row["meta"]]
    assert answer.header("sc-data-age") == min(updated)
    assert answer.header("sc-unit-system") == "metric"
    failing = mine.ask("simulated-ice", f"{SIGNALS}/{CHARGE}")
    assert (failing.status, failing.header("sc-data-age"), failing.header("sc-fetched-at")) == (200, None, None)


def test_the_preview_has_the_same_moments_in_milliseconds(mine: Garage) -> None:
    whole, preview = by_code(mine.ask(BEV, SIGNALS)), by_code(mine.as_owner(BEV, SIGNALS))
    for code, row in preview.items():
        for name, value in row["meta"].items():
            moment = datetime.fromisoformat(whole[code]["meta"][name].replace("Z", "+00:00"))
            assert value == int(moment.timestamp() * 1000)
        assert row["meta"].keys() == whole[code]["meta"].keys() - {"ingestedAt"} or "error" in str(row), code
        assert row["links"] == {
            "self": f"/vehicles/{mine.ids[BEV]}/signals/{code}",
            "vehicle": f"/vehicles/{mine.ids[BEV]}",
        }


# Entity tags.


def tags(answer: Answer) -> tuple[str, str]:
    """The tag, weak and strong."""
    tag = answer.header("etag") or ""
    assert re.fullmatch(r'W/"[0-9a-f]{24}"', tag)
    return tag, tag.removeprefix("W/")


@pytest.mark.parametrize("path", ["", SIGNALS, f"{SIGNALS}/{ODOMETER}"])
def test_who_has_it_already_is_told_so_without_a_body(mine: Garage, path: str) -> None:
    answer = mine.ask(BEV, path)
    weak, strong = tags(answer)
    for given in (weak, strong, "*", f'"x", {weak}', f'W/"x",{strong} , "y"', f" {weak} "):
        again = mine.ask(BEV, path, if_none_match=given)
        assert (again.status, again.body, again.header("etag")) == (304, b"", weak), given
        assert again.header("content-length") is None
        assert again.header("cache-control") == "private, no-cache"
        head = mine.ask(BEV, path, method="HEAD", if_none_match=given)
        assert (head.status, head.header("etag")) == (304, weak)
    for given in ('"x"', 'W/"x", "y"', weak[:-2] + '"', strong.strip('"'), ""):
        again = mine.ask(BEV, path, if_none_match=given)
        assert (again.status, again.body) == (200, answer.body), given


def test_a_condition_may_come_in_several_headers(mine: Garage) -> None:
    weak, _ = tags(mine.ask(BEV, SIGNALS))
    target = f"/v3/vehicles/{mine.ids[BEV]}{SIGNALS}"
    headers = [mine.place.machine, (b"sc-user-id", mine.car.user_id.encode())]
    both = [(b"if-none-match", b'"x"'), (b"if-none-match", weak.encode())]
    assert mine.place.ask("GET", target, [*headers, *both]).status == 304


def test_a_tag_changes_with_what_it_is_of(mine: Garage) -> None:
    mine.set(BEV, "parked", locked=True)
    path = f"{SIGNALS}/{LOCKED}"
    locked, _ = tags(mine.ask(BEV, path))
    assert tags(mine.ask(BEV, path))[0] == locked
    found = {locked, *(tags(each)[0] for each in (mine.as_owner(BEV, path), mine.ask(PHEV, path), mine.ask(BEV, "")))}
    mine.set(BEV, locked=False)
    found.add(tags(mine.ask(BEV, path))[0])
    assert mine.ask(BEV, path, if_none_match=locked).status == 200
    mine.fail(BEV, kind="UPSTREAM:KNOWN_ISSUE")
    found.add(tags(mine.ask(BEV, path))[0])
    assert len(found) == 6


def test_refusals_have_no_tag_and_heed_none(mine: Garage) -> None:
    answer = mine.ask(BEV, f"{SIGNALS}/nothing", if_none_match="*")
    refused(mine.place, answer, 404, "SIGNAL_NOT_FOUND")


# Pages.


def test_without_a_word_all_signals_are_on_one_page(mine: Garage) -> None:
    body = mine.ask(BEV, SIGNALS).json()
    own = f"http://carwire.test/v3/vehicles/{mine.ids[BEV]}/signals?page%5Bnumber%5D=1&page%5Bsize%5D={len(LISTED)}"
    assert body["meta"] == {"pageNumber": 1, "pageSize": len(LISTED), "totalCount": len(LISTED)}
    assert body["links"] == {"self": own, "first": own, "last": own, "next": None, "prev": None}
    preview = mine.as_owner(BEV, SIGNALS).json()
    assert preview["meta"] == {"page": 1, "pageSize": len(LISTED), "totalCount": len(LISTED)}
    own = f"/vehicles/{mine.ids[BEV]}/signals?page=1&pageSize={len(LISTED)}"
    assert preview["links"] == {"self": own, "first": own, "last": own}


@pytest.mark.parametrize("size", [1, 7, 40, len(LISTED) - 1])
def test_pages_are_the_whole_in_pieces(mine: Garage, size: int) -> None:
    whole = list(by_code(mine.ask(BEV, SIGNALS)))
    for ask, first, following, total in (
        (mine.ask, f"?page[size]={size}", "next", "totalCount"),
        (mine.as_owner, f"?pageSize={size}", "next", "totalCount"),
    ):
        found: list[str] = []
        target: str | None = SIGNALS + first
        while target:
            body = ask(BEV, target).json()
            assert len(body["data"]) <= size
            assert body["meta"][total] == len(whole)
            found += [row["id"] for row in body["data"]]
            link = body["links"].get(following)
            target = link and link.partition(mine.ids[BEV])[2]
        assert found == whole


def test_behind_the_last_page_there_is_nothing(mine: Garage) -> None:
    body = mine.ask(BEV, f"{SIGNALS}?page[number]=9&page[size]=50").json()
    assert body["data"] == []
    assert body["meta"] == {"pageNumber": 9, "pageSize": 50, "totalCount": len(LISTED)}
    assert body["links"]["prev"].endswith("page%5Bnumber%5D=2&page%5Bsize%5D=50")
    assert body["links"]["next"] is None


# Generations and units.


def test_a_server_may_speak_one_generation_to_everybody(own: Callable[..., Garage]) -> None:
    mine = own(v3_generation="preview")
    body = mine.ask(BEV, f"{SIGNALS}/{ODOMETER}").json()
    assert body.keys() == {"id", "type", "attributes", "meta", "links"}
    assert body == mine.as_owner(BEV, f"{SIGNALS}/{ODOMETER}").json()
    refused_preview(mine.place, mine.ask(BEV, "/nothing"), 404, "not_found")
    assert mine.place.v3("GET", "/connections").json()["meta"].keys() == {"page", "pageSize", "totalCount"}


def test_a_server_may_speak_the_general_form_to_everybody(own: Callable[..., Garage]) -> None:
    mine = own(v3_generation="ga")
    body = mine.as_owner(BEV, f"{SIGNALS}/{ODOMETER}").json()
    assert body.keys() == {"data", "included"}
    assert body == mine.ask(BEV, f"{SIGNALS}/{ODOMETER}").json()
    refused(mine.place, mine.as_owner(BEV, "/nothing"), 404, "INVALID_PATH")


IMPERIAL = {"km": ("miles", 0.621371), "kph": ("mph", 0.621371), "km/h": ("mph", 0.621371),
            "liters": ("gallons", 0.264172)}  # fmt: skip


@pytest.mark.parametrize("word", ["imperial", "Imperial", " IMPERIAL "])
def test_units_are_imperial_where_that_is_asked_for(mine: Garage, word: str) -> None:
    metric, answer = by_code(mine.ask(PHEV, SIGNALS)), mine.ask(PHEV, SIGNALS, sc_unit_system=word)
    assert answer.header("sc-unit-system") == "imperial"
    seen = set()
    for code, row in by_code(answer).items():
        body, old = row["attributes"]["body"], metric[code]["attributes"]["body"]
        if old.get("unit") in IMPERIAL:
            unit, factor = IMPERIAL[old["unit"]]
            assert body["unit"] == unit
            assert body["value"] == pytest.approx(old["value"] * factor, rel=1e-4)
            seen.add(unit)
        if old.get("unit") == "celsius":
            assert body["unit"] == "fahrenheit"
            assert body["value"] == pytest.approx(old["value"] * 1.8 + 32, rel=1e-4)
            seen.add("fahrenheit")
        if old.get("unit") == "percent":
            assert body == old
    assert seen >= {"miles", "gallons", "fahrenheit"}
    assert one(mine, PHEV, ODOMETER, sc_unit_system=word) == by_code(answer)[ODOMETER]


def test_each_application_and_owner_has_the_same_of_one_car(mine: Garage) -> None:
    other: Owned = mine.place.another()
    car = other.connect(f"{len(mine.models)}-vehicles@smartcar.com", "SIMULATED")
    told = by_code(mine.ask(BEV, SIGNALS))
    for vehicle_id in car.vehicle_ids:
        rows = by_code(other.v3("GET", f"/vehicles/{vehicle_id}/signals", car.user_id))
        if rows[VIN]["attributes"]["body"] == told[VIN]["attributes"]["body"]:
            assert {c: r["attributes"] for c, r in rows.items()} == {c: r["attributes"] for c, r in told.items()}
            return
    raise AssertionError("the other application has not the car")
