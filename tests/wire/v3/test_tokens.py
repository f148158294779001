"""Tokens of applications."""

from __future__ import annotations

import pytest
from tests.wire.v3.samples import APPLICATION, GA, written

from carwire.core.errors import InvalidInput
from carwire.kit.secrets import Secret
from carwire.wire.v3.applications import application_body
from carwire.wire.v3.tokens import INVALID_CLIENT, read_token_request, token_body, token_refusal

ASKED = {"grant_type": "client_credentials", "client_id": "client_a", "client_secret": "s3cret"}


def refusal(fields: dict[str, object], basic: tuple[str, Secret] | None = None) -> tuple[str, str]:
    """Why a request is refused."""
    with pytest.raises(InvalidInput) as caught:
        read_token_request(fields, basic)
    found = token_refusal(caught.value)
    assert found.status == 400
    return found.body.error, found.body.error_description


def test_id_and_secret_come_from_the_body_or_from_basic() -> None:
    found = read_token_request(ASKED)
    assert (found.client_id, found.client_secret.reveal()) == ("client_a", "s3cret")
    basic = ("client_b", Secret("other"))
    assert read_token_request({"grant_type": "client_credentials", "scope": "x"}, basic).client_id == "client_b"
    named = {"grant_type": "client_credentials", "client_id": "client_b"}
    assert read_token_request(named, basic).client_secret.reveal() == "other"
    assert refusal({**ASKED}, basic)[0] == "invalid_request"


@pytest.mark.parametrize("name", ASKED)
def test_what_is_missing_is_named(name: str) -> None:
    for value in (None, ""):
        assert refusal({**ASKED, name: value}) == ("invalid_request", f"{name} is missing")
    assert refusal({**ASKED, name: ["x"]})[1].startswith(name)


def test_another_grant_is_not_supported() -> None:
    code, sentence = refusal({**ASKED, "grant_type": "password"})
    assert code == "unsupported_grant_type"
    assert "client_credentials" in sentence


def test_a_token_lives_an_hour() -> None:
    assert written(token_body(Secret("t"))) == {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}


def test_a_client_nobody_knows_is_a_401() -> None:
    assert (INVALID_CLIENT.status, INVALID_CLIENT.body.error) == (401, "invalid_client")


def test_a_secret_is_in_no_answer_and_no_error() -> None:
    assert "s3cret" not in refusal({**ASKED, "grant_type": "s3cret"})[1]
    assert "s3cret" not in repr(read_token_request(ASKED))
    application = str(written(application_body(APPLICATION, GA)))
    assert "ssss" not in application
    assert "igest" not in application
