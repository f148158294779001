"""What runs beside the API: health, metrics, the API document, pages, and a log in which requests can be found."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Answer, InProcess, Owned, Server, basic, built, page_has_anchor, started, until
from tests.http.v3.forms import refused, refused_preview

from carwire import __version__
from carwire.core.applications import Application
from carwire.core.errors import StoreUnavailable
from carwire.core.grants import AccessToken
from carwire.core.vehicles import Vehicle
from carwire.http.application import PAGE_TAGS
from carwire.storage.memory import MemoryStore
from carwire.wire.v2 import errors as wire
from carwire.wire.v3 import errors as v3_errors
from carwire.wire.v3 import kinds as v3_kinds
from carwire.wire.v3.envelope import Generation, View

TESLA = "5YJXCDE22HF068739"
QUESTION = f"/v2.0/compatibility?vin={TESLA}&scope=read_vin"
PAGES = ["/", "/docs/api", "/docs/errors"]
GENERATIONS: tuple[Generation, ...] = ("ga", "preview")


def lines(log: str) -> list[dict[str, Any]]:
    """Every line is JSON, but for the last one of a server that has ended."""
    return [json.loads(line) for line in log.splitlines() if line != "Carwire has stopped."]


def line_of(server: Server, answer: Answer) -> dict[str, Any]:
    request_id = answer.header("sc-request-id") or "none"
    until(lambda: request_id in server.log)  # it is written after the answer
    found = [line for line in lines(server.log) if line.get("request_id") == request_id]
    assert len(found) == 1, found
    return found[0]


class Breakable(MemoryStore):
    """A store that raises `error`, once there is one, whatever it is asked."""

    error: Exception | None = None

    async def ping(self) -> None:
        """Raise the error."""
        if self.error:
            raise self.error

    async def find(self, client_id: str) -> Application | None:
        """Raise the error, or find."""
        await self.ping()
        return await super().find(client_id)

    async def reach_by_token(
        self, digest: bytes, vehicle_id: str, now: datetime
    ) -> tuple[AccessToken, Vehicle | None] | None:
        """Raise the error, or reach."""
        await self.ping()
        return await super().reach_by_token(digest, vehicle_id, now)

    async def application_token(self, digest: bytes, now: datetime) -> AccessToken | None:
        """Raise the error, or look up."""
        await self.ping()
        return await super().application_token(digest, now)

    def version(self) -> int:
        """Return another number at every question: nobody is remembered."""
        self._state.applications_version += 1
        return self._state.applications_version


@pytest.fixture
def breakable(tmp_path: Path) -> Iterator[tuple[Breakable, Owned]]:
    """A server inside this process with its store at hand."""
    store = Breakable()
    with built(tmp_path, store=store) as client:
        yield store, client


def check_fault(client: InProcess, answer: Answer, status: int, code: str) -> None:
    body = answer.json()
    assert list(body) == ["statusCode", "type", "code", "description", "docURL", "resolution", "requestId"]
    assert (answer.status, body["statusCode"], body["type"], body["code"]) == (status, status, "SERVER", code)
    assert body["resolution"] == {"type": "RETRY_LATER"}
    assert body["requestId"] == answer.header("sc-request-id")
    assert page_has_anchor(client, body["docURL"].removeprefix(client.base_url))


@pytest.mark.parametrize("path", ["/health", "/ready", "/health/", "//ready"])
def test_health_and_readiness_are_told_to_anybody(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert (answer.status, answer.json()) == (200, {"status": "ok", "version": __version__})


def test_an_unreachable_database_is_told_and_health_stays(breakable: tuple[Breakable, Owned]) -> None:
    store, client = breakable
    car = client.connect()
    assert client.get("/ready").status == 200
    store.error = StoreUnavailable("postgresql://user:hunter2@host is gone")
    check_fault(client, client.ask("GET", "/ready"), 503, "UNAVAILABLE")
    check_fault(client, client.get(QUESTION), 503, "UNAVAILABLE")
    check_fault(client, client.get("/v1/vins/5YJ"), 503, "UNAVAILABLE")
    check_fault(client, client.as_owner(car, "GET", "/odometer"), 503, "UNAVAILABLE")
    assert client.ask("GET", "/health").status == 200
    store.error = None
    assert client.as_owner(car, "GET", "/odometer").status == 200


def test_what_nobody_expected_is_a_fault_without_its_cause(breakable: tuple[Breakable, Owned]) -> None:
    store, client = breakable
    car = client.connect()
    store.error = RuntimeError("hunter2")
    for answer in (client.get("/ready"), client.get(QUESTION), client.as_owner(car, "GET", "/vin")):
        check_fault(client, answer, 500, "INTERNAL")
        assert "hunter2" not in answer.text
        assert "Traceback" not in answer.text


def test_v3_tells_faults_in_its_own_form(breakable: tuple[Breakable, Owned]) -> None:
    store, client = breakable
    car = client.connect()
    client.machine  # noqa: B018  # drawn while it works
    for error, status, code, short in (
        (StoreUnavailable("postgresql://user:hunter2@host is gone"), 503, "UNAVAILABLE", "service_unavailable"),
        (RuntimeError("hunter2"), 500, "INTERNAL", "internal_error"),
    ):
        store.error = error
        for path in ("/connections", f"/vehicles/{car.vehicle_id}", f"/vehicles/{car.vehicle_id}/signals"):
            answer = client.v3("GET", path, car.user_id)
            entry = refused(client, answer, status, code)
            assert (entry["type"], entry["resolution"]) == ("SERVER", {"type": "RETRY_LATER"})
            assert "hunter2" not in answer.text
        answer = client.ask("GET", f"/v3/vehicles/{car.vehicle_id}/signals", [car.bearer])
        assert refused_preview(client, answer, status, short)["code"] == code
    store.error = None
    assert client.v3("GET", "/connections").status == 200


def test_metrics_count_requests_by_route_and_status(server: Server) -> None:
    def counted(route: str, status: int) -> float:
        text = server.ask("GET", "/metrics").text
        found = re.search(
            rf'^carwire_http_requests_total{{route="{re.escape(route)}",status="{status}"}} (.*)$', text, re.M
        )
        return float(found[1]) if found else 0.0

    asked = [
        ("/v2.0/compatibility", 200, QUESTION),
        ("/v2.0/compatibility", 400, "/v2.0/compatibility"),
        ("/v2.0/compatibility", 200, f"//v9.9/compatibility/?vin={TESLA}&scope=read_vin"),
        ("/v1/vins/{vin}", 200, f"/v1/vins/{TESLA}"),
        ("/v1/compatibility/{vin}", 400, "/v1/compatibility/5YJ"),
        ("unmatched", 404, "/nothing/at/all"),
        ("unmatched", 404, "/v1.0/x"),
    ]
    for route, status, target in asked:
        before = counted(route.replace(":str", ""), status)
        assert server.get(target).status == status
        assert counted(route, status) == before + 1, target
    answer = server.ask("GET", "/metrics")
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    for family in (
        "process_resident_memory_bytes",
        "python_gc_collections_total",
        "carwire_http_request_seconds_bucket",
    ):
        assert f"\n{family}" in answer.text


def test_labels_are_templates_and_never_what_was_asked(server: Server, here: Owned) -> None:
    for n in range(20):
        for target in (
            f"/v1/vins/5YJ3E1EA0KF{n:06}",
            f"/x{n}/y",
            f"/v1/compatibility/{n}",
            f"/docs/errors/api-errors/{n}",
        ):
            server.get(target)
    text = server.ask("GET", "/metrics").text
    templates = set(server.get("/openapi.json").json()["paths"])
    routes = set(re.findall(r'route="([^"]*)"', text))
    pages = {route.path for route in here.carwire.routes if route.tag in {"pages", "connect"}}
    assert routes <= {*templates, *pages, "/demo", "/demo/callback", "/demo/car", "unmatched"}
    assert "5YJ3" not in text


def test_the_api_document_describes_every_call_and_nothing_else(server: Server, here: Owned) -> None:
    document = server.ask("GET", "/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__
    assert document["servers"] == [{"url": server.base_url}]
    operations = {(m.upper(), p): op for p, methods in document["paths"].items() for m, op in methods.items()}
    served = {(route.method, route.path) for route in here.carwire.routes if route.tag not in PAGE_TAGS}
    assert set(operations) == served
    assert len(served) > 80
    assert len({op["operationId"] for op in operations.values()}) == len(operations)
    for (method, path), op in operations.items():
        answer = server.ask(method, re.sub(r"{vin}|{wmi}", "5YJ", path).replace("{", "").replace("}", ""))
        if "form" in str(op.get("requestBody")) and not op["security"]:
            assert answer.status == 400, path
        elif not path.startswith(("/oauth/", "/oauth2/")):
            assert answer.status == (401 if op["security"] else 200), path
        assert str(answer.status) in op["responses"]
        assert op["summary"]
        assert op["description"]
        for parameter in op["parameters"]:
            assert parameter["description"], (path, parameter["name"])
            assert parameter["required"] is True or parameter["in"] in {"query", "header"}
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])


@pytest.mark.parametrize("path", [*PAGES, *(f"/docs/errors/api-errors/{kind.group}-errors" for kind in wire.KINDS)])
def test_a_page_is_html_that_loads_nothing(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert answer.status == 200
    assert (answer.header("content-type") or "").startswith("text/html")
    policy = answer.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("frame-ancestors 'none'")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert UUID(answer.header("sc-request-id") or "")
    assert answer.text.startswith("<!doctype html>")
    assert "<script" not in answer.text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", answer.text)


@pytest.mark.parametrize("kind", wire.KINDS)
def test_every_kind_of_error_has_its_place_on_the_page_it_names(server: Server, kind: wire.ErrorKind) -> None:
    body = wire.error_body(kind, request_id="x", base_url=server.base_url)
    assert page_has_anchor(server, body.docURL.removeprefix(server.base_url))


@pytest.mark.parametrize("kind", [*v3_kinds.BY_KIND.values(), *v3_kinds.EDGE], ids=lambda kind: f"{kind.status}")
def test_every_kind_of_error_of_v3_has_its_place_and_code_on_the_page_it_names(
    server: Server, kind: v3_kinds.ErrorKind
) -> None:
    for generation in GENERATIONS:
        body = v3_errors.error_answer(kind, View(generation=generation, base_url=server.base_url), "x").body
        (entry,) = body.errors
        target = entry.links.about.removeprefix(server.base_url)
        assert page_has_anchor(server, target)
    text = server.ask("GET", target.partition("#")[0]).text
    code = kind.code or "null"
    row = f"<tr[^>]*><td>.*{kind.status}</td><td><code>{kind.type}</code></td><td>.*</td><td><code>{code}</code>"
    assert re.search(row, text), kind


def test_a_page_of_errors_has_a_code_for_each_version(server: Server) -> None:
    text = server.ask("GET", "/docs/errors/api-errors/resource-not-found-errors").text
    assert re.search('<tr id="path"><td><a id="invalid-path"></a>404</td>.*<code>PATH</code>.*<code>INVALID_PATH', text)
    assert re.search('<tr id="vehicle-not-found"><td>404</td>.*<td>–</td><td><code>VEHICLE_NOT_FOUND</code></td>', text)


def test_ids_are_unique_on_every_page(server: Server) -> None:
    for path in [*PAGES, *(f"/docs/errors/api-errors/{kind.group}-errors" for kind in wire.KINDS)]:
        ids = re.findall(r' id="([^"]*)"', server.ask("GET", path).text)
        if path == "/docs/errors":  # authentication and validation both have a place for the code null
            ids = [each for each in ids if each != "null"]
        assert len(ids) == len(set(ids)), path


def test_ids_are_unique_on_the_page_of_all_errors(server: Server) -> None:
    ids = re.findall(r' id="([^"]*)"', server.ask("GET", "/docs/errors").text)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "target", [*PAGES, "/health", "/metrics", "/openapi.json", "/v1/vins/5YJ", QUESTION, "/nothing"]
)
def test_every_answer_has_a_request_id_and_a_type(server: Server, method: str, target: str) -> None:
    answer = server.ask(method, target, [server.basic])
    assert UUID(answer.header("sc-request-id") or "")
    assert answer.header("content-type")
    assert all(name == name.lower() for name, _ in answer.headers)
    assert not {"server", "x-powered-by", "set-cookie"} & {name for name, _ in answer.headers}


@pytest.mark.parametrize(
    ("method", "target", "kept"),
    [
        ("GET", QUESTION, "no-store"),
        ("HEAD", QUESTION, "no-store"),
        ("GET", f"/v1/vins/{TESLA}", "no-store"),
        ("POST", "/v1/vins", "no-store"),
        ("GET", "/v2.0/vehicles", "no-store"),
        ("POST", "/oauth/token", "no-store"),
        ("GET", "/v2/vehicles/vins/x", "no-store"),
        ("GET", "/v3/connections", "no-store"),
        ("GET", "/v3/compatible-vehicles", "public, max-age=86400"),
        ("GET", f"/api/vehicles/DecodeVin/{TESLA}", "no-store"),
        ("GET", "/metrics", "no-store"),
        ("GET", "/openapi.json", "no-store"),
        ("GET", "/nothing", "no-store"),
        ("PUT", "/health", "no-store"),
        ("OPTIONS", "/v1/vins", "no-store"),
    ],
)
def test_what_is_no_page_is_neither_kept_nor_guessed_at_nor_framed(
    server: Server, method: str, target: str, kept: str
) -> None:
    answer = server.ask(method, target, [server.basic])
    assert answer.header("cache-control") == kept
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"


def test_what_is_no_http_is_answered_with_the_same_caution(server: Server) -> None:
    received = server.raw(b"hello\r\n\r\n").lower()
    assert received.count(b"\r\nx-content-type-options: nosniff\r\n") == 1
    assert received.count(b"\r\ncache-control: no-store\r\n") == 1


# The log.


@pytest.mark.parametrize(
    ("method", "target", "level", "route", "status"),
    [
        ("GET", QUESTION, "debug", "/v2.0/compatibility", 200),
        ("GET", f"/v1/vins/{TESLA}", "debug", "/v1/vins/{vin}", 200),
        ("GET", "/v2.0/compatibility", "info", "/v2.0/compatibility", 400),
        ("GET", "/v1/compatibility/5YJ", "info", "/v1/compatibility/{vin}", 400),
        ("GET", "/nothing/here", "info", "unmatched", 404),
        ("GET", f"/vehicle/{TESLA}", "info", "unmatched", 404),
        ("POST", "/v1/vins", "info", "/v1/vins", 400),
        ("PUT", "/health", "info", "unmatched", 405),
    ],
)
def test_a_request_is_found_in_the_log_by_its_id(
    server: Server, *, method: str, target: str, level: str, route: str, status: int
) -> None:
    answer = server.ask(method, target, [server.basic])
    line = line_of(server, answer)
    assert answer.status == status
    if status >= 400:
        assert answer.json()["requestId"] == line["request_id"]
    assert {key: line[key] for key in ("event", "level", "method", "status")} == {
        "event": "request",
        "level": level,
        "method": method,
        "status": status,
    }
    assert line["route"] == route
    assert line["ms"] > 0
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)$", line["timestamp"])


def test_what_is_no_http_is_found_in_the_log_by_its_id(server: Server) -> None:
    received = server.raw(b"hello\r\n\r\n")
    (request_id,) = re.findall(rb'"requestId":"([^"]+)"', received)
    until(lambda: request_id.decode() in server.log)


def test_refusals_only_are_logged_at_the_usual_level(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        for _ in range(5):
            server.get(QUESTION)
        server.get("/nothing")
        until(lambda: "404" in server.log)
    assert [(line["level"], line["status"]) for line in lines(server.log)] == [("info", 404)]


def test_secrets_reach_neither_the_log_nor_metrics_nor_answers(server: Server) -> None:
    """Fifty of them, in every place a caller may put one."""
    planted = [secrets.token_urlsafe(32) for _ in range(44)]
    planted += ["5YJ3E1EA9KF" + f"{secrets.randbelow(10**6):06}" for _ in range(6)]
    answers = []
    for n, secret in enumerate(planted):
        value = secret.encode()
        places: list[tuple[str, bytes, list[tuple[bytes, bytes]], bytes]] = [
            ("GET", QUESTION.encode(), [basic(f"{server.client_id}:{secret}")], b""),
            ("GET", QUESTION.encode(), [basic(f"{secret}:{secret}")], b""),
            ("GET", QUESTION.encode(), [(b"authorization", b"Bearer " + value)], b""),
            ("GET", QUESTION.encode(), [(b"authorization", value)], b""),
            ("GET", b"/oauth/" + value, [], b""),
            ("GET", b"/x/" + value + b"/y/" + value, [server.basic], b""),
            ("GET", b"/v1.0/" + value, [], b""),
            ("GET", b"/" + value + b"?code=" + value, [], b""),
            ("POST", b"/oauth/token?client_secret=" + value, [], b"client_secret=" + value),
            ("GET", b"/v1/vins/" + value, [server.basic], b""),
            ("GET", b"/v1/compatibility/" + value, [server.basic], b""),
            ("GET", b"/docs/errors/api-errors/" + value, [], b""),
            ("GET", b"/v2.0/compatibility?vin=" + value + b"&scope=" + value, [server.basic], b""),
            ("GET", QUESTION.encode() + b"&" + value + b"=1&flags=" + value, [server.basic], b""),
            ("GET", b"/health", [(b"cookie", value), (b"x-api-key", value), (b"user-agent", value)], b""),
            ("POST", b"/v1/vins", [server.basic], b'{"vins":["' + value + b'"],"secret":"' + value + b'"}'),
            ("POST", b"/v1/vins", [server.basic], value),
            ("PUT", b"/v1/vins/" + value, [server.basic], value),
        ]
        for method, target, headers, body in places[n % 2 :: 2] if n > 1 else places:
            answer = server.ask(method, target, headers, body)
            assert answer.status < 500
            if answer.status in {401, 404, 405}:
                answers.append(answer.text)
    server.raw(b"GET / HTTP/1.1\r\n" + planted[0].encode() + b"\r\n\r\n")
    log, metrics = server.log, server.ask("GET", "/metrics").text
    assert len(lines(log)) > 400
    for secret in planted:
        assert secret not in log
        assert secret not in metrics
        assert not any(secret in answer for answer in answers)
    assert server.client_secret not in log
    assert server.demo["application_management_token"] not in log
    assert server.client_secret not in metrics
