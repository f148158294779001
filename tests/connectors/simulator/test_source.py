"""The simulated cars behind the port: signing in, cars, reads and commands of a session."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from carwire.connectors.simulator.car import soc
from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.logins import ALLOW, CAPTCHA, CODE, PIN
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.source import KEY_URL, SimulatorSource
from carwire.connectors.simulator.world import World
from carwire.core.commands import Outcome
from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL
from carwire.core.ports import Source
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.simulation import Fault
from carwire.core.sources import Login, Question, SignedIn, SourceCar
from carwire.kit.secrets import Secret

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ODOMETER, VIN = "odometer-traveleddistance", "vehicleidentification-vin"
MISSING = "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING"
SIGNED_OUT = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"
T = TypeVar("T")


class Naps:
    """Counts what is waited, and waits for none of it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def __call__(self, seconds: float) -> None:
        self.seconds += seconds


class Owner:
    """Somebody who signs in, and asks about their cars at one moment."""

    def __init__(self, source: Source, name: str, make: str | None = "AUDI") -> None:
        self.source = source
        self.found = do(source.sign_in(Login(name, Secret("hunter2"), make), now=NOW))

    @property
    def signed_in(self) -> SignedIn:
        assert isinstance(self.found, SignedIn), self.found
        return self.found

    @property
    def question(self) -> Question:
        assert isinstance(self.found, Question), self.found
        return self.found

    @property
    def car(self) -> SourceCar:
        (car,) = self.signed_in.cars
        return car

    def answer(self, text: str | None) -> None:
        self.found = do(self.source.answer(self.question.state, Secret(text) if text is not None else None, now=NOW))

    def read(self, *codes: str, vin: str | None = None) -> Snapshot:
        return do(self.source.read(self.signed_in.session, vin or self.car.vin, codes, now=NOW))

    def kinds(self, *codes: str, vin: str | None = None) -> list[str | None]:
        answers = self.read(*codes, vin=vin).answers.values()
        return [answer.kind if isinstance(answer, Problem) else None for answer in answers]

    def command(self, name: str, arguments: dict[str, object] | None = None, *, vin: str | None = None) -> str:
        return said(
            do(self.source.command(self.signed_in.session, vin or self.car.vin, name, arguments or {}, now=NOW))
        )

    def cars(self) -> Sequence[SourceCar]:
        cars = do(self.source.cars(self.signed_in.session, now=NOW))
        assert isinstance(cars, tuple)
        return cars


