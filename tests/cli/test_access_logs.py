"""Lines of access logs, as servers and proxies write them, and what is none."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from carwire.cli.access_logs import CutOff, Line, parse_line, read_log
from carwire.core.errors import InvalidInput

ID = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"
WHEN = "21/Nov/2026:13:05:00 +0000"
ISO = "2026-11-21T13:05:00+00:00"
PATH = "/v2.0/vehicles"


def parsed(text: str) -> tuple[str, str, str, str | None] | None:
    """All of a line."""
    line = parse_line(text.encode())
    if line is None:
        return None
    return line.who, line.method, line.path, line.at.isoformat() if line.at else None


@pytest.mark.parametrize(
    ("text", "who", "path"),
    [
        (f'1.2.3.4 - - [{WHEN}] "GET {PATH} HTTP/1.1" 200 2', "-", PATH),
        (f'1.2.3.4 - bob [{WHEN}] "GET {PATH}?a=b HTTP/2.0" 200 -', "bob", f"{PATH}?a=b"),
        (f'::1 - {ID} [{WHEN}] "GET {PATH} HTTP/1.1" 404 2 "https://r.example/" "UA [x] \\"y\\""', ID, PATH),
        (f'host.example:443 1.2.3.4 - bob [{WHEN}] "GET {PATH} HTTP/1.1" 200 2', "bob", PATH),
        (f'1.2.3.4 - "a b" [{WHEN}] "GET {PATH} HTTP/1.1" 200 2', "a b", PATH),
        (f'1.2.3.4 - "" [{WHEN}] "GET {PATH}" 200 2', "-", PATH),
        (f'1.2.3.4 - bob [{WHEN}] "GET https://a.example{PATH} HTTP/1.1" 200 2\r', "bob", f"https://a.example{PATH}"),
        (f'1.2.3.4 - bob [{WHEN}] "GET {PATH} HTTP/1.1" -', "bob", PATH),
    ],
)
def test_common_and_combined_lines(text: str, who: str, path: str) -> None:
    assert parsed(text) == (who, "GET", path, ISO)


@pytest.mark.parametrize(
    "given",
    [
        {"method": "GET", "path": PATH, "time": ISO},
        {"method": "get", "uri": PATH, "timestamp": "2026-11-21T13:05:00Z"},
        {"request_method": "GET", "request_uri": PATH, "time_local": WHEN},
        {"request": f"GET {PATH} HTTP/1.1", "time_iso8601": "2026-11-21T14:05:00+01:00"},
        {"ts": 1795266300.0, "request": {"method": "GET", "uri": PATH, "host": "a.example"}, "user_id": ""},
        {"time": 1795266300000, "req": {"method": "GET", "url": PATH}},
        {"@timestamp": "2026-11-21T13:05:00", "http": {"method": "GET", "path": PATH}},
        {"httpRequest": {"requestMethod": "GET", "requestUrl": PATH}, "timestamp": ISO, "user": None},
    ],
)
def test_objects_with_a_method_and_a_path(given: object) -> None:
    assert parsed(json.dumps(given)) == ("-", "GET", PATH, ISO)


def test_a_line_of_our_own_says_the_route() -> None:
    ours = {"request_id": ID, "method": "POST", "route": "/v2.0/vehicles/{id}/charge", "status": 200, "ms": 1.25}
    ours |= {"event": "request", "level": "debug", "timestamp": "2026-11-21T13:05:00.000000Z"}
    assert parsed(json.dumps(ours)) == ("-", "POST", "/v2.0/vehicles/{id}/charge", ISO)


@pytest.mark.parametrize("key", ["client_id", "remote_user", "user", "username", "user_id"])
def test_an_object_says_who_it_was(key: str) -> None:
    found = parsed(json.dumps({"method": "GET", "path": PATH, key: ID}))
    assert found == (ID, "GET", PATH, None)


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "{",
        "{}",
        "{" * 50_000,
        '{"a": ' * 20_000,
        "[1, 2]",
        '{"method": "GET"}',
        '{"path": "/v2.0/vehicles"}',
        '{"method": 1, "path": ["/v2.0/vehicles"]}',
        '{"method": "GET", "path": "two words"}',
        '{"event": "database", "error": "gone"}',
        f'1.2.3.4 - - [{WHEN}] "-" 400 0',
        f'1.2.3.4 - - [{WHEN}] "\\x16\\x03\\x01" 400 0',
        f'1.2.3.4 - - [{WHEN}] "GET {PATH} HTTP/1.1" ok',
        f'1.2.3.4 - - {WHEN} "GET {PATH} HTTP/1.1" 200 2',
        f'- - [{WHEN}] "GET {PATH} HTTP/1.1" 200 2',
        f'1.2.3.4 - - [{WHEN}] "GET {PATH + "a" * 70_000} HTTP/1.1" 200 2',
        "\x00\x01",
    ],
)
def test_what_is_no_request_is_foreign(text: str) -> None:
    assert parse_line(text.encode()) is None


@pytest.mark.parametrize(
    "when",
    ["", "yesterday", "99/Nov/2026:13:05:00 +0000", "21/Xyz/2026:13:05:00 +0000", "21/Nov/2026:25:05:00 +0000", "1/1"],
)
def test_a_moment_that_is_none_is_left_out(when: str) -> None:
    found = parse_line(json.dumps({"method": "GET", "path": PATH, "time": when}).encode())
    assert found == Line("-", "GET", PATH, None)


@pytest.mark.parametrize("when", ["1e300", "-1e300", "true", "null", "[]", "1e11"])
def test_a_number_that_is_no_moment_does_no_harm(when: str) -> None:
    found = parse_line(f'{{"method": "GET", "path": "{PATH}", "ts": {when}}}'.encode())
    assert found is not None
    assert found.at is None or found.at.year > 5000


def test_zones_are_settled() -> None:
    for zone, hour in (("+0230", "10:35"), ("-0330", "16:35")):
        line = parse_line(f'1.2.3.4 - - [21/Nov/2026:13:05:00 {zone}] "GET / HTTP/1.1" 200 2'.encode())
        assert line is not None
        assert line.at is not None
        assert line.at.isoformat() == f"2026-11-21T{hour}:00+00:00"


def test_a_name_shows_neither_secrets_nor_control_characters() -> None:
    token = "A" * 43
    assert parsed(json.dumps({"method": "GET", "path": PATH, "user": f"bob\x1b[31m {token}"})) == (
        *("bob?[31m ***", "GET", PATH, None),
    )
    assert parsed(json.dumps({"method": "GET", "path": PATH, "user": "x y " * 500})) == (
        *(("x y " * 500)[:100], "GET", PATH, None),
    )


def test_a_hostile_line_takes_no_time() -> None:
    began = time.perf_counter()
    for line in (b"a b c " + b'[x] "' * 12_000, b'a b "' + b' [1] "\\"' * 8_000, b"a " * 32_000, b"[" * 65_000):
        parse_line(line)
    assert time.perf_counter() - began < 2


# Files


def lines(path: Path) -> list[bool]:
    """Which lines of a file are requests."""
    return [line is not None for line in read_log(str(path))]


GOOD = f'1.2.3.4 - - [{WHEN}] "GET {PATH} HTTP/1.1" 200 2\n'.encode()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_is_read_line_by_line(tmp_path: Path, compressed: bool) -> None:
    text = GOOD + b"\n  \r\n\xff\xfe\n" + b"x" * 200_000 + b"\n" + GOOD + GOOD.rstrip()
    path = tmp_path / "any.name"
    path.write_bytes(gzip.compress(text) if compressed else text)
    assert lines(path) == [True, False, False, True, True]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    for content in (b"", gzip.compress(b""), b"\n\n"):
        path.write_bytes(content)
        assert lines(path) == []


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-20], lambda raw: raw[:300] + b"x" + raw[301:], lambda raw: raw[:2]]
)
def test_of_a_damaged_file_what_can_be_read_counts(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "log.gz"
    text = b"".join(GOOD.replace(b"200 2", b"200 %d" % number) for number in range(20_000))
    path.write_bytes(damage(gzip.compress(text)))  # type: ignore[operator]
    with pytest.raises(CutOff):
        lines(path)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InvalidInput) as refused:
            lines(where)
        assert refused.value.fields[0].field == "log"
