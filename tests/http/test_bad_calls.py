"""Everything wrong that can be sent about vehicles, connections and tokens: refused in the wire's form, with no fault
of the server. What is wrong with VINs and compatibility is in `test_bad_input`, what is wrong with v3 in
`tests/http/v3/test_bad_calls.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Answer, Headers, Owned, built
from tests.support import Connected

from carwire.core.permissions import PERMISSIONS
from carwire.http.application import PAGE_TAGS
from carwire.http.call import NHTSA, Route
from carwire.kit.ids import new_id
from carwire.wire.v2.actions import ACTIONS

ID, WEBHOOK = "7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51", "b1f7c4de-91f4-4a3c-8d55-2f6f1a0e7c39"
COMMAND, LOCK = "/security", {"action": "LOCK"}
READ = "/odometer"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    folder = tmp_path_factory.mktemp("bad")
    with built(folder, vehicle_reads_per_minute=1_000_000, vehicle_wakes_per_day=1_000_000) as client:
        yield client


@pytest.fixture(scope="module")
def car(place: Owned) -> Connected:
    return place.connect("owner@example.com", "TESLA")


def refused(answer: Answer, status: int | None = None, field: str | None = None) -> Any:
    """Fail unless the answer is an error in the wire's form that does not blame the server."""
    body = answer.json()
    assert answer.status == (status or answer.status), answer
    assert 400 <= answer.status < 500 or answer.status == 501, answer
    assert body["statusCode"] == answer.status
    assert {"type", "code", "description", "docURL", "resolution", "requestId"} <= set(body)
    assert body["requestId"] == answer.header("sc-request-id") == str(UUID(body["requestId"]))
    assert (answer.header("www-authenticate") is not None) is (answer.status == 401)
    if field is not None:
        assert field in [problem["field"] for problem in body["detail"]], body
    return body


def path_of(route: Route, car: Connected | None = None, **other: str) -> str:
    """Fill in the braces of a path."""
    known = {"id": car.vehicle_id if car else ID, "webhook_id": WEBHOOK, "car": "tesla-3", "vin": "5YJXCDE22HF068739"}
    known["delivery_id"] = ID
    return re.sub(r"\{(\w+)\}", lambda found: {**known, **other}[found[1]], route.path)


def api(place: Owned) -> list[Route]:
    """The calls whose errors are in the form of v2.0."""
    return [route for route in place.carwire.routes if route.tag not in {*PAGE_TAGS, NHTSA, "v3", "lookup"}]


def credentials(place: Owned, car: Connected, route: Route) -> list[tuple[bytes, bytes]]:
    """The header the door of a route wants."""
    if route.door in {"token", "vehicle", "vehicle_or_management", "any_vehicle"}:
        return [car.bearer]
    return [place.amt if route.door == "management" else place.basic]


def oauth_refused(answer: Answer, status: int = 400) -> Any:
    body = answer.json()
    assert answer.status == status, answer
    assert list(body) == ["error", "error_description"]
    assert answer.header("cache-control") == "no-store"
    return body


# Credentials.


def strangers(car: Connected) -> dict[str, Headers]:
    name = b"authorization"
    token = car.tokens.access_token.reveal().encode()
    return {
        "missing": [],
        "empty": [(name, b"")],
        "scheme-only": [(name, b"Bearer")],
        "scheme-and-blank": [(name, b"Bearer ")],
        "no-scheme": [(name, token)],
        "other-scheme": [(name, b"Token " + token)],
        "wrong": [(name, b"Bearer " + token[:-1])],
        "longer": [(name, b"Bearer " + token + b"x")],
        "upper-case": [(name, b"Bearer " + token.upper() + b"!")],
        "nul": [(name, b"Bearer " + token + b"\0")],
        "not-ascii": [(name, b"Bearer \xff\xfe")],
        "twice": [car.bearer, car.bearer],
        "refresh-token": [(name, b"Bearer " + car.tokens.refresh_token.reveal().encode())],
        "code": [(name, b"Bearer " + car.code.reveal().encode())],
        "huge": [(name, b"Bearer " + b"a" * 100_000)],
    }


