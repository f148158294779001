"""The pages of Connect as HTML, without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

import msgspec
import pytest
from markupsafe import Markup
from tests.http.connect.samples import BRANDS, frame, pages, permissions

from carwire.core.permissions import PERMISSIONS, READ
from carwire.http.connect import views
from carwire.http.connect.languages import Translation, folded, messages, translation
from carwire.http.connect.pages import (
    LANGUAGES,
    REDIRECT_POLICY,
    ConnectPages,
    choose_language,
    content_policy,
    countries,
    redirect_page,
    redirect_script,
)

CODES: Final = [code for code, _ in LANGUAGES]
NAMES: Final = list(pages(frame()))
VOID: Final = {"meta", "link", "input", "br", "img", "path"}
NOT_IN_P: Final = {"p", "div", "ul", "h1", "h2", "fieldset", "form", "section"}
RENDERER: Final = ConnectPages()
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Element(msgspec.Struct):
    """A start tag with its attributes and the text below it."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


class Document(HTMLParser):
    """Reads a page strictly: every tag is closed in order, no paragraph holds a block."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one element in."""
        assert len(dict(attrs)) == len(attrs), f"an attribute stands twice in {tag}: {attrs}"
        assert not (tag in NOT_IN_P and any(e.tag == "p" for e in self._open)), f"{tag} in a paragraph"
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one of SVG's."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which has to be this one."""
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Add to the text of all that is open."""
        for element in self._open:
            element.text += data

    def all(self, tag: str, **wanted: str) -> list[Element]:
        """Return the elements of a tag with these attributes."""
        return [e for e in self.elements if e.tag == tag and all(e.attributes.get(k) == v for k, v in wanted.items())]

    def ids(self) -> list[str]:
        """Return all ids in their order."""
        return [str(e.attributes["id"]) for e in self.elements if "id" in e.attributes]

    def one(self, element_id: str) -> Element:
        """Return the element of an id."""
        (found,) = [e for e in self.elements if e.attributes.get("id") == element_id]
        return found


def shown(page: views.Page) -> Document:
    return Document(RENDERER.render(page, nonce="n0nce"))


def sample(name: str, language: str = "en") -> Document:
    return shown(pages(frame(language))[name])


@pytest.mark.parametrize("language", CODES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed_and_accessible_at_its_root(name: str, language: str) -> None:
    html = RENDERER.render(pages(frame(language))[name], nonce="n0nce")
    page = Document(html)
    assert html.startswith(b"<!doctype html>")
    assert len(html) < 60_000
    assert page.all("html")[0].attributes["lang"] == language
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1
    assert " ".join(page.all("h1")[0].text.split()) in page.all("title")[0].text
    assert len(set(page.ids())) == len(page.ids())
    assert "{" not in page.all("main")[0].text


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_label_and_every_reference_leads_somewhere(name: str) -> None:
    page = sample(name)
    labelled = {e.attributes.get("for") for e in page.all("label")}
    inside = [e for e in page.elements if e.tag in ("input", "select") and e.attributes.get("type") != "hidden"]
    for field in inside:
        ticked = field.attributes.get("type") in ("checkbox", "radio")
        assert ticked or field.attributes["id"] in labelled
    for element in page.elements:
        named = (element.attributes.get("aria-describedby") or element.attributes.get("for") or "").split()
        assert [n for n in named if n not in page.ids()] == []
    assert len(page.all("label")) == len(inside)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_one_form_that_posts_the_token_and_no_address_of_others(name: str) -> None:
    page = sample(name)
    forms = page.all("form")
    assert len(forms) == (0 if name.startswith("done") or name in SILENT else 1)
    for form in forms:
        assert form.attributes["method"] == "post"
        assert form.attributes["action"] == "/c/7f2a/page"
        assert page.all("input", name="csrf", type="hidden")[0].attributes["value"] == "kaNNeRk-4"
    assert [e for e in page.elements if e.attributes.get("src") and e.tag != "img"] == []
    assert {e.attributes["nonce"] for e in page.elements if e.tag in ("style", "script")} == {"n0nce"}
    assert [e for e in page.elements if "style" in e.attributes or any(a.startswith("on") for a in e.attributes)] == []
    hrefs = [str(e.attributes["href"]) for e in page.all("a")]
    assert [h for h in hrefs if not h.startswith(("/", "https://maker.example/"))] == []


SILENT: Final = {
    *("failed-busy", "failed-client", "failed-redirect", "failed-finished", "failed-order", "failed-other_browser"),
}
IDS: Final = {
    "preamble": {"continue-button", "country-select", "language-select", "back-to-application"},
    "brands": {"brand-search", "brand-missing", "back-to-application", *(b.make for b in BRANDS)},
    "sign-in": {"username", "password", "sign-in-button", "back-to-application"},
    "code": {"mfa-code", "submit-button", "back-to-application"},
    "captcha": {"mfa-code", "submit-button", "back-to-application"},
    "pin": {"pin", "skip-pin", "back-to-application"},
    "maker-permission": {"fix-permissions", "continue-without", "back-to-application"},
    "no-vehicles": {"retry-button", "back-to-application"},
    "no-subscription": {"subscription-link", "retry-button", "back-to-application"},
    "incompatible-car": {"share-vehicle-info", "try-other-brand", "back-to-application"},
    "grant": {"approval-button", "deny-button", "back-to-application"},
    "battery": {"battery-unknown", "skip-button", "back-to-application"},
    "car-steps": {"done-button", "back-to-application"},
    "failed-parameter": {"exit-button"},
    "failed-expired": {"restart-button"},
}


@pytest.mark.parametrize("name", IDS)
def test_the_ids_that_suites_look_for_are_there(name: str) -> None:
    page = sample(name)
    assert IDS[name] - set(page.ids()) == set()
    buttons = {e.attributes["id"]: e for e in page.all("button")}
    assert {e.attributes.get("type") for e in buttons.values()} == {"submit"}


@pytest.mark.parametrize("name", NAMES)
def test_a_step_holds_no_elements_of_another(name: str) -> None:
    page = sample(name)
    marked = [e for e in page.elements if "page-content" in (e.attributes.get("class") or "").split()]
    assert len(marked) == name.startswith("grant")
    assert ("approval-button" in page.ids()) == name.startswith("grant")
    assert ("sign-in-button" in page.ids()) == name.startswith("sign-in")
    assert ("continue-button" in page.ids()) == name.startswith("preamble")
    assert ("brand-search" in page.ids()) == name.startswith("brands")


@pytest.mark.parametrize("name", NAMES)
def test_the_way_back_is_the_last_button_of_the_page(name: str) -> None:
    page = sample(name)
    if name.startswith(("done", "failed")):
        assert "back-to-application" not in page.ids()
    else:
        last = page.all("button")[-1]
        assert last.attributes["id"] == "back-to-application"
        assert (last.attributes["name"], last.attributes["value"]) == ("do", "back")
        assert "Charge Planner" in last.text


@pytest.mark.parametrize("name", NAMES)
def test_enter_in_a_field_does_what_the_page_is_for(name: str) -> None:
    wanted = {"brands": "search", "sign-in": "sign-in", "code": "answer", "captcha": "answer", "pin": "answer"}
    buttons = sample(name).all("button")
    for start, does in wanted.items():
        if name.startswith(start):
            assert buttons[0].attributes["value"] == does


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", CODES)
def test_a_rehearsal_says_so_on_every_page(name: str, language: str) -> None:
    warning = translation(language)("frame.rehearsal")
    page = shown(msgspec.structs.replace(pages(frame(language))[name], frame=frame(language, simulated=True)))
    assert warning in page.one("rehearsal").text
    if name != "sign-in-rehearsal":
        assert "rehearsal" not in sample(name, language).ids()


def test_progress_is_said_in_words() -> None:
    assert "Step 2 of 4" in sample("brands").all("header")[0].text
    assert "Schritt 2 von 4" in sample("brands", "de").all("header")[0].text
    assert "Step" not in sample("done").all("header")[0].text


@pytest.mark.parametrize("name", ["preamble", "grant"])
def test_the_owner_reads_who_runs_the_server_and_where_the_way_ends(name: str) -> None:
    page = sample(name)
    assert "planner.example.com" in page.all("main")[0].text
    assert "cars.example.net" in page.all("footer")[0].text
    without = shown(msgspec.structs.replace(pages(frame())[name], frame=frame(return_host=None)))
    assert "None" not in without.all("main")[0].text


def test_optional_permissions_are_ticked_and_required_ones_locked() -> None:
    page = sample("grant")
    boxes = {e.attributes["value"]: e for e in page.all("input", type="checkbox", name="permission")}
    locked = {e.attributes["value"] for e in page.all("input", type="hidden", name="permission")}
    assert locked == {"read_charge", "control_navigation"}
    assert set(boxes) == PERMISSIONS - locked
    assert all("checked" in e.attributes for e in boxes.values())
    fixed = [e for e in page.all("input", type="checkbox") if "name" not in e.attributes]
    assert len(fixed) == 2
    assert all({"checked", "disabled"} <= set(e.attributes) for e in fixed)


def test_what_the_owner_unticked_stays_unticked() -> None:
    reads = (views.Permission("read_vin", required=False, granted=False), *permissions(READ[:1]))
    cars = (views.GrantCar("a", "2020 Kia Niro", "123456", chosen=False), views.GrantCar("b", "2021 Kia EV6", "123457"))
    page = shown(views.Grant(frame=frame(), brand="Kia", cars=cars, choice="many", reads=reads, controls=()))
    ticked = {e.attributes["value"] for e in page.all("input", type="checkbox") if "checked" in e.attributes}
    assert ticked == {"b", "read_alerts"}


def test_cars_are_chosen_as_the_application_allows() -> None:
    assert len(sample("grant").all("input", name="vehicle", type="checkbox")) == 5
    assert len(sample("grant-one").all("input", name="vehicle", type="radio")) == 2
    assert sample("grant-one").one("approval-button").text != sample("grant").one("approval-button").text
    assert len(sample("grant-fixed").all("input", name="vehicle", type="hidden")) == 1
    turning = {e.attributes["value"] for e in sample("grant-paged").all("button", name="page")}
    assert turning == {"1", "3"}


def test_every_brand_is_a_button_before_any_search() -> None:
    brands = sample("brands").all("button", name="make")
    assert [e.attributes["id"] for e in brands] == [b.make for b in BRANDS]
    assert all(e.attributes["id"] == e.attributes["value"] for e in brands)
    assert {e.attributes["class"] for e in brands} == {"brand-list-item"}
    assert [e for e in sample("brands").all("li") if "hidden" in e.attributes] == []


def test_a_search_by_post_hides_what_it_does_not_find_and_removes_nothing() -> None:
    page = sample("brands-searched")
    assert len(page.all("button", name="make")) == len(BRANDS)
    found = [e.text for e in page.all("li") if "hidden" not in e.attributes]
    assert [text.strip().lstrip("LR") for text in found] == ["and Rover"]
    assert page.one("brand-count").text == "1 brand"
    assert page.one("brand-search").attributes["value"] == "lan"
    assert "Lada" in page.one("notice").text
    by_accent = views.Brands(frame=frame(), brands=BRANDS, country="DE", search="SKODA")
    assert shown(by_accent).one("brand-count").text == "1 brand"


def test_an_error_is_tied_to_its_field_and_gets_the_focus() -> None:
    focused = {
        "sign-in-refused": "password",
        "sign-in-empty": "username",
        "sign-in-no-password": "password",
        "sign-in-down": "error",
        "sign-in-wait": "error",
        "code-wrong": "mfa-code",
        "grant-no-car": "error",
        "grant-no-permission": "error",
        "battery-missing": "error",
    }
    for name, element_id in focused.items():
        page = sample(name)
        (focus,) = [e for e in page.elements if "autofocus" in e.attributes]
        assert focus.attributes["id"] == element_id, name
        assert page.all("title")[0].text.startswith("Error: ")
        (alert,) = page.all("p", role="alert")
        described = [
            e for e in page.elements if str(alert.attributes["id"]) in (e.attributes.get("aria-describedby") or "")
        ]
        assert described or focus is alert
    assert "autofocus" in sample("sign-in").all("h1")[0].attributes


def test_the_password_field_works_with_password_managers_and_is_never_filled() -> None:
    page = sample("sign-in-refused")
    assert page.one("password").attributes["autocomplete"] == "current-password"
    assert "value" not in page.one("password").attributes
    assert page.one("username").attributes["autocomplete"] == "username"
    assert page.one("username").attributes["value"] == "maria@example.com"
    assert sample("code").one("mfa-code").attributes["autocomplete"] == "one-time-code"
    assert sample("code").one("mfa-code").attributes["inputmode"] == "numeric"


def test_a_password_is_said_not_to_be_kept() -> None:
    assert "is not kept" in sample("sign-in").one("password-note").text


def test_what_the_application_does_not_get_is_true() -> None:
    few, many = (sample(name).all("main")[0].text for name in ("preamble-of-few", "preamble"))
    assert "The place where your car is" in few
    assert "Control of your car" in few
    assert "Control of your car" not in many
    located = views.Preamble(
        frame=frame(), permissions=(views.Permission("read_location", required=False),), countries=(), country="DE"
    )
    assert "The place where your car is" not in shown(located).all("main")[0].text


def test_sharing_is_asked_and_never_ticked_beforehand() -> None:
    page = sample("incompatible-car")
    box = page.one("share-vehicle-info")
    assert (box.attributes["name"], box.attributes["value"]) == ("share", "yes")
    assert "checked" not in box.attributes
    assert "identification number (VIN), make, model, and year" in page.all("main")[0].text
    assert "share-vehicle-info" not in sample("incompatible-account").ids()


HOSTILE: Final = "\"'><script>alert(1)</script>{{ 7*7 }} {brand} \u202egnirts"


@pytest.mark.parametrize("name", NAMES)
def test_text_of_others_stays_text(name: str) -> None:
    hostile = frame(
        application=HOSTILE, server=HOSTILE, return_host=HOSTILE, csrf=HOSTILE, action=HOSTILE, request_id=HOSTILE
    )
    page = msgspec.structs.replace(pages(hostile)[name], frame=hostile)
    fields = {"brand": HOSTILE, "car": HOSTILE, "received": HOSTILE, "title": HOSTILE, "username": HOSTILE}
    fields |= {"search": HOSTILE, "notice": HOSTILE, "link": "javascript:alert(1)"}
    fields |= {"message": HOSTILE}
    present = {k: v for k, v in fields.items() if getattr(page, k, None)}
    document = shown(msgspec.structs.replace(page, **present))
    assert len(document.all("script")) == 1
    assert "alert(1)" not in document.all("script")[0].text
    assert "49" not in document.all("title")[0].text
    assert [e for e in document.elements if str(e.attributes.get("href", "")).startswith("javascript")] == []


def test_a_long_name_is_cut() -> None:
    page = shown(msgspec.structs.replace(pages(frame())["no-vehicles"], frame=frame(application="x" * 5000)))
    assert "x" * 79 + "…" in page.one("back-to-application").text
    assert "x" * 80 not in page.all("html")[0].text


def test_a_developer_reads_what_was_received() -> None:
    page = sample("failed-client")
    assert page.all("h1")[0].attributes["lang"] == "en"
    assert page.all("code")[0].text == "kx-12"
    german = sample("failed-client", "de")
    assert german.all("h1")[0].text == page.all("h1")[0].text
    assert german.all("p", **{"class": "lead"})[0].text != page.all("p", **{"class": "lead"})[0].text


def test_the_last_page_carries_the_message_for_a_waiting_window() -> None:
    facts = sample("done-message").all("main")[0].attributes
    assert facts["data-origin"] == "https://planner.example.com"
    assert facts["data-message"] == '{"a":"<&>"}'
    assert "data-origin" not in sample("done").all("main")[0].attributes
    other = views.Done(frame=frame(), cars=("x",), origin="javascript:alert(1)", message="{}")
    assert "data-origin" not in shown(other).all("main")[0].attributes


class Noting(Translation):
    """Remembers the keys that were asked for."""

    def __init__(self, asked: set[str]) -> None:
        super().__init__("en", messages("en"))
        self._asked = asked

    def __call__(self, key: str, /, **values: object) -> Markup:
        """Note and translate."""
        self._asked.add(key)
        return super().__call__(key, **values)


def test_no_message_is_left_over() -> None:
    asked: set[str] = set()
    renderer = ConnectPages({"en": Noting(asked)})
    for page in pages(frame()).values():
        renderer.render(page, nonce="n")
    for why in ("brand", "car", "not_in_account", "permissions"):
        renderer.render(views.Incompatible(frame=frame(), why=why), nonce="n")
    renderer.render(msgspec.structs.replace(pages(frame())["grant"], frame=frame(return_host=None)), nonce="n")
    unknown = msgspec.structs.replace(pages(frame())["failed-server"], frame=frame(application=""))
    renderer.render(unknown, nonce="n")
    left = set(messages("en")) - asked
    assert {key for key in left if not key.startswith(("redirect.", "permission."))} == set()
    assert {key.removeprefix("permission.") for key in messages("en") if key.startswith("permission.")} == PERMISSIONS


def places(message: str | Mapping[str, str]) -> set[str]:
    return set(PLACEHOLDER.findall(message if isinstance(message, str) else message["other"]))


@pytest.mark.parametrize("language", CODES)
def test_a_language_is_complete(language: str) -> None:
    english, own = messages("en"), messages(language)
    assert set(own) == set(english)
    for key, message in own.items():
        assert places(message) == places(english[key]), key
        assert isinstance(message, dict) == isinstance(english[key], dict), key
        texts = message.values() if isinstance(message, dict) else [message]
        assert all(text == text.strip() and text for text in texts), key
        if isinstance(message, dict):
            assert {"one", "other"} == set(message), key
            assert places(message["one"]) == places(message["other"]), key


@pytest.mark.parametrize("language", CODES[1:])
def test_a_language_is_translated(language: str) -> None:
    same = {key for key, text in messages("en").items() if messages(language)[key] == text}
    assert {
        key for key in same if key.startswith(("permission.", "failed.", "preamble.", "grant.", "redirect."))
    } == set()
    assert len(same) < 12


def test_a_message_without_a_value_or_a_key_is_refused() -> None:
    english = translation("en")
    with pytest.raises(KeyError):
        english("preamble.nothing")
    with pytest.raises(KeyError):
        english("preamble.heading")


def test_numbers_and_plurals_follow_the_language() -> None:
    assert "57,5 kWh" in sample("battery", "fr").all("main")[0].text
    assert "57.5 kWh" in sample("battery", "en").all("main")[0].text
    assert translation("fr")("brands.found", count=0) == "0 marque"
    assert translation("de")("brands.found", count=0) == "0 Marken"
    assert translation("de")("brands.found", count=1) == "1 Marke"
    assert translation("it")("brands.found", count=1_000_000) == "1.000.000 marche"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ([], "en"),
        (["de"], "de"),
        (["pt-BR", "es-419"], "es"),
        (["nl-BE", "fr"], "nl"),
        (["ja", "*"], "en"),
        (["FR_ca"], "fr"),
        (["", " it ", "en"], "it"),
    ],
)
def test_the_first_language_that_is_ours_is_taken(wanted: list[str], language: str) -> None:
    assert choose_language(wanted) == language


def test_a_page_in_a_language_that_is_not_ours_is_english() -> None:
    page = shown(views.NoVehicles(frame=frame("pt-BR"), brand="Kia"))
    assert page.all("html")[0].attributes["lang"] == "en"


@pytest.mark.parametrize("language", CODES)
def test_countries_are_named_and_sorted_in_the_language(language: str) -> None:
    listed = countries(language)
    assert len(listed) == len(dict(listed)) == 249
    names = [folded(name) for _, name in listed]
    assert names == sorted(names)
    germany = {"en": "Germany", "de": "Deutschland", "fr": "Allemagne", "es": "Alemania", "nl": "Duitsland"}
    assert dict(listed)["DE"] == germany.get(language, "Germania")


def test_the_policy_lets_nothing_in_but_what_carries_the_nonce() -> None:
    policy = content_policy("abc", "'self' https://planner.example.com")
    assert policy.startswith("default-src 'none'; ")
    assert "script-src 'nonce-abc'" in policy
    assert "form-action 'self' https://planner.example.com" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("language", CODES)
def test_the_redirect_page_stands_alone(language: str) -> None:
    html = redirect_page(language)
    page = Document(html)
    assert page.all("html")[0].attributes["lang"] == language
    assert [e.attributes.get("src") for e in page.all("script")] == ["/v2/redirect.js"]
    assert len(html) + len(redirect_script()) < 20_000
    style = page.all("style")[0].text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in REDIRECT_POLICY
    assert b'"*"' not in redirect_script()
