"""The pages between the first and the last: what each asks, and what follows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest
from tests.http.connect.tab import Place, Tab, make_of_simulated

from carwire.core.applications import Rules
from carwire.core.errors import StoreUnavailable
from carwire.core.signals.reading import Problem
from carwire.services.connect.record import read_record

VIN = "0SCAUDI037A5ADB1C"
AUDI = "smartcar@successful-request.com"
SUITES = ("CHEVROLET", "FORD", "KIA", "BMW", "TESLA")


@pytest.fixture
def place() -> Place:
    return Place()


def granted(place: Place) -> dict[str, frozenset[str]]:
    """What was granted: VIN → permissions."""
    state = place.store._state
    return {
        state.cars[state.vehicles[vehicle].car_id].vin: link.permissions
        for vehicle, links in state.links.items()
        for link in links.values()
    }


def vehicles(tab: Tab) -> list[dict[str, str | None]]:
    """The inputs that choose a car."""
    return [given for given in tab.form.inputs if given.get("name") == "vehicle"]


@pytest.mark.parametrize("make", SUITES)
def test_a_brand_of_the_official_suites_connects_one_car_in_four_pages(place: Place, make: str) -> None:
    tab = place.tab().authorize(mode="test")
    tab.press("continue-button").press(make).sign_in("0c8f@email.com", password="password")
    assert "page-content" in tab.answer.body.decode()
    assert len(vehicles(tab)) == 1
    assert "code" in tab.approve().outcome
    assert [page.rsplit("/", 1)[-1] for page in tab.seen[1::2]] == ["welcome", "brand", "sign-in", "grant"]


def test_no_page_but_the_grant_has_the_class_the_suites_wait_for(place: Place) -> None:
    tab = place.tab().authorize()
    for button in ("continue-button", "KIA"):
        assert "page-content" not in tab.answer.body.decode()
        tab.press(button)
    assert (tab.page, "page-content" in tab.answer.body.decode()) == ("sign-in", False)


def test_the_redirect_uri_and_the_code_are_in_no_address_on_the_way(place: Place) -> None:
    tab = place.tab().authorize(state="secret-state").sign_in().approve()
    for address in tab.seen[1:]:
        assert "example.com" not in address
        assert "secret-state" not in address
        assert tab.outcome["code"] not in address


def test_every_permission_that_was_ticked_is_granted_and_no_other(place: Place) -> None:
    scope = "read_vin required:read_odometer read_location control_security"
    tab = place.tab().authorize(scope=scope).sign_in()
    ticks = [i for i in tab.form.inputs if i.get("type") == "checkbox" and i.get("name") != "vehicle"]
    assert len(ticks) == 4
    assert all("checked" in tick for tick in ticks), "optional ones arrive ticked"
    assert len([tick for tick in ticks if "disabled" in tick]) == 1
    assert ("permission", "read_odometer") in tab.form.fields
    tab.press("approval-button", permission=["read_odometer", "control_security"])
    assert set(granted(place).values()) == {frozenset({"read_odometer", "control_security"})}


def test_what_was_not_asked_for_cannot_be_granted_by_a_made_up_form(place: Place) -> None:
    tab = place.tab().authorize(scope="read_vin").sign_in()
    tab.press("approval-button", permission=["read_vin", "read_location", "control_trunk"])
    assert set(granted(place).values()) == {frozenset({"read_vin"})}


def test_a_required_permission_is_granted_even_if_its_tick_was_removed(place: Place) -> None:
    tab = place.tab().authorize(scope="required:read_vin read_odometer").sign_in()
    tab.press("approval-button", permission=["read_odometer"])
    assert set(granted(place).values()) == {frozenset({"read_vin", "read_odometer"})}


def test_without_any_permission_the_grant_stays_and_says_so(place: Place) -> None:
    tab = place.tab().authorize().sign_in().press("approval-button", permission=[])
    assert (tab.page, tab.status) == ("grant", 422)
    assert 'role="alert"' in tab.answer.body.decode()
    assert granted(place) == {}
    assert "code" in tab.press("approval-button", permission=["read_odometer"]).outcome


def test_without_any_car_the_grant_stays_and_says_so(place: Place) -> None:
    tab = place.tab().authorize().sign_in("3-vehicles@smartcar.com").press("approval-button", vehicle=[])
    assert (tab.page, tab.status) == ("grant", 422)
    assert granted(place) == {}


def test_only_the_ticked_cars_are_connected(place: Place) -> None:
    tab = place.tab().authorize().sign_in("3-vehicles@smartcar.com")
    assert [given["type"] for given in vehicles(tab)] == ["checkbox"] * 3
    tab.press("approval-button", vehicle=["0", "2"])
    assert len(granted(place)) == 2


def test_a_thousand_cars_can_be_connected(place: Place) -> None:
    tab = place.tab().authorize().sign_in("999-vehicles@smartcar.com").approve()
    assert "code" in tab.outcome
    assert len(granted(place)) == 999


def test_a_thousand_cars_come_in_pages_that_keep_what_is_ticked(place: Place) -> None:
    tab = place.tab().authorize(scope="read_vin read_odometer").sign_in("120-vehicles@smartcar.com")
    assert len(vehicles(tab)) == 50
    assert len(tab.answer.body) < 60_000
    tab.press("next-page", vehicle=["0", "1"], permission=["read_vin"])
    assert [given["value"] for given in vehicles(tab)] == [str(n) for n in range(50, 100)]
    tab.press("next-page", vehicle=[])
    assert len(vehicles(tab)) == 20
    tab.press("previous-page").press("previous-page")
    assert [i["value"] for i in vehicles(tab) if "checked" in i] == ["0", "1"]
    tab.approve()
    assert len(granted(place)) == 22
    assert set(granted(place).values()) == {frozenset({"read_vin"})}


def test_a_search_among_many_cars_keeps_what_is_ticked_elsewhere(place: Place) -> None:
    tab = place.tab().authorize().sign_in("120-vehicles@smartcar.com", "FORD")
    tab.press("search-button", search="escape", vehicle=[])
    found = vehicles(tab)
    assert 0 < len(found) < 50
    assert all("checked" in given for given in found if int(given["value"] or 0) >= 50)
    tab.press("search-button", search="nothing at all")
    assert vehicles(tab) == []
    tab.press("search-button", search="").approve()
    assert len(granted(place)) == 70


def test_one_of_many_cars_can_be_picked_on_another_page(place: Place) -> None:
    tab = place.tab().authorize(single_select="true").sign_in("120-vehicles@smartcar.com")
    tab.press("next-page").press("next-page", vehicle=["77"]).approve()
    assert len(granted(place)) == 1
    chosen = place.memory._state.sessions[tab.seen[-2].split("/")[2]].record
    assert read_record(chosen).chosen == (77,)


def test_with_single_select_exactly_one_car_is_connected(place: Place) -> None:
    tab = place.tab().authorize(single_select="TRUE").sign_in("3-vehicles@smartcar.com")
    assert [given["type"] for given in vehicles(tab)] == ["radio"] * 3
    many = place.tab().authorize(single_select="false").sign_in("3-vehicles@smartcar.com")
    assert tab.form.text != many.form.text
    assert tab.press("approval-button", vehicle=["0", "1"]).status == 422
    tab.press("approval-button", vehicle=["1"])
    assert len(granted(place)) == 1


def test_a_wanted_vin_leads_straight_to_its_brand_and_connects_that_car_alone(place: Place) -> None:
    tab = place.tab().authorize(single_select_vin=VIN.lower(), single_select="true", make="KIA")
    assert tab.page == "welcome"
    tab.press("continue-button")
    assert (tab.page, "Audi" in tab.heading) == ("sign-in", True)
    assert "other-brand" not in tab.form.ids
    tab.sign_in(AUDI)
    assert [given["type"] for given in vehicles(tab)] == ["hidden"]
    tab.approve()
    assert list(granted(place)) == [VIN]


def test_a_wanted_vin_that_is_not_in_the_account_connects_nothing(place: Place) -> None:
    tab = place.tab().authorize(single_select_vin=VIN).press("continue-button").sign_in("owner@example.com")
    assert tab.page == "incompatible"
    assert "try-other-brand" not in tab.form.ids
    assert tab.press("back-to-application").outcome["error"] == "vehicle_incompatible"


def test_a_vin_nobody_can_read_shows_the_brands(place: Place) -> None:
    assert make_of_simulated("0SCXXXXX37A5ADB1C") is None
    tab = place.tab().authorize(single_select_vin="0SCXXXXX37A5ADB1C").press("continue-button")
    assert tab.page == "brand"


def test_a_named_make_skips_the_list_but_not_the_preamble(place: Place) -> None:
    tab = place.tab().authorize(make="land_rover")
    assert tab.page == "welcome"
    assert (tab.press("continue-button").page, "Land Rover" in tab.heading) == ("sign-in", True)


def test_a_make_that_is_not_offered_here_shows_the_list_with_a_notice(place: Place) -> None:
    tab = place.tab().authorize(make="PEUGEOT", mode="live").press("continue-button")
    assert tab.page == "brand"
    assert "Peugeot" in tab.form.text
    assert "PEUGEOT" not in tab.form.buttons
    assert place.tab().authorize(make="PEUGEOT", flags="country:FR").press("continue-button").page == "sign-in"


def test_every_brand_is_in_the_document_from_the_start_and_after_a_search(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button")
    all_brands = {name for name, (field, _) in tab.form.buttons.items() if field == "make"}
    assert {*SUITES, "LAND_ROVER", "MERCEDES_BENZ"} <= all_brands
    tab.press("search-button", search="ki")
    assert {name for name, (field, _) in tab.form.buttons.items() if field == "make"} == all_brands
    assert tab.press("KIA").page == "sign-in"


def test_a_brand_nobody_offers_stays_on_the_list(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button")
    action, body = tab.filled("KIA")
    assert tab.post(action, body.replace(b"make=KIA", b"make=TRABANT")).page == "brand"


def test_live_mode_says_that_no_brand_is_there(place: Place) -> None:
    tab = place.tab().authorize(mode="live").press("continue-button")
    assert tab.page == "brand"
    assert not [name for name, (field, _) in tab.form.buttons.items() if field == "make"]
    assert "rehearsal" not in tab.form.ids
    assert tab.press("brand-missing").page == "incompatible"


def test_simulated_mode_says_so_on_every_page(place: Place) -> None:
    tab = place.tab().authorize()
    for _ in range(3):
        assert "rehearsal" in tab.form.ids
        tab.press("continue-button") if tab.page == "welcome" else tab.press("KIA") if tab.page == "brand" else None
    assert "rehearsal" in tab.sign_in().form.ids


def test_the_owner_may_change_country_and_language(place: Place) -> None:
    tab = place.tab(language="fr-FR,fr;q=0.9").authorize(flags=None)
    assert 'lang="fr"' in tab.answer.body.decode()
    (button,) = [name for name, sent in tab.form.buttons.items() if sent == ("do", "locale")]
    tab.press(button, country="CA", language="de")
    assert (tab.page, 'lang="de"' in tab.answer.body.decode()) == ("welcome", True)
    assert read_record(place.sessions()[0].record).country == "CA"
    tab.press(button, country="XX", language="xx")
    assert (tab.status, read_record(place.sessions()[0].record).country) == (200, "CA")


@pytest.mark.parametrize(
    ("given", "language", "country"),
    [
        ({"flags": "country:de x:y"}, "en-GB", "DE"),
        ({"flags": "country:XX"}, "en-GB,en;q=0.8", "GB"),
        ({"flags": None}, "en", "US"),
        ({"flags": None, "ui_locales": "fr-CA en"}, "de-DE", "CA"),
    ],
)
def test_the_country_comes_from_the_flag_else_from_the_language(
    place: Place, given: dict[str, str | None], language: str, country: str
) -> None:
    place.tab(language=language).authorize(**given)
    assert read_record(place.sessions()[0].record).country == country


def test_the_applications_country_counts_where_no_flag_names_one() -> None:
    place = Place(rules=Rules(country="CA"))
    place.tab(language="de-DE").authorize(flags=None)
    assert read_record(place.sessions()[0].record).country == "CA"


def test_a_wrong_password_keeps_the_address_and_empties_the_password(place: Place) -> None:
    tab = place.tab().authorize().sign_in("wrong-password@connect.test", password="canary-password")
    assert (tab.page, tab.status) == ("sign-in", 422)
    values = {given.get("id"): given.get("value") for given in tab.form.inputs}
    assert values["username"] == "wrong-password@connect.test"
    assert not values["password"]
    assert "canary-password" not in tab.answer.body.decode()


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("a@b.c", ""), ("   ", "x")])
def test_missing_credentials_are_asked_for_without_asking_the_maker(place: Place, username: str, password: str) -> None:
    tab = place.tab().authorize().sign_in(username, password=password)
    assert (tab.page, tab.status) == ("sign-in", 422)


def test_after_five_failures_the_owner_waits_and_sees_for_how_long(place: Place) -> None:
    tab = place.tab().authorize()
    for _ in range(5):
        tab.sign_in("wrong-password@connect.test")
    assert tab.status == 422
    tab.sign_in("owner@example.com")
    assert (tab.status, tab.page) == (429, "sign-in")
    assert 'data-seconds="60"' in tab.answer.body.decode()
    place.wait(timedelta(seconds=61))
    assert tab.sign_in("owner@example.com").page == "grant"


def test_an_account_under_attack_is_held_back_in_every_session_and_says_nothing_about_itself(place: Place) -> None:
    for _ in range(3):
        tab = place.tab().authorize()
        for _ in range(4):
            tab.sign_in("wrong-password@connect.test")
    held = tab.answer.body.decode()
    assert tab.status == 429
    assert "wrong-password@connect.test" in held, "the address stays in its field"
    other = place.tab().authorize().sign_in("owner@example.com")
    assert other.page == "grant", "others are not held back"


def test_a_maker_that_is_down_keeps_the_owner_on_the_page_and_says_so(place: Place) -> None:
    tab = place.tab().authorize().sign_in("brand-down@connect.test")
    assert (tab.page, tab.status) == ("sign-in", 422)
    assert tab.sign_in("owner@example.com").page == "grant"


@pytest.mark.parametrize(("login", "answer"), [("mfa", "123456"), ("pin", "1234"), ("captcha", "road66")])
def test_an_extra_check_is_answered(place: Place, login: str, answer: str) -> None:
    tab = place.tab().authorize().sign_in(f"{login}@connect.test")
    assert tab.page == "check"
    assert tab.press("submit-button", answer="0").status == 422
    assert tab.press("submit-button", answer="  ").status == 422
    assert tab.press("submit-button", answer=answer).page == "grant"
    assert "code" in tab.approve().outcome


def test_five_wrong_codes_hold_the_owner_up(place: Place) -> None:
    tab = place.tab().authorize().sign_in("mfa@connect.test")
    for _ in range(5):
        tab.press("submit-button", answer="000000")
    assert tab.press("submit-button", answer="123456").page == "check", "the right code comes too early"
    place.wait(timedelta(seconds=61))
    assert tab.press("submit-button", answer="123456").page == "grant"


def test_without_a_pin_commands_are_not_granted(place: Place) -> None:
    tab = place.tab().authorize(scope="read_vin control_security").sign_in("pin@connect.test")
    tab.press("skip-pin")
    assert [i.get("value") for i in tab.form.inputs if i.get("name") == "permission"] == ["read_vin"]
    tab.approve()
    assert set(granted(place).values()) == {frozenset({"read_vin"})}


def test_a_code_cannot_be_skipped(place: Place) -> None:
    tab = place.tab().authorize().sign_in("mfa@connect.test")
    action, body = tab.filled("submit-button")
    assert tab.post(action, body.replace(b"do=answer", b"do=skip")).page == "check"


def test_a_permission_missing_at_the_maker_can_be_fixed_there(place: Place) -> None:
    tab = place.tab().authorize(scope="read_location read_vin").sign_in("missing-permission@connect.test")
    assert tab.page == "permissions"
    tab.press("fix-permissions").approve()
    assert set(granted(place).values()) == {frozenset({"read_location", "read_vin"})}


def test_an_optional_permission_missing_at_the_maker_can_be_done_without(place: Place) -> None:
    tab = place.tab().authorize(scope="read_location read_vin").sign_in("missing-permission@connect.test")
    tab.press("continue-without").approve()
    assert set(granted(place).values()) == {frozenset({"read_vin"})}


def test_a_required_permission_missing_at_the_maker_cannot_be_done_without(place: Place) -> None:
    tab = place.tab().authorize(scope="required:read_location read_vin").sign_in("missing-permission@connect.test")
    assert "continue-without" not in tab.form.buttons
    action, body = tab.filled("fix-permissions")
    assert tab.post(action, body.replace(b"do=fix", b"do=continue")).page == "permissions"


def test_a_permission_missing_at_the_maker_that_nobody_asked_for_is_not_talked_about(place: Place) -> None:
    assert place.tab().authorize(scope="read_vin").sign_in("missing-permission@connect.test").page == "grant"


def test_the_battery_size_is_asked_for_when_several_fit(place: Place) -> None:
    tab = place.tab().authorize(scope="read_battery read_vin").sign_in("battery@connect.test", "HYUNDAI").approve()
    assert tab.page == "battery"
    action, body = tab.filled("battery-unknown")
    assert tab.post(action, body.replace(b"do=unknown", b"do=choose")).status == 422
    button = next(name for name, sent in tab.form.buttons.items() if sent == ("do", "choose"))
    assert "code" in tab.press(button, capacity="1").outcome
    (row,) = place.store._state.vehicles.values()
    assert row.capacity_kwh is not None
    assert row.capacity_kwh > 50


@pytest.mark.parametrize("button", ["battery-unknown", "skip-button"])
def test_the_battery_size_may_stay_unknown(place: Place, button: str) -> None:
    tab = place.tab().authorize(scope="read_battery").sign_in("battery@connect.test", "HYUNDAI").approve()
    assert "code" in tab.press(button).outcome
    assert [row.capacity_kwh for row in place.store._state.vehicles.values()] == [None]


def test_no_battery_size_is_asked_for_without_the_permission(place: Place) -> None:
    tab = place.tab().authorize(scope="read_vin").sign_in("battery@connect.test", "HYUNDAI").approve()
    assert "code" in tab.outcome


def test_a_second_run_with_the_same_account_asks_nothing_again(place: Place) -> None:
    first = place.tab().authorize(scope="read_vin read_odometer").sign_in().approve()
    again = place.tab().authorize(scope="read_odometer").sign_in()
    assert "code" in again.outcome, "it left straight from the sign-in"
    assert again.outcome["user_id"] == first.outcome["user_id"]
    assert again.outcome["code"] != first.outcome["code"]


def test_a_second_run_that_asks_for_less_takes_nothing_back(place: Place) -> None:
    place.tab().authorize(scope="read_vin read_odometer").sign_in().approve()
    assert "code" in place.tab().authorize(scope="read_odometer").sign_in().outcome
    assert set(granted(place).values()) == {frozenset({"read_vin", "read_odometer"})}


def test_an_owner_who_sees_the_page_again_may_take_something_back(place: Place) -> None:
    place.tab().authorize(scope="read_vin read_odometer").sign_in().approve()
    place.tab().authorize(scope="read_odometer", approval_prompt="force").sign_in().approve()
    assert set(granted(place).values()) == {frozenset({"read_odometer"})}


@pytest.mark.parametrize("button", ["deny-button", None])
def test_an_owner_who_does_not_agree_is_not_kept(place: Place, button: str | None) -> None:
    tab = place.tab().authorize().sign_in()
    if button:
        tab.press(button)
    assert place.memory._state.owners == {}


@pytest.mark.parametrize(
    "given", [{"approval_prompt": "force"}, {"scope": "read_odometer read_location"}], ids=["force", "wider scope"]
)
def test_a_second_run_asks_again_when_it_has_to(place: Place, given: dict[str, str]) -> None:
    place.tab().authorize(scope="read_odometer").sign_in().approve()
    assert place.tab().authorize(**{"scope": "read_odometer", **given}).sign_in().page == "grant"


def test_a_second_run_asks_again_for_a_car_that_was_left_out(place: Place) -> None:
    place.tab().authorize().sign_in("2-vehicles@smartcar.com").press("approval-button", vehicle=["0"])
    assert place.tab().authorize().sign_in("2-vehicles@smartcar.com").page == "grant"


def test_another_account_and_another_application_are_asked(place: Place) -> None:
    place.tab().authorize().sign_in("one@example.com").approve()
    assert place.tab().authorize().sign_in("two@example.com").page == "grant"
    other = place.register(("https://example.com/auth",))
    assert place.tab().authorize(client_id=other.client_id).sign_in("one@example.com").page == "grant"


def test_a_car_that_lacks_a_required_permission_is_kept_out_where_the_application_wants_that(place: Place) -> None:
    scope = "required:read_fuel read_vin"
    assert place.tab().authorize(scope=scope).sign_in(make="TESLA").page == "grant"
    place.change(rules=Rules(block_incapable=True))
    tab = place.tab().authorize(scope=scope).sign_in(make="TESLA")
    assert tab.page == "incompatible"
    assert tab.press("back-to-application").outcome["error"] == "vehicle_incompatible"
    assert place.tab().authorize(scope=scope).sign_in(make="CHEVROLET").page == "grant"


def test_going_back_and_choosing_another_brand_forgets_the_first_sign_in(place: Place) -> None:
    tab = place.tab().authorize().sign_in("one@example.com", "KIA")
    assert tab.page == "grant"
    tab.open(tab.url.replace("grant", "brand"))
    assert (tab.status, tab.page) == (200, "brand")
    tab.press("FORD")
    tab.open(tab.url.replace("sign-in", "grant"))
    assert tab.status == 400, "the grant belonged to the other sign-in"


@pytest.mark.parametrize("page", ["welcome", "brand", "sign-in", "grant"])
def test_every_page_can_be_gone_back_to_until_the_approval_and_none_after_it(place: Place, page: str) -> None:
    tab = place.tab().authorize().sign_in()
    here = tab.url.replace("grant", page)
    assert (tab.open(here).status, tab.page) == (200, page)
    tab.open(here.replace(page, "grant")).approve()
    assert tab.open(here).status == 410
    assert "finished" in tab.heading


def test_a_question_that_was_answered_is_not_shown_again(place: Place) -> None:
    tab = place.tab().authorize().sign_in("mfa@connect.test").press("submit-button", answer="123456")
    assert tab.open(tab.url.replace("grant", "check")).page == "grant"


@pytest.mark.parametrize("page", ["brand", "sign-in", "grant", "battery", "key", "check", "done", "error", "nothing"])
def test_a_page_nobody_has_come_to_yet_cannot_be_opened(place: Place, page: str) -> None:
    tab = place.tab().authorize()
    tab.open(tab.url.replace("welcome", page))
    assert (tab.status, "exit-button" in tab.form.buttons) == (400, True)


@pytest.mark.parametrize("path", ["/login", "/grant"])
def test_the_bare_address_of_a_page_is_an_error_page(place: Place, path: str) -> None:
    tab = place.tab().open(path)
    assert (tab.status, "exit-button" in tab.form.buttons) == (400, False)


def test_a_form_for_a_page_nobody_has_come_to_yet_does_nothing(place: Place) -> None:
    tab = place.tab().authorize()
    action, body = tab.filled("continue-button")
    forged = body.replace(b"do=continue", b"do=approve") + b"&vehicle=0&permission=read_vin"
    tab.post(action.replace("welcome", "grant"), forged)
    assert tab.status == 400
    assert granted(place) == {}


def test_the_events_of_a_run_tell_its_story_without_an_address_or_a_vin(place: Place) -> None:
    tab = place.tab().authorize().sign_in("wrong-password@connect.test").sign_in("canary@example.com")
    tab.press("deny-button")
    (session,) = place.sessions()
    events = [event.name for event in read_record(session.record).events]
    assert events == [
        "opened", "continued", "brand_selected", "login_submitted", "login_failed", "login_submitted",
        "vehicles_found", "grant_shown", "denied",
    ]  # fmt: skip
    assert b"canary" not in session.record


def test_what_breaks_inside_becomes_a_page_with_a_way_out(place: Place) -> None:
    tab = place.tab().authorize(state="s").press("continue-button").press("KIA")

    async def broken(*_: object, **__: object) -> Problem:
        raise RuntimeError("the roof fell in")

    place.source.sign_in = broken  # type: ignore[method-assign]  # what nobody expects
    tab.press("sign-in-button", username="a@b.c", password="x")
    assert tab.status == 500
    assert "roof" not in tab.answer.body.decode()
    assert tab.press("exit-button").outcome["error"] == "server_error"


@pytest.mark.parametrize("at", ["start", "page", "form"])
def test_without_its_database_the_owner_gets_a_page_not_a_trace(place: Place, at: str) -> None:
    tab = place.tab().authorize()

    async def unreachable(*_: object) -> None:
        raise StoreUnavailable

    form = tab.filled("continue-button")
    place.store.find = place.store.session = unreachable
    if at == "start":
        tab.authorize()
    elif at == "page":
        tab.open(tab.url)
    else:
        tab.post(*form)
    assert tab.status == 503
    assert "<h1" in tab.answer.body.decode()


def test_the_consent_is_kept_as_it_was_shown(place: Place) -> None:
    tab = place.tab(language="de-DE").authorize().sign_in().approve()
    (kept,) = place.store._state.consents
    consent = msgspec.to_builtins(kept.consent)
    assert consent["language"] == "de"
    assert consent["application_name"] == place.application.name
    assert consent["text_version"]
    assert "code" in tab.outcome


def test_what_an_application_asks_for_by_default_is_asked_for_without_a_scope() -> None:
    place = Place(rules=Rules(scope="read_vin required:read_fuel"))
    tab = place.tab().authorize(scope=None).sign_in()
    assert {i.get("value") for i in tab.form.inputs if i.get("name") == "permission"} == {"read_vin", "read_fuel"}


def test_a_scope_replaces_the_applications_own() -> None:
    place = Place(rules=Rules(scope="read_vin required:read_fuel"))
    tab = place.tab().authorize(scope="read_location").sign_in().approve()
    assert "code" in tab.outcome
    assert set(granted(place).values()) == {frozenset({"read_location"})}


def test_a_simulated_approval_makes_simulated_cars_only(place: Place) -> None:
    place.tab().authorize(mode="test").sign_in().approve()
    assert {owner.mode for owner in place.store._state.owners.values()} == {"simulated"}
    assert {grant.mode for grant in place.store._state.grants.values()} == {"simulated"}


def test_a_head_request_begins_no_run(place: Place) -> None:
    tab = place.tab()
    answer = asyncio.run(place.ask("HEAD", "/oauth/authorize?" + place.query(), [], b"", "x"))
    assert (answer.status, place.sessions()) == (302, [])
    assert tab.open("/oauth/authorize?client_id=" + quote("nobody"), "HEAD").status == 400
    assert tab.open("/oauth/authorize?" + place.query(mode="dream"), "HEAD").status == 400
    assert place.sessions() == []
