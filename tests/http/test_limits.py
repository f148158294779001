"""How often an application may ask: the bucket, and who is limited by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Owned, built, check_error
from tests.http.v3.forms import refused, refused_preview

from carwire.core.budgets import Bucket
from carwire.http import limits
from carwire.http.limits import ApplicationLimit, Limited
from carwire.kit.ids import new_id

HUNDRED_TWENTY_AND_TWO = Bucket(120, 3600)  # as the original has it: two more a minute


class Watch:
    """A clock that only goes where it is put."""

    def __init__(self) -> None:
        self.at = 5000.0

    def __call__(self) -> float:
        return self.at


def passes(limit: ApplicationLimit, client_id: str = "a") -> float | None:
    """Take one. Return null when it passed, else the seconds to wait."""
    try:
        limit.take(client_id)
    except Limited as limited:
        return limited.retry_after_s
    return None


def test_a_hundred_and_twenty_pass_at_once_and_two_more_a_minute() -> None:
    watch = Watch()
    limit = ApplicationLimit(HUNDRED_TWENTY_AND_TWO, watch)
    assert [passes(limit) for _ in range(120)] == [None] * 120
    assert passes(limit) == pytest.approx(30)
    watch.at += 29.9
    assert passes(limit) == pytest.approx(0.1)
    watch.at += 0.1
    assert passes(limit) is None
    watch.at += 60
    assert [passes(limit) is None for _ in range(3)] == [True, True, False]
    watch.at += 1e6
    assert sum(passes(limit) is None for _ in range(300)) == 120


def test_a_refused_request_costs_nothing() -> None:
    watch = Watch()
    limit = ApplicationLimit(Bucket(1, 60), watch)
    assert passes(limit) is None
    for _ in range(59):
        watch.at += 1
        assert passes(limit) is not None
    watch.at += 1
    assert passes(limit) is None


def test_applications_have_a_bucket_each() -> None:
    limit = ApplicationLimit(Bucket(1, 60), Watch())
    assert [passes(limit, name) is None for name in ("a", "b", "a", "b", "c")] == [True, True, False, False, True]


def test_without_a_bucket_nothing_is_limited() -> None:
    limit = ApplicationLimit(None)
    assert all(passes(limit) is None for _ in range(1000))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST", 10)
    limit = ApplicationLimit(Bucket(1, 60), Watch())
    for n in range(100):
        assert passes(limit, str(n)) is None
    assert len(limit._levels) <= 10
    assert passes(limit, "99") is not None


@given(st.integers(1, 1000), st.floats(1, 100_000), st.floats(0, 1e7))
def test_who_waits_as_long_as_told_passes(size: int, refill_s: float, at: float) -> None:
    watch = Watch()
    watch.at = at
    limit = ApplicationLimit(Bucket(size, refill_s), watch)
    for _ in range(size):
        assert passes(limit) is None
    wait = passes(limit)
    assert wait is not None
    watch.at += wait
    assert passes(limit) is None


@pytest.fixture
def limited(tmp_path: Path) -> Owned:
    with built(tmp_path, application_requests="120/2") as client:
        return client


def test_an_application_that_asks_too_often_is_told_when_to_come_again(limited: Owned) -> None:
    car = limited.connect()
    assert {limited.as_owner(car, "GET", "/vin").status for _ in range(120)} == {200}
    for method, target, headers in (
        ("GET", f"/v2.0/vehicles/{car.vehicle_id}/vin", [car.bearer]),
        ("GET", "/v2.0/vehicles/not-an-id/vin", [car.bearer]),
        ("POST", f"/v2.0/vehicles/{car.vehicle_id}/batch", [car.bearer]),
        ("GET", "/v2.0/vehicles", [car.bearer]),
        ("GET", "/v2.0/management/connections?limit=x", [limited.amt]),
        ("GET", "/v2.0/compatibility", [limited.basic]),
        ("DELETE", f"/v2.0/vehicles/{car.vehicle_id}/application", [limited.amt]),
        ("DELETE", f"/v2.0/vehicles/{car.vehicle_id}/application", [car.bearer]),
    ):
        answer = limited.ask(method, target, headers)
        body = check_error(limited, answer, 429)
        assert (body["type"], body["code"]) == ("RATE_LIMIT", "SMARTCAR_API")
        assert body["resolution"] == {"type": "RETRY_LATER"}
        assert 25 <= int(answer.header("retry-after") or "") <= 30
    assert limited.another().get("/v1/vins/5YJ").status == 200, "nobody else is limited"


def test_v3_tells_it_in_its_own_form(limited: Owned) -> None:
    car = limited.connect()
    limited.machine  # noqa: B018  # which costs nothing
    vehicle = f"/vehicles/{car.vehicle_id}"
    for n in range(120):
        answer = limited.v3("GET", ("/connections", "/nothing", f"{vehicle}/signals")[n % 3], car.user_id)
        assert answer.status in {200, 404}
    for _ in range(40):  # what is not there costs nothing
        assert limited.v3("GET", "/webhooks").status == 200
    for method, path, user in (
        ("GET", "/connections?page[size]=x", None),
        ("DELETE", f"/connections/{car.vehicle_id}", None),
        ("POST", "/subscriptions", None),
        ("GET", vehicle, None),
        ("GET", f"{vehicle}/signals", None),
        ("GET", "/vehicles/not-an-id/signals", car.user_id),
        ("GET", f"/vehicles/{new_id()}/signals", car.user_id),
        ("POST", f"{vehicle}/commands/security/lock", car.user_id),
    ):
        answer = limited.v3(method, path, user)
        entry = refused(limited, answer, 429, "SMARTCAR_API")
        assert (entry["type"], entry["resolution"]) == ("RATE_LIMIT", {"type": "RETRY_LATER"})
        assert 25 <= int(answer.header("retry-after") or "") <= 30
    for path in (vehicle, f"{vehicle}/signals", "/connections"):
        answer = limited.ask("GET", f"/v3{path}", [car.bearer])
        assert refused_preview(limited, answer, 429, "too_many_requests")["code"] == "SMARTCAR_API"
    assert limited.another().v3("GET", "/connections").status == 200, "nobody else is limited"
    assert limited.ask("GET", "/v3/compatible-vehicles").status == 200


def test_who_shows_no_credentials_spends_nobodys_requests(limited: Owned) -> None:
    for _ in range(200):
        check_error(limited, limited.ask("GET", "/v2.0/compatibility"), 401)
    assert limited.get("/v1/vins/5YJ").status == 200


def test_tokens_are_handed_out_to_a_limited_application(limited: Owned) -> None:
    car = limited.connect()
    for _ in range(121):
        limited.as_owner(car, "GET", "/vin")
    form = f"grant_type=refresh_token&refresh_token={car.tokens.refresh_token.reveal()}".encode()
    assert limited.ask("POST", "/oauth/token", [limited.basic], form).status == 200
