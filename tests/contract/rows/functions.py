"""F1 to F15 without F5, and A1 to A5: the functions of the packages and the authorization client."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from tests.contract.connecting import CALLBACK, Walk, query_of
from tests.contract.hands import EVERYTHING, Hand
from tests.contract.rows.table import row

AMT: Final = "amt-demo-7f3c"
CHALLENGE: Final = "open-sesame-42"
HASH: Final = "15c7dbf16b6727bc2f902cc5e62f239e32027ea6b7eaec9f5fc315ddfe3e2e9f"
TESLA: Final = "5YJXCDE22HF068739"


@row("F1", "set_api_version", "setApiVersion")
def _set_api_version(hand: Hand) -> None:
    """A well-formed version that nobody knows is served like the newest."""
    token = hand.cars["TESLA"].token
    try:
        hand.call("set_api_version", "99999999.99")
        assert hand.call("get_user", token)["id"]
        hand.call("set_api_version", "1.0")
        assert hand.error("get_user", token)["statusCode"] == 404
    finally:
        hand.call("set_api_version", "2.0")
    if hand.name == "python":
        assert hand.sdk.error("set_api_version", "Johnny Appleseed")["class"] == "ValueError"


@row("F2", "get_api_version", "getApiVersion")
def _get_api_version(hand: Hand) -> None:
    assert hand.call("get_api_version") == "2.0"


@row("F3", "get_user", "getUser")
def _get_user(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    found = hand.call("get_user", car.token)
    assert set(found) == {"id", "meta"}
    assert found["id"] == car.user_id
    assert len(found["id"]) == len(found["meta"]["requestId"]) == 36
    assert hand.call("get_user", hand.cars["BMW"].token)["id"] != car.user_id


@row("F4", "get_vehicles", "getVehicles")
def _get_vehicles(hand: Hand) -> None:
    """Both suites: a list, where it starts, and nothing on page two of size one."""
    car = hand.cars["CHEVROLET"]
    found = hand.call("get_vehicles", car.token)
    assert set(found) == {"vehicles", "paging", "meta"}
    assert (found["vehicles"], found["paging"]) == ([car.id], {"count": 1, "offset": 0})
    assert len(car.id) == len(found["meta"]["requestId"]) == 36
    beyond = hand.call("get_vehicles", car.token, {"limit": 1, "offset": 1})
    assert (beyond["vehicles"], beyond["paging"]) == ([], {"count": 1, "offset": 1})
    assert hand.error("get_vehicles", car.token, {"limit": 51})["statusCode"] == 400


@row("F6", "get_compatibility", "getCompatibility")
def _get_compatibility(hand: Hand) -> None:
    found = hand.call("get_compatibility", TESLA, ["read_odometer", "read_location"], "US")
    assert set(found) == {"compatible", "reason", "capabilities", "meta"}
    assert (found["compatible"], found["reason"]) == (True, None)
    assert [(each["endpoint"], each["capable"], each["reason"]) for each in found["capabilities"]] == [
        ("/odometer", True, None),
        ("/location", True, None),
    ]
    wrong = {"client_id": hand.server.client_id, "client_secret": "wrong"}
    refused = hand.error("get_compatibility", TESLA, ["read_odometer"], "US", wrong)
    assert (refused["statusCode"], refused["type"]) == (401, "AUTHENTICATION")


@row("F7", "get_compatibility_matrix", "getCompatibilityMatrix")
def _get_compatibility_matrix(hand: Hand) -> None:
    scope = ["read_battery", "read_charge"]
    if hand.name == "python":
        found = hand.call("get_compatibility_matrix", "US", "NISSAN", {"type": "BEV", "scope": scope})
    else:
        found = hand.call("get_compatibility_matrix", "US", {"make": "NISSAN", "type": "BEV", "scope": scope})
        assert len(found.pop("meta")["requestId"]) == 36
    assert list(found) == ["NISSAN"]
    assert found["NISSAN"]
    for line in found["NISSAN"]:
        assert set(line) == {"model", "startYear", "endYear", "type", "endpoints", "permissions"}
        assert line["type"] == "BEV"
        assert set(scope) <= set(line["permissions"])


@row("F8", "hash_challenge", "hashChallenge")
def _hash_challenge(hand: Hand) -> None:
    assert hand.call("hash_challenge", AMT, CHALLENGE) == HASH


@row("F9", "verify_payload", "verifyPayload")
def _verify_payload(hand: Hand) -> None:
    """The contract's three vectors; Node is given the object and writes it again, byte for byte."""
    event = (
        '{"version":"2.0","webhookId":"0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38","eventName":"eventBased","mode":"test",'
        '"payload":{"eventId":"c1a9d6e2-3b47-4f58-8e20-64d7b1a3f905","vehicleId":"7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",'
        '"eventType":"CHARGING_STARTED","eventTime":"2025-03-04T05:06:07.089Z"}}'
    )
    for text, hash_ in (
        (event, "418f2ccbd6622b012d7ea9e8e187b1b19f0a7de762923d8825cbd5caef2faa30"),
        (
            '{"note":"Zürich 5°","pct":1,"n":1e+21}',
            "5d5758b21f941caf69e93c48447034e7c58d174e2ea601ffe9a9a5b8438b9b11",
        ),
    ):
        assert hand.call("hash_challenge", AMT, text) == hash_
        body: object = text
        if hand.name == "node":
            body = {"note": "Zürich 5°", "pct": 1, "n": 10**21} if "note" in text else _read(text)
        assert hand.call("verify_payload", AMT, hash_, body) is True
        assert hand.call("verify_payload", AMT, HASH, body) is False
        assert hand.call("verify_payload", "another", hash_, body) is False


