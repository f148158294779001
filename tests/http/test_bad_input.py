"""Everything wrong that can be sent: always a refusal in the contract's form, never a fault of the server."""

from __future__ import annotations

import gzip
import json
import re
import socket
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from tests.conftest import Answer, Headers, Server, basic, check_error, parse, started
from tests.http.v3.forms import refused

TESLA = "5YJXCDE22HF068739"
UUID_4 = "7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51"
COMPATIBILITY = f"/v2.0/compatibility?vin={TESLA}&scope=read_vin"
# Of every call with parameters: a query it accepts, and its parameters with the values that are taken for absent.
QUERIES = {
    "/v2.0/compatibility": {
        "vin": TESLA,
        "scope": "read_vin",
        "country": "US",
        "flags": "a:b",
        "mode": "test",
        "test_mode_compatibility_level": "bev",
        "us_only": "true",
    },
    "/v2.0/compatibility/matrix": {
        "region": "US",
        "type": "BEV",
        "make": "NISSAN",
        "scope": "read_battery",
        "mode": "live",
        "flags": "a:b",
    },
    f"/v1/compatibility/{TESLA}": {"scope": "read_vin", "country": "US"},
}
PARAMETERS = [(path, name) for path, query in QUERIES.items() for name in query]
REQUIRED = {"vin", "region"}
FREE_TEXT = {"flags", "make"}  # any text in UTF-8 up to its length
# As they stand on the wire.
UNREADABLE = {
    "not-utf-8": b"%FF%FE",
    "latin-1": b"M%FCnchen",
    "overlong-utf-8": b"%C0%AF",
    "surrogate": b"%ED%A0%80",
    "cut-utf-8": b"%E2%82",
    "broken-escape": b"%zz",
    "bare-percent": b"%",
    "half-escape": b"%4",
    "escape-with-sign": b"%+1",
}
HOSTILE = {
    "sql": b"'%20OR%201=1--",
    "sql-union": b"x')%20UNION%20SELECT%20secret_digest%20FROM%20applications--",
    "template": b"%7B%7B7*7%7D%7D",
    "jndi": b"%24%7Bjndi:ldap://x/y%7D",
    "traversal": b"../../../../etc/passwd",
    "escaped-traversal": b"..%2F..%2Fetc%2Fpasswd",
    "crlf": b"a%0D%0Aset-cookie:%20x=1",
    "nul": b"%00",
    "nul-inside": b"5YJXCDE22%00F068739",
    "html": b"%3Cscript%3Ealert(1)%3C/script%3E",
    "unicode": quote_from_bytes("\u00fc\u4e2d\U0001f697".encode()).encode(),
    "right-to-left": b"%E2%80%AE5YJ",
    "fullwidth": quote_from_bytes("\uff15YJXCDE22HF068739".encode()).encode(),
    "turkish-i": b"%C4%B0" * 17,
    "control": b"%01%1B%5B31m%7F",
    "number": b"99999999999999999999",
    "json": b"%7B%22%24gt%22:%22%22%7D",
    "blank": b"+++",
    "tab": b"%09",
    "semicolon": b"a;b",
    "equals": b"a=b=c",
    "false": b"False",
    "none": b"None",
    "list": b"[]",
}