def test_no_door_opens_without_its_credentials(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.door is None:
            continue
        for headers in strangers(car).values():
            answer = place.ask(route.method, path_of(route, car), headers, b"not json")
            assert refused(answer, 401)["type"] == "AUTHENTICATION", route


def test_credentials_of_another_kind_do_not_open_a_door(place: Owned, car: Connected) -> None:
    for route in api(place):
        wrong = {
            "token": [place.basic, place.amt],
            "vehicle": [place.basic, place.amt],
            "vehicle_or_management": [place.basic],
            "management": [place.basic, car.bearer],
            "application": [place.amt, car.bearer],
            "manager_or_application": [car.bearer, place.machine],
            "application_or_local": [place.amt, car.bearer],
            "application_or_management": [car.bearer, place.machine],
        }
        for header in wrong.get(route.door or "", []):
            refused(place.ask(route.method, path_of(route, car), [header]), 401)


# Ids.

IDS = {
    "text": "nothing",
    "short": ID[:-1],
    "long": ID + "0",
    "no-hyphens": ID.replace("-", "") + "abcd",
    "other-letters": ID.replace("7", "g"),
    "huge": "a" * 60_000,
    "nul": "%00",
    "nul-inside": ID[:-3] + "%00",
    "newline": ID + "%0A",
    "not-utf-8": "%FF%FE",
    "unicode": "%F0%9F%9A%97",
    "full-width": "%EF%BC%97" + ID[1:],
    "blank": "%20",
    "sql": "'%20OR%201=1--",
    "undefined": "undefined",
    "null": "null",
    "braces": "%7Bid%7D",
    "dots": "..",
    "question-mark": "a%3Fb",
}


@pytest.mark.parametrize("what", IDS)
def test_an_id_that_is_no_uuid_is_refused_on_its_field(place: Owned, car: Connected, what: str) -> None:
    for route in api(place):
        if "id" not in route.parameters:
            continue
        answer = place.ask(route.method, path_of(route, car, id=IDS[what]), credentials(place, car, route))
        refused(answer, 400, "id")


@pytest.mark.parametrize("what", IDS)
def test_a_webhook_id_that_is_no_uuid_is_refused_on_its_field(place: Owned, car: Connected, what: str) -> None:
    target = f"/v2.0/vehicles/{car.vehicle_id}/webhooks/{IDS[what]}"
    refused(place.ask("POST", target, [car.bearer]), 400, "webhookId")
    refused(place.ask("DELETE", target, [place.amt]), 400, "webhookId")


def test_the_id_of_nobodys_vehicle_is_a_matter_of_permission(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.door == "vehicle":
            for other in (ID, new_id(), car.user_id):
                answer = place.ask(route.method, path_of(route, id=other), [car.bearer], b"not json")
                assert refused(answer, 403)["type"] == "PERMISSION", route


@pytest.mark.parametrize("what", [*IDS, "unknown"])
def test_an_id_nobody_has_cuts_nothing(place: Owned, car: Connected, what: str) -> None:
    value = {**IDS, "unknown": ID}[what]
    for name in ("vehicle_id", "user_id"):
        answer = place.ask("DELETE", f"/v2.0/management/connections?{name}={value}", [place.amt])
        assert answer.status in {200, 400}
        assert answer.status == 400 or answer.json() == {"connections": []}
    assert place.as_owner(car, "GET", READ).status == 200


@pytest.mark.parametrize(
    "query", ["", "?", "?user_id=", "?vehicle_id=undefined", "?flags=a", "?user=x", "?USER_ID=" + ID]
)
def test_without_a_filter_nothing_is_cut(place: Owned, car: Connected, query: str) -> None:
    answer = place.ask("DELETE", "/v2.0/management/connections" + query, [place.amt])
    body = refused(answer, 400, "user_id")
    assert [problem["field"] for problem in body["detail"]] == ["user_id", "vehicle_id"]
    assert place.as_owner(car, "GET", READ).status == 200


# Queries.

PAGED = {
    "/v2.0/vehicles": {"limit": "5", "offset": "0"},
    "/v2.0/vehicles/{id}/permissions": {"limit": "5", "offset": "0"},
    "/v2.0/management/connections": {"limit": "5"},
    "/v2.0/vehicles/{id}/tesla/charge/records": {"page": "1"},
}
NUMBERS = [(path, name) for path, query in PAGED.items() for name in query]
NO_NUMBERS = ["0.5", "1e3", "-1", "+1", "%2B1", "abc", "0x10", "1%00", "%00", "%FF", "%zz", "%", "9" * 5000, "null",
              "true", "1,2", "%20", "NaN", "Infinity", "%D9%A1", "99999999999"]  # fmt: skip


def ask_paged(place: Owned, car: Connected, path: str, query: str) -> Answer:
    header = place.amt if "management" in path else car.bearer
    return place.ask("GET", f"{path.replace('{id}', car.vehicle_id)}?{query}", [header])


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: value[:12])
@pytest.mark.parametrize(("path", "name"), NUMBERS)
def test_a_number_that_is_none_is_refused_on_its_field(
    place: Owned, car: Connected, path: str, name: str, value: str
) -> None:
    refused(ask_paged(place, car, path, f"{name}={value}"), 400, name)


@pytest.mark.parametrize("value", ["", "undefined", "%75ndefined"])
@pytest.mark.parametrize(("path", "name"), NUMBERS)
def test_a_number_left_empty_or_undefined_counts_as_left_out(
    place: Owned, car: Connected, path: str, name: str, value: str
) -> None:
    assert ask_paged(place, car, path, f"{name}={value}").body == ask_paged(place, car, path, "").body


@pytest.mark.parametrize(("path", "name"), NUMBERS)
def test_a_number_given_twice_is_refused(place: Owned, car: Connected, path: str, name: str) -> None:
    refused(ask_paged(place, car, path, f"{name}=1&{name}=1"), 400, name)
    refused(ask_paged(place, car, path, f"{name}=1&%{ord(name[0]):X}{name[1:]}=1"), 400, name)


@pytest.mark.parametrize("cursor", ["x", "%00", "%FF", "a" * 501, "AAAA", "e30=", "null", "../..", "%20"])
def test_a_cursor_the_server_has_not_written_is_refused(place: Owned, car: Connected, cursor: str) -> None:
    refused(ask_paged(place, car, "/v2.0/management/connections", f"cursor={cursor}"), 400, "cursor")


@pytest.mark.parametrize("mode", ["x", "LIVE", "null", "%00", "%FF", "live,test"])
def test_a_mode_nobody_knows_is_refused(place: Owned, car: Connected, mode: str) -> None:
    refused(ask_paged(place, car, "/v2.0/management/connections", f"mode={mode}"), 400, "mode")


DATES = ["yesterday", "2026-13-01", "2026-02-30", "%00", "%FF", "%zz", "1", "9" * 100, "2026-01-01T25:00:00Z", "null",
         "0000-01-01", "10000-01-01", "0001-01-01T00:00:00%2B14:00", "-1"]  # fmt: skip


@pytest.mark.parametrize("value", DATES, ids=lambda value: value[:20])
@pytest.mark.parametrize("name", ["start_date", "end_date", "startDate", "endDate"])
def test_a_date_that_is_none_is_refused_on_its_field(place: Owned, car: Connected, name: str, value: str) -> None:
    body = refused(place.as_owner(car, "GET", f"/service/history?{name}={value}"), 400)
    assert body["detail"][0]["field"].startswith(name[:3])


def test_a_query_too_long_is_refused_where_one_is_read(place: Owned, car: Connected) -> None:
    for path in PAGED:
        refused(ask_paged(place, car, path, "flags=" + "a" * 60_000), 400, "query")


# Headers.

NO_SECONDS = [b"", b"-1", b"1.5", b"x", b"1e3", b"\xff", b"9" * 20_000, b"0x1", b"null", b"undefined", b"1,1",
              "\u0661".encode()]  # fmt: skip


@pytest.mark.parametrize("value", NO_SECONDS, ids=lambda value: str(value[:12]))
@pytest.mark.parametrize("name", ["carwire-max-age", "carwire-stale-if-error"])
def test_a_freshness_that_is_no_number_of_seconds_is_refused(
    place: Owned, car: Connected, name: str, value: bytes
) -> None:
    target = f"/v2.0/vehicles/{car.vehicle_id}"
    header = (name.encode(), value)
    refused(place.ask("GET", target + READ, [car.bearer, header]), 400, name)
    batch = json.dumps({"requests": [{"path": READ}]}).encode()
    refused(place.ask("POST", target + "/batch", [car.bearer, header], batch), 400, name)


@pytest.mark.parametrize("value", [*NO_SECONDS, b"0", b"301"], ids=lambda value: str(value[:12]))
def test_a_deadline_out_of_bounds_is_refused(place: Owned, car: Connected, value: bytes) -> None:
    answer = command(place, car, LOCK, (b"carwire-deadline", value))
    refused(answer, 400, "carwire-deadline")


@pytest.mark.parametrize("value", [b"a" * 256, b"a" * 60_000, b"a\0b", b"\xff", b"a\tb", "\u00fc".encode()])
def test_an_idempotency_key_too_long_or_unprintable_is_refused(place: Owned, car: Connected, value: bytes) -> None:
    refused(command(place, car, LOCK, (b"idempotency-key", value)), 400, "idempotency-key")


@pytest.mark.parametrize("value", [b"x", b"a" * 60_000, b"\xff", b"metric,imperial", b"\0"])
def test_units_nobody_knows_are_refused(place: Owned, car: Connected, value: bytes) -> None:
    header = (b"sc-unit-system", value)
    refused(place.ask("GET", f"/v2.0/vehicles/{car.vehicle_id}{READ}", [car.bearer, header]), 400, "sc-unit-system")


@pytest.mark.parametrize("name", ["sc-unit-system", "carwire-max-age", "carwire-stale-if-error"])
def test_a_header_given_twice_is_refused(place: Owned, car: Connected, name: str) -> None:
    twice = [(name.encode(), b"1")] * 2
    refused(place.ask("GET", f"/v2.0/vehicles/{car.vehicle_id}{READ}", [car.bearer, *twice]), 400, name)


@pytest.mark.parametrize("name", ["idempotency-key", "carwire-deadline"])
def test_a_header_of_a_command_given_twice_is_refused(place: Owned, car: Connected, name: str) -> None:
    twice = [(name.encode(), b"1")] * 2
    refused(command(place, car, LOCK, *twice), 400, name)


def command(place: Owned, car: Connected, body: object, *headers: tuple[bytes, bytes]) -> Answer:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return place.ask("POST", f"/v2.0/vehicles/{car.vehicle_id}{COMMAND}", [car.bearer, *headers], sent)


# Bodies.

NO_JSON = {
    "empty": b"",
    "blank": b" \n",
    "text": b"LOCK",
    "cut": b'{"action":"LO',
    "two": b'{"action":"LOCK"}{"action":"LOCK"}',
    "form": b"action=LOCK",
    "nan": b'{"action":NaN}',
    "bom": b'\xef\xbb\xbf{"action":"LOCK"}',
    "utf-16": '{"action":"LOCK"}'.encode("utf-16"),
    "not-utf-8": b'{"action":"\xff"}',
    "surrogate": b'{"action":"\\ud800"}',
    "nul": b'{"action":"LO\0CK"}',
    "deep": b"[" * 100_000,
    "deep-closed": b"[" * 100_000 + b"]" * 100_000,
    "deep-objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep-value": b'{"action":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
WRONG: dict[str, object] = {
    "null": None,
    "list": [],
    "text": "x",
    "number": 1,
    "true": True,
    "empty-object": {},
    "unknown": {"nothing": 1},
    "null-key": {"": None},
    "long-key": {"a" * 5000: 1},
    "nested": {"action": {"action": "LOCK"}},
    "numbers": {"action": 1, "limit": [], "requests": 1, "name": 1, "vins": 1, "kind": 1, "step": "x", "seed": "x"},
    "big-number": {
        "action": 10**400,
        "limit": 10**400,
        "requests": 10**400,
        "name": 1,
        "vins": 10**400,
        "step": 10**400,
    },
}
# Where nothing needs to be said, and what comes of that: a new world, or the webhook of the path that is not there.
TAKES_NOTHING = {"reset_simulator": 200, "change_webhook": 404, "rotate_webhook_secret": 404}


def with_body(place: Owned) -> list[Route]:
    return [route for route in api(place) if route.body is not None]


@pytest.mark.parametrize("what", [*NO_JSON, *WRONG])
def test_a_body_of_the_wrong_form_is_refused_by_every_call_that_reads_one(
    place: Owned, car: Connected, what: str
) -> None:
    body = NO_JSON[what] if what in NO_JSON else json.dumps(WRONG[what]).encode()
    for route in with_body(place):
        answer = place.ask(route.method, path_of(route, car), credentials(place, car, route), body)
        if route.name in TAKES_NOTHING and what == "empty-object":
            assert answer.status == TAKES_NOTHING[route.name]
        else:
            assert refused(answer, 400)["detail"], route


@pytest.mark.parametrize("size", [(1 << 20) + 1, 2 << 20])
def test_a_body_of_more_than_a_mebibyte_is_too_large_for_every_call(place: Owned, car: Connected, size: int) -> None:
    for route in api(place):
        if route.takes_body:
            answer = place.ask(route.method, path_of(route, car), credentials(place, car, route), b" " * size)
            assert refused(answer, 413)["code"] == "TOO_LARGE", route


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"not json", b"[" * 100_000])
def test_a_body_nobody_reads_does_no_harm(place: Owned, car: Connected, body: bytes) -> None:
    kind = (b"content-type", b"application/json")
    for route in api(place):
        if not route.takes_body and route.name not in {"disconnect", "delete_connections", "clear_simulated_faults"}:
            target, shown = path_of(route, car), credentials(place, car, route)
            if (route.door == "vehicle" or route.method == "GET") and not route.streams:  # whose answer has no end
                plain = place.ask(route.method, target, shown)
                assert place.ask(route.method, target, [*shown, kind], body).status == plain.status, route


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_disconnecting_takes_an_empty_body_and_an_empty_object(place: Owned, body: bytes) -> None:
    kind = (b"content-type", b"application/json")
    for header in ("owner", "application"):
        car = place.connect(f"{new_id()}@example.com")
        shown = car.bearer if header == "owner" else place.amt
        answer = place.ask("DELETE", f"/v2.0/vehicles/{car.vehicle_id}/application", [shown, kind], body)
        assert (answer.status, answer.json()) == (200, {"status": "success"})
        refused(place.as_owner(car, "GET", READ), 403)