def _read(text: str) -> object:
    import json

    return json.loads(text)


@row("F10", "get_connections", "getConnections")
def _get_connections(hand: Hand) -> None:
    """Both suites: by vehicle one, by owner as many as vehicles, a limit; and the pages one by one, newest first."""
    first, car = hand.connect(), hand.connect("BMW")
    every = hand.call("get_connections", hand.amt)
    assert set(every) == {"connections", "paging", "meta"}
    assert [each["vehicleId"] for each in every["connections"]][:2] == [car.id, first.id]
    for filter_ in ({"vehicle_id": car.id}, {"user_id": car.user_id}, {"vehicle_id": car.id, "user_id": car.user_id}):
        found = hand.call("get_connections", hand.amt, filter_, {"limit": 1})
        (connection,) = found["connections"]
        assert (connection["vehicleId"], connection["userId"]) == (car.id, car.user_id)
        assert datetime.fromisoformat(connection["connectedAt"]).utcoffset() is not None
        assert found["paging"] == {"cursor": None}
    page = hand.call("get_connections", hand.amt, {}, {"limit": 1})
    assert page["connections"] == [every["connections"][0]]
    following = hand.call("get_connections", hand.amt, {}, {"limit": 1, "cursor": page["paging"]["cursor"]})
    assert following["connections"] == [every["connections"][1]]
    assert hand.error("get_connections", "wrong")["type"] == "AUTHENTICATION"


@row("F11", "delete_connections", "deleteConnections")
def _delete_connections(hand: Hand) -> None:
    """Both suites: by vehicle and by owner, each answered with what was cut. Without a filter nothing is."""
    for key in ("vehicle_id", "user_id"):
        car = hand.connect()
        wanted = car.id if key == "vehicle_id" else car.user_id
        cut = hand.call("delete_connections", hand.amt, {key: wanted})
        assert set(cut) == {"connections", "meta"}
        (connection,) = cut["connections"]
        assert (connection["vehicleId"], connection["userId"]) == (car.id, car.user_id)
        assert connection.get("connectedAt") is None
        assert hand.call("delete_connections", hand.amt, {key: wanted})["connections"] == []
        assert hand.vehicle_error(car, "odometer")["statusCode"] == 403
    both = {"vehicle_id": car.id, "user_id": car.user_id}
    assert "not both" in hand.sdk.error(hand.named("delete_connections"), hand.amt, hand.given(both))["text"]
    before = hand.connections("limit=100")
    refused = hand.error("delete_connections", hand.amt, {})
    assert (refused["statusCode"], refused["type"]) == (400, "VALIDATION")
    assert hand.connections("limit=100") == before
    assert before["connections"]


@row("F12", "SmartcarException", "SmartcarError")
def _error_class(hand: Hand) -> None:
    assert {"python": "SmartcarException", "node": "SmartcarError"}[hand.name] in hand.call("exports")
    error = hand.sdk.error(hand.named("get_user"), "garbage")
    assert error["known"]
    assert error["class"] in hand.call("exports")


@row("F13", "Vehicle", "Vehicle")
def _vehicle_class(hand: Hand) -> None:
    assert "Vehicle" in hand.call("exports")
    assert hand.vehicle(hand.cars["BMW"], "odometer")["distance"] > 0


@row("F14", "AuthClient", "AuthClient")
def _auth_client_class(hand: Hand) -> None:
    assert "AuthClient" in hand.call("exports")
    assert hand.auth_url(["read_vin"]).startswith(f"{hand.server.base_url}/oauth/authorize?")