def ask(server: Server, path: str, query: dict[str, str | bytes | None]) -> Answer:
    """Ask with each parameter as it is; null leaves one out."""
    pairs = [
        b"%b=%b" % (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in query.items()
        if value is not None
    ]
    return server.get(path.encode() + b"?" + b"&".join(pairs))


def fields(answer: Answer) -> list[str]:
    return [problem["field"] for problem in answer.json()["detail"]]


@pytest.mark.parametrize("path", QUERIES)
def test_the_queries_these_tests_spoil_are_good(server: Server, path: str) -> None:
    assert ask(server, path, dict(QUERIES[path])).status == 200


@pytest.mark.parametrize("value", [None, "", "undefined", "%75ndefined"])
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_an_absent_parameter_is_required_or_has_its_default(
    server: Server, path: str, name: str, value: str | None
) -> None:
    answer = ask(server, path, {**QUERIES[path], name: value})
    needed = name in REQUIRED or (path, name) == ("/v2.0/compatibility", "scope")
    if needed:
        body = check_error(server, answer, 400)
        assert body["detail"] == [{"field": name, "message": "Required"}]
    elif name == "test_mode_compatibility_level":  # mode=test stands in the query
        assert fields(answer) == [name]
    else:
        assert answer.status == 200


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_a_parameter_given_twice_is_refused(server: Server, path: str, name: str) -> None:
    for pair in (QUERIES[path][name], "other"):
        query = "&".join(f"{key}={value}" for key, value in QUERIES[path].items())
        body = check_error(server, server.get(f"{path}?{query}&{name}={pair}"), 400)
        assert body["detail"] == [{"field": name, "message": "Given more than once"}]
    escaped = f"%{ord(name[0]):X}{name[1:]}"
    check_error(server, server.get(f"{path}?{query}&{escaped}=other"), 400, name)


@pytest.mark.parametrize("length", [1001, 2001, 8000, 9000, 60_000])
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_an_over_long_parameter_is_refused(server: Server, path: str, name: str, length: int) -> None:
    answer = ask(server, path, {**QUERIES[path], name: "a" * length})
    check_error(server, answer, 400, "query" if length > 8192 else name)


@pytest.mark.parametrize("value", UNREADABLE)
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_an_unreadable_parameter_is_refused(server: Server, path: str, name: str, value: str) -> None:
    body = check_error(server, ask(server, path, {**QUERIES[path], name: UNREADABLE[value]}), 400, name)
    assert "Not UTF-8, or a broken percent escape" in [problem["message"] for problem in body["detail"]]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_a_hostile_parameter_is_refused_or_harmless(server: Server, path: str, name: str, value: str) -> None:
    query: dict[str, str | bytes | None] = {**QUERIES[path], name: HOSTILE[value]}
    if name == "vin":  # in test mode any 17 characters are one
        query |= {"mode": None, "test_mode_compatibility_level": None}
    answer = ask(server, path, query)
    if name in FREE_TEXT or (name, value) == ("us_only", "false"):
        assert answer.status == 200
        assert answer.body.startswith(b"{")
        if name == "make":
            assert answer.json() == {}
    else:
        check_error(server, answer, 400, name)
    assert answer.header("set-cookie") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2.0/compatibility", "us_only"),
        ("/v2.0/compatibility/matrix", "type"),
        ("/v2.0/compatibility/matrix", "mode"),
    ],
)
def test_the_text_null_is_no_value_of_a_parameter(server: Server, path: str, name: str) -> None:
    check_error(server, ask(server, path, {**QUERIES[path], name: "null"}), 400, name)


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_bytes_that_no_address_may_hold_are_refused(server: Server, path: str, name: str) -> None:
    for raw in ("\u00fc\u4e2d\U0001f697".encode(), b"\xff\xfe"):
        body = check_error(server, ask(server, path, {**QUERIES[path], name: raw}), 400)
        assert body["type"] == "VALIDATION"


@pytest.mark.parametrize("value", [*HOSTILE, *UNREADABLE])
@pytest.mark.parametrize("path", ["/v1/vins/", "/v1/compatibility/", "/docs/errors/api-errors/", "/", "/v2.0/", "/v"])
def test_a_hostile_path_is_refused(server: Server, path: str, value: str) -> None:
    answer = server.get(path.encode() + {**HOSTILE, **UNREADABLE}[value])
    if path == "/v1/vins/" and value in {"false", "none"}:  # the beginning of a VIN
        assert (answer.status, answer.json()["vin"]) == (200, value.upper())
    elif value == "blank" and path == "/":
        check_error(server, answer, 404)
    else:
        check_error(server, answer)
        assert answer.status in {400, 404}


