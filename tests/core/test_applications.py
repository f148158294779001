"""What may be registered: names, redirect URIs and rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.applications import (
    MAX_REDIRECT_URI,
    Rules,
    check_registration,
    check_rules,
    is_bare_origin,
    origin_of,
)
from carwire.core.errors import InvalidInput

CLIENT = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"


def problem(uri: str, client_id: str | None = CLIENT) -> str:
    """What is wrong with a redirect URI; empty when nothing is."""
    try:
        check_registration("App", (uri,), client_id)
    except InvalidInput as error:
        (found,) = error.fields
        assert found.field == "redirect_uris"
        return found.message
    return ""


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/cb",
        "https://a.example",
        "https://a.example:8443/cb?x=1",
        "https://[2001:db8::1]/cb",
        "https://192.0.2.1/cb",
        "https://xn--bcher-kva.example/cb",
        "https://my_app.example./cb",
        "https://A.Example/cb;x,y",
        "http://localhost:3000/cb",
        "http://127.0.0.1:3000/cb",
        "http://[::1]:3000/cb",
        f"sc{CLIENT}://exchange",
        f"sc{CLIENT}://exchange/path",
        "https://carwire.example/v2/redirect?app_origin=https://app.example",
        "https://carwire.example/v2/redirect?app_origin=https%3A%2F%2Fapp.example%3A8443",
        "https://javascript-sdk.smartcar.com/v2/redirect?app_origin=http://localhost:3000",
        "http://localhost:8000/v2/redirect?app_origin=http://localhost:3000",
        "https://a.example/" + "x" * (MAX_REDIRECT_URI - 18),
    ],
)
def test_a_uri_of_the_kinds_that_may_be_registered_is_taken(uri: str) -> None:
    assert problem(uri) == ""


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("com.example.app:/cb", "scheme that cannot be registered"),
        ("myapp://cb", "scheme that cannot be registered"),
        ("sc://exchange", "scheme that cannot be registered"),
        ("sc0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c4://exchange", "scheme that cannot be registered"),
        (f"sc{CLIENT}:exchange", "has no host"),
        (f"sc{CLIENT}:///exchange", "has no host"),
        (f"sc{CLIENT}://user@exchange", "must not name a user"),
        ("javascript:alert(1)", "scheme that cannot be registered"),
        ("https://user:pass@a.example/cb", "must not name a user"),
        ("https://*.a.example/cb", "wildcard"),
        ("https://a.example/cb#x", "fragment"),
        ("https://a.example\\@evil.example/cb", "backslash"),
        ("https://a.example:port/cb", "is not a URI"),
        ("http://192.168.1.7/cb", "must use https"),
        ("http://a.example/v2/redirect?app_origin=https://app.example", "must use https"),
        ("https://a.example/v2/redirect?app_origin=https://app.example/path", "bare origin"),
        ("https://a.example/v2/redirect?app_origin=https://a.example&app_origin=https://b.example", "bare origin"),
        ("https://a.example/v2/redirect?app_origin=javascript:alert(1)", "bare origin"),
        ("https://a.example/" + "x" * MAX_REDIRECT_URI, "has more than"),
        ("https://a.example;script-src", "neither a name nor an IP address"),
        ("https://a.example,b.example/cb", "neither a name nor an IP address"),
        ("https://a.example'/cb", "neither a name nor an IP address"),
        ("https://a..example/cb", "neither a name nor an IP address"),
        ("https://-a.example/cb", "neither a name nor an IP address"),
        ("https://" + "a" * 254 + "/cb", "neither a name nor an IP address"),
        ("https://[fe80::1%25eth0]/cb", "neither a name nor an IP address"),
        (f"sc{CLIENT}://ex;change", "neither a name nor an IP address"),
    ],
)
def test_a_uri_of_any_other_kind_is_refused(uri: str, said: str) -> None:
    assert said in problem(uri)


def test_before_there_is_a_client_id_no_scheme_of_an_app_can_be_registered() -> None:
    assert "once there is one" in problem(f"sc{CLIENT}://exchange", client_id=None)


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text: str) -> None:
    said = problem(text)
    assert said == "" or len(said) < 500


@pytest.mark.parametrize("text", ["https://a.example", "http://localhost:3000", "http://[::1]:3000"])
def test_a_bare_origin_is_one(text: str) -> None:
    assert is_bare_origin(text)
    assert origin_of(text + "/cb?x") == text


@pytest.mark.parametrize(
    "text", ["https://a.example/", "a.example", "null", "*", "https://", "https://A.example", "https://a.example?x", ""]
)
def test_anything_else_is_no_bare_origin(text: str) -> None:
    assert not is_bare_origin(text)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://A.example:443/x", "https://a.example"),
        ("http://localhost:80/", "http://localhost"),
        ("https://a.example:8443/x", "https://a.example:8443"),
        (f"sc{CLIENT}://x", None),
    ],
)
def test_the_origin_of_a_uri_is_written_as_browsers_do(uri: str, origin: str | None) -> None:
    assert origin_of(uri) == origin


def test_rules_are_checked() -> None:
    check_rules(Rules(origins=("https://a.example",), scope="read_vin required:read_fuel", country="DE"))
    for rules in (Rules(origins=("https://a.example/x",)), Rules(scope="read_minds"), Rules(country="XX")):
        with pytest.raises(InvalidInput):
            check_rules(rules)
