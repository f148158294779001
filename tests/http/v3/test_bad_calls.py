"""Everything wrong that can be sent to v3: refused in its own form, with no fault of the server, and nothing done.

The twin of `tests/http/test_bad_calls.py`, which has what is wrong with v2.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tests.conftest import Answer, Owned, built
from tests.http.test_bad_calls import ID, IDS, NO_JSON, NO_SECONDS, strangers
from tests.http.v3.forms import kept, refused, refused_preview
from tests.support import Connected

from carwire.core.webhooks import Webhook
from carwire.http.call import Route
from carwire.http.openapi_rules import EXAMPLES
from carwire.kit.clock import utc_now
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret

Header = tuple[bytes, bytes]
OWNED = {"owned_vehicle", "readable_vehicle"}
OF_VEHICLES = {*OWNED, "any_vehicle"}
LOCK, SIGNALS = "/commands/security/lock", "/signals"
ONE = "/signals/odometer-traveleddistance"
JSON = (b"content-type", b"application/json")
# Path parameter → the field an error names; a code and an execution are looked up, whatever they look like.
FIELDS = {
    "id": "vehicleId",
    "connection_id": "connectionId",
    "user_id": "userId",
    "webhook_id": "webhookId",
    "subscription_id": "subscriptionId",
    "application_id": "applicationId",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    folder = tmp_path_factory.mktemp("bad")
    with built(folder, vehicle_reads_per_minute=1_000_000, vehicle_wakes_per_day=1_000_000) as client:
        yield client


@pytest.fixture(scope="module")
def car(place: Owned) -> Connected:
    return place.connect("owner@example.com", "TESLA")


@pytest.fixture(scope="module")
def webhook(place: Owned, car: Connected) -> Webhook:
    hook = Webhook(new_id(), place.client_id, "Hook", "https://hook.example/", utc_now())
    place.run(place.carwire.store.add_webhook(hook, new_signing_secret()))
    assert subscribe(place, car, hook.id).status == 202
    return hook


@pytest.fixture(autouse=True)
def nothing_is_changed(
    place: Owned, car: Connected, webhook: Webhook, machine_strangers: dict[str, list[Header]]
) -> Iterator[None]:
    before = kept(place)
    assert before["links"]
    assert before["subscriptions"]
    yield
    assert kept(place) == before


def subscribe(place: Owned, car: Connected, webhook_id: str) -> Answer:
    ids = {"webhookId": webhook_id, "userId": car.user_id, "vehicleId": car.vehicle_id}
    return place.v3("POST", "/subscriptions", body={"data": {"attributes": ids}})


def api(place: Owned) -> list[Route]:
    found = [route for route in place.carwire.routes if route.path.startswith("/v3/")]
    assert len(found) > 25
    return found


def path_of(route: Route, car: Connected | None = None, **other: str) -> str:
    known = {**EXAMPLES, "id": car.vehicle_id if car else ID, **other}
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], route.path)


def credentials(place: Owned, car: Connected, route: Route) -> list[Header]:
    """What opens the door of a route."""
    if route.door is None:
        return []
    return [place.machine, *([(b"sc-user-id", car.user_id.encode())] if route.door in OF_VEHICLES else [])]


def ask(place: Owned, car: Connected, path: str, *headers: Header, method: str = "GET", body: bytes = b"") -> Answer:
    """Ask something of the car, for its owner unless the headers name another."""
    owner = [] if any(name == b"sc-user-id" for name, _ in headers) else [(b"sc-user-id", car.user_id.encode())]
    return place.ask(method, f"/v3/vehicles/{car.vehicle_id}{path}", [place.machine, *owner, *headers], body)


# Credentials.


@pytest.fixture(scope="module")
def machine_strangers(place: Owned) -> dict[str, list[Header]]:
    """Headers that look much like the application's token."""
    name, (_, value) = b"authorization", place.machine
    token = value.removeprefix(b"Bearer ")

    async def secret() -> tuple[str, str]:
        new = await place.carwire.services.credentials.draw(place.client_id)
        await place.carwire.services.credentials.delete(place.client_id, new.id)
        return new.machine_id, new.secret.reveal()

    machine_id, drawn = place.run(secret())
    return {
        "wrong": [(name, b"Bearer " + token[:-1])],
        "longer": [(name, b"Bearer " + token + b"x")],
        "no-scheme": [(name, token)],
        "basic": [(name, b"Basic " + token)],
        "nul": [(name, b"Bearer " + token + b"\0")],
        "twice": [place.machine, place.machine],
        "client id": [(name, b"Bearer " + machine_id.encode())],
        "deleted secret": [(name, b"Bearer " + drawn.encode())],
        "v2 client id": [(name, b"Bearer " + place.client_id.encode())],
        "v2 client secret": [(name, b"Bearer " + place.client_secret.encode())],
        "management token": [(name, b"Bearer " + place.management_token.encode())],
        "huge": [(name, b"Bearer " + b"a" * 1000)],
    }