@row("F15", "get_management_token", "util.getManagementToken")
def _get_management_token(hand: Hand) -> None:
    if hand.name == "python":
        found, named = hand.call("get_management_token", AMT), hand.call("get_management_token", AMT, "other")
    else:
        found = hand.sdk.call("util.getManagementToken", None, AMT)
        named = hand.sdk.call("util.getManagementToken", None, AMT, "other")
    assert found == "ZGVmYXVsdDphbXQtZGVtby03ZjNj"
    assert named != found


@row("A1", "AuthClient()", "new AuthClient()")
def _make_client(hand: Hand) -> None:
    """The environment serves for what is left out; a mode of the three; the older word for it."""
    made = hand.call("auth.new", {})
    assert (made["clientId"], made["clientSecret"], made["mode"]) == (
        *(hand.server.client_id, hand.server.client_secret, "live"),
    )
    assert hand.call("auth.new", {"test_mode": True})["mode"] == "test"
    assert hand.call("auth.new", {"mode": "simulated"})["mode"] == "simulated"
    assert '"mode" parameter MUST' in hand.sdk.error("auth.new", {"mode": "dream"})["text"]


@row("A2", "get_auth_url", "getAuthUrl")
def _get_auth_url(hand: Hand) -> None:
    """Every option is in the query, and Connect takes it. What the options change is seen in a browser elsewhere."""
    options = {
        "force_prompt": True,
        "state": "s t/ä",
        "make_bypass": "TESLA",
        "single_select": {"enabled": True, "vin": TESLA},
        "flags": {"country": "US", "beta": True},
        "user": "mine",
    }
    url = hand.auth_url(["read_vin", "required:read_odometer"], options)
    assert urlsplit(url).path == "/oauth/authorize"
    assert query_of(url) == {
        "response_type": "code",
        "client_id": hand.server.client_id,
        "approval_prompt": "force",
        "redirect_uri": CALLBACK,
        "scope": "read_vin required:read_odometer",
        "state": "s t/ä",
        "make": "TESLA",
        "single_select": "true",
        "single_select_vin": TESLA,
        "flags": "country:US beta:true",
        "user": "mine",
        "mode": "test",
    }
    del options["single_select"]
    query = Walk(hand.server).connect(hand.auth_url(["read_vin"], options), "TESLA", "a@example.com")
    assert query["state"] == "s t/ä"


@row("A3", "exchange_code", "exchangeCode")
def _exchange_code(hand: Hand) -> None:
    """Once, and only once; with flags."""
    url = hand.auth_url(EVERYTHING)
    code = Walk(hand.server).connect(url, "KIA", "a@example.com")["code"]
    access = hand.call("auth.exchange_code", hand.client, code, {"flags": {"a": True, "country": "DE"}})
    assert len(access["accessToken"]) == len(access["refreshToken"]) == 36
    assert hand.call("get_user", access["accessToken"])["id"]
    for wrong in (code, "THIS_SHOULD_NOT_WORK"):
        refused = hand.error("auth.exchange_code", hand.client, wrong)
        assert (refused["statusCode"], refused["type"]) == (400, "invalid_request")
        assert f"Invalid code: {wrong}." in refused["message"]


@row("A4", "exchange_refresh_token", "exchangeRefreshToken")
def _exchange_refresh_token(hand: Hand) -> None:
    """Both tokens are new, the older access token lives on, the same vehicles are reached; with a flag."""
    car = hand.connect()
    access = hand.call("auth.exchange_refresh_token", hand.client, car.refresh_token, {"flags": {"test_flag": True}})
    assert len({access["accessToken"], access["refreshToken"], car.token, car.refresh_token}) == 4
    for token in (access["accessToken"], car.token):
        assert hand.call("get_vehicles", token)["vehicles"] == [car.id]
    refused = hand.error("auth.exchange_refresh_token", hand.client, "THIS_SHOULD_NOT_WORK")
    assert (refused["statusCode"], refused["type"]) == (400, "invalid_request")
    assert "Invalid refresh_token: THIS_SHOULD_NOT_WORK." in refused["message"]


@row("A5", "properties", "properties")
def _client_properties(hand: Hand) -> None:
    made = hand.call("auth.new", hand.client)
    known = {"clientId": hand.server.client_id, "clientSecret": hand.server.client_secret}
    assert known.items() <= made.items()
    assert (made["redirectUri"], made["mode"]) == (CALLBACK, "test")
    if hand.name == "node":
        assert made["authUrl"] == made["service"]["baseUrl"] == f"{hand.server.base_url}/oauth/token"
    else:
        assert made["auth"] == [hand.server.client_id, hand.server.client_secret]
