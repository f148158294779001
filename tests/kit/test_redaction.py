"""What goes into a log line holds neither credentials nor VINs, and stays readable otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from carwire.kit.redaction import redact, redact_text
from carwire.kit.secrets import new_secret

VIN = "5YJSA1E29LF403082"
UUID = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"/v1/vins/{VIN}", "/v1/vins/***"),
        (VIN.lower(), "***"),
        (f"a {VIN}, b {VIN}.", "a ***, b ***."),
        (f"client {UUID} unknown", f"client {UUID} unknown"),
        ("sixteen123456789", "sixteen123456789"),
        ("GET /v2.0/compatibility/matrix?region=US", "GET /v2.0/compatibility/matrix?region=US"),
        ("", ""),
    ],
)
def test_runs_as_long_as_a_vin_are_masked_and_uuids_are_not(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_every_secret_we_make_is_masked_in_plain_text() -> None:
    for _ in range(500):
        secret = new_secret().reveal()
        assert redact_text(f"Bearer {secret}") == "Bearer ***"


def test_long_text_is_cut() -> None:
    assert redact_text("ab " * 1000) == ("ab " * 1000)[:500]
    assert redact_text("ab " * 10, limit=4) == "ab a"


@pytest.mark.parametrize("before", range(484, 501))
def test_the_cut_leaves_no_beginning_of_a_secret_behind(before: int) -> None:
    shown = redact_text("." * before + VIN)
    assert VIN[:4] not in shown
    assert len(shown) <= 500


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "Authorization",
        "client_secret",
        "access_token",
        "refresh_token",
        "code",
        "Cookie",
        "amt",
        "pepper",
        "application_management_token",
        "SC-Signature",
        "password",
        "api_key",
        "state",
        "token",
        "secret",
    ],
)
@pytest.mark.parametrize("value", ["short", 7, ["a", "b"], {"a": "b"}, None])
def test_the_value_of_a_secret_key_is_masked_whatever_it_is(key: str, value: Any) -> None:
    assert redact({key: value, "event": "x"}) == {key: "***", "event": "x"}


def test_masking_reaches_any_depth_and_leaves_the_original_alone() -> None:
    event = {"a": [{"b": {"token": "t", "path": f"/{VIN}"}}, (VIN, 3)], "n": 1, "ok": True, "none": None}
    assert redact(event) == {
        "a": [{"b": {"token": "***", "path": "/***"}}, ["***", 3]],
        "n": 1,
        "ok": True,
        "none": None,
    }
    assert event["a"] == [{"b": {"token": "t", "path": f"/{VIN}"}}, (VIN, 3)]


def test_keys_that_are_no_text_do_not_break_a_log_line() -> None:
    assert redact({"counts": {404: 3, 200: VIN}}) == {"counts": {404: 3, 200: "***"}}
