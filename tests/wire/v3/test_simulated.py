"""Every code of the catalogue, asked of every simulated model, is answered in the exact form the catalogue gives it."""

from __future__ import annotations

import functools
from collections import Counter

import pytest
from tests.wire.v3.bodies import STAMP, check_body
from tests.wire.v3.samples import GA, PREVIEW, VEHICLE, written

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.signals.units import in_system
from carwire.wire.v3 import kinds
from carwire.wire.v3.signals import SignalResource, etag, signals_body, unit_word

MOMENTS = {"dawn": 0, "driving": 30 * 60, "noon": 6 * 3600, "evening": 11 * 3600, "next week": 8 * 86_400}
MODELS = list(car_range().models)
CODES = list(signals())
IMPERIAL = {"km": "miles", "km/h": "mph", "kph": "mph", "liters": "gallons", "celsius": "fahrenheit", "bar": "psi"}


@functools.cache
def world(moment: str) -> World:
    made = World(7)
    made.step(MOMENTS[moment])
    return made


@functools.cache
def told(model: str, moment: str) -> Snapshot:
    cars = world(moment)
    return cars.read(cars.find(model), CODES)


def all_of(model: str, moment: str) -> list[SignalResource]:
    body = signals_body(VEHICLE, told(model, moment).answers, GA)
    assert [row.id for row in body.data] == CODES
    return list(body.data)


@pytest.mark.parametrize("model", MODELS)
def test_every_body_has_the_catalogue_s_form(model: str) -> None:
    for moment in MOMENTS:
        answers = told(model, moment).answers
        for row in all_of(model, moment):
            answer, status = answers[row.id], row.attributes.status
            found = written(row)
            assert (row.attributes.group, row.attributes.name) == (signals()[row.id].group, signals()[row.id].name)
            if isinstance(answer, Reading):
                assert found["attributes"]["status"] == {"value": "SUCCESS"}
                check_body(signals()[row.id], found["attributes"]["body"])
            else:
                assert status.value == "ERROR"
                assert found["attributes"]["status"]["error"]["type"] == kinds.BY_KIND[answer.kind].type
                assert found["attributes"]["body"] == {}


def test_charge_schedules_have_the_catalogue_s_form_and_words() -> None:
    cars, signal = World(7), signals()["charge-chargetimers"]
    vin = cars.find("tesla-3")
    windows = [{"days": [day], "start": "22:00", "stop": "06:30"} for day in ("MONDAY", "SUNDAY")]
    order = {"schedule_id": "b9f0c2d4", "kind": "weekly", "latitude": 39.7, "longitude": -105, "windows": windows}
    cars.command(vin, "charge-schedule-create", order)
    cars.command(vin, "charge-set-schedule", {"type": "START_TIME", "enable": True, "time": "23:00"})
    (row,) = signals_body(VEHICLE, cars.read(vin, [signal.code]).answers, GA).data
    body = written(row)["attributes"]["body"]
    check_body(signal, body)
    everywhere, here = body["values"]
    assert (everywhere["type"], everywhere["condition"]) == ("GLOBAL", None)
    assert not {"scheduleType", "scheduleId"} & everywhere.keys()
    assert here == {
        "type": "LOCATION",
        "condition": {"latitude": 39.7, "longitude": -105},
        "schedules": [
            {"start": "22:00:00", "end": "06:30:00", "days": ["MONDAY"]},
            {"start": "22:00:00", "end": "06:30:00", "days": ["SUNDAY"]},
        ],
        "departureTimers": [],
        "isOEMOptimizationEnabled": False,
        "scheduleType": "WEEKLY",
        "scheduleId": "b9f0c2d4",
    }
    assert {each["type"] for each in body["values"]} <= set(signal.words["values[].type"])
    assert here["scheduleType"] in signal.words["values[].scheduleType"]
    days = {day for each in body["values"] for part in each["schedules"] for day in part["days"]}
    assert days <= set(signal.words["values[].schedules[].days[]"])


@pytest.mark.parametrize("model", MODELS)
def test_times_are_there_as_far_as_something_can_have_them(model: str) -> None:
    answers = told(model, "noon").answers
    for row in all_of(model, "noon"):
        meta, answer = written(row)["meta"], answers[row.id]
        static = signals()[row.id].kind == "attribute"
        wanted = {"ingestedAt"} if static or isinstance(answer, Problem) else {"ingestedAt", "retrievedAt"}
        if isinstance(answer, Reading) and (answer.measured_at or answer.maker_at) and not static:
            wanted |= {"oemUpdatedAt"}
        assert meta.keys() == wanted, row.id
        assert all(STAMP.fullmatch(each) for each in meta.values())


@pytest.mark.parametrize("model", MODELS)
def test_the_preview_says_the_same_with_whole_milliseconds(model: str) -> None:
    general = written(signals_body(VEHICLE, told(model, "evening").answers, GA))["data"]
    preview = written(signals_body(VEHICLE, told(model, "evening").answers, PREVIEW))["data"]
    for one, other in zip(general, preview, strict=True):
        assert one["attributes"]["body"] == other["attributes"]["body"]
        assert one["attributes"]["status"]["value"] == other["attributes"]["status"]["value"]
        assert other["meta"].keys() == one["meta"].keys() - {"ingestedAt"}
        assert all(type(each) is int and each > 10**12 for each in other["meta"].values())


@pytest.mark.parametrize("model", MODELS)
def test_imperial_bodies_are_the_metric_ones_converted(model: str) -> None:
    imperial = type(GA)(generation="ga", base_url=GA.base_url, system="imperial")
    answers = told(model, "evening").answers
    for row in signals_body(VEHICLE, answers, imperial).data:
        answer, signal = answers[row.id], signals()[row.id]
        if isinstance(answer, Reading):
            value = in_system(answer.value, signal, "imperial")[0]
            bare = {name: each for name, each in row.attributes.body.items() if name != "unit"}
            assert bare == (value if isinstance(value, dict) else {"value": value})
            word = signal.unit_word
            assert row.attributes.body.get("unit") == (IMPERIAL.get(word, word) if word else None), row.id
            if word in IMPERIAL and signal.scalar and answer.value:
                assert row.attributes.body["value"] != answer.value


def test_every_code_is_told_by_some_model_and_lacking_in_another() -> None:
    found: Counter[tuple[str, bool]] = Counter()
    for model in MODELS:
        for moment in MOMENTS:
            for code, answer in told(model, moment).answers.items():
                found[code, isinstance(answer, Reading)] += 1
    told_codes = {code for code, is_told in found if is_told}
    assert {signal.code for signal in signals().values() if signal.kind in {"signal", "attribute"}} <= told_codes
    assert {code for code, is_told in found if not is_told}


def test_unit_words_are_those_of_the_wire() -> None:
    metric = {unit_word(code, "metric") for code in CODES}
    assert metric == {
        *("percent", "km", "km/h", "kph", "kWh", "volts", "ampere", "watts", "celsius", "count", "liters", "bar"),
        None,
    }
    imperial = {unit_word(code, "imperial") for code in CODES}
    assert imperial == {
        *("percent", "miles", "mph", "kWh", "volts", "ampere", "watts", "fahrenheit", "count", "gallons", "psi"),
        None,
    }


def test_an_entity_tag_holds_while_nothing_is_new() -> None:
    first, second = told("simulated-phev", "noon"), told("simulated-phev", "evening")
    assert etag(VEHICLE, first.answers, GA) == etag(VEHICLE, dict(first.answers), GA)
    assert etag(VEHICLE, first.answers, GA) != etag(VEHICLE, second.answers, GA)
