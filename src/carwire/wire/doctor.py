"""What went wrong with a signature or with the answer to a challenge: the mistakes receivers make, recognised.

A digest is read from however it is written, then looked for among the digests of the usual wrong keys, messages and
hashes. Nothing said here holds a secret or the right digest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from carwire.core.delivery import Sent
from carwire.kit.secrets import Secret
from carwire.wire.signing import signature, stringify

_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})+")
_PREFIX: Final = re.compile(r"(?:hmac-)?sha256[=: ]|v1[,=]", re.IGNORECASE)
_ALPHABET: Final = str.maketrans("-_", "+/")
_HASH_OF_SIZE: Final = {16: "MD5", 20: "SHA-1", 28: "SHA-224", 48: "SHA-384", 64: "SHA-512"}
_CLOCK_S: Final = range(-5, 6)  # how far the second of a signature may be from the moment in the body
_HINTS: Final = {
    401: " It wants a login, which no webhook has.",
    403: " Something before the handler refuses it: a firewall, or a protection of forms.",
    404: " Nothing is at this path.",
    405: " It takes no POST at this path.",
    415: " It does not take application/json.",
    419: " A protection of forms refuses it: leave the path out of that.",
}
_COMPACT: Final = (",", ":")
_WAYS: Final[dict[str, dict[str, Any]]] = {
    "without blanks": {"separators": _COMPACT},
    "with blanks": {},
    "with its keys sorted": {"separators": _COMPACT, "sort_keys": True},
    "with its keys sorted and with blanks": {"sort_keys": True},
    "indented by 2": {"indent": 2},
    "indented by 4": {"indent": 4},
}
_WANTED: Final = '{"challenge": "<hex>"} with status 200 and content type application/json'

_Named = tuple[bytes, str | None]  # and what is wrong with it, null if nothing is


def explain_signature(management_token: Secret, body: bytes, given: str) -> str:
    """Say what is wrong with a receiver's SC-Signature of a body, or that it is right."""
    if not given.strip():
        return "There is no signature."
    digest, forms = _read(given)
    if digest is None:
        return "This is no signature: SC-Signature is 64 hexadecimal digits."
    found = _search(management_token, list(_bodies(body)), digest)
    if found is None:
        size = _HASH_OF_SIZE.get(len(digest))
        if len(digest) != 32:
            return f"This is no HMAC-SHA256: it has {len(digest)} bytes{f', as {size} has' if size else ''}, not 32."
        return (
            "None of the usual mistakes leads to this signature. Either the key is not this application's management "
            "token as it is now (but the client secret, or a token from before it was rotated), or the body is not the "
            "one that was sent."
        )
    wrong = [*forms, *found]
    return f"The signature is wrong: {'; '.join(wrong)}." if wrong else "The signature is right."


def challenge_answer(management_token: Secret, challenge: str) -> str:
    """Return what an endpoint has to answer to a challenge: lower-case hex of its HMAC-SHA256."""
    return signature(management_token, challenge.encode())