def do(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def said(outcome: Outcome) -> str:
    return f"{outcome.kind} {outcome.problem.kind}" if outcome.problem else outcome.kind


def make_source(world: World | None = None) -> SimulatorSource:
    return SimulatorSource(world or World(), Naps())


def test_an_owner_signs_in_and_reads_and_commands_the_car() -> None:
    naps = Naps()
    source: Source = SimulatorSource(World(), naps)
    owner = Owner(source, "smartcar@successful-request.com")
    assert (owner.car.make, owner.car.powertrain, owner.car.problem, owner.car.key_url) == ("AUDI", "PHEV", None, None)
    problems = {kind for kind in owner.kinds(*sorted(owner.car.signals)) if kind}
    assert problems <= {"VEHICLE_STATE:NOT_CHARGING"}
    assert owner.command("security-unlock") == "done"
    assert owner.cars() == owner.signed_in.cars
    assert naps.seconds == 0


def test_a_session_knows_its_owner_and_no_password() -> None:
    source = make_source()
    ann, bob = Owner(source, "Ann@example.com "), Owner(source, "bob@example.com")
    assert ann.signed_in.account.reveal() == Owner(source, "ann@example.com").signed_in.account.reveal()
    assert ann.signed_in.account.reveal() != bob.signed_in.account.reveal()
    assert ann.signed_in.account.reveal() != Owner(source, "ann@example.com", "KIA").signed_in.account.reveal()
    for secret in (ann.signed_in.session, ann.signed_in.account, Owner(source, "mfa@connect.test").question.state):
        assert "hunter2" not in secret.reveal()


def test_only_the_cars_of_the_session_are_reached() -> None:
    source = make_source()
    ann, bob = Owner(source, "ann@example.com"), Owner(source, "bob@example.com")
    for vin in (bob.car.vin, source.world.find("tesla-3"), "5YJSA1E29LF403082"):
        assert ann.kinds(ODOMETER, VIN, vin=vin) == [MISSING, MISSING]
        assert ann.command("security-lock", vin=vin) == f"not_sent {MISSING}"


@pytest.mark.parametrize(
    "broken", ["", "{}", "null", '{"username": 1, "make": null}', '{"username":"a","make":"b","x":1}']
)
def test_a_session_that_is_none_is_signed_out(broken: str) -> None:
    source, vin = make_source(), World().find("tesla-3")
    snapshot = do(source.read(Secret(broken), vin, [ODOMETER], now=NOW))
    assert [a.kind for a in snapshot.answers.values() if isinstance(a, Problem)] == [SIGNED_OUT]
    assert said(do(source.command(Secret(broken), vin, "security-lock", {}, now=NOW))) == f"not_sent {SIGNED_OUT}"
    cars = do(source.cars(Secret(broken), now=NOW))
    assert isinstance(cars, Problem)
    assert cars.kind == SIGNED_OUT


def test_a_world_that_lost_its_cars_gets_them_back_from_the_session() -> None:
    before, after = make_source(), make_source()
    owner = Owner(before, "3-vehicles@smartcar.com", "KIA")
    first, second, third = (car.vin for car in owner.signed_in.cars)
    owner.source = after
    assert first not in after.world
    assert owner.kinds(ODOMETER, vin=first) == [None]
    assert owner.command("security-unlock", vin=second) == "done"
    assert {first, second} <= set(after.world.vins())
    assert third not in after.world
    assert [car.vin for car in owner.cars()] == [first, second, third]


def test_a_car_whose_login_names_an_error_still_has_it_after_the_world_was_begun_again() -> None:
    source = make_source()
    owner = Owner(source, "VEHICLE_STATE.DOOR_OPEN@smartcar.com")
    assert owner.car.problem is None  # it can be connected
    for _ in range(2):
        assert owner.kinds(VIN, ODOMETER) == [None, "VEHICLE_STATE:DOOR_OPEN"]
        assert owner.command("security-lock") == "refused VEHICLE_STATE:DOOR_OPEN"
        source.world.reset(2)


def test_whoever_signs_in_again_and_again_brings_no_car_into_the_world() -> None:
    source = make_source()
    before, revision = source.world.vins(), source.world.revision
    for n in range(800, 820):
        assert len(Owner(source, f"{n}-vehicles@smartcar.com").signed_in.cars) == n
    owner = Owner(source, "999-vehicles@smartcar.com")
    assert len(owner.cars()) == 999
    assert (source.world.vins(), source.world.revision) == (before, revision)
    assert owner.kinds(ODOMETER, vin=owner.signed_in.cars[7].vin) == [None]
    assert source.world.vins() == [*before, owner.signed_in.cars[7].vin]


def test_a_tester_reaches_a_car_that_was_signed_in_to_and_not_read_yet() -> None:
    source = make_source()
    owner = Owner(source, "5YJSA1E29LF403082@bev.smartcar.com", "TESLA")
    failing = Owner(source, "VEHICLE_STATE.DOOR_OPEN@smartcar.com")
    desk = Desk(source.world, "stepped", lambda: NOW)
    assert desk.change(owner.car.vin.lower(), "parked", {"charge": "0.25"}).battery == 0.25
    assert owner.read("tractionbattery-stateofcharge").value("tractionbattery-stateofcharge") == 25
    assert [each.fault.kind for each in desk.faults(failing.car.vin)] == ["VEHICLE_STATE:DOOR_OPEN"]
    assert failing.kinds(ODOMETER) == ["VEHICLE_STATE:DOOR_OPEN"]
    assert len(desk.faults(failing.car.vin)) == 1


def test_a_car_comes_with_its_first_read_as_it_would_have_come_with_the_sign_in() -> None:
    source, at_once = make_source(), World()
    owner = Owner(source, "somebody@example.com", "KIA")
    at_once.add(owner.car.vin, "kia-ev6", ready=True)
    assert source.world.dump() != at_once.dump()
    owner.read(ODOMETER)
    assert source.world.dump() == at_once.dump()


def test_the_car_unused_for_longest_makes_room_and_comes_back_as_a_fresh_one() -> None:
    source = make_source()
    source.world.forget()
    source.world.extras.most = 3
    owner = Owner(source, "4-vehicles@smartcar.com", "KIA")
    first, second, third, fourth = (car.vin for car in owner.signed_in.cars)
    models = len(car_range().models)
    for vin in (first, second, third, first):
        owner.read(ODOMETER, vin=vin)
    Desk(source.world, "stepped", lambda: NOW).change(second, "parked", {"locked": "off"})
    assert owner.command("security-unlock", vin=third) == "done"
    owner.read(ODOMETER, vin=fourth)
    assert source.world.vins()[models:] == [second, third, fourth]
    assert owner.kinds(ODOMETER, vin=first) == [None]
    assert owner.read("closure-islocked", vin=third).value("closure-islocked") is True
    assert source.world.vins()[models:] == [second, first, third]
    assert owner.read("closure-islocked", vin=second).value("closure-islocked") is False


def test_cars_changed_by_hand_go_too_when_there_are_no_others() -> None:
    source = make_source()
    source.world.forget()
    source.world.extras.most = 2
    owner = Owner(source, "4-vehicles@smartcar.com", "KIA")
    desk, models = Desk(source.world, "stepped", lambda: NOW), len(car_range().models)
    for car in owner.signed_in.cars:
        owner.read(ODOMETER, vin=car.vin)
        desk.add_fault(car.vin, Fault(kind="VEHICLE_STATE:ASLEEP"))
        assert len(source.world.vins()) <= models + 2
    assert owner.kinds(ODOMETER, vin=owner.signed_in.cars[0].vin) == [None]
    assert owner.kinds(ODOMETER, vin=owner.signed_in.cars[3].vin) == ["VEHICLE_STATE:ASLEEP"]


# --- questions and ends


@pytest.mark.parametrize(
    ("name", "kind", "right"), [("mfa", "code", CODE), ("pin", "pin", PIN), ("captcha", "captcha", CAPTCHA.lower())]
)
def test_a_wrong_answer_gives_the_question_again_and_the_right_one_lets_in(name: str, kind: str, right: str) -> None:
    owner = Owner(make_source(), f"{name}@connect.test")
    assert (owner.question.kind, owner.question.wrong) == (kind, False)
    for wrong in ("000000", "", " ", "ü"):
        owner.answer(wrong)
        assert (owner.question.kind, owner.question.wrong) == (kind, True)
    owner.answer(right)
    assert owner.signed_in.lacking == ()
    assert owner.car.commands == car_range().models["audi-q4"].commands
    assert owner.command("security-unlock") == "done"


@pytest.mark.parametrize("name", ["mfa", "captcha"])
def test_a_code_and_a_captcha_cannot_be_skipped(name: str) -> None:
    owner = Owner(make_source(), f"{name}@connect.test")
    owner.answer(None)
    assert owner.question.wrong


def test_the_captcha_is_a_picture_of_its_text() -> None:
    picture = Owner(make_source(), "captcha@connect.test").question.picture
    assert picture
    head, _, data = picture.partition(",")
    assert head == "data:image/svg+xml;base64"
    assert f">{CAPTCHA}</text>" in base64.b64decode(data, validate=True).decode()


def test_without_a_pin_there_are_no_commands() -> None:
    owner = Owner(make_source(), "pin@connect.test")
    owner.answer(None)
    assert owner.signed_in.lacking == CONTROL
    assert owner.car.commands == frozenset()
    assert owner.cars() == (owner.car,)
    assert owner.command("security-unlock") == "refused CONNECTED_SERVICES_ACCOUNT:PERMISSION"
    assert owner.kinds(ODOMETER) == [None]


def test_what_the_owner_did_not_allow_at_the_maker_is_not_read() -> None:
    owner = Owner(make_source(), "missing-permission@connect.test")
    assert (owner.question.kind, owner.question.lacking) == ("permissions", ("read_location",))
    owner.answer(None)
    assert owner.signed_in.lacking == ("read_location",)
    assert owner.kinds("location-preciselocation", ODOMETER) == ["CONNECTED_SERVICES_ACCOUNT:PERMISSION", None]
    again = Owner(owner.source, "missing-permission@connect.test")
    again.answer(ALLOW)
    assert again.signed_in.lacking == ()
    assert again.kinds("location-preciselocation") == [None]


@pytest.mark.parametrize("state", ["", "{}", '{"username":"somebody","make":null}'])
def test_a_state_of_no_question_is_refused(state: str) -> None:
    with pytest.raises(InvalidInput, match="state"):
        do(make_source().answer(Secret(state), Secret(CODE), now=NOW))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("wrong-password@connect.test", SIGNED_OUT),
        ("brand-down@connect.test", "UPSTREAM:KNOWN_ISSUE"),
        ("server-error@connect.test", "SERVER:INTERNAL"),
    ],
)
def test_a_sign_in_that_fails_says_why(name: str, kind: str) -> None:
    found = Owner(make_source(), name).found
    assert isinstance(found, Problem)
    assert found.kind == kind