def test_a_pin_that_is_refused_is_not_repeated_to_whoever_sent_it(place: Owned, car: Connected) -> None:
    for body in ({"pin": "49152"}, {"pin": 49152}, {"pin": ["49152"]}, {"49152": "49152"}):
        answer = place.as_owner(car, "POST", "/tesla/pin", body)
        refused(answer, 400)
        assert "49152" not in json.dumps(answer.json()["detail"][0]["message"])


def test_commands_without_the_permission_are_refused_after_their_body(place: Owned) -> None:
    blind = place.connect("blind@example.com", "TESLA", [name for name in PERMISSIONS if name.startswith("read_")])
    for (method, path), action in ACTIONS.items():
        if action.body is not None:
            refused(place.as_owner(blind, method, path, b"not json"), 400, "body")
        else:
            refused(place.as_owner(blind, method, path), 403)


BATCHES: list[object] = [
    {"requests": [{"path": "/nothing"}]},
    {"requests": [{"path": READ}, {"path": "/nothing"}]},
    {"requests": [{"path": ""}] * 51},
    {"requests": [{"path": None}]},
    {"requests": [{}]},
    {"requests": ["/odometer"]},
    {"requests": [{"path": READ, "method": "POST"}]},
    {"requests": {"path": READ}},
    {"requests": [{"path": READ}], "more": 1},
    {"requests": [{"path": "https://example.com/odometer"}]},
    {"requests": [{"path": "/../odometer/.."}]},
    {"requests": [{"path": "/batch"}]},
    {"requests": [{"path": "a" * 100_000}]},
]


