"""Whether a delivery is genuine: two schemes, several keys, in constant time, over the bytes that came.

- ``SC-Signature`` is the lower-case hex of HMAC-SHA256 over the body, under the application's management token. It says
  nothing of time: whoever has seen a delivery can send it again.
- ``webhook-signature`` is that of Standard Webhooks: a list of ``v1,<base64>``, each HMAC-SHA256 over
  ``id.timestamp.body`` with ``webhook-id`` and ``webhook-timestamp``, under a secret ``whsec_<base64>``. What is older
  or newer than the tolerance is refused.

A delivery may bear both. One signature that holds under one of the keys given suffices, so tokens and secrets can be
exchanged without a gap; give secrets alone where a delivery that is sent again must be refused.
Source: the wire contract, section 12.2; the specification of Standard Webhooks.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from carwire_client.errors import InvalidSignature, NotConfigured
from carwire_client.secrets import Secret
from carwire_client.times import now
from carwire_client.webhooks import verify_payload

TOLERANCE: Final = timedelta(minutes=5)
SIGNATURE_MISSING: Final = "SIGNATURE_MISSING"
SIGNATURE_WRONG: Final = "SIGNATURE_WRONG"
KEY_MISSING: Final = "KEY_MISSING"
HEADERS_UNUSABLE: Final = "HEADERS_UNUSABLE"
TOO_OLD: Final = "TOO_OLD"
TOO_NEW: Final = "TOO_NEW"
_SC: Final = "sc-signature"
_ID: Final = "webhook-id"
_TIME: Final = "webhook-timestamp"
_STANDARD: Final = "webhook-signature"
_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_PREFIX: Final = "whsec_"


class HasItems(Protocol):
    """Headers as a mapping, or anything else that lists its pairs: what servers and frameworks have."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Name and value of each."""


Headers = HasItems | Iterable[tuple[str | bytes, str | bytes]]
KeyOrKeys = str | Secret | Iterable[str | Secret]


class Keys(msgspec.Struct, frozen=True):
    """What deliveries may be signed with. The first token is the current one."""

    tokens: tuple[Secret, ...]
    secrets: tuple[Secret, ...]


class Proof(msgspec.Struct, frozen=True):
    """What a signature has shown: the token the body is signed with, and the id that is signed along."""

    token: Secret | None = None
    message_id: str | None = None


def verify(
    body: bytes,
    headers: Headers,
    *,
    management_token: KeyOrKeys | None = None,
    secret: KeyOrKeys | None = None,
    tolerance: timedelta = TOLERANCE,
    clock: Callable[[], datetime] = now,
) -> None:
    """Make sure that a delivery is genuine. Raises `InvalidSignature`, whose `code` says what is wrong with it.

    `body` is the bytes as they came; `headers` a mapping or a list of pairs, names in any case. `management_token` is
    for ``SC-Signature``, `secret` (``whsec_…``) for Standard Webhooks, whose time may be off by `tolerance`. Of each
    there may be several, while one takes the place of another. Raises `NotConfigured` without any, or for an empty one.
    """
    check(body, headers, keys_of(management_token, secret), tolerance, clock())


def keys_of(management_token: KeyOrKeys | None, secret: KeyOrKeys | None) -> Keys:
    """Return the keys, looked at. An empty one is refused: anybody could sign with it."""
    keys = Keys(_listed(management_token), _listed(secret))
    if not (keys.tokens or keys.secrets):
        raise NotConfigured("Neither management_token nor secret is given: nothing can be verified")
    if not all(keys.tokens):
        raise NotConfigured("A management token is empty")
    if not all(map(_key, keys.secrets)):
        raise NotConfigured("A secret is empty")
    return keys


def check(body: bytes, headers: Headers, keys: Keys, tolerance: timedelta, at: datetime) -> Proof:
    """Return what the signatures show. Raises `InvalidSignature` when none of them holds."""
    if not isinstance(body, bytes):
        msg = f"body has to be the bytes as they came, not {type(body).__name__}"
        raise TypeError(msg)
    sent = _sent(headers)
    found = (_by_token(body, sent, keys), _by_secret(body, sent, keys, tolerance, at))
    proofs = [each for each in found if isinstance(each, Proof)]
    if not proofs:
        raise _worst([each for each in found if isinstance(each, InvalidSignature)])
    return Proof(
        token=next((each.token for each in proofs if each.token), None),
        message_id=next((each.message_id for each in proofs if each.message_id), None),
    )