def explain_answer(management_token: Secret, challenge: str, sent: Sent, *, only_200: bool) -> str | None:
    """Say why what came back does not verify an endpoint; null when it does. With `only_200`, which payloads of version
    4.0 want, no other 2xx will do. `sent` has to hold all of the body.
    """
    if sent.problem is not None:
        return f"{sent.detail or 'There was no answer.'}{_HINTS.get(sent.status or 0, '')}"
    if not sent.body.strip():
        return f"The answer {sent.status} has no body. Wanted is {_WANTED}."
    if only_200 and sent.status != 200:
        return f"The answer has status {sent.status}; it must be exactly 200."
    given, wrong = _challenge_in(sent.body, challenge_answer(management_token, challenge))
    if given is None or wrong:
        return wrong
    if wrong := _explain_challenge(management_token, challenge, given):
        return wrong
    kind = (sent.content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"The body is right, but its content type is {kind or 'missing'}: it must be application/json."
    return None


def _challenge_in(body: bytes, right: str) -> tuple[str | None, str | None]:
    """Return the challenge a body holds and null, or null and what is wrong with the body."""
    text = body.decode("utf-8", "replace").strip()
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        if text.strip("'\"").lower() == right:
            return None, f"The body is the hash alone. Wanted is {_WANTED}."
        if text.startswith("<"):
            return None, "The body is a page of HTML: the URL leads to a web page or an error page, not to the handler."
        if "challenge=" in text:
            return None, f"The body is written as a form. Wanted is {_WANTED}."
        return None, f"The body is no JSON. Wanted is {_WANTED}."
    if isinstance(answer, str):
        inside = "the hash alone, as a string" if answer.lower() == right else "a string"
        inside = "JSON within a JSON string: it is encoded twice" if answer.lstrip().startswith("{") else inside
        return None, f"The body is {inside}. Wanted is {_WANTED}."
    if not isinstance(answer, dict):
        return None, f"The body is no object. Wanted is {_WANTED}."
    if "challenge" not in answer:
        return None, f"The body's object has no key challenge{_elsewhere(answer)}. Wanted is {_WANTED}."
    if not isinstance(answer["challenge"], str):
        return None, "The challenge in the body is no string."
    return answer["challenge"], None


def _elsewhere(answer: dict[str, Any]) -> str:
    for key, value in answer.items():
        if key.lower() == "challenge":
            return ": its letters must be lower case"
        if isinstance(value, dict) and "challenge" in value:
            return ": it is one level too deep"
    return ""


def _explain_challenge(management_token: Secret, challenge: str, given: str) -> str | None:
    if hmac.compare_digest(given.encode("utf-8", "replace"), challenge_answer(management_token, challenge).encode()):
        return None
    if given == challenge:
        return "The challenge came back unsigned: answer its HMAC-SHA256 under the management token."
    digest, forms = _read(given)
    found = None if digest is None else _search(management_token, list(_challenges(challenge)), digest)
    if found is None:
        return (
            "The hash is wrong, and none of the usual mistakes leads to it. Most likely the key is not this "
            "application's management token as it is now (but the client secret, or a token from before)."
        )
    return f"The hash is wrong: {'; '.join([*forms, *found])}."


def _read(given: str) -> tuple[bytes | None, list[str]]:
    """Read a digest however it is written, with what is wrong about the writing; null for what is none."""
    text, wrong = given.strip(), []
    if text != given:
        wrong.append("there are blanks or a line break around it")
    if text.startswith(("'", '"')):
        wrong.append("there are quotes around it")
        text = text.strip("\"'")
    if prefix := _PREFIX.match(text):
        wrong.append(f"it begins with {prefix[0]}, and must be hex alone")
        text = text[prefix.end() :].partition(" ")[0]
    if _HEX.fullmatch(text):
        return bytes.fromhex(text), wrong if text == text.lower() else [*wrong, "its letters must be lower case"]
    digest = _unbased(text)
    if digest and _HEX.fullmatch(inside := digest.decode("ascii", "replace")):
        return bytes.fromhex(inside), [*wrong, "it is the base64 of the hex digits, and must be those themselves"]
    return digest, [*wrong, "it is written in base64, and must be in hex"]


def _unbased(text: str) -> bytes | None:
    """Read base64 of either alphabet, padded or not."""
    try:
        padded = text.translate(_ALPHABET).rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return b64decode(padded, validate=True) or None
    except ValueError:
        return None


def _search(management_token: Secret, messages: list[_Named], digest: bytes) -> list[str] | None:
    """Return what was done wrong to come to a digest, nothing if nothing was; null when it cannot be told."""
    for (key, of_key), (message, of_message) in product(_keys(management_token), messages):
        for found, how in _hashes(key, message) if of_key is None else [(hmac.digest(key, message, "sha256"), None)]:
            if hmac.compare_digest(found, digest):
                return [each for each in (of_key, of_message, how) if each is not None]
    return None


def _hashes(key: bytes, message: bytes) -> Iterator[_Named]:
    yield hmac.digest(key, message, "sha256"), None
    for name in ("sha1", "sha512", "sha384", "md5"):
        yield hmac.digest(key, message, name), f"it is an HMAC of {name.upper()}, and must be one of SHA-256"
    yield hashlib.sha256(message).digest(), "it is a plain SHA-256 without the key, and must be an HMAC-SHA256"
    for each in (key + message, message + key):
        yield hashlib.sha256(each).digest(), "it is a plain SHA-256 of key and message, and must be an HMAC-SHA256"
    yield hmac.digest(message, key, "sha256"), "key and message are swapped"


def _keys(management_token: Secret) -> Iterator[_Named]:
    token = management_token.reveal()
    key = token.encode()
    yield key, None
    for end in (b"\n", b"\r\n", b" "):
        yield key + end, "the key has a line break or blank at its end"
    yield b" " + key, "the key has a blank before it"
    for quote in (b'"', b"'"):
        yield quote + key + quote, "the key has quotes around it"
    yield key.hex().encode(), "the key is the hex of the management token, and must be its text"
    if _HEX.fullmatch(plain := token.replace("-", "")):
        yield bytes.fromhex(plain), "the key is the management token read as hex, and must be its text"
    if unbased := _unbased(token):
        yield unbased, "the key is the management token read as base64, and must be its text"


def _challenges(challenge: str) -> Iterator[_Named]:
    yield challenge.encode(), None
    yield challenge.encode() + b"\n", "the challenge has a line break at its end"
    yield json.dumps(challenge).encode(), "the challenge has its quotes around it"
    for text in (stringify({"challenge": challenge}), json.dumps({"challenge": challenge}).encode()):
        yield text, "it is over an object, and must be over the challenge itself"


def _bodies(body: bytes) -> Iterator[_Named]:
    yield body, None
    yield body + b"\n", "it is over the body with a line break at its end"
    yield body.rstrip(), "it is over the body without what is blank at its end"
    yield b"", "it is over nothing: the body had been read before"
    yield body.decode("latin-1").encode(), "the body was read as Latin-1, and must stay the bytes it is"
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield from _written_again(parsed)
    if isinstance(parsed, dict):
        yield from _with_moment(parsed, body)


def _written_again(parsed: Any) -> Iterator[_Named]:
    said = "it is over the JSON written again ({}), and must be over the bytes that came"
    for how, options in _WAYS.items():
        yield json.dumps(parsed, ensure_ascii=False, **options).encode("utf-8", "replace"), said.format(how)
        escaped = json.dumps(parsed, ensure_ascii=True, **options)
        yield escaped.encode(), said.format(f"{how}, with \\u escapes")
        yield escaped.replace("/", "\\/").encode(), said.format(f"{how}, with \\u escapes and escaped slashes")
    yield stringify(parsed).replace(b"/", b"\\/"), said.format("with escaped slashes")
    yield json.dumps(json.dumps(parsed)).encode(), said.format("twice")
    yield str(parsed).encode("utf-8", "replace"), "it is over the text of a Python object, and must be over the bytes"
    for part in ("data", "payload") if isinstance(parsed, dict) else ():
        if part in parsed:
            yield stringify(parsed[part]), f"it is over {part} alone, and must be over the whole body"


def _with_moment(parsed: dict[str, Any], body: bytes) -> Iterator[_Named]:
    """The ways of other webhooks: a moment, and an id, before the body. The body tells both nearly."""
    meta = parsed.get("meta")
    moment = meta.get("deliveredAt") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(moment, int):
        return
    ids = [each for each in (meta.get("deliveryId"), parsed.get("eventId")) if isinstance(each, str)]
    for stamp in (moment, *(moment // 1000 + away for away in _CLOCK_S)):
        yield f"{stamp}.".encode() + body, "it is over a timestamp and the body, and must be over the body alone"
        for each in ids:
            yield (
                f"{each}.{stamp}.".encode() + body,
                ("it is over id, timestamp and body, as webhook-signature is; SC-Signature is over the body alone"),
            )
