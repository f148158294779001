"""A delivery is let through when it is genuine, and only then; two other implementations are asked what they think."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from datetime import timedelta
from email.message import Message
from typing import Any, Final

import pytest
import smartcar
import standardwebhooks
from client.tests.deliveries import AMT, AT, SECRET, STATE, VECTORS, VERIFY, sc_signed, standard_signed, written

from carwire.kit import secrets as kit_secrets
from carwire.kit.secrets import new_signing_secret
from carwire.wire.signing import signature, standard_headers, stringify
from carwire_client import CarwireError, InvalidDelivery, InvalidSignature, NotConfigured, Secret, hash_challenge
from carwire_client.receiving import VerifyEvent, challenge_answer, unwrap, verify
from carwire_client.times import now

BODY: Final = written(STATE)
OTHER: Final = "whsec_" + base64.b64encode(b"another secret of that sort").decode()


def code(body: bytes, headers: Any, **keys: Any) -> str | None:
    """Return what is wrong with a delivery; null when nothing is."""
    try:
        verify(body, headers, clock=lambda: AT, **keys)
    except InvalidSignature as error:
        assert isinstance(error, InvalidDelivery)
        assert isinstance(error, CarwireError)
        assert error.code
        return error.code
    return None


@pytest.mark.parametrize(("message", "signature"), VECTORS)
def test_the_vectors_of_the_contract_hold(message: str, signature: str) -> None:
    verify(message.encode(), {"SC-Signature": signature}, management_token=AMT)
    verify(message.encode(), {"sc-signature": f" {signature} "}, management_token=Secret(AMT))
    assert smartcar.verify_payload(AMT, signature, message)
    with pytest.raises(InvalidSignature):
        verify(message.encode() + b"\n", {"SC-Signature": signature}, management_token=AMT)


def test_the_vector_of_standard_webhooks_holds() -> None:
    """Source: the tests of its reference implementations."""
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    verify(body, headers, secret=secret, tolerance=timedelta.max)
    with pytest.raises(InvalidSignature, match="too old"):
        verify(body, headers, secret=secret)


def message(given: Mapping[str, str]) -> Message:
    """Headers as the standard library's server has them."""
    found = Message()
    for name, value in given.items():
        found[name] = value
    return found


HEADERS: Final = [
    lambda given: given,
    lambda given: {name.upper(): value for name, value in given.items()},
    lambda given: {name.lower(): value for name, value in given.items()},
    lambda given: list(given.items()),
    lambda given: [(name.encode(), value.encode()) for name, value in given.items()],
    lambda given: iter(given.items()),
    message,
]


@pytest.mark.parametrize("made", HEADERS)
def test_headers_come_in_every_case_and_shape(made: Any) -> None:
    assert code(BODY, made(sc_signed(BODY)), management_token=AMT) is None
    assert code(BODY, made(standard_signed(BODY)), secret=SECRET) is None
    assert code(BODY + b" ", made(sc_signed(BODY)), management_token=AMT) == "SIGNATURE_WRONG"
    assert code(BODY + b" ", made(standard_signed(BODY)), secret=SECRET) == "SIGNATURE_WRONG"


def test_one_signature_that_holds_suffices() -> None:
    both = {**sc_signed(BODY), **standard_signed(BODY)}
    assert code(BODY, both, management_token=AMT) is None
    assert code(BODY, both, secret=SECRET) is None
    assert code(BODY, both, management_token="new", secret=SECRET) is None
    assert code(BODY, both, management_token=AMT, secret=OTHER) is None
    assert code(BODY, both, management_token="new", secret=OTHER) == "SIGNATURE_WRONG"