@pytest.mark.parametrize("value", [*HOSTILE, *UNREADABLE])
@pytest.mark.parametrize("path", ["/v3/", "/v3/vehicles/", "/v3/connections/", f"/v3/vehicles/{UUID_4}/signals/"])
def test_a_hostile_path_of_v3_is_refused_in_its_form(server: Server, path: str, value: str) -> None:
    answer = server.get(path.encode() + {**HOSTILE, **UNREADABLE}[value])
    refused(server, answer)
    assert answer.status in {400, 401, 404}


@pytest.mark.parametrize("vin", ["", "%20", "5YJ", TESLA + "A", "A" * 16, "A" * 18, "IOQIOQIOQIOQIOQIO", "A" * 3000])
def test_a_vin_that_is_none_is_refused_on_its_field(server: Server, vin: str) -> None:
    check_error(server, ask(server, "/v2.0/compatibility", {"vin": vin, "scope": "read_vin"}), 400, "vin")
    if vin.strip("%20"):
        check_error(server, server.get(f"/v1/compatibility/{vin}"), 400, "vin")


# The authorization header.


def _headers(server: Server) -> dict[str, Headers]:
    right = server.basic[1]
    encoded = right.removeprefix(b"Basic ")
    name = b"authorization"
    pair = f"{server.client_id}:{server.client_secret}"
    return {
        "missing": [],
        "empty": [(name, b"")],
        "scheme-only": [(name, b"Basic")],
        "scheme-and-blank": [(name, b"Basic ")],
        "no-scheme": [(name, encoded)],
        "bearer": [(name, b"Bearer " + encoded)],
        "bearer-secret": [(name, b"Bearer " + server.client_secret.encode())],
        "digest": [(name, b'Digest username="x"')],
        "twice": [server.basic, server.basic],
        "twice-one-wrong": [(name, b"Bearer x"), server.basic],
        "comma": [(name, right + b", " + right)],
        "not-base64": [(name, b"Basic !!!!")],
        "bad-padding": [(name, b"Basic " + encoded + b"===")],
        "one-character": [(name, b"Basic Q")],
        "inner-blank": [(name, b"Basic " + encoded[:8] + b" " + encoded[8:])],
        "tab": [(name, b"Basic\t" + encoded)],
        "no-colon": [basic(server.client_id)],
        "only-colon": [basic(":")],
        "empty-secret": [basic(f"{server.client_id}:")],
        "empty-id": [basic(f":{server.client_secret}")],
        "wrong-secret": [basic(f"{server.client_id}:{server.client_secret[:-1]}")],
        "longer-secret": [basic(pair + "x")],
        "blank-after": [basic(pair + " ")],
        "newline-after": [basic(pair + "\n")],
        "nul-after": [basic(pair + "\0")],
        "nul-in-id": [basic(f"{server.client_id}\0:{server.client_secret}")],
        "upper-case-id": [basic(f"{server.client_id.upper()}:{server.client_secret}")],
        "swapped": [basic(f"{server.client_secret}:{server.client_id}")],
        "amt": [basic(f"default:{server.demo['application_management_token']}")],
        "amt-as-secret": [basic(f"{server.client_id}:{server.demo['application_management_token']}")],
        "sql": [basic("' OR '1'='1:' OR '1'='1")],
        "like": [basic(f"%:{server.client_secret}")],
        "not-utf-8": [basic(b"\xff\xfe:\xff")],
        "non-ascii": [basic("\u00fc:\u00fc")],
        "surrogate": [basic(b"\xed\xa0\x80:x")],
        "raw-non-ascii": [(name, b"Basic \xff\xfe\xfd")],
        "huge": [basic("a" * 800 + ":b")],
        "larger": [basic("a" * 30_000 + ":b")],
        "undefined": [basic("undefined:undefined")],
    }


@pytest.mark.parametrize(
    "target", [COMPATIBILITY, "/v2.0/compatibility?vin=%FF", "/v1/vins/5YJ", "/v1/compatibility/x"]
)
def test_only_the_right_credentials_open_the_door_and_they_are_asked_first(server: Server, target: str) -> None:
    for what, headers in _headers(server).items():
        answer = server.ask("GET", target, headers)
        body = check_error(server, answer, 401)
        assert (body["type"], body["code"]) == ("AUTHENTICATION", None), what
        assert "detail" not in body, what
        assert (answer.header("www-authenticate") or "").startswith("Basic "), what


