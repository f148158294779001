"""The API document: nothing of the route table is missing from it, and what it says holds together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from tests.conftest import Answer, Owned, built

from carwire.core.commands import COMMANDS, DAYS, WEEKEND, WORKDAYS
from carwire.http.application import PAGE_TAGS
from carwire.http.call import Route
from carwire.services.webhooks.managing import Wanted
from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("openapi")) as client:
        yield client


@pytest.fixture(scope="module")
def document(place: Owned) -> dict[str, Any]:
    found: dict[str, Any] = place.ask("GET", "/openapi.json").json()
    return found


def api(place: Owned) -> list[Route]:
    return [route for route in place.carwire.routes if route.tag not in PAGE_TAGS]


def operation(document: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][route.path][route.method.lower()]
    return found


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def parts(document: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(document, dict):
        yield document
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from parts(each)


def checker(document: dict[str, Any], name: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(whole)


def test_every_route_but_pages_is_in_it_and_nothing_else(place: Owned, document: dict[str, Any]) -> None:
    described = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert described == {(route.method, route.path) for route in api(place)}
    assert len(described) == len(api(place)) > 90


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    import schemathesis

    schemathesis.openapi.from_dict(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Whatever refers: ``$ref``, or the mapping of a discriminator."""
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    mapped = {name for part in parts(document) for name in part.get("discriminator", {}).get("mapping", {}).values()}
    assert mapped
    assert names <= set(document["components"]["schemas"])


def test_names_are_unique_and_fit_for_generated_clients(document: dict[str, Any]) -> None:
    names = [op["operationId"] for op in operations(document)]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z]\w+", name), name
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", name), name  # no mark of a generic struct or a module
        assert schema["title"] == name


def test_structs_of_one_name_and_of_generic_kinds_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = set(document["components"]["schemas"])
    assert {"TokenBody", "ApplicationTokenBody", "StructureProblem", "ReadingProblem"} <= names
    assert {"SingleVehicle", "ConnectionList", "SetLimitRequest", "SetLimitData", "TextField"} <= names
    for path, name in (("/oauth/token", "TokenBody"), ("/oauth2/token", "ApplicationTokenBody")):
        shown = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert shown == {"$ref": f"#/components/schemas/{name}"}


def test_every_schema_is_json_schema_2020_12(document: dict[str, Any]) -> None:
    for name in document["components"]["schemas"]:
        checker(document, name)  # raises for what is no schema


def test_what_may_be_null_says_so_as_a_type(document: dict[str, Any]) -> None:
    assert not any("nullable" in part for part in parts(document))
    assert document["components"]["schemas"]["CursorPaging"]["properties"]["cursor"] == {
        "anyOf": [{"type": "string"}, {"type": "null"}]
    }


def test_no_parameter_of_a_query_or_header_is_null(document: dict[str, Any]) -> None:
    for op in operations(document):
        for parameter in op["parameters"]:
            assert {"type": "null"} not in parameter["schema"].get("anyOf", []), parameter
            assert None not in parameter["schema"].get("enum", []), parameter


def test_every_path_parameter_has_an_example_that_fits(document: dict[str, Any]) -> None:
    for op in operations(document):
        for parameter in op["parameters"]:
            if parameter["in"] == "path":
                assert Draft202012Validator(parameter["schema"]).is_valid(parameter["example"]), parameter


