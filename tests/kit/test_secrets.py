"""Secrets are never printed, and are recognised by their digest alone."""

from __future__ import annotations

import logging
import re
import traceback

import msgspec
import pytest

from carwire.kit.secrets import PEPPER_BYTES, Secret, SecretHasher, new_pepper, new_secret

TEXT = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize(
    "printed",
    [
        str(Secret(TEXT)),
        repr(Secret(TEXT)),
        f"{Secret(TEXT)}",
        f"{Secret(TEXT)!r:>40}",
        f"{Secret(TEXT):>40}",
        "%s %r" % (Secret(TEXT), Secret(TEXT)),  # noqa: UP031  # logging formats so
        "{0:<30}".format(Secret(TEXT)),  # noqa: UP030, UP032
        str([Secret(TEXT), {"secret": Secret(TEXT)}]),
        str(ValueError(Secret(TEXT))),
        repr(ValueError(Secret(TEXT))),
    ],
)
def test_no_way_of_printing_a_secret_shows_it(printed: str) -> None:
    assert TEXT not in printed
    assert "***" in printed


def test_a_secret_in_a_log_record_or_a_traceback_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TEXT)
    logging.getLogger("test").warning("got %s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        shown = traceback.format_exc()
    assert "got ***" in caplog.text
    assert "ValueError: ***" in shown
    assert TEXT not in caplog.text + shown.replace(f'"{TEXT}"', "")


def test_a_secret_cannot_be_written_as_json_by_accident() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode({"secret": Secret(TEXT)})


def test_a_secret_holds_nothing_that_vars_would_show() -> None:
    with pytest.raises(TypeError):
        vars(Secret(TEXT))


def test_revealing_gives_the_text_itself() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_new_secrets_are_distinct_and_fit_a_basic_header() -> None:
    made = {new_secret().reveal() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in made)


def test_new_peppers_are_distinct_and_long_enough() -> None:
    assert len(new_pepper()) == PEPPER_BYTES == 32
    assert new_pepper() != new_pepper()


def test_a_digest_matches_its_secret_only_and_under_its_pepper_only() -> None:
    hasher, other = SecretHasher(bytes(32)), SecretHasher(bytes([1]) * 32)
    digest = hasher.hash(Secret(TEXT))
    assert len(digest) == 32
    assert TEXT.encode() not in digest
    assert hasher.matches(Secret(TEXT), digest)
    assert not hasher.matches(Secret(TEXT + "x"), digest)
    assert not hasher.matches(Secret(""), digest)
    assert not other.matches(Secret(TEXT), digest)
    assert not hasher.matches(Secret(TEXT), digest[:-1])


def test_a_digest_is_hmac_sha256_so_stored_ones_stay_valid() -> None:
    digest = SecretHasher(bytes(range(32))).hash(Secret("carwire"))
    assert digest.hex() == "e10ad20bab947f34d6e4fe5d46bf6e509cf7fd6894d949d8e73b37579972d368"


def test_text_no_header_could_carry_is_hashed_and_not_a_fault() -> None:
    hasher = SecretHasher(bytes(32))
    assert hasher.hash(Secret("\ud800")) != hasher.hash(Secret("\ud801"))


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_pepper_is_refused_without_being_shown(length: int) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes") as caught:
        SecretHasher(b"k" * length)
    assert "kk" not in str(caught.value)
