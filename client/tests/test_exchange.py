"""How a call becomes requests, without a transport."""

from __future__ import annotations

from typing import Any

import pytest
from client.tests.conftest import Drive, answer, request_of

from carwire_client import (
    AuthenticationFailed,
    ConnectionFailed,
    InvalidAnswer,
    RateLimited,
    Secret,
    ServerFailed,
    TimedOut,
    Timeouts,
)
from carwire_client.calls import account, commands, requests, tokens, vehicle
from carwire_client.exchange import Lost
from carwire_client.settings import Application, Credentials, Reach

CAR = Reach(id="car", token="owner-token")
ODOMETER = '{"distance": 12.5}'
DONE = '{"status": "success", "message": "Done"}'
CLIENT = tokens.Client(credentials=Credentials("app", Secret("app-secret")))


def test_a_read_is_sent_again_until_it_is_answered() -> None:
    drive = Drive([Lost("broken", "reset"), answer(503), answer(body=ODOMETER)])
    assert drive(vehicle.odometer(CAR)).distance == 12.5
    assert drive.waits == [0.5, 1.0]


def test_a_call_ends_with_the_error_of_its_last_attempt() -> None:
    drive = Drive([answer(503), Lost("timed_out", "read"), answer(429, retry_after="1")])
    with pytest.raises(RateLimited) as caught:
        drive(vehicle.odometer(CAR))
    assert caught.value.retry_after == 1
    assert len(drive.sent) == 3


def test_a_command_has_one_key_over_all_attempts_and_another_call_another_key() -> None:
    drive = Drive([answer(503), answer(429), answer(body=DONE)])
    assert drive(commands.lock(CAR)).message == "Done"
    assert [dict(each.headers)["idempotency-key"] for each in drive.sent] == ["key-1"] * 3
    given = request_of(commands.lock(CAR, idempotency_key="mine"))
    assert given[2]["idempotency-key"] == "mine"
    assert "idempotency-key" not in request_of(vehicle.odometer(CAR))[2]


@pytest.mark.parametrize("loss", ["timed_out", "broken"])
def test_a_command_that_may_have_been_carried_out_is_not_sent_again_and_the_error_says_so(loss: Any) -> None:
    drive = Drive([Lost(loss, "gone")])
    with pytest.raises((TimedOut, ConnectionFailed)) as caught:
        drive(commands.unlock(CAR))
    assert caught.value.may_have_happened
    assert len(drive.sent) == 1


def test_a_command_that_was_not_sent_is_sent_again() -> None:
    drive = Drive([Lost("not_sent", "refused"), answer(body=DONE)])
    assert drive(commands.unlock(CAR)).status == "success"
    refused = Drive([Lost("not_sent", "refused")] * 3)
    with pytest.raises(ConnectionFailed) as caught:
        refused(commands.unlock(CAR))
    assert not caught.value.may_have_happened


def test_a_code_is_never_exchanged_twice_unless_it_surely_was_not() -> None:
    for outcome in (answer(503), Lost("timed_out", "read"), Lost("broken", "reset")):
        drive = Drive([outcome])
        with pytest.raises((ServerFailed, TimedOut, ConnectionFailed)):
            drive(tokens.exchange_code(CLIENT, "code"))
        assert len(drive.sent) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304])
def test_a_redirect_is_not_followed(status: int) -> None:
    drive = Drive([answer(status, b"", location="https://elsewhere.test/")])
    with pytest.raises(InvalidAnswer) as caught:
        drive(vehicle.odometer(CAR))
    assert (caught.value.status_code, len(drive.sent)) == (status, 1)


class Source:
    """Tokens, one after the other."""

    def __init__(self) -> None:
        self.rejected: list[Secret | None] = []

    def token(self, rejected: Secret | None = None) -> Secret:
        self.rejected.append(rejected)
        return Secret(f"token-{len(self.rejected)}")