def test_old_and_new_keys_overlap() -> None:
    for token in ("old", "new"):
        assert code(BODY, sc_signed(BODY, token), management_token=["new", Secret("old")]) is None
    for secret in (SECRET, OTHER):
        assert code(BODY, standard_signed(BODY, secret=secret), secret=(SECRET, Secret(OTHER))) is None
    first, second = standard_signed(BODY, secret=OTHER), standard_signed(BODY)
    signatures = f"v1a,{'A' * 86}== {first['webhook-signature']} {second['webhook-signature']}"
    assert code(BODY, {**second, "webhook-signature": signatures}, secret=SECRET) is None
    assert code(BODY, sc_signed(BODY, "older"), management_token=["new", "old"]) == "SIGNATURE_WRONG"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "SIGNATURE_MISSING"),
        ({"webhook-id": "msg_1", "webhook-timestamp": "1780300800"}, "SIGNATURE_MISSING"),
        ({"SC-Signature": ""}, "SIGNATURE_WRONG"),
        ({"SC-Signature": "é\ud800"}, "SIGNATURE_WRONG"),
        ({"SC-Signature": sc_signed(BODY)["SC-Signature"][:-1]}, "SIGNATURE_WRONG"),
        ([*sc_signed(BODY).items()] * 2, "HEADERS_UNUSABLE"),
        ([*standard_signed(BODY).items()] * 2, "HEADERS_UNUSABLE"),
        ({**standard_signed(BODY), "webhook-id": ""}, "HEADERS_UNUSABLE"),
        ({**standard_signed(BODY), "webhook-id": "msg_2"}, "SIGNATURE_WRONG"),
        ({**standard_signed(BODY), "webhook-id": "\ud800"}, "SIGNATURE_WRONG"),
        ({**standard_signed(BODY), "webhook-timestamp": "1780300801"}, "SIGNATURE_WRONG"),
        *(
            ({**standard_signed(BODY), "webhook-timestamp": wrong}, "HEADERS_UNUSABLE")
            for wrong in ("", "now", "-1", "1780300800.0", "1e9", "１７８０３００８００", "9" * 400)
        ),
        *(
            ({**standard_signed(BODY), "webhook-signature": wrong}, "SIGNATURE_WRONG")
            for wrong in ("", "v1", "v1,", ",", "v2" + standard_signed(BODY)["webhook-signature"][2:], "é")
        ),
    ],
)
def test_what_is_wrong_is_said(headers: Any, said: str) -> None:
    assert code(BODY, headers, management_token=AMT, secret=SECRET) == said


def test_a_signature_nobody_gave_a_key_for_is_said_to_be_one() -> None:
    assert code(BODY, sc_signed(BODY), secret=SECRET) == "KEY_MISSING"
    assert code(BODY, standard_signed(BODY), management_token=AMT) == "KEY_MISSING"
    wrong = {**sc_signed(BODY, "x"), **standard_signed(BODY)}
    assert code(BODY, wrong, management_token=AMT) == "SIGNATURE_WRONG"


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (timedelta(0), None),
        (timedelta(minutes=5), None),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=5, seconds=1), "TOO_NEW"),
        (timedelta(minutes=-5, seconds=-1), "TOO_OLD"),
        (timedelta(minutes=6), "TOO_NEW"),
        (timedelta(minutes=-6), "TOO_OLD"),
    ],
)
def test_what_is_too_old_or_too_new_is_refused(apart: timedelta, said: str | None) -> None:
    headers = standard_signed(BODY, AT + apart)
    assert code(BODY, headers, secret=SECRET) == said
    assert code(BODY, headers, secret=SECRET, tolerance=timedelta(hours=1)) is None
    assert code(BODY + b" ", headers, secret=SECRET) == "SIGNATURE_WRONG"


def test_a_time_beyond_all_years_is_too_new() -> None:
    def signed(seconds: str) -> dict[str, str]:
        import hashlib
        import hmac

        digest = hmac.new(bytes(range(32)), f"m.{seconds}.".encode() + BODY, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(digest).decode()
        return {"webhook-id": "m", "webhook-timestamp": seconds, "webhook-signature": signature}

    assert code(BODY, signed("99999999999"), secret=SECRET) == "TOO_NEW"
    assert code(BODY, signed("0"), secret=SECRET) == "TOO_OLD"


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"management_token": None, "secret": None},
        {"management_token": []},
        {"management_token": ""},
        {"management_token": Secret("")},
        {"management_token": [AMT, ""]},
        {"secret": ""},
        {"secret": "whsec_"},
        {"secret": "whsec_not base64"},
        {"secret": "whsec_é"},
        {"management_token": AMT, "secret": ["whsec_A"]},
    ],
)
def test_without_a_usable_key_nothing_is_verified(keys: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured) as caught:
        verify(BODY, sc_signed(BODY, ""), **keys)
    assert "base64" not in str(caught.value).replace("<base64>", "")


