"""Signatures of 2,000 random payloads, judged by verifiers others have published: one byte changed, and none passes."""

from __future__ import annotations

import json
import os
import string
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import smartcar
import standardwebhooks

from carwire.kit.secrets import Secret, new_secret, new_signing_secret
from carwire.wire.signing import signature, standard_headers, stringify

PAYLOADS = 2000
AMT = new_secret()
RANGES = [
    (0x20, 0x7E),
    (0, 0x1F),
    (0xA0, 0x24F),
    (0x370, 0x5FF),
    (0x2000, 0x2FFF),
    (0x4E00, 0x9FFF),
    (0x1F300, 0x1FAFF),
]
VERIFY_IN_NODE = """
const {verifyPayload} = require('smartcar');
const {amt, rows} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const passes = (sign, text) => { try { return verifyPayload(amt, sign, JSON.parse(text)); } catch { return false; } };
const same = (a, b) => { try { return JSON.stringify(JSON.parse(a)) === b; } catch { return false; } };
process.stdout.write(JSON.stringify(rows.map(({sign, text, changed, other}) => ({
  right: passes(sign, text), changed: passes(sign, changed), same: same(changed, text), other: passes(other, text),
}))));
"""


def text(dice: Random) -> str:
    return "".join(chr(dice.randint(*dice.choice(RANGES))) for _ in range(dice.randint(0, 12)))


def number(dice: Random) -> float:
    kinds: list[Callable[[], float]] = [
        lambda: dice.randint(-(2**53), 2**53), lambda: dice.randint(-100, 100), lambda: float(dice.randint(-9, 9)),
        lambda: dice.uniform(-180, 180), lambda: dice.uniform(-1, 1) * 10.0 ** dice.randint(-320, 308),
        lambda: round(dice.uniform(0, 1), 2), lambda: 10.0 ** dice.randint(-10, 25),
    ]  # fmt: skip
    return dice.choice(kinds)()


def value(dice: Random, depth: int) -> Any:
    """Draw a value of JSON, the more likely a container the deeper it may still become."""
    if depth and dice.random() < 0.6:
        if dice.random() < 0.4:
            return [value(dice, depth - 1) for _ in range(dice.randint(0, 3))]
        keys = [
            dice.choice([text(dice), str(dice.randint(0, 99)), dice.choice(string.ascii_letters)]) for _ in range(3)
        ]
        return {key: value(dice, depth - 1) for key in keys}
    return dice.choice([text(dice), number(dice), number(dice), None, True, False])


def deep(dice: Random) -> Any:
    found: Any = text(dice)
    for _ in range(60):
        found = [found] if dice.random() < 0.5 else {text(dice): found}
    return found


def payload(dice: Random) -> bytes:
    data = deep(dice) if dice.random() < 0.05 else value(dice, 6)
    return stringify(
        {"eventId": str(dice.random()), "data": data, "meta": {"version": "4.0", "deliveredAt": number(dice)}}
    )


def changed_in_one_byte(body: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(body))
    return body[:place] + bytes([body[place] ^ dice.randint(1, 255)]) + body[place + 1 :]


@pytest.fixture(scope="module")
def bodies() -> list[tuple[bytes, bytes]]:
    """Payloads, each with another that differs in one byte."""
    dice = Random(20)
    drawn = [payload(dice) for _ in range(PAYLOADS)]
    assert max(map(len, drawn)) > 2000
    return [(body, changed_in_one_byte(body, dice)) for body in drawn]


def test_the_official_python_package_accepts_all_and_nothing_changed(bodies: list[tuple[bytes, bytes]]) -> None:
    amt = AMT.reveal()
    for body, changed in bodies:
        signed = signature(AMT, body)
        assert smartcar.verify_payload(amt, signed, body.decode())
        assert not smartcar.verify_payload(amt, signed, changed.decode("utf-8", "replace"))


@pytest.mark.node
def test_the_official_npm_package_accepts_all_and_nothing_changed(
    bodies: list[tuple[bytes, bytes]], node_modules: Path
) -> None:
    """It writes the parsed body again: a change that means the same, as an escape's case, is none to it."""
    rows = [
        {
            "sign": signature(AMT, body),
            "text": body.decode(),
            "changed": changed.decode("utf-8", "replace"),
            "other": signature(AMT, changed),
        }
        for body, changed in bodies
    ]
    done = subprocess.run(
        ["node", "-e", VERIFY_IN_NODE],
        input=json.dumps({"amt": AMT.reveal(), "rows": rows}).encode(),
        capture_output=True,
        check=True,
        timeout=120,
        env={**os.environ, "NODE_PATH": str(node_modules)},
    )
    found = json.loads(done.stdout)
    assert len(found) == PAYLOADS
    assert [row for row in found if not row["right"] or row["other"]] == []
    assert [row for row in found if row["changed"] != row["same"]] == []
    assert sum(row["same"] for row in found) < PAYLOADS / 100


def passes(secret: Secret, body: bytes, headers: dict[str, str]) -> bool:
    try:
        standardwebhooks.Webhook(secret.reveal()).verify(body, headers, json_parse=False)
    except (standardwebhooks.WebhookVerificationError, UnicodeDecodeError):
        return False
    return True


def test_standard_webhooks_accepts_all_and_nothing_changed(bodies: list[tuple[bytes, bytes]]) -> None:
    secret, now = new_signing_secret(), datetime.now(UTC)
    for index, (body, changed) in enumerate(bodies):
        headers = standard_headers([secret], f"event-{index}", now, body)
        assert passes(secret, body, headers)
        assert not passes(secret, changed, headers)
        assert not passes(secret, body, {**headers, "webhook-id": f"event-{index + 1}"})
        assert not passes(secret, body, {**headers, "webhook-timestamp": str(int(now.timestamp()) + 1)})


def test_while_secrets_overlap_a_receiver_with_either_accepts_and_with_an_ended_one_does_not(
    bodies: list[tuple[bytes, bytes]],
) -> None:
    now = datetime.now(UTC)
    secrets = [new_signing_secret() for _ in range(12)]
    for turn, (body, changed) in enumerate(bodies[:10]):
        ended, old, new = secrets[turn : turn + 3]
        headers = standard_headers([new, old], "event", now, body)
        assert len(headers["webhook-signature"].split(" ")) == 2
        assert passes(old, body, headers)
        assert passes(new, body, headers)
        assert not passes(ended, body, headers)
        assert not passes(old, changed, headers)
        assert not passes(new, changed, headers)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_standard_webhooks_refuses_what_is_signed_for_another_time(minutes: int) -> None:
    secret = new_signing_secret()
    headers = standard_headers([secret], "event", datetime.now(UTC) + timedelta(minutes=minutes), b"{}")
    assert not passes(secret, b"{}", headers)


def test_signing_secrets_are_in_the_form_of_the_scheme() -> None:
    drawn = {new_signing_secret().reveal() for _ in range(100)}
    assert len(drawn) == 100
    assert {(each[:6], len(each)) for each in drawn} == {("whsec_", 6 + 44)}