def either(place: Owned, answer: Answer, status: int, *, preview: bool) -> None:
    """Fail unless an error is written in the form whoever shows this header reads."""
    (refused_preview if preview else refused)(place, answer, status)


def test_no_door_opens_without_its_credentials(
    place: Owned, car: Connected, machine_strangers: dict[str, list[Header]]
) -> None:
    shown = {**strangers(car), **machine_strangers, "basic": [place.basic], "amt": [place.amt]}
    for route in api(place):
        if route.door is None:
            continue
        for what, headers in shown.items():
            for target in (path_of(route, car), path_of(route, id="no-id", connection_id="no-id")):
                answer = place.ask(route.method, target, headers, b"not json")
                preview = what in {"refresh-token", "code", "v2 client id"}  # which look like an owner's token
                either(place, answer, 401, preview=preview)
                assert answer.header("www-authenticate") == 'Bearer realm="carwire"'
                assert place.client_secret not in answer.text


def test_an_owners_token_does_not_open_what_is_for_applications(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.door not in {"application_token", "owned_vehicle"}:
            continue
        for target in (path_of(route, car), path_of(route), path_of(route, id="no-id", connection_id="no-id")):
            body = refused_preview(place, place.ask(route.method, target, [car.bearer], b"not json"), 403, "forbidden")
            assert (body["type"], body["code"]) == ("AUTHENTICATION", None), route


def test_an_applications_token_opens_nothing_of_the_other_versions(place: Owned, car: Connected) -> None:
    doors = {"vehicle", "token", "management", "vehicle_or_management", "application", "application_or_local", "local"}
    doors.add("application_or_management")
    for route in place.carwire.routes:
        if route.door in doors:
            target = path_of(route, car)
            answer = place.ask(route.method, target, [place.machine, (b"sc-user-id", car.user_id.encode())])
            assert (answer.status, answer.json()["type"]) == (401, "AUTHENTICATION"), route


# Owners.

NO_OWNERS = [b"x", b"%00", b"\xff", ID.encode()[:-1], ID.encode() + b"0", b"null", b"undefined", b"a" * 60_000,
             b"7f3bd4c6 3f0c 4b63 9d9f 0a4f5f0f8a51", b"{" + ID.encode() + b"}"]  # fmt: skip


@pytest.mark.parametrize("method_and_path", [("GET", SIGNALS), ("GET", ONE), ("POST", LOCK)])
def test_an_application_has_to_name_the_owner(place: Owned, car: Connected, method_and_path: tuple[str, str]) -> None:
    method, path = method_and_path
    for value in ([], [b""], [b"  "]):
        headers = [(b"sc-user-id", each) for each in value] or [JSON]
        answer = place.ask(method, f"/v3/vehicles/{car.vehicle_id}{path}", [place.machine, *headers], b"not json")
        entry = refused(place, answer, 400, "MISSING_PARAMETER")
        assert (entry["type"], entry["detail"]) == ("VALIDATION", "missing userId")


def test_every_route_of_an_owners_vehicle_wants_the_owner(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.door in OWNED:
            answer = place.ask(route.method, path_of(route, car), [place.machine], b"not json")
            assert refused(place, answer, 400)["detail"] == "missing userId", route


@pytest.mark.parametrize("value", NO_OWNERS, ids=lambda value: str(value[:20]))
def test_an_owner_that_is_no_uuid_is_refused_on_the_header(place: Owned, car: Connected, value: bytes) -> None:
    for route in api(place):
        if route.door in OF_VEHICLES:
            headers = [place.machine, (b"sc-user-id", value)]
            entry = refused(place, place.ask(route.method, path_of(route, car), headers), 400, "INVALID_INPUT_FORMAT")
            assert entry["detail"] == "sc-user-id: must be a UUID", route


def test_two_owners_are_refused(place: Owned, car: Connected) -> None:
    twice = [(b"sc-user-id", car.user_id.encode())] * 2
    for route in api(place):
        if route.door in OF_VEHICLES:
            answer = place.ask(route.method, path_of(route, car), [place.machine, *twice])
            assert refused(place, answer, 400)["detail"] == "sc-user-id: Given more than once", route


def test_an_owner_may_be_written_in_either_case(place: Owned, car: Connected) -> None:
    upper = (b"SC-USER-ID".lower(), car.user_id.upper().encode())
    assert ask(place, car, ONE, upper).status == 200


def test_an_owners_token_needs_no_owner_and_heeds_none(place: Owned, car: Connected) -> None:
    target = f"/v3/vehicles/{car.vehicle_id}{ONE}"
    plain = place.ask("GET", target, [car.bearer])
    assert plain.status == 200
    for value in (b"", b"x", new_id().encode()):
        assert place.ask("GET", target, [car.bearer, (b"sc-user-id", value)]).body == plain.body


# Ids.


@pytest.mark.parametrize("what", IDS)
def test_an_id_that_is_no_uuid_is_refused_by_its_name(place: Owned, car: Connected, what: str) -> None:
    for route in api(place):
        for name in FIELDS.keys() & route.parameters.keys():
            answer = place.ask(
                route.method, path_of(route, car, **{name: IDS[what]}), credentials(place, car, route), b"not json"
            )
            entry = refused(place, answer, 400, "INVALID_INPUT_FORMAT")
            assert entry["detail"] == f"{FIELDS[name]}: must be a UUID", route


@pytest.mark.parametrize("what", IDS)
def test_an_id_that_is_no_uuid_is_refused_in_the_form_of_the_sdks(place: Owned, car: Connected, what: str) -> None:
    for path in ("", SIGNALS, ONE):
        answer = place.ask("GET", f"/v3/vehicles/{IDS[what]}{path}", [car.bearer])
        body = refused_preview(place, answer, 400, "bad_request")
        assert body["detail"] == [{"field": "vehicleId", "message": "must be a UUID"}]


def test_what_nobody_has_is_not_found(place: Owned, car: Connected) -> None:
    body = {"percent": 80, "latitude": 1, "longitude": 2}
    for route in api(place):
        for name in FIELDS.keys() & route.parameters.keys():
            answer = place.ask(
                route.method,
                path_of(route, car, **{name: ID}),
                [*credentials(place, car, route), JSON],
                json.dumps({"data": {"attributes": body}}).encode(),
            )
            kind = {"id": "vehicle"}.get(name, name.removesuffix("_id"))
            entry = refused(place, answer, 404, f"{kind.upper()}_NOT_FOUND")
            assert entry["type"] == "RESOURCE_NOT_FOUND"
            assert ID in entry["detail"]


@pytest.mark.parametrize("what", [*IDS, "upper"])
def test_codes_and_executions_nobody_knows_are_not_found(place: Owned, car: Connected, what: str) -> None:
    value = {**IDS, "upper": EXAMPLES["execution_id"].upper()}[what]
    for path, code in ((f"/signals/{value}", "SIGNAL"), (f"/command-executions/{value}", "COMMAND")):
        if what == "dots":
            continue  # which is another path to some
        entry = refused(place, ask(place, car, path), 404, f"{code}_NOT_FOUND")
        assert len(entry["detail"]) < 350


@pytest.mark.parametrize(
    "path", ["/battery", "/x", "/signals/a/b", "/commands", "/commands/charge", "/commands/fly", "/charge-schedules",
             "/command-executions", "/Signals", "/signals//x/y"],
)  # fmt: skip
def test_what_no_vehicle_has_is_no_path(place: Owned, car: Connected, path: str) -> None:
    entry = refused(place, ask(place, car, path), 404, "INVALID_PATH")
    assert entry["type"] == "RESOURCE_NOT_FOUND"
    body = refused_preview(place, place.ask("GET", f"/v3/vehicles/{car.vehicle_id}{path}", [car.bearer]), 404)
    assert (body["type"], body["code"]) == ("RESOURCE_NOT_FOUND", "PATH")


@pytest.mark.parametrize("path", ["/v3", "/v3/", "/v3//", "/v3/x", "/v3/vehicles", "/v3/vehicles/", "//v3//vehicles//"])
def test_what_v3_has_not_is_no_path(place: Owned, path: str) -> None:
    refused(place, place.ask("GET", path, [place.machine]), 404, "INVALID_PATH")
    refused(place, place.ask("POST", path), 404, "INVALID_PATH")


def test_the_braces_of_a_template_are_no_path_of_their_own(place: Owned, car: Connected) -> None:
    refused(place, ask(place, car, "/command-executions/{execution_id}"), 404, "COMMAND_NOT_FOUND")
    refused(place, ask(place, car, "/signals/{code}"), 404, "SIGNAL_NOT_FOUND")
    answer = place.ask("GET", "/v3/vehicles//signals/odometer-traveleddistance", [place.machine])
    refused(place, answer, 404, "INVALID_PATH")


# Queries.

NUMBERS = ["0", "-1", "+1", "1.5", "1e3", "x", "0x10", "%00", "%D9%A1", "null", "undefined", "1000001", "9" * 400]
WORDS = ["x", "LIVE", "null", "%00", "live,simulated", "undefined"]
BAD_QUERIES: dict[str, dict[str, list[str]]] = {
    "/v3/connections": {
        "filter[userId]": ["x", ID[:-1], "%00", "null"],
        "filter[vehicleId]": ["x", ID + "0", "undefined"],
        "filter[vehicle.mode]": WORDS,
        "filter[user.externalId]": ["a" * 256, "%00", "a%0Ab"],
        "filter[nothing]": ["1"],
        "filter[]": ["1"],
        "sort": ["x", "-", "CREATEDAT", "createdAt,updatedAt", "+createdAt"],
        "page[after]": ["x", "%00", "a" * 501, "AAAA", "e30=", "null", "../..", "%20", "=", "%C3%BC"],
        "page[number]": NUMBERS,
        "page[size]": [*NUMBERS, "101"],
    },
    "/v3/subscriptions": {
        "filter[userId]": ["x"],
        "filter[webhookId]": ["x", ID[:-1]],
        "filter[vehicleId]": ["x"],
        "filter[vehicle.mode]": WORDS,
        "filter[user.externalId]": ["1"],
        "page[number]": NUMBERS,
        "page[size]": [*NUMBERS, "101"],
    },
    "/v3/webhooks": {
        "filter[name]": ["a" * 256, "%00"],
        "filter[callbackUri]": ["a" * 256, "%07"],
        "filter[isEnabled]": ["yes", "2", "null"],
        "filter[autoSubscribe]": ["yes", "-1"],
        "filter[isenabled]": ["true"],
        "page[number]": NUMBERS,
        "page[size]": [*NUMBERS, "101"],
    },
    "/v3/applications": {"page[number]": NUMBERS, "page[size]": [*NUMBERS, "101"], "filter[name]": ["x"]},
    "/v3/applications/{application_id}/secrets": {"page[number]": NUMBERS, "page[size]": ["101"], "filter[id]": ["x"]},
    "/v3/compatible-vehicles": {
        "filter[region]": ["x", "DE", "null", "US,CA"],
        "filter[make]": ["a" * 256, "%00"],
        "filter[powertrainType]": ["x", "electric", "%00"],
        "filter[model]": ["x"],
        "page[number]": NUMBERS,
        "page[size]": [*NUMBERS, "501"],
    },
    "/v3/vehicles/{id}/signals": {"page[number]": NUMBERS, "page[size]": [*NUMBERS, "501"]},
}
QUERIES = [(path, name, value) for path, names in BAD_QUERIES.items() for name, all_ in names.items() for value in all_]


def ask_list(place: Owned, car: Connected, path: str, query: str) -> Answer:
    (route,) = (route for route in api(place) if (route.method, route.path) == ("GET", path))
    return place.ask(
        "GET", f"{path_of(route, car, application_id=place.client_id)}?{query}", credentials(place, car, route)
    )


def test_every_parameter_of_a_query_is_spoilt_here(place: Owned) -> None:
    for route in api(place):
        if route.query:
            names = {each.encode_name for each in msgspec.structs.fields(route.query)}
            assert names <= BAD_QUERIES[route.path].keys(), route


@pytest.mark.parametrize(("path", "name", "value"), QUERIES, ids=lambda each: each[-24:])
def test_a_parameter_that_cannot_be_used_is_refused_by_its_name(
    place: Owned, car: Connected, path: str, name: str, value: str
) -> None:
    for written in (name, quote(name)):
        entry = refused(place, ask_list(place, car, path, f"{written}={value}"), 400, "INVALID_INPUT_FORMAT")
        assert entry["detail"].startswith(f"{name}: "), entry


@pytest.mark.parametrize("path", BAD_QUERIES)
def test_queries_that_cannot_be_read_are_refused(place: Owned, car: Connected, path: str) -> None:
    for query, field in (
        ("a=%FF", "a"),
        ("a=%zz", "a"),
        ("%FF=1", "query"),
        ("page%5Bsize%5D=1&page[size]=1", "page[size]"),
        ("a=1&a=1", "a"),
        ("a=" + "b" * 9000, "query"),
    ):
        entry = refused(place, ask_list(place, car, path, query), 400, "INVALID_INPUT_FORMAT")
        assert entry["detail"].startswith(f"{field}: "), entry


@pytest.mark.parametrize("path", BAD_QUERIES)
def test_parameters_nobody_knows_are_left_aside_and_empty_ones_count_as_none(
    place: Owned, car: Connected, path: str
) -> None:
    plain = ask_list(place, car, path, "")
    assert plain.status == 200
    for query in ("include=vehicle", "page[numbers]=x", "x", "&&", "page[size]=", "sort=&page[number]=", "Filter=x"):
        assert ask_list(place, car, path, query).body == plain.body


def test_a_cursor_and_a_number_are_not_both_taken(place: Owned, car: Connected) -> None:
    entry = refused(place, ask_list(place, car, "/v3/connections", "page[after]=x&page[number]=1"), 400)
    assert entry["detail"].startswith("page[after]: ")


def test_every_field_at_fault_has_an_error_of_its_own(place: Owned, car: Connected) -> None:
    answer = ask_list(place, car, "/v3/connections", "page[number]=x&page[size]=y")
    refused(place, answer, 400)
    assert [each["detail"].split(":")[0] for each in answer.json()["errors"]] == ["page[number]", "page[size]"]


# Headers.


@pytest.mark.parametrize("value", [each for each in NO_SECONDS if each], ids=lambda value: str(value[:12]))
def test_an_age_that_is_no_number_of_seconds_is_refused(place: Owned, car: Connected, value: bytes) -> None:
    for path in (SIGNALS, ONE):
        entry = refused(place, ask(place, car, path, (b"carwire-max-age", value)), 400, "INVALID_INPUT_FORMAT")
        assert entry["detail"].startswith("carwire-max-age: ")


@pytest.mark.parametrize("value", [b"x", b"a" * 60_000, b"\xff", b"metric,imperial", b"\0", b"undefined"])
def test_units_nobody_knows_are_refused(place: Owned, car: Connected, value: bytes) -> None:
    for path in (SIGNALS, ONE):
        entry = refused(place, ask(place, car, path, (b"sc-unit-system", value)), 400, "INVALID_INPUT_FORMAT")
        assert entry["detail"].startswith("sc-unit-system: ")


@pytest.mark.parametrize("name", ["sc-unit-system", "carwire-max-age"])
def test_a_header_of_a_read_given_twice_is_refused(place: Owned, car: Connected, name: str) -> None:
    twice = [(name.encode(), b"1")] * 2
    assert refused(place, ask(place, car, ONE, *twice), 400)["detail"].startswith(f"{name}: ")


@pytest.mark.parametrize("value", [*(each for each in NO_SECONDS if each), b"0", b"301"], ids=lambda v: str(v[:12]))
def test_a_deadline_out_of_bounds_is_refused(place: Owned, car: Connected, value: bytes) -> None:
    answer = ask(place, car, LOCK, (b"carwire-deadline", value), method="POST")
    assert refused(place, answer, 400)["detail"].startswith("carwire-deadline: ")


@pytest.mark.parametrize("value", [b"a" * 256, b"a" * 60_000, b"a\0b", b"\xff", b"a\tb", "\u00fc".encode()])
def test_an_idempotency_key_too_long_or_unprintable_is_refused(place: Owned, car: Connected, value: bytes) -> None:
    answer = ask(place, car, LOCK, (b"idempotency-key", value), method="POST")
    assert refused(place, answer, 400)["detail"].startswith("idempotency-key: ")


@pytest.mark.parametrize("name", ["idempotency-key", "carwire-deadline"])
def test_a_header_of_a_command_given_twice_is_refused(place: Owned, car: Connected, name: str) -> None:
    answer = ask(place, car, LOCK, *[(name.encode(), b"1")] * 2, method="POST")
    assert refused(place, answer, 400)["detail"].startswith(f"{name}: ")


# Bodies.

WRONG: dict[str, object] = {
    "list": [],
    "text": "x",
    "number": 1,
    "true": True,
    "bare": {"percent": 80, "latitude": 1, "longitude": 2},
    "other": {"date": {}},
    "data-null": {"data": None},
    "data-list": {"data": []},
    "data-text": {"data": "x"},
    "data-bare": {"data": {"percent": 80}},
    "attributes-null": {"data": {"attributes": None}},
    "attributes-list": {"data": {"attributes": [1]}},
    "unknown": {"data": {"attributes": {"nothing": 1}}},
    "null-key": {"": None},
    "long-key": {"data": {"attributes": {"a" * 5000: 1}}},
    "relationships": {"data": {"relationships": {}}},
    "deep-attributes": {"data": {"attributes": {"percent": {"percent": 80}, "latitude": [1], "webhookId": {}}}},
}


def bodies(place: Owned) -> list[Route]:
    return [route for route in api(place) if route.method == "POST"]


@pytest.mark.parametrize("what", [*NO_JSON, *WRONG])
def test_a_body_of_the_wrong_form_is_refused_by_every_call(place: Owned, car: Connected, what: str) -> None:
    body = NO_JSON[what] if what in NO_JSON else json.dumps(WRONG[what]).encode()
    for route in bodies(place):
        if what in {"empty", "blank", "data-null"} and route.body is None:
            continue  # which is what such a call takes
        answer = place.ask(route.method, path_of(route, car), [*credentials(place, car, route), JSON], body)
        entry = refused(place, answer, 400)
        assert entry["code"] in {"INVALID_INPUT_FORMAT", "MISSING_PARAMETER"}


PERCENTS: list[object] = [49, 101, 80.5, "80", True, None, [80], 10**400, -80]
LATITUDES: list[object] = [91, -91, "1", True, None]
LONGITUDES: list[object] = [181, -180.1, "1", []]
BAD_ATTRIBUTES: dict[str, list[dict[str, object]]] = {
    "/commands/charge/set-limit": [
        *({"percent": each} for each in PERCENTS),
        {"percent": 80, "limit": 80},
        {},
    ],
    "/commands/navigation/set-destination": [
        *({"latitude": each, "longitude": 1} for each in LATITUDES),
        *({"latitude": 1, "longitude": each} for each in LONGITUDES),
        {"latitude": 1},
        {"latitude": 1, "longitude": 2, "altitude": 3},
    ],
    "/commands/charge/start": [{"percent": 80}],
    "/commands/security/lock": [{"x": None}],
    "/charge-schedules/daily": [
        {"location": {"latitude": 1, "longitude": 1}, "startTime": "24:00", "stopTime": "06:00"},
        {"location": {"latitude": 1}, "startTime": "22:00", "stopTime": "06:00"},
        {"location": [1, 1], "startTime": "22:00", "stopTime": "06:00"},
        {"startTime": "22:00", "stopTime": "06:00"},
    ],
}


@pytest.mark.parametrize(("path", "attributes"), [(p, each) for p, all_ in BAD_ATTRIBUTES.items() for each in all_],
                         ids=lambda each: str(each)[:60])  # fmt: skip
def test_attributes_out_of_bounds_are_refused_by_their_names(
    place: Owned, car: Connected, path: str, attributes: dict[str, object]
) -> None:
    body = json.dumps({"data": {"type": "x", "attributes": attributes}}).encode()
    entry = refused(place, ask(place, car, path, JSON, method="POST", body=body), 400)
    assert re.match(r"(missing )?data\.attributes\.\w+", entry["detail"]), entry
    assert entry["code"] == ("MISSING_PARAMETER" if entry["detail"].startswith("missing") else "INVALID_INPUT_FORMAT")


IDS_OF_SUBSCRIPTION = ("webhookId", "userId", "vehicleId")


@pytest.mark.parametrize("name", IDS_OF_SUBSCRIPTION)
@pytest.mark.parametrize("value", [None, 1, "", "x", ID[:-1], [ID], True, "absent"])
def test_a_subscription_wants_three_ids(
    place: Owned, car: Connected, webhook: Webhook, name: str, value: object
) -> None:
    ids: dict[str, Any] = {"webhookId": webhook.id, "userId": car.user_id, "vehicleId": car.vehicle_id, name: value}
    if value == "absent":
        del ids[name]
    entry = refused(place, place.v3("POST", "/subscriptions", body={"data": {"attributes": ids}}), 400)
    assert f"data.attributes.{name}" in entry["detail"]


@pytest.mark.parametrize("name", IDS_OF_SUBSCRIPTION)
def test_a_subscription_of_what_nobody_has_is_not_found(
    place: Owned, car: Connected, webhook: Webhook, name: str
) -> None:
    ids = {"webhookId": webhook.id, "userId": car.user_id, "vehicleId": car.vehicle_id, name: ID}
    kind = "WEBHOOK_NOT_FOUND" if name == "webhookId" else "VEHICLE_NOT_FOUND"
    refused(place, place.v3("POST", "/subscriptions", body={"data": {"attributes": ids}}), 404, kind)


@pytest.mark.parametrize("size", [(1 << 20) + 1, 2 << 20])
def test_a_body_of_more_than_a_mebibyte_is_too_large_for_every_call(place: Owned, car: Connected, size: int) -> None:
    for route in api(place):
        if route.takes_body:
            headers = credentials(place, car, route)
            entry = refused(place, place.ask(route.method, path_of(route, car), headers, b" " * size), 413, "TOO_LARGE")
            assert entry["type"] == "VALIDATION"


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"not json", b"[" * 100_000])
def test_a_body_nobody_reads_does_no_harm(place: Owned, car: Connected, body: bytes) -> None:
    for route in api(place):
        if route.method == "GET":
            target = path_of(route, car, application_id=place.client_id)
            plain = place.ask("GET", target, credentials(place, car, route))
            answer = place.ask("GET", target, [*credentials(place, car, route), JSON], body)
            assert (answer.status, len(answer.body)) == (plain.status, len(plain.body)), route