@pytest.mark.parametrize("body", BATCHES, ids=lambda body: json.dumps(body)[:60])
def test_a_batch_with_one_wrong_path_is_refused_as_a_whole(place: Owned, car: Connected, body: object) -> None:
    answer = place.as_owner(car, "POST", "/batch", body)
    fields = [problem["field"] for problem in refused(answer, 400)["detail"]]
    assert fields in (["requests"], ["more"])


@pytest.mark.parametrize("query", ["limit=x", "limit=%zz", "limit=%00", "limit=1&limit=2"])
def test_a_wrong_query_inside_a_batch_spoils_its_own_item_alone(place: Owned, car: Connected, query: str) -> None:
    body = {"requests": [{"path": READ}, {"path": f"/permissions?{query}"}]}
    answer = place.as_owner(car, "POST", "/batch", body)
    assert [each["code"] for each in answer.json()["responses"]] == [200, 400]


# Forms.

FORMS = {
    "empty": b"",
    "blank": b"   ",
    "json": b'{"grant_type":"refresh_token"}',
    "broken-escape": b"grant_type=%zz",
    "not-utf-8": b"grant_type=%FF",
    "raw-not-utf-8": b"grant_type=\xff",
    "twice": b"grant_type=refresh_token&grant_type=refresh_token",
    "unknown-grant": b"grant_type=password&username=a&password=b",
    "nul": b"grant_type=%00",
    "no-code": b"grant_type=authorization_code",
    "no-token": b"grant_type=refresh_token",
    "undefined": b"grant_type=undefined",
    "wrong-code": b"grant_type=authorization_code&code=%00%FFx",
    "huge": b"grant_type=refresh_token&refresh_token=" + b"a" * 100_000,
    "many": b"&" * 16_000,
    "many-names": b"&".join(b"a%d=1" % i for i in range(2000)),
}


