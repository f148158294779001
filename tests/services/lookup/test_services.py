"""External lookup services: order, cost, keeping, failures and provenance, against a server of our own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import StandingClock

from carwire.connectors.services.mapping import at, read_mapping
from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.errors import CannotStart
from carwire.core.lookup.answers import Found
from carwire.core.lookup.asking import Question
from carwire.core.lookup.refusal import LookupRefused
from carwire.core.lookup.regions import REGIONS
from carwire.core.ports import Store
from carwire.lookup import services_of
from carwire.services.lookup.asking_out import Outside
from carwire.services.lookup.finding import LookupService

VIN = "WVWZZZ1KZAW000123"
GOLF = (
    b'{"car":{"vin":"WVWZZZ1KZAW000123","made":"2010","brand":"VW","line":"GOLF","trim":"GTI","paint":"RED",'
    b'"text":"VW GOLF GTI","events":[{"code":"Repairable Write-off"}]}}'
)


class Outer:
    """A service that answers what it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, GOLF)
        self.asked: list[tuple[str, str | None]] = []
        self.wait = threading.Event()
        self.wait.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("x-key")))
                outer.wait.wait(5)
                status, body = outer.answer
                self.send_response(status)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def outer() -> Iterator[Outer]:
    made = Outer()
    yield made
    made.wait.set()
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def mapping(folder: Path, url: str, name: str = "acme", more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f"""
name = "{name}"
regions = ["de", "au"]
vin_url = "{url}/vins/{{vin}}?in={{region}}"
plate_url = "{url}/plates/{{plate}}?state={{state}}"
headers = {{ x-key = "{{secret}}" }}
secret_env = "ACME_KEY"
timeout_s = 1
found = "car"
describes = "car.text"
vin = "car.vin"
{more}
[raw]
brand = "car.brand"

[traits]
year = {{ path = "car.made", as = "year" }}
make = {{ path = "car.brand", as = "make" }}
model = {{ path = "car.line", as = "model" }}
badge = {{ path = "car.trim" }}

[car]
colour = {{ path = "car.paint", as = "colour" }}
incidents = {{ path = "car.events" }}
""")
    return path


class Place:
    """A lookup service with services outside."""

    def __init__(self, store: Store, *files: Path) -> None:
        self.clock = StandingClock()
        services = services_of(",".join(map(str, files)), {"ACME_KEY": "s3cret"})
        self.service = LookupService(store, VpicFacts(), self.clock, Outside(store, services, self.clock))

    def vin(self, vin: str = VIN, *features: str) -> Found:
        return asyncio.run(self.service.by_vin(vin, Question(REGIONS["de"], frozenset(features))))

    def plate(self, plate: str = "AB C1", region: str = "au", state: str | None = "NSW") -> Found:
        return asyncio.run(self.service.by_plate(plate, state, Question(REGIONS[region])))


def test_a_service_answers_where_no_register_does_and_every_fact_keeps_its_source(
    tmp_path: Path, store: Store, outer: Outer
) -> None:
    place = Place(store, mapping(tmp_path, outer.url))
    found = place.vin(VIN, "match_explain", "writeoff_info", "additional_upstream_data")
    assert outer.asked == [(f"/vins/{VIN}?in=de", "s3cret")]
    assert found.vehicle is not None
    assert (found.vehicle.title, found.confidence) == ("2010 Volkswagen Golf GTI", "standard")
    assert (found.upstream_vehicle, found.colour) == ("VW GOLF GTI", "Red")
    assert found.extras["writeoff_info"]["source"] == "acme"
    assert found.extras["additional_upstream_data"]["region_specific"]["brand"] == "VW"
    assert found.explanation is not None
    assert {e.source for e in found.explanation.evidence if e.field in {"model", "year", "badge"}} == {"acme"}


def test_an_answer_is_kept_for_its_time(tmp_path: Path, store: Store, outer: Outer) -> None:
    place = Place(store, mapping(tmp_path, outer.url, more="keep_hours = 2"))
    for _ in range(3):
        assert place.vin().vehicle is not None
    assert len(outer.asked) == 1
    place.clock.move(hours=2)
    place.vin()
    assert len(outer.asked) == 2
    outer.answer = (404, b"")
    assert place.vin("WVWZZZ1KZAW000124").vehicle is None
    place.vin("WVWZZZ1KZAW000124")
    assert len(outer.asked) == 3, "that nobody knows it is kept, too"