def test_an_account_may_have_no_car() -> None:
    owner = Owner(make_source(), "no-vehicles@connect.test")
    assert owner.signed_in.cars == owner.cars() == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("smartcar@invalid-subscription.com", "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION"),
        ("smartcar@vehicle-incompatible.com", "COMPATIBILITY:VEHICLE_NOT_CAPABLE"),
        ("0SCAUDI0000000000@incompatible.smartcar.com", "COMPATIBILITY:VEHICLE_NOT_CAPABLE"),
    ],
)
def test_a_car_that_cannot_be_connected_says_why(name: str, kind: str) -> None:
    owner = Owner(make_source(), name)
    assert owner.car.problem == kind
    assert owner.kinds(ODOMETER) == [kind]


def test_a_virtual_key_is_missing_at_every_sign_in_until_the_cars_are_asked_for_again() -> None:
    source = make_source()
    for _ in range(2):
        owner = Owner(source, "virtual-key@connect.test", "TESLA")
        assert owner.car.key_url == KEY_URL
        assert owner.command("security-lock") == "refused CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED"
        assert (
            owner.read("connectivitystatus-isdigitalkeypaired").value("connectivitystatus-isdigitalkeypaired") is False
        )
        assert [car.key_url for car in owner.cars()] == [None]
        assert owner.command("security-lock") == "done"