@pytest.mark.parametrize("path", ["/v1/vins", "/v1/compatibility"])
@pytest.mark.parametrize("body", [b"", b"not json", b'{"vins":[]}', b" " * 1_100_000])
def test_bodies_of_strangers_are_not_read(server: Server, path: str, body: bytes) -> None:
    check_error(server, server.ask("POST", path, [basic("who:knows")], body), 401)


@pytest.mark.parametrize("scheme", [b"Basic ", b"basic ", b"BASIC ", b"Basic   "])
def test_the_scheme_is_read_in_any_case(server: Server, scheme: bytes) -> None:
    header = b"authorization", scheme + server.basic[1].removeprefix(b"Basic ")
    assert server.ask("GET", COMPATIBILITY, [header]).status == 200
    assert server.ask("GET", COMPATIBILITY, [(b"AUTHORIZATION", header[1] + b"  ")]).status == 200


# Bodies.

MANY = "/v1/vins", "/v1/compatibility"
NO_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "text": b"not json",
    "cut": b'{"vins":["5YJ',
    "trailing": b'{"vins":["5YJ"]} x',
    "two": b'{"vins":["5YJ"]}{"vins":["5YJ"]}',
    "trailing-comma": b'{"vins":["5YJ",]}',
    "single-quotes": b"{'vins':['5YJ']}",
    "nan": b'{"vins":["5YJ"],"x":NaN}',
    "infinity": b'{"vins":["5YJ"],"x":-Infinity}',
    "nan-alone": b"NaN",
    "bom": b'\xef\xbb\xbf{"vins":["5YJ"]}',
    "utf-16": '{"vins":["5YJ"]}'.encode("utf-16"),
    "latin-1": b'{"vins":["M\xfcnchen"]}',
    "latin-1-key": b'{"v\xfcns":["5YJ"]}',
    "surrogate-bytes": b'{"vins":["\xed\xa0\x80"]}',
    "lone-surrogate": b'{"vins":["\\ud800"]}',
    "raw-newline": b'{"vins":["5Y\nJ"]}',
    "raw-nul": b'{"vins":["5Y\x00J"]}',
    "bad-escape": b'{"vins":["\\x41"]}',
    "form": b"vins=5YJ",
    "xml": b"<vins><vin>5YJ</vin></vins>",
    "gzip": gzip.compress(b'{"vins":["5YJ"]}'),
    "deep": b"[" * 100_000,
    "deep-closed": b"[" * 100_000 + b"]" * 100_000,
    "deep-unknown": b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b',"vins":["5YJ"]}',
    "deep-objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}
WRONG: dict[str, tuple[object, str]] = {
    "null": (None, "body"),
    "list": ([], "body"),
    "text": ("5YJ", "body"),
    "number": (1, "body"),
    "true": (True, "body"),
    "no-vins": ({}, "body"),
    "other-case": ({"VINS": ["5YJ"]}, "body"),
    "vins-null": ({"vins": None}, "vins"),
    "vins-text": ({"vins": TESLA}, "vins"),
    "vins-object": ({"vins": {"0": TESLA}}, "vins"),
    "vins-number": ({"vins": 5}, "vins"),
    "numbers": ({"vins": [1]}, "vins"),
    "nulls": ({"vins": [TESLA, None]}, "vins"),
    "nested": ({"vins": [[TESLA]]}, "vins"),
    "objects": ({"vins": [{"vin": TESLA}]}, "vins"),
    "none": ({"vins": []}, "vins"),
    "too-many": ({"vins": [TESLA] * 1001}, "vins"),
    "long": ({"vins": ["5" * 65]}, "vins"),
    "longer": ({"vins": ["5" * 100_000]}, "vins"),
}
WRONG_FOR_COMPATIBILITY = {
    "scope-list": ({"vins": [TESLA], "scope": ["read_vin"]}, "scope"),
    "scope-number": ({"vins": [TESLA], "scope": 1}, "scope"),
    "scope-unknown": ({"vins": [TESLA], "scope": "read_all"}, "scope"),
    "scope-empty": ({"vins": [TESLA], "scope": ""}, "scope"),
    "scope-long": ({"vins": [TESLA], "scope": "read_vin " * 300}, "scope"),
    "country-null": ({"vins": [TESLA], "country": None}, "country"),
    "country-number": ({"vins": [TESLA], "country": 49}, "country"),
    "country-long": ({"vins": [TESLA], "country": "USA"}, "country"),
    "country-unknown": ({"vins": [TESLA], "country": "XX"}, "country"),
    "country-newline": ({"vins": [TESLA], "country": "US\n"}, "country"),
}


