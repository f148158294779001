"""The lookup API over HTTP: keys, the order of refusals, the whole answer, limits, records, test values."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock

from carwire.core.lookup.asking import FEATURES, TEST_PLATES, TEST_VINS
from carwire.core.lookup.keys import Rights
from carwire.services.lookup.keys import NewKey
from carwire.storage.memory import MemoryStore
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

VIN = "5YJ3E1EAXJF000001"  # a Model 3 of 2018, its check digit right
VEHICLE = [
    *("id", "region", "title", "year", "make", "model", "badge", "series", "model_year", "release_month"),
    *("release_year", "body_type", "body_config", "transmission", "transmission_type", "wheelbase", "wheelbase_type"),
    *("fuel", "fuel_type", "engine", "engine_type", "drive", "drive_type", "num_doors", "num_seats", "num_gears"),
    *("num_cylinders", "capacity_cc", "power_kw", "torque_nm", "range", "options"),
]
TOP = ["success", "vehicle", "upstream_vehicle", "confidence", "colour", "vin", "additional_vehicles"]
LIMITS = [
    *("rate-limit-remaining", "rate-limit-total", "rate-limit-reset", "monthly-base-request-quota"),
    *("monthly-max-request-quota", "monthly-request-total"),
]


class Asker:
    """Asks with a key."""

    def __init__(self, place: Owned, key: NewKey | None = None, **rights: Any) -> None:
        self.place = place
        self.key = key or make(place, **rights)
        self.secret = self.key.secret.reveal()

    def get(self, target: str, *headers: tuple[bytes, bytes]) -> Answer:
        return self.place.ask("GET", target, [(b"apikey", self.secret.encode()), *headers])


def make(place: Owned, kind: Any = "sec", **rights: Any) -> NewKey:
    return asyncio.run(
        place.carwire.lookup.keys.create(place.client_id, kind, "", Rights(**{"default_region": "us", **rights}))
    )


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def place(tmp_path: Path, clock: StandingClock) -> Iterator[Owned]:
    with built(tmp_path, clock=clock) as client:
        yield client


@pytest.fixture
def asker(place: Owned) -> Asker:
    return Asker(place)


def refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """Fail unless the answer is a refusal in the form of the lookup API."""
    body: dict[str, Any] = answer.json()
    assert (answer.status, body["code"]) == (status, code), answer
    assert list(body) == ["success", "error", "message", "code", "request_id", *(["hint"] if "hint" in body else [])]
    assert (body["success"], body["error"]) == (False, True)
    assert body["message"]
    assert body["request_id"] == answer.header("sc-request-id")
    assert (answer.header("www-authenticate") is not None) is (status == 401)
    assert (answer.header("retry-after") is not None) is (status == 429)
    return body


def test_a_vin_is_answered_from_the_decode_alone_with_every_field(asker: Asker) -> None:
    answer = asker.get(f"/v2/vehicles/vins/{VIN}?region=us")
    body = answer.json()
    assert answer.status == 200
    assert list(body) == TOP
    vehicle = body["vehicle"]
    assert list(vehicle) == VEHICLE
    assert (body["success"], body["confidence"], body["vin"]) == (True, "standard", VIN)
    assert (body["upstream_vehicle"], body["colour"], body["additional_vehicles"]) == (None, None, [])
    assert (vehicle["year"], vehicle["make"], vehicle["model"]) == ("2018", "Tesla", "Model 3")
    assert (vehicle["region"], vehicle["fuel_type"], vehicle["body_type"]) == ("us", "Electric", "Sedan")
    assert not [name for name, value in vehicle.items() if value in ("", 0)], "unknown is null"


def test_a_vehicle_that_was_answered_has_an_id_that_answers(asker: Asker) -> None:
    vehicle = asker.get(f"/v2/vehicles/vins/{VIN}").json()["vehicle"]
    for path in (f"/v2/vehicles/{vehicle['id']}", f"/v2/vehicle/{vehicle['id']}"):
        assert asker.get(path).json() == {"success": True, "vehicle": vehicle}
    assert asker.get(f"/v2/vehicles/{vehicle['id']}/options").json() == {"success": True, "options": []}
    specs = asker.get(f"/v2/vehicles/{vehicle['id']}/detailed-specs").json()["specs"]
    assert [each["id"] for each in specs if vehicle[each["id"]] in (None, "")] == []
    assert {each["id"]: each["value"] for each in specs if each["category"] == "general"}["make"] == vehicle["make"]
    assert {each["location"] for each in specs} == {None}
    fitted = f"/v2/vehicles/fitted_options?id={vehicle['id']}&vin="
    assert asker.get(fitted + VIN).json() == {"success": True, "options": []}
    refused(asker.get(fitted), 400, "invalid_parameter")
    refused(asker.get(fitted + "1"), 400, "invalid_vin")
    refused(asker.get("/v2/vehicles/1000000000000001"), 404, "not_found")
    refused(asker.get(f"/v2/vehicles/{vehicle['id']}?region=ca"), 404, "not_found")


@pytest.mark.parametrize("vin", ["WVWZZZ1KZAW000123", "ZZZ00000000000000", "00000000000000000"])
def test_a_vin_that_says_too_little_is_no_match_and_no_error(asker: Asker, vin: str) -> None:
    answer = asker.get(f"/v2/vehicles/vins/{vin}")
    assert answer.status == 200
    assert answer.json() == {
        **{"success": True, "vehicle": None, "upstream_vehicle": None, "confidence": None},
        **{"colour": None, "vin": vin, "additional_vehicles": []},
    }


def test_a_wrong_check_digit_is_answered_and_never_standard(asker: Asker) -> None:
    for digit in "0123456789X":
        body = asker.get(f"/v2/vehicles/vins/{VIN[:8]}{digit}{VIN[9:]}?features=match_explain").json()
        right = digit == VIN[8]
        assert (body["confidence"], body["match"]["rule"]) == (("standard", None) if right else ("reduced", 1))
        assert body["vehicle"]["model"] == "Model 3"


# Who asks.


def test_the_three_forms_of_a_key_all_open(place: Owned, asker: Asker) -> None:
    secret = asker.secret.encode()
    token = token_of(place)
    for headers in (
        [(b"apikey", secret)],
        [(b"authorization", b"ApiKey " + secret)],
        [(b"authorization", b"apikey " + secret)],
        [(b"authorization", b"Bearer " + token)],
        [(b"authorization", b"bearer " + token), (b"apikey", secret)],
    ):
        assert place.ask("GET", f"/v2/vehicles/vins/{VIN}", headers).status == 200


def token_of(place: Owned, body: bytes = b"grant_type=client_credentials") -> bytes:
    answer = place.ask("POST", "/auth-broker/request-token", [place.basic, FORM], body)
    found = answer.json()
    assert list(found) == ["access_token", "expires_in", "scope", "token_type"]
    assert (found["expires_in"], found["scope"], found["token_type"]) == (3599, "", "bearer")
    assert answer.header("cache-control") == "no-store"
    return str(found["access_token"]).encode()


FORM = (b"content-type", b"application/x-www-form-urlencoded")


def test_a_token_ends_with_its_hour_and_with_its_key(place: Owned, asker: Asker, clock: StandingClock) -> None:
    token = (b"authorization", b"Bearer " + token_of(place))
    clock.move(minutes=59)
    assert place.ask("GET", f"/v2/vehicles/vins/{VIN}", [token]).status == 200
    clock.move(minutes=2)
    refused(place.ask("GET", f"/v2/vehicles/vins/{VIN}", [token]), 401, "token_expired")
    other = (b"authorization", b"Bearer " + token_of(place))
    asyncio.run(place.carwire.lookup.keys.revoke(asker.key.key.id))
    refused(place.ask("GET", f"/v2/vehicles/vins/{VIN}", [other]), 401, "key_invalid")
    refused(place.ask("POST", "/auth-broker/request-token", [place.basic, FORM], GRANT), 401, "client_invalid")


def test_a_token_is_no_key_and_is_told_what_one_looks_like(place: Owned, asker: Asker) -> None:
    answer = place.ask("GET", f"/v2/vehicles/vins/{VIN}", [(b"apikey", token_of(place))])
    refused(answer, 401, "key_invalid")
    assert answer.json()["message"] == "A key begins with sec_ or pub_"


def test_a_token_has_the_rights_of_the_oldest_key_that_still_lives(
    place: Owned, asker: Asker, clock: StandingClock
) -> None:
    """The wire leaves open which of several keys it stands for."""
    clock.move(minutes=1)
    Asker(place, regions=("ca",), default_region="ca")
    path = f"/v2/vehicles/vins/{VIN}?region=us"
    assert place.ask("GET", path, [(b"authorization", b"Bearer " + token_of(place))]).status == 200
    asyncio.run(place.carwire.lookup.keys.revoke(asker.key.key.id))
    answer = place.ask("GET", path, [(b"authorization", b"Bearer " + token_of(place))])
    refused(answer, 403, "region_not_allowed")


GRANT = b"grant_type=client_credentials"


def test_wrong_ways_to_ask_for_a_token(place: Owned, asker: Asker) -> None:
    path = "/auth-broker/request-token"
    for body in (b"", b"grant_type=password", b"grant_type=%ff", b"x" * 100):
        answer = place.ask("POST", path, [place.basic, FORM], body)
        assert (answer.status, answer.header("cache-control")) == (400, "no-store")
    for headers in ([], [(b"authorization", b"Basic eA==")], [(b"authorization", b"Bearer x")]):
        answer = place.ask("POST", path, [*headers, FORM], GRANT)
        refused(answer, 401, "client_invalid")
        assert (answer.header("www-authenticate") or "").startswith("Basic ")


def test_what_is_no_key_is_refused(place: Owned, asker: Asker) -> None:
    secret = asker.secret.encode()
    target = f"/v2/vehicles/vins/{VIN}"
    refused(place.ask("GET", target), 401, "key_missing")
    name = b"authorization"
    for headers in (
        [(b"apikey", b"")],
        [(b"apikey", secret[:-1])],
        [(b"apikey", secret + b"x")],
        [(b"apikey", b"\xff\xfe")],
        [(b"apikey", b"a" * 50_000)],
        [(name, b"Bearer " + secret)],
        [(name, b"Bearer ")],
        [(name, b"ApiKey")],
        [place.basic],
        [(b"apikey", secret), (name, b"Bearer nobody")],
        [(b"apikey", secret), (name, b"Bearer")],
    ):
        refused(place.ask("GET", target, headers), 401, "key_invalid")
    other = place.another()
    mine, theirs = secret, make(other).secret.reveal().encode()
    refused(place.ask("GET", target, [(b"apikey", mine), (name, b"ApiKey " + theirs)]), 401, "key_invalid")
    asyncio.run(place.carwire.lookup.keys.revoke(asker.key.key.id))
    refused(asker.get(target), 401, "key_revoked")


def test_a_public_key_works_from_its_pages_alone_and_tells_nothing_of_single_cars(place: Owned) -> None:
    asker = Asker(place, make(place, "pub", origins=("https://shop.example",)))
    target = f"/v2/vehicles/vins/{VIN}"
    for header in (
        (b"origin", b"https://shop.example"),
        (b"origin", b"https://SHOP.example:443"),
        (b"referer", b"https://shop.example/cars?x=1"),
    ):
        assert asker.get(target, header).status == 200
    for headers in (
        [],
        [(b"origin", b"https://other.example")],
        [(b"origin", b"null"), (b"referer", b"https://shop.example/")],
        [(b"origin", b"http://shop.example")],
        [(b"origin", b"https://shop.example.evil.example")],
        [(b"referer", b"https://[")],
    ):
        refused(asker.get(target, *headers), 401, "origin_not_allowed")
    page = (b"origin", b"https://shop.example")
    for feature in ("extended_data", "writeoff_info", "stolen_info", "registration_status"):
        refused(asker.get(f"{target}?features={feature}", page), 403, "feature_not_allowed")
    assert asker.get(f"{target}?features=match_explain", page).status == 200
    refused(asker.get("/v1/usage", page), 403, "feature_not_allowed")


def test_a_page_can_ask_with_a_public_key(place: Owned) -> None:
    asker = Asker(place, make(place, "pub", origins=("https://shop.example",)))
    target, page = f"/v2/vehicles/vins/{VIN}", (b"origin", b"https://shop.example")
    before = place.ask("OPTIONS", target, [page, (b"access-control-request-headers", b"apikey")])
    assert before.status in {200, 204}
    assert before.header("access-control-allow-origin") == "https://shop.example"
    assert "apikey" in (before.header("access-control-allow-headers") or "")
    for each in (target, "/v2/vehicles/vins/x"):
        answer = asker.get(each, page)
        assert answer.header("access-control-allow-origin") == "https://shop.example"
        assert answer.header("vary") == "origin"
    other = asker.get(target, (b"origin", b"https://other.example"))
    assert other.header("access-control-allow-origin") is None
    secret = Asker(place).get(target, page)
    assert secret.header("access-control-allow-origin") is None, "a secret key is for servers"
    assert place.ask("OPTIONS", "/v1/usage", [page]).header("access-control-allow-origin") is None


def test_a_key_may_ask_for_its_regions_and_features_alone(place: Owned) -> None:
    asker = Asker(place, regions=("us",), features=("match_explain",))
    target = f"/v2/vehicles/vins/{VIN}"
    assert asker.get(f"{target}?features=match_explain").status == 200
    refused(asker.get(f"{target}?region=ca"), 403, "region_not_allowed")
    refused(asker.get(f"{target}?features=vehicle_age,match_explain"), 403, "feature_not_allowed")
    refused(asker.get("/v2/vehicles/vins/short?region=ca"), 403, "region_not_allowed")
    refused(asker.get(f"{target}?features=nonsense"), 400, "unknown_feature")


# What is asked.


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("vins/5YJ3E1EAXJF00001I", "invalid_vin"),
        ("vins/5YJ3E1EAXJF00000", "invalid_vin"),
        ("vins/5YJ3E1EAXJF0000011", "invalid_vin"),
        ("vins/%00", "invalid_vin"),
        ("vins/%F0%9F%9A%97", "invalid_vin"),
        ("vins/" + "A" * 3000, "invalid_vin"),
        ("vins/5YJ3E1EAXJF%EF%BC%90%EF%BC%90001", "invalid_vin"),
        ("vins/x?region=nowhere", "invalid_vin"),
        (f"vins/{VIN}?prefer_more_results=yes", "invalid_parameter"),
        (f"vins/{VIN}?prefer_more_results=TRUE", "invalid_parameter"),
        (f"vins/{VIN}?reference_id={'x' * 129}", "invalid_parameter"),
        (f"vins/{VIN}?reference_id=a%0Ab", "invalid_parameter"),
        (f"vins/{VIN}?reference_id=%FF", "invalid_parameter"),
        (f"vins/{VIN}?reference_id=a&reference_id=b", "invalid_parameter"),
        (f"vins/{VIN}?features=vehicle_age,x", "unknown_feature"),
        (f"vins/{VIN}?features=vehicle_summary", "unknown_feature"),
        (f"vins/{VIN}?region=zz", "region_unknown"),
        (f"vins/{VIN}?region=de", "region_not_configured"),
        (f"vins/{VIN}?{'a=1&' * 5000}", "invalid_parameter"),
        ("registrations/%2A?region=us", "invalid_plate"),
        ("registrations/1234567890123", "invalid_plate"),
        ("registrations/ABC123?region=au", "invalid_parameter"),
        ("registrations/ABC123?region=au&state=xx", "invalid_parameter"),
        ("?search=", "invalid_parameter"),
        ("", "invalid_parameter"),
        ("?search=x&count=0", "invalid_parameter"),
        ("?search=x&count=101", "invalid_parameter"),
        ("?search=x&count=1e1", "invalid_parameter"),
        ("facets", "invalid_parameter"),
        ("facets?facet=owner", "invalid_parameter"),
        ("facets?facet=make&year=x", "invalid_parameter"),
        ("facets?facet=make&year=%D9%A2%D9%A0%D9%A2%D9%A0", "invalid_parameter"),
        ("facets/search?year=2018&make=x", "invalid_parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name_and_costs_nothing(asker: Asker, target: str, code: str) -> None:
    slash = "" if target.startswith("?") or not target else "/"
    answer = asker.get(f"/v2/vehicles{slash}{target}")
    refused(answer, 400, code)
    assert answer.header("monthly-request-total") == "0"
    assert [name for name, _ in answer.headers if name in LIMITS] == LIMITS


def test_what_may_be_written_in_several_ways(asker: Asker) -> None:
    first = asker.get(f"/v2/vehicles/vins/{VIN}?features=vehicle_age,match_explain").json()
    for target in (
        "5yj3e1eaxjf000001?features=match_explain,vehicle_age",
        "5YJ-3E1EA%20XJF000001%20?features=vehicle_age,match_explain,vehicle_age&unknown=1&unknown=2",
        f"{VIN}?features=%20vehicle_age,,match_explain&region=US&prefer_more_results=0",
        f"{VIN}/?features=vehicle_age%2Cmatch_explain&prefer_more_results=false&region=",
    ):
        assert asker.get(f"/v2/vehicles/vins/{target}").json() == first, target


def test_a_hint_names_the_position(asker: Asker) -> None:
    body = refused(asker.get("/v2/vehicles/vins/5YJ3E1EAXJF00001O"), 400, "invalid_vin")
    assert body["hint"].startswith("position 17 is O")


def test_without_a_region_the_key_s_own_counts(place: Owned) -> None:
    assert Asker(place, default_region="ca").get(f"/v2/vehicles/vins/{VIN}").json()["vehicle"]["region"] == "ca"
    refused(Asker(place, default_region=None).get(f"/v2/vehicles/vins/{VIN}"), 400, "region_required")


def test_every_feature_adds_its_key_and_nothing_else_does(asker: Asker) -> None:
    for feature in sorted(FEATURES):
        body = asker.get(f"/v2/vehicles/vins/{VIN}?features={feature}").json()
        assert set(body) - set(TOP) == {"match" if feature == "match_explain" else feature}
    assert asker.get(f"/v2/vehicles/vins/{VIN}?features=writeoff_info").json()["writeoff_info"] is None


def test_plates_build_data_and_searches_answer_where_nothing_is_known(asker: Asker) -> None:
    nothing = asker.get("/v2/vehicles/registrations/ABC-123").json()
    assert (nothing["success"], nothing["vehicle"], nothing["vin"]) == (True, None, None)
    built_as = {"success": True, "features": [], "build_date": None}
    assert asker.get(f"/v2/vehicles/vins/{VIN}/build-data").json() == built_as
    none: dict[str, Any] = {"success": True, "total": 0, "confidence": None, "vehicles": []}
    assert asker.get("/v2/vehicles?search=%25_'%22;--").json() == none
    assert asker.get("/v2/vehicles?search=nothing").json() == none


def test_facets_come_in_both_shapes(asker: Asker) -> None:
    for serial in range(3):
        asker.get(f"/v2/vehicles/vins/5YJ3E1EA_JF{serial:06}".replace("_", "0"))
    body = asker.get("/v2/vehicles/facets?facet=make&facets=body,year&make=TESLA").json()
    assert body["facets"] == {name: body[name] for name in ("make", "body", "year")}
    assert body["make"] == [{"value": "Tesla", "count": 1}]
    assert body["body"] == [{"value": "Sedan", "count": 1}]
    found = asker.get("/v2/vehicles/facets/search?year=2018&make=tesla&model=model%203").json()
    assert (found["total"], found["vehicles"][0]["title"], found["facets"]) == (1, "2018 Tesla Model 3", {})
    assert asker.get("/v2/vehicles/facets/search?year=2018&make=tesla&model=x").json()["total"] == 0
    hit = asker.get("/v2/vehicles?search=2018%20model%203").json()
    assert (hit["total"], hit["confidence"]) == (1, "standard")


# Limits.


def test_a_rate_is_kept_for_each_product_and_refills(place: Owned) -> None:
    asker = Asker(place, rate=0.5, burst=2)
    tick = [100.0]
    place.carwire.lookup.meter._tick = lambda: tick[0]
    left = [asker.get(f"/v2/vehicles/vins/{VIN}").header("rate-limit-remaining") for _ in range(2)]
    assert left == ["1", "0"]
    answer = asker.get(f"/v2/vehicles/vins/{VIN}")
    refused(answer, 429, "rate_limited")
    assert (answer.header("retry-after"), answer.header("rate-limit-total")) == ("2", "2")
    assert answer.header("monthly-request-total") == "2", "a refusal costs nothing"
    assert asker.get("/v2/vehicles?search=x").status == 200, "another product"
    tick[0] += 2
    assert asker.get(f"/v2/vehicles/vins/{VIN}").status == 200
    refused(asker.get("/v2/vehicles/vins/x"), 429, "rate_limited")


def test_a_quota_refuses_and_begins_anew_with_the_month(place: Owned, clock: StandingClock) -> None:
    asker = Asker(place, max_quota=3, base_quota=1)
    for used in (1, 2, 3):
        answer = asker.get("/v2/vehicles/vins/00000000000000000")
        assert (answer.status, answer.header("monthly-request-total")) == (200, str(used))
        assert answer.header("monthly-base-request-quota") == "1"
        assert answer.header("monthly-max-request-quota") == "3"
    refused(asker.get("/v2/vehicles/vins/x"), 400, "invalid_vin")
    answer = asker.get(f"/v2/vehicles/vins/{VIN}")
    refused(answer, 429, "quota_exceeded")
    assert answer.header("monthly-request-total") == "3"
    assert asker.get(f"/v2/vehicles/vins/{TEST_VINS[0]}").status == 200, "test values cost nothing"
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert asker.get(f"/v2/vehicles/vins/{VIN}").header("monthly-request-total") == "1"


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_no_number_of_servers_gives_more_than_a_quota(tmp_path: Path, kind: str) -> None:
    def opened() -> Any:
        return open_store(tmp_path, None, open_sealer(tmp_path, None))

    shared = MemoryStore()
    stores = [shared, shared] if kind == "memory" else [opened(), opened()]
    with built(tmp_path, store=stores[0]) as one, built(tmp_path, store=stores[1]) as two:
        key = make(one, max_quota=25)
        header = [(b"apikey", key.secret.reveal().encode())]

        async def ask(place: Owned) -> int:
            return (await place.send("GET", f"/v2/vehicles/vins/{VIN}", header)).status

        async def all_at_once() -> list[int]:
            return list(await asyncio.gather(*(ask((one, two)[n % 2]) for n in range(60))))

        statuses = asyncio.run(all_at_once())
    assert sorted(statuses) == [200] * 25 + [429] * 35


# Records.


def test_every_answered_request_is_a_record_without_the_vin(place: Owned, asker: Asker, clock: StandingClock) -> None:
    for target in (
        f"{VIN}?reference_id=a&features=vehicle_age,match_explain",
        f"{VIN.lower()}?reference_id=b",
        "00000000000000000",
        "x?reference_id=b",
        TEST_VINS[2],
    ):
        asker.get(f"/v2/vehicles/vins/{target}")
        clock.move(milliseconds=1)
    clock.move(days=1)
    asker.get(f"/v2/vehicles/registrations/{TEST_PLATES[0]}")
    place.ask("GET", f"/v2/vehicles/vins/{VIN}")
    body = asker.get("/v2/usage/records").json()
    rows = body["records"]
    assert body["next_cursor"] is None
    assert [(row["product"], row["outcome"], row["billable"], row["status"]) for row in rows] == [
        *(("vin", "standard", True, 200), ("vin", "standard", True, 200), ("vin", "no_match", True, 200)),
        *(("vin", "error", False, 400), ("vin", "test", False, 200), ("registration", "test", False, 200)),
    ]
    first = rows[0]
    assert (first["region"], first["reference_id"], first["features"]) == ("us", "a", ["match_explain", "vehicle_age"])
    assert (first["account_id"], first["key_id"]) == (place.client_id, asker.key.key.id)
    assert first["subject_hash"] == rows[1]["subject_hash"] != rows[2]["subject_hash"]
    assert VIN not in json.dumps(body)
    assert first["at"] == "2026-11-21T12:00:00.000Z"
    pages, cursor = [], ""
    while cursor is not None:
        page = asker.get(f"/v2/usage/records?limit=4{cursor and '&cursor=' + cursor}").json()
        pages += page["records"]
        cursor = page["next_cursor"]
    assert pages == rows


def test_usage_counts_by_key_reference_and_day_as_json_and_csv(place: Owned, clock: StandingClock) -> None:
    one, two, other = Asker(place), Asker(place), Asker(place.another())
    for asker, reference, times in ((one, "shop", 3), (one, "=cmd", 1), (two, "shop", 2), (other, "shop", 7)):
        for _ in range(times):
            assert asker.get(f"/v2/vehicles/vins/{VIN}?reference_id={reference.replace('=', '%3D')}").status == 200
    clock.move(days=2)
    one.get("/v2/vehicles/vins/x")
    rows = one.get("/v1/usage").json()["usage"]
    assert sum(row["requests"] for row in rows) == 7
    assert {tuple(row) for row in rows} == {("key", "reference_id", "day", "requests", "billable")}
    by_day = one.get("/v1/usage?group_by=day").json()["usage"]
    assert by_day == [
        {"day": "2026-11-21", "requests": 6, "billable": 6},
        {"day": "2026-11-23", "requests": 1, "billable": 0},
    ]
    assert one.get("/v2/usage?group_by=reference_id&to=2026-11-21&reference_id=shop").json()["usage"] == [
        {"reference_id": "shop", "requests": 5, "billable": 5}
    ]
    assert one.get("/v1/usage?from=2026-11-22&group_by=outcome").json()["usage"] == [
        {"outcome": "error", "requests": 1, "billable": 0}
    ]
    answer = one.get("/v1/usage?format=csv&group_by=reference_id")
    assert answer.header("content-type") == "text/csv; charset=utf-8"
    table = list(csv.reader(io.StringIO(answer.text)))
    assert table == [["reference_id", "requests", "billable"], ["", "1", "0"], ["'=cmd", "1", "1"], ["shop", "5", "5"]]
    for query in (
        "group_by=owner",
        "group_by=day,day",
        "from=1",
        "to=2026-02-30",
        "format=xml",
        "product=x",
    ):
        refused(one.get(f"/v1/usage?{query}"), 400, "invalid_parameter")


# Test values.


@pytest.mark.parametrize("region", ["us", "au", "de"])
def test_documented_values_answer_in_every_region(place: Owned, region: str) -> None:
    asker = Asker(place, default_region=region)
    for values, path in ((TEST_VINS, "vins"), (TEST_PLATES, "registrations")):
        good, electric, warning, no_match, vin_only = (asker.get(f"/v2/vehicles/{path}/{v}").json() for v in values)
        assert (good["confidence"], good["vehicle"]["fuel_type"]) == ("standard", "Petrol")
        assert (electric["confidence"], electric["vehicle"]["fuel_type"]) == ("standard", "Electric")
        assert warning["confidence"] == "reduced"
        assert (no_match["vehicle"], bool(no_match["upstream_vehicle"]), no_match["confidence"]) == (None, True, None)
        assert (vin_only["vehicle"], vin_only["upstream_vehicle"], vin_only["vin"]) == (None, None, TEST_VINS[4])
    vehicle = asker.get("/v2/vehicles/1111111111111111").json()["vehicle"]
    assert vehicle["region"] == region
    options = asker.get("/v2/vehicles/1111111111111111/options").json()["options"]
    assert options == vehicle["options"]
    assert options[0] == {"detail": "Solid Paint", "price": 0, "kind": "option"}
    assert options[2] == {"detail": "Winter Pack", "price": 900, "kind": "pack", "contains": ["Heated Seats"]}
    assert asker.get("/v2/vehicles/1111111111111111").header("monthly-request-total") == "0"


def test_a_store_that_fails_is_no_answer_and_no_fault(
    place: Owned, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carwire.core.errors import StoreUnavailable

    async def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(place.carwire.store, "releases", fails)
    answer = asker.get(f"/v2/vehicles/vins/{VIN}")
    assert (answer.status, answer.json()["code"], answer.header("retry-after")) == (503, "source_unavailable", "1")
    assert answer.header("monthly-request-total") == "0"


def test_a_key_is_kept_as_a_digest_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path, None, open_sealer(tmp_path, None))
    with built(tmp_path, store=store) as place:
        asker = Asker(place)
        assert asker.get(f"/v2/vehicles/vins/{VIN}").status == 200
        asyncio.run(place.carwire.lookup.meter.write())
        everything = b"".join(path.read_bytes() for path in tmp_path.glob("carwire.sqlite3*"))
    assert asker.secret.encode() not in everything
    assert base64.b64encode(asker.secret.encode()) not in everything
    assert VIN.encode() not in everything, "a VIN that was asked for is not kept"