# Methods.


def test_another_method_is_refused_at_every_path_and_told_the_ones_there_are(place: Owned, car: Connected) -> None:
    methods: dict[str, set[str]] = {}
    for route in api(place):
        own = {"GET", "HEAD"} if route.method == "GET" else {route.method}
        methods.setdefault(route.path, set()).update(own)
    for path, own in methods.items():
        target = re.sub(r"\{(\w+)\}", "x", path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - own:
            for header, preview in (((place.machine), False), (car.bearer, True)):
                answer = place.ask(method, target, [header])
                either(place, answer, 405, preview=preview)
                assert set((answer.header("allow") or "").split(", ")) == own, path
                if not preview:
                    refused(place, answer, 405, "METHOD")


def test_options_name_the_methods_and_do_nothing(place: Owned, car: Connected) -> None:
    for route in api(place):
        answer = place.ask("OPTIONS", path_of(route, car), credentials(place, car, route))
        assert answer.status == 204
        assert {route.method, "OPTIONS"} <= set((answer.header("allow") or "").split(", "))
        assert answer.body == b""


def test_head_is_get_without_its_body(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.method == "GET":
            target = path_of(route, car, application_id=place.client_id)
            for headers in (credentials(place, car, route), [place.basic]):
                head, get = (place.ask(method, target, headers) for method in ("HEAD", "GET"))
                assert (head.status, head.body) == (get.status, b""), route
                told = [[h for h in each.headers if h[0] != "sc-request-id"] for each in (head, get)]
                assert told[0] == told[1], route


def test_slashes_are_collapsed_and_one_at_the_end_is_dropped(place: Owned, car: Connected) -> None:
    for route in api(place):
        if route.method == "GET":
            target = path_of(route, car, application_id=place.client_id)
            headers = credentials(place, car, route)
            plain = place.ask("GET", target, headers)
            for spelt in (target + "/", target.replace("/", "//"), "/" + target + "//"):
                answer = place.ask("GET", spelt, headers)
                assert (answer.status, len(answer.body)) == (plain.status, len(plain.body)), spelt