@pytest.mark.parametrize("path", MANY)
@pytest.mark.parametrize("what", NO_JSON)
def test_a_body_that_is_no_json_is_refused(server: Server, path: str, what: str) -> None:
    check_error(server, server.post(path, NO_JSON[what]), 400)


@pytest.mark.parametrize("path", MANY)
@pytest.mark.parametrize("what", WRONG)
def test_a_body_of_the_wrong_form_names_the_field(server: Server, path: str, what: str) -> None:
    body, field = WRONG[what]
    check_error(server, server.post(path, body), 400, field)


@pytest.mark.parametrize("what", WRONG_FOR_COMPATIBILITY)
def test_a_wrong_scope_or_country_in_a_body_names_the_field(server: Server, what: str) -> None:
    body, field = WRONG_FOR_COMPATIBILITY[what]
    check_error(server, server.post("/v1/compatibility", body), 400, field)


@pytest.mark.parametrize("path", MANY)
def test_a_name_given_twice_in_a_body_is_settled_without_a_fault(server: Server, path: str) -> None:
    answer = server.post(path, b'{"vins":["5YJ"],"vins":["1FT"]}')
    assert answer.status in {200, 400}
    check_error(server, server.post(path, b'{"vins":["5YJ"],"vins":[]}'), 400, "vins")


@pytest.mark.parametrize("path", MANY)
def test_a_body_may_have_one_mebibyte_and_no_more(server: Server, path: str) -> None:
    body = json.dumps({"vins": [TESLA]}).encode()
    assert server.post(path, body.ljust(1 << 20)).status == 200
    for size in ((1 << 20) + 1, 3 << 20):
        answer = server.post(path, body.ljust(size))
        assert check_error(server, answer, 413)["code"] == "TOO_LARGE"


@pytest.mark.parametrize("path", MANY)
def test_a_chunked_body_is_read_and_measured_too(server: Server, path: str) -> None:
    def chunked(body: bytes) -> Answer:
        pieces = [body[i : i + 60_000] for i in range(0, len(body), 60_000)]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        head = b"POST %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n%b: %b\r\n\r\n"
        return parse(server.raw(head % (path.encode(), *server.basic) + sent))

    body = json.dumps({"vins": [TESLA]}).encode()
    assert chunked(body).json() == server.post(path, body).json()
    check_error(server, chunked(body.ljust((1 << 20) + 1)), 413)


@pytest.mark.parametrize("path", MANY)
@pytest.mark.parametrize(
    "content_type",
    [b"text/plain", b"application/xml", b"application/json; charset=latin-1", b"multipart/form-data; boundary=x", b""],
)
def test_the_content_type_of_a_body_does_not_matter(server: Server, path: str, content_type: bytes) -> None:
    headers = [server.basic, (b"content-type", content_type)]
    body = json.dumps({"vins": [TESLA]}).encode()
    assert server.ask("POST", path, headers, body).json() == server.post(path, body).json()
    check_error(server, server.ask("POST", path, headers, b"--x\r\n\r\n--x--"), 400)


@pytest.mark.parametrize(
    "target", [COMPATIBILITY, "/v1/vins/5YJ", "/v2.0/compatibility/matrix?region=CA", "/health", "/"]
)
def test_a_get_with_an_empty_object_is_answered(server: Server, target: str) -> None:
    headers = [server.basic, (b"content-type", b"application/json; charset=utf-8")]
    for body in (b"", b"{}", b"x" * 100_000):
        answer = server.ask("GET", target, headers, body)
        assert (answer.status, answer.body) == (200, server.get(target).body)


