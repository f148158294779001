"""Queries and forms of Connect as they come over the wire."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.http.connect.authorize import KNOWN, MAX_FORM, read_form, read_parameters

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50)
NAMES = sorted(KNOWN - {"state"})


@given(st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=8), st.booleans())
def test_what_was_encoded_is_read_again(values: dict[str, str], plus: bool) -> None:
    query = urlencode(values, quote_via=quote_plus if plus else quote).encode()
    read = read_parameters(query)
    assert (read.values, read.spoilt) == (values, frozenset())


@given(TEXT)
def test_an_encoded_state_comes_out_as_it_went_in(state: str) -> None:
    assert read_parameters(b"state=" + quote(state, safe="").encode()).values == {"state": state}


@given(st.binary(max_size=300))
def test_no_query_breaks_the_reader(query: bytes) -> None:
    read = read_parameters(query)
    assert set(read.values) | read.spoilt <= KNOWN
    assert all(read.values.values()), "empty ones are absent"


@given(st.sampled_from(sorted(KNOWN)), TEXT, TEXT, TEXT)
def test_what_comes_twice_is_spoilt(name: str, one: str, two: str, between: str) -> None:
    query = urlencode([(name, one), ("x" + between, "y"), (name, two)]).encode()
    assert name in read_parameters(query).spoilt


@pytest.mark.parametrize("raw", [b"%", b"%4", b"%zz", b"%ff", b"%c3%28", b"a%00b"])
def test_what_is_no_whole_text_is_spoilt(raw: bytes) -> None:
    assert read_parameters(b"make=" + raw).spoilt == {"make"}
    assert read_parameters(b"state=" + raw).spoilt == {"state"}


def test_unknown_parameters_may_come_in_any_form() -> None:
    assert read_parameters(b"utm=%zz&utm=1&&=&make=KIA&=x").values == {"make": "KIA"}
    assert read_parameters(b"utm=%zz&utm=1").spoilt == frozenset()


def test_an_empty_value_is_absent() -> None:
    assert read_parameters(b"make=&scope&state=").values == {}


def test_of_too_long_a_query_nothing_is_believed() -> None:
    read = read_parameters(b"client_id=x&make=" + b"K" * 8192)
    assert read.values == {}
    assert "client_id" in read.spoilt


def sdk_state(inside: object) -> str:
    """Base64 as the JavaScript SDK writes it, escaped nowhere."""
    return base64.b64encode(json.dumps(inside).encode()).decode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_a_state_of_the_javascript_sdk_is_read_with_its_plus_signs(original: str) -> None:
    state = sdk_state({"instanceId": "0c1d", "originalState": original + ">>~~??"})
    assert read_parameters(b"state=" + state.encode()).values == {"state": state}


@pytest.mark.parametrize("plus", [b"a+b", b"YSt+Yg==", b"e30+", b"W10+"])
def test_in_any_other_state_a_plus_is_a_space(plus: bytes) -> None:
    assert read_parameters(b"state=" + plus).values == {"state": plus.decode().replace("+", " ")}


def test_base64_of_json_without_the_sdks_key_is_not_the_sdks() -> None:
    state = next(s for n in range(90) if "+" in (s := sdk_state({"k": ">~" * 3 + "x" * n})))
    assert read_parameters(b"state=" + state.encode()).values == {"state": state.replace("+", " ")}


def test_a_form_wraps_what_may_be_a_credential() -> None:
    form = read_form(b"do=sign-in&username=a%40b.c&password=p+w%26&answer=1&vehicle=0&vehicle=2")
    assert form.one("username") == "a@b.c"
    assert form.all("vehicle") == ("0", "2")
    assert form.secrets["password"].reveal() == "p w&"
    assert "p w" not in repr(form)
    assert not {"password", "answer"} & set(form.texts)


@given(st.binary(max_size=300))
def test_no_form_breaks_the_reader(body: bytes) -> None:
    form = read_form(body)
    assert all(isinstance(values, tuple) for values in form.texts.values())


def test_an_endless_form_is_empty() -> None:
    assert read_form(b"do=approve&x=" + b"y" * MAX_FORM).texts == {}