def test_a_secret_may_be_written_without_what_fills_it_up() -> None:
    plain = SECRET.removeprefix("whsec_")
    for form in (plain, plain.rstrip("="), f" {SECRET}\n", SECRET.rstrip("=")):
        assert code(BODY, standard_signed(BODY), secret=form) is None


@pytest.mark.parametrize("body", [BODY.decode(), STATE, bytearray(BODY), None])
def test_only_bytes_are_verified(body: Any) -> None:
    with pytest.raises(TypeError, match="the bytes as they came"):
        verify(body, sc_signed(BODY), management_token=AMT)


def test_nothing_secret_is_shown() -> None:
    with pytest.raises(InvalidSignature) as caught:
        verify(
            BODY, {**sc_signed(BODY, "x"), **standard_signed(BODY, secret=OTHER)}, management_token=AMT, secret=SECRET
        )
    told = f"{caught.value!r} {vars(caught.value)}"
    assert not [each for each in (AMT, SECRET[6:], sc_signed(BODY)["SC-Signature"]) if each in told]


# --- what others think


def random_payload(chance: random.Random) -> bytes:
    """Return something a server may send: Unicode, numbers, nesting; from one byte to a few thousand."""

    def value(depth: int) -> Any:
        kind = chance.randrange(8 if depth else 5)
        if kind == 0:
            return chance.choice([None, True, False, 0, -1, 2**53])
        if kind == 1:
            return chance.uniform(-1e9, 1e9)
        if kind in {2, 3, 4}:
            return "".join(
                chr(chance.choice([0x41, 0xE9, 0x2028, 0x1F697, 0x22, 0x5C])) for _ in range(chance.randrange(40))
            )
        if kind in {5, 6}:
            return {f"k{chance.randrange(99)}": value(depth - 1) for _ in range(chance.randrange(6))}
        return [value(depth - 1) for _ in range(chance.randrange(6))]

    return json.dumps(value(5), ensure_ascii=chance.random() < 0.5).encode()


def test_two_thousand_payloads_and_a_changed_byte_of_each() -> None:
    chance = random.Random(20261121)
    oracle = standardwebhooks.Webhook(SECRET)
    at = now()
    for number in range(2000):
        body = random_payload(chance)
        headers = {
            "SC-Signature": smartcar.hash_challenge(AMT, body.decode()),
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": oracle.sign(f"msg_{number}", at, body.decode()),
        }
        assert hash_challenge(AMT, body.decode()) == headers["SC-Signature"]
        verify(body, headers, management_token=AMT, clock=lambda: at)
        verify(body, headers, secret=SECRET, clock=lambda: at)
        place = chance.randrange(len(body))
        changed = body[:place] + bytes([body[place] ^ (1 << chance.randrange(8))]) + body[place + 1 :]
        assert code_at(changed, headers, management_token=AMT) == "SIGNATURE_WRONG"
        assert code_at(changed, headers, secret=SECRET) == "SIGNATURE_WRONG"


def code_at(body: bytes, headers: Any, **keys: Any) -> str | None:
    """Return what is wrong with a delivery of now."""
    try:
        verify(body, headers, **keys)
    except InvalidSignature as error:
        return error.code
    return None