# Paths and methods.


NOWHERE = [
    "/nothing",
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/favicon.ico",
    "/.git/config",
    "/docs",
    "/docs/",
    "/static/x",
    "/admin",
    "/v2.0/users",
    "/v2.0/management",
    "/oauth",
    "/v1/vins/a/b",
    "/docs/errors/api-errors/nothing-errors",
    "/docs/errors/api-errors/validation",
    "/docs/errors/api-errors",
    "/docs/errors/api-errors/..%2F..%2Fx",
    "/schema",
    "/schema/openapi.json",
    "/openapi.yaml",
    "/%2e%2e/%2e%2e/etc/passwd",
]


@pytest.mark.parametrize("path", [*NOWHERE, "/" + "a" * 30_000, "/" + "a/" * 5000], ids=lambda path: path[:40])
def test_an_unknown_path_is_not_found_for_anybody(server: Server, path: str) -> None:
    for headers in ([], [server.basic]):
        for method in ("GET", "POST", "DELETE"):
            if method == "GET" or not path.startswith("/docs/errors/api-errors/"):
                assert check_error(server, server.ask(method, path, headers), 404)["code"] == "PATH"


METHODS = {
    "/v2.0/compatibility": {"GET"},
    "/v2.0/compatibility/matrix": {"GET"},
    "/v1/vins": {"POST"},
    "/v1/vins/5YJ": {"GET"},
    "/v1/compatibility": {"POST"},
    f"/v1/compatibility/{TESLA}": {"GET"},
    "/health": {"GET"},
    "/metrics": {"GET"},
    "/": {"GET"},
    "/docs/api": {"GET"},
    "/openapi.json": {"GET"},
}


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_another_method_is_refused(server: Server, path: str, method: str) -> None:
    if method in METHODS[path]:
        return
    body = check_error(server, server.ask(method, path, [server.basic]), 405)
    assert (body["type"], body["code"]) == ("VALIDATION", "METHOD")


@pytest.mark.parametrize("path", ["/v1/vins", "/v1/compatibility"])
def test_a_refused_method_is_told_the_ones_there_are(server: Server, path: str) -> None:
    allow = server.ask("PUT", path, [server.basic]).header("allow") or ""
    assert set(re.split(", *", allow)) - {"OPTIONS"} == METHODS[path]


@pytest.mark.parametrize("path", [p for p, methods in METHODS.items() if methods == {"GET"}])
def test_a_refused_method_is_told_get_where_it_is_that(server: Server, path: str) -> None:
    allow = server.ask("PUT", path, [server.basic]).header("allow") or ""
    assert set(re.split(", *", allow)) - {"OPTIONS"} == {"GET", "HEAD"}


@pytest.mark.parametrize("path", METHODS)
def test_head_and_options_have_no_fault_and_no_secret(server: Server, path: str) -> None:
    for method in ("HEAD", "OPTIONS"):
        answer = server.ask(method, path)
        assert answer.status in {200, 204, 401, 405}
        assert answer.body == b"" or method == "OPTIONS"
        assert len(answer.header("sc-request-id") or "") == 36


# What is hardly HTTP.

