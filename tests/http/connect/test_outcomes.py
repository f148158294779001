"""Every way a run of Connect can end, reached as a person would, with the exact parameters it ends with."""

from __future__ import annotations

import asyncio
import base64
import json
import re

import pytest
from tests.http.connect.tab import CALLBACK, Place

from carwire.core.applications import Rules
from carwire.http.connect.pages import redirect_script
from carwire.services.connect import outcomes

DENIED = "access_denied", "User denied access to application."
RETURNED = (
    "user_manually_returned_to_application",
    "The user exited Connect before granting your application access",
)
INCOMPATIBLE = "vehicle_incompatible", "The user's vehicle is not compatible."
SUBSCRIPTION = "invalid_subscription", "User does not have an active connected vehicle subscription."
NO_VEHICLES = "no_vehicles", "No vehicles found. Please add vehicles to your account and try again."
CONFIGURATION = "configuration_error", "There has been an error in the configuration of your application."
SERVER = "server_error", "Unexpected server error. Please try again."


def failed(outcome: tuple[str, str], **more: str) -> dict[str, str]:
    """The parameters of a failure."""
    return {"error": outcome[0], "error_description": outcome[1], **more}


@pytest.fixture
def place() -> Place:
    return Place()


def test_an_approval_sends_a_code_and_the_user_back_to_the_registered_uri(place: Place) -> None:
    tab = place.tab().authorize(state="abc", external_id="garage 7").sign_in().approve()
    assert tab.url.startswith(CALLBACK + "?")
    assert list(tab.outcome) == ["code", "user_id", "state", "external_id"]
    assert (tab.outcome["state"], tab.outcome["external_id"]) == ("abc", "garage 7")
    assert len(tab.outcome["code"]) == len(tab.outcome["user_id"]) == 36
    assert "%20" in tab.url
    assert "+" not in tab.url


def test_without_state_and_external_id_neither_is_sent(place: Place) -> None:
    tab = place.tab().authorize(state="", external_id="").sign_in().approve()
    assert list(tab.outcome) == ["code", "user_id"]


def test_response_type_none_hands_out_no_code(place: Place) -> None:
    tab = place.tab().authorize(response_type="none", state="s").sign_in().approve()
    assert list(tab.outcome) == ["user_id", "state"]
    assert place.store._state.codes == {}


def test_the_query_of_the_registered_uri_is_kept() -> None:
    uri = "https://example.com/auth?tenant=a%20b"
    place = Place((uri,))
    tab = place.tab().authorize(redirect_uri=uri).sign_in().approve()
    assert tab.url.startswith(uri + "&code=")


def test_a_custom_scheme_is_redirected_to() -> None:
    place = Place()
    uri = f"sc{place.application.client_id}://exchange"
    place.change(redirect_uris=(uri,))
    tab = place.tab().authorize(redirect_uri=None).sign_in()
    assert f"form-action 'self' sc{place.application.client_id}:;" in (tab.header("content-security-policy") or "")
    assert tab.approve().url.startswith(uri + "?code=")


