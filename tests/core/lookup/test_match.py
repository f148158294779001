"""The match: every rule with a table, and what decides whether it is honest."""

from __future__ import annotations

import itertools
import random
from datetime import date
from typing import Any

import msgspec
import pytest

from carwire.core.lookup.evidence import weigh
from carwire.core.lookup.facts import DecodedFacts, Strength
from carwire.core.lookup.inference import inferred, wilson
from carwire.core.lookup.match import Match, match
from carwire.core.lookup.names import make_key, make_of_code, models_agree
from carwire.core.lookup.registers import Entry, Individual, Link, PrefixCount, Release
from carwire.core.lookup.traits import Option, Traits, Vehicle, id_of, vehicle_of

VIN = "5YJ3E1EAXJF000001"
EUROPEAN = "WVWZZZ1KZAW000123"
BASE = Traits(
    year=2018, make="Tesla", model="Model 3", fuel_type="Electric", body_type="Sedan", transmission_type="Automatic"
)


def traits(**changes: Any) -> Traits:
    return msgspec.structs.replace(BASE, **changes)


def decode(
    said: Traits | None = None, vin: str = VIN, strength: Strength = "exact", **strengths: Strength
) -> DecodedFacts:
    known = said or traits(transmission_type=None)
    names = {name: strength for name in Traits.__struct_fields__ if getattr(known, name) is not None}
    return DecodedFacts(vin, known, {**names, **strengths})


def release(link: Link = "L17", dataset: str = "a", **more: Any) -> Release:
    return Release(
        region="us",
        dataset=dataset,
        format="f",
        checksum="c",
        link=link,
        as_of=date(2026, 1, 1),
        state="active",
        **more,
    )


def entry(said: Traits | None = None, link: Link = "L17", dataset: str = "a", **individual: Any) -> Entry:
    return Entry(release(link, dataset), VIN, "", 1, said or BASE, {}, Individual(**individual))


def catalogued(*said: Traits) -> list[Vehicle]:
    return [vehicle_of("us", each, "own", (Option("Paint", 1.0),)) for each in said]


def run(
    facts: DecodedFacts | None, entries: tuple[Entry, ...] = (), catalogue: tuple[Traits, ...] = (), **more: Any
) -> Match:
    vin = facts.vin if facts else VIN
    return match("us", weigh(vin, facts, entries), more.pop("counts", ()), catalogued(*catalogue), **more)


def test_a_decode_alone_is_a_vehicle() -> None:
    found = run(decode())
    assert (found.confidence, found.additional, found.explanation.rule) == ("standard", (), None)
    assert found.vehicle is not None
    assert found.vehicle.title == "2018 Tesla Model 3"
    assert found.explanation.score == 8 + 6 + 5 + 3


@pytest.mark.parametrize("missing", ["make", "model", "year"])
def test_without_make_model_or_year_there_is_no_vehicle(missing: str) -> None:
    found = run(decode(traits(**{missing: None})))
    assert (found.vehicle, found.confidence, found.additional) == (None, None, ())


def test_a_default_is_unknown() -> None:
    found = run(decode(traits(drive_type="Rear Wheel Drive", drive="RWD"), drive_type="default", drive="default"))
    assert found.vehicle is not None
    assert (found.vehicle.traits.drive_type, found.vehicle.traits.drive) == (None, None)
    assert run(decode(model="default")).vehicle is None


# Vetoes (9.3).


@pytest.mark.parametrize(
    ("candidate", "stays"),
    [
        ({}, True),
        ({"make": "TESLA MOTORS"}, True),
        ({"make": "Toyota"}, False),
        ({"year": 2019}, True),
        ({"year": 2017}, True),
        ({"year": 2020}, False),
        ({"model": "Model 3 Long Range"}, True),
        ({"model": "Model S"}, False),
        ({"fuel_type": "Petrol"}, False),
        ({"fuel_type": "Plug-in Hybrid"}, False),
        ({"fuel_type": None}, True),
        ({"body_type": "Wagon"}, True),
    ],
)
def test_what_takes_a_candidate_out(candidate: dict[str, Any], stays: bool) -> None:
    rival = traits(badge="Rival", **candidate)
    found = run(decode(), (), (BASE, rival))
    listed = {vehicle.traits.badge for vehicle in (*found.additional, *([found.vehicle] if found.vehicle else []))}
    within = found.explanation.second_score is not None
    assert within is stays, listed


