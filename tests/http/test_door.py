"""The doors: which headers are credentials, which are none, and what a door proves."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Headers, Owned, basic, built
from tests.support import Connected

from carwire.core.budgets import Bucket
from carwire.core.errors import InvalidInput, NotAuthenticated
from carwire.core.grants import GrantMissing
from carwire.http.call import Call, Door
from carwire.http.door import Doors, is_uuid
from carwire.http.limits import ApplicationLimit, Limited
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret

ID = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"
LOCAL = Secret("key-of-this-machine")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.fixture(scope="module")
def car(client: Owned) -> Connected:
    return client.connect()


@pytest.fixture
def doors(client: Owned) -> Doors:
    services = client.carwire.services
    return Doors(services.accounts, services.access, ApplicationLimit(None), LOCAL)


def opened(client: Owned, doors: Doors, door: Door, headers: Headers, vehicle_id: str = "") -> Call:
    """Return the call with what the door noted on it."""
    call = Call({"headers": list(headers), "query_string": b""}, {"id": vehicle_id})
    client.run(doors.open(door, call))
    return call


def refuses(client: Owned, doors: Doors, door: Door, headers: Headers, vehicle_id: str = "") -> None:
    with pytest.raises(NotAuthenticated):
        opened(client, doors, door, headers, vehicle_id)


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + token.encode()


def test_a_door_proves_what_it_is_for_and_nothing_else(client: Owned, car: Connected, doors: Doors) -> None:
    call = opened(client, doors, "application", [client.basic])
    assert call.application.client_id == call.client_id == client.client_id
    call = opened(client, doors, "management", [client.amt])
    assert (call.application.client_id, call.reached) == (client.client_id, False)
    call = opened(client, doors, "token", [car.bearer])
    assert (call.token.principal.user_id, call.client_id, call.reached) == (car.user_id, client.client_id, False)
    call = opened(client, doors, "vehicle", [car.bearer], car.vehicle_id)
    assert (call.vehicle.id, call.token.principal.user_id, call.client_id) == (
        car.vehicle_id,
        car.user_id,
        client.client_id,
    )
    for proof in ("application", "vehicle"):
        with pytest.raises(AssertionError):
            getattr(opened(client, doors, "token", [car.bearer]), proof)


@pytest.mark.parametrize("spelled", [b"Basic %b", b"basic %b", b"BASIC %b", b"Basic  %b", b"Basic %b ", b"bAsIc %b"])
def test_the_scheme_is_read_in_any_case(client: Owned, doors: Doors, spelled: bytes) -> None:
    value = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode())
    for _ in range(2):  # the second is remembered
        assert opened(client, doors, "application", [(b"authorization", spelled % value)]).client_id == client.client_id


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Basic %%%",
        b"Basic YQ",
        b"Basic YQ==",
        b"Basic /w==",
        b"Digest YTpi",
        b"Bearer",
        b"YTpi",
        b"\xff",
        b"Basic " + b"A" * 2000,
    ],
)
def test_what_is_no_credential_opens_no_door(client: Owned, car: Connected, doors: Doors, header: bytes) -> None:
    every: tuple[Door, ...] = (
        *("application", "application_or_local", "management", "manager_or_application"),
        *("token", "vehicle", "vehicle_or_management"),
    )
    for door in every:
        refuses(client, doors, door, [(b"authorization", header)], car.vehicle_id)
        refuses(client, doors, door, [], car.vehicle_id)


def test_a_right_secret_under_another_word_opens_no_door(client: Owned, car: Connected, doors: Doors) -> None:
    own, amt, owner, machine = (header[1] for header in (client.basic, client.amt, car.bearer, client.machine))
    shown: tuple[tuple[Door, bytes], ...] = (
        *(("application", own), ("manager_or_application", own), ("management", amt), ("manager_or_application", amt)),
        *(("token", owner), ("vehicle", owner), ("readable_vehicle", owner), ("application_token", machine)),
    )
    for door, header in shown:
        opened(client, doors, door, [(b"authorization", header)], car.vehicle_id)
        word, _, secret = header.partition(b" ")
        for other in (b"X" * len(word), word[1:] + b"x", b"Basic" if word == b"Bearer" else b"Bearer"):
            refuses(client, doors, door, [(b"authorization", other + b" " + secret)], car.vehicle_id)


def test_two_headers_are_no_credential_even_when_both_are_right(client: Owned, car: Connected, doors: Doors) -> None:
    refuses(client, doors, "application", [client.basic, client.basic])
    refuses(client, doors, "vehicle", [car.bearer, car.bearer], car.vehicle_id)
    refuses(client, doors, "management", [client.amt, client.amt])
    refuses(client, doors, "application_or_local", [bearer(LOCAL.reveal()), bearer(LOCAL.reveal())])


def test_each_secret_opens_its_own_doors_only(client: Owned, car: Connected, doors: Doors) -> None:
    keys = {
        "secret": client.basic,
        "token as basic": client.amt,
        "token as bearer": bearer(client.management_token),
        "access": car.bearer,
        "refresh": bearer(car.tokens.refresh_token.reveal()),
        "code": bearer(car.code.reveal()),
        "secret as bearer": bearer(client.client_secret),
        "secret as manager": basic(f"default:{client.client_secret}"),
        "manager as secret": basic(f"{client.client_id}:{client.management_token}"),
        "local": bearer(LOCAL.reveal()),
    }
    opens: dict[Door, set[str]] = {
        "application": {"secret"},
        "application_or_local": {"secret", "local"},
        "management": {"token as basic", "token as bearer"},
        "token": {"access"},
        "manager_or_application": {"secret", "token as basic", "token as bearer"},
        "vehicle": {"access"},
        "vehicle_or_management": {"access", "token as basic", "token as bearer"},
    }
    for door, those in opens.items():
        for _ in range(2):  # what one door remembers opens no other
            for name, header in keys.items():
                if name in those:
                    opened(client, doors, door, [header], car.vehicle_id)
                else:
                    refuses(client, doors, door, [header], car.vehicle_id)


def test_a_server_without_a_local_key_takes_none(client: Owned) -> None:
    services = client.carwire.services
    doors = Doors(services.accounts, services.access, ApplicationLimit(None))
    for key in ("", "None", LOCAL.reveal()):
        refuses(client, doors, "application_or_local", [bearer(key)])


def test_a_renewed_secret_closes_the_door_to_the_remembered_one(client: Owned, doors: Doors) -> None:
    other = client.another()
    for _ in range(2):
        opened(client, doors, "application", [other.basic])
        opened(client, doors, "management", [other.amt])
    client.run(client.carwire.services.accounts.rotate_secret(other.client_id))
    refuses(client, doors, "application", [other.basic])
    opened(client, doors, "management", [other.amt])
    client.run(client.carwire.services.accounts.delete(other.client_id))
    refuses(client, doors, "management", [other.amt])


@pytest.mark.parametrize("vehicle_id", ["x", "", "0" * 36, "{id}", "../..", "é" * 36])
def test_an_id_that_is_none_is_refused_by_name_to_who_has_a_token(
    client: Owned, car: Connected, doors: Doors, vehicle_id: str
) -> None:
    for door, header in (
        ("vehicle", car.bearer),
        ("vehicle_or_management", car.bearer),
        ("vehicle_or_management", client.amt),
    ):
        with pytest.raises(InvalidInput) as caught:
            opened(client, doors, door, [header], vehicle_id)  # type: ignore[arg-type]
        assert [problem.field for problem in caught.value.fields] == ["id"]
    refuses(client, doors, "vehicle", [bearer("nothing")], vehicle_id)


def test_a_vehicle_that_is_not_reached_is_refused_and_the_token_is_noted(
    client: Owned, car: Connected, doors: Doors
) -> None:
    call = Call({"headers": [car.bearer], "query_string": b""}, {"id": new_id()})
    with pytest.raises(GrantMissing):
        client.run(doors.open("vehicle", call))
    assert (call.client_id, call.reached) == (client.client_id, False)


def test_every_door_counts_a_request_of_the_application(client: Owned, car: Connected) -> None:
    services = client.carwire.services
    asked: list[tuple[Any, Any, str]] = [
        ("application", client.basic, ""),
        ("application_or_local", client.basic, ""),
        ("management", client.amt, ""),
        ("manager_or_application", client.amt, ""),
        ("manager_or_application", client.basic, ""),
        ("token", car.bearer, ""),
        ("vehicle", car.bearer, car.vehicle_id),
        ("vehicle", car.bearer, "x"),
        ("vehicle", car.bearer, new_id()),
        ("vehicle_or_management", client.amt, car.vehicle_id),
    ]
    for door, header, vehicle_id in asked:
        doors = Doors(services.accounts, services.access, ApplicationLimit(Bucket(1, 3600)))
        opened(client, doors, "application", [client.basic])
        with pytest.raises(Limited):
            opened(client, doors, door, [header], vehicle_id)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (ID, True),
        (ID.upper(), True),
        ("00000000-0000-0000-0000-000000000000", True),
        ("", False),
        (ID + "\n", False),
        (" " + ID, False),
        (ID.replace("-", ""), False),
        ("g" + ID[1:], False),
        ("٠" + ID[1:], False),
        (f"{{{ID}}}", False),
    ],
)
def test_ids_have_one_form(text: str, is_one: bool) -> None:
    assert is_uuid(text) is is_one


def test_a_door_opens_the_same_with_a_store_on_disk(tmp_path: Path) -> None:
    from carwire.app import open_database
    from carwire.settings import Settings

    with built(tmp_path, store=open_database(Settings(data=tmp_path))) as client:
        car = client.connect()
        assert client.as_owner(car, "GET", "/odometer").status == 200
        assert client.ask("GET", "/v2.0/management/connections", [client.amt]).status == 200
        assert client.as_owner(car, "DELETE", "/application").status == 200
        assert client.as_owner(car, "GET", "/vin").status == 403