@pytest.mark.parametrize("what", FORMS)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/token/oauth/token", "/oauth/revoke"])
def test_a_wrong_form_is_refused_in_the_form_of_oauth(place: Owned, path: str, what: str) -> None:
    oauth_refused(place.ask("POST", path, [place.basic], FORMS[what]))


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_a_form_of_a_stranger_is_refused_in_the_form_of_oauth(place: Owned, car: Connected, path: str) -> None:
    form = b"grant_type=refresh_token&refresh_token=x&token=x"
    for headers in (strangers(car)["missing"], strangers(car)["huge"], [car.bearer], [place.basic, place.basic]):
        answer = place.ask("POST", path, headers, form)
        assert oauth_refused(answer, 401)["error"] == "invalid_client"
        assert answer.header("www-authenticate") is not None


@pytest.mark.parametrize("query", [b"%FF", b"%zz", b"a=1&a=2", b"grant_type=" + b"a" * 60_000])
def test_a_wrong_query_of_the_token_endpoint_is_refused_in_the_form_of_oauth(place: Owned, query: bytes) -> None:
    oauth_refused(place.ask("POST", b"/oauth/token?" + query, [place.basic]))


# Methods, versions, pages.


def test_another_method_is_refused_at_every_path_and_told_the_ones_there_are(place: Owned, car: Connected) -> None:
    methods: dict[str, set[str]] = {}
    for route in place.carwire.routes:
        own = {"GET", "HEAD"} if route.method == "GET" else {route.method}
        methods.setdefault(route.path, set()).update(own)
    for route in place.carwire.routes:
        target = re.sub(r"\{(\w+)\}", "x", route.path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods[route.path]:
            answer = place.ask(method, target, [car.bearer])
            if route.tag == "lookup" and not route.path.startswith("/v1/"):
                assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")
            elif route.tag == NHTSA:
                assert answer.status == 405, route
            else:
                body = refused(answer, 405)
                assert (body["type"], body["code"]) == ("VALIDATION", "METHOD")
            assert set((answer.header("allow") or "").split(", ")) == methods[route.path], route


@pytest.mark.parametrize("version", ["v0.1", "v1.0", "v1.9", "v00.1", "v3", "v9", "v10", "v1x"])
def test_a_version_that_is_not_served_is_told_so(place: Owned, car: Connected, version: str) -> None:
    body = refused(place.ask("GET", f"/{version}/vehicles/{car.vehicle_id}{READ}", [car.bearer]), 404)
    assert body["type"] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize("path", ["/x", "/odometer/x", "/Odometer", "/tesla", "/tesla/x", "/kia/charge", "//", "/.."])
def test_what_no_vehicle_has_is_not_found(place: Owned, car: Connected, path: str) -> None:
    assert place.as_owner(car, "GET", path).status in ({200} if path == "//" else {403, 404})


def test_pages_answer_bad_requests_with_pages_and_no_fault(place: Owned) -> None:
    for target in (
        "/oauth/authorize",
        "/oauth/authorize?client_id=%FF",
        "/oauth/authorize?client_id=" + "a" * 60_000,
        "/oauth/authorize?client_id=%00&client_id=x",
        f"/oauth/authorize?client_id={place.client_id}&redirect_uri=javascript:alert(1)&response_type=code",
    ):
        answer = place.ask("GET", target)
        assert 400 <= answer.status < 500
        assert (answer.header("content-type") or "").startswith("text/html")
        assert "<script>" not in answer.text
        assert answer.header("location") is None