def test_parameters_of_a_path_are_those_in_its_braces(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for op in methods.values():
            named = [parameter["name"] for parameter in op["parameters"] if parameter["in"] == "path"]
            assert sorted(named) == sorted(re.findall(r"\{(\w+)\}", path))


SCHEMES = {
    "application": [{"application"}],
    "application_or_local": [{"application"}],
    "application_or_management": [{"application"}, {"management"}, {"manager"}],
    "management": [{"management"}, {"manager"}],
    "manager_or_application": [{"application"}, {"management"}, {"manager"}],
    "token": [{"token"}],
    "vehicle": [{"token"}],
    "vehicle_or_management": [{"token"}, {"management"}, {"manager"}],
    "application_token": [{"machine"}],
    "owned_vehicle": [{"machine"}],
    "readable_vehicle": [{"machine"}, {"token"}],
    "any_vehicle": [{"machine"}, {"token"}],
    "lookup": [{"api_key"}, {"api_token"}],
}


def test_an_operation_names_the_credentials_its_door_wants(place: Owned, document: dict[str, Any]) -> None:
    for route in api(place):
        security = [set(each) for each in operation(document, route)["security"]]
        if route.door:
            assert security == SCHEMES[route.door], route
        elif route.form and route.tag in {"oauth", "lookup"}:
            assert security == [{"machine_secret" if route.path == "/oauth2/token" else "application"}, set()]
        else:
            assert security == []


def test_a_call_of_a_vehicle_names_the_permission_it_needs(document: dict[str, Any]) -> None:
    named: list[tuple[str, str, str | None]] = [(path, "get", row.permission) for path, row in STATIC_ENDPOINTS.items()]
    named += [(path, "get", row.permission) for path, row in ENDPOINTS.items()]
    named += [(f"/{make}/{rest}", "get", row.permission) for (make, rest), row in MAKE_READS.items()]
    named += [(path, method.lower(), row.permission) for (method, path), row in ACTIONS.items()]
    for path, method, permission in named:
        security = document["paths"][f"/v2.0/vehicles/{{id}}{path.rstrip('/')}"][method]["security"]
        assert security == [{"token": [permission] if permission else []}]


def test_the_bodies_of_commands_are_described(place: Owned, document: dict[str, Any]) -> None:
    for route in api(place):
        wanted = bool(route.body or route.schema)
        assert ("requestBody" in operation(document, route)) is wanted, route


def test_calls_that_read_for_sdks_show_both_forms(document: dict[str, Any]) -> None:
    shown: dict[str, dict[str, list[str]]] = {}
    for path, methods in document["paths"].items():
        for op in methods.values():
            for status, response in op["responses"].items():
                schema = response.get("content", {}).get("application/json", {}).get("schema", {})
                if "anyOf" in schema and path.startswith("/v3/"):
                    names = [each["$ref"].rpartition("/")[2] for each in schema["anyOf"]]
                    shown.setdefault(status, {})[op["operationId"]] = names
    assert shown["200"] == {
        "v3_vehicle": ["SingleVehicle", "VehicleResource"],
        "v3_signals": ["SignalsBody", "PreviewSignalsBody"],
        "v3_signal": ["SignalBody", "SignalResource"],
    }
    begun = {("SingleExecution", "ErrorsBody"), ("SingleScheduleExecution", "ErrorsBody")}
    assert {tuple(names) for names in shown["202"].values()} == begun
    assert {tuple(names) for names in shown["401"].values()} == {("ErrorsBody", "PreviewErrorsBody")}


def test_the_owner_is_named_where_a_vehicle_is_reached(place: Owned, document: dict[str, Any]) -> None:
    for route in api(place):
        named = {each["name"]: each["required"] for each in operation(document, route)["parameters"]}
        wanted = {"owned_vehicle": True, "readable_vehicle": False, "any_vehicle": False}.get(route.door or "")
        assert named.get("sc-user-id") is wanted, route


def test_what_asks_a_car_may_answer_with_every_state_of_it(place: Owned, document: dict[str, Any]) -> None:
    of_cars = {"409", "429", "430", "500", "501", "502"}
    for path in (*ENDPOINTS, *(f"/{make}/{rest}" for make, rest in MAKE_READS), "/batch"):
        for op in document["paths"][f"/v2.0/vehicles/{{id}}{path}"].values():
            assert set(op["responses"]) > of_cars
    for path in STATIC_ENDPOINTS:
        responses = document["paths"][f"/v2.0/vehicles/{{id}}{path.rstrip('/')}"]["get"]["responses"]
        assert not set(responses) & {"409", "430", "501", "502"}


def test_every_answer_carries_a_request_id_and_statuses_are_in_order(document: dict[str, Any]) -> None:
    for op in operations(document):
        assert list(op["responses"]) == sorted(op["responses"])
        for status, response in op["responses"].items():
            assert response["headers"]["sc-request-id"]["required"]
            assert ("retry-after" in response["headers"]) is (status == "429")
            assert ("www-authenticate" in response["headers"]) is (status == "401")


def links_of(op: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for response in op["responses"].values():
        found |= response.get("links", {})
    return found


def test_links_lead_to_operations_and_fill_parameters_these_have(document: dict[str, Any]) -> None:
    by_name = {op["operationId"]: op for op in operations(document)}
    links = [link for op in by_name.values() for link in links_of(op).values()]
    chains = {"read_odometer", "disconnect", "delete_connections", "read_simulated_car", "unsubscribe"}
    chains |= {"v3_vehicle", "v3_signals", "v3_signal", "v3_charge_start", "v3_command_execution", "v3_delete_user"}
    chains |= {"v3_connection", "v3_delete_connection", "v3_subscriptions", "v3_subscription", "v3_unsubscribe"}
    chains |= {"v3_webhook", "v3_application", "v3_application_secrets", "v3_delete_charge_schedule"}
    assert chains <= {link["operationId"] for link in links}
    for link in links:
        target = by_name[link["operationId"]]
        assert set(link["parameters"]) <= {parameter["name"] for parameter in target["parameters"]}


def test_every_call_of_v3_that_names_something_is_led_to(document: dict[str, Any]) -> None:
    led = {link["operationId"] for op in operations(document) for link in links_of(op).values()}
    for path, methods in document["paths"].items():
        for op in methods.values():
            assert op["operationId"] in led or not path.startswith("/v3/") or "{" not in path, path


def json_at(answer: Answer, pointer: str) -> Any:
    found = answer.json()
    for step in pointer.strip("/").split("/"):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def test_links_say_where_their_values_stand(place: Owned, document: dict[str, Any]) -> None:
    car = place.connect()
    management = place.ask("GET", "/v2.0/management/connections", [place.amt])
    vehicles = place.ask("GET", "/v2.0/vehicles", [car.bearer])
    simulated = place.get("/v1/simulator/cars")
    for path, answer in (
        ("/v2.0/vehicles", vehicles),
        ("/v2.0/management/connections", management),
        ("/v1/simulator/cars", simulated),
    ):
        check_links(document["paths"][path]["get"], answer)
    assert json_at(management, "/connections/0/vehicleId") == car.vehicle_id


def check_links(op: dict[str, Any], answer: Answer) -> None:
    """Fail unless what links take from the answer is there."""
    for link in op["responses"][str(answer.status)]["links"].values():
        for expression in link["parameters"].values():
            if expression.startswith("$response.body#"):
                found = json_at(answer, expression.removeprefix("$response.body#"))
                assert isinstance(found, str) or expression.endswith("/cursor"), expression


def test_links_of_v3_say_where_their_values_stand(place: Owned, document: dict[str, Any]) -> None:
    place.connect("another@example.com")
    car = place.connect("v3@example.com", "TESLA")
    webhook = place.run(
        place.carwire.services.webhooks.create(place.client_id, Wanted(name="W", url="https://example.com/hook"))
    ).webhook
    one = {"webhookId": webhook.id, "userId": car.user_id, "vehicleId": car.vehicle_id}
    assert place.v3("POST", "/subscriptions", body={"data": {"attributes": one}}).status == 202
    simulated, vehicle = "filter%5Bvehicle.mode%5D=simulated", f"/vehicles/{car.vehicle_id}"
    for path, target in (
        ("/v3/connections", f"/connections?{simulated}&page%5Bsize%5D=1"),
        ("/v3/webhooks", "/webhooks"),
        ("/v3/subscriptions", "/subscriptions"),
        ("/v3/applications", "/applications"),
        ("/v3/vehicles/{id}/signals", f"{vehicle}/signals"),
    ):
        check_links(document["paths"][path]["get"], place.v3("GET", target, car.user_id))
    daily = {"location": {"latitude": 39.7, "longitude": -105}, "startTime": "22:00", "stopTime": "06:00"}
    schedule = place.v3("POST", f"{vehicle}/charge-schedules/daily", car.user_id, {"data": {"attributes": daily}})
    check_links(document["paths"]["/v3/vehicles/{id}/charge-schedules/daily"]["post"], schedule)
    command = place.v3("POST", f"{vehicle}/commands/security/lock", car.user_id)
    check_links(document["paths"]["/v3/vehicles/{id}/commands/security/lock"]["post"], command)
    connections = place.v3("GET", f"/connections?{simulated}&filter%5BuserId%5D={car.user_id}")
    (connection,) = connections.json()["data"]
    answer = place.v3("GET", f"/connections/{connection['id']}")
    check_links(document["paths"]["/v3/connections/{connection_id}"]["get"], answer)


def schedule(kind: str, *days: Sequence[str], schedule_id: str = "s1", **more: object) -> object:
    """An order of a charge schedule with a window for each list of days."""
    windows = [{"days": list(each), "start": "22:00", "stop": "06:00", **more} for each in days]
    place = {"latitude": 39.7, "longitude": -105}
    arguments = {"schedule_id": schedule_id, "kind": kind, **place, "windows": windows}
    return {"name": "charge-schedule-create", "arguments": arguments}


SOC = "tractionbattery-stateofcharge"
HOOK = {"name": "Hook", "url": "http://127.0.0.1:9/hook"}  # which is not sent to


def hook_on(code: str, condition: str, *value: object, **more: object) -> object:
    """A webhook with one trigger."""
    given = {"value": value[0]} if value else {}
    return {**HOOK, "triggers": [{"code": code, "condition": condition, **given, **more}]}


GOOD: list[tuple[str, object]] = [
    ("CabinAction", {"action": "STOP"}),
    ("CabinAction", {"action": "SET", "temperature": 21.5}),
    ("ChargeLimit", {"limit": "0.8"}),
    ("ChargeLimit", {"limit": 1}),
    ("BatchRequests", {"requests": [{"path": "/odometer"}, {"path": "tesla/charge/"}, {"path": "/"}]}),
    ("BatchRequests", {"requests": [{"path": "/service/history?start_date=2026-01-01"}]}),
    ("ClockChange", {"step": 60}),
    ("Changes", {"scenario": "day_commute"}),
    ("Order", {"name": "charge-start"}),
    ("Order", {"name": "charge-set-limit", "arguments": {"percent": 80}}),
    ("Order", schedule("weekly", ["MONDAY"], ["TUESDAY", "SUNDAY"])),
    ("Order", schedule("daily", DAYS)),
    ("Order", schedule("workweek", WORKDAYS, WEEKEND)),
    ("Order", {"name": "charge-schedule-delete", "arguments": {"schedule_id": "s1"}}),
    ("Fault", {"kind": "VEHICLE_STATE:ASLEEP", "for_s": 60}),
    ("Fault", {"latency_s": 2}),
    ("NewWebhook", HOOK),
    ("NewWebhook", HOOK | {"triggers": [{"code": SOC}], "signals": [SOC], "version": "2.0", "error_url": None}),
    ("NewWebhook", hook_on(SOC, "falls_below", 20.5)),
    ("NewWebhook", hook_on("closure-islocked", "becomes", False)),
    ("NewWebhook", HOOK | {"form": {"every": "day", "unit_system": "imperial", "concurrency": 64}}),
]
BAD: list[tuple[str, object]] = [
    ("CabinAction", {"action": "SET"}),
    ("CabinAction", {"action": "START", "temperature": 500}),
    ("ChargeLimit", {"limit": "0.3"}),
    ("ChargeLimit", {"limit": "1.5"}),
    ("BatchRequests", {"requests": []}),
    ("BatchRequests", {"requests": [{"path": "/nothing"}]}),
    ("BatchRequests", {"requests": [{"path": "/odometer"}] * 51}),
    ("ClockChange", {}),
    ("ClockChange", {"step": 60, "speed": 1}),
    ("Changes", {}),
    ("Order", {"name": "fly"}),
    ("Order", {"name": "charge-set-limit"}),
    ("Order", schedule("yearly", ["MONDAY"])),
    ("Order", schedule("weekly")),
    ("Order", schedule("weekly", [])),
    ("Order", schedule("weekly", ["MONDAY", "MONDAY"])),
    ("Order", schedule("weekly", ["MONDAY"], start="24:00")),
    ("Order", schedule("weekly", ["MONDAY"], colour="red")),
    ("Order", schedule("weekly", ["MONDAY"], schedule_id="é")),
    ("Order", schedule("weekly", ["MONDAY"], schedule_id="x" * 256)),
    ("Order", schedule("daily", WORKDAYS)),
    ("Order", schedule("daily", WORKDAYS, WEEKEND)),
    ("Order", schedule("workweek", DAYS)),
    ("Order", schedule("workweek", WEEKEND, WORKDAYS)),
    ("Order", {"name": "charge-schedule-delete", "arguments": {"schedule_id": ""}}),
    ("Order", {"name": "charge-start", "arguments": {"percent": 80}}),
    ("Fault", {}),
    ("Fault", {"kind": "NOTHING:KNOWN"}),
    ("Fault", {"latency_s": -1}),
    ("NewWebhook", {"name": "Hook"}),
    ("NewWebhook", HOOK | {"name": ""}),
    ("NewWebhook", HOOK | {"name": "x" * 101}),
    ("NewWebhook", HOOK | {"url": "nowhere"}),
    ("NewWebhook", HOOK | {"signals": ["odometer"]}),
    ("NewWebhook", HOOK | {"version": "3.0"}),
    ("NewWebhook", HOOK | {"colour": "red"}),
    ("NewWebhook", HOOK | {"form": {"concurrency": 65}}),
    ("NewWebhook", HOOK | {"form": {"besides": []}}),
    ("NewWebhook", hook_on(SOC, "falls_below", "low")),
    ("NewWebhook", hook_on(SOC, "falls_below")),
    ("NewWebhook", hook_on(SOC, "changes", 1)),
    ("NewWebhook", hook_on("location-preciselocation", "rises_above", 1)),
    ("NewWebhook", hook_on(SOC, "becomes", None)),
    ("NewWebhook", hook_on(SOC, "becomes", 5, cool_down_s=604_801)),
    ("Replay", {}),
    ("Replay", {"until": "2026-01-01T00:00:00Z"}),
    ("Rotation", {"overlap_hours": 169}),
    ("Rotation", {"overlap_hours": -1}),
]
PATHS = {
    "CabinAction": "/tesla/climate/cabin",
    "ChargeLimit": "/charge/limit",
    "BatchRequests": "/batch",
    "ClockChange": "/v1/simulator/clock",
    "Changes": "/v1/simulator/cars/tesla-3",
    "Order": "/v1/simulator/cars/tesla-3/commands",
    "Fault": "/v1/simulator/cars/tesla-3/faults",
    "NewWebhook": "/v1/webhooks",
    "Replay": "/v1/webhooks/7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51/replay",
    "Rotation": "/v1/webhooks/7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51/rotate",
}


@pytest.mark.parametrize(("name", "body"), [*GOOD, *BAD])
def test_the_server_keeps_the_rules_the_document_tells(
    place: Owned, document: dict[str, Any], name: str, body: object
) -> None:
    path = PATHS[name]
    car = place.connect("owner@example.com", "TESLA")
    answer = place.post(path, body) if path.startswith("/v1") else place.as_owner(car, "POST", path, body)
    assert checker(document, name).is_valid(body) is (answer.status != 400), answer
    assert checker(document, name).is_valid(body) is ((name, body) in GOOD)


def test_every_command_a_simulated_car_knows_is_told(document: dict[str, Any]) -> None:
    told = document["components"]["schemas"]["Order"]["oneOf"]
    assert [each["properties"]["name"]["const"] for each in told] == list(COMMANDS)


def test_options_names_every_method_of_a_path(place: Owned, document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        answer = place.ask("OPTIONS", re.sub(r"\{\w+\}", "x", path))
        own = {method.upper() for method in methods} | ({"HEAD"} if "get" in methods else set()) | {"OPTIONS"}
        assert (answer.status, set((answer.header("allow") or "").split(", "))) == (204, own), path
