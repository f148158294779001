"""What is said of a signature or an answer that is wrong: each usual mistake, made as a receiver makes it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from carwire.core.delivery import Sent
from carwire.kit.secrets import Secret
from carwire.wire.doctor import challenge_answer, explain_answer, explain_signature
from carwire.wire.signing import signature, stringify

TOKEN = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"
AMT = Secret(TOKEN)
KEY = TOKEN.encode()
CHALLENGE = "3f0c1e9a-6f3b-4d87-a8b1-6a0f4c5d7e21"
EVENT: dict[str, Any] = {
    "eventId": "f4b1e6c0-2f5a-4b39-9a0b-7c0d1e2f3a44",
    "data": {"note": "Zürich", "url": "https://example.org/a", "n": 1.5},
    "meta": {"deliveryId": "6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66", "deliveredAt": 1780300800000},
}
BODY = stringify(EVENT)
RIGHT = signature(AMT, BODY)


def mac(message: bytes, key: bytes = KEY, name: str = "sha256") -> bytes:
    return hmac.digest(key, message, name)


def dumped(**options: Any) -> str:
    return mac(json.dumps(EVENT, **options).encode()).hex()


SIGNATURES: list[tuple[str, str]] = [
    (RIGHT, "is right"),
    (RIGHT.upper(), "lower case"),
    (f"{RIGHT}\n", "blanks or a line break around it"),
    (f'"{RIGHT}"', "quotes around it"),
    (f"sha256={RIGHT}", "begins with sha256="),
    (b64encode(mac(BODY)).decode(), "written in base64"),
    (urlsafe_b64encode(mac(BODY)).decode().rstrip("="), "written in base64"),
    (b64encode(RIGHT.encode()).decode(), "base64 of the hex digits"),
    (dumped(), r"with blanks, with \\u escapes\)"),
    (dumped(ensure_ascii=False), r"\(with blanks\)"),
    (dumped(sort_keys=True), "keys sorted"),
    (dumped(separators=(",", ":")), r"without blanks, with \\u escapes\)"),
    (dumped(sort_keys=True, separators=(",", ":"), ensure_ascii=False), "keys sorted"),
    (dumped(indent=2), "indented by 2"),
    (mac(json.dumps(EVENT, separators=(",", ":")).replace("/", "\\/").encode()).hex(), "escaped slashes"),
    (mac(BODY.replace(b"/", b"\\/")).hex(), "escaped slashes"),
    (mac(json.dumps(json.dumps(EVENT)).encode()).hex(), "twice"),
    (mac(str(EVENT).encode()).hex(), "Python object"),
    (mac(stringify(EVENT["data"])).hex(), "over data alone"),
    (mac(BODY + b"\n").hex(), "a line break at its end"),
    (mac(b"").hex(), "over nothing"),
    (mac(BODY.decode("latin-1").encode()).hex(), "Latin-1"),
    (mac(BODY, name="sha1").hex(), "HMAC of SHA1"),
    (mac(BODY, name="sha512").hex(), "HMAC of SHA512"),
    (mac(BODY, name="md5").hex(), "HMAC of MD5"),
    (hashlib.sha256(BODY).hexdigest(), "plain SHA-256 without the key"),
    (hashlib.sha256(KEY + BODY).hexdigest(), "plain SHA-256 of key and message"),
    (mac(KEY, BODY).hex(), "swapped"),
    (mac(BODY, KEY + b"\n").hex(), "key has a line break or blank"),
    (mac(BODY, b" " + KEY).hex(), "key has a blank before"),
    (mac(BODY, b'"' + KEY + b'"').hex(), "key has quotes"),
    (mac(BODY, bytes.fromhex(TOKEN.replace("-", ""))).hex(), "read as hex"),
    (mac(b"1780300800000." + BODY).hex(), "over a timestamp and the body"),
    (mac(b"1780300802." + BODY).hex(), "over a timestamp and the body"),
    (f"v1,{b64encode(mac(b'f4b1e6c0-2f5a-4b39-9a0b-7c0d1e2f3a44.1780300800.' + BODY)).decode()}", "webhook-signature"),
    (mac(BODY, b"another key").hex(), "None of the usual mistakes"),
    ("", "There is no signature"),
    ("not a signature!", "This is no signature"),
    ("ab" * 20, "20 bytes, as SHA-1 has"),
    ("ab" * 5, "it has 5 bytes, not 32"),
    ("ſ", "This is no signature"),
]


@pytest.mark.parametrize(("given", "said"), SIGNATURES, ids=[said for _, said in SIGNATURES])
def test_each_usual_mistake_of_a_signature_is_named(given: str, said: str) -> None:
    assert re.search(said, explain_signature(AMT, BODY, given)), explain_signature(AMT, BODY, given)


def test_two_mistakes_are_both_named() -> None:
    said = explain_signature(AMT, BODY, b64encode(mac(json.dumps(EVENT).encode(), KEY + b"\n")).decode())
    assert "base64" in said
    assert "with blanks" in said
    assert "the key has a line break" in said


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\x00", b"[" * 60_000, b'"x"', b"[1]", b'{"meta":{"deliveredAt":"x"}}']
)
def test_a_body_that_is_no_event_is_explained_as_well(body: bytes) -> None:
    assert explain_signature(AMT, body, signature(AMT, body)) == "The signature is right."
    assert "None of the usual" in explain_signature(AMT, body, "00" * 32)


@pytest.mark.parametrize("given", [given for given, _ in SIGNATURES])
def test_nothing_said_holds_the_token_or_the_right_signature(given: str) -> None:
    said = explain_signature(AMT, BODY, given) if given != RIGHT else ""
    assert TOKEN not in said
    assert RIGHT not in said


def answered(body: bytes, status: int = 200, kind: str | None = "application/json", problem: str | None = None) -> Sent:
    detail = None if problem is None else f"The endpoint answered {status}."
    return Sent(status, problem, detail, 0.1, body, kind, None)


def with_challenge(value: object) -> bytes:
    return json.dumps({"challenge": value}).encode()


GOOD = challenge_answer(AMT, CHALLENGE)
ANSWERS: list[tuple[Sent, str]] = [
    (answered(with_challenge(CHALLENGE)), "came back unsigned"),
    (answered(with_challenge(b64encode(mac(CHALLENGE.encode())).decode())), "written in base64"),
    (answered(with_challenge(GOOD.upper())), "lower case"),
    (answered(with_challenge(GOOD + "\n")), "line break around it"),
    (answered(with_challenge(f'"{GOOD}"')), "quotes around it"),
    (answered(with_challenge(f"sha256={GOOD}")), "begins with sha256="),
    (answered(with_challenge(mac(KEY, CHALLENGE.encode()).hex())), "swapped"),
    (answered(with_challenge(hashlib.sha256(CHALLENGE.encode()).hexdigest())), "plain SHA-256 without the key"),
    (answered(with_challenge(hashlib.sha256(KEY + CHALLENGE.encode()).hexdigest())), "plain SHA-256 of key and"),
    (answered(with_challenge(mac(CHALLENGE.encode(), name="sha1").hex())), "HMAC of SHA1"),
    (answered(with_challenge(mac(CHALLENGE.encode(), KEY + b"\n").hex())), "the key has a line break"),
    (answered(with_challenge(mac(json.dumps(CHALLENGE).encode()).hex())), "challenge has its quotes"),
    (answered(with_challenge(mac(stringify({"challenge": CHALLENGE})).hex())), "over an object"),
    (answered(with_challenge(mac(CHALLENGE.encode(), b"client secret").hex())), "none of the usual mistakes"),
    (answered(with_challenge("")), "none of the usual mistakes"),
    (answered(with_challenge("ſ\udc80")), "none of the usual mistakes"),
    (answered(with_challenge(None)), "no string"),
    (answered(GOOD.encode(), kind="text/plain"), "the hash alone"),
    (answered(json.dumps(GOOD).encode()), "the hash alone, as a string"),
    (answered(json.dumps(with_challenge(GOOD).decode()).encode()), "encoded twice"),
    (answered(b"[]"), "no object"),
    (answered(b"{}"), "no key challenge"),
    (answered(json.dumps({"Challenge": GOOD}).encode()), "lower case"),
    (answered(json.dumps({"data": {"challenge": GOOD}}).encode()), "one level too deep"),
    (answered(f"challenge={GOOD}".encode()), "as a form"),
    (answered(b"<!doctype html><title>Hello</title>", kind="text/html"), "page of HTML"),
    (answered(b"ok", kind="text/plain"), "no JSON"),
    (answered(b"\xff\xfe\xfd"), "no JSON"),
    (answered(b"[" * 60_000), "no JSON"),
    (answered(b""), "has no body"),
    (answered(b"", 204, None), "204 has no body"),
    (answered(with_challenge(GOOD), 201), "must be exactly 200"),
    (answered(with_challenge(GOOD), kind="text/html; charset=utf-8"), "content type is text/html"),
    (answered(with_challenge(GOOD), kind=None), "content type is missing"),
    (answered(b"", 302, problem="redirect"), "answered 302"),
    (answered(b"", 405, problem="status"), "takes no POST"),
    (answered(b"", 401, problem="status"), "wants a login"),
    (Sent(None, "timeout", "No answer came within 15 s.", 15.0, b"", None, None), "within 15 s"),
]


@pytest.mark.parametrize(("sent", "said"), ANSWERS, ids=[f"{i} {said}" for i, (_, said) in enumerate(ANSWERS)])
def test_each_usual_mistake_of_an_answer_is_named(sent: Sent, said: str) -> None:
    found = explain_answer(AMT, CHALLENGE, sent, only_200=True)
    assert found is not None
    assert said in found
    assert TOKEN not in found
    assert GOOD not in found


@pytest.mark.parametrize(
    "sent",
    [
        answered(with_challenge(GOOD)),
        answered(with_challenge(GOOD) + b"\n", kind="Application/JSON; charset=utf-8"),
        answered(json.dumps({"challenge": GOOD, "more": 1}, indent=2).encode()),
    ],
)
def test_a_right_answer_verifies(sent: Sent) -> None:
    assert explain_answer(AMT, CHALLENGE, sent, only_200=True) is None


def test_payloads_of_version_2_take_any_success() -> None:
    assert explain_answer(AMT, CHALLENGE, answered(with_challenge(GOOD), 201), only_200=False) is None
    assert explain_answer(AMT, CHALLENGE, answered(with_challenge(GOOD), 500, problem="status"), only_200=False)


def test_the_contracts_vector_is_answered() -> None:
    expected = "15c7dbf16b6727bc2f902cc5e62f239e32027ea6b7eaec9f5fc315ddfe3e2e9f"
    assert challenge_answer(Secret("amt-demo-7f3c"), "open-sesame-42") == expected


@pytest.mark.parametrize("change", [str.upper, lambda text: text[:-1], lambda text: text + "0", str.title])
def test_nothing_but_the_answer_verifies(change: Callable[[str], str]) -> None:
    assert explain_answer(AMT, CHALLENGE, answered(with_challenge(change(GOOD))), only_200=True)