def test_fuel_takes_out_only_where_it_is_exact_or_of_the_whole_vin() -> None:
    rival = (traits(fuel_type="Petrol"),)
    assert run(decode(fuel_type="exact"), (), rival).vehicle is None
    reduced = run(decode(fuel_type="pattern"), (), rival)
    assert (reduced.confidence, reduced.explanation.rule) == ("reduced", 3)
    register = entry(traits(fuel_type="Petrol"))
    assert run(decode(fuel_type="exact"), (register,), (BASE,)).vehicle is not None, "an exact decode is stronger"
    assert run(decode(fuel_type="pattern"), (register,), (BASE,)).vehicle is None


def test_a_wider_choice_has_a_wider_window_and_is_reduced() -> None:
    far = traits(year=2020, badge="Far")
    assert run(decode(), (), (BASE, far)).explanation.second_score is None
    found = run(decode(), (), (BASE, far), more=True)
    assert (found.confidence, [v.traits.badge for v in found.additional]) == ("reduced", ["Far"])
    assert run(decode(), (), (BASE,), more=True).confidence == "standard", "one candidate is no choice"
    many = tuple(traits(badge=f"B{n}") for n in range(150))
    assert len(run(decode(), (), many, more=True).additional) == 99


# Standard or reduced (9.5).


def test_rule_1_the_check_digit() -> None:
    for digit in "0123456789X":
        vin = f"{VIN[:8]}{digit}{VIN[9:]}"
        found = run(decode(vin=vin))
        assert (found.confidence, found.explanation.rule) == (("standard", None) if vin == VIN else ("reduced", 1))
    said = traits(make="Volkswagen", model="Golf")
    assert run(decode(said, vin=EUROPEAN)).confidence == "standard", "none is demanded there"


@pytest.mark.parametrize("other", [{"make": "Toyota", "model": "Prius"}, {"year": 2020}, {"year": 2016}])
def test_rule_2_sources_that_disagree_keep_both_candidates(other: dict[str, Any]) -> None:
    found = run(decode(), (entry(traits(fuel_type=None, **other)),))
    assert (found.confidence, found.explanation.rule, found.explanation.flags[0]) == ("reduced", 2, "sources_disagree")
    assert len(found.additional) == 1
    near = run(decode(), (entry(traits(year=2019)),))
    assert (near.explanation.rule, near.confidence) == (None, "standard"), "a year more is no disagreement"


@pytest.mark.parametrize(
    ("candidate", "rule"),
    [
        ({"year": 2019}, 3),
        ({"transmission_type": "Manual"}, 3),
        ({"body_type": "Wagon"}, 3),
        ({"body_type": None}, None),
        ({"num_doors": 2}, None),
    ],
)
def test_rule_3_what_the_best_candidate_contradicts(candidate: dict[str, Any], rule: int | None) -> None:
    found = run(decode(traits(num_doors=4)), (), (traits(**candidate),))
    assert (found.explanation.rule, found.confidence) == (rule, "reduced" if rule else "standard")


def test_a_body_of_a_register_takes_nothing_away() -> None:
    found = run(decode(traits(body_type="SUV")), (entry(traits(body_type="Sedan")),))
    assert (found.confidence, found.explanation.flags) == ("standard", ["body_type_disputed"])


def test_rule_4_a_year_that_nobody_gives() -> None:
    said = traits(year=None, release_year=2018)
    found = run(None, (entry(said, "LP"),))
    assert (found.confidence, found.explanation.rule) == ("reduced", 4)
    assert found.vehicle is not None
    assert found.vehicle.traits.year == 2018


def counted(*numbers: tuple[str, int], partial: str | None = None, link: Link = "L11") -> list[PrefixCount]:
    source = release(link, partial=partial)
    return [PrefixCount(source, traits(model=model, fuel_type=None), count) for model, count in numbers]