def _by_token(body: bytes, sent: dict[str, list[str]], keys: Keys) -> Proof | InvalidSignature:
    signatures = sent[_SC]
    if not signatures:
        return _refused(SIGNATURE_MISSING, "There is no SC-Signature")
    if not keys.tokens:
        return _refused(KEY_MISSING, "There is an SC-Signature, but no management token was given to verify it")
    if len(signatures) > 1:
        return _refused(HEADERS_UNUSABLE, "SC-Signature is there more than once")
    for token in keys.tokens:
        if verify_payload(token, signatures[0], body):
            return Proof(token=token)
    return _refused(SIGNATURE_WRONG, "SC-Signature is not that of this body under the management token")


def _by_secret(
    body: bytes, sent: dict[str, list[str]], keys: Keys, tolerance: timedelta, at: datetime
) -> Proof | InvalidSignature:
    if not sent[_STANDARD]:
        return _refused(SIGNATURE_MISSING, "There is no webhook-signature")
    if not keys.secrets:
        return _refused(KEY_MISSING, "There is a webhook-signature, but no secret was given to verify it")
    if any(len(sent[name]) != 1 for name in (_ID, _TIME, _STANDARD)) or not sent[_ID][0]:
        return _refused(HEADERS_UNUSABLE, "webhook-id, webhook-timestamp and webhook-signature have to be there once")
    (message_id,), (seconds,), (signatures,) = sent[_ID], sent[_TIME], sent[_STANDARD]
    if not _SECONDS.fullmatch(seconds):
        return _refused(HEADERS_UNUSABLE, "webhook-timestamp is no whole number of seconds")
    message = f"{message_id}.{seconds}.".encode("utf-8", "surrogatepass") + body
    given = [each.encode("utf-8", "surrogatepass") for each in signatures.split()]
    expected = [b"v1," + base64.b64encode(hmac.digest(_key(each), message, "sha256")) for each in keys.secrets]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
        return _refused(SIGNATURE_WRONG, "webhook-signature is not that of this id, time and body under the secret")
    return _timely(int(seconds), tolerance, at) or Proof(message_id=message_id)


def _timely(seconds: int, tolerance: timedelta, at: datetime) -> InvalidSignature | None:
    try:
        age = at - datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        age = timedelta.min
    if abs(age) <= tolerance:
        return None
    code, word = (TOO_OLD, "old") if age > timedelta() else (TOO_NEW, "new")
    return _refused(code, f"The delivery is genuine, but its webhook-timestamp is too {word}")


def _worst(problems: list[InvalidSignature]) -> InvalidSignature:
    """Return the problem that says most: a signature that is not there says least."""
    present = [each for each in problems if each.code != SIGNATURE_MISSING]
    told = [each for each in present if each.code != KEY_MISSING] or present
    return told[0] if told else _refused(SIGNATURE_MISSING, "There is neither an SC-Signature nor a webhook-signature")


def _refused(code: str, description: str) -> InvalidSignature:
    return InvalidSignature(description, code=code)


def _sent(headers: Headers) -> dict[str, list[str]]:
    """Return the values of the headers that matter, by name in lower case."""
    found: dict[str, list[str]] = {name: [] for name in (_SC, _ID, _TIME, _STANDARD)}
    pairs: Any = getattr(headers, "items", lambda: headers)()
    for name, value in pairs:
        known = found.get(_text(name).strip().lower())
        if known is not None:
            known.append(_text(value).strip())
    return found


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _listed(given: KeyOrKeys | None) -> tuple[Secret, ...]:
    if given is None:
        return ()
    return tuple(Secret(each) for each in ([given] if isinstance(given, str | Secret) else given))


def _key(secret: Secret) -> bytes:
    """Return the bytes a secret stands for; some write it without the prefix, or without what fills it up."""
    text = secret.reveal().strip().removeprefix(_PREFIX).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise NotConfigured("A secret is not of the form whsec_<base64>") from None