def test_a_token_that_is_refused_is_renewed_once_and_the_call_made_again() -> None:
    source = Source()
    drive = Drive([answer(401), answer(body=DONE)])
    assert drive(commands.lock(Reach(id="car", token=source))).status == "success"
    assert source.rejected == [None, Secret("token-1")]
    headers = [dict(each.headers) for each in drive.sent]
    assert [each["authorization"] for each in headers] == ["Bearer token-1", "Bearer token-2"]
    assert headers[0]["idempotency-key"] == headers[1]["idempotency-key"]


def test_a_second_refusal_is_the_answer() -> None:
    source = Source()
    with pytest.raises(AuthenticationFailed):
        Drive([answer(401), answer(401)])(account.get_user(Application(), source))
    assert len(source.rejected) == 2


def test_a_plain_token_that_is_refused_is_not_tried_again() -> None:
    drive = Drive([answer(401)])
    with pytest.raises(AuthenticationFailed):
        drive(vehicle.odometer(CAR))
    assert len(drive.sent) == 1


def test_an_attempt_has_no_longer_than_the_call_has_left() -> None:
    drive = Drive([answer(503), answer(body=ODOMETER)])
    drive(vehicle.odometer(CAR), timeouts=Timeouts(read=60, overall=60))
    assert [each.seconds for each in drive.sent] == [60, 59.5]
    assert request_of(vehicle.odometer(CAR)) is not None


def test_a_command_may_take_as_long_as_the_wire_allows() -> None:
    drive = Drive([answer(body=DONE)])
    drive(commands.lock(CAR))
    assert drive.sent[0].seconds == 310


@pytest.mark.parametrize("token", ["", "two\nlines", "tökn", " blank", "blank "])
def test_a_token_no_header_can_carry_is_refused_before_anything_is_sent_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="access token") as caught:
        request_of(vehicle.odometer(Reach(id="car", token=token)))
    assert not token.strip() or token.strip() not in str(caught.value)


def test_what_a_server_echoes_of_a_secret_is_taken_out() -> None:
    body = '{"error": "invalid_request", "error_description": "Invalid refresh_token: secret-refresh."}'
    with pytest.raises(Exception, match="Invalid refresh_token") as caught:
        Drive([answer(400, body)])(tokens.exchange_refresh_token(CLIENT, "secret-refresh"))
    assert "secret-refresh" not in f"{caught.value!r} {caught.value} {caught.value.__dict__}"
    assert str(caught.value) == "invalid_request - Invalid refresh_token: ***."


def test_nothing_of_an_answer_that_holds_tokens_is_kept_with_an_error() -> None:
    with pytest.raises(InvalidAnswer) as caught:
        Drive([answer(body='{"access_token": "fresh-token"')])(tokens.exchange_code(CLIENT, "code"))
    assert caught.value.received == b""
    assert "fresh-token" not in f"{caught.value!r} {caught.value.__dict__}"


def test_a_secret_that_is_cut_through_at_the_end_of_what_is_kept_is_taken_out() -> None:
    body = b"x" * 1010 + b"owner-token-and-more"
    with pytest.raises(InvalidAnswer) as caught:
        Drive([answer(body=body)])(vehicle.odometer(Reach(id="car", token="owner-token-and-more")))
    assert caught.value.received == b"x" * 1010


def test_details_are_scrubbed_too() -> None:
    body = '{"type": "VALIDATION", "code": null, "description": "No", "detail": [{"message": "owner-token?"}]}'
    with pytest.raises(Exception, match="VALIDATION") as caught:
        Drive([answer(400, body)])(vehicle.odometer(CAR))
    assert caught.value.detail == ({"message": "***?"},)  # type: ignore[attr-defined]


def test_a_batch_is_a_read() -> None:
    drive = Drive([answer(502), answer(body='{"responses": []}')])
    drive(requests.batch(CAR, ["/odometer"]))
    assert len(drive.sent) == 2