@pytest.mark.parametrize(
    ("numbers", "enough"),
    [
        ([("Model 3", 35)], True),
        ([("Model 3", 34)], False),
        ([("Model 3", 49), ("Model S", 1)], False),
        ([("Model 3", 98), ("Model S", 2)], True),
        ([("Model 3", 97), ("Model S", 3)], False),
        ([("Model 3", 980), ("Model S", 20)], True),
        ([("Model 3", 30), ("MODEL 3 (BEV)", 10)], True),
        ([("Model 3", 500), ("Model S", 500)], False),
    ],
)
def test_rule_5_a_model_from_the_prefix(numbers: list[tuple[str, int]], enough: bool) -> None:
    counts = counted(*numbers)
    assert (inferred(counts) is not None) is enough
    found = run(decode(traits(model=None)), counts=counts)
    assert found.vehicle is not None
    assert found.vehicle.traits.model in {model for model, _ in numbers}
    assert not enough or found.vehicle.traits.model == numbers[0][0]
    assert (found.confidence, found.explanation.rule) == ("standard" if enough else "reduced", 5)


def test_rule_5_a_register_of_a_part_of_the_fleet_speaks_only_under_an_exact_fuel() -> None:
    counts = counted(("Model 3", 100), partial="plug-in vehicles only")
    assert run(decode(traits(model=None), fuel_type="exact"), counts=counts).confidence == "standard"
    assert run(decode(traits(model=None), fuel_type="pattern"), counts=counts).vehicle is None


def test_wilson_s_bound_is_the_documented_one() -> None:
    assert [round(wilson(n, m), 3) for n, m in ((35, 35), (49, 50))] == [0.901, 0.895]
    assert wilson(34, 34) < 0.9
    assert wilson(0, 0) == 0


@pytest.mark.parametrize("field", ["fuel_type", "transmission_type", "body_type"])
def test_rule_6_a_rival_that_a_driver_would_tell_apart(field: str) -> None:
    """9.8, 4: adding a vehicle that ties on all evidence and differs in one of these turns standard into reduced."""
    other = {"fuel_type": "Plug-in Hybrid", "transmission_type": "Manual", "body_type": "Wagon"}[field]
    said = traits(transmission_type=None, **({field: None} if field != "transmission_type" else {}))
    facts = decode(said)
    assert run(facts, (), (BASE,)).confidence == "standard"
    found = run(facts, (), (BASE, traits(**{field: other})))
    assert (found.confidence, found.explanation.rule) == ("reduced", 6)


def test_rule_7_a_rival_that_differs_in_badge_and_numbers_alone_makes_a_family() -> None:
    """9.8, 5."""
    first, second = (
        traits(badge="Standard", power_kw=150, num_seats=5),
        traits(badge="Performance", power_kw=330, num_seats=5),
    )
    found = run(decode(), (), (first, second))
    assert (found.confidence, found.explanation.rule) == ("standard", 7)
    assert found.vehicle is not None
    said = found.vehicle.traits
    assert (said.badge, said.series, said.power_kw, found.vehicle.options) == (None, None, None, ())
    assert (said.num_seats, said.model) == (5, "Model 3")
    assert {vehicle.traits.badge for vehicle in found.additional} == {"Standard", "Performance"}
    assert all(vehicle.options for vehicle in found.additional)


def test_rule_7_holds_for_badge_and_series_alone() -> None:
    found = run(decode(), (), (traits(drive_type="Rear Wheel Drive"), traits(drive_type="Four Wheel Drive")))
    assert (found.confidence, found.explanation.rule) == ("reduced", 7)


def test_a_badge_that_evidence_names_is_kept() -> None:
    found = run(decode(traits(badge="LT")), (), (traits(badge="LT"), traits(badge="Premier")))
    assert found.vehicle is not None
    assert (found.vehicle.traits.badge, found.confidence) == ("LT", "standard")


# What holds for all (9.8).


