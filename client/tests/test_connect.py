"""The address at which owners connect, proof keys, and webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from carwire_client import (
    AsyncAuthClient,
    AsyncClient,
    AuthClient,
    Client,
    NotConfigured,
    Secret,
    get_management_token,
    hash_challenge,
    new_pkce,
    verify_payload,
)
from carwire_client.webhooks import stringify

ENVIRON = {"CARWIRE_ORIGIN": "https://cars.test", "CARWIRE_CLIENT_ID": "app", "CARWIRE_CLIENT_SECRET": "s"}
AMT = "amt-demo-7f3c"
EVENT = (
    '{"version":"2.0","webhookId":"0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38","eventName":"eventBased","mode":"test",'
    '"payload":{"eventId":"c1a9d6e2-3b47-4f58-8e20-64d7b1a3f905","vehicleId":"7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",'
    '"eventType":"CHARGING_STARTED","eventTime":"2025-03-04T05:06:07.089Z"}}'
)
EVENT_SIGNATURE = "418f2ccbd6622b012d7ea9e8e187b1b19f0a7de762923d8825cbd5caef2faa30"


def auth(**how: Any) -> AuthClient:
    return AuthClient(redirect_uri="https://example.com/home", client=Client(environ=ENVIRON), **how)


def query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def test_the_address_has_its_parameters_in_the_order_of_the_official_one() -> None:
    url = auth(mode="test").get_auth_url(
        ["read_odometer", "required:read_vin"],
        force_prompt=True,
        state="a b&c",
        single_select={"enabled": True, "vin": "5YJSA1E14FF101307"},
        make_bypass="TESLA",
        flags={"country": "DE", "color": "00819D"},
        user="61a3",
    )
    assert url.startswith("https://cars.test/oauth/authorize?response_type=code&client_id=app&approval_prompt=force&")
    assert "+" not in url
    assert query(url) == [
        ("response_type", "code"),
        ("client_id", "app"),
        ("approval_prompt", "force"),
        ("redirect_uri", "https://example.com/home"),
        ("scope", "read_odometer required:read_vin"),
        ("state", "a b&c"),
        ("single_select", "true"),
        ("single_select_vin", "5YJSA1E14FF101307"),
        ("make", "TESLA"),
        ("flags", "country:DE color:00819D"),
        ("user", "61a3"),
        ("mode", "test"),
    ]


def test_what_is_not_given_is_left_out() -> None:
    url = AuthClient(client=Client(environ=ENVIRON)).get_auth_url()
    expected = {"response_type": "code", "client_id": "app", "approval_prompt": "auto", "mode": "live"}
    assert dict(query(url)) == expected


@pytest.mark.parametrize(
    ("given", "selected", "vin"),
    [
        (True, "true", None),
        (False, "false", None),
        (None, None, None),
        ({"enabled": True}, "true", None),
        ({"enabled": False}, "false", None),
        ({}, "false", None),
        ({"vin": "V"}, "true", "V"),
    ],
)
def test_single_select_is_a_truth_value_or_an_object(given: Any, selected: str | None, vin: str | None) -> None:
    found = dict(query(auth().get_auth_url(single_select=given)))
    assert (found.get("single_select"), found.get("single_select_vin")) == (selected, vin)


def test_the_address_is_at_connect_wherever_the_api_is() -> None:
    environ = {**ENVIRON, "SMARTCAR_API_ORIGIN": "https://api.test", "CARWIRE_CONNECT_ORIGIN": "https://connect.test"}
    made = AsyncAuthClient(client=AsyncClient(environ=environ))
    assert made.get_auth_url().startswith("https://connect.test/oauth/authorize?")


def test_a_proof_key_is_drawn_anew_and_its_challenge_goes_to_connect() -> None:
    first, second = new_pkce(), new_pkce()
    assert first.verifier != second.verifier
    assert len(first.verifier.reveal()) == 43
    assert first.verifier.reveal() not in repr(first)
    found = dict(query(auth().get_auth_url(pkce=first)))
    assert (found["code_challenge"], found["code_challenge_method"]) == (first.challenge, "S256")


def test_modes() -> None:
    assert auth().mode == "live"
    assert auth(mode="SIMULATED").mode == "simulated"
    with pytest.warns(DeprecationWarning, match="test_mode"):
        assert auth(test_mode=True).mode == "test"
    with pytest.raises(ValueError, match="mode must be"):
        auth(mode="sandbox")


def test_an_application_without_credentials_is_not_made() -> None:
    with pytest.raises(NotConfigured, match="client_secret="):
        AuthClient(client=Client("https://cars.test", client_id="a", environ={}))


@pytest.mark.parametrize(
    ("message", "signature"),
    [
        ("open-sesame-42", "15c7dbf16b6727bc2f902cc5e62f239e32027ea6b7eaec9f5fc315ddfe3e2e9f"),
        (EVENT, EVENT_SIGNATURE),
        ('{"note":"Zürich 5°","pct":1,"n":1e+21}', "5d5758b21f941caf69e93c48447034e7c58d174e2ea601ffe9a9a5b8438b9b11"),
    ],
)
def test_signatures_are_those_of_the_official_sdks(message: str, signature: str) -> None:
    assert hash_challenge(AMT, message) == hash_challenge(Secret(AMT), message) == signature
    assert verify_payload(AMT, signature, message)
    assert verify_payload(AMT, f" {signature} ", message.encode())


def test_a_delivery_is_verified_as_bytes_text_or_object() -> None:
    import json

    for body in (EVENT, EVENT.encode(), json.loads(EVENT)):
        assert verify_payload(AMT, EVENT_SIGNATURE, body)
    spaced = json.dumps(json.loads(EVENT))
    assert verify_payload(AMT, EVENT_SIGNATURE, json.loads(spaced))
    assert not verify_payload(AMT, EVENT_SIGNATURE, spaced)


@pytest.mark.parametrize(
    "signature", [None, "", "ä", "\ud800", EVENT_SIGNATURE[:-1], EVENT_SIGNATURE[:-1] + "1", "x" * 64]
)
def test_what_is_not_signed_is_not_genuine(signature: str | None) -> None:
    assert not verify_payload(AMT, signature, EVENT)
    assert not verify_payload("another", EVENT_SIGNATURE, EVENT)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "10": 2, "2": 3, "01": 4}, '{"2":3,"10":2,"b":1,"01":4}'),
        ([1.0, -0.0, 0.1, 1e21, 1e-7, 123456789012345680000.0], "[1,0,0.1,1e+21,1e-7,123456789012345680000]"),
        ([True, None, "é\u2028\ud800"], '[true,null,"é\u2028\\ud800"]'),
        ([float("inf"), float("nan"), 10**400, 2**53 + 1], "[null,null,null,9007199254740992]"),
        ({}, "{}"),
    ],
)
def test_an_object_is_written_as_javascript_would(value: object, written: str) -> None:
    assert stringify(value) == written


def test_the_management_token_as_http_basic_has_it() -> None:
    assert get_management_token(AMT) == "ZGVmYXVsdDphbXQtZGVtby03ZjNj"
    assert get_management_token(Secret("t"), "me") == "bWU6dA=="