def test_the_battery_login_leaves_the_size_open() -> None:
    owner = Owner(make_source(), "battery@connect.test", "HYUNDAI")
    body = owner.read("tractionbattery-nominalcapacity").value("tractionbattery-nominalcapacity")
    assert isinstance(body, dict)
    assert "capacity" not in body
    assert len(body["availableCapacities"]) == 2  # type: ignore[arg-type]


# --- brands and clock


@pytest.mark.parametrize("country", ["US", "CA", "DE", "JP"])
def test_every_make_can_be_rehearsed_in_every_country(country: str) -> None:
    brands = make_source().brands(country)
    assert set(brands) == set(car_range().by_make)
    assert brands[-1] == "SIMULATED"
    assert len(set(brands)) == len(brands)


def test_the_clock_is_that_of_the_world() -> None:
    world = World()
    source, started = make_source(world), world.now
    assert source.clock(NOW) == started
    world.run(NOW, 60)
    assert source.clock(NOW + timedelta(minutes=1)) == started + timedelta(hours=1)
    assert source.circuit(world.find("tesla-3")) is None


def test_a_world_that_runs_follows_the_clock_of_its_callers() -> None:
    world = World()
    owner, started = Owner(make_source(world), "somebody@example.com"), world.time
    world.run(NOW - timedelta(minutes=1), 60)
    owner.read(ODOMETER)
    assert world.time == started + 3600


def test_latency_is_waited_out_and_adds_up() -> None:
    naps, world = Naps(), World()
    owner = Owner(SimulatorSource(world, naps), "somebody@example.com")
    world.fault(world.find(owner.car.vin), Fault(latency_s=2))
    world.fault(owner.car.vin, Fault(latency_s=0.5, on="reads"))
    owner.read(ODOMETER)
    assert naps.seconds == 2.5
    owner.command("security-lock")
    assert naps.seconds == 4.5
    Owner(owner.source, "slow@connect.test")
    assert naps.seconds == 12.5


def test_a_world_begun_again_while_an_answer_is_late_still_answers() -> None:
    world = World()

    async def begin_again(_seconds: float) -> None:
        world.reset(7)

    owner = Owner(SimulatorSource(world, begin_again), "somebody@example.com")
    world.fault(world.find(owner.car.vin), Fault(latency_s=2))
    assert owner.kinds(ODOMETER) == [None]


def test_a_command_nobody_knows_is_refused_before_anything_else() -> None:
    with pytest.raises(InvalidInput, match="command"):
        do(make_source().command(Secret("nothing"), "x", "fly", {}, now=NOW))