def test_what_we_refuse_the_reference_refuses_and_what_it_lets_through_we_let_through() -> None:
    """Every header changed in one place: both say the same."""
    chance = random.Random(7)
    oracle = standardwebhooks.Webhook(SECRET)
    body, at = written(STATE), now()
    right = standard_signed(body, at)
    seen = set()
    for _ in range(2000):
        name = chance.choice(list(right))
        place = chance.randrange(len(right[name]))
        letter = chance.choice("0123456789abcABC+/=., v")
        headers = {**right, name: right[name][:place] + letter + right[name][place + 1 :]}
        try:
            oracle.verify(body, headers)
            theirs = True
        except Exception:
            theirs = False
        ours = code_at(body, headers, secret=SECRET) is None
        seen.add((theirs, ours))
        assert not ours or theirs, headers  # nothing passes here that does not pass there
        if theirs and not ours:  # it reads a time as a float, and Base64 that is not written as it should be
            assert name in {"webhook-timestamp", "webhook-signature"}, headers
    assert {(True, True), (False, False)} <= seen


def test_what_carwire_signs_is_genuine() -> None:
    secrets = [new_signing_secret(), new_signing_secret()]
    body = stringify(STATE)
    headers = standard_headers(secrets, "evt_1", AT, body)
    headers["SC-Signature"] = signature(kit_secrets.Secret(AMT), body)
    for secret in secrets:
        assert code(body, headers, secret=secret.reveal()) is None
        assert code(body + b" ", headers, secret=secret.reveal()) == "SIGNATURE_WRONG"
    assert code(body, headers, management_token=AMT) is None


# --- VERIFY without a signature


FORGED: Final = '{"eventType":"VEHICLE_STATE","data":{}}'


@pytest.mark.parametrize("challenge", [VERIFY["data"]["challenge"], "open-sesame-42", "a" * 256])
def test_an_unsigned_verify_is_let_through_and_said_to_be_unsigned(challenge: str) -> None:
    body = written({**VERIFY, "data": {"challenge": challenge}})
    event = unwrap(body, {}, management_token=AMT)
    assert isinstance(event, VerifyEvent)
    assert not event.signed
    assert json.loads(challenge_answer(event, AMT)) == {"challenge": smartcar.hash_challenge(AMT, challenge)}
    assert challenge_answer(body, AMT) == challenge_answer(event, AMT)
    signed = unwrap(body, sc_signed(body), management_token=AMT)
    assert signed.signed


@pytest.mark.parametrize("challenge", [FORGED, "{}", "[1]", '"a"', "a b", "a\n", "", "a" * 257, "é", 7, None])
def test_an_unsigned_challenge_that_could_be_a_delivery_is_not_answered(challenge: Any) -> None:
    body = written({**VERIFY, "data": {"challenge": challenge}})
    with pytest.raises(InvalidSignature):
        unwrap(body, {}, management_token=AMT)
    with pytest.raises(InvalidDelivery):
        challenge_answer(body, AMT)


def test_a_verify_that_claims_to_be_signed_has_to_be() -> None:
    body = written(VERIFY)
    for headers in (sc_signed(body, "x"), {"sc-signature": ""}, standard_signed(body)):
        with pytest.raises(InvalidSignature):
            unwrap(body, headers, management_token=AMT)


def test_an_unsigned_verify_is_refused_where_it_could_not_be_answered() -> None:
    with pytest.raises(InvalidSignature):
        unwrap(written(VERIFY), {}, secret=SECRET)


def test_a_signed_challenge_may_be_anything() -> None:
    body = written({**VERIFY, "data": {"challenge": "a word {and} more"}})
    event = unwrap(body, sc_signed(body), management_token=AMT)
    assert json.loads(challenge_answer(event, AMT))["challenge"] == hash_challenge(AMT, "a word {and} more")


def test_nothing_else_is_let_through_without_a_signature() -> None:
    for body in (
        BODY,
        b"<html>",
        b"",
        b"[]",
        b"{",
        written({**VERIFY, "data": {"challenge": "a", "more": "b" * 20_000}}),
    ):
        with pytest.raises(InvalidSignature):
            unwrap(body, {}, management_token=AMT)
    with pytest.raises(InvalidDelivery, match="no VERIFY"):
        challenge_answer(BODY, AMT)