def test_denying_is_told_as_access_denied(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in().press("deny-button")
    assert tab.outcome == failed(DENIED, state="s")
    assert place.store._state.owners == {} or place.store._state.links == {}


@pytest.mark.parametrize("page", ["welcome", "brand", "sign-in", "check", "permissions", "grant"])
def test_going_back_to_the_application_is_told_on_every_page(place: Place, page: str) -> None:
    tab = place.tab().authorize(state="s", scope="read_location read_vin")
    logins = {"check": "mfa@connect.test", "permissions": "missing-permission@connect.test"}
    if page != "welcome":
        tab.press("continue-button")
    if page not in {"welcome", "brand"}:
        tab.press("AUDI")
    if page not in {"welcome", "brand", "sign-in"}:
        tab.sign_in(logins.get(page, "owner@example.com"))
    assert tab.page == page
    assert tab.press("back-to-application").outcome == failed(RETURNED, state="s")


def test_an_account_without_cars_is_no_vehicles(place: Place) -> None:
    tab = place.tab().authorize().sign_in("no-vehicles@connect.test")
    assert tab.page == "no-vehicles"
    assert tab.press("retry-button").page == "no-vehicles"
    assert tab.press("back-to-application").outcome == failed(NO_VEHICLES)


def test_a_lapsed_subscription_is_invalid_subscription(place: Place) -> None:
    tab = place.tab().authorize().sign_in("smartcar@invalid-subscription.com")
    assert tab.page == "no-subscription"
    assert tab.press("retry-button").page == "no-subscription"
    assert tab.press("back-to-application").outcome == failed(SUBSCRIPTION)


def test_an_incompatible_car_is_told_without_saying_which(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in("smartcar@vehicle-incompatible.com")
    assert tab.page == "incompatible"
    assert tab.press("back-to-application").outcome == failed(INCOMPATIBLE, state="s")


def test_an_incompatible_car_is_named_only_when_its_owner_ticks_that(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in("smartcar@vehicle-incompatible.com", make="AUDI")
    (tick,) = [given for given in tab.form.inputs if given.get("name") == "share"]
    assert "checked" not in tick
    told = tab.press("back-to-application", share="yes").outcome
    assert list(told) == ["error", "error_description", "vin", "make", "model", "year", "state"]
    assert (told["vin"], told["make"], told["error"]) == ("0SCAUDI012FE3B132", "AUDI", INCOMPATIBLE[0])
    assert told["year"].isdigit()


def test_a_brand_that_is_not_there_is_vehicle_incompatible(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("brand-missing")
    assert tab.page == "incompatible"
    assert tab.press("back-to-application").outcome == failed(INCOMPATIBLE)


def test_after_an_incompatible_brand_another_one_can_be_chosen(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("brand-missing").press("try-other-brand")
    assert tab.page == "brand"
    assert "code" in tab.press("TESLA").sign_in().approve().outcome


def test_a_failure_of_the_makers_server_leaves_as_server_error(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in("server-error@connect.test")
    assert (tab.page, tab.status) == ("error", 500)
    assert tab.press("exit-button").outcome == failed(SERVER, state="s")


def test_a_mistake_in_the_request_leaves_as_configuration_error_with_the_text_that_was_shown(place: Place) -> None:
    tab = place.tab().authorize(mode="dream", state="s", external_id="x")
    assert tab.status == 400
    assert tab.heading == "400: Invalid parameter mode: dream."
    assert tab.press("exit-button").outcome == failed(
        CONFIGURATION, status_code="400", error_message="Invalid parameter mode: dream.", state="s", external_id="x"
    )


def test_a_page_out_of_order_leaves_as_configuration_error(place: Place) -> None:
    tab = place.tab().authorize()
    tab.open(tab.url.replace("welcome", "grant"))
    assert (tab.status, "cannot be opened now" in tab.heading) == (400, True)
    told = tab.press("exit-button").outcome
    assert (told["error"], told["status_code"]) == (CONFIGURATION[0], "400")


def test_a_virtual_key_that_is_still_missing_is_told_with_the_success() -> None:
    place = Place()

    async def nothing_changed(*_: object, **__: object) -> object:
        return place.source._described(owner)

    from carwire.connectors.simulator.signing import Session

    owner = Session("virtual-key@connect.test", "TESLA")
    tab = (
        place.tab().authorize(scope="control_security read_vin").sign_in("virtual-key@connect.test", "TESLA").approve()
    )
    assert tab.page == "key"
    place.source.cars = nothing_changed  # type: ignore[method-assign, assignment]  # the owner did not go to the car
    told = tab.press("done-button").outcome
    assert list(told) == ["code", "user_id", "virtual_key_url"]
    assert told["virtual_key_url"].startswith("https://")


def test_a_virtual_key_that_was_installed_meanwhile_is_not_told(place: Place) -> None:
    tab = place.tab().authorize(scope="control_security").sign_in("virtual-key@connect.test", "TESLA").approve()
    assert list(tab.press("done-button").outcome) == ["code", "user_id"]


def test_no_virtual_key_is_asked_for_when_only_reading_was_granted(place: Place) -> None:
    tab = place.tab().authorize(scope="read_vin").sign_in("virtual-key@connect.test", "TESLA").approve()
    assert "code" in tab.outcome


def test_without_a_redirect_uri_the_run_ends_on_a_page(place: Place) -> None:
    tab = place.tab().authorize(response_type="none", redirect_uri=None).sign_in().approve()
    assert (tab.page, tab.status, tab.left) == ("done", 200, False)
    assert "Chevrolet Volt" in tab.form.text
    assert tab.open(tab.url).page == "done", "a reload shows it again"


def test_the_result_goes_to_the_window_that_opened_connect_as_its_sdk_expects() -> None:
    place = Place(rules=Rules(origins=("https://app.example",)))
    tab = place.tab().authorize(
        response_type="none", redirect_uri=None, app_origin="https://app.example", state="s", external_id="x"
    )
    tab.sign_in().approve()
    page = tab.answer.body.decode()
    found = page.partition('data-message="')[2].partition('"')[0].replace("&#34;", '"')
    message = json.loads(found)
    assert 'data-origin="https://app.example"' in page
    assert message.pop("userId")
    assert message == {
        "name": "SmartcarAuthMessage", "isSmartcarHosted": False, "code": None, "error": None,
        "errorDescription": None, "state": "s", "vin": None, "make": None, "model": None, "year": None,
        "virtualKeyUrl": None, "externalId": "x",
    }  # fmt: skip


def test_a_denial_goes_to_the_window_that_opened_connect_too() -> None:
    place = Place(rules=Rules(origins=("https://app.example",)))
    tab = place.tab().authorize(response_type="none", redirect_uri=None, app_origin="https://app.example")
    tab.sign_in().press("deny-button")
    assert "access_denied" in tab.answer.body.decode()
    assert "externalId" not in tab.answer.body.decode()


@pytest.mark.parametrize(
    "state",
    ["plain", "with space", "a+b&c=d%", "Zürich ✓ 車", "x" * 2048, '{"a": "<b>"}', "...///???"],
    ids=["plain", "space", "signs", "unicode", "2 KiB", "json", "dots"],
)
def test_a_state_comes_back_as_it_was(place: Place, state: str) -> None:
    tab = place.tab().authorize(state=state).press("back-to-application")
    assert tab.outcome["state"] == state


def test_a_state_of_the_javascript_sdk_comes_back_with_its_plus_signs(place: Place) -> None:
    inside = json.dumps({"instanceId": "i-1", "originalState": "a>b~c>>~~"}).encode()
    state = next(s for n in range(9) if "+" in (s := base64.b64encode(inside + b" " * n).decode()))
    tab = place.tab().open("/oauth/authorize?" + place.query() + "&state=" + state)
    assert tab.press("back-to-application").outcome["state"] == state


def test_the_external_id_null_clears_it_and_is_not_sent_back(place: Place) -> None:
    first = place.tab().authorize(external_id="mine").sign_in().approve()
    second = place.tab().authorize(external_id="null", approval_prompt="force").sign_in().approve()
    assert "external_id" not in second.outcome
    assert first.outcome["user_id"] == second.outcome["user_id"]
    (links,) = place.store._state.links.values()
    assert [link.external_id for link in links.values()] == [None]


def test_leaving_out_the_external_id_leaves_it_stored(place: Place) -> None:
    place.tab().authorize(external_id="mine").sign_in().approve()
    place.tab().authorize(approval_prompt="force").sign_in().approve()
    (links,) = place.store._state.links.values()
    assert [link.external_id for link in links.values()] == ["mine"]


def test_the_code_is_kept_by_digest_and_bound_to_what_it_was_made_for(place: Place) -> None:
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    tab = place.tab().authorize(code_challenge=challenge, code_challenge_method="S256").sign_in().approve()
    from carwire.kit.secrets import Secret

    kept = asyncio.run(place.store.code(place.hasher.hash(Secret(tab.outcome["code"]))))
    assert kept is not None
    assert (kept.client_id, kept.redirect_uri) == (place.application.client_id, CALLBACK)
    assert kept.challenge == challenge
    assert (kept.expires_at - place.now).total_seconds() == 600


def test_the_approval_is_in_the_audit(place: Place) -> None:
    tab = place.tab().authorize().sign_in().approve()
    (entry,) = [e for e in asyncio.run(place.store.audit()) if e.kind == "connect.approved"]
    assert entry.subject == tab.outcome["user_id"]
    assert entry.detail["permissions"] == ["read_odometer", "read_vehicle_info"]
    assert entry.detail["cars"] == 1


def test_the_hosted_page_knows_the_sentence_of_every_outcome() -> None:
    script = redirect_script().decode()
    known = dict(re.findall(r'^    ([a-z_]+): "(.+)",$', script, re.MULTILINE))
    ours = {value for value in vars(outcomes).values() if isinstance(value, tuple) and len(value) == 2}
    assert len(ours) >= 8
    assert known == dict(ours)
    assert "error_description" not in script.partition("function message")[0], "nobody else's sentence is shown"
