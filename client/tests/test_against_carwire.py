"""Both clients against Carwire itself: one blocks, over a socket; the other is awaited, inside the process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from client.tests.conftest import Hand, Place
from tests.support import Connected, approve

from carwire.services.webhooks.managing import Wanted
from carwire_client import (
    AuthClient,
    AuthenticationFailed,
    CarwireError,
    FileTokenStore,
    GrantRefused,
    InvalidRequest,
    NotCapable,
    NotFound,
    PermissionMissing,
    Result,
    Secret,
    VehicleState,
    new_pkce,
)
from carwire_client.calls.vehicle import READS


@pytest.fixture(scope="module")
def tesla(place: Place) -> Connected:
    """An owner with one electric car."""
    return place.connect("tesla@example.com", "TESLA")


@pytest.fixture(scope="module")
def volt(place: Place) -> Connected:
    """An owner with a plug-in hybrid."""
    return place.connect("volt@example.com", "CHEVROLET")


@pytest.fixture(scope="module")
def many(place: Place) -> Connected:
    """An owner with seven cars."""
    return place.connect("7-vehicles@smartcar.com", "KIA")


def token(car: Connected) -> str:
    return car.tokens.access_token.reveal()


def of(hand: Hand, car: Connected, **options: Any) -> Any:
    return hand.client.vehicle(car.vehicle_ids[0], token(car), **options)


def test_every_read_of_some_car_is_a_result_with_its_meta(hand: Hand, tesla: Connected, volt: Connected) -> None:
    answered = set()
    for path, read in READS.items():
        for car in (tesla, volt):
            try:
                found = hand(getattr(of(hand, car), read.method)())
            except (NotCapable, VehicleState):
                continue
            assert isinstance(found, read.result), path
            meta: Any = found.meta
            assert len(meta.request_id) == 36
            assert found.extra == {}, path
            if path not in {"/", "/vin", "/permissions"}:
                assert meta.data_age.tzinfo is UTC
                assert meta.data_age <= meta.fetched_at
            answered.add(path)
    assert answered == set(READS)


def test_units_are_those_asked_for(hand: Hand, tesla: Connected) -> None:
    metric, imperial = (hand(of(hand, tesla, unit_system=name).odometer()) for name in ("metric", "imperial"))
    assert metric.distance == pytest.approx(imperial.distance * 1.609344)
    assert (metric.meta.unit_system, imperial.meta.unit_system) == ("metric", "imperial")


def test_commands_are_carried_out_and_name_themselves(hand: Hand, tesla: Connected) -> None:
    vehicle = of(hand, tesla)
    for action, locked in (("unlock", False), ("lock", True)):
        done = hand(getattr(vehicle, action)())
        assert (done.status, done.message) == ("success", "Successfully sent request to vehicle")
        assert done.meta.command_id
        assert hand(vehicle.lock_status()).is_locked is locked
    assert hand(vehicle.send_destination(52.5, 13.4)).status == "success"
    with pytest.raises(VehicleState) as caught:
        hand(vehicle.stop_charge())
    assert caught.value.status_code == 409
    assert caught.value.doc_url


def test_a_command_with_the_same_key_is_the_same_command(hand: Hand, tesla: Connected) -> None:
    vehicle = of(hand, tesla)
    key = f"lock-{hand.kind}"
    first, second = (hand(vehicle.lock(idempotency_key=key)) for _ in range(2))
    assert first.meta.command_id == second.meta.command_id
    assert hand(vehicle.lock()).meta.command_id != first.meta.command_id


def test_a_charge_limit_is_a_number(hand: Hand, tesla: Connected) -> None:
    vehicle = of(hand, tesla)
    try:
        hand(vehicle.set_charge_limit(0.9))
    except (VehicleState, NotCapable):
        return
    assert hand(vehicle.get_charge_limit()).limit == 0.9


def test_the_server_says_which_limits_it_takes(hand: Hand, tesla: Connected) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hand(of(hand, tesla).set_charge_limit(0.3))
    assert [problem["field"] for problem in caught.value.detail] == ["limit"]
    assert not caught.value.may_have_happened


def test_a_batch_answers_each_path_by_itself(hand: Hand, tesla: Connected) -> None:
    batch = hand(of(hand, tesla).batch(["/odometer", "/fuel", "/tesla/compass", "/", "/service/history"]))
    assert batch.odometer().distance > 0
    assert batch.odometer().meta.data_age < datetime.now(UTC)
    assert batch.attributes().make == "TESLA"
    assert "heading" in batch.tesla_compass().body
    assert isinstance(batch.service_history().items, tuple)
    with pytest.raises(NotCapable) as caught:
        batch.fuel()
    assert (caught.value.status_code, caught.value.code) == (501, "VEHICLE_NOT_CAPABLE")
    with pytest.raises(InvalidRequest) as refused:
        hand(of(hand, tesla).batch(["/odometer", "/nonsense"]))
    assert refused.value.detail


def test_endpoints_of_one_make_are_reached_by_request(hand: Hand, tesla: Connected) -> None:
    vehicle = of(hand, tesla)
    compass = hand(vehicle.request("GET", "tesla/compass"))
    assert set(compass.body) == {"heading", "direction"}
    assert compass.meta.data_age
    imperial = hand(vehicle.request("GET", "odometer", headers={"sc-unit-system": "imperial"}))
    assert imperial.meta.unit_system == "imperial"
    done = hand(vehicle.request("POST", "tesla/climate/cabin", {"action": "SET", "temperature": 21}))
    assert done.body["status"] == "success"
    with pytest.raises(NotFound):
        hand(vehicle.request("GET", "nonsense"))


def test_signals_of_v3_are_read_with_an_owners_token(hand: Hand, tesla: Connected) -> None:
    vehicle = of(hand, tesla)
    hand(vehicle.odometer())
    one = hand(vehicle.get_signal("odometer-traveleddistance"))
    assert one.data.attributes.status.value == "SUCCESS"
    assert one.data.meta.retrieved_at.tzinfo is UTC
    every = hand(vehicle.get_signals())
    assert "odometer-traveleddistance" in [each.attributes.code for each in every.data]
    found = hand(hand.client.get_vehicle(token(tesla), tesla.vehicle_id))
    assert (found.id, found.attributes.make) == (tesla.vehicle_id, "TESLA")
    with pytest.raises(NotFound):
        hand(vehicle.get_signal("no-such-signal"))


def test_owners_and_their_vehicles(hand: Hand, many: Connected) -> None:
    client = hand.client
    assert hand(client.get_user(token(many))).id == many.user_id
    page = hand(client.get_vehicles(token(many), limit=3, offset=5))
    assert (len(page.vehicles), page.paging.count, page.paging.offset) == (2, 7, 5)


def test_all_pages_are_gone_through(hand: Hand, many: Connected, place: Place) -> None:
    client = hand.client
    every = hand.all(client.iter_vehicles(token(many), limit=2))
    assert sorted(every) == sorted(many.vehicle_ids)
    assert hand.all(client.iter_vehicles(token(many), offset=6)) == [every[6]]
    assert hand.all(client.iter_vehicles(token(many), offset=100)) == []
    granted = hand.all(of(hand, many).iter_permissions(limit=5))
    assert len(granted) == len(set(granted)) == hand(of(hand, many).permissions(limit=1)).paging.count
    amt = place.owned.management_token
    connections = hand.all(client.iter_connections(amt, user_id=many.user_id, limit=2))
    assert sorted(each.vehicle_id for each in connections) == sorted(many.vehicle_ids)
    assert {(each.user_id, each.mode) for each in connections} == {(many.user_id, "simulated")}
    assert all(each.connected_at.tzinfo is UTC for each in connections)


def test_connections_are_deleted_by_vehicle(hand: Hand, place: Place) -> None:
    car = place.connect(f"leaving-{hand.kind}@example.com")
    amt = Secret(place.owned.management_token)
    (gone,) = hand(hand.client.delete_connections(amt, vehicle_id=car.vehicle_id)).connections
    assert (gone.vehicle_id, gone.user_id, gone.connected_at) == (car.vehicle_id, car.user_id, None)
    with pytest.raises(PermissionMissing):
        hand(of(hand, car).odometer())
    with pytest.raises(AuthenticationFailed):
        hand(hand.client.get_connections("not the token"))


def test_a_vehicle_is_disconnected(hand: Hand, place: Place) -> None:
    car = place.connect(f"disconnecting-{hand.kind}@example.com")
    assert hand(of(hand, car).disconnect()).status == "success"
    with pytest.raises(PermissionMissing) as caught:
        hand(of(hand, car).vin())
    assert caught.value.resolution.type == "REAUTHENTICATE"  # type: ignore[union-attr]


def test_a_vehicle_is_put_on_a_webhook_and_taken_off(hand: Hand, place: Place, tesla: Connected) -> None:
    work = place.owned.carwire.services.webhooks.create(
        place.owned.client_id, Wanted(name="Tests", url="https://example.com/hook")
    )
    webhook = place.owned.run(work).webhook
    vehicle = of(hand, tesla)
    found = hand(vehicle.subscribe(webhook.id))
    assert (found.webhook_id, found.vehicle_id) == (webhook.id, tesla.vehicle_id)
    assert hand(vehicle.unsubscribe(place.owned.management_token, webhook.id)).status == "success"
    with pytest.raises(AuthenticationFailed):
        hand(vehicle.unsubscribe("wrong", webhook.id))
    with pytest.raises(InvalidRequest):
        hand(vehicle.subscribe("no-webhook"))


def test_compatibility(hand: Hand) -> None:
    found = hand(hand.client.get_compatibility("0SCGMCT0386A85356", ["read_odometer", "read_fuel"]))
    assert found.compatible
    assert [(each.endpoint, each.capable, each.reason) for each in found.capabilities] == [
        ("/odometer", True, None),
        ("/fuel", False, "VEHICLE_NOT_CAPABLE"),
    ]
    level = hand(hand.client.get_compatibility("1" * 17, ["read_fuel"], test_mode_compatibility_level="incompatible"))
    assert not level.compatible
    with pytest.raises(InvalidRequest) as caught:
        hand(hand.client.get_compatibility("1" * 17, ["read_fuel"], mode="test"))
    assert caught.value.detail[0]["field"] == "test_mode_compatibility_level"


def test_the_compatibility_matrix(hand: Hand) -> None:
    found = hand(hand.client.get_compatibility_matrix("US", make=["KIA", "TESLA"], type="BEV", scope=["read_odometer"]))
    assert set(found.makes) == {"KIA", "TESLA"}
    lines = [line for lines in found.makes.values() for line in lines]
    assert {line.type for line in lines} == {"BEV"}
    assert all("read_odometer" in line.permissions and line.start_year <= line.end_year for line in lines)
    assert len(found.meta.request_id) == 36


def code_of(place: Place, username: str, **how: Any) -> Secret:
    """A code, as Connect would have given it."""
    owned = place.owned
    work = approve(owned.carwire.store, owned.hasher, owned.source, owned.client_id, username, "TESLA", **how)
    return Secret(owned.run(work)[1].reveal())


def test_a_code_and_refresh_tokens_are_exchanged(hand: Hand, place: Place) -> None:
    auth = hand.client.auth("https://example.com/auth")
    code = code_of(place, f"code-{hand.kind}@example.com")
    access = hand(auth.exchange_code(code))
    assert len(access.access_token.reveal()) == 36
    assert (access.token_type, access.expires_in) == ("Bearer", 7200)
    assert (access.expiration - datetime.now(UTC)).total_seconds() == pytest.approx(7200, abs=60)
    (vehicle_id,) = hand(hand.client.get_vehicles(access.access_token)).vehicles
    renewed = hand(auth.exchange_refresh_token(access.refresh_token))
    assert renewed.access_token != access.access_token
    assert hand(hand.client.vehicle(vehicle_id, renewed.access_token).vin()).vin
    with pytest.raises(GrantRefused) as caught:
        hand(auth.exchange_code(code))
    assert code.reveal() not in str(caught.value)
    with pytest.raises(AuthenticationFailed):
        kind = type(auth)
        hand(kind("somebody", "else", client=hand.client).exchange_code("x"))


def test_a_proof_key_binds_the_code(hand: Hand, place: Place) -> None:
    auth, pkce = hand.client.auth("https://example.com/auth"), new_pkce()
    for verifier, expected in ((new_pkce().verifier, CarwireError), (None, CarwireError)):
        code = code_of(place, f"wrong-{hand.kind}@example.com", challenge=pkce.challenge)
        with pytest.raises(expected):
            hand(auth.exchange_code(code, code_verifier=verifier))
    code = code_of(place, f"pkce-{hand.kind}@example.com", challenge=pkce.challenge)
    assert hand(auth.exchange_code(code, code_verifier=pkce.verifier)).access_token


def test_a_session_goes_wherever_a_token_goes(hand: Hand, place: Place, tmp_path: Any) -> None:
    from carwire_client import AsyncOwnerSession, OwnerSession

    auth = hand.client.auth("https://example.com/auth")
    access = hand(auth.exchange_code(code_of(place, f"session-{hand.kind}@example.com")))
    session = (OwnerSession if isinstance(auth, AuthClient) else AsyncOwnerSession)(
        auth, FileTokenStore(tmp_path), key="me"
    )
    hand(session.start(access))
    (vehicle_id,) = hand.all(hand.client.iter_vehicles(session))
    assert hand(session.token(access.access_token)) != access.access_token
    assert hand(hand.client.vehicle(vehicle_id, session).odometer()).distance > 0


def test_what_fails_says_everything_the_server_says(hand: Hand, place: Place) -> None:
    car = place.connect("CONNECTED_SERVICES_ACCOUNT.AUTHENTICATION_FAILED@smartcar.com")
    with pytest.raises(CarwireError) as caught:
        hand(of(hand, car).odometer())
    error = caught.value
    assert (type(error).__name__, error.status_code) == ("AccountIssue", 400)
    assert (error.type, error.code) == ("CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED")
    assert error.resolution is not None
    assert error.resolution.url
    assert error.resolution.url.startswith(f"{place.owned.base_url}/oauth/reauthenticate?")
    assert error.suggested_user_message
    assert error.request_id == error.headers["sc-request-id"]


@pytest.mark.parametrize("given", ["nobody", "x" * 36])
def test_a_token_nobody_knows_is_told_apart(hand: Hand, given: str) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        hand(hand.client.get_user(given))
    assert given not in str(caught.value)


def test_many_calls_are_under_way_at_once(place: Place, tesla: Connected) -> None:
    with place.hand("awaited") as hand:

        async def run() -> list[Result]:
            vehicle = of(hand, tesla)
            return list(await asyncio.gather(*(vehicle.vin() for _ in range(30))))

        found = hand(run())
        assert len({each.meta.request_id for each in found}) == 30


def test_functions_make_a_client_from_the_environment(
    place: Place, tesla: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    import carwire_client

    monkeypatch.setenv("CARWIRE_ORIGIN", place.url)
    monkeypatch.setenv("CARWIRE_CLIENT_ID", place.owned.client_id)
    monkeypatch.setenv("CARWIRE_CLIENT_SECRET", place.owned.client_secret)
    assert carwire_client.get_user(token(tesla)).id == tesla.user_id
    assert carwire_client.get_vehicles(token(tesla)).vehicles == (tesla.vehicle_id,)
    assert carwire_client.get_vehicle(token(tesla), tesla.vehicle_id).id == tesla.vehicle_id
    assert carwire_client.get_compatibility("0SCGMCT0386A85356", ["read_odometer"]).compatible
    assert "TESLA" in carwire_client.get_compatibility_matrix("US", make="TESLA").makes
    amt = place.owned.management_token
    assert carwire_client.get_connections(amt, vehicle_id=tesla.vehicle_id).connections