GARBAGE = {
    "newlines": b"\r\n\r\n\r\n",
    "nul": b"\0" * 100,
    "tls": bytes.fromhex("16030100a5010000a1030300"),
    "random": bytes(range(256)),
    "text": b"hello\r\n\r\n",
    "no-version": b"GET /\r\n\r\n",
    "version-9": b"GET /health HTTP/9.9\r\nhost: x\r\n\r\n",
    "version-word": b"GET /health HTTPS/1.1\r\nhost: x\r\n\r\n",
    "unknown-method": b"FROBNICATE /health HTTP/1.1\r\nhost: x\r\n\r\n",
    "lower-method": b"get /health HTTP/1.1\r\nhost: x\r\n\r\n",
    "blank-in-path": b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n",
    "nul-in-path": b"GET /a\0b HTTP/1.1\r\nhost: x\r\n\r\n",
    "high-byte-in-path": b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "no-path": b"GET  HTTP/1.1\r\nhost: x\r\n\r\n",
    "only-query": b"GET ?a=b HTTP/1.1\r\nhost: x\r\n\r\n",
    "star": b"GET * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "connect": b"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    "header-without-colon": b"GET /health HTTP/1.1\r\nnonsense\r\n\r\n",
    "header-with-blank": b"GET /health HTTP/1.1\r\nho st: x\r\n\r\n",
    "header-with-nul": b"GET /health HTTP/1.1\r\nx: a\0b\r\n\r\n",
    "header-folded": b"GET /health HTTP/1.1\r\nx: a\r\n b\r\nconnection: close\r\n\r\n",
    "length-negative": b"POST /v1/vins HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "length-text": b"POST /v1/vins HTTP/1.1\r\ncontent-length: many\r\n\r\n",
    "length-huge": b"POST /v1/vins HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    "length-twice": b"POST /v1/vins HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "length-and-chunked": b"POST /v1/vins HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk-size-text": b"POST /v1/vins HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "transfer-coding-unknown": b"POST /v1/vins HTTP/1.1\r\ntransfer-encoding: rot13\r\n\r\n{}",
    "upgrade": b"GET /health HTTP/1.1\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n",
    "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "huge-line": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nconnection: close\r\n\r\n",
    "huge-header": b"GET /health HTTP/1.1\r\nx: " + b"a" * 200_000 + b"\r\nconnection: close\r\n\r\n",
    "many-headers": b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"connection: close\r\n\r\n",
}


def _raw(server: Server, sent: bytes, *, wait: float = 0.3) -> bytes:
    """Send and read what comes until the server closes or falls silent."""
    with socket.create_connection(server.address, timeout=wait) as connection:
        received = b""
        try:
            connection.sendall(sent)
            while piece := connection.recv(1 << 16):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
    return received


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_refused_in_the_same_form_or_closed(server: Server, what: str) -> None:
    received = _raw(server, GARBAGE[what])
    statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", received, re.MULTILINE)]
    assert len(statuses) <= 1
    if statuses and statuses[0] >= 400:
        check_error(server, parse(received))
    else:
        assert statuses in ([], [200])
    assert server.ask("GET", "/ready").status == 200


def test_what_is_no_http_is_answered_with_the_error_body_and_closed(server: Server) -> None:
    answer = parse(server.raw(b"hello\r\n\r\n"))
    body = check_error(server, answer, 400)
    assert body["type"] == "VALIDATION"
    assert answer.header("connection") == "close"


def test_requests_on_one_connection_are_answered_in_order(server: Server) -> None:
    line = b"GET /v1/vins/%b HTTP/1.1\r\nhost: x\r\n%b: %b\r\n%b\r\n"
    first, second = (
        line % (vin, *server.basic, end) for vin, end in ((b"5YJ", b""), (b"1FT", b"connection: close\r\n"))
    )
    received = server.raw(first + first + second)
    assert re.findall(rb'\r\n\r\n\{"vin":"(\w+)"', received) == [b"5YJ", b"5YJ", b"1FT"]
    assert received.count(b"HTTP/1.1 200 OK") == 3


def test_http_1_0_is_answered(server: Server) -> None:
    received = server.raw(b"GET /health HTTP/1.0\r\n\r\n")
    assert received.endswith(b"}")
    assert b" 200 OK\r\n" in received


def test_a_caller_that_goes_away_in_the_middle_of_a_body_is_no_fault(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        head = b"POST /v1/vins HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n%b: %b\r\n\r\n" % server.basic
        for sent in (head, head + b'{"vins":'):
            with socket.create_connection(server.address, timeout=5) as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                assert b"HTTP/1.1 5" not in connection.recv(1 << 16)
        assert 'status="500"' not in server.get("/metrics").text
        assert '"level":"error"' not in server.log