def test_a_day_costs_no_more_than_was_said(tmp_path: Path, store: Store, outer: Outer) -> None:
    place = Place(store, mapping(tmp_path, outer.url, more="cost = 0.30\nmost_per_day = 1.0"))
    for serial in range(6):
        place.vin(f"WVWZZZ1KZAW00020{serial}")
    assert len(outer.asked) == 3
    place.clock.move(days=1)
    place.vin("WVWZZZ1KZAW000209")
    assert len(outer.asked) == 4


def test_services_are_asked_in_order_until_one_knows(tmp_path: Path, store: Store, outer: Outer) -> None:
    second = Outer()
    try:
        place = Place(store, mapping(tmp_path, outer.url), mapping(tmp_path, second.url, "zenith"))
        outer.answer = (200, b'{"car":null}')
        assert place.vin().upstream_vehicle == "VW GOLF GTI"
        assert (len(outer.asked), len(second.asked)) == (1, 1)
        outer.answer = (200, GOLF)
        place.vin("WVWZZZ1KZAW000125")
        assert (len(outer.asked), len(second.asked)) == (2, 1)
    finally:
        second.server.shutdown()
        second.server.server_close()


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (302, b""), (200, b"<html>"), (200, b"\xff"), (200, b"[" * 100_000), (200, b'"' + b"x" * 1_100_000)],
    ids=["fault", "redirect", "no JSON", "no text", "deep", "large"],
)
def test_a_service_that_fails_is_passed_over_and_not_believed(
    tmp_path: Path, store: Store, outer: Outer, answer: tuple[int, bytes]
) -> None:
    outer.answer = answer
    place = Place(store, mapping(tmp_path, outer.url))
    assert place.vin().vehicle is None
    with pytest.raises(LookupRefused) as refused:
        place.plate()
    assert (refused.value.code, refused.value.status) == ("source_unavailable", 503)
    outer.answer = (200, GOLF)
    assert place.vin().vehicle is not None, "a failure is not kept"


def test_a_service_that_does_not_answer_is_not_waited_for(tmp_path: Path, store: Store, outer: Outer) -> None:
    outer.wait.clear()
    place = Place(store, mapping(tmp_path, outer.url))
    assert place.vin().vehicle is None
    outer.wait.set()
    gone = Place(store, mapping(tmp_path, "http://127.0.0.1:9", "gone"))
    assert gone.vin().vehicle is None


def test_a_plate_leads_to_the_vin_a_service_tells(tmp_path: Path, store: Store, outer: Outer) -> None:
    place = Place(store, mapping(tmp_path, outer.url))
    found = place.plate("A/B?C")
    assert outer.asked == [("/plates/A%2FB%3FC?state=NSW", "s3cret")]
    assert (found.vin, found.upstream_vehicle) == (VIN, "VW GOLF GTI")
    outer.answer = (404, b"")
    assert place.plate("XYZ").vehicle is None
    with pytest.raises(LookupRefused) as refused:
        asyncio.run(place.service.by_vin(VIN, Question(REGIONS["fr"])))
    assert refused.value.code == "region_not_configured"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "acme"', "", "name"),
        ("{{vin}}", "{{owner}}", "'owner' is not known"),
        ("badge =", "owner =", "'owner' is not known"),
        ("colour =", "phone =", "'phone' is not known"),
        ('as = "year"', 'as = "magic"', "'magic' is not known"),
        ("[traits]", "[traits", "cannot be used"),
        ('x-key = "{secret}"', 'x-key = "{secret}" , y', "cannot be used"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_one_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = mapping(tmp_path, "https://a.example")
    old, new = old.replace("{{", "{").replace("}}", "}"), new.replace("{{", "{").replace("}}", "}")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CannotStart, match=message):
        read_mapping(path)
    with pytest.raises(CannotStart):
        services_of(f"{path}.none", {})


def test_a_secret_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="ACME_KEY"):
        services_of(str(mapping(tmp_path, "https://a.example")), {})


def test_places_in_an_answer() -> None:
    body = {"a": [{"b": 1}, 2], "c": None}
    for path, value in (("a.0.b", 1), ("a.1", 2), ("a.2", None), ("a.x", None), ("c.d", None), ("z", None), ("", None)):
        assert at(body, path) == value
