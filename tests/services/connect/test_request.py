"""Requests to open Connect: every parameter good, absent and bad, and the redirect URI to the character."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.applications import Application, Rules
from carwire.core.permissions import PERMISSIONS
from carwire.services.connect.brands import find_country
from carwire.services.connect.request import (
    MAX_STATE,
    Mistake,
    NotTrusted,
    Parameters,
    Request,
    client_of,
    read_authorize,
    unknown_client,
)

CLIENT = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"
URI = "https://app.example/cb/Exchange?tenant=7"
NATIVE = f"sc{CLIENT}://exchange"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VIN = "5YJXCDE22HF068739"  # the specimen the official suites use


def application(**rules: Any) -> Application:
    """An application with two redirect URIs."""
    return Application(
        CLIENT, "App", (URI, NATIVE), b"s" * 32, b"m" * 32, datetime(2026, 11, 21, tzinfo=UTC), Rules(**rules)
    )


def find_make(text: str) -> str | None:
    """Two makes."""
    return {"ford": "FORD", "land_rover": "LAND ROVER"}.get(text.lower())


def read(rules: dict[str, Any] | None = None, /, **values: str | None) -> tuple[Request, Mistake | None]:
    """Read a good request with these values changed; a null leaves one out."""
    asked = {"response_type": "code", "redirect_uri": URI, "scope": "read_vin", **values}
    given = Parameters({name: value for name, value in asked.items() if value is not None})
    return read_authorize(given, application(**(rules or {})), find_make, find_country)


def good(rules: dict[str, Any] | None = None, /, **values: str | None) -> Request:
    """Read a request that has to be good."""
    request, mistake = read(rules, **values)
    assert mistake is None, mistake
    return request


def mistake(rules: dict[str, Any] | None = None, /, **values: str | None) -> str:
    """Read a request that has to be bad, and return what is said about it."""
    request, found = read(rules, **values)
    assert found is not None
    assert request.redirect_uri == URI, "there is a way out"
    return found.text


# --- the client


@pytest.mark.parametrize("names", [("client_id",), ("application_id",), ("client_id", "application_id")])
def test_the_client_is_named_under_either_name_or_both(names: tuple[str, ...]) -> None:
    assert client_of(Parameters(dict.fromkeys(names, CLIENT))) == CLIENT


@pytest.mark.parametrize(
    ("values", "spoilt", "text"),
    [
        ({}, set(), 'Missing required parameter: "client_id"'),
        ({"client_id": "a", "application_id": "b"}, set(), "Invalid parameter client_id: a b."),
        ({"client_id": CLIENT}, {"client_id"}, f"Invalid parameter client_id: {CLIENT}."),
        ({"client_id": CLIENT}, {"application_id"}, f"Invalid parameter client_id: {CLIENT}."),
    ],
)
def test_a_client_that_is_not_named_once_is_not_trusted(values: dict[str, str], spoilt: set[str], text: str) -> None:
    with pytest.raises(NotTrusted) as caught:
        client_of(Parameters(values, frozenset(spoilt)))
    assert (caught.value.what, caught.value.mistake.text) == ("client", text)


def test_a_secret_in_the_place_of_the_client_id_is_not_shown_and_said_to_be_burnt() -> None:
    secret = "".join(random.Random(1).choices(string.ascii_letters + string.digits + "-_", k=43))
    error = unknown_client(secret)
    assert secret not in repr((error.mistake, error.received))
    assert "rotate-secret" in " ".join(error.mistake.remarks)


# --- the redirect URI


def near_misses() -> list[str]:
    """Six hundred and more URIs that look like the registered one."""
    rng = random.Random(7)
    found = {
        URI + "/", URI + "?", URI + "#", URI + "#x", URI + "&x=1", URI[:-1], URI + " ", " " + URI, URI.upper(),
        URI.replace("https", "http"), URI.replace("https", "HTTPS"), URI.replace("app.", "APP."),
        URI.replace("example/", "example:443/"), URI.replace("example/", "example:8443/"),
        URI.replace("/cb", "//cb"), URI.replace("/cb/", "/cb%2F"), URI.replace("/cb", "/./cb"),
        URI.replace("/cb", "/x/../cb"), URI.replace("Exchange", "exchange"), URI.replace("E", "%45"),
        URI.replace("//app", "//user@app"), URI.replace("//app", "//app.example@evil.example/"),
        URI.replace("app.example", "app.example.evil.example"), URI.replace("app.example", "evil.example"),
        URI.replace("app.example", "app.example."), URI.replace("?tenant=7", ""), URI.replace("7", "8"),
        URI.replace("?tenant", "?&tenant"), URI.replace("https:", ""), "//app.example/cb/Exchange?tenant=7",
        URI.replace("https://", "https:\\\\"), URI.replace("https://", "https:/"), "javascript:" + URI,
        NATIVE.upper(), NATIVE + "/", NATIVE.replace("sc", "SC"), NATIVE + "x", NATIVE[:-1], "", "undefined", "null",
        URI + "\n", URI + "\t", "\ufeff" + URI, URI.replace("e", "\u0435"), URI + "%00", URI + "\u200b",
    }  # fmt: skip
    signs = string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=% \\"
    while len(found) < 900:
        uri = list(rng.choice((URI, NATIVE)))
        at = rng.randrange(len(uri))
        change = rng.choice(("drop", "add", "swap", "case", "escape"))
        if change == "drop":
            del uri[at]
        elif change == "add":
            uri.insert(at, rng.choice(signs))
        elif change == "swap":
            uri[at] = rng.choice(signs)
        elif change == "case":
            uri[at] = uri[at].swapcase()
        else:
            uri[at] = f"%{ord(uri[at]):02X}"
        found.add("".join(uri))
    return sorted(found - {URI, NATIVE})


def test_nearly_a_thousand_redirect_uris_that_look_alike_are_all_refused() -> None:
    tried = near_misses()
    assert len(tried) >= 800
    accepted = []
    for uri in tried:
        if uri == "":
            continue  # an empty value is an absent one
        try:
            read(redirect_uri=uri)
        except NotTrusted as error:
            assert error.what == "redirect_uri"
            assert error.mistake.text == "Unauthorized redirect_uri"
        else:
            accepted.append(uri)
    assert accepted == []


@given(st.text(max_size=80))
def test_no_text_but_a_registered_uri_is_accepted(text: str) -> None:
    if text in {URI, NATIVE, ""}:
        return
    with pytest.raises(NotTrusted):
        read(redirect_uri=text)


@pytest.mark.parametrize("uri", [URI, NATIVE])
def test_every_registered_uri_is_accepted(uri: str) -> None:
    request, problem = read(redirect_uri=uri)
    assert (request.redirect_uri, problem) == (uri, None)


def test_without_a_redirect_uri_the_first_registered_one_is_meant() -> None:
    assert good(redirect_uri=None).redirect_uri == URI
    assert good(redirect_uri=None, response_type="none").redirect_uri is None


def test_without_any_registered_uri_a_code_has_nowhere_to_go() -> None:
    bare = msgspec.structs.replace(application(), redirect_uris=())
    with pytest.raises(NotTrusted) as caught:
        read_authorize(Parameters({"response_type": "code", "scope": "read_vin"}), bare, find_make, find_country)
    assert "No redirect URI is registered for this application" in caught.value.mistake.remarks[0]


def test_the_redirect_uri_is_judged_before_anything_else() -> None:
    with pytest.raises(NotTrusted):
        read(redirect_uri="https://evil.example", response_type="nonsense", mode="nonsense")


# --- the other parameters


@pytest.mark.parametrize(
    ("name", "value", "field", "meant"),
    [
        ("response_type", " CODE ", "response_type", "code"),
        ("response_type", "none", "response_type", "none"),
        ("mode", None, "mode", "live"),
        ("mode", "LIVE", "mode", "live"),
        ("mode", "test", "mode", "simulated"),
        ("mode", "Simulated", "mode", "simulated"),
        ("approval_prompt", None, "force", False),
        ("approval_prompt", "auto", "force", False),
        ("approval_prompt", "Force", "force", True),
        ("make", None, "make", None),
        ("make", "Ford", "make", "FORD"),
        ("make", "LAND_ROVER", "make", "LAND ROVER"),
        ("single_select", None, "single", False),
        ("single_select", "False", "single", False),
        ("single_select", "TRUE", "single", True),
        ("single_select_vin", VIN.lower(), "vin", VIN),
        ("flags", "tesla_auth:true country:de", "country", "DE"),
        ("flags", "country:XX color:fff novalue", "country", None),
        ("user", "u" * 300, "user", "u" * 255),
        ("external_id", "garage 7", "external_id", "garage 7"),
        ("external_id", "null", "external_id", None),
        ("external_id", None, "external_id", msgspec.UNSET),
        ("external_id", "x" * 256, "external_id", msgspec.UNSET),
        ("external_id", "a\nb", "external_id", msgspec.UNSET),
        ("sdk_platform", "iOS", "platform", "iOS"),
        ("app_origin", "https://app.example", "origin", "https://app.example"),
        ("state", "x" * MAX_STATE, "state", "x" * MAX_STATE),
    ],
)
def test_a_parameter_means(name: str, value: str | None, field: str, meant: object) -> None:
    assert getattr(good(**{name: value}), field) == meant


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("response_type", None, 'Missing required parameter: "response_type"'),
        ("response_type", "token", "Invalid parameter response_type: token."),
        ("scope", None, 'Missing required parameter: "scope"'),
        ("scope", "read_vin read_minds", "Invalid parameter scope: read_minds."),
        ("scope", "required:read_minds", "Invalid parameter scope: required:read_minds."),
        ("scope", "control_security:lock", "Invalid parameter scope: control_security:lock."),
        ("scope", "required:required:read_vin", "Invalid parameter scope: required:required:read_vin."),
        ("mode", "dream", "Invalid parameter mode: dream."),
        ("approval_prompt", "never", "Invalid parameter approval_prompt: never."),
        ("make", "TRABANT", "Invalid parameter make: TRABANT."),
        ("single_select", "yes", "Invalid parameter single_select: yes."),
        ("single_select_vin", "SHORT", "Invalid parameter single_select_vin: SHORT."),
        ("single_select_vin", "5YJXCDE22HF06873O", "Invalid parameter single_select_vin: 5YJXCDE22HF06873O."),
        ("app_origin", "https://evil.example", "Invalid parameter app_origin: https://evil.example."),
        ("app_origin", "https://app.example/", "Invalid parameter app_origin: https://app.example/."),
        ("app_origin", "*", "Invalid parameter app_origin: *."),
        ("app_origin", "null", "Invalid parameter app_origin: null."),
        ("code_challenge", CHALLENGE, "Invalid parameter code_challenge_method: plain."),
        ("code_challenge_method", "S256", 'Missing required parameter: "code_challenge"'),
    ],
)
def test_a_bad_parameter_is_named_as_people_search_for_it(name: str, value: str | None, text: str) -> None:
    assert mistake(**{name: value}) == text


def test_a_state_that_is_too_long_is_a_fault_and_not_sent_back() -> None:
    request, found = read(state="x" * (MAX_STATE + 1))
    assert found is not None
    assert found.text.startswith("Invalid parameter state: x")
    assert len(found.text) < 200
    assert request.state is None
    assert read(state="é" * (MAX_STATE // 2 + 1))[1] is not None, "bytes count, not characters"


@pytest.mark.parametrize("name", ["scope", "state", "mode", "make", "user", "code_challenge"])
def test_a_spoilt_parameter_is_a_fault(name: str) -> None:
    given = Parameters({"response_type": "code", "scope": "read_vin", "redirect_uri": URI}, frozenset({name}))
    _, found = read_authorize(given, application(), find_make, find_country)
    assert found is not None
    assert found.text.startswith(f"Invalid parameter {name}")


def test_a_spoilt_redirect_uri_is_not_trusted() -> None:
    given = Parameters({"response_type": "code", "redirect_uri": URI}, frozenset({"redirect_uri"}))
    with pytest.raises(NotTrusted):
        read_authorize(given, application(), find_make, find_country)


# --- scope


def test_every_permission_can_be_asked_for_required_or_not() -> None:
    for name in PERMISSIONS:
        (asked,) = good(scope=name).permissions
        assert (asked.name, asked.required) == (name, False)
        assert good(scope=f"required:{name}").required == {name}


def test_a_permission_asked_for_twice_is_one_and_required_if_one_of_them_was() -> None:
    request = good(scope="read_vin  required:read_vin read_odometer")
    assert [(p.name, p.required) for p in request.permissions] == [("read_vin", True), ("read_odometer", False)]


def test_a_name_that_was_withdrawn_is_passed_over() -> None:
    assert [p.name for p in good(scope="control_security:lock read_vin").permissions] == ["read_vin"]


def test_more_than_64_names_are_too_many() -> None:
    assert good(scope="read_vin " * 64)
    assert mistake(scope="read_vin " * 65).startswith("Invalid parameter scope")


def test_the_applications_scope_counts_where_none_is_given() -> None:
    assert good({"scope": "read_fuel"}, scope=None).permissions[0].name == "read_fuel"
    assert good({"scope": "read_fuel"}, scope="read_vin").permissions[0].name == "read_vin"


# --- single select and modes


def test_a_vin_means_single_select_and_wins_over_the_make() -> None:
    request = good(single_select_vin=VIN, make="FORD")
    assert (request.single, request.make) == (True, None)


@pytest.mark.parametrize("vin", ["0SCAUDI037A5ADB1C", "1SCAUDI037A5ADB1C", "0SCQQ0I037A5ADB1O"])
def test_a_simulated_vin_is_for_simulated_mode_only(vin: str) -> None:
    assert good(single_select_vin=vin, mode="test").vin == vin
    expected = "You have entered a test mode VIN. Please enter a VIN that belongs to a real vehicle."
    assert mistake(single_select_vin=vin) == expected


# --- PKCE


def test_a_challenge_is_taken_with_s256() -> None:
    assert good(code_challenge=CHALLENGE, code_challenge_method="S256").challenge == CHALLENGE


@pytest.mark.parametrize("method", ["plain", "s256", "S512"])
def test_no_other_method_is_taken(method: str) -> None:
    text = f"Invalid parameter code_challenge_method: {method}."
    assert mistake(code_challenge=CHALLENGE, code_challenge_method=method) == text


@pytest.mark.parametrize("challenge", [CHALLENGE[:-1], CHALLENGE + "x", CHALLENGE[:-1] + "=", CHALLENGE[:-1] + "+"])
def test_a_challenge_that_is_no_digest_is_refused(challenge: str) -> None:
    assert mistake(code_challenge=challenge, code_challenge_method="S256").startswith(
        "Invalid parameter code_challenge:"
    )


def test_an_application_may_demand_a_challenge_for_codes() -> None:
    rules = {"require_pkce": True}
    assert mistake(rules) == 'Missing required parameter: "code_challenge"'
    assert good(rules, code_challenge=CHALLENGE, code_challenge_method="S256").challenge == CHALLENGE
    assert good(rules, response_type="none").challenge is None


# --- origins


def test_an_origin_may_be_registered_besides_the_redirect_uris() -> None:
    rules = {"origins": ("https://spa.example",)}
    assert good(rules, app_origin="https://spa.example").origin == "https://spa.example"
    assert mistake(app_origin="https://spa.example").startswith("Invalid parameter app_origin")


def test_a_request_comes_back_from_json_as_it_went() -> None:
    for external_id in ("x", "null", None):
        request = good(external_id=external_id, make="FORD", state="é", app_origin="https://app.example")
        assert msgspec.json.decode(msgspec.json.encode(request), type=Request) == request