def mixtures() -> list[tuple[DecodedFacts | None, tuple[Entry, ...], tuple[Traits, ...], list[PrefixCount]]]:
    dice = random.Random(1)
    said = [traits(), traits(year=2019), traits(badge="LT"), traits(fuel_type=None), traits(body_type="SUV")]
    said += [traits(model=None), traits(make="Toyota", model="Prius"), traits(transmission_type="Manual")]
    found = []
    for _ in range(300):
        facts = dice.choice([None, decode(dice.choice(said), strength=dice.choice(["exact", "pattern"]))])
        links: list[Link] = ["L17", "L10", "L11", "L8"]
        entries = tuple(
            entry(dice.choice(said), dice.choice(links), dataset=f"d{n}", colour="Red")
            for n in range(dice.randrange(4))
        )
        catalogue = tuple(dict.fromkeys(dice.choices(said, k=dice.randrange(5))))
        found.append((facts, entries, catalogue, counted(("Model 3", dice.randrange(60)))))
    return found


def test_the_order_of_what_is_known_means_nothing() -> None:
    """9.8, 1."""
    for facts, entries, catalogue, counts in mixtures():
        answers = {
            msgspec.json.encode(run(facts, some, others, counts=counts))
            for some in itertools.islice(itertools.permutations(entries), 6)
            for others in itertools.islice(itertools.permutations(catalogue), 6)
        }
        assert len(answers) == 1


def test_taking_away_a_register_that_agrees_raises_nothing_and_adds_nothing() -> None:
    """9.8, 3."""
    order = [None, "reduced", "standard"]
    facts = decode(traits(transmission_type=None))
    for link in ("L17", "L10", "L11", "L8"):
        for catalogue in ((), (BASE,), (BASE, traits(badge="LT")), (BASE, traits(transmission_type="Manual"))):
            with_register = run(facts, (entry(BASE, link),), catalogue)
            without = run(facts, (), catalogue)
            assert order.index(without.confidence) <= order.index(with_register.confidence)
            assert with_register.vehicle is not None
            assert without.vehicle is not None
            facts_of = {n for n in Traits.__struct_fields__ if getattr(without.vehicle.traits, n) is not None}
            assert all(getattr(with_register.vehicle.traits, name) is not None for name in facts_of)


def test_taking_away_a_register_that_disagreed_adds_no_fact_beyond_the_decode() -> None:
    found = run(decode(), (entry(traits(make="Toyota", model="Prius")),))
    without = run(decode())
    assert (found.confidence, without.confidence) == ("reduced", "standard")
    assert without.vehicle is not None
    assert without.vehicle.traits == traits(transmission_type=None)


# Names (9.2).


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("RAV4 Prime", "RAV4 Prime (PHEV)", True),
        ("Kona Electric", "Kona", True),
        ("MODEL 3", "Model 3", True),
        ("Model S", "Model X", False),
        ("i3", "I3", True),
        ("Fortwo Electric Drive", "fortwo", True),
        ("500", "500e", False),
        ("F-150", "F150 Lightning", True),
        ("", "x", False),
        ("(PHEV)", "Prius", False),
        ("CITROËN C3", "Citroen C3", True),
    ],
)
def test_models_agree_by_their_words(one: str, other: str, agree: bool) -> None:
    assert models_agree(one, other) is models_agree(other, one) is agree


@pytest.mark.parametrize(
    ("code", "make"),
    [
        *(("CHEVR", "Chevrolet"), ("NISSA", "Nissan"), ("VOLKS", "Volkswagen"), ("MITSU", "Mitsubishi")),
        *(("ME/BE", "Mercedes-Benz"), ("TOYOT", "Toyota"), ("CHRYS", "Chrysler"), ("TESLA", "TESLA"), ("BMW", "bmw")),
    ],
)
def test_codes_of_five_letters_are_makes(code: str, make: str) -> None:
    assert make_key(make_of_code(code)) == make_key(make)


def test_an_id_follows_from_what_a_vehicle_is() -> None:
    seen = {id_of("us", traits(badge=f"{n}")) for n in range(2000)}
    assert len(seen) == 2000
    assert all(len(each) == 16 and each.isdigit() and each[0] != "1" for each in seen)
    assert id_of("us", BASE) != id_of("ca", BASE)
    assert id_of("us", BASE) == id_of("us", msgspec.json.decode(msgspec.json.encode(BASE), type=Traits))