# --- what a fresh account's car can do: the official suites sign in and call these


@pytest.mark.parametrize(
    ("make", "model", "commands"),
    [
        ("CHEVROLET", "Volt", ["lock", "unlock", "start", "stop", "limit"]),
        ("FORD", "Mustang Mach-E", ["lock", "unlock", "start", "stop", "limit", "destination"]),
        ("FORD", "Mustang Mach-E", ["destination", "limit"]),
        ("KIA", "EV6", ["limit"]),
        ("BMW", "330e", ["unlock", "lock", "start", "stop"]),
        ("TESLA", "Model 3", ["start", "stop", "lock"]),
    ],
)
@pytest.mark.parametrize("address", ["4b8a@email.com", "test2@test.com", "x@email.com", "no-one"])
def test_a_fresh_car_takes_the_commands_of_the_official_suites(
    make: str, model: str, commands: list[str], address: str
) -> None:
    named: dict[str, tuple[str, dict[str, object]]] = {
        "lock": ("security-lock", {}),
        "unlock": ("security-unlock", {}),
        "start": ("charge-start", {}),
        "stop": ("charge-stop", {}),
        "limit": ("charge-set-limit", {"percent": 90}),
        "destination": ("navigation-set-destination", {"latitude": 40.748817, "longitude": -73.985428}),
    }
    owner = Owner(make_source(), address, make)
    assert (owner.car.make, owner.car.model) == (make, model)
    for command in commands:
        name, arguments = named[command]
        assert owner.command(name, arguments) == "done", command


@pytest.mark.parametrize("address", [f"{n}@email.com" for n in range(40)])
def test_a_fresh_volt_has_something_in_everything(address: str) -> None:
    source = make_source()
    owner = Owner(source, address, "CHEVROLET")
    found = owner.read(
        "internalcombustionengine-oillife",
        "internalcombustionengine-fuellevel",
        "internalcombustionengine-range",
        "internalcombustionengine-amountremaining",
        "tractionbattery-stateofcharge",
        "charge-activelimit",
        ODOMETER,
    )
    for code in found.answers:
        value = found.value(code)
        assert isinstance(value, float | int), code
        assert value > 0, code
    bodies = owner.read("tractionbattery-range", "wheel-tires", "tractionbattery-nominalcapacity")
    ranges, tyres = bodies.value("tractionbattery-range"), bodies.value("wheel-tires")
    assert isinstance(ranges, dict)
    assert isinstance(tyres, dict)
    assert ranges["value"] > 0  # type: ignore[operator]
    assert min(wheel["tirePressure"] for wheel in tyres["values"]) > 100  # type: ignore[attr-defined]
    car, model = source.world.car(owner.car.vin), source.world.model(owner.car.vin)
    assert 0.5 <= soc(car, model) <= 0.7
    assert (car.session is not None, car.charging, car.kmh, car.locked) == (True, False, 0, True)


def test_a_fresh_car_stays_as_it_is_for_an_hour_and_then_lives_its_day() -> None:
    source = make_source()
    owner = Owner(source, "somebody@example.com", "FORD")
    odometer = owner.read(ODOMETER).value(ODOMETER)
    source.world.step(59 * 60)
    assert owner.command("charge-start") == "done"
    assert owner.read(ODOMETER).value(ODOMETER) == odometer
    source.world.step(86_400)
    later = owner.read(ODOMETER).value(ODOMETER)
    assert isinstance(odometer, float)
    assert isinstance(later, float)
    assert later > odometer


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        ("FORD", ["charge-activelimit", "closure-islocked", "closure-doors", "service-records", "diagnostics-dtclist"]),
        ("KIA", ["charge-activelimit", "charge-ischarging"]),
        ("BMW", [ODOMETER]),
        ("TESLA", [ODOMETER, "tractionbattery-stateofcharge"]),
    ],
)
def test_the_first_model_of_a_brand_answers_what_the_suites_ask(make: str, codes: list[str]) -> None:
    owner = Owner(make_source(), "4b8a@email.com", make)
    assert all(isinstance(answer, Reading) for answer in owner.read(*codes).answers.values())


def test_a_tesla_has_no_fuel() -> None:
    owner = Owner(make_source(), "4b8a@email.com", "TESLA")
    assert owner.kinds("internalcombustionengine-fuellevel") == ["COMPATIBILITY:VEHICLE_NOT_CAPABLE"]
